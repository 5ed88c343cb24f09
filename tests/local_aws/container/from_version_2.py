# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of the background migrations that move version 2's rows from Postgres to ClickHouse.

They do what worker/src/backgroundMigrations/migrate{Traces,Observations,Scores}FromPostgresToClickhouse.ts and
addGenerationsCostBackfill.ts of v3.225.4 do: from the newest created_at on, `args.batchSize` rows at a time, the place reached kept in
`state.maxDate`, so that one that was interrupted goes on from there. With their faults: what is written after the start stays behind
(langfuse issue 5776), and a whole batch of one created_at is never got past (7117), which ends here only with the worker.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_aws.container.worker import Worker

Row = dict[str, Any]
BATCH = 1000
ATTEMPTS = 5
SECONDS = 10.0

COLUMNS = {
    "traces": "id, timestamp, name, user_id, metadata, release, version, project_id, public, bookmarked, tags, input, output,"
    " session_id, created_at, updated_at",
    "observations": "id, trace_id, project_id, type, parent_observation_id, start_time, end_time, name, metadata, level, status_message,"
    ' version, input, output, model, internal_model_id, "modelParameters" AS model_parameters, prompt_tokens, completion_tokens,'
    " total_tokens, completion_start_time, prompt_id, input_cost, output_cost, total_cost, calculated_input_cost,"
    " calculated_output_cost, calculated_total_cost, created_at, updated_at,"
    " (SELECT p.name FROM prompts p WHERE p.id = prompt_id) AS prompt_name,"
    " (SELECT p.version FROM prompts p WHERE p.id = prompt_id) AS prompt_version",
    "scores": "id, timestamp, project_id, trace_id, observation_id, name, value, source, comment, author_user_id, config_id, data_type,"
    " string_value, queue_id, created_at, updated_at",
}


class Refused(Exception):
    """The migration's validation failed."""


def nothing(worker: Worker, name: str, arguments: Mapping[str, Any]) -> None:
    """A migration of which the tables are not in this double."""


def _iso(moment: datetime.datetime | None) -> str | None:
    """JavaScript's toISOString; Postgres' times have no zone and mean UTC."""
    return None if moment is None else moment.isoformat(timespec="milliseconds") + "Z"


def _text(value: Any) -> str | None:
    return json.dumps(value) if value else None


def _metadata(value: Any) -> dict[str, str]:
    pairs = value if isinstance(value, dict) else {"metadata": value} if value else {}
    return {str(key): each if isinstance(each, str) else json.dumps(each) for key, each in pairs.items()}


def _numbers(**values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}


def trace(row: Row) -> Row:
    """convertPostgresTraceToInsert."""
    return row | {"metadata": _metadata(row["metadata"]), "event_ts": row["timestamp"]}


def observation(row: Row) -> Row:
    """convertPostgresObservationToInsert."""
    taken = (
        *("model", "prompt_tokens", "completion_tokens", "total_tokens", "input_cost", "output_cost", "total_cost"),
        *("calculated_input_cost", "calculated_output_cost", "calculated_total_cost"),
    )
    made = {name: value for name, value in row.items() if name not in taken}
    costs = {name: row[f"calculated_{name}_cost"] for name in ("input", "output", "total")}
    return made | {
        "metadata": _metadata(row["metadata"]),
        "model_parameters": _text(row["model_parameters"]),
        "provided_model_name": row["model"],
        "usage_details": {
            "input": row["prompt_tokens"],
            "output": row["completion_tokens"],
            "total": row["total_tokens"],
        },
        "provided_cost_details": _numbers(input=row["input_cost"], output=row["output_cost"], total=row["total_cost"]),
        "cost_details": _numbers(**costs),
        "total_cost": None if costs["total"] is None else float(costs["total"]),
        "event_ts": row["start_time"],
    }


def score(row: Row) -> Row:
    """convertPostgresScoreToInsert."""
    return row | {"event_ts": row["timestamp"]}


CONVERTERS: dict[str, Callable[[Row], Row]] = {"traces": trace, "observations": observation, "scores": score}


def _insertable(table: str, row: Row) -> Row:
    plain = {
        name: _iso(value)
        if isinstance(value, datetime.datetime)
        else _text(value)
        if name in ("input", "output")
        else value
        for name, value in row.items()
    }
    return {name: value for name, value in CONVERTERS[table](plain).items() if value is not None} | {"is_deleted": 0}


def _validate(worker: Worker, table: str) -> None:
    """The schema may still be on its way: five more looks, ten seconds apart."""
    pause = SECONDS * float(os.environ.get("LOCAL_AWS_TIME_SCALE") or 1)
    for _attempt in range(1 + ATTEMPTS):
        if table in [row["name"] for row in worker.clickhouse.rows("SHOW TABLES")]:
            return
        worker.log.info(f"ClickHouse {table} table does not exist. Retrying in 10s...")
        if worker.stopping.wait(pause):
            return
    raise Refused(f"ClickHouse {table} table does not exist")


def _state(worker: Worker, name: str) -> str | None:
    found = worker.database.run("SELECT state->>'maxDate' FROM background_migrations WHERE name = %s", (name,))
    return found[0][0] if found else None


def _keep(worker: Worker, name: str, reached: str) -> None:
    # The heartbeat goes with it; a batch takes less than its 15 seconds here.
    worker.database.run(
        "UPDATE background_migrations SET state = jsonb_build_object('maxDate', %s::text),"
        " locked_at = (now() AT TIME ZONE 'UTC') WHERE name = %s",
        (reached, name),
    )


def _move(table: str) -> Callable[[Worker, str, Mapping[str, Any]], None]:
    def run(worker: Worker, name: str, arguments: Mapping[str, Any]) -> None:
        _validate(worker, table)
        batch = int(arguments.get("batchSize", BATCH))
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        reached = _state(worker, name) or arguments.get("maxDate") or _iso(now) or ""
        _keep(worker, name, reached)
        names = [column.rpartition(" ")[2].strip('"') for column in _split(COLUMNS[table])]
        while not worker.stopping.is_set():
            found = worker.database.run(
                f"SELECT {COLUMNS[table]} FROM {table} WHERE created_at <= %s::timestamptz AT TIME ZONE 'UTC'"
                " ORDER BY created_at DESC LIMIT %s",
                (reached, batch),
            )
            if not found:
                return
            rows = [dict(zip(names, row, strict=True)) for row in found]
            worker.clickhouse.insert(table, [_insertable(table, row) for row in rows])
            reached = _iso(rows[-1]["created_at"]) or ""
            _keep(worker, name, reached)
            worker.log.info(f"Inserted {len(rows)} {table} into Clickhouse. Oldest record in batch: {reached}")
            if len(rows) < batch:
                return

    return run


def _split(columns: str) -> list[str]:
    """Names and expressions of a list of columns; commas in parentheses do not part them."""
    parts, depth = [""], 0
    for character in columns:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def backfill_costs(worker: Worker, name: str, arguments: Mapping[str, Any]) -> None:
    """addGenerationsCostBackfill.ts, for costs that were given: this double has no prices of models."""
    worker.database.run(
        "UPDATE observations SET calculated_input_cost = input_cost, calculated_output_cost = output_cost,"
        " calculated_total_cost = total_cost WHERE coalesce(input_cost, output_cost, total_cost) IS NOT NULL"
    )


SCRIPTS: dict[str, Callable[[Worker, str, Mapping[str, Any]], None]] = {
    "addGenerationsCostBackfill": backfill_costs,
    "migrateTracesFromPostgresToClickhouse": _move("traces"),
    "migrateObservationsFromPostgresToClickhouse": _move("observations"),
    "migrateScoresFromPostgresToClickhouse": _move("scores"),
}
