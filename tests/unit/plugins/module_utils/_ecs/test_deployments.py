# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.deployments import (
    DONE,
    FAILED,
    WAITING,
    Evidence,
    culprit,
    explain,
    failed_containers,
    failure,
    judge,
    log_source,
    own_tasks,
    progress,
    task_reason,
    telling,
)

OLD, NEW = (f"arn:aws:ecs:eu-central-1:123456789012:task-definition/x:{number}" for number in (1, 2))
DEFINITION = {
    "containerDefinitions": [
        {
            "name": "web",
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/x", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "p"},
            },
        },
        {"name": "side", "essential": False},
    ]
}


def deployment(number: int = 2, status: str = "PRIMARY", state: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    arn = NEW if number > 1 else OLD
    return {"id": f"d{number}", "status": status, "rolloutState": state, "taskDefinition": arn, **more}


def service(*deployments: dict[str, Any], running: int = 1, desired: int = 1, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "serviceName": "web",
        "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/x",
        "status": status,
        "deployments": list(deployments),
        "runningCount": running,
        "desiredCount": desired,
        "taskDefinition": NEW,
    }


class TestJudge:
    @pytest.mark.parametrize(
        ("state", "of"),
        [
            (DONE, service(deployment())),
            (DONE, service(deployment(), running=0, desired=0)),
            (DONE, service(deployment(), running=2, desired=1)),
            (WAITING, service(deployment(), running=1, desired=2)),
            (WAITING, service(deployment(state="IN_PROGRESS"))),
            (WAITING, service(deployment(state="IN_PROGRESS"), deployment(1, "ACTIVE"))),
            (WAITING, service()),
            (FAILED, service(deployment(state="FAILED"))),
            # Rolled back: first side by side, then only the old one, which is as steady as can be.
            (FAILED, service(deployment(1, state="IN_PROGRESS"), deployment(2, "ACTIVE", "FAILED"))),
            (FAILED, service(deployment(1))),
            (FAILED, service(deployment(), status="DRAINING")),
        ],
    )
    def test_state(self, state: str, of: dict[str, Any]) -> None:
        assert judge(of, "d2", NEW).state == state

    def test_a_rollback_to_the_same_task_definition(self) -> None:
        back = deployment(3, rolloutStateReason="ECS deployment circuit breaker: rolling back to deploymentId d1.")
        assert judge(service(back), "d2", NEW).state == FAILED

    def test_somebody_elses_deployment_of_the_same_is_as_good(self) -> None:
        assert judge(service(deployment(3)), "d2", NEW).state == DONE

    def test_the_reason_is_that_of_ecs(self) -> None:
        failed = deployment(2, "ACTIVE", "FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed.")
        verdict = judge(service(deployment(1), failed), "d2", NEW)
        assert verdict.reason == "ECS deployment circuit breaker: tasks failed"


def task(
    number: int = 1,
    *,
    exit_code: int | None = None,
    reason: str = "",
    stopped: str = "",
    code: str = "EssentialContainerExited",
    **more: Any,
) -> dict[str, Any]:
    container = {"name": "web", "reason": reason, **({} if exit_code is None else {"exitCode": exit_code})}
    return {
        "taskArn": f"arn:aws:ecs:eu-central-1:123456789012:task/x/t{number}",
        "taskDefinitionArn": NEW,
        "startedBy": "d2",
        "createdAt": f"2026-11-24T00:00:0{number}",
        "stopCode": code,
        "stoppedReason": stopped,
        "containers": [container],
        **more,
    }


class TestTaskReason:
    @pytest.mark.parametrize(
        ("stopped", "log", "said"),
        [
            (
                task(exit_code=1, stopped="Essential container in task exited"),
                ["first", "no such table", ""],
                'its container web ended with exit code 1; its log ends with "no such table"',
            ),
            (
                task(exit_code=137, reason="OutOfMemoryError: Container killed due to memory usage"),
                [],
                "its container web ended with exit code 137 (OutOfMemoryError: Container killed due to memory usage)",
            ),
            (
                task(code="TaskFailedToStart", stopped="ResourceInitializationError: unable to pull secrets."),
                [],
                "it could not start: ResourceInitializationError: unable to pull secrets",
            ),
            (
                task(code="TaskFailedToStart", stopped="Task failed to start", reason="CannotPullContainerError: x"),
                [],
                "it could not start: Task failed to start; CannotPullContainerError: x",
            ),
            (
                task(exit_code=143, stopped="Task failed container health checks", code="ServiceSchedulerInitiated"),
                [],
                "its container web ended with exit code 143, because ECS stopped it: Task failed container health checks",
            ),
            (
                task(exit_code=0, stopped="Scaling activity", code="ServiceSchedulerInitiated"),
                [],
                "it was stopped: Scaling activity",
            ),
            (task(code="UserInitiated"), [], "it was stopped: UserInitiated"),
        ],
    )
    def test_sentence(self, stopped: dict[str, Any], log: list[str], said: str) -> None:
        assert task_reason(stopped, DEFINITION, log) == said


class TestContainers:
    def test_a_side_container_may_fail(self) -> None:
        containers = [{"name": "web", "exitCode": 0}, {"name": "side", "exitCode": 1}]
        assert not failed_containers({"containers": containers}, DEFINITION)
        assert culprit({"containers": containers}, DEFINITION) is None

    @pytest.mark.parametrize("containers", [[], [{"name": "web"}], [{"name": "web", "exitCode": 1}]])
    def test_failed(self, containers: list[dict[str, Any]]) -> None:
        assert failed_containers({"containers": containers}, DEFINITION)

    def test_who_was_only_ended_is_not_to_blame(self) -> None:
        containers = [{"name": "a", "exitCode": 137}, {"name": "b", "exitCode": 2}]
        found = culprit({"containers": containers}, {})
        assert found is not None
        assert found["name"] == "b"

    def test_log_source(self) -> None:
        assert log_source(task(), "web", DEFINITION) == ("eu-central-1", "/x", "p/web/t1")
        assert log_source(task(), "side", DEFINITION) is None


def test_tasks_of_the_deployment_come_first_or_alone() -> None:
    foreign = task(3, startedBy="d1")
    assert [item["createdAt"][-1] for item in own_tasks([task(1), task(2), foreign], "d2", NEW)] == ["2", "1"]
    assert own_tasks([foreign], "d9", NEW) == [foreign]
    assert own_tasks([foreign], "d9", OLD) == []


def test_scaled_in_tasks_tell_least() -> None:
    scaled = task(1, stopped="Scaling activity initiated by (deployment d2)", code="ServiceSchedulerInitiated")
    unhealthy = task(2, stopped="Task failed ELB health checks", code="ServiceSchedulerInitiated")
    assert telling([scaled, unhealthy]) == [unhealthy, scaled]


class TestExplain:
    def test_with_a_task(self) -> None:
        evidence = Evidence(service(deployment(state="FAILED")), "d2", NEW, "tasks failed to start")
        evidence.tasks, evidence.definition = [(task(exit_code=3), ["boom"])], DEFINITION
        assert explain(evidence) == (
            "The deployment of x:2 to the service web of the cluster x failed (tasks failed to start); of its last "
            'stopped task: its container web ended with exit code 3; its log ends with "boom"'
        )
        shown = failure(evidence)
        assert shown["rollout_state"] == "FAILED"
        assert shown["stopped_tasks"][0]["containers"][0]["exit_code"] == 3
        assert shown["stopped_tasks"][0]["log"] == ["boom"]

    def test_with_events_only(self) -> None:
        events = [{"message": "(service web) has reached a steady state."}, {"message": "(service web) no capacity."}]
        evidence = Evidence(service(), "d2", NEW, "time", events=events)
        assert explain(evidence).endswith("failed (time); ECS said last: (service web) no capacity")
        assert failure(evidence)["events"] == [event["message"] for event in events]

    def test_with_nothing(self) -> None:
        assert "no task of it has stopped" in explain(Evidence(service(), "d2", NEW, ""))


def test_progress() -> None:
    running = service(deployment(state="IN_PROGRESS", failedTasks=2), running=0)
    assert progress(running) == "0 of 1 tasks run, 2 failed, the rollout is IN_PROGRESS"
