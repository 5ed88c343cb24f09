# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 refuses, beside what it takes."""

from __future__ import annotations

import json

import pytest

from .server_support import REGION, Server


@pytest.mark.parametrize(
    ("name", "description"), [("sg-mine", "d"), ("ä", "d"), ("a", "déjà vu"), ("a", "a" * 256), ("a|b", "d")]
)
def test_texts_of_a_security_group(server: Server, name: str, description: str) -> None:
    vpc, _, _ = server.network()
    with server.refuses("InvalidParameterValue"):
        server.client("ec2").create_security_group(GroupName=name, Description=description, VpcId=vpc)
    made = server.client("ec2").create_security_group(GroupName="a-b", Description="For: x (y), z", VpcId=vpc)
    assert made["GroupId"]


def test_an_endpoint_has_one_subnet_in_each_zone(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network("aa")
    request = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.logs", "VpcEndpointType": "Interface"}
    with server.refuses("DuplicateSubnetsInSameZone"):
        ec2.create_vpc_endpoint(**request, SubnetIds=subnets, SecurityGroupIds=[group], PrivateDnsEnabled=False)


def test_private_names_of_endpoints(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, subnets, group = server.network()
    request = {
        "VpcId": vpc,
        "ServiceName": f"com.amazonaws.{REGION}.logs",
        "VpcEndpointType": "Interface",
        "SubnetIds": subnets,
        "SecurityGroupIds": [group],
    }
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    with server.refuses("InvalidParameter", "enableDnsHostnames"):
        ec2.create_vpc_endpoint(**request)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.create_vpc_endpoint(**request)
    with server.refuses("InvalidParameter", f"logs.{REGION}"):
        ec2.create_vpc_endpoint(**request)
    ec2.create_vpc_endpoint(**request, PrivateDnsEnabled=False)


def test_a_route_table_has_one_gateway_endpoint_of_a_service(server: Server) -> None:
    ec2 = server.client("ec2")
    vpc, _, _ = server.network()
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    service = f"com.amazonaws.{REGION}.s3"
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, RouteTableIds=tables[:1])
    with server.refuses("RouteAlreadyExists", tables[0]):
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, RouteTableIds=tables)
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, RouteTableIds=tables[1:])


@pytest.mark.parametrize(
    "numbers",
    [
        {"Size": 100, "Iops": 2999},
        {"Size": 100, "Iops": 80001},
        {"Size": 7, "Iops": 3501},
        {"Size": 100, "Throughput": 124},
        {"Size": 100, "Iops": 3000, "Throughput": 751},
        {"Size": 70000},
    ],
)
def test_numbers_of_gp3(server: Server, numbers: dict[str, int]) -> None:
    ec2 = server.client("ec2")
    with server.refuses("InvalidParameterValue"):
        ec2.create_volume(AvailabilityZone=f"{REGION}a", VolumeType="gp3", **numbers)


def test_volumes_grow_and_do_not_shrink(server: Server) -> None:
    ec2 = server.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", VolumeType="gp3", Size=10)["VolumeId"]
    ec2.modify_volume(VolumeId=volume, Size=20, Iops=4000, Throughput=500)
    with server.refuses("InvalidParameterValue", "smaller"):
        ec2.modify_volume(VolumeId=volume, Size=19)
    with server.refuses("InvalidParameterValue", "ratio"):
        ec2.modify_volume(VolumeId=volume, Throughput=1001)


def test_volumes_stay_in_their_zone(server: Server) -> None:
    ec2 = server.client("ec2")
    _, subnets, _ = server.network()
    here, there = (
        ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]["InstanceId"]
        for subnet in subnets
    )
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", VolumeType="gp3", Size=10)["VolumeId"]
    with server.refuses("InvalidVolume.ZoneMismatch"):
        ec2.attach_volume(VolumeId=volume, InstanceId=there, Device="/dev/sdf")
    ec2.attach_volume(VolumeId=volume, InstanceId=here, Device="/dev/sdf")
    with server.refuses("VolumeInUse"):
        ec2.attach_volume(VolumeId=volume, InstanceId=here, Device="/dev/sdg")
    ec2.terminate_instances(InstanceIds=[here, there])


def test_flow_logs_assume_their_role(server: Server) -> None:
    ec2, iam, name = server.client("ec2"), server.client("iam"), server.name()
    vpc, _, _ = server.network()
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {}}]}
    roles = {}
    for service in ("ec2", "vpc-flow-logs"):
        trust["Statement"][0]["Principal"] = {"Service": f"{service}.amazonaws.com"}  # type: ignore[index]
        made = iam.create_role(RoleName=f"{name}-{service}", AssumeRolePolicyDocument=json.dumps(trust))
        roles[service] = made["Role"]["Arn"]

    def create(arn: str) -> None:
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=f"/flow/{name}",
            DeliverLogsPermissionArn=arn,
        )

    # one that was just made is not known yet
    for arn in (f"{roles['ec2']}-not-there", roles["ec2"], roles["vpc-flow-logs"]):
        with server.refuses("InvalidParameter", "Unable to assume given IAM role"):
            create(arn)
    server.wait(lambda: server.accepted(lambda: create(roles["vpc-flow-logs"])))
