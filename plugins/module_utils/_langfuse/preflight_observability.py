# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment shows of itself (logs, Database Insights), and when its database pauses, judged before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .aws_limits import LOG_RETENTION_DAYS
from .findings import Finding
from .values import decimal_number, is_true, whole_number

Findings = Iterator[Finding]
Variables = dict[str, Any]

RETENTIONS = (
    "compute_log_retention_days",
    "database_log_retention_days",
    "ingress_waf_logging_retention_days",
    "network_flow_logs_retention_days",
)
TRAFFIC, INTERVALS = ("ALL", "ACCEPT", "REJECT"), (60, 600)
# API ModifyDBCluster: CloudwatchLogsExportConfiguration, DatabaseInsightsMode, PerformanceInsightsRetentionPeriod.
DATABASE_LOGS = ("postgresql", "instance", "iam-db-auth-error")
INSIGHTS_MODES, ADVANCED_DAYS = ("standard", "advanced"), 465
INSIGHTS_DAYS = frozenset((7, 731, *(31 * month for month in range(1, 24))))
# Guide AuroraUserGuide/aurora-serverless-v2.setting-capacity: what Performance Insights wants at least, in ACU.
INSIGHTS_CAPACITY = 2
# API ServerlessV2ScalingConfiguration: seconds, and the value where none is given.
PAUSE, USUAL_PAUSE = (300, 86400), 300
# Guide AuroraUserGuide/aurora-serverless-v2-auto-pause: of a major version, the first minor one that pauses; from 17 on, all do.
PAUSING = {13: 15, 14: 12, 15: 7, 16: 3}


def log_retention(given: Variables) -> Findings:
    for variable in RETENTIONS:
        value = given.get(variable)
        if value is not None and whole_number(value) not in LOG_RETENTION_DAYS:
            days = ", ".join(map(str, sorted(LOG_RETENTION_DAYS)))
            yield Finding(variable, f"logs cannot be kept for {value} days", f"set one of {days}")


def flow_logs(given: Variables) -> Findings:
    traffic, interval = given.get("network_flow_logs_traffic"), given.get("network_flow_logs_interval")
    if traffic is not None and traffic not in TRAFFIC:
        problem = f"flow logs know no traffic '{traffic}'"
        yield Finding("network_flow_logs_traffic", problem, f"set one of {', '.join(TRAFFIC)}")
    if interval is not None and whole_number(interval) not in INTERVALS:
        problem = f"flow logs do not sum up {interval} seconds"
        yield Finding("network_flow_logs_interval", problem, "set 600, or 60 for ten times the records")


def firewall_logs(given: Variables) -> Findings:
    if is_true(given.get("ingress_waf_logging")) and not is_true(given.get("ingress_waf")):
        yield Finding(
            "ingress_waf_logging",
            "there is no firewall whose logs could be written",
            "set ingress_waf to true too, or remove it; ingress_access_logs logs requests without one",
        )


def database_logs(given: Variables) -> Findings:
    value = given.get("database_cloudwatch_logs_exports") or []
    for kind in value if isinstance(value, list) else [value]:
        if kind not in DATABASE_LOGS:
            yield Finding(
                "database_cloudwatch_logs_exports",
                f"Aurora PostgreSQL has no logs '{kind}'",
                f"set a list of some of {', '.join(DATABASE_LOGS)}",
            )


def database_insights(given: Variables) -> Findings:
    mode, on = given.get("database_insights_mode"), given.get("database_performance_insights")
    variable = "database_performance_insights_retention_days"
    days = given.get(variable)
    if mode is not None and mode not in INSIGHTS_MODES:
        problem = f"Database Insights has no mode '{mode}'"
        yield Finding("database_insights_mode", problem, f"set {' or '.join(INSIGHTS_MODES)}")
    if mode == "advanced" and on is not None and not is_true(on):
        yield Finding(
            "database_performance_insights",
            "the Advanced mode of Database Insights needs Performance Insights",
            "remove it, or set database_insights_mode to standard",
        )
    if days is None:
        return
    if whole_number(days) not in INSIGHTS_DAYS:
        yield Finding(
            variable, f"AWS does not keep Performance Insights for {days} days", "set 7, 731 or a multiple of 31"
        )
    elif mode == "advanced" and (whole_number(days) or 0) < ADVANCED_DAYS:
        yield Finding(
            variable,
            f"the Advanced mode of Database Insights needs {ADVANCED_DAYS} days of Performance Insights, not {days}",
            "remove it, or set database_insights_mode to standard",
        )


def insights_in_little_memory(given: Variables) -> Findings:
    """A warning."""
    least = decimal_number(given.get("database_min_capacity"))
    on = is_true(given.get("database_performance_insights")) or given.get("database_insights_mode") == "advanced"
    if on and least is not None and least < INSIGHTS_CAPACITY and given.get("database_mode") != "external":
        yield Finding(
            "database_min_capacity",
            f"Performance Insights wants {INSIGHTS_CAPACITY} ACU of memory at least, not {least:g}",
            f"set {INSIGHTS_CAPACITY} or more, or watch memory while the database is idle",
        )


def database_pause(given: Variables) -> Findings:
    least, value = decimal_number(given.get("database_min_capacity")), given.get("database_seconds_until_auto_pause")
    if given.get("database_mode") == "external":
        return
    seconds = whole_number(value)
    if value is not None and (seconds is None or not PAUSE[0] <= seconds <= PAUSE[1]):
        problem = f"Aurora does not pause after {value} seconds"
        yield Finding("database_seconds_until_auto_pause", problem, f"set {PAUSE[0]} to {PAUSE[1]}")
    elif value is not None and seconds != USUAL_PAUSE and least:
        yield Finding(
            "database_seconds_until_auto_pause",
            f"a database with {least:g} ACU at least never pauses",
            "set database_min_capacity to 0, or remove it",
        )
    match = re.fullmatch(r"(\d+)\.(\d+)", str(given.get("database_engine_version") or ""))
    if match and least == 0 and int(match[2]) < PAUSING.get(int(match[1]), 0):
        yield Finding(
            "database_min_capacity",
            f"Aurora PostgreSQL {match[0]} does not pause, and so has no least capacity of 0",
            f"set 0.5 or more, or database_engine_version to {match[1]}.{PAUSING[int(match[1])]} or later",
        )


CHECKS = (log_retention, flow_logs, firewall_logs, database_logs, database_insights, database_pause)
