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
  - Compares server version, time zone, privileges, migration number, tables, views, columns, engines, sorting keys and the cluster
    with what the Langfuse version needs, and says all that is wrong and what to do.
  - Asks ClickHouse over HTTP with O(url), three queries at most, or judges what C(clickhouse-client) has printed inside the VPC, with
    O(task_output).
  - A schema that is not ready is an answer and no failure. Nothing is changed; M(llmops.langfuse.clickhouse_schema_repair) repairs.
options:
  langfuse_version:
    description: Langfuse's exact version.
    type: str
    required: true
  cluster:
    description:
      - Name of the ClickHouse cluster in which Langfuse runs with C(CLICKHOUSE_CLUSTER_ENABLED); empty for a single node and for
        ClickHouse Cloud.
      - With it the user needs C(SELECT) on C(system.clusters) and C(system.replicas), too.
    type: str
    default: ''
  disk_free_min_percent:
    description: Below this share of free disk, RV(notices) has C(disk_low).
    type: float
    default: 10
  system_logs_max_gib:
    description: Above this size in GiB of ClickHouse's own log tables, RV(notices) has C(system_logs).
    type: float
    default: 10
  replica_delay_max:
    description: Seconds that a replica may be behind. Only with O(cluster).
    type: int
    default: 300
  wait:
    description:
      - Whether to wait until the schema is ready. Only with O(url).
      - The verdicts V(denied) and V(ahead) end it, as no waiting mends them.
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
  - llmops.langfuse.clickhouse
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.clickhouse_schema_repair
  - name: ClickHouse for Langfuse
    description: What Langfuse's documentation asks of ClickHouse.
    link: https://langfuse.com/self-hosting/deployment/infrastructure/clickhouse
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Judge a ClickHouse that the controller reaches
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 3.225.4
    url: https://clickhouse.example.com:8443
    ca_path: /etc/ssl/certs/example-ca.pem
    user: langfuse
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    wait: true
    wait_timeout: 120
  register: schema

- name: Go on only with a schema that is ready
  ansible.builtin.assert:
    that: schema.ready
    fail_msg: "{{ schema.reasons | map(attribute='message') | join(' ') }}"

- name: Judge a cluster
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 4.16.0
    url: http://clickhouse.internal:8123
    cluster: default
    user: langfuse
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf

# Inside the VPC: a one-off task of the ClickHouse image runs clickhouse-client with the query of the first task, and its
# output goes to the last one.
- name: Ask which questions clickhouse-client has to be given
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 3.225.4
    queries_only: true
  register: questions

- name: Put them to ClickHouse
  llmops.langfuse.ecs_run_task:
    cluster: langfuse-staging
    task_definition: langfuse-staging-schema-check
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef0]
    overrides:
      containerOverrides:
        - name: schema-check
          command: [--host, clickhouse.internal, --user, langfuse, --multiquery, --ignore-error, --query, "{{ questions.query }}"]
    log_lines: 5000
  register: answers

- name: Judge the answers
  llmops.langfuse.clickhouse_schema_info:
    langfuse_version: 3.225.4
    task_output: "{{ answers.containers[0].log }}"
"""

RETURN = r"""
query:
  description: The statements, as one text for C(clickhouse-client --multiquery --ignore-error).
  returned: success
  type: str
  sample: SELECT 'server' AS reading, version() AS name, '' AS engine, '' AS sorting_key, [['timezone', timezone()]] AS items FORMAT ...
ready:
  description: Whether Langfuse can run on it.
  returned: without O(queries_only)
  type: bool
  sample: true
verdict:
  description:
    - V(ready); V(unreachable) (no answer of a ClickHouse); V(denied) (it does not let the user in, or does not show it what the verdict
      needs); V(incomplete) (the answer was cut off); V(empty) (no migration ran); V(dirty) (one did not end); V(behind) (migrate);
      V(ahead) (a newer Langfuse has migrated); V(damaged) (a table, view or column differs from what the migrations leave);
      V(unsuitable) (the server, the user or the cluster).
    - It is that of the first of RV(reasons).
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
        - V(unreachable), V(authentication), V(incomplete), V(empty), V(dirty), V(behind), V(ahead).
        - V(table_missing), V(view_missing), V(column_missing), V(column_type), V(engine), V(sorting_key), V(not_replicated).
        - V(server_too_old), V(timezone), V(database_missing), V(readonly), V(setting_fixed), V(grant_missing).
        - V(cluster_name), V(cluster_missing), V(cluster_shards), V(replica_readonly), V(replica_behind).
      type: str
      sample: column_missing
    message:
      description: What is wrong and what to do, as one sentence.
      type: str
      sample: Table scores has no column environment (LowCardinality(String)); add it again.
    table:
      description: The table or view.
      returned: where the reason is about one
      type: str
      sample: scores
    column:
      description: The column.
      returned: where the reason is about one
      type: str
      sample: environment
    setting:
      description: The setting that the user may not change.
      returned: with V(setting_fixed)
      type: str
      sample: join_algorithm
    version:
      description: The migration that did not end.
      returned: with V(dirty)
      type: int
      sample: 14
    effect:
      description:
        - How much of that migration is in the database, V(all), V(partly), V(none), or V(not_visible) where it changes indexes only.
      returned: with V(dirty)
      type: str
      sample: partly
    rerunnable:
      description: Whether that migration can run again wherever it stopped.
      returned: with V(dirty)
      type: bool
      sample: true
    wanted:
      description: What Langfuse needs.
      returned: where it can be said
      type: raw
      sample: 37
    found:
      description: What is there.
      returned: where it can be said
      type: raw
      sample: 34
notices:
  description:
    - What stops nothing and deserves a look, in the shape of RV(reasons). All but V(grants_not_judged) are warnings of the task, too.
    - Its codes are V(disk_low), V(system_logs), V(replica_inactive) and V(grants_not_judged).
  returned: without O(queries_only)
  type: list
  elements: dict
  sample: []
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
disk_free_bytes:
  description: Free bytes on the disk of the server; V(0) where it did not answer.
  returned: without O(queries_only)
  type: int
  sample: 53687091200
system_logs_bytes:
  description: Size of ClickHouse's own log tables, as far as the user may see them.
  returned: without O(queries_only)
  type: int
  sample: 1073741824
"""

import time
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import answers as readings
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import connection, schema
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

PAUSE = 2.0
# Verdicts that do not change by themselves.
HOPELESS = (schema.DENIED, schema.AHEAD)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **connection.CONNECTION_OPTIONS,
    "langfuse_version": {"type": "str", "required": True},
    "cluster": {"type": "str", "default": ""},
    "disk_free_min_percent": {"type": "float", "default": 10},
    "system_logs_max_gib": {"type": "float", "default": 10},
    "replica_delay_max": {"type": "int", "default": 300},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
    "task_output": {"type": "list", "elements": "str"},
    "queries_only": {"type": "bool", "default": False},
}


def judge(module: LangfuseModule, wanted: schema.Wanted) -> tuple[readings.Answers, schema.Judgement]:
    """The answers and the judgement on them; waits where that is asked for."""
    params = module.params
    if params["task_output"] is not None:
        answers = readings.parse(params["task_output"])
        return answers, schema.judge(answers, wanted)
    server = connection.Connection.of(module)
    deadline = time.monotonic() + (params["wait_timeout"] if params["wait"] else 0)
    while True:
        answers = connection.read(server, wanted.database, wanted.cluster, (readings.grants_statement(),))
        judgement = schema.judge(answers, wanted)
        left = deadline - time.monotonic()
        if judgement.verdict in (schema.READY, *HOPELESS) or left <= 0:
            return answers, judgement
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
    query = "; ".join(readings.statements(params["database"], params["cluster"]))
    if params["queries_only"]:
        module.exit_json(changed=False, query=query)
    wanted = schema.Wanted(
        release,
        database=params["database"],
        cluster=params["cluster"],
        disk_free_min_percent=params["disk_free_min_percent"],
        system_logs_max_gib=params["system_logs_max_gib"],
        replica_delay_max=params["replica_delay_max"],
    )
    answers, judgement = judge(module, wanted)
    for notice in judgement.notices:
        if notice["code"] != schema.NOT_JUDGED:
            module.warn(notice["message"])
    module.exit_json(
        changed=False,
        query=query,
        ready=judgement.verdict == schema.READY,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        notices=judgement.notices,
        version=answers.version or 0,
        dirty=answers.dirty,
        server_version=answers.server_version,
        timezone=answers.timezone,
        tables=sorted(answers.objects or {}),
        disk_free_bytes=answers.disk_free,
        system_logs_bytes=sum(answers.logs.values()),
    )


if __name__ == "__main__":
    main()
