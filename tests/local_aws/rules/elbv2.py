# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What load balancing refuses and moto takes.

Sources: "API" the API reference, "Guide" the guide of application load balancers, page named. The codes are AWS's; a
wording that was not found is ours.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from moto.acm import acm_backends
from moto.elbv2.models import elbv2_backends
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from .. import interfaces
from . import Call, Refusal, rule

LEAST_FREE_ADDRESSES = 8
SECURE_PROTOCOLS = ("HTTPS", "TLS")
# API LoadBalancerAttribute, TargetGroupAttribute: numbers and where they begin and end
RANGES = {
    "idle_timeout.timeout_seconds": (1, 4000),
    "client_keep_alive.seconds": (60, 604800),
    "deregistration_delay.timeout_seconds": (0, 3600),
    "slow_start.duration_seconds": (0, 900),
    "stickiness.lb_cookie.duration_seconds": (1, 604800),
}


def invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


def _balancer(call: Call) -> Any:
    return elbv2_backends[call.account_id][call.region].load_balancers.get(call.params.get("LoadBalancerArn") or "")


def _is_application(call: Call) -> bool:
    return (call.params.get("Type") or "application") == "application"


def _subnets(call: Call) -> list[Any]:
    mapped = [item["SubnetId"] for item in call.params.get("SubnetMappings") or []]
    wanted = list(call.params.get("Subnets") or []) + mapped
    known = interfaces.backend(call.account_id, call.region).subnets.values()
    return [subnet for subnets in known for subnet in subnets.values() if subnet.id in wanted]


@rule("elbv2", "CreateLoadBalancer")
def names(call: Call) -> None:
    # API CreateLoadBalancer.Name
    name = call.params["Name"]
    if len(name) > 32:
        raise invalid(f"The load balancer name '{name}' cannot be longer than '32' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise invalid(
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)"
        )
    if name[0] == "-" or name[-1] == "-":
        raise invalid(f"The load balancer name '{name}' cannot begin or end with '-'")
    if name.startswith("internal-"):
        raise invalid(f"The load balancer name '{name}' cannot begin with reserved prefix 'internal-'")


@rule("elbv2", "CreateLoadBalancer")
def two_zones(call: Call) -> None:
    # Guide application-load-balancers "Subnets for your load balancer"
    if not _is_application(call):
        return
    subnets = _subnets(call)
    zones = [subnet.availability_zone for subnet in subnets]
    if subnets and len(set(zones)) < 2:
        raise invalid("At least two subnets in two different Availability Zones must be specified")
    if len(zones) != len(set(zones)):
        raise Refusal(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise Refusal("InvalidConfigurationRequest", "All subnets must belong to the same VPC")


@rule("elbv2", "CreateLoadBalancer")
@rule("elbv2", "SetSubnets")
def room_in_the_subnets(call: Call) -> None:
    # Guide application-load-balancers: /27 or larger, and at least eight free addresses
    for subnet in _subnets(call):
        free = subnet.available_ip_address_count
        if ipaddress.ip_network(subnet.cidr_block).prefixlen > 27 or free < LEAST_FREE_ADDRESSES:
            raise Refusal(
                "InvalidSubnet",
                f"Not enough IP space available in {subnet.id}. ELB requires at least {LEAST_FREE_ADDRESSES} free IP "
                "addresses in each subnet.",
            )


@rule("elbv2", "CreateLoadBalancer")
def a_way_to_the_internet(call: Call) -> None:
    # API CreateLoadBalancer, error InvalidSubnet; seen as "VPC vpc-... has no internet gateway"
    if call.params.get("Scheme") == "internal":
        return
    gateways = interfaces.backend(call.account_id, call.region).internet_gateways.values()
    attached = {gateway.vpc.id for gateway in gateways if gateway.vpc}
    for subnet in _subnets(call):
        if subnet.vpc_id not in attached:
            raise Refusal("InvalidSubnet", f"VPC {subnet.vpc_id} has no internet gateway")


@rule("elbv2", "CreateLoadBalancer")
def groups_of_the_same_vpc(call: Call) -> None:
    groups = interfaces.backend(call.account_id, call.region).groups
    for vpc in {subnet.vpc_id for subnet in _subnets(call)}:
        if any(group not in groups.get(vpc, {}) for group in call.params.get("SecurityGroups") or []):
            raise Refusal("InvalidConfigurationRequest", "One or more security groups are invalid")


@rule("elbv2", "SetSecurityGroups")
def other_groups_of_the_same_vpc(call: Call) -> None:
    balancer = _balancer(call)
    groups = interfaces.backend(call.account_id, call.region).groups
    if balancer and any(group not in groups.get(balancer.vpc_id, {}) for group in call.params["SecurityGroups"]):
        raise Refusal("InvalidConfigurationRequest", "One or more security groups are invalid")


@rule("elbv2", "DeleteLoadBalancer")
def protected(call: Call) -> None:
    # Guide application-load-balancers "Deletion protection"
    balancer = _balancer(call)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise Refusal(
            "OperationNotPermitted",
            f"Load balancer '{call.params['LoadBalancerArn']}' cannot be deleted because deletion protection is enabled",
        )


@rule("elbv2", "CreateListener")
def one_listener_on_a_port(call: Call) -> None:
    # API CreateListener, error DuplicateListener
    balancer = _balancer(call)
    if balancer and any(str(item.port) == str(call.params.get("Port")) for item in balancer.listeners.values()):
        raise Refusal(
            "DuplicateListener",
            f"A listener already exists on this port for this load balancer '{call.params['LoadBalancerArn']}'",
        )


@rule("elbv2", "CreateListener")
@rule("elbv2", "ModifyListener")
@rule("elbv2", "AddListenerCertificates")
def certificates(call: Call) -> None:
    # API CreateListener, errors CertificateNotFound and UnsupportedCertificate; one that waits for its validation is
    # not supported yet (cloudposse/terraform-aws-acm-request-certificate#58)
    given = [item["CertificateArn"] for item in call.params.get("Certificates") or [] if item.get("CertificateArn")]
    if call.operation == "CreateListener" and call.params.get("Protocol") in SECURE_PROTOCOLS and not given:
        raise invalid(f"A certificate must be specified for {call.params['Protocol']} listeners")
    known = acm_backends[call.account_id][call.region]._certificates
    for arn in given:
        if ":acm:" not in arn:
            continue
        if arn not in known:
            raise Refusal("CertificateNotFound", f"Certificate '{arn}' not found")
        if known[arn].status != "ISSUED":
            raise Refusal(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
                "key size.",
            )


@rule("elbv2", "CreateRule")
@rule("elbv2", "ModifyRule")
def few_values_in_a_rule(call: Call) -> None:
    # Guide listener-update-rules "Condition basics": three match evaluations in a condition, five in a rule
    counts = []
    for condition in call.params.get("Conditions") or []:
        configs = [value for key, value in condition.items() if key.endswith("Config") and isinstance(value, dict)]
        counts.append(max([len(condition.get("Values") or []), *(len(item.get("Values") or []) for item in configs)]))
    if sum(counts) > 5 or any(count > 3 for count in counts):
        raise Refusal("TooManyConditionValues", "A rule has five condition values at most, and a condition three")


@rule("elbv2", "CreateTargetGroup")
@rule("elbv2", "ModifyTargetGroup")
def health_timeout_below_interval(call: Call) -> None:
    # API CreateTargetGroup.HealthCheckTimeoutSeconds; the defaults are 30 and 5
    params = call.params
    interval, timeout = params.get("HealthCheckIntervalSeconds"), params.get("HealthCheckTimeoutSeconds")
    if call.operation == "ModifyTargetGroup":
        group = elbv2_backends[call.account_id][call.region].target_groups.get(params["TargetGroupArn"])
        interval = interval or getattr(group, "health_check_interval_seconds", None)
        timeout = timeout or getattr(group, "health_check_timeout_seconds", None)
    if int(timeout or 5) >= int(interval or 30):
        raise invalid(f"Health check timeout '{timeout or 5}' must be smaller than the interval '{interval or 30}'")


@rule("elbv2", "ModifyLoadBalancerAttributes")
def a_bucket_that_takes_logs(call: Call) -> None:
    # Guide enable-access-logging: the policy for logdelivery.elasticloadbalancing.amazonaws.com, and SSE-S3 only; seen as
    # "Access Denied for bucket: ... Please check S3bucket permission"
    given = {item["Key"]: str(item.get("Value")) for item in call.params.get("Attributes") or []}
    balancer = _balancer(call)
    if given.get("access_logs.s3.enabled") != "true":
        return
    name = given.get("access_logs.s3.bucket") or (balancer.attrs.get("access_logs.s3.bucket") if balancer else "")
    buckets = s3_backends[call.account_id][get_partition(call.region)].buckets
    bucket = buckets.get(name or "")
    text = (bucket.policy or b"{}") if bucket else b"{}"
    statements = json.loads(text).get("Statement") or []
    allowed = any(
        item["Effect"] == "Allow"
        and "logdelivery.elasticloadbalancing.amazonaws.com" in str(item.get("Principal"))
        and f"{name}/AWSLogs/{call.account_id}/*" in str(item.get("Resource"))
        for item in statements
    )
    if bucket is None or not allowed or "aws:kms" in str(bucket.encryption):
        raise Refusal(
            "InvalidConfigurationRequest", f"Access Denied for bucket: {name}. Please check S3bucket permission"
        )


@rule("elbv2", "ModifyLoadBalancerAttributes")
@rule("elbv2", "ModifyTargetGroupAttributes")
def numbers_in_their_ranges(call: Call) -> None:
    for item in call.params.get("Attributes") or []:
        low, high = RANGES.get(item["Key"], (None, None))
        if low is None or high is None:
            continue
        value = str(item.get("Value"))
        if not value.isdigit() or not low <= int(value) <= high:
            raise invalid(f"'{item['Key']}' must be a number between {low} and {high}, not '{value}'")
