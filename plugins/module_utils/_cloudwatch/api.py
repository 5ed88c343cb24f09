# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the CloudWatch API, private to the collection. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler
from .._aws.module import tag_list

Shape = dict[str, Any]
# DeleteAlarms takes so many names at once.
ALARMS_PER_CALL = 100


class CloudWatchErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError")


@CloudWatchErrorHandler.common_error_handler("list the alarms that begin with {1}")
@AWSRetry.jittered_backoff()
def describe_alarms(client: Any, prefix: str) -> list[Shape]:
    """The metric alarms whose names begin with a prefix, of all pages."""
    pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"])
    return [alarm for page in pages for alarm in page.get("MetricAlarms") or []]


@CloudWatchErrorHandler.common_error_handler("write the alarm {AlarmName}")
@AWSRetry.jittered_backoff()
def put_alarm(client: Any, **request: Any) -> None:
    client.put_metric_alarm(**request)


@CloudWatchErrorHandler.deletion_error_handler("delete the alarms {1}")
@AWSRetry.jittered_backoff()
def delete_alarms(client: Any, names: list[str]) -> None:
    client.delete_alarms(AlarmNames=names)


@CloudWatchErrorHandler.list_error_handler("read the dashboard {1}")
@AWSRetry.jittered_backoff()
def get_dashboard(client: Any, name: str) -> Shape | None:
    """The dashboard, or None."""
    found: Shape = client.get_dashboard(DashboardName=name)
    return found


@CloudWatchErrorHandler.common_error_handler("write the dashboard {1}")
@AWSRetry.jittered_backoff()
def put_dashboard(client: Any, name: str, body: str, tags: list[dict[str, str]]) -> list[Shape]:
    """Writes it, and returns what CloudWatch has to say about its body. Tags count for a new one only."""
    answer = client.put_dashboard(DashboardName=name, DashboardBody=body, **({"Tags": tags} if tags else {}))
    return list(answer.get("DashboardValidationMessages") or [])


@CloudWatchErrorHandler.deletion_error_handler("delete the dashboard {1}")
@AWSRetry.jittered_backoff()
def delete_dashboard(client: Any, name: str) -> None:
    client.delete_dashboards(DashboardNames=[name])


@CloudWatchErrorHandler.list_error_handler("read the tags of {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> list[dict[str, str]]:
    return list(client.list_tags_for_resource(ResourceARN=arn).get("Tags") or [])


@CloudWatchErrorHandler.common_error_handler("change the tags of {1}")
@AWSRetry.jittered_backoff()
def change_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(ResourceARN=arn, Tags=tag_list(to_set))
    if to_remove:
        client.untag_resource(ResourceARN=arn, TagKeys=to_remove)
