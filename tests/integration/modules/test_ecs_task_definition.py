# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError
from module_runner import ModuleFailed

MODULE = "ecs_task_definition"
ROLE = "arn:aws:iam::123456789012:role"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf"  # the ARN only


@pytest.fixture
def wanted() -> dict[str, Any]:
    return {
        "family": "x-web",
        "requires_compatibilities": ["FARGATE"],
        "network_mode": "awsvpc",
        "cpu": 256,
        "memory": 512,
        "runtime_platform": {"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
        "execution_role_arn": f"{ROLE}/x-execution",
        "task_role_arn": f"{ROLE}/x-web",
        "containers": [
            {
                "name": "web",
                "image": "docker.io/x/web:1",
                "portMappings": [{"containerPort": "3000"}],
                "environment": [{"name": "B", "value": 2}, {"name": "A", "value": "1"}],
                "secrets": [{"name": "SALT", "valueFrom": f"{SECRET}:SALT::"}],
                "healthCheck": {"command": ["CMD-SHELL", "true"], "startPeriod": 60},
                "stopTimeout": 60,
                "dockerLabels": {"langfuse.secret-version": "v1"},
                "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
                "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/x", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"},
                },
            }
        ],
        "volumes": [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
                },
            }
        ],
        "tags": {"team": "llmops"},
    }


def change(wanted: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value changed; path elements are keys or numbers."""
    changed = copy.deepcopy(wanted)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    place: Any = changed
    for part in parents:
        place = place[part]
    place[last] = value
    return changed


def test_twelve_steps(aws: Any, wanted: dict[str, Any]) -> None:
    created = aws.cycle(MODULE, wanted)
    definition = created["task_definition"]
    assert (definition["family"], definition["revision"], definition["status"]) == ("x-web", 1, "ACTIVE")
    assert definition["task_definition_arn"].endswith(":task-definition/x-web:1")
    assert definition["tags"] == {"team": "llmops"}
    container = definition["container_definitions"][0]
    assert container["docker_labels"] == {"langfuse.secret-version": "v1"}
    assert container["port_mappings"][0]["container_port"] == 3000
    assert {"name": "B", "value": "2"} in container["environment"]
    for key in ("task_definition_arn", "revision", "cpu", "memory", "execution_role_arn", "tags"):
        assert created["predicted"]["task_definition"][key] == definition[key]

    modified = aws.cycle(MODULE, change(wanted, "containers/0/environment/0/value", "3"))
    assert modified["task_definition"]["revision"] == 2
    assert modified["diff"] == {
        "before": {"revision": 1, "containers.web.environment.B": "2"},
        "after": {"revision": 2, "containers.web.environment.B": "3"},
    }
    assert modified["predicted"]["diff"] == modified["diff"]

    gone = aws.cycle(MODULE, {"family": "x-web", "state": "absent"})
    assert gone["task_definition"] == {}
    assert [arn.rsplit("/", 1)[1] for arn in gone["deregistered"]] == ["x-web:2", "x-web:1"]

    again = aws.cycle(MODULE, wanted)
    assert again["task_definition"]["revision"] == 3
    assert again["predicted"]["task_definition"]["revision"] == 3


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("cpu", 512, "cpu"),
        ("memory", 1024, "memory"),
        ("runtime_platform/cpu_architecture", "X86_64", "runtimePlatform.cpuArchitecture"),
        ("execution_role_arn", f"{ROLE}/other", "executionRoleArn"),
        ("task_role_arn", "", "taskRoleArn"),
        ("ephemeral_storage_gib", 30, "ephemeralStorage.sizeInGiB"),
        ("containers/0/image", "docker.io/x/web:2", "containers.web.image"),
        ("containers/0/name", "site", "containers.site.image"),
        ("containers/0/environment/1/value", "", "containers.web.environment.A"),
        ("containers/0/secrets/0/valueFrom", f"{SECRET}:OTHER::", "containers.web.secrets.SALT"),
        ("containers/0/secrets", [], "containers.web.secrets.SALT"),
        ("containers/0/portMappings/0/containerPort", 3001, "containers.web.portMappings.3001/tcp"),
        ("containers/0/healthCheck/startPeriod", 90, "containers.web.healthCheck.startPeriod"),
        ("containers/0/healthCheck/interval", 10, "containers.web.healthCheck.interval"),
        ("containers/0/healthCheck/command/1", "false", "containers.web.healthCheck.command"),
        ("containers/0/stopTimeout", 120, "containers.web.stopTimeout"),
        (
            "containers/0/dockerLabels/langfuse.secret-version",
            "v2",
            "containers.web.dockerLabels.langfuse.secret-version",
        ),
        ("containers/0/ulimits/0/hardLimit", 4096, "containers.web.ulimits.nofile.hardLimit"),
        ("containers/0/logConfiguration/options/mode", "blocking", "containers.web.logConfiguration.options.mode"),
        ("containers/0/mountPoints/0/readOnly", True, "containers.web.mountPoints./data.readOnly"),
        ("containers/0/user", "101:101", "containers.web.user"),
        ("containers/0/command", ["true"], "containers.web.command"),
        ("containers/0/entryPoint", ["sh", "-c"], "containers.web.entryPoint"),
        ("volumes/0/efsVolumeConfiguration/fileSystemId", "fs-2", "volumes.data.efsVolumeConfiguration.fileSystemId"),
        (
            "volumes/0/efsVolumeConfiguration/authorizationConfig/accessPointId",
            "fsap-2",
            "volumes.data.efsVolumeConfiguration.authorizationConfig.accessPointId",
        ),
    ],
)
def test_every_change_is_a_new_revision(aws: Any, wanted: dict[str, Any], path: str, value: Any, field: str) -> None:
    aws.run(MODULE, wanted)
    changed = aws.cycle(MODULE, change(wanted, path, value))
    assert changed["task_definition"]["revision"] == 2
    assert field in {**changed["diff"]["before"], **changed["diff"]["after"]}


def test_what_means_the_same_is_no_change(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    same = copy.deepcopy(wanted)
    container = same["containers"][0]
    container["environment"].reverse()
    container["portMappings"] = [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}]
    container["healthCheck"] |= {"interval": 30, "timeout": 5, "retries": 3}
    container |= {"essential": True, "cpu": 0, "links": [], "user": None, "privileged": False}
    same["volumes"][0]["efsVolumeConfiguration"]["rootDirectory"] = "/"
    same |= {"cpu": ".25 vCPU", "memory": "0.5 GB"}
    assert aws.run(MODULE, same)["changed"] is False


def test_tags_alone_make_no_revision(aws: Any, wanted: dict[str, Any]) -> None:
    arn = aws.run(MODULE, wanted)["task_definition"]["task_definition_arn"]
    client = aws.client("ecs")
    client.tag_resource(resourceArn=arn, tags=[{"key": "langfuse:completed", "value": "2026-11-24T00:00:00Z"}])
    kept = aws.cycle(MODULE, {**wanted, "tags": {"team": "other"}, "purge_tags": False})
    assert kept["task_definition"]["revision"] == 1
    assert kept["task_definition"]["tags"] == {"langfuse:completed": "2026-11-24T00:00:00Z", "team": "other"}
    purged = aws.cycle(MODULE, {**wanted, "tags": {"team": "other"}})
    assert purged["task_definition"]["tags"] == {"team": "other"}
    assert aws.run(MODULE, {**wanted, "tags": None})["changed"] is False


def test_a_new_revision_does_not_inherit_tags(aws: Any, wanted: dict[str, Any]) -> None:
    arn = aws.run(MODULE, wanted)["task_definition"]["task_definition_arn"]
    aws.client("ecs").tag_resource(resourceArn=arn, tags=[{"key": "langfuse:completed", "value": "x"}])
    new = aws.cycle(MODULE, {**wanted, "cpu": 512, "purge_tags": False})
    assert new["task_definition"]["tags"] == {"team": "llmops"}


def test_only_the_family_itself_is_removed(aws: Any, wanted: dict[str, Any]) -> None:
    aws.run(MODULE, wanted)
    aws.run(MODULE, {**wanted, "family": "x-web-other"})
    aws.cycle(MODULE, {"family": "x-web", "state": "absent"})
    left = aws.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert [arn.rsplit("/", 1)[1] for arn in left] == ["x-web-other:1"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("containers/0/port_mappings", [], "has no port_mappings in AWS's API; write portMappings"),
        ("containers/0/portMappings/0/containerPort", "http", "containerPort must be a whole number"),
        ("containers/0/command", "true", "command must be a list"),
        ("containers/0/image", ["x"], "image must be text"),
        ("containers/0/healthCheck", "true", "healthCheck must be a dictionary"),
        ("containers/0/essential", "maybe", "essential must be true or false"),
    ],
)
def test_what_the_api_does_not_know_is_refused(
    aws: Any, wanted: dict[str, Any], path: str, value: Any, said: str
) -> None:
    for check in (True, False):
        with pytest.raises(ModuleFailed, match=said.replace("'", ".")):
            aws.run(MODULE, change(wanted, path, value), check=check)


class TestRolesThatAreNew:
    """IAM takes up to a minute until ECS knows a role."""

    def refuse(self, monkeypatch: pytest.MonkeyPatch, times: int, code: str, message: str) -> list[int]:
        import botocore.client

        call = botocore.client.BaseClient._make_api_call
        calls: list[int] = []

        def make(client: Any, operation: str, params: dict[str, Any]) -> Any:
            if operation == "RegisterTaskDefinition":
                calls.append(1)
                if len(calls) <= times:
                    raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
            return call(client, operation, params)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        return calls

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("ClientException", "Role is not valid"),
            ("AccessDeniedException", "User: x is not authorized to perform: iam:PassRole on resource: y"),
        ],
    )
    def test_are_waited_for(
        self, aws: Any, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch, code: str, message: str
    ) -> None:
        calls = self.refuse(monkeypatch, 2, code, message)
        assert aws.run(MODULE, wanted)["changed"] is True
        assert len(calls) == 3

    def test_but_not_for_ever(self, aws: Any, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuse(monkeypatch, 10**9, "ClientException", "Role is not valid")
        times = iter(range(0, 10**6, 40))
        monkeypatch.setattr(
            "ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters.time.monotonic", lambda: next(times)
        )
        with pytest.raises(ModuleFailed, match="register the task definition x-web: Role is not valid"):
            aws.run(MODULE, wanted)

    def test_other_refusals_are_final(self, aws: Any, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        calls = self.refuse(monkeypatch, 10**9, "ClientException", "No Fargate configuration exists for given values.")
        with pytest.raises(ModuleFailed, match="No Fargate configuration exists"):
            aws.run(MODULE, wanted)
        assert len(calls) == 1
