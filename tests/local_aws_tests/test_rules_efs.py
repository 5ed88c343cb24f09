# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EFS refuses, beside what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from .server_support import Server
from .test_additions_efs import available


@pytest.mark.parametrize(
    "options",
    [
        {"ThroughputMode": "provisioned"},
        {"ThroughputMode": "elastic", "ProvisionedThroughputInMibps": 8},
        {"ThroughputMode": "bursting", "ProvisionedThroughputInMibps": 8},
        {"ThroughputMode": "elastic", "PerformanceMode": "maxIO"},
    ],
)
def test_throughput(server: Server, options: dict[str, Any]) -> None:
    with server.refuses("BadRequest"):
        server.client("efs").create_file_system(CreationToken=server.name(), **options)


def test_throughput_that_is_taken(server: Server) -> None:
    efs = server.client("efs")
    file_system = available(server, ThroughputMode="provisioned", ProvisionedThroughputInMibps=8)
    with server.refuses("BadRequest"):
        efs.update_file_system(FileSystemId=file_system, ThroughputMode="elastic", ProvisionedThroughputInMibps=8)
    efs.update_file_system(FileSystemId=file_system, ThroughputMode="elastic")


def test_one_mount_target_in_a_zone_and_groups_of_its_vpc(server: Server) -> None:
    efs = server.client("efs")
    _, subnets, group = server.network()
    file_system = available(server)
    with server.refuses("SecurityGroupNotFound"):
        efs.create_mount_target(FileSystemId=file_system, SubnetId=subnets[0], SecurityGroups=[server.network()[2]])
    efs.create_mount_target(FileSystemId=file_system, SubnetId=subnets[0], SecurityGroups=[group])
    with server.refuses("MountTargetConflict"):
        efs.create_mount_target(FileSystemId=file_system, SubnetId=subnets[0], SecurityGroups=[group])


def test_a_creation_token_names_one_file_system(server: Server) -> None:
    efs, token = server.client("efs"), server.name()
    efs.create_file_system(CreationToken=token)
    with server.refuses("FileSystemAlreadyExists"):
        efs.create_file_system(CreationToken=token)


@pytest.mark.parametrize(
    ("path", "permissions"), [("data", "0750"), ("/a/b/c/d/e", "0750"), ("/a b$", "0750"), ("/a", "0850"), ("/a", "75")]
)
def test_root_of_an_access_point(server: Server, path: str, permissions: str) -> None:
    efs, file_system = server.client("efs"), available(server)

    def create(path: str, permissions: str) -> Any:
        owner = {"OwnerUid": 101, "OwnerGid": 101, "Permissions": permissions}
        root = {"Path": path, "CreationInfo": owner}
        return efs.create_access_point(ClientToken=server.name(), FileSystemId=file_system, RootDirectory=root)

    with server.refuses("BadRequest"):
        create(path, permissions)
    assert create("/a/b/c/d", "0750")["RootDirectory"]["Path"] == "/a/b/c/d"
