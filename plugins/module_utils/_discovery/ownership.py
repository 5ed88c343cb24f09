# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose is what bears an environment's names? A database that only happens to be called the same must be left alone."""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]
ENVIRONMENT_TAG = "langfuse:environment"

# Readings of what is found by its name alone: component, type, and the key of its id. What lies in these is theirs. The secret and
# the bucket of the default name may have been made by hand for the environment; a bucket's tags are only read where it has another.
BY_NAME = {
    "bucket": ("storage", "bucket", "Name"),
    "namespace": ("network", "namespace", "Id"),
    "cluster": ("compute", "cluster", "clusterArn"),
    "db_cluster": ("database", "db_cluster", "DBClusterIdentifier"),
    "replication_group": ("cache", "replication_group", "ReplicationGroupId"),
    "apprunner_service": ("web", "apprunner_service", "ServiceArn"),
    "file_system": ("clickhouse", "file_system", "FileSystemId"),
    "load_balancer": ("ingress", "load_balancer", "LoadBalancerArn"),
    "clickhouse_balancer": ("clickhouse", "load_balancer", "LoadBalancerArn"),
    "topic": ("monitoring", "topic", "TopicArn"),
    "backup_vault": ("backup", "backup_vault", "BackupVaultName"),
    "backup_plan": ("backup", "backup_plan", "BackupPlanId"),
    "user_pool": ("sign_in", "user_pool", "Id"),
    "web_acl": ("ingress", "web_acl", "ARN"),
    "distribution": ("ingress", "distribution", "ARN"),
}
# Made and tagged by two calls, so that an interrupted run leaves it without any tag.
TAGGED_LATER = ("cluster",)


def tags(shape: Shape) -> dict[str, str] | None:
    """The tags of a thing, which AWS's services write in several ways; None where they could not be read."""
    found = next((shape[key] for key in ("TagList", "Tags", "tags") if shape.get(key) is not None), None)
    if found is None:
        return None
    return {item.get("Key", item.get("key")): item.get("Value", item.get("value", "")) for item in found}


def foreign(found: Shape, name: str) -> list[Shape]:
    """What bears the environment's names without its tag: [{component, type, id}]."""
    result = []
    for reading, (component, kind, key) in BY_NAME.items():
        shape = found[reading]
        held = tags(shape) if shape else None
        if held is None or (reading in TAGGED_LATER and not held):
            continue
        if held.get(ENVIRONMENT_TAG) != name:
            result.append({"component": component, "type": kind, "id": shape[key]})
    return result
