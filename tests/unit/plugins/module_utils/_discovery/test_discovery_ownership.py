# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bears an environment's names and is not its own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._discovery import ownership


def readings(**found: Any) -> dict[str, Any]:
    return dict.fromkeys(ownership.BY_NAME) | found


def upper(value: str) -> list[dict[str, str]]:
    return [{"Key": "team", "Value": "llmops"}, {"Key": "langfuse:environment", "Value": value}]


def test_nothing_is_nobodys() -> None:
    assert ownership.foreign(readings(), "staging") == []


@pytest.mark.parametrize(
    ("reading", "shape"),
    [
        ("namespace", {"Id": "ns-1", "Tags": upper("staging")}),
        ("cluster", {"clusterArn": "arn", "tags": [{"key": "langfuse:environment", "value": "staging"}]}),
        ("db_cluster", {"DBClusterIdentifier": "staging", "TagList": upper("staging")}),
        ("replication_group", {"ReplicationGroupId": "staging", "Tags": upper("staging")}),
        ("file_system", {"FileSystemId": "fs-1", "Tags": upper("staging")}),
        ("load_balancer", {"LoadBalancerArn": "arn", "Tags": upper("staging")}),
        ("topic", {"TopicArn": "arn", "Tags": upper("staging")}),
        ("backup_vault", {"BackupVaultName": "staging", "Tags": upper("staging")}),
        # Made a moment ago, and not yet tagged; and not yet ready to tell its tags.
        ("cluster", {"clusterArn": "arn", "tags": []}),
        ("replication_group", {"ReplicationGroupId": "staging", "Tags": None}),
    ],
)
def test_the_environments_own(reading: str, shape: dict[str, Any]) -> None:
    assert ownership.foreign(readings(**{reading: shape}), "staging") == []


@pytest.mark.parametrize(
    ("reading", "shape", "component", "identifier"),
    [
        ("db_cluster", {"DBClusterIdentifier": "staging", "TagList": []}, "database", "staging"),
        ("user_pool", {"Id": "eu-central-1_Ab", "Tags": []}, "sign_in", "eu-central-1_Ab"),
        ("db_cluster", {"DBClusterIdentifier": "staging", "TagList": upper("other")}, "database", "staging"),
        ("cluster", {"clusterArn": "arn", "tags": [{"key": "made-by", "value": "terraform"}]}, "compute", "arn"),
        ("load_balancer", {"LoadBalancerArn": "arn", "Tags": []}, "ingress", "arn"),
        ("distribution", {"ARN": "arn", "Tags": []}, "ingress", "arn"),
        ("apprunner_service", {"ServiceArn": "arn", "Tags": upper("other")}, "web", "arn"),
        ("namespace", {"Id": "ns-1", "Tags": []}, "network", "ns-1"),
        ("file_system", {"FileSystemId": "fs-1", "Tags": []}, "clickhouse", "fs-1"),
        ("replication_group", {"ReplicationGroupId": "staging", "Tags": []}, "cache", "staging"),
        ("topic", {"TopicArn": "arn", "Tags": []}, "monitoring", "arn"),
        ("backup_vault", {"BackupVaultName": "staging", "Tags": []}, "backup", "staging"),
        ("backup_plan", {"BackupPlanId": "id", "Tags": upper("other")}, "backup", "id"),
    ],
)
def test_somebody_elses(reading: str, shape: dict[str, Any], component: str, identifier: str) -> None:
    found = ownership.foreign(readings(**{reading: shape}), "staging")
    assert found == [{"component": component, "type": ownership.BY_NAME[reading][1], "id": identifier}]
