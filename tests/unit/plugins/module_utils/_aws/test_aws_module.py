# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from botocore.exceptions import ClientError
from module_runner import ModuleFailed, run_module


def module_that(action: Any) -> ModuleType:
    code = ModuleType("example")
    code.main = lambda: run(AnsibleAWSModule(argument_spec={}, supports_check_mode=True), action)  # type: ignore[attr-defined]
    return code


def fail_with(error: Exception) -> Any:
    def action(module: AnsibleAWSModule) -> dict[str, Any]:
        raise error

    return action


class TestRun:
    def test_result(self) -> None:
        result = run_module(module_that(lambda module: {"changed": module.check_mode, "thing": {"id": 1}}), check=True)
        assert result["changed"] is True
        assert result["thing"] == {"id": 1}

    def test_own_error(self) -> None:
        with pytest.raises(ModuleFailed) as raised:
            run_module(module_that(fail_with(AwsError("The thing is blue; paint it"))))
        assert raised.value.result["msg"] == "The thing is blue; paint it."
        assert "Traceback" not in repr(raised.value.result)

    @pytest.mark.parametrize("wrapped", [True, False])
    def test_refusal(self, wrapped: bool) -> None:
        error = ClientError({"Error": {"Code": "Nope", "Message": "Never."}}, "DoThing")
        with pytest.raises(ModuleFailed) as raised:
            run_module(module_that(fail_with(AwsError("Failed to do it", error) if wrapped else error)))
        assert raised.value.result["error_code"] == "Nope"
        assert raised.value.result["msg"] == f"{'Failed to do it' if wrapped else 'AWS failed'}: Never (Nope)."

    def test_a_fault_of_the_module_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError):
            run_module(module_that(lambda module: {"changed": 1 / 0}))


class TestTags:
    def test_lists_and_dictionaries(self) -> None:
        assert tag_dict([{"Key": "a", "Value": "1"}]) == {"a": "1"}
        assert tag_dict(None) == {}
        assert tag_list({"b": 2, "a": "1"}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        assert tag_list(None) == []

    @pytest.mark.parametrize(
        ("wanted", "purge", "to_set", "to_remove"),
        [
            (None, True, {}, []),
            ({}, True, {}, ["a", "b"]),
            ({}, False, {}, []),
            ({"a": "1"}, True, {}, ["b"]),
            ({"a": "2", "c": 3}, False, {"a": "2", "c": "3"}, []),
        ],
    )
    def test_changes(self, wanted: Any, purge: bool, to_set: Any, to_remove: Any) -> None:
        active = {"a": "1", "b": "2", "aws:rds:primary": "x", "own": "y"}
        assert tag_changes(active, wanted, purge, keep=("own",)) == (to_set, to_remove)

    def test_merged(self) -> None:
        active = {"a": "1", "b": "2", "aws:x": "x", "own": "y"}
        assert merged_tags(active, {"a": 5}, True, keep=("own",)) == {"a": "5", "aws:x": "x", "own": "y"}
        assert merged_tags(active, None, True) == active


def test_the_runner_notices_a_module_that_returns_nothing() -> None:
    code = ModuleType("silent")
    code.main = lambda: None  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="silent"):
        run_module(code)
    assert sys.stdout is not None
