# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import botocore.client
import pytest
from module_runner import ModuleFailed

MODULE = "efs_file_system"


@pytest.fixture
def subnets(aws: Any) -> list[str]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws.groups = [
        ec2.create_security_group(GroupName=name, Description="x", VpcId=vpc)["GroupId"] for name in ("one", "two")
    ]
    zones = ("a", "b", "b")
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(zones)
    ]


@pytest.fixture
def wanted(aws: Any, subnets: list[str]) -> dict[str, Any]:
    return {
        "name": "x-clickhouse",
        "throughput_mode": "elastic",
        "backup": True,
        "subnet_ids": subnets[:2],
        "security_group_ids": aws.groups[:1],
        "tags": {"team": "llmops"},
    }


@pytest.fixture
def unsupported(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Records the calls that moto does not have."""
    call = botocore.client.BaseClient._make_api_call
    recorded: list[tuple[str, dict[str, Any]]] = []

    def make(client: Any, operation: str, params: dict[str, Any]) -> Any:
        if operation in ("UpdateFileSystem", "PutBackupPolicy"):
            recorded.append((operation, params))
            return {}
        return call(client, operation, params)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make)
    return recorded


def test_twelve_steps(aws: Any, wanted: dict[str, Any], subnets: list[str]) -> None:
    created = aws.cycle(MODULE, wanted)
    system = created["file_system"]
    assert system["file_system_id"].startswith("fs-")
    assert (system["state"], system["encrypted"], system["throughput_mode"], system["backup"]) == (
        "available",
        True,
        "elastic",
        True,
    )
    assert system["tags"] == {"Name": "x-clickhouse", "team": "llmops"}
    assert [target["subnet_id"] for target in system["mount_targets"]] == sorted(subnets[:2])
    assert {tuple(target["security_group_ids"]) for target in system["mount_targets"]} == {tuple(aws.groups[:1])}
    for key in ("name", "encrypted", "throughput_mode", "backup", "tags"):
        assert created["predicted"]["file_system"][key] == system[key]

    # The third subnet is in the second one's zone, which has room for one mount target.
    changes = {"subnet_ids": [subnets[0], subnets[2]], "security_group_ids": aws.groups[1:], "tags": {"owner": "me"}}
    modified = aws.cycle(MODULE, {**wanted, **changes})
    targets = modified["file_system"]["mount_targets"]
    assert [target["subnet_id"] for target in targets] == sorted([subnets[0], subnets[2]])
    assert {tuple(target["security_group_ids"]) for target in targets} == {tuple(aws.groups[1:])}
    assert modified["file_system"]["tags"] == {"Name": "x-clickhouse", "owner": "me"}
    assert modified["diff"]["after"]["mount_targets"] == {subnets[0]: aws.groups[1:], subnets[2]: aws.groups[1:]}
    assert modified["file_system"]["file_system_id"] == system["file_system_id"]

    gone = aws.cycle(MODULE, {"name": "x-clickhouse", "state": "absent"})
    assert gone["file_system"] == {}
    assert aws.client("efs").describe_file_systems()["FileSystems"] == []


def test_throughput_and_backup_change(
    aws: Any, wanted: dict[str, Any], unsupported: list[tuple[str, dict[str, Any]]]
) -> None:
    system = aws.run(MODULE, wanted)["file_system"]["file_system_id"]
    changes = {"throughput_mode": "provisioned", "provisioned_throughput_mibps": 8, "backup": False}
    assert aws.run(MODULE, {**wanted, **changes}, check=True)["changed"] is True
    assert unsupported == []
    result = aws.run(MODULE, {**wanted, **changes})
    assert sorted(result["diff"]["after"]) == ["backup", "provisioned_throughput_mibps", "throughput_mode"]
    assert unsupported == [
        (
            "UpdateFileSystem",
            {"FileSystemId": system, "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 8.0},
        ),
        ("PutBackupPolicy", {"FileSystemId": system, "BackupPolicy": {"Status": "DISABLED"}}),
    ]


def test_what_is_not_given_is_left_alone(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    assert aws.run(MODULE, {"name": "x-clickhouse"})["changed"] is False


@pytest.mark.parametrize("other", [{"encrypted": False}, {"kms_key_id": "1234"}])
def test_what_aws_cannot_change_is_refused(aws: Any, wanted: dict[str, Any], other: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    for check in (True, False):
        with pytest.raises(ModuleFailed, match="and AWS cannot change that"):
            aws.run(MODULE, {**wanted, **other}, check=check)


def test_an_unknown_subnet_is_one_sentence(aws: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match=r"Failed to create the mount target in subnet-1 of the file system fs-.*"):
        aws.run(MODULE, {**wanted, "subnet_ids": ["subnet-1"]})
