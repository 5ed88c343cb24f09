# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Backup: selections, plans that change and go, and recovery points that take time to come and go."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.backup.models import backup_backends

from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

Key = tuple[str, str]


class Backup(Addition):
    """AWS Backup's additions."""

    service = "backup"

    def __init__(self, context: Context) -> None:
        # of a plan: selections by id
        self._selections: dict[str, dict[str, Shape]] = {}
        # of a vault in a region: recovery points by ARN
        self._points: dict[Key, dict[str, Shape]] = {}
        super().__init__(context)

    def reset(self) -> None:
        self._selections.clear()
        self._points.clear()

    @staticmethod
    def _backend(call: Call) -> Any:
        return backup_backends[call.account_id][call.region]

    def _plan(self, call: Call) -> Any:
        plan = self._backend(call).plans.get(call.params["BackupPlanId"])
        if plan is None:
            raise Refusal("ResourceNotFoundException", "Failed reading Backup plan with provided version")
        return plan

    def _points_of(self, call: Call) -> dict[str, Shape]:
        """The recovery points of a vault; one that there is not is refused as if it were forbidden (aws-sdk-js 2625)."""
        name = call.params["BackupVaultName"]
        if name not in self._backend(call).vaults:
            raise Refusal("AccessDeniedException", "Insufficient privileges to perform this action.", 403)
        return self._points.setdefault((call.region, name), {})

    # --- vaults ---

    @operation("DescribeBackupVault")
    def describe_vault(self, call: Call, forward: Forward) -> Shape:
        points = self._points_of(call)
        return {**forward(), "NumberOfRecoveryPoints": len(points)}

    @operation("ListBackupVaults")
    def list_vaults(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        for vault in answer["BackupVaultList"]:
            vault["NumberOfRecoveryPoints"] = len(self._points.get((call.region, vault["BackupVaultName"]), {}))
        return answer

    @operation("DeleteBackupVault")
    def delete_vault(self, call: Call, forward: Forward) -> Shape:
        """API DeleteBackupVault: a vault can be deleted only if it is empty."""
        if self._points_of(call):
            raise Refusal(
                "InvalidRequestException", "Backup vault cannot be deleted because it contains recovery points."
            )
        return forward()

    # --- plans ---

    @operation("UpdateBackupPlan")
    def update_plan(self, call: Call, _forward: Forward) -> Shape:
        plan = self._plan(call)
        fresh = type(plan)(call.params["BackupPlan"], plan.creator_request_id, self._backend(call))
        plan.backup_plan, plan.version_id = fresh.backup_plan, fresh.version_id
        return dict(plan.to_dict())

    @operation("DeleteBackupPlan")
    def delete_plan(self, call: Call, forward: Forward) -> Shape:
        """API DeleteBackupPlan: only after its selections. moto keeps the name taken."""
        plan_id = call.params["BackupPlanId"]
        if self._selections.get(plan_id):
            raise Refusal(
                "InvalidRequestException",
                "Related backup plan selections must be deleted prior to backup plan deletion",
            )
        answer = forward()
        self._backend(call).plans.pop(plan_id, None)
        return answer

    # --- selections ---

    @operation("CreateBackupSelection")
    def create_selection(self, call: Call, _forward: Forward) -> Shape:
        self._plan(call)
        plan_id, wanted = call.params["BackupPlanId"], call.params["BackupSelection"]
        known = self._selections.setdefault(plan_id, {})
        if any(item["SelectionName"] == wanted["SelectionName"] for item in known.values()):
            raise Refusal("AlreadyExistsException", "Backup selection with the same name already exists")
        selection_id = str(uuid.uuid4())
        empty: Shape = {"Resources": [], "ListOfTags": [], "NotResources": []}
        kinds = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
        conditions = {kind: [] for kind in kinds} | (wanted.get("Conditions") or {})
        known[selection_id] = {**empty, **wanted, "Conditions": conditions}
        return {"SelectionId": selection_id, "BackupPlanId": plan_id, "CreationDate": now()}

    @operation("ListBackupSelections")
    def list_selections(self, call: Call, _forward: Forward) -> Shape:
        self._plan(call)
        plan_id = call.params["BackupPlanId"]
        return {
            "BackupSelectionsList": [
                {
                    "SelectionId": selection_id,
                    "SelectionName": item["SelectionName"],
                    "BackupPlanId": plan_id,
                    "IamRoleArn": item["IamRoleArn"],
                }
                for selection_id, item in self._selections.get(plan_id, {}).items()
            ]
        }

    @operation("GetBackupSelection")
    def get_selection(self, call: Call, _forward: Forward) -> Shape:
        plan_id, selection_id = call.params["BackupPlanId"], call.params["SelectionId"]
        found = self._selections.get(plan_id, {}).get(selection_id)
        if found is None:
            raise Refusal("ResourceNotFoundException", "Cannot find Backup selection")
        return {"BackupSelection": found, "SelectionId": selection_id, "BackupPlanId": plan_id}

    @operation("DeleteBackupSelection")
    def delete_selection(self, call: Call, _forward: Forward) -> Shape:
        self._selections.get(call.params["BackupPlanId"], {}).pop(call.params["SelectionId"], None)
        return {}

    # --- recovery points ---

    @operation("StartBackupJob")
    def start_job(self, call: Call, _forward: Forward) -> Shape:
        points = self._points_of(call)
        point_id = str(uuid.uuid4())
        arn = f"arn:aws:backup:{call.region}:{call.account_id}:recovery-point:{point_id}"
        points[arn] = {
            "RecoveryPointArn": arn,
            "BackupVaultName": call.params["BackupVaultName"],
            "ResourceArn": call.params["ResourceArn"],
            "IamRoleArn": call.params["IamRoleArn"],
            "CreationDate": now(),
            "Status": "CREATING",
        }
        self.lifecycle.begin(arn, "recovery_point.create", "CREATING", lambda: points[arn].update(Status="COMPLETED"))
        return {"BackupJobId": str(uuid.uuid4()), "RecoveryPointArn": arn, "CreationDate": now()}

    @operation("ListRecoveryPointsByBackupVault")
    def list_points(self, call: Call, _forward: Forward) -> Shape:
        return {"RecoveryPoints": list(self._points_of(call).values())}

    @operation("DeleteRecoveryPoint")
    def delete_point(self, call: Call, _forward: Forward) -> Shape:
        points, arn = self._points_of(call), call.params["RecoveryPointArn"]
        if arn not in points:
            raise Refusal("ResourceNotFoundException", "Cannot find recovery point.")
        if points[arn]["Status"] == "CREATING":
            raise Refusal("InvalidResourceStateException", "The recovery point is still being created.")
        points[arn]["Status"] = "DELETING"
        self.lifecycle.begin(arn, "recovery_point.delete", "DELETING", lambda: points.pop(arn, None))
        return {}


def now() -> datetime:
    return datetime.now(UTC)


def install(context: Context) -> None:
    Backup(context)
