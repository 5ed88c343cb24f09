# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S608 - the statements are made of constants, and of ids that are escaped
"""A database of Langfuse 2 on its way to Langfuse 3: what it is asked, and what the answers mean.

Pure: whoever asks (the RDS Data API or psycopg from the controller, or psql and clickhouse-client in tasks inside the VPC) hands in
the lines that came. Every statement answers with lines of JSON, in which `reading` says what the line is about.

Sources: langfuse/langfuse, packages/shared/prisma/migrations at v2.92.0, v2.95.12, v3.0.0, v3.29.0, v3.29.1, v3.225.4 and v4.0.0;
worker/src/backgroundMigrations/migrate*FromPostgresToClickhouse.ts at v3.225.4; langfuse.com/self-hosting/upgrade/upgrade-guides/
upgrade-v2-to-v3.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import background_migrations, versions
from .versions import Version

# The guide wants "ideally a version later than v2.92.0". The last schema change before it is of v2.91.0, and the next of v2.93.0.
SCHEMA_2_92 = "20241114175010_job_executions_add_observation_dataset_item_cols"
SCHEMA_3 = "20241124115100_add_projects_deleted_at"
# v3.29.1: traces_view and observations_view go, from which version 2 reads. So v3.29.0 is the last that can run beside it.
SCHEMA_3_29_1 = "20250221143400_drop_trace_view_observation_view"
BESIDE_LAST = Version(3, 29, 0)
# v4.0.0: the tables go from which the background migrations read.
SCHEMA_4 = "20260723150000_drop_legacy_tracing_tables"
KNOWN = (SCHEMA_2_92, SCHEMA_3, SCHEMA_3_29_1, SCHEMA_4)

# What moves into ClickHouse, and the background migration that moves it.
TABLES = {
    "traces": "20241024_1730_migrate_traces_from_pg_to_ch",
    "observations": "20241024_1737_migrate_observations_from_pg_to_ch",
    "scores": "20241024_1738_migrate_scores_from_pg_to_ch",
}
# The four that belong to the move; the first fills in costs in Postgres.
DATA_MIGRATIONS = ("20241024_1216_add_generations_cost_backfill", *TABLES.values())
# Each goes by created_at, from the newest row on, a batch at a time. Without args.batchSize:
BATCH = 1000
# How long version 2 must not have written anything before its data may move.
QUIET_SECONDS = 60

BESIDE, MOVED = "v2", "moved"


def _json(reading: str, **items: str) -> str:
    pairs = "".join(f", '{name}', {expression}" for name, expression in items.items())
    return f"json_build_object('reading', '{reading}'{pairs})::text AS line"


def _names(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _table(name: str) -> str:
    # Version 2 has an index on created_at, so this is quick also where the table is large; the number of rows is Postgres' estimate.
    newest = f"(SELECT max(created_at) FROM {name})"
    return "SELECT " + _json(
        "table",
        name=f"'{name}'",
        rows=f"(SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{name}'::regclass)",
        newest=f"(SELECT id FROM {name} ORDER BY created_at DESC, id LIMIT 1)",
        oldest=f"(SELECT id FROM {name} ORDER BY created_at, id LIMIT 1)",
        age=f"extract(epoch FROM (now() AT TIME ZONE 'UTC') - {newest})::bigint",
        tied=f"(SELECT count(*) FROM {name} WHERE created_at = (SELECT min(created_at) FROM {name}))",
    )


def _months(name: str) -> str:
    counted = f"SELECT to_char(created_at, 'YYYY-MM') AS month, count(*) AS rows FROM {name} GROUP BY 1"
    line = _json("months", name=f"'{name}'", items="coalesce(json_object_agg(month, rows), '{}'::json)")
    return f"SELECT {line} FROM ({counted}) AS m"


def statements(count_rows: bool = False) -> list[str]:
    """All that Postgres is asked. Each stands alone: one that fails, as a table is not there, leaves the others their answers.

    :param count_rows: also count the rows of each month, which reads the tables whole.
    """
    schema = _json(
        "schema",
        applied="count(*) FILTER (WHERE finished_at IS NOT NULL)",
        unfinished="coalesce(json_agg(migration_name) FILTER (WHERE finished_at IS NULL), '[]'::json)",
        known=f"coalesce(json_agg(migration_name) FILTER (WHERE migration_name IN ({_names(KNOWN)})), '[]'::json)",
    )
    server = _json(
        "server",
        number="current_setting('server_version_num')::integer",
        version="current_setting('server_version')",
        timezone="current_setting('TimeZone')",
    )
    encrypted = "(SELECT count(*) FROM llm_api_keys) + (SELECT count(*) FROM posthog_integrations)"
    return [
        f"SELECT {server}",
        f"SELECT {schema} FROM _prisma_migrations WHERE rolled_back_at IS NULL",
        f"SELECT {_json('keys', api_keys='(SELECT count(*) FROM api_keys)', encrypted=encrypted)}",
        *map(_table, TABLES),
        *(map(_months, TABLES) if count_rows else ()),
        f"SELECT {_json('background', row='row_to_json(r)')} FROM ({' '.join(background_migrations.READ.split())}) AS r",
        # Tells that the log was read to its end, and lets psql end well.
        f"SELECT {_json('end')}",
    ]


@dataclass
class Table:
    """One table of version 2: Postgres' estimate of its rows, the ids of both ends, and the seconds since its newest row."""

    rows: int = 0
    newest: str = ""
    oldest: str = ""
    age: int | None = None
    tied: int = 0
    months: dict[str, int] | None = None


@dataclass
class Answers:
    """What Postgres said; what it did not say has its empty value."""

    server: str = ""
    server_number: int = 0
    timezone: str = ""
    schema: frozenset[str] | None = None
    unfinished: list[str] = field(default_factory=list)
    api_keys: int = 0
    encrypted: int = 0
    tables: dict[str, Table] = field(default_factory=dict)
    background: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False

    @property
    def is_langfuse(self) -> bool:
        return (self.schema is not None and "traces" in self.tables) or self.has(SCHEMA_4)

    def has(self, migration: str) -> bool:
        return self.schema is not None and migration in self.schema


def lines_of(output: Iterable[str]) -> list[dict[str, Any]]:
    """The lines of JSON in what a task printed; what else there is, such as errors, is passed over."""
    found = []
    for line in output:
        if line.lstrip().startswith("{"):
            try:
                read = json.loads(line)
            except ValueError:
                continue
            if "reading" in read:
                found.append(read)
    return found


def _take_months(answers: Answers, line: Mapping[str, Any]) -> None:
    answers.tables.setdefault(line["name"], Table()).months = {
        month: int(rows) for month, rows in line["items"].items()
    }


def parse(lines: Iterable[Mapping[str, Any]]) -> Answers:
    """The answers in the lines."""
    answers = Answers()
    for line in lines:
        kind = line["reading"]
        if kind == "server":
            answers.server, answers.server_number = line["version"], int(line["number"])
            answers.timezone = line["timezone"]
        elif kind == "schema":
            answers.schema, answers.unfinished = frozenset(line["known"]), list(line["unfinished"])
        elif kind == "keys":
            answers.api_keys, answers.encrypted = int(line["api_keys"]), int(line["encrypted"])
        elif kind == "table":
            answers.tables[line["name"]] = Table(
                int(line["rows"] or 0), line["newest"] or "", line["oldest"] or "", line["age"], int(line["tied"])
            )
        elif kind == "months":
            _take_months(answers, line)
        elif kind == "background":
            answers.background.append(line["row"])
        elif kind == "end":
            answers.complete = True
    return answers


# -- what stands against it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What is to be done with the database.

    traffic: `v2` while version 2 still gets the traffic, `moved` after. shared: whether version 2 works with this very database,
    and not with one that it was copied from. secrets: keys whose value of version 2 the environment has.
    """

    release: Version
    traffic: str = BESIDE
    shared: bool = True
    secrets: frozenset[str] = frozenset()


def _reason(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def release_fault(wanted: Wanted) -> tuple[str, str, str] | None:
    """What the release alone tells, before anybody asks the database: code, problem and what to set."""
    if wanted.release.major != 3:
        return (
            "version",
            f"the way from Langfuse 2 goes through Langfuse 3, and {wanted.release} is none: version 4 drops traces, observations and"
            " scores of Postgres before they have moved to ClickHouse",
            f"set {versions.NEWEST_READ[3]}, or {BESIDE_LAST} while version 2 still runs on the same database, and upgrade after",
        )
    if wanted.traffic == BESIDE and wanted.shared and wanted.release > BESIDE_LAST:
        return (
            "version_beside",
            f"{wanted.release} drops views that Langfuse 2 reads, and version 2 still works with the same database",
            f"set {BESIDE_LAST} until the traffic has moved, or stop version 2 and set langfuse_v2_traffic to moved",
        )
    return None


def release_reasons(wanted: Wanted) -> list[dict[str, str]]:
    """The same as reasons."""
    fault = release_fault(wanted)
    return [_reason(fault[0], f"langfuse_version: {fault[1]}; {fault[2]}.")] if fault else []


def _schema_reasons(answers: Answers) -> list[dict[str, str]]:
    if answers.has(SCHEMA_4):
        message = "Langfuse 4 has migrated this database and dropped version 2's tables; restore the backup of before, and begin anew."
        return [_reason("dropped", message)]
    if not answers.is_langfuse:
        message = (
            "The database has no _prisma_migrations with the tables of Langfuse, so it is none of Langfuse 2; see that host and"
            " database are version 2's (the last parts of its DATABASE_URL), and that the user may read them."
        )
        return [_reason("not_langfuse", message)]
    found = []
    if not answers.has(SCHEMA_2_92):
        message = (
            "The database is of a Langfuse older than 2.92, from which no way to version 3 is tested; upgrade version 2 to"
            " langfuse/langfuse:2 first, which needs nothing new."
        )
        found.append(_reason("too_old", message))
    if answers.unfinished:
        message = (
            f"The migration {', '.join(answers.unfinished)} of Postgres did not end, so Prisma will refuse the next ones; resolve it"
            " (https://pris.ly/d/migrate-resolve)."
        )
        found.append(_reason("unfinished", message))
    return found


def _server_reasons(answers: Answers) -> list[dict[str, str]]:
    found = []
    least = versions.LINES[3].postgres[0]
    if answers.server_number // 10000 < least:
        message = f"PostgreSQL is {answers.server}, but Langfuse 3 needs {least} or newer; upgrade it first."
        found.append(_reason("postgres_too_old", message))
    if answers.timezone not in ("UTC", "Etc/UTC", "GMT"):
        message = (
            f"PostgreSQL's time zone is {answers.timezone}, but Langfuse needs UTC; set the parameter timezone to UTC."
        )
        found.append(_reason("timezone", message))
    return found


def _secret_reasons(answers: Answers, wanted: Wanted) -> list[dict[str, str]]:
    found = []
    if answers.api_keys and "SALT" not in wanted.secrets:
        message = (
            f"SALT is not in secrets_adopt, but the database has {answers.api_keys} API keys hashed with version 2's: with another one"
            " each key takes the slow way, and slows version 2 down in turn; name where version 2's is, before the secret is made."
        )
        found.append(_reason("salt", message))
    if answers.encrypted and "ENCRYPTION_KEY" not in wanted.secrets:
        message = (
            f"ENCRYPTION_KEY is not in secrets_adopt, but the database has {answers.encrypted} LLM connections and integrations"
            " encrypted with version 2's, which no other key opens; name where version 2's is, before the secret is made."
        )
        found.append(_reason("encryption_key", message))
    return found


def moving(answers: Answers) -> bool:
    """Whether the data has begun to move, or has moved."""
    return any(
        row["name"] in TABLES.values() and (row["finished_at"] or row["worker_id"]) for row in answers.background
    )


def _quiet_reasons(answers: Answers, wanted: Wanted) -> list[dict[str, str]]:
    """What version 2 writes after the move began stays behind (langfuse issue 5776)."""
    if wanted.traffic != MOVED or moving(answers):
        return []
    ages = {name: table.age for name, table in answers.tables.items() if table.age is not None}
    if not ages or min(ages.values()) >= QUIET_SECONDS:
        return []
    name, age = min(ages.items(), key=lambda item: item[1])
    message = (
        f"langfuse_v2_traffic is moved, but a row came into Postgres' {name} {age} seconds ago, so version 2 still writes; stop it, and"
        f" run again {QUIET_SECONDS} seconds later."
    )
    return [_reason("still_written", message)]


def batch_of(answers: Answers, migration: str) -> int:
    """How many rows a background migration takes at a time."""
    for row in answers.background:
        if row["name"] == migration:
            return int(json.loads(row["args"] or "{}").get("batchSize") or BATCH)
    return BATCH


def _tie_reasons(answers: Answers) -> list[dict[str, str]]:
    """Rows that are alike in created_at and fill a batch hold the migration up for ever (langfuse issue 7117)."""
    found = []
    finished = {row["name"] for row in answers.background if row["finished_at"]}
    for name, table in answers.tables.items():
        migration = TABLES[name]
        if migration not in finished and table.tied >= batch_of(answers, migration):
            message = (
                f"{table.tied} rows of {name} have one created_at (those from before it had the column), which is a whole batch of"
                f" {migration} or more, and it would never get past them; give it a larger one, UPDATE background_migrations SET args ="
                f" jsonb_build_object('batchSize', {table.tied + BATCH}) WHERE name = '{migration}'."
            )
            found.append(_reason("batch", message))
    return found


def judge(answers: Answers, wanted: Wanted) -> list[dict[str, str]]:
    """All that stands against going on, and nothing where Langfuse 3 may migrate the database."""
    found = release_reasons(wanted)
    if not answers.server:
        message = (
            "PostgreSQL gave no answer; see that its security group lets the environment's worker in on its port, and that host,"
            " user and password are version 2's."
        )
        return [*found, _reason("unreachable", message)]
    if not answers.complete:
        return [*found, _reason("incomplete", "PostgreSQL's answer was cut off; run again.")]
    schema = _schema_reasons(answers)
    found += _server_reasons(answers) + schema
    if any(reason["code"] in ("dropped", "not_langfuse") for reason in schema):
        return found
    return found + _secret_reasons(answers, wanted) + _quiet_reasons(answers, wanted) + _tie_reasons(answers)


def notices(wanted: Wanted) -> list[str]:
    """What deserves a word and stops nothing."""
    if "NEXTAUTH_SECRET" in wanted.secrets:
        return []
    return ["NEXTAUTH_SECRET is not in secrets_adopt, so everybody has to sign in again after the move."]


# -- on the way ----------------------------------------------------------------------------------------------------------------

RETRY_FAILED = (
    "UPDATE background_migrations SET state = '{{}}', failed_at = NULL, failed_reason = NULL"
    " WHERE name IN ({}) AND failed_at IS NOT NULL"
)


def retry_statement(found: Iterable[background_migrations.Migration]) -> str:
    """Lets those of the move that failed begin anew, as the button of Langfuse's UI does; "" where none failed.

    They can: each writes the same rows into tables of ClickHouse that keep one of those with the same id.
    """
    failed = [
        each.name for each in found if each.status == background_migrations.FAILED and each.name in DATA_MIGRATIONS
    ]
    return RETRY_FAILED.format(_names(failed)) if failed else ""


def progress(found: Iterable[background_migrations.Migration]) -> list[str]:
    """How far each migration of the move is, in words."""
    words = []
    for each in found:
        if each.name in DATA_MIGRATIONS:
            date = each.state.get("maxDate")
            reached = f", back to {date}" if date and each.status != background_migrations.FINISHED else ""
            words.append(f"{each.name}: {each.status}{reached}")
    return words


# -- the proof ------------------------------------------------------------------------------------------------------------------


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def clickhouse_query(answers: Answers) -> str:
    """What ClickHouse is asked for the proof, for clickhouse-client --multiquery; empty where Postgres told nothing."""
    parts = []
    for name, table in answers.tables.items():
        ends = ", ".join(_literal(end) for end in (table.newest, table.oldest))
        parts.append(
            f"SELECT 'moved' AS reading, '{name}' AS name, groupArray([month, toString(n)]) AS items,"
            f" (SELECT groupUniqArray(id) FROM {name} WHERE id IN ({ends})) AS found FROM (SELECT"
            f" formatDateTime(created_at, '%Y-%m') AS month, uniqExact(project_id, id) AS n FROM {name} GROUP BY month)"
            " FORMAT JSONEachRow"
        )
    return "; ".join(parts)


def _compare(name: str, table: Table, line: Mapping[str, Any] | None) -> list[str]:
    """What of one table is not in ClickHouse."""
    if line is None:
        return [f"ClickHouse did not tell what it has of {name}; see the task's log."]
    there = {str(month): int(rows) for month, rows in line["items"]}
    again = f"or else let {TABLES[name]} run once more (docs/migrating_from_v2.md, What can go wrong), and run the playbook again."
    found = []
    missing = {
        month: rows - there.get(month, 0)
        for month, rows in sorted((table.months or {}).items())
        if there.get(month, 0) < rows
    }
    if missing:
        months = ", ".join(f"{rows} of {month}" for month, rows in missing.items())
        found.append(
            f"ClickHouse lacks rows of {name} that Postgres has ({months}): were they deleted since, it is right; {again}"
        )
    ends = {"newest": table.newest, "oldest": table.oldest}
    lost = [f"{which} {end}" for which, end in ends.items() if end and end not in line["found"]]
    if lost:
        found.append(f"ClickHouse lacks the {' and the '.join(lost)} of {name}: {again.removeprefix('or else ')}")
    return found


def prove(answers: Answers, lines: Iterable[Mapping[str, Any]]) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Rows of each table in Postgres and in ClickHouse, and what is missing there."""
    moved = {line["name"]: line for line in lines if line["reading"] == "moved"}
    counts, found = {}, []
    for name, table in answers.tables.items():
        found += _compare(name, table, moved.get(name))
        counts[name] = {
            "postgres": sum((table.months or {}).values()),
            "clickhouse": sum(int(rows) for _month, rows in moved.get(name, {"items": ()})["items"]),
        }
    return counts, found
