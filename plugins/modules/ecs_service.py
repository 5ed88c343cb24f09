#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_service
version_added: 0.1.0
short_description: Manages an ECS service and waits for its deployments
description:
  - Creates a service, changes whatever AWS can change of one, and deletes it.
  - Waits until the deployment that it caused is completed. Where it failed or was rolled back, the module fails and says why,
    with the stopped tasks' reasons, exit codes and last log lines.
  - A service of the same name that is still being deleted is waited for, and then created anew.
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
    support: partial
    details:
      - With O(force_new_deployment=true) each run starts a deployment.
      - A service whose last deployment failed is deployed again although nothing differs, because ECS has given up on it.
options:
  name:
    description: The service's name.
    type: str
    required: true
  cluster:
    description: Name or ARN of the cluster.
    type: str
    required: true
  state:
    description: Whether the service exists. One that AWS shows as C(INACTIVE) does not.
    type: str
    choices: [present, absent]
    default: present
  task_definition:
    description:
      - What the service runs, as ARN, as C(family:revision), or as a family, which means its latest active revision.
        Required with O(state=present).
    type: str
  desired_count:
    description:
      - How many tasks run. A new service's default is 1.
      - An existing service's count is left alone where Application Auto Scaling has a scalable target for it.
    type: int
  launch_type:
    description: Where the tasks run. AWS cannot change it; use O(capacity_provider_strategy) to move a service.
    type: str
    choices: [FARGATE, EC2, EXTERNAL]
  capacity_provider_strategy:
    description:
      - Which capacity providers run the tasks, instead of O(launch_type). An empty list, like O(launch_type) alone, takes a
        service back to its launch type. A change starts a new deployment.
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
    description: Where the tasks are in the network; needed where the task definition's network mode is C(awsvpc).
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
        description: Whether the tasks get public addresses.
        type: bool
        default: false
  load_balancers:
    description:
      - The target groups to register tasks in, each as C(LoadBalancer) of the ECS API with the API's own names
        (C(targetGroupArn), C(containerName), C(containerPort)). An empty list removes them.
    type: list
    elements: dict
  service_registries:
    description:
      - The Cloud Map services to register tasks in, each as C(ServiceRegistry) of the ECS API with the API's own names
        (C(registryArn)). An empty list removes them.
    type: list
    elements: dict
  placement_constraints:
    description:
      - On which container instances tasks may be placed; Fargate has none. An empty list removes them.
      - Another constraint moves no task that runs already.
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - V(distinctInstance) for each task on an instance of its own, V(memberOf) for instances that match
            O(placement_constraints[].expression).
        type: str
        choices: [distinctInstance, memberOf]
        required: true
      expression:
        description: An expression of the cluster query language, as V(attribute:stack == blue).
        type: str
  deployment_configuration:
    description: How a deployment proceeds. What is left out stays as it is.
    type: dict
    suboptions:
      minimum_healthy_percent:
        description: Share of the desired tasks below which a deployment does not go.
        type: int
      maximum_percent:
        description: Share of the desired tasks above which a deployment does not go.
        type: int
      deployment_circuit_breaker:
        description: Whether ECS gives up on a deployment whose tasks keep failing.
        type: dict
        suboptions:
          enable:
            description: Whether it gives up.
            type: bool
            required: true
          rollback:
            description: Whether it then goes back to the last deployment that was completed.
            type: bool
            default: false
  availability_zone_rebalancing:
    description:
      - Whether ECS starts and stops tasks to spread them over zones. Not with a O(deployment_configuration.maximum_percent)
        of 100.
    type: str
    choices: [ENABLED, DISABLED]
  health_check_grace_period_seconds:
    description: For how long a new task may fail the load balancer's health check. Only with O(load_balancers).
    type: int
  enable_execute_command:
    description: Whether ECS Exec can run commands in the tasks. Only tasks that start afterwards have it.
    type: bool
  enable_ecs_managed_tags:
    description: Whether ECS tags the tasks with their cluster and service.
    type: bool
  propagate_tags:
    description: Whose tags the tasks get.
    type: str
    choices: [SERVICE, TASK_DEFINITION, NONE]
  force_new_deployment:
    description: Whether to replace all tasks even where nothing differs.
    type: bool
    default: false
  tags:
    description: The service's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the latest deployment is completed and the desired tasks run, or with O(state=absent) until AWS
        takes the name again.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Run two web servers behind a load balancer
  llmops.langfuse.ecs_service:
    cluster: langfuse
    name: web
    task_definition: langfuse-web
    desired_count: 2
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
      security_groups: [sg-0123456789abcdef0]
    load_balancers:
      - targetGroupArn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef
        containerName: web
        containerPort: 3000
    deployment_configuration:
      minimum_healthy_percent: 100
      maximum_percent: 200
      deployment_circuit_breaker:
        enable: true
        rollback: true

- name: Run a database that must never run twice
  llmops.langfuse.ecs_service:
    cluster: langfuse
    name: clickhouse
    task_definition: langfuse-clickhouse:7
    desired_count: 1
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef1]
    service_registries:
      - registryArn: arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-0123456789abcdef
    deployment_configuration:
      minimum_healthy_percent: 0
      maximum_percent: 100
    availability_zone_rebalancing: DISABLED

- name: Run it on the one instance that has its volume
  llmops.langfuse.ecs_service:
    cluster: langfuse
    name: clickhouse
    task_definition: langfuse-clickhouse:8
    desired_count: 1
    launch_type: EC2
    placement_constraints:
      - type: memberOf
        expression: attribute:langfuse.node == clickhouse-1
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef1]
    deployment_configuration:
      minimum_healthy_percent: 0
      maximum_percent: 100
    availability_zone_rebalancing: DISABLED

- name: Remove the service and wait until its tasks have stopped
  llmops.langfuse.ecs_service:
    cluster: langfuse
    name: web
    state: absent
"""

RETURN = r"""
service:
  description: The service as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    service_arn:
      description: The service's ARN.
      type: str
    service_name:
      description: The service's name.
      type: str
    cluster_arn:
      description: The cluster's ARN.
      type: str
    status:
      description: V(ACTIVE), V(DRAINING) or V(INACTIVE).
      type: str
    task_definition:
      description: The ARN of the task definition.
      type: str
    desired_count:
      description: How many tasks are to run.
      type: int
    running_count:
      description: How many tasks run.
      type: int
    pending_count:
      description: How many tasks are starting.
      type: int
    deployments:
      description: The deployments, the latest first.
      type: list
      elements: dict
    deployment_configuration:
      description: How a deployment proceeds.
      type: dict
    network_configuration:
      description: Where the tasks are in the network.
      type: dict
    load_balancers:
      description: The target groups that tasks are registered in.
      type: list
      elements: dict
    service_registries:
      description: The Cloud Map services that tasks are registered in.
      type: list
      elements: dict
    placement_constraints:
      description: On which container instances tasks may be placed.
      type: list
      elements: dict
    events:
      description: The last messages of ECS, the latest first.
      type: list
      elements: str
    tags:
      description: The service's tags.
      type: dict
desired_count_owner:
  description: V(application-autoscaling) where O(desired_count) was left alone for it, otherwise V(service).
  returned: with O(state=present)
  type: str
failure:
  description: What is known about a deployment that failed.
  returned: when a deployment failed
  type: dict
  contains:
    reason:
      description: What ECS says about the deployment.
      type: str
    deployment_id:
      description: The deployment.
      type: str
    rollout_state:
      description: The deployment's state; empty where AWS does not show it any more.
      type: str
    task_definition:
      description: The task definition that did not come up.
      type: str
    active_task_definition:
      description: The task definition that the service has now.
      type: str
    stopped_tasks:
      description: The deployment's last stopped tasks, the most telling first.
      type: list
      elements: dict
      contains:
        task_arn:
          description: The task.
          type: str
        task_definition_arn:
          description: What it ran.
          type: str
        stop_code:
          description: The API's code, as V(TaskFailedToStart).
          type: str
        stopped_reason:
          description: What ECS says about the task.
          type: str
        containers:
          description: Its containers with C(name), C(exit_code), C(reason) and C(health_status).
          type: list
          elements: dict
        log:
          description: The last lines that the failed container wrote.
          type: list
          elements: str
    events:
      description: The service's last messages, the latest first.
      type: list
      elements: str
    deployments:
      description: The service's deployments.
      type: list
      elements: dict
"""

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs import api
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.deployments import primary
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.service import (
    compare,
    create_request,
    describe,
    predicted,
    predicted_update,
    resource_id,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit, snake, tag_dict, tag_list
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.waiters import (
    DeploymentFailed,
    wait_for_deployment,
    wait_until_inactive,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "task_definition": {"type": "str"},
    "desired_count": {"type": "int"},
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
    "load_balancers": {"type": "list", "elements": "dict"},
    "service_registries": {"type": "list", "elements": "dict"},
    "placement_constraints": {
        "type": "list",
        "elements": "dict",
        "options": {
            "type": {"type": "str", "choices": ["distinctInstance", "memberOf"], "required": True},
            "expression": {"type": "str"},
        },
    },
    "deployment_configuration": {
        "type": "dict",
        "options": {
            "minimum_healthy_percent": {"type": "int"},
            "maximum_percent": {"type": "int"},
            "deployment_circuit_breaker": {
                "type": "dict",
                "options": {
                    "enable": {"type": "bool", "required": True},
                    "rollback": {"type": "bool", "default": False},
                },
            },
        },
    },
    "availability_zone_rebalancing": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "health_check_grace_period_seconds": {"type": "int"},
    "enable_execute_command": {"type": "bool"},
    "enable_ecs_managed_tags": {"type": "bool"},
    "propagate_tags": {"type": "str", "choices": ["SERVICE", "TASK_DEFINITION", "NONE"]},
    "force_new_deployment": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    **TAG_OPTIONS,
}


def options(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The options, with what is in the API's own form fitted to it."""
    members = client.meta.service_model.operation_model("CreateService").input_shape.members
    fitted = {}
    for option, member in (("load_balancers", "loadBalancers"), ("service_registries", "serviceRegistries")):
        if params[option] is not None:
            fitted[option] = fit(members[member], params[option], option)
    if params["placement_constraints"] is not None:
        fitted["placement_constraints"] = [
            {key: value for key, value in item.items() if value} for item in params["placement_constraints"]
        ]
    return {**params, **fitted}


def resolve(client: Any, reference: str, check_mode: bool) -> str:
    """The ARN of a task definition; in check mode it may not be registered yet."""
    definition = api.task_definition(client, reference) if reference else None
    if definition is not None:
        return definition["taskDefinitionArn"]
    if check_mode:
        return reference
    raise AwsError(
        f"There is no active task definition {reference or '(task_definition is empty)'}; "
        "register it first with llmops.langfuse.ecs_task_definition"
    )


def deployed(module: AnsibleAWSModule, client: Any, params: dict[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    """The service, once its latest deployment is completed, where that is to be waited for."""
    if not params["wait"]:
        return service

    def logs(region: str) -> Any:
        return module.client("logs", region=region) if region else module.client("logs")

    return wait_for_deployment(
        client,
        logs,
        cluster=params["cluster"],
        name=params["name"],
        deployment_id=primary(service).get("id", ""),
        task_definition=service["taskDefinition"],
        timeout=params["wait_timeout"],
    )


def create(module: AnsibleAWSModule, client: Any, params: dict[str, Any], draining: bool) -> dict[str, Any]:
    definition = resolve(client, params["task_definition"], module.check_mode)
    request = create_request(params, definition, merged_tags({}, params["tags"], False))
    if module.check_mode:
        state = predicted(request)
    else:
        if draining:
            wait_until_inactive(client, params["cluster"], params["name"], params["wait_timeout"])
        service = until_accepted(
            lambda: api.create_service(client, clientToken=uuid.uuid4().hex, **request),
            api.service_linked_role_is_new,
            api.SERVICE_LINKED_ROLE,
            "the service-linked role of ECS",
        )
        # AWS may show a service's tags only a moment later.
        state = describe({**deployed(module, client, params, service), "tags": request.get("tags") or []})
    diff = {"before": {}, "after": snake({**request, "tags": tag_dict(request.get("tags"))})}
    return {"changed": True, "service": state, "desired_count_owner": "service", "diff": diff}


def count_is_ours(module: AnsibleAWSModule, params: dict[str, Any], service: dict[str, Any]) -> bool:
    """Whether nobody else sets the desired count; only asked where it differs."""
    if params["desired_count"] is None or params["desired_count"] == service.get("desiredCount"):
        return True
    return not api.scalable_targets(module.client("application-autoscaling"), resource_id(service))


def update(module: AnsibleAWSModule, client: Any, params: dict[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    definition = resolve(client, params["task_definition"], module.check_mode)
    ours = count_is_ours(module, params, service)
    difference = compare(params, service, definition, ours)
    if params["force_new_deployment"]:
        difference.add("force_new_deployment", True, False, request={"forceNewDeployment": True})
    request = difference.request
    active_tags = tag_dict(service.get("tags"))
    tags = merged_tags(active_tags, params["tags"], params["purge_tags"])
    to_set, to_remove = tag_changes(active_tags, params["tags"], params["purge_tags"])
    difference.add("tags", tags, active_tags)
    if module.check_mode:
        state = predicted_update(service, request, tags)
    else:
        # Tags first: the tasks of the new deployment get them.
        api.change_tags(client, service["serviceArn"], tag_list(to_set), to_remove)
        if request:
            service = api.update_service(client, cluster=params["cluster"], service=params["name"], **request)
        state = describe({**deployed(module, client, params, service), "tags": tag_list(tags)})
    result: dict[str, Any] = {
        "changed": difference.changed,
        "service": state,
        "desired_count_owner": "service" if ours else "application-autoscaling",
    }
    return {**result, "diff": difference.diff} if difference.changed else result


def ensure_absent(
    module: AnsibleAWSModule, client: Any, params: dict[str, Any], service: dict[str, Any] | None
) -> dict[str, Any]:
    if service is None:
        return {"changed": False, "service": {}}
    cluster, name = params["cluster"], params["name"]
    leaving = service["status"] == "DRAINING"
    if not module.check_mode:
        if not leaving:
            if service.get("desiredCount"):
                api.update_service(client, cluster=cluster, service=name, desiredCount=0)
            api.delete_service(client, cluster, name)
        if params["wait"]:
            wait_until_inactive(client, cluster, name, params["wait_timeout"])
    if leaving:
        return {"changed": False, "service": {}}
    before = {"service_name": name, "task_definition": service.get("taskDefinition", ""), "status": service["status"]}
    return {"changed": True, "service": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("ecs")
    params = options(client, module.params)
    if not params["cluster"]:
        if params["state"] == "present" and not module.check_mode:
            raise AwsError(f"The cluster of the service {params['name']} is empty; create a cluster first and name it")
        service = None
    else:
        service = api.service(client, params["cluster"], params["name"])
    if service is not None and service["status"] == "INACTIVE":
        service = None
    if params["state"] == "absent":
        return ensure_absent(module, client, params, service)
    draining = service is not None and service["status"] == "DRAINING"
    if service is None or draining:
        return create(module, client, params, draining)
    return update(module, client, params, service)


def manage_or_explain(module: AnsibleAWSModule) -> dict[str, Any]:
    try:
        return manage(module)
    except DeploymentFailed as error:
        module.fail_json(msg=str(error), failure=error.failure)
        raise


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("launch_type", "capacity_provider_strategy")],
        required_if=[("state", "present", ["task_definition"])],
        supports_check_mode=True,
    )
    run(module, manage_or_explain)


if __name__ == "__main__":
    main()
