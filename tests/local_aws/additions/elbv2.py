# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers: they take time, stand in their subnets with interfaces, and have AWS's default attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elbv2.models import elbv2_backends

from .. import interfaces
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

# docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html, application load balancers
ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
# The same page, network load balancers
NETWORK_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "false",
    "zonal_shift.config.enabled": "false",
}


class LoadBalancing(Addition):
    """Load balancers' additions."""

    service = "elbv2"

    def __init__(self, context: Context) -> None:
        # of each load balancer: subnet -> interface
        self.interfaces: dict[str, dict[str, str]] = {}
        super().__init__(context)

    def reset(self) -> None:
        self.interfaces.clear()

    @staticmethod
    def _balancer(call: Call, arn: str) -> Any:
        return elbv2_backends[call.account_id][call.region].load_balancers.get(arn)

    @staticmethod
    def _stand(call: Call, balancer: Any, subnets: list[str]) -> dict[str, str]:
        """A load balancer's interface in each subnet."""
        text = f"ELB {balancer.arn.partition(':loadbalancer/')[2]}"
        groups = balancer.security_groups or []
        return {item: interfaces.create(call.account_id, call.region, item, groups, text) for item in subnets}

    @staticmethod
    def _same_name(call: Call) -> str | None:
        """The load balancer that an equal call made before; one with the name and other settings is in the way."""
        params = call.params
        for arn, balancer in elbv2_backends[call.account_id][call.region].load_balancers.items():
            if balancer.name != params["Name"]:
                continue
            mapped = [item["SubnetId"] for item in params.get("SubnetMappings") or []]
            wanted = (
                {*(params.get("Subnets") or []), *mapped},
                set(params.get("SecurityGroups") or []),
                params.get("Scheme") or "internet-facing",
                params.get("Type") or "application",
            )
            given = (
                {subnet.id for subnet in balancer.subnets},
                set(balancer.security_groups or []),
                balancer.scheme or "internet-facing",
                balancer.type or "application",
            )
            if wanted != given:
                raise Refusal(
                    "DuplicateLoadBalancerName",
                    f"A load balancer with the same name '{balancer.name}' exists, but with different settings",
                )
            return str(arn)
        return None

    @operation("CreateLoadBalancer")
    def create(self, call: Call, forward: Forward) -> Shape:
        existing = self._same_name(call)
        if existing is not None:
            asked = {"LoadBalancerArns": [existing]}
            return self.context.forward(Call("elbv2", "DescribeLoadBalancers", asked, call.region))
        answer = forward()
        shape = answer["LoadBalancers"][0]
        arn = shape["LoadBalancerArn"]
        balancer = self._balancer(call, arn)
        own = NETWORK_ATTRIBUTES if balancer.type == "network" else ATTRIBUTES
        balancer.attrs = {**own, "deletion_protection.enabled": "false", "access_logs.s3.bucket": ""}
        balancer.attrs["access_logs.s3.prefix"] = ""
        balancer.state = "provisioning"
        self.interfaces[arn] = self._stand(call, balancer, [subnet.id for subnet in balancer.subnets])

        def active() -> None:
            balancer.state = "active"

        self.lifecycle.begin(("load_balancer", arn), "load_balancer.create", "provisioning", active)
        shape["State"] = {"Code": balancer.state}
        return answer

    @operation("DescribeLoadBalancers")
    def describe(self, call: Call, forward: Forward) -> Shape:
        """moto makes a load balancer active by describing it; here time does."""
        backend = elbv2_backends[call.account_id][call.region]
        states = {arn: balancer.state for arn, balancer in backend.load_balancers.items()}
        answer = forward()
        for shape in answer["LoadBalancers"]:
            arn = shape["LoadBalancerArn"]
            backend.load_balancers[arn].state = states[arn]
            shape["State"] = {"Code": states[arn]}
        return answer

    @operation("SetSecurityGroups")
    def set_security_groups(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        for item in self.interfaces.get(call.params["LoadBalancerArn"], {}).values():
            interfaces.set_groups(call.account_id, call.region, item, call.params["SecurityGroups"])
        return answer

    @operation("SetSubnets")
    def set_subnets(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        arn = call.params["LoadBalancerArn"]
        balancer, standing = self._balancer(call, arn), self.interfaces.setdefault(arn, {})
        wanted = [subnet.id for subnet in balancer.subnets]
        for subnet in [item for item in standing if item not in wanted]:
            interfaces.delete(call.account_id, call.region, standing.pop(subnet))
        standing.update(self._stand(call, balancer, [item for item in wanted if item not in standing]))
        return answer

    @operation("DeleteLoadBalancer")
    def delete(self, call: Call, forward: Forward) -> Shape:
        """Gone at once, but for the interfaces: subnets and security groups cannot be deleted for minutes."""
        arn = call.params["LoadBalancerArn"]
        answer = forward()
        left = self.interfaces.pop(arn, {}).values()

        def gone() -> None:
            for item in left:
                interfaces.delete(call.account_id, call.region, item)

        self.lifecycle.transitions.pop(("load_balancer", arn), None)
        if left:
            self.lifecycle.begin(("interfaces", arn), "load_balancer_interfaces.delete", "deleting", gone)
        return answer


def install(context: Context) -> None:
    LoadBalancing(context)
