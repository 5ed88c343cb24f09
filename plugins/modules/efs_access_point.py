#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: efs_access_point
version_added: 0.1.0
short_description: Manages an EFS access point
description:
  - Creates and deletes an access point of an Amazon EFS file system, and changes its tags.
  - AWS cannot change anything else of an access point. The module fails on such a difference instead of replacing the
    access point, because what mounts it would lose it.
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
  file_system_id:
    description: The file system.
    type: str
    required: true
  name:
    description:
      - The access point's tag C(Name), by which it is found. Where none has it, the one with O(root_directory)'s path is
        taken and named.
    type: str
    required: true
  state:
    description: Whether the access point exists.
    type: str
    choices: [present, absent]
    default: present
  posix_user:
    description: The user and groups as whom everything happens that is done through the access point.
    type: dict
    suboptions:
      uid:
        description: User id.
        type: int
        required: true
      gid:
        description: Group id.
        type: int
        required: true
      secondary_gids:
        description: Further group ids.
        type: list
        elements: int
  root_directory:
    description: The directory that is the access point's root. AWS's default is the file system's root.
    type: dict
    suboptions:
      path:
        description: Its path on the file system.
        type: str
        required: true
      creation_info:
        description: How to make the directory where it does not exist. Without it, it must exist.
        type: dict
        suboptions:
          owner_uid:
            description: Owner.
            type: int
            required: true
          owner_gid:
            description: Owner's group.
            type: int
            required: true
          permissions:
            description: Permissions, as an octal number in quotes.
            type: str
            required: true
  tags:
    description: Further tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags). The tag C(Name) stays.
    type: bool
    default: true
  wait:
    description: Whether to wait until the access point is available, or gone, and before that for the file system.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Give ClickHouse its directory
  llmops.langfuse.efs_access_point:
    file_system_id: fs-0123456789abcdef0
    name: langfuse-clickhouse
    posix_user:
      uid: 101
      gid: 101
    root_directory:
      path: /clickhouse
      creation_info:
        owner_uid: 101
        owner_gid: 101
        permissions: "0750"

- name: Remove the access point; the directory stays
  llmops.langfuse.efs_access_point:
    file_system_id: fs-0123456789abcdef0
    name: langfuse-clickhouse
    state: absent
"""

RETURN = r"""
access_point:
  description: The access point as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    access_point_id:
      description: The access point's id.
      type: str
    arn:
      description: The access point's ARN.
      type: str
    file_system_id:
      description: The file system.
      type: str
    name:
      description: The tag C(Name).
      type: str
    state:
      description: V(creating), V(available), V(updating), V(deleting) or V(error).
      type: str
    posix_user:
      description: Keys C(uid), C(gid) and C(secondary_gids); empty for the client's own user.
      type: dict
    root_directory:
      description: Keys C(path) and C(creation_info) with C(owner_uid), C(owner_gid), C(permissions).
      type: dict
    tags:
      description: The access point's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_for_state, wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._efs import api
from ansible_collections.llmops.langfuse.plugins.module_utils._efs.access_point import (
    AVAILABLE,
    GONE,
    create_request,
    describe,
    find,
    predicted,
    refuse_immutable,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "file_system_id": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "posix_user": {
        "type": "dict",
        "options": {
            "uid": {"type": "int", "required": True},
            "gid": {"type": "int", "required": True},
            "secondary_gids": {"type": "list", "elements": "int"},
        },
    },
    "root_directory": {
        "type": "dict",
        "options": {
            "path": {"type": "str", "required": True},
            "creation_info": {
                "type": "dict",
                "options": {
                    "owner_uid": {"type": "int", "required": True},
                    "owner_gid": {"type": "int", "required": True},
                    "permissions": {"type": "str", "required": True},
                },
            },
        },
    },
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    **TAG_OPTIONS,
}


def wanted_tags(params: dict[str, Any]) -> dict[str, Any]:
    return {**(params["tags"] or {}), "Name": params["name"]}


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    tags = merged_tags({}, wanted_tags(params), False)
    state = predicted(params, tags)
    if not module.check_mode:
        request = create_request(params, tag_list(tags))
        wait, timeout = params["wait"], params["wait_timeout"]
        if wait:
            # A file system that was created a moment ago takes no access point yet.
            point = wait_until(
                lambda: api.create(client, **request, when_ready=True),
                timeout,
                describe=f"the file system {params['file_system_id']} to become available",
            )
        else:
            point = api.create(client, **request)
        if wait and point["LifeCycleState"] != "available":
            point = wait_for_state(
                lambda: api.describe(client, point["AccessPointId"]),
                AVAILABLE,
                timeout,
                what=f"the access point {point['AccessPointId']}",
                key="LifeCycleState",
            )
        state = describe(point)
    return {"changed": True, "access_point": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, point: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    before = describe(point)
    refuse_immutable(params, before)
    purge = params["purge_tags"] and params["tags"] is not None
    to_set, to_remove = tag_changes(before["tags"], wanted_tags(params), purge)
    difference = Difference()
    difference.add("tags", merged_tags(before["tags"], wanted_tags(params), purge), before["tags"])
    after = {**difference.apply_to(before), "name": params["name"]}
    if not difference.changed:
        return {"changed": False, "access_point": before}
    if not module.check_mode:
        if to_set:
            api.add_tags(client, before["access_point_id"], tag_list(to_set))
        if to_remove:
            api.remove_tags(client, before["access_point_id"], to_remove)
    return {"changed": True, "access_point": after, "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, point: dict[str, Any]) -> dict[str, Any]:
    params, point_id = module.params, point["AccessPointId"]
    leaving = point["LifeCycleState"] == "deleting"
    if not module.check_mode:
        if not leaving:
            api.delete(client, point_id)
        if params["wait"]:
            wait_for_state(
                lambda: api.describe(client, point_id),
                GONE,
                params["wait_timeout"],
                what=f"the access point {point_id}",
                key="LifeCycleState",
            )
    result: dict[str, Any] = {"changed": not leaving, "access_point": {}}
    return result if leaving else {**result, "diff": {"before": describe(point), "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    client = module.client("efs")
    path = (params["root_directory"] or {}).get("path", "")
    point = find(api.list_of_file_system(client, params["file_system_id"]) or [], params["name"], path)
    if params["state"] == "absent":
        return {"changed": False, "access_point": {}} if point is None else delete(module, client, point)
    if point is None or point["LifeCycleState"] == "deleting":
        return create(module, client)
    return update(module, client, point)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
