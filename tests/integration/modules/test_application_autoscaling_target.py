# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalable targets: their whole life in twelve steps, and what a service's count becomes."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "application_autoscaling_target"
CPU = {
    "name": "cpu",
    "configuration": {
        # As templates give it.
        "TargetValue": "50",
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    },
}
BACKLOG = {
    "name": "backlog",
    "configuration": {
        "TargetValue": 1000,
        "CustomizedMetricSpecification": {
            "Metrics": [
                {
                    "Id": "waiting",
                    "MetricStat": {"Metric": {"Namespace": "Langfuse", "MetricName": "length"}, "Stat": "Maximum"},
                    "ReturnData": "false",
                },
                {"Id": "backlog", "Expression": "waiting / 2"},
            ]
        },
    },
}


@pytest.fixture
def wanted(ecs: Any) -> dict[str, Any]:
    """A target's options, for a service that has no tasks."""
    ecs.run(
        "ecs_service",
        {
            "name": "web",
            "cluster": ecs.name,
            "task_definition": ecs.definition("sleep 600"),
            "desired_count": 0,
            "launch_type": "FARGATE",
            "network_configuration": ecs.network,
            "wait": False,
        },
    )
    return {
        "resource_id": f"service/{ecs.name}/web",
        "min_capacity": 0,
        "max_capacity": 4,
        "policies": [CPU],
        "tags": {"owner": "me"},
    }


def test_life(ecs: Any, wanted: dict[str, Any]) -> None:
    made = ecs.cycle(MODULE, wanted)["scalable_target"]
    assert (made["min_capacity"], made["max_capacity"], made["tags"]) == (0, 4, {"owner": "me"})
    assert [(policy["name"], policy["configuration"]["TargetValue"]) for policy in made["policies"]] == [("cpu", 50.0)]
    assert len(made["policies"][0]["alarms"]) == 2

    changes = {"min_capacity": 0, "max_capacity": 6, "policies": [BACKLOG], "tags": {"team": "llmops"}}
    modified = ecs.cycle(MODULE, {**wanted, **changes})
    assert sorted(modified["diff"]["after"]) == ["max_capacity", "policies", "tags"]
    assert modified["predicted"]["diff"] == modified["diff"]
    shown = modified["scalable_target"]
    assert (shown["max_capacity"], shown["tags"]) == (6, {"team": "llmops"})
    assert [policy["name"] for policy in shown["policies"]] == ["backlog"]

    assert ecs.cycle(MODULE, {"resource_id": wanted["resource_id"], "state": "absent"})["scalable_target"] == {}
    client = ecs.client("application-autoscaling")
    assert client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=wanted["resource_id"])[
        "ScalingPolicies"
    ] == []  # fmt: skip


def test_what_is_left_out_is_left_alone(ecs: Any, wanted: dict[str, Any]) -> None:
    ecs.run(MODULE, wanted)
    same = ecs.run(MODULE, {"resource_id": wanted["resource_id"]})
    assert same["changed"] is False
    kept = ecs.run(MODULE, {**wanted, "policies": [BACKLOG], "purge_policies": False})["scalable_target"]
    assert [policy["name"] for policy in kept["policies"]] == ["backlog", "cpu"]


def test_a_new_target_needs_its_limits(ecs: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="give max_capacity"):
        ecs.run(MODULE, {"resource_id": wanted["resource_id"], "min_capacity": 1})


def test_a_misspelt_name_is_found_before_anything_is_registered(ecs: Any, wanted: dict[str, Any]) -> None:
    policy = {"name": "cpu", "configuration": {"target_value": 50}}
    with pytest.raises(ModuleFailed, match="write TargetValue"):
        ecs.run(MODULE, {**wanted, "policies": [policy]})
    assert ecs.run(MODULE, {"resource_id": wanted["resource_id"], "state": "absent"})["changed"] is False


def test_a_service_that_is_not_there(ecs: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="doesn't exist"):
        ecs.run(MODULE, {**wanted, "resource_id": f"service/{ecs.name}/other"})


def test_the_service_leaves_its_count_to_the_target_and_takes_it_back(ecs: Any, wanted: dict[str, Any]) -> None:
    service = {"name": "web", "cluster": ecs.name, "task_definition": ecs.name, "desired_count": 1, "wait": False}
    ecs.run(MODULE, {**wanted, "min_capacity": 2})
    found = ecs.run("ecs_service", service)
    assert (found["changed"], found["service"]["desired_count"]) == (False, 2)
    ecs.run(MODULE, {"resource_id": wanted["resource_id"], "state": "absent"})
    found = ecs.run("ecs_service", service)
    assert (found["changed"], found["service"]["desired_count"]) == (True, 1)
