# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each hop at which a trace can be lost, with a server of prepared answers; the way through is tested with the doubles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import api
from module_runner import ModuleFailed, run_module
from web_servers import Reply, Request, closed_port, serving

KEYS = {"public_key": "pk-lf-a-long-fake-key", "private_key": "sk-lf-a-long-fake-secret"}
PROJECT = Reply(body={"data": [{"id": "project", "name": "Project"}]})
ACCEPTED = Reply(207, {"successes": [{"status": 201}], "errors": []})
NOT_FOUND = Reply(404, {"message": "Trace x not found within authorized project", "error": "LangfuseNotFoundError"})
NO_OLD = Reply(
    404, {"message": "This endpoint is not available on deployments running in Langfuse v4 events_only mode."}
)
NO_NEW = Reply(404, {"message": "The observations v2 API is only available in a Langfuse v4 write mode."})
NO_SUCH_PAGE = Reply(404, b"<!DOCTYPE html><title>404</title>")
EVENTS_ONLY = Reply(
    207, {"successes": [], "errors": [{"status": 400, "error": "LANGFUSE_MIGRATION_V4_WRITE_MODE is events_only"}]}
)
OLD_ROW = Reply(body={"id": "x", "observations": [{"id": "y"}]})
NEW_ROW = Reply(body={"data": [{"id": "y"}], "meta": {}})
LOAD_BALANCER = Reply(503, b"<html>503 Service Temporarily Unavailable</html>", {"Server": "awselb/2.0"})


def counts(waiting: int, failed: int = 0) -> Reply:
    return Reply(
        body=[{"queueName": "ingestion-queue", "jobCount": {"waiting": waiting, "active": 0, "failed": failed}}]
    )


class Prepared:
    """A server's answers, by a part of method and path: one, or several in turn of which the last remains."""

    def __init__(self, answers: dict[str, Reply | list[Reply]]) -> None:
        self.answers = {"GET /api/public/projects": PROJECT, **answers}

    def __call__(self, request: Request) -> Reply:
        line = f"{request.method} {request.path}"
        found = next(answer for part, answer in self.answers.items() if part in line)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "generate_jittered_backoff", lambda **_delays: [0.0] * api.RETRIES)


def roundtrip(answers: dict[str, Reply | list[Reply]], **options: Any) -> dict[str, Any]:
    with serving(Prepared(answers)) as server:
        result = run_module("langfuse_trace_roundtrip", {"url": server.url, "wait_timeout": 0, **KEYS, **options})
    result["asked"] = server.asked
    return result


@pytest.mark.parametrize(
    "answers, hop, words",
    [
        ({"GET /api/public/projects": LOAD_BALANCER}, "connect", "the load balancer has no target"),
        (
            {"GET /api/public/projects": Reply(301, headers={"Location": "https://h/"})},
            "connect",
            "redirects to https://h/",
        ),
        ({"GET /api/public/projects": Reply(200, b"<html>")}, "connect", "check that url leads to Langfuse"),
        ({"GET /api/public/projects": Reply(200, {"data": []})}, "connect", "not as Langfuse does"),
        ({"GET /api/public/projects": Reply(200, {"data": ["text"]})}, "connect", "not as Langfuse does"),
        (
            {"GET /api/public/projects": Reply(401, {"message": "Invalid credentials"})},
            "authenticate",
            "check the keys",
        ),
        (
            {
                "GET /api/public/projects": Reply(
                    403, {"message": "Invalid API key. Are you using an organization key?"}
                )
            },
            "authenticate",
            "give the keys of a project",
        ),
        ({"POST": Reply(500, {"message": "Failed to upload events to blob storage"})}, "write", "check the bucket"),
        ({"POST": LOAD_BALANCER}, "write", "the load balancer has no target"),
        ({"POST": Reply(413, {"message": "Body too large"})}, "write", "raise the limit"),
        ({"POST": Reply(403, b"<html>", {"Server": "awselb/2.0"})}, "write", "let the web ACL"),
        (
            {"POST": Reply(207, {"errors": [{"status": 400, "message": "Invalid request data"}]})},
            "write",
            "Invalid request",
        ),
        ({"POST": Reply(200, b"<html>")}, "write", "no JSON"),
        ({"POST": EVENTS_ONLY}, "write", "set protocol to otlp"),
        ({"POST": ACCEPTED, "GET": NOT_FOUND}, "process", "check the worker's log"),
        (
            {"POST": ACCEPTED, "traces": Reply(body={"observations": []}), "v2": NO_NEW},
            "process",
            "check the worker's log",
        ),
        (
            {"POST": ACCEPTED, "traces": Reply(500, {"message": "x"}), "v2": NO_NEW},
            "read",
            "look at the log of the web",
        ),
        ({"POST": ACCEPTED, "traces": LOAD_BALANCER, "v2": NOT_FOUND}, "read", "the load balancer has no target"),
        ({"POST": ACCEPTED, "traces": NO_OLD, "v2": NO_NEW}, "read", "LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN"),
    ],
)
def test_the_hop_at_which_a_trace_is_lost(answers: dict[str, Reply | list[Reply]], hop: str, words: str) -> None:
    with pytest.raises(ModuleFailed) as failure:
        roundtrip(answers)
    result = failure.value.result
    assert (result["hop"], words in result["msg"]) == (hop, True), result["msg"]
    assert "http://127.0.0.1:" in result["msg"]
    assert len(result["trace_id"]) == 32
    assert KEYS["private_key"] not in json.dumps(result)


def test_nothing_listens() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(ModuleFailed, match="the connection is refused") as failure:
        run_module("langfuse_trace_roundtrip", {"url": url, **KEYS})
    assert failure.value.result["hop"] == "connect"


@pytest.mark.parametrize(
    "answers, read_by, requests",
    [
        ({"traces": [NOT_FOUND, OLD_ROW], "v2": NO_NEW}, "/api/public/traces/", 3),
        ({"traces": [NOT_FOUND, OLD_ROW], "v2": NO_SUCH_PAGE}, "/api/public/traces/", 3),
        ({"traces": NO_OLD, "v2": [Reply(body={"data": []}), NEW_ROW]}, "/api/public/v2/observations", 3),
        ({"traces": NOT_FOUND, "v2": [Reply(body={"data": []}), NEW_ROW]}, "/api/public/v2/observations", 4),
    ],
)
def test_a_trace_is_read_where_its_version_has_it(
    answers: dict[str, Reply | list[Reply]], read_by: str, requests: int
) -> None:
    result = roundtrip({"POST": ACCEPTED, **answers}, wait_timeout=10)
    assert result["read_by"] == read_by
    assert result["project"] == {"id": "project", "name": "Project"}
    assert list(result["timings"]) == ["write_seconds", "accepted_seconds", "readable_seconds"]
    assert sorted(result["timings"].values()) == list(result["timings"].values())
    # Paths that will never have it are asked once.
    assert len(result["asked"]) == 2 + requests
    assert "queues" not in result


@pytest.mark.parametrize(
    "before, after, hop, words",
    [
        (counts(0), counts(3), "queue", "0 jobs waited before, 3 wait now"),
        (counts(0), counts(0, failed=1), "process", "1 jobs more than before have failed"),
        (counts(0), counts(0), "process", "compare the settings of both services"),
        (counts(0), Reply(500, {"error": {}}), "process", "check the worker's log"),
    ],
)
def test_queues_tell_the_hop(before: Reply, after: Reply, hop: str, words: str) -> None:
    answers: dict[str, Reply | list[Reply]] = {"POST": ACCEPTED, "bullmq": [before, after], "GET": NOT_FOUND}
    with pytest.raises(ModuleFailed) as failure:
        roundtrip(answers, admin_api_key="a-long-fake-admin-api-key")
    assert (failure.value.result["hop"], words in failure.value.result["msg"]) == (hop, True)


def test_queues_are_returned() -> None:
    answers: dict[str, Reply | list[Reply]] = {"POST": ACCEPTED, "bullmq": counts(1), "traces": OLD_ROW}
    result = roundtrip(answers, admin_api_key="a-long-fake-admin-api-key")
    assert result["queues"] == {"before": {"waiting": 1, "active": 0, "failed": 0}} | {
        "after": {"waiting": 1, "active": 0, "failed": 0}
    }
    assert [request.headers["authorization"] for request in result["asked"] if "bullmq" in request.path] == [
        "Bearer a-long-fake-admin-api-key"
    ] * 2


def test_a_refused_admin_key_is_a_warning() -> None:
    refused = Reply(403, {"error": "ADMIN_API_KEY is not set"})
    answers: dict[str, Reply | list[Reply]] = {"POST": ACCEPTED, "bullmq": refused, "traces": OLD_ROW}
    result = roundtrip(answers, admin_api_key="a-long-fake-admin-api-key")
    assert "its web service has no ADMIN_API_KEY" in str(result["warnings"])
    assert sum("bullmq" in request.path for request in result["asked"]) == 1


def test_check_mode_writes_nothing() -> None:
    with serving(Prepared({})) as server:
        result = run_module("langfuse_trace_roundtrip", {"url": server.url, **KEYS}, check=True)
    assert (result["trace_id"], result["changed"], server.asked) == ("", False, [])
