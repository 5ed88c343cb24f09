# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a scalable target and the wanted one."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._autoscaling.target import (
    changed_policies,
    compare,
    describe,
    same_configuration,
)

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/langfuse/web",
    "ScalableDimension": "ecs:service:DesiredCount",
    "MinCapacity": 2,
    "MaxCapacity": 6,
}
CPU = {
    "TargetValue": 50.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}
BACKLOG: dict[str, Any] = {
    "TargetValue": 1000.0,
    "CustomizedMetricSpecification": {
        "Metrics": [
            {
                "Id": "tasks",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ECS",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [
                            {"Name": "ClusterName", "Value": "langfuse"},
                            {"Name": "ServiceName", "Value": "worker"},
                        ],
                    },
                    "Stat": "SampleCount",
                },
                "ReturnData": False,
            },
            {"Id": "backlog", "Expression": "1000 / tasks"},
        ]
    },
}


def params(**changes: Any) -> dict[str, Any]:
    return {"min_capacity": None, "max_capacity": None, "purge_policies": True, **changes}


def changed(shape: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(shape)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return result


METRICS = ("CustomizedMetricSpecification", "Metrics")


class TestSameConfiguration:
    def test_what_aws_adds_is_no_difference(self) -> None:
        assert same_configuration(CPU, {**CPU, "DisableScaleIn": False, "ScaleInCooldown": 300})
        active = changed(BACKLOG, *METRICS, 1, "ReturnData", value=True)
        assert same_configuration(BACKLOG, active)

    def test_defaults_need_not_be_shown(self) -> None:
        assert same_configuration({**CPU, "DisableScaleIn": False}, CPU)
        assert not same_configuration({**CPU, "DisableScaleIn": True}, CPU)

    def test_order_means_nothing(self) -> None:
        metrics = BACKLOG["CustomizedMetricSpecification"]["Metrics"]
        active = changed(BACKLOG, *METRICS, value=metrics[::-1])
        dimensions = metrics[0]["MetricStat"]["Metric"]["Dimensions"]
        active = changed(active, *METRICS, 1, "MetricStat", "Metric", "Dimensions", value=dimensions[::-1])
        assert same_configuration(BACKLOG, active)

    @pytest.mark.parametrize(
        "active",
        [
            {**CPU, "TargetValue": 51.0},
            changed(CPU, "PredefinedMetricSpecification", "PredefinedMetricType", value="ALBRequestCountPerTarget"),
            BACKLOG,
            {},
        ],
    )
    def test_another_metric_or_target(self, active: dict[str, Any]) -> None:
        assert not same_configuration(CPU, active)

    @pytest.mark.parametrize(
        "active",
        [
            changed(BACKLOG, *METRICS, 1, "Expression", value="2000 / tasks"),
            changed(BACKLOG, *METRICS, 0, "MetricStat", "Stat", value="Average"),
            changed(BACKLOG, *METRICS, 0, "MetricStat", "Metric", "Dimensions", 1, "Value", value="web"),
            changed(BACKLOG, *METRICS, value=BACKLOG["CustomizedMetricSpecification"]["Metrics"][:1]),
            CPU,
        ],
    )
    def test_other_metric_math(self, active: dict[str, Any]) -> None:
        assert not same_configuration(BACKLOG, active)


class TestChangedPolicies:
    def test_nothing_wanted_leaves_all(self) -> None:
        assert changed_policies(None, {"cpu": CPU}, True) == ({}, [])

    def test_missing_changed_and_surplus_ones(self) -> None:
        active = {"cpu": CPU, "old": CPU}
        wanted = {"cpu": {**CPU, "TargetValue": 60.0}, "backlog": BACKLOG}
        assert changed_policies(wanted, active, True) == (wanted, ["old"])
        assert changed_policies(wanted, active, False) == (wanted, [])
        assert changed_policies({"cpu": CPU}, active, False) == ({}, [])

    def test_one_of_another_kind_is_replaced(self) -> None:
        # A step scaling policy of the same name has no configuration that this module knows.
        assert changed_policies({"cpu": CPU}, {"cpu": {}}, False) == ({"cpu": CPU}, ["cpu"])


class TestCompare:
    def test_only_what_differs_is_asked_for(self) -> None:
        difference = compare(params(min_capacity=2, max_capacity=8), TARGET, {"cpu": CPU}, {"cpu": CPU})
        assert difference.request == {"MaxCapacity": 8}
        assert difference.diff == {"before": {"max_capacity": 6}, "after": {"max_capacity": 8}}

    def test_policies_are_shown_as_they_will_be(self) -> None:
        difference = compare(params(), TARGET, {"backlog": BACKLOG}, {"cpu": CPU})
        assert difference.diff == {
            "before": {"policies": {"cpu": CPU}},
            "after": {"policies": {"backlog": BACKLOG}},
        }
        assert difference.request == {}

    def test_nothing_differs(self) -> None:
        assert not compare(params(min_capacity=2, max_capacity=6), TARGET, None, {"cpu": CPU}).changed


def test_describe_names_the_alarms() -> None:
    policy = {
        "PolicyName": "cpu",
        "TargetTrackingScalingPolicyConfiguration": CPU,
        "Alarms": [{"AlarmName": "high", "AlarmARN": "arn:x"}],
    }
    shown = describe(TARGET, [policy], {"a": "1"})
    assert shown["policies"] == [{"name": "cpu", "configuration": CPU, "alarms": ["high"]}]
    assert (shown["min_capacity"], shown["max_capacity"], shown["tags"]) == (2, 6, {"a": "1"})
