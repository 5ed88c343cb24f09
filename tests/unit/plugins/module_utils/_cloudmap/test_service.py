# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudmap.service import (
    compare,
    create_request,
    describe,
    refuse_immutable,
    update_request,
)

OPTIONS: dict[str, Any] = {"name": "clickhouse", "namespace_id": "ns-1", "dns_records": [{"type": "A", "ttl": 10}]}
ACTIVE = describe({**create_request(OPTIONS), "Id": "srv-1", "Description": "tables"}, {})


def test_create_request() -> None:
    assert create_request(OPTIONS) == {
        "Name": "clickhouse",
        "NamespaceId": "ns-1",
        "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}], "RoutingPolicy": "MULTIVALUE"},
    }
    more = create_request({**OPTIONS, "description": "tables", "health_check_custom": True})
    assert more["Description"] == "tables"
    assert more["HealthCheckCustomConfig"] == {"FailureThreshold": 1}


def test_the_namespace_of_an_old_answer() -> None:
    assert describe({"Name": "x", "DnsConfig": {"NamespaceId": "ns-1"}}, {})["namespace_id"] == "ns-1"


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, []),
        ({"description": "tables"}, []),
        ({"description": "other"}, ["description"]),
        ({"dns_records": [{"type": "A", "ttl": 60}]}, ["dns_records"]),
        ({"dns_records": [{"type": "AAAA", "ttl": 10}, {"type": "A", "ttl": 10}]}, ["dns_records"]),
    ],
)
def test_compare(options: dict[str, Any], changes: list[str]) -> None:
    assert compare({**OPTIONS, **options}, ACTIVE).names == changes


def test_order_of_records_does_not_matter() -> None:
    records = [{"type": "A", "ttl": 10}, {"type": "AAAA", "ttl": 10}]
    active = describe(create_request({**OPTIONS, "dns_records": records}), {})
    assert not compare({**OPTIONS, "dns_records": records[::-1]}, active).changed


def test_an_update_always_has_the_records() -> None:
    change = update_request(compare({"description": "other"}, ACTIVE), ACTIVE)
    assert change == {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}]}, "Description": "other"}


def test_an_update_keeps_the_description() -> None:
    change = update_request(compare({"dns_records": [{"type": "A", "ttl": 60}]}, ACTIVE), ACTIVE)
    assert change == {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 60}]}, "Description": "tables"}


def test_immutable() -> None:
    refuse_immutable(OPTIONS, ACTIVE)
    with pytest.raises(
        AwsError, match="has routing_policy MULTIVALUE and AWS cannot change it to WEIGHTED; set it back"
    ):
        refuse_immutable({**OPTIONS, "routing_policy": "WEIGHTED"}, ACTIVE)
