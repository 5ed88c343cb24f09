#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_plan
version_added: 0.1.0
short_description: Manages an AWS Backup plan together with its selections
description:
  - Creates, changes and deletes a plan of AWS Backup and what it backs up, as one thing.
  - M(amazon.aws.backup_plan) takes every plan with tags for changed in check mode, and rewrites the keys of recovery points' tags.
    M(amazon.aws.backup_selection) fails in check mode where the plan does not exist yet, does not wait until AWS Backup knows a new
    role, and takes resources in another order for a change.
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
    description: The plan's name.
    type: str
    required: true
  state:
    description: Whether it exists. Recovery points stay in their vault.
    type: str
    choices: [present, absent]
    default: present
  rules:
    description: When what is backed up, and how long it is kept. Required with O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The rule's name.
        type: str
        required: true
      vault:
        description: Name of the vault that the recovery points go to.
        type: str
        required: true
      schedule:
        description: When, as an expression of EventBridge in UTC.
        type: str
        default: cron(0 5 ? * * *)
      start_window_minutes:
        description: Minutes in which a job has to begin. At least V(60).
        type: int
        default: 480
      completion_window_minutes:
        description: Minutes in which it has to be through.
        type: int
        default: 10080
      delete_after_days:
        description: Days after which a recovery point is deleted; it is kept for ever where there are none.
        type: int
      cold_storage_after_days:
        description:
          - Days after which it moves to cold storage, of resources that can. It has to stay there for 90 days.
        type: int
      copies:
        description: Other vaults that get a copy, as in another region or account.
        type: list
        elements: dict
        default: []
        suboptions:
          vault_arn:
            description: The vault.
            type: str
            required: true
          delete_after_days:
            description: Days after which the copy is deleted.
            type: int
          cold_storage_after_days:
            description: Days after which it moves to cold storage.
            type: int
  selections:
    description: What is backed up. Selections of the plan that are not here are deleted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The selection's name.
        type: str
        required: true
      iam_role_arn:
        description: The role that AWS Backup takes.
        type: str
        required: true
      resources:
        description: ARNs, with V(*) as a wildcard. AWS Backup backs up a resource that is named here whatever the region's opt-in says.
        type: list
        elements: str
        required: true
      tags:
        description: Tags that those resources must bear, all of them.
        type: dict
        default: {}
  wait_timeout:
    description: For how many seconds to go on where AWS Backup does not know a new role yet.
    type: int
    default: 180
  tags:
    description: The plan's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Back the database up every night
  llmops.langfuse.backup_plan:
    name: langfuse-staging
    rules:
      - name: daily
        vault: langfuse-staging
        schedule: cron(0 3 ? * * *)
        delete_after_days: 35
    selections:
      - name: database
        iam_role_arn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-backup
        resources:
          - arn:aws:rds:eu-central-1:123456789012:cluster:langfuse-staging

- name: Stop backing up
  llmops.langfuse.backup_plan:
    name: langfuse-staging
    state: absent
"""

RETURN = r"""
plan:
  description: The plan as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its id; empty in check mode for a new one.
      type: str
    arn:
      description: Its ARN; empty in check mode for a new one.
      type: str
    rules:
      description: Its rules by name, as C(BackupRule) of the API.
      type: dict
    selections:
      description: Its selections by name, as C(BackupSelection) of the API.
      type: dict
    tags:
      description: Its tags.
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
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._backup import api
from ansible_collections.llmops.langfuse.plugins.module_utils._backup.plan import (
    canonical_rule,
    canonical_selection,
    rule,
    selection,
)

Shape = dict[str, Any]

LIFECYCLE: dict[str, dict[str, Any]] = {
    "delete_after_days": {"type": "int"},
    "cold_storage_after_days": {"type": "int"},
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "rules": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "vault": {"type": "str", "required": True},
            "schedule": {"type": "str", "default": "cron(0 5 ? * * *)"},
            "start_window_minutes": {"type": "int", "default": 480},
            "completion_window_minutes": {"type": "int", "default": 10080},
            **LIFECYCLE,
            "copies": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"vault_arn": {"type": "str", "required": True}, **LIFECYCLE},
            },
        },
    },
    "selections": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "iam_role_arn": {"type": "str", "required": True},
            "resources": {"type": "list", "elements": "str", "required": True},
            "tags": {"type": "dict", "default": {}},
        },
    },
    "wait_timeout": {"type": "int", "default": 180},
    **TAG_OPTIONS,
}


def rules_of(rules: list[Shape]) -> Shape:
    return {item["RuleName"]: canonical_rule(item) for item in rules}


def selections_of(selections: list[Shape]) -> Shape:
    return {item["SelectionName"]: canonical_selection(item) for item in selections}


def describe(found: Shape | None, name: str) -> Shape:
    """A plan as the module returns it; with its form where there is none."""
    plan = found or {"BackupPlan": {}, "Selections": [], "Tags": {}}
    return {
        "name": name,
        "id": plan.get("BackupPlanId", ""),
        "arn": plan.get("BackupPlanArn", ""),
        "rules": rules_of(plan["BackupPlan"].get("Rules") or []),
        "selections": selections_of([item["BackupSelection"] for item in plan["Selections"]]),
        "tags": dict(plan["Tags"]),
    }


def write_selections(module: AnsibleAWSModule, client: Any, plan_id: str, found: Shape | None) -> None:
    """A selection cannot be changed, so that one that differs is made anew."""
    wanted = {item["name"]: selection(item) for item in module.params["selections"]}
    active = {}
    for item in (found or {}).get("Selections") or []:
        name = item["BackupSelection"]["SelectionName"]
        if name in wanted and canonical_selection(item["BackupSelection"]) == canonical_selection(wanted[name]):
            active[name] = item
        else:
            api.delete_selection(client, plan_id, item["SelectionId"])
    for name in [name for name in wanted if name not in active]:
        until_accepted(
            lambda chosen=name: api.create_selection(client, plan_id, wanted[chosen]),  # type: ignore[misc]
            api.role_is_new,
            module.params["wait_timeout"],
            f"AWS Backup to know the role of the selection {name}",
        )


def present(module: AnsibleAWSModule, client: Any, found: Shape | None) -> dict[str, Any]:
    params, name = module.params, module.params["name"]
    before = describe(found, name)
    rules = [rule(item) for item in params["rules"]]
    difference = Difference()
    new_rules = difference.add("rules", rules_of(rules), before["rules"])
    difference.add(
        "selections", selections_of([selection(item) for item in params["selections"]]), before["selections"]
    )
    new_tags = merged_tags(before["tags"], params["tags"], params["purge_tags"])
    difference.add("tags", new_tags, before["tags"])
    if found is not None and not difference.changed:
        return {"changed": False, "plan": before}
    after = difference.apply_to(before)
    if not module.check_mode:
        plan = {"BackupPlanName": name, "Rules": rules}
        if found is None:
            created = api.create_plan(client, name, plan, new_tags)
            after |= {"id": created["BackupPlanId"], "arn": created["BackupPlanArn"]}
        else:
            if new_rules:
                api.update_plan(client, name, before["id"], plan)
            api.change_tags(client, before["arn"], *tag_changes(before["tags"], params["tags"], params["purge_tags"]))
        write_selections(module, client, after["id"], found)
    return {"changed": True, "plan": after, "diff": difference.diff}


def absent(module: AnsibleAWSModule, client: Any, found: Shape | None) -> dict[str, Any]:
    if found is None:
        return {"changed": False, "plan": {}}
    if not module.check_mode:
        for item in found["Selections"]:
            api.delete_selection(client, found["BackupPlanId"], item["SelectionId"])
        api.delete_plan(client, module.params["name"], found["BackupPlanId"])
    return {"changed": True, "plan": {}, "diff": {"before": describe(found, module.params["name"]), "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("backup")
    found = api.read_plan(client, module.params["name"])
    return (present if module.params["state"] == "present" else absent)(module, client, found)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["rules"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
