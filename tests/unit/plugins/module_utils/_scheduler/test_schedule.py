# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._scheduler import schedule

PARAMS: dict[str, Any] = {
    "name": "nightly",
    "group_name": "default",
    "schedule_expression": "rate(1 day)",
    "schedule_expression_timezone": "UTC",
    "description": "",
    "enabled": True,
    "flexible_time_window_minutes": 0,
}
TARGET: dict[str, Any] = {"Arn": "arn:x", "RoleArn": "arn:r", "EcsParameters": {"TaskDefinitionArn": "arn:d:1"}}
# As GetSchedule answers to what was created with these.
FOUND: dict[str, Any] = {
    "Arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly",
    "Name": "nightly",
    "GroupName": "default",
    "ScheduleExpression": "rate(1 day)",
    "ScheduleExpressionTimezone": "UTC",
    "State": "ENABLED",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ActionAfterCompletion": "NONE",
    "Target": {
        "Arn": "arn:x",
        "RoleArn": "arn:r",
        "EcsParameters": {
            "TaskDefinitionArn": "arn:d:1",
            "TaskCount": 1,
            "EnableECSManagedTags": False,
            "EnableExecuteCommand": False,
        },
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
    },
}


def test_what_aws_adds_is_no_difference() -> None:
    assert not schedule.compare(schedule.wanted(PARAMS, TARGET), FOUND).changed


@pytest.mark.parametrize(
    ("option", "value"),
    [("schedule_expression", "rate(2 days)"), ("description", "Backups"), ("enabled", False), ("group_name", "mine")],
)
def test_each_option_is_a_difference(option: str, value: Any) -> None:
    difference = schedule.compare(schedule.wanted({**PARAMS, option: value}, TARGET), FOUND)
    assert difference.after == {option: value}


def test_a_target_differs_as_a_whole() -> None:
    another = {**TARGET, "EcsParameters": {"TaskDefinitionArn": "arn:d:2"}}
    difference = schedule.compare(schedule.wanted(PARAMS, another), FOUND)
    assert difference.names == ["target"]
    assert difference.after["target"]["EcsParameters"]["TaskDefinitionArn"] == "arn:d:2"


def test_a_new_schedule_differs_in_all() -> None:
    assert "target" in schedule.compare(schedule.wanted(PARAMS, TARGET), None).after


def test_a_replacement_keeps_what_is_not_managed() -> None:
    end = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)
    request = schedule.replacement(schedule.wanted(PARAMS, TARGET), {**FOUND, "EndDate": end})
    assert request["EndDate"] == end
    assert request["ActionAfterCompletion"] == "NONE"
    assert "Arn" not in request


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_windows_that_aws_does_not_have(minutes: int) -> None:
    with pytest.raises(AwsError, match="windows of 1 to 1440 minutes"):
        schedule.window(minutes)
