# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each answer of a health endpoint means, and which checks an endpoint reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import health, web

VERSION = "3.225.4"
HTML = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


def says(http_status: int, /, **document: Any) -> web.Answer:
    return web.Answer(http_status, json.dumps(document))


@pytest.mark.parametrize(
    "component, answer, verdict, reason",
    [
        ("web", says(200, status="OK", version=VERSION), "healthy", None),
        ("worker", says(200, status="ok"), "healthy", None),
        (
            "web",
            says(200, status="OK", version="3.225.3"),
            "other_version",
            "The version is 3.225.3 instead of 3.225.4;",
        ),
        ("web", says(200, status="OK"), "not_langfuse", "It tells no version"),
        ("web", says(200, hello="world"), "not_langfuse", "but not as Langfuse does"),
        ("web", web.Answer(200, "<html>"), "not_langfuse", "but not as Langfuse does"),
        ("web", web.Answer(404, "<html>"), "not_langfuse", "HTTP 404"),
        ("web", says(503, status="Database not available", version=VERSION), "database_unavailable", "DATABASE_URL"),
        (
            "web",
            says(503, status="Couldn't fetch recent events", version=VERSION),
            "clickhouse_unavailable",
            "CLICKHOUSE_URL",
        ),
        ("web", says(503, status="No traces within the last 3 minutes"), "no_recent_events", "send a trace"),
        ("web", says(503, status="No observations within the last 3 minutes"), "no_recent_events", "send a trace"),
        ("web", says(503, status="No events within the last 3 minutes"), "no_recent_events", "send a trace"),
        ("web", says(503, status="Health check failed", version=VERSION), "unhealthy", "log of the web service"),
        (
            "web",
            says(500, status="SIGTERM / SIGINT received, shutting down"),
            "shutting_down",
            "the task that replaces it",
        ),
        ("worker", says(500, status="SIGTERM / SIGINT received, shutting down"), "shutting_down", "replaces it"),
        ("worker", says(500, status="error"), "store_unavailable", "Postgres or Redis did not answer"),
        (
            "worker",
            says(503, status="Event propagation stuck", eventPropagation={}),
            "event_propagation_stuck",
            "Redis",
        ),
        (
            "worker",
            says(503, status="Queue consumption stuck", queueConsumption={}),
            "queue_consumption_stuck",
            "restart",
        ),
        (
            "worker",
            says(503, status="Event propagation stuck; Queue consumption stuck"),
            "event_propagation_stuck",
            "Queue consumption stuck",
        ),
        ("web", web.Answer(502, HTML), "no_target", "look at the log of the service"),
        (
            "web",
            web.Answer(503, HTML, headers={"server": "awselb/2.0"}),
            "no_target",
            "the load balancer has no target",
        ),
        ("web", web.Answer(504, HTML), "no_target", "security groups"),
        ("web", web.Answer(301, "", headers={"location": "https://h/api"}), "redirected", "redirects to https://h/api"),
        ("web", web.Answer(0, "the connection is refused", "refused"), "refused", "check the port of url"),
        ("web", web.Answer(0, "no whole answer", "timeout"), "timeout", "security groups"),
        ("worker", web.Answer(0, "the certificate is not accepted", "certificate"), "certificate", "set ca_path"),
    ],
)
def test_verdicts(component: str, answer: web.Answer, verdict: str, reason: str | None) -> None:
    found = health.judge(component, answer, VERSION if component == "web" else None)
    assert (found.verdict, found.status) == (verdict, answer.status)
    assert found.healthy == (reason is None)
    assert [reason in text for text in found.reasons] == ([] if reason is None else [True])


def test_a_version_is_compared_without_its_v() -> None:
    assert health.judge("web", says(200, status="OK", version=VERSION), f"v{VERSION}").healthy


def test_what_the_worker_tells_comes_in_snake_case() -> None:
    answer = says(200, status="ok", eventPropagation={"secondsSinceLastRun": 3, "stuck": False})
    assert health.judge("worker", answer).details == {
        "event_propagation": {"seconds_since_last_run": 3, "stuck": False}
    }


@pytest.mark.parametrize(
    "component, endpoint, checks, expected_version, problem",
    [
        ("web", "health", ["check_database", "check_recent_events"], VERSION, None),
        ("worker", "ready", ["check_event_propagation", "check_queue_consumption"], None, None),
        ("worker", "health", ["check_database"], None, None),
        ("web", "ready", ["check_database"], None, "use it with component=web with endpoint=health"),
        ("worker", "health", ["check_recent_events"], None, "check_recent_events means nothing to component=worker"),
        (
            "web",
            "health",
            ["check_queue_consumption"],
            None,
            "component=worker with endpoint=health or component=worker",
        ),
        ("worker", "health", [], VERSION, "the worker tells no version"),
    ],
)
def test_checks_that_an_endpoint_would_ignore(
    component: str, endpoint: str, checks: list[str], expected_version: str | None, problem: str | None
) -> None:
    found = health.problem_with_checks(component, endpoint, checks, expected_version)
    assert found is None if problem is None else found is not None and problem in found


def test_queries() -> None:
    assert health.query("web", "health", ["check_database", "check_recent_events"]) == {
        "failIfDatabaseUnavailable": "true",
        "failIfNoRecentEvents": "true",
    }
    assert health.query("worker", "health", ["check_database"]) == {}
