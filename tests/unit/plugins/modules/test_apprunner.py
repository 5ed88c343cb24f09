# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apprunner_service and apprunner_vpc_connector through boto3's own client, whose answers come from a double of the API.

Neither moto nor another emulator has App Runner. The double answers in the place where botocore's Stubber does, so botocore checks every
request by the service's model; what the double answers is checked by the same model.
"""

from __future__ import annotations

import copy
import json
import time
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.validate import validate_parameters
from module_runner import ModuleFailed, run_module

ACCOUNT = "arn:aws:apprunner:eu-central-1:123456789012"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/x-hub/langfuse/langfuse"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x/application-AbCdEf"
URL = "https://psbqam834h.eu-central-1.awsapprunner.com"
WANTED: dict[str, Any] = {
    "name": "x-web",
    "image": f"{IMAGE}:3.225.4",
    "access_role_arn": "arn:aws:iam::123456789012:role/x-apprunner-access",
    "instance_role_arn": "arn:aws:iam::123456789012:role/x-apprunner-instance",
    "port": 3000,
    "cpu": 2048,
    "memory": 4096,
    "environment": {"HOSTNAME": "0.0.0.0", "KEEP_ALIVE_TIMEOUT": 75000},
    "secrets": {"SALT": f"{SECRET}:SALT::"},
    "url_variables": ["NEXTAUTH_URL"],
    "vpc_connector_arn": f"{ACCOUNT}:vpcconnector/x-web/1/0123",
    "health_check": {"protocol": "HTTP", "path": "/api/public/ready", "interval": 10},
    "tags": {"team": "llmops"},
}


class Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AppRunner:
    """One account in one region. An operation is under way for two looks, and AWS refuses another until then."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = {}
        self.connectors: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.operations: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        # How the next operation ends, how often the roles are unknown, how long a connector seems to be used.
        self.outcome = "SUCCEEDED"
        self.unknown_roles = 0
        self.busy_connector = 0
        self.events: list[str] | None = ["Service status is set to RUNNING."]

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Describe", "List", "GetLog"))]

    def client(self, service: str) -> Any:
        client = boto3.client(
            service,
            region_name="eu-central-1",
            aws_access_key_id="key-that-opens-nothing",
            aws_secret_access_key="none",
        )
        client.meta.events.register(f"before-call.{service}", self._answer)
        return client

    def _answer(self, model: Any, params: dict[str, Any], request_signer: Any, **_more: Any) -> Any:
        self.calls.append(model.name)
        # The body is what botocore made of the request, after it had checked that.
        try:
            answer = getattr(self, model.name)(**json.loads(params["body"]))
        except Refused as error:
            return SimpleNamespace(status_code=400), {"Error": {"Code": error.code, "Message": str(error)}}
        validate_parameters(answer, model.output_shape)
        return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {}}

    # --- services ---

    def _begin(self, service: dict[str, Any], kind: str, then: str) -> dict[str, Any]:
        if service["Status"] == "OPERATION_IN_PROGRESS":
            raise Refused(
                "InvalidStateException", "Service cannot be changed in the current state: OPERATION_IN_PROGRESS."
            )
        arn = service["ServiceArn"]
        operation = {
            "Id": f"00000000-0000-4000-8000-{len(self.calls):012}", "Type": kind, "Status": "IN_PROGRESS", "looks": 2,
            "ends": self.outcome, "then": then, "before": copy.deepcopy(service), "TargetArn": arn,
        }  # fmt: skip
        self.outcome = "SUCCEEDED"
        self.operations.setdefault(arn, []).insert(0, operation)
        service["Status"] = "OPERATION_IN_PROGRESS"
        return {"OperationId": operation["Id"], "Service": copy.deepcopy(service)}

    def _look(self, arn: str) -> None:
        newest = next(iter(self.operations.get(arn, [])), {})
        if newest.get("Status") != "IN_PROGRESS":
            return
        newest["looks"] -= 1
        if newest["looks"]:
            return
        newest["Status"] = newest["ends"]
        service = self.services[arn]
        if newest["ends"] == "SUCCEEDED":
            service["Status"] = newest["then"]
        elif newest["Type"] == "CREATE_SERVICE":
            service["Status"] = "CREATE_FAILED"
        else:
            service.clear()
            service.update(newest["before"])

    def CreateService(self, **request: Any) -> dict[str, Any]:
        if self.unknown_roles:
            self.unknown_roles -= 1
            raise Refused("InvalidRequestException", "Error in assuming instance role arn:aws:iam::123456789012:role/x")
        name = request["ServiceName"]
        arn = f"{ACCOUNT}:service/{name}/0123456789abcdef0123456789abcdef"
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request.pop("Tags", [])}
        given = request.pop("AutoScalingConfigurationArn", f"{ACCOUNT}:autoscalingconfiguration/DefaultConfiguration")
        now = datetime(2026, 11, 26)
        self.services[arn] = {
            "ServiceId": "0123456789abcdef0123456789abcdef", "ServiceArn": arn, "Status": "", "CreatedAt": now, "UpdatedAt": now,
            "ServiceUrl": URL.removeprefix("https://"), **request,
            "AutoScalingConfigurationSummary": {"AutoScalingConfigurationArn": f"{given}/1/0001"},
        }  # fmt: skip
        return self._begin(self.services[arn], "CREATE_SERVICE", "RUNNING")

    def UpdateService(self, ServiceArn: str, **request: Any) -> dict[str, Any]:
        service = self.services[ServiceArn]
        before = copy.deepcopy(service)
        then = service["Status"] if service["Status"] == "PAUSED" else "RUNNING"
        answer = self._begin(service, "UPDATE_SERVICE", then)
        self.operations[ServiceArn][0]["before"] = before
        if arn := request.pop("AutoScalingConfigurationArn", ""):
            request["AutoScalingConfigurationSummary"] = {"AutoScalingConfigurationArn": arn}
        service.update(request)
        return {**answer, "Service": copy.deepcopy(service)}

    def ResumeService(self, ServiceArn: str) -> dict[str, Any]:
        return self._begin(self.services[ServiceArn], "RESUME_SERVICE", "RUNNING")

    def DeleteService(self, ServiceArn: str) -> dict[str, Any]:
        return self._begin(self.services[ServiceArn], "DELETE_SERVICE", "DELETED")

    def DescribeService(self, ServiceArn: str) -> dict[str, Any]:
        self._look(ServiceArn)
        return {"Service": copy.deepcopy(self.services[ServiceArn])}

    def ListServices(self, NextToken: str = "0") -> dict[str, Any]:
        """A page of one, as long as there are more."""
        found = sorted(self.services.values(), key=lambda item: str(item["ServiceName"]))
        place = int(NextToken)
        keys = ("ServiceName", "ServiceArn", "ServiceId", "Status")
        page = [{key: item[key] for key in keys} for item in found[place : place + 1]]
        return {"ServiceSummaryList": page, **({"NextToken": str(place + 1)} if place + 1 < len(found) else {})}

    def ListOperations(self, ServiceArn: str) -> dict[str, Any]:
        self._look(ServiceArn)
        keys = ("Id", "Type", "Status", "TargetArn")
        return {"OperationSummaryList": [{key: item[key] for key in keys} for item in self.operations[ServiceArn]]}

    # --- VPC connectors ---

    def CreateVpcConnector(self, VpcConnectorName: str, Tags: Any = (), **request: Any) -> dict[str, Any]:
        groups = sorted(request["SecurityGroups"])
        if any(
            sorted(item["SecurityGroups"]) == groups for item in self.connectors.values() if item["Status"] == "ACTIVE"
        ):
            raise Refused(
                "InvalidRequestException",
                "The security groups combination provided in the request already exists on existing vpc connector.",
            )
        arn = f"{ACCOUNT}:vpcconnector/{VpcConnectorName}/1/{len(self.calls)}"
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in Tags}
        self.connectors[arn] = {
            "VpcConnectorName": VpcConnectorName, "VpcConnectorArn": arn, "VpcConnectorRevision": 1, "Status": "ACTIVE", **request,
        }  # fmt: skip
        return {"VpcConnector": self.connectors[arn]}

    def ListVpcConnectors(self) -> dict[str, Any]:
        return {"VpcConnectors": list(self.connectors.values())}

    def DeleteVpcConnector(self, VpcConnectorArn: str) -> dict[str, Any]:
        if self.busy_connector:
            self.busy_connector -= 1
            raise Refused("InvalidRequestException", "Provided VPC connector arn is being used by other services.")
        self.connectors[VpcConnectorArn]["Status"] = "INACTIVE"
        return {"VpcConnector": self.connectors[VpcConnectorArn]}

    # --- tags and logs ---

    def ListTagsForResource(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags[ResourceArn].items()]}

    def TagResource(self, ResourceArn: str, Tags: list[dict[str, str]]) -> dict[str, Any]:
        if self.services.get(ResourceArn, {}).get("Status") == "OPERATION_IN_PROGRESS":
            raise Refused("InvalidStateException", "Service cannot be tagged now.")
        self.tags[ResourceArn] |= {tag["Key"]: tag["Value"] for tag in Tags}
        return {}

    def UntagResource(self, ResourceArn: str, TagKeys: list[str]) -> dict[str, Any]:
        for key in TagKeys:
            del self.tags[ResourceArn][key]
        return {}

    def GetLogEvents(self, logGroupName: str, logStreamName: str, limit: int, startFromHead: bool) -> dict[str, Any]:
        assert (logGroupName, logStreamName, startFromHead) == (
            "/aws/apprunner/x-web/0123456789abcdef0123456789abcdef/service", "events", False
        )  # fmt: skip
        if self.events is None:
            raise Refused("AccessDeniedException", "User is not authorized to perform: logs:GetLogEvents.")
        return {"events": [{"message": message} for message in self.events[-limit:]]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> AppRunner:
    account = AppRunner()
    clients: dict[str, Any] = {}

    def client(_module: Any, service: str, **_more: Any) -> Any:
        return clients.setdefault(service, account.client(service))

    monkeypatch.setattr(AnsibleAWSModule, "client", client)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return account


def service(changes: dict[str, Any] | None = None, **kinds: Any) -> dict[str, Any]:
    return run_module("apprunner_service", {**WANTED, **(changes or {})}, **kinds)


def variables(result: dict[str, Any]) -> dict[str, str]:
    return dict(result["service"]["environment"])


def test_a_new_service_is_told_its_own_url(aws: AppRunner) -> None:
    predicted = service(check=True)
    assert predicted["changed"]
    assert predicted["service"]["arn"] == ""
    assert aws.changes == []

    result = service()
    assert result["changed"]
    assert result["service"]["status"] == "RUNNING"
    assert result["service"]["url"] == URL
    assert variables(result) == {"HOSTNAME": "0.0.0.0", "KEEP_ALIVE_TIMEOUT": "75000", "NEXTAUTH_URL": URL}
    assert aws.changes == ["CreateService", "UpdateService"]

    (active,) = aws.services.values()
    source = active["SourceConfiguration"]
    assert source["AutoDeploymentsEnabled"] is False
    assert source["ImageRepository"]["ImageRepositoryType"] == "ECR"
    assert source["ImageRepository"]["ImageConfiguration"]["RuntimeEnvironmentSecrets"] == WANTED["secrets"]
    assert active["NetworkConfiguration"]["EgressConfiguration"]["EgressType"] == "VPC"
    assert active["HealthCheckConfiguration"]["Path"] == "/api/public/ready"

    for check in (True, False):
        again = service(check=check)
        assert not again["changed"]
        assert again["service"] == result["service"]
    assert aws.changes == ["CreateService", "UpdateService"]


def test_without_waiting_the_next_run_tells_the_url(aws: AppRunner) -> None:
    result = service({"wait": False})
    assert variables(result)["NEXTAUTH_URL"] == "https://url-to-come.invalid"
    assert service()["changed"]
    assert aws.changes == ["CreateService", "UpdateService"]
    assert not service()["changed"]


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"image": f"{IMAGE}:3.226.0"}, "SourceConfiguration"),
        ({"environment": {"HOSTNAME": "0.0.0.0"}}, "SourceConfiguration"),
        ({"secrets": {}}, "SourceConfiguration"),
        ({"port": 3001}, "SourceConfiguration"),
        ({"start_command": "node server.js"}, "SourceConfiguration"),
        ({"access_role_arn": "arn:aws:iam::123456789012:role/another"}, "SourceConfiguration"),
        ({"auto_deployments": True}, "SourceConfiguration"),
        ({"memory": 6144}, "InstanceConfiguration"),
        ({"instance_role_arn": "arn:aws:iam::123456789012:role/another"}, "InstanceConfiguration"),
        ({"vpc_connector_arn": ""}, "NetworkConfiguration"),
        ({"health_check": {"protocol": "TCP"}}, "HealthCheckConfiguration"),
        (
            {"auto_scaling_configuration_arn": f"{ACCOUNT}:autoscalingconfiguration/few/2/0002"},
            "AutoScalingConfigurationSummary",
        ),
    ],
)
def test_every_option_changes_what_is_its_own(aws: AppRunner, changes: dict[str, Any], member: str) -> None:
    service()
    before = copy.deepcopy(next(iter(aws.services.values())))
    predicted = service(changes, check=True)
    result = service(changes)
    assert predicted["changed"]
    assert predicted["diff"] == result["diff"]
    assert predicted["service"] == result["service"]
    after = next(iter(aws.services.values()))
    assert [key for key in after if after[key] != before[key]] == [member]
    assert not service(changes)["changed"]
    assert aws.changes == ["CreateService", "UpdateService", "UpdateService"]


def test_what_is_not_given_is_left_as_it_is(aws: AppRunner) -> None:
    service()
    assert not run_module("apprunner_service", {"name": "x-web", "image": WANTED["image"]})["changed"]


def test_tags_need_no_deployment(aws: AppRunner) -> None:
    service()
    result = service({"tags": {"stage": "test"}})
    assert result["service"]["tags"] == {"stage": "test"}
    assert aws.changes[2:] == ["TagResource", "UntagResource"]
    assert not service({"tags": {"stage": "test"}})["changed"]


def test_a_configuration_without_a_revision_is_the_latest_one(aws: AppRunner) -> None:
    given = {"auto_scaling_configuration_arn": f"{ACCOUNT}:autoscalingconfiguration/few"}
    service(given)
    assert not service(given)["changed"]


def test_a_deployment_that_is_rolled_back_is_a_failure_that_is_explained(aws: AppRunner) -> None:
    service()
    aws.outcome, aws.events = (
        "ROLLBACK_SUCCEEDED",
        ["Deployment started.", "Health check failed on path '/api/public/ready'."],
    )
    with pytest.raises(ModuleFailed) as failed:
        service({"image": f"{IMAGE}:3.226.0"})
    message = str(failed.value)
    for part in ("ROLLBACK_SUCCEEDED", "runs as before", "Health check failed on path", "/application", "run again"):
        assert part in message


def test_logs_that_nobody_may_read_are_named(aws: AppRunner) -> None:
    aws.outcome, aws.events = "FAILED", None
    with pytest.raises(ModuleFailed, match="look at the log group /aws/apprunner/x-web/") as failed:
        service()
    assert "may not run" in str(failed.value)


def test_a_service_that_could_not_be_created_is_built_anew(aws: AppRunner) -> None:
    aws.outcome = "FAILED"
    with pytest.raises(ModuleFailed):
        service()
    assert next(iter(aws.services.values()))["Status"] == "CREATE_FAILED"
    assert service(check=True)["service"]["status"] == "RUNNING"
    result = service()
    assert result["service"]["status"] == "RUNNING"
    assert variables(result)["NEXTAUTH_URL"] == URL
    assert aws.changes == ["CreateService", "UpdateService"]


def test_a_paused_service_is_resumed(aws: AppRunner) -> None:
    service()
    next(iter(aws.services.values()))["Status"] = "PAUSED"
    assert service()["service"]["status"] == "RUNNING"
    assert aws.changes[2:] == ["ResumeService"]


def test_roles_that_iam_does_not_know_yet_are_waited_for(aws: AppRunner) -> None:
    aws.unknown_roles = 3
    assert service()["service"]["status"] == "RUNNING"


def test_an_operation_of_somebody_else_is_waited_for(aws: AppRunner) -> None:
    service()
    aws._begin(next(iter(aws.services.values())), "UPDATE_SERVICE", "RUNNING")
    assert service({"memory": 6144})["service"]["memory"] == 6144


def test_another_key_is_refused_and_the_same_one_is_not(aws: AppRunner) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    service()
    with pytest.raises(ModuleFailed, match="cannot be changed"):
        service({"kms_key_arn": key})
    run_module("apprunner_service", {"name": "x-web", "state": "absent"})
    service({"kms_key_arn": key})
    assert not service({"kms_key_arn": key})["changed"]


def test_a_service_is_found_on_any_page_and_deleted_once(aws: AppRunner) -> None:
    service({"name": "a-web"})
    service()
    assert run_module("apprunner_service", {"name": "x-web", "state": "absent"}, check=True)["changed"]
    assert run_module("apprunner_service", {"name": "x-web", "state": "absent"})["changed"]
    # AWS goes on listing it
    assert sorted(item["Status"] for item in aws.services.values()) == ["DELETED", "RUNNING"]
    assert not run_module("apprunner_service", {"name": "x-web", "state": "absent"})["changed"]
    assert aws.changes.count("DeleteService") == 1


def test_a_deletion_that_fails_is_told(aws: AppRunner) -> None:
    service()
    next(iter(aws.services.values()))["Status"] = "DELETE_FAILED"
    with pytest.raises(ModuleFailed, match="delete it with state absent"):
        service()


CONNECTOR = {
    "name": "x-web",
    "subnets": ["subnet-2", "subnet-1"],
    "security_groups": ["sg-1"],
    "tags": {"team": "llmops"},
}


def connector(changes: dict[str, Any] | None = None, **kinds: Any) -> dict[str, Any]:
    return run_module("apprunner_vpc_connector", {**CONNECTOR, **(changes or {})}, **kinds)


def test_twelve_steps_of_a_connector(aws: AppRunner) -> None:
    assert connector(check=True)["vpc_connector"]["arn"] == ""
    assert aws.changes == []
    made = connector()
    assert made["changed"]
    assert made["vpc_connector"]["subnets"] == ["subnet-1", "subnet-2"]
    assert made["vpc_connector"]["status"] == "ACTIVE"
    assert not connector()["changed"]
    assert not connector(check=True)["changed"]
    other = {"tags": {"team": "platform"}}
    assert connector(other, check=True)["diff"]["after"] == {"tags": {"team": "platform"}}
    assert connector(other)["vpc_connector"]["tags"] == {"team": "platform"}
    assert not connector(other)["changed"]
    gone = {"name": "x-web", "state": "absent"}
    assert run_module("apprunner_vpc_connector", gone, check=True)["changed"]
    aws.busy_connector = 3
    assert run_module("apprunner_vpc_connector", gone)["changed"]
    # an inactive connector is deleted, though it is listed
    assert not run_module("apprunner_vpc_connector", gone)["changed"]
    assert connector()["changed"]
    assert aws.changes == ["CreateVpcConnector", "TagResource", *["DeleteVpcConnector"] * 4, "CreateVpcConnector"]


@pytest.mark.parametrize(
    ("option", "words"), [("subnets", "the subnets subnet-1"), ("security_groups", "security groups sg-1")]
)
def test_what_aws_cannot_change_is_refused(aws: AppRunner, option: str, words: str) -> None:
    connector()
    with pytest.raises(ModuleFailed, match=words) as failed:
        connector({option: ["another"]})
    assert "delete the service that uses it" in str(failed.value)
    assert aws.changes == ["CreateVpcConnector"]


def test_a_connector_in_use_is_told_in_the_end(aws: AppRunner) -> None:
    connector()
    aws.busy_connector = 10**6
    with pytest.raises(ModuleFailed, match="being used by other services"):
        run_module("apprunner_vpc_connector", {"name": "x-web", "state": "absent", "wait_timeout": 0})
