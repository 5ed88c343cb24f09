# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "cloudmap_namespace"


@pytest.fixture
def wanted(aws: Any) -> dict[str, Any]:
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return {"name": "x.internal", "vpc_id": vpc, "description": "Langfuse x", "tags": {"team": "llmops"}}


def test_twelve_steps(aws: Any, wanted: dict[str, Any]) -> None:
    created = aws.cycle(MODULE, wanted)
    namespace = created["namespace"]
    assert namespace["id"].startswith("ns-")
    assert namespace["hosted_zone_id"]
    assert namespace["tags"] == {"team": "llmops"}
    for key in ("name", "description", "tags"):
        assert created["predicted"]["namespace"][key] == namespace[key]

    modified = aws.cycle(MODULE, {**wanted, "tags": {"team": "other", "more": "yes"}})
    assert modified["namespace"]["tags"] == {"team": "other", "more": "yes"}
    assert modified["namespace"]["id"] == namespace["id"]

    assert aws.cycle(MODULE, {"name": "x.internal", "state": "absent"})["namespace"] == {}
    assert aws.client("servicediscovery").list_namespaces()["Namespaces"] == []


def test_tags_that_are_not_purged(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    result = aws.run(MODULE, {**wanted, "tags": {"more": "yes"}, "purge_tags": False})
    assert result["namespace"]["tags"] == {"team": "llmops", "more": "yes"}


def test_starting_without_waiting(aws: Any, wanted: dict[str, Any]) -> None:
    assert aws.run(MODULE, {**wanted, "wait": False})["changed"] is True
    namespace = aws.run(MODULE, wanted)["namespace"]
    assert namespace["id"].startswith("ns-")
    assert len(aws.client("servicediscovery").list_namespaces()["Namespaces"]) == 1


def test_vpc_is_needed_to_create(aws: Any) -> None:
    with pytest.raises(ModuleFailed, match="vpc_id"):
        aws.run(MODULE, {"name": "x.internal"})
