# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trace with one generation, in each form in which Langfuse takes it, and what queues tell of its way.

Source: langfuse v3.225.4 and v4.16.0, web/src/pages/api/public/ingestion.ts, web/src/pages/api/public/otel/v1/traces/index.ts,
web/src/pages/api/admin/bullmq/index.ts, packages/shared/src/server/queues.ts; opentelemetry-proto,
opentelemetry/proto/{collector/trace/v1/trace_service,trace/v1/trace,common/v1/common}.proto.
"""

from __future__ import annotations

import datetime
import json
import struct
import uuid
from dataclasses import dataclass
from typing import Any

MODEL = "roundtrip-model"
SERVICE = "llmops.langfuse"
DURATION = datetime.timedelta(milliseconds=250)
# Who asks for it has OpenTelemetry's spans written into version 4's tables at once, and not by a job that runs later.
INGESTION_VERSION = "4"


@dataclass(frozen=True)
class Message:
    """What is sent: path, Content-Type and body."""

    path: str
    content_type: str
    body: bytes


def ingestion_batch(trace_id: str, name: str, moment: datetime.datetime) -> dict[str, Any]:
    """The body of POST /api/public/ingestion."""
    start = moment.isoformat()
    trace = {"id": trace_id, "name": name, "timestamp": start, "input": "ping", "output": "pong"}
    generation = {
        "id": trace_id[:16],
        "traceId": trace_id,
        "name": "generation",
        "model": MODEL,
        "startTime": start,
        "endTime": (moment + DURATION).isoformat(),
        "input": "ping",
        "output": "pong",
        "usageDetails": {"input": 1, "output": 1},
    }
    events = (("trace-create", trace), ("generation-create", generation))
    return {
        "batch": [{"id": str(uuid.uuid4()), "type": kind, "timestamp": start, "body": body} for kind, body in events]
    }


def attributes(name: str) -> dict[str, str]:
    """The attributes of the span that Langfuse reads."""
    return {
        "langfuse.trace.name": name,
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": MODEL,
        "langfuse.observation.input": "ping",
        "langfuse.observation.output": "pong",
    }


def nanoseconds(moment: datetime.datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


def otlp_json(trace_id: str, name: str, moment: datetime.datetime) -> dict[str, Any]:
    """An ExportTraceServiceRequest in OTLP's JSON form."""

    def pairs(values: dict[str, str]) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]

    span = {
        "traceId": trace_id,
        "spanId": trace_id[:16],
        "name": "generation",
        "kind": 1,
        "startTimeUnixNano": str(nanoseconds(moment)),
        "endTimeUnixNano": str(nanoseconds(moment + DURATION)),
        "attributes": pairs(attributes(name)),
        "status": {},
    }
    scope = {"scope": {"name": SERVICE}, "spans": [span]}
    return {"resourceSpans": [{"resource": {"attributes": pairs({"service.name": SERVICE})}, "scopeSpans": [scope]}]}


def otlp_protobuf(trace_id: str, name: str, moment: datetime.datetime) -> bytes:
    """The same in protobuf's wire format, which is what the SDKs send.

    Written by hand, for a module has no library that a controller may lack; the tests compare with opentelemetry-proto.
    """

    def varint(number: int) -> bytes:
        found = bytearray()
        while number > 0x7F:
            found.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes([*found, number])

    def part(number: int, content: bytes | str) -> bytes:
        data = content.encode() if isinstance(content, str) else content
        return varint(number << 3 | 2) + varint(len(data)) + data

    def fixed64(number: int, value: int) -> bytes:
        return varint(number << 3 | 1) + struct.pack("<Q", value)

    def pairs(number: int, values: dict[str, str]) -> bytes:
        return b"".join(part(number, part(1, key) + part(2, part(1, value))) for key, value in values.items())

    span = (
        part(1, bytes.fromhex(trace_id))
        + part(2, bytes.fromhex(trace_id[:16]))
        + part(5, "generation")
        + varint(6 << 3)
        + varint(1)
        + fixed64(7, nanoseconds(moment))
        + fixed64(8, nanoseconds(moment + DURATION))
        + pairs(9, attributes(name))
    )
    scope_spans = part(1, part(1, SERVICE)) + part(2, span)
    return part(1, part(1, pairs(1, {"service.name": SERVICE})) + part(2, scope_spans))


def message(protocol: str, encoding: str, trace_id: str, name: str, moment: datetime.datetime) -> Message:
    """The trace in the form of a protocol.

    :param protocol: C(ingestion) or C(otlp).
    :param encoding: of OTLP, C(protobuf) or C(json).
    """
    if protocol == "ingestion":
        batch = json.dumps(ingestion_batch(trace_id, name, moment)).encode()
        return Message("/api/public/ingestion", "application/json", batch)
    path = "/api/public/otel/v1/traces"
    if encoding == "json":
        return Message(path, "application/json", json.dumps(otlp_json(trace_id, name, moment)).encode())
    return Message(path, "application/x-protobuf", otlp_protobuf(trace_id, name, moment))


@dataclass(frozen=True)
class Queues:
    """Jobs of the queues that traces go through: sums over their shards."""

    waiting: int
    active: int
    failed: int

    def as_result(self) -> dict[str, int]:
        return {"waiting": self.waiting, "active": self.active, "failed": self.failed}


# The names of shards are the queue's with a number. OpenTelemetry's traces go through both.
QUEUE_NAMES = ("ingestion-queue", "secondary-ingestion-queue", "otel-ingestion-queue", "secondary-otel-ingestion-queue")
WAITING_STATES = ("waiting", "wait", "delayed", "prioritized", "paused")


def queues(document: Any) -> Queues | None:
    """The state of the queues from GET /api/admin/bullmq; None where it is not in there."""
    if not isinstance(document, list):
        return None
    sums = {"waiting": 0, "active": 0, "failed": 0}
    seen = False
    for entry in document:
        name, counts = (entry.get("queueName"), entry.get("jobCount")) if isinstance(entry, dict) else (None, None)
        # The count of a queue that cannot be asked is NaN, which JSON has as null.
        if not isinstance(name, str) or not isinstance(counts, dict) or not name.startswith(QUEUE_NAMES):
            continue
        seen = True
        for state, count in counts.items():
            key = "waiting" if state in WAITING_STATES else state
            if key in sums and isinstance(count, int):
                sums[key] += count
    return Queues(**sums) if seen else None


def stuck_hop(before: Queues | None, after: Queues | None) -> tuple[str, str]:
    """The hop between acceptance and reading at which a trace stays, and what to do; from the queues, where they are known."""
    if before is None or after is None:
        return (
            "process",
            "the worker does not bring it from queue and bucket into ClickHouse; check the worker's log, the cache, the bucket, "
            "the task role of worker and ClickHouse",
        )
    if after.failed > before.failed:
        return (
            "process",
            f"the worker took it and failed ({after.failed - before.failed} jobs more than before have failed); look at its log: "
            "the bucket, its task role or ClickHouse refuse it",
        )
    if after.waiting > before.waiting or (after.waiting and not after.active):
        return (
            "queue",
            f"it waits in the queue ({before.waiting} jobs waited before, {after.waiting} wait now, {after.active} are worked on); "
            "check that the worker runs, reaches the same cache and keeps up",
        )
    if after.waiting + after.active:
        return (
            "process",
            f"the worker is at it ({after.waiting} jobs wait, {after.active} are worked on); raise wait_timeout, and look at the "
            "worker's log and at ClickHouse where that does not help",
        )
    return (
        "process",
        "the queues are empty and no job has failed: the worker reads another bucket, or writes into another ClickHouse database "
        "or version 4 table than the web server reads; compare the settings of both services",
    )
