# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms as they are sent, and what CloudWatch returns of them: the same where they mean the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudwatch.alarms import differing, request

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
ACTIONS = {"alarm_actions": [TOPIC], "ok_actions": [], "insufficient_data_actions": []}
PLAIN = {
    "name": "slow",
    "description": "Slow.",
    "namespace": "AWS/ApplicationELB",
    "metric_name": "TargetResponseTime",
    "dimensions": {"TargetGroup": "targetgroup/x/1", "LoadBalancer": "app/x/1"},
    "statistic": "p95",
    "period": 300,
    "metrics": None,
    "comparison": "GreaterThanOrEqualToThreshold",
    "threshold": 5.0,
    "evaluation_periods": 3,
    "datapoints_to_alarm": None,
    "treat_missing_data": "notBreaching",
    "evaluate_low_sample_count_percentile": "ignore",
    "actions_enabled": True,
}
PART = {"expression": None, "label": None, "return_data": False, "statistic": "Average", "period": 60}
SEVERAL = {
    **PLAIN,
    "name": "missing",
    "metric_name": None,
    "namespace": None,
    "dimensions": None,
    "metrics": [
        {**PART, "id": "missing", "expression": "desired - running", "return_data": True},
        {**PART, "id": "desired", "namespace": "ECS/ContainerInsights", "metric_name": "DesiredTaskCount",
         "dimensions": {"ServiceName": "web", "ClusterName": "x"}},
    ],
}  # fmt: skip


def test_a_percentile_is_an_extended_statistic_and_no_unit_is_sent() -> None:
    made = request("staging/", PLAIN, ACTIONS)
    assert (made["AlarmName"], made["ExtendedStatistic"]) == ("staging/slow", "p95")
    assert "Statistic" not in made
    assert "Unit" not in made
    assert made["AlarmActions"] == [TOPIC]
    assert "OKActions" not in made
    assert made["Dimensions"] == [
        {"Name": "LoadBalancer", "Value": "app/x/1"},
        {"Name": "TargetGroup", "Value": "targetgroup/x/1"},
    ]
    assert request("", PLAIN | {"statistic": "Sum"}, ACTIONS)["Statistic"] == "Sum"


def test_several_metrics_are_sent_without_a_period_of_the_alarm() -> None:
    made = request("staging/", SEVERAL, ACTIONS)
    assert not {"Period", "MetricName", "Statistic", "ExtendedStatistic", "Dimensions"} & set(made)
    assert made["Metrics"][0] == {"Id": "missing", "ReturnData": True, "Expression": "desired - running"}
    assert made["Metrics"][1]["MetricStat"]["Stat"] == "Average"


@pytest.mark.parametrize("given", [PLAIN | {"metrics": SEVERAL["metrics"]}, PLAIN | {"metric_name": None}])
def test_one_metric_or_several(given: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="needs either metric_name or metrics"):
        request("", given, ACTIONS)


def returned(made: dict[str, Any]) -> dict[str, Any]:
    """An alarm as DescribeAlarms returns it: with its state, empty lists, and dimensions in another order."""
    found = {"OKActions": [], "InsufficientDataActions": [], "Dimensions": [], "StateValue": "OK", "AlarmArn": "arn:x"}
    found |= made | {"Threshold": float(made["Threshold"])}
    found["Dimensions"] = list(reversed(found["Dimensions"]))
    if "Metrics" in made:
        found["Metrics"] = [
            {**query, "MetricStat": {**query["MetricStat"], "Metric": {
                **query["MetricStat"]["Metric"],
                "Dimensions": list(reversed(query["MetricStat"]["Metric"]["Dimensions"])),
            }}} if "MetricStat" in query else query
            for query in reversed(made["Metrics"])
        ]  # fmt: skip
    return found


@pytest.mark.parametrize("given", [PLAIN, SEVERAL])
def test_what_cloudwatch_returns_is_the_same(given: dict[str, Any]) -> None:
    made = request("staging/", given, ACTIONS)
    assert differing([made], {made["AlarmName"]: returned(made)}) == []
    assert differing([made], {}) == [made]


@pytest.mark.parametrize(
    "change",
    [
        {"Threshold": 6.0},
        {"AlarmDescription": "Slower."},
        {"AlarmActions": []},
        {"Unit": "Seconds"},
        {"Dimensions": []},
        {"ActionsEnabled": False},
        {"TreatMissingData": "breaching"},
    ],
)
def test_every_setting_counts(change: dict[str, Any]) -> None:
    made = request("staging/", PLAIN, ACTIONS)
    assert differing([made], {made["AlarmName"]: returned(made) | change}) == [made]


def test_an_expression_counts() -> None:
    made = request("staging/", SEVERAL, ACTIONS)
    other = returned(made)
    other["Metrics"] = [
        query | {"Expression": "running"} if "Expression" in query else query for query in other["Metrics"]
    ]
    assert differing([made], {made["AlarmName"]: other}) == [made]
