# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of one trace, and what queues tell of its way."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import traces
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MOMENT = datetime.datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=datetime.UTC)
TRACE = "0123456789abcdef0123456789abcdef"


def decoded(body: bytes) -> dict[str, Any]:
    """What OpenTelemetry's own code reads, with ids as OTLP's JSON has them."""
    document = MessageToDict(ExportTraceServiceRequest.FromString(body))
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for name in ("traceId", "spanId"):
        span[name] = base64.b64decode(span[name]).hex()
    return document


@given(
    trace=st.uuids().map(lambda found: found.hex),
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    moment=st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(datetime.UTC)),
)
def test_protobuf_says_what_json_says(trace: str, name: str, moment: datetime.datetime) -> None:
    found = decoded(traces.otlp_protobuf(trace, name, moment))
    wanted = traces.otlp_json(trace, name, moment)
    span = wanted["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert span.pop("kind") == 1
    assert span.pop("status") == {}
    seen = found["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert seen.pop("kind") == "SPAN_KIND_INTERNAL"
    assert found == wanted


def test_ingestion_batch_is_one_trace_with_one_generation() -> None:
    batch = traces.ingestion_batch(TRACE, "a test", MOMENT)["batch"]
    assert [event["type"] for event in batch] == ["trace-create", "generation-create"]
    assert batch[0]["body"]["id"] == batch[1]["body"]["traceId"] == TRACE
    assert batch[0]["id"] != batch[1]["id"]


def test_times_are_nanoseconds() -> None:
    span = traces.otlp_json(TRACE, "a test", MOMENT)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 250_000_000
    assert span["startTimeUnixNano"] == f"{int(MOMENT.timestamp())}123456000"


@pytest.mark.parametrize(
    "protocol, encoding, path, kind",
    [
        ("ingestion", "protobuf", "/api/public/ingestion", "application/json"),
        ("otlp", "protobuf", "/api/public/otel/v1/traces", "application/x-protobuf"),
        ("otlp", "json", "/api/public/otel/v1/traces", "application/json"),
    ],
)
def test_messages(protocol: str, encoding: str, path: str, kind: str) -> None:
    message = traces.message(protocol, encoding, TRACE, "a test", MOMENT)
    assert (message.path, message.content_type) == (path, kind)
    assert kind != "application/json" or json.loads(message.body)


COUNTS = {"waiting": 2, "delayed": 1, "active": 3, "failed": 4, "completed": 100, "waiting-children": 0}


@pytest.mark.parametrize(
    "document, found",
    [
        ([{"queueName": "ingestion-queue", "jobCount": COUNTS}], traces.Queues(3, 3, 4)),
        (
            [
                {"queueName": "otel-ingestion-queue-1", "jobCount": COUNTS},
                {"queueName": "secondary-ingestion-queue", "jobCount": COUNTS},
                {"queueName": "batch-export-queue", "jobCount": COUNTS},
                {"queueName": "ingestion-queue", "jobCount": None},
            ],
            traces.Queues(6, 6, 8),
        ),
        ([{"queueName": "batch-export-queue", "jobCount": COUNTS}], None),
        ([{"queueName": "ingestion-queue", "jobCount": None}], None),
        ([], None),
        (["text", 1, None], None),
        ({"error": "ADMIN_API_KEY is not set"}, None),
        (None, None),
    ],
)
def test_queues(document: Any, found: traces.Queues | None) -> None:
    assert traces.queues(document) == found


@pytest.mark.parametrize(
    "before, after, hop, words",
    [
        (None, None, "process", "check the worker's log, the cache, the bucket"),
        (traces.Queues(0, 0, 0), None, "process", "check the worker's log, the cache, the bucket"),
        (traces.Queues(0, 0, 5), traces.Queues(0, 0, 6), "process", "1 jobs more than before have failed"),
        (traces.Queues(3, 1, 0), traces.Queues(12, 1, 0), "queue", "3 jobs waited before, 12 wait now"),
        (traces.Queues(3, 0, 0), traces.Queues(3, 0, 0), "queue", "check that the worker runs"),
        (traces.Queues(9, 2, 0), traces.Queues(5, 2, 0), "process", "raise wait_timeout"),
        (traces.Queues(0, 0, 0), traces.Queues(0, 0, 0), "process", "compare the settings of both services"),
    ],
)
def test_where_a_trace_stays(before: traces.Queues | None, after: traces.Queues | None, hop: str, words: str) -> None:
    found = traces.stuck_hop(before, after)
    assert (found[0], words in found[1]) == (hop, True)
