# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a ClickHouse is ready for a version of Langfuse: what is asked, and the verdict on the answers.

Pure: whoever asks (HTTP from the controller, or clickhouse-client in a task) hands the lines of the answers in.
Facts: langfuse/langfuse v3.225.4 and v4.16.0, packages/shared/clickhouse; golang-migrate v4.19.1,
database/clickhouse/clickhouse.go (schema_migrations is append-only; its newest row by sequence is the state).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._langfuse import versions
from .schema_data import CHANGES, VIEWS

READY, UNREACHABLE, EMPTY, DIRTY = "ready", "unreachable", "empty", "dirty"
BEHIND, AHEAD, DAMAGED, UNSUITABLE = "behind", "ahead", "damaged", "unsuitable"
# Langfuse computes with the server's time
TIME_ZONES = ("UTC", "Etc/UTC")
MIGRATIONS_TABLE = "schema_migrations"


def statements(database: str) -> list[str]:
    """What has to be asked; each answers with lines of JSON that say in `reading` what they are."""
    name = "'" + database.replace("\\", "\\\\").replace("'", "\\'") + "'"
    quoted = "`" + database.replace("`", "``") + "`"
    return [
        "SELECT 'server' AS reading, version() AS server_version, timezone() AS timezone FORMAT JSONEachRow",
        "SELECT 'table' AS reading, table AS table_name, groupArray((name, type)) AS table_columns"
        f" FROM system.columns WHERE database = {name} GROUP BY table ORDER BY table FORMAT JSONEachRow",
        f"SELECT 'migration' AS reading, version, dirty FROM {quoted}.{MIGRATIONS_TABLE}"
        " ORDER BY sequence DESC LIMIT 1 FORMAT JSONEachRow",
    ]


def query(database: str) -> str:
    """The statements as one text for clickhouse-client."""
    return "; ".join(statements(database))


@dataclass
class Answers:
    """What ClickHouse said. version None: no migration ever ran."""

    server_version: str = ""
    timezone: str = ""
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    version: int | None = None
    dirty: bool = False
    error: str = ""


def parse(lines: Iterable[str]) -> Answers:
    """The answers among lines that can hold other things too, such as a client's errors."""
    answers = Answers()
    for line in lines:
        text = line.strip()
        if not text.startswith("{"):
            if not answers.error and text.startswith("Code:") and MIGRATIONS_TABLE not in text:
                answers.error = text
            continue
        try:
            reading = json.loads(text)
        except ValueError:
            continue
        kind = reading.get("reading") if isinstance(reading, dict) else None
        if kind == "server":
            answers.server_version, answers.timezone = reading["server_version"], reading["timezone"]
        elif kind == "table":
            answers.tables[reading["table_name"]] = dict(reading["table_columns"])
        elif kind == "migration":
            # 64-bit integers are quoted by some settings
            answers.version, answers.dirty = int(reading["version"]), bool(int(reading["dirty"]))
    return answers


def expected(head: int) -> dict[str, dict[str, str]]:
    """Tables and views with their columns after this migration."""
    tables: dict[str, dict[str, str]] = {}
    for number in sorted(CHANGES):
        if number > head:
            break
        added, dropped = CHANGES[number]
        for table, columns in added.items():
            tables.setdefault(table, {}).update(columns)
        for table in dropped:
            tables.pop(table, None)
    return tables


def reason(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "message": message, **details}


def _server(answers: Answers, release: versions.Version) -> list[dict[str, Any]]:
    reasons = []
    least = versions.LINES[release.major].clickhouse
    found = tuple(int(part) for part in answers.server_version.split(".")[:2])
    if found < least:
        wanted = ".".join(str(part) for part in least)
        reasons.append(
            reason(
                "server_too_old",
                f"ClickHouse {answers.server_version} is too old for Langfuse {release}; run {wanted} or newer.",
                wanted=wanted,
                found=answers.server_version,
            )
        )
    if answers.timezone not in TIME_ZONES:
        reasons.append(
            reason(
                "timezone",
                f"The server's time zone is {answers.timezone}; set <timezone>UTC</timezone> in its configuration.",
                wanted="UTC",
                found=answers.timezone,
            )
        )
    return reasons


def _migrations(answers: Answers, release: versions.Version, head: int) -> list[dict[str, Any]]:
    if answers.version is None:
        return [reason("empty", "No migration has run; run the migration of the web image.")]
    version = answers.version
    if answers.dirty:
        return [
            reason(
                "dirty",
                f"Migration {version} was begun and did not end; look at whether its change is there, force the version "
                f"to {version} or {version - 1} with golang-migrate, and migrate again.",
                version=version,
            )
        ]
    if version < head:
        return [
            reason(
                "behind",
                f"The schema is at migration {version}, Langfuse {release} needs {head}; migrate.",
                wanted=head,
                found=version,
            )
        ]
    newest = versions.parse(versions.NEWEST_READ[release.major])
    if version > head and newest is not None and release <= newest:
        return [
            reason(
                "ahead",
                f"The schema is at migration {version}, Langfuse {release} knows {head} of them; run the newer Langfuse, "
                "or restore ClickHouse from before it.",
                wanted=head,
                found=version,
            )
        ]
    return []


def _objects(answers: Answers, head: int) -> list[dict[str, Any]]:
    reasons = []
    for table, columns in expected(head).items():
        found = answers.tables.get(table)
        if found is None:
            reasons.append(reason("table_missing", f"There is no table {table}; restore it.", table=table))
            continue
        for column, wanted in columns.items():
            if column not in found:
                reasons.append(
                    reason(
                        "column_missing",
                        f"Table {table} has no column {column} ({wanted}); add it again.",
                        table=table,
                        column=column,
                        wanted=wanted,
                    )
                )
            elif found[column] != wanted and table not in VIEWS:
                reasons.append(
                    reason(
                        "column_type",
                        f"Column {column} of table {table} is {found[column]} instead of {wanted}; change it back.",
                        table=table,
                        column=column,
                        wanted=wanted,
                        found=found[column],
                    )
                )
    return reasons


def judge(answers: Answers, release: versions.Version) -> tuple[str, list[dict[str, Any]]]:
    """The verdict and every reason against readiness; the verdict is that of the reason that comes first."""
    if not answers.server_version:
        said = answers.error or "it did not answer"
        return UNREACHABLE, [reason("unreachable", f"ClickHouse cannot be asked: {said}")]
    head = versions.clickhouse_head(release)
    migrations = _migrations(answers, release, head)
    # Without the right migration, what is missing is no surprise.
    objects = _objects(answers, head) if not migrations else []
    server = _server(answers, release)
    if migrations:
        return migrations[0]["code"], migrations + server
    if objects:
        return DAMAGED, objects + server
    return (UNSUITABLE, server) if server else (READY, [])
