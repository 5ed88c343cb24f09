# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup plans as the API takes them, and in the form in which two can be compared; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.errors import AwsError

Shape = dict[str, Any]

# API Lifecycle: what went to cold storage stays there for so many days at least.
COLD_DAYS = 90


def lifecycle(where: str, delete_after_days: int | None, cold_storage_after_days: int | None) -> Shape:
    """:raises AwsError: where the days contradict each other."""
    made: Shape = {}
    if cold_storage_after_days:
        made["MoveToColdStorageAfterDays"] = cold_storage_after_days
    if delete_after_days:
        made["DeleteAfterDays"] = delete_after_days
    if len(made) == 2 and delete_after_days < cold_storage_after_days + COLD_DAYS:  # type: ignore[operator]
        raise AwsError(
            f"{where} deletes after {delete_after_days} days what went to cold storage after {cold_storage_after_days}, and it has "
            f"to stay there for {COLD_DAYS}; set delete_after_days to {cold_storage_after_days + COLD_DAYS} or more"  # type: ignore[operator]
        )
    return made


def _with_lifecycle(made: Shape, where: str, given: Shape) -> Shape:
    days = lifecycle(where, given.get("delete_after_days"), given.get("cold_storage_after_days"))
    return {**made, **({"Lifecycle": days} if days else {})}


def rule(given: Shape) -> Shape:
    """A rule as BackupRuleInput."""
    where = f"The rule {given['name']}"
    made: Shape = {
        "RuleName": given["name"],
        "TargetBackupVaultName": given["vault"],
        "ScheduleExpression": given["schedule"],
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": given["start_window_minutes"],
        "CompletionWindowMinutes": given["completion_window_minutes"],
    }
    copies = [
        _with_lifecycle({"DestinationBackupVaultArn": copy["vault_arn"]}, where, copy)
        for copy in given.get("copies") or []
    ]
    return _with_lifecycle({**made, **({"CopyActions": copies} if copies else {})}, where, given)


def selection(given: Shape) -> Shape:
    """A selection as BackupSelection. With tags, only those of its resources that bear all of them."""
    made: Shape = {
        "SelectionName": given["name"],
        "IamRoleArn": given["iam_role_arn"],
        "Resources": sorted(given["resources"]),
    }
    if given.get("tags"):
        made["Conditions"] = {
            "StringEquals": [
                {"ConditionKey": f"aws:ResourceTag/{key}", "ConditionValue": str(value)}
                for key, value in sorted(given["tags"].items())
            ]
        }
    return made


def canonical_rule(found: Shape) -> Shape:
    """A rule without its id and what AWS adds."""
    keys = ("RuleName", "TargetBackupVaultName", "ScheduleExpression", "StartWindowMinutes", "CompletionWindowMinutes")
    kept = {key: found.get(key) for key in keys}
    kept["ScheduleExpressionTimezone"] = found.get("ScheduleExpressionTimezone") or "Etc/UTC"
    kept["Lifecycle"] = _canonical_lifecycle(found)
    kept["CopyActions"] = sorted(
        (
            {"DestinationBackupVaultArn": copy["DestinationBackupVaultArn"], "Lifecycle": _canonical_lifecycle(copy)}
            for copy in found.get("CopyActions") or []
        ),
        key=lambda copy: copy["DestinationBackupVaultArn"],
    )
    kept["EnableContinuousBackup"] = bool(found.get("EnableContinuousBackup"))
    return kept


def _canonical_lifecycle(found: Shape) -> Shape:
    days = found.get("Lifecycle") or {}
    return {key: days[key] for key in ("MoveToColdStorageAfterDays", "DeleteAfterDays") if days.get(key)}


def canonical_selection(found: Shape) -> Shape:
    """A selection in one order, without what is empty."""
    conditions = found.get("Conditions") or {}
    return {
        "SelectionName": found["SelectionName"],
        "IamRoleArn": found["IamRoleArn"],
        "Resources": sorted(found.get("Resources") or []),
        "NotResources": sorted(found.get("NotResources") or []),
        "ListOfTags": found.get("ListOfTags") or [],
        "Conditions": {
            kind: sorted(items, key=lambda item: (item["ConditionKey"], item["ConditionValue"]))
            for kind, items in sorted(conditions.items())
            if items
        },
    }
