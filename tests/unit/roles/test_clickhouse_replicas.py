# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of ClickHouse's replicas, what each has in its configuration, and what data that exist cannot become."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.plugins.filter.core import combine, extract
from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

ROLE = Path(__file__).resolve().parents[3] / "roles/clickhouse"
VARS: dict[str, Any] = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
SUBNETS = [
    ("subnet-a", "eu-central-1a"),
    ("subnet-a2", "eu-central-1a"),
    ("subnet-b", "eu-central-1b"),
    ("subnet-c", "eu-central-1c"),
]


def environment() -> NativeEnvironment:
    made = NativeEnvironment(trim_blocks=True, undefined=StrictUndefined)
    made.filters |= {"combine": combine, "extract": extract}
    made.tests["match"] = lambda value, pattern: bool(re.match(pattern, value))
    return made


def role(*names: str, **given: Any) -> dict[str, Any]:
    """The role's variables of these names, each made of what stands before it."""
    values: dict[str, Any] = {
        "clickhouse_state": "present",
        "clickhouse_mode": "ec2",
        "clickhouse_replicas": 3,
        "clickhouse_node_name": "staging-clickhouse",
        "clickhouse_service_name": "clickhouse",
        "clickhouse_family": "staging-clickhouse",
        "clickhouse_namespace_name": "staging.internal",
        "clickhouse_node_names": [],
        "clickhouse_running_nodes": [],
        "clickhouse_subnet_ids": [name for name, _zone in SUBNETS],
        "clickhouse_http_port": 8123,
        "clickhouse_native_port": 9000,
        "clickhouse_reader_user": "",
        "clickhouse_volume_size": 100,
        "clickhouse_tags": {"langfuse:component": "clickhouse"},
        "__clickhouse_subnets": [{"id": name, "availability_zone": zone} for name, zone in SUBNETS],
        "__clickhouse_subnet_zones": dict(SUBNETS),
        "__clickhouse_volumes": {},
        **given,
    }
    for name in ("__clickhouse_replicated", "__clickhouse_count", "__clickhouse_nodes", *names):
        text = VARS[name]
        values[name] = environment().from_string(text).render(values) if isinstance(text, str) else text
    return values


PORTS = (
    "__clickhouse_interserver_port",
    "__clickhouse_keeper_port",
    "__clickhouse_raft_port",
    "__clickhouse_cluster_name",
)

SECRETS = (
    "__clickhouse_password",
    "__clickhouse_cluster_secret",
    "__clickhouse_reader_password",
    "__clickhouse_secrets",
)


def configuration(number: int, replicas: int = 3) -> ElementTree.Element:
    values = role(*PORTS, clickhouse_replicas=replicas)
    template = environment().from_string((ROLE / "templates/config.xml.j2").read_text(encoding="utf-8"))
    settings = {
        "clickhouse_database": "default",
        "clickhouse_memory_ratio": 0.8,
        "clickhouse_server_settings": {"mark_cache_size": 1},
        "clickhouse_log_level": "information",
        "clickhouse_system_logs_removed": ["text_log"],
        "clickhouse_system_log_days": {"query_log": 7},
        "__clickhouse_backup_wanted": False,
    }
    rendered = template.render({**values, **settings, "__clickhouse_node": values["__clickhouse_nodes"][number - 1]})
    return ElementTree.fromstring(str(rendered))


def texts(root: ElementTree.Element, path: str) -> list[str]:
    return [str(item.text) for item in root.findall(path)]


HOSTS = [f"clickhouse-{number}.staging.internal" for number in (1, 2, 3)]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_node_is_itself_and_knows_all(number: int) -> None:
    root = configuration(number)
    assert texts(root, "keeper_server/server_id") == [str(number)]
    assert texts(root, "macros/replica") == [f"clickhouse-{number}"]
    assert texts(root, "macros/shard") == ["1"]
    assert texts(root, "interserver_http_host") == [HOSTS[number - 1]]
    assert texts(root, "remote_servers/default/shard/replica/host") == HOSTS
    assert len(root.findall("remote_servers/*/shard")) == 1
    assert texts(root, "keeper_server/raft_configuration/server/hostname") == HOSTS
    assert texts(root, "keeper_server/raft_configuration/server/id") == ["1", "2", "3"]
    keepers = texts(root, "zookeeper/node/host")
    assert keepers[0] == HOSTS[number - 1], "its own Keeper first"
    assert sorted(keepers) == HOSTS


def test_the_stock_cluster_of_the_same_name_is_replaced_and_not_joined() -> None:
    """The server's own config.xml has a cluster `default` with a shard on localhost, and files are merged."""
    assert configuration(1).find("remote_servers").get("replace") == "1"  # type: ignore[union-attr]


def test_secrets_are_named_and_not_written() -> None:
    root = configuration(1)
    for path in ("remote_servers/default/secret", "interserver_http_credentials/password"):
        (found,) = root.findall(path)
        assert (found.get("from_env"), found.text) == ("CLICKHOUSE_CLUSTER_SECRET", None)
    keys = [item["name"] for item in role(*SECRETS)["__clickhouse_secrets"]]
    assert keys == ["CLICKHOUSE_PASSWORD", "CLICKHOUSE_CLUSTER_SECRET"]


def test_the_data_of_keeper_are_on_the_volume() -> None:
    (data,) = (point["containerPath"] for point in VARS["__clickhouse_container"]["mountPoints"])
    for path in ("keeper_server/log_storage_path", "keeper_server/snapshot_storage_path"):
        (found,) = texts(configuration(1), path)
        assert found.startswith(f"{data}/")


@pytest.mark.parametrize("part", ["keeper_server", "zookeeper", "remote_servers", "macros", "interserver_http_host"])
def test_a_single_server_has_nothing_of_it(part: str) -> None:
    assert configuration(1, replicas=1).find(part) is None


def test_a_single_server_keeps_its_names() -> None:
    values = role(*SECRETS, clickhouse_replicas=1)
    (node,) = values["__clickhouse_nodes"]
    assert (node["name"], node["service"], node["family"]) == (
        "staging-clickhouse-1",
        "clickhouse",
        "staging-clickhouse",
    )
    assert [item["name"] for item in values["__clickhouse_secrets"]] == ["CLICKHOUSE_PASSWORD"]


def zones(**given: Any) -> list[tuple[str, str]]:
    placed = role("__clickhouse_placed", **given)["__clickhouse_placed"]
    return [(node["zone"], node["subnet"]) for node in placed]


def volume(zone: str, number: int = 1, **rest: Any) -> dict[str, Any]:
    return {"id": f"vol-{number}", "zone": zone, "size": 100, "encrypted": True, "tags": {}, **rest}


def test_every_node_has_a_zone_of_its_own() -> None:
    assert zones() == [("eu-central-1a", "subnet-a"), ("eu-central-1b", "subnet-b"), ("eu-central-1c", "subnet-c")]


def test_a_volume_keeps_its_zone_and_the_others_take_what_is_left() -> None:
    found = zones(__clickhouse_volumes={"staging-clickhouse-2": volume("eu-central-1a")})
    assert [zone for zone, _subnet in found] == ["eu-central-1b", "eu-central-1a", "eu-central-1c"]


PROBLEMS = ("__clickhouse_placed", "__clickhouse_volume_problems")


def problems(**given: Any) -> list[str]:
    volumes = given.get("__clickhouse_volumes", {})
    info = {"volumes": list(volumes.values())}
    return list(role(*PROBLEMS, __clickhouse_volume_info=info, **given)["__clickhouse_volume_problems"])


def test_too_few_zones_are_refused() -> None:
    (problem,) = problems(clickhouse_subnet_ids=["subnet-a", "subnet-b"])
    assert "network_availability_zone_count to 3" in problem


@pytest.mark.parametrize(
    ("held", "wanted", "words"),
    [({}, 3, "has the data of one server"), ({"langfuse:replicas": "3"}, 1, "has the data of 3 replicas")],
)
def test_data_of_another_number_of_nodes_are_refused(held: dict[str, str], wanted: int, words: str) -> None:
    name = "staging-clickhouse-1"
    volumes = {name: volume("eu-central-1a", tags=held)}
    (problem,) = problems(__clickhouse_volumes=volumes, clickhouse_replicas=wanted)
    assert words in problem
    assert "another environment" in problem


def test_a_run_that_was_stopped_goes_on() -> None:
    tags = role("__clickhouse_volume_tags")["__clickhouse_volume_tags"]
    assert problems(__clickhouse_volumes={"staging-clickhouse-1": volume("eu-central-1a", tags=tags)}) == []


def order(running: list[str]) -> list[str]:
    values = role("__clickhouse_placed", "__clickhouse_idle", "__clickhouse_in_order", clickhouse_running_nodes=running)
    return [node["number"] for node in values["__clickhouse_in_order"]]


def test_a_node_that_does_not_run_comes_before_those_that_do() -> None:
    """As long as one is missing, a second one must not be touched."""
    assert order([]) == [1, 2, 3]
    assert order(["staging-clickhouse-1", "staging-clickhouse-3"]) == [2, 1, 3]


@pytest.mark.parametrize(
    ("replicas", "there", "services"),
    [
        (1, [], ["clickhouse"]),
        (1, ["staging-clickhouse-1"], ["clickhouse"]),
        (3, [], ["clickhouse", "clickhouse-1", "clickhouse-2", "clickhouse-3"]),
        # The number was changed since; what is there goes all the same.
        (
            1,
            ["staging-clickhouse-1", "staging-clickhouse-3"],
            ["clickhouse", "clickhouse-1", "clickhouse-2", "clickhouse-3"],
        ),
    ],
)
def test_all_that_is_there_is_removed(replicas: int, there: list[str], services: list[str]) -> None:
    values = role(
        "__clickhouse_services", clickhouse_state="absent", clickhouse_replicas=replicas, clickhouse_node_names=there
    )
    assert list(values["__clickhouse_services"]) == services
