# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 refuses and moto takes.

Source, where no other stands: the API reference. The codes are AWS's; a wording that was not found is ours.
"""

from __future__ import annotations

import re
from typing import Any

from .. import interfaces
from ..ecs import policy
from . import Call, Refusal, rule

# API CreateSecurityGroup: what name and description of a group in a VPC may consist of
GROUP_TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


@rule("ec2", "CreateSecurityGroup")
def texts_of_a_group(call: Call) -> None:
    for name, shown in (("GroupName", "groupName"), ("Description", "groupDescription")):
        value = str(call.params.get(name) or "")
        if value and not GROUP_TEXT.fullmatch(value):
            raise Refusal(
                "InvalidParameterValue",
                f"Value ({value}) for parameter {shown} is invalid. Only a-z, A-Z, 0-9, spaces, and "
                "._-:/()#,@[]+=&;{}!$* are allowed, 255 characters at most.",
            )
    if str(call.params.get("GroupName")).startswith("sg-"):
        raise Refusal(
            "InvalidParameterValue",
            f"Value ({call.params['GroupName']}) for parameter groupName is invalid. Group names may not be in the format sg-*.",
        )


def _endpoints(call: Call) -> list[Any]:
    """Endpoints of the same service in the same VPC."""
    ec2 = interfaces.backend(call.account_id, call.region)
    return [
        endpoint
        for endpoint in ec2.vpc_end_points.values()
        if endpoint.vpc_id == call.params["VpcId"]
        and endpoint.service_name == call.params.get("ServiceName")
        and endpoint.state not in ("deleting", "deleted")
    ]


def _is_interface(call: Call) -> bool:
    return call.params.get("VpcEndpointType") == "Interface"


@rule("ec2", "CreateVpcEndpoint")
def private_names_need_the_vpcs_dns(call: Call) -> None:
    # Guide privatelink/interface-endpoints "Private DNS"; the parameter's default is true
    vpc = interfaces.backend(call.account_id, call.region).vpcs.get(call.params["VpcId"])
    if vpc is None or not _is_interface(call) or call.params.get("PrivateDnsEnabled") is False:
        return
    if not all(str(value).lower() == "true" for value in (vpc.enable_dns_support, vpc.enable_dns_hostnames)):
        raise Refusal(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc.id}",
        )


@rule("ec2", "CreateVpcEndpoint")
def one_private_name_for_a_service(call: Call) -> None:
    # hashicorp/terraform-provider-aws#17535
    if not _is_interface(call) or call.params.get("PrivateDnsEnabled") is False:
        return
    if any(
        item.vpc_endpoint_type == "Interface" and item.private_dns_enabled is not False for item in _endpoints(call)
    ):
        name = ".".join(reversed(str(call.params["ServiceName"]).split(".")))
        raise Refusal(
            "InvalidParameter",
            f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in the VPC "
            f"{call.params['VpcId']}",
        )


@rule("ec2", "CreateVpcEndpoint")
def one_gateway_endpoint_for_a_route_table(call: Call) -> None:
    # Guide privatelink/gateway-endpoints: a route table has one route to a service's prefix list
    if _is_interface(call):
        return
    wanted = set(call.params.get("RouteTableIds") or [])
    for endpoint in _endpoints(call):
        taken = wanted & set(endpoint.route_table_ids or [])
        if endpoint.vpc_endpoint_type != "Interface" and taken:
            raise Refusal(
                "RouteAlreadyExists",
                f"route table {sorted(taken)[0]} already has a route with destination-prefix-list-id "
                f"{endpoint.destination_prefix_list_id}",
            )


@rule("ec2", "CreateVpcEndpoint")
def one_subnet_in_each_zone(call: Call) -> None:
    # Guide AWSEC2/errors-overview: DuplicateSubnetsInSameZone
    subnet_ids = list(call.params.get("SubnetIds") or [])
    zones = interfaces.zones(call.account_id, call.region, subnet_ids)
    if _is_interface(call) and len(set(zones.values())) < len(zones):
        raise Refusal(
            "DuplicateSubnetsInSameZone",
            "Found another VPC endpoint subnet in the availability zone of one of the subnets",
        )


# --- volumes ---

# Guide ebs/general-purpose "gp3": GiB, I/O operations per second and MiB per second; per GiB and per operation
GP3_SIZE, GP3_IOPS, GP3_THROUGHPUT = (1, 65536), (3000, 80000), (125, 2000)
IOPS_PER_GIB, THROUGHPUT_PER_IOPS = 500, 0.25


def _gp3(size: int, iops: int, throughput: int) -> None:
    for value, (low, high), name in (
        (size, GP3_SIZE, "size"),
        (iops, GP3_IOPS, "iops"),
        (throughput, GP3_THROUGHPUT, "throughput"),
    ):
        if not low <= value <= high:
            raise Refusal("InvalidParameterValue", f"Volume {name} of {value} is not between {low} and {high} for gp3.")
    if iops > max(GP3_IOPS[0], IOPS_PER_GIB * size):
        raise Refusal(
            "InvalidParameterValue",
            f"Volume iops of {iops} is too high; maximum is {max(GP3_IOPS[0], IOPS_PER_GIB * size)} for volume size {size}.",
        )
    if throughput > THROUGHPUT_PER_IOPS * iops:
        raise Refusal(
            "InvalidParameterValue",
            f"The throughput {throughput} (MiB/s) to iops {iops} ratio is too high; maximum is {THROUGHPUT_PER_IOPS}.",
        )


@rule("ec2", "CreateVolume")
def numbers_of_a_new_volume(call: Call) -> None:
    if call.params.get("VolumeType") == "gp3" and call.params.get("Size"):
        _gp3(
            int(call.params["Size"]),
            int(call.params.get("Iops") or GP3_IOPS[0]),
            int(call.params.get("Throughput") or GP3_THROUGHPUT[0]),
        )


@rule("ec2", "ModifyVolume")
def volumes_do_not_shrink(call: Call) -> None:
    # API ModifyVolume.Size: equal to or greater than the existing size
    volume = interfaces.backend(call.account_id, call.region).volumes.get(call.params["VolumeId"])
    if volume is None:
        return
    size = int(call.params.get("Size") or volume.size)
    if size < volume.size:
        raise Refusal("InvalidParameterValue", "New size cannot be smaller than existing size")
    if (call.params.get("VolumeType") or volume.volume_type) == "gp3":
        _gp3(
            size,
            int(call.params.get("Iops") or volume.iops or GP3_IOPS[0]),
            int(call.params.get("Throughput") or volume.throughput or GP3_THROUGHPUT[0]),
        )


@rule("ec2", "AttachVolume")
def volumes_stay_in_their_zone(call: Call) -> None:
    # Guide ebs/ebs-attaching-volume; error codes of the API reference
    ec2 = interfaces.backend(call.account_id, call.region)
    volume = ec2.volumes.get(call.params["VolumeId"])
    found = [item for item in ec2.all_instances() if item.id == call.params["InstanceId"]]
    if volume is None or not found:
        return
    if volume.availability_zone != found[0].placement.zone:
        raise Refusal(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{found[0].id}'",
        )
    if volume.attachment is not None:
        raise Refusal("VolumeInUse", f"{volume.id} is already attached to an instance")
    if found[0]._state.name != "running":
        raise Refusal("IncorrectState", f"Instance '{found[0].id}' is not 'running'.")


# --- flow logs ---


@rule("ec2", "CreateFlowLogs")
def flow_logs_assume_their_role(call: Call) -> None:
    # terraform-provider-aws, internal/service/ec2/vpc_flow_log.go: refused so while the role is not known everywhere yet
    arn = str(call.params.get("DeliverLogsPermissionArn") or "")
    if call.params.get("LogDestinationType", "cloud-watch-logs") != "cloud-watch-logs" or not arn:
        return
    role = policy.role_of(arn)
    trusted = role is not None and "vpc-flow-logs.amazonaws.com" in str(role.assume_role_policy_document)
    if role is None or not trusted or not policy.visible(role):
        raise Refusal("InvalidParameter", "Unable to assume given IAM role")
