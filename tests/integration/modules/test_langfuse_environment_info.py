# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery in an account that has nothing, something, and something of somebody else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

COMPONENTS = [
    *("network", "secrets", "storage", "compute", "database", "cache", "clickhouse", "ingress", "migration"),
    *("web", "worker", "monitoring", "backup"),
]
ACCOUNT = "123456789012"


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the account is shared."""
    return f"t-{uuid.uuid4().hex[:8]}"


def discover(server: Any, name: str, **options: Any) -> dict[str, Any]:
    result = server.run("langfuse_environment_info", {"name": name, **options})
    assert result["changed"] is False
    return dict(result["environment"])


def form(value: Any) -> Any:
    """Keys and types, without values; lists may have any length."""
    if isinstance(value, dict):
        return {key: form(inner) for key, inner in value.items()}
    return type(value).__name__


def fill(server: Any, name: str) -> str:
    """A secret, a bucket, log groups and a VPC as the roles name and tag them; returns the VPC's id."""
    server.client("secretsmanager").create_secret(Name=f"{name}/application", SecretString="{}")
    server.client("s3").create_bucket(Bucket=f"{name}-{ACCOUNT}-us-east-1")
    for group in ("web", "worker"):
        server.client("logs").create_log_group(logGroupName=f"/langfuse/{name}/{group}")
    ec2 = server.client("ec2")
    tags = [
        {"Key": key, "Value": value}
        for key, value in {"langfuse:environment": name, "langfuse:component": "network", "Name": name}.items()
    ]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])["Vpc"][
        "VpcId"
    ]
    return str(vpc)


def test_an_empty_account(server: Any, name: str) -> None:
    found = discover(server, name)
    assert found["missing"] == COMPONENTS
    assert (found["resources"], found["foreign"]) == ([], [])
    assert {found[component]["state"] for component in COMPONENTS} == {"absent"}
    assert (found["account_id"], found["partition"], found["region"]) == (ACCOUNT, "aws", "us-east-1")


def test_what_is_there_is_found_in_the_same_shape(server: Any, name: str) -> None:
    empty = discover(server, name)
    vpc = fill(server, name)
    found = discover(server, name)
    assert form(found) == form(empty)
    states = {component: found[component]["state"] for component in COMPONENTS}
    assert states == dict.fromkeys(COMPONENTS, "absent") | {
        "network": "incomplete", "secrets": "available", "storage": "available", "compute": "incomplete",
    }  # fmt: skip
    assert found["missing"] == [component for component in COMPONENTS if states[component] == "absent"]
    assert (found["network"]["vpc_id"], found["network"]["cidr"]) == (vpc, "10.9.0.0/16")
    assert found["compute"]["log_groups"]["web"] == f"/langfuse/{name}/web"
    assert {(item["component"], item["type"]) for item in found["resources"]} == {
        ("network", "vpc"), ("secrets", "secret"), ("storage", "bucket"), ("compute", "log_group"),
    }  # fmt: skip


def test_an_environment_whose_name_begins_alike_is_another_one(server: Any, name: str) -> None:
    fill(server, f"{name}-staging")
    assert discover(server, name)["resources"] == []


def test_what_somebody_else_made_under_the_same_name_is_foreign(server: Any, name: str) -> None:
    server.client("ecs").create_cluster(clusterName=name, tags=[{"key": "made-by", "value": "terraform"}])
    found = discover(server, name)
    assert [(item["component"], item["type"]) for item in found["foreign"]] == [("compute", "cluster")]


def test_a_bucket_of_another_name_must_have_the_tag(server: Any, name: str) -> None:
    s3, bucket = server.client("s3"), f"{name}-of-my-own"
    s3.create_bucket(Bucket=bucket)
    found = discover(server, name, components=["storage"], storage_bucket=bucket)
    assert (found["storage"]["state"], found["storage"]["bucket"]) == ("available", bucket)
    assert found["foreign"] == [{"component": "storage", "type": "bucket", "id": bucket}]
    tags = [{"Key": "langfuse:environment", "Value": name}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    found = discover(server, name, components=["storage"], storage_bucket=bucket)
    assert found["foreign"] == []
    assert found["resources"] == [{"component": "storage", "type": "bucket", "id": bucket}]


def test_an_external_bucket_is_nothing_that_the_environment_owns(server: Any, name: str) -> None:
    bucket = f"{name}-theirs"
    options = {"components": ["storage"], "storage_bucket": bucket, "storage_mode": "external"}
    assert discover(server, name, **options)["storage"]["state"] == "absent"
    where = {"LocationConstraint": "eu-west-1"}
    server.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    found = discover(server, name, **options)
    assert (found["resources"], found["foreign"], found["missing"]) == ([], [], [])
    assert found["storage"] == {
        "state": "available", "bucket": bucket, "region": "eu-west-1", "external": True, "own_bucket": "",
    }  # fmt: skip
    with pytest.raises(ModuleFailed) as refused:
        discover(server, name, storage_mode="external")
    assert "storage_bucket is empty" in refused.value.result["msg"]


def test_a_secret_that_waits_for_its_deletion_is_nothing_that_is_left(server: Any, name: str) -> None:
    secrets = server.client("secretsmanager")
    secrets.create_secret(Name=f"{name}/application", SecretString="{}")
    secrets.delete_secret(SecretId=f"{name}/application", RecoveryWindowInDays=7)
    found = discover(server, name)
    assert found["secrets"]["state"] == "deleting"
    assert found["resources"] == []


def test_components_that_are_not_asked_for_are_not_missing(server: Any, name: str) -> None:
    fill(server, name)
    found = discover(server, name, components=["secrets", "web"])
    assert (found["secrets"]["state"], found["missing"]) == ("available", ["web"])
    assert found["network"]["state"] == "absent"


def test_waiting_says_for_what(server: Any, name: str) -> None:
    fill(server, name)
    assert discover(server, name, wait_for=["secrets", "storage"])["secrets"]["state"] == "available"
    with pytest.raises(ModuleFailed) as failed:
        discover(server, name, components=["web", "secrets"], wait_for=["web", "secrets"], wait_timeout=1)
    assert f"web (absent) of {name} to become available" in failed.value.result["msg"]
    assert "secrets" not in failed.value.result["msg"]
    with pytest.raises(ModuleFailed) as refused:
        discover(server, name, components=["web"], wait_for=["secrets"])
    assert "wait_for names secrets" in refused.value.result["msg"]


def test_a_call_that_is_denied_is_named(aws: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    with pytest.raises(ModuleFailed) as failed:
        discover(aws, name, components=["secrets"])
    assert "sts:GetCallerIdentity" in failed.value.result["msg"]
