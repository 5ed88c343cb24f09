# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Backup: what there is beside moto, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .server_support import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
POLICY = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"


def role(server: Server) -> str:
    iam, name = server.client("iam"), server.name()
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=POLICY)
    return str(arn)


def plan(vault: str, **change: Any) -> dict[str, Any]:
    rule = {"RuleName": "daily", "TargetBackupVaultName": vault, "ScheduleExpression": "cron(0 3 ? * * *)"} | change
    return {"BackupPlanName": vault, "Rules": [rule]}


def accepted(call: Any) -> bool:
    try:
        call()
    except Exception as error:
        assert "cannot be assumed" in str(error), error
        return False
    return True


def test_plans_and_selections(server: Server) -> None:
    backup, vault = server.client("backup"), server.name()
    backup.create_backup_vault(BackupVaultName=vault)
    plan_id = backup.create_backup_plan(BackupPlan=plan(vault))["BackupPlanId"]
    backup.update_backup_plan(BackupPlanId=plan_id, BackupPlan=plan(vault, Lifecycle={"DeleteAfterDays": 7}))
    found = backup.get_backup_plan(BackupPlanId=plan_id)["BackupPlan"]["Rules"][0]
    assert found["Lifecycle"]["DeleteAfterDays"] == 7

    chosen = {"SelectionName": "x", "IamRoleArn": role(server), "Resources": ["arn:aws:rds:eu-central-1:1:cluster:x"]}
    with server.refuses("InvalidParameterValueException", "cannot be assumed by AWS Backup"):
        backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=chosen)
    server.wait(lambda: accepted(lambda: backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=chosen)))
    listed = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    selection_id = listed[0]["SelectionId"]
    got = backup.get_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)["BackupSelection"]
    assert (got["Resources"], got["ListOfTags"]) == (chosen["Resources"], [])
    with server.refuses("InvalidRequestException", "selections must be deleted"):
        backup.delete_backup_plan(BackupPlanId=plan_id)
    backup.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)
    backup.delete_backup_plan(BackupPlanId=plan_id)
    backup.create_backup_plan(BackupPlan=plan(vault))


def test_only_empty_vaults_go(server: Server) -> None:
    backup, vault = server.client("backup"), server.name()
    with server.refuses("AccessDeniedException"):
        backup.describe_backup_vault(BackupVaultName=vault)
    backup.create_backup_vault(BackupVaultName=vault)
    arn = backup.start_backup_job(
        BackupVaultName=vault, ResourceArn="arn:aws:rds:eu-central-1:1:cluster:x", IamRoleArn="arn:aws:iam::1:role/x"
    )["RecoveryPointArn"]

    def points() -> list[Any]:
        return list(backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"])

    assert points()[0]["Status"] == "CREATING"
    with server.refuses("InvalidResourceStateException"):
        backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn)
    server.wait(lambda: points()[0]["Status"] == "COMPLETED")
    assert backup.describe_backup_vault(BackupVaultName=vault)["NumberOfRecoveryPoints"] == 1
    with server.refuses("InvalidRequestException"):
        backup.delete_backup_vault(BackupVaultName=vault)
    backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn)
    assert points()[0]["Status"] == "DELETING"
    server.wait(lambda: not points())
    backup.delete_backup_vault(BackupVaultName=vault)


@pytest.mark.parametrize(
    "change",
    [
        {"StartWindowMinutes": 30},
        {"StartWindowMinutes": 120, "CompletionWindowMinutes": 120},
        {"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 100}},
        {"TargetBackupVaultName": "a-vault-that-nobody-made"},
    ],
)
def test_rules_of_plans(server: Server, change: dict[str, Any]) -> None:
    backup, vault = server.client("backup"), server.name()
    backup.create_backup_vault(BackupVaultName=vault)
    with server.refuses("InvalidParameterValueException"):
        backup.create_backup_plan(BackupPlan=plan(vault, **change))


def test_vault_names(server: Server) -> None:
    with server.refuses("InvalidParameterValueException"):
        server.client("backup").create_backup_vault(BackupVaultName="x" * 51)
