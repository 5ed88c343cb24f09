# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC that is given, by table: what is wrong in its variables, and in what AWS says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight_network import (
    given_network,
    interface_endpoints,
    subnet_findings,
    vpc_findings,
)

VPC = "vpc-0123456789abcdef0"
PRIVATE = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
PUBLIC = ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
GIVEN: dict[str, Any] = {
    "langfuse_region": "eu-central-1",
    "langfuse_image_registry": f"{REGISTRY}/docker-hub",
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
    return {
        "RouteTableId": f"rtb-{'-'.join(subnet_ids)}",
        "Routes": routes,
        "Associations": [{"SubnetId": item} for item in subnet_ids] + [{"Main": main}],
    }


NAT, INTERNET = {"NatGatewayId": "nat-1"}, {"GatewayId": "igw-1"}
TABLES = [table(INTERNET, *PUBLIC), table(NAT, main=True)]


def test_a_vpc_that_has_all_that_is_needed() -> None:
    assert list(given_network(GIVEN)) == []
    assert vpc_findings(GIVEN, {"enableDnsSupport": True, "enableDnsHostnames": True}) == []
    assert subnet_findings(GIVEN, subnets(), TABLES, []) == ([], [])


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


def test_three_replicas_of_clickhouse_need_three_zones() -> None:
    (found,) = subnet_findings(GIVEN | {"clickhouse_replicas": "3"}, subnets(), TABLES, [])[0]
    assert found.option == "network_private_subnet_ids"
    assert "each of three replicas" in found.problem


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
    errors, warnings = subnet_findings(GIVEN, found, tables, [])
    assert [finding.option for finding in errors] == [variable]
    assert problem in errors[0].problem
    assert warnings == []


def test_few_free_addresses_are_a_warning_because_an_environment_that_runs_there_has_taken_them() -> None:
    errors, warnings = subnet_findings(GIVEN, subnets(AvailableIpAddressCount=7), TABLES, [])
    assert errors == []
    assert "7 free addresses" in warnings[0].problem


CLOSED: dict[str, Any] = {
    "langfuse_region": "eu-central-1",
    "network_nat": "none",
    "network_interface_endpoints": "auto",
    "network_needed_endpoints": ["ecr.api", "logs"],
    "langfuse_image_registry": f"{REGISTRY}/docker-hub",
    "clickhouse_image": f"{REGISTRY}/docker-hub/clickhouse/clickhouse-server:26.4",
}


@pytest.mark.parametrize("endpoints", ["auto", ["logs", "ecr.api", "bedrock-runtime"]])
def test_a_way_out_by_endpoints(endpoints: Any) -> None:
    assert list(interface_endpoints(CLOSED | {"network_interface_endpoints": endpoints})) == []


@pytest.mark.parametrize(
    "changes, variable, problem",
    [
        ({"network_interface_endpoints": "none"}, "network_nat", "no way to AWS"),
        ({"network_interface_endpoints": ["logs"]}, "network_interface_endpoints", "ecr.api is needed"),
        ({"network_interface_endpoints": "logs"}, "network_interface_endpoints", "not a list"),
        (
            {"network_nat": "single", "network_interface_endpoints": ["com.amazonaws.eu-central-1.logs"]},
            "network_interface_endpoints",
            "is not a service",
        ),
        (
            {"network_nat": "single", "network_interface_endpoints": ["s3"]},
            "network_interface_endpoints",
            "gateway endpoint",
        ),
        ({"langfuse_image_registry": ""}, "langfuse_image_registry", "can be pulled"),
        ({"langfuse_image_registry": "public.ecr.aws"}, "langfuse_image_registry", "can be pulled"),
        ({"langfuse_region": "eu-west-1", "clickhouse_image": ""}, "langfuse_image_registry", "ECR of eu-west-1"),
        ({"clickhouse_image": "clickhouse/clickhouse-server:26.4"}, "clickhouse_image", "can be pulled"),
    ],
)
def test_no_way_out(changes: dict[str, Any], variable: str, problem: str) -> None:
    found = list(interface_endpoints(CLOSED | changes))
    assert [finding.option for finding in found] == [variable]
    assert problem in found[0].problem


def test_with_nat_images_may_come_from_anywhere() -> None:
    changes = {"network_nat": "single", "langfuse_image_registry": ""}
    assert list(interface_endpoints(CLOSED | changes)) == []


def test_the_pull_through_cache_is_in_ecr() -> None:
    cached = {"langfuse_image_registry": "", "clickhouse_image": "", "compute_pull_through_cache": True}
    assert list(interface_endpoints(CLOSED | cached)) == []


def test_a_clickhouse_of_somebody_else_that_the_controller_asks_needs_no_image() -> None:
    changes = {"clickhouse_mode": "external", "clickhouse_image": "docker.io/clickhouse/clickhouse-server"}
    assert len(list(interface_endpoints(CLOSED | changes))) == 1
    assert list(interface_endpoints(CLOSED | changes | {"migration_schema_check": "direct"})) == []


def endpoint(service: str, kind: str = "Interface", **more: Any) -> dict[str, Any]:
    name = f"com.amazonaws.eu-central-1.{service}"
    return {"ServiceName": name, "VpcEndpointType": kind, "State": "available"} | more


def test_a_vpc_without_any_other_way_out_needs_endpoints_and_images_in_ecr() -> None:
    given = GIVEN | CLOSED | {"network_interface_endpoints": ["logs"]}
    tables = [*TABLES, table(None, PRIVATE[0])]
    gateway = endpoint("s3", "Gateway", RouteTableIds=[f"rtb-{PRIVATE[0]}"])
    whole = [endpoint("ecr.api"), gateway]
    assert subnet_findings(given, subnets(), tables, whole) == ([], [])
    for endpoints, lacking in (
        ([endpoint("ecr.api"), endpoint("s3")], "no endpoint for s3"),
        ([endpoint("ecr.api"), gateway | {"RouteTableIds": ["rtb-other"]}], "no endpoint for s3"),
        ([endpoint("ecr.api", State="deleted"), gateway], "no endpoint for ecr.api"),
    ):
        errors, _warnings = subnet_findings(given, subnets(), tables, endpoints)
        assert [finding.option for finding in errors] == ["network_private_subnet_ids"]
        assert lacking in errors[0].problem
    errors, _warnings = subnet_findings(given | {"clickhouse_image": "docker.io/c"}, subnets(), tables, whole)
    assert [finding.option for finding in errors] == ["clickhouse_image"]
