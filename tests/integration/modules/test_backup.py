# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

PLAN, POINTS = "backup_plan", "backup_recovery_points"
DATABASE = "arn:aws:rds:us-east-1:123456789012:cluster:x"
FILES = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0123456789abcdef0"
VOLUMES = "arn:aws:ec2:us-east-1:123456789012:volume/*"


@pytest.fixture
def name(server: Any) -> str:
    """The name of a vault that no other test uses: the account is shared."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    server.client("backup").create_backup_vault(BackupVaultName=name)
    return name


@pytest.fixture
def role(server: Any, name: str) -> str:
    """A role that was made a moment ago."""
    iam = server.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    )
    return str(arn)


def wanted(name: str, role: str, **rule: Any) -> dict[str, Any]:
    return {
        "name": name,
        "rules": [{"name": "daily", "vault": name, "schedule": "cron(0 3 ? * * *)", "delete_after_days": 35, **rule}],
        "selections": [{"name": "database", "iam_role_arn": role, "resources": [DATABASE]}],
        "tags": {"langfuse:environment": name, "CostCenter": "42"},
    }


def selections(server: Any, plan_id: str) -> dict[str, Any]:
    backup = server.client("backup")
    found = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    return {
        item["SelectionName"]: backup.get_backup_selection(BackupPlanId=plan_id, SelectionId=item["SelectionId"])
        for item in found
    }


def test_a_plan_comes_changes_and_goes(server: Any, name: str, role: str) -> None:
    created = server.cycle(PLAN, wanted(name, role))["plan"]
    assert created["rules"]["daily"]["Lifecycle"] == {"DeleteAfterDays": 35}
    kept = selections(server, created["id"])["database"]["SelectionId"]
    backup = server.client("backup")
    assert backup.list_tags(ResourceArn=created["arn"])["Tags"]["CostCenter"] == "42"

    changes = wanted(name, role, delete_after_days=120, cold_storage_after_days=30)
    changes["rules"][0]["copies"] = [
        {"vault_arn": f"arn:aws:backup:eu-west-1:123456789012:backup-vault:{name}", "delete_after_days": 7}
    ]
    changes["selections"].append({"name": "volumes", "iam_role_arn": role, "resources": [VOLUMES], "tags": {"a": "1"}})
    changes["tags"] = {"team": "llmops"}
    changed = server.cycle(PLAN, changes)
    assert set(changed["diff"]["after"]) == {"rules", "selections", "tags"}
    found = selections(server, created["id"])
    assert found["database"]["SelectionId"] == kept, "what is the same is not made anew"
    assert found["volumes"]["BackupSelection"]["Conditions"]["StringEquals"] == [
        {"ConditionKey": "aws:ResourceTag/a", "ConditionValue": "1"}
    ]
    rule = backup.get_backup_plan(BackupPlanId=created["id"])["BackupPlan"]["Rules"][0]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 120, "MoveToColdStorageAfterDays": 30}
    assert rule["CopyActions"][0]["Lifecycle"] == {"DeleteAfterDays": 7}

    changes["selections"] = [{"name": "database", "iam_role_arn": role, "resources": [FILES, DATABASE]}]
    server.cycle(PLAN, changes)
    found = selections(server, created["id"])
    assert set(found) == {"database"}
    # Their order means nothing.
    changes["selections"][0]["resources"].reverse()
    assert server.run(PLAN, changes)["changed"] is False
    assert server.cycle(PLAN, {"name": name, "state": "absent"})["plan"] == {}


def test_days_that_contradict_each_other(server: Any, name: str, role: str) -> None:
    with pytest.raises(ModuleFailed, match="set delete_after_days to 120 or more"):
        server.run(PLAN, wanted(name, role, delete_after_days=100, cold_storage_after_days=30))


def test_a_role_that_never_becomes_known(server: Any, name: str) -> None:
    lost = wanted(name, "arn:aws:iam::123456789012:role/nobody-made-it")
    with pytest.raises(ModuleFailed, match="cannot be assumed by AWS Backup"):
        server.run(PLAN, lost | {"wait_timeout": 1})


def test_recovery_points_are_deleted_and_waited_for(server: Any, name: str) -> None:
    backup = server.client("backup")
    arns = [
        backup.start_backup_job(BackupVaultName=name, ResourceArn=DATABASE, IamRoleArn="arn:aws:iam::1:role/x")
        for _ in range(2)
    ]
    deadline = time.monotonic() + 30
    while any(
        point["Status"] != "COMPLETED"
        for point in backup.list_recovery_points_by_backup_vault(BackupVaultName=name)["RecoveryPoints"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    deleted = server.cycle(POINTS, {"vault": name, "state": "absent"})["deleted"]
    assert sorted(deleted) == sorted(item["RecoveryPointArn"] for item in arns)
    backup.delete_backup_vault(BackupVaultName=name)


def test_a_vault_that_there_is_not_has_no_recovery_points(server: Any) -> None:
    assert server.run(POINTS, {"vault": "nobody-made-it", "state": "absent"})["changed"] is False


class Refusing:
    """A vault whose recovery points expire instead of being deleted."""

    status = "COMPLETED"

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "list_backup_vaults": {"BackupVaultList": [{"BackupVaultName": "x"}]},
            "list_recovery_points_by_backup_vault": {
                "RecoveryPoints": [
                    {"RecoveryPointArn": "arn:point", "Status": self.status, "StatusMessage": "Access denied"}
                ]
            },
        }

        class Paginator:
            def paginate(self, **_params: Any) -> list[dict[str, Any]]:
                return [pages[operation]]

        return Paginator()

    def delete_recovery_point(self, **_params: Any) -> None:
        self.status = "EXPIRED"


def test_a_recovery_point_that_cannot_be_deleted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
    from module_runner import run_module

    fake = Refusing()
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service: fake)
    with pytest.raises(
        ModuleFailed, match="could not delete the recovery point arn:point of the vault x: Access denied"
    ):
        run_module(POINTS, {"vault": "x", "state": "absent", "region": "us-east-1"})
