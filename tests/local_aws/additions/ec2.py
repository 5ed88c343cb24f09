# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: NAT gateways that take time, and what cannot be deleted while something else stands on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.ec2.models.launch_templates import LaunchTemplate

from .. import interfaces
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


def in_use(kind: str, what: str) -> Refusal:
    return Refusal("DependencyViolation", f"The {kind} '{what}' has dependencies and cannot be deleted.")


def references(rules: list[Any], group_id: str) -> bool:
    """Whether one of a security group's rules names another group."""
    return any(rule.source_group.get("GroupId") == group_id for rule in rules)


class Ec2(Addition):
    """EC2's additions."""

    service = "ec2"

    # --- NAT gateways ---

    @operation("CreateNatGateway")
    def create_nat_gateway(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        gateway = answer["NatGateway"]
        ec2 = interfaces.backend(call.account_id, call.region)
        made = ec2.nat_gateways[gateway["NatGatewayId"]]
        made.state = "pending"
        made._eni.requester_managed = True

        def available() -> None:
            made.state = "available"

        self.lifecycle.begin(("nat", made.id), "nat_gateway.create", "pending", available)
        gateway["State"] = "pending"
        return answer

    @operation("DescribeNatGateways")
    def describe_nat_gateways(self, call: Call, forward: Forward) -> Shape:
        """moto knows no filters by tag here."""
        answer = forward()
        for item in [*call.params.get("Filter", []), *call.params.get("Filters", [])]:
            if item["Name"].startswith("tag:"):
                key, values = item["Name"].removeprefix("tag:"), item["Values"]
                answer["NatGateways"] = [
                    gateway
                    for gateway in answer["NatGateways"]
                    if any(tag["Key"] == key and tag["Value"] in values for tag in gateway.get("Tags") or [])
                ]
        return answer

    @operation("DeleteNatGateway")
    def delete_nat_gateway(self, call: Call, _forward: Forward) -> Shape:
        ec2 = interfaces.backend(call.account_id, call.region)
        gateway = ec2.nat_gateways.get(call.params["NatGatewayId"])
        if gateway is None or gateway.state == "deleted":
            raise Refusal("NatGatewayNotFound", f"The Nat Gateway {call.params['NatGatewayId']} was not found")
        gateway.state = "deleting"

        def deleted() -> None:
            # AWS goes on listing it for about an hour
            gateway.state = "deleted"
            interfaces.delete(call.account_id, call.region, gateway._eni.id)
            for address in ec2.addresses:
                if address.eni is gateway._eni:
                    address.eni, address.association_id = None, None

        self.lifecycle.begin(("nat", gateway.id), "nat_gateway.delete", "deleting", deleted)
        return {"NatGatewayId": gateway.id}

    @operation("DescribeTags")
    def describe_tags(self, call: Call, forward: Forward) -> Shape:
        """AWS calls the type of a NAT gateway natgateway; moto guesses it from the id's prefix."""
        params = call.params
        for item in params.get("Filters") or []:
            if item["Name"] == "resource-type":
                item["Values"] = [{"natgateway": "nat-gateway"}.get(value, value) for value in item["Values"]]
        answer = forward(params)
        for tag in answer["Tags"]:
            if tag["ResourceId"].startswith("nat-"):
                tag["ResourceType"] = "natgateway"
        return answer

    # --- volumes ---

    @operation("DescribeVolumes")
    def describe_volumes(self, _call: Call, forward: Forward) -> Shape:
        """AWS says of a volume made from no snapshot that its snapshot is empty; moto leaves it out."""
        answer = forward()
        for volume in answer["Volumes"]:
            volume.setdefault("SnapshotId", "")
        return answer

    @operation("CreateLaunchTemplate")
    def create_launch_template(self, call: Call, forward: Forward) -> Shape:
        """The template's own tags are no part of what instances are made from; moto puts them there."""
        answer = forward()
        ec2 = interfaces.backend(call.account_id, call.region)
        for version in ec2.launch_templates[answer["LaunchTemplate"]["LaunchTemplateId"]].versions:
            given = version.data.get("TagSpecifications") or []
            version.data["TagSpecifications"] = [item for item in given if item["ResourceType"] != "launch-template"]
        return answer

    @operation("DeleteLaunchTemplateVersions")
    def delete_launch_template_versions(self, call: Call, _forward: Forward) -> Shape:
        """moto has no such operation."""
        templates = interfaces.backend(call.account_id, call.region).launch_templates.values()
        wanted = (call.params.get("LaunchTemplateId"), call.params.get("LaunchTemplateName"))
        template = next((item for item in templates if item.id == wanted[0] or item.name == wanted[1]), None)
        if template is None:
            raise Refusal("InvalidLaunchTemplateId.NotFound", "The specified launch template does not exist")
        deleted, left = [], []
        for number in map(int, call.params["Versions"]):
            known = next((item for item in template.versions if item.number == number), None)
            shape: Shape = {
                "LaunchTemplateId": template.id,
                "LaunchTemplateName": template.name,
                "VersionNumber": number,
            }
            if known is None:
                left.append({**shape, "ResponseError": {"Code": "launchTemplateVersionDoesNotExist"}})
            elif number == template.default_version_number:
                left.append(
                    {**shape, "ResponseError": {"Code": "unexpectedError", "Message": "It is the default version."}}
                )
            else:
                template.versions.remove(known)
                deleted.append(shape)
        return {
            "SuccessfullyDeletedLaunchTemplateVersions": deleted,
            "UnsuccessfullyDeletedLaunchTemplateVersions": left,
        }

    # --- endpoints ---

    @operation("CreateVpcEndpoint")
    def create_vpc_endpoint(self, call: Call, forward: Forward) -> Shape:
        """A gateway endpoint is a route and there at once; an interface endpoint takes time."""
        answer = forward({"VpcEndpointType": "Gateway", **call.params})
        shape = answer["VpcEndpoint"]
        if shape.get("VpcEndpointType") != "Interface":
            return answer
        made = interfaces.backend(call.account_id, call.region).vpc_end_points[shape["VpcEndpointId"]]
        made.state = "pending"
        for item in made.network_interface_ids:
            interfaces.set_groups(call.account_id, call.region, item, made.security_group_ids)

        def available() -> None:
            made.state = "available"

        self.lifecycle.begin(("endpoint", made.id), "vpc_endpoint.create", "pending", available)
        shape["State"] = made.state
        return answer

    @operation("DeleteVpcEndpoints")
    def delete_vpc_endpoints(self, call: Call, forward: Forward) -> Shape:
        ec2 = interfaces.backend(call.account_id, call.region)
        slow = [
            ec2.vpc_end_points[item]
            for item in call.params["VpcEndpointIds"]
            if item in ec2.vpc_end_points and ec2.vpc_end_points[item].vpc_endpoint_type == "Interface"
        ]
        for endpoint in slow:
            endpoint.state = "deleting"
            self.lifecycle.begin(
                ("endpoint", endpoint.id), "vpc_endpoint.delete", "deleting", self._endpoint_gone(ec2, endpoint.id)
            )
        others = [item for item in call.params["VpcEndpointIds"] if item not in {endpoint.id for endpoint in slow}]
        return forward({**call.params, "VpcEndpointIds": others}) if others else {"Unsuccessful": []}

    @staticmethod
    def _endpoint_gone(ec2: Any, endpoint_id: str) -> Callable[[], object]:
        return lambda: ec2.delete_vpc_endpoints([endpoint_id])

    # --- what cannot be deleted yet ---

    @operation("DeleteVpc")
    def delete_vpc(self, call: Call, forward: Forward) -> Shape:
        """moto looks at subnets and route tables only."""
        ec2, vpc = interfaces.backend(call.account_id, call.region), call.params["VpcId"]
        gateways = [item for item in ec2.internet_gateways.values() if item.vpc and item.vpc.id == vpc]
        groups = [item for item in ec2.groups.get(vpc, {}).values() if item.name != "default"]
        endpoints = [item for item in ec2.vpc_end_points.values() if item.vpc_id == vpc and item.state != "deleted"]
        if gateways or groups or endpoints:
            raise in_use("vpc", vpc)
        return forward()

    @operation("ReleaseAddress")
    def release_address(self, call: Call, forward: Forward) -> Shape:
        wanted = (call.params.get("AllocationId"), call.params.get("PublicIp"))
        for address in interfaces.backend(call.account_id, call.region).addresses:
            if address.eni is not None and (address.allocation_id == wanted[0] or address.public_ip == wanted[1]):
                raise Refusal("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        return forward()

    @operation("DetachInternetGateway")
    def detach_internet_gateway(self, call: Call, forward: Forward) -> Shape:
        vpc = call.params["VpcId"]
        for address in interfaces.backend(call.account_id, call.region).addresses:
            if address.eni is not None and address.eni.subnet.vpc_id == vpc:
                raise Refusal(
                    "DependencyViolation",
                    f"Network {vpc} has some mapped public address(es). Please unmap those before detaching the gateway.",
                )
        return forward()

    @operation("DeleteSubnet")
    def delete_subnet(self, call: Call, forward: Forward) -> Shape:
        subnet = call.params["SubnetId"]
        if interfaces.of_subnet(call.account_id, call.region, subnet):
            raise in_use("subnet", subnet)
        return forward()

    @operation("DeleteSecurityGroup")
    def delete_security_group(self, call: Call, forward: Forward) -> Shape:
        ec2, wanted = interfaces.backend(call.account_id, call.region), call.params.get("GroupId")
        if wanted is None:
            return forward()
        users = interfaces.of_security_group(call.account_id, call.region, wanted)
        others = [group for groups in ec2.groups.values() for group in groups.values() if group.id != wanted]
        referring = [
            group.id
            for group in others
            if references(group.ingress_rules, wanted) or references(group.egress_rules, wanted)
        ]
        if users or referring:
            raise Refusal("DependencyViolation", f"resource {wanted} has a dependent object")
        return forward()


_get_version = LaunchTemplate.get_version


def _version(self: Any, number: Any) -> Any:
    """By its number: moto counts places in a list, from which versions can be deleted."""
    if str(number).lower() == "$latest":
        return self.versions[-1]
    wanted = self.default_version_number if str(number).lower() == "$default" else int(number)
    found = next((item for item in self.versions if item.number == wanted), None)
    # out of every list, so that moto says what is not there
    return found or _get_version(self, len(self.versions) + 1)


def install(context: Context) -> None:
    template: Any = LaunchTemplate
    template.get_version = _version
    template.default_version = lambda self: _version(self, "$Default")
    Ec2(context)
