# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cloud Map service is and what differs; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError


def _records(records: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    described = [{"type": record["Type"], "ttl": int(record["TTL"])} for record in records or []]
    return sorted(described, key=lambda record: record["type"])


def describe(service: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """A Cloud Map service with the module's names."""
    dns = service.get("DnsConfig") or {}
    return {
        "id": service.get("Id", ""),
        "arn": service.get("Arn", ""),
        "name": service["Name"],
        "namespace_id": service.get("NamespaceId") or dns.get("NamespaceId") or "",
        "description": service.get("Description") or "",
        "dns_records": _records(dns.get("DnsRecords")),
        "routing_policy": dns.get("RoutingPolicy") or "MULTIVALUE",
        "health_check_custom": bool(service.get("HealthCheckCustomConfig")),
        "instance_count": int(service.get("InstanceCount") or 0),
        "tags": tags,
    }


def api_records(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The option dns_records as the API takes it."""
    return [{"Type": record["type"], "TTL": record["ttl"]} for record in records]


def create_request(options: dict[str, Any]) -> dict[str, Any]:
    """The parameters of CreateService, without tags."""
    request: dict[str, Any] = {
        "Name": options["name"],
        "NamespaceId": options["namespace_id"],
        "DnsConfig": {
            "DnsRecords": api_records(options["dns_records"]),
            "RoutingPolicy": options.get("routing_policy") or "MULTIVALUE",
        },
    }
    if options.get("description"):
        request["Description"] = options["description"]
    if options.get("health_check_custom"):
        request["HealthCheckCustomConfig"] = {"FailureThreshold": 1}
    return request


def refuse_immutable(options: dict[str, Any], active: dict[str, Any]) -> None:
    """Fails where something differs that AWS takes at creation only."""
    for name in ("routing_policy", "health_check_custom"):
        wanted = options.get(name)
        if wanted is not None and wanted != active[name]:
            raise AwsError(
                f"The Cloud Map service {active['name']} has {name} {active[name]} and AWS cannot change it to {wanted}; "
                "set it back, or delete the service first with state absent, after the ECS service that registers there"
            )


def compare(options: dict[str, Any], active: dict[str, Any]) -> Difference:
    """What UpdateService has to change."""
    difference = Difference()
    difference.add("description", options.get("description"), active["description"])
    difference.add("dns_records", options.get("dns_records"), active["dns_records"], unordered=True)
    return difference


def update_request(difference: Difference, active: dict[str, Any]) -> dict[str, Any]:
    """UpdateService's change. Whatever it leaves out is deleted, so it always has the records."""
    records = difference.after.get("dns_records", active["dns_records"])
    change: dict[str, Any] = {"DnsConfig": {"DnsRecords": api_records(records)}}
    description = difference.after.get("description", active["description"])
    if description or "description" in difference.after:
        change["Description"] = description
    return change
