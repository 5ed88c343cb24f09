# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a replication group is, and what a change of it takes; pure functions, private to the collection."""

from __future__ import annotations

import re
from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError
from .._aws.waiters import ABSENT, Target

# AWS never returns the token. The first remembers from which version of the secret it is; where a newer token was added and
# the one of the first tag is still accepted, the second remembers from which version the newer one is.
TOKEN_VERSION_TAG = "langfuse:auth-token-version"  # noqa: S105
TOKEN_ROTATING_TAG = "langfuse:auth-token-rotating"  # noqa: S105
OWN_TAGS = (TOKEN_VERSION_TAG, TOKEN_ROTATING_TAG)

AVAILABLE = Target("available", done=("available",), failed=("create-failed", "deleting", ABSENT))
# A group that was just asked for may not be known at once.
CREATED = Target("available", done=("available",), failed=("create-failed", "deleting"))
GONE = Target("deleted", done=(ABSENT,))

# Options that AWS takes at creation only, and what to do about a difference.
IMMUTABLE = ("subnet_group_name", "port", "transit_encryption", "at_rest_encryption", "kms_key_id")

# Option -> parameter of ModifyReplicationGroup. CreateReplicationGroup has the same names, but for the three below.
MODIFIABLE = {
    "description": "ReplicationGroupDescription",
    "node_type": "CacheNodeType",
    "parameter_group_name": "CacheParameterGroupName",
    "security_group_ids": "SecurityGroupIds",
    "automatic_failover": "AutomaticFailoverEnabled",
    "multi_az": "MultiAZEnabled",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "snapshot_window": "SnapshotWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
}
CREATE_ONLY = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "num_cache_clusters": "NumCacheClusters",
    "subnet_group_name": "CacheSubnetGroupName",
    "port": "Port",
    "transit_encryption": "TransitEncryptionEnabled",
    "at_rest_encryption": "AtRestEncryptionEnabled",
    "kms_key_id": "KmsKeyId",
}
WINDOWS = ("snapshot_window", "maintenance_window")


def version_parts(version: str) -> tuple[int, ...]:
    """The numbers at a version's beginning: 8.0.1 is (8, 0, 1), 7.x is (7,)."""
    parts: list[int] = []
    for part in version.split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def compare_versions(wanted: str, active: str) -> int:
    """0 where the active version is the wanted one as far as that is given, 1 where wanted is newer, -1 where older."""
    new, old = version_parts(wanted), version_parts(active)
    old = old[: len(new)]
    return (new > old) - (new < old)


def _flag(status: Any) -> bool:
    """AWS says enabled, enabling, disabled or disabling."""
    return str(status).lower().startswith("enabl")


def _endpoint(endpoint: dict[str, Any] | None) -> dict[str, Any]:
    return {"address": endpoint["Address"], "port": endpoint["Port"]} if endpoint else {}


def describe(group: dict[str, Any], node: dict[str, Any] | None, tags: dict[str, str]) -> dict[str, Any]:
    """A replication group with the module's names. What AWS tells of its nodes only is None until there is one."""
    node_groups = group.get("NodeGroups") or [{}]
    endpoint = _endpoint(group.get("ConfigurationEndpoint") or node_groups[0].get("PrimaryEndpoint"))
    details = node or {}
    pending = details.get("PendingModifiedValues") or {}
    security_groups = details.get("SecurityGroups")
    return {
        "replication_group_id": group["ReplicationGroupId"],
        "arn": group.get("ARN", ""),
        "status": group.get("Status", ""),
        "description": group.get("Description", ""),
        "engine": group.get("Engine") or details.get("Engine"),
        "engine_version": pending.get("EngineVersion") or details.get("EngineVersion"),
        "node_type": pending.get("CacheNodeType") or group.get("CacheNodeType") or details.get("CacheNodeType"),
        "num_cache_clusters": len(group.get("MemberClusters") or []),
        "member_clusters": sorted(group.get("MemberClusters") or []),
        "parameter_group_name": (details.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
        "subnet_group_name": details.get("CacheSubnetGroupName"),
        "security_group_ids": (
            None if security_groups is None else sorted(entry["SecurityGroupId"] for entry in security_groups)
        ),
        "port": endpoint.get("port"),
        "endpoint": endpoint,
        "reader_endpoint": _endpoint(node_groups[0].get("ReaderEndpoint")),
        "transit_encryption": bool(group.get("TransitEncryptionEnabled")),
        "at_rest_encryption": bool(group.get("AtRestEncryptionEnabled")),
        "kms_key_id": group.get("KmsKeyId") or "",
        "auth_token_enabled": bool(group.get("AuthTokenEnabled")),
        "auth_token_rotating": TOKEN_ROTATING_TAG in tags,
        "automatic_failover": _flag(
            (group.get("PendingModifiedValues") or {}).get("AutomaticFailoverStatus") or group.get("AutomaticFailover")
        ),
        "multi_az": _flag(group.get("MultiAZ")),
        "snapshot_retention_limit": int(group.get("SnapshotRetentionLimit") or 0),
        "snapshot_window": group.get("SnapshotWindow") or "",
        "maintenance_window": details.get("PreferredMaintenanceWindow"),
        "auto_minor_version_upgrade": group.get("AutoMinorVersionUpgrade"),
        "tags": tags,
    }


def same_key(wanted: str, active: str) -> bool:
    """Whether a KMS key's id or ARN is the active one. An alias cannot be told from what AWS returns."""
    return wanted == active or wanted.startswith("alias/") or ":alias/" in wanted or active.endswith(f"/{wanted}")


def check_options(options: dict[str, Any]) -> None:
    """Refuses what AWS refuses, before anything is asked of it."""
    group_id = options["replication_group_id"]
    valid_id = re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-)){0,39}", group_id)
    if not valid_id or group_id.endswith("-"):
        raise AwsError(
            f"The replication group id {group_id} cannot be used; give at most 40 lower-case letters, digits and "
            "single hyphens, beginning with a letter and not ending with a hyphen"
        )
    nodes = options.get("num_cache_clusters")
    if options.get("multi_az") and options.get("automatic_failover") is False:
        raise AwsError("multi_az needs automatic_failover; set both, or neither")
    if (options.get("automatic_failover") or options.get("multi_az")) and nodes is not None and nodes < 2:
        raise AwsError("automatic_failover needs a second node; set num_cache_clusters to 2 or more")
    if options.get("auth_token_secret_arn") and not options.get("auth_token_secret_key"):
        raise AwsError("auth_token_secret_arn needs auth_token_secret_key, the key of the secret that has the token")
    if options.get("auth_token_secret_arn") and options.get("transit_encryption") is False:
        raise AwsError("auth_token_secret_arn needs transit_encryption; AWS takes no token without TLS")


def create_request(options: dict[str, Any]) -> dict[str, Any]:
    """CreateReplicationGroup without the token and the tags."""
    names = {**MODIFIABLE, **CREATE_ONLY}
    request = {names[name]: options[name] for name in names if options.get(name) is not None}
    return {"ReplicationGroupId": options["replication_group_id"], **request}


def predicted(options: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """The group as it will be once it is created."""
    state = describe({"ReplicationGroupId": options["replication_group_id"], "Status": "creating"}, None, tags)
    known = {name: options[name] for name in {**MODIFIABLE, **CREATE_ONLY} if options.get(name) is not None}
    return {**state, **known, "auth_token_enabled": bool(options.get("auth_token_secret_arn"))}


def _compare_version(difference: Difference, options: dict[str, Any], active: dict[str, Any]) -> list[str]:
    """Notes a newer version or engine; a warning for an older one, to which AWS does not go back."""
    wanted, engine = options.get("engine_version"), options.get("engine")
    if engine and active["engine"] and engine != active["engine"]:
        if (active["engine"], engine) != ("redis", "valkey"):
            raise AwsError(
                f"The replication group {active['replication_group_id']} runs {active['engine']}, and AWS cannot "
                f"make {engine} of it; delete it first, or set engine to {active['engine']}"
            )
        difference.add("engine", engine, active["engine"], request={"Engine": engine})
        difference.add("engine_version", wanted, active["engine_version"], request={"EngineVersion": wanted})
        return []
    if not wanted or not active["engine_version"]:
        return []
    order = compare_versions(wanted, active["engine_version"])
    if order > 0:
        difference.add("engine_version", wanted, active["engine_version"], request={"EngineVersion": wanted})
    if order < 0:
        return [
            f"The replication group {active['replication_group_id']} runs {active['engine_version']} and stays there: "
            f"AWS cannot go back to engine_version {wanted}."
        ]
    return []


def refuse_immutable(options: dict[str, Any], active: dict[str, Any]) -> None:
    """Fails where an option that AWS takes at creation only has another value than the group."""
    for name in IMMUTABLE:
        wanted, present = options.get(name), active[name]
        if wanted is None or present is None or wanted == present:
            continue
        if name == "kms_key_id" and same_key(wanted, present):
            continue
        raise AwsError(
            f"The replication group {active['replication_group_id']} has {name} {present!r} and AWS cannot change it "
            f"to {wanted!r}; set it back, or delete the group first (its data is lost without a final snapshot)"
        )


def compare(options: dict[str, Any], active: dict[str, Any]) -> tuple[Difference, list[str]]:
    """What ModifyReplicationGroup has to change, and warnings. The number of nodes is in it without a request."""
    refuse_immutable(options, active)
    difference = Difference()
    warnings = _compare_version(difference, options, active)
    for name, parameter in MODIFIABLE.items():
        wanted, present = options.get(name), active[name]
        if present is None:
            # There is no node yet that would tell; it was created with these options a moment ago.
            continue
        difference.add(
            name,
            wanted,
            present,
            request={parameter: wanted},
            unordered=name == "security_group_ids",
            same=(lambda one, other: one.lower() == other.lower()) if name in WINDOWS else None,
        )
    difference.add("num_cache_clusters", options.get("num_cache_clusters"), active["num_cache_clusters"])
    return difference, warnings
