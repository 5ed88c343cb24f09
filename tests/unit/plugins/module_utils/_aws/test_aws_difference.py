# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference


def test_nothing_differs() -> None:
    difference = Difference()
    assert difference.add("port", 6379, 6379, request={"Port": 6379}) is False
    assert (difference.changed, difference.before, difference.after, difference.request) == (False, {}, {}, {})


def test_one_computation_gives_changed_diff_and_request() -> None:
    difference = Difference()
    assert difference.add("size", "large", "small", request={"Size": "large"}) is True
    difference.add("port", 1, 1, request={"Port": 1})
    assert difference.changed
    assert difference.names == ["size"]
    assert difference.diff == {"before": {"size": "small"}, "after": {"size": "large"}}
    assert difference.request == {"Size": "large"}


@pytest.mark.parametrize("active", [None, "x", [], 0])
def test_a_property_that_is_not_wanted_is_left_alone(active: Any) -> None:
    difference = Difference()
    assert difference.add("name", None, active) is False


@pytest.mark.parametrize(
    ("wanted", "active", "differs"),
    [(["b", "a"], ["a", "b"], False), (["a"], ["a", "b"], True), ([], None, False), (["a"], None, True)],
)
def test_unordered_lists(wanted: list[str], active: list[str] | None, differs: bool) -> None:
    assert Difference().add("groups", wanted, active, unordered=True) is differs


def test_own_comparison() -> None:
    difference = Difference()
    assert difference.add("version", "8.0", "8.0.1", same=lambda wanted, active: active.startswith(wanted)) is False
    assert difference.add("version", "8.1", "8.0.1", same=lambda wanted, active: active.startswith(wanted)) is True


def test_own_comparison_is_not_asked_about_nothing() -> None:
    assert Difference().add("version", "8.0", None, same=lambda wanted, active: active.startswith(wanted)) is True


def test_secrets_show_that_they_change_but_not_what_they_are() -> None:
    difference = Difference()
    difference.add("token", "new-token-value", "old-token-value", request={"AuthToken": "new-token-value"}, secret=True)
    assert difference.changed
    assert "token-value" not in repr(difference.diff)
    assert difference.before != difference.after
    assert difference.apply_to({"id": "x"}) == {"id": "x"}


def test_prediction() -> None:
    difference = Difference()
    difference.add("size", "large", "small")
    state = {"size": "small", "port": 1}
    assert difference.apply_to(state) == {"size": "large", "port": 1}
    assert state["size"] == "small"
