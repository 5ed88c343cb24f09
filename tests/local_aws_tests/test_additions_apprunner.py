# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The double of App Runner: what it refuses, and that a service runs its image, is rolled back and is gone."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from typing import Any

import pytest

from .server_support import REGION, Server

ACCOUNT = "123456789012"


def role(server: Server, principal: str, *statements: dict[str, Any]) -> str:
    name = server.name("role")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": f"{principal}.apprunner.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam = server.client("iam")
    arn = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    allowed = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    if allowed:
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document)
    # Other services know of a new role only after a while.
    time.sleep(0.4)
    return str(arn["Role"]["Arn"])


class Stage:
    """What a service needs: an image in ECR, its secret, the two roles, a VPC connector."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = server.client("apprunner")
        self.prefix = server.name("hub")
        secrets = server.client("secretsmanager")
        credential = secrets.create_secret(Name=f"ecr-pullthroughcache/{self.prefix}", SecretString="{}")["ARN"]
        server.client("ecr").create_pull_through_cache_rule(
            ecrRepositoryPrefix=self.prefix, upstreamRegistryUrl="registry-1.docker.io", credentialArn=credential
        )
        self.secret = secrets.create_secret(
            Name=server.name("secret"), SecretString=json.dumps({"CLICKHOUSE_PASSWORD": "a-password-of-some-length"})
        )["ARN"]
        self.access = role(server, "build", {"Action": "ecr:*"})
        self.instance = role(server, "tasks", {"Action": "secretsmanager:GetSecretValue"})
        _vpc, self.subnets, self.group = server.network()
        self.name = server.name("web")
        self.connector = self.client.create_vpc_connector(
            VpcConnectorName=self.name, Subnets=self.subnets, SecurityGroups=[self.group]
        )["VpcConnector"]["VpcConnectorArn"]

    def source(self, path: str = "/ping", **changes: Any) -> dict[str, Any]:
        """A server that needs nothing beside it."""
        return {
            "ServiceName": self.name,
            "SourceConfiguration": {
                "ImageRepository": {
                    "ImageIdentifier": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{self.prefix}/clickhouse/clickhouse-server:26.4",
                    "ImageRepositoryType": "ECR",
                    "ImageConfiguration": {
                        "Port": "8123",
                        # An instance comes while the one before it still has its ports.
                        "StartCommand": "-- --tcp_port=0",
                        "RuntimeEnvironmentVariables": {"CLICKHOUSE_USER": "langfuse"},
                        "RuntimeEnvironmentSecrets": {"CLICKHOUSE_PASSWORD": f"{self.secret}:CLICKHOUSE_PASSWORD::"},
                    },
                },
                "AuthenticationConfiguration": {"AccessRoleArn": self.access},
                "AutoDeploymentsEnabled": False,
            },
            "InstanceConfiguration": {"Cpu": "2048", "Memory": "4096", "InstanceRoleArn": self.instance},
            "HealthCheckConfiguration": {"Protocol": "HTTP", "Path": path, "Interval": 20, "UnhealthyThreshold": 2},
            "NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": self.connector}},
            **changes,
        }

    def until(self, arn: str, operation_id: str) -> str:
        """How an operation ends."""

        def look() -> str | None:
            found = self.client.list_operations(ServiceArn=arn)["OperationSummaryList"]
            status = next(item["Status"] for item in found if item["Id"] == operation_id)
            return None if status == "IN_PROGRESS" else str(status)

        return str(self.server.wait(look, 90))

    def status(self, arn: str) -> str:
        return str(self.client.describe_service(ServiceArn=arn)["Service"]["Status"])


@pytest.fixture
def stage(server: Server) -> Stage:
    return Stage(server)


def test_a_service_from_its_creation_to_its_end(stage: Stage) -> None:
    client = stage.client
    made = client.create_service(**stage.source(), Tags=[{"Key": "team", "Value": "llmops"}])
    arn = made["Service"]["ServiceArn"]
    assert made["Service"]["Status"] == "OPERATION_IN_PROGRESS"
    with stage.server.refuses("InvalidStateException", "OPERATION_IN_PROGRESS"):
        client.delete_service(ServiceArn=arn)
    with stage.server.refuses("InvalidRequestException", "already exists"):
        client.create_service(**stage.source())
    assert stage.until(arn, made["OperationId"]) == "SUCCEEDED"
    assert stage.status(arn) == "RUNNING"

    url = f"https://{made['Service']['ServiceUrl']}"
    trusted = ssl.create_default_context(cafile=stage.server.state["ca_file"])

    def ask(path: str, **headers: str) -> bytes:
        with urllib.request.urlopen(
            urllib.request.Request(url + path, headers=headers), context=trusted, timeout=20
        ) as answer:
            return bytes(answer.read())

    assert ask("/ping") == b"Ok.\n"
    # so that the container has both, what is plain and what is secret
    login = {"X-ClickHouse-User": "langfuse", "X-ClickHouse-Key": "a-password-of-some-length"}
    assert ask("/?query=SELECT%201", **login) == b"1\n"

    # A deployment that never gets healthy changes nothing, and the log says why.
    broken = {"Protocol": "HTTP", "Path": "/replicas_status_of_nobody", "Interval": 1, "UnhealthyThreshold": 1}
    failing = client.update_service(ServiceArn=arn, HealthCheckConfiguration=broken)
    assert stage.until(arn, failing["OperationId"]) == "ROLLBACK_SUCCEEDED"
    described = client.describe_service(ServiceArn=arn)["Service"]
    assert (described["Status"], described["HealthCheckConfiguration"]["Path"]) == ("RUNNING", "/ping")
    assert ask("/ping") == b"Ok.\n"
    group = f"/aws/apprunner/{stage.name}/{described['ServiceId']}"
    logs = stage.server.client("logs")
    events = logs.get_log_events(logGroupName=f"{group}/service", logStreamName="events")["events"]
    assert any("Health check failed" in event["message"] for event in events)
    assert logs.describe_log_streams(logGroupName=f"{group}/application")["logStreams"]

    with stage.server.refuses("InvalidRequestException", "being used by other services"):
        client.delete_vpc_connector(VpcConnectorArn=stage.connector)
    client.delete_service(ServiceArn=arn)
    stage.server.wait(lambda: stage.status(arn) == "DELETED")
    assert arn not in [item["ServiceArn"] for item in client.list_services()["ServiceSummaryList"]]
    stage.server.wait(
        lambda: stage.server.accepted(lambda: client.delete_vpc_connector(VpcConnectorArn=stage.connector))
    )
    found = {item["VpcConnectorArn"]: item["Status"] for item in client.list_vpc_connectors()["VpcConnectors"]}
    assert found[stage.connector] == "INACTIVE"


def test_a_service_that_cannot_read_its_secret_is_not_created_and_can_be_built_anew(stage: Stage) -> None:
    blind = role(stage.server, "tasks")
    source = stage.source()
    made = stage.client.create_service(
        **{**source, "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048", "InstanceRoleArn": blind}}
    )
    arn = made["Service"]["ServiceArn"]
    assert stage.until(arn, made["OperationId"]) == "FAILED"
    assert stage.status(arn) == "CREATE_FAILED"
    mended = stage.client.update_service(ServiceArn=arn, InstanceConfiguration={"InstanceRoleArn": stage.instance})
    assert stage.until(arn, mended["OperationId"]) == "SUCCEEDED"
    assert stage.status(arn) == "RUNNING"
    stage.client.delete_service(ServiceArn=arn)


def replaced(shape: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return {**shape, name: replaced(shape[name], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("SourceConfiguration.ImageRepository.ImageIdentifier", "docker.io/langfuse/langfuse:3", "Invalid image"),
        (
            "SourceConfiguration.ImageRepository.ImageIdentifier",
            f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/x/langfuse:3",
            "same region",
        ),
        ("SourceConfiguration.AuthenticationConfiguration", {}, "Authentication configuration is required"),
        ("SourceConfiguration.AuthenticationConfiguration.AccessRoleArn", "INSTANCE", "assuming access role"),
        ("InstanceConfiguration.InstanceRoleArn", "arn:aws:iam::123456789012:role/none", "assuming instance role"),
        ("InstanceConfiguration.Memory", "8192", "combination"),
        (
            "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables",
            {"AWSAPPRUNNER_X": "1"},
            "reserved",
        ),
        (
            "NetworkConfiguration.EgressConfiguration.VpcConnectorArn",
            "arn:aws:apprunner:x:vpcconnector/none",
            "inactive",
        ),
    ],
)
def test_what_a_service_may_not_be(stage: Stage, path: str, value: Any, text: str) -> None:
    chosen = stage.instance if value == "INSTANCE" else value
    with stage.server.refuses("InvalidRequestException", text):
        stage.client.create_service(**replaced(stage.source(), path, chosen))


def test_what_a_connector_may_not_be(stage: Stage) -> None:
    create = stage.client.create_vpc_connector
    _vpc, others, group = stage.server.network()
    with stage.server.refuses("InvalidRequestException", "already exists on existing vpc connector"):
        create(VpcConnectorName=stage.server.name(), Subnets=stage.subnets[:1], SecurityGroups=[stage.group])
    with stage.server.refuses("InvalidRequestException", "one VPC"):
        create(VpcConnectorName=stage.server.name(), Subnets=[stage.subnets[0], others[0]], SecurityGroups=[group])
    with stage.server.refuses("InvalidRequestException", "Subnet does not exist"):
        create(VpcConnectorName=stage.server.name(), Subnets=["subnet-none"], SecurityGroups=[group])


def test_tags(stage: Stage) -> None:
    stage.client.tag_resource(
        ResourceArn=stage.connector, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    )
    stage.client.untag_resource(ResourceArn=stage.connector, TagKeys=["a"])
    assert stage.client.list_tags_for_resource(ResourceArn=stage.connector)["Tags"] == [{"Key": "b", "Value": "2"}]
    with stage.server.refuses("ResourceNotFoundException"):
        stage.client.list_tags_for_resource(ResourceArn=f"{stage.connector}0")
