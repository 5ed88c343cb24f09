# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._efs.access_point import (
    create_request,
    describe,
    find,
    predicted,
    refuse_immutable,
)


def point(name: str | None, path: str = "/", state: str = "available", number: int = 1) -> dict[str, Any]:
    return {
        "AccessPointId": f"fsap-{number}",
        "FileSystemId": "fs-1",
        "LifeCycleState": state,
        "RootDirectory": {"Path": path},
        "Tags": [] if name is None else [{"Key": "Name", "Value": name}],
    }


class TestFind:
    def test_by_name(self) -> None:
        points = [point("y", "/data", number=1), point("x", "/other", number=2)]
        assert find(points, "x", "/data") == points[1]

    def test_by_path_where_it_has_no_name(self) -> None:
        points = [point("y", "/data", number=1), point(None, "/data", number=2)]
        assert find(points, "x", "/data") == points[1]

    def test_none(self) -> None:
        assert find([point("y", "/data")], "x", "/data") is None
        assert find([point(None, "/data")], "x", "") is None

    def test_two_without_a_name_are_nobodys(self) -> None:
        assert find([point(None, "/data", number=1), point(None, "/data", number=2)], "x", "/data") is None

    def test_one_that_stays_comes_before_one_that_leaves(self) -> None:
        leaving, staying = point("x", state="deleting", number=1), point("x", number=2)
        assert find([leaving, staying], "x", "") == staying
        assert find([leaving], "x", "") == leaving


WANTED: dict[str, Any] = {
    "file_system_id": "fs-1",
    "name": "x",
    "posix_user": {"uid": 101, "gid": 101, "secondary_gids": [3, 2]},
    "root_directory": {"path": "/d", "creation_info": {"owner_uid": 1, "owner_gid": 2, "permissions": "750"}},
}


def test_request() -> None:
    assert create_request(WANTED, []) == {
        "FileSystemId": "fs-1",
        "Tags": [],
        "PosixUser": {"Uid": 101, "Gid": 101, "SecondaryGids": [3, 2]},
        "RootDirectory": {"Path": "/d", "CreationInfo": {"OwnerUid": 1, "OwnerGid": 2, "Permissions": "750"}},
    }
    assert create_request({"file_system_id": "fs-1"}, []) == {"FileSystemId": "fs-1", "Tags": []}


def test_prediction() -> None:
    state = predicted(WANTED, {"Name": "x"})
    assert state["name"] == "x"
    assert state["posix_user"]["secondary_gids"] == [2, 3]
    assert state["root_directory"]["creation_info"]["permissions"] == "0750"


class TestImmutable:
    active = describe({**create_request(WANTED, []), "AccessPointId": "fsap-1"})

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"posix_user": None, "root_directory": None},
            {"root_directory": {"path": "/d"}},
            {"posix_user": {"uid": 101, "gid": 101, "secondary_gids": [2, 3]}},
        ],
    )
    def test_the_same(self, options: dict[str, Any]) -> None:
        refuse_immutable({**WANTED, **options}, self.active)

    @pytest.mark.parametrize(
        "options",
        [{"posix_user": {"uid": 0, "gid": 0}}, {"root_directory": {"path": "/e"}}, {"root_directory": {"path": "/"}}],
    )
    def test_another(self, options: dict[str, Any]) -> None:
        with pytest.raises(AwsError, match=r"fsap-1 \(x\) has .* delete the access point first"):
            refuse_immutable({**WANTED, **options}, self.active)
