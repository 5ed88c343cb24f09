# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aurora PostgreSQL's versions and cluster parameters, as AWS lists them.

Versions that can be created: cfn-lint's list of 2026-10-20. Parameters:
docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Reference.ParameterGroups.html (those a team sets).
"""

from __future__ import annotations

from typing import Any

VERSIONS: dict[str, tuple[int, ...]] = {
    "15": (10, 12, 13, 14, 15, 17, 18, 19),
    "16": (8, 9, 10, 11, 13, 14, 15),
    "17": (4, 5, 6, 7, 9, 10, 11),
    "18": (3, 4, 6),
}
DEFAULT_MAJOR = "17"
MAX_CHANGES = 20

# name, default, allowed values, type, apply type, modifiable
_PARAMETERS: tuple[tuple[str, str, str, str, str, bool], ...] = (
    ("autovacuum_max_workers", "3", "1-262143", "integer", "static", True),
    ("idle_in_transaction_session_timeout", "86400000", "0-2147483647", "integer", "dynamic", True),
    ("log_min_duration_statement", "-1", "-1-2147483647", "integer", "dynamic", True),
    ("log_statement", "none", "none,ddl,mod,all", "string", "dynamic", True),
    ("max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)", "6-262143", "integer", "static", True),
    ("rds.force_ssl", "0", "0,1", "boolean", "dynamic", True),
    ("rds.logical_replication", "0", "0,1", "boolean", "static", True),
    ("rds.superuser_variables", "session_replication_role", "", "string", "static", False),
    ("shared_preload_libraries", "pg_stat_statements", "", "list", "static", True),
    ("statement_timeout", "", "0-2147483647", "integer", "dynamic", True),
    ("timezone", "UTC", "", "string", "dynamic", True),
    ("work_mem", "", "64-2147483647", "integer", "dynamic", True),
)


def resolve_version(asked: str | None) -> str | None:
    """The version that AWS takes for what was asked; a major version alone is its newest minor version."""
    major, _, minor = (asked or DEFAULT_MAJOR).partition(".")
    if major not in VERSIONS:
        return None
    if not minor:
        return f"{major}.{VERSIONS[major][-1]}"
    return asked if minor.isdigit() and int(minor) in VERSIONS[major] else None


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def parameters(family: str) -> dict[str, dict[str, Any]]:
    """The parameters of a family (aurora-postgresql16) with their defaults; rds.force_ssl is on from 17."""
    major = int(family.removeprefix("aurora-postgresql"))
    found = {}
    for name, default, allowed, kind, apply_type, modifiable in _PARAMETERS:
        found[name] = {
            "ParameterName": name,
            "ParameterValue": "1" if name == "rds.force_ssl" and major >= 17 else default,
            "Description": name.replace("_", " "),
            "Source": "engine-default",
            "ApplyType": apply_type,
            "DataType": kind,
            "AllowedValues": allowed,
            "IsModifiable": modifiable,
            "ApplyMethod": "pending-reboot",
            "SupportedEngineModes": ["provisioned"],
        }
    return found


def allows(allowed: str, value: str) -> bool:
    """Whether a value is in AWS's notation of what is allowed: a list, or one range."""
    if not allowed:
        return True
    if "," in allowed:
        return value in allowed.split(",")
    lowest, _, highest = allowed.rpartition("-")
    try:
        return int(lowest) <= int(value) <= int(highest)
    except ValueError:
        return False
