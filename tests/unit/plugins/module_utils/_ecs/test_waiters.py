# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs import api
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.waiters import (
    DeploymentFailed,
    container_log,
    read_log,
    wait_for_deployment,
)
from botocore.exceptions import ClientError

NEW = "arn:aws:ecs:eu-central-1:123456789012:task-definition/x:2"


def refusal(code: str, message: str = "x") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


class Logs:
    """CloudWatch Logs with pages, some of them empty, as AWS may return them."""

    def __init__(self, *pages: list[str]) -> None:
        self.pages = pages
        self.calls = 0

    def get_log_events(self, *, limit: int, nextToken: str = "", **_stream: Any) -> dict[str, Any]:
        self.calls += 1
        number = int(nextToken or len(self.pages) - 1)
        lines = self.pages[number][-limit:] if number >= 0 else []
        return {
            "events": [{"message": line} for line in lines],
            "nextBackwardToken": str(max(number - 1, -1)),
            "nextForwardToken": "f",
        }


class TestReadLog:
    def test_over_pages_and_through_empty_ones(self) -> None:
        logs = Logs(["1", "2"], [], ["3\n"], [])
        assert read_log(logs, "g", "s", 50) == ["1", "2", "3"]

    def test_no_more_than_asked_for(self) -> None:
        logs = Logs(["1", "2"], ["3", "4"])
        assert read_log(logs, "g", "s", 3) == ["2", "3", "4"]
        assert read_log(logs, "g", "s", 1) == ["4"]

    def test_a_stream_that_does_not_exist_is_empty(self) -> None:
        class Missing:
            def get_log_events(self, **_stream: Any) -> None:
                raise refusal("ResourceNotFoundException")

        assert read_log(Missing(), "g", "s", 3) == []

    def test_what_may_not_be_read_is_an_error(self) -> None:
        class Denied:
            def get_log_events(self, **_stream: Any) -> None:
                raise refusal("AccessDeniedException")

        with pytest.raises(AwsError, match="Failed to read the log stream s of g"):
            read_log(Denied(), "g", "s", 3)


def test_a_log_is_read_until_nothing_more_arrives() -> None:
    options = {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p"}
    container = {"name": "a", "logConfiguration": {"logDriver": "awslogs", "options": options}}
    late = [Logs(), Logs(["1"]), Logs(["1", "2"]), Logs(["1", "2"]), Logs(["never read"])]

    class Client:
        read = 0

        def get_log_events(self, *, nextToken: str = "", **request: Any) -> dict[str, Any]:
            if not nextToken:
                self.read += 1
            return late[self.read - 1].get_log_events(nextToken=nextToken, **request)

    client = Client()
    task = {"taskArn": "arn:aws:ecs:r:1:task/x/t"}
    definition = {"containerDefinitions": [container]}
    assert container_log(lambda _region: client, task, "a", definition, 10, patience=5) == ["1", "2"]
    assert client.read == 4


class TestUntilAccepted:
    def test_what_passes_by_itself_is_waited_for(self) -> None:
        answers = [AwsError("x", refusal("ClientException", "Role is not valid")), "done"]

        def call() -> Any:
            answer = answers.pop(0)
            if isinstance(answer, AwsError):
                raise answer
            return answer

        assert until_accepted(call, api.role_is_new, 10, "the role") == "done"

    def test_the_refusal_is_what_is_left_in_the_end(self) -> None:
        def call() -> Any:
            raise AwsError(
                "Failed to x", refusal("InvalidParameterException", "Unable to assume the service linked role.")
            )

        with pytest.raises(AwsError, match="Unable to assume the service linked role"):
            until_accepted(call, api.service_linked_role_is_new, 0, "the role")

    @pytest.mark.parametrize(
        ("code", "message", "new"),
        [
            ("ClientException", "Role is not valid", True),
            ("ClientException", "ECS was unable to assume the role 'r' that was provided for this task.", True),
            ("AccessDeniedException", "x is not authorized to perform: iam:PassRole on resource: y", True),
            ("AccessDeniedException", "x is not authorized to perform: ecs:RegisterTaskDefinition", False),
            ("ClientException", "No Fargate configuration exists for given values.", False),
        ],
    )
    def test_which_refusals_are_of_new_roles(self, code: str, message: str, new: bool) -> None:
        assert api.role_is_new(AwsError("x", refusal(code, message))) is new


class Ecs:
    """An ECS that shows a service's states one after the other."""

    def __init__(self, *states: dict[str, Any] | None) -> None:
        self.states = list(states)

    def describe_services(self, **_request: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"services": [state] if state else []}

    def get_paginator(self, _name: str) -> Any:
        raise refusal("AccessDeniedException")


def service(state: str = "COMPLETED") -> dict[str, Any]:
    return {
        "serviceName": "web",
        "clusterArn": "c",
        "status": "ACTIVE",
        "runningCount": 1,
        "desiredCount": 1,
        "deployments": [{"id": "d", "status": "PRIMARY", "taskDefinition": NEW, "rolloutState": state}],
    }


class TestWaitForDeployment:
    def wait(self, client: Any, timeout: float = 100) -> dict[str, Any]:
        return wait_for_deployment(
            client,
            lambda _region: None,
            cluster="c",
            name="web",
            deployment_id="d",
            task_definition=NEW,
            timeout=timeout,
        )

    def test_a_new_service_may_not_be_seen_at_once(self) -> None:
        assert self.wait(Ecs(None, service("IN_PROGRESS"), service()))["serviceName"] == "web"

    def test_one_that_vanishes_is_a_failure(self) -> None:
        with pytest.raises(DeploymentFailed, match="the service was deleted meanwhile"):
            self.wait(Ecs(service("IN_PROGRESS"), None))

    def test_a_failure_is_reported_even_where_its_tasks_may_not_be_read(self) -> None:
        with pytest.raises(DeploymentFailed, match="its tasks could not be read: Failed to list the tasks") as raised:
            self.wait(Ecs(service("FAILED")))
        assert raised.value.failure["rollout_state"] == "FAILED"

    def test_time_runs_out(self) -> None:
        with pytest.raises(DeploymentFailed, match="not finished after 0 seconds: 1 of 1 tasks run"):
            self.wait(Ecs(service("IN_PROGRESS")), timeout=0)
