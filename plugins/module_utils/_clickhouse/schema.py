# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a ClickHouse is ready for a version of Langfuse: the verdict on its answers, and the reasons.

Pure. Facts: langfuse/langfuse v3.225.4 and v4.16.0, packages/shared/clickhouse, and the self-hosting documentation
(clickhouse); golang-migrate v4.19.1, database/clickhouse/clickhouse.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._langfuse import versions
from . import grants, migrations
from .answers import (
    ACCESS_DENIED,
    AUTHENTICATION,
    CLUSTER_TABLES,
    UNKNOWN_DATABASE,
    UNKNOWN_TABLE,
    UNREACHED,
    Answers,
    identifier,
)

READY, UNREACHABLE, DENIED, INCOMPLETE = "ready", "unreachable", "denied", "incomplete"
EMPTY, DIRTY, BEHIND, AHEAD, DAMAGED, UNSUITABLE = "empty", "dirty", "behind", "ahead", "damaged", "unsuitable"
# Langfuse computes with the server's time
TIME_ZONES = ("UTC", "Etc/UTC")
# Langfuse's clustered migrations say ON CLUSTER default; other names come after this release (langfuse pull request 17015).
CLUSTER_NAME = "default"
# The clustered migrations, too, make these as plain MergeTree tables.
NEVER_REPLICATED = ("event_log", "dataset_run_items")
GIBIBYTE = 2**30
NOT_JUDGED = "grants_not_judged"

Reason = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Shares in percent, sizes in GiB, delays in seconds."""

    release: versions.Version
    database: str = "default"
    cluster: str = ""
    disk_free_min_percent: float = 10
    system_logs_max_gib: float = 10
    replica_delay_max: int = 300


@dataclass
class Judgement:
    """The verdict, everything against readiness, and what deserves notice but stops nothing."""

    verdict: str = READY
    reasons: list[Reason] = field(default_factory=list)
    notices: list[Reason] = field(default_factory=list)


def reason(code: str, message: str, **details: Any) -> Reason:
    return {"code": code, "message": message, **details}


# -- Whether it can be judged at all ----------------------------------------------------------------------------------


def _too_old(version: str, wanted: Wanted) -> Iterator[Reason]:
    least = versions.LINES[wanted.release.major].clickhouse
    found = versions.release(version)
    if found is None or found < least:
        needed = ".".join(str(part) for part in least)
        yield reason(
            "server_too_old",
            f"ClickHouse {version} is too old for Langfuse {wanted.release}; run {needed} or newer.",
            wanted=needed,
            found=version,
        )


def unreadable(answers: Answers, database: str, cluster: str = "") -> Judgement | None:
    """The judgement where the answers do not suffice for one on the schema."""
    if error := answers.error(*AUTHENTICATION):
        message = f"ClickHouse does not let the user in ({error.said}); set the user and password that it knows."
        return Judgement(DENIED, [reason("authentication", message)])
    if not answers.server_version and (not answers.errors or answers.errors[0].code in UNREACHED):
        said = answers.errors[0].text if answers.errors else "no answer is there"
        message = f"ClickHouse cannot be asked: {said}; see that it runs and is reachable at this address."
        return Judgement(UNREACHABLE, [reason("unreachable", message)])
    if error := answers.error(ACCESS_DENIED):
        tables = [f"{identifier(database)}.*", *(CLUSTER_TABLES if cluster else ())]
        commands = "; ".join(f"GRANT SELECT ON {table} TO {answers.user or 'the user'}" for table in tables)
        message = f"ClickHouse does not show the user what the verdict needs ({error.said}); {commands}."
        return Judgement(DENIED, [reason("grant_missing", message, wanted=[f"SELECT ON {table}" for table in tables])])
    if answers.objects is None or not answers.complete:
        error = next((error for error in answers.errors if error.code not in (UNKNOWN_TABLE, UNKNOWN_DATABASE)), None)
        said = f"ClickHouse said {error.said}" if error else "it was cut off"
        server = f"ClickHouse {answers.server_version}" if answers.server_version else "ClickHouse"
        message = f"The answer of {server} is not whole: {said}; ask again, and take all lines of a task's output."
        return Judgement(INCOMPLETE, [reason("incomplete", message, wanted=answers.announced, found=_count(answers))])
    return None


def _count(answers: Answers) -> int:
    return len(answers.objects or {})


# -- The server -------------------------------------------------------------------------------------------------------


def _server(answers: Answers, wanted: Wanted) -> Iterator[Reason]:
    yield from _too_old(answers.server_version, wanted)
    if answers.timezone not in TIME_ZONES:
        yield reason(
            "timezone",
            f"The server's time zone is {answers.timezone}; set <timezone>UTC</timezone> in its configuration.",
            wanted="UTC",
            found=answers.timezone,
        )
    if not answers.database_exists:
        yield reason(
            "database_missing",
            f"There is no database {wanted.database}, or the user may not see it; "
            f"CREATE DATABASE {identifier(wanted.database)}.",
            wanted=wanted.database,
        )
    yield from _user(answers, wanted)
    if wanted.cluster:
        yield from _cluster(answers, wanted)


def _user(answers: Answers, wanted: Wanted) -> Iterator[Reason]:
    mode, _fixed = answers.settings.get("readonly", ("0", False))
    if mode != "0":
        yield reason(
            "readonly",
            f"User {answers.user} may only read (readonly={mode}); give it a profile without readonly.",
            wanted="0",
            found=mode,
        )
    for name, (_value, fixed) in answers.settings.items():
        if fixed and name != "readonly" and mode == "0":
            yield reason(
                "setting_fixed",
                f"User {answers.user} may not change the setting {name}, which Langfuse sets with its queries; "
                "take the constraint from its profile.",
                setting=name,
            )
    lacking = grants.missing(answers.grants, wanted.database, bool(wanted.cluster)) if answers.grants else []
    for target in dict.fromkeys(place for _privilege, place in lacking):
        privileges = [privilege for privilege, place in lacking if place == target]
        yield reason(
            "grant_missing",
            f"User {answers.user} lacks privileges; GRANT {', '.join(privileges)} ON {target} TO "
            f"{identifier(answers.user)}.",
            wanted=[f"{privilege} ON {target}" for privilege in privileges],
        )


def _cluster(answers: Answers, wanted: Wanted) -> Iterator[Reason]:
    release, newest = wanted.release, versions.parse(versions.NEWEST_READ[wanted.release.major])
    if wanted.cluster != CLUSTER_NAME and newest is not None and release <= newest:
        yield reason(
            "cluster_name",
            f"The migrations of Langfuse {release} know only a cluster that is named {CLUSTER_NAME}; name it so.",
            wanted=CLUSTER_NAME,
            found=wanted.cluster,
        )
    hosts = answers.clusters.get(wanted.cluster)
    if hosts is None:
        known = ", ".join(sorted(answers.clusters)) or "none"
        yield reason(
            "cluster_missing",
            f"The server knows no cluster {wanted.cluster} (it knows {known}); define it in <remote_servers>.",
            wanted=wanted.cluster,
            found=sorted(answers.clusters),
        )
        return
    shards = len({shard for shard, _host in hosts})
    if shards > 1:
        yield reason(
            "cluster_shards",
            f"The cluster {wanted.cluster} has {shards} shards, and Langfuse knows one; make all hosts replicas of it.",
            wanted=1,
            found=shards,
        )
    yield from _replicas(answers, wanted)


def _replicas(answers: Answers, wanted: Wanted) -> Iterator[Reason]:
    for table, state in sorted(answers.replicas.items()):
        if state["readonly"]:
            yield reason(
                "replica_readonly",
                f"The replica of table {table} takes no writes; see that Keeper runs and is reachable.",
                table=table,
            )
        elif state["delay"] > wanted.replica_delay_max:
            yield reason(
                "replica_behind",
                f"The replica of table {table} is {state['delay']} seconds behind; wait until it has caught up.",
                table=table,
                wanted=wanted.replica_delay_max,
                found=state["delay"],
            )


# -- The migrations ---------------------------------------------------------------------------------------------------


def dirty_message(number: int, answers: Answers) -> str:
    """What is known about a migration that did not end, and what to do."""
    steps = migrations.steps(number, answers.objects or {})
    share = {
        migrations.ALL: "all that it changes is there",
        migrations.NONE: "nothing that it changes is there",
        migrations.PARTLY: "not there yet: " + ", ".join(step.what for step in steps if not step.done),
        migrations.NOT_VISIBLE: "what it changes cannot be seen",
    }[migrations.effect(number, answers.objects or {})]
    title = f"Migration {number} ({migrations.name(number)})" if migrations.name(number) else f"Migration {number}"
    how = (
        "it can run again: use llmops.langfuse.clickhouse_schema_repair and migrate"
        if migrations.rerunnable(number)
        else "it cannot simply run again: look whether it took effect, tell llmops.langfuse.clickhouse_schema_repair "
        "with migration_applied, and migrate"
    )
    return f"{title} was begun and did not end ({share}); {how}."


def _migrations(answers: Answers, wanted: Wanted, head: int) -> list[Reason]:
    release, version = wanted.release, answers.version or 0
    if answers.dirty:
        return [
            reason(
                DIRTY,
                dirty_message(version, answers),
                version=version,
                effect=migrations.effect(version, answers.objects or {}),
                rerunnable=migrations.rerunnable(version),
            )
        ]
    if not version:
        return [reason(EMPTY, "No migration has run; run the migration of the web image.", wanted=head, found=0)]
    if version < head:
        message = f"The schema is at migration {version}, Langfuse {release} needs {head}; migrate."
        return [reason(BEHIND, message, wanted=head, found=version)]
    newest = versions.parse(versions.NEWEST_READ[release.major])
    if version > head and newest is not None and release <= newest:
        message = (
            f"The schema is at migration {version}, Langfuse {release} knows {head} of them; run the newer Langfuse, "
            "or restore ClickHouse from before it."
        )
        return [reason(AHEAD, message, wanted=head, found=version)]
    return []


# -- The objects ------------------------------------------------------------------------------------------------------


def _objects(answers: Answers, wanted: Wanted, head: int) -> Iterator[Reason]:
    there = answers.objects or {}
    # A release that is newer than the data can have dropped what the last known migration left.
    if (answers.version or 0) > migrations.NEWEST:
        return
    for name, expected in migrations.objects(head).items():
        found = there.get(name)
        kind = "view" if expected.engine in migrations.VIEWS else "table"
        if found is None:
            yield reason(
                f"{kind}_missing",
                f"There is no {kind} {name}, which migration {_made(name)} makes; restore it, or make it as that "
                "migration does.",
                table=name,
            )
            continue
        yield from _shape(name, expected, found, wanted)
        yield from _columns(name, kind, expected.columns, found.columns)


def _made(name: str) -> int:
    return next(number for number in sorted(migrations.MIGRATIONS) if _adds(number, name))


def _adds(number: int, name: str) -> bool:
    return name in migrations.MIGRATIONS[number][2].get("added", {})


def _shape(name: str, expected: migrations.Object, found: migrations.Object, wanted: Wanted) -> Iterator[Reason]:
    if migrations.family(found.engine) != expected.engine:
        yield reason(
            "engine",
            f"{name} has the engine {found.engine} instead of {expected.engine}; move its rows into a table that the "
            "migrations have made.",
            table=name,
            wanted=expected.engine,
            found=found.engine,
        )
        return
    if migrations.key_parts(found.sorting_key) != migrations.key_parts(expected.sorting_key):
        yield reason(
            "sorting_key",
            f"Table {name} is sorted by ({found.sorting_key}) instead of ({expected.sorting_key}); move its rows into a "
            "table that the migrations have made.",
            table=name,
            wanted=expected.sorting_key,
            found=found.sorting_key,
        )
    plain = found.engine == expected.engine and expected.engine.endswith("MergeTree")
    if wanted.cluster and plain and name not in NEVER_REPLICATED:
        yield reason(
            "not_replicated",
            f"Table {name} is not replicated ({found.engine}): it was made without CLICKHOUSE_CLUSTER_ENABLED, and "
            "Langfuse cannot change over; run without a cluster, or move the data into a new one.",
            table=name,
            wanted=f"Replicated{expected.engine}",
            found=found.engine,
        )


def _columns(name: str, kind: str, expected: dict[str, str], found: dict[str, str]) -> Iterator[Reason]:
    for column, wanted in expected.items():
        if column not in found:
            yield reason(
                "column_missing",
                f"{kind.capitalize()} {name} has no column {column} ({wanted}); add it again.",
                table=name,
                column=column,
                wanted=wanted,
            )
        # The types of a view's columns depend on the server.
        elif found[column] != wanted and kind == "table":
            yield reason(
                "column_type",
                f"Column {column} of table {name} is {found[column]} instead of {wanted}; change it back.",
                table=name,
                column=column,
                wanted=wanted,
                found=found[column],
            )


# -- What deserves notice ---------------------------------------------------------------------------------------------


def _notices(answers: Answers, wanted: Wanted) -> Iterator[Reason]:
    if answers.disk_total:
        share = 100 * answers.disk_free / answers.disk_total
        if share < wanted.disk_free_min_percent:
            yield reason(
                "disk_low",
                f"Only {share:.1f} % of the disk of ClickHouse are free; make it larger, or remove rows.",
                wanted=wanted.disk_free_min_percent,
                found=round(share, 1),
            )
    size = sum(answers.logs.values())
    if size > wanted.system_logs_max_gib * GIBIBYTE:
        largest = max(answers.logs, key=lambda name: answers.logs[name])
        yield reason(
            "system_logs",
            f"ClickHouse's own log tables hold {size / GIBIBYTE:.1f} GiB, most of it system.{largest}; TRUNCATE TABLE "
            f"system.{largest}, and give it a TTL or remove it in the server's configuration.",
            wanted=wanted.system_logs_max_gib,
            found=round(size / GIBIBYTE, 1),
            table=largest,
        )
    for table, state in sorted(answers.replicas.items()):
        if state["active"] < state["total"]:
            yield reason(
                "replica_inactive",
                f"Of {state['total']} replicas of table {table} {state['active']} are active; start the others.",
                table=table,
                wanted=state["total"],
                found=state["active"],
            )
    if answers.grants is not None and (through := grants.roles(answers.grants)):
        yield reason(
            NOT_JUDGED,
            f"The privileges of {answers.user} come from roles ({', '.join(through)}), which were not looked into; "
            "compare them with Langfuse's documentation.",
            found=through,
        )


def judge(answers: Answers, wanted: Wanted) -> Judgement:
    """The verdict and every reason against readiness; the verdict is that of the reason that comes first."""
    # A server that is too old does not know what the other questions use.
    if answers.objects is None and answers.server_version and (old := list(_too_old(answers.server_version, wanted))):
        return Judgement(UNSUITABLE, old)
    if silent := unreadable(answers, wanted.database, wanted.cluster):
        return silent
    head = versions.clickhouse_head(wanted.release)
    state = _migrations(answers, wanted, head)
    # Without the right migration, what is missing is no surprise.
    broken = list(_objects(answers, wanted, head)) if not state else []
    server = list(_server(answers, wanted))
    reasons = state + broken + server
    verdict = state[0]["code"] if state else DAMAGED if broken else UNSUITABLE if server else READY
    return Judgement(verdict, reasons, list(_notices(answers, wanted)))
