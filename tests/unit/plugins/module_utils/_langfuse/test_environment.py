# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import re
import subprocess
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import environment as subject
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import problem_with, variables
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import Assembly, assemble
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.names import KNOWN_WRONG
from hypothesis import given
from hypothesis import strategies as st

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:demo/application-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-central-1:123456789012:parameter/demo/value"
BASE: dict[str, Any] = {
    "component": "web",
    "langfuse_version": "3.225.4",
    "url": "https://langfuse.example.com",
    "database": {"host": "db.example", "port": 5432, "name": "langfuse", "username": "langfuse", "ssl_mode": "require"},
    "cache": {"host": "cache.example", "port": 6379, "tls": True},
    "clickhouse": {"host": "clickhouse.demo.internal"},
    "storage": {"bucket": "demo-bucket", "region": "eu-central-1"},
    "secret_arn": ARN,
}


def described(**changes: Any) -> Assembly:
    """The assembly of BASE with some options changed; None removes one, a dictionary is merged into one."""
    options = copy.deepcopy(BASE)
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(options.get(name), dict):
            options[name].update(value)
        else:
            options[name] = value
    return assemble(options)


def problems(**changes: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for finding in described(**changes).errors:
        found[finding.option] = f"{found.get(finding.option, '')}{finding.problem}; {finding.fix}\n"
    return found


def accepted(**changes: Any) -> Assembly:
    assembly = described(**changes)
    assert assembly.errors == []
    return assembly


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
        ("dual", "4.16.0", ("dual", "dual_write", "true", None)),
        ("dual", "3.225.4", ("dual", "dual_write", "true", None)),
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
        ("NEXT_PUBLIC_SIGN_UP_DISABLED", "3.225.4", "image"),
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
        ({"node_heap_mib": 100}, "node_heap_mib", "too little"),
        ({"init": {"org_id": "o", "project_name": "P"}}, "init.project_name", "init.project_id"),
        ({"settings": {"bad name": "x"}}, "settings.bad name", "letters"),
        ({"settings": {"LANGFUSE_LOG_LEVEL": {"a": 1}}}, "settings.LANGFUSE_LOG_LEVEL", "text"),
    ],
)
def test_options_that_langfuse_could_not_use(changes: dict[str, Any], option: str, words: str) -> None:
    assert words in problems(**changes)[option]


def test_a_cluster_of_another_name_is_fine_in_langfuse_4() -> None:
    accepted(langfuse_version="4.16.0", clickhouse={"cluster_enabled": True, "cluster_name": "big"})


# Properties.

EXAMPLES = {"string": "a", "number": "100", "url": "https://a.example/application/o/a/", "iso-date": "2026-01-01"}
# Given alone, these are refused with good reason; the rules' own tests give them with what they need.
TOGETHER = re.compile(
    r"AUTH_\w+_(CLIENT_ID|CLIENT_SECRET|ISSUER|TENANT_ID|BASE_URL|NAME)$|_ACCESS_KEY(_ID)?$|_KMS_KEY_ID$|_PREFIX$"
    r"|^LANGFUSE_INIT_|^EMAIL_FROM|^SMTP_|^TZ$|_REGION$"
)


def example(name: str, major: int) -> str:
    variable = variables(major)[name]
    if variable.choices:
        return variable.choices[-1] if variable.choices[-1] != "lambda-microvm" else variable.choices[0]
    candidates = [
        variable.default,
        *EXAMPLES.values(),
        "0.5",
        "7",
        "a@b.example",
        "p:0.5",
        "pkce",
        "2026-01-01T00:00:00Z",
    ]
    return next(value for value in candidates if value and not problem_with(variable, value))


@pytest.mark.parametrize("version", ["3.225.4", "4.16.0"])
def test_every_variable_of_the_catalogue_is_reachable(version: str) -> None:
    """Each as a setting of its own, or as a secret of its own, in one of the containers; or it is made by an option."""
    major = int(version[0])
    made = set(accepted(langfuse_version=version).environment)
    unreached = []
    for name, variable in variables(major).items():
        if name in made:
            continue
        given = (
            {"secret_settings": {name: PARAMETER}} if variable.secret else {"settings": {name: example(name, major)}}
        )
        assemblies = [described(langfuse_version=version, component=each, **given) for each in ("web", "worker")]
        if not any(name in {**each.environment, **each.secrets} for each in assemblies):
            unreached.append(name)
    assert unreached == []


plain_names = sorted(
    name
    for name, variable in variables(3).items()
    if not variable.secret
    and not variable.inlined
    and variable.read_by("web")
    and name not in accepted().environment
    and not TOGETHER.search(name)
    and not name.startswith(("REDIS_CLUSTER", "REDIS_SENTINEL", "LANGFUSE_USE_", "LANGFUSE_MIGRATION_", "AUTH_DISABLE"))
    and name
    not in ("AUTH_EMAIL_VERIFICATION_REQUIRED", "AUTH_WORKOS_CONNECTION_ID", "LANGFUSE_S3_BATCH_EXPORT_ENABLED")
)


@given(st.sets(st.sampled_from(plain_names), max_size=20))
def test_accepted_settings_come_out_as_they_went_in(names: set[str]) -> None:
    settings = {name: example(name, 3) for name in names}
    assembly = accepted(settings=settings)
    assert {name: assembly.environment[name] for name in names} == settings
    back = accepted(settings={name: value for name, value in assembly.environment.items() if name in names})
    assert back.digest() == assembly.digest()


@given(
    st.dictionaries(
        st.sampled_from(sorted(name for name, variable in variables(3).items() if variable.secret)),
        st.text(min_size=8).filter(str.strip),
        min_size=1,
    )
)
def test_no_secret_value_reaches_the_plain_part_or_a_message(settings: dict[str, str]) -> None:
    found = described(settings=settings)
    assert {finding.option for finding in found.errors} >= {f"settings.{name}" for name in settings}
    assert set(settings.values()) <= found.leaked
    assert not set(settings) & set(found.environment)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@given(st.dictionaries(st.from_regex(r"\ASOME_[A-Z]{1,9}\Z"), texts, max_size=5))
def test_any_text_survives_in_a_variable_of_ones_own(settings: dict[str, str]) -> None:
    environment = accepted(settings=settings).environment
    assert {name: environment[name] for name in settings} == settings


@given(st.permutations(sorted(BASE["storage"].items())), st.permutations([("A", "1"), ("B", "2"), ("C", "3")]))
def test_the_digest_does_not_depend_on_the_order(
    storage: list[tuple[str, str]], settings: list[tuple[str, str]]
) -> None:
    assert (
        described(storage=dict(storage), settings=dict(settings)).digest()
        == described(settings={"A": "1", "B": "2", "C": "3"}).digest()
    )


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
