# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations, projects and their keys, and traces, health and queues, against the doubles on real stores.

The doubles are not Langfuse; they answer as its sources say (tests/local_aws/container/admin.py names them).
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import aws
from local_aws_tests.container_stack import KEYS, VERSION, Container, Stack, free_port, request, wait_until
from module_runner import ModuleFailed, run_module

ADMIN_KEY = "a-fake-admin-api-key-of-more-than-32-characters"
LICENCE = "langfuse_ee_a-long-fake-licence-key"
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("tenancy"))
    try:
        with made.clickhouse():
            done = made.run("langfuse.py", "web", VERSION, "true", **made.settings)
            assert done.returncode == 0, done.stderr
            yield made
    finally:
        made.close()


@contextlib.contextmanager
def serving(stack: Stack, component: str, version: str = VERSION, **settings: str) -> Iterator[Container]:
    port = {"web": 3000, "worker": 3030}[component]
    path = {"web": "/api/public/health", "worker": "/api/health"}[component]
    given = {**stack.service_settings, **settings}
    with stack.start("langfuse.py", component, version, ports={port: free_port()}, **given) as container:
        wait_until(lambda: container.process.poll() is not None or request(container.url + path).status)
        assert container.process.poll() is None, container.output
        yield container


@pytest.fixture(scope="module")
def web(stack: Stack) -> Iterator[Container]:
    with serving(stack, "web", ADMIN_API_KEY=ADMIN_KEY, LANGFUSE_EE_LICENSE_KEY=LICENCE) as container:
        yield container


@dataclass
class Ground:
    """The web double, Secrets Manager, and every text that must not be seen."""

    stack: Stack
    url: str
    secrets: Any
    hidden: set[str]
    arns: list[str] = field(default_factory=list)

    def secret(self, values: dict[str, str] | None = None) -> str:
        text = {"SecretString": json.dumps(values)} if values is not None else {}
        self.arns.append(str(self.secrets.create_secret(Name=f"test/{uuid.uuid4()}", **text)["ARN"]))
        return self.arns[-1]

    def values(self, arn: str) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.secrets.get_secret_value(SecretId=arn)["SecretString"])
        return found

    def run(self, name: str, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        """A run of a module, in whose output no secret half may be."""
        given = {"url": self.url, "region": REGION, "endpoint_url": self.stack.endpoint, **options}
        try:
            result = run_module(f"langfuse_{name}", given, check=check)
        except ModuleFailed as failure:
            self.clean(failure.result)
            raise
        self.clean(result)
        return result

    def clean(self, result: dict[str, Any]) -> None:
        text = json.dumps(result)
        for arn in self.arns:
            with contextlib.suppress(self.secrets.exceptions.ResourceNotFoundException):
                self.hidden |= {value for value in self.values(arn).values() if value.startswith("sk-lf-")}
        found = [value for value in (*self.hidden, ADMIN_KEY) if value in text]
        assert not found

    def cycle(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        """Predicted, done, and then nothing left to do, in check mode and really."""
        predicted = self.run(name, options, check=True)
        assert predicted["changed"], "check mode predicts"
        assert self.run(name, options, check=True) == predicted, "check mode had done nothing"
        result = self.run(name, options)
        assert result["changed"]
        assert predicted["diff"]["before"] == result["diff"]["before"]
        assert predicted["diff"]["after"].keys() == result["diff"]["after"].keys()
        assert not self.run(name, options, check=True)["changed"], "check mode finds nothing left"
        assert not self.run(name, options)["changed"], "a second run changes nothing"
        return {**result, "predicted": predicted}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        address = f"localhost:{self.stack.postgres_port}/langfuse?sslmode=require"
        with psycopg.connect(f"postgresql://langfuse:database-password@{address}") as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def ground(stack: Stack, web: Container, monkeypatch: pytest.MonkeyPatch) -> Ground:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    client = boto3.client("secretsmanager", endpoint_url=stack.endpoint, region_name=REGION)
    # To make a client takes longer than a run; that modules make theirs is in test_langfuse_module_base.py.
    monkeypatch.setattr(aws, "connect", lambda _module, _service: client)
    return Ground(stack, web.url, client, set())


def admin(**options: Any) -> dict[str, Any]:
    return {"admin_api_key": ADMIN_KEY, **options}


@pytest.fixture
def organization(ground: Ground) -> dict[str, Any]:
    """An organization of a name of its own, and the secret with its key."""
    name = f"Organization {uuid.uuid4().hex[:8]}"
    arn = ground.secret()
    made = ground.run("organization", admin(name=name, api_key_secret_arn=arn))["organization"]
    return {"name": name, "id": made["id"], "secret_arn": arn}


# -- organizations ----------------------------------------------------------------------------------------------------


def test_organization_from_nothing_to_nothing(ground: Ground) -> None:
    name = f"Data science {uuid.uuid4().hex[:8]}"
    made = ground.cycle("organization", admin(name=name, metadata={"team": "a", "size": 3}))
    assert made["diff"] == {"before": {}, "after": {"name": name, "metadata": {"team": "a", "size": 3}}}
    assert made["predicted"]["diff"] == made["diff"]
    assert made["organization"]["metadata"] == {"team": "a", "size": 3}
    assert made["organization"]["id"] and not made["predicted"]["organization"]["id"]
    assert not made["api_key_made"]
    # What is not given stays as it is.
    assert not ground.run("organization", admin(name=name))["changed"]
    by_id = {"organization_id": made["organization"]["id"]}
    renamed = ground.cycle("organization", admin(name=f"{name} 2", metadata={}, **by_id))
    assert renamed["predicted"]["diff"] == renamed["diff"]
    assert renamed["organization"]["metadata"] == {}
    gone = ground.cycle("organization", admin(state="absent", **by_id))
    assert (gone["organization"], gone["diff"]["after"]) == ({}, {})


def test_the_key_of_an_organization_is_stored_and_never_seen(ground: Ground) -> None:
    arn = ground.secret({"OTHER": "stays"})
    options = admin(name=f"Keys {uuid.uuid4().hex[:8]}", api_key_secret_arn=arn, api_key_note="a note")
    made = ground.cycle("organization", options)
    assert made["api_key_made"] and made["predicted"]["api_key_made"]
    stored = ground.values(arn)
    assert stored["OTHER"] == "stays"
    assert set(stored) == {"OTHER", "LANGFUSE_ORGANIZATION_PUBLIC_KEY", "LANGFUSE_ORGANIZATION_SECRET_KEY"}
    keys = made["organization"]["api_keys"]
    assert [(key["public_key"], key["note"]) for key in keys] == [
        (stored["LANGFUSE_ORGANIZATION_PUBLIC_KEY"], "a note")
    ]
    # A key that was deleted in Langfuse is made again; one whose secret half is another's is replaced.
    ground.rows(f"DELETE FROM api_keys WHERE id = '{keys[0]['id']}' RETURNING id")
    assert ground.cycle("organization", options)["organization"]["api_keys"][0]["public_key"] != keys[0]["public_key"]
    broken = ground.values(arn) | {"LANGFUSE_ORGANIZATION_SECRET_KEY": "sk-lf-another-long-fake-secret"}
    ground.secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(broken))
    replaced = ground.cycle("organization", options)["organization"]["api_keys"]
    assert [key["public_key"] for key in replaced] == [ground.values(arn)["LANGFUSE_ORGANIZATION_PUBLIC_KEY"]]


def test_a_key_that_cannot_be_stored_is_taken_back(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"Unstored {uuid.uuid4().hex[:8]}"
    with pytest.raises(ModuleFailed, match="cannot be read"):
        ground.run("organization", admin(name=name, api_key_secret_arn=ground.secret()[:-6] + "AbCdEf"))
    from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import LangfuseError
    from ansible_collections.llmops.langfuse.plugins.modules import langfuse_organization

    def refuse(*_arguments: Any) -> None:
        raise LangfuseError("The secret cannot be written.")

    # In place of an account that may read and not write.
    monkeypatch.setattr(langfuse_organization, "add_to_secret", refuse)
    with pytest.raises(ModuleFailed, match="cannot be written"):
        ground.run("organization", admin(name=name, api_key_secret_arn=ground.secret()))
    assert ground.run("organization", admin(name=name))["organization"]["api_keys"] == []


def test_several_organizations_of_one_name(ground: Ground) -> None:
    name = f"Twice {uuid.uuid4().hex[:8]}"
    ids = [
        request(f"{ground.url}/api/admin/organizations", {"name": name}, Authorization=f"Bearer {ADMIN_KEY}").json["id"]
        for _each in range(2)
    ]
    with pytest.raises(ModuleFailed, match=r"2 organizations have the name .* say which with organization_id"):
        ground.run("organization", admin(name=name))
    for each in ids:
        assert ground.run("organization", admin(organization_id=each, state="absent"))["changed"]


def test_an_organization_with_projects_is_not_deleted(ground: Ground, organization: dict[str, Any]) -> None:
    project = {"secret_arn": organization["secret_arn"], "name": "In the way"}
    ground.run("project", project)
    gone = admin(name=organization["name"], state="absent")
    for check in (True, False):
        with pytest.raises(ModuleFailed, match="has In the way; delete them with"):
            ground.run("organization", gone, check=check)
    ground.run("project", {**project, "state": "absent"})
    # No worker deletes it.
    with pytest.raises(ModuleFailed, match=r"still being processed.* look at the worker"):
        ground.run("organization", {**gone, "wait_timeout": 1})
    with serving(ground.stack, "worker"):
        assert ground.run("organization", {**gone, "wait_timeout": 30})["changed"]
    assert not ground.run("organization", gone)["changed"]


@pytest.mark.parametrize("name", ["ab", "x" * 61, "a <b>bold</b> name"])
def test_names_that_langfuse_refuses(ground: Ground, name: str) -> None:
    with pytest.raises(ModuleFailed, match=r"^name ") as failure:
        ground.run("organization", admin(name=name))
    assert "give another name" in str(failure.value)
    assert (
        request(f"{ground.url}/api/admin/organizations", {"name": name}, Authorization=f"Bearer {ADMIN_KEY}").status
        == 400
    ), "and the double refuses it, too"


@pytest.mark.parametrize(
    "settings, words",
    [
        ({}, "its web service has no ADMIN_API_KEY"),
        ({"ADMIN_API_KEY": ADMIN_KEY[::-1]}, "it refuses the admin API key"),
        ({"ADMIN_API_KEY": ADMIN_KEY}, "its licence does not include the admin API"),
        (
            {"ADMIN_API_KEY": ADMIN_KEY, "LANGFUSE_EE_LICENSE_KEY": "langfuse_pro_fake-key"},
            "does not include the admin",
        ),
    ],
)
def test_closed_admin_apis(ground: Ground, settings: dict[str, str], words: str) -> None:
    with serving(ground.stack, "web", **settings) as container:
        with pytest.raises(ModuleFailed, match=words) as failure:
            ground.run("organization", admin(name="Nobody's", url=container.url))
        assert container.url in str(failure.value)
        if settings.get("ADMIN_API_KEY") == ADMIN_KEY:
            watched = ground.run(
                "trace_roundtrip",
                {"url": container.url, **project_keys(), "admin_api_key": ADMIN_KEY, "wait_timeout": 0},
                check=True,
            )
            assert watched["trace_id"] == ""


def test_a_key_that_was_tried_before_it_existed_is_shut_out(ground: Ground, organization: dict[str, Any]) -> None:
    """What the modules take care not to do, and why: Langfuse remembers for minutes that it does not know a key."""
    pair = (f"pk-lf-{uuid.uuid4()}", f"sk-lf-{uuid.uuid4()}")
    ground.hidden.add(pair[1])
    assert request(f"{ground.url}/api/public/projects", keys=pair).status == 401
    key = {"public_key": pair[0], "private_key": pair[1]}
    options = {"secret_arn": organization["secret_arn"], "name": "Tried", "api_keys": [key]}
    made = ground.run("project", options)
    assert [each["public_key"] for each in made["project"]["api_keys"]] == [pair[0]]
    assert request(f"{ground.url}/api/public/projects", keys=pair).status == 401


# -- projects ---------------------------------------------------------------------------------------------------------


def test_project_from_nothing_to_nothing(ground: Ground, organization: dict[str, Any]) -> None:
    base = {"secret_arn": organization["secret_arn"]}
    made = ground.cycle("project", {**base, "name": "Chat", "metadata": {"a": 1}, "retention_days": 30})
    assert made["diff"]["before"] == {}
    wanted = {"name": "Chat", "metadata": {"a": 1}, "retention_days": 30, "api_keys": []}
    assert made["diff"]["after"] == made["predicted"]["diff"]["after"] == wanted
    assert not ground.run("project", {**base, "name": "Chat"})["changed"]
    by_id = {"project_id": made["project"]["id"]}
    renamed = ground.cycle("project", {**base, **by_id, "name": "Chat 2", "metadata": {"a": 2}})
    assert renamed["predicted"]["diff"] == renamed["diff"]
    assert renamed["project"]["id"] == by_id["project_id"]
    gone = ground.cycle("project", {**base, "name": "Chat 2", "state": "absent"})
    assert gone["project"] == {}
    with pytest.raises(ModuleFailed, match="has no project with the id"):
        ground.run("project", {**base, **by_id})
    # The name is free again.
    assert ground.run("project", {**base, "name": "Chat 2"})["project"]["id"] != by_id["project_id"]


def test_keys_that_the_module_makes(ground: Ground, organization: dict[str, Any]) -> None:
    arn = ground.secret({"OTHER": "stays"})
    options = {
        "secret_arn": organization["secret_arn"],
        "name": "With keys",
        "retention_days": 7,
        "api_keys": [{"secret_arn": arn, "note": "made"}],
    }
    made = ground.cycle("project", options)
    stored = ground.values(arn)
    assert set(stored) == {"OTHER", "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"}
    assert [(key["public_key"], key["note"]) for key in made["project"]["api_keys"]] == [
        (stored["LANGFUSE_PUBLIC_KEY"], "made")
    ]
    pair = (stored["LANGFUSE_PUBLIC_KEY"], stored["LANGFUSE_SECRET_KEY"])
    opened = request(f"{ground.url}/api/public/projects", keys=pair).json["data"][0]
    assert (opened["id"], opened["retentionDays"]) == (made["project"]["id"], 7)
    # The key tells the retention, so it is compared from now on.
    changed = ground.cycle("project", {**options, "retention_days": 0})
    assert changed["predicted"]["diff"] == changed["diff"]
    assert changed["project"]["retention_days"] == 0
    without = ground.run("project", {**options, "api_keys": [], "retention_days": 5})
    assert not without["changed"]
    assert "retention_days is left as it is" in str(without["warnings"])


def test_keys_that_exist_are_registered_and_others_purged(ground: Ground, organization: dict[str, Any]) -> None:
    given = {"public_key": f"pk-lf-{uuid.uuid4()}", "private_key": f"sk-lf-{uuid.uuid4()}"}
    stored = {"PUBLIC": f"pk-lf-{uuid.uuid4()}", "SECRET": f"sk-lf-{uuid.uuid4()}"}
    ground.hidden.add(given["private_key"])
    arn = ground.secret(stored)
    options: dict[str, Any] = {
        "secret_arn": organization["secret_arn"],
        "name": "Given keys",
        "api_keys": [given, {"secret_arn": arn, "public_json_key": "PUBLIC", "private_json_key": "SECRET"}],
    }
    made = ground.cycle("project", options)
    assert made["predicted"]["diff"] == made["diff"]
    assert {key["public_key"] for key in made["project"]["api_keys"]} == {given["public_key"], stored["PUBLIC"]}
    assert ground.values(arn) == stored
    # A secret half that changed.
    ground.secrets.put_secret_value(
        SecretId=arn, SecretString=json.dumps({**stored, "SECRET": f"sk-lf-{uuid.uuid4()}"})
    )
    replaced = ground.cycle("project", options)
    assert replaced["diff"]["after"]["replaced_api_keys"] == [stored["PUBLIC"]]
    pair = (stored["PUBLIC"], ground.values(arn)["SECRET"])
    assert request(f"{ground.url}/api/public/projects", keys=pair).status == 200
    kept = ground.run("project", {**options, "api_keys": [given]})
    assert not kept["changed"], "others are left"
    purged = ground.cycle("project", {**options, "api_keys": [given], "purge_api_keys": True})
    assert purged["predicted"]["diff"] == purged["diff"]
    assert [key["public_key"] for key in purged["project"]["api_keys"]] == [given["public_key"]]
    with pytest.raises(ModuleFailed, match="give api_keys, which may be empty"):
        ground.run("project", {"secret_arn": options["secret_arn"], "name": "Given keys", "purge_api_keys": True})


def test_a_run_that_was_interrupted_goes_on_with_the_same_key(
    ground: Ground, organization: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import tenancy
    from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import LangfuseError

    arn = ground.secret({})
    options = {"secret_arn": organization["secret_arn"], "name": "Interrupted", "api_keys": [{"secret_arn": arn}]}

    def interrupted(*_arguments: Any) -> None:
        raise LangfuseError("The load balancer has no target.")

    with monkeypatch.context() as patched:
        patched.setattr(tenancy.OrganizationApi, "add_key", interrupted)
        with pytest.raises(ModuleFailed, match="no target"):
            ground.run("project", options)
    stored = ground.values(arn)
    result = ground.run("project", options)
    assert [key["public_key"] for key in result["project"]["api_keys"]] == [stored["LANGFUSE_PUBLIC_KEY"]]
    assert ground.values(arn) == stored


@pytest.mark.parametrize(
    "options, words",
    [
        ({"name": "ab"}, "name has 2 characters"),
        ({"retention_days": 2}, "retention_days is 2, and Langfuse takes 0"),
        ({"name": "<i>x</i>", "retention_days": -1}, r"HTML tag.*\. retention_days is -1"),
        ({"api_keys": [{"public_key": "pk-x", "private_key": "sk-lf-0123456789abcdef"}]}, r"api_keys\[0\].*pk-lf-"),
        ({"api_keys": [{"public_key": "pk-lf-x", "private_key": "a-long-fake-secret"}]}, r"api_keys\[0\].*sk-lf-"),
        (
            {"api_keys": [{"public_key": "pk-lf-x", "private_key": "sk-lf-0123456789abcdef"}] * 2},
            r"api_keys\[1\] is the key pk-lf-x a second time",
        ),
    ],
)
def test_options_that_langfuse_would_refuse(
    ground: Ground, organization: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModuleFailed, match=words) as failure:
        ground.run("project", {"secret_arn": organization["secret_arn"], "name": "Good name", **options})
    assert "a-long-fake-secret" not in json.dumps(failure.value.result)


def test_secrets_that_do_not_do(ground: Ground, organization: dict[str, Any]) -> None:
    options: dict[str, Any] = {"secret_arn": organization["secret_arn"], "name": "Good name"}
    half = ground.secret({"LANGFUSE_PUBLIC_KEY": "pk-lf-x"})
    with pytest.raises(ModuleFailed, match="has LANGFUSE_PUBLIC_KEY without LANGFUSE_SECRET_KEY; add the other half"):
        ground.run("project", {**options, "api_keys": [{"secret_arn": half}]})
    with pytest.raises(ModuleFailed, match="has no value for LANGFUSE_ORGANIZATION_PUBLIC_KEY"):
        ground.run("project", {**options, "secret_arn": ground.secret({})})
    with pytest.raises(ModuleFailed, match=r"cannot be read .*ResourceNotFoundException"):
        ground.run("project", {**options, "secret_arn": half[:-6] + "AbCdEf"})


def test_keys_of_others(ground: Ground, organization: dict[str, Any]) -> None:
    options: dict[str, Any] = {"secret_arn": organization["secret_arn"], "name": "First"}
    pair = {"public_key": f"pk-lf-{uuid.uuid4()}", "private_key": f"sk-lf-{uuid.uuid4()}"}
    ground.hidden.add(pair["private_key"])
    ground.run("project", {**options, "api_keys": [pair]})
    with pytest.raises(ModuleFailed, match=r"register the API key .* HTTP 409 .*already exists"):
        ground.run("project", {**options, "name": "Second", "api_keys": [pair]})
    project = {"name": "Third", "public_key": KEYS[0], "private_key": KEYS[1]}
    with pytest.raises(ModuleFailed, match="give the keys of an organization"):
        ground.run("project", project)
    with pytest.raises(ModuleFailed, match="check the keys"):
        ground.run("project", {**project, "private_key": "sk-lf-wrong-long-fake-secret"})


# -- traces, queues, health -------------------------------------------------------------------------------------------


def project_keys() -> dict[str, str]:
    return {"public_key": KEYS[0], "private_key": KEYS[1]}


@pytest.mark.parametrize(
    "options", [{"protocol": "ingestion"}, {"otlp_encoding": "json"}, {"otlp_encoding": "protobuf"}]
)
def test_roundtrip(ground: Ground, options: dict[str, str]) -> None:
    with serving(ground.stack, "worker"):
        result = ground.run(
            "trace_roundtrip", {**project_keys(), **options, "admin_api_key": ADMIN_KEY, "wait_timeout": 30}
        )
    assert result["project"] == {"id": "project", "name": "Project"}
    assert result["read_by"] == "/api/public/traces/"
    assert result["queues"]["after"] == {"waiting": 0, "active": 0, "failed": 0}


def test_roundtrip_without_a_worker(ground: Ground) -> None:
    options = {**project_keys(), "wait_timeout": 1}
    with pytest.raises(
        ModuleFailed, match=r"0 jobs waited before, 1 wait now, .* check that the worker runs"
    ) as failure:
        ground.run("trace_roundtrip", {**options, "admin_api_key": ADMIN_KEY})
    assert failure.value.result["hop"] == "queue"
    with pytest.raises(ModuleFailed) as failure:
        ground.run("trace_roundtrip", options)
    assert failure.value.result["hop"] == "process"
    # Both come through when a worker comes.
    with serving(ground.stack, "worker"):
        trace = failure.value.result["trace_id"]
        wait_until(lambda: request(f"{ground.url}/api/public/traces/{trace}", keys=KEYS).status == 200)


def test_health(ground: Ground, stack: Stack) -> None:
    checks = {"check_database": True, "expected_version": VERSION}
    assert ground.run("health_info", checks)["verdict"] == "healthy"
    assert ground.run("health_info", {"endpoint": "ready"})["verdict"] == "healthy"
    assert ground.run("health_info", {"expected_version": "3.225.3"})["verdict"] == "other_version"
    with serving(stack, "worker") as worker:
        for endpoint in ("health", "ready"):
            options = {"url": worker.url, "component": "worker", "endpoint": endpoint, "check_event_propagation": True}
            result = ground.run("health_info", options)
            assert result["verdict"] == "healthy"
            assert result["details"]["event_propagation"]["stuck"] is False
    with serving(stack, "worker", REDIS_AUTH="wrong") as worker:
        result = ground.run("health_info", {"url": worker.url, "component": "worker"})
        assert (result["verdict"], result["status"]) == ("store_unavailable", 500)
    with serving(stack, "web", CLICKHOUSE_PASSWORD="wrong") as broken:
        result = ground.run("health_info", {"url": broken.url, "check_recent_events": True})
        assert result["verdict"] == "clickhouse_unavailable"


def test_version_4_refuses_the_old_ingestion_and_is_read_anew(tmp_path: Path) -> None:
    own = Stack(tmp_path)
    try:
        with own.clickhouse():
            done = own.run("langfuse.py", "web", "4.16.0", "true", **own.settings)
            assert done.returncode == 0, done.stderr
            with serving(own, "web", "4.16.0") as served, serving(own, "worker", "4.16.0") as worker:
                options = {"url": served.url, **project_keys(), "wait_timeout": 30}
                result = run_module("langfuse_trace_roundtrip", options)
                assert result["read_by"] == "/api/public/v2/observations"
                with pytest.raises(ModuleFailed, match="set protocol to otlp") as failure:
                    run_module("langfuse_trace_roundtrip", {**options, "protocol": "ingestion"})
                assert failure.value.result["hop"] == "write"
                recent = {"url": served.url, "check_recent_events": True}
                assert run_module("langfuse_health_info", recent)["verdict"] == "healthy"
                queues = {"url": worker.url, "component": "worker", "check_queue_consumption": True}
                result = run_module("langfuse_health_info", queues)
                assert result["details"]["queue_consumption"]["enabled"] is True
    finally:
        own.close()
