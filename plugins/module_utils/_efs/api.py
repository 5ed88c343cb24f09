# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the EFS API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler


class EfsErrorHandler(AwsErrorHandler):
    MISSING = ("AccessPointNotFound", "FileSystemNotFound")


@EfsErrorHandler.list_error_handler("list the access points of the file system {1}")
@AWSRetry.jittered_backoff()
def list_of_file_system(client: Any, file_system_id: str) -> list[dict[str, Any]] | None:
    pages = client.get_paginator("describe_access_points").paginate(FileSystemId=file_system_id)
    return [point for page in pages for point in page["AccessPoints"]]


@EfsErrorHandler.list_error_handler("describe the access point {1}")
@AWSRetry.jittered_backoff()
def describe(client: Any, access_point_id: str) -> dict[str, Any] | None:
    points = client.describe_access_points(AccessPointId=access_point_id)["AccessPoints"]
    return points[0] if points else None


@EfsErrorHandler.common_error_handler("create an access point of the file system {FileSystemId}")
@AWSRetry.jittered_backoff()
def create(client: Any, *, when_ready: bool = False, **request: Any) -> dict[str, Any] | None:
    """The new access point; with when_ready, None where the file system is not available yet."""
    try:
        return client.create_access_point(**request)
    except is_boto3_error_code("IncorrectFileSystemLifeCycleState"):
        if not when_ready:
            raise
        return None


@EfsErrorHandler.deletion_error_handler("delete the access point {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, access_point_id: str) -> None:
    client.delete_access_point(AccessPointId=access_point_id)


@EfsErrorHandler.common_error_handler("tag the access point {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, access_point_id: str, tags: list[dict[str, str]]) -> None:
    client.tag_resource(ResourceId=access_point_id, Tags=tags)


@EfsErrorHandler.common_error_handler("remove tags from the access point {1}")
@AWSRetry.jittered_backoff()
def remove_tags(client: Any, access_point_id: str, keys: list[str]) -> None:
    client.untag_resource(ResourceId=access_point_id, TagKeys=keys)
