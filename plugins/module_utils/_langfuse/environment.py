# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One description of a Langfuse installation, turned into the environment of each of its containers.

`assemble` writes the whole description into one draft, whatever the container; the rules of `rules.py` judge it; and
only then the container's own variables are picked from it. So web, worker and migration agree, and are refused
together.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import versions
from .catalogue import Variable, problem_with, variables
from .findings import Finding
from .names import KNOWN_WRONG, nearest, of_the_platform
from .rules import Description, judge

OPTIONS = (
    "component",
    "langfuse_version",
    "url",
    "database",
    "cache",
    "clickhouse",
    "storage",
    "init",
    "secret_arn",
    "secret_keys",
    "auto_migrations",
    "write_mode",
    "keep_alive_timeout_ms",
    "node_heap_mib",
    "sign_up_disabled",
    "telemetry",
    "settings",
    "secret_settings",
)
DEFAULT_SECRET_KEYS = (
    "CLICKHOUSE_PASSWORD",
    "DATABASE_PASSWORD",
    "ENCRYPTION_KEY",
    "LANGFUSE_INIT_PROJECT_PUBLIC_KEY",
    "LANGFUSE_INIT_PROJECT_SECRET_KEY",
    "LANGFUSE_INIT_USER_PASSWORD",
    "NEXTAUTH_SECRET",
    "REDIS_AUTH",
    "SALT",
)

# What the web image's entry point and its migration script read, and Node.js for Prisma.
MIGRATION_VARIABLES = frozenset(
    {
        "CLICKHOUSE_CLUSTER_ENABLED",
        "CLICKHOUSE_CLUSTER_NAME",
        "CLICKHOUSE_DB",
        "CLICKHOUSE_MIGRATION_SSL",
        "CLICKHOUSE_MIGRATION_URL",
        "CLICKHOUSE_PASSWORD",
        "CLICKHOUSE_URL",
        "CLICKHOUSE_USER",
        "DATABASE_ARGS",
        "DATABASE_HOST",
        "DATABASE_NAME",
        "DATABASE_PASSWORD",
        "DATABASE_URL",
        "DATABASE_USERNAME",
        "DIRECT_URL",
        "HOSTNAME",
        "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED",
        "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED",
        "NODE_EXTRA_CA_CERTS",
        "NODE_OPTIONS",
    }
)

# write_mode: Langfuse's write mode, its handling of native OTel spans, whether people see the new read path.
WRITE_MODES = {
    "legacy": ("legacy", "dual_write", "false"),
    "dual": ("dual", "dual_write", "true"),
    "events_only": ("events_only", "direct", "true"),
}
SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+")
VALUE_FROM = re.compile(
    r"arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+(:[^:\s]*:[^:\s]*:[^:\s]*)?"
    r"|ssm:[a-z0-9-]+:\d{12}:parameter/[^:\s]+)"
)
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BARE_DOTENV = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")


@dataclass
class Assembly:
    """What `assemble` returns. Where there are errors, the rest is incomplete."""

    component: str
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    # Values that stand in plain text and must not be shown.
    leaked: set[str] = field(default_factory=set)

    def ecs(self) -> dict[str, list[dict[str, str]]]:
        return {
            "environment": [{"name": name, "value": value} for name, value in sorted(self.environment.items())],
            "secrets": [{"name": name, "valueFrom": value} for name, value in sorted(self.secrets.items())],
        }

    def dotenv(self) -> str:
        lines = [f"{name}={quote(value)}\n" for name, value in sorted(self.environment.items())]
        lines += [f"# {name} is a secret: {value}\n" for name, value in sorted(self.secrets.items())]
        return "".join(lines)

    def digest(self) -> str:
        text = json.dumps([self.environment, self.secrets], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def quote(value: str) -> str:
    """The value as a .env file and a shell both read it."""
    if BARE_DOTENV.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


class Draft:
    """The environment of all containers together, as it grows from the options."""

    def __init__(self, options: dict[str, Any], version: versions.Version) -> None:
        self.options = options
        self.version = version
        self.catalogue = variables(version.major)
        self.plain: dict[str, str] = {}
        self.secret: dict[str, str] = {}
        # The option that each variable comes from.
        self.origin: dict[str, str] = {}
        # Variables that settings may replace without contradicting anybody.
        self.replaceable: set[str] = set()
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self.leaked: set[str] = set()

    def put(self, name: str, value: Any, option: str, replaceable: bool = False) -> None:
        """Writes a variable that an option stands for. Nothing and the empty text leave it unset."""
        text = as_text(value)
        if not text:
            return
        self.plain[name] = text
        self.origin[name] = option
        if replaceable:
            self.replaceable.add(name)

    def given(self, name: str) -> bool:
        """Whether settings or secret_settings name the variable."""
        return bool(as_text(self.options["settings"].get(name)) or self.options["secret_settings"].get(name))

    def error(self, option: str, problem: str, fix: str) -> None:
        self.errors.append(Finding(option, problem, fix))

    def warning(self, option: str, problem: str, fix: str) -> None:
        self.warnings.append(Finding(option, problem, fix))


def as_text(value: Any) -> str | None:
    """A value of YAML as Langfuse reads it; None where it has no such form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, str)):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, (int, float, str)) for part in value):
        return ",".join(as_text(part) or "" for part in value)
    return None


def assemble(given: dict[str, Any]) -> Assembly:
    """The environment of `given["component"]`, or everything that is wrong with the description."""
    options: dict[str, Any] = {name: given.get(name) for name in OPTIONS}
    for name in ("database", "cache", "clickhouse", "storage", "init", "settings", "secret_settings"):
        options[name] = options[name] or {}
    if options["secret_keys"] is None:
        options["secret_keys"] = list(DEFAULT_SECRET_KEYS)
    assembly = Assembly(component=options["component"])
    version, errors = versions.judge("langfuse_version", options["langfuse_version"])
    # An unknown version is judged as the newest, so that the other errors come with it.
    draft = Draft(options, version or versions.Version(max(versions.LINES), 0, 0))
    for step in (
        _server,
        _database,
        _cache,
        _clickhouse,
        _storage,
        _init,
        _migrations,
        _write_mode,
        _settings,
        _secrets,
    ):
        step(draft)
    description = Description(draft.version, draft.plain, draft.secret, draft.origin)
    assembly.errors = sorted([*errors, *draft.errors, *judge(description)], key=lambda finding: finding.option)
    assembly.warnings = draft.warnings
    assembly.leaked = draft.leaked
    container = "worker" if assembly.component == "worker" else "web"
    for name in _picked(draft, assembly.component, container):
        target, source = (
            (assembly.secrets, draft.secret) if name in draft.secret else (assembly.environment, draft.plain)
        )
        target[name] = source[name]
    return assembly


def _server(draft: Draft) -> None:
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


def _database(draft: Draft) -> None:
    if draft.given("DATABASE_URL"):
        return
    database = draft.options["database"]
    for part in ("host", "name", "username"):
        if not database.get(part) and not draft.given(f"DATABASE_{part.upper()}"):
            draft.error(f"database.{part}", "it is missing", "set it, or DATABASE_URL in secret_settings")
    if database.get("host"):
        draft.put("DATABASE_HOST", f"{database['host']}:{database.get('port') or 5432}", "database.host")
    draft.put("DATABASE_NAME", database.get("name"), "database.name")
    draft.put("DATABASE_USERNAME", database.get("username"), "database.username")
    arguments = {"sslmode": database.get("ssl_mode") or "require", **(database.get("arguments") or {})}
    pairs = []
    for name, value in arguments.items():
        text = as_text(value)
        if text is None or not re.fullmatch(r"[\w.-]+", name) or not re.fullmatch(r"[\w./:,-]*", text):
            draft.error(
                "database.arguments", f"{name} cannot stand in a URL as it is", "use letters, digits, '_' and '-'"
            )
        else:
            pairs.append(f"{name}={text}")
    draft.put("DATABASE_ARGS", "&".join(pairs), "database.arguments", replaceable=True)


def _cache(draft: Draft) -> None:
    if draft.given("REDIS_CONNECTION_STRING"):
        return
    cache = draft.options["cache"]
    settings = draft.options["settings"]
    many = any(as_text(settings.get(f"REDIS_{mode}_ENABLED")) == "true" for mode in ("CLUSTER", "SENTINEL"))
    if not many:
        if not cache.get("host") and not draft.given("REDIS_HOST"):
            draft.error("cache.host", "it is missing", "set it, or REDIS_CONNECTION_STRING in secret_settings")
        draft.put("REDIS_HOST", cache.get("host"), "cache.host")
        draft.put("REDIS_PORT", cache.get("port") or 6379, "cache.port")
    draft.put("REDIS_TLS_ENABLED", cache.get("tls") is not False, "cache.tls", replaceable=many)
    draft.put("REDIS_USERNAME", cache.get("username"), "cache.username")
    draft.put("REDIS_TLS_CA_PATH", cache.get("tls_ca_path"), "cache.tls_ca_path")


def _clickhouse(draft: Draft) -> None:
    clickhouse = draft.options["clickhouse"]
    secure = bool(clickhouse.get("secure"))
    host = clickhouse.get("host")
    url, migration_url = clickhouse.get("url"), clickhouse.get("migration_url")
    if host:
        http_port = clickhouse.get("http_port") or (8443 if secure else 8123)
        native_port = clickhouse.get("native_port") or (9440 if secure else 9000)
        url = url or f"{'https' if secure else 'http'}://{host}:{http_port}"
        migration_url = migration_url or f"clickhouse://{host}:{native_port}"
    if not url and not draft.given("CLICKHOUSE_URL"):
        draft.error("clickhouse.host", "it is missing", "set it, or clickhouse.url and clickhouse.migration_url")
    elif not migration_url and not draft.given("CLICKHOUSE_MIGRATION_URL"):
        draft.error(
            "clickhouse.migration_url", "it is missing", "set it beside clickhouse.url, as clickhouse://host:port"
        )
    draft.put("CLICKHOUSE_URL", url, "clickhouse.url" if clickhouse.get("url") else "clickhouse.host")
    draft.put(
        "CLICKHOUSE_MIGRATION_URL",
        migration_url,
        "clickhouse.migration_url" if clickhouse.get("migration_url") else "clickhouse.host",
    )
    draft.put("CLICKHOUSE_MIGRATION_SSL", secure, "clickhouse.secure")
    draft.put("CLICKHOUSE_USER", clickhouse.get("user") or "langfuse", "clickhouse.user")
    draft.put("CLICKHOUSE_DB", clickhouse.get("database") or "default", "clickhouse.database")
    # Langfuse takes ClickHouse for a cluster unless it is told otherwise.
    draft.put("CLICKHOUSE_CLUSTER_ENABLED", bool(clickhouse.get("cluster_enabled")), "clickhouse.cluster_enabled")
    if clickhouse.get("cluster_enabled"):
        draft.put("CLICKHOUSE_CLUSTER_NAME", clickhouse.get("cluster_name") or "default", "clickhouse.cluster_name")


def _storage(draft: Draft) -> None:
    storage = draft.options["storage"]
    for part in ("bucket", "region"):
        if not storage.get(part) and not draft.given(f"LANGFUSE_S3_EVENT_UPLOAD_{part.upper()}"):
            draft.error(f"storage.{part}", "it is missing", "set it")
    uses = [
        ("LANGFUSE_S3_EVENT_UPLOAD", "event_prefix", "events/"),
        ("LANGFUSE_S3_MEDIA_UPLOAD", "media_prefix", "media/"),
    ]
    exports = storage.get("export_enabled") is not False and bool(storage.get("bucket"))
    if exports:
        uses.append(("LANGFUSE_S3_BATCH_EXPORT", "export_prefix", "exports/"))
    draft.put("LANGFUSE_S3_BATCH_EXPORT_ENABLED", exports, "storage.export_enabled", replaceable=True)
    for name, prefix, default in uses:
        chosen = default if storage.get(prefix) is None else storage[prefix]
        # Langfuse's own default region is none of AWS's, so each use gets it.
        draft.put(f"{name}_BUCKET", storage.get("bucket"), "storage.bucket", replaceable=True)
        draft.put(f"{name}_REGION", storage.get("region"), "storage.region", replaceable=True)
        draft.put(f"{name}_PREFIX", chosen, f"storage.{prefix}", replaceable=True)
        draft.put(f"{name}_SSE", storage.get("sse"), "storage.sse", replaceable=True)
        draft.put(f"{name}_SSE_KMS_KEY_ID", storage.get("kms_key_id"), "storage.kms_key_id", replaceable=True)


def _init(draft: Draft) -> None:
    for name, value in draft.options["init"].items():
        draft.put(f"LANGFUSE_INIT_{name.upper()}", value, f"init.{name}")


def _migrations(draft: Draft) -> None:
    auto = draft.options["auto_migrations"]
    if auto is None:
        auto = draft.options["component"] == "migration"
    draft.put("LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED", not auto, "auto_migrations")
    draft.put("LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED", not auto, "auto_migrations")


def _write_mode(draft: Draft) -> None:
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
    if mode == "legacy":
        draft.put("LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL", False, option, replaceable=True)


def _settings(draft: Draft) -> None:
    for name, value in draft.options["settings"].items():
        option = f"settings.{name}"
        if not _name_allowed(draft, name, option):
            # What was meant to be a secret must not show up in the failure.
            _leak(draft, value)
            continue
        variable = draft.catalogue.get(name)
        if variable and variable.secret:
            _leak(draft, value)
            draft.error(option, f"{name} is a secret and would be readable in the task definition", _secret_fix(name))
            continue
        text = as_text(value)
        if text is None or "\0" in text:
            draft.error(option, "its value is neither a text, a number, a boolean nor a list", "write it as a text")
            continue
        if not text:
            continue
        if variable and (problem := problem_with(variable, text)):
            draft.error(option, *problem)
            continue
        if name in draft.plain and name not in draft.replaceable and draft.plain[name] != text:
            origin = draft.origin[name]
            draft.error(
                option, f"it contradicts the option {origin}, which makes it {draft.plain[name]!r}", f"use {origin}"
            )
            continue
        draft.plain[name] = text
        draft.origin[name] = option
    _check_made(draft)


def _check_made(draft: Draft) -> None:
    """The options' own values, by the same checks as those of settings."""
    for name, value in draft.plain.items():
        variable = draft.catalogue.get(name)
        if variable and not draft.origin[name].startswith("settings.") and (problem := problem_with(variable, value)):
            draft.error(draft.origin[name], *problem)


def _leak(draft: Draft, value: Any) -> None:
    text = as_text(value)
    if text and not isinstance(value, bool):
        draft.leaked.add(text)


def _secret_fix(name: str) -> str:
    if name in DEFAULT_SECRET_KEYS:
        return f"let llmops.langfuse.langfuse_secrets hold it, or name an ARN for {name} in secret_settings"
    return f"store it in Secrets Manager or SSM and name its ARN for {name} in secret_settings"


def _name_allowed(draft: Draft, name: str, option: str) -> bool:
    """Says what is wrong with a name; False where it is certain that it must not be used."""
    if not VARIABLE_NAME.fullmatch(name):
        draft.error(option, f"{name!r} is not the name of a variable", "use letters, digits and '_'")
        return False
    if name in KNOWN_WRONG:
        reason, right = KNOWN_WRONG[name]
        draft.error(option, f"Langfuse does not read {name}: {reason}", f"use {right}")
        return False
    variable = draft.catalogue.get(name)
    if variable:
        if variable.inlined:
            draft.warning(
                option,
                f"{name} became part of the image when that was built, so the stock image ignores it in part or whole",
                "remove it, or build an image of your own with it",
            )
        return True
    return _unknown_name_allowed(draft, name, option)


def _unknown_name_allowed(draft: Draft, name: str, option: str) -> bool:
    release = versions.NEWEST_READ[min(max(draft.version.major, 3), 4)]
    others = {major for major in versions.NEWEST_READ if major != draft.version.major and name in variables(major)}
    if others:
        major = others.pop()
        draft.warning(
            option,
            f"Langfuse {draft.version} does not read {name}, Langfuse {versions.NEWEST_READ[major]} does",
            "remove it",
        )
        return True
    if of_the_platform(name):
        return True
    close = nearest(name, draft.catalogue)
    if close and draft.catalogue[close].secret:
        draft.error(option, f"Langfuse does not read {name}, which looks like the secret {close}", f"use {close}")
        return False
    draft.warning(
        option,
        f"Langfuse {release} does not read {name}",
        f"did you mean {close}?" if close else "check the name, or remove it",
    )
    return True


def _secrets(draft: Draft) -> None:
    for name, reference in draft.options["secret_settings"].items():
        option = f"secret_settings.{name}"
        text = as_text(reference) or ""
        if not text:
            continue
        if not VALUE_FROM.fullmatch(text):
            _leak(draft, reference)
            draft.error(
                option,
                "its value is not the ARN of an SSM parameter or a Secrets Manager secret",
                "set such an ARN; with a JSON key it is arn:...:secret:name-AbCdEf:key:: with both last colons",
            )
            continue
        if not _name_allowed(draft, name, option):
            continue
        if name in draft.plain and name not in draft.replaceable:
            draft.error(option, f"the variable is also set by {draft.origin[name]}", "keep one of the two")
            continue
        draft.plain.pop(name, None)
        draft.secret[name] = text
        draft.origin[name] = option
    _secrets_of_the_environment(draft)


def _secrets_of_the_environment(draft: Draft) -> None:
    arn = draft.options["secret_arn"]
    if not arn:
        return
    if not SECRET_ARN.fullmatch(arn):
        draft.error(
            "secret_arn", f"'{arn}' is not the ARN of a Secrets Manager secret", "set arn:aws:secretsmanager:..."
        )
    for name in draft.options["secret_keys"]:
        if name in draft.secret or not _needed(draft, name) or not _name_allowed(draft, name, f"secret_keys.{name}"):
            continue
        if name in draft.plain:
            draft.error(draft.origin[name], f"secret_keys names {name} too", "keep one of the two")
            continue
        draft.secret[name] = f"{arn}:{name}::"
        draft.origin[name] = "secret_keys"


def _needed(draft: Draft, name: str) -> bool:
    """Whether a key of the environment's secret has a use; Langfuse warns of, or ignores, the others."""
    if name == "DATABASE_PASSWORD":
        return not draft.given("DATABASE_URL")
    if name == "REDIS_AUTH":
        return not draft.given("REDIS_CONNECTION_STRING")
    organisation = "LANGFUSE_INIT_ORG_ID" in draft.plain
    if name == "LANGFUSE_INIT_USER_PASSWORD":
        return organisation and "LANGFUSE_INIT_USER_EMAIL" in draft.plain
    if name.startswith("LANGFUSE_INIT_PROJECT_"):
        return organisation and "LANGFUSE_INIT_PROJECT_ID" in draft.plain
    return True


def _picked(draft: Draft, component: str, container: str) -> Iterator[str]:
    for name in {**draft.plain, **draft.secret}:
        variable: Variable | None = draft.catalogue.get(name)
        if component == "migration":
            if name in MIGRATION_VARIABLES:
                yield name
        elif variable is None or variable.read_by(container):
            yield name
