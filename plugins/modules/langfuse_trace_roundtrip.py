#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_trace_roundtrip
version_added: 0.1.0
short_description: Write one trace through Langfuse's public API and read it back
description:
  - The proof that Langfuse works as a whole. A trace with one generation is written as an application would, goes through web
    server, blob storage, queue, worker and ClickHouse, and is read back through the public API.
  - Fails with the hop at which the trace was lost.
  - The trace stays in the project, under O(trace_name). It is data of Langfuse and no part of the environment, so the module never
    reports a change.
options:
  url:
    description: Where Langfuse is reached.
    type: str
    required: true
  public_key:
    description: Public key of a project.
    type: str
  private_key:
    description: Secret key of the project. O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description:
      - ARN of a JSON secret of Secrets Manager with the project's keys; the module reads it itself.
    type: str
  public_json_key:
    description: Key of the project's public key in O(secret_arn).
    type: str
    default: LANGFUSE_INIT_PROJECT_PUBLIC_KEY
  private_json_key:
    description: Key of the project's secret key in O(secret_arn).
    type: str
    default: LANGFUSE_INIT_PROJECT_SECRET_KEY
  protocol:
    description:
      - How the trace is written. C(ingestion) is Langfuse's own batch API, C(otlp) OpenTelemetry over HTTP as JSON, which is what the
        SDKs use since their third version.
    type: str
    choices: [ingestion, otlp]
    default: ingestion
  trace_name:
    description: Name of the trace.
    type: str
    default: llmops.langfuse roundtrip
  ca_path:
    description: File with the certificates that sign the server's.
    type: path
  timeout:
    description: Seconds to wait for one answer.
    type: float
    default: 10
  wait_timeout:
    description: Seconds until the trace must be readable.
    type: int
    default: 120
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
    details: Writes nothing in check mode, and returns no trace.
  diff_mode:
    support: none
    details: What it writes is data of Langfuse.
  idempotent:
    support: none
    details: Every run writes another trace.
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Prove that Langfuse works
  llmops.langfuse.langfuse_trace_roundtrip:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
"""

RETURN = r"""
trace_id:
  description: Id of the trace; empty in check mode.
  returned: always
  type: str
  sample: 7c1d0f5e8d1a4f6b9b4f6a2f8d0c3e5a
hop:
  description: Where it was lost; V(connect), V(authenticate), V(write) or V(process).
  returned: failure
  type: str
  sample: process
timings:
  description: Seconds since the beginning.
  returned: success, not in check mode
  type: dict
  contains:
    written_seconds:
      description: When the web server had accepted the trace.
      type: float
      sample: 0.05
    readable_seconds:
      description: When the trace could be read back.
      type: float
      sample: 4.2
"""

import datetime
import json
import time
import uuid
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import web
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import secret_values
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

PAUSE = 0.5
MODEL = "roundtrip-model"

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "public_json_key": {"type": "str", "default": "LANGFUSE_INIT_PROJECT_PUBLIC_KEY", "no_log": False},
    "private_json_key": {"type": "str", "default": "LANGFUSE_INIT_PROJECT_SECRET_KEY", "no_log": False},
    "protocol": {"type": "str", "choices": ["ingestion", "otlp"], "default": "ingestion"},
    "trace_name": {"type": "str", "default": "llmops.langfuse roundtrip"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
    "wait_timeout": {"type": "int", "default": 120},
}


def ingestion_batch(trace_id: str, name: str, moment: datetime.datetime) -> dict[str, Any]:
    """One trace with one generation for POST /api/public/ingestion."""
    start = moment.isoformat()
    end = (moment + datetime.timedelta(milliseconds=250)).isoformat()
    trace = {"id": trace_id, "name": name, "timestamp": start, "input": "ping", "output": "pong"}
    generation = {
        "id": trace_id[:16],
        "traceId": trace_id,
        "name": "generation",
        "model": MODEL,
        "startTime": start,
        "endTime": end,
        "input": "ping",
        "output": "pong",
        "usageDetails": {"input": 1, "output": 1},
    }
    events = (("trace-create", trace), ("generation-create", generation))
    return {
        "batch": [{"id": str(uuid.uuid4()), "type": kind, "timestamp": start, "body": body} for kind, body in events]
    }


def otlp_spans(trace_id: str, name: str, moment: datetime.datetime) -> dict[str, Any]:
    """One span for POST /api/public/otel/v1/traces, with the attributes that Langfuse reads."""
    start = int(moment.timestamp() * 1_000_000_000)
    attributes = {
        "langfuse.trace.name": name,
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": MODEL,
        "langfuse.observation.input": "ping",
        "langfuse.observation.output": "pong",
    }
    span = {
        "traceId": trace_id,
        "spanId": trace_id[:16],
        "name": "generation",
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 250_000_000),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
        "status": {},
    }
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "llmops.langfuse"}}]},
                "scopeSpans": [{"scope": {"name": "llmops.langfuse"}, "spans": [span]}],
            }
        ]
    }


class Lost(Exception):
    """The trace was lost on its way."""

    def __init__(self, hop: str, message: str) -> None:
        super().__init__(message)
        self.hop = hop


class Langfuse:
    """The public API with a project's keys."""

    def __init__(self, params: dict[str, Any], keys: tuple[str, str]) -> None:
        self.params = params
        self.keys = keys
        self.url = params["url"].rstrip("/")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> web.Answer:
        return web.ask(
            method,
            self.url + path,
            body=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "x-langfuse-ingestion-version": "4"} if body else None,
            user=self.keys[0],
            password=self.keys[1],
            timeout=self.params["timeout"],
            validate_certs=self.params["validate_certs"],
            ca_path=self.params["ca_path"],
        )

    def write(self, trace_id: str) -> None:
        """Hands the trace to the web server, which keeps it in blob storage and the queue."""
        moment = datetime.datetime.now(datetime.UTC)
        if self.params["protocol"] == "otlp":
            body = otlp_spans(trace_id, self.params["trace_name"], moment)
            answer = self.ask("POST", "/api/public/otel/v1/traces", body)
        else:
            body = ingestion_batch(trace_id, self.params["trace_name"], moment)
            answer = self.ask("POST", "/api/public/ingestion", body)
        if answer.status == 0:
            raise Lost("connect", f"Langfuse cannot be reached at {self.url}: {answer.said}; check the load balancer.")
        if answer.status in (401, 403):
            raise Lost(
                "authenticate",
                f"Langfuse at {self.url} refuses the project's keys ({answer.said}); check that the first project was made "
                "with these keys, which only happens with langfuse_init_org_id and langfuse_init_project_id.",
            )
        errors = answer.json().get("errors")
        if answer.status not in (200, 201, 207) or errors:
            raise Lost(
                "write",
                f"Langfuse at {self.url} does not take the trace ({answer.said}); check the web server's log, the bucket and "
                "the task role of web.",
            )

    def readable(self, trace_id: str) -> bool:
        """Whether the trace can be read: whole, or by its observations where version 4 has no old tables any more."""
        answer = self.ask("GET", f"/api/public/traces/{trace_id}")
        if answer.status == 200:
            return bool(answer.json().get("observations"))
        found = self.ask("GET", f"/api/public/v2/observations?traceId={trace_id}")
        return found.status == 200 and bool(found.json().get("data"))


def roundtrip(langfuse: Langfuse, trace_id: str, wait_timeout: float) -> dict[str, float]:
    """Writes and reads; returns the timings.

    :raises Lost: with the hop at which the trace stayed away.
    """
    begun = time.monotonic()
    langfuse.write(trace_id)
    written = time.monotonic() - begun
    while not langfuse.readable(trace_id):
        if time.monotonic() - begun > wait_timeout:
            raise Lost(
                "process",
                f"The trace {trace_id} was accepted and could not be read within {wait_timeout} seconds: the worker does not "
                "bring it from queue and bucket into ClickHouse; check the worker's log, the cache, the bucket, the task role "
                "of worker and ClickHouse.",
            )
        time.sleep(PAUSE)
    return {"written_seconds": round(written, 3), "readable_seconds": round(time.monotonic() - begun, 3)}


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("public_key", "secret_arn")],
        required_one_of=[("public_key", "secret_arn")],
        required_together=[("public_key", "private_key")],
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, trace_id="")
    if params["secret_arn"]:
        names = [params["public_json_key"], params["private_json_key"]]
        found = secret_values(module, params["secret_arn"], names)
        keys = (found[names[0]], found[names[1]])
    else:
        keys = (params["public_key"], params["private_key"])
    trace_id = uuid.uuid4().hex
    try:
        timings = roundtrip(Langfuse(params, keys), trace_id, params["wait_timeout"])
    except Lost as error:
        module.fail_json(msg=str(error), hop=error.hop, trace_id=trace_id)
    module.exit_json(changed=False, trace_id=trace_id, timings=timings)


if __name__ == "__main__":
    main()
