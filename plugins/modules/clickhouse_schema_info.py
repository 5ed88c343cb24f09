#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: clickhouse_schema_info
version_added: 0.1.0
short_description: Judge whether a ClickHouse is ready for a version of Langfuse
description:
  - Compares server version, time zone, migration number, tables and columns with what the Langfuse version needs, and says all
    that is wrong.
  - Asks ClickHouse over HTTP with O(url), or judges what a client inside the VPC has printed, with O(task_output).
  - A schema that is not ready is an answer and no failure.
options:
  langfuse_version:
    description: Langfuse's exact version.
    type: str
    required: true
  url:
    description: ClickHouse's HTTP interface, such as V(https://clickhouse.example.com:8443).
    type: str
  user:
    description: User of ClickHouse.
    type: str
    default: default
  password:
    description: Password of O(user). O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description: ARN of a JSON secret of Secrets Manager with the password; the module reads it itself.
    type: str
  secret_json_key:
    description: Key of the password in O(secret_arn).
    type: str
    default: CLICKHOUSE_PASSWORD
  database:
    description: Langfuse's database.
    type: str
    default: default
  ca_path:
    description: File with the certificates that sign the server's.
    type: path
  timeout:
    description: Seconds to wait for an answer.
    type: float
    default: 10
  wait:
    description: Whether to wait until the schema is ready. Only with O(url).
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait; the last verdict is returned when they are over.
    type: int
    default: 300
  task_output:
    description: Lines that clickhouse-client has printed for RV(query). Nothing is contacted.
    type: list
    elements: str
  queries_only:
    description: Whether to return just RV(query).
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Judge a ClickHouse that the controller reaches
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 3.225.4
    url: https://clickhouse.example.com:8443
    user: langfuse
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
  register: schema

- name: Go on only with a schema that is ready
  ansible.builtin.assert:
    that: schema.ready
    fail_msg: "{{ schema.reasons | map(attribute='message') | join(' ') }}"

- name: Ask which questions clickhouse-client has to be given
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 3.225.4
    queries_only: true
  register: questions
"""

RETURN = r"""
query:
  description: The statements, as one text for C(clickhouse-client --multiquery --ignore-error).
  returned: success
  type: str
  sample: SELECT 'server' AS reading, version() AS server_version, timezone() AS timezone FORMAT JSONEachRow
ready:
  description: Whether Langfuse can run on it.
  returned: without O(queries_only)
  type: bool
  sample: true
verdict:
  description:
    - V(ready), V(unreachable), V(empty) (no migration ran), V(dirty) (one did not end), V(behind), V(ahead), V(damaged) (a table or
      column differs from what the migrations leave) or V(unsuitable) (the server).
  returned: without O(queries_only)
  type: str
  sample: behind
reasons:
  description: Everything against readiness.
  returned: without O(queries_only)
  type: list
  elements: dict
  contains:
    code:
      description:
        - V(unreachable), V(empty), V(dirty), V(behind), V(ahead), V(table_missing), V(column_missing), V(column_type),
          V(server_too_old) or V(timezone). The other keys depend on it.
      type: str
      sample: column_missing
    message:
      description: What is wrong and what to do, as one sentence.
      type: str
      sample: Table scores has no column environment (LowCardinality(String)); add it again.
    table:
      description: The table.
      type: str
      sample: scores
    column:
      description: The column.
      type: str
      sample: environment
    version:
      description: The migration that did not end.
      type: int
      sample: 14
    wanted:
      description: What Langfuse needs.
      type: raw
      sample: 37
    found:
      description: What is there.
      type: raw
      sample: 34
version:
  description: Number of the last migration; V(0) where none ran.
  returned: without O(queries_only)
  type: int
  sample: 37
dirty:
  description: Whether the last migration did not end.
  returned: without O(queries_only)
  type: bool
  sample: false
server_version:
  description: Version of the server; empty where it did not answer.
  returned: without O(queries_only)
  type: str
  sample: 26.4.1.1
timezone:
  description: Time zone of the server.
  returned: without O(queries_only)
  type: str
  sample: UTC
tables:
  description: Names of the database's tables and views.
  returned: without O(queries_only)
  type: list
  elements: str
  sample: [observations, scores, traces]
"""

import time
from typing import Any
from urllib.parse import urlencode

from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import schema
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions, web
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import secret_values
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

PAUSE = 2.0

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "langfuse_version": {"type": "str", "required": True},
    "url": {"type": "str"},
    "user": {"type": "str", "default": "default"},
    "password": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "secret_json_key": {"type": "str", "default": "CLICKHOUSE_PASSWORD", "no_log": False},
    "database": {"type": "str", "default": "default"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
    "task_output": {"type": "list", "elements": "str"},
    "queries_only": {"type": "bool", "default": False},
}


def ask(module: LangfuseModule, password: str) -> schema.Answers:
    """The answers of the HTTP interface."""
    params = module.params
    lines: list[str] = []
    for statement in schema.statements(params["database"]):
        answer = web.ask(
            "POST",
            f"{params['url'].rstrip('/')}/?{urlencode({'database': params['database']})}",
            body=statement.encode(),
            headers={"X-ClickHouse-User": params["user"], "X-ClickHouse-Key": password},
            timeout=params["timeout"],
            validate_certs=params["validate_certs"],
            ca_path=params["ca_path"],
        )
        if answer.status == 0 or (answer.status != 200 and not answer.body.startswith("Code:")):
            return schema.Answers(error=f"{params['url']} answers {answer.said}")
        lines += answer.body.splitlines()
    return schema.parse(lines)


def judge(module: LangfuseModule, release: versions.Version) -> tuple[schema.Answers, str, list[dict[str, Any]]]:
    """The answers with the verdict and its reasons; waits where that is asked for."""
    params = module.params
    if params["task_output"] is not None:
        answers = schema.parse(params["task_output"])
        return (answers, *schema.judge(answers, release))
    password = params["password"] or ""
    if params["secret_arn"]:
        key = params["secret_json_key"]
        password = secret_values(module, params["secret_arn"], [key])[key]
    deadline = time.monotonic() + (params["wait_timeout"] if params["wait"] else 0)
    while True:
        answers = ask(module, password)
        verdict, reasons = schema.judge(answers, release)
        left = deadline - time.monotonic()
        if verdict == schema.READY or left <= 0:
            return answers, verdict, reasons
        time.sleep(min(PAUSE, left))


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("url", "task_output", "queries_only"), ("password", "secret_arn")],
        required_one_of=[("url", "task_output", "queries_only")],
        supports_check_mode=True,
    )
    params = module.params
    release, findings = versions.judge("langfuse_version", params["langfuse_version"])
    if release is None:
        module.fail_json(msg=f"langfuse_version: {findings[0].problem}; {findings[0].fix}.")
    query = schema.query(params["database"])
    if params["queries_only"]:
        module.exit_json(changed=False, query=query)
    answers, verdict, reasons = judge(module, release)
    module.exit_json(
        changed=False,
        query=query,
        ready=verdict == schema.READY,
        verdict=verdict,
        reasons=reasons,
        version=answers.version or 0,
        dirty=answers.dirty,
        server_version=answers.server_version,
        timezone=answers.timezone,
        tables=sorted(answers.tables),
    )


if __name__ == "__main__":
    main()
