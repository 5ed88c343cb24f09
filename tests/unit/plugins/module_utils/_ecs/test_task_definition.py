# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.task_definition import canonical, compare, units

# What was asked for, and what DescribeTaskDefinition makes of it.
ASKED: dict[str, Any] = {
    "family": "x",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "1 vCPU",
    "memory": "2 GB",
    "executionRoleArn": "x-execution",
    "containerDefinitions": [
        {
            "name": "a",
            "image": "i:1",
            "portMappings": [{"containerPort": 9000}, {"containerPort": 8123}],
            "environment": [{"name": "B", "value": ""}, {"name": "A", "value": "1"}],
            "healthCheck": {"command": ["CMD", "true"]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
            "dependsOn": [{"containerName": "c", "condition": "START"}, {"containerName": "b", "condition": "START"}],
            "restartPolicy": {"enabled": True},
        },
        {"name": "b", "image": "i:1", "essential": False},
        {
            "name": "c",
            "image": "i:1",
            "essential": False,
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}],
        },
    ],
    "volumes": [
        {"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "transitEncryption": "ENABLED"}},
        {"name": "scratch"},
    ],
}
DESCRIBED: dict[str, Any] = {
    "taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/x:7",
    "family": "x",
    "revision": 7,
    "status": "ACTIVE",
    "registeredAt": "2026-11-24",
    "registeredBy": "arn:aws:iam::123456789012:user/me",
    "compatibilities": ["EC2", "FARGATE"],
    "requiresCompatibilities": ["FARGATE"],
    "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
    "placementConstraints": [],
    "networkMode": "awsvpc",
    "cpu": "1024",
    "memory": "2048",
    "executionRoleArn": "arn:aws:iam::123456789012:role/x-execution",
    "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    "containerDefinitions": [
        {
            "name": "a",
            "image": "i:1",
            "cpu": 0,
            "essential": True,
            "portMappings": [
                {"containerPort": 8123, "hostPort": 8123, "protocol": "tcp"},
                {"containerPort": 9000, "hostPort": 9000, "protocol": "tcp"},
            ],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
            "mountPoints": [],
            "volumesFrom": [],
            "secrets": [],
            "systemControls": [],
            "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}, "secretOptions": []},
            "dependsOn": [{"containerName": "b", "condition": "START"}, {"containerName": "c", "condition": "START"}],
            "restartPolicy": {"enabled": True, "ignoredExitCodes": [], "restartAttemptPeriod": 300},
            "versionConsistency": "enabled",
        },
        {"name": "b", "image": "i:1", "cpu": 0, "essential": False, "environment": [], "portMappings": []},
        {
            "name": "c",
            "image": "i:1",
            "cpu": 0,
            "essential": False,
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/v", "readOnly": False}],
        },
    ],
    "volumes": [
        {
            "name": "v",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/",
                "transitEncryption": "ENABLED",
                "transitEncryptionPort": 2999,
            },
        },
        {"name": "scratch", "host": {}},
    ],
    "tags": [{"key": "a", "value": "b"}],
}


def test_what_aws_adds_is_no_difference() -> None:
    assert compare(ASKED, DESCRIBED) == ({}, {})


def test_a_described_definition_can_be_asked_for() -> None:
    assert compare(DESCRIBED, DESCRIBED) == ({}, {})


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each text, number and boolean."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, item in enumerate(value) for leaf in leaves(item, (*path, number))]
    return [path]


@pytest.mark.parametrize("path", [path for path in leaves(ASKED) if path != ("family",)], ids=str)
def test_no_leaf_can_change_unseen(path: tuple[Any, ...]) -> None:
    asked = copy.deepcopy(ASKED)
    place: Any = asked
    for part in path[:-1]:
        place = place[part]
    old = place[path[-1]]
    place[path[-1]] = {bool: lambda: not old, int: lambda: old + 1, str: lambda: f"{old}x"}[type(old)]()
    before, after = compare(asked, DESCRIBED)
    assert before or after
    assert before != after


# Without these there is no such thing; an empty value is AWS's own default of a value.
NEEDED = ("family", "name", "containerName", "containerPort", "containerPath", "condition")
OPTIONAL = [
    path
    for path in leaves(ASKED)
    if isinstance(path[-1], str) and path[-1] not in NEEDED and path[-3:] != ("environment", 0, "value")
]


@pytest.mark.parametrize("path", OPTIONAL, ids=str)
def test_nothing_can_be_left_out_unseen(path: tuple[Any, ...]) -> None:
    asked = copy.deepcopy(ASKED)
    place: Any = asked
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    assert compare(asked, DESCRIBED) != ({}, {})


def test_the_first_revision_shows_everything() -> None:
    before, after = compare(ASKED, None)
    assert before == {}
    assert after["containers.a.environment.B"] == ""
    assert after["containers.a.portMappings.8123/tcp"] == {}
    assert after["volumes.scratch"] == {}
    assert after["cpu"] == "1024"


def test_a_container_that_goes_is_shown() -> None:
    asked = copy.deepcopy(ASKED)
    del asked["containerDefinitions"][1]
    before, after = compare(asked, DESCRIBED)
    assert before == {"containers.b.essential": False, "containers.b.image": "i:1"}
    assert after == {}


def test_the_last_volume_that_goes_is_shown() -> None:
    before, after = compare({**ASKED, "volumes": []}, {**DESCRIBED, "volumes": [{"name": "scratch", "host": {}}]})
    assert (before, after) == ({"volumes.scratch": {}}, {})


def test_a_transit_port_that_was_asked_for_counts() -> None:
    asked = copy.deepcopy(ASKED)
    asked["volumes"][0]["efsVolumeConfiguration"]["transitEncryptionPort"] = 3000
    assert compare(asked, DESCRIBED) == (
        {"volumes.v.efsVolumeConfiguration.transitEncryptionPort": 2999},
        {"volumes.v.efsVolumeConfiguration.transitEncryptionPort": 3000},
    )


def test_host_ports_of_a_bridge_are_not_those_of_the_containers() -> None:
    def definition(**mapping: Any) -> dict[str, Any]:
        ports = [{"containerPort": 80, **mapping}]
        return {"containerDefinitions": [{"name": "a", "image": "i", "portMappings": ports}]}

    assert compare(definition(), definition(hostPort=0, protocol="tcp")) == ({}, {})
    assert compare(definition(hostPort=80), definition(hostPort=0)) != ({}, {})
    assert compare(definition(protocol="udp"), definition(protocol="tcp")) != ({}, {})


def test_the_folder_of_the_host_counts() -> None:
    def definition(path: str) -> dict[str, Any]:
        return {
            "containerDefinitions": [{"name": "a", "image": "i"}],
            "volumes": [{"name": "data", "host": {"sourcePath": path}}],
        }

    assert compare(definition("/mnt/data"), definition("/mnt/data")) == ({}, {})
    assert compare(definition("/mnt/data"), definition("/mnt/other"))[1] == {
        "volumes.data.host.sourcePath": "/mnt/data"
    }


def test_labels_and_values_may_be_empty() -> None:
    def definition(**container: Any) -> dict[str, Any]:
        return {"containerDefinitions": [{"name": "a", "image": "i", **container}]}

    assert compare(definition(dockerLabels={"l": ""}), definition()) == ({}, {"containers.a.dockerLabels.l": ""})
    assert compare(definition(environment=[{"name": "E"}]), definition()) == ({}, {"containers.a.environment.E": ""})
    assert compare(definition(environment=[]), definition(environment=[])) == ({}, {})


def test_order_counts_in_commands() -> None:
    def definition(*command: str) -> dict[str, Any]:
        return {"containerDefinitions": [{"name": "a", "image": "i", "command": list(command)}]}

    assert compare(definition("a", "b"), definition("b", "a")) != ({}, {})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1024", "1024"),
        (256, "256"),
        ("1 vCPU", "1024"),
        (".5 vcpu", "512"),
        ("8 GB", "8192"),
        ("0.5GB", "512"),
        ("x", "x"),
    ],
)
def test_units(given: Any, kept: str) -> None:
    assert units(given) == kept


def test_canonical_does_not_change_its_argument() -> None:
    described = copy.deepcopy(DESCRIBED)
    canonical(described)
    assert described == DESCRIBED
