# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of product modules and their reading of secrets, against moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
import yaml
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.llmops.langfuse.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import secret_values
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import (
    ACTION_GROUP_OPTIONS,
    LangfuseModule,
)
from module_runner import ModuleFailed, run_module
from moto import mock_aws

REGION = "eu-central-1"


def module_that(argument_spec: dict[str, Any], work: Any) -> ModuleType:
    """A module of LangfuseModule whose main calls `work` with it."""
    code = ModuleType("probe")

    def main() -> None:
        module = LangfuseModule(argument_spec=argument_spec, supports_check_mode=True)
        module.exit_json(changed=False, **work(module))

    code.main = main  # type: ignore[attr-defined]
    return code


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield boto3.client("secretsmanager", region_name=REGION)


def read(arn: str, *keys: str) -> dict[str, Any]:
    return run_module(module_that({}, lambda module: {"read": secret_values(module, arn, list(keys))}))


def test_takes_every_option_of_amazon_aws() -> None:
    """Those of the action group that upstream adds later must be added here too."""
    theirs = aws_argument_spec()
    assert set(ACTION_GROUP_OPTIONS) == set(theirs)
    for name, option in theirs.items():
        assert ACTION_GROUP_OPTIONS[name].get("aliases", []) == option.get("aliases", []), name
        assert ACTION_GROUP_OPTIONS[name].get("type", "str") == option.get("type", "str"), name
        assert ACTION_GROUP_OPTIONS[name].get("fallback", (0, 0))[1] == option.get("fallback", (0, 0))[1], name


def test_the_documentation_has_the_same_options() -> None:
    assert set(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]) == set(ACTION_GROUP_OPTIONS)


@pytest.mark.parametrize("name", ["region", "secret_key", "aws_profile"])
def test_an_option_of_ones_own_cannot_take_a_name_of_the_group(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        run_module(module_that({name: {"type": "str"}}, lambda module: {}))


def test_reads_secret_values_and_masks_them(client: Any) -> None:
    arn = client.create_secret(Name="demo", SecretString=json.dumps({"A": "value-of-a", "B": "value-of-b"}))["ARN"]
    assert read(arn, "A", "B")["read"] == {key: "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" for key in ("A", "B")}


def test_says_which_key_is_missing(client: Any) -> None:
    arn = client.create_secret(Name="demo", SecretString=json.dumps({"A": "value-of-a", "B": ""}))["ARN"]
    with pytest.raises(ModuleFailed, match=r"has no value for B, C; run llmops.langfuse.langfuse_secrets"):
        read(arn, "A", "B", "C")


def test_says_that_a_secret_is_no_json_object(client: Any) -> None:
    arn = client.create_secret(Name="demo", SecretString="just-a-text")["ARN"]
    with pytest.raises(ModuleFailed, match="not a JSON object") as failed:
        read(arn, "A")
    assert "just-a-text" not in json.dumps(failed.value.result)


def test_says_that_there_is_no_secret(client: Any) -> None:
    with pytest.raises(ModuleFailed, match=r"cannot be read .ResourceNotFoundException"):
        read("arn:aws:secretsmanager:eu-central-1:123456789012:secret:nothing-AbCdEf", "A")


def test_says_that_a_profile_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ModuleFailed, match=r"nobody.*check region, profile and endpoint_url"):
        read("arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf", "A")
