# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of Langfuse's worker container: takes ids from the queue, reads S3, writes ClickHouse."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.container import from_version_2, network, stores
from local_aws.container.service import SAYS, Answer, Application, Asked, new_id
from local_aws.container.stores import StoreError, escape
from local_aws.container.web import ENTITIES

PING_SECONDS = 2.0
TRACE_FIELDS = {
    "name": "name",
    "userId": "user_id",
    "sessionId": "session_id",
    "release": "release",
    "version": "version",
    "public": "public",
    "tags": "tags",
    "environment": "environment",
}
OBSERVATION_FIELDS = {
    "name": "name",
    "traceId": "trace_id",
    "parentObservationId": "parent_observation_id",
    "startTime": "start_time",
    "endTime": "end_time",
    "completionStartTime": "completion_start_time",
    "level": "level",
    "statusMessage": "status_message",
    "version": "version",
    "model": "provided_model_name",
    "promptName": "prompt_name",
    "promptVersion": "prompt_version",
    "environment": "environment",
}
SCORE_FIELDS = {
    "name": "name",
    "traceId": "trace_id",
    "observationId": "observation_id",
    "value": "value",
    "comment": "comment",
    "dataType": "data_type",
    "environment": "environment",
}
JSON_FIELDS = {"input": "input", "output": "output", "modelParameters": "model_parameters"}
TABLES = {"trace": "traces", "observation": "observations", "score": "scores"}
# The background migrations that copy old rows into version 4's table; Langfuse does the second by way of a table of its own.
BACKFILLS = {
    "20260701_v4_step_1_create_root_spans_from_traces": "trace",
    "20260701_v4_step_3_backfill_events_full_from_observations": "observation",
}
BACKFILL_GATE = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"
DROP_GATE = "LANGFUSE_BACKGROUND_MIGRATION_V4_DROP_PID_TID_SORTING_TABLES"
LOCK_SECONDS = 60
# ClickHouse migration 11.
FILE_LOG_SINCE = (3, 53, 0)
STUCK = {"eventPropagation": "Event propagation stuck", "queueConsumption": "Queue consumption stuck"}
THRESHOLD = "LANGFUSE_{}_STUCK_THRESHOLD_MINUTES"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _fill(row: dict[str, Any], body: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    row.update({column: body[name] for name, column in fields.items() if body.get(name) is not None})
    if body.get("metadata") is not None:
        metadata = body["metadata"] if isinstance(body["metadata"], dict) else {"metadata": body["metadata"]}
        row["metadata"] = row.get("metadata", {}) | {str(name): _text(value) for name, value in metadata.items()}


def merge(entity: str, row: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Lay an event over the row that is there."""
    body = event["body"]
    timestamp = body.get("timestamp") or event["timestamp"]
    row.setdefault("created_at", _now())
    row.setdefault("environment", "default")
    row |= {"updated_at": _now(), "event_ts": _now(), "is_deleted": 0}
    if entity == "score":
        row.setdefault("timestamp", timestamp)
        row.setdefault("source", "API")
        row.setdefault("data_type", "NUMERIC")
        _fill(row, body, SCORE_FIELDS)
        return
    if entity == "trace":
        row["timestamp"] = timestamp
        _fill(row, body, TRACE_FIELDS)
    else:
        kind = str(event["type"]).rpartition("-")[0].upper()
        row["type"] = body.get("type") or (kind if kind != "OBSERVATION" else row.get("type", "SPAN"))
        row.setdefault("level", "DEFAULT")
        row.setdefault("start_time", body.get("startTime") or event["timestamp"])
        row.setdefault("trace_id", "")
        _fill(row, body, OBSERVATION_FIELDS)
        usage = body.get("usageDetails") or {}
        row["usage_details"] = {name: value for name, value in usage.items() if isinstance(value, int)}
    row.update({column: _text(body[name]) for name, column in JSON_FIELDS.items() if body.get(name) is not None})


def event_row(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of version 4's events table: an observation, or a trace's own span."""
    metadata = row.get("metadata", {})
    shared = ("name", "user_id", "session_id", "tags", "release", "version", "environment", "input", "output")
    made = {name: row[name] for name in shared if row.get(name) is not None}
    made |= {
        "project_id": row["project_id"],
        "metadata_names": list(metadata),
        "metadata_values": list(metadata.values()),
        "source": "llmops.langfuse-double",
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "event_ts": row["event_ts"],
        "is_deleted": 0,
    }
    if entity == "trace":
        return made | {
            "trace_id": row["id"],
            "span_id": f"t-{row['id']}",
            "parent_span_id": "",
            "trace_name": row.get("name") or "",
            "start_time": row["timestamp"],
            "type": "SPAN",
            "level": "DEFAULT",
            "is_app_root": True,
        }
    return made | {
        "trace_id": row.get("trace_id") or "",
        "span_id": row["id"],
        "parent_span_id": row.get("parent_observation_id") or f"t-{row.get('trace_id') or ''}",
        "start_time": row["start_time"],
        "end_time": row.get("end_time"),
        "type": row["type"],
        "level": row["level"],
    }


def _attributes(items: Any) -> dict[str, Any]:
    found = {}
    for item in items or ():
        value = item.get("value", {})
        found[item.get("key", "")] = next(iter(value.values()), None)
    return found


def _time(nanoseconds: Any) -> str | None:
    if not nanoseconds:
        return None
    moment = datetime.datetime.fromtimestamp(int(nanoseconds) / 1e9, datetime.UTC)
    return moment.isoformat(timespec="milliseconds")


def otel_events(resource_spans: Any) -> list[dict[str, Any]]:
    """The events that spans of OpenTelemetry stand for."""
    events = []
    for resource in resource_spans:
        shared = _attributes(resource.get("resource", {}).get("attributes"))
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                events += _span_events(span, _attributes(span.get("attributes")), shared)
    return events


def _span_events(span: Mapping[str, Any], own: Mapping[str, Any], shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    started = _time(span.get("startTimeUnixNano")) or _now()
    environment = own.get("langfuse.environment") or shared.get("langfuse.environment") or "default"
    common = {"timestamp": started, "id": new_id()}
    events = []
    if not span.get("parentSpanId") or own.get("langfuse.trace.name"):
        body = {
            "id": span["traceId"],
            "timestamp": started,
            "name": own.get("langfuse.trace.name") or span.get("name"),
            "userId": own.get("langfuse.user.id") or own.get("user.id"),
            "sessionId": own.get("langfuse.session.id") or own.get("session.id"),
            "input": own.get("langfuse.trace.input") or own.get("langfuse.observation.input"),
            "output": own.get("langfuse.trace.output") or own.get("langfuse.observation.output"),
            "environment": environment,
        }
        events.append({**common, "type": "trace-create", "body": body})
    body = {
        "id": span["spanId"],
        "traceId": span["traceId"],
        "parentObservationId": span.get("parentSpanId") or None,
        "type": str(own.get("langfuse.observation.type", "span")).upper(),
        "name": span.get("name"),
        "startTime": started,
        "endTime": _time(span.get("endTimeUnixNano")),
        "input": own.get("langfuse.observation.input"),
        "output": own.get("langfuse.observation.output"),
        "metadata": {"attributes": dict(own), "resourceAttributes": dict(shared)},
        "environment": environment,
    }
    events.append({**common, "type": "observation-create", "body": body})
    return events


class Worker(Application):
    """The worker container."""

    component = "worker"
    default_port = 3030
    # When a job was taken last, or the worker began.
    active_at = time.monotonic()

    def routes(self) -> dict[tuple[str, str], Callable[[Asked], Answer]]:
        """Health is all that a worker answers."""
        return {("GET", "/api/health"): self.health, ("GET", "/api/ready"): self.ready, ("GET", "/"): self.greet}

    def greet(self, asked: Asked) -> Answer:
        """Langfuse's greeting."""
        return Answer(200, {"message": "Langfuse Worker API 🚀", "double": SAYS})

    def health(self, asked: Asked) -> Answer:
        """worker/src/features/health: Postgres and Redis."""
        try:
            self.database.run("SELECT 1")
            stores.check_redis(self.redis, self.given)
        except StoreError as error:
            self.log.error(f"Health check failed: {error}")
            return Answer(500, {"status": "error", "double": SAYS})
        details = self._details(asked)
        stuck = [words for name, words in STUCK.items() if details.get(name, {}).get("stuck")]
        if stuck:
            return Answer(503, {"status": "; ".join(stuck), **details, "double": SAYS})
        # It does not tell its version.
        return Answer(200, {"status": "ok", **details, "double": SAYS})

    def _details(self, asked: Asked) -> dict[str, Any]:
        """What a probe asked for; versions before 4 do not know of the second."""
        details: dict[str, Any] = {}
        if asked.options.get("failIfEventPropagationStuck") == "true":
            details["eventPropagation"] = {
                # This double writes version 4's tables at once, so nothing propagates that could be stuck.
                "enabled": False,
                "lastRunStartedAt": None,
                "secondsSinceLastRun": None,
                "propagationDelaySeconds": None,
                "lastProcessedPartition": None,
                "thresholdSeconds": 60 * int(self.given.get(THRESHOLD.format("EVENT_PROPAGATION"), "15")),
                "stuck": False,
            }
        if asked.options.get("failIfQueueConsumptionStuck") == "true" and self.numbers >= (4, 0, 0):
            since = round(time.monotonic() - self.active_at)
            limit = 60 * int(self.given.get(THRESHOLD.format("QUEUE_CONSUMPTION"), "60"))
            details["queueConsumption"] = {
                "enabled": True,
                "registeredWorkerCount": 3,
                "secondsSinceLastActivity": since,
                "thresholdSeconds": limit,
                "stuck": since > limit,
            }
        return details

    def ready(self, asked: Asked) -> Answer:
        """Health, and not while ending."""
        if self.stopping.is_set():
            message = "SIGTERM / SIGINT received, shutting down"
            return Answer(500, {"status": message, "double": SAYS})
        return self.health(asked)

    # -- the queue ----------------------------------------------------------------------------------------------------

    def background(self) -> None:
        """Run the background migrations, then work until told to end."""
        migrated = self.given.get("LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS") == "false"
        warned = False
        while not self.stopping.is_set():
            try:
                if not warned:
                    warning = stores.eviction_warning(self.redis)
                    warned = True
                    if warning:
                        self.log.warn(warning)
                if not migrated:
                    self._background_migrations()
                    migrated = True
                self._work()
            except Exception as error:
                self.log.error(f"{type(error).__name__}: {error}")
                self.stopping.wait(1.0)

    def _work(self) -> None:
        queues = [
            stores.queue_name(self.given, name) for name in (stores.QUEUE, stores.OTEL_QUEUE, stores.PROJECT_QUEUE)
        ]
        taken = self.redis.brpop(queues, timeout=1)
        if taken is None:
            return
        queue, job = taken[0], json.loads(taken[1])
        self.active_at = time.monotonic()
        try:
            self._process(job)
        except Exception as error:
            job["attempts"] = int(job.get("attempts", 0)) + 1
            self.log.error(f"Job {job['fileKey']} failed (attempt {job['attempts']}): {error}")
            self.redis.lpush(queue, json.dumps(job))
            self.stopping.wait(min(0.25 * job["attempts"], 5.0))

    def _process(self, job: Mapping[str, Any]) -> None:
        if job["type"] == "project-delete":
            self._delete_project(job["projectId"])
            return
        content = self.bucket.get(job["fileKey"])
        events = otel_events(content) if job["type"] == "otel" else content
        for event in events:
            entity = ENTITIES[event["type"]]
            self._write(entity, job["projectId"], event)
        if job["type"] != "otel" and self.legacy and self.numbers >= FILE_LOG_SINCE:
            self._file_log(job)

    def _delete_project(self, project: str) -> None:
        """worker/src/queues/projectDelete.ts: what is in ClickHouse, then the project itself."""
        tables = [
            *(TABLES.values() if self.legacy else ("scores",)),
            *(("events_full", "events_core") if self.events else ()),
        ]
        for table in tables:
            self.clickhouse.execute(
                f"ALTER TABLE {table} DELETE WHERE project_id = {{project:String}}", {"project": escape(project)}
            )
        self.database.run("DELETE FROM projects WHERE id = %s", (project,))

    def _existing(self, entity: str, project: str, body_id: str) -> dict[str, Any]:
        if not self.legacy:
            return {}
        rows = self.clickhouse.rows(
            f"SELECT * FROM {TABLES[entity]} FINAL WHERE project_id = {{project:String}} AND id = {{id:String}} LIMIT 1",
            {"project": escape(project), "id": escape(body_id)},
        )
        return rows[0] if rows else {}

    def _write(self, entity: str, project: str, event: Mapping[str, Any]) -> None:
        body_id = str(event["body"]["id"])
        row = self._existing(entity, project, body_id) | {"id": body_id, "project_id": project}
        merge(entity, row, event)
        if self.legacy or entity == "score":
            self.clickhouse.insert(TABLES[entity], [row])
        if self.events and entity != "score":
            self.clickhouse.insert("events_full", [event_row(entity, row)])

    def _file_log(self, job: Mapping[str, Any]) -> None:
        now = _now()
        self.clickhouse.insert(
            "blob_storage_file_log",
            [
                {
                    "id": new_id(),
                    "project_id": job["projectId"],
                    "entity_type": job["type"],
                    "entity_id": job["eventBodyId"],
                    "event_id": job["fileKey"].rpartition("/")[2].removesuffix(".json"),
                    "bucket_name": self.bucket.bucket,
                    "bucket_path": self.bucket.prefix + job["fileKey"],
                    "created_at": now,
                    "updated_at": now,
                    "event_ts": now,
                    "is_deleted": 0,
                }
            ],
        )

    # -- background migrations ----------------------------------------------------------------------------------------

    def _background_migrations(self) -> None:
        """Langfuse's book-keeping: one after another by name, locked by a fresh locked_at, gates respected."""
        worker_id = new_id()
        while not self.stopping.is_set():
            rows = self.database.run(
                "SELECT name, script, args FROM background_migrations WHERE finished_at IS NULL AND failed_at IS NULL"
                " AND (args->>'envGate' IS NULL OR args->>'envGate' = ANY(%s)) ORDER BY name LIMIT 1",
                (self._open_gates(),),
            )
            # One that another worker has holds up those after it.
            if not rows or not self.database.run(
                "UPDATE background_migrations SET worker_id = %s, locked_at = (now() AT TIME ZONE 'UTC')"
                " WHERE name = %s AND finished_at IS NULL AND (locked_at IS NULL"
                f" OR locked_at < (now() AT TIME ZONE 'UTC') - INTERVAL '{LOCK_SECONDS} seconds') RETURNING name",
                (worker_id, rows[0][0]),
            ):
                return
            self._background_migration(*rows[0])

    def _background_migration(self, name: str, script: str, arguments: Mapping[str, Any]) -> None:
        started = time.monotonic()
        fault = None
        try:
            if name in BACKFILLS:
                self._backfill(BACKFILLS[name])
            else:
                from_version_2.SCRIPTS.get(script, from_version_2.nothing)(self, name, arguments)
        except (StoreError, from_version_2.Refused) as error:
            fault = str(error)
            self.log.error(f"[Background Migration] Failed to run background migration {name}: {error}")
        # One that was interrupted is neither finished nor failed; the next worker goes on from its state.
        ends = not self.stopping.is_set()
        self.database.run(
            "UPDATE background_migrations SET locked_at = NULL, failed_reason = %s,"
            " failed_at = CASE WHEN %s THEN (now() AT TIME ZONE 'UTC') END,"
            " finished_at = CASE WHEN %s THEN (now() AT TIME ZONE 'UTC') END WHERE name = %s",
            (fault, fault is not None, fault is None and ends, name),
        )
        if fault is None and ends:
            self.log.info(f"Finished background migration {name} in {time.monotonic() - started:.3f} s")

    def _open_gates(self) -> list[str]:
        values = {BACKFILL_GATE: self.flags["backfill"], DROP_GATE: self.given.get(DROP_GATE, "false")}
        return [gate for gate, value in values.items() if value == "true"]

    def _backfill(self, entity: str) -> None:
        """Everything at once, where Langfuse goes from chunk to chunk, newest first."""
        rows = self.clickhouse.rows(f"SELECT * FROM {TABLES[entity]} FINAL", {})
        if rows:
            self.clickhouse.insert("events_full", [event_row(entity, row) for row in rows])


def serve(version: str, given: Mapping[str, str]) -> int:
    """Run the worker double."""
    network.install()
    return Worker(version, given).serve()
