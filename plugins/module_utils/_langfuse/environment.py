# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One description of a Langfuse installation, turned into the environment of each of its containers.

`assemble` writes the whole description into one draft (`components.py`, then settings and secrets), whatever the
container; the rules of `rules.py` judge it; and only then the container's own variables are picked from it. So web,
worker and migration agree, and are refused together.
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
from .components import STEPS
from .draft import Draft, as_text
from .findings import Finding
from .helm import Whole, chart_values
from .names import AT_RUN_TIME, BUILD_TIME_PREFIX, KNOWN_WRONG, nearest, of_the_platform
from .references import SECRET_ARN, VALUE_FROM
from .rules import Description, cautions, judge

OPTIONS = (
    "component",
    "langfuse_version",
    "url",
    "database",
    "cache",
    "clickhouse",
    "storage",
    "sso",
    "mail",
    "init",
    "queue_shards",
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
    "kubernetes_secret",
)
DICTIONARIES = (
    "database",
    "cache",
    "clickhouse",
    "storage",
    "sso",
    "mail",
    "init",
    "queue_shards",
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
    # Major version of the catalogue that it was checked against.
    catalogue: int = 3
    # Values of Langfuse's Helm chart, where a Kubernetes Secret is named.
    helm_values: dict[str, Any] | None = None

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


def assemble(given: dict[str, Any]) -> Assembly:
    """The environment of `given["component"]`, or everything that is wrong with the description."""
    options: dict[str, Any] = {name: given.get(name) for name in OPTIONS}
    for name in DICTIONARIES:
        options[name] = options[name] or {}
    if options["secret_keys"] is None:
        options["secret_keys"] = list(DEFAULT_SECRET_KEYS)
    assembly = Assembly(component=options["component"])
    version, errors = versions.judge("langfuse_version", options["langfuse_version"])
    # An unknown version is judged as the newest, so that the other errors come with it.
    draft = Draft(options, version or versions.newest_read())
    for step in (*STEPS, _settings, _secrets):
        step(draft)
    description = Description(draft.version, draft.plain, draft.secret, draft.origin)
    assembly.errors = sorted([*errors, *draft.errors, *judge(description)], key=lambda finding: finding.option)
    assembly.warnings = [*draft.warnings, *cautions(description)]
    assembly.leaked = draft.leaked
    assembly.catalogue = draft.version.major
    container = "worker" if assembly.component == "worker" else "web"
    for name in _picked(draft, assembly.component, container):
        target, source = (
            (assembly.secrets, draft.secret) if name in draft.secret else (assembly.environment, draft.plain)
        )
        target[name] = source[name]
    if options["kubernetes_secret"] and not assembly.errors:
        assembly.helm_values, assembly.errors = chart_values(
            assembly.component,
            options["langfuse_version"],
            Whole(draft.plain, draft.secret),
            [*assembly.environment, *assembly.secrets],
            options["kubernetes_secret"],
        )
    return assembly


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
    if variable.inlined if variable else name.startswith(BUILD_TIME_PREFIX):
        instead = f"use {AT_RUN_TIME[name]}" if name in AT_RUN_TIME else "remove it"
        draft.warning(
            option,
            f"{name} became part of the image when that was built, so the stock image ignores it in part or whole",
            f"{instead}, or build an image of your own with it",
        )
        return True
    return variable is not None or _unknown_name_allowed(draft, name, option)


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
    if arn and not SECRET_ARN.fullmatch(arn):
        draft.error(
            "secret_arn", f"'{arn}' is not the ARN of a Secrets Manager secret", "set arn:aws:secretsmanager:..."
        )
    for name, option in draft.wanted.items():
        if name in draft.secret or not _needed(draft, name):
            continue
        if not arn:
            # What every installation needs is for the rules to miss.
            if option != "secret_keys":
                draft.error(option, f"it needs the secret {name}", f"set secret_arn, or {name} in secret_settings")
            continue
        if not _name_allowed(draft, name, f"secret_keys.{name}"):
            continue
        if name in draft.plain:
            draft.error(draft.origin[name], f"secret_keys names {name} too", "keep one of the two")
            continue
        draft.secret[name] = f"{arn}:{name}::"
        draft.origin[name] = option


def _needed(draft: Draft, name: str) -> bool:
    """Whether a key of the environment's secret has a use; Langfuse warns of, or ignores, the others."""
    if name == "DATABASE_PASSWORD":
        return not draft.given("DATABASE_URL")
    if name == "REDIS_AUTH":
        asked = draft.options["cache"].get("password_from_secret") is not False
        return asked and not draft.given("REDIS_CONNECTION_STRING")
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
