# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Langfuse's health endpoints: what each can be asked, and what its answers mean.

Source: langfuse v3.225.4 and v4.16.0, web/src/pages/api/public/{health,ready}.ts,
web/src/features/public-api/server/health-service.ts, worker/src/api/index.ts, worker/src/features/health/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from . import api, web

PATHS = {
    ("web", "health"): "/api/public/health",
    ("web", "ready"): "/api/public/ready",
    ("worker", "health"): "/api/health",
    ("worker", "ready"): "/api/ready",
}
# The module's options: the query parameter, and the endpoints that read it. All others ignore it without a word.
CHECKS: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {
    "check_database": ("failIfDatabaseUnavailable", frozenset({("web", "health")})),
    "check_recent_events": ("failIfNoRecentEvents", frozenset({("web", "health")})),
    # Since 3.203.2.
    "check_event_propagation": ("failIfEventPropagationStuck", frozenset({("worker", "health"), ("worker", "ready")})),
    # Since 4.0.0.
    "check_queue_consumption": ("failIfQueueConsumptionStuck", frozenset({("worker", "health"), ("worker", "ready")})),
}
# Every answer of the worker's that is well has asked Postgres and Redis.
ALWAYS_CHECKED = {("check_database", "worker")}
DETAILS = ("eventPropagation", "queueConsumption")

HEALTHY = "healthy"
# Beginnings of the status texts of both components.
STATUS_VERDICTS = {
    "Database not available": ("database_unavailable", "check the database and DATABASE_URL of the web service"),
    "No ": ("no_recent_events", "send a trace, or look at the worker where applications send some"),
    "Couldn't fetch recent events": (
        "clickhouse_unavailable",
        "check ClickHouse and CLICKHOUSE_URL of the web service",
    ),
    "SIGTERM": ("shutting_down", "wait until the task that replaces it answers"),
    "Event propagation stuck": ("event_propagation_stuck", "look at the worker's log and at Redis"),
    "Queue consumption stuck": ("queue_consumption_stuck", "restart the worker's tasks, and look at Redis"),
    "error": (
        "store_unavailable",
        "look at the worker's log: Postgres or Redis did not answer it (DATABASE_URL, REDIS_*, security groups)",
    ),
}
# Verdicts that no waiting mends.
FINAL = frozenset({"address", "certificate", "redirected"})


@dataclass
class Health:
    """What an answer means.

    :ivar details: the worker's eventPropagation and queueConsumption, in snake case.
    """

    verdict: str
    reasons: list[str] = field(default_factory=list)
    version: str = ""
    status: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        return self.verdict == HEALTHY

    @property
    def final(self) -> bool:
        return self.verdict in FINAL


def problem_with_checks(component: str, endpoint: str, checks: list[str], expected_version: str | None) -> str | None:
    """Why these options do not go together; None where they do."""
    if component == "worker" and expected_version:
        return (
            "expected_version cannot be compared, for the worker tells no version; leave it out and compare the image of its "
            "task definition"
        )
    for check in checks:
        read_by = CHECKS[check][1]
        if (component, endpoint) in read_by or (check, component) in ALWAYS_CHECKED:
            continue
        others = " or ".join(f"component={one} with endpoint={other}" for one, other in sorted(read_by))
        return f"{check} means nothing to component={component} with endpoint={endpoint}; use it with {others}"
    return None


def query(component: str, endpoint: str, checks: list[str]) -> dict[str, str]:
    """The query parameters of these checks."""
    return {CHECKS[check][0]: "true" for check in checks if (component, endpoint) in CHECKS[check][1]}


def judge(component: str, answer: web.Answer, expected_version: str | None = None) -> Health:
    """What an answer of a health endpoint means."""
    document = answer.json()
    status = document.get("status")
    version = document.get("version")
    details = {name: document[name] for name in DETAILS if isinstance(document.get(name), dict)}
    found = Health(
        HEALTHY,
        version=version if isinstance(version, str) and component == "web" else "",
        status=answer.status,
        details=camel_dict_to_snake_dict(details),
    )
    if answer.fault or 300 <= answer.status < 400 or not isinstance(status, str):
        what, step = api.explain(answer)
        if answer.status == 200:
            what, step = "it answers HTTP 200, but not as Langfuse does", "check that url leads to Langfuse"
        found.verdict = answer.fault or _other(answer)
        found.reasons = [f"{_sentence(what)}; {step}."]
    elif answer.status != 200:
        found.verdict, step = next(
            (known for words, known in STATUS_VERDICTS.items() if status.startswith(words)),
            ("unhealthy", f"look at the log of the {component} service"),
        )
        found.reasons = [f"It says {status!r} (HTTP {answer.status}); {step}."]
    elif component == "web" and not found.version:
        found.verdict = "not_langfuse"
        found.reasons = ["It tells no version, as Langfuse's web server does; check that url leads to Langfuse."]
    elif expected_version and found.version != expected_version.removeprefix("v"):
        found.verdict = "other_version"
        found.reasons = [
            f"The version is {found.version} instead of {expected_version.removeprefix('v')}; "
            "wait for the deployment, or look at why it was rolled back."
        ]
    return found


def _other(answer: web.Answer) -> str:
    if 300 <= answer.status < 400:
        return "redirected"
    if answer.status in (502, 503, 504):
        return "no_target"
    return "not_langfuse"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
