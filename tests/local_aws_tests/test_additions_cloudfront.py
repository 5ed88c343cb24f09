# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distributions that take their time, and what CloudFront refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from .server_support import Server
from .test_rules_elbv2 import open_network


def internal(server: Server) -> str:
    """An active internal load balancer."""
    elb, subnets = server.client("elbv2"), open_network(server)[1]
    made = elb.create_load_balancer(Name=server.name("lb"), Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
    arn = str(made["LoadBalancerArn"])
    server.wait(
        lambda: elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active"
    )
    return arn


def endpoint(server: Server, arn: str) -> dict[str, Any]:
    return {
        "Name": server.name("vo"),
        "Arn": arn,
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
    }


@pytest.fixture
def config(server: Server) -> dict[str, Any]:
    """The least that a distribution needs."""
    custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    origin = {"Id": "o", "DomainName": "origin.example.com", "CustomOriginConfig": custom}
    behavior = {
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    }
    return {
        "CallerReference": server.name("ref"),
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behavior,
        "Comment": "",
        "Enabled": True,
    }


def with_tags(config: dict[str, Any], **tags: str) -> dict[str, Any]:
    items = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"DistributionConfig": config, "Tags": {"Items": items}}


def issued(server: Server, region: str, name: str) -> str:
    """A certificate that is issued in this region."""
    acm, dns = server.client("acm"), server.client("route53")
    if region != acm.meta.region_name:
        acm = boto3.client("acm", region_name=region, endpoint_url=server.endpoint,
                           aws_access_key_id="local-aws-access-key-id", aws_secret_access_key="x")  # fmt: skip
    zone = dns.create_hosted_zone(Name="example.com", CallerReference=server.name())["HostedZone"]["Id"]
    arn = str(acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"])

    def described() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    option = server.wait(
        lambda: next((item for item in described()["DomainValidationOptions"] if "ResourceRecord" in item), None)
    )
    record = dict(option["ResourceRecord"])
    values = [{"Value": record.pop("Value")}]
    change = {"Action": "UPSERT", "ResourceRecordSet": {**record, "TTL": 300, "ResourceRecords": values}}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    server.wait(lambda: described()["Status"] == "ISSUED")
    return arn


def test_life_of_a_distribution(server: Server, config: dict[str, Any]) -> None:
    cloudfront = server.client("cloudfront")
    made = cloudfront.create_distribution_with_tags(DistributionConfigWithTags=with_tags(config, a="b"))
    new, arn = made["Distribution"]["Id"], made["Distribution"]["ARN"]
    assert made["Distribution"]["Status"] == "InProgress"
    assert made["Distribution"]["DomainName"].endswith(".cloudfront.net")
    with server.refuses("DistributionAlreadyExists"):
        cloudfront.create_distribution(DistributionConfig=config)

    def deployed() -> bool:
        return bool(cloudfront.get_distribution(Id=new)["Distribution"]["Status"] == "Deployed")

    server.wait(deployed)
    listed = cloudfront.list_distributions()["DistributionList"]["Items"]
    assert next(item for item in listed if item["Id"] == new)["Enabled"] is True
    cloudfront.tag_resource(Resource=arn, Tags={"Items": [{"Key": "c", "Value": "d"}]})
    cloudfront.untag_resource(Resource=arn, TagKeys={"Items": ["a"]})
    assert cloudfront.list_tags_for_resource(Resource=arn)["Tags"]["Items"] == [{"Key": "c", "Value": "d"}]

    with server.refuses("DistributionNotDisabled"):
        cloudfront.delete_distribution(Id=new, IfMatch=made["ETag"])
    with server.refuses("InvalidIfMatchVersion"):
        cloudfront.delete_distribution(Id=new)
    whole = cloudfront.get_distribution_config(Id=new)
    wanted = {**whole["DistributionConfig"], "Enabled": False}
    with server.refuses("PreconditionFailed"):
        cloudfront.update_distribution(Id=new, IfMatch="EOTHER", DistributionConfig=wanted)
    with server.refuses("IllegalUpdate"):
        other = {**wanted, "CallerReference": "other"}
        cloudfront.update_distribution(Id=new, IfMatch=whole["ETag"], DistributionConfig=other)
    updated = cloudfront.update_distribution(Id=new, IfMatch=whole["ETag"], DistributionConfig=wanted)
    # Disabled, but not everywhere yet.
    with server.refuses("DistributionNotDisabled"):
        cloudfront.delete_distribution(Id=new, IfMatch=updated["ETag"])
    server.wait(deployed)
    cloudfront.delete_distribution(Id=new, IfMatch=updated["ETag"])
    with server.refuses("NoSuchDistribution"):
        cloudfront.get_distribution(Id=new)


def test_life_of_a_vpc_origin(server: Server, config: dict[str, Any]) -> None:
    cloudfront, ec2, arn = server.client("cloudfront"), server.client("ec2"), internal(server)
    asked = endpoint(server, arn)
    made = cloudfront.create_vpc_origin(VpcOriginEndpointConfig=asked)
    new = made["VpcOrigin"]["Id"]
    assert made["VpcOrigin"]["Status"] == "Deploying"
    balancer = server.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    inside = [{"Name": "vpc-id", "Values": [balancer["VpcId"]]}]

    def groups() -> list[str]:
        return [item["GroupName"] for item in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]]

    assert "CloudFront-VPCOrigins-Service-SG" in groups()
    with server.refuses("EntityAlreadyExists"):
        cloudfront.create_vpc_origin(VpcOriginEndpointConfig=asked)
    origin = {"Id": "o", "DomainName": balancer["DNSName"], "VpcOriginConfig": {"VpcOriginId": new}}
    config["Origins"]["Items"] = [origin]
    with server.refuses("InvalidArgument", "not deployed"):
        cloudfront.create_distribution(DistributionConfig=config)
    server.wait(lambda: cloudfront.get_vpc_origin(Id=new)["VpcOrigin"]["Status"] == "Deployed")
    distribution = cloudfront.create_distribution(DistributionConfig=config)
    got = distribution["Distribution"]["DistributionConfig"]["Origins"]["Items"][0]["VpcOriginConfig"]
    assert got == {"VpcOriginId": new, "OriginReadTimeout": 30, "OriginKeepaliveTimeout": 5}
    with server.refuses("CannotDeleteEntityWhileInUse"):
        cloudfront.delete_vpc_origin(Id=new, IfMatch=made["ETag"])

    config["Enabled"] = False
    identity = distribution["Distribution"]["Id"]
    etag = cloudfront.update_distribution(Id=identity, IfMatch=distribution["ETag"], DistributionConfig=config)["ETag"]
    server.wait(lambda: server.accepted(lambda: cloudfront.delete_distribution(Id=identity, IfMatch=etag)))
    cloudfront.delete_vpc_origin(Id=new, IfMatch=made["ETag"])
    listed = cloudfront.list_vpc_origins()["VpcOriginList"]["Items"]
    assert next(item["Status"] for item in listed if item["Id"] == new) == "Deploying"
    server.wait(lambda: server.gone(lambda: cloudfront.get_vpc_origin(Id=new)))
    assert "CloudFront-VPCOrigins-Service-SG" not in groups()


def test_vpc_origin_is_an_internal_load_balancer(server: Server) -> None:
    cloudfront, elb = server.client("cloudfront"), server.client("elbv2")
    public = elb.create_load_balancer(Name=server.name("lb"), Subnets=open_network(server)[1])["LoadBalancers"][0]
    with server.refuses("InvalidArgument", "internal"):
        cloudfront.create_vpc_origin(VpcOriginEndpointConfig=endpoint(server, public["LoadBalancerArn"]))
    with server.refuses("InvalidArgument", "internal"):
        cloudfront.create_vpc_origin(VpcOriginEndpointConfig=endpoint(server, public["LoadBalancerArn"] + "x"))


def test_certificate_is_in_us_east_1_and_covers_the_alias(server: Server, config: dict[str, Any]) -> None:
    cloudfront, name = server.client("cloudfront"), f"{server.name('n')}.example.com"
    config["Aliases"] = {"Quantity": 1, "Items": [name]}
    with server.refuses("InvalidViewerCertificate", "attach a trusted certificate"):
        cloudfront.create_distribution(DistributionConfig=config)

    def certificate(arn: str) -> None:
        config["ViewerCertificate"] = {
            "ACMCertificateArn": arn,
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }

    certificate(issued(server, "eu-central-1", name))
    with server.refuses("InvalidViewerCertificate", "isn't in us-east-1"):
        cloudfront.create_distribution(DistributionConfig=config)
    certificate(issued(server, "us-east-1", f"other.{name}"))
    with server.refuses("InvalidViewerCertificate", "doesn't cover"):
        cloudfront.create_distribution(DistributionConfig=config)
    certificate(issued(server, "us-east-1", "*.example.com"))
    cloudfront.create_distribution(DistributionConfig=config)
    with server.refuses("CNAMEAlreadyExists"):
        cloudfront.create_distribution(DistributionConfig={**config, "CallerReference": server.name()})


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("NoSuchOrigin", lambda config: config["DefaultCacheBehavior"].update(TargetOriginId="other")),
        (
            "InvalidOriginReadTimeout",
            lambda config: config["Origins"]["Items"][0]["CustomOriginConfig"].update(OriginReadTimeout=121),
        ),
        (
            "InvalidWebACLId",
            lambda config: config.update(WebACLId="arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b"),
        ),
        (
            "EntityNotFound",
            lambda config: config["Origins"]["Items"][0].update(VpcOriginConfig={"VpcOriginId": "vo_none"}),
        ),
    ],
)
def test_what_does_not_fit(
    server: Server, config: dict[str, Any], code: str, change: Callable[[dict[str, Any]], None]
) -> None:
    change(config)
    with server.refuses(code):
        server.client("cloudfront").create_distribution(DistributionConfig=config)
