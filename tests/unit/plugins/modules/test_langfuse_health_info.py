# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the module asks, waits and gives up; what answers mean is tested with module_utils/_langfuse/health.py."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.modules import langfuse_health_info
from module_runner import ModuleFailed, run_module
from web_servers import Reply, closed_port, serving

VERSION = "3.225.4"
WELL = Reply(body={"status": "OK", "version": VERSION})
OLD = Reply(body={"status": "OK", "version": "3.225.3"})
DOWN = Reply(503, b"<html>503</html>", {"Server": "awselb/2.0"})


def ask(url: str, **options: Any) -> dict[str, Any]:
    return run_module("langfuse_health_info", {"url": url, **options})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the module asks for, which are not waited."""
    asked: list[float] = []
    monkeypatch.setattr(langfuse_health_info.time, "sleep", asked.append)
    return asked


def turns(*replies: Reply) -> Iterator[Reply]:
    yield from replies
    while True:
        yield replies[-1]


def test_a_healthy_server() -> None:
    with serving(lambda _request: WELL) as server:
        result = ask(server.url + "/", expected_version=VERSION, check_database=True, check_recent_events=True)
    assert (result["healthy"], result["verdict"], result["version"], result["status"]) == (
        True,
        "healthy",
        VERSION,
        200,
    )
    assert (result["changed"], result["reasons"], result["attempts"]) == (False, [], 1)
    query = "failIfDatabaseUnavailable=true&failIfNoRecentEvents=true"
    assert server.asked[0].path == f"/api/public/health?{query}"


@pytest.mark.parametrize("endpoint", ["health", "ready"])
def test_a_worker(endpoint: str) -> None:
    with serving(lambda _request: Reply(503, {"status": "Queue consumption stuck"})) as server:
        result = ask(server.url, component="worker", endpoint=endpoint, check_queue_consumption=True)
    assert (result["verdict"], result["attempts"]) == ("queue_consumption_stuck", 1)
    assert server.asked[0].path == f"/api/{endpoint}?failIfQueueConsumptionStuck=true"


def test_an_unreachable_server_is_an_answer() -> None:
    result = ask(f"http://127.0.0.1:{closed_port()}")
    assert (result["healthy"], result["verdict"], result["status"]) == (False, "refused", 0)


def test_waiting_ends_when_the_new_version_answers(pauses: list[float]) -> None:
    replies = turns(DOWN, DOWN, OLD, WELL)
    with serving(lambda _request: next(replies)) as server:
        result = ask(server.url, expected_version=VERSION, wait=True)
    assert (result["healthy"], result["attempts"]) == (True, 4)
    assert pauses == [1.0, 1.5, 2.25]


def test_old_and_new_tasks_that_answer_in_turn_are_not_done(pauses: list[float]) -> None:
    replies = turns(WELL, OLD, WELL, WELL, OLD, WELL)
    with serving(lambda _request: next(replies)) as server:
        result = ask(server.url, expected_version=VERSION, wait=True, wait_successes=3)
    assert (result["healthy"], result["attempts"]) == (True, 8)


def test_waiting_ends_in_time_with_the_last_reasons() -> None:
    begun = time.monotonic()
    with serving(lambda _request: DOWN) as server, pytest.raises(ModuleFailed) as failure:
        ask(server.url, wait=True, wait_timeout=1)
    assert time.monotonic() - begun < 3
    result = failure.value.result
    assert result["msg"].startswith(
        f"The web service at {server.url} is not healthy within 1 seconds. The load balancer"
    )
    assert result["verdict"] == "no_target"


def test_too_few_healthy_answers_in_a_row() -> None:
    with serving(lambda _request: WELL) as server, pytest.raises(ModuleFailed, match="of 50 answers in a row"):
        ask(server.url, wait=True, wait_timeout=1, wait_successes=50)


def test_what_no_waiting_mends_is_not_waited_for(pauses: list[float]) -> None:
    reply = Reply(301, headers={"Location": "https://langfuse.example.com/"})
    with serving(lambda _request: reply) as server, pytest.raises(ModuleFailed, match="cannot become so") as failure:
        ask(server.url, wait=True)
    assert (failure.value.result["verdict"], pauses) == ("redirected", [])


@pytest.mark.parametrize(
    "options, words",
    [
        ({"component": "worker", "expected_version": VERSION}, "the worker tells no version"),
        ({"endpoint": "ready", "check_database": True}, "check_database means nothing"),
        ({"url": "langfuse.example.com"}, "url is no address"),
        ({"wait_successes": 0}, "wait_successes is below 1"),
        ({"ca_path": "/nowhere.pem"}, "there is no file /nowhere.pem"),
    ],
)
def test_options_that_do_not_go(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ModuleFailed, match=words):
        run_module("langfuse_health_info", {"url": "http://127.0.0.1:1", **options})


@pytest.mark.parametrize("module", ["health_info", "trace_roundtrip", "organization", "project"])
def test_importing_needs_no_boto3(module: str) -> None:
    code = (
        "import sys\n"
        f"from ansible_collections.llmops.langfuse.plugins.modules import langfuse_{module}\n"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 0
