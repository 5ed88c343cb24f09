#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudmap_service
version_added: 0.1.0
short_description: Manages a service of AWS Cloud Map
description:
  - Creates and deletes a DNS service in a namespace of AWS Cloud Map, and changes its records, description and tags.
  - An ECS service registers its tasks there, which makes them resolve as the service's name in the namespace.
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
    description: The service's name, the first label of the DNS name.
    type: str
    required: true
  namespace_id:
    description: The namespace's id.
    type: str
    required: true
  state:
    description: Whether the service exists.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: What the service is for.
    type: str
  dns_records:
    description:
      - The records that each instance gets. A new service's default is an A record with a TTL of 10 seconds.
    type: list
    elements: dict
    suboptions:
      type:
        description: The records' type.
        type: str
        choices: [A, AAAA, SRV, CNAME]
        default: A
      ttl:
        description: For how many seconds clients may keep an answer.
        type: int
        default: 10
  routing_policy:
    description:
      - Whether an answer has up to eight instances or one. A new service's default is V(MULTIVALUE). AWS cannot change
        it.
    type: str
    choices: [MULTIVALUE, WEIGHTED]
  health_check_custom:
    description:
      - Whether who registers an instance also says whether it is healthy, as ECS does. AWS cannot change it.
    type: bool
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
      - Whether to wait until AWS has done it. With O(state=absent) that includes the instances, which ECS deregisters
        some time after its service is gone.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Let tasks resolve as clickhouse.langfuse.internal
  llmops.langfuse.cloudmap_service:
    name: clickhouse
    namespace_id: ns-0123456789abcdef
    dns_records:
      - type: A
        ttl: 10
    health_check_custom: true

- name: Remove the service
  llmops.langfuse.cloudmap_service:
    name: clickhouse
    namespace_id: ns-0123456789abcdef
    state: absent
"""

RETURN = r"""
service:
  description: The service as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The service's id.
      type: str
    arn:
      description: The service's ARN, which an ECS service takes as its registry.
      type: str
    name:
      description: The service's name.
      type: str
    namespace_id:
      description: The namespace's id.
      type: str
    description:
      description: What the service is for.
      type: str
    dns_records:
      description: The records that each instance gets, with C(type) and C(ttl).
      type: list
      elements: dict
    routing_policy:
      description: V(MULTIVALUE) or V(WEIGHTED).
      type: str
    health_check_custom:
      description: Whether who registers an instance also says whether it is healthy.
      type: bool
    instance_count:
      description: How many instances are registered.
      type: int
    tags:
      description: The service's tags.
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
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudmap import api
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudmap.service import (
    compare,
    create_request,
    describe,
    refuse_immutable,
    update_request,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace_id": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "description": {"type": "str"},
    "dns_records": {
        "type": "list",
        "elements": "dict",
        "options": {
            "type": {"type": "str", "choices": ["A", "AAAA", "SRV", "CNAME"], "default": "A"},
            "ttl": {"type": "int", "default": 10},
        },
    },
    "routing_policy": {"type": "str", "choices": ["MULTIVALUE", "WEIGHTED"]},
    "health_check_custom": {"type": "bool"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    **TAG_OPTIONS,
}


def find(client: Any, namespace_id: str, name: str) -> dict[str, Any] | None:
    """The service in whole; a list shows services without their namespace."""
    for summary in api.services_of(client, namespace_id):
        if summary["Name"] == name:
            service = api.get_service(client, summary["Id"])
            if service and service.get("NamespaceId") == namespace_id:
                # Only the list counts the instances.
                return {**service, "InstanceCount": summary.get("InstanceCount", service.get("InstanceCount"))}
    return None


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = {**module.params, "dns_records": module.params["dns_records"] or [{"type": "A", "ttl": 10}]}
    tags = merged_tags({}, params["tags"], False)
    request = create_request(params)
    state = describe(request, tags)
    if not module.check_mode:
        service = api.create_service(client, **request, **({"Tags": tag_list(tags)} if tags else {}))
        state = describe(service, tags)
    return {"changed": True, "service": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, service: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    before = describe(service, tag_dict(api.list_tags(client, service["Arn"])))
    refuse_immutable(params, before)
    difference = compare(params, before)
    change = update_request(difference, before) if difference.changed else None
    to_set, to_remove = tag_changes(before["tags"], params["tags"], params["purge_tags"])
    difference.add("tags", merged_tags(before["tags"], params["tags"], params["purge_tags"]), before["tags"])
    if not difference.changed:
        return {"changed": False, "service": before}
    if not module.check_mode:
        if change:
            operation_id = api.update_service(client, before["id"], change)
            if params["wait"]:
                what = f"change the service {before['name']}"
                api.wait_for_operation(client, operation_id, params["wait_timeout"], what)
        api.change_tags(client, before["arn"], tag_list(to_set), to_remove)
    return {"changed": True, "service": difference.apply_to(before), "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, service: dict[str, Any]) -> dict[str, Any]:
    params, service_id = module.params, service["Id"]

    def request_deletion() -> bool | None:
        try:
            api.delete_service(client, service_id)
        except AwsError as error:
            if error.code != "ResourceInUse":
                raise
            return None
        return True

    def still_registered() -> str:
        ids = ", ".join(instance["Id"] for instance in api.instances_of(client, service_id)) or "unknown"
        return (
            f"the service {params['name']} to lose its instances ({ids}), which the ECS service that registered them "
            "removes when it is deleted"
        )

    if not module.check_mode:
        timeout = params["wait_timeout"] if params["wait"] else 0
        wait_until(request_deletion, timeout, describe=still_registered)
    before = describe(service, {})
    return {"changed": True, "service": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    client = module.client("servicediscovery")
    service = find(client, params["namespace_id"], params["name"])
    if params["state"] == "present":
        return create(module, client) if service is None else update(module, client, service)
    return {"changed": False, "service": {}} if service is None else delete(module, client, service)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
