# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of Langfuse's API mean: health, and each hop at which a trace can be lost."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import web
from ansible_collections.llmops.langfuse.plugins.modules import langfuse_health_info, langfuse_trace_roundtrip

MOMENT = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)
PARAMS = {
    "url": "https://langfuse.example.com/",
    "timeout": 1.0,
    "validate_certs": True,
    "ca_path": None,
    "protocol": "ingestion",
    "trace_name": "a test",
}
TRACE = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "answer, expected_version, reasons",
    [
        (web.Answer(200, '{"status":"OK","version":"3.225.4"}'), "3.225.4", []),
        (
            web.Answer(200, '{"status":"OK","version":"3.225.3"}'),
            "3.225.4",
            ["The version is 3.225.3 instead of 3.225.4."],
        ),
        (web.Answer(200, '{"status":"OK"}'), "3.225.4", []),
        (web.Answer(503, "no database"), None, ["It answers HTTP 503 no database."]),
        (web.Answer(0, "Connection refused"), None, ["It answers Connection refused."]),
    ],
)
def test_health(answer: web.Answer, expected_version: str | None, reasons: list[str]) -> None:
    result = langfuse_health_info.judge(answer, expected_version)
    assert (result["reasons"], result["healthy"], result["status"]) == (reasons, not reasons, answer.status)


def test_ingestion_batch_is_one_trace_with_one_generation() -> None:
    batch = langfuse_trace_roundtrip.ingestion_batch(TRACE, "a test", MOMENT)["batch"]
    assert [event["type"] for event in batch] == ["trace-create", "generation-create"]
    assert batch[0]["body"]["id"] == batch[1]["body"]["traceId"] == TRACE
    assert batch[0]["id"] != batch[1]["id"]


def test_otlp_span_has_ids_of_the_right_length_and_times_in_nanoseconds() -> None:
    spans = langfuse_trace_roundtrip.otlp_spans(TRACE, "a test", MOMENT)
    span = spans["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 250_000_000
    assert span["startTimeUnixNano"] == str(int(MOMENT.timestamp()) * 10**9)


@pytest.fixture
def langfuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, web.Answer]], langfuse_trace_roundtrip.Langfuse]:
    """A Langfuse of prepared answers, by the end of method and path: a double, since no server answers so on demand."""

    def make(prepared: dict[str, web.Answer]) -> langfuse_trace_roundtrip.Langfuse:
        def ask(method: str, url: str, **_rest: object) -> web.Answer:
            return next(answer for part, answer in prepared.items() if part in f"{method} {url}")

        monkeypatch.setattr(langfuse_trace_roundtrip.web, "ask", ask)
        monkeypatch.setattr(langfuse_trace_roundtrip.time, "sleep", lambda _seconds: None)
        return langfuse_trace_roundtrip.Langfuse(PARAMS, ("pk", "sk"))

    return make


ACCEPTED = web.Answer(207, json.dumps({"successes": [{"status": 201}], "errors": []}))
NOT_FOUND = web.Answer(404, "{}")


@pytest.mark.parametrize(
    "answers, hop",
    [
        ({"POST": web.Answer(0, "Connection refused")}, "connect"),
        ({"POST": web.Answer(401, "{}")}, "authenticate"),
        ({"POST": web.Answer(500, "{}")}, "write"),
        ({"POST": web.Answer(207, json.dumps({"errors": [{"status": 400}]}))}, "write"),
        ({"POST": ACCEPTED, "GET": NOT_FOUND}, "process"),
        ({"POST": ACCEPTED, "traces": web.Answer(200, '{"observations": []}')}, "process"),
    ],
)
def test_the_hop_at_which_a_trace_is_lost(langfuse, answers: dict[str, web.Answer], hop: str) -> None:
    with pytest.raises(langfuse_trace_roundtrip.Lost) as lost:
        langfuse_trace_roundtrip.roundtrip(langfuse(answers), TRACE, 0.01)
    assert lost.value.hop == hop


@pytest.mark.parametrize(
    "answers",
    [
        {"POST": ACCEPTED, "traces": web.Answer(200, '{"observations": [{}]}')},
        {"POST": ACCEPTED, "traces": NOT_FOUND, "v2/observations": web.Answer(200, '{"data": [{}]}')},
    ],
)
def test_a_trace_is_found_in_the_tables_of_either_version(langfuse, answers: dict[str, web.Answer]) -> None:
    timings = langfuse_trace_roundtrip.roundtrip(langfuse(answers), TRACE, 1)
    assert timings["readable_seconds"] >= timings["written_seconds"]
