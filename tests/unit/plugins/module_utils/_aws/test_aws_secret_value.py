# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.secret_value import (
    current_version_id,
    read_secret_value,
    same_value_in_version,
)
from moto import mock_aws


class FakeModule:
    def __init__(self) -> None:
        self.no_log_values: set[str] = set()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="us-east-1")


def write(client: Any, text: str) -> str:
    try:
        return client.create_secret(Name="x", SecretString=text)["VersionId"]
    except client.exceptions.ResourceExistsException:
        return client.put_secret_value(SecretId="x", SecretString=text)["VersionId"]


def test_reads_one_key_and_masks_it(client: Any) -> None:
    version = write(client, json.dumps({"A": "the-value-of-a", "B": "the-value-of-b"}))
    module = FakeModule()
    secret = read_secret_value(module, client, "x", "A")
    assert (secret.value, secret.version_id, secret.key) == ("the-value-of-a", version, "A")
    assert secret.arn.startswith("arn:aws:secretsmanager:us-east-1:")
    assert module.no_log_values == {"the-value-of-a"}
    assert "the-value-of-a" not in repr(secret)


@pytest.mark.parametrize("text", ['{"B": "the-value-of-b"}', '{"A": ""}', '{"A": 5}', '["A"]', "the-plain-value"])
def test_refuses_a_secret_without_the_key(client: Any, text: str) -> None:
    write(client, text)
    with pytest.raises(AwsError) as raised:
        read_secret_value(FakeModule(), client, "x", "A")
    assert "has no text under the key A" in str(raised.value)
    assert "value" not in str(raised.value).replace("llmops", "")


def test_refuses_a_missing_secret(client: Any) -> None:
    with pytest.raises(AwsError, match=r"Failed to read the secret x: .*ResourceNotFoundException"):
        read_secret_value(FakeModule(), client, "x", "A")


def test_current_version(client: Any) -> None:
    write(client, "{}")
    second = write(client, '{"A": "b"}')
    assert current_version_id(client, "x") == second
    with pytest.raises(AwsError, match="Failed to describe the secret y"):
        current_version_id(client, "y")


def test_another_key_rotated(client: Any) -> None:
    first = write(client, json.dumps({"A": "the-value-of-a", "B": "first-of-b"}))
    write(client, json.dumps({"A": "the-value-of-a", "B": "second-of-b"}))
    module = FakeModule()
    assert same_value_in_version(module, client, read_secret_value(module, client, "x", "A"), first)
    assert not same_value_in_version(module, client, read_secret_value(module, client, "x", "B"), first)


def test_an_unknown_version_is_not_the_same(client: Any) -> None:
    version = write(client, json.dumps({"A": "the-value-of-a"}))
    module = FakeModule()
    secret = read_secret_value(module, client, "x", "A")
    assert same_value_in_version(module, client, secret, version)
    assert not same_value_in_version(module, client, secret, "")
    assert not same_value_in_version(module, client, secret, "00000000-0000-0000-0000-000000000000")
