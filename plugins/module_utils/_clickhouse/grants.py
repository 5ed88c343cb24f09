# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a ClickHouse user may do what Langfuse does, from the lines of SHOW GRANTS.

Source: Langfuse's self-hosting documentation, clickhouse#user-permissions; the tree of privileges is that of
ClickHouse's system.privileges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .answers import identifier

_GRANT = re.compile(r"(GRANT|REVOKE) (.+) ON (\S.*?) (?:TO|FROM) (?:`(?:[^`\\]|\\.)*`|\S+)")
_PRIVILEGES = re.compile(r",\s*(?![^()]*\))")

# Privilege on Langfuse's database: the groups of privileges that hold it.
_ALTER_TABLE = ("ALTER TABLE", "ALTER", "ALL")
_ALTER_COLUMN = ("ALTER COLUMN", *_ALTER_TABLE)
_ALTER_INDEX = ("ALTER INDEX", *_ALTER_TABLE)
NEEDED: dict[str, tuple[str, ...]] = {
    "SELECT": ("ALL",),
    "INSERT": ("ALL",),
    "CREATE TABLE": ("CREATE", "ALL"),
    "CREATE VIEW": ("CREATE", "ALL"),
    "DROP TABLE": ("DROP", "ALL"),
    "DROP VIEW": ("DROP", "ALL"),
    "ALTER UPDATE": _ALTER_TABLE,
    "ALTER DELETE": _ALTER_TABLE,
    "ALTER ADD COLUMN": _ALTER_COLUMN,
    "ALTER MODIFY COLUMN": _ALTER_COLUMN,
    "ALTER ADD INDEX": _ALTER_INDEX,
    "ALTER DROP INDEX": _ALTER_INDEX,
    "ALTER MATERIALIZE INDEX": _ALTER_INDEX,
    "ALTER VIEW MODIFY QUERY": ("ALTER VIEW", "ALTER", "ALL"),
}
# Everywhere, in a cluster.
NEEDED_CLUSTERED: dict[str, tuple[str, ...]] = {"CLUSTER": ("ALL",)}


def _target_holds(target: str, database: str) -> bool:
    """Whether a grant's target takes in every table of the database."""
    if target in ("*.*", "*"):
        return True
    held, dot, table = target.rpartition(".")
    if not dot or table != "*":
        return False
    if held.endswith("*"):
        return database.startswith(held[:-1].strip("`"))
    return held in (database, identifier(database))


def roles(grants: Iterable[str]) -> list[str]:
    """The roles among the grants; what they hold is not listed."""
    found = [match[1] for grant in grants if (match := re.match(r"GRANT ((?:(?! ON ).)+?) TO ", grant))]
    return [role.strip().strip("`") for text in found for role in text.split(",")]


def held(grants: Iterable[str], database: str) -> tuple[set[str], set[str]]:
    """Privileges and groups of them on the whole database: those granted, and those taken back from a group."""
    found: dict[str, set[str]] = {"GRANT": set(), "REVOKE": set()}
    for grant in grants:
        match = _GRANT.match(grant)
        if match is not None and _target_holds(match[3], database):
            # A privilege on single columns is not one on the table.
            found[match[1]] |= {name.strip() for name in _PRIVILEGES.split(match[2]) if "(" not in name}
    return found["GRANT"], found["REVOKE"]


def _lacking(needed: dict[str, tuple[str, ...]], grants: Iterable[str], database: str) -> list[str]:
    given, taken = held(grants, database)
    return [name for name, groups in needed.items() if not given & {name, *groups} or taken & {name, *groups}]


def missing(grants: Iterable[str], database: str, clustered: bool) -> list[tuple[str, str]]:
    """What the user lacks, as (privilege, target); nothing where roles may give it."""
    grants = list(grants)
    if roles(grants):
        return []
    found = [(name, f"{identifier(database)}.*") for name in _lacking(NEEDED, grants, database)]
    if clustered:
        # No database has this name: only what is granted everywhere counts.
        found += [(name, "*.*") for name in _lacking(NEEDED_CLUSTERED, grants, "")]
    return found
