# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-off tasks that really run on the local AWS: their exit codes, their logs, and running only once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "ecs_run_task"
TAG = "langfuse:completed"


@pytest.fixture
def wanted(ecs: Any) -> dict[str, Any]:
    return {
        "cluster": ecs.name,
        "launch_type": "FARGATE",
        "network_configuration": ecs.network,
        "wait_timeout": 60,
        "tags": {"team": "llmops"},
    }


def tasks(ecs: Any, family: str = "") -> list[str]:
    client = ecs.client("ecs")
    return [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in client.list_tasks(cluster=ecs.name, family=family or ecs.name, desiredStatus=status)["taskArns"]
    ]


def test_a_task_runs_and_its_log_comes_back(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition('for n in 1 2 3 4 5; do echo "line $n of $LETTER"; done', environment={"LETTER": "A"})
    result = ecs.run(MODULE, {**wanted, "task_definition": arn, "log_lines": 3})
    assert result["changed"] is True
    assert (result["task"]["last_status"], result["task"]["task_definition_arn"]) == ("STOPPED", arn)
    assert result["task"]["tags"] == {"team": "llmops"}
    (container,) = result["containers"]
    assert (container["name"], container["exit_code"]) == ("main", 0)
    assert container["log"] == ["line 3 of A", "line 4 of A", "line 5 of A"]
    assert ecs.run(MODULE, {**wanted, "task_definition": arn, "log_lines": 0})["containers"][0]["log"] == []


def test_a_long_log_is_whole(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition("n=0; while [ $n -lt 1200 ]; do n=$((n+1)); echo $n; done")
    result = ecs.run(MODULE, {**wanted, "task_definition": arn, "log_lines": 5000})
    assert result["containers"][0]["log"] == [str(number) for number in range(1, 1201)]


def test_overrides_and_several_tasks(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition("echo $LETTER", environment={"LETTER": "A"})
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "LETTER", "value": 7}]}]}
    result = ecs.run(MODULE, {**wanted, "task_definition": arn, "overrides": overrides, "count": 2})
    assert len(result["task_arns"]) == 2
    assert [container["log"] for container in result["containers"]] == [["7"], ["7"]]


def test_another_exit_code_fails_with_the_end_of_the_log(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition('echo "error: Dirty database version 7"; exit 5')
    with pytest.raises(ModuleFailed) as raised:
        ecs.run(MODULE, {**wanted, "task_definition": arn, "completion_tag": TAG})
    result = raised.value.result
    assert result["msg"] == (
        f"The task {arn.rsplit('/', 1)[1]} of the cluster {ecs.name} failed: its container main ended with exit code 5; "
        'its log ends with "error: Dirty database version 7".'
    )
    assert result["containers"][0]["exit_code"] == 5
    assert result["task"]["stop_code"] == "EssentialContainerExited"
    assert ecs.tags(arn) == {}


def test_a_task_that_cannot_start_says_why(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition("true", secrets=[{"name": "SALT", "valueFrom": f"{ecs.secret}:MISSING::"}])
    with pytest.raises(ModuleFailed, match="failed: it could not start: ResourceInitializationError"):
        ecs.run(MODULE, {**wanted, "task_definition": arn})


def test_check_mode_starts_nothing(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition("true")
    result = ecs.run(MODULE, {**wanted, "task_definition": arn}, check=True)
    assert (result["changed"], result["task"], result["containers"]) == (True, {}, [])
    assert tasks(ecs) == []
    unregistered = {**wanted, "cluster": "", "task_definition": "x:1", "completion_tag": TAG}
    assert ecs.run(MODULE, unregistered, check=True)["changed"] is True


class TestCompletion:
    def test_once_for_each_revision(self, ecs: Any, wanted: dict[str, Any]) -> None:
        once = {**wanted, "task_definition": ecs.definition("echo migrated"), "completion_tag": TAG}
        assert ecs.run(MODULE, once, check=True)["changed"] is True
        first = ecs.run(MODULE, once)
        assert first["changed"] is True
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["completed_at"])
        assert ecs.tags(once["task_definition"]) == {TAG: first["completed_at"]}
        for check in (True, False):
            again = ecs.run(MODULE, once, check=check)
            assert (again["changed"], again["task"], again["completed_at"]) == (False, {}, first["completed_at"])
        assert len(tasks(ecs)) == 1
        assert ecs.run(MODULE, {**once, "force": True}, check=True)["changed"] is True
        assert ecs.run(MODULE, {**once, "force": True})["containers"][0]["log"] == ["migrated"]
        assert len(tasks(ecs)) == 2
        new = {**once, "task_definition": ecs.definition("echo migrated again")}
        assert ecs.run(MODULE, new)["changed"] is True

    def test_a_task_of_an_interrupted_run_is_waited_for(self, ecs: Any, wanted: dict[str, Any]) -> None:
        arn = ecs.definition("sleep 3; echo done")
        started = ecs.run(MODULE, {**wanted, "task_definition": arn, "wait": False})["task_arns"]
        result = ecs.run(MODULE, {**wanted, "task_definition": arn, "completion_tag": TAG})
        assert result["task_arns"] == started
        assert result["containers"][0]["log"] == ["done"]
        assert len(tasks(ecs)) == 1

    def test_other_revisions_end_before_it_begins(self, ecs: Any, wanted: dict[str, Any]) -> None:
        old = ecs.run(MODULE, {**wanted, "task_definition": ecs.definition("sleep 3"), "wait": False})["task_arns"]
        result = ecs.run(MODULE, {**wanted, "task_definition": ecs.definition("echo after"), "completion_tag": TAG})
        stopped = ecs.client("ecs").describe_tasks(cluster=ecs.name, tasks=old)["tasks"][0]
        begun = ecs.client("ecs").describe_tasks(cluster=ecs.name, tasks=result["task_arns"])["tasks"][0]
        assert stopped["stoppedAt"] <= begun["createdAt"]

    def test_the_tag_needs_a_judgement(self, ecs: Any, wanted: dict[str, Any]) -> None:
        with pytest.raises(ModuleFailed, match="completion_tag needs wait"):
            ecs.run(MODULE, {**wanted, "task_definition": "x", "completion_tag": TAG, "wait": False})


def test_time_runs_out(ecs: Any, wanted: dict[str, Any]) -> None:
    arn = ecs.definition("sleep 20")
    with pytest.raises(ModuleFailed, match=r"Time is out after 2 seconds waiting for a task of the cluster .* to stop"):
        ecs.run(MODULE, {**wanted, "task_definition": arn, "wait_timeout": 2})


def test_what_is_not_there(ecs: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="There is no active task definition nothing; register it first"):
        ecs.run(MODULE, {**wanted, "task_definition": "nothing"})
    arn = ecs.definition("true")
    with pytest.raises(ModuleFailed, match=r"The cluster of the task .* is empty"):
        ecs.run(MODULE, {**wanted, "task_definition": arn, "cluster": ""})
    with pytest.raises(ModuleFailed, match="in the cluster other"):
        ecs.run(MODULE, {**wanted, "task_definition": arn, "cluster": "other"})
    unknown = {"containerOverrides": [{"name": "main", "comand": []}]}
    with pytest.raises(ModuleFailed, match=r"has no comand in AWS.s API; write command"):
        ecs.run(MODULE, {**wanted, "task_definition": arn, "overrides": unknown})
