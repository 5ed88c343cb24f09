# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against letting Langfuse 3 migrate a database of Langfuse 2, and what of it has not arrived."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import background_migrations, v2_database
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.v2_database import (
    SCHEMA_2_92,
    SCHEMA_3,
    SCHEMA_4,
    Wanted,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.versions import Version

SECRETS = frozenset(("SALT", "ENCRYPTION_KEY", "NEXTAUTH_SECRET"))
BESIDE = Wanted(Version(3, 29, 0), secrets=SECRETS)
MOVED = Wanted(Version(3, 225, 4), v2_database.MOVED, secrets=SECRETS)


def table(name: str, **changes: Any) -> dict[str, Any]:
    told = {"rows": 10, "newest": "new", "oldest": "old", "age": 4000, "tied": 1}
    return {"reading": "table", "name": name, **told, **changes}


def background(name: str, **changes: Any) -> dict[str, Any]:
    row = {
        **{"name": name, "args": "{}", "state": "{}", "chunks": 0, "chunks_completed": 0, "chunks_failed": 0},
        **{"finished_at": None, "failed_at": None, "failed_reason": None, "worker_id": None, "locked": False},
    }
    return {"reading": "background", "row": row | changes}


def told(**changes: Any) -> list[dict[str, Any]]:
    """What a database of 2.95 tells; a change of None leaves a reading out."""
    lines: dict[str, Any] = {
        "server": {"reading": "server", "number": 150004, "version": "15.4", "timezone": "UTC"},
        "schema": {"reading": "schema", "applied": 273, "unfinished": [], "known": [SCHEMA_2_92]},
        "keys": {"reading": "keys", "api_keys": 2, "encrypted": 1},
        **{name: table(name) for name in v2_database.TABLES},
        **{name: background(name) for name in v2_database.DATA_MIGRATIONS},
        "end": {"reading": "end"},
    }
    for name, change in changes.items():
        lines[name] = None if change is None else lines[name] | change
    return [line for line in lines.values() if line]


def codes(lines: list[dict[str, Any]], wanted: Wanted = BESIDE) -> list[str]:
    return [reason["code"] for reason in v2_database.judge(v2_database.parse(lines), wanted)]


@pytest.mark.parametrize("wanted", [BESIDE, MOVED, Wanted(Version(3, 225, 4), shared=False, secrets=SECRETS)])
def test_a_database_that_may_go_on(wanted: Wanted) -> None:
    assert codes(told(), wanted) == []


REFUSALS = [
    pytest.param([], ["unreachable"], id="no-answer"),
    pytest.param(told(end=None), ["incomplete"], id="cut-off"),
    pytest.param(told(schema=None, keys=None, traces=None), ["not_langfuse"], id="somebody-elses"),
    pytest.param(told(traces=None), ["not_langfuse"], id="another-prisma-application"),
    pytest.param(told(schema={"known": []}), ["too_old"], id="older-than-2.92"),
    pytest.param(told(schema={"unfinished": ["20241114_x"]}), ["unfinished"], id="prisma-stopped"),
    pytest.param(told(schema={"known": [SCHEMA_2_92, SCHEMA_3, SCHEMA_4]}, traces=None), ["dropped"], id="went-to-4"),
    pytest.param(told(server={"number": 110022, "version": "11.22"}), ["postgres_too_old"], id="postgres-11"),
    pytest.param(told(server={"timezone": "Europe/Berlin"}), ["timezone"], id="another-time-zone"),
    pytest.param(told(traces={"tied": 1000}), ["batch"], id="a-batch-of-one-moment"),
]


@pytest.mark.parametrize(("lines", "found"), REFUSALS)
def test_refusals(lines: list[dict[str, Any]], found: list[str]) -> None:
    assert codes(lines) == found


def test_all_findings_come_at_once() -> None:
    lines = told(server={"number": 110022, "version": "11.22"}, schema={"known": []}, scores={"tied": 5000})
    wanted = Wanted(Version(3, 225, 4))
    found = ["version_beside", "postgres_too_old", "too_old", "salt", "encryption_key", "batch"]
    assert codes(lines, wanted) == found
    for reason in v2_database.judge(v2_database.parse(lines), wanted):
        assert reason["message"].endswith("."), reason
        assert ";" in reason["message"], "says what to do"


@pytest.mark.parametrize(
    ("release", "traffic", "shared", "found"),
    [
        ((3, 29, 0), "v2", True, []),
        # Its first patch drops the views that version 2 reads.
        ((3, 29, 1), "v2", True, ["version_beside"]),
        ((3, 225, 4), "v2", True, ["version_beside"]),
        ((3, 225, 4), "v2", False, []),
        ((3, 225, 4), "moved", True, []),
        ((4, 16, 0), "moved", True, ["version"]),
        ((4, 16, 0), "v2", False, ["version"]),
        ((2, 95, 0), "v2", True, ["version"]),
    ],
)
def test_which_release_may_take_it(release: tuple[int, int, int], traffic: str, shared: bool, found: list[str]) -> None:
    assert codes(told(), Wanted(Version(*release), traffic, shared, SECRETS)) == found


def test_secrets_matter_where_something_depends_on_them() -> None:
    nothing = Wanted(Version(3, 29, 0))
    assert codes(told(), nothing) == ["salt", "encryption_key"]
    assert codes(told(keys={"api_keys": 0, "encrypted": 0}), nothing) == []
    assert v2_database.notices(BESIDE) == []
    assert len(v2_database.notices(nothing)) == 1


def test_version_2_must_have_stopped_before_its_data_moves() -> None:
    fresh = told(scores={"age": 12}, traces={"age": 50})
    assert codes(fresh, BESIDE) == []
    assert codes(fresh, MOVED) == ["still_written"]
    (reason,) = v2_database.judge(v2_database.parse(fresh), MOVED)
    assert "scores 12 seconds ago" in reason["message"]
    begun = {v2_database.TABLES["traces"]: background(v2_database.TABLES["traces"], worker_id="w")}
    assert codes(told(traces={"age": 50}, **begun), MOVED) == [], "a run that goes on is not held up"
    assert codes(told(**{name: {"age": None} for name in v2_database.TABLES}), MOVED) == [], "empty"


def test_a_larger_batch_gets_past_rows_of_one_moment() -> None:
    migration = v2_database.TABLES["traces"]
    lines = told(traces={"tied": 1500})
    (reason,) = v2_database.judge(v2_database.parse(lines), BESIDE)
    assert "'batchSize', 2500" in reason["message"]
    larger = background(migration, args=json.dumps({"batchSize": 2500}))
    assert codes(told(traces={"tied": 1500}, **{migration: larger})) == []
    done = background(migration, finished_at="2026-11-26 10:00:00")
    assert codes(told(traces={"tied": 1500}, **{migration: done})) == [], "it got past them"


def test_output_of_a_task_is_read_past_what_is_no_answer() -> None:
    output = ["psql: warning", 'ERROR:  relation "x" does not exist', '{"a": 1}', '{"reading": "end"}', "{broken"]
    assert v2_database.lines_of(output) == [{"reading": "end"}]


# -- on the way ---------------------------------------------------------------------------------------------------------------


def migrations(*rows: dict[str, Any]) -> list[background_migrations.Migration]:
    return background_migrations.migrations([row["row"] for row in rows], Version(3, 225, 4), {})


def test_progress_and_what_can_be_tried_again() -> None:
    costs, traces, observations, _scores = v2_database.DATA_MIGRATIONS
    found = migrations(
        background(costs, finished_at="2026-11-26 10:00:00"),
        background(traces, locked=True, state='{"maxDate": "2024-10-01T00:00:00.000Z"}'),
        background(observations, failed_at="2026-11-26 10:00:00"),
        background("20250711_1347_patch_llm_tool_schema_audit_logs", failed_at="2026-11-26 10:00:00"),
    )
    assert v2_database.progress(found) == [
        f"{costs}: finished",
        f"{traces}: running, back to 2024-10-01T00:00:00.000Z",
        f"{observations}: failed",
    ]
    statement = v2_database.retry_statement(found)
    assert f"IN ('{observations}')" in statement, "one that is no part of the move is for people to judge"
    assert "state = '{}'" in statement
    assert v2_database.retry_statement(found[:2]) == ""


# -- the proof ----------------------------------------------------------------------------------------------------------------


def months(name: str, **items: int) -> dict[str, Any]:
    return {
        "reading": "months",
        "name": name,
        "items": {month.removeprefix("m"): rows for month, rows in items.items()},
    }


def moved(name: str, found: list[str], **items: int) -> dict[str, Any]:
    pairs = [[month.removeprefix("m"), str(rows)] for month, rows in items.items()]
    return {"reading": "moved", "name": name, "items": pairs, "found": found}


def proof(*lines: dict[str, Any]) -> tuple[dict[str, dict[str, int]], list[str]]:
    given = [line for line in told() if line.get("name") != "scores" and line.get("name") != "observations"]
    answers = v2_database.parse([*given, months("traces", m202409=3, m202410=4)])
    return v2_database.prove(answers, lines)


def test_all_has_arrived_where_clickhouse_has_at_least_as_much() -> None:
    counts, missing = proof(moved("traces", ["new", "old"], m202409=3, m202410=9, m202411=1))
    assert (counts, missing) == ({"traces": {"postgres": 7, "clickhouse": 13}}, [])


def test_what_is_missing_is_named() -> None:
    _counts, missing = proof(moved("traces", ["old"], m202409=3, m202410=1))
    assert len(missing) == 2
    assert "(3 of 202410)" in missing[0]
    assert "newest new of traces" in missing[1]
    assert proof()[1] == ["ClickHouse did not tell what it has of traces; see the task's log."]


def test_clickhouse_is_asked_for_both_ends_of_each_table() -> None:
    answers = v2_database.parse(told(traces={"newest": "it's", "oldest": "back\\slash"}))
    query = v2_database.clickhouse_query(answers)
    assert query.count("SELECT 'moved'") == 3
    assert r"IN ('it\'s', 'back\\slash')" in query
