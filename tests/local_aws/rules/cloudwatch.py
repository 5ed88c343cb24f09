# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CloudWatch refuses and moto takes.

Source: the API reference of each operation.
"""

from __future__ import annotations

import re

from . import Call, Refusal, rule

# PutDashboard.DashboardName
DASHBOARD = re.compile(r"[A-Za-z0-9_-]{1,255}")
# PutMetricAlarm.Period: 10, 20, 30, or a multiple of 60.
SHORT_PERIODS = (10, 20, 30)
# PutMetricAlarm.EvaluationPeriods: all of them together are at most a day, or a week where one is an hour or longer.
DAY, WEEK, HOUR = 86400, 604800, 3600


@rule("cloudwatch", "PutDashboard")
def dashboard_names(call: Call) -> None:
    name = call.params["DashboardName"]
    if not DASHBOARD.fullmatch(name):
        raise Refusal("InvalidParameterInput", f"The value {name} for parameter DashboardName is not valid.")


@rule("cloudwatch", "PutMetricAlarm")
def periods(call: Call) -> None:
    queries = [query.get("MetricStat") or {} for query in call.params.get("Metrics") or []]
    found = [item["Period"] for item in (call.params, *queries) if item.get("Period")]
    for period in found:
        if period not in SHORT_PERIODS and (period < 60 or period % 60):
            raise Refusal("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")
        most = WEEK if period >= HOUR else DAY
        if period * call.params["EvaluationPeriods"] > most:
            raise Refusal("ValidationError", f"Metrics cannot be checked across more than {most} seconds")


@rule("cloudwatch", "PutMetricAlarm")
def one_statistic(call: Call) -> None:
    if call.params.get("MetricName") and ("Statistic" in call.params) == ("ExtendedStatistic" in call.params):
        raise Refusal("InvalidParameterCombination", "Exactly one of Statistic and ExtendedStatistic must be specified")
