# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a ClickHouse schema, from the lines that it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import schema
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions

V3 = versions.parse("3.225.4")
V4 = versions.parse("4.16.0")


def answers(release: versions.Version, **changes: Any) -> schema.Answers:
    head = versions.clickhouse_head(release)
    found = {
        "server_version": "26.3.1.1",
        "timezone": "UTC",
        "tables": {table: dict(columns) for table, columns in schema.expected(head).items()},
        "version": head,
        "dirty": False,
    }
    return schema.Answers(**(found | changes))


@pytest.mark.parametrize("release", [V3, V4])
def test_what_the_migrations_leave_is_ready(release: versions.Version) -> None:
    assert schema.judge(answers(release), release) == ("ready", [])


def verdict(release: versions.Version, **changes: Any) -> tuple[str, list[str]]:
    found, reasons = schema.judge(answers(release, **changes), release)
    return found, [reason["code"] for reason in reasons]


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"version": None}, ("empty", ["empty"])),
        ({"dirty": True}, ("dirty", ["dirty"])),
        ({"version": 1}, ("behind", ["behind"])),
        ({"version": 40}, ("ahead", ["ahead"])),
        ({"server_version": "23.8.1.1"}, ("unsuitable", ["server_too_old"])),
        ({"timezone": "Europe/Berlin"}, ("unsuitable", ["timezone"])),
        ({"server_version": "", "error": "Code: 516. Authentication failed"}, ("unreachable", ["unreachable"])),
        ({"version": 1, "timezone": "Europe/Berlin"}, ("behind", ["behind", "timezone"])),
    ],
)
def test_verdicts(changes: dict[str, Any], expected: tuple[str, list[str]]) -> None:
    assert verdict(V3, **changes) == expected


def test_v3_schema_is_behind_for_v4() -> None:
    assert verdict(V4, version=versions.clickhouse_head(V3))[0] == "behind"


def test_a_release_newer_than_the_facts_may_have_more_migrations() -> None:
    release = versions.parse("4.999.0")
    assert schema.judge(answers(release, version=versions.clickhouse_head(release) + 3), release)[0] == "ready"


def test_a_dropped_column_a_changed_type_and_a_missing_table_are_all_named() -> None:
    found = answers(V3)
    del found.tables["traces"]["user_id"]
    found.tables["scores"]["name"] = "Nullable(String)"
    del found.tables["observations"]
    state, reasons = schema.judge(found, V3)
    assert state == "damaged"
    assert {(item["code"], item["table"], item.get("column")) for item in reasons} == {
        ("column_missing", "traces", "user_id"),
        ("column_type", "scores", "name"),
        ("table_missing", "observations", None),
    }
    assert all(item["message"].endswith(".") for item in reasons)


def test_a_table_of_somebody_else_is_no_reason() -> None:
    found = answers(V3)
    found.tables["theirs"] = {"a": "String"}
    assert schema.judge(found, V3)[0] == "ready"


def test_parse_takes_the_answers_out_of_a_log() -> None:
    lines = [
        "starting",
        '{"reading":"server","server_version":"26.3.1.1","timezone":"UTC"}',
        json.dumps({"reading": "table", "table_name": "traces", "table_columns": [["id", "String"]]}),
        '{"reading":"migration","version":"37","dirty":0}',
        "{not json",
        '["not ours"]',
    ]
    found = schema.parse(lines)
    assert (found.server_version, found.timezone, found.tables) == ("26.3.1.1", "UTC", {"traces": {"id": "String"}})
    assert (found.version, found.dirty) == (37, False)


def test_parse_keeps_the_error_of_the_client_but_not_that_the_migrations_table_is_missing() -> None:
    missing = "Code: 60. DB::Exception: Unknown table expression identifier 'default.schema_migrations'"
    refused = "Code: 516. DB::Exception: langfuse: Authentication failed"
    assert schema.parse([missing]).error == ""
    assert schema.parse([missing, refused]).error == refused


def test_database_names_are_quoted() -> None:
    text = schema.query("it's`")
    assert "'it\\'s`'" in text
    assert "`it's```.schema_migrations" in text
