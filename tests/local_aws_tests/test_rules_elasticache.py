# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ElastiCache refuses of parameters, beside what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from .server_support import Server
from .test_additions_elasticache import subnet_group

TOKEN = "first-token-0123456789"


def base(server: Server) -> dict[str, Any]:
    """A replication group that AWS makes."""
    _, subnets, group = server.network()
    return {
        "ReplicationGroupId": server.name("rg"),
        "ReplicationGroupDescription": "d",
        "Engine": "valkey",
        "EngineVersion": "8.0",
        "CacheNodeType": "cache.t4g.medium",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "TransitEncryptionEnabled": True,
        "AuthToken": TOKEN,
        "CacheSubnetGroupName": subnet_group(server, subnets),
        "SecurityGroupIds": [group],
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ReplicationGroupId": "1st"}, "InvalidParameterValue"),
        ({"ReplicationGroupId": "a--b"}, "InvalidParameterValue"),
        ({"ReplicationGroupId": "a-"}, "InvalidParameterValue"),
        ({"ReplicationGroupId": "a" * 41}, "InvalidParameterValue"),
        ({"AuthToken": "too-short"}, "InvalidParameterValue"),
        ({"AuthToken": "a" * 129}, "InvalidParameterValue"),
        ({"AuthToken": "with/a/slash-and-more"}, "InvalidParameterValue"),
        ({"TransitEncryptionEnabled": False}, "InvalidParameterCombination"),
        ({"TransitEncryptionEnabled": None, "AuthToken": None}, "InvalidParameterCombination"),
        ({"NumCacheClusters": 1}, "InvalidParameterCombination"),
        ({"NumCacheClusters": 7}, "InvalidParameterValue"),
        ({"AutomaticFailoverEnabled": False}, "InvalidParameterCombination"),
    ],
)
def test_parameters(server: Server, changes: dict[str, Any], code: str) -> None:
    request = {key: value for key, value in (base(server) | changes).items() if value is not None}
    with server.refuses(code):
        server.client("elasticache").create_replication_group(**request)


def test_parameters_that_are_taken(server: Server) -> None:
    cache, request = server.client("elasticache"), base(server)
    name = request["ReplicationGroupId"]
    assert cache.create_replication_group(**request)["ReplicationGroup"]["Status"] == "creating"

    def available() -> bool:
        found = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
        return bool(found[0]["Status"] == "available")

    server.wait(available)
    with server.refuses("InvalidParameterValue"):
        cache.modify_replication_group(ReplicationGroupId=name, AuthToken="short", ApplyImmediately=True)
    cache.delete_replication_group(ReplicationGroupId=name)
