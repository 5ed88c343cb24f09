# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "cloudmap_service"


@pytest.fixture
def wanted(aws: Any) -> dict[str, Any]:
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    namespace = aws.run("cloudmap_namespace", {"name": "x.internal", "vpc_id": vpc})["namespace"]
    return {
        "name": "clickhouse",
        "namespace_id": namespace["id"],
        "dns_records": [{"type": "A", "ttl": 10}],
        "health_check_custom": True,
        "tags": {"team": "llmops"},
    }


def test_twelve_steps(aws: Any, wanted: dict[str, Any]) -> None:
    created = aws.cycle(MODULE, wanted)
    service = created["service"]
    assert service["id"].startswith("srv-")
    assert ":service/" in service["arn"]
    assert service["dns_records"] == [{"type": "A", "ttl": 10}]
    assert service["routing_policy"] == "MULTIVALUE"
    assert service["health_check_custom"] is True
    for key in ("name", "namespace_id", "dns_records", "routing_policy", "health_check_custom", "tags"):
        assert created["predicted"]["service"][key] == service[key]

    changed = {**wanted, "dns_records": [{"type": "A", "ttl": 60}], "description": "tables", "tags": {}}
    modified = aws.cycle(MODULE, changed)
    assert modified["diff"]["before"]["dns_records"] == [{"type": "A", "ttl": 10}]
    assert modified["service"]["dns_records"] == [{"type": "A", "ttl": 60}]
    assert modified["service"]["description"] == "tables"
    assert modified["service"]["tags"] == {}
    active = aws.client("servicediscovery").get_service(Id=service["id"])["Service"]
    assert active["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 60}]

    assert aws.cycle(MODULE, {**changed, "state": "absent"})["service"] == {}
    assert aws.client("servicediscovery").list_services()["Services"] == []


def test_a_new_description_keeps_the_records(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    few = {"name": "clickhouse", "namespace_id": wanted["namespace_id"], "description": "tables"}
    assert aws.run(MODULE, few)["changed"] is True
    assert aws.run(MODULE, wanted)["changed"] is False


@pytest.mark.parametrize("other", [{"routing_policy": "WEIGHTED"}, {"health_check_custom": False}])
def test_what_aws_cannot_change_is_refused(aws: Any, wanted: dict[str, Any], other: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    with pytest.raises(ModuleFailed, match="delete the service first"):
        aws.run(MODULE, {**wanted, **other})


def test_absent_without_its_namespace(aws: Any) -> None:
    gone = {"name": "clickhouse", "namespace_id": "ns-0000000000000000", "state": "absent"}
    assert aws.run(MODULE, gone)["changed"] is False
