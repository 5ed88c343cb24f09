# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file system is and where it differs from the wanted one; pure functions, private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError
from .._aws.module import tag_dict
from .._aws.waiters import ABSENT, Target

AVAILABLE = Target("available", done=("available",), failed=("error", "deleting", "deleted"))
GONE = Target("deleted", done=(ABSENT, "deleted"), failed=("error",))
BACKED_UP = ("ENABLED", "ENABLING")


@dataclass
class MountTarget:
    """A file system's address in one subnet."""

    subnet_id: str
    security_group_ids: list[str]
    mount_target_id: str = ""
    state: str = ""
    availability_zone: str = ""
    ip_address: str = ""


@dataclass
class Targets:
    """What has to be done for the mount targets to be as wanted."""

    to_create: list[MountTarget] = field(default_factory=list)
    to_change: list[MountTarget] = field(default_factory=list)
    to_delete: list[MountTarget] = field(default_factory=list)


def mount_target(target: dict[str, Any], groups: list[str]) -> MountTarget:
    return MountTarget(
        subnet_id=target["SubnetId"],
        security_group_ids=sorted(groups),
        mount_target_id=target["MountTargetId"],
        state=target.get("LifeCycleState", ""),
        availability_zone=target.get("AvailabilityZoneName", ""),
        ip_address=target.get("IpAddress", ""),
    )


def describe(system: dict[str, Any], backup: bool, targets: list[MountTarget]) -> dict[str, Any]:
    """A file system with the module's names."""
    tags = tag_dict(system.get("Tags"))
    mode = system.get("ThroughputMode") or "bursting"
    return {
        "file_system_id": system.get("FileSystemId", ""),
        "arn": system.get("FileSystemArn", ""),
        "name": system["CreationToken"],
        "state": system.get("LifeCycleState", ""),
        "encrypted": bool(system.get("Encrypted")),
        "kms_key_id": system.get("KmsKeyId") or "",
        "throughput_mode": mode,
        "provisioned_throughput_mibps": system.get("ProvisionedThroughputInMibps") if mode == "provisioned" else None,
        "backup": backup,
        "mount_targets": [
            {
                "mount_target_id": target.mount_target_id,
                "subnet_id": target.subnet_id,
                "security_group_ids": target.security_group_ids,
                "state": target.state,
                "availability_zone": target.availability_zone,
                "ip_address": target.ip_address,
            }
            for target in sorted(targets, key=lambda item: item.subnet_id)
        ],
        "tags": tags,
    }


def create_request(params: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """The parameters of CreateFileSystem."""
    request = {
        "CreationToken": params["name"],
        "Encrypted": params["encrypted"],
        "KmsKeyId": params["kms_key_id"],
        "ThroughputMode": params["throughput_mode"] or "elastic",
        "ProvisionedThroughputInMibps": params["provisioned_throughput_mibps"],
        "Backup": params["backup"],
        "Tags": tags,
    }
    return {key: value for key, value in request.items() if value not in (None, "")}


def refuse_immutable(params: dict[str, Any], active: dict[str, Any]) -> None:
    """Fails where something differs that AWS fixes when a file system is created."""
    differing = []
    if params["encrypted"] != active["encrypted"]:
        differing.append(f"encrypted {active['encrypted']}, not {params['encrypted']}")
    key = params["kms_key_id"]
    # A key can be given by its id or ARN; an alias cannot be compared.
    if key and ":alias/" not in key and not key.startswith("alias/"):
        active_key = active["kms_key_id"]
        if key.rsplit("/", 1)[-1] != active_key.rsplit("/", 1)[-1]:
            differing.append(f"kms_key_id {active_key or 'none'}, not {key}")
    if differing:
        raise AwsError(
            f"The file system {active['file_system_id']} ({active['name']}) has {' and '.join(differing)}, and AWS cannot "
            "change that; keep it as it is, or move the data to a new file system"
        )


def compare(params: dict[str, Any], active: dict[str, Any]) -> Difference:
    """What UpdateFileSystem and PutBackupPolicy have to change."""
    difference = Difference()
    mode, rate = params["throughput_mode"], params["provisioned_throughput_mibps"]
    rate_request = {"ProvisionedThroughputInMibps": rate} if rate and mode == "provisioned" else {}
    difference.add("throughput_mode", mode, active["throughput_mode"], request={"ThroughputMode": mode, **rate_request})
    if mode == "provisioned":
        difference.add(
            "provisioned_throughput_mibps",
            rate,
            active["provisioned_throughput_mibps"],
            request={"ThroughputMode": mode, **rate_request},
        )
    difference.add("backup", params["backup"], active["backup"])
    return difference


def plan_targets(params: dict[str, Any], active: list[MountTarget]) -> Targets:
    """Mount targets that are not named go: a file system has one for each zone, and the new one may be in theirs."""
    if params["subnet_ids"] is None:
        return Targets()
    plan = Targets()
    here = {target.subnet_id: target for target in active if target.state not in ("deleting", "deleted")}
    groups = params["security_group_ids"]
    for subnet_id in params["subnet_ids"]:
        target = here.pop(subnet_id, None)
        if target is None:
            plan.to_create.append(MountTarget(subnet_id, sorted(groups or [])))
        elif groups and sorted(groups) != target.security_group_ids:
            plan.to_change.append(target)
    plan.to_delete = list(here.values())
    return plan


def shown(targets: list[MountTarget]) -> dict[str, list[str]]:
    """Mount targets for --diff: each subnet with its security groups."""
    return {target.subnet_id: target.security_group_ids for target in sorted(targets, key=lambda item: item.subnet_id)}


def planned(params: dict[str, Any], active: list[MountTarget], plan: Targets) -> list[MountTarget]:
    """The mount targets as they will be."""
    groups = sorted(params["security_group_ids"] or [])
    kept = [target for target in active if target not in plan.to_delete and target.state not in ("deleting", "deleted")]
    changed = [
        MountTarget(**{**vars(target), "security_group_ids": groups}) if target in plan.to_change else target
        for target in kept
    ]
    return changed + plan.to_create
