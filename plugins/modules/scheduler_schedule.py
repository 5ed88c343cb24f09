#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: scheduler_schedule
version_added: 0.1.0
short_description: Manages a schedule of Amazon EventBridge Scheduler
description:
  - Creates, changes and deletes a schedule, which calls its target at a time, again and again or once.
  - M(amazon.aws.cloudwatchevent_rule) makes rules of EventBridge instead. It can start neither tasks on Fargate nor tasks with an
    address of their own (C(awsvpc)).
notes:
  - AWS has no tags for schedules, only for their groups.
  - When the schedule's role is not allowed to call the target, AWS says nothing here. The call fails when it is time, which the metrics of
    the namespace C(AWS/Scheduler) show.
author:
  - llmops.langfuse contributors (@llmops)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: The schedule's name.
    type: str
    required: true
  group_name:
    description: The group that it is in. The group V(default) always exists; another one must.
    type: str
    default: default
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  schedule_expression:
    description:
      - When, as V(cron(0 3 * * ? *)), V(rate(12 hours)) or V(at(2030-01-01T00:00:00)). Required with O(state=present).
    type: str
  schedule_expression_timezone:
    description: The time zone in which it is evaluated, of the IANA database.
    type: str
    default: UTC
  description:
    description: What the schedule is for.
    type: str
    default: ""
  enabled:
    description: Whether it calls its target.
    type: bool
    default: true
  flexible_time_window_minutes:
    description: Within how many minutes it may begin, 1 to 1440; V(0) for at once.
    type: int
    default: 0
  target:
    description:
      - What it calls, and with which role, as C(Target) of the API of EventBridge Scheduler with the API's own names. Required with
        O(state=present). What is not said has AWS's own value.
    type: dict
  wait:
    description: Whether to go on where EventBridge Scheduler does not know a new role yet, and not to fail at once.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to go on where EventBridge Scheduler does not know a new role yet.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Start a task on Fargate every night
  llmops.langfuse.scheduler_schedule:
    name: langfuse-staging-clickhouse-backup
    schedule_expression: cron(0 3 * * ? *)
    target:
      Arn: arn:aws:ecs:eu-central-1:123456789012:cluster/langfuse-staging
      RoleArn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-clickhouse-backup
      RetryPolicy:
        MaximumRetryAttempts: 3
        MaximumEventAgeInSeconds: 3600
      EcsParameters:
        TaskDefinitionArn: arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-clickhouse-backup:1
        LaunchType: FARGATE
        NetworkConfiguration:
          awsvpcConfiguration:
            Subnets: [subnet-0123456789abcdef0]
            SecurityGroups: [sg-0123456789abcdef0]

- name: Delete the schedule
  llmops.langfuse.scheduler_schedule:
    name: langfuse-staging-clickhouse-backup
    state: absent
"""

RETURN = r"""
schedule:
  description: The schedule as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    group_name:
      description: The group that it is in.
      type: str
    arn:
      description: Its ARN; empty in check mode for a new one.
      type: str
    schedule_expression:
      description: When it calls its target.
      type: str
    schedule_expression_timezone:
      description: The time zone in which that is evaluated.
      type: str
    description:
      description: What it is for.
      type: str
    enabled:
      description: Whether it calls its target.
      type: bool
    flexible_time_window_minutes:
      description: Within how many minutes it may begin.
      type: int
    target:
      description: What it calls, as C(Target) of the API, with AWS's own values where nothing else was said.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit
from ansible_collections.llmops.langfuse.plugins.module_utils._scheduler import api
from ansible_collections.llmops.langfuse.plugins.module_utils._scheduler.schedule import (
    compare,
    describe,
    replacement,
    wanted,
)

Shape = dict[str, Any]

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "group_name": {"type": "str", "default": "default"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "schedule_expression": {"type": "str"},
    "schedule_expression_timezone": {"type": "str", "default": "UTC"},
    "description": {"type": "str", "default": ""},
    "enabled": {"type": "bool", "default": True},
    "flexible_time_window_minutes": {"type": "int", "default": 0},
    "target": {"type": "dict"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 180},
}


def write(module: AnsibleAWSModule, client: Any, new: Shape, found: Shape | None) -> None:
    name = module.params["name"]
    if found is None:
        request, call = new, api.create
    else:
        request, call = replacement(new, found), api.update
    until_accepted(
        lambda: call(client, name, request),
        api.role_is_new,
        module.params["wait_timeout"] if module.params["wait"] else 0,
        f"EventBridge Scheduler to know the role of the schedule {name}",
    )


def present(module: AnsibleAWSModule, client: Any, found: Shape | None) -> dict[str, Any]:
    params = module.params
    shape = client.meta.service_model.operation_model("CreateSchedule").input_shape.members["Target"]
    new = wanted(params, fit(shape, params["target"], "target"))
    difference = compare(new, found)
    if found is not None and not difference.changed:
        return {"changed": False, "schedule": describe(found)}
    if module.check_mode:
        state = {**describe(new), "arn": (found or {}).get("Arn", "")}
    else:
        write(module, client, new, found)
        state = describe(api.read(client, params["name"], params["group_name"]))
    diff = difference.diff if found is not None else {"before": {}, "after": difference.after}
    return {"changed": True, "schedule": state, "diff": diff}


def absent(module: AnsibleAWSModule, client: Any, found: Shape | None) -> dict[str, Any]:
    if found is None:
        return {"changed": False, "schedule": {}}
    if not module.check_mode:
        api.delete(client, module.params["name"], module.params["group_name"])
    return {"changed": True, "schedule": {}, "diff": {"before": describe(found), "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("scheduler")
    found = api.read(client, module.params["name"], module.params["group_name"])
    return (present if module.params["state"] == "present" else absent)(module, client, found)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["schedule_expression", "target"])],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
