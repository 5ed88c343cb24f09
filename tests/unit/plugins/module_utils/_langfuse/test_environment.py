# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import environment as subject
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import variables
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import assemble
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.names import KNOWN_WRONG
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.rules import SSO_PROVIDERS
from langfuse_description import ARN, PARAMETER, accepted, described, problems


def test_the_web_server_gets_everything_it_needs() -> None:
    assembly = accepted(keep_alive_timeout_ms=75000, node_heap_mib=3072)
    assert assembly.warnings == []
    assert assembly.environment == {
        "CLICKHOUSE_CLUSTER_ENABLED": "false",
        "CLICKHOUSE_DB": "default",
        "CLICKHOUSE_MIGRATION_SSL": "false",
        "CLICKHOUSE_MIGRATION_URL": "clickhouse://clickhouse.demo.internal:9000",
        "CLICKHOUSE_URL": "http://clickhouse.demo.internal:8123",
        "CLICKHOUSE_USER": "langfuse",
        "DATABASE_ARGS": "sslmode=require",
        "DATABASE_HOST": "db.example:5432",
        "DATABASE_NAME": "langfuse",
        "DATABASE_USERNAME": "langfuse",
        "HOSTNAME": "0.0.0.0",
        "KEEP_ALIVE_TIMEOUT": "75000",
        "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED": "true",
        "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED": "true",
        "LANGFUSE_S3_EVENT_UPLOAD_BUCKET": "demo-bucket",
        "LANGFUSE_S3_EVENT_UPLOAD_PREFIX": "events/",
        "LANGFUSE_S3_EVENT_UPLOAD_REGION": "eu-central-1",
        "LANGFUSE_S3_MEDIA_UPLOAD_BUCKET": "demo-bucket",
        "LANGFUSE_S3_MEDIA_UPLOAD_PREFIX": "media/",
        "LANGFUSE_S3_MEDIA_UPLOAD_REGION": "eu-central-1",
        "NEXTAUTH_URL": "https://langfuse.example.com",
        "NODE_OPTIONS": "--max-old-space-size=3072",
        "REDIS_HOST": "cache.example",
        "REDIS_PORT": "6379",
        "REDIS_TLS_ENABLED": "true",
    }
    assert assembly.secrets == {
        name: f"{ARN}:{name}::"
        for name in (
            "CLICKHOUSE_PASSWORD",
            "DATABASE_PASSWORD",
            "ENCRYPTION_KEY",
            "NEXTAUTH_SECRET",
            "REDIS_AUTH",
            "SALT",
        )
    }


def test_web_and_worker_agree_on_all_they_share() -> None:
    web, worker = accepted(component="web"), accepted(component="worker")
    shared = set(web.environment) & set(worker.environment)
    assert {name: web.environment[name] for name in shared} == {name: worker.environment[name] for name in shared}
    assert worker.environment["LANGFUSE_S3_BATCH_EXPORT_BUCKET"] == "demo-bucket"
    assert worker.environment["LANGFUSE_S3_BATCH_EXPORT_ENABLED"] == "true"
    assert {"SALT", "ENCRYPTION_KEY"} <= set(worker.secrets)
    assert "NEXTAUTH_SECRET" not in worker.secrets
    assert worker.environment["NEXTAUTH_URL"] == web.environment["NEXTAUTH_URL"]
    assert "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED" not in worker.environment
    assert "KEEP_ALIVE_TIMEOUT" not in accepted(component="worker", keep_alive_timeout_ms=75000).environment


def test_the_migration_migrates_and_does_not_see_what_it_does_not_read() -> None:
    migration = accepted(component="migration")
    assert migration.environment["LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED"] == "false"
    assert migration.environment["LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED"] == "false"
    assert set(migration.secrets) == {"CLICKHOUSE_PASSWORD", "DATABASE_PASSWORD"}
    changed = accepted(
        component="migration",
        url="https://elsewhere.example.com",
        settings={"LANGFUSE_LOG_LEVEL": "debug"},
        storage={"bucket": "other"},
    )
    assert changed.digest() == migration.digest()
    assert accepted(component="migration", database={"host": "other"}).digest() != migration.digest()


def test_batch_exports_belong_to_both_containers_in_langfuse_4() -> None:
    assert "LANGFUSE_S3_BATCH_EXPORT_BUCKET" not in accepted().environment
    assert "LANGFUSE_S3_BATCH_EXPORT_BUCKET" in accepted(langfuse_version="4.16.0").environment


def test_the_first_project_brings_its_secrets() -> None:
    init = {"org_id": "o", "project_id": "p", "user_email": "admin@example.com", "org_name": ""}
    web = accepted(init=init)
    assert web.environment["LANGFUSE_INIT_ORG_ID"] == "o"
    assert "LANGFUSE_INIT_ORG_NAME" not in web.environment
    assert len([name for name in web.secrets if name.startswith("LANGFUSE_INIT_")]) == 3
    only_user = accepted(init={"org_id": "o", "user_email": "admin@example.com"})
    assert [name for name in only_user.secrets if name.startswith("LANGFUSE_INIT_")] == ["LANGFUSE_INIT_USER_PASSWORD"]
    assert not [name for name in accepted(component="worker", init=init).secrets if name.startswith("LANGFUSE_INIT_")]


@pytest.mark.parametrize(
    ("mode", "version", "expected"),
    [
        (None, "4.16.0", ("events_only", "direct", "true", None)),
        ("legacy", "4.16.0", ("legacy", "dual_write", "false", "false")),
        ("dual", "4.16.0", ("dual", "dual_write", "true", "false")),
        ("dual", "3.225.4", ("dual", "dual_write", "true", "false")),
        (None, "3.225.4", (None, None, None, None)),
    ],
)
def test_one_option_decides_all_of_the_write_mode(
    mode: str | None, version: str, expected: tuple[str | None, ...]
) -> None:
    environment = accepted(component="worker", langfuse_version=version, write_mode=mode).environment
    names = (
        "LANGFUSE_MIGRATION_V4_WRITE_MODE",
        "LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR",
        "LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN",
        "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL",
    )
    assert tuple(environment.get(name) for name in names) == expected


@pytest.mark.parametrize(
    ("version", "settings", "option"),
    [
        ("4.16.0", {"NATIVE_OTEL_BEHAVIOUR": "dual_write"}, "NATIVE_OTEL_BEHAVIOUR"),
        ("4.16.0", {"ALLOW_PREVIEW_OPT_IN": False}, "ALLOW_PREVIEW_OPT_IN"),
        ("4.16.0", {"WRITE_MODE": "legacy", "NATIVE_OTEL_BEHAVIOUR": "direct"}, "NATIVE_OTEL_BEHAVIOUR"),
        ("3.225.4", {"WRITE_MODE": "events_only", "ALLOW_PREVIEW_OPT_IN": "false"}, "ALLOW_PREVIEW_OPT_IN"),
    ],
)
def test_what_the_worker_refuses_of_the_write_mode(version: str, settings: dict[str, Any], option: str) -> None:
    prefix = "LANGFUSE_MIGRATION_V4_"
    given = {f"{prefix}{name}": value for name, value in settings.items()}
    found = problems(langfuse_version=version, settings=given)
    assert "the worker refuses" in found[f"settings.{prefix}{option}"]


def test_the_backfill_needs_workers_that_write_the_new_tables() -> None:
    gate = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"
    found = problems(langfuse_version="4.16.0", write_mode="legacy", settings={gate: "true"})
    assert "the backfill runs once" in found[f"settings.{gate}"]
    worker = accepted(component="worker", langfuse_version="4.16.0", write_mode="dual", settings={gate: "true"})
    assert worker.environment[gate] == "true"


def test_settings_choose_the_write_mode_too() -> None:
    environment = accepted(
        component="worker", langfuse_version="4.16.0", settings={"LANGFUSE_MIGRATION_V4_WRITE_MODE": "legacy"}
    ).environment
    assert environment["LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR"] == "dual_write"


def test_tls_of_clickhouse_changes_ports_and_schemes() -> None:
    environment = accepted(clickhouse={"secure": True}).environment
    assert environment["CLICKHOUSE_URL"] == "https://clickhouse.demo.internal:8443"
    assert environment["CLICKHOUSE_MIGRATION_URL"] == "clickhouse://clickhouse.demo.internal:9440"
    assert environment["CLICKHOUSE_MIGRATION_SSL"] == "true"


def test_a_whole_database_url_replaces_its_parts() -> None:
    assembly = accepted(secret_settings={"DATABASE_URL": PARAMETER}, database=None)
    assert assembly.secrets["DATABASE_URL"] == PARAMETER
    assert "DATABASE_PASSWORD" not in assembly.secrets
    assert not [name for name in assembly.environment if name.startswith("DATABASE_")]


def test_a_connection_string_replaces_the_cache() -> None:
    assembly = accepted(secret_settings={"REDIS_CONNECTION_STRING": f"{ARN}:REDIS_URL::"}, cache=None)
    assert "REDIS_AUTH" not in assembly.secrets
    assert not [name for name in assembly.environment if name.startswith("REDIS_")]


def test_a_cluster_keeps_password_and_tls() -> None:
    assembly = accepted(settings={"REDIS_CLUSTER_ENABLED": True, "REDIS_CLUSTER_NODES": "a:6379,b:6379"})
    assert "REDIS_HOST" not in assembly.environment
    assert assembly.environment["REDIS_TLS_ENABLED"] == "true"
    assert "REDIS_AUTH" in assembly.secrets


def test_settings_replace_what_options_only_suggest_and_may_not_contradict_the_rest() -> None:
    settings = {"NODE_OPTIONS": "--max-old-space-size=100 --inspect", "TELEMETRY_ENABLED": True}
    assembly = accepted(node_heap_mib=3072, telemetry=False, settings=settings)
    assert assembly.environment["NODE_OPTIONS"] == settings["NODE_OPTIONS"]
    assert assembly.environment["TELEMETRY_ENABLED"] == "true"
    assert "contradicts the option database.host" in problems(settings={"DATABASE_HOST": "x"})["settings.DATABASE_HOST"]
    assert "contradicts" in problems(settings={"HOSTNAME": "127.0.0.1"})["settings.HOSTNAME"]
    assert accepted(settings={"HOSTNAME": "0.0.0.0"}).environment["HOSTNAME"] == "0.0.0.0"


def test_values_of_yaml_become_what_langfuse_reads() -> None:
    settings = {
        "AUTH_DISABLE_SIGNUP": True,
        "LANGFUSE_S3_CONCURRENT_WRITES": 20,
        "AUTH_GOOGLE_ALLOWED_DOMAINS": ["a.example", "b.example"],
        "LANGFUSE_LOG_LEVEL": "",
        "LANGFUSE_LOG_FORMAT": None,
    }
    environment = accepted(settings=settings).environment
    assert environment["AUTH_DISABLE_SIGNUP"] == "true"
    assert environment["LANGFUSE_S3_CONCURRENT_WRITES"] == "20"
    assert environment["AUTH_GOOGLE_ALLOWED_DOMAINS"] == "a.example,b.example"
    assert "LANGFUSE_LOG_LEVEL" not in environment
    assert "LANGFUSE_LOG_FORMAT" not in environment


def test_everything_wrong_comes_at_once() -> None:
    found = described(
        langfuse_version="2.0.0",
        url="langfuse.example.com",
        database={"host": "", "username": "a@b"},
        cache={"host": None},
        storage={"region": "auto", "event_prefix": "events"},
        settings={"AUTH_DISABLE_SIGNUP": "yes", "LANGFUSE_ADMIN_API_KEY": "a-secret-value", "SALT": "another-secret"},
    )
    assert {finding.option for finding in found.errors} == {
        "cache.host",
        "database.host",
        "database.username",
        "langfuse_version",
        "settings.AUTH_DISABLE_SIGNUP",
        "settings.LANGFUSE_ADMIN_API_KEY",
        "settings.SALT",
        "storage.event_prefix",
        "storage.region",
        "url",
    }
    text = "\n".join(map(str, found.errors))
    assert "a-secret-value" not in text
    assert "another-secret" not in text
    assert {"a-secret-value", "another-secret"} <= found.leaked


def test_nothing_given_is_refused_with_all_that_is_missing() -> None:
    found = assemble({"component": "worker", "langfuse_version": "3.225.4"})
    assert {finding.option for finding in found.errors} == {
        "cache.host",
        "clickhouse.host",
        "database.host",
        "database.name",
        "database.username",
        "secret_arn",
        "storage.bucket",
        "storage.region",
        "url",
    }


@pytest.mark.parametrize("name", sorted(KNOWN_WRONG))
def test_names_that_mislead_are_refused_with_the_right_one(name: str) -> None:
    right = KNOWN_WRONG[name][1]
    assert right in variables(3)
    assert name not in variables(3)
    assert name not in variables(4)
    assert f"use {right}" in problems(settings={name: "value"})[f"settings.{name}"]


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("LANGFUSE_LOG_LEVL", "3.225.4", "did you mean LANGFUSE_LOG_LEVEL?"),
        ("MY_OWN_VARIABLE", "3.225.4", "check the name"),
        ("NEXT_PUBLIC_SIGN_UP_DISABLED", "3.225.4", "use AUTH_DISABLE_SIGNUP"),
        ("NEXT_PUBLIC_OF_ONES_OWN", "3.225.4", "became part of the image"),
        ("LANGFUSE_MAX_OBSERVATIONS_PER_TRACE", "3.225.4", "Langfuse 4.16.0 does"),
        ("LANGFUSE_QUEUE_METRICS_SAMPLE_RATE", "4.16.0", "Langfuse 3.225.4 does"),
    ],
)
def test_names_that_look_wrong_are_warned_of(name: str, version: str, words: str) -> None:
    warnings = accepted(
        langfuse_version=version, settings={name: "1" if "MAX" in name or "RATE" in name else "true"}
    ).warnings
    assert [warning.option for warning in warnings] == [f"settings.{name}"]
    assert words in str(warnings[0])


@pytest.mark.parametrize(
    "name", ["OTEL_EXPORTER_OTLP_HEADERS", "AWS_ENDPOINT_URL_S3", "DD_AGENT_PORT", "TZ", "NO_PROXY"]
)
def test_names_of_the_platform_are_not(name: str) -> None:
    assert accepted(settings={name: "UTC"}).warnings == []


def test_a_misspelt_secret_does_not_reach_the_plain_part() -> None:
    found = described(settings={"DATABSE_PASSWORD": "hunter2-hunter2"})
    assert "looks like the secret DATABASE_PASSWORD" in str(found.errors[0])
    assert "hunter2-hunter2" not in str(found.errors[0])
    assert found.leaked == {"hunter2-hunter2"}


@pytest.mark.parametrize(
    "reference",
    [
        "plain-value",
        f"{ARN}:KEY",
        f"{ARN}:KEY:",
        "arn:aws:s3:::bucket",
        "arn:aws:secretsmanager:eu-central-1:12:secret:x-AbCdEf",
    ],
)
def test_references_that_ecs_would_not_resolve(reference: str) -> None:
    found = described(secret_settings={"ADMIN_API_KEY": reference})
    assert [finding.option for finding in found.errors] == ["secret_settings.ADMIN_API_KEY"]
    assert reference not in str(found.errors[0])


@pytest.mark.parametrize("reference", [ARN, f"{ARN}:KEY::", f"{ARN}::AWSPREVIOUS:", PARAMETER])
def test_references_that_it_resolves(reference: str) -> None:
    assert accepted(secret_settings={"ADMIN_API_KEY": reference}).secrets["ADMIN_API_KEY"] == reference


def test_a_secret_of_its_own_replaces_the_environments() -> None:
    assert accepted(secret_settings={"SALT": PARAMETER}).secrets["SALT"] == PARAMETER


def test_a_variable_is_plain_or_secret() -> None:
    settings = {"AUTH_GOOGLE_CLIENT_ID": "x", "AUTH_GOOGLE_CLIENT_SECRET": ""}
    references = {"AUTH_GOOGLE_CLIENT_ID": PARAMETER, "AUTH_GOOGLE_CLIENT_SECRET": PARAMETER}
    assert (
        "keep one" in problems(settings=settings, secret_settings=references)["secret_settings.AUTH_GOOGLE_CLIENT_ID"]
    )


RULES: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "an empty and an IPv6 node",
        {"REDIS_CLUSTER_ENABLED": True, "REDIS_CLUSTER_NODES": "[::1]:6379,b:6379"},
        "REDIS_CLUSTER_NODES",
        "IPv6",
    ),
    (
        "a port of no node",
        {"REDIS_CLUSTER_ENABLED": True, "REDIS_CLUSTER_NODES": "a:6379,b:70000"},
        "REDIS_CLUSTER_NODES",
        "not a list of nodes",
    ),
    (
        "a host beside a cluster",
        {"REDIS_CLUSTER_ENABLED": True, "REDIS_CLUSTER_NODES": "a:1", "REDIS_HOST": "a"},
        "REDIS_HOST",
        "ignores it where REDIS_CLUSTER_ENABLED",
    ),
    ("TLS to sentinels alone", {"REDIS_TLS_CERT_PATH": "/c"}, "REDIS_TLS_CERT_PATH", "REDIS_TLS_KEY_PATH"),
    (
        "domains without a provider",
        {"AUTH_DOMAINS_WITH_SSO_ENFORCEMENT": "example.com"},
        "AUTH_DOMAINS_WITH_SSO_ENFORCEMENT",
        "nobody of these domains",
    ),
    ("retention without project", {"LANGFUSE_INIT_PROJECT_RETENTION": 30}, "LANGFUSE_INIT_PROJECT_RETENTION", "init."),
    ("session too short", {"AUTH_SESSION_MAX_AGE": 5}, "AUTH_SESSION_MAX_AGE", "> 5"),
    (
        "segments too long",
        {"LANGFUSE_S3_EVENT_KEY_MAX_SEGMENT_BYTES": 4096},
        "LANGFUSE_S3_EVENT_KEY_MAX_SEGMENT_BYTES",
        "<= 2048",
    ),
    (
        "two Redis modes",
        {"REDIS_CLUSTER_ENABLED": True, "REDIS_SENTINEL_ENABLED": True},
        "REDIS_SENTINEL_ENABLED",
        "at once",
    ),
    (
        "cluster without nodes",
        {"REDIS_CLUSTER_ENABLED": True},
        "REDIS_CLUSTER_ENABLED",
        "REDIS_CLUSTER_NODES is missing",
    ),
    (
        "nodes without port",
        {"REDIS_CLUSTER_ENABLED": True, "REDIS_CLUSTER_NODES": "a,b"},
        "REDIS_CLUSTER_NODES",
        "host:port,host:port",
    ),
    (
        "sentinel without master",
        {"REDIS_SENTINEL_ENABLED": True, "REDIS_SENTINEL_NODES": "a:1"},
        "REDIS_SENTINEL_ENABLED",
        "REDIS_SENTINEL_MASTER_NAME",
    ),
    ("short socket timeout", {"REDIS_SOCKET_TIMEOUT_MS": 500}, "REDIS_SOCKET_TIMEOUT_MS", "outside"),
    (
        "legacy and direct",
        {"LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR": "direct"},
        "LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR",
        "write_mode",
    ),
    (
        "one half of static keys",
        {"LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID": "AKIA"},
        "LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID",
        "task's role",
    ),
    ("prefix without slash", {"LANGFUSE_S3_MEDIA_UPLOAD_PREFIX": "media"}, "LANGFUSE_S3_MEDIA_UPLOAD_PREFIX", "'/'"),
    (
        "KMS key without KMS",
        {"LANGFUSE_S3_EVENT_UPLOAD_SSE_KMS_KEY_ID": "alias/x"},
        "LANGFUSE_S3_EVENT_UPLOAD_SSE_KMS_KEY_ID",
        "aws:kms",
    ),
    ("region auto", {"LANGFUSE_S3_MEDIA_UPLOAD_REGION": "auto"}, "LANGFUSE_S3_MEDIA_UPLOAD_REGION", "bucket's region"),
    (
        "two other stores",
        {"LANGFUSE_USE_AZURE_BLOB": True, "LANGFUSE_USE_GOOGLE_CLOUD_STORAGE": True},
        "LANGFUSE_USE_AZURE_BLOB",
        "exclude each other",
    ),
    ("sender without server", {"EMAIL_FROM_ADDRESS": "a@b.c"}, "EMAIL_FROM_ADDRESS", "SMTP_CONNECTION_URL"),
    (
        "verification without mail",
        {"AUTH_EMAIL_VERIFICATION_REQUIRED": True},
        "AUTH_EMAIL_VERIFICATION_REQUIRED",
        "mail",
    ),
    ("provider without secret", {"AUTH_GOOGLE_CLIENT_ID": "x"}, "AUTH_GOOGLE_CLIENT_ID", "AUTH_GOOGLE_CLIENT_SECRET"),
    (
        "WorkOS twice",
        {"AUTH_WORKOS_ORGANIZATION_ID": "o", "AUTH_WORKOS_CONNECTION_ID": "c"},
        "AUTH_WORKOS_CONNECTION_ID",
        "not both",
    ),
    (
        "no way to log in",
        {"AUTH_DISABLE_USERNAME_PASSWORD": True},
        "AUTH_DISABLE_USERNAME_PASSWORD",
        "nobody could log in",
    ),
    ("init without organisation", {"LANGFUSE_INIT_PROJECT_ID": "p"}, "LANGFUSE_INIT_PROJECT_ID", "init.org_id"),
    (
        "sandbox without its parts",
        {"LANGFUSE_IN_APP_AGENT_SANDBOX_PROVIDER": "lambda-microvm"},
        "LANGFUSE_IN_APP_AGENT_SANDBOX_PROVIDER",
        "lambda-microvm",
    ),
    ("no production", {"NODE_ENV": "development"}, "NODE_ENV", "production"),
    ("time zone", {"TZ": "Europe/Berlin"}, "TZ", "UTC"),
]


@pytest.mark.parametrize(("settings", "name", "words"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
@pytest.mark.parametrize("component", ["web", "worker", "migration"])
def test_rules_between_variables_hold_for_every_component(
    component: str, settings: dict[str, Any], name: str, words: str
) -> None:
    found = problems(component=component, settings=settings)
    assert words in found[f"settings.{name}"]


@pytest.mark.parametrize(
    ("changes", "option", "words"),
    [
        ({"database": {"username": "lang fuse"}}, "database.username", "break the URL"),
        ({"database": {"name": "a/b"}}, "database.name", "break the URL"),
        ({"database": {"host": "https://db"}}, "database.host", "not a host name"),
        ({"database": {"arguments": {"options": "a b"}}}, "database.arguments", "cannot stand in a URL"),
        ({"clickhouse": {"user": "a&b"}}, "clickhouse.user", "break the URL"),
        ({"clickhouse": {"cluster_enabled": True, "cluster_name": "big"}}, "clickhouse.cluster_name", "default"),
        ({"clickhouse": {"url": "https://c:8443", "host": None}}, "clickhouse.migration_url", "missing"),
        (
            {"clickhouse": {"url": "https://c:8443", "migration_url": "clickhouse://c:9440"}},
            "clickhouse.url",
            "clickhouse.secure",
        ),
        (
            {"clickhouse": {"migration_url": "clickhouse://c:9000?secure=true"}},
            "clickhouse.migration_url",
            "nothing more",
        ),
        ({"storage": {"kms_key_id": "alias/x"}}, "storage.kms_key_id", "aws:kms"),
        ({"secret_arn": "demo/application"}, "secret_arn", "not the ARN"),
        ({"secret_arn": None}, "secret_arn", "ENCRYPTION_KEY"),
        ({"secret_keys": ["SALT"]}, "secret_arn", "REDIS_AUTH"),
        (
            {"storage": {"export_enabled": False}, "settings": {"LANGFUSE_S3_BATCH_EXPORT_ENABLED": True}},
            "settings.LANGFUSE_S3_BATCH_EXPORT_ENABLED",
            "batch exports have no bucket",
        ),
        ({"node_heap_mib": 100}, "node_heap_mib", "too little"),
        ({"url": "https://a.example/langfuse"}, "url", "at the root of its host"),
        ({"cache": {"mode": "ring"}}, "cache.mode", "standalone, cluster, sentinel"),
        ({"cache": {"mode": "cluster", "host": None}}, "cache.mode", "set cache.nodes"),
        ({"cache": {"mode": "cluster", "host": None, "nodes": ["a"]}}, "cache.nodes", "host:port"),
        ({"cache": {"mode": "sentinel", "host": None, "nodes": ["a:1"]}}, "cache.mode", "cache.master_name"),
        ({"cache": {"nodes": ["a:1"]}}, "cache.nodes", "set cache.mode"),
        ({"cache": {"master_name": "m"}}, "cache.master_name", "set cache.mode"),
        ({"cache": {"password_from_secret": False}}, "secret_arn", "REDIS_AUTH"),
        (
            {"cache": {"mode": "sentinel", "nodes": ["a:1"], "master_name": "m", "tls": False, "sentinel_tls": True}},
            "cache.sentinel_tls",
            "REDIS_TLS_ENABLED",
        ),
        ({"cache": {"tls_cert_path": "/c"}}, "cache.tls_cert_path", "REDIS_TLS_KEY_PATH"),
        ({"cache": {"socket_timeout_ms": 500}}, "cache.socket_timeout_ms", "outside"),
        (
            {"database": {"direct_url_from_secret": True}, "secret_arn": None},
            "database.direct_url_from_secret",
            "DIRECT_URL",
        ),
        ({"clickhouse": {"mode": "farm"}}, "clickhouse.mode", "single, replicated, cloud"),
        ({"clickhouse": {"mode": "cloud", "secure": False}}, "clickhouse.secure", "TLS only"),
        ({"clickhouse": {"mode": "single", "cluster_enabled": True}}, "clickhouse.cluster_enabled", "which is single"),
        ({"clickhouse": {"mode": "replicated", "cluster_enabled": False}}, "clickhouse.cluster_enabled", "replicated"),
        ({"clickhouse": {"mode": "replicated", "cluster_name": "big"}}, "clickhouse.cluster_name", "default"),
        ({"storage": {"media": {"prefix": "media"}}}, "storage.media.prefix", "'/'"),
        ({"storage": {"events": {"kms_key_id": "alias/x"}}}, "storage.events.kms_key_id", "aws:kms"),
        ({"storage": {"exports": {"region": "auto"}}}, "storage.exports.region", "no region 'auto'"),
        ({"sso": {"providers": [{"provider": "myspace"}]}}, "sso.providers[0].provider", "knows no provider"),
        (
            {"sso": {"providers": [{"provider": "google", "client_id": "x", "tenant_id": "t"}]}},
            "sso.providers[0].tenant_id",
            "no such setting for google",
        ),
        (
            {
                "sso": {
                    "providers": [{"provider": "github", "client_id": "x"}, {"provider": "github", "client_id": "y"}]
                }
            },
            "sso.providers[1].provider",
            "twice",
        ),
        (
            {"sso": {"providers": [{"provider": "azure_ad", "client_id": "x"}]}},
            "sso.providers[0].client_id",
            "AUTH_AZURE_AD_TENANT_ID",
        ),
        ({"sso": {"password_login": False}}, "sso.password_login", "sso.providers"),
        ({"sso": {"session_max_age_minutes": 5}}, "sso.session_max_age_minutes", "> 5"),
        ({"mail": {"verification_required": True}}, "mail.verification_required", "sends no mail"),
        ({"mail": {"from_address": "a@b.c"}, "secret_arn": None}, "mail.from_address", "SMTP_CONNECTION_URL"),
        ({"init": {"org_id": "o", "user_email": "a@b.c"}, "secret_keys": ["SALT"]}, "init.user_email", "makes no user"),
        ({"init": {"org_id": "o", "project_id": "p", "project_retention": 2}}, "init.project_retention", ">= 3"),
        ({"queue_shards": {"ingestion": 0}}, "queue_shards.ingestion", "> 0"),
        ({"queue_shards": {"lunch": 2}}, "queue_shards.lunch", "no such queue"),
        (
            {"langfuse_version": "3.60.0", "cache": {"mode": "cluster", "host": None, "nodes": ["a:1"]}},
            "cache.mode",
            "set langfuse_version to 3.70.0 or later",
        ),
        ({"langfuse_version": "3.100.0", "write_mode": "dual"}, "write_mode", "3.179.0"),
        ({"write_mode": "sideways"}, "write_mode", "legacy, dual, events_only"),
        (
            {"secret_settings": {"REDIS_CONNECTION_STRING": PARAMETER}, "settings": {"REDIS_HOST": "a"}},
            "settings.REDIS_HOST",
            "REDIS_CONNECTION_STRING",
        ),
        (
            {"secret_settings": {"DATABASE_URL": PARAMETER}, "settings": {"DATABASE_ARGS": "schema=x"}},
            "settings.DATABASE_ARGS",
            "ignores DATABASE_ARGS",
        ),
        ({"init": {"org_id": "o", "project_name": "P"}}, "init.project_name", "init.project_id"),
        ({"settings": {"bad name": "x"}}, "settings.bad name", "letters"),
        ({"settings": {"LANGFUSE_LOG_LEVEL": {"a": 1}}}, "settings.LANGFUSE_LOG_LEVEL", "text"),
    ],
)
def test_options_that_langfuse_could_not_use(changes: dict[str, Any], option: str, words: str) -> None:
    assert words in problems(**changes)[option]


def test_a_cluster_of_another_name_is_fine_in_langfuse_4() -> None:
    accepted(langfuse_version="4.16.0", clickhouse={"cluster_enabled": True, "cluster_name": "big"})


@pytest.mark.parametrize(
    ("changes", "option", "words"),
    [
        (
            {"telemetry": False, "secret_settings": {"LANGFUSE_EE_LICENSE_KEY": PARAMETER}},
            "telemetry",
            "reports usage statistics all the same",
        ),
        ({"init": {"org_id": "o", "project_id": "p", "project_retention": 30}}, "init.project_retention", "licence"),
        ({"settings": {"LANGFUSE_UI_API_HOST": "https://a.example"}}, "settings.LANGFUSE_UI_API_HOST", "licence"),
        ({"settings": {"CLOUD_CRM_EMAIL": "a@b.c"}}, "settings.CLOUD_CRM_EMAIL", "Cloud only"),
        (
            {"langfuse_version": "3.150.0", "queue_shards": {"eval_execution": 2}},
            "queue_shards.eval_execution",
            "does not read LANGFUSE_EVAL_EXECUTION_QUEUE_SHARD_COUNT yet; 3.160.0 does",
        ),
        ({"langfuse_version": "3.0.0"}, "", ""),
        ({"settings": {"REDIS_SENTINEL_NODES": "a:1"}}, "settings.REDIS_SENTINEL_NODES", "set cache.mode to sentinel"),
        ({"cache": {"tls": False, "tls_ca_path": "/ca.pem"}}, "cache.tls_ca_path", "REDIS_TLS_ENABLED is not true"),
        ({"cache": {"mode": "cluster", "host": None, "nodes": ["a:1"]}}, "cache.mode", "queue_shards.ingestion"),
    ],
)
def test_what_langfuse_would_ignore_is_warned_of(changes: dict[str, Any], option: str, words: str) -> None:
    warnings = accepted(**changes).warnings
    assert [warning.option for warning in warnings] == ([option] if option else [])
    assert all(words in str(warning) for warning in warnings)


def test_enough_shards_in_a_cluster_are_fine() -> None:
    cluster = {"mode": "cluster", "host": None, "nodes": ["a:1"]}
    assert accepted(cache=cluster, queue_shards={"ingestion": 4, "trace_upsert": 4}).warnings == []


def test_a_cluster_needs_no_password() -> None:
    cluster = {"mode": "cluster", "host": None, "nodes": ["a:1"], "password_from_secret": False}
    assert "REDIS_AUTH" not in accepted(cache=cluster).secrets


def test_clickhouse_cloud_has_its_own_defaults() -> None:
    environment = accepted(clickhouse={"mode": "cloud", "host": "abc.clickhouse.cloud"}).environment
    assert environment["CLICKHOUSE_URL"] == "https://abc.clickhouse.cloud:8443"
    assert environment["CLICKHOUSE_MIGRATION_URL"] == "clickhouse://abc.clickhouse.cloud:9440"
    assert environment["CLICKHOUSE_USER"] == "default"
    assert environment["CLICKHOUSE_CLUSTER_ENABLED"] == "false"


def test_a_url_of_the_secret_replaces_the_databases_parts() -> None:
    assembly = accepted(database={"url_from_secret": True, "direct_url_from_secret": True})
    assert assembly.secrets["DATABASE_URL"] == f"{ARN}:DATABASE_URL::"
    assert assembly.secrets["DIRECT_URL"] == f"{ARN}:DIRECT_URL::"
    assert "DATABASE_PASSWORD" not in assembly.secrets
    assert not [name for name in assembly.environment if name.startswith("DATABASE_")]
    migration = accepted(component="migration", database={"url_from_secret": True, "direct_url_from_secret": True})
    assert set(migration.secrets) == {"CLICKHOUSE_PASSWORD", "DATABASE_URL", "DIRECT_URL"}


def test_each_use_of_the_storage_may_be_elsewhere() -> None:
    environment = accepted(
        component="worker",
        storage={
            "sse": "aws:kms",
            "kms_key_id": "alias/a",
            "media": {"bucket": "media-bucket", "sse": "AES256", "kms_key_id": ""},
            "exports": {"external_endpoint": "https://s3.example.com", "prefix": "out/"},
        },
    ).environment
    assert environment["LANGFUSE_S3_EVENT_UPLOAD_SSE_KMS_KEY_ID"] == "alias/a"
    assert environment["LANGFUSE_S3_MEDIA_UPLOAD_BUCKET"] == "media-bucket"
    assert environment["LANGFUSE_S3_MEDIA_UPLOAD_SSE"] == "AES256"
    assert "LANGFUSE_S3_MEDIA_UPLOAD_SSE_KMS_KEY_ID" not in environment
    assert environment["LANGFUSE_S3_BATCH_EXPORT_BUCKET"] == "demo-bucket"
    assert environment["LANGFUSE_S3_BATCH_EXPORT_PREFIX"] == "out/"
    assert environment["LANGFUSE_S3_BATCH_EXPORT_EXTERNAL_ENDPOINT"] == "https://s3.example.com"


def test_another_store_needs_no_region() -> None:
    assert accepted(storage={"region": None}, settings={"LANGFUSE_USE_AZURE_BLOB": True}).errors == []


@pytest.mark.parametrize("name", sorted(SSO_PROVIDERS))
def test_every_provider_can_be_set_up(name: str) -> None:
    parts = [part.lower() for part in SSO_PROVIDERS[name] if part != "CLIENT_SECRET"]
    given = {part: "https://id.example/application/o/a/" for part in parts}
    sso = {"providers": [{"provider": name.lower(), **given}], "password_login": False}
    assembly = accepted(sso=sso)
    assert assembly.secrets[f"AUTH_{name}_CLIENT_SECRET"] == f"{ARN}:AUTH_{name}_CLIENT_SECRET::"
    assert assembly.environment[f"AUTH_{name}_CLIENT_ID"] == given["client_id"]
    assert assembly.environment["AUTH_DISABLE_USERNAME_PASSWORD"] == "true"
    elsewhere = accepted(sso=sso, secret_settings={f"AUTH_{name}_CLIENT_SECRET": PARAMETER})
    assert elsewhere.secrets[f"AUTH_{name}_CLIENT_SECRET"] == PARAMETER


def test_a_shell_reads_dotenv_as_it_was_meant() -> None:
    values = {
        "A_SPACE": "a b",
        "B_QUOTES": """it's "so" """,
        "C_DOLLAR": "$HOME `id` \\ '$HOME'",
        "D_LINES": "one\ntwo\nit's three",
        "E_PLAIN": "https://a.example:1/x?y=1#z",
        "F_HASH": "#no comment",
        "G_UMLAUT": "äöü",
    }
    assembly = accepted(settings=values)
    script = f"set -a\n{assembly.dotenv()}\nenv -0"
    output = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    read = dict(entry.split("=", 1) for entry in output.stdout.split("\0") if entry)
    assert {name: read[name] for name in assembly.environment} == assembly.environment
    assert f"# SALT is a secret: {ARN}:SALT::" in assembly.dotenv()


def test_ecs_form_is_sorted() -> None:
    ecs = accepted().ecs()
    names = [entry["name"] for entry in ecs["environment"]]
    assert names == sorted(names)
    assert {"name": "SALT", "valueFrom": f"{ARN}:SALT::"} in ecs["secrets"]


def test_options_and_defaults_are_those_of_the_module() -> None:
    from ansible_collections.llmops.langfuse.plugins.modules import langfuse_env

    spec = langfuse_env.argument_spec()
    assert set(spec) == set(subject.OPTIONS)
    assert spec["secret_keys"]["default"] == list(subject.DEFAULT_SECRET_KEYS)
