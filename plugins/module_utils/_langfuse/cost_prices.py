# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's list prices, on demand, in USD, without tax: what langfuse_cost_info multiplies. Data only; docs/cost.md says how to renew it.

A price is known by what it is for and its unit: `_hour` or `_month`. Each has the day on which AWS's price list or page had it, and where.
What is not here is not estimated but named as left out.
"""

from __future__ import annotations

from typing import NamedTuple

LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{}/current/{}/index.json"
PAGE = "https://aws.amazon.com/{}/pricing/"
# The tables behind AWS's own pricing pages.
TABLE = "https://b0.p.awsstatic.com/pricing/2.0/meteredUnitMaps/{}/USD/current/{}.json"


class Price(NamedTuple):
    """One list price: USD for one unit, the day it was in force, and where it is published."""

    usd: float
    as_of: str
    source: str


def instances(prefix: str, as_of: str, source: str, prices: dict[str, float]) -> dict[str, Price]:
    return {f"{prefix}/{kind}": Price(usd, as_of, source) for kind, usd in prices.items()}


# What costs the same in every commercial region.
EVERYWHERE: dict[str, Price] = {
    "public_ipv4_hour": Price(0.005, "2026-09-17", PAGE.format("vpc")),
    "secret_month": Price(0.40, "2026-09-20", PAGE.format("secrets-manager")),
    "kms_key_month": Price(1.00, "2026-09-08", PAGE.format("kms")),
    "hosted_zone_month": Price(0.50, "2026-09-20", PAGE.format("route53")),
    "web_acl_month": Price(5.00, "2026-10-07", PAGE.format("waf")),
    "web_acl_rule_month": Price(1.00, "2026-10-07", PAGE.format("waf")),
    "alarm_month": Price(0.10, "2026-03-13", PAGE.format("cloudwatch")),
}

PRICES: dict[str, dict[str, Price]] = {
    "us-east-1": {
        **EVERYWHERE,
        "nat_gateway_hour": Price(0.045, "2026-09-22", PAGE.format("vpc")),
        "interface_endpoint_hour": Price(0.01, "2026-06-13", PAGE.format("privatelink")),
        "load_balancer_hour": Price(0.0225, "2026-07-20", LIST.format("AWSELB", "us-east-1")),
        "fargate_arm64_vcpu_hour": Price(0.03237984, "2026-09-28", PAGE.format("fargate")),
        "fargate_arm64_gb_hour": Price(0.00356004, "2026-09-28", PAGE.format("fargate")),
        "fargate_x86_64_vcpu_hour": Price(0.04048, "2026-05-15", LIST.format("AmazonECS", "us-east-1")),
        "fargate_x86_64_gb_hour": Price(0.004445, "2026-05-15", LIST.format("AmazonECS", "us-east-1")),
        "file_system_gb_month": Price(0.30, "2026-09-11", LIST.format("AmazonEFS", "us-east-1")),
        "volume_gb_month": Price(0.08, "2026-09-08", LIST.format("AmazonEC2", "us-east-1")),
        "volume_iops_month": Price(0.005, "2024-07-18", TABLE.format("ec2", "ebs")),
        "volume_mibps_month": Price(0.04, "2024-07-18", TABLE.format("ec2", "ebs")),
        "aurora_acu_hour": Price(0.12, "2025-10-01", LIST.format("AmazonRDS", "us-east-1")),
        "aurora_gb_month": Price(0.10, "2025-10-01", LIST.format("AmazonRDS", "us-east-1")),
        "bucket_gb_month": Price(0.023, "2026-05-12", LIST.format("AmazonS3", "us-east-1")),
        "log_gb_month": Price(0.50, "2026-03-13", LIST.format("AmazonCloudWatch", "us-east-1")),
        "backup_file_system_gb_month": Price(0.05, "2026-06-13", PAGE.format("backup")),
        "backup_volume_gb_month": Price(0.05, "2024-07-18", TABLE.format("ec2", "ebs")),
        **instances(
            "instance_hour",
            "2025-04-04",
            TABLE.format("ec2", "ec2-ondemand-without-sec-sel"),
            {
                "m7g.large": 0.0816,
                "m7g.xlarge": 0.1632,
                "m7g.2xlarge": 0.3264,
                "m7g.4xlarge": 0.6528,
                "m7i.large": 0.1008,
                "m7i.xlarge": 0.2016,
                "m7i.2xlarge": 0.4032,
                "m7i.4xlarge": 0.8064,
                "r7g.large": 0.1071,
                "r7g.xlarge": 0.2142,
                "r7g.2xlarge": 0.4284,
                "r7g.4xlarge": 0.8568,
                "r7i.large": 0.1323,
                "r7i.xlarge": 0.2646,
                "r7i.2xlarge": 0.5292,
                "r7i.4xlarge": 1.0584,
            },
        ),
        **instances(
            "cache_node_hour",
            "2025-03-14",
            TABLE.format("elasticache", "elasticache"),
            {
                "cache.t4g.small": 0.0256,
                "cache.t4g.medium": 0.052,
                "cache.m7g.large": 0.1264,
                "cache.m7g.xlarge": 0.252,
                "cache.m7g.2xlarge": 0.5032,
                "cache.r7g.large": 0.1752,
                "cache.r7g.xlarge": 0.3496,
                "cache.r7g.2xlarge": 0.6984,
            },
        ),
    },
    "eu-central-1": {
        **EVERYWHERE,
        "nat_gateway_hour": Price(0.052, "2026-09-25", LIST.format("AmazonEC2", "eu-central-1")),
        "interface_endpoint_hour": Price(0.012, "2026-09-17", LIST.format("AmazonVPC", "eu-central-1")),
        "load_balancer_hour": Price(0.027, "2026-09-11", LIST.format("AWSELB", "eu-central-1")),
        "fargate_arm64_vcpu_hour": Price(0.03725, "2026-09-11", LIST.format("AmazonECS", "eu-central-1")),
        "fargate_arm64_gb_hour": Price(0.00409, "2026-09-11", LIST.format("AmazonECS", "eu-central-1")),
        "fargate_x86_64_vcpu_hour": Price(0.04656, "2026-09-11", LIST.format("AmazonECS", "eu-central-1")),
        "fargate_x86_64_gb_hour": Price(0.00511, "2026-09-11", LIST.format("AmazonECS", "eu-central-1")),
        "file_system_gb_month": Price(0.36, "2026-09-11", LIST.format("AmazonEFS", "eu-central-1")),
        "volume_gb_month": Price(0.0952, "2026-09-25", LIST.format("AmazonEC2", "eu-central-1")),
        "volume_iops_month": Price(0.006, "2024-07-18", TABLE.format("ec2", "ebs")),
        "volume_mibps_month": Price(0.0476, "2024-07-18", TABLE.format("ec2", "ebs")),
        "aurora_acu_hour": Price(0.14, "2026-10-07", LIST.format("AmazonRDS", "eu-central-1")),
        "aurora_gb_month": Price(0.119, "2026-10-07", LIST.format("AmazonRDS", "eu-central-1")),
        "bucket_gb_month": Price(0.0245, "2026-10-07", LIST.format("AmazonS3", "eu-central-1")),
        "log_gb_month": Price(0.63, "2026-09-11", LIST.format("AmazonCloudWatch", "eu-central-1")),
        "backup_volume_gb_month": Price(0.054, "2024-07-18", TABLE.format("ec2", "ebs")),
        **instances(
            "instance_hour",
            "2025-04-04",
            TABLE.format("ec2", "ec2-ondemand-without-sec-sel"),
            {
                "m7g.large": 0.0978,
                "m7g.xlarge": 0.1955,
                "m7g.2xlarge": 0.391,
                "m7g.4xlarge": 0.7821,
                "m7i.large": 0.12075,
                "m7i.xlarge": 0.2415,
                "m7i.2xlarge": 0.483,
                "m7i.4xlarge": 0.966,
                "r7g.large": 0.1292,
                "r7g.xlarge": 0.2584,
                "r7g.2xlarge": 0.5168,
                "r7g.4xlarge": 1.0336,
                "r7i.large": 0.1596,
                "r7i.xlarge": 0.3192,
                "r7i.2xlarge": 0.6384,
                "r7i.4xlarge": 1.2768,
            },
        ),
        **instances(
            "cache_node_hour",
            "2025-03-14",
            TABLE.format("elasticache", "elasticache"),
            {
                "cache.t4g.small": 0.0288,
                "cache.t4g.medium": 0.0576,
                "cache.m7g.large": 0.1504,
                "cache.m7g.xlarge": 0.3,
                "cache.m7g.2xlarge": 0.5992,
                "cache.r7g.large": 0.2104,
                "cache.r7g.xlarge": 0.42,
                "cache.r7g.2xlarge": 0.84,
            },
        ),
    },
}
