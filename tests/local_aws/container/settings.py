# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the Langfuse doubles: read from the environment only, refused as Langfuse's schemas refuse them."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")
REQUIRED = {
    "web": (
        *("DATABASE_URL", "NEXTAUTH_SECRET", "NEXTAUTH_URL", "SALT", "CLICKHOUSE_URL", "CLICKHOUSE_USER"),
        *("CLICKHOUSE_PASSWORD", "LANGFUSE_S3_EVENT_UPLOAD_BUCKET"),
    ),
    "worker": (
        *("DATABASE_URL", "CLICKHOUSE_URL", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"),
        "LANGFUSE_S3_EVENT_UPLOAD_BUCKET",
    ),
}
# JavaScript's Number(): no separators, exponents allowed.
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|0[xX][0-9a-fA-F]+)\s*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?")


class SettingsError(Exception):
    """Settings with which Langfuse does not start."""


def parse_version(text: str) -> tuple[int, int, int]:
    """The numbers of a version; images are pinned, so a tag such as `latest` or `3` has no known schema here."""
    found = _VERSION.fullmatch(text)
    if not found:
        raise SettingsError(
            f"This double needs an exact Langfuse version as image tag, as 3.225.4; {text!r} names none."
        )
    return int(found[1]), int(found[2]), int(found[3])


@functools.cache
def data(name: str) -> dict[str, Any]:
    """A file of facts."""
    loaded: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def catalogue(major: int) -> dict[str, dict[str, Any]]:
    """The typed variables of a major version."""
    facts = data("environment")
    merged = dict(facts["3"]) | (facts["4"] if major >= 4 else {})
    return {name: rule for name, rule in merged.items() if rule is not None}


def _number(rule: Mapping[str, Any], value: str) -> str | None:
    if not _NUMBER.fullmatch(value):
        return "Invalid input: expected number, received NaN"
    number = float(int(value, 16)) if "x" in value.lower() else float(value)
    checks = (
        (rule.get("integer") and number != int(number), "Invalid input: expected int, received number"),
        ("above" in rule and number <= rule["above"], f"Too small: expected number to be >{rule.get('above')}"),
        ("minimum" in rule and number < rule["minimum"], f"Too small: expected number to be >={rule.get('minimum')}"),
        ("maximum" in rule and number > rule["maximum"], f"Too big: expected number to be <={rule.get('maximum')}"),
    )
    return next((message for failed, message in checks if failed), None)


def _fault(rule: Mapping[str, Any], value: str) -> str | None:
    kind = rule["type"]
    if kind == "number":
        return _number(rule, value)
    if kind == "boolean" and value not in ("true", "false"):
        return 'Invalid option: expected one of "true"|"false"'
    if kind == "enum" and value not in rule["values"]:
        return "Invalid option: expected one of " + "|".join(f'"{each}"' for each in rule["values"])
    if kind == "url" and not _URL.fullmatch(value):
        return "Invalid URL"
    return None


def faults(component: str, version: tuple[int, int, int], given: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the schema of web or worker refuses: names and reasons."""
    found = [
        (name, "Invalid input: expected string, received undefined")
        for name in REQUIRED[component]
        if name not in given
    ]
    for name, rule in catalogue(version[0]).items():
        if name in given and rule["container"] in (component, "both"):
            fault = _fault(rule, given[name])
            if fault:
                found.append((name, fault))
    key = given.get("ENCRYPTION_KEY")
    if key is not None and len(key) != 64:
        found.append(
            (
                "ENCRYPTION_KEY",
                "ENCRYPTION_KEY must be 256 bits, 64 string characters in hex format, generate via: openssl rand -hex 32",
            )
        )
    return found


def migration_flags(version: tuple[int, int, int], given: Mapping[str, str]) -> dict[str, str]:
    """How this version writes; its defaults changed with version 4."""
    four = version[0] >= 4
    prefix = "LANGFUSE_MIGRATION_V4_"
    return {
        "write_mode": given.get(f"{prefix}WRITE_MODE", "events_only" if four else "legacy"),
        "otel": given.get(f"{prefix}NATIVE_OTEL_BEHAVIOUR", "direct" if four else "dual_write"),
        "preview": given.get(f"{prefix}ALLOW_PREVIEW_OPT_IN", "true" if four else "false"),
        "backfill": given.get("LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL", "true" if four else "false"),
    }


def _check_flags(component: str, flags: Mapping[str, str]) -> None:
    """The worker refuses combinations that would lose data."""
    if component != "worker":
        return
    mode = flags["write_mode"]
    if mode == "legacy" and flags["otel"] == "direct":
        raise SettingsError(
            "LANGFUSE_MIGRATION_V4_WRITE_MODE=legacy cannot be used with "
            "LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR=direct"
        )
    if mode == "events_only" and flags["otel"] == "dual_write":
        raise SettingsError(
            "LANGFUSE_MIGRATION_V4_WRITE_MODE=events_only cannot be used with "
            "LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR=dual_write"
        )
    if mode == "events_only" and flags["preview"] != "true":
        raise SettingsError(
            "LANGFUSE_MIGRATION_V4_WRITE_MODE=events_only needs LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN=true"
        )


def read() -> dict[str, str]:
    """The environment; an empty value is no value."""
    return {name: value for name, value in os.environ.items() if value != ""}


def load(component: str, version: tuple[int, int, int]) -> dict[str, str]:
    """The settings of a component, or SettingsError with everything that is wrong."""
    given = read()
    found = faults(component, version, given)
    if found:
        issues = ",\n".join(f"  {{ path: [ '{name}' ], message: {json.dumps(message)} }}" for name, message in found)
        raise SettingsError(f"❌ Invalid environment variables: [\n{issues}\n]\nError: Invalid environment variables")
    _check_flags(component, migration_flags(version, given))
    return given


def enabled(given: Mapping[str, str], name: str, default: bool = False) -> bool:
    """A boolean: the exact text true."""
    return given[name] == "true" if name in given else default
