#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: application_autoscaling_target
version_added: 0.1.0
short_description: Manages a scalable target of Application Auto Scaling with its target tracking policies
description:
  - Registers a resource, as an ECS service, as a scalable target, changes its limits, its policies and its tags, and deregisters it.
  - The policies belong to the target. The alarms that carry a policy are made, changed and deleted by AWS; leave them alone.
  - Scaling that somebody has suspended stays suspended.
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
  resource_id:
    description: The resource, for an ECS service C(service/<cluster>/<service>). It must exist.
    type: str
    required: true
  service_namespace:
    description: The AWS service that the resource belongs to.
    type: str
    default: ecs
  scalable_dimension:
    description: What of the resource is scaled.
    type: str
    default: ecs:service:DesiredCount
  state:
    description: Whether the target is registered. With V(absent) its policies go with it, and the resource keeps its capacity.
    type: str
    choices: [present, absent]
    default: present
  min_capacity:
    description: The least capacity. AWS raises a lower one at once. Required for a new target.
    type: int
  max_capacity:
    description: The most capacity. AWS lowers a higher one at once. Required for a new target.
    type: int
  policies:
    description: The target tracking policies. Each can add capacity; capacity is taken away when all of them agree.
    type: list
    elements: dict
    suboptions:
      name:
        description: The policy's name.
        type: str
        required: true
      configuration:
        description:
          - C(TargetTrackingScalingPolicyConfiguration) of the API, with the API's own names. What is left out of a policy that
            exists stays as it is.
        type: dict
        required: true
  purge_policies:
    description: Whether to delete policies of the target that are not in O(policies), where that is given.
    type: bool
    default: true
  tags:
    description: The target's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Keep the CPU of the web servers at 50 percent with two to six of them
  llmops.langfuse.application_autoscaling_target:
    resource_id: service/langfuse/web
    min_capacity: 2
    max_capacity: 6
    policies:
      - name: langfuse-web-cpu
        configuration:
          TargetValue: 50
          PredefinedMetricSpecification:
            PredefinedMetricType: ECSServiceAverageCPUUtilization

- name: Keep 1000 jobs waiting for each worker at most
  llmops.langfuse.application_autoscaling_target:
    resource_id: service/langfuse/worker
    min_capacity: 1
    max_capacity: 10
    policies:
      - name: langfuse-worker-backlog
        configuration:
          TargetValue: 1000
          CustomizedMetricSpecification:
            Metrics:
              - Id: waiting
                MetricStat:
                  Metric:
                    Namespace: Langfuse
                    MetricName: langfuse.queue.ingestion.depth.shard_all.type_waiting
                  Stat: Maximum
                ReturnData: false
              - Id: tasks
                MetricStat:
                  Metric:
                    Namespace: AWS/ECS
                    MetricName: CPUUtilization
                    Dimensions:
                      - {Name: ClusterName, Value: langfuse}
                      - {Name: ServiceName, Value: worker}
                  Stat: SampleCount
                ReturnData: false
              - Id: backlog
                Expression: waiting / tasks

- name: Leave the number of workers to ECS again
  llmops.langfuse.application_autoscaling_target:
    resource_id: service/langfuse/worker
    state: absent
"""

RETURN = r"""
scalable_target:
  description: The target as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    scalable_target_arn:
      description: The target's ARN.
      type: str
    service_namespace:
      description: The AWS service that the resource belongs to.
      type: str
    resource_id:
      description: The resource.
      type: str
    scalable_dimension:
      description: What of the resource is scaled.
      type: str
    min_capacity:
      description: The least capacity.
      type: int
    max_capacity:
      description: The most capacity.
      type: int
    policies:
      description: The policies, by name.
      type: list
      elements: dict
      contains:
        name:
          description: The policy's name.
          type: str
        configuration:
          description: Its configuration, with the API's own names; empty for one that does not track a target.
          type: dict
        alarms:
          description: The names of the alarms that AWS made for it.
          type: list
          elements: str
    tags:
      description: The target's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._autoscaling import api
from ansible_collections.llmops.langfuse.plugins.module_utils._autoscaling.target import (
    CONFIGURATION,
    TARGET_TRACKING,
    changed_policies,
    compare,
    configurations,
    describe,
    identity,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "resource_id": {"type": "str", "required": True},
    "service_namespace": {"type": "str", "default": "ecs"},
    "scalable_dimension": {"type": "str", "default": "ecs:service:DesiredCount"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "min_capacity": {"type": "int"},
    "max_capacity": {"type": "int"},
    "policies": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "configuration": {"type": "dict", "required": True},
        },
    },
    "purge_policies": {"type": "bool", "default": True},
    **TAG_OPTIONS,
}


def wanted_policies(client: Any, policies: list[dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
    """The option policies as {name: configuration}, fitted to the API."""
    if policies is None:
        return None
    shape = client.meta.service_model.operation_model("PutScalingPolicy").input_shape.members[CONFIGURATION]
    return {
        policy["name"]: fit(shape, policy["configuration"], f"configuration of the policy {policy['name']}")
        for policy in policies
    }


def apply_policies(client: Any, names: dict[str, str], to_put: dict[str, dict[str, Any]], to_delete: list[str]) -> None:
    for name in to_delete:
        api.delete_policy(client, PolicyName=name, **names)
    for name, configuration in to_put.items():
        request = {"PolicyName": name, "PolicyType": TARGET_TRACKING, CONFIGURATION: configuration, **names}
        until_accepted(
            lambda request=request: api.put_policy(client, **request),  # type: ignore[misc]
            api.target_is_new,
            api.CONSISTENCY,
            f"AWS to know the scalable target {names['ResourceId']}",
        )


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    names, wanted = identity(params), wanted_policies(client, params["policies"]) or {}
    missing = [option for option in ("min_capacity", "max_capacity") if params[option] is None]
    if missing:
        raise AwsError(f"{params['resource_id']} is not a scalable target yet; give {' and '.join(missing)}")
    tags = merged_tags({}, params["tags"], False)
    limits = {"MinCapacity": params["min_capacity"], "MaxCapacity": params["max_capacity"]}
    state = describe({**names, **limits}, [], tags, wanted)
    if not module.check_mode:
        api.register(client, **names, **limits, **({"Tags": tags} if tags else {}))
        apply_policies(client, names, wanted, [])
        state = current(client, params, tags)
    return {"changed": True, "scalable_target": state, "diff": {"before": {}, "after": state}}


def current(client: Any, params: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """The target as AWS shows it after a change."""
    names = identity(params)
    target = api.target(client, *names.values()) or names
    return describe(target, api.policies(client, *names.values()), tags)


def update(module: AnsibleAWSModule, client: Any, target: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    names, wanted = identity(params), wanted_policies(client, params["policies"])
    policies = api.policies(client, *names.values())
    active, arn = configurations(policies), target.get("ScalableTargetARN", "")
    difference = compare(params, target, wanted, active)
    active_tags = api.tags(client, arn)
    tags = merged_tags(active_tags, params["tags"], params["purge_tags"])
    to_set, to_remove = tag_changes(active_tags, params["tags"], params["purge_tags"])
    limits = difference.request
    difference.add("tags", tags, active_tags)
    if not difference.changed:
        return {"changed": False, "scalable_target": describe(target, policies, active_tags)}
    if module.check_mode:
        after = difference.after.get("policies", active)
        state = describe({**target, **limits}, policies, tags, after)
        return {"changed": True, "scalable_target": state, "diff": difference.diff}
    if limits:
        api.register(client, **names, **limits)
    apply_policies(client, names, *changed_policies(wanted, active, params["purge_policies"]))
    if to_set:
        api.add_tags(client, arn, to_set)
    if to_remove:
        api.remove_tags(client, arn, to_remove)
    return {"changed": True, "scalable_target": current(client, params, tags), "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, target: dict[str, Any]) -> dict[str, Any]:
    before = {key: target.get(name) for key, name in (("min_capacity", "MinCapacity"), ("max_capacity", "MaxCapacity"))}
    if not module.check_mode:
        api.deregister(client, **identity(module.params))
    return {"changed": True, "scalable_target": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("application-autoscaling")
    target = api.target(client, *identity(module.params).values())
    if module.params["state"] == "absent":
        return {"changed": False, "scalable_target": {}} if target is None else delete(module, client, target)
    return create(module, client) if target is None else update(module, client, target)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
