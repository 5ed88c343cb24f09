# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Web on AWS App Runner, for accounts that still have it: judged before anything is written to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .aws_limits import APPRUNNER_REGIONS, APPRUNNER_SIZES
from .findings import Finding
from .values import is_true

Findings = Iterator[Finding]
Shape = dict[str, Any]

PLATFORMS = ("ecs", "apprunner")
# App Runner guide, "AWS App Runner availability change".
CLOSED = "2026-04-30"
CHANGE = "https://docs.aws.amazon.com/apprunner/latest/dg/apprunner-availability-change.html"
# The ImageIdentifier that App Runner's API takes (botocore), but for the image's own name.
ECR = re.compile(r"\d{12}\.dkr\.ecr\.([a-z]+(?:-[a-z]+)+-\d)\.amazonaws\.com(?:/[a-z0-9._/-]+)?")
ECR_PUBLIC = re.compile(r"public\.ecr\.aws/[a-z0-9._/-]+")
EVERYBODY = ("0.0.0.0/0", "::/0")


def on_apprunner(given: Shape) -> bool:
    return given.get("web_platform") == "apprunner"


def apprunner(given: Shape) -> Findings:
    """What the variables alone show."""
    platform = given.get("web_platform")
    if platform is not None and platform not in PLATFORMS:
        yield Finding("web_platform", f"'{platform}' is not a place for web to run", f"set {' or '.join(PLATFORMS)}")
    if not on_apprunner(given):
        return
    yield from _customer(given)
    yield from _image(given)
    yield from _size(given)
    yield from _what_apprunner_lacks(given)


# What stands behind or before the load balancer.
BEHIND_THE_LOAD_BALANCER = {
    "web_ingestion": "requests are led to the service for ingestion by",
    "grafana": "Grafana is reached through",
    "ingress_cloudfront": "CloudFront stands in front of",
}


def _customer(given: Shape) -> Findings:
    if not is_true(given.get("web_apprunner_existing_customer")):
        yield Finding(
            "web_platform",
            f"App Runner takes no new customers since {CLOSED} ({CHANGE}), and AWS does not tell whether this account was one before",
            "set web_apprunner_existing_customer to true where it was, or web_platform to ecs",
        )
    region = given.get("langfuse_region")
    if region and str(region) not in APPRUNNER_REGIONS:
        yield Finding(
            "web_platform",
            f"the region {region} has no App Runner",
            f"set it to ecs, or langfuse_region to one of {', '.join(APPRUNNER_REGIONS)}",
        )


def _image(given: Shape) -> Findings:
    registry = str(given.get("langfuse_image_registry") or "")
    region = str(given.get("langfuse_region") or "")
    private = ECR.fullmatch(registry)
    if not registry:
        if not is_true(given.get("compute_pull_through_cache")):
            yield Finding(
                "web_platform",
                "App Runner pulls images from Amazon ECR only, and Langfuse's are on Docker Hub",
                "set compute_pull_through_cache to true, or langfuse_image_registry to a repository prefix in ECR that has them",
            )
    elif private and region and private[1] != region:
        yield Finding(
            "langfuse_image_registry",
            f"App Runner pulls from the ECR of its own region {region}, not from that of {private[1]}",
            f"set a registry of {region}",
        )
    elif not private and not ECR_PUBLIC.fullmatch(registry):
        yield Finding(
            "langfuse_image_registry",
            f"App Runner pulls images from Amazon ECR only, not from {registry}",
            "set one such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/mirror, or use compute_pull_through_cache in its place",
        )
    if given.get("web_cpu_architecture") == "ARM64":
        yield Finding(
            "web_cpu_architecture",
            "App Runner runs x86_64 only",
            "remove it; langfuse_cpu_architecture is that of the other tasks",
        )


def _size(given: Shape) -> Findings:
    cpu, memory = given.get("web_cpu"), given.get("web_memory")
    if cpu is None or memory is None:
        return
    sizes = {str(units): tuple(map(str, mib)) for units, mib in APPRUNNER_SIZES.items()}
    if str(cpu) not in sizes:
        yield Finding("web_cpu", f"App Runner has no instances of {cpu} CPU units", f"set one of {', '.join(sizes)}")
    elif str(memory) not in sizes[str(cpu)]:
        yield Finding(
            "web_memory",
            f"App Runner has no instances of {cpu} CPU units and {memory} MiB",
            f"set {' or '.join(sizes[str(cpu)])}, or web_cpu to another number",
        )


def _what_apprunner_lacks(given: Shape) -> Findings:
    ranges = given.get("langfuse_allowed_cidrs")
    listed = ranges if isinstance(ranges, list) else [] if ranges is None else [ranges]
    if any(str(entry) not in EVERYBODY for entry in listed):
        yield Finding(
            "langfuse_allowed_cidrs",
            "an App Runner service is open to everybody, and these ranges would keep nobody out",
            "remove it if that is meant, or set web_platform to ecs",
        )
    if given.get("langfuse_domain"):
        yield Finding(
            "langfuse_domain",
            "its certificate and record are the load balancer's, which App Runner does not have",
            "remove it; link the domain to the App Runner service by hand and set langfuse_url to https:// with it",
        )
    if is_true(given.get("web_spot")) or given.get("web_capacity_provider_strategy"):
        option = "web_capacity_provider_strategy" if given.get("web_capacity_provider_strategy") else "web_spot"
        yield Finding(option, "App Runner has no capacity providers", "remove it, or set web_platform to ecs")
    if str(given.get("web_scaling_max")) != str(given.get("web_scaling_min")):
        yield Finding(
            "web_scaling_max",
            "App Runner scales by itself, between the limits of an auto scaling configuration",
            "remove it; web_apprunner_auto_scaling_configuration_arn names one of yours",
        )
    for option, what in BEHIND_THE_LOAD_BALANCER.items():
        if is_true(given.get(option)):
            remedy = "take the host grafana out of the inventory" if option == "grafana" else "set it to false"
            yield Finding(
                option,
                f"{what} the load balancer, which App Runner does not have",
                f"{remedy}, or set web_platform to ecs",
            )


def cautions(given: Shape) -> Findings:
    """What is allowed but looks wrong."""
    if not on_apprunner(given):
        return
    if is_true(given.get("langfuse_admin_api")):
        yield Finding(
            "langfuse_admin_api",
            "/api/admin is open to everybody on App Runner, and its key is all that guards it",
            "remove it, or set web_platform to ecs, where the load balancer keeps it closed",
        )


def customer_findings(given: Shape, services: list[Shape]) -> list[Finding]:
    """A doubt where nothing proves that the account is a customer; a service that exists does.

    :param services: what apprunner:ListServices returned.
    """
    if services:
        return []
    problem = f"App Runner has no service of this account in {given.get('langfuse_region')}"
    fix = f"be sure that the account used it before {CLOSED}: AWS refuses the first service of an account that did not"
    return [Finding("web_apprunner_existing_customer", problem, fix)]
