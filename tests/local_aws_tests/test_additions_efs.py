# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EFS: file systems, mount targets and access points, and what holds them."""

from __future__ import annotations

from typing import Any

from .server_support import Server


def state(server: Server, file_system: str) -> str:
    found = server.client("efs").describe_file_systems(FileSystemId=file_system)["FileSystems"]
    return str(found[0]["LifeCycleState"])


def available(server: Server, **options: Any) -> str:
    """A file system, with what it took to get there."""
    made = server.client("efs").create_file_system(CreationToken=server.name("fs"), **options)
    assert made["LifeCycleState"] == "creating"
    wanted = str(made["FileSystemId"])
    server.wait(lambda: state(server, wanted) == "available")
    return wanted


def test_life_of_a_file_system(server: Server) -> None:
    efs, ec2 = server.client("efs"), server.client("ec2")
    _, subnets, group = server.network()
    early = efs.create_file_system(CreationToken=server.name("fs"))["FileSystemId"]
    with server.refuses("IncorrectFileSystemLifeCycleState"):
        efs.create_mount_target(FileSystemId=early, SubnetId=subnets[0])
    file_system = available(server, Tags=[{"Key": "Name", "Value": "n"}])
    assert efs.describe_tags(FileSystemId=file_system)["Tags"] == [{"Key": "Name", "Value": "n"}]
    target = efs.create_mount_target(FileSystemId=file_system, SubnetId=subnets[0], SecurityGroups=[group])
    assert target["LifeCycleState"] == "creating"

    def targets() -> list[Any]:
        return list(efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"])

    server.wait(lambda: targets()[0]["LifeCycleState"] == "available")
    with server.refuses("FileSystemInUse"):
        efs.delete_file_system(FileSystemId=file_system)
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    assert targets()[0]["LifeCycleState"] == "deleting"
    with server.refuses("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnets[0])
    server.wait(lambda: not targets())
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnets[0])
    efs.delete_file_system(FileSystemId=file_system)
    assert state(server, file_system) == "deleting"
    server.wait(lambda: server.gone(lambda: state(server, file_system)))


def test_throughput_and_backups_change(server: Server) -> None:
    efs = server.client("efs")
    file_system = available(server)
    assert efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["ThroughputMode"] == "bursting"
    changed = efs.update_file_system(FileSystemId=file_system, ThroughputMode="elastic")
    assert changed["ThroughputMode"] == "elastic"
    assert efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["ThroughputMode"] == "elastic"
    for status in ("ENABLED", "DISABLED"):
        efs.put_backup_policy(FileSystemId=file_system, BackupPolicy={"Status": status})
        assert efs.describe_backup_policy(FileSystemId=file_system)["BackupPolicy"]["Status"] == status


def test_life_of_an_access_point(server: Server) -> None:
    efs = server.client("efs")
    file_system = available(server)
    point = efs.create_access_point(
        ClientToken=server.name(),
        FileSystemId=file_system,
        PosixUser={"Uid": 101, "Gid": 101},
        RootDirectory={"Path": "/data", "CreationInfo": {"OwnerUid": 101, "OwnerGid": 101, "Permissions": "0750"}},
    )
    assert point["LifeCycleState"] == "creating"

    def points() -> list[Any]:
        return list(efs.describe_access_points(FileSystemId=file_system)["AccessPoints"])

    server.wait(lambda: points()[0]["LifeCycleState"] == "available")
    assert points()[0]["RootDirectory"]["Path"] == "/data"
    efs.delete_access_point(AccessPointId=point["AccessPointId"])
    server.wait(lambda: not points())
