# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between wanted and active cache parameters; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError

# ModifyCacheParameterGroup and ResetCacheParameterGroup take so many at once.
PARAMETERS_PER_CALL = 20


def parameter_value(value: Any) -> str:
    """A value as ElastiCache writes it: YAML's booleans are yes and no."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def values_of(parameters: list[dict[str, Any]]) -> dict[str, str]:
    """Every parameter's value; empty where the engine's default is no value."""
    return {parameter["ParameterName"]: parameter.get("ParameterValue") or "" for parameter in parameters}


def set_by_user(parameters: list[dict[str, Any]]) -> dict[str, str]:
    """The parameters that are not at the family's default."""
    return values_of([parameter for parameter in parameters if parameter.get("Source") == "user"])


def refuse_unknown(name: str, wanted: dict[str, Any], parameters: list[dict[str, Any]]) -> None:
    """Fails where a wanted parameter does not exist in the family or cannot be set."""
    known = {parameter["ParameterName"]: parameter for parameter in parameters}
    if unknown := sorted(set(wanted) - set(known)):
        raise AwsError(f"The cache parameter group {name} has no parameter {', '.join(unknown)}; check the spelling")
    fixed = sorted(
        key
        for key in wanted
        if not known[key].get("IsModifiable", True)
        and parameter_value(wanted[key]) != (known[key].get("ParameterValue") or "")
    )
    if fixed:
        raise AwsError(f"AWS does not let {', '.join(fixed)} be set in the cache parameter group {name}; remove it")


def compare(wanted: dict[str, Any], parameters: list[dict[str, Any]], purge: bool) -> tuple[Difference, list[str]]:
    """The parameters to set, and with purge the names of those to take back to the family's default."""
    active = values_of(parameters)
    difference = Difference()
    for name in sorted(wanted):
        difference.add(name, parameter_value(wanted[name]), active.get(name, ""))
    to_reset = sorted(set(set_by_user(parameters)) - set(wanted)) if purge else []
    return difference, to_reset


def batches(names: list[str]) -> list[list[str]]:
    """Names in groups that one call takes."""
    return [names[start : start + PARAMETERS_PER_CALL] for start in range(0, len(names), PARAMETERS_PER_CALL)]
