# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the EFS API about file systems and mount targets, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler


class FileSystemErrorHandler(AwsErrorHandler):
    MISSING = ("FileSystemNotFound", "MountTargetNotFound", "PolicyNotFound")


@FileSystemErrorHandler.common_error_handler("describe the file system {1}")
@AWSRetry.jittered_backoff()
def by_token(client: Any, token: str) -> dict[str, Any] | None:
    found = client.describe_file_systems(CreationToken=token)["FileSystems"]
    return found[0] if found else None


@FileSystemErrorHandler.list_error_handler("describe the file system {1}")
@AWSRetry.jittered_backoff()
def by_id(client: Any, file_system_id: str) -> dict[str, Any] | None:
    found = client.describe_file_systems(FileSystemId=file_system_id)["FileSystems"]
    return found[0] if found else None


@FileSystemErrorHandler.common_error_handler("create the file system {CreationToken}")
@AWSRetry.jittered_backoff()
def create(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_file_system(**request)


@FileSystemErrorHandler.common_error_handler("change the throughput of the file system {1}")
@AWSRetry.jittered_backoff()
def update(client: Any, file_system_id: str, request: dict[str, Any]) -> None:
    client.update_file_system(FileSystemId=file_system_id, **request)


@FileSystemErrorHandler.deletion_error_handler("delete the file system {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, file_system_id: str) -> None:
    client.delete_file_system(FileSystemId=file_system_id)


@FileSystemErrorHandler.list_error_handler("read the backup policy of the file system {1}", default_value="DISABLED")
@AWSRetry.jittered_backoff()
def backup_status(client: Any, file_system_id: str) -> str:
    return client.describe_backup_policy(FileSystemId=file_system_id)["BackupPolicy"]["Status"]


@FileSystemErrorHandler.common_error_handler("change the backup policy of the file system {1}")
@AWSRetry.jittered_backoff()
def set_backup(client: Any, file_system_id: str, status: str) -> None:
    client.put_backup_policy(FileSystemId=file_system_id, BackupPolicy={"Status": status})


@FileSystemErrorHandler.list_error_handler("list the mount targets of the file system {1}", default_value=[])
@AWSRetry.jittered_backoff()
def mount_targets(client: Any, file_system_id: str) -> list[dict[str, Any]]:
    # The API pages by markers and has no paginator in older releases of botocore.
    found: list[dict[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = client.describe_mount_targets(FileSystemId=file_system_id, **marker)
        found += answer["MountTargets"]
        if not answer.get("NextMarker"):
            return found
        marker = {"Marker": answer["NextMarker"]}


@FileSystemErrorHandler.list_error_handler("read the security groups of the mount target {1}", default_value=[])
@AWSRetry.jittered_backoff()
def mount_target_groups(client: Any, mount_target_id: str) -> list[str]:
    return client.describe_mount_target_security_groups(MountTargetId=mount_target_id)["SecurityGroups"]


@FileSystemErrorHandler.common_error_handler("create the mount target in {SubnetId} of the file system {FileSystemId}")
@AWSRetry.jittered_backoff()
def create_mount_target(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_mount_target(**request)


@FileSystemErrorHandler.common_error_handler("change the security groups of the mount target {1}")
@AWSRetry.jittered_backoff()
def set_mount_target_groups(client: Any, mount_target_id: str, groups: list[str]) -> None:
    client.modify_mount_target_security_groups(MountTargetId=mount_target_id, SecurityGroups=groups)


@FileSystemErrorHandler.deletion_error_handler("delete the mount target {1}")
@AWSRetry.jittered_backoff()
def delete_mount_target(client: Any, mount_target_id: str) -> None:
    client.delete_mount_target(MountTargetId=mount_target_id)


@FileSystemErrorHandler.common_error_handler("tag the file system {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, file_system_id: str, tags: list[dict[str, str]]) -> None:
    client.tag_resource(ResourceId=file_system_id, Tags=tags)


@FileSystemErrorHandler.common_error_handler("remove tags from the file system {1}")
@AWSRetry.jittered_backoff()
def remove_tags(client: Any, file_system_id: str, keys: list[str]) -> None:
    client.untag_resource(ResourceId=file_system_id, TagKeys=keys)
