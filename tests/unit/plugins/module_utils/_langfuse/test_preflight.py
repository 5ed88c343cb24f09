# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws_limits import FARGATE_SIZES
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight import (
    Judgement,
    instance_findings,
    judge,
    secret_findings,
    shared_metrics,
    zone_findings,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_forms import DEFAULT_KEYS, make
from ansible_collections.llmops.langfuse.plugins.modules import langfuse_preflight_info
from hypothesis import given
from hypothesis import strategies as st

REPOSITORY = Path(__file__).resolve().parents[5]
GOOD: dict[str, Any] = {
    "langfuse_name": "langfuse-demo",
    "langfuse_region": "eu-central-1",
    "langfuse_version": "3.225.4",
    "network_cidr": "10.42.0.0/16",
    "network_availability_zone_count": 2,
    "database_engine_version": "16.11",
    "cache_engine_version": "8.0",
    "clickhouse_mode": "fargate",
    "clickhouse_version": "26.4",
    "clickhouse_cpu": 2048,
    "clickhouse_memory": 8192,
    "web_cpu": "2048",
    "web_memory": "4096",
    "web_desired_count": 2,
    "worker_cpu": 2048,
    "worker_memory": 4096,
    "migration_cpu": 1024,
    "migration_memory": 2048,
}


SCALED = {
    "worker_scaling_min": 1,
    "worker_scaling_max": 4,
    "worker_scaling_cpu_target": 50,
    "worker_scaling_backlog_target": 1000,
}


CREDENTIAL = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"


def judged(**changes: Any) -> Judgement:
    return judge({**GOOD, **changes})


def test_a_good_environment_is_accepted() -> None:
    assert judged() == Judgement()


def test_backups_of_clickhouse_are_accepted() -> None:
    own = {
        "clickhouse_backup_bucket": "langfuse-demo-123456789012-eu-central-1",
        "clickhouse_backup_retention_days": "30",
    }
    for more in (
        {},
        own,
        {"clickhouse_backup_schedule": "rate(1 day)", "clickhouse_backup_retention_days": 1},
        {"clickhouse_backup_bucket": "vault-of-ours", "clickhouse_backup_prefix": "langfuse/clickhouse/"},
    ):
        assert judged(**{**BACKED_UP, **more}).errors == []
    assert judged(clickhouse_backup_enabled="false", clickhouse_backup_schedule="never").errors == []


def test_backups_in_a_bucket_of_somebody_else_expire_by_a_rule_of_its_owner_only() -> None:
    elsewhere = {
        **BACKED_UP,
        "storage_mode": "external",
        "storage_bucket": "our-traces",
        "clickhouse_backup_bucket": "our-traces",
        "clickhouse_backup_prefix": "langfuse/clickhouse/",
    }
    judgement = judged(**elsewhere)
    assert (judgement.errors, len(judgement.warnings)) == ([], 1)
    said = str(judgement.warnings[0])
    assert said.startswith("clickhouse_backup_bucket: nothing here deletes old backups from our-traces")
    for part in ("langfuse/clickhouse/", "14 days", "clickhouse_backup_retention_days"):
        assert part in said
    own = {**BACKED_UP, "storage_mode": "own", "storage_bucket": "our-traces", "clickhouse_backup_retention_days": 30}
    for more in (
        {"clickhouse_backup_enabled": False},
        own,
        own | {"clickhouse_backup_bucket": "our-traces"},
        own | {"clickhouse_backup_bucket": "langfuse-demo-123456789012-eu-central-1"},
    ):
        assert judged(**{**elsewhere, "clickhouse_backup_bucket": None, **more}).warnings == []


def test_sign_in_with_cognito_is_accepted_also_on_this_machine() -> None:
    for url in ("https://langfuse.example.com", "http://localhost:3000"):
        assert judged(sign_in="true", langfuse_url=url, sign_in_domain_prefix="langfuse-demo-1").errors == []
    assert judged(sign_in=False, sign_in_domain_prefix="my-aws").errors == []


@pytest.mark.parametrize(
    "connection",
    [
        {"host": "cache.example", "username": "langfuse", "tls": False},
        {"mode": "sentinel", "nodes": ["sentinel.example:26379"], "master_name": "langfuse"},
        {"connection_string_from_secret": True},
    ],
)
def test_a_cache_of_somebody_else_is_accepted_with_any_version(connection: dict[str, Any]) -> None:
    assert judged(cache_mode="external", cache_connection=connection, cache_engine_version="6.2") == Judgement()


def test_an_external_bucket_may_have_all_under_one_prefix() -> None:
    prefixes = {"storage_events_prefix": "langfuse/", "storage_media_prefix": "langfuse/media/"}
    assert judged(storage_mode="external", storage_bucket="traces", **prefixes) == Judgement()
    assert judged(**prefixes, storage_events_expiration_days=0) == Judgement()


def test_the_default_bucket_gets_no_logs_of_itself() -> None:
    logs = "langfuse-demo-123456789012-eu-central-1"
    assert [finding.option for finding in judged(storage_access_log_bucket=logs).errors] == [
        "storage_access_log_bucket"
    ]
    assert judged(storage_access_log_bucket=f"{logs}-logs") == Judgement()


def test_only_what_every_environment_has_is_missed() -> None:
    assert [finding.option for finding in judge({}).errors] == ["langfuse_name", "langfuse_region", "langfuse_version"]


GRAFANA = {
    "grafana": True,
    "grafana_allowed_cidrs": ["203.0.113.0/24"],
    "grafana_plugin_version": "4.22.1",
    "grafana_clickhouse_user": "grafana",
    "grafana_cpu": 512,
    "grafana_memory": 1024,
}


def test_grafana_is_accepted_and_judged_only_where_it_is() -> None:
    assert judged(**GRAFANA) == Judgement()
    assert judged(**{**GRAFANA, "grafana": False, "grafana_allowed_cidrs": [], "grafana_cpu": 1}) == Judgement()
    assert judged(**{**GRAFANA, "grafana_plugin_version": ""}, network_nat="none").errors == []


@pytest.mark.parametrize(
    ("changes", "option", "problem"),
    [
        ({"grafana_allowed_cidrs": []}, "grafana_allowed_cidrs", "nobody reaches Grafana"),
        ({"grafana_allowed_cidrs": ["office"]}, "grafana_allowed_cidrs", "'office' is not a range"),
        ({"grafana_allowed_cidrs": ["10.0.0.0/8"] * 4}, "grafana_allowed_cidrs", "takes 3 ranges, not 4"),
        ({"network_nat": "none"}, "grafana_plugin_version", "without NAT it cannot"),
        (
            {"grafana_clickhouse_user": "a<b"},
            "grafana_clickhouse_user",
            "no name that ClickHouse's configuration takes",
        ),
        ({"grafana_clickhouse_user": "default"}, "grafana_clickhouse_user", "may do more than read"),
        ({"grafana_memory": 100}, "grafana_memory", "Fargate has no tasks of 512 CPU units and 100 MiB"),
    ],
)
def test_grafana_is_refused(changes: dict[str, Any], option: str, problem: str) -> None:
    (found,) = judged(**{**GRAFANA, **changes}).errors
    assert found.option == option
    assert problem in found.problem


BACKED_UP = {"clickhouse_backup_enabled": True, "clickhouse_backup_schedule": "cron(0 1 * * ? *)"}
REFUSALS: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "backups of an external ClickHouse",
        BACKED_UP | {"clickhouse_mode": "external", "clickhouse_host": "clickhouse.example.com"},
        "clickhouse_backup_enabled",
        "external",
        "set it to false",
    ),
    (
        "a schedule that is none",
        BACKED_UP | {"clickhouse_backup_schedule": "daily"},
        "clickhouse_backup_schedule",
        "is not a schedule",
        "rate(12 hours)",
    ),
    (
        "a schedule of one backup",
        BACKED_UP | {"clickhouse_backup_schedule": "at(2030-01-01T00:00:00)"},
        "clickhouse_backup_schedule",
        "one backup only",
        "cron(0 1 * * ? *)",
    ),
    (
        "a schedule of the machine's cron",
        BACKED_UP | {"clickhouse_backup_schedule": "cron(0 1 * * * *)"},
        "clickhouse_backup_schedule",
        "day of the week",
        "set one of the two to ?",
    ),
    (
        "backups that are gone before the next",
        BACKED_UP | {"clickhouse_backup_schedule": "rate(7 days)", "clickhouse_backup_retention_days": 3},
        "clickhouse_backup_retention_days",
        "the next one is made later",
        "set more days",
    ),
    (
        "backups for no days",
        BACKED_UP | {"clickhouse_backup_retention_days": 0},
        "clickhouse_backup_retention_days",
        "not a number of days",
        "set 1 or more",
    ),
    (
        "backups without a bucket of the environment's own",
        BACKED_UP | {"storage_mode": "external", "storage_bucket": "our-traces"},
        "clickhouse_backup_bucket",
        "no bucket of its own",
        "same region",
    ),
    (
        "retention in somebody else's bucket",
        BACKED_UP | {"clickhouse_backup_bucket": "vault-of-ours", "clickhouse_backup_retention_days": 30},
        "clickhouse_backup_retention_days",
        "those of its owner",
        "leave it out",
    ),
    (
        "a bucket that is an address",
        BACKED_UP | {"clickhouse_backup_bucket": "s3://vault"},
        "clickhouse_backup_bucket",
        "not a bucket",
        "3 to 63",
    ),
    (
        "a folder without its slash",
        BACKED_UP | {"clickhouse_backup_prefix": "/backups"},
        "clickhouse_backup_prefix",
        "not a folder",
        "ends with one",
    ),
    (
        "a folder that expires",
        BACKED_UP | {"clickhouse_backup_prefix": "events/backups/"},
        "clickhouse_backup_prefix",
        "expire",
        "another one",
    ),
    (
        "retention below Aurora's",
        {"backup_retention_days": 5, "database_backup_retention_days": 7},
        "backup_retention_days",
        "less than Aurora",
        "set 7 or more",
    ),
    ("no retention", {"backup_retention_days": 0}, "backup_retention_days", "not a number of days", "1 or more"),
    (
        "short cold storage",
        {"backup_retention_days": 100, "backup_cold_storage_after_days": 30},
        "backup_cold_storage_after_days",
        "90 days",
        "120 or more",
    ),
    ("start window", {"backup_start_window_minutes": 30}, "backup_start_window_minutes", "60 minutes", "60 or more"),
    (
        "completion window",
        {"backup_start_window_minutes": 120, "backup_completion_window_minutes": 150},
        "backup_completion_window_minutes",
        "cannot end",
        "180 or more",
    ),
    ("copy", {"backup_copy_vault_arn": "other-vault"}, "backup_copy_vault_arn", "not the ARN", "leave it out"),
    (
        "protocol of a subscription",
        {"monitoring_subscriptions": [{"protocol": "carrier-pigeon", "endpoint": "x"}]},
        "monitoring_subscriptions[0].protocol",
        "not a way",
        "email",
    ),
    (
        "address of a subscription",
        {"monitoring_subscriptions": [{"protocol": "email", "endpoint": "oncall"}]},
        "monitoring_subscriptions[0].endpoint",
        "not an e-mail address",
        "one address",
    ),
    (
        "URL of a subscription",
        {"monitoring_subscriptions": [{"protocol": "https", "endpoint": "http://pager.example.com"}]},
        "monitoring_subscriptions[0].endpoint",
        "https://",
        "another protocol",
    ),
    (
        "name of an alarm",
        {"monitoring_alarms": {"web-5x": {"threshold": 1}}, "known_alarms": ["web-5xx", "slow-responses"]},
        "monitoring_alarms.web-5x",
        "no alarm",
        "did you mean web-5xx?",
    ),
    (
        "setting of an alarm",
        {"monitoring_alarms": {"web-5xx": {"treshold": 1}}, "known_alarms": ["web-5xx"]},
        "monitoring_alarms.web-5xx",
        "treshold cannot be set",
        "threshold",
    ),
    ("key of the topic", {"monitoring_kms_key_id": "alias/aws/sns"}, "monitoring_kms_key_id", "lost", "leave it out"),
    ("Cognito without a URL", {"sign_in": True}, "langfuse_url", "sends people back", "https://"),
    (
        "Cognito over HTTP",
        {"sign_in": True, "langfuse_url": "http://langfuse.example.com"},
        "langfuse_url",
        "is not HTTPS",
        "https://",
    ),
    (
        "a domain of AWS",
        {"sign_in": True, "langfuse_url": "https://langfuse.example.com", "sign_in_domain_prefix": "my-aws"},
        "sign_in_domain_prefix",
        "contains 'aws'",
        "another one",
    ),
    (
        "a name in the domain",
        {"sign_in": True, "langfuse_url": "https://langfuse.example.com", "langfuse_name": "amazonia"},
        "sign_in_domain_prefix",
        "contains 'amazon'",
        "another one",
    ),
    (
        "Cognito twice",
        {
            "sign_in": True,
            "langfuse_url": "https://langfuse.example.com",
            "langfuse_sso": {"providers": [{"provider": "cognito", "client_id": "c", "issuer": "https://a.example/p"}]},
        },
        "langfuse_sso.providers",
        "makes it too",
        "keep one",
    ),
    ("EOL version", {"langfuse_version": "2.95.11"}, "langfuse_version", "end of life", "3.225.4"),
    ("unknown version", {"langfuse_version": "7.0.0"}, "langfuse_version", "not known", "3.225.4"),
    ("floating version", {"langfuse_version": 3}, "langfuse_version", "not an exact", "3.225.4"),
    ("long name", {"langfuse_name": "langfuse-production-eu"}, "langfuse_name", "22 characters", "langfuse-production"),
    ("capitals", {"langfuse_name": "Langfuse"}, "langfuse_name", "capitals", "langfuse"),
    ("two hyphens", {"langfuse_name": "a--b"}, "langfuse_name", "'--'", "a-b"),
    ("digit first", {"langfuse_name": "1langfuse"}, "langfuse_name", "begin with a letter", "such as langfuse"),
    ("hyphen last", {"langfuse_name": "langfuse-"}, "langfuse_name", "end with", "such as langfuse"),
    ("underscore", {"langfuse_name": "lang_fuse"}, "langfuse_name", "other characters", "lang-fuse"),
    ("short name", {"langfuse_name": "ab"}, "langfuse_name", "shorter", "3 to 20"),
    ("line break", {"langfuse_name": "langfuse\n"}, "langfuse_name", "other characters", "3 to 20"),
    ("region", {"langfuse_region": "Frankfurt"}, "langfuse_region", "not an AWS region", "eu-central-1"),
    ("tags", {"langfuse_tags": "team=a"}, "langfuse_tags", "dictionary", "{team"),
    ("reserved tag", {"langfuse_tags": {"aws:x": "1"}}, "langfuse_tags.aws:x", "taken", "another key"),
    ("no range", {"network_cidr": "10.42/16"}, "network_cidr", "not an IPv4 range", "10.42.0.0/16"),
    ("host bits", {"network_cidr": "10.42.7.1/16"}, "network_cidr", "host bits", "set 10.42.0.0/16"),
    ("huge range", {"network_cidr": "10.0.0.0/8"}, "network_cidr", "a VPC cannot", "/16"),
    ("small range", {"network_cidr": "10.0.0.0/24"}, "network_cidr", "too small", "/23"),
    ("one zone", {"network_availability_zone_count": 1}, "network_availability_zone_count", "need two", "2 to 6"),
    ("words", {"network_availability_zone_count": "two"}, "network_availability_zone_count", "need two", "2 to 6"),
    (
        "too few names",
        {"network_availability_zones": ["eu-central-1a"]},
        "network_availability_zones",
        "1 zones",
        "as many",
    ),
    ("allowed", {"langfuse_allowed_cidrs": ["1.2.3.4/33"]}, "langfuse_allowed_cidrs", "not a range", "203.0.113"),
    ("listener", {"ingress_listener": "ssh"}, "ingress_listener", "not a listener", "http or https"),
    ("no certificate", {"ingress_listener": "https"}, "ingress_certificate_arn", "HTTPS needs", "langfuse_domain"),
    (
        "a certificate's ARN",
        {"ingress_listener": "https", "ingress_certificate_arn": "arn:aws:iam::1:server-certificate/x"},
        "ingress_certificate_arn",
        "not the ARN",
        "ACM",
    ),
    (
        "a certificate's region",
        {
            "ingress_listener": "https",
            "ingress_certificate_arn": "arn:aws:acm:ap-south-1:123456789012:certificate/x",
            "langfuse_region": "eu-central-1",
        },
        "ingress_certificate_arn",
        "ap-south-1",
        "eu-central-1",
    ),
    (
        "no zone",
        {"ingress_listener": "https", "langfuse_domain": "a.example.com"},
        "ingress_hosted_zone",
        "not given",
        "Route 53",
    ),
    (
        "a domain outside of its zone",
        {"langfuse_domain": "a.badexample.com", "ingress_hosted_zone": "example.com"},
        "ingress_hosted_zone",
        "does not lie in",
        "badexample.com",
    ),
    ("a URL as domain", {"langfuse_domain": "https://a.example.com"}, "langfuse_domain", "not a domain", "without"),
    (
        "a long domain",
        {
            "ingress_listener": "https",
            "langfuse_domain": f"{'a' * 60}.example.com",
            "ingress_hosted_zone": "Z0123456789ABC",
        },
        "langfuse_domain",
        "72 characters",
        "shorter",
    ),
    (
        "a further name",
        {
            "ingress_listener": "https",
            "langfuse_domain": "a.example.com",
            "ingress_hosted_zone": "example.com",
            "ingress_certificate_alternative_names": ["*.example.org"],
        },
        "ingress_certificate_alternative_names",
        "does not lie in",
        "leave it out",
    ),
    ("a rate limit", {"ingress_waf_rate_limit": 9}, "ingress_waf_rate_limit", "no limit of 9", "10 to"),
    (
        "an admin range",
        {"ingress_admin_cidrs": ["10.0.0.1/24"]},
        "ingress_admin_cidrs",
        "not a range",
        "203.0.113.0/24",
    ),
    (
        "admin ranges",
        {"ingress_admin_cidrs": [f"10.0.{number}.0/24" for number in range(4)]},
        "ingress_admin_cidrs",
        "not 4",
        "3 at most",
    ),
    (
        "CloudFront in China",
        {"ingress_cloudfront": True, "langfuse_region": "cn-north-1"},
        "ingress_cloudfront",
        "cn-north-1",
        "false",
    ),
    (
        "CloudFront before the internet",
        {"ingress_cloudfront": True, "ingress_scheme": "internet-facing"},
        "ingress_scheme",
        "internal load balancer",
        "leave it out",
    ),
    (
        "admin ranges behind CloudFront",
        {"ingress_cloudfront": "yes", "ingress_admin_cidrs": ["10.0.0.0/24"]},
        "ingress_admin_cidrs",
        "CloudFront's for everybody",
        "empty",
    ),
    (
        "Grafana behind CloudFront",
        {**GRAFANA, "ingress_cloudfront": True},
        "ingress_cloudfront",
        "CloudFront's for everybody",
        "leave out the host",
    ),
    (
        "ranges before CloudFront",
        {"ingress_cloudfront": True, "langfuse_allowed_cidrs": ["203.0.113.0/24"]},
        "langfuse_allowed_cidrs",
        "answers everybody",
        "ingress_cloudfront_waf_arn",
    ),
    (
        "a firewall behind CloudFront",
        {"ingress_cloudfront": True, "ingress_waf": True},
        "ingress_waf",
        "CloudFront's addresses",
        "ingress_cloudfront_waf_arn",
    ),
    (
        "HTTPS behind CloudFront",
        {"ingress_cloudfront": True, "ingress_listener": "https"},
        "ingress_listener",
        "no certificate is requested",
        "ingress_certificate_arn",
    ),
    (
        "CloudFront's certificate elsewhere",
        {
            "ingress_cloudfront": True,
            "ingress_cloudfront_certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/x",
        },
        "ingress_cloudfront_certificate_arn",
        "us-east-1",
        "langfuse_domain",
    ),
    (
        "CloudFront's domain without a zone",
        {"ingress_cloudfront": True, "langfuse_domain": "a.example.com"},
        "ingress_hosted_zone",
        "not given",
        "ingress_cloudfront_certificate_arn",
    ),
    (
        "a regional firewall for CloudFront",
        {
            "ingress_cloudfront": True,
            "ingress_cloudfront_waf_arn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b",
        },
        "ingress_cloudfront_waf_arn",
        "scope CLOUDFRONT",
        "global/webacl",
    ),
    ("retired Aurora", {"database_engine_version": "12.7"}, "database_engine_version", "no longer", "15 to 18"),
    ("retired minor", {"database_engine_version": "16.4"}, "database_engine_version", "no longer", "16.15"),
    ("odd Aurora", {"database_engine_version": "latest"}, "database_engine_version", "no longer", "15 to 18"),
    ("retired Valkey", {"cache_engine_version": "6.2"}, "cache_engine_version", "no Valkey", "7.2"),
    ("number Valkey", {"cache_engine_version": 7}, "cache_engine_version", "no Valkey", "7.2"),
    ("nodes", {"cache_node_count": 9}, "cache_node_count", "not a number", "1 to 6"),
    ("lone node", {"cache_node_count": 1, "cache_multi_az": True}, "cache_multi_az", "fail over", "cache_node_count"),
    ("capacity", {"database_min_capacity": 0.7}, "database_min_capacity", "0.7 ACU", "half steps"),
    (
        "capacities",
        {"database_min_capacity": 8, "database_max_capacity": "4"},
        "database_max_capacity",
        "less than",
        "database_min_capacity",
    ),
    ("database", {"database_database_name": "lang-fuse"}, "database_database_name", "not a database's", "63 letters"),
    ("user", {"database_master_username": "lang fuse"}, "database_master_username", "not a user's", "16 letters"),
    ("reserved", {"database_master_username": "postgres"}, "database_master_username", "keeps the name", "langfuse"),
    ("logs", {"compute_log_retention_days": 42}, "compute_log_retention_days", "42 days", "30"),
    ("no web", {"web_desired_count": 0}, "web_desired_count", "not a number", "1 or more"),
    ("half a worker", {"worker_desired_count": 1.5}, "worker_desired_count", "not a number", "1 or more"),
    ("mode", {"clickhouse_mode": "lambda"}, "clickhouse_mode", "not a way", "fargate or ec2 or external"),
    ("external", {"clickhouse_mode": "external"}, "clickhouse_host", "no host", "host name"),
    (
        "two nodes",
        {"clickhouse_mode": "ec2", "clickhouse_replicas": 2},
        "clickhouse_replicas",
        "is both",
        "set 3, or 1",
    ),
    ("five nodes", {"clickhouse_replicas": "5"}, "clickhouse_replicas", "'5' is not a number of nodes", "set 3, or 1"),
    ("replicas on EFS", {"clickhouse_replicas": 3}, "clickhouse_replicas", "fargate", "clickhouse_mode to ec2"),
    (
        "two zones for three",
        {"clickhouse_mode": "ec2", "clickhouse_replicas": 3},
        "network_availability_zone_count",
        "a zone of its own",
        "set 3",
    ),
    ("old ClickHouse", {"clickhouse_version": "23.8"}, "clickhouse_version", "24.3 or later", "26.4"),
    (
        "old for v4",
        {"clickhouse_version": "25.8", "langfuse_version": "4.16.0"},
        "clickhouse_version",
        "25.12 or later",
        "26.4",
    ),
    ("latest ClickHouse", {"clickhouse_version": "latest"}, "clickhouse_version", "not a ClickHouse version", "26.4"),
    ("EFS", {"langfuse_version": "3.210.0"}, "langfuse_version", "fail on EFS", "3.213.0"),
    ("web cpu", {"web_cpu": 2000}, "web_cpu", "2000 CPU units", "2048"),
    ("web memory", {"web_memory": 3000}, "web_memory", "3000 MiB", "4096 to 16384"),
    ("worker memory", {"worker_memory": 32768}, "worker_memory", "32768 MiB", "worker_cpu to 8192"),
    ("migration", {"migration_cpu": 256, "migration_memory": 4096}, "migration_memory", "4096 MiB", "512, 1024, 2048"),
    ("clickhouse", {"clickhouse_cpu": 8192, "clickhouse_memory": 17408}, "clickhouse_memory", "17408", "steps of 4096"),
    ("architecture", {"langfuse_cpu_architecture": "arm"}, "langfuse_cpu_architecture", "arm", "ARM64 or X86_64"),
    (
        "unknown setting",
        {"langfuse_settings": {"LANGFUSE_LOG_LEVL": "warn"}},
        "langfuse_settings.LANGFUSE_LOG_LEVL",
        "does not read",
        "did you mean LANGFUSE_LOG_LEVEL?",
    ),
    (
        "setting of nobody",
        {"langfuse_settings": {"FOO_BAR_BAZ": "1"}},
        "langfuse_settings.FOO_BAR_BAZ",
        "does not read",
        "check the name",
    ),
    (
        "known wrong",
        {"langfuse_settings": {"LANGFUSE_ADMIN_API_KEY": "x"}},
        "langfuse_settings.LANGFUSE_ADMIN_API_KEY",
        "does not read",
        "use ADMIN_API_KEY",
    ),
    (
        "wrong value",
        {"langfuse_settings": {"AUTH_DISABLE_SIGNUP": "yes"}},
        "langfuse_settings.AUTH_DISABLE_SIGNUP",
        "not a value",
        "true, false",
    ),
    (
        "ENCRYPTION_KEY",
        {"langfuse_settings": {"ENCRYPTION_KEY": "0123456789abcdef"}},
        "langfuse_settings.ENCRYPTION_KEY",
        "not 64 hexadecimal characters",
        "langfuse_secret_settings",
    ),
    (
        "password",
        {"langfuse_settings": {"CLICKHOUSE_PASSWORD": "pass&word/pass"}},
        "langfuse_settings.CLICKHOUSE_PASSWORD",
        "URL",
        "langfuse_secret_settings",
    ),
    (
        "secret in plain text",
        {"langfuse_settings": {"ADMIN_API_KEY": "x" * 40}},
        "langfuse_settings.ADMIN_API_KEY",
        "readable",
        "langfuse_secret_settings",
    ),
    (
        "no ARN",
        {"langfuse_secret_settings": {"ADMIN_API_KEY": "x"}},
        "langfuse_secret_settings.ADMIN_API_KEY",
        "not the ARN",
        "ARN",
    ),
    (
        "provider",
        {"langfuse_settings": {"AUTH_GOOGLE_CLIENT_ID": "x"}},
        "langfuse_settings.AUTH_GOOGLE_CLIENT_ID",
        "AUTH_GOOGLE_CLIENT_SECRET is missing",
        "langfuse_secret_settings",
    ),
    ("sign-on", {"langfuse_sso": ["google"]}, "langfuse_sso", "dictionary", "names and values"),
    ("providers", {"langfuse_sso": {"providers": "google"}}, "langfuse_sso.providers", "not a list", "client_id"),
    (
        "a provider's part",
        {"langfuse_sso": {"providers": [{"provider": "okta", "client_id": "x"}]}},
        "langfuse_sso.providers[0].client_id",
        "AUTH_OKTA_ISSUER",
        "set AUTH_OKTA_ISSUER",
    ),
    (
        "mail",
        {"langfuse_mail": {"verification_required": True}},
        "langfuse_mail.verification_required",
        "no mail",
        "set",
    ),
    ("shards", {"langfuse_queue_shards": {"lunch": 1}}, "langfuse_queue_shards.lunch", "no such queue", "ingestion"),
    ("settings", {"langfuse_settings": ["A=1"]}, "langfuse_settings", "dictionary", "names and values"),
    ("url", {"langfuse_url": "langfuse.example.com"}, "langfuse_url", "not a URL", "https://"),
    (
        "init",
        {"langfuse_init_project_id": "p"},
        "langfuse_init_project_id",
        "without the organisation",
        "langfuse_init_org_id",
    ),
    (
        "e-mail",
        {"langfuse_init_org_id": "o", "langfuse_init_user_email": "me"},
        "langfuse_init_user_email",
        "not an e-mail",
        "@",
    ),
    ("database mode", {"database_mode": "mysql"}, "database_mode", "not a way", "aurora or external"),
    ("external database", {"database_mode": "external"}, "database_host", "no host", "host name"),
    (
        "host without external",
        {"database_mode": "aurora", "database_host": "db.example"},
        "database_host",
        "database_mode is aurora",
        "external",
    ),
    ("storage mode", {"storage_mode": "minio"}, "storage_mode", "not a way", "own or external"),
    ("external bucket", {"storage_mode": "external"}, "storage_bucket", "no name", "own"),
    ("bucket", {"storage_bucket": "Our.Traces"}, "storage_bucket", "not a bucket's name", "lower-case"),
    ("key", {"storage_kms_key_arn": "alias/langfuse"}, "storage_kms_key_arn", "not the ARN", "not an alias"),
    ("prefix", {"storage_media_prefix": "media"}, "storage_media_prefix", "does not end", "langfuse/events/"),
    (
        "media that expire",
        {
            "storage_events_prefix": "langfuse/",
            "storage_media_prefix": "langfuse/media/",
            "storage_events_expiration_days": "30",
        },
        "storage_media_prefix",
        "would expire",
        "does not begin with storage_events_prefix",
    ),
    (
        "logs of logs",
        {"storage_bucket": "traces", "storage_access_log_bucket": "traces"},
        "storage_access_log_bucket",
        "every log would make another",
        "another bucket",
    ),
    (
        "logs of an external bucket",
        {"storage_mode": "external", "storage_bucket": "traces", "storage_access_log_bucket": "logs"},
        "storage_access_log_bucket",
        "its owner's",
        "storage_mode to own",
    ),
    ("cache mode", {"cache_mode": "memcached"}, "cache_mode", "not a way", "elasticache or external"),
    ("external cache", {"cache_mode": "external"}, "cache_connection", "no connection", "host"),
    (
        "connection without external",
        {"cache_mode": "elasticache", "cache_connection": {"host": "cache.example"}},
        "cache_connection",
        "cache_mode is elasticache",
        "external",
    ),
    (
        "kind of cache",
        {"cache_mode": "external", "cache_connection": {"mode": "ring", "host": "cache.example"}},
        "cache_connection.mode",
        "not a kind of cache",
        "sentinel",
    ),
    (
        "external cache without a host",
        {"cache_mode": "external", "cache_connection": {"username": "langfuse"}},
        "cache_connection.host",
        "missing",
        "set it",
    ),
    (
        "somebody with the traffic",
        {"langfuse_v2_traffic": "both"},
        "langfuse_v2_traffic",
        "does not say who has the traffic",
        "set v2 while Langfuse 2 has it",
    ),
    (
        "version 4 after version 2",
        {"langfuse_v2_traffic": "moved", "langfuse_version": "4.16.0"},
        "langfuse_version",
        "goes through Langfuse 3",
        "set 3.225.4",
    ),
    (
        "a release that version 2 does not survive",
        {"langfuse_v2_traffic": "v2", "langfuse_version": "3.225.4"},
        "langfuse_version",
        "drops views that Langfuse 2 reads",
        "set 3.29.0",
    ),
    ("port", {"database_port": 70000}, "database_port", "not a port", "5432"),
    ("TLS", {"database_ssl_mode": "verify-full"}, "database_ssl_mode", "not a use of TLS", "require"),
    ("NAT", {"network_nat": "two"}, "network_nat", "not a way out", "none, single or per_zone"),
    (
        "subnets without VPC",
        {"network_private_subnet_ids": ["subnet-0123456789abcdef0"]},
        "network_private_subnet_ids",
        "without their VPC",
        "network_vpc_id",
    ),
    ("write mode", {"langfuse_write_mode": "both"}, "langfuse_write_mode", "not a way to write", "events_only"),
    ("ClickHouse user", {"clickhouse_user": "a&b"}, "clickhouse_user", "break the URL", "letters"),
    ("least of a scaling", {**SCALED, "worker_scaling_min": 0}, "worker_scaling_min", "publish no metric", "1 or more"),
    (
        "limits",
        {"web_scaling_min": 4, "web_scaling_max": 2},
        "web_scaling_max",
        "above web_scaling_min",
        "set 4 to 5000",
    ),
    ("quota", {"web_scaling_min": 2, "web_scaling_max": 5001}, "web_scaling_max", "quota", "5000"),
    ("a count outside", {**SCALED, "worker_desired_count": 9}, "worker_desired_count", "not between", "set 1 to 4"),
    ("CPU", {**SCALED, "worker_scaling_cpu_target": 120}, "worker_scaling_cpu_target", "not a target", "1 to 100"),
    (
        "backlog",
        {**SCALED, "worker_scaling_backlog_target": -1},
        "worker_scaling_backlog_target",
        "target",
        "0 for none",
    ),
    (
        "no target",
        {**SCALED, "worker_scaling_cpu_target": 0, "worker_scaling_backlog_target": 0},
        "worker_scaling_max",
        "no target",
        "worker_scaling_cpu_target",
    ),
    (
        "requests that nobody counts",
        {"web_scaling_min": 1, "web_scaling_max": 2, "web_scaling_requests_target": 900, "ingress_state": "absent"},
        "web_scaling_requests_target",
        "without a load balancer",
        "ingress_state",
    ),
    (
        "metrics switched off",
        {**SCALED, "langfuse_metric_publishing": False},
        "langfuse_metric_publishing",
        "do not publish",
        "worker_scaling_backlog_target",
    ),
    (
        "metrics switched off by Langfuse's own setting",
        {**SCALED, "langfuse_settings": {"LANGFUSE_QUEUE_METRICS_ENABLED": "false"}},
        "langfuse_settings.LANGFUSE_QUEUE_METRICS_ENABLED",
        "do not publish",
        "worker_scaling_backlog_target",
    ),
    (
        "a version without metrics",
        {**SCALED, "langfuse_version": "3.169.0"},
        "langfuse_version",
        "does not publish",
        "3.170.0",
    ),
    (
        "Spot that the cluster lacks",
        {"worker_spot": True, "compute_capacity_providers": ["FARGATE"]},
        "worker_spot",
        "FARGATE_SPOT",
        "compute_capacity_providers",
    ),
    (
        "an unknown provider",
        {
            "web_capacity_provider_strategy": [{"capacity_provider": "mine"}],
            "compute_capacity_providers": ["FARGATE"],
        },
        "web_capacity_provider_strategy",
        "mine",
        "compute_capacity_providers",
    ),
    (
        "two bases",
        {
            "web_capacity_provider_strategy": [
                {"capacity_provider": "FARGATE", "base": 1},
                {"capacity_provider": "FARGATE_SPOT", "base": 1},
            ]
        },
        "web_capacity_provider_strategy",
        "base",
        "one base",
    ),
    ("a URL", {"langfuse_image_registry": "https://ghcr.io"}, "langfuse_image_registry", "before", "without https://"),
    (
        "registry and cache",
        {
            "langfuse_image_registry": "ghcr.io",
            "compute_pull_through_cache": True,
            "compute_pull_through_cache_credential_arn": CREDENTIAL,
        },
        "langfuse_image_registry",
        "for nothing",
        "one of the two",
    ),
    (
        "cache without a user",
        {"compute_pull_through_cache": True},
        "compute_pull_through_cache_credential_arn",
        "Docker Hub",
        "accessToken",
    ),
    ("Spot for ClickHouse", {"clickhouse_spot": True}, "clickhouse_spot", "two minutes", "worker_spot"),
    *(
        (f"days of {variable}", {variable: 42}, variable, "cannot be kept for 42 days", "30")
        for variable in (
            "database_log_retention_days",
            "ingress_waf_logging_retention_days",
            "network_flow_logs_retention_days",
        )
    ),
    ("traffic", {"network_flow_logs_traffic": "all"}, "network_flow_logs_traffic", "no traffic", "REJECT"),
    ("interval", {"network_flow_logs_interval": 300}, "network_flow_logs_interval", "300 seconds", "600"),
    ("logs of no firewall", {"ingress_waf_logging": "yes"}, "ingress_waf_logging", "no firewall", "ingress_waf"),
    (
        "logs of MySQL",
        {"database_cloudwatch_logs_exports": ["postgresql", "slowquery"]},
        "database_cloudwatch_logs_exports",
        "'slowquery'",
        "postgresql",
    ),
    ("insights", {"database_insights_mode": "Advanced"}, "database_insights_mode", "no mode", "standard or advanced"),
    (
        "advanced without Performance Insights",
        {"database_insights_mode": "advanced", "database_performance_insights": False},
        "database_performance_insights",
        "needs Performance Insights",
        "standard",
    ),
    (
        "advanced for a week",
        {"database_insights_mode": "advanced", "database_performance_insights_retention_days": 7},
        "database_performance_insights_retention_days",
        "465 days",
        "remove it",
    ),
    (
        "days of Performance Insights",
        {"database_performance_insights_retention_days": 90},
        "database_performance_insights_retention_days",
        "90 days",
        "multiple of 31",
    ),
    (
        "short pause",
        {"database_min_capacity": 0, "database_seconds_until_auto_pause": 60},
        "database_seconds_until_auto_pause",
        "60 seconds",
        "300 to 86400",
    ),
    (
        "pause of what never pauses",
        {"database_min_capacity": 0.5, "database_seconds_until_auto_pause": 600},
        "database_seconds_until_auto_pause",
        "never pauses",
        "database_min_capacity to 0",
    ),
    (
        "misspelt variable",
        {"inventory_variables": ["web_desired_cuont"], "known_variables": ["web_desired_count"]},
        "web_desired_cuont",
        "no role reads",
        "web_desired_count",
    ),
]


@pytest.mark.parametrize(
    ("changes", "variable", "problem", "fix"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_refusals_name_variable_problem_and_what_to_set(
    changes: dict[str, Any], variable: str, problem: str, fix: str
) -> None:
    errors = judged(**changes).errors
    assert [finding.option for finding in errors] == [variable]
    assert problem in errors[0].problem
    assert fix in errors[0].fix


def test_insights_in_little_memory_are_worth_a_warning() -> None:
    on = {"database_insights_mode": "advanced", "database_performance_insights": True}
    assert [finding.option for finding in judged(**on, database_min_capacity=0.5).warnings] == ["database_min_capacity"]
    assert judged(**on, database_performance_insights_retention_days=465, database_min_capacity=2) == Judgement()
    assert judged(**on, database_min_capacity=0.5, database_mode="external", database_host="db.example").warnings == []


def test_a_version_that_does_not_pause() -> None:
    # No such version can be created any more, so that it is refused as a version too.
    found = judged(database_engine_version="16.2", database_min_capacity=0).errors
    assert [finding.option for finding in found] == ["database_engine_version", "database_min_capacity"]
    assert "16.3 or later" in found[1].fix
    assert (
        judged(database_engine_version="17", database_min_capacity=0, database_seconds_until_auto_pause=600).errors
        == []
    )


def test_scaling_that_makes_sense() -> None:
    web = {"web_scaling_min": 2, "web_scaling_max": "6", "web_scaling_requests_target": 900, "ingress_state": "present"}
    assert judged(**SCALED, **web, worker_desired_count=2) == Judgement()
    # Equal limits switch it off, whatever else is set; CPU alone needs no metric of Langfuse's.
    off = {**SCALED, "worker_scaling_max": 1, "langfuse_metric_publishing": False, "worker_desired_count": 3}
    assert judged(**off) == Judgement()
    assert judged(**{**SCALED, "worker_scaling_backlog_target": 0, "langfuse_metric_publishing": False}) == Judgement()
    spot = {"worker_spot": True, "compute_capacity_providers": ["FARGATE", "FARGATE_SPOT"]}
    assert judged(**spot) == Judgement()


def test_ingestion_of_its_own_needs_a_load_balancer() -> None:
    sized = {
        "web_ingestion": True,
        "web_ingestion_cpu": 2048,
        "web_ingestion_memory": 4096,
        "web_ingestion_desired_count": 3,
    }
    scaled = {
        "web_ingestion_scaling_min": 3,
        "web_ingestion_scaling_max": 9,
        "web_ingestion_scaling_requests_target": 900,
    }
    assert judged(**sized, **scaled, ingress_state="present") == Judgement()
    assert judged(web_ingestion=False, ingress_state="absent") == Judgement()
    lonely = judged(**sized, ingress_state="absent")
    assert [finding.option for finding in lonely.errors] == ["web_ingestion"]
    wrong = judged(
        **{**sized, **scaled, "web_ingestion_memory": 3000, "web_ingestion_desired_count": 2},
        web_ingestion_spot=True,
        compute_capacity_providers=["FARGATE"],
    )
    assert [finding.option for finding in wrong.errors] == [
        "web_ingestion_desired_count",
        "web_ingestion_memory",
        "web_ingestion_spot",
    ]


@pytest.mark.parametrize(
    "registry", ["ghcr.io", "localhost:5000", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/a/b-c"]
)
def test_registries(registry: str) -> None:
    assert judged(langfuse_image_registry=registry) == Judgement()
    cached = {"compute_pull_through_cache": True, "compute_pull_through_cache_credential_arn": CREDENTIAL}
    assert judged(**cached) == Judgement()


def test_environments_that_are_scaled_by_the_same_metrics() -> None:
    def policy(cluster: str, namespace: str) -> dict[str, Any]:
        query = {"Id": "q", "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": "m"}, "Stat": "Maximum"}}
        metrics = {"Metrics": [query, {"Id": "e", "Expression": "q"}]}
        return {
            "ResourceId": f"service/{cluster}/worker",
            "TargetTrackingScalingPolicyConfiguration": {"CustomizedMetricSpecification": metrics},
        }

    policies = [
        policy("langfuse-demo", "Langfuse"),
        policy("other", "Langfuse"),
        policy("other", "Langfuse"),
        policy("shop", "AWS/SQS"),
        {"ResourceId": "service/x/y", "StepScalingPolicyConfiguration": {}},
    ]
    assert [str(finding).split()[1] for finding in shared_metrics("langfuse-demo", policies)] == ["other"]


def test_all_findings_come_at_once() -> None:
    changes: dict[str, Any] = {}
    expected = set()
    # Some would change what others are about: a task without known CPU units has no wrong memory.
    others = {
        "EOL version",
        "unknown version",
        "floating version",
        "EFS",
        "old for v4",
        "external",
        "backups of an external ClickHouse",
        "web memory",
        "sign-on",
        "providers",
        "init",
    }
    for name, wrong, variable, _problem, _fix in REFUSALS:
        if set(wrong) & set(changes) or name in others:
            continue
        changes |= wrong
        expected.add(variable)
    assert expected <= {finding.option for finding in judged(**changes).errors}
    assert len(expected) > 20


def test_no_value_of_a_secret_is_in_a_finding() -> None:
    judgement = judged(langfuse_settings={"ENCRYPTION_KEY": "not-hexadecimal", "SALT": "salty-salt"})
    assert not [value for value in ("not-hexadecimal", "salty-salt") if value in str(judgement.errors)]
    assert {"not-hexadecimal", "salty-salt"} <= judgement.leaked


ON_EC2 = {
    "clickhouse_mode": "ec2",
    "clickhouse_memory": 14336,
    "clickhouse_instance_type": "r7g.large",
    "clickhouse_volume_size": 100,
    "clickhouse_volume_iops": 3000,
    "clickhouse_volume_throughput": 125,
}
LARGE: dict[str, Any] = {
    "ProcessorInfo": {"SupportedArchitectures": ["arm64"]},
    "MemoryInfo": {"SizeInMiB": 16384},
    "EbsInfo": {"NvmeSupport": "required"},
}


def test_clickhouse_on_ec2_needs_no_fargate_size_and_no_efs() -> None:
    assert judged(**ON_EC2, clickhouse_cpu=1, langfuse_version="3.210.0") == Judgement()


@pytest.mark.parametrize(
    ("changes", "variable", "problem", "fix"),
    [
        ({"clickhouse_volume_size": 0}, "clickhouse_volume_size", "0 GiB", "1 to 16384"),
        ({"clickhouse_volume_size": "much"}, "clickhouse_volume_size", "much", "1 to 16384"),
        ({"clickhouse_volume_iops": 2000}, "clickhouse_volume_iops", "2000 operations", "3000 to 16000"),
        ({"clickhouse_volume_throughput": 2000}, "clickhouse_volume_throughput", "2000 MiB", "125 to 1000"),
        (
            {"clickhouse_volume_size": 20, "clickhouse_volume_iops": 12000},
            "clickhouse_volume_iops",
            "more than 20 GiB allow",
            "10000 at most",
        ),
        ({"clickhouse_volume_throughput": 800}, "clickhouse_volume_throughput", "3000 operations", "750 at most"),
        ({"clickhouse_instance_type": "large"}, "clickhouse_instance_type", "not an EC2 instance type", "r7g.large"),
    ],
)
def test_clickhouse_on_ec2(changes: dict[str, Any], variable: str, problem: str, fix: str) -> None:
    (finding,) = judged(**{**ON_EC2, **changes}).errors
    assert finding.option == variable
    assert problem in finding.problem
    assert fix in finding.fix
    # None of it matters where ClickHouse runs elsewhere.
    assert judged(**{**ON_EC2, **changes, "clickhouse_mode": "fargate"}).errors == []


def test_little_volumes_have_their_3000_operations() -> None:
    assert judged(**{**ON_EC2, "clickhouse_volume_size": 1}) == Judgement()


@pytest.mark.parametrize(
    ("changes", "offered", "variable", "text"),
    [
        ({}, None, "clickhouse_instance_type", "no instance type 'r7g.large'"),
        ({"langfuse_cpu_architecture": "X86_64"}, LARGE, "clickhouse_instance_type", "architecture ARM64, not X86_64"),
        ({"clickhouse_cpu_architecture": "X86_64"}, LARGE, "clickhouse_instance_type", "r7i.large"),
        ({"clickhouse_memory": 15360}, LARGE, "clickhouse_memory", "14745 at most"),
        ({}, {**LARGE, "EbsInfo": {"NvmeSupport": "unsupported"}}, "clickhouse_instance_type", "NVMe"),
    ],
)
def test_instance_types(changes: dict[str, Any], offered: dict[str, Any] | None, variable: str, text: str) -> None:
    (finding,) = instance_findings({**GOOD, **ON_EC2, **changes}, offered)
    assert finding.option == variable
    assert text in str(finding)


def test_an_instance_type_that_fits() -> None:
    assert instance_findings({**GOOD, **ON_EC2}, LARGE) == []


def test_an_external_clickhouse_needs_no_task_and_no_efs() -> None:
    changes = {
        "clickhouse_cpu": 1,
        "clickhouse_memory": 1,
        "clickhouse_host": "c.example",
        "langfuse_version": "3.210.0",
    }
    assert judged(clickhouse_mode="external", **changes) == Judgement()


def test_an_external_database_has_its_own_version_and_users() -> None:
    changes = {"database_engine_version": "12", "database_master_username": "postgres", "database_host": "db.example"}
    assert judged(database_mode="external", **changes) == Judgement()


def test_what_works_but_is_small_is_a_warning() -> None:
    judgement = judged(web_cpu=1024, web_memory=2048)
    assert judgement.errors == []
    assert [warning.option for warning in judgement.warnings] == ["web_cpu", "web_memory"]


def test_settings_of_ones_own_are_allowed_by_name() -> None:
    assert judged(langfuse_settings={"FOO_BAR_BAZ": "1"}, own_settings=["FOO_BAR_BAZ"]) == Judgement()


def test_settings_of_the_other_major_version_are_a_warning() -> None:
    later = judged(langfuse_version="3.150.0", langfuse_queue_shards={"eval_execution": 2})
    assert (later.errors, [str(warning) for warning in later.warnings]) == (
        [],
        [
            "langfuse_queue_shards.eval_execution: Langfuse 3.150.0 does not read "
            "LANGFUSE_EVAL_EXECUTION_QUEUE_SHARD_COUNT yet; 3.160.0 does; remove it, or set a later langfuse_version"
        ],
    )
    judgement = judged(langfuse_settings={"LANGFUSE_MAX_OBSERVATIONS_PER_TRACE": 100})
    assert judgement.errors == []
    assert len(judgement.warnings) == 1


def test_variables_of_ones_own_are_allowed() -> None:
    known = ["web_desired_count", "web_cpu"]
    assert judged(inventory_variables=["web_department", "web_cpu"], known_variables=known) == Judgement()
    misspelt = {"inventory_variables": ["web_cpus"], "known_variables": known}
    assert len(judged(**misspelt).errors) == 1
    assert judged(**misspelt, own_variables=["web_cpus"]) == Judgement()


@pytest.mark.parametrize("variable, meant", [("netwrok_nat", "network_nat"), ("secret_name", "secrets_name"),
                                             ("wroker_cpu", "worker_cpu"), ("langfsue_name", "langfuse_name")])  # fmt: skip
def test_misspelt_prefixes_are_a_warning(variable: str, meant: str) -> None:
    known = ["network_nat", "secrets_name", "web_cpu", "langfuse_name", "worker_cpu"]
    judgement = judged(inventory_variables=[variable], known_variables=known)
    assert (judgement.errors, len(judgement.warnings)) == ([], 1)
    assert str(judgement.warnings[0]).startswith(f"{variable}: no role reads this variable; did you mean {meant}?")
    assert judged(inventory_variables=[variable], known_variables=known, own_variables=[variable]) == Judgement()


@pytest.mark.parametrize("variable", ["netwrok_colour", "team_name", "web_proxy", "group_names", "nat"])
def test_variables_of_others_are_left_alone(variable: str) -> None:
    known = ["network_nat", "secrets_name", "web_cpu", "langfuse_name"]
    assert judged(inventory_variables=[variable], known_variables=known) == Judgement()


@given(st.integers(0, 40000), st.integers(0, 260000))
def test_fargate_sizes_are_those_of_the_table(cpu: int, memory: int) -> None:
    refused = bool(judged(migration_cpu=cpu, migration_memory=memory).errors)
    assert refused == (memory not in FARGATE_SIZES.get(cpu, ()))


@given(st.sampled_from([(cpu, memory) for cpu, sizes in FARGATE_SIZES.items() for memory in sizes]))
def test_every_fargate_size_is_accepted(size: tuple[int, int]) -> None:
    assert judged(migration_cpu=size[0], migration_memory=str(size[1])).errors == []


@given(st.text(max_size=25))
def test_any_name_is_judged_without_failing(name: str) -> None:
    accepted = not judged(langfuse_name=name).errors
    assert accepted == bool(re.fullmatch(r"[a-z][a-z0-9-]{1,18}[a-z0-9]", name) and "--" not in name)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(langfuse_preflight_info.RAW), anything, max_size=8))
def test_no_input_makes_it_fail(changes: dict[str, Any]) -> None:
    for finding in judged(**changes).errors:
        assert finding.option
        assert finding.problem
        assert finding.fix


def test_zones_of_the_region() -> None:
    zones = ["r-1a", "r-1b"]
    assert zone_findings({"network_availability_zone_count": 2}, zones) == []
    assert "has 2 zones, not 3" in zone_findings({"network_availability_zone_count": "3"}, zones)[0].problem
    assert "r-1c" in zone_findings({"network_availability_zones": ["r-1a", "r-1c"]}, zones)[0].problem


def test_values_of_an_existing_secret() -> None:
    values = make(list(DEFAULT_KEYS))
    assert secret_findings("demo/application", values) == []
    assert secret_findings("demo/application", {}) == []
    assert secret_findings("demo/application", {"DATABASE_PASSWORD": "p@ssw/rd"})
    assert (
        secret_findings("demo/application", {"DATABASE_PASSWORD": "p@ssw/rd", "DATABASE_URL": "postgresql://x"}) == []
    )
    found = secret_findings("demo/application", {**values, "ENCRYPTION_KEY": "short-key", "REDIS_AUTH": "with space!"})
    assert ["ENCRYPTION_KEY" in str(found[0]), "REDIS_AUTH" in str(found[1])] == [True, True]
    assert "short-key" not in str(found)
    assert "JSON object" in str(secret_findings("demo/application", None)[0])


# The role beside the module.

ROLE = REPOSITORY / "roles/preflight"


def role_file(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


def test_the_role_passes_every_variable_of_the_module() -> None:
    passed = role_file("tasks/main.yml")[0]["llmops.langfuse.langfuse_preflight_info"]
    assert set(langfuse_preflight_info.RAW) <= set(passed)
    assert set(passed) - set(langfuse_preflight_info.argument_spec()) == set()


def test_the_role_knows_all_roles_of_the_collection() -> None:
    known = role_file("vars/main.yml")["__preflight_roles"]
    present = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    assert present <= set(known)


def test_the_role_knows_every_variable_of_an_environment() -> None:
    """Each langfuse_* name that roles, playbooks and inventories use, but for those of modules and registers."""
    known = set(role_file("vars/main.yml")["__preflight_environment_variables"])
    modules = {path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py")}
    used = set()
    for folder in ("roles", "playbooks", "inventories"):
        for path in (REPOSITORY / folder).rglob("*.yml"):
            used |= set(re.findall(r"(?<![\w.])langfuse_[a-z_]+[a-z]\b(?!\()", path.read_text(encoding="utf-8")))
    assert (
        used - known - modules - {"langfuse_health_info", "langfuse_trace_roundtrip", "langfuse_environment_info"}
        == set()
    )


def test_defaults_are_those_of_the_other_roles() -> None:
    defaults = role_file("defaults/main.yml")
    for variable in langfuse_preflight_info.RAW:
        role = variable.split("_")[0]
        path = REPOSITORY / "roles" / role / "defaults/main.yml"
        if role == "langfuse" or not path.exists():
            continue
        theirs = yaml.safe_load(path.read_text(encoding="utf-8")).get(variable)
        if theirs is None or "{{" in str(theirs):
            continue
        ours = re.search(r"default\((.*)\) }}$", defaults[f"preflight_{variable}"])
        assert ours is not None
        # The defaults of some follow from another variable.
        if "preflight_" not in ours[1]:
            assert yaml.safe_load(ours[1]) == theirs, variable


def test_what_can_be_behind_cloudfront() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    assert not judged(
        ingress_cloudfront=True,
        ingress_scheme="internal",
        ingress_listener="http",
        langfuse_domain="a.example.com",
        ingress_cloudfront_certificate_arn=arn,
        ingress_cloudfront_waf_arn="arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b",
        langfuse_allowed_cidrs=["0.0.0.0/0"],
    ).errors
    assert not judged(
        ingress_cloudfront=True,
        ingress_listener="https",
        ingress_certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/x",
        langfuse_domain="a.example.com",
        ingress_hosted_zone="example.com",
    ).errors


@pytest.mark.parametrize(
    ("waf", "scheme", "warned"),
    [(True, "internal", True), (True, "internet-facing", False), (False, "internal", False)],
)
def test_a_firewall_inside_is_worth_a_warning(waf: bool, scheme: str, warned: bool) -> None:
    found = judge({"ingress_waf": waf, "ingress_scheme": scheme}).warnings
    assert ("ingress_waf" in [finding.option for finding in found]) is warned
