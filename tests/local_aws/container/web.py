# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of Langfuse's web container: the public API from ingestion to reading back, health, provisioning."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.container import keys, network, stores
from local_aws.container.admin import AdminApi
from local_aws.container.service import SAYS, Answer, Application, Asked, new_id
from local_aws.container.stores import StoreError, escape

DRAIN_SECONDS = 110
ENTITIES = {
    "trace-create": "trace",
    "score-create": "score",
    **dict.fromkeys(
        (
            *("span-create", "span-update", "generation-create", "generation-update", "event-create"),
            *("observation-create", "observation-update", "agent-create", "tool-create", "chain-create"),
        ),
        "observation",
    ),
    "sdk-log": "sdk_log",
}
# Kinds of events that version 4 still takes here when it writes its new tables only: ingestion.ts.
EVENTS_ONLY_TYPES = ("score-create", "sdk-log")
EVENTS_ONLY_REMEDY = (
    "Upgrade the client or integration to a v4-compatible SDK or OTLP ingestion path. As a temporary migration bridge, set "
    "LANGFUSE_MIGRATION_V4_WRITE_MODE=dual on both the web and worker services and redeploy. Docs: "
    "https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4"
)
PREVIEW_ONLY = (
    "The observations v2 API is only available in a Langfuse v4 write mode. Learn more at: https://langfuse.com/docs/v4"
)
LEGACY_ONLY = (
    "This endpoint is not available on deployments running in Langfuse v4 events_only mode. Learn more about Langfuse v4 at: "
    "https://langfuse.com/docs/v4"
)


class StartError(Exception):
    """The provisioning of LANGFUSE_INIT_* failed."""


class Web(Application):
    """The web container."""

    component = "web"
    default_port = 3000

    def routes(self) -> dict[tuple[str, str], Callable[[Asked], Answer]]:
        """The endpoints that this double knows."""
        return {
            ("GET", "/api/public/health"): self.health,
            ("GET", "/api/public/ready"): self.ready,
            ("POST", "/api/public/ingestion"): self.ingestion,
            ("POST", "/api/public/otel/v1/traces"): self.otel,
            ("GET", "/api/public/projects"): self.projects,
            ("POST", "/api/public/projects"): self.admin.create_project,
            ("GET", "/api/public/v2/observations"): self.observations,
        }

    def other(self, asked: Asked) -> Answer:
        """Paths with an id in them."""
        found = re.fullmatch(r"/api/public/traces/([^/]+)", asked.path)
        if found and asked.method == "GET":
            return self.trace(asked, found[1])
        return self.admin.answer(asked) or super().other(asked)

    @functools.cached_property
    def admin(self) -> AdminApi:
        """The part that organization keys and the admin key open."""
        return AdminApi(
            self.database,
            self.given,
            lambda: self.redis,
            lambda queue, job: self._push(f"bull:{queue}:wait", job),
            lambda queue: int(self.redis.llen(stores.queue_name(self.given, f"bull:{queue}:wait"))),
        )

    # -- start and end ------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """web/src/initialize.ts."""
        given = self.given
        prefix = "LANGFUSE_INIT_"
        values = {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}
        if "ORG_ID" not in values:
            if values:
                self.log.warn(f"[Langfuse Init] {prefix}ORG_ID is not set: all {prefix}* variables are ignored")
            return
        try:
            self._provision(values)
        except StoreError as error:
            raise StartError(f"[Langfuse Init] {error}") from error

    def _provision(self, values: Mapping[str, str]) -> None:
        run = self.database.run
        organization = values["ORG_ID"]
        run(
            "INSERT INTO organizations (id, name) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
            (organization, values.get("ORG_NAME", "Provisioned Org")),
        )
        project = values.get("PROJECT_ID")
        if project:
            run(
                "INSERT INTO projects (id, name, org_id) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING",
                (project, values.get("PROJECT_NAME", "Provisioned Project"), organization),
            )
        keys = (values.get("PROJECT_PUBLIC_KEY"), values.get("PROJECT_SECRET_KEY"))
        if project and keys[0] and keys[1]:
            self._provision_key(project, keys[0], keys[1])
        elif any(keys):
            self.log.warn("[Langfuse Init] a project's keys need LANGFUSE_INIT_PROJECT_ID and both halves")
        if "USER_EMAIL" in values and "USER_PASSWORD" in values:
            self._provision_user(organization, values)
        elif "USER_EMAIL" in values or "USER_PASSWORD" in values:
            self.log.warn("[Langfuse Init] a user needs LANGFUSE_INIT_USER_EMAIL and LANGFUSE_INIT_USER_PASSWORD")

    def _provision_key(self, project: str, public: str, secret: str) -> None:
        run = self.database.run
        rows = run("SELECT project_id FROM api_keys WHERE public_key = %s", (public,))
        if rows and rows[0][0] == project:
            return
        run("DELETE FROM api_keys WHERE public_key = %s", (public,))
        keys.add(self.database, self.given, project=project, note="Provisioned API Key", pair=(public, secret))

    def _provision_user(self, organization: str, values: Mapping[str, str]) -> None:
        run = self.database.run
        email = values["USER_EMAIL"].lower()
        rows = run("SELECT id FROM users WHERE email = %s", (email,))
        if not rows:
            password = values["USER_PASSWORD"]
            if len(password) < 8:
                raise StartError("[Langfuse Init] Password needs to be at least 8 characters long.")
            salt = os.urandom(16)
            hashed = hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1).hex()
            rows = run(
                "INSERT INTO users (id, email, name, password) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id",
                (new_id(), email, values.get("USER_NAME", "Provisioned User"), f"{salt.hex()}:{hashed}"),
            )
        run(
            "INSERT INTO organization_memberships (id, org_id, user_id, role) VALUES (%s, %s, %s, 'OWNER')"
            " ON CONFLICT (org_id, user_id) DO UPDATE SET role = 'OWNER'",
            (new_id(), organization, rows[0][0]),
        )

    def background(self) -> None:
        """Load what the first request would wait for, and look at the queue's server as BullMQ does."""
        try:
            warning = stores.eviction_warning(self.redis)
            if warning:
                self.log.warn(warning)
        except Exception as error:
            self.log.error(f"Redis error: {error}")
        try:
            _ = self.bucket
        except Exception as error:
            self.log.error(f"S3 client: {error}")

    def drain(self) -> None:
        """Langfuse keeps serving 110 s, so that load balancers notice; the platform's clock may run faster."""
        default = "0.01" if "LOCAL_AWS_ROOT" in os.environ else "1"
        scale = float(os.environ.get("LOCAL_AWS_TIME_SCALE", default))
        time.sleep(DRAIN_SECONDS * scale)

    # -- health -------------------------------------------------------------------------------------------------------

    def _health(self, status: int, text: str) -> Answer:
        return Answer(status, {"status": text, "version": self.version, "double": SAYS})

    def health(self, asked: Asked) -> Answer:
        """web/src/pages/api/public/health.ts."""
        if asked.options.get("failIfDatabaseUnavailable") == "true":
            try:
                self.database.run("SELECT 1")
            except StoreError as error:
                self.log.error(f"Couldn't connect to the database: {error}")
                return self._health(503, "Database not available")
        if asked.options.get("failIfNoRecentEvents") == "true":
            return self._recent_events()
        return self._health(200, "OK")

    def _recent_events(self) -> Answer:
        tables = {"traces": "timestamp", "observations": "start_time"} if self.legacy else {"events": "start_time"}
        try:
            for table, column in tables.items():
                found = self.clickhouse.rows(
                    f"SELECT 1 AS one FROM {'events_core' if table == 'events' else table}"
                    f" WHERE {column} >= now64(3) - INTERVAL 3 MINUTE AND {column} <= now64(3) LIMIT 1"
                )
                if not found:
                    return self._health(503, f"No {table} within the last 3 minutes")
        except StoreError as error:
            self.log.error(f"Couldn't fetch recent events: {error}")
            return self._health(503, "Couldn't fetch recent events")
        return self._health(200, "OK")

    def ready(self, asked: Asked) -> Answer:
        """web/src/pages/api/public/ready.ts, which looks at nothing else."""
        if self.stopping.is_set():
            return self._health(500, "SIGTERM / SIGINT received, shutting down")
        return self._health(200, "OK")

    # -- identity -----------------------------------------------------------------------------------------------------

    def _project(self, asked: Asked) -> str | Answer:
        """The id of the project that the keys open; an answer where they open none: createAuthedProjectAPIRoute.ts."""
        scope, error = keys.verify(self.database, self.given, self.redis, asked)
        if scope is None:
            return Answer(401, {"message": error})
        if scope.project is None:
            return Answer(403, {"message": "Access denied - insufficient permissions for this endpoint"})
        return scope.project

    def projects(self, asked: Asked) -> Answer:
        """The project of the key: web/src/pages/api/public/projects/index.ts."""
        project = self._project(asked)
        if isinstance(project, Answer):
            if project.status == 403:
                return Answer(403, {"message": "Invalid API key. Are you using an organization key?"})
            return project
        rows = self.database.run(
            "SELECT p.id, p.name, p.retention_days, p.metadata, o.id, o.name FROM projects p"
            " JOIN organizations o ON o.id = p.org_id WHERE p.id = %s AND p.deleted_at IS NULL",
            (project,),
        )
        items = [
            {
                "id": row[0],
                "name": row[1],
                "organization": {"id": row[4], "name": row[5]},
                "metadata": row[3] or {},
                **({"retentionDays": row[2]} if row[2] else {}),
            }
            for row in rows
        ]
        return Answer(200, {"data": items})

    # -- writing ------------------------------------------------------------------------------------------------------

    def ingestion(self, asked: Asked) -> Answer:
        """web/src/pages/api/public/ingestion.ts: events go to S3, their ids into the queue, the rest is the worker's."""
        project = self._project(asked)
        if isinstance(project, Answer):
            text = "Missing projectId in scope. Are you using an organization key?"
            message = project.body["message"] if project.status == 401 else text
            return Answer(401, {"error": "UnauthorizedError", "message": message})
        try:
            batch = asked.json()["batch"]
            if not isinstance(batch, list):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            return Answer(400, {"message": "Invalid request data", "errors": ["batch: expected array"]})
        successes, errors = [], []
        groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for event in batch:
            if refusal := self._events_only_refusal(event):
                errors.append(refusal)
                continue
            fault = event_fault(event)
            event_id = event.get("id", "unknown") if isinstance(event, dict) else "unknown"
            if fault:
                errors.append({"id": event_id, "status": 400, "message": "Invalid request data", "error": fault})
                continue
            entity = ENTITIES[event["type"]]
            event["body"].setdefault("id", new_id())
            groups[entity, event["body"]["id"]].append(event)
            successes.append({"id": event_id, "status": 201})
        for (entity, body_id), events in groups.items():
            if entity == "sdk_log":
                continue
            try:
                self._queue(project, entity, body_id, events)
            except StoreError as error:
                self.log.error(str(error))
                message = "Failed to upload events to blob storage, aborting event processing"
                return Answer(500, {"message": message, "error": "InternalServerError"})
        return Answer(207, {"successes": successes, "errors": errors})

    def _events_only_refusal(self, event: Any) -> dict[str, Any] | None:
        """filterBatchForEventsOnly of ingestion.ts."""
        given = event if isinstance(event, dict) else {}
        kind = given.get("type")
        if self.legacy or kind in EVENTS_ONLY_TYPES:
            return None
        text = (
            f'Event type "{kind or "unknown"}" is not accepted by /api/public/ingestion when LANGFUSE_MIGRATION_V4_WRITE_MODE '
            f"is events_only. This endpoint only accepts score and log events. {EVENTS_ONLY_REMEDY}"
        )
        return {"id": given.get("id", "unknown"), "status": 400, "message": "Event type not accepted", "error": text}

    def _queue(self, project: str, entity: str, body_id: str, events: list[dict[str, Any]]) -> None:
        key = f"{project}/{entity}/{body_id}/{events[0]['id']}.json"
        self.bucket.put(key, events)
        self._push(stores.QUEUE, {"fileKey": key, "type": entity, "eventBodyId": body_id, "projectId": project})

    def _push(self, queue: str, job: dict[str, Any]) -> None:
        import redis

        try:
            self.redis.lpush(stores.queue_name(self.given, queue), json.dumps(job))
        except redis.RedisError as error:
            raise StoreError(f"Failed to queue {job['fileKey']}: {error}") from error

    def otel(self, asked: Asked) -> Answer:
        """OTLP over HTTP: web/src/pages/api/public/otel/v1/traces/index.ts."""
        project = self._project(asked)
        if isinstance(project, Answer):
            return project
        spans = self._otel_spans(asked)
        if isinstance(spans, Answer):
            return spans
        now = datetime.datetime.now(datetime.UTC)
        key = f"otel/{project}/{now:%Y/%m/%d/%H/%M}/{new_id()}.json"
        try:
            self.bucket.put(key, spans)
            self._push(stores.OTEL_QUEUE, {"fileKey": key, "type": "otel", "projectId": project})
        except StoreError as error:
            self.log.error(str(error))
            return Answer(500, {"message": "Internal Server Error", "error": "InternalServerError"})
        return Answer(200, {})

    def _otel_spans(self, asked: Asked) -> list[dict[str, Any]] | Answer:
        """What the request holds, or why it is not taken further."""
        kind = asked.headers.get("content-type", "").lower()
        form = "Protobuf" if "application/x-protobuf" in kind else "JSON"
        if form == "JSON" and "application/json" not in kind:
            return Answer(400, {"error": "Invalid content type"})
        try:
            spans = protobuf_spans(asked.body) if form == "Protobuf" else asked.json().get("resourceSpans")
        except (ValueError, AttributeError):
            return Answer(400, {"error": f"Failed to parse OTel {form} Trace"})
        if not spans:
            return Answer(200, {"message": "OK"})
        version = asked.headers.get("x-langfuse-ingestion-version", "0")
        fault = span_fault(spans) if self.numbers >= (4, 0, 0) else None
        if not fault and (not version.isdigit() or int(version) > 4):
            fault = f'Unsupported x-langfuse-ingestion-version: "{version}". Maximum supported: "4".'
        return Answer(400, {"error": fault}) if fault else list(spans)

    # -- reading ------------------------------------------------------------------------------------------------------

    def trace(self, asked: Asked, trace_id: str) -> Answer:
        """One trace with its observations, once the worker has written it."""
        if not self.legacy:
            return Answer(404, {"message": LEGACY_ONLY})
        project = self._project(asked)
        if isinstance(project, Answer):
            return project
        missing = Answer(
            404,
            {
                "message": f"Trace {trace_id} not found within authorized project",
                "error": "LangfuseNotFoundError",
            },
        )
        given = {"project": escape(project), "trace": escape(trace_id)}
        where = "project_id = {project:String}"
        traces = self.clickhouse.rows(
            f"SELECT * FROM traces FINAL WHERE {where} AND id = {{trace:String}} LIMIT 1", given
        )
        if not traces:
            return missing
        observations = self.clickhouse.rows(
            f"SELECT * FROM observations FINAL WHERE {where} AND trace_id = {{trace:String}} ORDER BY start_time", given
        )
        scores = self.clickhouse.rows(
            f"SELECT * FROM scores FINAL WHERE {where} AND trace_id = {{trace:String}} ORDER BY timestamp", given
        )
        body = api_object(traces[0])
        body |= {
            "projectId": project,
            "htmlPath": f"/project/{project}/traces/{trace_id}",
            "observations": [api_object(row) for row in observations],
            "scores": [api_object(row) for row in scores],
        }
        return Answer(200, body)

    def observations(self, asked: Asked) -> Answer:
        """Version 4's reading: the events of a trace."""
        project = self._project(asked)
        if isinstance(project, Answer):
            return project
        if self.flags["preview"] != "true":
            return Answer(404, {"message": PREVIEW_ONLY, "error": "LangfuseNotFoundError"})
        rows = self.clickhouse.rows(
            "SELECT span_id AS id, trace_id, parent_span_id AS parent_observation_id, start_time, end_time, name, type,"
            " environment, trace_name, user_id, session_id, tags, level, version, input, output"
            " FROM events_core FINAL WHERE project_id = {project:String}"
            " AND ({trace:String} = '' OR trace_id = {trace:String}) ORDER BY start_time DESC LIMIT 1000",
            {"project": escape(project), "trace": escape(asked.options.get("traceId", ""))},
        )
        return Answer(200, {"data": [api_object(row) for row in rows], "meta": {}})


def protobuf_spans(body: bytes) -> list[dict[str, Any]]:
    """The resourceSpans of an ExportTraceServiceRequest, as OTLP's JSON has them; ValueError where it is none."""
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    found = MessageToDict(request).get("resourceSpans", [])
    for span in spans_of(found):
        # The general mapping of bytes to JSON is base64; OTLP's own, and Langfuse's, is hexadecimal.
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64decode(span[name]).hex()
    return list(found)


def spans_of(resource_spans: Any) -> list[dict[str, Any]]:
    """All spans of a request."""
    return [
        span
        for resource in resource_spans
        for scope in resource.get("scopeSpans", ())
        for span in scope.get("spans", ())
    ]


def span_fault(resource_spans: Any) -> str | None:
    """validateOtelSpanIds of version 4: one span without its ids, and the whole export is refused."""
    spans = spans_of(resource_spans)
    bad = [span for span in spans if not (span.get("traceId") and span.get("spanId"))]
    if not bad:
        return None
    return (
        f"Invalid OTLP trace export: {len(bad)} of {len(spans)} span(s) cannot be processed. traceId and spanId are required on "
        "every span, and each must be a string or a byte array. The entire export was rejected and no spans were ingested."
    )


def event_fault(event: Any) -> str | None:
    """Why an event is refused."""
    if not isinstance(event, dict):
        return "expected object"
    for name in ("id", "timestamp", "type"):
        if not isinstance(event.get(name), str):
            return f"{name}: expected string"
    if event["type"] not in ENTITIES:
        return f"type: no such event: {event['type']}"
    if not isinstance(event.get("body"), dict):
        return "body: expected object"
    try:
        datetime.datetime.fromisoformat(event["timestamp"])
    except ValueError:
        return "timestamp: invalid ISO datetime"
    return None


def api_object(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the public API shows it."""
    hidden = ("project_id", "is_deleted", "event_ts")
    shown = {_camel(name): value for name, value in row.items() if name not in hidden}
    for name, value in shown.items():
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}", value):
            shown[name] = value.replace(" ", "T")[:23] + "Z"
    return shown


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def serve(version: str, given: Mapping[str, str]) -> int:
    """Run the web double."""
    network.install()
    return Web(version, given).serve()
