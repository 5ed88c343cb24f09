# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms as PutMetricAlarm takes them, and what differs from those that there are; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.errors import AwsError

Shape = dict[str, Any]

# API PutMetricAlarm, Statistic; everything else (p95, TM(10%:90%), ...) is an ExtendedStatistic.
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
# Option of an alarm: member of PutMetricAlarm. Statistic, dimensions and metrics have forms of their own.
MEMBERS = {
    "description": "AlarmDescription",
    "actions_enabled": "ActionsEnabled",
    "namespace": "Namespace",
    "metric_name": "MetricName",
    "period": "Period",
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "treat_missing_data": "TreatMissingData",
    "evaluate_low_sample_count_percentile": "EvaluateLowSampleCountPercentile",
}
ACTIONS = {
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}
# All that an alarm is set to. PutMetricAlarm replaces an alarm whole, so what is not sent is taken away.
COMPARED = (*MEMBERS.values(), *ACTIONS.values(), "Statistic", "ExtendedStatistic", "Dimensions", "Unit", "Metrics")
# What CloudWatch sets where nothing is sent.
DEFAULTS = {"ActionsEnabled": True, "TreatMissingData": "missing"}


def _dimensions(given: Shape | None) -> list[dict[str, str]]:
    return [{"Name": name, "Value": str(value)} for name, value in sorted((given or {}).items())]


def _query(given: Shape) -> Shape:
    """A part of an alarm on several metrics, as MetricDataQuery."""
    query: Shape = {"Id": given["id"], "ReturnData": given["return_data"]}
    if given.get("label"):
        query["Label"] = given["label"]
    if given.get("expression"):
        return {**query, "Expression": given["expression"]}
    metric = {"Namespace": given["namespace"], "MetricName": given["metric_name"]}
    if given.get("dimensions"):
        metric["Dimensions"] = _dimensions(given["dimensions"])
    return {**query, "MetricStat": {"Metric": metric, "Period": given["period"], "Stat": given["statistic"]}}


def request(prefix: str, given: Shape, actions: dict[str, list[str] | None]) -> Shape:
    """One alarm as PutMetricAlarm takes it.

    :param given: the alarm's options.
    :param actions: {alarm_actions, ok_actions, insufficient_data_actions}: lists of ARNs.
    :raises AwsError: where the alarm says neither or both of one metric and several.
    """
    if bool(given.get("metrics")) == bool(given.get("metric_name")):
        raise AwsError(f"The alarm {given['name']} needs either metric_name or metrics; give one of them")
    made: Shape = {"AlarmName": prefix + given["name"]}
    made |= {member: given[option] for option, member in MEMBERS.items() if given.get(option) is not None}
    made |= {member: actions[option] for option, member in ACTIONS.items() if actions.get(option)}
    if given.get("metrics"):
        del made["Period"]
        made["Metrics"] = [_query(part) for part in given["metrics"]]
        return made
    statistic = given["statistic"]
    made["Statistic" if statistic in STATISTICS else "ExtendedStatistic"] = statistic
    if given.get("dimensions"):
        made["Dimensions"] = _dimensions(given["dimensions"])
    return made


def canonical(alarm: Shape) -> Shape:
    """What an alarm is set to, in the form in which two can be compared."""
    kept = {key: alarm[key] for key in COMPARED if alarm.get(key) not in (None, [], "")}
    kept = {**DEFAULTS, **kept}
    if "Dimensions" in kept:
        kept["Dimensions"] = _sorted_dimensions(kept["Dimensions"])
    if "Metrics" in kept:
        kept["Metrics"] = sorted((_canonical_query(query) for query in kept["Metrics"]), key=lambda query: query["Id"])
    for member in ACTIONS.values():
        if member in kept:
            kept[member] = sorted(kept[member])
    if "Threshold" in kept:
        kept["Threshold"] = float(kept["Threshold"])
    return kept


def _sorted_dimensions(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(
        ({"Name": item["Name"], "Value": item["Value"]} for item in dimensions), key=lambda item: item["Name"]
    )


def _canonical_query(query: Shape) -> Shape:
    """A query without what CloudWatch leaves empty or adds; ReturnData is true where it is not sent."""
    kept = {key: query[key] for key in ("Id", "Expression", "Label") if query.get(key)}
    kept["ReturnData"] = query.get("ReturnData") is not False
    stat = query.get("MetricStat")
    if stat:
        metric = {key: stat["Metric"][key] for key in ("Namespace", "MetricName")}
        metric["Dimensions"] = _sorted_dimensions(stat["Metric"].get("Dimensions") or [])
        kept["MetricStat"] = {"Metric": metric, "Period": stat["Period"], "Stat": stat["Stat"]}
        if stat.get("Unit"):
            kept["MetricStat"]["Unit"] = stat["Unit"]
    return kept


def differing(wanted: list[Shape], active: dict[str, Shape]) -> list[Shape]:
    """The requests for alarms that are missing or set otherwise.

    :param wanted: requests for PutMetricAlarm.
    :param active: alarms of DescribeAlarms by name.
    """
    return [
        item
        for item in wanted
        if item["AlarmName"] not in active or canonical(item) != canonical(active[item["AlarmName"]])
    ]


def settings(alarms: list[Shape]) -> Shape:
    """Alarms by name, for a diff."""
    return {alarm["AlarmName"]: canonical(alarm) for alarm in sorted(alarms, key=lambda item: item["AlarmName"])}
