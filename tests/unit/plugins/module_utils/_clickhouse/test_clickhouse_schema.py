# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a ClickHouse schema, from its answers. What the engine at hand cannot be (clusters, users) is tested here."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import answers as readings
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import grants, migrations, repair, schema
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions

ROOT = Path(__file__).resolve().parents[5]
MEASURED = json.loads((ROOT / "tests/local_aws/container/data/clickhouse_migrations.json").read_text())
V3 = versions.parse("3.225.4")
V4 = versions.parse("4.16.0")


def answers(release: versions.Version, **changes: Any) -> readings.Answers:
    head = versions.clickhouse_head(release)
    objects = {**migrations.objects(head), readings.MIGRATIONS_TABLE: readings.Object("MergeTree", "sequence", {})}
    found = {
        "server_version": "26.3.1.1",
        "timezone": "UTC",
        "user": "langfuse",
        "objects": objects,
        "announced": len(objects),
        "version": head,
        "migration_read": True,
    }
    return readings.Answers(**(found | changes))


def verdict(release: versions.Version, wanted: dict[str, Any] | None = None, **changes: Any) -> tuple[str, list[str]]:
    found = schema.judge(answers(release, **changes), schema.Wanted(release, **(wanted or {})))
    assert all(reason["message"].endswith(".") for reason in found.reasons + found.notices)
    return found.verdict, [reason["code"] for reason in found.reasons]


@pytest.mark.parametrize("release", [V3, V4])
def test_what_the_migrations_leave_is_ready(release: versions.Version) -> None:
    assert verdict(release) == ("ready", [])


def test_the_data_are_what_the_generator_makes_of_the_measurement() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/clickhouse_schema/generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("head", ["37", "46"])
def test_the_steps_add_up_to_the_schema_that_was_measured_at_the_end(head: str) -> None:
    measured = {
        name: readings.Object(what["engine"], what["sorting_key"], what["columns"])
        for name, what in MEASURED["final"][head].items()
    }
    assert migrations.objects(int(head)) == measured


def test_the_heads_of_releases_are_those_of_the_measurement() -> None:
    assert [(str(first), head) for first, head in versions.CLICKHOUSE_HEADS] == [
        (first, head) for first, head in MEASURED["first_release_with_head"]
    ]


# -- Verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"version": None}, ("empty", ["empty"])),
        ({"dirty": True}, ("dirty", ["dirty"])),
        ({"version": 1}, ("behind", ["behind"])),
        ({"version": 40}, ("ahead", ["ahead"])),
        ({"server_version": "23.8.1.1"}, ("unsuitable", ["server_too_old"])),
        ({"server_version": "24.2.9"}, ("unsuitable", ["server_too_old"])),
        ({"server_version": "24.3.1.1"}, ("ready", [])),
        ({"timezone": "Europe/Berlin"}, ("unsuitable", ["timezone"])),
        ({"timezone": "Etc/UTC"}, ("ready", [])),
        ({"settings": {"readonly": ("1", False)}}, ("unsuitable", ["readonly"])),
        ({"settings": {"readonly": ("2", False)}}, ("unsuitable", ["readonly"])),
        ({"settings": {"join_algorithm": ("hash", True)}}, ("unsuitable", ["setting_fixed"])),
        ({"grants": ["GRANT SELECT, INSERT ON default.* TO langfuse"]}, ("unsuitable", ["grant_missing"])),
        ({"version": 1, "timezone": "Europe/Berlin"}, ("behind", ["behind", "timezone"])),
        ({"announced": 99}, ("incomplete", ["incomplete"])),
        ({"migration_read": False}, ("incomplete", ["incomplete"])),
        ({"errors": [readings.Error(497, "Not enough privileges")]}, ("denied", ["grant_missing"])),
        ({"errors": [readings.Error(516, "Authentication failed")]}, ("denied", ["authentication"])),
    ],
)
def test_verdicts(changes: dict[str, Any], expected: tuple[str, list[str]]) -> None:
    assert verdict(V3, **changes) == expected


def test_version_4_needs_a_newer_server() -> None:
    assert verdict(V4, server_version="25.11.9.1") == ("unsuitable", ["server_too_old"])
    assert verdict(V4, server_version="25.12.1.1") == ("ready", [])


@pytest.mark.parametrize(
    "errors, expected",
    [
        ([], "unreachable"),
        ([readings.Error(0, "timed out")], "unreachable"),
        ([readings.Error(210, "Connection refused")], "unreachable"),
        ([readings.Error(241, "Memory limit exceeded")], "incomplete"),
        ([readings.Error(516, "Authentication failed")], "denied"),
    ],
)
def test_without_facts_the_error_decides(errors: list[readings.Error], expected: str) -> None:
    found = schema.judge(readings.Answers(errors=errors), schema.Wanted(V3))
    assert found.verdict == expected
    assert all(error.text in found.reasons[0]["message"] for error in errors)


def test_a_release_newer_than_the_facts_may_have_more_migrations() -> None:
    release = versions.parse("4.999.0")
    assert verdict(release, version=migrations.NEWEST + 3, objects={}, announced=0) == ("ready", [])


def test_every_dropped_column_of_every_table_is_named() -> None:
    for release in (V3, V4):
        for name, expected in migrations.objects(versions.clickhouse_head(release)).items():
            for column in expected.columns:
                objects = answers(release).objects or {}
                objects[name].columns.pop(column)
                found = schema.judge(answers(release, objects=objects), schema.Wanted(release))
                assert [(item["code"], item["table"], item["column"]) for item in found.reasons] == [
                    ("column_missing", name, column)
                ]


def test_a_table_of_somebody_else_is_no_reason() -> None:
    objects = {**(answers(V3).objects or {}), "theirs": readings.Object("Log", "", {"a": "String"})}
    assert verdict(V3, objects=objects, announced=len(objects)) == ("ready", [])


@pytest.mark.parametrize("prefix", ["Replicated", "Shared"])
def test_engines_of_clusters_and_of_clickhouse_cloud_are_of_the_same_family(prefix: str) -> None:
    objects = {
        name: replace(item, engine=prefix + item.engine) if item.engine.endswith("MergeTree") else item
        for name, item in (answers(V3).objects or {}).items()
    }
    assert verdict(V3, objects=objects) == ("ready", [])


# -- Clusters ---------------------------------------------------------------------------------------------------------

REPLICA = {"readonly": 0, "delay": 0, "queue": 0, "active": 3, "total": 3}
HOSTS = [(1, "a"), (1, "b"), (1, "c")]


def clustered(
    wanted: dict[str, Any] | None = None, replica: dict[str, int] | None = None, **changes: Any
) -> tuple[str, list[str]]:
    objects = {
        name: replace(item, engine=f"Replicated{item.engine}")
        if item.engine.endswith("MergeTree") and name not in schema.NEVER_REPLICATED
        else item
        for name, item in (answers(V3).objects or {}).items()
    }
    found = {"objects": objects, "clusters": {"default": HOSTS}, "replicas": {"traces": REPLICA | (replica or {})}}
    return verdict(V3, {"cluster": "default"} | (wanted or {}), **(found | changes))


@pytest.mark.parametrize(
    "case, expected",
    [
        ({}, ("ready", [])),
        ({"clusters": {"other": HOSTS}}, ("unsuitable", ["cluster_missing"])),
        ({"clusters": {"default": [(1, "a"), (2, "b")]}}, ("unsuitable", ["cluster_shards"])),
        ({"wanted": {"cluster": "mine"}, "clusters": {"mine": HOSTS}}, ("unsuitable", ["cluster_name"])),
        ({"replica": {"readonly": 1}}, ("unsuitable", ["replica_readonly"])),
        ({"replica": {"delay": 301}}, ("unsuitable", ["replica_behind"])),
        ({"replica": {"delay": 301}, "wanted": {"replica_delay_max": 600}}, ("ready", [])),
        ({"objects": answers(V3).objects}, ("damaged", ["not_replicated"] * 6)),
    ],
)
def test_clusters(case: dict[str, Any], expected: tuple[str, list[str]]) -> None:
    assert clustered(**case) == expected


def test_notices_stop_nothing() -> None:
    found = answers(
        V3,
        disk_total=1000,
        disk_free=99,
        logs={"trace_log": 9 * schema.GIBIBYTE, "text_log": 2 * schema.GIBIBYTE},
        replicas={"traces": REPLICA | {"active": 2}},
        grants=["GRANT readers TO langfuse"],
    )
    judgement = schema.judge(found, schema.Wanted(V3))
    assert judgement.verdict == "ready"
    assert [notice["code"] for notice in judgement.notices] == [
        "disk_low",
        "system_logs",
        "replica_inactive",
        "grants_not_judged",
    ]
    assert judgement.notices[0]["found"] == 9.9
    assert "TRUNCATE TABLE system.trace_log" in judgement.notices[1]["message"]


# -- Privileges -------------------------------------------------------------------------------------------------------

DOCUMENTED = (
    "GRANT SELECT, INSERT, ALTER UPDATE, ALTER DELETE, CREATE, DROP TABLE, DROP VIEW, ALTER ADD COLUMN, "
    "ALTER MODIFY COLUMN, ALTER VIEW MODIFY QUERY, ALTER ADD INDEX, ALTER DROP INDEX, ALTER MATERIALIZE INDEX ON "
)


@pytest.mark.parametrize(
    "lines, lacking",
    [
        ([f"{DOCUMENTED}default.* TO langfuse"], []),
        ([f"{DOCUMENTED}`default`.* TO `lang-fuse` WITH GRANT OPTION"], []),
        ([f"{DOCUMENTED}*.* TO langfuse"], []),
        ([f"{DOCUMENTED}def*.* TO langfuse"], []),
        (["GRANT ALL ON *.* TO langfuse"], []),
        (["GRANT SELECT, INSERT, ALTER, CREATE, DROP ON default.* TO langfuse"], []),
        (["GRANT SELECT, INSERT, ALTER, CREATE ON default.* TO langfuse"], ["DROP TABLE", "DROP VIEW"]),
        (["GRANT ALL ON default.* TO langfuse", "REVOKE ALTER ON default.* FROM langfuse"], 8),
        ([f"{DOCUMENTED}other.* TO langfuse"], 14),
        ([f"{DOCUMENTED}default.traces TO langfuse"], 14),
        ([DOCUMENTED.replace("SELECT", "SELECT(id, name)") + "default.* TO langfuse"], ["SELECT"]),
        (["GRANT readers, writers TO langfuse"], []),
        (["GRANT SHOW ON *.* TO langfuse"], 14),
    ],
)
def test_privileges(lines: list[str], lacking: list[str] | int) -> None:
    found = [name for name, _target in grants.missing(lines, "default", clustered=False)]
    assert (len(found) if isinstance(lacking, int) else found) == lacking


def test_a_cluster_needs_its_own_privilege_everywhere() -> None:
    lines = [f"{DOCUMENTED}default.* TO langfuse"]
    assert grants.missing(lines, "default", clustered=True) == [("CLUSTER", "*.*")]
    assert grants.missing([*lines, "GRANT CLUSTER ON *.* TO langfuse"], "default", clustered=True) == []
    assert clustered(grants=lines) == ("unsuitable", ["grant_missing"])


# -- Reading answers --------------------------------------------------------------------------------------------------


def test_parse_takes_the_answers_out_of_a_log() -> None:
    server = [["timezone", "UTC"], ["user", "langfuse"], ["disk_free", "5"], ["disk_total", "9"], ["databases", "1"]]
    columns = {"engine": "", "sorting_key": ""}
    lines = [
        "starting",
        json.dumps({"reading": "server", "name": "26.3.1.1", **columns, "items": [*server, ["objects", "2"]]}),
        json.dumps(
            {"reading": "object", "name": "traces", "engine": "Log", "sorting_key": "", "items": [["id", "String"]]}
        ),
        json.dumps({"reading": "object", "name": "schema_migrations", "engine": "Log", "sorting_key": "", "items": []}),
        '{"reading":"migration","name":"37","engine":"","sorting_key":"","items":[["dirty","1"]]}',
        '{"GRANTS":"GRANT ALL ON *.* TO langfuse"}',
        "{not json",
        '["not ours"]',
        '{"reading":"server"}',
        '{"reading":"object","name":"half","items":"String"}',
    ]
    found = readings.parse(lines)
    assert (found.server_version, found.timezone, found.user, found.disk_free) == ("26.3.1.1", "UTC", "langfuse", 5)
    assert found.objects is not None and found.objects["traces"] == readings.Object("Log", "", {"id": "String"})
    assert (found.version, found.dirty, found.complete) == (37, True, True)
    assert found.grants == ["GRANT ALL ON *.* TO langfuse"]


@pytest.mark.parametrize(
    "text, code, said",
    [
        (
            "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE) (version 26.9.2.1)",
            60,
            "Unknown table. (UNKNOWN_TABLE)",
        ),
        ("Code: 516. DB::Exception: Received from a:9000. DB::Exception: x: failed", 516, "x: failed"),
        ("Code: 210. DB::NetException: Connection refused (a:9000)", 210, "Connection refused (a:9000)"),
        (
            "Code: 46, e.displayText() = DB::Exception: Unknown function f, e.what() = DB::Exception",
            46,
            "Unknown function f",
        ),
    ],
)
def test_errors_of_servers_and_clients_old_and_new(text: str, code: int, said: str) -> None:
    assert readings.error_in(text) == readings.Error(code, said)


def test_golang_migrate_s_number_for_none_is_none() -> None:
    line = '{"reading":"migration","name":"-1","engine":"","sorting_key":"","items":[["dirty","0"]]}'
    assert readings.parse([line]).version is None


def test_names_are_quoted() -> None:
    text = "; ".join(readings.statements("it's`", "c"))
    assert "'it\\'s`'" in text
    assert "`it's\\``.schema_migrations" in text


# -- Repair -----------------------------------------------------------------------------------------------------------


def test_which_migrations_can_run_again() -> None:
    """Langfuse's sources, as the project's facts list them for version 3; all of version 4's own can."""
    again = {4, 5, 6, *range(13, 17), 18, *range(25, 31), *range(32, 47)}
    assert {number for number in migrations.MIGRATIONS if migrations.rerunnable(number)} == again


@pytest.mark.parametrize("number", sorted(migrations.MIGRATIONS))
def test_before_and_after_every_migration_its_effect_is_seen(number: int) -> None:
    visible = bool(migrations.steps(number, {}))
    before, after = migrations.objects(number - 1), migrations.objects(number)
    assert migrations.effect(number, before) == ("none" if visible else "not_visible")
    assert migrations.effect(number, after) == ("all" if visible else "not_visible")


def test_a_migration_that_is_not_known_is_repaired_only_as_told() -> None:
    found = answers(V4, version=99, dirty=True)
    with pytest.raises(repair.Refused, match="newer than what this collection knows"):
        repair.plan(found, "default", None)
    for applied, target in ((True, 99), (False, 98)):
        plan = repair.plan(found, "default", applied)
        assert plan is not None and plan.target == target


def test_the_first_migration_goes_back_to_none() -> None:
    plan = repair.plan(answers(V3, version=1, dirty=True, objects={}), "default", False)
    assert plan is not None and plan.target == -1
    assert repair.plan(answers(V3), "default", None) is None
