# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Web on App Runner: for whom, from where, and without what."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight import Judgement, judge
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight_apprunner import customer_findings

CREDENTIAL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
CACHED = {"compute_pull_through_cache": True, "compute_pull_through_cache_credential_arn": CREDENTIAL}
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mirror"
GOOD: dict[str, Any] = {
    "langfuse_name": "langfuse-demo",
    "langfuse_region": "eu-central-1",
    "langfuse_version": "3.225.4",
    "langfuse_allowed_cidrs": ["0.0.0.0/0"],
    "web_platform": "apprunner",
    "web_apprunner_existing_customer": True,
    "web_cpu": "2048",
    "web_memory": "4096",
    "web_desired_count": 2,
    "web_scaling_min": 2,
    "web_scaling_max": 2,
    "web_cpu_architecture": "",
    "web_spot": False,
    "web_capacity_provider_strategy": [],
    **CACHED,
}


def judged(**changes: Any) -> Judgement:
    return judge({**GOOD, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"compute_pull_through_cache": False, "langfuse_image_registry": REGISTRY},
        {"compute_pull_through_cache": False, "langfuse_image_registry": "public.ecr.aws/mine"},
        {"langfuse_cpu_architecture": "ARM64"},
        {"web_cpu": 4096, "web_memory": 12288},
        {"web_apprunner_existing_customer": "yes"},
    ],
)
def test_what_app_runner_takes(changes: dict[str, Any]) -> None:
    assert judged(**changes) == Judgement()


def test_nobody_else_is_asked_for_anything() -> None:
    assert judged(web_platform="ecs", web_apprunner_existing_customer=False, **dict.fromkeys(CACHED)).errors == []


@pytest.mark.parametrize(
    ("changes", "variable", "problem", "fix"),
    [
        ({"web_platform": "lambda"}, "web_platform", "not a place", "ecs or apprunner"),
        (
            {"web_apprunner_existing_customer": False},
            "web_platform",
            "no new customers since 2026-04-30",
            "web_platform to ecs",
        ),
        (
            {"web_apprunner_existing_customer": None},
            "web_platform",
            "AWS does not tell",
            "web_apprunner_existing_customer to true",
        ),
        ({"langfuse_region": "eu-north-1"}, "web_platform", "eu-north-1 has no App Runner", "eu-central-1"),
        (
            {"compute_pull_through_cache": False},
            "web_platform",
            "Amazon ECR only",
            "compute_pull_through_cache to true",
        ),
        (
            {"compute_pull_through_cache": False, "langfuse_image_registry": "ghcr.io"},
            "langfuse_image_registry",
            "not from ghcr.io",
            ".dkr.ecr.",
        ),
        (
            {"compute_pull_through_cache": False, "langfuse_image_registry": REGISTRY.replace("central", "west")},
            "langfuse_image_registry",
            "not from that of eu-west-1",
            "eu-central-1",
        ),
        ({"web_cpu_architecture": "ARM64"}, "web_cpu_architecture", "x86_64 only", "remove it"),
        ({"web_cpu": 8192}, "web_cpu", "no instances of 8192", "256, 512, 1024, 2048, 4096"),
        ({"web_memory": 8192}, "web_memory", "2048 CPU units and 8192 MiB", "4096 or 6144"),
        ({"langfuse_allowed_cidrs": ["203.0.113.0/24"]}, "langfuse_allowed_cidrs", "open to everybody", "ecs"),
        ({"langfuse_domain": "langfuse.example.com"}, "langfuse_domain", "does not have", "langfuse_url"),
        ({"web_spot": True}, "web_spot", "no capacity providers", "remove it"),
        (
            {"web_capacity_provider_strategy": [{"capacity_provider": "FARGATE"}]},
            "web_capacity_provider_strategy",
            "no capacity providers",
            "remove it",
        ),
        ({"web_scaling_max": 6}, "web_scaling_max", "scales by itself", "web_apprunner_auto_scaling_configuration_arn"),
        ({"web_ingestion": True}, "web_ingestion", "led to the service for ingestion by", "set it to false"),
        (
            {"grafana": True, "grafana_allowed_cidrs": ["203.0.113.0/24"], "grafana_clickhouse_user": "grafana"},
            "grafana",
            "reached through the load balancer",
            "out of the inventory",
        ),
        ({"ingress_cloudfront": True}, "ingress_cloudfront", "stands in front of", "web_platform to ecs"),
        ({"sign_in": True}, "langfuse_url", "sends people back", "https://"),
    ],
)
def test_refusals(changes: dict[str, Any], variable: str, problem: str, fix: str) -> None:
    (finding,) = judged(**changes).errors
    assert finding.option == variable
    assert problem in finding.problem
    assert fix in finding.fix


def test_an_admin_api_that_nothing_keeps_closed_is_worth_a_warning() -> None:
    (warning,) = judged(langfuse_admin_api=True).warnings
    assert warning.option == "langfuse_admin_api"
    assert judged(langfuse_admin_api=True).errors == []
    assert judged(langfuse_admin_api=True, web_platform="ecs").warnings == []


def test_only_a_service_proves_a_customer() -> None:
    assert customer_findings(GOOD, [{"ServiceName": "of-somebody"}]) == []
    (doubt,) = customer_findings(GOOD, [])
    assert "2026-04-30" in doubt.fix
