# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: NAT gateways and endpoints that take time, and what cannot be deleted while something stands on it."""

from __future__ import annotations

from typing import Any

from .server_support import REGION, Server


def gateway_state(server: Server, nat: str) -> str:
    found = server.client("ec2").describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    return str(found[0]["State"])


def test_life_of_a_nat_gateway(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, subnets, _ = server.network()
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    name = server.name("nat")
    made = ec2.create_nat_gateway(
        SubnetId=subnets[0],
        AllocationId=address,
        TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": name}]}],
    )["NatGateway"]
    nat = made["NatGatewayId"]
    assert made["State"] == "pending"
    server.wait(lambda: gateway_state(server, nat) == "available")
    found = ec2.describe_nat_gateways(Filters=[{"Name": "tag:Name", "Values": [name]}])["NatGateways"]
    assert [item["NatGatewayId"] for item in found] == [nat]
    tags = ec2.describe_tags(
        Filters=[{"Name": "resource-type", "Values": ["natgateway"]}, {"Name": "resource-id", "Values": [nat]}]
    )["Tags"]
    assert [(tag["ResourceType"], tag["Value"]) for tag in tags] == [("natgateway", name)]

    with server.refuses("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address)
    with server.refuses("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert gateway_state(server, nat) == "deleting"
    with server.refuses("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnets[0])
    server.wait(lambda: gateway_state(server, nat) == "deleted")
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.delete_subnet(SubnetId=subnets[0])
    with server.refuses("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId=nat)


def test_a_security_group_stays_as_long_as_another_names_it(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, _, group = server.network()
    other = ec2.create_security_group(GroupName=server.name(), Description="d", VpcId=vpc)["GroupId"]
    permission: list[Any] = [
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": group}]},
    ]
    for authorize, revoke in (
        (ec2.authorize_security_group_ingress, ec2.revoke_security_group_ingress),
        (ec2.authorize_security_group_egress, ec2.revoke_security_group_egress),
    ):
        authorize(GroupId=other, IpPermissions=permission)
        with server.refuses("DependencyViolation"):
            ec2.delete_security_group(GroupId=group)
        revoke(GroupId=other, IpPermissions=permission)
    # a rule of its own does not hold it
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permission)
    ec2.delete_security_group(GroupId=group)


def test_a_vpc_stays_as_long_as_something_is_in_it(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network()
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    with server.refuses("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    with server.refuses("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)
    assert server.gone(lambda: ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])


def test_life_of_an_interface_endpoint(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network()
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        SecurityGroupIds=[group],
    )["VpcEndpoint"]
    assert made["State"] == "pending"
    wanted = [made["VpcEndpointId"]]

    def state() -> str:
        found = ec2.describe_vpc_endpoints(VpcEndpointIds=wanted)["VpcEndpoints"]
        return str(found[0]["State"]) if found else "gone"

    server.wait(lambda: state() == "available")
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc_endpoints(VpcEndpointIds=wanted)
    assert state() == "deleting"
    with server.refuses("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnets[0])
    server.wait(lambda: state() in ("deleted", "gone"))
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnets[0])


def test_a_gateway_endpoint_is_there_at_once(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, _, _ = server.network()
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table])
    endpoint = made["VpcEndpoint"]
    assert (endpoint["State"], endpoint["VpcEndpointType"]) == ("available", "Gateway")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    found = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    assert [item for item in found if item["State"] != "deleted"] == []


def test_a_volume_says_that_it_has_no_snapshot(server: Server) -> None:
    ec2 = server.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", VolumeType="gp3", Size=1)["VolumeId"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["SnapshotId"] == ""


def test_tags_of_a_launch_template_are_not_those_of_its_instances(server: Server) -> None:
    ec2 = server.client("ec2")
    name = server.name("lt")
    own = [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "instances"}]}]
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-12345678", "TagSpecifications": own},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "of", "Value": "template"}]}],
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["TagSpecifications"] == own
    assert ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"][0]["Tags"] == [
        {"Key": "of", "Value": "template"}
    ]


def test_versions_of_a_launch_template_go_one_by_one(server: Server) -> None:
    ec2 = server.client("ec2")
    name = server.name("lt")
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-1"})
    for number in (2, 3):
        ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData={"ImageId": f"ami-{number}"})
    ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion="3")
    answer = ec2.delete_launch_template_versions(LaunchTemplateName=name, Versions=["1", "3", "9"])
    assert [item["VersionNumber"] for item in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    assert [item["VersionNumber"] for item in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [3, 9]
    found = ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["$Default"])
    assert [item["LaunchTemplateData"]["ImageId"] for item in found["LaunchTemplateVersions"]] == ["ami-3"]
    ec2.delete_launch_template(LaunchTemplateName=name)
