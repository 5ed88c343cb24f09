# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that really run on the local AWS: their deployments, what makes them fail, and their end."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "ecs_service"
RUNS = "echo up; while true; do sleep 1; done"


@pytest.fixture
def wanted(ecs: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "cluster": ecs.name,
        "task_definition": ecs.definition(RUNS),
        "desired_count": 1,
        "launch_type": "FARGATE",
        "network_configuration": ecs.network,
        "deployment_configuration": {
            "minimum_healthy_percent": 0,
            "maximum_percent": 200,
            "deployment_circuit_breaker": {"enable": True, "rollback": True},
        },
        "availability_zone_rebalancing": "ENABLED",
        "enable_execute_command": False,
        "propagate_tags": "SERVICE",
        "tags": {"team": "llmops"},
        "wait_timeout": 60,
    }


def running(ecs: Any) -> list[dict[str, Any]]:
    client = ecs.client("ecs")
    arns = client.list_tasks(cluster=ecs.name, serviceName="web")["taskArns"]
    return client.describe_tasks(cluster=ecs.name, tasks=arns, include=["TAGS"])["tasks"] if arns else []


def test_twelve_steps(ecs: Any, wanted: dict[str, Any]) -> None:
    created = ecs.cycle(MODULE, wanted)
    service = created["service"]
    assert (service["status"], service["running_count"], service["desired_count"]) == ("ACTIVE", 1, 1)
    assert service["deployments"][0]["rollout_state"] == "COMPLETED"
    assert service["task_definition"] == wanted["task_definition"]
    assert service["tags"] == {"team": "llmops"}
    for key in ("service_name", "task_definition", "desired_count", "tags", "availability_zone_rebalancing"):
        assert created["predicted"]["service"][key] == service[key]

    second = ecs.definition(RUNS, image_tag="4.16.0")
    modified = ecs.cycle(MODULE, {**wanted, "task_definition": second, "desired_count": 2, "tags": {"owner": "me"}})
    assert modified["service"]["running_count"] == 2
    assert modified["diff"]["before"] == {
        "task_definition": wanted["task_definition"],
        "desired_count": 1,
        "tags": {"team": "llmops"},
    }
    assert modified["predicted"]["diff"] == modified["diff"]
    assert {task["taskDefinitionArn"] for task in running(ecs)} == {second}
    assert {tag["value"] for task in running(ecs) for tag in task["tags"] if tag["key"] == "owner"} == {"me"}

    gone = ecs.cycle(MODULE, {"name": "web", "cluster": ecs.name, "state": "absent"})
    assert gone["service"] == {}
    assert running(ecs) == []
    # AWS takes the name again, because absent waited until it was free.
    assert ecs.run(MODULE, wanted)["service"]["running_count"] == 1


def test_every_option_changes(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    breaker = {"enable": True, "rollback": False}
    others = {
        "desired_count": 2,
        "platform_version": "1.4.0",
        "network_configuration": {**ecs.network, "subnets": ecs.network["subnets"][:1]},
        "deployment_configuration": {"minimum_healthy_percent": 100, "deployment_circuit_breaker": breaker},
        "availability_zone_rebalancing": "DISABLED",
        "enable_execute_command": True,
        "propagate_tags": "TASK_DEFINITION",
    }
    modified = ecs.cycle(MODULE, {**wanted, **others})
    assert sorted(modified["diff"]["after"]) == sorted(others)
    service = modified["service"]
    for option in ("availability_zone_rebalancing", "desired_count", "enable_execute_command", "propagate_tags"):
        assert service[option] == others[option]
    assert service["platform_version"] == "1.4.0"
    assert service["network_configuration"]["awsvpc_configuration"]["subnets"] == ecs.network["subnets"][:1]
    configuration = service["deployment_configuration"]
    assert configuration["deployment_circuit_breaker"] == breaker
    # What is left out stays as it is.
    assert (configuration["minimum_healthy_percent"], configuration["maximum_percent"]) == (100, 200)


def test_the_order_of_subnets_means_nothing(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, {**wanted, "wait": False})
    turned = {**ecs.network, "subnets": ecs.network["subnets"][::-1]}
    assert ecs.run(MODULE, {**wanted, "network_configuration": turned, "wait": False})["changed"] is False


def test_onto_spot_and_back(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.client("ecs").put_cluster_capacity_providers(
        cluster=ecs.name, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    ecs.run(MODULE, wanted)
    before = {task["taskArn"] for task in running(ecs)}
    strategy = [
        {"capacity_provider": "FARGATE", "base": 1, "weight": 0},
        {"capacity_provider": "FARGATE_SPOT", "weight": 1},
    ]
    on_spot = {key: value for key, value in wanted.items() if key != "launch_type"}
    moved = ecs.cycle(MODULE, {**on_spot, "capacity_provider_strategy": strategy})
    assert list(moved["diff"]["after"]) == ["capacity_provider_strategy"]
    # The strategy is for tasks that start, so all are replaced.
    replaced = {task["taskArn"] for task in running(ecs)}
    assert replaced
    assert not replaced & before
    back = ecs.cycle(MODULE, wanted)["service"]
    assert (back["launch_type"], back.get("capacity_provider_strategy") or []) == ("FARGATE", [])


def test_a_bare_family_is_no_change(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    family, revision = wanted["task_definition"].rsplit("/", 1)[1].split(":")
    for form in (family, f"{family}:{revision}"):
        assert ecs.run(MODULE, {**wanted, "task_definition": form})["changed"] is False


def test_a_forced_deployment_replaces_the_tasks(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    before = {task["taskArn"] for task in running(ecs)}
    assert ecs.run(MODULE, {**wanted, "force_new_deployment": True}, check=True)["changed"] is True
    assert {task["taskArn"] for task in running(ecs)} == before
    assert ecs.run(MODULE, {**wanted, "force_new_deployment": True})["changed"] is True
    assert not {task["taskArn"] for task in running(ecs)} & before


def test_a_count_of_application_auto_scaling_is_left_alone(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    ecs.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{ecs.name}/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=5,
    )
    ecs.client("ecs").update_service(cluster=ecs.name, service="web", desiredCount=2)
    result = ecs.run(MODULE, wanted)
    assert result["changed"] is False
    assert result["desired_count_owner"] == "application-autoscaling"
    assert result["service"]["desired_count"] == 2


class TestFailures:
    BREAKS = 'echo "connecting to the database"; echo "no such database" >&2; exit 3'

    def test_a_rollback_is_a_failure_that_is_explained(self, ecs: Any, wanted: dict[str, Any]) -> None:
        ecs.run(MODULE, wanted)
        broken = ecs.definition(self.BREAKS)
        with pytest.raises(ModuleFailed) as raised:
            ecs.run(MODULE, {**wanted, "task_definition": broken})
        result = raised.value.result
        assert "exit code 3" in result["msg"]
        assert "no such database" in result["msg"]
        assert "circuit breaker" in result["msg"]
        assert "\n" not in result["msg"]
        failure = result["failure"]
        assert failure["task_definition"] == broken
        assert {task["task_definition_arn"] for task in failure["stopped_tasks"]} == {broken}
        first = failure["stopped_tasks"][0]
        assert first["containers"][0]["exit_code"] == 3
        assert first["log"] == ["connecting to the database", "no such database"]
        assert failure["events"]
        # The service went back, and the next run finds the difference again.
        assert ecs.run(MODULE, {**wanted, "task_definition": broken}, check=True)["changed"] is True
        assert ecs.run(MODULE, wanted)["service"]["running_count"] == 1

    def test_a_first_deployment_has_nothing_to_go_back_to(self, ecs: Any, wanted: dict[str, Any]) -> None:
        broken = {**wanted, "task_definition": ecs.definition(self.BREAKS)}
        with pytest.raises(ModuleFailed, match="exit code 3"):
            ecs.run(MODULE, broken)
        # ECS has given up, so a run that finds no difference tries again, and says so.
        again = ecs.run(MODULE, broken, check=True)
        assert again["diff"] == {"before": {"rollout_state": "FAILED"}, "after": {"rollout_state": "IN_PROGRESS"}}
        assert ecs.run(MODULE, wanted)["service"]["running_count"] == 1

    def test_a_task_that_cannot_start_says_why(self, ecs: Any, wanted: dict[str, Any]) -> None:
        arn = ecs.definition(RUNS, secrets=[{"name": "SALT", "valueFrom": f"{ecs.secret}:MISSING::"}])
        with pytest.raises(ModuleFailed) as raised:
            ecs.run(MODULE, {**wanted, "task_definition": arn})
        assert "could not start: ResourceInitializationError" in raised.value.result["msg"]
        assert raised.value.result["failure"]["stopped_tasks"][0]["stop_code"] == "TaskFailedToStart"

    def test_without_a_breaker_time_runs_out(self, ecs: Any, wanted: dict[str, Any]) -> None:
        slow = copy.deepcopy(wanted)
        slow["deployment_configuration"]["deployment_circuit_breaker"] = {"enable": False, "rollback": False}
        slow |= {"task_definition": ecs.definition(self.BREAKS), "wait_timeout": 4}
        with pytest.raises(ModuleFailed) as raised:
            ecs.run(MODULE, slow)
        # The task that breaks is started again and again, and may be up just then.
        assert re.search("not finished after 4 seconds: [01] of 1 tasks run", raised.value.result["msg"])
        assert "exit code 3" in raised.value.result["msg"]

    def test_without_waiting_nothing_is_judged(self, ecs: Any, wanted: dict[str, Any]) -> None:
        broken = {**wanted, "task_definition": ecs.definition(self.BREAKS), "wait": False}
        assert ecs.run(MODULE, broken)["service"]["status"] == "ACTIVE"

    def test_what_is_not_there(self, ecs: Any, wanted: dict[str, Any]) -> None:
        with pytest.raises(ModuleFailed, match="There is no active task definition nothing; register it first"):
            ecs.run(MODULE, {**wanted, "task_definition": "nothing"})
        with pytest.raises(ModuleFailed, match="The cluster of the service web is empty"):
            ecs.run(MODULE, {**wanted, "cluster": ""})
        with pytest.raises(ModuleFailed, match="Failed to create the service web in the cluster other"):
            ecs.run(MODULE, {**wanted, "cluster": "other"})
        with pytest.raises(ModuleFailed, match=r"load_balancers.0. has no target_group_arn .* write targetGroupArn"):
            ecs.run(MODULE, {**wanted, "load_balancers": [{"target_group_arn": "x"}]})

    def test_check_mode_predicts_in_an_empty_account(self, ecs: Any, wanted: dict[str, Any]) -> None:
        empty = {**wanted, "cluster": "", "task_definition": "x-web:1", "network_configuration": {"subnets": []}}
        assert ecs.run(MODULE, empty, check=True)["service"]["task_definition"] == "x-web:1"
        assert ecs.run(MODULE, {**empty, "state": "absent"})["changed"] is False
        assert ecs.run(MODULE, {**wanted, "cluster": "other", "state": "absent"})["changed"] is False


def test_a_name_that_is_being_freed_is_waited_for(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    gone = {"name": "web", "cluster": ecs.name, "state": "absent"}
    assert ecs.run(MODULE, {**gone, "wait": False})["changed"] is True
    state = ecs.client("ecs").describe_services(cluster=ecs.name, services=["web"])["services"][0]["status"]
    assert state == "DRAINING"
    assert ecs.run(MODULE, wanted, check=True)["changed"] is True
    again = ecs.run(MODULE, wanted)
    assert again["changed"] is True
    assert again["service"]["running_count"] == 1
    # Removing what is on its way out changes nothing, but waits.
    ecs.run(MODULE, {**gone, "wait": False})
    assert ecs.run(MODULE, gone)["changed"] is False
    state = ecs.client("ecs").describe_services(cluster=ecs.name, services=["web"])["services"][0]["status"]
    assert state == "INACTIVE"
