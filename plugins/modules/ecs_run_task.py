#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_run_task
version_added: 0.1.0
short_description: Runs a one-off ECS task and waits for its end
description:
  - Starts tasks of a task definition, waits until they have stopped, and returns their exit codes and the end of their logs.
  - Fails with the reason where a task could not start or an essential container ended with another exit code than 0.
  - With O(completion_tag) a task definition runs once. The tag is set on the revision after success. A task of the same
    revision that still runs, as after an interrupted playbook, is waited for instead of starting another one, and tasks of the
    family's other revisions are let finish first.
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
    details:
      - Predicts whether a task would run, and starts none.
  diff_mode:
    support: none
    details:
      - What a task changes is the task's own matter.
  idempotent:
    support: partial
    details:
      - Only with O(completion_tag) and without O(force).
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  task_definition:
    description: What to run, as ARN, as C(family:revision), or as a family, which means its latest active revision.
    type: str
    required: true
  launch_type:
    description: Where the task runs.
    type: str
    choices: [FARGATE, EC2, EXTERNAL]
  capacity_provider_strategy:
    description: Which capacity providers run the task, instead of O(launch_type).
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: Name of the capacity provider.
        type: str
        required: true
      weight:
        description: Its share of the tasks.
        type: int
        default: 1
      base:
        description: How many tasks run on it before the shares count.
        type: int
        default: 0
  platform_version:
    description: Version of the Fargate platform, as V(LATEST).
    type: str
  network_configuration:
    description: Where the task is in the network; needed where the task definition's network mode is C(awsvpc).
    type: dict
    suboptions:
      subnets:
        description: Ids of the subnets.
        type: list
        elements: str
        required: true
      security_groups:
        description: Ids of the security groups.
        type: list
        elements: str
      assign_public_ip:
        description: Whether the task gets a public address.
        type: bool
        default: false
  overrides:
    description: What differs from the task definition, as C(TaskOverride) of the ECS API with the API's own names.
    type: dict
  count:
    description: How many tasks to run, 1 to 10.
    type: int
    default: 1
  enable_execute_command:
    description: Whether ECS Exec can run commands in the task.
    type: bool
    default: false
  tags:
    description: The tasks' tags.
    type: dict
    aliases: [resource_tags]
  completion_tag:
    description:
      - Key of a tag of the task definition's revision. Where the revision has it, nothing runs. After success the tag is set to
        the time. Needs O(wait=true).
    type: str
  force:
    description: Whether to run although the revision has O(completion_tag).
    type: bool
    default: false
  wait:
    description: Whether to wait until the tasks have stopped, and judge them.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait. A task that takes longer goes on.
    type: int
    default: 900
  log_lines:
    description: How many of the last lines of each container's log to return; 0 for none.
    type: int
    default: 50
"""

EXAMPLES = r"""
- name: Migrate once for each revision of the task definition
  llmops.langfuse.ecs_run_task:
    cluster: langfuse
    task_definition: langfuse-migration
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef0]
    completion_tag: langfuse:completed

- name: Run another command
  llmops.langfuse.ecs_run_task:
    cluster: langfuse
    task_definition: langfuse-migration
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef0]
    overrides:
      containerOverrides:
        - name: migration
          command: [env]
  register: environment_of_the_task
"""

RETURN = r"""
task:
  description: The first task as it is. Empty where none ran, as in check mode.
  returned: always
  type: dict
  contains:
    task_arn:
      description: The task's ARN.
      type: str
    task_definition_arn:
      description: What it ran.
      type: str
    last_status:
      description: Its state, V(STOPPED) with O(wait=true).
      type: str
    stop_code:
      description: The API's code for why it stopped, as V(EssentialContainerExited).
      type: str
    stopped_reason:
      description: What ECS says about why it stopped.
      type: str
    tags:
      description: Its tags.
      type: dict
task_arns:
  description: All tasks.
  returned: always
  type: list
  elements: str
containers:
  description: The containers of all tasks. Empty where none ran, and with O(wait=false).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The container's name.
      type: str
    task_arn:
      description: The container's task.
      type: str
    exit_code:
      description: Its exit code; null where it did not run.
      type: int
    reason:
      description: What ECS says about it, as V(OutOfMemoryError).
      type: str
    log:
      description: The last lines that it wrote.
      type: list
      elements: str
completed_at:
  description: The value of O(completion_tag), the time in UTC; empty without it.
  returned: always
  type: str
"""

import datetime
import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted, wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs import api
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.deployments import (
    culprit,
    failed_containers,
    task_reason,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.service import network, strategy
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit, short, snake, tag_dict, tag_list
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.waiters import (
    LOG_PATIENCE,
    container_log,
    wait_until_stopped,
)

# How long to try again where Fargate has no capacity at the moment.
CAPACITY_PATIENCE = 120

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "cluster": {"type": "str", "required": True},
    "task_definition": {"type": "str", "required": True},
    "launch_type": {"type": "str", "choices": ["FARGATE", "EC2", "EXTERNAL"]},
    "capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int", "default": 1},
            "base": {"type": "int", "default": 0},
        },
    },
    "platform_version": {"type": "str"},
    "network_configuration": {
        "type": "dict",
        "options": {
            "subnets": {"type": "list", "elements": "str", "required": True},
            "security_groups": {"type": "list", "elements": "str"},
            "assign_public_ip": {"type": "bool", "default": False},
        },
    },
    "overrides": {"type": "dict"},
    "count": {"type": "int", "default": 1},
    "enable_execute_command": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "completion_tag": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
    "log_lines": {"type": "int", "default": 50},
}


class TaskFailed(AwsError):
    """A task that did not start or did not end well; `result` is what the module returns about it."""

    def __init__(self, message: str, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result


def wanted(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of RunTask, without its token."""
    members = client.meta.service_model.operation_model("RunTask").input_shape.members
    overrides = fit(members["overrides"], params["overrides"], "overrides") if params["overrides"] else None
    request = {
        "cluster": params["cluster"],
        "taskDefinition": params["task_definition"],
        "count": params["count"],
        "launchType": params["launch_type"],
        "capacityProviderStrategy": strategy(params["capacity_provider_strategy"]),
        "platformVersion": params["platform_version"],
        "networkConfiguration": network(params["network_configuration"]),
        "overrides": overrides,
        "enableExecuteCommand": params["enable_execute_command"] or None,
        "tags": tag_list(params["tags"]) or None,
    }
    return {key: value for key, value in request.items() if value not in (None, [])}


def start(client: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The started tasks. The token makes it safe that a call is repeated whose answer got lost."""
    failures: list[dict[str, Any]] = []

    def attempt() -> list[dict[str, Any]] | None:
        nonlocal failures
        token = uuid.uuid4().hex
        answer = until_accepted(
            lambda: api.run_task(client, clientToken=token, **request),
            lambda error: api.service_linked_role_is_new(error) or api.role_is_new(error),
            api.SERVICE_LINKED_ROLE,
            "the roles of the task to be known to ECS",
        )
        failures = answer.get("failures") or []
        if not failures:
            return answer["tasks"]
        if answer.get("tasks") or not all("apacity" in str(item.get("reason")) for item in failures):
            raise AwsError(refused(request, failures))
        return None

    try:
        return wait_until(attempt, CAPACITY_PATIENCE, describe="capacity for the task")
    except AwsError as error:
        raise (AwsError(refused(request, failures)) if failures else error) from error


def refused(request: dict[str, Any], failures: list[dict[str, Any]]) -> str:
    reasons = sorted(
        {": ".join(part for part in (item.get("reason"), item.get("detail")) if part) for item in failures}
    )
    return (
        f"ECS did not start the task {short(request['taskDefinition'])} in the cluster {short(request['cluster'])}: "
        f"{', '.join(reasons)}"
    )


def in_flight(client: Any, cluster: str, definition: dict[str, Any], timeout: int) -> list[str]:
    """The tasks of the revision that run already; those of the family's other revisions have stopped afterwards."""
    arns = api.list_tasks(client, cluster=cluster, family=definition["family"], desiredStatus="RUNNING")
    running = api.tasks(client, cluster, arns)
    own = [task["taskArn"] for task in running if task["taskDefinitionArn"] == definition["taskDefinitionArn"]]
    others = [task["taskArn"] for task in running if task["taskArn"] not in own]
    if others:
        wait_until_stopped(client, cluster, others, timeout)
    return own


def results(module: AnsibleAWSModule, tasks: list[dict[str, Any]], definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of stopped tasks with the ends of their logs."""

    def logs(region: str) -> Any:
        return module.client("logs", region=region) if region else module.client("logs")

    lines = module.params["log_lines"]
    return [
        {
            "name": container["name"],
            "task_arn": task["taskArn"],
            "exit_code": container.get("exitCode"),
            "reason": container.get("reason", ""),
            # What did not run wrote nothing to wait for.
            "log": container_log(
                logs,
                task,
                container["name"],
                definition,
                lines,
                patience=LOG_PATIENCE if "exitCode" in container else 0,
            ),
        }
        for task in tasks
        for container in task.get("containers") or []
    ]


def judge(
    module: AnsibleAWSModule, tasks: list[dict[str, Any]], definition: dict[str, Any], result: dict[str, Any]
) -> None:
    """Fails where a task failed, with the reason of the first that did."""
    failed = next((task for task in tasks if failed_containers(task, definition)), None)
    if failed is None:
        return
    container = (culprit(failed, definition) or {}).get("name")
    log: list[str] = next(
        (
            item["log"]
            for item in result["containers"]
            if item["task_arn"] == failed["taskArn"] and item["name"] == container
        ),
        [],
    )
    name = f"{definition['family']}:{definition['revision']}"
    raise TaskFailed(
        f"The task {name} of the cluster {short(module.params['cluster'])} failed: {task_reason(failed, definition, log)}",
        result,
    )


def describe(task: dict[str, Any]) -> dict[str, Any]:
    return {**snake(task), "tags": tag_dict(task.get("tags"))}


def nothing(changed: bool, completed_at: str = "") -> dict[str, Any]:
    return {"changed": changed, "task": {}, "task_arns": [], "containers": [], "completed_at": completed_at}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("ecs")
    cluster, tag = params["cluster"], params["completion_tag"]
    request = wanted(client, params)
    definition = api.task_definition(client, params["task_definition"]) if params["task_definition"] else None
    completed = tag_dict((definition or {}).get("tags")).get(tag or "", "")
    if completed and not params["force"]:
        return nothing(False, completed)
    if module.check_mode:
        return nothing(True)
    if definition is None or definition["status"] != "ACTIVE":
        raise AwsError(
            f"There is no active task definition {params['task_definition'] or '(task_definition is empty)'}; "
            "register it first with llmops.langfuse.ecs_task_definition"
        )
    if not cluster:
        raise AwsError(f"The cluster of the task {definition['family']} is empty; create a cluster first and name it")
    arns = in_flight(client, cluster, definition, params["wait_timeout"]) if tag else []
    tasks: list[dict[str, Any]] = []
    if not arns:
        tasks = start(client, {**request, "taskDefinition": definition["taskDefinitionArn"]})
        arns = [task["taskArn"] for task in tasks]
    result = {**nothing(True), "task_arns": arns}
    if not params["wait"]:
        return {**result, "task": describe(tasks[0])}
    tasks = wait_until_stopped(client, cluster, arns, params["wait_timeout"])
    result.update(task=describe(tasks[0]), containers=results(module, tasks, definition))
    judge(module, tasks, definition, result)
    if tag:
        now = datetime.datetime.now(datetime.UTC)
        result["completed_at"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        api.add_tags(client, definition["taskDefinitionArn"], tag_list({tag: result["completed_at"]}))
    return result


def manage_or_explain(module: AnsibleAWSModule) -> dict[str, Any]:
    try:
        return manage(module)
    except TaskFailed as error:
        module.fail_json(msg=str(error), **error.result)
        raise


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("launch_type", "capacity_provider_strategy")],
        supports_check_mode=True,
    )
    if module.params["completion_tag"] and not module.params["wait"]:
        module.fail_json(
            msg="completion_tag needs wait, because the tag says that the task succeeded; set wait to true."
        )
    run(module, manage_or_explain)


if __name__ == "__main__":
    main()
