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
  - Fails with the hop at which the trace was lost, as far as it can be seen from outside. With the admin API key, the module
    also sees whether the queues grow.
  - The trace stays in the project, under O(trace_name). It is data of Langfuse and no part of the environment, so the module never
    reports a change.
options:
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
  admin_api_key:
    description:
      - Value of ADMIN_API_KEY of the web service. With it, the module looks at the queues before and after, which needs no licence.
      - Where the key is refused, the module warns and goes on without.
    type: str
  admin_json_key:
    description: Key of ADMIN_API_KEY in O(secret_arn), in place of O(admin_api_key).
    type: str
  protocol:
    description:
      - How the trace is written. V(otlp) is OpenTelemetry over HTTP, which is what the SDKs use since their third version, and
        what Langfuse takes since 3.22.
      - V(ingestion) is Langfuse's own batch API. Version 4 refuses traces there unless LANGFUSE_MIGRATION_V4_WRITE_MODE is
        V(legacy) or V(dual).
    type: str
    choices: [ingestion, otlp]
    default: otlp
  otlp_encoding:
    description: How OpenTelemetry's message is encoded. SDKs send V(protobuf).
    type: str
    choices: [protobuf, json]
    default: protobuf
  trace_name:
    description: Name of the trace.
    type: str
    default: llmops.langfuse roundtrip
  wait_timeout:
    description: Seconds until the trace must be readable.
    type: int
    default: 120
extends_documentation_fragment:
  - llmops.langfuse.api
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
seealso:
  - module: llmops.langfuse.langfuse_health_info
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Prove that Langfuse works
  llmops.langfuse.langfuse_trace_roundtrip:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf

- name: Prove it, and see the queues where it fails
  llmops.langfuse.langfuse_trace_roundtrip:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    admin_json_key: ADMIN_API_KEY
"""

RETURN = r"""
trace_id:
  description: Id of the trace; empty in check mode.
  returned: always
  type: str
  sample: 7c1d0f5e8d1a4f6b9b4f6a2f8d0c3e5a
project:
  description: The project that the keys open.
  returned: success, not in check mode
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: my-project
    name:
      description: Its name.
      type: str
      sample: My project
hop:
  description:
    - Where it was lost. V(connect), the web server was not reached; V(authenticate), it refused the keys; V(write), it did not
      take the trace (web server, bucket, queue); V(queue), no worker takes it; V(process), the worker does not bring it into
      ClickHouse; V(read), it could not be read back, although perhaps it is there.
  returned: failure
  type: str
  sample: process
read_by:
  description: The path of the API that returned it. The first does not exist where version 4 has no old tables any more.
  returned: success, not in check mode
  type: str
  sample: /api/public/v2/observations
timings:
  description: Seconds since the beginning.
  returned: success, not in check mode
  type: dict
  contains:
    write_seconds:
      description: When the keys were verified and the trace was sent.
      type: float
      sample: 0.03
    accepted_seconds:
      description: When the web server had put it into bucket and queue.
      type: float
      sample: 0.08
    readable_seconds:
      description: When it could be read back.
      type: float
      sample: 4.2
queues:
  description: Jobs of the ingestion queues, before the trace was written and at the end.
  returned: with an admin API key, not in check mode
  type: dict
  sample:
    before: {waiting: 0, active: 0, failed: 0}
    after: {waiting: 0, active: 0, failed: 0}
"""

import datetime
import time
import uuid
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import traces, web
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import (
    API_OPTIONS,
    LangfuseApi,
    LangfuseError,
    basic,
    bearer,
    explain,
    pauses,
    refuse,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import secret_values
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **API_OPTIONS,
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "public_json_key": {"type": "str", "default": "LANGFUSE_INIT_PROJECT_PUBLIC_KEY", "no_log": False},
    "private_json_key": {"type": "str", "default": "LANGFUSE_INIT_PROJECT_SECRET_KEY", "no_log": False},
    "admin_api_key": {"type": "str", "no_log": True},
    "admin_json_key": {"type": "str", "no_log": False},
    "protocol": {"type": "str", "choices": ["ingestion", "otlp"], "default": "otlp"},
    "otlp_encoding": {"type": "str", "choices": ["protobuf", "json"], "default": "protobuf"},
    "trace_name": {"type": "str", "default": "llmops.langfuse roundtrip"},
    "wait_timeout": {"type": "int", "default": 120},
}

TRACE_PATH = "/api/public/traces/"
OBSERVATIONS_PATH = "/api/public/v2/observations"
QUEUES_PATH = "/api/admin/bullmq"
# Answers after which a path need not be asked again.
EVENTS_ONLY = "events_only"
NO_OLD_TABLES = f"{EVENTS_ONLY} mode"
NO_NEW_TABLES = "only available in a Langfuse v4 write mode"


class Lost(LangfuseError):
    """The trace was lost on its way, at the hop named."""

    def __init__(self, hop: str, message: str) -> None:
        super().__init__(message)
        self.hop = hop


class Readers:
    """The paths of the API at which the trace can appear, until each says that it never will.

    Which tables are written follows from version and write mode, which the API does not tell.
    """

    def __init__(self, langfuse: LangfuseApi, trace_id: str) -> None:
        self.langfuse = langfuse
        self.trace_id = trace_id
        self.paths = [TRACE_PATH, OBSERVATIONS_PATH]
        # What kept a path from answering the last time.
        self.trouble: web.Answer | None = None

    def found_by(self) -> str | None:
        """The path that returns the trace with its observation; None where none does yet.

        :raises Lost: where no path is left.
        """
        self.trouble = None
        for path in tuple(self.paths):
            if path == TRACE_PATH:
                answer = self.langfuse.ask("GET", TRACE_PATH + self.trace_id)
                there = answer.json().get("observations")
            else:
                answer = self.langfuse.ask("GET", path, query={"traceId": self.trace_id})
                there = answer.json().get("data")
            if answer.status == 200 and there:
                return path
            if answer.status == 404 and self._never(answer):
                self.paths.remove(path)
            elif answer.status not in (200, 404):
                self.trouble = self.trouble or answer
        if not self.paths:
            raise Lost(
                "read",
                f"{self.langfuse.where} accepted the trace and has no API to read it back: neither {TRACE_PATH} nor "
                f"{OBSERVATIONS_PATH} is there; compare LANGFUSE_MIGRATION_V4_WRITE_MODE and "
                "LANGFUSE_MIGRATION_V4_ALLOW_PREVIEW_OPT_IN of web and worker.",
            )
        return None

    @staticmethod
    def _never(answer: web.Answer) -> bool:
        # Releases before 3.133 have no second path, and answer with a page.
        return answer.document() is None or NO_OLD_TABLES in answer.body or NO_NEW_TABLES in answer.body

    def lost(self, wait_timeout: float, before: traces.Queues | None, after: traces.Queues | None) -> Lost:
        """What to say of a trace that stays away."""
        accepted = f"{self.langfuse.where} accepted the trace {self.trace_id}, and it"
        if self.trouble is not None:
            what, step = explain(self.trouble)
            return Lost("read", f"{accepted} could not be read back within {wait_timeout} seconds: {what}; {step}.")
        hop, words = traces.stuck_hop(before, after)
        return Lost(hop, f"{accepted} could not be read within {wait_timeout} seconds: {words}.")


def project_of(langfuse: LangfuseApi) -> dict[str, str]:
    """The project that the keys open.

    :raises Lost: where there is no server, or the keys are none of a project.
    """
    try:
        answer = langfuse.call("GET", "/api/public/projects", doing="open a project with these keys")
    except LangfuseError as error:
        there = error.answer is not None and error.answer.status in (401, 403) and error.answer.document() is not None
        raise Lost("authenticate" if there else "connect", str(error)) from error
    found = answer.json().get("data")
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        raise Lost("connect", f"{langfuse.where} answers, but not as Langfuse does; check that url leads to Langfuse.")
    return {name: str(found[0].get(name, "")) for name in ("id", "name")}


def write(langfuse: LangfuseApi, message: traces.Message) -> None:
    """Hands the trace to the web server, which keeps it in blob storage and the queue.

    :raises Lost: where it does not take it.
    """
    answer = langfuse.ask(
        "POST",
        message.path,
        body=message.body,
        headers={
            "Content-Type": message.content_type,
            "x-langfuse-ingestion-version": traces.INGESTION_VERSION,
        },
    )
    if answer.fault in ("name", "refused", "certificate", "tls"):
        raise Lost("connect", str(refuse(langfuse.where, answer, "take the trace")))
    errors = answer.json().get("errors")
    if errors and EVENTS_ONLY in answer.body:
        raise Lost(
            "write",
            f"{langfuse.where} refuses traces at {message.path}, for version 4 writes its new tables only "
            "(LANGFUSE_MIGRATION_V4_WRITE_MODE=events_only); set protocol to otlp.",
        )
    if errors or (answer.status >= 500 and answer.document() is not None):
        step = "check trace_name" if errors else "check the bucket, the task role of web and the cache"
        raise Lost(
            "write",
            f"{langfuse.where} does not take the trace (it answers {answer.said}); look at the web service's log, and {step}.",
        )
    if answer.status not in (200, 201, 207) or answer.document() is None:
        raise Lost("write", str(refuse(langfuse.where, answer, "take the trace")))


class QueueWatch:
    """Looks at the queues, where there is a key for that."""

    def __init__(self, module: LangfuseModule, admin_api_key: str | None) -> None:
        self._module = module
        self._langfuse = LangfuseApi(module.params, bearer(admin_api_key)) if admin_api_key else None

    def look(self) -> traces.Queues | None:
        """The queues as they are; None with a warning where they cannot be seen, and then never asked again."""
        if self._langfuse is None:
            return None
        answer = self._langfuse.ask("GET", QUEUES_PATH)
        found = traces.queues(answer.document()) if answer.status == 200 else None
        if found is None:
            self._module.warn(str(refuse(self._langfuse.where, answer, "show its queues")))
            self._langfuse = None
        return found


def roundtrip(module: LangfuseModule, langfuse: LangfuseApi, watch: QueueWatch, trace_id: str) -> dict[str, Any]:
    """Writes and reads.

    :raises Lost: with the hop at which the trace stayed away.
    """
    params = module.params
    begun = time.monotonic()

    def passed() -> float:
        return round(time.monotonic() - begun, 3)

    project = project_of(langfuse)
    before = watch.look()
    timings = {"write_seconds": passed()}
    moment = datetime.datetime.now(datetime.UTC)
    write(
        langfuse,
        traces.message(params["protocol"], params["otlp_encoding"], trace_id, params["trace_name"], moment),
    )
    timings["accepted_seconds"] = passed()
    readers = Readers(langfuse, trace_id)
    for pause in pauses(first=0.25, most=2.0):
        if path := readers.found_by():
            break
        left = params["wait_timeout"] - (time.monotonic() - begun)
        if left <= 0:
            raise readers.lost(params["wait_timeout"], before, watch.look())
        time.sleep(min(pause, left))
    timings["readable_seconds"] = passed()
    result = {"changed": False, "trace_id": trace_id, "project": project, "read_by": path, "timings": timings}
    after = watch.look()
    if before and after:
        result["queues"] = {"before": before.as_result(), "after": after.as_result()}
    return result


def keys_of(module: LangfuseModule) -> tuple[str, str, str | None]:
    """Public, secret and admin key; read from the secret where that is given."""
    params = module.params
    if not params["secret_arn"]:
        return params["public_key"], params["private_key"], params["admin_api_key"]
    names = [params["public_json_key"], params["private_json_key"]]
    admin = params["admin_json_key"]
    found = secret_values(module, params["secret_arn"], [*names, admin] if admin else names)
    return found[names[0]], found[names[1]], found[admin] if admin else params["admin_api_key"]


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("public_key", "secret_arn"), ("admin_api_key", "admin_json_key")],
        required_one_of=[("public_key", "secret_arn")],
        required_together=[("public_key", "private_key")],
        required_by={"admin_json_key": "secret_arn"},
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, trace_id="")
    trace_id = uuid.uuid4().hex
    try:
        public_key, private_key, admin_api_key = keys_of(module)
        langfuse = LangfuseApi(module.params, basic(public_key, private_key))
        result = roundtrip(module, langfuse, QueueWatch(module, admin_api_key), trace_id)
    except Lost as error:
        module.fail_json(msg=str(error), hop=error.hop, trace_id=trace_id)
    except LangfuseError as error:
        module.fail_json(msg=str(error), hop="connect", trace_id=trace_id)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
