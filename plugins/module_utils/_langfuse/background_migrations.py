# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Langfuse's background migrations: the rows of its table `background_migrations`, judged.

Pure, but for the two statements. Source: langfuse/langfuse v4.16.0, worker/src/backgroundMigrations/
backgroundMigrationManager.ts (workers run the rows one after the other by name, a heartbeat renews locked_at every 15
seconds, a row locked longer ago than 60 seconds is free; a failed row is passed over) and web/src/features/
background-migrations/server/background-migrations-router.ts (what is dormant, what a retry sets).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import catalogue, versions

FINISHED, RUNNING, WAITING, FAILED, DORMANT, STALLED = "finished", "running", "waiting", "failed", "dormant", "stalled"
ABSENT = "absent"
SWITCH = "LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS"
GATE_PREFIX = "LANGFUSE_BACKGROUND_MIGRATION_"

# The chunks of a large migration stay in the database: a row of the Data API holds 64 KiB.
_CHUNKS = "CASE jsonb_typeof(state->'todos') WHEN 'array' THEN state->'todos' ELSE '[]'::jsonb END"
READ = f"""
    SELECT name, args::text AS args, (CASE jsonb_typeof(state) WHEN 'object' THEN state - 'todos' ELSE state END)::text AS state,
        jsonb_array_length({_CHUNKS}) AS chunks,
        (SELECT count(*) FROM jsonb_array_elements({_CHUNKS}) AS t(todo) WHERE todo->>'status' = 'completed') AS chunks_completed,
        (SELECT count(*) FROM jsonb_array_elements({_CHUNKS}) AS t(todo) WHERE todo->>'status' = 'failed') AS chunks_failed,
        finished_at::text AS finished_at, failed_at::text AS failed_at, left(failed_reason, 2000) AS failed_reason, worker_id,
        coalesce(locked_at > (now() AT TIME ZONE 'UTC') - interval '60 seconds', false) AS locked
    FROM background_migrations ORDER BY name
"""  # noqa: S608 - made of constants
RETRY = """
    UPDATE background_migrations SET state = '{}', failed_at = NULL, failed_reason = NULL, finished_at = NULL
    WHERE name = ANY(string_to_array(:names, ',')) AND failed_at IS NOT NULL RETURNING name
"""


@dataclass(frozen=True)
class Migration:
    """One row with its status; `gate` is the variable without which no worker takes it."""

    name: str
    status: str
    gate: str
    gate_on: bool
    failed_reason: str
    finished_at: str
    failed_at: str
    chunks: int
    chunks_completed: int
    chunks_failed: int
    state: dict[str, Any]

    @property
    def progress(self) -> int | None:
        """Percent of the chunks; None where the migration has none."""
        if self.status == FINISHED:
            return 100
        return 100 * self.chunks_completed // self.chunks if self.chunks else None


def gate_is_on(gate: str, release: versions.Version, environment: Mapping[str, str]) -> bool:
    """Whether a worker of the release takes rows behind this gate."""
    variable = catalogue.variables(release.major).get(gate)
    value = environment.get(gate) or (variable.default if variable else "")
    return gate.startswith(GATE_PREFIX) and value == "true"


def enabled(environment: Mapping[str, str]) -> bool:
    """Whether workers run background migrations at all."""
    return (environment.get(SWITCH) or "true") == "true"


def _object(text: str | None) -> dict[str, Any]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}


def _status(row: Mapping[str, Any], gated_off: bool) -> str:
    if row["failed_at"]:
        return FAILED
    if row["finished_at"]:
        return FINISHED
    if row["locked"]:
        return RUNNING
    # A row that a worker has begun is not dormant, even where its gate has been shut since.
    return DORMANT if gated_off and not row["worker_id"] else WAITING


def migrations(
    rows: Iterable[Mapping[str, Any]], release: versions.Version, environment: Mapping[str, str]
) -> list[Migration]:
    """The rows with their statuses, in the order in which workers take them."""
    found = []
    for row in rows:
        gate = _object(row["args"]).get("envGate") or ""
        on = not gate or gate_is_on(gate, release, environment)
        found.append(
            Migration(
                name=row["name"],
                status=_status(row, not on),
                gate=gate,
                gate_on=on,
                failed_reason=row["failed_reason"] or "",
                finished_at=row["finished_at"] or "",
                failed_at=row["failed_at"] or "",
                chunks=row["chunks"],
                chunks_completed=row["chunks_completed"],
                chunks_failed=row["chunks_failed"],
                state=_object(row["state"]),
            )
        )
    return found


def _why_waiting(migration: Migration, environment: Mapping[str, str]) -> tuple[str, str]:
    """Code and message of a row that should run and does not, with no other row running."""
    name = migration.name
    if not enabled(environment):
        return "disabled", f"Background migration {name} waits: set {SWITCH} to true for the worker."
    if not migration.gate_on:
        return "gate_off", f"Background migration {name} was begun and then held up: set {migration.gate} to true."
    return "stalled", f"Background migration {name} is run by no worker; restart the worker, and look into its log."


def judge(found: list[Migration], environment: Mapping[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """The verdict, and what stands against being finished."""
    running = any(migration.status == RUNNING for migration in found)
    reasons = []
    for migration in found:
        name, status = migration.name, migration.status
        if status == FAILED:
            said = " ".join(migration.failed_reason.split()) or "no reason is recorded"
            message = (
                f"Background migration {name} failed ({said}); mend that, use "
                "llmops.langfuse.langfuse_background_migration_retry, and restart the worker."
            )
            reasons.append({"code": FAILED, "message": message, "name": name})
        elif status == RUNNING:
            progress = f" ({migration.progress} %)" if migration.progress is not None else ""
            reasons.append(
                {"code": RUNNING, "message": f"Background migration {name} is running{progress}; wait.", "name": name}
            )
        elif status == WAITING and running:
            message = f"Background migration {name} waits for the one that is running; wait."
            reasons.append({"code": WAITING, "message": message, "name": name})
        elif status == WAITING:
            code, message = _why_waiting(migration, environment)
            reasons.append({"code": code, "message": message, "name": name})
    codes = {reason["code"] for reason in reasons}
    verdict = FAILED if FAILED in codes else RUNNING if running else STALLED if codes else FINISHED
    return verdict, reasons
