# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the AWS Backup API, private to the collection. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler

Shape = dict[str, Any]


class BackupErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


def _pages(client: Any, operation: str, key: str, **params: Any) -> list[Shape]:
    return [item for page in client.get_paginator(operation).paginate(**params) for item in page.get(key) or []]


@BackupErrorHandler.common_error_handler("list the backup plans")
@AWSRetry.jittered_backoff()
def _plan_id(client: Any, name: str) -> str:
    found = _pages(client, "list_backup_plans", "BackupPlansList")
    return next((item["BackupPlanId"] for item in found if item["BackupPlanName"] == name), "")


@BackupErrorHandler.common_error_handler("read the backup plan {1}")
@AWSRetry.jittered_backoff()
def _read_plan(client: Any, name: str, plan_id: str) -> Shape:
    plan = client.get_backup_plan(BackupPlanId=plan_id)
    selections = [
        {**client.get_backup_selection(BackupPlanId=plan_id, SelectionId=item["SelectionId"])}
        for item in _pages(client, "list_backup_selections", "BackupSelectionsList", BackupPlanId=plan_id)
    ]
    return {**plan, "Selections": selections, "Tags": client.list_tags(ResourceArn=plan["BackupPlanArn"])["Tags"]}


def read_plan(client: Any, name: str) -> Shape | None:
    """A plan by its name, with its selections and tags; None where there is none."""
    plan_id = _plan_id(client, name)
    return _read_plan(client, name, plan_id) if plan_id else None


@BackupErrorHandler.common_error_handler("create the backup plan {1}")
@AWSRetry.jittered_backoff()
def create_plan(client: Any, name: str, plan: Shape, tags: dict[str, str]) -> Shape:
    created: Shape = client.create_backup_plan(BackupPlan=plan, **({"BackupPlanTags": tags} if tags else {}))
    return created


@BackupErrorHandler.common_error_handler("change the backup plan {1}")
@AWSRetry.jittered_backoff()
def update_plan(client: Any, name: str, plan_id: str, plan: Shape) -> None:
    client.update_backup_plan(BackupPlanId=plan_id, BackupPlan=plan)


@BackupErrorHandler.deletion_error_handler("delete the backup plan {1}")
@AWSRetry.jittered_backoff()
def delete_plan(client: Any, name: str, plan_id: str) -> None:
    client.delete_backup_plan(BackupPlanId=plan_id)


@BackupErrorHandler.common_error_handler("create the backup selection {2[SelectionName]}")
@AWSRetry.jittered_backoff()
def create_selection(client: Any, plan_id: str, selection: Shape) -> None:
    client.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)


@BackupErrorHandler.deletion_error_handler("delete the backup selection {2}")
@AWSRetry.jittered_backoff()
def delete_selection(client: Any, plan_id: str, selection_id: str) -> None:
    client.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)


@BackupErrorHandler.common_error_handler("change the tags of {1}")
@AWSRetry.jittered_backoff()
def change_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(ResourceArn=arn, Tags=to_set)
    if to_remove:
        client.untag_resource(ResourceArn=arn, TagKeyList=to_remove)


@BackupErrorHandler.common_error_handler("list the backup vaults")
@AWSRetry.jittered_backoff()
def has_vault(client: Any, name: str) -> bool:
    """Whether there is a vault. Describing one that there is not is refused as a lack of permissions."""
    return any(item["BackupVaultName"] == name for item in _pages(client, "list_backup_vaults", "BackupVaultList"))


@BackupErrorHandler.list_error_handler("list the recovery points of the vault {1}", default_value=[])
@AWSRetry.jittered_backoff()
def recovery_points(client: Any, vault: str) -> list[Shape]:
    return _pages(client, "list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName=vault)


@BackupErrorHandler.deletion_error_handler("delete the recovery point {2}")
@AWSRetry.jittered_backoff()
def delete_recovery_point(client: Any, vault: str, arn: str) -> None:
    client.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn)


def role_is_new(error: AwsError) -> bool:
    """Whether AWS Backup does not know a role, or its permissions, yet (terraform-provider-aws 9297, 12017)."""
    said = str(error)
    unknown = "cannot be assumed by AWS Backup" in said or "is not authorized to call" in said
    return error.code == "InvalidParameterValueException" and unknown
