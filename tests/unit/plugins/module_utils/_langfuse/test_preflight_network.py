# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC that is given, by table: what is wrong in its variables, and in what AWS says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight_network import (
    given_network,
    subnet_findings,
    vpc_findings,
)

VPC = "vpc-0123456789abcdef0"
PRIVATE = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
PUBLIC = ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]
GIVEN: dict[str, Any] = {
    "network_vpc_id": VPC,
    "network_private_subnet_ids": PRIVATE,
    "network_public_subnet_ids": PUBLIC,
}


def subnets(**changes: Any) -> list[dict[str, Any]]:
    """The four subnets in two zones; changes are of the first private one."""
    found = [
        {"SubnetId": item, "AvailabilityZone": f"eu-central-1{'ab'[index % 2]}", "AvailableIpAddressCount": 200}
        for index, item in enumerate(PRIVATE + PUBLIC)
    ]
    return [found[0] | changes, *found[1:]]


def table(way: dict[str, str] | None, *subnet_ids: str, main: bool = False) -> dict[str, Any]:
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}]
    routes += [{"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **way}] if way else []
    return {"Routes": routes, "Associations": [{"SubnetId": item} for item in subnet_ids] + [{"Main": main}]}


NAT, INTERNET = {"NatGatewayId": "nat-1"}, {"GatewayId": "igw-1"}
TABLES = [table(INTERNET, *PUBLIC), table(NAT, main=True)]


def test_a_vpc_that_has_all_that_is_needed() -> None:
    assert list(given_network(GIVEN)) == []
    assert vpc_findings(GIVEN, {"enableDnsSupport": True, "enableDnsHostnames": True}) == []
    assert subnet_findings(GIVEN, subnets(), TABLES) == ([], [])


@pytest.mark.parametrize(
    "changes, variable, fix",
    [
        ({"network_vpc_id": "my-vpc"}, "network_vpc_id", "vpc-0123456789abcdef0"),
        ({"network_private_subnet_ids": PRIVATE[:1]}, "network_private_subnet_ids", "each in another zone"),
        ({"network_private_subnet_ids": PRIVATE[:1] * 2}, "network_private_subnet_ids", "each in another zone"),
        ({"network_private_subnet_ids": ["a", "b"]}, "network_private_subnet_ids", "subnet-0123456789abcdef0"),
        ({"network_private_subnet_ids": PRIVATE * 6}, "network_private_subnet_ids", "10 at most"),
        ({"network_public_subnet_ids": []}, "network_public_subnet_ids", "ingress_scheme to internal"),
    ],
)
def test_variables(changes: dict[str, Any], variable: str, fix: str) -> None:
    found = list(given_network(GIVEN | changes))
    assert [finding.option for finding in found] == [variable]
    assert fix in found[0].fix


def test_an_internal_load_balancer_needs_no_public_subnets() -> None:
    assert list(given_network(GIVEN | {"network_public_subnet_ids": [], "ingress_scheme": "internal"})) == []


def test_the_vpc() -> None:
    assert f"no {VPC}" in vpc_findings(GIVEN, None)[0].problem
    found = vpc_findings(GIVEN, {"enableDnsSupport": True, "enableDnsHostnames": False})
    assert ["--enable-dns-hostnames" in finding.fix for finding in found] == [True]


@pytest.mark.parametrize(
    "found, tables, variable, problem",
    [
        (subnets()[1:], TABLES, "network_private_subnet_ids", f"is not in {VPC}"),
        (subnets(AvailabilityZone="eu-central-1b"), TABLES, "network_private_subnet_ids", "all its subnets are in"),
        (
            subnets(),
            [table(INTERNET, *PUBLIC, PRIVATE[0]), TABLES[1]],
            "network_private_subnet_ids",
            "no public addresses",
        ),
        (subnets(), [*TABLES, table(None, PRIVATE[0])], "network_private_subnet_ids", "no way out"),
        (
            subnets(),
            [*TABLES, table({**NAT, "State": "blackhole"}, PRIVATE[0])],
            "network_private_subnet_ids",
            "no way out",
        ),
        (subnets(), [table(INTERNET, PUBLIC[0]), TABLES[1]], "network_public_subnet_ids", "nobody would reach"),
    ],
    ids=[
        "unknown",
        "one zone",
        "private in public",
        "no route",
        "route to a NAT that is gone",
        "public by the main table",
    ],
)
def test_subnets(found: list[Any], tables: list[Any], variable: str, problem: str) -> None:
    errors, warnings = subnet_findings(GIVEN, found, tables)
    assert [finding.option for finding in errors] == [variable]
    assert problem in errors[0].problem
    assert warnings == []


def test_few_free_addresses_are_a_warning_because_an_environment_that_runs_there_has_taken_them() -> None:
    errors, warnings = subnet_findings(GIVEN, subnets(AvailableIpAddressCount=7), TABLES)
    assert errors == []
    assert "7 free addresses" in warnings[0].problem
