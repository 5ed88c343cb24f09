#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: efs_file_system
version_added: 0.1.0
short_description: Manages an EFS file system with its mount targets
description:
  - Creates and deletes an Amazon EFS file system, and changes its throughput, backup policy, mount targets and tags.
  - Unlike M(community.aws.efs) it knows elastic throughput and the backup policy, waits for mount targets, and supports check
    mode.
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
    description: The file system's creation token, by which it is found, and its tag C(Name).
    type: str
    required: true
  state:
    description:
      - Whether the file system exists. With V(absent) everything on it is lost.
    type: str
    choices: [present, absent]
    default: present
  encrypted:
    description: Whether the data are encrypted. AWS cannot change it.
    type: bool
    default: true
  kms_key_id:
    description: Id, ARN or alias of the KMS key; empty for AWS's own. AWS cannot change it.
    type: str
  throughput_mode:
    description: How throughput is given. A new file system's default is V(elastic).
    type: str
    choices: [bursting, elastic, provisioned]
  provisioned_throughput_mibps:
    description: MiB per second with O(throughput_mode=provisioned).
    type: float
  backup:
    description: Whether AWS Backup makes its automatic daily backups.
    type: bool
  subnet_ids:
    description:
      - Where the file system is reachable, one subnet in each availability zone. Mount targets in other subnets are removed.
    type: list
    elements: str
  security_group_ids:
    description: The mount targets' security groups. A new one's default is that of its VPC.
    type: list
    elements: str
  tags:
    description: Further tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags). The tag C(Name) stays.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the file system and its mount targets are available, or gone. Mount targets are only created
        and removed once the file system is available, which takes seconds and is waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Create a file system that is reachable in two zones
  llmops.langfuse.efs_file_system:
    name: langfuse-clickhouse
    throughput_mode: elastic
    backup: true
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_group_ids: [sg-0123456789abcdef0]
    tags:
      team: platform

- name: Remove it with everything on it
  llmops.langfuse.efs_file_system:
    name: langfuse-clickhouse
    state: absent
"""

RETURN = r"""
file_system:
  description: The file system as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    file_system_id:
      description: The file system's id.
      type: str
    arn:
      description: The file system's ARN.
      type: str
    name:
      description: Its creation token.
      type: str
    state:
      description: V(creating), V(available), V(updating), V(deleting) or V(error).
      type: str
    encrypted:
      description: Whether the data are encrypted.
      type: bool
    kms_key_id:
      description: ARN of the KMS key.
      type: str
    throughput_mode:
      description: How throughput is given.
      type: str
    provisioned_throughput_mibps:
      description: MiB per second where throughput is provisioned.
      type: float
    backup:
      description: Whether AWS Backup makes its automatic daily backups.
      type: bool
    mount_targets:
      description: Where it is reachable.
      type: list
      elements: dict
      contains:
        mount_target_id:
          description: The mount target's id.
          type: str
        subnet_id:
          description: Its subnet.
          type: str
        security_group_ids:
          description: Its security groups.
          type: list
          elements: str
        state:
          description: Its state.
          type: str
        availability_zone:
          description: Its availability zone.
          type: str
        ip_address:
          description: Its address.
          type: str
    tags:
      description: The file system's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_for_state, wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._efs import file_system_api as api
from ansible_collections.llmops.langfuse.plugins.module_utils._efs.file_system import (
    AVAILABLE,
    BACKED_UP,
    GONE,
    MountTarget,
    Targets,
    compare,
    create_request,
    describe,
    mount_target,
    plan_targets,
    planned,
    refuse_immutable,
    shown,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "encrypted": {"type": "bool", "default": True},
    "kms_key_id": {"type": "str"},
    "throughput_mode": {"type": "str", "choices": ["bursting", "elastic", "provisioned"]},
    "provisioned_throughput_mibps": {"type": "float"},
    "backup": {"type": "bool"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    **TAG_OPTIONS,
}


class FileSystem:
    """A file system that exists, as AWS shows it."""

    def __init__(self, client: Any, params: dict[str, Any], system: dict[str, Any]) -> None:
        self.client, self.params, self.system = client, params, system
        self.id: str = system["FileSystemId"]
        self.targets: list[MountTarget] = []
        self.backup = False

    def read(self) -> dict[str, Any]:
        """The whole of it, with the module's names."""
        self.system = api.by_id(self.client, self.id) or self.system
        self.targets = [
            mount_target(target, api.mount_target_groups(self.client, target["MountTargetId"]))
            for target in api.mount_targets(self.client, self.id)
        ]
        self.backup = api.backup_status(self.client, self.id) in BACKED_UP
        return describe(self.system, self.backup, self.targets)

    def wait_until_available(self) -> None:
        wait_for_state(
            lambda: api.by_id(self.client, self.id),
            AVAILABLE,
            self.params["wait_timeout"],
            what=f"the file system {self.id}",
            key="LifeCycleState",
        )

    def wait_for_targets(self) -> None:
        def poll() -> bool | None:
            states = {target["LifeCycleState"] for target in api.mount_targets(self.client, self.id)}
            return True if states <= {"available"} else None

        what = f"the mount targets of the file system {self.id} to become available"
        wait_until(poll, self.params["wait_timeout"], describe=what)

    def delete_targets(self, targets: list[MountTarget]) -> None:
        """Deletes mount targets and waits, because a new one of their zone, or the file system's end, needs that."""
        ids = {target.mount_target_id for target in targets}
        for target_id in sorted(ids):
            api.delete_mount_target(self.client, target_id)

        def poll() -> bool | None:
            left = {target["MountTargetId"] for target in api.mount_targets(self.client, self.id)}
            return None if left & ids else True

        if ids:
            what = f"the mount targets {', '.join(sorted(ids))} of the file system {self.id} to be deleted"
            wait_until(poll, self.params["wait_timeout"], describe=what)

    def apply_targets(self, plan: Targets) -> None:
        groups = self.params["security_group_ids"]
        self.delete_targets(plan.to_delete)
        for target in plan.to_change:
            api.set_mount_target_groups(self.client, target.mount_target_id, groups)
        if plan.to_create:
            self.wait_until_available()
        for target in plan.to_create:
            chosen = {"SecurityGroups": groups} if groups else {}
            api.create_mount_target(self.client, FileSystemId=self.id, SubnetId=target.subnet_id, **chosen)

    def finish(self) -> dict[str, Any]:
        if self.params["wait"]:
            self.wait_until_available()
            self.wait_for_targets()
        return self.read()


def wanted_tags(params: dict[str, Any]) -> dict[str, Any]:
    return {**(params["tags"] or {}), "Name": params["name"]}


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    request = create_request(params, tag_list(merged_tags({}, wanted_tags(params), False)))
    plan = plan_targets(params, [])
    predicted = describe({**request, "LifeCycleState": "creating"}, bool(params["backup"]), plan.to_create)
    state = predicted
    if not module.check_mode:
        system = FileSystem(client, params, api.create(client, **request))
        system.apply_targets(plan)
        state = system.finish()
    return {"changed": True, "file_system": state, "diff": {"before": {}, "after": predicted}}


def update(module: AnsibleAWSModule, system: FileSystem) -> dict[str, Any]:
    params, client = module.params, system.client
    before = system.read()
    refuse_immutable(params, before)
    difference = compare(params, before)
    request, backup_differs = difference.request, "backup" in difference.names
    plan = plan_targets(params, system.targets)
    after_targets = planned(params, system.targets, plan)
    difference.add("mount_targets", shown(after_targets), shown([t for t in system.targets if t.state != "deleting"]))
    purge = params["purge_tags"] and params["tags"] is not None
    tags = merged_tags(before["tags"], wanted_tags(params), purge)
    to_set, to_remove = tag_changes(before["tags"], wanted_tags(params), purge)
    difference.add("tags", tags, before["tags"])
    if module.check_mode:
        changes = {key: value for key, value in difference.after.items() if key != "mount_targets"}
        targets = describe(system.system, False, after_targets)["mount_targets"]
        state = {**before, **changes, "mount_targets": targets}
    else:
        if request:
            api.update(client, system.id, request)
        if backup_differs:
            api.set_backup(client, system.id, "ENABLED" if params["backup"] else "DISABLED")
        if to_set:
            api.add_tags(client, system.id, tag_list(to_set))
        if to_remove:
            api.remove_tags(client, system.id, to_remove)
        system.apply_targets(plan)
        ready = {before["state"], *(target["state"] for target in before["mount_targets"])} <= {"available"}
        state = before if ready and not difference.changed else system.finish()
    result: dict[str, Any] = {"changed": difference.changed, "file_system": state}
    return {**result, "diff": difference.diff} if difference.changed else result


def delete(module: AnsibleAWSModule, system: FileSystem) -> dict[str, Any]:
    before = system.read()
    leaving = before["state"] == "deleting"
    if not module.check_mode:
        if not leaving:
            system.delete_targets(system.targets)
            api.delete(system.client, system.id)
        if module.params["wait"]:
            wait_for_state(
                lambda: api.by_id(system.client, system.id),
                GONE,
                module.params["wait_timeout"],
                what=f"the file system {system.id}",
                key="LifeCycleState",
            )
    result: dict[str, Any] = {"changed": not leaving, "file_system": {}}
    return result if leaving else {**result, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("efs")
    found = api.by_token(client, params["name"])
    if found is not None and found["LifeCycleState"] == "deleted":
        found = None
    if params["state"] == "absent":
        absent: dict[str, Any] = {"changed": False, "file_system": {}}
        return absent if found is None else delete(module, FileSystem(client, params, found))
    if found is not None and found["LifeCycleState"] == "deleting":
        # Its creation token is taken until it is gone.
        if not module.check_mode:
            wait_for_state(
                lambda: api.by_id(client, found["FileSystemId"]),
                GONE,
                params["wait_timeout"],
                what=f"the earlier file system {found['FileSystemId']}",
                key="LifeCycleState",
            )
        found = None
    return create(module, client) if found is None else update(module, FileSystem(client, params, found))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("throughput_mode", "provisioned", ["provisioned_throughput_mibps"])],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
