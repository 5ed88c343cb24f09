#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task_definition
version_added: 0.1.0
short_description: Manages the task definitions of an ECS family
description:
  - Registers a new revision where the latest active one of the family differs in anything, and none where it does not.
  - Environment variables, secrets, sizes, architecture, roles, volumes, health checks, log options, labels and limits are all
    compared. What AWS fills in by itself, and the order of lists in which order means nothing, are no difference.
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
      - Predicts the number of the revision that would be registered.
  diff_mode:
    support: full
    details:
      - Shows each field that differs by its path. Values of environment variables are shown; of secrets there are only ARNs.
  idempotent:
    support: full
options:
  family:
    description: The family's name.
    type: str
    required: true
  state:
    description:
      - With V(present) the latest active revision is as described.
      - With V(absent) the family has no active revision. Running tasks are not stopped, and revisions stay readable.
    type: str
    choices: [present, absent]
    default: present
  containers:
    description:
      - The containers, each as C(ContainerDefinition) of the ECS API with the API's own names (C(portMappings), C(healthCheck)).
        Required with O(state=present).
    type: list
    elements: dict
  cpu:
    description: CPU units of the task, as V(1024) or V(1 vCPU).
    type: str
  memory:
    description: Memory of the task, in MiB as V(2048) or as V(2 GB).
    type: str
  network_mode:
    description: The containers' network mode; Fargate needs V(awsvpc). AWS's default is V(bridge).
    type: str
    choices: [awsvpc, bridge, host, none]
  execution_role_arn:
    description: The role with which ECS starts the containers. Empty means none.
    type: str
  task_role_arn:
    description: The role of what runs in the containers. Empty means none.
    type: str
  requires_compatibilities:
    description: The launch types for which AWS checks the definition.
    type: list
    elements: str
    choices: [FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES]
  runtime_platform:
    description: What the containers run on. AWS's default is Linux on X86_64.
    type: dict
    suboptions:
      cpu_architecture:
        description: The CPU's architecture.
        type: str
        choices: [X86_64, ARM64]
      operating_system_family:
        description: The operating system, as V(LINUX).
        type: str
  volumes:
    description: The volumes, each as C(Volume) of the ECS API with the API's own names (C(efsVolumeConfiguration)).
    type: list
    elements: dict
  ephemeral_storage_gib:
    description: Size of a Fargate task's own disk, 21 to 200. AWS's default is 20.
    type: int
  tags:
    description:
      - Tags of the revision. Other tags alone do not register a new revision; a new revision has these tags and no others.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags of the latest revision that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Describe a web server
  llmops.langfuse.ecs_task_definition:
    family: web
    requires_compatibilities: [FARGATE]
    network_mode: awsvpc
    cpu: 256
    memory: 512
    runtime_platform:
      cpu_architecture: ARM64
      operating_system_family: LINUX
    execution_role_arn: arn:aws:iam::123456789012:role/web-execution
    containers:
      - name: web
        image: public.ecr.aws/nginx/nginx:1.29
        essential: true
        portMappings:
          - containerPort: 80
        environment:
          - name: LOG_LEVEL
            value: info
        logConfiguration:
          logDriver: awslogs
          options:
            awslogs-group: /web
            awslogs-region: eu-central-1
            awslogs-stream-prefix: web
    tags:
      team: platform
  register: web_definition

- name: Remove the family's revisions
  llmops.langfuse.ecs_task_definition:
    family: web
    state: absent
"""

RETURN = r"""
task_definition:
  description: The latest active revision as it is, or in check mode as it would be. Empty where there is none.
  returned: always
  type: dict
  contains:
    task_definition_arn:
      description: The revision's ARN.
      type: str
    family:
      description: The family's name.
      type: str
    revision:
      description: The revision's number.
      type: int
    status:
      description: V(ACTIVE).
      type: str
    container_definitions:
      description: The containers, with names in snake case.
      type: list
      elements: dict
    volumes:
      description: The volumes, with names in snake case.
      type: list
      elements: dict
    cpu:
      description: CPU units of the task.
      type: str
    memory:
      description: Memory of the task in MiB.
      type: str
    network_mode:
      description: The containers' network mode.
      type: str
    execution_role_arn:
      description: The role with which ECS starts the containers.
      type: str
    task_role_arn:
      description: The role of what runs in the containers.
      type: str
    requires_compatibilities:
      description: The launch types for which AWS checked the definition.
      type: list
      elements: str
    runtime_platform:
      description: What the containers run on.
      type: dict
    tags:
      description: The revision's tags.
      type: dict
deregistered:
  description: The ARNs of the revisions that were made inactive, or in check mode would be.
  returned: with O(state=absent)
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.iam import get_aws_account_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs import api
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit, snake, tag_dict, tag_list
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.task_definition import compare, units

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "family": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "containers": {"type": "list", "elements": "dict"},
    "cpu": {"type": "str"},
    "memory": {"type": "str"},
    "network_mode": {"type": "str", "choices": ["awsvpc", "bridge", "host", "none"]},
    "execution_role_arn": {"type": "str"},
    "task_role_arn": {"type": "str"},
    "requires_compatibilities": {
        "type": "list",
        "elements": "str",
        "choices": ["FARGATE", "EC2", "EXTERNAL", "MANAGED_INSTANCES"],
    },
    "runtime_platform": {
        "type": "dict",
        "options": {
            "cpu_architecture": {"type": "str", "choices": ["X86_64", "ARM64"]},
            "operating_system_family": {"type": "str"},
        },
    },
    "volumes": {"type": "list", "elements": "dict"},
    "ephemeral_storage_gib": {"type": "int"},
    **TAG_OPTIONS,
}


def wanted(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The request to register what the options describe, without tags."""
    platform = params["runtime_platform"] or {}
    storage = params["ephemeral_storage_gib"]
    request = {
        "family": params["family"],
        "containerDefinitions": params["containers"],
        "volumes": params["volumes"],
        "cpu": units(params["cpu"]) if params["cpu"] else None,
        "memory": units(params["memory"]) if params["memory"] else None,
        "networkMode": params["network_mode"],
        "executionRoleArn": params["execution_role_arn"],
        "taskRoleArn": params["task_role_arn"],
        "requiresCompatibilities": params["requires_compatibilities"],
        "runtimePlatform": {
            "cpuArchitecture": platform.get("cpu_architecture"),
            "operatingSystemFamily": platform.get("operating_system_family"),
        }
        if any(platform.values())
        else None,
        "ephemeralStorage": {"sizeInGiB": storage} if storage else None,
    }
    shape = client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    given = {key: value for key, value in request.items() if value not in (None, "", [])}
    return fit(shape, given, f"the task definition {params['family']}")


def describe(definition: dict[str, Any]) -> dict[str, Any]:
    return {**snake(definition), "tags": tag_dict(definition.get("tags"))}


def predicted(
    module: AnsibleAWSModule, client: Any, request: dict[str, Any], active: dict[str, Any] | None
) -> dict[str, Any]:
    """The revision that AWS would make of a request; numbers are never used twice, not even those of inactive ones."""
    family = request["family"]
    numbers = [api.revision_of(arn) for arn in api.revisions(client, family, "INACTIVE")]
    revision = max([*numbers, active["revision"] if active else 0]) + 1
    if active:
        stem = active["taskDefinitionArn"].rsplit(":", 1)[0]
    else:
        account, partition = get_aws_account_info(module)
        stem = f"arn:{partition}:ecs:{client.meta.region_name}:{account}:task-definition/{family}"
    return {**request, "taskDefinitionArn": f"{stem}:{revision}", "revision": revision, "status": "ACTIVE"}


def ensure_present(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    request = wanted(client, params)
    active = api.task_definition(client, params["family"])
    if active is not None and active["status"] != "ACTIVE":
        active = None
    before, after = compare(request, active)
    if active is not None and not before and not after:
        return ensure_tags(module, client, active)
    tags = merged_tags({}, params["tags"], False)
    complete = {**request, **({"tags": tag_list(tags)} if tags else {})}
    if module.check_mode:
        state = describe(predicted(module, client, complete, active))
    else:
        definition = until_accepted(
            lambda: api.register_task_definition(client, **complete),
            api.role_is_new,
            api.ROLE_PROPAGATION,
            "the roles of the task definition to be known to ECS",
        )
        state = describe(definition)
    if active is not None:
        before = {"revision": active["revision"], **before}
    return {
        "changed": True,
        "task_definition": state,
        "diff": {"before": before, "after": {"revision": state["revision"], **after}},
    }


def ensure_tags(module: AnsibleAWSModule, client: Any, active: dict[str, Any]) -> dict[str, Any]:
    params, arn = module.params, active["taskDefinitionArn"]
    state = describe(active)
    to_set, to_remove = tag_changes(state["tags"], params["tags"], params["purge_tags"])
    if not to_set and not to_remove:
        return {"changed": False, "task_definition": state}
    if not module.check_mode:
        api.change_tags(client, arn, tag_list(to_set), to_remove)
    tags = merged_tags(state["tags"], params["tags"], params["purge_tags"])
    diff = {"before": {"tags": state["tags"]}, "after": {"tags": tags}}
    return {"changed": True, "task_definition": {**state, "tags": tags}, "diff": diff}


def ensure_absent(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    arns = api.revisions(client, module.params["family"])
    if not module.check_mode:
        for arn in arns:
            api.deregister_task_definition(client, arn)
    result: dict[str, Any] = {"changed": bool(arns), "task_definition": {}, "deregistered": arns}
    return {**result, "diff": {"before": {"revisions": arns}, "after": {"revisions": []}}} if arns else result


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("ecs")
    return ensure_present(module, client) if module.params["state"] == "present" else ensure_absent(module, client)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["containers"])],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
