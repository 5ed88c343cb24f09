#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudmap_namespace
version_added: 0.1.0
short_description: Manages a private DNS namespace of AWS Cloud Map
description:
  - Creates and deletes a private DNS namespace, and changes its description and tags. AWS makes a private Route 53 zone
    for it.
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
    description:
      - The namespace's domain, such as V(langfuse.internal). It is found by this name, so there may be only one in the
        account and region.
    type: str
    required: true
  vpc_id:
    description: The VPC in which the names resolve. Required with O(state=present). AWS cannot change it.
    type: str
  description:
    description: What the namespace is for.
    type: str
  state:
    description: Whether the namespace exists.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: The namespace's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until AWS has done it. Otherwise the id of a new namespace may be missing from the result.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, for each step.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Give services in the VPC names
  llmops.langfuse.cloudmap_namespace:
    name: langfuse.internal
    vpc_id: vpc-0123456789abcdef0

- name: Remove the namespace
  llmops.langfuse.cloudmap_namespace:
    name: langfuse.internal
    state: absent
"""

RETURN = r"""
namespace:
  description: The namespace as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The namespace's id; empty while it is being created.
      type: str
    arn:
      description: The namespace's ARN.
      type: str
    name:
      description: The namespace's domain.
      type: str
    description:
      description: What the namespace is for.
      type: str
    hosted_zone_id:
      description: The private Route 53 zone.
      type: str
    tags:
      description: The namespace's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudmap import api

# AWS says these where the same namespace is being created already.
IN_PROGRESS = ("DuplicateRequest", "NamespaceAlreadyExists", "ConflictingDomainExists")

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str"},
    "description": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    **TAG_OPTIONS,
}


def describe(namespace: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    dns = (namespace.get("Properties") or {}).get("DnsProperties") or {}
    return {
        "id": namespace.get("Id", ""),
        "arn": namespace.get("Arn", ""),
        "name": namespace["Name"],
        "description": namespace.get("Description") or "",
        "hosted_zone_id": dns.get("HostedZoneId") or "",
        "tags": tags,
    }


def find(client: Any, name: str) -> dict[str, Any] | None:
    found = api.namespaces_named(client, name)
    if len(found) > 1:
        raise AwsError(
            f"There are {len(found)} private DNS namespaces named {name} "
            f"({', '.join(namespace['Id'] for namespace in found)}); delete those that are not in use, or use another name"
        )
    return found[0] if found else None


def find_being_created(module: AnsibleAWSModule, client: Any) -> dict[str, Any] | None:
    """The namespace, where an earlier run asked for it and did not wait."""
    operations = api.operations_in_progress(client, "CREATE_NAMESPACE")
    if not operations or not module.params["wait"]:
        return None
    for operation in operations:
        # Whether it failed matters to who asked for it; here only that it is over.
        wait_until(
            lambda operation=operation: (
                None if (api.get_operation(client, operation) or {}).get("Status") in ("SUBMITTED", "PENDING") else True
            ),
            module.params["wait_timeout"],
            describe=f"the Cloud Map operation {operation}",
            delay_start=0.5,
        )
    return find(client, module.params["name"])


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    name, tags = params["name"], merged_tags({}, params["tags"], False)
    request = {"Name": name, "Vpc": params["vpc_id"]}
    if params["description"]:
        request["Description"] = params["description"]
    state = describe(request, tags)
    if not module.check_mode:
        try:
            operation_id = api.create_namespace(client, **request, **({"Tags": tag_list(tags)} if tags else {}))
        except AwsError as error:
            if error.code not in IN_PROGRESS or not api.operations_in_progress(client, "CREATE_NAMESPACE"):
                raise
            return {"changed": False, "namespace": state}
        if params["wait"]:
            api.wait_for_operation(client, operation_id, params["wait_timeout"], f"create the namespace {name}")
        operation = api.get_operation(client, operation_id) or {}
        namespace_id = (operation.get("Targets") or {}).get("NAMESPACE")
        namespace = api.get_namespace(client, namespace_id) if namespace_id else None
        state = describe(namespace, tags) if namespace else {**state, "id": namespace_id or ""}
    return {"changed": True, "namespace": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, namespace: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    before = describe(namespace, tag_dict(api.list_tags(client, namespace["Arn"])))
    to_set, to_remove = tag_changes(before["tags"], params["tags"], params["purge_tags"])
    difference = Difference()
    described_anew = difference.add("description", params["description"], before["description"])
    difference.add("tags", merged_tags(before["tags"], params["tags"], params["purge_tags"]), before["tags"])
    after = difference.apply_to(before)
    if not difference.changed:
        return {"changed": False, "namespace": before}
    if not module.check_mode:
        if described_anew:
            operation_id = api.describe_anew(client, before["id"], params["description"])
            if params["wait"]:
                what = f"change the namespace {before['name']}"
                api.wait_for_operation(client, operation_id, params["wait_timeout"], what)
        api.change_tags(client, before["arn"], tag_list(to_set), to_remove)
    return {"changed": True, "namespace": after, "diff": difference.diff}


def request_deletion(client: Any, namespace: dict[str, Any]) -> str | bool | None:
    """The operation's id, False where the namespace is gone, None where services are only just gone."""
    try:
        return api.delete_namespace(client, namespace["Id"])
    except AwsError as error:
        if error.code != "ResourceInUse":
            raise
        services = [
            service["Name"]
            for service in api.services_of(client, namespace["Id"])
            if (api.get_service(client, service["Id"]) or {}).get("NamespaceId") == namespace["Id"]
        ]
        if services:
            raise AwsError(
                f"The namespace {namespace['Name']} still has the services {', '.join(services)}; delete them first with "
                "llmops.langfuse.cloudmap_service and state absent"
            ) from error
        return None


def delete(module: AnsibleAWSModule, client: Any, namespace: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    if not module.check_mode:
        operation_id = wait_until(
            lambda: request_deletion(client, namespace),
            params["wait_timeout"] if params["wait"] else 0,
            describe=f"the namespace {params['name']} to be free of services",
        )
        if params["wait"] and operation_id:
            what = f"delete the namespace {params['name']}"
            api.wait_for_operation(client, str(operation_id), params["wait_timeout"], what)
    before = describe(namespace, {})
    return {"changed": True, "namespace": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("servicediscovery")
    namespace = find(client, module.params["name"])
    if module.params["state"] == "absent":
        return {"changed": False, "namespace": {}} if namespace is None else delete(module, client, namespace)
    if namespace is None and not module.check_mode:
        namespace = find_being_created(module, client)
    return create(module, client) if namespace is None else update(module, client, namespace)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["vpc_id"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
