# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that Langfuse's ClickHouse migrations leave, and how much of one migration is there.

The data beside this module say what each migration changes; tools/clickhouse_schema/README.md says how to refresh them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .answers import Object
from .schema_data import MIGRATIONS

# The number of the newest migration that the data know.
NEWEST = max(MIGRATIONS)
# golang-migrate's number for "no migration ran" (database.NilVersion).
NO_VERSION = -1
VIEWS = ("View", "MaterializedView")

# How much of a migration is in the database.
ALL, NONE, PARTLY, NOT_VISIBLE = "all", "none", "partly", "not_visible"


def name(number: int) -> str:
    """The migration's name in Langfuse's sources; empty for one that the data do not know."""
    return MIGRATIONS[number][0] if number in MIGRATIONS else ""


def rerunnable(number: int) -> bool:
    """Whether the migration can run again after it stopped half-way; a migration that is not known cannot."""
    return number in MIGRATIONS and MIGRATIONS[number][1]


def family(engine: str) -> str:
    """The engine without what clusters and ClickHouse Cloud put before its name."""
    return engine.removeprefix("Replicated").removeprefix("Shared")


def key_parts(sorting_key: str) -> str:
    """A sorting key in one spelling: servers differ in blanks and brackets."""
    text = sorting_key.replace(" ", "")
    return text[1:-1] if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text


def objects(head: int) -> dict[str, Object]:
    """Tables and views as they are after this migration, columns in the order of their making."""
    found: dict[str, Object] = {}
    for number in sorted(MIGRATIONS):
        if number > head:
            break
        changes = MIGRATIONS[number][2]
        for made, (engine, key, columns) in changes.get("added", {}).items():
            found[made] = Object(engine, key, dict(columns))
        for kind in ("columns_added", "columns_changed"):
            for table, columns in changes.get(kind, {}).items():
                found[table].columns.update(columns)
        for dropped in changes.get("dropped", ()):
            del found[dropped]
    return found


@dataclass(frozen=True)
class Step:
    """One visible change of a migration: what it is, whether it is there, and the statement that takes it back."""

    what: str
    done: bool
    undo: str = ""


def _steps(changes: dict[str, Any], found: dict[str, Object]) -> Iterator[Step]:
    for made, (engine, _key, _columns) in changes.get("added", {}).items():
        kind = "view" if engine in VIEWS else "table"
        yield Step(f"{kind} {made}", made in found, f"DROP {kind.upper()} {made}")
    for table, columns in changes.get("columns_added", {}).items():
        there = found.get(table)
        for column in columns:
            done = there is not None and column in there.columns
            yield Step(f"column {column} of {table}", done, f"ALTER TABLE {table} DROP COLUMN {column}")
    for table, columns in changes.get("columns_changed", {}).items():
        there = found.get(table)
        for column, kind in columns.items():
            done = there is not None and there.columns.get(column) == kind
            yield Step(f"{kind} as type of column {column} of {table}", done)
    for dropped in changes.get("dropped", ()):
        yield Step(f"the removal of {dropped}", dropped not in found)


def steps(number: int, found: dict[str, Object]) -> list[Step]:
    """Everything that the migration changes visibly. Indexes are not seen, so there can be nothing."""
    return list(_steps(MIGRATIONS[number][2], found)) if number in MIGRATIONS else []


def effect(number: int, found: dict[str, Object]) -> str:
    """How much of the migration is there."""
    done = [step.done for step in steps(number, found)]
    if not done:
        return NOT_VISIBLE
    return ALL if all(done) else PARTLY if any(done) else NONE
