#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_parameter_group
version_added: 0.1.0
short_description: Manages an ElastiCache parameter group
description:
  - Creates, changes and deletes a cache parameter group of Amazon ElastiCache, of any family.
  - Only the parameters that are named are compared and set.
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
    description: The group's name, in lower case.
    type: str
    required: true
  state:
    description: Whether the group exists.
    type: str
    choices: [present, absent]
    default: present
  family:
    description:
      - The family of engine versions, such as V(valkey8). Required with O(state=present).
      - AWS cannot change it.
    type: str
  description:
    description: What the group is for. AWS cannot change it, so a difference is left. A new group's default is its name.
    type: str
  parameters:
    description:
      - The parameters to set, by name. V(true) and V(false) are written as C(yes) and C(no), as ElastiCache does.
    type: dict
  purge_parameters:
    description: Whether to take parameters that are not in O(parameters) back to the family's default.
    type: bool
    default: false
  wait:
    description: >-
      Whether to go on trying to delete a group that AWS says is in use; a replication group holds it for a moment after its end.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to try.
    type: int
    default: 60
  tags:
    description: The group's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Never evict the jobs of a queue
  llmops.langfuse.elasticache_parameter_group:
    name: langfuse-valkey8
    family: valkey8
    parameters:
      maxmemory-policy: noeviction

- name: Remove the group
  llmops.langfuse.elasticache_parameter_group:
    name: langfuse-valkey8
    state: absent
"""

RETURN = r"""
parameter_group:
  description: The group as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: The group's name.
      type: str
    arn:
      description: The group's ARN.
      type: str
    family:
      description: The family of engine versions.
      type: str
    description:
      description: What the group is for.
      type: str
    parameters:
      description: The parameters that are not at the family's default, and those that were asked for.
      type: dict
    tags:
      description: The group's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache import api
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache.parameter_group import (
    batches,
    compare,
    parameter_value,
    refuse_unknown,
    set_by_user,
    values_of,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "family": {"type": "str"},
    "description": {"type": "str"},
    "parameters": {"type": "dict"},
    "purge_parameters": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 60},
    **TAG_OPTIONS,
}


def describe(
    group: dict[str, Any], parameters: list[dict[str, Any]], wanted: dict[str, Any], tags: dict[str, str]
) -> dict[str, Any]:
    values = values_of(parameters)
    asked = {name: values[name] for name in wanted if name in values}
    return {
        "name": group["CacheParameterGroupName"],
        "arn": group.get("ARN", ""),
        "family": group.get("CacheParameterGroupFamily", ""),
        "description": group.get("Description", ""),
        "parameters": {**set_by_user(parameters), **asked},
        "tags": tags,
    }


def write_parameters(client: Any, name: str, wanted: dict[str, str], to_reset: list[str]) -> None:
    for batch in batches(sorted(wanted)):
        values = [{"ParameterName": key, "ParameterValue": wanted[key]} for key in batch]
        api.modify_parameters(client, name, values)
    for batch in batches(to_reset):
        values = [{"ParameterName": key, "ParameterValue": ""} for key in batch]
        api.reset_parameters(client, name, values)


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    name, wanted = params["name"], params["parameters"] or {}
    tags = merged_tags({}, params["tags"], False)
    request = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": params["family"],
        "Description": params["description"] or name,
    }
    state = {
        **describe(request, [], {}, tags),
        "parameters": {key: parameter_value(value) for key, value in wanted.items()},
    }
    if not module.check_mode:
        group = api.create_parameter_group(client, **request, **({"Tags": tag_list(tags)} if tags else {}))
        parameters = api.describe_parameters(client, name)
        refuse_unknown(name, wanted, parameters)
        difference, _to_reset = compare(wanted, parameters, False)
        write_parameters(client, name, difference.after, [])
        state["arn"] = group.get("ARN", "")
    return {"changed": True, "parameter_group": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, group: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    name, wanted = params["name"], params["parameters"] or {}
    family = group["CacheParameterGroupFamily"]
    if params["family"] != family:
        raise AwsError(
            f"The cache parameter group {name} has the family {family} and AWS cannot change it to {params['family']}; "
            "give another name, or delete the group first"
        )
    parameters = api.describe_parameters(client, name)
    refuse_unknown(name, wanted, parameters)
    difference, to_reset = compare(wanted, parameters, params["purge_parameters"])
    to_write, resetting = difference.after, set_by_user(parameters)
    for key in to_reset:
        difference.add(key, "", resetting[key])
    tags = tag_dict(api.list_tags(client, group["ARN"]))
    to_set, to_remove = tag_changes(tags, params["tags"], params["purge_tags"])
    new_tags = merged_tags(tags, params["tags"], params["purge_tags"])
    difference.add("tags", new_tags, tags)
    before = describe(group, parameters, wanted, tags)
    if not difference.changed:
        return {"changed": False, "parameter_group": before}
    values = {key: value for key, value in {**before["parameters"], **to_write}.items() if key not in to_reset}
    after = {**before, "parameters": values, "tags": new_tags}
    if not module.check_mode:
        write_parameters(client, name, to_write, to_reset)
        if to_set:
            api.add_tags(client, group["ARN"], tag_list(to_set))
        if to_remove:
            api.remove_tags(client, group["ARN"], to_remove)
    return {"changed": True, "parameter_group": after, "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, group: dict[str, Any]) -> dict[str, Any]:
    name = module.params["name"]
    if not module.check_mode:
        until_accepted(
            lambda: api.delete_parameter_group(client, name),
            lambda error: error.code == "InvalidCacheParameterGroupState",
            module.params["wait_timeout"] if module.params["wait"] else 0,
            f"the caches that the parameter group {name} had to let it go",
        )
    before = describe(group, [], {}, {})
    return {"changed": True, "parameter_group": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("elasticache")
    group = api.describe_parameter_group(client, module.params["name"])
    if module.params["state"] == "present":
        return create(module, client) if group is None else update(module, client, group)
    return {"changed": False, "parameter_group": {}} if group is None else delete(module, client, group)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["family"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
