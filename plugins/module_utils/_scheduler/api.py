# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the EventBridge Scheduler API, private to the collection. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler

Shape = dict[str, Any]


class SchedulerErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


@SchedulerErrorHandler.list_error_handler("read the schedule {1}", default_value=None)
@AWSRetry.jittered_backoff()
def read(client: Any, name: str, group: str) -> Shape | None:
    found: Shape = client.get_schedule(Name=name, GroupName=group)
    return found


@SchedulerErrorHandler.common_error_handler("create the schedule {1}")
@AWSRetry.jittered_backoff()
def create(client: Any, _name: str, request: Shape) -> str:
    return str(client.create_schedule(**request)["ScheduleArn"])


@SchedulerErrorHandler.common_error_handler("change the schedule {1}")
@AWSRetry.jittered_backoff()
def update(client: Any, _name: str, request: Shape) -> None:
    client.update_schedule(**request)


@SchedulerErrorHandler.deletion_error_handler("delete the schedule {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, name: str, group: str) -> None:
    client.delete_schedule(Name=name, GroupName=group)


def role_is_new(error: AwsError) -> bool:
    """Whether Scheduler does not know a new role yet (terraform-provider-aws, internal/service/scheduler/schedule.go)."""
    return error.code == "ValidationException" and "to assume the role" in str(error)
