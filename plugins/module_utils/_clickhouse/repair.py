# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes a dirty ClickHouse schema back to a number from which Langfuse can migrate, and when nothing may.

Pure. It is what `migrate force` of golang-migrate does (v4.19.1, migrate.go, Force; database/clickhouse/clickhouse.go,
SetVersion): one more row in schema_migrations, no change of any table. Force to N says that migration N took effect,
force to N-1 lets it run again. Langfuse's documentation, FAQ "ClickHouse: handling failed migrations".
"""

from __future__ import annotations

from dataclasses import dataclass

from . import migrations
from .answers import MIGRATIONS_TABLE, Answers, identifier


class Refused(Exception):
    """Nothing may be written; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """From the dirty migration `number` to the clean state `target`, by `statement`."""

    number: int
    target: int
    statement: str


def statement(database: str, number: int, target: int) -> str:
    """The row that makes `target` the state, written only while `number` is the state and dirty: it can run twice."""
    table = f"{identifier(database)}.{MIGRATIONS_TABLE}"
    # The order of rows is the time in nanoseconds, as golang-migrate writes it; the clock may have been put back.
    return (
        f"INSERT INTO {table} (version, dirty, sequence) SELECT {target}, 0,"
        f" greatest(toUInt64(toUnixTimestamp64Nano(now64(9))), max(sequence) + 1) FROM {table}"
        f" HAVING argMax(version, sequence) = {number} AND argMax(dirty, sequence) = 1"
    )


def _target(number: int) -> int:
    """The state before a migration."""
    return number - 1 if number > 1 else migrations.NO_VERSION


def _taken_as_applied(number: int, answers: Answers) -> int:
    lacking = [step.what for step in migrations.steps(number, answers.objects or {}) if not step.done]
    if lacking:
        raise Refused(
            f"Migration {number} did not take effect: {', '.join(lacking)} cannot be found. Make them as the migration "
            "does, or take back what is there of it and set migration_applied to false."
        )
    return number


def _taken_as_not_applied(number: int, answers: Answers) -> int:
    done = [step for step in migrations.steps(number, answers.objects or {}) if step.done]
    if done and not migrations.rerunnable(number):
        undo = "; ".join(step.undo for step in done)
        raise Refused(
            f"Migration {number} would stop again at what is there of it: {', '.join(step.what for step in done)}. See "
            f"that no data are in them and take them back ({undo}), or complete them and set migration_applied to true."
        )
    return _target(number)


def _undecided(number: int, answers: Answers) -> Refused:
    if number not in migrations.MIGRATIONS:
        return Refused(
            f"Migration {number} is newer than what this collection knows ({migrations.NEWEST}); look in Langfuse's "
            "sources what it does, and set migration_applied."
        )
    there = answers.objects or {}
    # These migrations change tables and columns only, so all of it can be seen.
    advice = {
        migrations.ALL: "all that it changes is there: set migration_applied to true",
        migrations.NONE: "nothing that it changes is there: set migration_applied to false",
        migrations.PARTLY: "only part of what it changes is there: "
        + ", ".join(f"{step.what} is {'there' if step.done else 'missing'}" for step in migrations.steps(number, there))
        + "; complete it or take it back, and set migration_applied to what is then true",
    }[migrations.effect(number, there)]
    return Refused(
        f"Migration {number} ({migrations.name(number)}) cannot run again where it was partly applied, so it has to be "
        f"said whether it was; {advice}."
    )


def plan(answers: Answers, database: str, applied: bool | None) -> Plan | None:
    """What to write; None where the schema is not dirty.

    :param applied: whether the migration that did not end took effect; None where nobody has said.
    :raises Refused: where it would be wrong, or might be.
    """
    if not answers.dirty:
        return None
    number = answers.version or 0
    if applied is True:
        target = _taken_as_applied(number, answers)
    elif applied is False or migrations.rerunnable(number):
        target = _taken_as_not_applied(number, answers)
    else:
        raise _undecided(number, answers)
    return Plan(number, target, statement(database, number, target))
