# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each option of langfuse_env stands for, as Langfuse's variables.

Each step writes one component into the draft, for all containers at once. Whether the whole makes sense is for
`rules.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .draft import Draft, as_text
from .rules import BACKFILL, OTHER_STORES

# write_mode: Langfuse's write mode, its handling of native OTel spans, whether people see the new read path.
WRITE_MODES = {
    "legacy": ("legacy", "dual_write", "false"),
    "dual": ("dual", "dual_write", "true"),
    "events_only": ("events_only", "direct", "true"),
}
CACHE_MODES = ("standalone", "cluster", "sentinel")
CLICKHOUSE_MODES = ("single", "replicated", "cloud")
# The uses of object storage: prefix of the variables, the option, the default key prefix.
STORAGE_USES = (
    ("LANGFUSE_S3_EVENT_UPLOAD", "events", "event_prefix", "events/"),
    ("LANGFUSE_S3_MEDIA_UPLOAD", "media", "media_prefix", "media/"),
    ("LANGFUSE_S3_BATCH_EXPORT", "exports", "export_prefix", "exports/"),
)
# Options of a provider of sso.providers, with what follows AUTH_<PROVIDER>_ in the variable.
PROVIDER_PARTS = (
    "client_id",
    "issuer",
    "tenant_id",
    "base_url",
    "url",
    "name",
    "scope",
    "allowed_domains",
    "authorization_url",
    "organization_id",
    "connection_id",
    "allow_account_linking",
    "checks",
    "client_auth_method",
    "id_token",
    "id_token_signed_response_alg",
)
# Options of queue_shards, with the variable of each.
QUEUE_SHARDS = {
    "ingestion": "LANGFUSE_INGESTION_QUEUE_SHARD_COUNT",
    "ingestion_secondary": "LANGFUSE_INGESTION_SECONDARY_QUEUE_SHARD_COUNT",
    "otel_ingestion": "LANGFUSE_OTEL_INGESTION_QUEUE_SHARD_COUNT",
    "otel_ingestion_secondary": "LANGFUSE_OTEL_INGESTION_SECONDARY_QUEUE_SHARD_COUNT",
    "trace_upsert": "LANGFUSE_TRACE_UPSERT_QUEUE_SHARD_COUNT",
    "eval_execution": "LANGFUSE_EVAL_EXECUTION_QUEUE_SHARD_COUNT",
    "eval_execution_secondary": "LANGFUSE_EVAL_EXECUTION_SECONDARY_QUEUE_SHARD_COUNT",
    "llm_as_judge_execution": "LANGFUSE_LLM_AS_JUDGE_EXECUTION_QUEUE_SHARD_COUNT",
    "code_eval_execution": "LANGFUSE_CODE_EVAL_EXECUTION_QUEUE_SHARD_COUNT",
}


def server(draft: Draft) -> None:
    """What is about the processes themselves."""
    options = draft.options
    # ECS sets HOSTNAME to the task's own address, and then nothing answers on 127.0.0.1.
    draft.put("HOSTNAME", "0.0.0.0", "component")  # noqa: S104 a container's server listens to its load balancer
    draft.put("KEEP_ALIVE_TIMEOUT", options["keep_alive_timeout_ms"], "keep_alive_timeout_ms", replaceable=True)
    if options["node_heap_mib"] is not None:
        heap = options["node_heap_mib"]
        if heap < 256:
            draft.error(
                "node_heap_mib", f"{heap} MiB is too little for Langfuse", "set three quarters of the task's memory"
            )
        draft.put("NODE_OPTIONS", f"--max-old-space-size={heap}", "node_heap_mib", replaceable=True)
    draft.put("NEXTAUTH_URL", options["url"], "url")
    draft.put("AUTH_DISABLE_SIGNUP", options["sign_up_disabled"], "sign_up_disabled", replaceable=True)
    draft.put("TELEMETRY_ENABLED", options["telemetry"], "telemetry", replaceable=True)


def database(draft: Draft) -> None:
    given = draft.options["database"]
    if given.get("url_from_secret"):
        draft.want("DATABASE_URL", "database.url_from_secret")
    if given.get("direct_url_from_secret"):
        draft.want("DIRECT_URL", "database.direct_url_from_secret")
    if draft.given("DATABASE_URL"):
        return
    for part in ("host", "name", "username"):
        if not given.get(part) and not draft.given(f"DATABASE_{part.upper()}"):
            draft.error(f"database.{part}", "it is missing", "set it, or DATABASE_URL in secret_settings")
    if given.get("host"):
        draft.put("DATABASE_HOST", f"{given['host']}:{given.get('port') or 5432}", "database.host")
    draft.put("DATABASE_NAME", given.get("name"), "database.name")
    draft.put("DATABASE_USERNAME", given.get("username"), "database.username")
    arguments = {"sslmode": given.get("ssl_mode") or "require", **(given.get("arguments") or {})}
    pairs = []
    for name, value in arguments.items():
        text = as_text(value)
        if text is None or not re.fullmatch(r"[\w.-]+", name, re.ASCII) or not re.fullmatch(r"[\w./:,-]*", text, re.A):
            draft.error(
                "database.arguments", f"{name} cannot stand in a URL as it is", "use letters, digits, '_' and '-'"
            )
        else:
            pairs.append(f"{name}={text}")
    draft.put("DATABASE_ARGS", "&".join(pairs), "database.arguments", replaceable=True)


def cache(draft: Draft) -> None:
    given = draft.options["cache"]
    string = draft.given("REDIS_CONNECTION_STRING")
    if given.get("connection_string_from_secret"):
        draft.want("REDIS_CONNECTION_STRING", "cache.connection_string_from_secret")
    if given.get("sentinel_password_from_secret"):
        draft.want("REDIS_SENTINEL_PASSWORD", "cache.sentinel_password_from_secret")
    draft.put("REDIS_KEY_PREFIX", given.get("key_prefix"), "cache.key_prefix")
    draft.put("REDIS_SOCKET_TIMEOUT_MS", given.get("socket_timeout_ms"), "cache.socket_timeout_ms")
    mode = _cache_mode(draft, given)
    if mode == "standalone" and string:
        # The string takes the place of the whole option, which a role may fill in all the same.
        return
    if mode == "standalone" and not given.get("connection_string_from_secret"):
        if not given.get("host") and not draft.given("REDIS_HOST"):
            draft.error("cache.host", "it is missing", "set it, or REDIS_CONNECTION_STRING in secret_settings")
        draft.put("REDIS_HOST", given.get("host"), "cache.host")
        draft.put("REDIS_PORT", given.get("port") or 6379, "cache.port")
    draft.put("REDIS_USERNAME", given.get("username"), "cache.username")
    _cache_tls(draft, given, replaceable=mode != "standalone" and not given.get("mode"))


def _cache_mode(draft: Draft, given: dict[str, Any]) -> str:
    """Writes what is about several nodes; the mode may come from settings too, which then have the rest of it."""
    settings = draft.options["settings"]
    mode = given.get("mode")
    if mode and mode not in CACHE_MODES:
        draft.error("cache.mode", f"'{mode}' is not a kind of cache", f"set one of {', '.join(CACHE_MODES)}")
        return "standalone"
    if mode in ("cluster", "sentinel"):
        option = "cache.nodes" if given.get("nodes") else "cache.mode"
        draft.put(f"REDIS_{mode.upper()}_ENABLED", True, "cache.mode")
        draft.put(f"REDIS_{mode.upper()}_NODES", given.get("nodes"), option)
    for name in ("nodes", "master_name"):
        if given.get(name) and mode not in (("cluster", "sentinel") if name == "nodes" else ("sentinel",)):
            draft.error(f"cache.{name}", "it is about several nodes, and cache.mode is not", "set cache.mode")
    if mode == "sentinel":
        draft.put("REDIS_SENTINEL_MASTER_NAME", given.get("master_name"), "cache.master_name")
        draft.put("REDIS_SENTINEL_USERNAME", given.get("sentinel_username"), "cache.sentinel_username")
        draft.put("REDIS_SENTINEL_TLS_ENABLED", given.get("sentinel_tls"), "cache.sentinel_tls")
    if mode:
        return mode
    many = [
        each for each in ("cluster", "sentinel") if as_text(settings.get(f"REDIS_{each.upper()}_ENABLED")) == "true"
    ]
    return many[0] if many else "standalone"


def _cache_tls(draft: Draft, given: dict[str, Any], replaceable: bool) -> None:
    draft.put("REDIS_TLS_ENABLED", given.get("tls") is not False, "cache.tls", replaceable)
    for part, variable in (
        ("tls_ca_path", "CA_PATH"),
        ("tls_cert_path", "CERT_PATH"),
        ("tls_key_path", "KEY_PATH"),
        ("tls_server_name", "SERVERNAME"),
        ("tls_verify", "REJECT_UNAUTHORIZED"),
        ("tls_check_server_identity", "CHECK_SERVER_IDENTITY"),
    ):
        draft.put(f"REDIS_TLS_{variable}", given.get(part), f"cache.{part}")


def clickhouse(draft: Draft) -> None:
    given = draft.options["clickhouse"]
    mode = given.get("mode")
    if mode and mode not in CLICKHOUSE_MODES:
        draft.error(
            "clickhouse.mode", f"'{mode}' is not a kind of ClickHouse", f"set one of {', '.join(CLICKHOUSE_MODES)}"
        )
    secure = mode == "cloud" if given.get("secure") is None else bool(given["secure"])
    clustered = mode == "replicated" if given.get("cluster_enabled") is None else bool(given["cluster_enabled"])
    if mode == "cloud" and not secure:
        draft.error("clickhouse.secure", "ClickHouse Cloud takes connections with TLS only", "remove it")
    if mode in ("single", "replicated") and clustered != (mode == "replicated"):
        draft.error(
            "clickhouse.cluster_enabled", f"it contradicts clickhouse.mode, which is {mode}", "keep one of the two"
        )
    url, migration_url = _clickhouse_urls(given, secure)
    if not url and not draft.given("CLICKHOUSE_URL"):
        draft.error("clickhouse.host", "it is missing", "set it, or clickhouse.url and clickhouse.migration_url")
    elif not migration_url and not draft.given("CLICKHOUSE_MIGRATION_URL"):
        draft.error(
            "clickhouse.migration_url", "it is missing", "set it beside clickhouse.url, as clickhouse://host:port"
        )
    draft.put("CLICKHOUSE_URL", url, "clickhouse.url" if given.get("url") else "clickhouse.host")
    draft.put(
        "CLICKHOUSE_MIGRATION_URL",
        migration_url,
        "clickhouse.migration_url" if given.get("migration_url") else "clickhouse.host",
    )
    draft.put("CLICKHOUSE_READ_ONLY_URL", given.get("read_only_url"), "clickhouse.read_only_url")
    draft.put("CLICKHOUSE_MIGRATION_SSL", secure, "clickhouse.secure")
    draft.put("CLICKHOUSE_USER", given.get("user") or ("default" if mode == "cloud" else "langfuse"), "clickhouse.user")
    draft.put("CLICKHOUSE_DB", given.get("database") or "default", "clickhouse.database")
    # Langfuse takes ClickHouse for a cluster unless it is told otherwise.
    draft.put("CLICKHOUSE_CLUSTER_ENABLED", clustered, "clickhouse.cluster_enabled")
    if clustered:
        draft.put("CLICKHOUSE_CLUSTER_NAME", given.get("cluster_name") or "default", "clickhouse.cluster_name")


def _clickhouse_urls(given: dict[str, Any], secure: bool) -> tuple[str | None, str | None]:
    url, migration_url, host = given.get("url"), given.get("migration_url"), given.get("host")
    if host:
        http_port = given.get("http_port") or (8443 if secure else 8123)
        native_port = given.get("native_port") or (9440 if secure else 9000)
        url = url or f"{'https' if secure else 'http'}://{host}:{http_port}"
        migration_url = migration_url or f"clickhouse://{host}:{native_port}"
    return url, migration_url


def storage(draft: Draft) -> None:
    given = draft.options["storage"]
    other_store = any(as_text(draft.options["settings"].get(name)) == "true" for name in OTHER_STORES)
    for part in ("bucket", "region"):
        own = (given.get("events") or {}).get(part)
        if part == "region" and other_store:
            continue
        if not given.get(part) and not own and not draft.given(f"LANGFUSE_S3_EVENT_UPLOAD_{part.upper()}"):
            draft.error(f"storage.{part}", "it is missing", "set it")
    has_bucket = bool(given.get("bucket") or (given.get("exports") or {}).get("bucket"))
    exports = given.get("export_enabled") is not False and has_bucket
    draft.put("LANGFUSE_S3_BATCH_EXPORT_ENABLED", exports, "storage.export_enabled", replaceable=True)
    for name, use, prefix_option, default in STORAGE_USES:
        if use == "exports" and not exports:
            continue
        own = given.get(use) or {}
        # Langfuse's own default region is none of AWS's, so each use gets it.
        for part in ("bucket", "region", "endpoint", "force_path_style", "sse", "kms_key_id"):
            chosen = given.get(part) if own.get(part) is None else own[part]
            option = f"storage.{part}" if own.get(part) is None else f"storage.{use}.{part}"
            variable = "SSE_KMS_KEY_ID" if part == "kms_key_id" else part.upper()
            draft.put(f"{name}_{variable}", chosen, option, replaceable=True)
        if own.get("prefix") is not None:
            draft.put(f"{name}_PREFIX", own["prefix"], f"storage.{use}.prefix", replaceable=True)
        else:
            chosen = default if given.get(prefix_option) is None else given[prefix_option]
            draft.put(f"{name}_PREFIX", chosen, f"storage.{prefix_option}", replaceable=True)
    external = (given.get("exports") or {}).get("external_endpoint")
    draft.put(
        "LANGFUSE_S3_BATCH_EXPORT_EXTERNAL_ENDPOINT", external, "storage.exports.external_endpoint", replaceable=True
    )


def sign_on(draft: Draft) -> None:
    given = draft.options["sso"]
    chosen = given.get("providers") or []
    if not isinstance(chosen, list) or not all(isinstance(each, dict) for each in chosen):
        draft.error("sso.providers", "it is not a list of providers", "set a list, each with provider and client_id")
        chosen = []
    for place, provider in enumerate(chosen):
        _provider(draft, f"sso.providers[{place}]", provider)
    if given.get("password_login") is not None:
        draft.put("AUTH_DISABLE_USERNAME_PASSWORD", not given["password_login"], "sso.password_login")
    draft.put("AUTH_DOMAINS_WITH_SSO_ENFORCEMENT", given.get("enforced_domains"), "sso.enforced_domains")
    draft.put("AUTH_SESSION_MAX_AGE", given.get("session_max_age_minutes"), "sso.session_max_age_minutes")


def _provider(draft: Draft, option: str, given: dict[str, Any]) -> None:
    provider = str(given.get("provider") or "")
    prefix = f"AUTH_{provider.upper()}_"
    if f"{prefix}CLIENT_ID" not in draft.catalogue:
        draft.error(
            f"{option}.provider", f"Langfuse knows no provider '{provider}'", "name one that it knows, or custom"
        )
        return
    if draft.origin.get(f"{prefix}CLIENT_ID", "").startswith("sso."):
        draft.error(
            f"{option}.provider", f"'{provider}' stands there twice", "keep one; Langfuse has each provider once"
        )
        return
    for part in PROVIDER_PARTS:
        if as_text(given.get(part)) in ("", None):
            continue
        name = prefix + part.upper()
        if name not in draft.catalogue:
            draft.error(f"{option}.{part}", f"Langfuse has no such setting for {provider}", "remove it")
            continue
        draft.put(name, given[part], f"{option}.{part}")
    draft.origin.setdefault(f"{prefix}CLIENT_ID", option)
    draft.want(f"{prefix}CLIENT_SECRET", option)


def mail(draft: Draft) -> None:
    given = draft.options["mail"]
    draft.put("EMAIL_FROM_ADDRESS", given.get("from_address"), "mail.from_address")
    if given.get("from_address"):
        draft.want("SMTP_CONNECTION_URL", "mail.from_address")
    draft.put("AUTH_EMAIL_VERIFICATION_REQUIRED", given.get("verification_required"), "mail.verification_required")


def init(draft: Draft) -> None:
    for name, value in draft.options["init"].items():
        draft.put(f"LANGFUSE_INIT_{name.upper()}", value, f"init.{name}")


def queue_shards(draft: Draft) -> None:
    for name, value in draft.options["queue_shards"].items():
        if value is None:
            continue
        if name not in QUEUE_SHARDS:
            draft.error(f"queue_shards.{name}", "Langfuse has no such queue", f"set some of {', '.join(QUEUE_SHARDS)}")
            continue
        draft.put(QUEUE_SHARDS[name], value, f"queue_shards.{name}")


def migrations(draft: Draft) -> None:
    auto = draft.options["auto_migrations"]
    if auto is None:
        auto = draft.options["component"] == "migration"
    draft.put("LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED", not auto, "auto_migrations")
    draft.put("LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED", not auto, "auto_migrations")


def write_mode(draft: Draft) -> None:
    mode = as_text(draft.options["write_mode"])
    option = "write_mode"
    if mode and mode not in WRITE_MODES:
        draft.error(option, f"'{mode}' is not a way to write", f"set one of {', '.join(WRITE_MODES)}")
    if not mode:
        # Where settings choose the mode, what has to agree with it follows them.
        mode = as_text(draft.options["settings"].get("LANGFUSE_MIGRATION_V4_WRITE_MODE"))
        option = "settings.LANGFUSE_MIGRATION_V4_WRITE_MODE" if mode else option
    if not mode and draft.version.major >= 4:
        mode = "events_only"
    if mode not in WRITE_MODES:
        return
    write, otel, preview = WRITE_MODES[mode]
    draft.put("LANGFUSE_MIGRATION_V4_WRITE_MODE", write, option)
    draft.put("LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR", otel, option, replaceable=True)
    draft.put("LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN", preview, option, replaceable=True)
    if mode != "events_only":
        # It runs once, so what is written only to the old tables after it would be missing for ever (upgrade-v3-to-v4).
        draft.put(BACKFILL, False, option, replaceable=True)


STEPS: tuple[Callable[[Draft], None], ...] = (
    server,
    database,
    cache,
    clickhouse,
    storage,
    sign_on,
    mail,
    init,
    queue_shards,
    migrations,
    write_mode,
)
