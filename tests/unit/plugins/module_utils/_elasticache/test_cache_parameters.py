# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import operator
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache.parameter_group import (
    batches,
    compare,
    parameter_value,
    refuse_unknown,
    set_by_user,
)

PARAMETERS: list[dict[str, Any]] = [
    {"ParameterName": "maxmemory-policy", "ParameterValue": "volatile-lru", "Source": "system", "IsModifiable": True},
    {"ParameterName": "timeout", "ParameterValue": "60", "Source": "user", "IsModifiable": True},
    {"ParameterName": "lazyfree", "ParameterValue": "yes", "Source": "system", "IsModifiable": True},
    {"ParameterName": "databases-max", "ParameterValue": "16", "Source": "system", "IsModifiable": False},
    {"ParameterName": "notify", "Source": "system", "IsModifiable": True},
]


@pytest.mark.parametrize(("value", "text"), [(True, "yes"), (False, "no"), (60, "60"), ("noeviction", "noeviction")])
def test_parameter_value(value: Any, text: str) -> None:
    assert parameter_value(value) == text


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({}, {}),
        ({"maxmemory-policy": "volatile-lru", "timeout": 60, "lazyfree": True, "notify": ""}, {}),
        ({"maxmemory-policy": "noeviction"}, {"maxmemory-policy": "noeviction"}),
        ({"timeout": 0, "lazyfree": False}, {"timeout": "0", "lazyfree": "no"}),
        ({"notify": "KEA"}, {"notify": "KEA"}),
    ],
)
def test_only_named_parameters_that_differ(wanted: dict[str, Any], changes: dict[str, str]) -> None:
    difference, to_reset = compare(wanted, PARAMETERS, False)
    assert difference.after == changes
    assert to_reset == []


def test_purging_takes_back_what_somebody_set() -> None:
    assert compare({}, PARAMETERS, True)[1] == ["timeout"]
    assert compare({"timeout": 60}, PARAMETERS, True)[1] == []
    assert set_by_user(PARAMETERS) == {"timeout": "60"}


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(AwsError, match="The cache parameter group x has no parameter maxmemory_policy; check"):
        refuse_unknown("x", {"maxmemory_policy": "noeviction"}, PARAMETERS)


def test_fixed_parameters_are_refused_unless_they_are_as_wanted() -> None:
    refuse_unknown("x", {"databases-max": 16}, PARAMETERS)
    with pytest.raises(AwsError, match="does not let databases-max be set"):
        refuse_unknown("x", {"databases-max": 32}, PARAMETERS)


def test_batches() -> None:
    names = [str(number) for number in range(45)]
    assert [len(batch) for batch in batches(names)] == [20, 20, 5]
    assert functools.reduce(operator.iadd, batches(names), []) == names
    assert batches([]) == []
