# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CloudFront refuses.

Sources: "API" the API reference, "Guide" the developer guide, page named. The codes are AWS's; a wording that was not found
is ours.
"""

from __future__ import annotations

import re
from typing import Any

from moto.acm import acm_backends

from .. import interfaces
from . import Call, Refusal, rule

CERTIFICATES_IN = "us-east-1"
READ_TIMEOUT = (1, 120)


def _config(call: Call) -> dict[str, Any]:
    given = call.params.get("DistributionConfigWithTags") or call.params
    config: dict[str, Any] = given["DistributionConfig"]
    return config


def _aliases(config: dict[str, Any]) -> list[str]:
    return list((config.get("Aliases") or {}).get("Items") or [])


def _covers(name: str, alias: str) -> bool:
    """A wildcard stands for one label (Guide cnames-and-https-requirements)."""
    name, alias = name.lower(), alias.lower()
    return name == alias or (name.startswith("*.") and alias.partition(".")[2] == name[2:])


@rule("cloudfront", "CreateDistribution")
@rule("cloudfront", "CreateDistributionWithTags")
def reference_of_another(call: Call) -> None:
    # API CreateDistribution, error DistributionAlreadyExists
    from ..additions.cloudfront import DISTRIBUTIONS

    for item in DISTRIBUTIONS.values():
        if item.config["CallerReference"] == _config(call)["CallerReference"]:
            raise Refusal(
                "DistributionAlreadyExists",
                "The caller reference that you are using to create a distribution is associated with another distribution. "
                f"Already exists: {item.id}",
                409,
            )


@rule("cloudfront", "CreateDistribution")
@rule("cloudfront", "CreateDistributionWithTags")
@rule("cloudfront", "UpdateDistribution")
def certificate(call: Call) -> None:
    # Guide cnames-and-https-requirements: in us-east-1, issued, and covering every alias; error InvalidViewerCertificate
    config = _config(call)
    arn = (config.get("ViewerCertificate") or {}).get("ACMCertificateArn")
    if not arn:
        if _aliases(config):
            raise Refusal(
                "InvalidViewerCertificate",
                "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate "
                "that validates your authorization to use the domain name.",
            )
        return
    found = acm_backends[call.account_id][CERTIFICATES_IN]._certificates.get(arn)
    if found is None or found.status != "ISSUED":
        raise Refusal(
            "InvalidViewerCertificate",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid "
            "certificate chain.",
        )
    names = [found.common_name, *found.sans]
    bare = [alias for alias in _aliases(config) if not any(_covers(name, alias) for name in names)]
    if bare:
        raise Refusal(
            "InvalidViewerCertificate",
            "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're "
            f"trying to add: {', '.join(bare)}",
        )


@rule("cloudfront", "CreateDistribution")
@rule("cloudfront", "CreateDistributionWithTags")
@rule("cloudfront", "UpdateDistribution")
def alias_of_another(call: Call) -> None:
    # API CreateDistribution, error CNAMEAlreadyExists
    from ..additions.cloudfront import DISTRIBUTIONS

    taken = {
        alias.lower()
        for item in DISTRIBUTIONS.values()
        if item.id != call.params.get("Id")
        for alias in _aliases(item.config)
    }
    if taken & {alias.lower() for alias in _aliases(_config(call))}:
        raise Refusal(
            "CNAMEAlreadyExists",
            "One or more of the CNAMEs you provided are already associated with a different resource.",
            409,
        )


@rule("cloudfront", "CreateDistribution")
@rule("cloudfront", "CreateDistributionWithTags")
@rule("cloudfront", "UpdateDistribution")
def origins(call: Call) -> None:
    # API DistributionConfig: behaviors name an origin (NoSuchOrigin); API VpcOriginConfig.OriginReadTimeout; Guide
    # private-content-vpc-origins: only a deployed VPC origin can be used (the code of that refusal was not found)
    from ..additions.cloudfront import VPC_ORIGINS

    config = _config(call)
    items = config["Origins"]["Items"]
    behaviors = [config["DefaultCacheBehavior"], *((config.get("CacheBehaviors") or {}).get("Items") or [])]
    if {item["TargetOriginId"] for item in behaviors} - {item["Id"] for item in items}:
        raise Refusal("NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404)
    for item in items:
        inside = item.get("VpcOriginConfig")
        timeout = (inside or item.get("CustomOriginConfig") or {}).get("OriginReadTimeout", 30)
        if not READ_TIMEOUT[0] <= timeout <= READ_TIMEOUT[1]:
            raise Refusal(
                "InvalidOriginReadTimeout", f"The parameter OriginReadTimeout must be between 1 and 120, not {timeout}."
            )
        if inside and inside["VpcOriginId"] not in VPC_ORIGINS:
            raise Refusal("EntityNotFound", "The entity was not found.", 404)
        if inside and call.context.lifecycle.busy(("vpc_origin", inside["VpcOriginId"])):
            raise Refusal("InvalidArgument", f"The VPC origin {inside['VpcOriginId']} is not deployed.")


@rule("cloudfront", "CreateDistribution")
@rule("cloudfront", "CreateDistributionWithTags")
@rule("cloudfront", "UpdateDistribution")
def firewall(call: Call) -> None:
    # API DistributionConfig.WebACLId: the ARN of a web ACL of scope CLOUDFRONT, or a classic one's id; error InvalidWebACLId
    given = _config(call).get("WebACLId") or ""
    if given.startswith("arn:") and not re.match(r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/", given):
        raise Refusal("InvalidWebACLId", "Web ACL is not accessible by the requester: its scope has to be CLOUDFRONT.")


@rule("cloudfront", "UpdateDistribution")
@rule("cloudfront", "DeleteDistribution")
@rule("cloudfront", "DeleteVpcOrigin")
def version(call: Call) -> None:
    # API UpdateDistribution and DeleteDistribution, errors InvalidIfMatchVersion and PreconditionFailed
    from ..additions.cloudfront import DISTRIBUTIONS, VPC_ORIGINS

    known: Any = VPC_ORIGINS if call.operation == "DeleteVpcOrigin" else DISTRIBUTIONS
    item = known.get(call.params["Id"])
    if not call.params.get("IfMatch"):
        raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if item is not None and item.etag != call.params["IfMatch"]:
        raise Refusal(
            "PreconditionFailed",
            "The request failed because it didn't meet the preconditions in one or more request-header fields.",
            412,
        )


@rule("cloudfront", "UpdateDistribution")
def reference_stays(call: Call) -> None:
    # API UpdateDistribution, error IllegalUpdate
    from ..additions.cloudfront import DISTRIBUTIONS

    item = DISTRIBUTIONS.get(call.params["Id"])
    if item is not None and item.config["CallerReference"] != _config(call)["CallerReference"]:
        raise Refusal("IllegalUpdate", "You cannot update Origin or CallerReference.")


@rule("cloudfront", "DeleteDistribution")
def disabled_everywhere(call: Call) -> None:
    # API DeleteDistribution: disabled, and its status Deployed again; error DistributionNotDisabled
    from ..additions.cloudfront import DISTRIBUTIONS

    item = DISTRIBUTIONS.get(call.params["Id"])
    if item is not None and (item.config["Enabled"] or call.context.lifecycle.busy(("distribution", item.id))):
        raise Refusal(
            "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.", 409
        )


@rule("cloudfront", "CreateVpcOrigin")
def a_load_balancer_inside(call: Call) -> None:
    # Guide private-content-vpc-origins "Prerequisites": an active load balancer in private subnets, in a VPC that has an internet
    # gateway; API CreateVpcOrigin, errors EntityAlreadyExists and InvalidArgument
    from ..additions.cloudfront import VPC_ORIGINS, balancer_of

    config = call.params["VpcOriginEndpointConfig"]
    if any(item.config["Name"] == config["Name"] for item in VPC_ORIGINS.values()):
        raise Refusal("EntityAlreadyExists", f"A VPC origin with the name {config['Name']} already exists.", 409)
    balancer = balancer_of(config["Arn"], call.account_id)
    if balancer is None or balancer.scheme != "internal" or balancer.state != "active":
        raise Refusal("InvalidArgument", f"{config['Arn']} is not an active internal load balancer.")
    gateways = interfaces.backend(call.account_id, config["Arn"].split(":")[3]).internet_gateways.values()
    if not any(gateway.vpc and gateway.vpc.id == balancer.vpc_id for gateway in gateways):
        raise Refusal("InvalidArgument", f"{balancer.vpc_id} has no internet gateway.")


@rule("cloudfront", "DeleteVpcOrigin")
def used_by_a_distribution(call: Call) -> None:
    # API DeleteVpcOrigin, error CannotDeleteEntityWhileInUse; the wording is in aws/aws-cdk#34629
    from ..additions.cloudfront import DISTRIBUTIONS

    if any(call.params["Id"] in item.vpc_origins() for item in DISTRIBUTIONS.values()):
        raise Refusal(
            "CannotDeleteEntityWhileInUse",
            "The specified VPC origin is currently associated with one or more distributions. Please disassociate the VPC "
            "origin from all distributions before updating or deleting",
            409,
        )
