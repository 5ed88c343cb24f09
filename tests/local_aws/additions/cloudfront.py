# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFront: distributions that take minutes to deploy, and VPC origins with their interfaces in the load balancer's subnets.

Nothing is served through a distribution. moto forgets VPC origins and logging, takes any ETag, and deploys by being asked.
"""

from __future__ import annotations

import copy
import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.elbv2.models import elbv2_backends

from .. import interfaces
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

SERVICE_GROUP = "CloudFront-VPCOrigins-Service-SG"
# API DistributionConfig and the shapes in it: what is there where nothing was asked for
NOTHING = {"Quantity": 0}
DEFAULTS: Shape = {
    "Aliases": NOTHING,
    "DefaultRootObject": "",
    "OriginGroups": NOTHING,
    "CacheBehaviors": NOTHING,
    "CustomErrorResponses": NOTHING,
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": True,
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    },
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", **NOTHING}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": False,
    "ContinuousDeploymentPolicyId": "",
    "Staging": False,
}
BEHAVIOR: Shape = {
    "TrustedSigners": {"Enabled": False, **NOTHING},
    "TrustedKeyGroups": {"Enabled": False, **NOTHING},
    "AllowedMethods": {
        "Quantity": 2,
        "Items": ["HEAD", "GET"],
        "CachedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]},
    },
    "SmoothStreaming": False,
    "Compress": False,
    "LambdaFunctionAssociations": NOTHING,
    "FunctionAssociations": NOTHING,
    "FieldLevelEncryptionId": "",
    "GrpcConfig": {"Enabled": False},
}
ORIGIN: Shape = {
    "OriginPath": "",
    "CustomHeaders": NOTHING,
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "OriginShield": {"Enabled": False},
    "OriginAccessControlId": "",
}
ORIGIN_TIMEOUTS = {"OriginReadTimeout": 30, "OriginKeepaliveTimeout": 5}
SUMMARY = (
    "Aliases",
    "Origins",
    "OriginGroups",
    "DefaultCacheBehavior",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Comment",
    "PriceClass",
    "Enabled",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
    "IsIPV6Enabled",
    "Staging",
)


def identifier(length: int, alphabet: str = string.ascii_uppercase + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def completed(config: Shape) -> Shape:
    """A distribution's configuration with AWS's defaults."""
    config = copy.deepcopy({**DEFAULTS, **config})
    config["DefaultCacheBehavior"] = {**BEHAVIOR, **config["DefaultCacheBehavior"]}
    behaviors = config["CacheBehaviors"]
    if behaviors.get("Items"):
        behaviors["Items"] = [{**BEHAVIOR, **item} for item in behaviors["Items"]]
    origins = []
    for item in config["Origins"]["Items"]:
        origin = {**ORIGIN, **item}
        for kind in ("VpcOriginConfig", "CustomOriginConfig"):
            if kind in origin:
                origin[kind] = {**ORIGIN_TIMEOUTS, **origin[kind]}
        origins.append(origin)
    config["Origins"]["Items"] = origins
    certificate = config["ViewerCertificate"]
    if certificate.get("ACMCertificateArn"):
        # The deprecated fields come back too (API ViewerCertificate).
        certificate |= {"Certificate": certificate["ACMCertificateArn"], "CertificateSource": "acm"}
    return config


@dataclass
class Distribution:
    """A distribution."""

    id: str
    arn: str
    domain: str
    config: Shape
    tags: dict[str, str]
    etag: str = field(default_factory=lambda: identifier(14))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def vpc_origins(self) -> list[str]:
        """The VPC origins that it uses."""
        origins = self.config["Origins"]["Items"]
        return [item["VpcOriginConfig"]["VpcOriginId"] for item in origins if item.get("VpcOriginConfig")]


@dataclass
class VpcOrigin:
    """A VPC origin; its interfaces are CloudFront's."""

    id: str
    arn: str
    config: Shape
    tags: dict[str, str]
    vpc_id: str
    region: str
    interfaces: list[str]
    etag: str = field(default_factory=lambda: identifier(14))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


# What the account has, for the rules too.
DISTRIBUTIONS: dict[str, Distribution] = {}
VPC_ORIGINS: dict[str, VpcOrigin] = {}


def balancer_of(arn: str, account_id: str) -> Any | None:
    """The load balancer that an ARN names."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "elasticloadbalancing":
        return None
    return elbv2_backends[account_id][parts[3]].load_balancers.get(arn)


def tags_of(items: list[dict[str, str]] | None) -> dict[str, str]:
    return {item["Key"]: item.get("Value", "") for item in items or []}


class CloudFront(Addition):
    """CloudFront's additions."""

    service = "cloudfront"

    def reset(self) -> None:
        DISTRIBUTIONS.clear()
        VPC_ORIGINS.clear()

    # --- distributions ---

    def _status(self, item: Distribution) -> str:
        return self.lifecycle.state(("distribution", item.id), "Deployed")

    def _shape(self, item: Distribution) -> Shape:
        return {
            "Id": item.id,
            "ARN": item.arn,
            "Status": self._status(item),
            "LastModifiedTime": item.modified,
            "InProgressInvalidationBatches": 0,
            "DomainName": item.domain,
            "DistributionConfig": copy.deepcopy(item.config),
        }

    def _summary(self, item: Distribution) -> Shape:
        whole = self._shape(item)
        config = whole.pop("DistributionConfig")
        whole.pop("InProgressInvalidationBatches")
        return {**whole, "ETag": item.etag, **{key: config[key] for key in SUMMARY}}

    def _deploy(self, item: Distribution) -> None:
        self.lifecycle.begin(("distribution", item.id), "distribution.deploy", "InProgress")

    @staticmethod
    def _distribution(call: Call) -> Distribution:
        item = DISTRIBUTIONS.get(call.params["Id"])
        if item is None:
            raise Refusal("NoSuchDistribution", "The specified distribution does not exist.", 404)
        return item

    @operation("CreateDistribution", "CreateDistributionWithTags")
    def create(self, call: Call, _forward: Forward) -> Shape:
        given = call.params.get("DistributionConfigWithTags") or call.params
        new = f"E{identifier(13)}"
        item = Distribution(
            new,
            f"arn:aws:cloudfront::{call.account_id}:distribution/{new}",
            f"d{identifier(13, string.ascii_lowercase + string.digits)}.cloudfront.net",
            completed(given["DistributionConfig"]),
            tags_of((given.get("Tags") or {}).get("Items")),
        )
        DISTRIBUTIONS[new] = item
        self._deploy(item)
        location = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{new}"
        return {"Distribution": self._shape(item), "ETag": item.etag, "Location": location}

    @operation("GetDistribution")
    def get(self, call: Call, _forward: Forward) -> Shape:
        item = self._distribution(call)
        return {"Distribution": self._shape(item), "ETag": item.etag}

    @operation("GetDistributionConfig")
    def get_config(self, call: Call, _forward: Forward) -> Shape:
        item = self._distribution(call)
        return {"DistributionConfig": copy.deepcopy(item.config), "ETag": item.etag}

    @operation("ListDistributions")
    def list_all(self, _call: Call, _forward: Forward) -> Shape:
        items = [self._summary(item) for item in DISTRIBUTIONS.values()]
        return {"DistributionList": self._page(items)}

    @operation("UpdateDistribution")
    def update(self, call: Call, _forward: Forward) -> Shape:
        item = self._distribution(call)
        item.config, item.etag = completed(call.params["DistributionConfig"]), identifier(14)
        item.modified = datetime.now(UTC)
        self._deploy(item)
        return {"Distribution": self._shape(item), "ETag": item.etag}

    @operation("DeleteDistribution")
    def delete(self, call: Call, _forward: Forward) -> Shape:
        del DISTRIBUTIONS[self._distribution(call).id]
        return {}

    # --- VPC origins ---

    def _origin_shape(self, item: VpcOrigin) -> Shape:
        return {
            "Id": item.id,
            "Arn": item.arn,
            "Status": self.lifecycle.state(("vpc_origin", item.id), "Deployed"),
            "CreatedTime": item.created,
            "LastModifiedTime": item.created,
            "VpcOriginEndpointConfig": copy.deepcopy(item.config),
        }

    @staticmethod
    def _origin(call: Call) -> VpcOrigin:
        item = VPC_ORIGINS.get(call.params["Id"])
        if item is None:
            raise Refusal("EntityNotFound", "The entity was not found.", 404)
        return item

    @staticmethod
    def _service_group(call: Call, region: str, vpc_id: str) -> str:
        """The group that CloudFront makes with a VPC's first origin (Guide private-content-vpc-origins)."""
        ec2 = interfaces.backend(call.account_id, region)
        found = ec2.get_security_group_from_name(SERVICE_GROUP, vpc_id)
        return str((found or ec2.create_security_group(SERVICE_GROUP, "CloudFront VPC origins", vpc_id)).id)

    @operation("CreateVpcOrigin")
    def create_origin(self, call: Call, _forward: Forward) -> Shape:
        config = copy.deepcopy(call.params["VpcOriginEndpointConfig"])
        config.setdefault("OriginSslProtocols", {"Quantity": 1, "Items": ["TLSv1.2"]})
        balancer: Any = balancer_of(config["Arn"], call.account_id)
        region = config["Arn"].split(":")[3]
        groups = [self._service_group(call, region, balancer.vpc_id)]
        new = f"vo_{identifier(22, string.ascii_letters + string.digits)}"
        item = VpcOrigin(
            new,
            f"arn:aws:cloudfront::{call.account_id}:vpcorigin/{new}",
            config,
            tags_of((call.params.get("Tags") or {}).get("Items")),
            balancer.vpc_id,
            region,
            [
                interfaces.create(call.account_id, region, subnet.id, groups, f"CloudFront VPC origin {new}")
                for subnet in balancer.subnets
            ],
        )
        VPC_ORIGINS[new] = item
        self.lifecycle.begin(("vpc_origin", new), "vpc_origin.deploy", "Deploying")
        return {"VpcOrigin": self._origin_shape(item), "ETag": item.etag}

    @operation("GetVpcOrigin")
    def get_origin(self, call: Call, _forward: Forward) -> Shape:
        item = self._origin(call)
        return {"VpcOrigin": self._origin_shape(item), "ETag": item.etag}

    @operation("ListVpcOrigins")
    def list_origins(self, _call: Call, _forward: Forward) -> Shape:
        found = []
        for item in VPC_ORIGINS.values():
            shape = self._origin_shape(item)
            config = shape.pop("VpcOriginEndpointConfig")
            found.append({**shape, "Name": config["Name"], "OriginEndpointArn": config["Arn"]})
        return {"VpcOriginList": self._page(found)}

    @operation("DeleteVpcOrigin")
    def delete_origin(self, call: Call, _forward: Forward) -> Shape:
        """Deploying once more until it is gone, with its interfaces, and the group after the VPC's last one."""
        item = self._origin(call)

        def gone() -> None:
            VPC_ORIGINS.pop(item.id, None)
            for each in item.interfaces:
                interfaces.delete(call.account_id, item.region, each)
            if not any(other.vpc_id == item.vpc_id for other in VPC_ORIGINS.values()):
                ec2 = interfaces.backend(call.account_id, item.region)
                group = ec2.get_security_group_from_name(SERVICE_GROUP, item.vpc_id)
                if group is not None:
                    ec2.delete_security_group(group_id=group.id)

        self.lifecycle.begin(("vpc_origin", item.id), "vpc_origin.delete", "Deploying", gone)
        return {"VpcOrigin": self._origin_shape(item), "ETag": item.etag}

    # --- both ---

    @staticmethod
    def _page(items: list[Shape]) -> Shape:
        whole = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items)}
        return {**whole, "Items": items} if items else whole

    @staticmethod
    def _tagged(call: Call) -> dict[str, str]:
        arn = call.params["Resource"]
        tags = {
            **{item.arn: item.tags for item in DISTRIBUTIONS.values()},
            **{item.arn: item.tags for item in VPC_ORIGINS.values()},
        }
        if arn in tags:
            return tags[arn]
        raise Refusal("NoSuchResource", "The specified resource does not exist.", 404)

    @operation("ListTagsForResource")
    def list_tags(self, call: Call, _forward: Forward) -> Shape:
        items = [{"Key": key, "Value": value} for key, value in self._tagged(call).items()]
        return {"Tags": {"Items": items}}

    @operation("TagResource")
    def tag(self, call: Call, _forward: Forward) -> Shape:
        self._tagged(call).update(tags_of(call.params["Tags"].get("Items")))
        return {}

    @operation("UntagResource")
    def untag(self, call: Call, _forward: Forward) -> Shape:
        tags = self._tagged(call)
        for key in call.params["TagKeys"].get("Items") or []:
            tags.pop(key, None)
        return {}


def install(context: Context) -> None:
    CloudFront(context)
