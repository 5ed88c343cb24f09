# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of a distribution, compared with what AWS says there is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudfront import distribution

OPTIONS: dict[str, Any] = {
    "name": "staging",
    "load_balancer_arn": "arn:lb",
    "origin_domain_name": "internal.example.com",
    "origin_protocol": "http",
    "origin_port": 8080,
    "origin_read_timeout": 60,
    "aliases": [],
    "certificate_arn": "",
    "minimum_protocol_version": "TLSv1.2_2021",
    "cached_paths": ["/_next/static/*"],
    "price_class": "PriceClass_All",
    "web_acl_arn": "",
    "log_bucket": "",
    "log_prefix": "",
}


@pytest.mark.parametrize(
    ("wanted", "active", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": ""}, {}, True),
        ({"a": False}, {}, True),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
        ({"Quantity": 0}, {"Quantity": 1, "Items": ["x"]}, False),
        ({"Quantity": 0}, {"Quantity": 0}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, False),
        ({"a": {"b": 1}}, {"a": None}, False),
    ],
)
def test_covers(wanted: dict[str, Any], active: dict[str, Any], same: bool) -> None:
    assert distribution.covers(wanted, active) is same


def test_nothing_is_cached_but_what_is_named() -> None:
    config = distribution.config(OPTIONS, "vo_1")
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == distribution.CACHING_DISABLED
    assert {item["PathPattern"]: item["CachePolicyId"] for item in config["CacheBehaviors"]["Items"]} == {
        "/_next/static/*": distribution.CACHING_OPTIMIZED
    }
    assert distribution.config({**OPTIONS, "cached_paths": []}, "vo_1")["CacheBehaviors"] == {"Quantity": 0}


def test_what_the_options_do_not_decide_stays() -> None:
    active = distribution.overlay({}, distribution.config(OPTIONS, "vo_1"))
    active["Origins"]["Items"][0]["ConnectionAttempts"] = 1
    active["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] = "mine"
    active["CacheBehaviors"]["Items"][0]["ResponseHeadersPolicyId"] = "mine"
    active["Restrictions"] = {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}}
    other = distribution.config(
        {**OPTIONS, "origin_read_timeout": 90, "cached_paths": ["/a", "/_next/static/*"]}, "vo_1"
    )
    whole = distribution.overlay(active, other)
    assert whole["Restrictions"] == active["Restrictions"]
    assert whole["Origins"]["Items"][0]["ConnectionAttempts"] == 1
    assert whole["Origins"]["Items"][0]["VpcOriginConfig"]["OriginReadTimeout"] == 90
    assert whole["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] == "mine"
    first, second = whole["CacheBehaviors"]["Items"]
    assert first["FieldLevelEncryptionId"] == ""
    assert second["ResponseHeadersPolicyId"] == "mine"


def test_another_certificate_leaves_nothing_of_the_one_before() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    before = distribution.config({**OPTIONS, "certificate_arn": arn, "aliases": ["B.example.com"]}, "vo_1")
    assert before["Aliases"] == {"Quantity": 1, "Items": ["b.example.com"]}
    before["ViewerCertificate"]["Certificate"] = arn
    assert distribution.overlay(before, distribution.config(OPTIONS, "vo_1"))["ViewerCertificate"] == {
        "CloudFrontDefaultCertificate": True
    }


def test_vpc_origin_speaks_one_protocol() -> None:
    wanted = distribution.endpoint(OPTIONS)
    assert (wanted["HTTPPort"], wanted["HTTPSPort"], wanted["OriginProtocolPolicy"]) == (8080, 443, "http-only")
    assert distribution.other_endpoint(wanted, {**wanted, "HTTPSPort": 8443}) == []
    secure = distribution.endpoint({**OPTIONS, "origin_protocol": "https"})
    assert distribution.other_endpoint(secure, wanted) == ["OriginProtocolPolicy", "HTTPSPort"]


@pytest.mark.parametrize(
    ("comment", "origin", "own"), [("staging", "staging", True), ("staging", "other", False), ("", "staging", False)]
)
def test_whose_it_is(comment: str, origin: str, own: bool) -> None:
    summary = {"Comment": comment, "Origins": {"Quantity": 1, "Items": [{"Id": origin}]}}
    assert distribution.is_own(summary, "staging") is own
