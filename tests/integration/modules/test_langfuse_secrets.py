# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""langfuse_secrets against moto's Secrets Manager, and whole runs against the local AWS."""

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


# What is elsewhere, and what is made of others.


def parameter(name: str, value: str) -> str:
    ssm = boto3.client("ssm", region_name=REGION)
    ssm.put_parameter(Name=name, Value=value, Type="SecureString")
    return ssm.get_parameter(Name=name)["Parameter"]["ARN"]


def test_takes_over_what_an_estate_has(client: Any) -> None:
    key, salt, password = "a1" * 32, "an-estates-own-salt", "an-estates-own-password"
    other = boto3.client("secretsmanager", region_name="eu-west-1")
    document = other.create_secret(Name="rds", SecretString=json.dumps({"username": "u", "password": password}))["ARN"]
    text = client.create_secret(Name="salt", SecretString=salt)["ARN"]
    adopt = {
        "ENCRYPTION_KEY": parameter("/estate/key", key),
        "SALT": text,
        "DATABASE_PASSWORD": f"{document}:password::",
    }

    predicted = run(check=True, adopt=adopt)
    assert (predicted["changed"], predicted["adopted"]) == (True, sorted(adopt))
    result = run(adopt=adopt)
    assert result["adopted"] == sorted(adopt)
    assert result["made"] == sorted(DEFAULT_KEYS)
    values = values_of(client)
    assert (values["ENCRYPTION_KEY"], values["SALT"], values["DATABASE_PASSWORD"]) == (key, salt, password)
    assert not [value for value in values.values() if value in json.dumps([predicted, result])]

    # Afterwards the sources are not needed any more.
    client.delete_secret(SecretId="salt", ForceDeleteWithoutRecovery=True)
    other.put_secret_value(SecretId="rds", SecretString=json.dumps({"password": "another-password"}))
    again = run(adopt=adopt)
    assert (again["changed"], again["adopted"]) == (False, [])
    assert run(adopt=adopt, rotate=["DATABASE_PASSWORD"])["adopted"] == ["DATABASE_PASSWORD"]
    once_more = run(adopt=adopt, rotate=["DATABASE_PASSWORD"])
    assert (once_more["changed"], once_more["rotated"]) == (False, [])
    assert values_of(client)["DATABASE_PASSWORD"] == "another-password"


@pytest.mark.parametrize("version", ["AWSCURRENT:", "AWSPREVIOUS:"])
def test_takes_over_the_version_that_the_arn_names(client: Any, version: str) -> None:
    arn = client.create_secret(Name="salt", SecretString='{"a": "the-first-salt"}')["ARN"]
    client.put_secret_value(SecretId="salt", SecretString='{"a": "the-second-salt"}')
    run(adopt={"SALT": f"{arn}:a:{version}"})
    assert values_of(client)["SALT"] == ("the-second-salt" if version == "AWSCURRENT:" else "the-first-salt")


def test_what_cannot_be_taken_over_is_told_all_at_once_and_nothing_is_written(client: Any) -> None:
    wrong = parameter("/estate/key", "a-passphrase-and-no-key")
    arn = client.create_secret(Name="other", SecretString="a-text-and-no-json")["ARN"]
    adopt = {
        "ENCRYPTION_KEY": wrong,
        "SALT": f"{arn}:salt::",
        "REDIS_AUTH": arn.replace("other", "absent"),
        "NEXTAUTH_SECRET": "the-value-itself-by-mistake",
    }
    result = failure(adopt=adopt)
    assert len(result["problems"]) == 4
    assert "ENCRYPTION_KEY is not 64 hexadecimal characters; put a right value into" in result["msg"]
    assert "no JSON object with the key salt" in result["msg"]
    assert "REDIS_AUTH cannot be adopted: Failed to read" in result["msg"]
    assert "is not the ARN" in result["msg"]
    for value in ("a-passphrase-and-no-key", "a-text-and-no-json", "the-value-itself-by-mistake"):
        assert value not in json.dumps(result)
    assert [secret["Name"] for secret in client.list_secrets()["SecretList"]] == ["other"]


URLS = [
    {
        "key": "DATABASE_URL",
        "scheme": "postgresql",
        "host": "db.example",
        "port": 5432,
        "path": "langfuse",
        "username": "lang@fuse",
        "password_key": "DATABASE_PASSWORD",
        "query": {"sslmode": "require"},
    },
    {"key": "SMTP_CONNECTION_URL", "scheme": "ses", "host": "eu-central-1"},
]


def test_urls_are_made_of_the_password_and_follow_it(client: Any) -> None:
    client.create_secret(Name=NAME, SecretString=json.dumps({"DATABASE_PASSWORD": "p@ss/w:rd with?all#of%it"}))
    predicted, made = run(check=True, urls=URLS), run(urls=URLS)
    assert predicted["made"] == made["made"]
    assert {"DATABASE_URL", "SMTP_CONNECTION_URL"} <= set(made["made"])
    values = values_of(client)
    expected = (
        "postgresql://lang%40fuse:p%40ss%2Fw%3Ard%20with%3Fall%23of%25it@db.example:5432/langfuse?sslmode=require"
    )
    assert values["DATABASE_URL"] == expected
    assert values["SMTP_CONNECTION_URL"] == "ses://eu-central-1"
    assert expected not in json.dumps(made)
    assert run(urls=URLS)["changed"] is False

    rotated = run(urls=URLS, rotate=["DATABASE_PASSWORD"])
    assert rotated["made"] == ["DATABASE_PASSWORD", "DATABASE_URL"]
    after = values_of(client)
    assert f":{after['DATABASE_PASSWORD']}@" in after["DATABASE_URL"]

    moved = [{**URLS[0], "host": "db2.example"}, URLS[1]]
    changed = run(urls=moved)
    assert (changed["made"], changed["rotated"], changed["changed"]) == (["DATABASE_URL"], [], True)
    assert changed["diff"]["after"]["rewritten"] == ["DATABASE_URL"]


def test_a_url_without_its_password_is_refused(client: Any) -> None:
    assert "add it to keys" in failure(keys=["SALT"], urls=URLS)["msg"]


def test_pair_of_the_data_api_is_made_and_follows_the_password(client: Any) -> None:
    estate = boto3.client("ssm", region_name=REGION)
    estate.put_parameter(Name="/estate", Value="the-password-of-an-estate", Type="SecureString")
    source = estate.get_parameter(Name="/estate")["Parameter"]["ARN"]
    options = {"name": "langfuse-one/application", "data_api_username": "langfuse"}
    run(**{**options, "data_api_username": ""}, adopt={"DATABASE_PASSWORD": source})

    def pair() -> tuple[str, str, bool]:
        values = json.loads(client.get_secret_value(SecretId=options["name"])["SecretString"])
        return values.get("username"), values.get("password"), values.get("password") == values["DATABASE_PASSWORD"]

    assert pair() == (None, None, False)
    predicted, made = run(check=True, **options), run(**options)
    assert predicted["made"] == made["made"] == ["password", "username"]
    assert pair() == ("langfuse", "the-password-of-an-estate", True)
    # A user's name is no secret; hidden, it would turn up as asterisks in every name that has it.
    assert (made["name"], run(**options)["changed"]) == (options["name"], False)

    rotated = run(**options, rotate=["DATABASE_PASSWORD"])
    assert rotated["made"] == ["DATABASE_PASSWORD", "password"]
    assert pair()[::2] == ("langfuse", True)
    assert len(client.list_secret_version_ids(SecretId=options["name"])["Versions"]) <= 3
    # Put out of step by hand, it is put right.
    values = json.loads(client.get_secret_value(SecretId=options["name"])["SecretString"])
    client.put_secret_value(SecretId=options["name"], SecretString=json.dumps({**values, "password": "another-one"}))
    assert run(**options)["diff"]["after"]["rewritten"] == ["password"]
    assert pair()[2]


def test_a_rotation_says_what_it_needs_in_order(client: Any) -> None:
    run()
    steps = run(rotate=["SALT", "CLICKHOUSE_PASSWORD", "REDIS_AUTH"])["next_steps"]
    assert [step.partition(":")[0] for step in steps] == ["REDIS_AUTH", "CLICKHOUSE_PASSWORD", "SALT"]
    assert run()["next_steps"] == []


# The secret itself.

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0d4d3f6b-58b0-4f0f-9f43-6d9f0f7f1c55"


@pytest.mark.parametrize("same", [KEY, KEY.rpartition("/")[2]])
def test_a_key_is_the_same_by_its_arn_and_by_its_id(client: Any, same: str) -> None:
    run(kms_key_id=KEY)
    assert run(kms_key_id=same)["changed"] is False
    assert run(kms_key_id="alias/other", check=True)["changed"] is True


def test_the_accounts_own_key_is_the_default(client: Any) -> None:
    run()
    assert run(kms_key_id="alias/aws/secretsmanager")["changed"] is False


def test_copies_in_other_regions(client: Any) -> None:
    predicted = run(check=True, replica_regions=[{"region": "eu-west-1"}])
    made = run(replica_regions=[{"region": "eu-west-1"}])
    assert predicted["replicas"] == made["replicas"] == [{"region": "eu-west-1", "kms_key_id": "", "status": "InSync"}]
    there = boto3.client("secretsmanager", region_name="eu-west-1")
    copy = there.describe_secret(SecretId=made["arn"].replace(REGION, "eu-west-1"))
    assert copy["PrimaryRegion"] == REGION
    assert run(replica_regions=[{"region": "eu-west-1"}])["changed"] is False
    assert run()["changed"] is False

    two = [{"region": "eu-west-1"}, {"region": "eu-west-3"}]
    assert run(check=True, replica_regions=two)["changed"] is True
    added = run(replica_regions=two)
    assert [replica["region"] for replica in added["diff"]["after"]["replicas"]] == ["eu-west-1", "eu-west-3"]
    removed = run(replica_regions=[])
    assert (removed["changed"], removed["replicas"]) == (True, [])
    assert run(replica_regions=[])["changed"] is False


def test_a_secret_with_copies_is_deleted_with_them(client: Any) -> None:
    run(replica_regions=[{"region": "eu-west-1"}])
    assert run(state="absent", force_delete=True)["changed"] is True
    for region in (REGION, "eu-west-1"):
        assert boto3.client("secretsmanager", region_name=region).list_secrets()["SecretList"] == []


def test_a_copy_whose_name_is_taken_is_said(client: Any) -> None:
    boto3.client("secretsmanager", region_name="eu-west-1").create_secret(Name=NAME, SecretString="x")
    message = failure(replica_regions=[{"region": "eu-west-1"}])["msg"]
    assert "made no copy of the secret demo/application in eu-west-1" in message
    assert "take the region out of replica_regions" in message


# Whole runs, as a user makes them, against the local AWS.


def test_a_copy_with_a_key_of_its_own_is_waited_for(server: Any) -> None:
    name = f"demo/{uuid.uuid4().hex[:8]}"
    options = {"name": name, "replica_regions": [{"region": "eu-west-1", "kms_key_id": "alias/own"}]}
    result = server.cycle("langfuse_secrets", options)
    assert result["replicas"] == [{"region": "eu-west-1", "kms_key_id": "alias/own", "status": "InSync"}]
    other = {"name": name, "replica_regions": [{"region": "eu-west-1", "kms_key_id": "alias/other"}]}
    assert server.cycle("langfuse_secrets", other)["replicas"][0]["kms_key_id"] == "alias/other"
    assert server.cycle("langfuse_secrets", {"name": name, "state": "absent", "force_delete": True})["changed"] is True


def test_runs_at_the_same_time_make_each_value_once(server: Any) -> None:
    name = f"demo/{uuid.uuid4().hex[:8]}"
    arguments = {"name": name, "region": "us-east-1", **server.arguments}
    code = (
        "import json, sys; from module_runner import run_module; "
        "print(json.dumps(run_module('langfuse_secrets', json.loads(sys.argv[1]))))"
    )
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY / 'tests'}:{REPOSITORY / '.cache/collections'}"}
    command = [sys.executable, "-c", code, json.dumps(arguments)]
    runs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    results = [json.loads(each.communicate(timeout=120)[0].splitlines()[-1]) for each in runs]
    assert sorted(result["changed"] for result in results) == [False, False, False, True]
    assert len({result["version_id"] for result in results}) == 1
    assert len(server.client("secretsmanager").list_secret_version_ids(SecretId=name)["Versions"]) == 1


def test_no_value_in_any_output_at_the_highest_verbosity(server: Any, tmp_path: Path) -> None:
    """Creation, adoption, rotation and failures, in check mode and with diff, by ansible-playbook as a user runs it."""
    name, source, wrong = (f"demo/{uuid.uuid4().hex[:8]}" for _ in range(3))
    aws, ssm = server.client("secretsmanager"), server.client("ssm")
    estate = {"salt": "a-salt-of-the-estate", "password": "p@ss/of:the?estate"}
    arn = aws.create_secret(Name=source, SecretString=json.dumps(estate))["ARN"]
    aws.create_secret(Name=wrong, SecretString=json.dumps({"ENCRYPTION_KEY": "wrong-value-value-value"}))
    ssm.put_parameter(Name=f"/{source}", Value="no-hexadecimal-key-at-all", Type="SecureString")
    bad = ssm.get_parameter(Name=f"/{source}")["Parameter"]["ARN"]

    module = "llmops.langfuse.langfuse_secrets"
    adopt = {"SALT": f"{arn}:salt::", "DATABASE_PASSWORD": f"{arn}:password::"}
    whole = {"name": name, "adopt": adopt, "urls": URLS}
    refused = [
        {"name": "Refuse to rotate", module: {**whole, "rotate": ["ENCRYPTION_KEY"]}, "diff": True},
        {"name": "Refuse a wrong value", module: {"name": wrong}, "diff": True},
        {"name": "Refuse to adopt", module: {"name": f"{name}-2", "adopt": {"ENCRYPTION_KEY": bad}}},
        {"name": "Find no AWS", module: {"name": f"{name}-2", "endpoint_url": "http://127.0.0.1:9"}},
    ]
    tasks = [
        {"name": "Predict", module: whole, "check_mode": True, "diff": True},
        {"name": "Make and adopt", module: whole, "diff": True},
        {
            "name": "Rotate",
            module: {"name": name, "urls": URLS, "rotate": ["DATABASE_PASSWORD", "REDIS_AUTH"]},
            "diff": True,
        },
        *({"block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]} for task in refused),
    ]
    output = playbook(tmp_path, server.arguments["endpoint_url"], tasks)
    values = {*estate.values(), "wrong-value-value-value", "no-hexadecimal-key-at-all"}
    for version in aws.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]:
        values |= set(
            json.loads(aws.get_secret_value(SecretId=name, VersionId=version["VersionId"])["SecretString"]).values()
        )
    # Two versions with three that are new in the second: the rotated two, and the URL of one of them.
    assert len(values) == len(DEFAULT_KEYS) + 2 + 3 + 2
    values.remove("ses://eu-central-1")
    assert [value for value in values if value in output] == []
    for words in ("cannot re-encrypt", "ENCRYPTION_KEY is not 64 hexadecimal characters", "cannot be used as it is"):
        assert words in output
    assert "rescued=4" in output


def playbook(folder: Path, endpoint: str, tasks: list[dict[str, Any]]) -> str:
    """The whole output, at the highest verbosity, with botocore's own debug log."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": tasks,
    }
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    environment = os.environ | {
        "AWS_REGION": "us-east-1",
        "AWS_URL": endpoint,
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
        "ANSIBLE_DEBUG_BOTOCORE_LOGS": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = ["ansible-playbook", "-vvvv", "-i", "localhost,", str(path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr
