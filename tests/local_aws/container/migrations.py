# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the web image's entry point does to both databases before it serves.

ClickHouse: the migrations of the version, one by one, with the book-keeping of golang-migrate's ClickHouse driver. The
statements are made from data/clickhouse_migrations.json. Postgres: the few tables that the doubles use, with
Prisma's book-keeping; Langfuse's own schema is far larger. A database of version 2 (version_2.py) is migrated, too.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local_aws.container import settings, stores
from local_aws.container.stores import ClickHouse, ClickHouseError, StoreError

Columns = dict[str, str]
PARTITIONED_BY = ("timestamp", "start_time")
PARTITIONED = ("traces", "observations", "scores", "events_full", "events_core")
# The views' texts are not in the facts; these give the recorded columns and types from the same tables.
VIEWS = {
    "analytics_traces": """
        SELECT t.project_id AS project_id, toStartOfHour(t.timestamp) AS hour, uniq(t.id) AS countTraces,
            max(t.user_id IS NOT NULL) AS hasUsers, max(t.session_id IS NOT NULL) AS hasSessions,
            max(t.environment != 'default') AS hasEnvironments, max(length(t.tags) > 0) AS hasTags
        FROM traces AS t GROUP BY project_id, hour""",
    "analytics_observations": """
        SELECT o.project_id AS project_id, o.type AS type, toStartOfHour(o.start_time) AS hour,
            uniq(o.id) AS countObservations, max(o.level != 'DEFAULT') AS hasLevel,
            max(isNotNull(o.provided_model_name)) AS hasProvidedModelName,
            max(length(o.provided_usage_details) > 0) AS hasProvidedUsageDetails,
            max(length(o.provided_cost_details) > 0) AS hasProvidedCostDetails,
            max(isNotNull(o.prompt_name)) AS hasPromptName
        FROM observations AS o GROUP BY project_id, type, hour""",
    "analytics_scores": """
        SELECT s.project_id AS project_id, toStartOfHour(s.timestamp) AS hour, uniq(s.id) AS countScores,
            max(s.source = 'ANNOTATION') AS hasAnnotation, max(s.source = 'API') AS hasApi,
            max(s.source = 'EVAL') AS hasEval, max(isNotNull(s.observation_id)) AS hasObservationScore,
            max(isNotNull(s.session_id)) AS hasSessionScore, max(isNotNull(s.dataset_run_id)) AS hasDatasetRunScore,
            max(s.data_type = 'BOOLEAN') AS hasBoolScore, max(s.data_type = 'NUMERIC') AS hasNumericScore,
            max(s.data_type = 'CATEGORICAL') AS hasCategoricalScore, max(isNotNull(s.comment)) AS hasComment{more}
        FROM scores AS s GROUP BY project_id, hour""",
}
VIEW_COLUMNS = {
    "ingested_sdks": ", sumMap(map(toString(s.ingestion_sdk_name), toUInt64(1))) AS ingested_sdks",
}


class MigrationError(Exception):
    """The migration ended; its message is what the real tool prints."""


def head_of(version: tuple[int, int, int]) -> int:
    """The newest ClickHouse migration of a release."""
    head = 0
    for first, number in settings.data("clickhouse_migrations")["first_release_with_head"]:
        if settings.parse_version(first) <= version:
            head = int(number)
    if not head:
        raise MigrationError(f"Langfuse {'.'.join(map(str, version))} has no ClickHouse schema")
    return head


class Schema:
    """Makes the statements of a migration, and knows the columns as they are after it."""

    def __init__(self, cluster: str | None = None) -> None:
        self.columns: dict[str, Columns] = {}
        self.cluster = cluster
        self._unless_there = ""
        self._on_cluster = f" ON CLUSTER {cluster}" if cluster else ""

    def statements(self, changes: Mapping[str, Any], rerunnable: bool = True) -> Iterator[str]:
        """The statements of one migration; one that cannot run again stops at what is there."""
        self._unless_there = " IF NOT EXISTS" if rerunnable else ""
        added = changes.get("added", {})
        for name, table in sorted(added.items(), key=lambda item: item[1]["engine"] == "MaterializedView"):
            self.columns[name] = dict(table["columns"])
            yield self._create(name, table)
        grown = changes.get("columns_added", {})
        for name in sorted(grown, key=lambda each: each in VIEWS or each.endswith("_mv")):
            columns = grown[name]
            self.columns[name] |= columns
            yield from self._add(name, columns)
        for name, columns in changes.get("columns_changed", {}).items():
            self.columns[name] |= columns
            for column, kind in columns.items():
                yield f"ALTER TABLE {name}{self._on_cluster} MODIFY COLUMN `{column}` {kind}"
        for name in sorted(changes.get("dropped", ())):
            del self.columns[name]
            verb = "DROP VIEW" if name.endswith("_mv") else "DROP TABLE"
            yield f"{verb} IF EXISTS {name}{self._on_cluster}"

    def _create(self, name: str, table: Mapping[str, Any]) -> str:
        if table["engine"] == "View":
            return self._view(name)
        if table["engine"] == "MaterializedView":
            return self._materialized_view(name)
        columns = ", ".join(f"`{column}` {kind}" for column, kind in table["columns"].items())
        text = f"CREATE TABLE{self._unless_there} {name}{self._on_cluster} ({columns}) ENGINE = {self._engine(name, table)}"
        partition = next((column for column in PARTITIONED_BY if column in table["columns"]), None)
        if name in PARTITIONED and partition:
            text += f" PARTITION BY toYYYYMM({partition})"
        if table["sorting_key"]:
            text += f" ORDER BY ({table['sorting_key']})"
        return text

    def _engine(self, name: str, table: Mapping[str, Any]) -> str:
        engine = str(table["engine"])
        if self.cluster and engine.endswith("MergeTree") and name not in ("event_log", "dataset_run_items"):
            engine = f"Replicated{engine}"
        if engine.endswith("ReplacingMergeTree") and {"event_ts", "is_deleted"} <= set(table["columns"]):
            return f"{engine}(event_ts, is_deleted)"
        return engine

    def _view(self, name: str) -> str:
        more = "".join(text for column, text in VIEW_COLUMNS.items() if column in self.columns[name])
        text = re.sub(r"\s+", " ", VIEWS[name].format(more=more)).strip()
        columns = ", ".join(f"`{column}` {kind}" for column, kind in self.columns[name].items())
        return f"CREATE VIEW{self._unless_there} {name}{self._on_cluster} ({columns}) AS {text}"

    def _materialized_view(self, name: str) -> str:
        """A view that fills the table of its name: each column from the same column of its source."""
        columns = self.columns[name]
        source, target = name.removesuffix("_mv"), name.removesuffix("_mv")
        if name.startswith("project_environments_"):
            source, target = source.removeprefix("project_environments_"), "project_environments"
            selected = "s.project_id AS project_id, groupUniqArray(toString(s.environment)) AS environments"
            group = " GROUP BY project_id"
        elif source == "events_core":
            source = "events_full"
            selected = ", ".join(f"s.`{column}` AS `{column}`" for column in columns)
            group = ""
        else:
            source = "traces_null"
            selected = ", ".join(
                f"{_aggregate(column, self.columns[target][column])} AS `{column}`" for column in columns
            )
            group = " GROUP BY project_id, id"
        declared = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
        return (
            f"CREATE MATERIALIZED VIEW{self._unless_there} {name}{self._on_cluster} TO {target} ({declared}) AS "
            f"SELECT {selected} FROM {source} AS s{group}"
        )

    def _add(self, name: str, columns: Columns) -> Iterator[str]:
        if name in VIEWS:
            yield f"DROP VIEW IF EXISTS {name}{self._on_cluster}"
            yield self._view(name)
        elif name.endswith("_mv"):
            yield f"DROP VIEW IF EXISTS {name}{self._on_cluster}"
            yield self._materialized_view(name)
        else:
            for column, kind in columns.items():
                yield f"ALTER TABLE {name}{self._on_cluster} ADD COLUMN{self._unless_there} `{column}` {kind}"


def _aggregate(column: str, kind: str) -> str:
    found = re.match(r"(Simple)?AggregateFunction\((\w+),", kind)
    if not found:
        return f"s.`{column}`"
    source = "start_time" if column == "timestamp" else "end_time" if column == "end_time" else column
    if not found[1]:
        inner = kind.removeprefix("AggregateFunction(argMax, ").rsplit(", ", 1)[0]
        return f"argMaxState(CAST(s.`{column}` AS {inner}), s.event_ts)"
    return f"{found[2]}(s.`{source}`)"


class ClickHouseMigration:
    """golang-migrate's `up` with its ClickHouse driver: no lock, two rows for each migration, the newest row counts."""

    def __init__(self, client: ClickHouse, head: int, cluster: str | None = None) -> None:
        self.client = client
        self.head = head
        self.schema = Schema(cluster)
        self.cluster = cluster
        self.sequence = 0

    def state(self) -> tuple[int, bool]:
        """The number reached, and whether the last migration is unfinished; -1 in an empty database."""
        rows = self.client.rows("SELECT version, dirty FROM schema_migrations ORDER BY sequence DESC LIMIT 1")
        return (int(rows[0]["version"]), bool(rows[0]["dirty"])) if rows else (-1, False)

    def _record(self, version: int, dirty: bool) -> None:
        self.sequence = max(time.time_ns(), self.sequence + 1)
        self.client.execute(
            f"INSERT INTO schema_migrations (version, dirty, sequence) VALUES ({version}, {int(dirty)}, {self.sequence})"
        )

    def _prepare(self) -> None:
        on_cluster = f" ON CLUSTER {self.cluster}" if self.cluster else ""
        engine = "ReplicatedMergeTree" if self.cluster else "MergeTree"
        self.client.execute(
            f"CREATE TABLE IF NOT EXISTS schema_migrations{on_cluster} (version Int64, dirty UInt8, sequence UInt64) "
            f"ENGINE = {engine} ORDER BY sequence"
        )

    def files(self) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
        """Each migration up to the head with its statements."""
        for migration in settings.data("clickhouse_migrations")["migrations"][: self.head]:
            yield migration, list(self.schema.statements(migration["changes"], migration["rerunnable"]))

    def interrupt(self, number: int, share: float) -> None:
        """As a migration that is killed leaves the database: marked dirty, with a share of its statements done."""
        self._prepare()
        *_, (migration, statements) = ((each, texts) for each, texts in self.files() if each["version"] <= number)
        self._record(migration["version"], True)
        for statement in statements[: int(len(statements) * share)]:
            self.client.execute(statement)

    def run(self) -> None:
        """Apply what is missing."""
        try:
            self._prepare()
            reached, dirty = self.state()
        except StoreError as error:
            raise MigrationError(f"error: failed to open database, {error}") from error
        if dirty:
            raise MigrationError(f"error: Dirty database version {reached}. Fix and force version.")
        if reached > self.head:
            raise MigrationError(
                f"error: no migration found for version {reached}: read down for version {reached} "
                "clickhouse/migrations/unclustered: file does not exist"
            )
        for migration, statements in self.files():
            if migration["version"] > reached:
                self._apply(migration, statements)
        if reached == self.head:
            print("no change", file=sys.stderr)

    def _apply(self, migration: Mapping[str, Any], statements: list[str]) -> None:
        started = time.monotonic()
        version = int(migration["version"])
        try:
            self._record(version, True)
            for statement in statements:
                self.client.execute(statement)
            self._record(version, False)
        except StoreError as error:
            raise MigrationError(
                f"error: migration failed in line 0: {migration['name']} (details: {error})"
            ) from error
        milliseconds = (time.monotonic() - started) * 1000
        print(f"{version}/u {migration['name']} ({milliseconds:.6f}ms)", file=sys.stderr, flush=True)


def clickhouse(given: Mapping[str, str], version: tuple[int, int, int]) -> None:
    """packages/shared/clickhouse/scripts/up.sh."""
    needed = ("CLICKHOUSE_URL", "CLICKHOUSE_MIGRATION_URL", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD")
    for name in needed:
        if name not in given:
            raise MigrationError(f"Error: {name} is not set.")
    clustered = given.get("CLICKHOUSE_CLUSTER_ENABLED") != "false"
    secure = given.get("CLICKHOUSE_MIGRATION_SSL") == "true"
    # The script puts everything into the address as it is; what the address then means is the driver's affair.
    address = (
        f"{given['CLICKHOUSE_MIGRATION_URL']}?username={given['CLICKHOUSE_USER']}&password={given['CLICKHOUSE_PASSWORD']}"
        f"&database={given.get('CLICKHOUSE_DB', 'default')}&x-multi-statement=true"
        + ("&secure=true&skip_verify=true" if secure else "")
    )
    parts = urlsplit(address)
    if parts.scheme != "clickhouse":
        raise MigrationError(
            f"error: failed to open database: unknown driver {parts.scheme or address.partition(':')[0]} (forgotten import?)"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        client = ClickHouse(
            f"{'clickhouses' if 'secure' in options else 'clickhouse'}://{parts.netloc}",
            options.get("username", "default"),
            options.get("password", ""),
            options.get("database", "default"),
            verify=False,
        )
    except (StoreError, ValueError) as error:
        raise MigrationError(f"error: failed to open database: {error}") from error
    # Langfuse's files hold the cluster's name literally.
    ClickHouseMigration(client, head_of(version), "default" if clustered else None).run()


# -- Postgres ---------------------------------------------------------------------------------------------------------

ADVISORY_LOCK = 72707369
BOOK_KEEPING = """
    CREATE TABLE IF NOT EXISTS _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
        finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
        started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)
"""
POSTGRES_MIGRATIONS = {
    # A database of version 2 has these tables, and lacks some columns.
    "00000000000001_double_identity": """
        CREATE TABLE IF NOT EXISTS organizations (id text PRIMARY KEY, name text NOT NULL,
            created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS projects (id text PRIMARY KEY, org_id text NOT NULL REFERENCES organizations ON DELETE CASCADE,
            name text NOT NULL, created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS api_keys (id text PRIMARY KEY, project_id text REFERENCES projects ON DELETE CASCADE, note text,
            public_key text NOT NULL UNIQUE, hashed_secret_key text NOT NULL UNIQUE,
            fast_hashed_secret_key text UNIQUE, display_secret_key text NOT NULL, last_used_at timestamp(3),
            expires_at timestamp(3), created_at timestamp(3) NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS users (id text PRIMARY KEY, email text UNIQUE, name text, password text,
            admin boolean NOT NULL DEFAULT false, created_at timestamp(3) NOT NULL DEFAULT now(),
            updated_at timestamp(3) NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS organization_memberships (id text PRIMARY KEY,
            org_id text NOT NULL REFERENCES organizations ON DELETE CASCADE,
            user_id text NOT NULL REFERENCES users ON DELETE CASCADE, role text NOT NULL, UNIQUE (org_id, user_id));
        CREATE TABLE IF NOT EXISTS llm_api_keys (id text PRIMARY KEY, project_id text NOT NULL REFERENCES projects ON DELETE CASCADE,
            provider text NOT NULL, secret_key text NOT NULL);
        CREATE TABLE IF NOT EXISTS posthog_integrations (project_id text PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
            encrypted_posthog_api_key text NOT NULL);
        ALTER TABLE organizations ADD metadata jsonb;
        ALTER TABLE projects ADD retention_days integer, ADD metadata jsonb;
    """,
    "00000000000002_double_background_migrations": """
        CREATE TABLE IF NOT EXISTS background_migrations (id text PRIMARY KEY, name text NOT NULL UNIQUE, script text NOT NULL,
            args jsonb NOT NULL, state jsonb NOT NULL DEFAULT '{}', finished_at timestamp(3), failed_at timestamp(3),
            failed_reason text, worker_id text, locked_at timestamp(3));
    """,
    "00000000000003_double_organization_keys": """
        ALTER TABLE api_keys ALTER project_id DROP NOT NULL,
            ADD organization_id text REFERENCES organizations ON DELETE CASCADE, ADD scope text NOT NULL DEFAULT 'PROJECT';
    """,
    # Where version 2 kept what is in ClickHouse since version 3. No foreign keys, and text for enumerations.
    "00000000000004_double_tables_of_version_2": """
        CREATE TABLE IF NOT EXISTS prompts (id text PRIMARY KEY, project_id text NOT NULL, name text NOT NULL, version integer NOT NULL);
        CREATE TABLE IF NOT EXISTS traces (id text PRIMARY KEY, external_id text, timestamp timestamp(3) NOT NULL DEFAULT now(),
            name text, user_id text, metadata jsonb, release text, version text, project_id text NOT NULL,
            public boolean NOT NULL DEFAULT false, bookmarked boolean NOT NULL DEFAULT false, tags text[] DEFAULT '{}',
            input jsonb, output jsonb, session_id text, created_at timestamp(3) NOT NULL DEFAULT now(),
            updated_at timestamp(3) NOT NULL DEFAULT now());
        CREATE INDEX IF NOT EXISTS traces_created_at_idx ON traces (created_at);
        CREATE TABLE IF NOT EXISTS observations (id text PRIMARY KEY, trace_id text, project_id text NOT NULL, type text NOT NULL,
            start_time timestamp(3) NOT NULL DEFAULT now(), end_time timestamp(3), name text, metadata jsonb,
            parent_observation_id text, level text NOT NULL DEFAULT 'DEFAULT', status_message text, version text,
            created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now(),
            model text, internal_model text, internal_model_id text, "modelParameters" jsonb, input jsonb, output jsonb,
            prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
            total_tokens integer NOT NULL DEFAULT 0, unit text, input_cost numeric(65,30), output_cost numeric(65,30),
            total_cost numeric(65,30), calculated_input_cost numeric(65,30), calculated_output_cost numeric(65,30),
            calculated_total_cost numeric(65,30), completion_start_time timestamp(3), prompt_id text);
        CREATE INDEX IF NOT EXISTS observations_created_at_idx ON observations (created_at);
        CREATE TABLE IF NOT EXISTS scores (id text PRIMARY KEY, timestamp timestamp(3) NOT NULL DEFAULT now(), project_id text NOT NULL,
            name text NOT NULL, value double precision, source text NOT NULL, author_user_id text, comment text,
            trace_id text NOT NULL, observation_id text, config_id text, string_value text, queue_id text,
            created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now(),
            data_type text NOT NULL DEFAULT 'NUMERIC');
        CREATE INDEX IF NOT EXISTS scores_created_at_idx ON scores (created_at);
    """,
}
# Langfuse's own, by their names, with the first release that has them: what tells a database's version, and what takes away from it.
LANGFUSE_MIGRATIONS: tuple[tuple[tuple[int, int, int], str, str], ...] = (
    ((3, 0, 0), "20241124115100_add_projects_deleted_at", "ALTER TABLE projects ADD deleted_at timestamp(3)"),
    (
        (3, 29, 1),
        "20250221143400_drop_trace_view_observation_view",
        "DROP VIEW IF EXISTS observations_view; DROP VIEW IF EXISTS traces_view",
    ),
    (
        (4, 0, 0),
        "20260723150000_drop_legacy_tracing_tables",
        "DROP TABLE IF EXISTS traces; DROP TABLE IF EXISTS observations; DROP TABLE IF EXISTS scores;"
        " DELETE FROM background_migrations WHERE name IN ('20241024_1216_add_generations_cost_backfill',"
        " '20241024_1730_migrate_traces_from_pg_to_ch', '20241024_1737_migrate_observations_from_pg_to_ch',"
        " '20241024_1738_migrate_scores_from_pg_to_ch')",
    ),
)
# Langfuse's rows with their scripts, from the first to (not including) the last release that has them: those that move version 2's data,
# and since July 2026 those of version 4 behind a gate.
NEVER = (99, 0, 0)
BACKGROUND_MIGRATIONS: tuple[tuple[str, str, tuple[int, int, int], tuple[int, int, int]], ...] = (
    ("20241024_1216_add_generations_cost_backfill", "addGenerationsCostBackfill", (2, 87, 0), (4, 0, 0)),
    ("20241024_1730_migrate_traces_from_pg_to_ch", "migrateTracesFromPostgresToClickhouse", (2, 87, 0), (4, 0, 0)),
    (
        "20241024_1737_migrate_observations_from_pg_to_ch",
        "migrateObservationsFromPostgresToClickhouse",
        (2, 87, 0),
        (4, 0, 0),
    ),
    ("20241024_1738_migrate_scores_from_pg_to_ch", "migrateScoresFromPostgresToClickhouse", (2, 87, 0), (4, 0, 0)),
    ("20250417_1737_migrate_event_log_to_blob_storage", "migrateEventLogToBlobStorageRefTable", (3, 53, 0), (4, 0, 0)),
    ("20250711_1347_patch_llm_tool_schema_audit_logs", "patchLLMToolAndLLLMSchemaAuditLogs", (3, 81, 0), NEVER),
)
GATED_SINCE = (3, 203, 0)
BACKFILL = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"
GATED = {
    "20260701_v4_step_1_create_root_spans_from_traces": BACKFILL,
    "20260701_v4_step_2_rewrite_observations_to_pid_tid_sorting": BACKFILL,
    "20260701_v4_step_3_backfill_events_full_from_observations": BACKFILL,
    "20260701_v4_step_4_backfill_events_full_from_dataset_run_items": BACKFILL,
    "20260701_v4_step_5_drop_pid_tid_sorting_tables": "LANGFUSE_BACKGROUND_MIGRATION_V4_DROP_PID_TID_SORTING_TABLES",
}


def _known_error(url: str, error: StoreError) -> str:
    """Prisma's words for what went wrong."""
    if isinstance(error, stores.InvalidDatabaseUrl):
        return f"Error: P1013: {error}"
    parts = urlsplit(url)
    text = str(error)
    if "password authentication failed" in text:
        return (
            f"Error: P1000: Authentication failed against database server, the provided database credentials for "
            f"`{parts.username}` are not valid."
        )
    if "does not exist" in text:
        return f"Error: P1003: Database `{parts.path.lstrip('/')}` does not exist on the database server. ({text})"
    if "no pg_hba.conf entry" in text:
        return f"Error: P1010: User was denied access on the database. ({text})"
    return f"Error: P1001: Can't reach database server at `{parts.hostname}:{parts.port or 5432}` ({text})"


def postgres(url: str, version: tuple[int, int, int]) -> None:
    """prisma migrate deploy."""
    import psycopg

    try:
        connection = stores.database(url)
    except StoreError as error:
        raise MigrationError(_known_error(url, error)) from error
    with connection:
        try:
            _deploy(connection, version)
        except psycopg.Error as error:
            raise MigrationError(f"Error: P3018: A migration failed to apply. Database error: {error}") from error


def _deploy(connection: Any, version: tuple[int, int, int]) -> None:
    connection.execute("SET lock_timeout = '10s'")
    connection.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
    connection.execute(BOOK_KEEPING)
    rows = connection.execute(
        "SELECT migration_name, finished_at IS NOT NULL FROM _prisma_migrations WHERE rolled_back_at IS NULL"
    ).fetchall()
    failed = sorted(name for name, finished in rows if not finished)
    if failed:
        raise MigrationError(
            "Error: P3009\n\nmigrate found failed migrations in the target database, new migrations will not be applied. "
            "Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n"
            f"The `{failed[0]}` migration failed"
        )
    applied = {name for name, _finished in rows}
    found = POSTGRES_MIGRATIONS | {name: text for since, name, text in LANGFUSE_MIGRATIONS if since <= version}
    print(f"{len(found)} migrations found in prisma/migrations", flush=True)
    for name, text in found.items():
        if name in applied:
            continue
        row = str(uuid.uuid4())
        connection.execute(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (%s, %s, %s)",
            (row, hashlib.sha256(text.encode()).hexdigest(), name),
        )
        print(f"Applying migration `{name}`", flush=True)
        with connection.transaction():
            connection.execute(text)
            connection.execute(
                "UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = %s", (row,)
            )
    # What a migration has put there or taken away, an older release does not undo.
    background_rows(connection, max(version, (4, 0, 0)) if LANGFUSE_MIGRATIONS[-1][1] in applied else version)
    connection.execute("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
    print("All migrations have been successfully applied." if applied == set() else "Done.", flush=True)


def background_rows(connection: Any, version: tuple[int, int, int]) -> None:
    """The rows that a release's migrations have put into background_migrations."""
    rows = [(name, script, "{}") for name, script, since, until in BACKGROUND_MIGRATIONS if since <= version < until]
    if version >= GATED_SINCE:
        rows += [(name, name.partition("_")[2], f'{{"envGate": "{gate}"}}') for name, gate in GATED.items()]
    for name, script, arguments in rows:
        connection.execute(
            "INSERT INTO background_migrations (id, name, script, args) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            (str(uuid.uuid4()), name, script, arguments),
        )


__all__ = ["ClickHouseError", "ClickHouseMigration", "MigrationError", "Schema", "clickhouse", "head_of", "postgres"]
