# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What langfuse_preflight_info asks of AWS, against moto."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from module_runner import run_module
from moto import mock_aws

REGION = "eu-central-1"
VARIABLES = {
    "langfuse_name": "langfuse-demo",
    "langfuse_region": REGION,
    "langfuse_version": "3.225.4",
    "network_availability_zone_count": 2,
}


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", REGION)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def run(**changes: Any) -> dict[str, Any]:
    result = run_module("langfuse_preflight_info", VARIABLES | changes)
    assert result["changed"] is False
    return result


def test_an_empty_account_that_has_all_that_is_needed(aws: None) -> None:
    result = run()
    assert result["findings"] == []
    assert result["account_id"] == "123456789012"


def test_what_aws_says_comes_with_what_is_wrong_otherwise(aws: None) -> None:
    boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name="langfuse-demo/application",
        SecretString=json.dumps({"ENCRYPTION_KEY": "not-a-hexadecimal-key", "DATABASE_PASSWORD": "with@and/in-it"}),
    )
    result = run(network_availability_zone_count=6, web_cpu=1, web_memory=1)
    assert [finding["option"] for finding in result["findings"]] == [
        "web_cpu",
        "network_availability_zone_count",
        "the secret langfuse-demo/application",
        "the secret langfuse-demo/application",
    ]
    text = json.dumps(result)
    assert "ENCRYPTION_KEY is not 64 hexadecimal characters" in text
    assert "not-a-hexadecimal-key" not in text
    assert "with@and/in-it" not in text


def test_another_environment_that_is_scaled_by_the_same_metrics_is_a_warning(aws: None) -> None:
    scaled = {"worker_scaling_min": 1, "worker_scaling_max": 4, "worker_scaling_backlog_target": 1000}
    assert run(**scaled)["warnings_list"] == []
    metric = {"Metric": {"Namespace": "Langfuse", "MetricName": "m"}, "Stat": "Maximum"}
    boto3.client("application-autoscaling", region_name=REGION).put_scaling_policy(
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        ServiceNamespace="ecs",
        ResourceId="service/other/worker",
        ScalableDimension="ecs:service:DesiredCount",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 1,
            "CustomizedMetricSpecification": {"Metrics": [{"Id": "q", "MetricStat": metric}]},
        },
    )
    assert [warning["option"] for warning in run(**scaled)["warnings_list"]] == ["worker_scaling_backlog_target"]
    assert run(**{**scaled, "worker_scaling_backlog_target": 0})["warnings_list"] == []


def test_a_secret_that_waits_for_its_deletion_is_no_finding(aws: None) -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    client.create_secret(Name="langfuse-demo/application", SecretString="{}")
    client.delete_secret(SecretId="langfuse-demo/application")
    assert run()["findings"] == []


def test_a_vpc_that_is_given_is_looked_at(aws: None) -> None:
    ec2 = boto3.client("ec2", region_name=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{part}.0/28", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for part, zone in enumerate("aabb")
    ]
    given = {
        "network_vpc_id": vpc,
        "network_private_subnet_ids": subnets[::2],
        "network_public_subnet_ids": subnets[1::2],
    }
    problems = {finding["option"]: finding["problem"] for finding in run(**given)["findings"]}
    assert set(problems) == {
        *("network_vpc_id", "network_private_subnet_ids", "network_public_subnet_ids"),
        # without a way out, images of Docker Hub are nowhere to be had
        "langfuse_image_registry",
    }
    assert "enableDnsHostnames" in problems["network_vpc_id"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    nat = ec2.create_nat_gateway(SubnetId=subnets[1], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    for target, lane in (({"GatewayId": gateway}, subnets[1::2]), ({"NatGatewayId": nat}, subnets[::2])):
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        for subnet in lane:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert run(**given)["findings"] == []
    absent = run(**given | {"network_vpc_id": "vpc-0123456789abcdef0"})["findings"]
    assert [finding["option"] for finding in absent] == ["network_vpc_id"]


def test_no_credentials() -> None:
    finding = run()["findings"][0]
    assert finding["option"] == "AWS credentials"
    assert "langfuse_aws_profile" in finding["fix"]


def test_an_endpoint_that_does_not_answer_is_a_finding_soon() -> None:
    start = time.monotonic()
    result = run(endpoint_url="http://127.0.0.1:9", access_key="testing", secret_key="testing")
    assert result["findings"][0]["option"] == "AWS credentials"
    assert "langfuse_aws_endpoint_url" in result["findings"][0]["fix"]
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("region", ["", "Frankfurt", None])
def test_a_region_that_is_none_is_one_finding(region: str | None) -> None:
    assert [finding["option"] for finding in run(langfuse_region=region, region=region)["findings"]] == [
        "langfuse_region"
    ]


def test_the_inventorys_region_is_asked_without_module_defaults(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    assert run()["findings"] == []


def test_a_profile_that_does_not_exist() -> None:
    finding = run(profile="nobody")["findings"][0]
    assert (finding["option"], "nobody" in finding["problem"]) == ("AWS credentials", True)
    assert "langfuse_aws_profile" in finding["fix"]


def test_a_profile_and_keys_at_once(aws: None) -> None:
    assert run(profile="nobody")["findings"][0]["option"] == "langfuse_aws_profile"


def test_aws_is_not_asked_where_it_should_not_be() -> None:
    assert run(ask_aws=False)["findings"] == []
    assert run(ask_aws=False)["account_id"] == ""
