# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A distribution as it is wanted, whether the one that there is has that, and the request that makes it so. Pure functions.

Sources: API DistributionConfig and the shapes in it; developer guide "using-managed-cache-policies" and
"using-managed-origin-request-policies" for the ids.
"""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
# As long as the origin's Cache-Control says, a second at least.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# Everything that the viewer sent, Host too: the load balancer's certificate is for that name, and Langfuse sees it.
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
NOTHING: Shape = {"Quantity": 0}

# What an update asks for besides, in a part that is new (developer guide "distribution-overview-required-fields").
NEW_ORIGIN: Shape = {
    "OriginPath": "",
    "CustomHeaders": NOTHING,
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "OriginShield": {"Enabled": False},
    "OriginAccessControlId": "",
}
NEW_BEHAVIOR: Shape = {
    "TrustedSigners": {"Enabled": False, **NOTHING},
    "TrustedKeyGroups": {"Enabled": False, **NOTHING},
    "SmoothStreaming": False,
    "LambdaFunctionAssociations": NOTHING,
    "FunctionAssociations": NOTHING,
    "FieldLevelEncryptionId": "",
}
# Parts that are replaced whole: what remained of another certificate would contradict the new one.
WHOLE = ("Aliases", "Logging", "ViewerCertificate")


def listed(items: list[Any]) -> Shape:
    """CloudFront's form of a list, which has no Items where there is none."""
    return {"Quantity": len(items), "Items": items} if items else dict(NOTHING)


def is_own(summary: Shape, name: str) -> bool:
    """Distributions have no names, so one is known by its comment and its origin's id."""
    origins = (summary.get("Origins") or {}).get("Items") or []
    return summary.get("Comment") == name and any(item["Id"] == name for item in origins)


def endpoint(options: Shape) -> Shape:
    """The VPC origin that leads to the load balancer."""
    protocol, port = options["origin_protocol"], options["origin_port"]
    return {
        "Name": options["name"],
        "Arn": options["load_balancer_arn"],
        "HTTPPort": port if protocol == "http" else 80,
        "HTTPSPort": port if protocol == "https" else 443,
        "OriginProtocolPolicy": f"{protocol}-only",
        "OriginSslProtocols": listed(["TLSv1.2"]),
    }


def other_endpoint(wanted: Shape, active: Shape) -> list[str]:
    """In which respects a VPC origin leads elsewhere; the port of the protocol that it does not speak is none."""
    port = "HTTPPort" if wanted["OriginProtocolPolicy"] == "http-only" else "HTTPSPort"
    return [key for key in ("Arn", "OriginProtocolPolicy", port) if wanted[key] != active.get(key)]


def _behavior(origin: str, cache_policy: str) -> Shape:
    return {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": {**listed(list(METHODS)), "CachedMethods": listed(["GET", "HEAD"])},
        "Compress": True,
        "CachePolicyId": cache_policy,
        "OriginRequestPolicyId": ALL_VIEWER,
    }


def config(options: Shape, vpc_origin_id: str) -> Shape:
    """The parts of DistributionConfig that the options decide."""
    name, bucket = options["name"], options["log_bucket"]
    inside = {
        "VpcOriginId": vpc_origin_id,
        "OriginReadTimeout": options["origin_read_timeout"],
        "OriginKeepaliveTimeout": 5,
    }
    certificate: Shape = {"CloudFrontDefaultCertificate": True}
    if options["certificate_arn"]:
        certificate = {
            "CloudFrontDefaultCertificate": False,
            "ACMCertificateArn": options["certificate_arn"],
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": options["minimum_protocol_version"],
        }
    return {
        "Comment": name,
        "Enabled": True,
        "Aliases": listed(sorted(alias.lower() for alias in options["aliases"])),
        "Origins": listed([{"Id": name, "DomainName": options["origin_domain_name"], "VpcOriginConfig": inside}]),
        "DefaultCacheBehavior": _behavior(name, CACHING_DISABLED),
        "CacheBehaviors": listed(
            [{"PathPattern": path, **_behavior(name, CACHING_OPTIMIZED)} for path in options["cached_paths"]]
        ),
        "PriceClass": options["price_class"],
        "ViewerCertificate": certificate,
        "WebACLId": options["web_acl_arn"],
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": False,
        "Logging": {
            "Enabled": bool(bucket),
            "IncludeCookies": False,
            "Bucket": bucket,
            "Prefix": options["log_prefix"] if bucket else "",
        },
    }


def covers(wanted: Any, active: Any) -> bool:
    """Whether what there is has all that is wanted; it may have more, and lists of words have no order."""
    if isinstance(wanted, dict):
        return all(covers(value, (active or {}).get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        found = active or []
        if wanted and isinstance(wanted[0], dict):
            return len(wanted) == len(found) and all(map(covers, wanted, found))
        return sorted(wanted) == sorted(found)
    return bool((wanted or None) == (active or None))


def overlay(active: Shape, wanted: Shape) -> Shape:
    """The whole configuration: what there is, with what is wanted on it."""
    whole = dict(active)
    for key, value in wanted.items():
        if key == "Origins":
            whole[key] = _items(active.get(key), value, "Id", NEW_ORIGIN)
        elif key == "CacheBehaviors":
            whole[key] = _items(active.get(key), value, "PathPattern", NEW_BEHAVIOR)
        elif key == "DefaultCacheBehavior":
            whole[key] = {**(active.get(key) or NEW_BEHAVIOR), **value}
        elif key in WHOLE or not isinstance(value, dict):
            whole[key] = value
        else:
            whole[key] = {**(active.get(key) or {}), **value}
    return whole


def _items(active: Shape | None, wanted: Shape, key: str, new: Shape) -> Shape:
    known = {item[key]: item for item in (active or {}).get("Items") or []}
    return listed([{**known.get(item[key], new), **item} for item in wanted.get("Items") or []])


def described(distribution: Shape, tags: dict[str, str]) -> Shape:
    """A distribution as the module returns it."""
    config = distribution["DistributionConfig"]
    origin: Shape = next(iter(config["Origins"]["Items"]), {})
    inside = origin.get("VpcOriginConfig") or {}
    return {
        "id": distribution.get("Id", ""),
        "arn": distribution.get("ARN", ""),
        "domain_name": distribution.get("DomainName", ""),
        "status": distribution.get("Status", ""),
        "enabled": config["Enabled"],
        "aliases": sorted((config.get("Aliases") or {}).get("Items") or []),
        "certificate_arn": (config.get("ViewerCertificate") or {}).get("ACMCertificateArn", ""),
        "vpc_origin_id": inside.get("VpcOriginId", ""),
        "origin_domain_name": origin.get("DomainName", ""),
        "origin_read_timeout": inside.get("OriginReadTimeout", 0),
        "cached_paths": [item["PathPattern"] for item in (config.get("CacheBehaviors") or {}).get("Items") or []],
        "price_class": config.get("PriceClass", ""),
        "web_acl_arn": config.get("WebACLId", ""),
        "log_bucket": (config.get("Logging") or {}).get("Bucket", ""),
        "tags": tags,
    }
