# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EventBridge Scheduler refuses and moto takes.

Source: the API reference of CreateSchedule, and the user guide's page "Schedule types"; for the role, the answer that
terraform-provider-aws retries (internal/service/scheduler/schedule.go). Schedules do not fire here.
"""

from __future__ import annotations

import re

from ..ecs import policy
from . import Call, Refusal, rule

EXPRESSION = re.compile(
    r"rate\([1-9]\d* (?:minute|hour|day)s?\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|cron\((?:[^\s()]+ ){5}[^\s()]+\)"
)


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


@rule("scheduler", "CreateSchedule")
@rule("scheduler", "UpdateSchedule")
def expressions(call: Call) -> None:
    expression = call.params["ScheduleExpression"]
    fields = expression.removeprefix("cron(").split(" ") if expression.startswith("cron(") else []
    days = len(fields) == 6 and (fields[2] == "?") == (fields[4] == "?")
    if not EXPRESSION.fullmatch(expression) or days:
        raise _invalid(f"Invalid Schedule Expression {expression}.")


@rule("scheduler", "CreateSchedule")
@rule("scheduler", "UpdateSchedule")
def roles_are_assumed(call: Call) -> None:
    role = policy.role_of(call.params["Target"]["RoleArn"], call.account_id, call.region)
    group = call.params.get("GroupName") or "default"
    source = f"arn:aws:scheduler:{call.region}:{call.account_id}:schedule-group/{group}"
    if role is None or not policy.visible(role) or not policy.trusts(role, "scheduler.amazonaws.com", source):
        raise _invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
