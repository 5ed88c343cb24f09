# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "cloudfront_distribution"


@pytest.fixture
def name() -> str:
    """One that no other test has; the account is shared."""
    return f"t-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def wanted(server: Any, name: str) -> dict[str, Any]:
    """A distribution in front of an internal load balancer that is active."""
    ec2, elb = server.client("ec2"), server.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    made = elb.create_load_balancer(Name=name, Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
    arn, deadline = made["LoadBalancerArn"], time.monotonic() + 20
    while elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] != "active":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return {
        "name": name,
        "load_balancer_arn": arn,
        "origin_domain_name": made["DNSName"],
        "origin_port": 80,
        "cached_paths": ["/_next/static/*"],
        "tags": {"team": "llmops"},
    }


@pytest.fixture
def certificate(server: Any, name: str) -> str:
    """An issued one for <name>.example.com and other.<name>.example.com."""
    acm, dns = server.client("acm"), server.client("route53")
    zone = dns.create_hosted_zone(Name=f"{name}.example.com", CallerReference=name)["HostedZone"]["Id"]
    asked = {"domain_name": f"{name}.example.com", "subject_alternative_names": [f"other.{name}.example.com"]}
    requested = server.run("acm_certificate_request", {**asked, "identity_tags": {"test": name}})["certificate"]
    for record in requested["validation_records"]:
        change = {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": record["name"],
                "Type": record["type"],
                "TTL": 300,
                "ResourceRecords": [{"Value": record["value"]}],
            },
        }
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    deadline = time.monotonic() + 20
    while acm.describe_certificate(CertificateArn=requested["arn"])["Certificate"]["Status"] != "ISSUED":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return str(requested["arn"])


def test_twelve_steps(server: Any, name: str, wanted: dict[str, Any], certificate: str) -> None:
    cloudfront = server.client("cloudfront")
    created = server.cycle(MODULE, wanted)
    distribution = created["distribution"]
    assert distribution["status"] == "Deployed"
    assert distribution["domain_name"].endswith(".cloudfront.net")
    assert created["predicted"]["distribution"]["cached_paths"] == distribution["cached_paths"] == ["/_next/static/*"]
    config = cloudfront.get_distribution_config(Id=distribution["id"])["DistributionConfig"]
    assert config["HttpVersion"] == "http2and3"
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert config["DefaultCacheBehavior"]["AllowedMethods"]["Quantity"] == 7
    origin = cloudfront.get_vpc_origin(Id=distribution["vpc_origin_id"])["VpcOrigin"]
    assert origin["VpcOriginEndpointConfig"]["OriginProtocolPolicy"] == "http-only"

    other = {
        **wanted,
        "aliases": [f"{name}.example.com", f"other.{name}.example.com"],
        "certificate_arn": certificate,
        "origin_read_timeout": 120,
        "cached_paths": ["/_next/static/*", "/assets/*"],
        "price_class": "PriceClass_100",
        "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/473e64fd-f30b-4765-81a0-62ad96dd167a",
        "log_bucket": "logs.s3.amazonaws.com",
        "log_prefix": "langfuse/",
        "tags": {"team": "other"},
    }
    changed = server.cycle(MODULE, other)["distribution"]
    assert changed["id"] == distribution["id"]
    assert changed["aliases"] == sorted(other["aliases"])
    assert changed["tags"] == {"team": "other"}
    assert changed["origin_read_timeout"] == 120
    acm = server.client("acm")
    assert acm.describe_certificate(CertificateArn=certificate)["Certificate"]["InUseBy"] == [distribution["arn"]]
    tags = cloudfront.list_tags_for_resource(Resource=origin["Arn"])["Tags"]["Items"]
    assert tags == [{"Key": "team", "Value": "other"}]

    back = server.cycle(MODULE, wanted)["distribution"]
    assert (back["aliases"], back["certificate_arn"], back["log_bucket"], back["web_acl_arn"]) == ([], "", "", "")

    server.cycle(MODULE, {"name": name, "state": "absent"})
    assert distribution["id"] not in [
        item["Id"] for item in cloudfront.list_distributions()["DistributionList"].get("Items", [])
    ]
    assert name not in [item["Name"] for item in cloudfront.list_vpc_origins()["VpcOriginList"].get("Items", [])]


def test_a_removal_that_was_stopped_goes_on(server: Any, name: str, wanted: dict[str, Any]) -> None:
    cloudfront, identity = server.client("cloudfront"), server.run(MODULE, wanted)["distribution"]["id"]
    whole = cloudfront.get_distribution_config(Id=identity)
    disabled = {**whole["DistributionConfig"], "Enabled": False}
    cloudfront.update_distribution(Id=identity, IfMatch=whole["ETag"], DistributionConfig=disabled)
    # Disabled by hand, it serves again after a run, and is removed as well.
    assert server.run(MODULE, wanted)["diff"] == {"before": {"Enabled": False}, "after": {"Enabled": True}}
    etag = cloudfront.get_distribution_config(Id=identity)["ETag"]
    cloudfront.update_distribution(Id=identity, IfMatch=etag, DistributionConfig=disabled)
    assert server.run(MODULE, {"name": name, "state": "absent"})["changed"] is True
    assert server.run(MODULE, {"name": name, "state": "absent"})["changed"] is False


def test_what_aws_does_not_change(server: Any, name: str, wanted: dict[str, Any]) -> None:
    server.run(MODULE, wanted)
    with pytest.raises(ModuleFailed, match=r"HTTPPort 80.*remove the distribution"):
        server.run(MODULE, {**wanted, "origin_port": 8080})
    # The port of the protocol that it does not speak is none.
    assert server.run(MODULE, {**wanted, "tags": None})["changed"] is False
    server.run(MODULE, {"name": name, "state": "absent"})


def test_what_cannot_be(server: Any, name: str) -> None:
    nothing = {"name": name, "load_balancer_arn": "arn", "origin_domain_name": "a.example.com", "origin_port": 80}
    with pytest.raises(ModuleFailed, match="1 to 120 seconds"):
        server.run(MODULE, {**nothing, "origin_read_timeout": 121})
    with pytest.raises(ModuleFailed, match="aliases need certificate_arn"):
        server.run(MODULE, {**nothing, "aliases": ["a.example.com"]})
    # Check mode may come before the run that requests the certificate.
    assert server.run(MODULE, {**nothing, "aliases": ["a.example.com"]}, check=True)["changed"] is True
