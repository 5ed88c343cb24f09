# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers: their states, interfaces, attributes and names."""

from __future__ import annotations

from typing import Any

from .server_support import Server


def with_gateway(server: Server, zones: str = "ab") -> tuple[str, list[str], str]:
    """A network with a way to the internet."""
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network(zones)
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    return vpc, subnets, group


def described(server: Server, arn: str) -> dict[str, Any]:
    found = server.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    return dict(found[0])


def test_life_of_a_load_balancer(server: Server) -> None:
    elb, ec2 = server.client("elbv2"), server.client("ec2")
    _, subnets, group = with_gateway(server)
    made = elb.create_load_balancer(Name=server.name("lb"), Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    assert made["State"]["Code"] == "provisioning"
    # looking at it does not make it active
    assert described(server, arn)["State"]["Code"] == "provisioning"
    server.wait(lambda: described(server, arn)["State"]["Code"] == "active")
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert server.gone(lambda: described(server, arn))
    # its interfaces stay for a while
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with server.refuses("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnets[0])

    def interfaces() -> list[Any]:
        found = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])
        return list(found["NetworkInterfaces"])

    assert all(item["Description"].startswith("ELB app/") for item in interfaces())
    server.wait(lambda: not interfaces())
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnets[0])


def test_attributes_have_awss_defaults(server: Server) -> None:
    elb = server.client("elbv2")
    _, subnets, group = with_gateway(server)
    arn = elb.create_load_balancer(Name=server.name("lb"), Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]

    def attributes() -> dict[str, str]:
        found = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        return {item["Key"]: item["Value"] for item in found}

    first = attributes()
    assert first["idle_timeout.timeout_seconds"] == "60"
    assert first["routing.http2.enabled"] == "true"
    assert first["deletion_protection.enabled"] == "false"
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "120"}]
    )
    assert attributes() == first | {"idle_timeout.timeout_seconds": "120"}


def test_other_groups_and_subnets(server: Server) -> None:
    elb, ec2 = server.client("elbv2"), server.client("ec2")
    vpc, subnets, group = with_gateway(server, "abc")
    arn = elb.create_load_balancer(Name=server.name("lb"), Subnets=subnets[:2], SecurityGroups=[group])[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    other = ec2.create_security_group(GroupName=server.name(), Description="d", VpcId=vpc)["GroupId"]
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
    ec2.delete_security_group(GroupId=group)
    elb.set_subnets(LoadBalancerArn=arn, Subnets=subnets[1:])
    ec2.delete_subnet(SubnetId=subnets[0])
    for subnet in subnets[1:]:
        with server.refuses("DependencyViolation"):
            ec2.delete_subnet(SubnetId=subnet)


def test_the_same_call_twice_is_one_load_balancer(server: Server) -> None:
    elb = server.client("elbv2")
    _, subnets, group = with_gateway(server)
    request = {"Name": server.name("lb"), "Subnets": subnets, "SecurityGroups": [group]}
    first, second = (elb.create_load_balancer(**request)["LoadBalancers"][0]["LoadBalancerArn"] for _ in range(2))
    assert first == second
    with server.refuses("DuplicateLoadBalancerName", "different settings"):
        elb.create_load_balancer(**request | {"Scheme": "internal"})
