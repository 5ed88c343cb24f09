# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys

import pytest
from module_runner import ModuleFailed, run_module

OPTIONS = {
    "component": "web",
    "langfuse_version": "3.225.4",
    "url": "https://langfuse.example.com",
    "database": {"host": "db.example", "name": "langfuse", "username": "langfuse"},
    "cache": {"host": "cache.example"},
    "clickhouse": {"host": "clickhouse.demo.internal"},
    "storage": {"bucket": "demo-bucket", "region": "eu-central-1"},
    "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:demo/application-AbCdEf",
}


def test_returns_the_environment_and_changes_nothing() -> None:
    result = run_module("langfuse_env", OPTIONS)
    assert result["changed"] is False
    assert result["environment"]["DATABASE_HOST"] == "db.example:5432"
    assert result["environment"]["CLICKHOUSE_URL"] == "http://clickhouse.demo.internal:8123"
    assert {"name": "HOSTNAME", "value": "0.0.0.0"} in result["ecs"]["environment"]
    assert result["secrets"]["SALT"] == OPTIONS["secret_arn"] + ":SALT::"
    assert "HOSTNAME=0.0.0.0\n" in result["dotenv"]
    assert len(result["digest"]) == 64
    assert result["warnings_list"] == []


def test_check_mode_gives_the_same() -> None:
    results = [run_module("langfuse_env", OPTIONS, check=check) for check in (True, False)]
    for result in results:
        result.pop("invocation", None)
    assert results[0] == results[1]


def test_returns_the_charts_values_only_with_a_kubernetes_secret() -> None:
    assert "helm_values" not in run_module("langfuse_env", OPTIONS)
    values = run_module("langfuse_env", OPTIONS | {"kubernetes_secret": "langfuse"})["helm_values"]
    assert values["langfuse"]["salt"] == {"secretKeyRef": {"name": "langfuse", "key": "SALT"}}


def test_warns_of_unknown_names() -> None:
    result = run_module("langfuse_env", OPTIONS | {"settings": {"LANGFUSE_LOG_LEVL": "warn"}})
    assert result["warnings_list"] == [
        {
            "option": "settings.LANGFUSE_LOG_LEVL",
            "problem": "Langfuse 3.225.4 does not read LANGFUSE_LOG_LEVL",
            "fix": "did you mean LANGFUSE_LOG_LEVEL?",
        }
    ]
    assert any("did you mean LANGFUSE_LOG_LEVEL?" in str(warning) for warning in result["warnings"])


def test_fails_with_everything_as_text_and_as_data_and_without_the_values() -> None:
    settings = {"ENCRYPTION_KEY": "0123456789abcdef-value", "AUTH_DISABLE_SIGNUP": "yes"}
    with pytest.raises(ModuleFailed) as failure:
        run_module("langfuse_env", OPTIONS | {"settings": settings, "url": None})
    result = failure.value.result
    assert [error["option"] for error in result["errors"]] == [
        "settings.AUTH_DISABLE_SIGNUP",
        "settings.ENCRYPTION_KEY",
        "url",
    ]
    assert all(error["problem"] in result["msg"] for error in result["errors"])
    assert "0123456789abcdef-value" not in json.dumps(result)


def test_takes_the_action_groups_options() -> None:
    result = run_module(
        "langfuse_env",
        OPTIONS | {"region": "eu-central-1", "profile": "x", "endpoint_url": "http://127.0.0.1:1", "aws_config": {}},
    )
    assert result["environment"]["HOSTNAME"] == "0.0.0.0"


def test_does_not_import_boto3() -> None:
    code = (
        "import sys\n"
        "from ansible_collections.llmops.langfuse.plugins.modules import langfuse_env\n"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
