# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "efs_access_point"
ROOT = {"path": "/clickhouse", "creation_info": {"owner_uid": 101, "owner_gid": 101, "permissions": "0750"}}


@pytest.fixture
def wanted(aws: Any) -> dict[str, Any]:
    file_system = aws.client("efs").create_file_system(CreationToken="x")["FileSystemId"]
    return {
        "file_system_id": file_system,
        "name": "x-clickhouse",
        "posix_user": {"uid": 101, "gid": 101},
        "root_directory": ROOT,
        "tags": {"team": "llmops"},
    }


def test_twelve_steps(aws: Any, wanted: dict[str, Any]) -> None:
    created = aws.cycle(MODULE, wanted)
    point = created["access_point"]
    assert point["access_point_id"].startswith("fsap-")
    assert point["state"] == "available"
    assert point["posix_user"] == {"uid": 101, "gid": 101, "secondary_gids": []}
    assert point["root_directory"] == ROOT
    assert point["tags"] == {"Name": "x-clickhouse", "team": "llmops"}
    for key in ("name", "file_system_id", "posix_user", "root_directory", "tags"):
        assert created["predicted"]["access_point"][key] == point[key]

    modified = aws.cycle(MODULE, {**wanted, "tags": {"owner": "me"}})
    assert modified["access_point"]["tags"] == {"Name": "x-clickhouse", "owner": "me"}
    assert modified["access_point"]["access_point_id"] == point["access_point_id"]

    gone = aws.cycle(MODULE, {**wanted, "state": "absent"})
    assert gone["access_point"] == {}
    assert aws.client("efs").describe_access_points()["AccessPoints"] == []


@pytest.mark.parametrize(
    "other",
    [
        {"posix_user": {"uid": 1001, "gid": 101}},
        {"root_directory": {**ROOT, "path": "/other"}},
        {"root_directory": {**ROOT, "creation_info": {"owner_uid": 0, "owner_gid": 0, "permissions": "0750"}}},
    ],
)
def test_what_aws_cannot_change_is_refused(aws: Any, wanted: dict[str, Any], other: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    for check in (True, False):
        with pytest.raises(ModuleFailed) as raised:
            aws.run(MODULE, {**wanted, **other}, check=check)
        assert "delete the access point first" in raised.value.result["msg"]
    assert len(aws.client("efs").describe_access_points()["AccessPoints"]) == 1


def test_what_is_not_given_is_not_compared(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    few = {"file_system_id": wanted["file_system_id"], "name": wanted["name"]}
    assert aws.run(MODULE, few)["changed"] is False
    assert aws.run(MODULE, {**few, "root_directory": {"path": "/clickhouse"}})["changed"] is False


def test_an_unnamed_one_is_adopted_by_its_path(aws: Any, wanted: dict[str, Any]) -> None:
    point = aws.client("efs").create_access_point(
        FileSystemId=wanted["file_system_id"],
        PosixUser={"Uid": 101, "Gid": 101},
        RootDirectory={
            "Path": "/clickhouse",
            "CreationInfo": {"OwnerUid": 101, "OwnerGid": 101, "Permissions": "750"},
        },
    )
    result = aws.run(MODULE, wanted)
    assert result["changed"] is True
    assert result["access_point"]["access_point_id"] == point["AccessPointId"]
    assert result["access_point"]["name"] == "x-clickhouse"


def test_without_its_file_system(aws: Any, wanted: dict[str, Any]) -> None:
    missing = {**wanted, "file_system_id": "fs-00000000"}
    assert aws.run(MODULE, missing, check=True)["changed"] is True
    assert aws.run(MODULE, {**missing, "state": "absent"})["changed"] is False
