#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_recovery_points
version_added: 0.1.0
short_description: Deletes all recovery points of an AWS Backup vault
description:
  - Deletes the backups that are in a vault of AWS Backup, because only an empty vault can be deleted.
  - There is no way back.
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
  vault:
    description: The vault. One that does not exist has no recovery points.
    type: str
    required: true
  state:
    description: V(absent) deletes them all.
    type: str
    choices: [absent]
    required: true
  wait:
    description: Whether to wait until they are gone; AWS takes its time.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Delete all backups of an environment
  llmops.langfuse.backup_recovery_points:
    vault: langfuse-staging
    state: absent
"""

RETURN = r"""
deleted:
  description: ARNs of the recovery points that were, or would be, deleted.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._backup import api

# A recovery point that AWS could not delete, for lack of permissions, ends there (API DeleteRecoveryPoint).
EXPIRED = "EXPIRED"
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "vault": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["absent"], "required": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
}


def wait_until_gone(client: Any, vault: str, expired: set[str], timeout: float) -> None:
    """:param expired: recovery points that were in that state before."""
    left: list[dict[str, Any]] = []

    def poll() -> bool | None:
        left[:] = api.recovery_points(client, vault)
        refused = [
            point for point in left if point.get("Status") == EXPIRED and point["RecoveryPointArn"] not in expired
        ]
        if refused:
            said = refused[0].get("StatusMessage") or "it has expired instead"
            raise AwsError(
                f"AWS could not delete the recovery point {refused[0]['RecoveryPointArn']} of the vault {vault}: {said}; give the "
                "role that made it, and these credentials, the permissions that AWS Backup's guide names for manual deletions"
            )
        return None if left else True

    wait_until(poll, timeout, describe=lambda: f"{len(left)} recovery points of the vault {vault} to be deleted")


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client, vault = module.client("backup"), module.params["vault"]
    points = api.recovery_points(client, vault) if api.has_vault(client, vault) else []
    to_delete = [point["RecoveryPointArn"] for point in points if point.get("Status") != "DELETING"]
    if not module.check_mode:
        for arn in to_delete:
            api.delete_recovery_point(client, vault, arn)
        if points and module.params["wait"]:
            expired = {point["RecoveryPointArn"] for point in points if point.get("Status") == EXPIRED}
            wait_until_gone(client, vault, expired, module.params["wait_timeout"])
    result: dict[str, Any] = {"changed": bool(to_delete), "deleted": to_delete}
    if to_delete:
        result["diff"] = {"before": {"recovery_points": to_delete}, "after": {"recovery_points": []}}
    return result


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
