# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch: what it refuses, beside what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from .server_support import Server

ALARM: dict[str, Any] = {
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize("change", [{"Period": 90}, {"Period": 5}, {"Period": 3600, "EvaluationPeriods": 169}])
def test_periods(server: Server, change: dict[str, Any]) -> None:
    cloudwatch, name = server.client("cloudwatch"), server.name()
    with server.refuses("ValidationError"):
        cloudwatch.put_metric_alarm(AlarmName=name, **ALARM | change)
    cloudwatch.put_metric_alarm(AlarmName=name, **ALARM | {"Period": 3600, "EvaluationPeriods": 168})


def test_one_statistic(server: Server) -> None:
    with server.refuses("InvalidParameterCombination"):
        server.client("cloudwatch").put_metric_alarm(AlarmName=server.name(), ExtendedStatistic="p95", **ALARM)


def test_dashboard_names(server: Server) -> None:
    with server.refuses("InvalidParameterInput"):
        server.client("cloudwatch").put_dashboard(DashboardName="a/b", DashboardBody="{}")
