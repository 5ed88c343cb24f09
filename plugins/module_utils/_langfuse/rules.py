# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Langfuse demands between its variables, and refuses, ignores or fails at when it is not so.

Source: langfuse/langfuse v3.225.4 and v4.16.0 (the zod schemas' refinements, both entry points, web/src/initialize.ts,
packages/shared/src/server/redis/redis.ts, packages/shared/clickhouse/scripts/up.sh) and its self-hosting documentation.
Each rule yields findings about the whole description, before any container's share is picked from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .catalogue import read_since, variables
from .findings import Finding
from .versions import Version

BACKFILL = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"

Findings = Iterator[Finding]

# A provider is on only when all of these are set.
SSO_PROVIDERS: dict[str, tuple[str, ...]] = {
    "AUTH0": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "AUTHENTIK": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "AZURE_AD": ("CLIENT_ID", "CLIENT_SECRET", "TENANT_ID"),
    "COGNITO": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "CUSTOM": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "NAME"),
    "GITHUB": ("CLIENT_ID", "CLIENT_SECRET"),
    "GITHUB_ENTERPRISE": ("CLIENT_ID", "CLIENT_SECRET", "BASE_URL"),
    "GITLAB": ("CLIENT_ID", "CLIENT_SECRET"),
    "GOOGLE": ("CLIENT_ID", "CLIENT_SECRET"),
    "JUMPCLOUD": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "KEYCLOAK": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "OKTA": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "ONELOGIN": ("CLIENT_ID", "CLIENT_SECRET", "ISSUER"),
    "WORDPRESS": ("CLIENT_ID", "CLIENT_SECRET"),
    "WORKOS": ("CLIENT_ID", "CLIENT_SECRET"),
}
S3_USES = (
    "LANGFUSE_S3_EVENT_UPLOAD",
    "LANGFUSE_S3_MEDIA_UPLOAD",
    "LANGFUSE_S3_BATCH_EXPORT",
    "LANGFUSE_S3_CORE_DATA_UPLOAD",
)
OTHER_STORES = (
    "LANGFUSE_USE_AZURE_BLOB",
    "LANGFUSE_USE_GOOGLE_CLOUD_STORAGE",
    "LANGFUSE_USE_OCI_NATIVE_OBJECT_STORAGE",
)
# Secret variables that every installation needs. Langfuse's schema leaves some of them out, and then fails later.
DATABASE_PARTS = ("DATABASE_ARGS", "DATABASE_HOST", "DATABASE_NAME", "DATABASE_PASSWORD", "DATABASE_USERNAME")
NEEDED_SECRETS = ("CLICKHOUSE_PASSWORD", "ENCRYPTION_KEY", "NEXTAUTH_SECRET", "SALT")
DECIDING = ("REDIS_CLUSTER_ENABLED", "REDIS_SENTINEL_ENABLED", "LANGFUSE_MIGRATION_V4_WRITE_MODE")
# Options that nobody has to set.
CHOSEN = ("settings.", "secret_settings.", "sso.", "mail.", "init.", "queue_shards.")
URL_SAFE = re.compile(r"[A-Za-z0-9_.-]+")
CLUSTER_QUEUES = ("LANGFUSE_INGESTION_QUEUE_SHARD_COUNT", "LANGFUSE_TRACE_UPSERT_QUEUE_SHARD_COUNT")
NODES = re.compile(r"[^:,\s]+:[0-9]{1,5}(,\s*[^:,\s]+:[0-9]{1,5})*")


@dataclass(frozen=True)
class Description:
    """The environment of all containers together, and the option that each variable comes from."""

    version: Version
    plain: dict[str, str]
    secret: dict[str, str]
    origin: dict[str, str]

    def has(self, name: str) -> bool:
        return name in self.plain or name in self.secret

    def value(self, name: str) -> str:
        """The plain value, or what this version takes in its place."""
        if name in self.plain:
            return self.plain[name]
        variable = variables(self.version.major).get(name)
        return variable.default if variable else ""

    def on(self, name: str) -> bool:
        return self.value(name) == "true"

    def where(self, *names: str) -> str:
        """The option to blame: that of the first of these variables that is set."""
        return next((self.origin[name] for name in names if name in self.origin), f"settings.{names[0]}")


def judge(description: Description) -> list[Finding]:
    """What Langfuse would refuse, ignore or fail at."""
    return [finding for rule in RULES for finding in rule(description)]


def cautions(description: Description) -> list[Finding]:
    """What Langfuse takes, and what probably was not meant."""
    return [finding for rule in CAUTIONS for finding in rule(description)]


def needed_values(it: Description) -> Findings:
    missing = [name for name in NEEDED_SECRETS if not it.has(name)]
    if not it.has("DATABASE_URL") and not it.has("DATABASE_PASSWORD"):
        missing.append("DATABASE_PASSWORD")
    if it.has("REDIS_HOST") and not it.has("REDIS_AUTH"):
        # Langfuse would send the text "undefined".
        missing.append("REDIS_AUTH")
    if missing:
        yield Finding(
            "secret_arn",
            f"there is no secret for {', '.join(sorted(missing))}",
            "set the ARN of a secret with these keys, as llmops.langfuse.langfuse_secrets makes it, and name them in "
            "secret_keys, or set each in secret_settings",
        )
    if not it.has("NEXTAUTH_URL"):
        yield Finding(
            "url", "it is missing", "set where people and SDKs reach Langfuse, such as https://langfuse.example.com"
        )


def database_url(it: Description) -> Findings:
    for name in ("DATABASE_USERNAME", "DATABASE_NAME"):
        value = it.plain.get(name, "")
        if value and not URL_SAFE.fullmatch(value):
            yield Finding(
                it.where(name),
                f"{value!r} has characters that break the URL which Langfuse makes of it",
                "use letters, digits, '_', '.' and '-', or set DATABASE_URL in secret_settings",
            )
    if it.has("DATABASE_URL") and (parts := [name for name in DATABASE_PARTS if it.has(name)]):
        yield Finding(
            it.where(*parts), f"Langfuse ignores {', '.join(parts)} where DATABASE_URL is given", "keep one of the two"
        )
    host = it.plain.get("DATABASE_HOST", "")
    if re.search(r"[/@?#\s]", host):
        yield Finding(
            it.where("DATABASE_HOST"), f"{host!r} is not a host name", "set the host alone, without scheme and path"
        )


def public_url(it: Description) -> Findings:
    url = it.plain.get("NEXTAUTH_URL", "")
    # What is no URL at all is told by the catalogue's check.
    path = url.partition("://")[2].partition("?")[0].partition("/")[2].rstrip("/")
    if path and not f"/{path}".endswith("/api/auth"):
        yield Finding(
            it.where("NEXTAUTH_URL"),
            f"Langfuse answers at the root of its host, and not at /{path}",
            "remove the path; with an image built for a base path set https://host/base/api/auth",
        )


def redis_mode(it: Description) -> Findings:
    cluster, sentinel = it.on("REDIS_CLUSTER_ENABLED"), it.on("REDIS_SENTINEL_ENABLED")
    where = it.where("REDIS_SENTINEL_ENABLED", "REDIS_CLUSTER_ENABLED")
    if cluster and sentinel:
        yield Finding(where, "Redis cannot be a cluster and behind sentinels at once", "set one of the two to false")
    for mode, on in (("CLUSTER", cluster), ("SENTINEL", sentinel)):
        if on:
            yield from _redis_nodes(it, mode)
    if sentinel and not it.has("REDIS_SENTINEL_MASTER_NAME"):
        yield Finding(
            where,
            "REDIS_SENTINEL_MASTER_NAME is missing",
            "set cache.master_name, or REDIS_SENTINEL_MASTER_NAME in settings",
        )
    if it.has("REDIS_HOST") and it.has("REDIS_CONNECTION_STRING"):
        yield Finding(
            it.where("REDIS_HOST"),
            "Langfuse ignores it where REDIS_CONNECTION_STRING is given",
            "remove one of the two",
        )


def _redis_nodes(it: Description, mode: str) -> Findings:
    nodes, where = f"REDIS_{mode}_NODES", it.where(f"REDIS_{mode}_ENABLED")
    if not it.has(nodes):
        yield Finding(where, f"{nodes} is missing", f"set cache.nodes, or {nodes} in settings as host:port,host:port")
    elif nodes in it.plain and not _are_nodes(it.plain[nodes]):
        yield Finding(
            it.where(nodes),
            f"{it.plain[nodes]!r} is not a list of nodes",
            "set host:port,host:port with host names or IPv4 addresses; Langfuse cannot read IPv6 addresses here",
        )
    for name in ("REDIS_CONNECTION_STRING", "REDIS_HOST"):
        if it.has(name):
            yield Finding(
                it.where(name), f"Langfuse ignores it where REDIS_{mode}_ENABLED is true", "remove one of the two"
            )


def _are_nodes(text: str) -> bool:
    return bool(NODES.fullmatch(text)) and all(0 < int(node.rpartition(":")[2]) < 65536 for node in text.split(","))


def redis_tls(it: Description) -> Findings:
    if it.on("REDIS_SENTINEL_TLS_ENABLED") and not it.on("REDIS_TLS_ENABLED"):
        yield Finding(
            it.where("REDIS_SENTINEL_TLS_ENABLED"),
            "Langfuse ignores it where REDIS_TLS_ENABLED is not true",
            "set cache.tls, or remove it",
        )
    files = [f"REDIS_TLS_{part}_PATH" for part in ("CERT", "KEY")]
    present = [name for name in files if it.has(name)]
    if len(present) == 1:
        yield Finding(
            it.where(*present), "a client's certificate and its key only work together", f"set {' and '.join(files)}"
        )


def clickhouse(it: Description) -> Findings:
    for name in ("CLICKHOUSE_USER", "CLICKHOUSE_DB", "CLICKHOUSE_CLUSTER_NAME"):
        value = it.plain.get(name, "")
        if value and not URL_SAFE.fullmatch(value):
            yield Finding(
                it.where(name),
                f"{value!r} has characters that break the URL which the migrations make of it",
                "use letters, digits, '_', '.' and '-'",
            )
    name = it.value("CLICKHOUSE_CLUSTER_NAME")
    if it.on("CLICKHOUSE_CLUSTER_ENABLED") and it.version.major < 4 and name != "default":
        yield Finding(
            it.where("CLICKHOUSE_CLUSTER_NAME"),
            f"the migrations of Langfuse {it.version.major} only know a cluster named default, not {name!r}",
            "name the cluster default",
        )
    url = it.plain.get("CLICKHOUSE_URL", "")
    if url.startswith("https:") and "CLICKHOUSE_MIGRATION_SSL" in it.plain and not it.on("CLICKHOUSE_MIGRATION_SSL"):
        yield Finding(
            it.where("CLICKHOUSE_URL"),
            "ClickHouse is reached with TLS here, and without it for the migrations",
            "set clickhouse.secure",
        )


def write_mode(it: Description) -> Findings:
    mode = it.value("LANGFUSE_MIGRATION_V4_WRITE_MODE")
    otel = it.value("LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR")
    names = (
        "LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR",
        "LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN",
        "LANGFUSE_MIGRATION_V4_WRITE_MODE",
    )
    if (mode, otel) in (("legacy", "direct"), ("events_only", "dual_write")):
        yield Finding(
            it.where(*names),
            f"the worker refuses native OTel spans written as {otel!r} in write mode {mode!r}",
            "remove LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR; the option write_mode sets what has to agree",
        )
    if mode == "events_only" and not it.on("LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN"):
        yield Finding(
            it.where("LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN", *names),
            "the worker refuses write mode 'events_only' while nobody may see what it writes",
            "remove LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN; the option write_mode sets what has to agree",
        )


def backfill(it: Description) -> Findings:
    """The guide "Migrate Langfuse v3 to v4": the backfill runs once."""
    if it.value("LANGFUSE_MIGRATION_V4_WRITE_MODE") == "legacy" and it.on(BACKFILL):
        yield Finding(
            it.where(BACKFILL),
            "the backfill runs once, and what comes in after it in write mode 'legacy' would never reach the new tables",
            "remove it, and set it to true in write mode 'dual'",
        )


def object_storage(it: Description) -> Findings:
    for use in S3_USES:
        key, secret = f"{use}_ACCESS_KEY_ID", f"{use}_SECRET_ACCESS_KEY"
        if it.has(key) != it.has(secret):
            yield Finding(
                it.where(key, secret),
                f"{key} and {secret} only work together",
                "remove it, for the task's role opens the bucket, or set both",
            )
        prefix = it.plain.get(f"{use}_PREFIX", "")
        if prefix and (not prefix.endswith("/") or prefix.startswith("/")):
            yield Finding(
                it.where(f"{use}_PREFIX"),
                f"the prefix {prefix!r} does not end, or begins, with '/'",
                "set it as in events/",
            )
        key_id = f"{use}_SSE_KMS_KEY_ID"
        if it.has(key_id) and it.value(f"{use}_SSE") != "aws:kms":
            yield Finding(
                it.where(key_id), "a KMS key is only used with encryption 'aws:kms'", "set storage.sse to aws:kms"
            )
        region = it.plain.get(f"{use}_REGION")
        if region == "auto" and not it.has(f"{use}_ENDPOINT"):
            yield Finding(it.where(f"{use}_REGION"), "AWS has no region 'auto'", "set the bucket's region")
    if it.on("LANGFUSE_S3_BATCH_EXPORT_ENABLED") and not it.has("LANGFUSE_S3_BATCH_EXPORT_BUCKET"):
        yield Finding(
            it.where("LANGFUSE_S3_BATCH_EXPORT_ENABLED"),
            "batch exports have no bucket",
            "set LANGFUSE_S3_BATCH_EXPORT_BUCKET, or storage.export_enabled to false",
        )
    others = [name for name in OTHER_STORES if it.on(name)]
    if len(others) > 1:
        yield Finding(
            it.where(*others), f"{' and '.join(others)} exclude each other", "set one of them to true at most"
        )


def mail(it: Description) -> Findings:
    server, sender = it.has("SMTP_CONNECTION_URL"), it.has("EMAIL_FROM_ADDRESS")
    if server != sender:
        missing = "EMAIL_FROM_ADDRESS" if server else "SMTP_CONNECTION_URL"
        yield Finding(
            it.where("SMTP_CONNECTION_URL", "EMAIL_FROM_ADDRESS"),
            f"Langfuse sends no mail without {missing}",
            f"set {missing} too" + ("" if server else " in secret_settings") + ", or remove both",
        )
    if it.on("AUTH_EMAIL_VERIFICATION_REQUIRED") and not (server and sender):
        yield Finding(
            it.where("AUTH_EMAIL_VERIFICATION_REQUIRED"),
            "nobody can verify an address while Langfuse sends no mail",
            "set SMTP_CONNECTION_URL and EMAIL_FROM_ADDRESS",
        )


def sign_on(it: Description) -> Findings:
    active = False
    for provider, parts in SSO_PROVIDERS.items():
        names = [f"AUTH_{provider}_{part}" for part in parts]
        present = [name for name in names if it.has(name)]
        active = active or len(present) == len(names)
        if present and len(present) < len(names):
            missing = [name for name in names if name not in present]
            yield Finding(
                it.where(*present),
                f"Langfuse leaves the provider off, because {', '.join(missing)} is missing",
                f"set {', '.join(missing)}" + (" (the secret in secret_settings)" if names[1] in missing else ""),
            )
    if it.has("AUTH_WORKOS_ORGANIZATION_ID") and it.has("AUTH_WORKOS_CONNECTION_ID"):
        yield Finding(
            it.where("AUTH_WORKOS_CONNECTION_ID"),
            "WorkOS takes an organisation or a connection, not both",
            "remove AUTH_WORKOS_ORGANIZATION_ID or AUTH_WORKOS_CONNECTION_ID",
        )
    if it.on("AUTH_DISABLE_USERNAME_PASSWORD") and not active:
        yield Finding(
            it.where("AUTH_DISABLE_USERNAME_PASSWORD"),
            "nobody could log in, for no other provider is complete",
            "set up a provider in sso.providers, or remove it",
        )
    if it.has("AUTH_DOMAINS_WITH_SSO_ENFORCEMENT") and not active:
        yield Finding(
            it.where("AUTH_DOMAINS_WITH_SSO_ENFORCEMENT"),
            "nobody of these domains could log in, for no provider is complete",
            "set up a provider in sso.providers, or remove it",
        )


def first_project(it: Description) -> Findings:
    names = [name for name in (*it.plain, *it.secret) if name.startswith("LANGFUSE_INIT_")]
    if names and not it.has("LANGFUSE_INIT_ORG_ID"):
        yield Finding(
            it.where(*names),
            "Langfuse ignores all of init without the organisation's id",
            "set init.org_id, or remove the rest",
        )
    keys = [f"LANGFUSE_INIT_PROJECT_{half}_KEY" for half in ("PUBLIC", "SECRET")]
    present = [name for name in keys if it.has(name)]
    if len(present) == 1:
        yield Finding(
            it.where(*present), "a project's public and secret key only work together", f"set {' and '.join(keys)}"
        )
    user = [f"LANGFUSE_INIT_USER_{part}" for part in ("EMAIL", "PASSWORD")]
    present = [name for name in user if it.has(name)]
    if len(present) == 1:
        yield Finding(
            it.where(*present),
            f"Langfuse makes no user without {' and '.join(name for name in user if name not in present)}",
            "set init.user_email, and give secret_arn the key LANGFUSE_INIT_USER_PASSWORD",
        )
    about_project = (*keys, "LANGFUSE_INIT_PROJECT_NAME", "LANGFUSE_INIT_PROJECT_RETENTION")
    project = [name for name in about_project if it.has(name)]
    if project and not it.has("LANGFUSE_INIT_PROJECT_ID"):
        yield Finding(it.where(*project), "Langfuse makes no project without its id", "set init.project_id")


def sandbox(it: Description) -> Findings:
    prefix = "LANGFUSE_IN_APP_AGENT_SANDBOX_"
    if it.value(f"{prefix}PROVIDER") != "lambda-microvm":
        return
    for part in ("IMAGE_IDENTIFIER", "EXECUTION_ROLE_ARN", "REGION"):
        name = f"{prefix}AWS_LAMBDA_MICROVM_{part}"
        if not it.has(name):
            yield Finding(it.where(f"{prefix}PROVIDER"), f"the sandbox 'lambda-microvm' needs {name}", f"set {name}")


def too_new(it: Description) -> Findings:
    """What decides about more than itself, and would be ignored by a release that does not have it yet."""
    for name in DECIDING:
        if it.plain.get(name) not in (None, "false") and (since := read_since(name, it.version)):
            yield Finding(
                it.where(name),
                f"Langfuse {it.version} does not have it yet",
                f"set langfuse_version to {since} or later",
            )


def process(it: Description) -> Findings:
    if it.plain.get("NODE_ENV", "production") != "production":
        yield Finding(
            it.where("NODE_ENV"), "Langfuse's images are built for production and check less in any other", "remove it"
        )
    if it.plain.get("TZ", "UTC") not in ("UTC", "Etc/UTC"):
        yield Finding(it.where("TZ"), "Langfuse gives wrong results in any time zone but UTC", "remove it")


def without_effect(it: Description) -> Findings:
    """Variables that this installation ignores, for want of a licence, of Langfuse Cloud or of another variable."""
    known = variables(it.version.major)
    licensed = it.has("LANGFUSE_EE_LICENSE_KEY")
    for name in sorted({*it.plain, *it.secret}):
        component = known[name].component if name in known else ""
        if component == "cloud-only":
            yield Finding(it.where(name), f"{name} is meant for Langfuse Cloud only", "remove it")
        needs_licence = component in ("enterprise", "data-masking-ee") or name == "LANGFUSE_INIT_PROJECT_RETENTION"
        if needs_licence and not licensed:
            yield Finding(
                it.where(name),
                f"Langfuse ignores {name} without an enterprise licence",
                "set LANGFUSE_EE_LICENSE_KEY in secret_settings, or remove it",
            )
    if licensed and it.plain.get("TELEMETRY_ENABLED") == "false":
        yield Finding(
            it.where("TELEMETRY_ENABLED"),
            "with an enterprise licence Langfuse reports usage statistics all the same",
            "remove it",
        )


def read_later(it: Description) -> Findings:
    for name in sorted({*it.plain, *it.secret} - {*DECIDING}):
        if it.origin[name].startswith(CHOSEN) and (since := read_since(name, it.version)):
            yield Finding(
                it.where(name),
                f"Langfuse {it.version} does not read {name} yet; {since} does",
                "remove it, or set a later langfuse_version",
            )


def redis_without_effect(it: Description) -> Findings:
    for mode in ("CLUSTER", "SENTINEL"):
        names = sorted(name for name in {*it.plain, *it.secret} if name.startswith(f"REDIS_{mode}_"))
        ignored = [name for name in names if name != f"REDIS_{mode}_ENABLED" and it.has(name)]
        if ignored and not it.on(f"REDIS_{mode}_ENABLED"):
            yield Finding(
                it.where(*ignored),
                f"Langfuse ignores {', '.join(ignored)} where REDIS_{mode}_ENABLED is not true",
                f"set cache.mode to {mode.lower()}, or remove it",
            )
    tls = sorted(
        name for name in {*it.plain, *it.secret} if name.startswith("REDIS_TLS_") and name != "REDIS_TLS_ENABLED"
    )
    if tls and not it.on("REDIS_TLS_ENABLED"):
        yield Finding(
            it.where(*tls), f"Langfuse ignores {', '.join(tls)} where REDIS_TLS_ENABLED is not true", "set cache.tls"
        )


def shards(it: Description) -> Findings:
    """A queue is in one slot, so a cluster only shares the work of a queue that has several shards."""
    if not it.on("REDIS_CLUSTER_ENABLED"):
        return
    single = [name for name in CLUSTER_QUEUES if it.value(name) == "1"]
    if single:
        yield Finding(
            it.where("REDIS_CLUSTER_ENABLED"),
            f"the whole queue lies on one node of the cluster while {' and '.join(single)} is 1",
            "set queue_shards.ingestion and queue_shards.trace_upsert to two or three times the number of the "
            "cluster's shards, and never lower them again",
        )


RULES: tuple[Callable[[Description], Findings], ...] = (
    needed_values,
    public_url,
    database_url,
    redis_mode,
    redis_tls,
    clickhouse,
    write_mode,
    backfill,
    object_storage,
    mail,
    sign_on,
    first_project,
    sandbox,
    too_new,
    process,
)
CAUTIONS: tuple[Callable[[Description], Findings], ...] = (without_effect, read_later, redis_without_effect, shards)
