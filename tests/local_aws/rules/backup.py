# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS Backup refuses and moto takes.

Source: the API reference of each operation and shape.
"""

from __future__ import annotations

import re
from typing import Any

from ..ecs import policy
from . import Call, Refusal, rule

# CreateBackupVault.BackupVaultName
VAULT = re.compile(r"[a-zA-Z0-9_-]{2,50}")
# BackupRuleInput.StartWindowMinutes: "at least 60 minutes"
START_WINDOW = 60
# Lifecycle: "Backups transitioned to cold storage must be stored in cold storage for a minimum of 90 days."
COLD_DAYS = 90


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


@rule("backup", "CreateBackupVault")
def vault_names(call: Call) -> None:
    if not VAULT.fullmatch(call.params["BackupVaultName"]):
        raise invalid("Invalid Backup Vault name.")


@rule("backup", "CreateBackupPlan")
@rule("backup", "UpdateBackupPlan")
def windows_and_lifecycles(call: Call) -> None:
    for item in call.params["BackupPlan"].get("Rules") or []:
        start, end = item.get("StartWindowMinutes", 480), item.get("CompletionWindowMinutes", 10080)
        if start < START_WINDOW:
            raise invalid(f"Invalid rule. Start window must be at least {START_WINDOW} minutes.")
        if end < start + 60:
            raise invalid("Invalid rule. Completion window must be at least 60 minutes greater than the start window.")
        _lifecycle(item)
        for copy in item.get("CopyActions") or []:
            _lifecycle(copy)


def _lifecycle(shape: dict[str, Any]) -> None:
    days = shape.get("Lifecycle") or {}
    cold, last = days.get("MoveToColdStorageAfterDays"), days.get("DeleteAfterDays")
    if cold and last and last < cold + COLD_DAYS:
        raise invalid(
            "Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays"
        )


@rule("backup", "CreateBackupPlan")
@rule("backup", "UpdateBackupPlan")
def vaults_of_rules_exist(call: Call) -> None:
    from moto.backup.models import backup_backends

    known = backup_backends[call.account_id][call.region].vaults
    for item in call.params["BackupPlan"].get("Rules") or []:
        if item["TargetBackupVaultName"] not in known:
            raise invalid(f"Backup vault {item['TargetBackupVaultName']} does not exist")


@rule("backup", "CreateBackupSelection")
def roles_can_be_assumed(call: Call) -> None:
    # terraform-provider-aws 9297
    arn = call.params["BackupSelection"]["IamRoleArn"]
    role = policy.role_of(arn)
    trusted = role is not None and "backup.amazonaws.com" in str(role.assume_role_policy_document)
    if role is None or not trusted or not policy.visible(role):
        raise invalid(f"IAM Role {arn} cannot be assumed by AWS Backup")
    # terraform-provider-aws 12017
    if not role.managed_policies and not role.policies:
        raise invalid(f"IAM Role {arn} is not authorized to call tag:GetResources")


@rule("backup", "CreateBackupSelection")
def something_is_selected(call: Call) -> None:
    chosen = call.params["BackupSelection"]
    if not chosen.get("Resources") and not chosen.get("ListOfTags"):
        raise invalid("Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty.")
