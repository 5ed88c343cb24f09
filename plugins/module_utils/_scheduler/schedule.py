# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of EventBridge Scheduler as the API takes them, and in the form in which two can be compared; pure functions, private to
the collection.
"""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError

Shape = dict[str, Any]

# What the module does not manage and UpdateSchedule would take away: "you must pass all of your schedule's parameters" (API
# UpdateSchedule).
KEPT = ("StartDate", "EndDate", "KmsKeyArn", "ActionAfterCompletion")
# API RetryPolicy and EcsParameters: what AWS does where nothing is said.
RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
ECS_DEFAULTS: Shape = {"TaskCount": 1, "EnableECSManagedTags": False, "EnableExecuteCommand": False}
# API FlexibleTimeWindow, MaximumWindowInMinutes.
LONGEST_WINDOW = 1440


def window(minutes: int) -> Shape:
    """The minutes within which a schedule may begin, as FlexibleTimeWindow; 0 for at once.

    :raises AwsError: where AWS has no such window.
    """
    if not 0 <= minutes <= LONGEST_WINDOW:
        raise AwsError(
            f"flexible_time_window_minutes is {minutes}, and AWS has windows of 1 to {LONGEST_WINDOW} minutes; set one, or 0"
        )
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"}


def canonical_target(found: Shape) -> Shape:
    """A target without what is empty, and with AWS's own values where it says nothing."""
    made = {key: value for key, value in found.items() if value not in (None, {}, [], "")}
    made["RetryPolicy"] = RETRIES | (found.get("RetryPolicy") or {})
    if found.get("EcsParameters"):
        given = {key: value for key, value in found["EcsParameters"].items() if value not in (None, {}, [], "")}
        made["EcsParameters"] = ECS_DEFAULTS | given
        network = (given.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
        if network:
            # Neither subnets nor security groups have an order.
            ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in network.items()}
            vpc = {"AssignPublicIp": "DISABLED"} | ordered
            made["EcsParameters"]["NetworkConfiguration"] = {"awsvpcConfiguration": vpc}
    return made


def describe(found: Shape | None) -> Shape:
    """A schedule as the module returns it; {} where there is none."""
    if found is None:
        return {}
    return {
        "name": found["Name"],
        "group_name": found["GroupName"],
        "arn": found.get("Arn", ""),
        "schedule_expression": found["ScheduleExpression"],
        "schedule_expression_timezone": found.get("ScheduleExpressionTimezone") or "UTC",
        "description": found.get("Description") or "",
        "enabled": (found.get("State") or "ENABLED") == "ENABLED",
        "flexible_time_window_minutes": (found.get("FlexibleTimeWindow") or {}).get("MaximumWindowInMinutes") or 0,
        "target": canonical_target(found["Target"]),
    }


def wanted(params: Shape, target: Shape) -> Shape:
    """A schedule as CreateSchedule takes it.

    :param params: the module's options.
    :param target: the option target in the API's types.
    """
    return {
        "Name": params["name"],
        "GroupName": params["group_name"],
        "ScheduleExpression": params["schedule_expression"],
        "ScheduleExpressionTimezone": params["schedule_expression_timezone"],
        "Description": params["description"],
        "State": "ENABLED" if params["enabled"] else "DISABLED",
        "FlexibleTimeWindow": window(params["flexible_time_window_minutes"]),
        "Target": target,
    }


def compare(new: Shape, found: Shape | None) -> Difference:
    """What differs between a schedule as it is wanted and as it is."""
    difference = Difference()
    after, before = describe(new), describe(found)
    for name in after:
        if name != "arn":
            difference.add(name, after[name], before.get(name))
    return difference


def replacement(new: Shape, found: Shape) -> Shape:
    """The request that makes a schedule that there is the one that is wanted."""
    return {**{key: found[key] for key in KEPT if found.get(key)}, **new}
