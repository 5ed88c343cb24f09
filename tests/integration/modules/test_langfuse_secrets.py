# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""langfuse_secrets against moto's Secrets Manager."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_forms import (
    DEFAULT_KEYS,
    problem_with_value,
)
from ansible_collections.llmops.langfuse.plugins.modules import langfuse_secrets
from botocore.exceptions import ClientError
from module_runner import ModuleFailed, run_module
from moto import mock_aws
from moto.server import ThreadedMotoServer

NAME = "demo/application"
REGION = "eu-central-1"
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("secretsmanager", region_name=REGION)


def run(check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module("langfuse_secrets", {"name": NAME, **options}, check=check)


def values_of(client: Any) -> dict[str, str]:
    return json.loads(client.get_secret_value(SecretId=NAME)["SecretString"])


def failure(**options: Any) -> dict[str, Any]:
    with pytest.raises(ModuleFailed) as failed:
        run(**options)
    return failed.value.result


def test_makes_every_value_once(client: Any) -> None:
    predicted = run(check=True, tags={"a": "1"})
    assert predicted["changed"] is True
    assert predicted["secret_keys"] == sorted(DEFAULT_KEYS)
    assert client.list_secrets()["SecretList"] == []

    made = run(tags={"a": "1"}, description="All of it")
    assert made["changed"] is True
    assert made["made"] == sorted(DEFAULT_KEYS)
    assert made["tags"] == {"a": "1"}
    assert ":secret:demo/application-" in made["arn"]
    values = values_of(client)
    assert sorted(values) == made["secret_keys"] == sorted(DEFAULT_KEYS)
    assert [problem_with_value(key, value) for key, value in values.items() if problem_with_value(key, value)] == []
    assert not [value for value in values.values() if value in json.dumps([made, predicted])]

    again = run(tags={"a": "1"}, description="All of it")
    assert again["changed"] is False
    assert again["version_id"] == made["version_id"] == client.get_secret_value(SecretId=NAME)["VersionId"]
    assert again["arn"] == made["arn"]
    assert "diff" not in again
    assert values_of(client) == values


def test_adds_only_what_is_missing(client: Any) -> None:
    client.create_secret(Name=NAME, SecretString=json.dumps({"SALT": "my-own-salt", "OWN": "kept"}))
    before = client.get_secret_value(SecretId=NAME)["VersionId"]
    predicted = run(check=True)
    assert predicted["changed"] is True
    assert client.get_secret_value(SecretId=NAME)["VersionId"] == before
    added = run()
    assert added["diff"]["before"]["secret_keys"] == ["OWN", "SALT"]
    assert added["diff"]["after"]["secret_keys"] == sorted([*DEFAULT_KEYS, "OWN"]) == predicted["secret_keys"]
    assert added["version_id"] != before
    assert values_of(client)["SALT"] == "my-own-salt"
    assert values_of(client)["OWN"] == "kept"


def test_rotates_only_what_is_named(client: Any) -> None:
    run()
    before = values_of(client)
    assert run(check=True, rotate=["REDIS_AUTH"])["rotated"] == ["REDIS_AUTH"]
    assert values_of(client) == before
    rotated = run(rotate=["REDIS_AUTH"])
    assert rotated["changed"] is True
    assert rotated["diff"]["after"]["rotated"] == ["REDIS_AUTH"]
    after = values_of(client)
    assert [key for key in after if after[key] != before[key]] == ["REDIS_AUTH"]


def test_refuses_to_rotate_the_encryption_key(client: Any) -> None:
    run()
    before = values_of(client)
    assert "cannot re-encrypt" in failure(rotate=["ENCRYPTION_KEY"])["msg"]
    assert values_of(client) == before


def test_names_wrong_values_by_their_keys_all_at_once(client: Any) -> None:
    wrong = {"ENCRYPTION_KEY": "not-a-hex-key-at-all", "CLICKHOUSE_PASSWORD": "with&special/characters"}
    client.create_secret(Name=NAME, SecretString=json.dumps(wrong))
    result = failure()
    assert len(result["problems"]) == 2
    assert "ENCRYPTION_KEY is not 64 hexadecimal characters" in result["msg"]
    assert "CLICKHOUSE_PASSWORD is not 8 or more letters" in result["msg"]
    assert not [value for value in wrong.values() if value in json.dumps(result)]
    assert values_of(client) == wrong


@pytest.mark.parametrize("text", ["a text", "[1]", '"x"'])
def test_a_secret_of_another_kind_is_left_alone(client: Any, text: str) -> None:
    client.create_secret(Name=NAME, SecretString=text)
    assert "is not a JSON object" in failure()["msg"]
    assert client.get_secret_value(SecretId=NAME)["SecretString"] == text


def test_tags_description_and_key(client: Any) -> None:
    first = run(tags={"a": "1", "b": "2"})
    changed = run(tags={"a": "1", "c": "3"}, description="New", kms_key_id="alias/own")
    assert changed["changed"] is True
    assert changed["version_id"] == first["version_id"]
    description = client.describe_secret(SecretId=NAME)
    assert {tag["Key"]: tag["Value"] for tag in description["Tags"]} == {"a": "1", "c": "3"} == changed["tags"]
    assert (description["Description"], description["KmsKeyId"]) == ("New", "alias/own")
    assert run(tags={"a": "1", "c": "3"}, description="New", kms_key_id="alias/own")["changed"] is False
    assert run(tags={"a": "1"}, purge_tags=False)["changed"] is False
    assert run()["changed"] is False


def test_deletes_with_a_window_and_restores_with_the_values(client: Any) -> None:
    made = run()
    values = values_of(client)
    assert run(check=True, state="absent")["changed"] is True
    assert run(state="absent", recovery_window_in_days=7)["changed"] is True
    assert "DeletedDate" in client.describe_secret(SecretId=NAME)
    assert run(state="absent")["changed"] is False

    predicted = run(check=True)
    assert (predicted["changed"], predicted["restored"]) == (True, True)
    restored = run()
    assert (restored["changed"], restored["restored"], restored["made"]) == (True, True, [])
    assert restored["arn"] == made["arn"]
    assert values_of(client) == values
    assert run()["changed"] is False


def test_deletes_at_once(client: Any) -> None:
    run()
    assert run(state="absent", force_delete=True)["changed"] is True
    assert client.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert run(state="absent", force_delete=True)["changed"] is False
    assert run(state="absent")["changed"] is False


def test_deletes_at_once_what_waits_for_its_deletion(client: Any) -> None:
    run()
    run(state="absent")
    assert run(state="absent", force_delete=True)["changed"] is True
    assert client.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


def test_a_window_that_aws_does_not_take(client: Any) -> None:
    assert "7 to 30" in failure(state="absent", recovery_window_in_days=3)["msg"]


def test_another_run_creates_it_first(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = langfuse_secrets.create, []

    def lose(*args: Any, **settings: Any) -> Any:
        calls.append(args)
        real(args[0], args[1], SecretString=json.dumps({"SALT": "of-the-other-run"}))
        return real(*args, **settings)

    monkeypatch.setattr(langfuse_secrets, "create", lose)
    result = run()
    assert len(calls) == 1
    assert result["secret_keys"] == sorted(DEFAULT_KEYS)
    assert values_of(client)["SALT"] == "of-the-other-run"


def test_another_run_writes_in_between(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw the same version; what the other wrote survives, for only one can write the version that follows."""
    client.create_secret(Name=NAME, SecretString="{}")
    real, calls = langfuse_secrets.put_value, []

    def lose(used: Any, name: str, text: str, token: str) -> Any:
        calls.append(token)
        if len(calls) == 1:
            real(used, name, json.dumps({"SALT": "of-the-other-run"}), token)
        return real(used, name, text, token)

    monkeypatch.setattr(langfuse_secrets, "put_value", lose)
    result = run()
    assert values_of(client)["SALT"] == "of-the-other-run"
    assert result["made"] == sorted(set(DEFAULT_KEYS) - {"SALT"})


def test_a_version_that_is_no_longer_current_does_not_block_writing(client: Any) -> None:
    """Where somebody made an older version current again, the version that once followed it still exists."""
    first = run(keys=["SALT"])
    followed = str(uuid.uuid5(langfuse_secrets.NAMESPACE, f"{first['arn']} {first['version_id']}"))
    client.put_secret_value(SecretId=NAME, SecretString="{}", ClientRequestToken=followed, VersionStages=["SPARE"])
    third = run(keys=["SALT", "REDIS_AUTH"])
    assert third["made"] == ["REDIS_AUTH"]
    assert third["version_id"] not in (first["version_id"], followed)
    assert sorted(values_of(client)) == ["REDIS_AUTH", "SALT"]


def test_waits_for_the_end_of_a_deletion(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS refuses the name for a while after a deletion without window; moto does not, so its answer is put in its place."""
    real, calls = langfuse_secrets.create.__wrapped__, []

    @langfuse_secrets.SecretsErrorHandler.common_error_handler("create the secret {1}")
    def refuse_once(*args: Any, **settings: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            message = "You can't create this secret because a secret with this name is already scheduled for deletion."
            raise ClientError({"Error": {"Code": "InvalidRequestException", "Message": message}}, "CreateSecret")
        return real(*args, **settings)

    monkeypatch.setattr(langfuse_secrets, "create", refuse_once)
    assert run(keys=["SALT"])["changed"] is True
    assert len(calls) == 2


def test_errors_of_aws_are_one_sentence(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @langfuse_secrets.SecretsErrorHandler.list_error_handler("describe the secret {1}")
    def refuse(*_args: Any) -> Any:
        error = {"Code": "AccessDeniedException", "Message": "User x is not authorized to describe it"}
        raise ClientError({"Error": error}, "DescribeSecret")

    monkeypatch.setattr(langfuse_secrets, "describe", refuse)
    message = failure()["msg"]
    assert message.startswith("Failed to describe the secret demo/application: User x is not authorized")
    assert message.endswith("allow it in the policies of the credentials in use.")


def test_no_value_in_any_output_at_the_highest_verbosity(tmp_path: Path) -> None:
    """Creation, rotation, a failure over a wrong value, diff and check mode, by ansible-playbook as a user runs it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        output = playbook(tmp_path, f"http://{host}:{port}", play())
        aws = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=f"http://{host}:{port}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        values = set()
        for name in (NAME, "demo/wrong"):
            for version in aws.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]:
                secret = aws.get_secret_value(SecretId=name, VersionId=version["VersionId"])
                values |= set(json.loads(secret["SecretString"]).values())
    finally:
        server.stop()
    assert len(values) > len(DEFAULT_KEYS)
    assert [value for value in values if value in output] == []
    assert "ENCRYPTION_KEY is not 64 hexadecimal characters" in output


def play() -> list[dict[str, Any]]:
    secrets = "llmops.langfuse.langfuse_secrets"
    wrong = [
        "import boto3, json, os",
        "client = boto3.client('secretsmanager', region_name='eu-central-1', endpoint_url=os.environ['AWS_URL'])",
        "value = json.dumps({'ENCRYPTION_KEY': 'wrong-' + 'value-' * 3})",
        "client.create_secret(Name='demo/wrong', SecretString=value)",
    ]
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "connection": "local",
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [
                {"name": "Predict", secrets: {"name": NAME}, "check_mode": True, "diff": True},
                {"name": "Make", secrets: {"name": NAME}, "diff": True},
                {"name": "Rotate", secrets: {"name": NAME, "rotate": ["SALT"]}, "diff": True},
                {
                    "name": "Put a wrong value in",
                    "ansible.builtin.command": {"argv": ["{{ ansible_playbook_python }}", "-c", "\n".join(wrong)]},
                },
                {"name": "Refuse it", secrets: {"name": "demo/wrong"}},
            ],
        }
    ]


def playbook(folder: Path, endpoint: str, plays: list[dict[str, Any]]) -> str:
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_URL": endpoint,
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
        "ANSIBLE_DEBUG_BOTOCORE_LOGS": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["ansible-playbook", "-vvvv", "-i", "localhost,", str(path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert "Refuse it" in result.stdout, result.stdout + result.stderr
    return result.stdout + result.stderr
