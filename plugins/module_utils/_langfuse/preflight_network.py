# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC that is given: its variables, and what AWS says of it, judged before anything is written to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .findings import Finding
from .values import is_true

Findings = Iterator[Finding]
Shape = dict[str, Any]

NAT = ("none", "single", "per_zone")
VPC, SUBNET = re.compile(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})"), re.compile(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})")
# The security groups name them in one tag of 256 characters.
MOST_SUBNETS = 10
# What a load balancer needs in each of its subnets (guide elasticloadbalancing/application, "Subnets for your load balancer").
FREE_ADDRESSES = 8
# Images that private subnets without NAT can pull: ECR answers in the VPC, other registries do not.
ECR = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/.+")
ENDPOINT = re.compile(r"[a-z0-9][a-z0-9.-]*")
SUBNET_LISTS = ("network_private_subnet_ids", "network_public_subnet_ids")


def subnet_ids(given: Shape, variable: str) -> list[str]:
    value = given.get(variable) or []
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def given_network(given: Shape) -> Findings:
    """What the variables alone show."""
    nat = given.get("network_nat")
    if nat is not None and nat not in NAT:
        yield Finding("network_nat", f"'{nat}' is not a way out", f"set {', '.join(NAT[:-1])} or {NAT[-1]}")
    vpc_id = str(given.get("network_vpc_id") or "")
    if not vpc_id:
        for variable in SUBNET_LISTS:
            if subnet_ids(given, variable):
                yield Finding(
                    variable, "subnets without their VPC", "set network_vpc_id too, or leave it out to build a VPC"
                )
        return
    if not VPC.fullmatch(vpc_id):
        yield Finding("network_vpc_id", f"'{vpc_id}' is not the id of a VPC", "set one such as vpc-0123456789abcdef0")
    facing = given.get("ingress_scheme") != "internal"
    for variable, needed in zip(SUBNET_LISTS, (True, facing), strict=True):
        ids = subnet_ids(given, variable)
        wrong = [item for item in ids if not SUBNET.fullmatch(item)]
        if wrong:
            yield Finding(
                variable, f"{', '.join(wrong)} is not the id of a subnet", "set ids such as subnet-0123456789abcdef0"
            )
        elif len(ids) > MOST_SUBNETS:
            yield Finding(variable, f"it names {len(ids)} subnets", f"name {MOST_SUBNETS} at most")
        elif needed and len(set(ids)) < 2:
            fix = "name two or more, each in another zone"
            if variable == "network_public_subnet_ids":
                fix += ", or set ingress_scheme to internal"
            yield Finding(variable, f"it names {len(set(ids))} subnets of {vpc_id}", fix)


def named_endpoints(given: Shape) -> list[str]:
    """The services of a list; [] for auto and none."""
    value = given.get("network_interface_endpoints")
    return [str(item) for item in value] if isinstance(value, list) else []


def needed_endpoints(given: Shape) -> list[str]:
    value = given.get("network_needed_endpoints")
    return [str(item) for item in value] if isinstance(value, list) else []


def interface_endpoints(given: Shape) -> Findings:
    """Whether the endpoints stand for what they should, and are enough where there is no other way out."""
    value, variable = given.get("network_interface_endpoints"), "network_interface_endpoints"
    services = named_endpoints(given)
    if value is None:
        return
    if value not in ("auto", "none") and not isinstance(value, list):
        yield Finding(
            variable, f"'{value}' is not a list of services", "set auto, none or services such as [ecr.api, logs]"
        )
        return
    for service in services:
        if service.startswith(("com.", "cn.")) or not ENDPOINT.fullmatch(service):
            yield Finding(
                variable, f"'{service}' is not a service", "write what follows com.amazonaws.<region>., such as ecr.api"
            )
        elif service in ("s3", "dynamodb"):
            fix = "take it out; the role makes a gateway endpoint" if service == "s3" else "take it out"
            yield Finding(variable, f"{service} is reached by a gateway endpoint, which costs nothing", fix)
    if given.get("network_nat") != "none" or given.get("network_vpc_id"):
        return
    lacking = [item for item in needed_endpoints(given) if item not in services]
    if value == "none":
        yield Finding(
            "network_nat",
            "private subnets would have no way to AWS: neither NAT nor interface endpoints",
            "set network_interface_endpoints to auto, or network_nat to single",
        )
    elif value != "auto" and lacking:
        yield Finding(variable, f"without NAT, {', '.join(lacking)} is needed too", "add it, or set auto")
    yield from images(given)


def images(given: Shape) -> Findings:
    """Images that private subnets without NAT could not pull; those of ECR's pull-through cache it can."""
    region, registry = given.get("langfuse_region"), str(given.get("langfuse_image_registry") or "")
    image = str(given.get("clickhouse_image") or "") if _pulls_clickhouse(given) else ""
    sources = [("clickhouse_image", image, image)] if image else []
    if not is_true(given.get("compute_pull_through_cache")):
        sources.insert(0, ("langfuse_image_registry", registry or "docker.io", f"{registry}/langfuse"))
    for variable, shown, value in sources:
        match = ECR.fullmatch(value)
        if not match or match[1] != region:
            yield Finding(
                variable,
                f"nothing of {shown} can be pulled where there is no NAT: only private ECR of {region} answers there",
                "put the images into ECR and name it here, or use subnets with NAT",
            )


def _pulls_clickhouse(given: Shape) -> bool:
    """A server of ours, or the check of an external one by a task."""
    return given.get("clickhouse_mode") != "external" or given.get("migration_schema_check") != "direct"


def default_route(subnet: Shape, route_tables: list[Shape]) -> Shape | None:
    """The active route of a subnet to everywhere."""
    routes = route_table(subnet, route_tables).get("Routes") or []
    return next(
        (
            route
            for route in routes
            if route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State", "active") == "active"
        ),
        None,
    )


def route_table(subnet: Shape, route_tables: list[Shape]) -> Shape:
    """A subnet's own table, or else the main one."""
    tables = [
        table
        for key, value in (("SubnetId", subnet["SubnetId"]), ("Main", True))
        for table in route_tables
        if any(item.get(key) == value for item in table.get("Associations") or [])
    ]
    return tables[0] if tables else {}


def leads_to_the_internet(route: Shape | None) -> bool:
    return str((route or {}).get("GatewayId", "")).startswith("igw-")


def vpc_findings(given: Shape, vpc: Shape | None) -> list[Finding]:
    """What is wrong with the VPC itself.

    :param vpc: {enableDnsSupport: bool, enableDnsHostnames: bool}, None where there is none of that id.
    """
    vpc_id = given["network_vpc_id"]
    if vpc is None:
        problem = f"there is no {vpc_id} in this account and region"
        return [Finding("network_vpc_id", problem, "set the id of a VPC that is there, or leave it out to build one")]
    return [
        Finding(
            "network_vpc_id",
            f"the attribute {attribute} of {vpc_id} is off, so that names of ours would not resolve in it",
            f"turn it on (aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --{option})",
        )
        for attribute, option in (
            ("enableDnsSupport", "enable-dns-support"),
            ("enableDnsHostnames", "enable-dns-hostnames"),
        )
        if not vpc[attribute]
    ]


def subnet_findings(
    given: Shape, subnets: list[Shape], route_tables: list[Shape], endpoints: list[Shape]
) -> tuple[list[Finding], list[Finding]]:
    """What is wrong with the subnets of the VPC, and what may become wrong.

    :param subnets: all subnets of the VPC, as ec2:DescribeSubnets returns them.
    :param route_tables: all its route tables, as ec2:DescribeRouteTables returns them.
    :param endpoints: all its endpoints, as ec2:DescribeVpcEndpoints returns them.
    """
    errors: list[Finding] = []
    warnings: list[Finding] = []
    known = {item["SubnetId"]: item for item in subnets}
    for variable in SUBNET_LISTS:
        ids = subnet_ids(given, variable)
        unknown = [item for item in ids if item not in known]
        if unknown:
            problem = f"{', '.join(unknown)} is not in {given['network_vpc_id']}"
            errors.append(Finding(variable, problem, "name subnets of that VPC"))
        named = [known[item] for item in ids if item in known]
        zones = {item["AvailabilityZone"] for item in named}
        if len(named) > 1 and len(zones) < 2 and not unknown:
            errors.append(Finding(variable, f"all its subnets are in {zones.pop()}", "name one in another zone too"))
        needed = str(given.get("clickhouse_replicas") or 1)
        if variable == "network_private_subnet_ids" and needed == "3" and 1 < len(zones) < 3 and not unknown:
            problem = f"its subnets are in {' and '.join(sorted(zones))}, and each of three replicas of ClickHouse needs a zone of its own"
            errors.append(Finding(variable, problem, "name one in a third zone too, or set clickhouse_replicas to 1"))
        for subnet in named:
            errors += _way_out(given, variable, subnet, route_tables, endpoints)
            free = subnet["AvailableIpAddressCount"]
            if free < FREE_ADDRESSES:
                problem = f"{subnet['SubnetId']} has {free} free addresses, and what is to run there needs more"
                warnings.append(Finding(variable, problem, f"name subnets with {FREE_ADDRESSES} or more"))
    closed = any(
        default_route(known[item], route_tables) is None
        for item in subnet_ids(given, "network_private_subnet_ids")
        if item in known
    )
    return errors + (list(images(given)) if closed else []), warnings


def _way_out(given: Shape, variable: str, subnet: Shape, route_tables: list[Shape], endpoints: list[Shape]) -> Findings:
    subnet_id, route = subnet["SubnetId"], default_route(subnet, route_tables)
    if variable == "network_public_subnet_ids":
        if not leads_to_the_internet(route):
            yield Finding(
                variable,
                f"{subnet_id} has no route to an internet gateway, so nobody would reach a load balancer there",
                "name subnets that have one, or set ingress_scheme to internal",
            )
    elif leads_to_the_internet(route):
        yield Finding(
            variable,
            f"the way out of {subnet_id} is an internet gateway, and our tasks get no public addresses",
            "name subnets whose way out is a NAT gateway, or a network of yours",
        )
    elif route is None:
        lacking = missing_endpoints(given, subnet, route_tables, endpoints)
        if lacking:
            yield Finding(
                variable,
                f"{subnet_id} has no way out (route to 0.0.0.0/0), and the VPC has no endpoint for {', '.join(lacking)}",
                "name subnets behind a NAT gateway, or services in network_interface_endpoints; the gateway endpoint for s3 is "
                "yours to make",
            )


def missing_endpoints(given: Shape, subnet: Shape, route_tables: list[Shape], endpoints: list[Shape]) -> list[str]:
    """What a subnet without any other way out still cannot reach.

    ECR keeps layers in S3, which is reached by a gateway endpoint in the subnet's route table: an interface endpoint cannot stand
    in for it (guide AmazonECS/developerguide/vpc-endpoints).
    """
    alive = [item for item in endpoints if item.get("State") in ("pending", "available", "pendingAcceptance")]
    served = {
        str(item["ServiceName"]).split(".", 3)[-1] for item in alive if item.get("VpcEndpointType") == "Interface"
    }
    served |= set(named_endpoints(given))
    served.discard("s3")
    table = route_table(subnet, route_tables).get("RouteTableId")
    if any(
        item.get("VpcEndpointType") == "Gateway"
        and str(item["ServiceName"]).endswith(".s3")
        and table in (item.get("RouteTableIds") or [])
        for item in alive
    ):
        served.add("s3")
    return [item for item in [*needed_endpoints(given), "s3"] if item not in served]
