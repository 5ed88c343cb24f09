#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_v2_database_info
version_added: 0.1.0
short_description: Judge whether a database of Langfuse 2 may go to Langfuse 3, and whether all of it arrived
description:
  - Says in one go all that stands against letting Langfuse 3 migrate a PostgreSQL database of Langfuse 2, how far the background
    migrations are that move its traces, observations and scores to ClickHouse, and what of them ClickHouse lacks.
  - Asks PostgreSQL through the RDS Data API with O(cluster_arn) or directly with O(host), or judges what C(psql) has printed inside the
    VPC, with O(task_output).
  - A database that may not go on is an answer and no failure. Nothing is changed. The playbook C(llmops.langfuse.migrate_v2) uses it.
options:
  langfuse_version:
    description: The exact version of Langfuse 3 that is to migrate the database.
    type: str
    required: true
  traffic:
    description:
      - Who gets the traffic, V(v2) as long as it is version 2, V(moved) once version 2 is stopped and its data may move.
    type: str
    choices: [v2, moved]
    default: v2
  shared:
    description: Whether version 2 works with this very database, and not with the one of which this is a copy.
    type: bool
    default: true
  secrets:
    description: Those of C(SALT), C(ENCRYPTION_KEY) and C(NEXTAUTH_SECRET) whose value of version 2 the environment has.
    type: list
    elements: str
    default: []
  environment:
    description:
      - The worker's environment variables that decide which background migrations run, as
        M(llmops.langfuse.langfuse_background_migrations_info) has them.
    type: dict
    default: {}
  count_rows:
    description: Whether to count the rows of each month, which reads the tables whole. RV(missing) needs it.
    type: bool
    default: false
  task_output:
    description: Lines that C(psql) has printed for RV(statements). PostgreSQL is not contacted.
    type: list
    elements: str
  clickhouse_output:
    description: Lines that C(clickhouse-client) has printed for RV(clickhouse_query).
    type: list
    elements: str
  queries_only:
    description: Whether to return just RV(statements).
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.langfuse.database
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_background_migrations_info
  - name: Migrate Langfuse v2 to v3
    description: Langfuse's documentation.
    link: https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v2-to-v3
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Look at a database of Langfuse 2 from inside its VPC
  llmops.langfuse.langfuse_v2_database_info:
    langfuse_version: 3.225.4
    traffic: moved
    secrets: [SALT, ENCRYPTION_KEY, NEXTAUTH_SECRET]
    host: langfuse-v2.abcdefghijkl.eu-central-1.rds.amazonaws.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
  register: v2

- name: Go on only with one that may go on
  ansible.builtin.assert:
    that: v2.ready
    fail_msg: "{{ v2.reasons | map(attribute='message') | join(' ') }}"

# Inside the VPC: a one-off task of the PostgreSQL image runs psql with each statement as a --command of its own, and its output goes to
# the last task.
- name: Ask which questions psql has to be given
  llmops.langfuse.langfuse_v2_database_info:
    langfuse_version: 3.29.0
    queries_only: true
  register: questions

- name: Put them to PostgreSQL
  llmops.langfuse.ecs_run_task:
    cluster: langfuse-staging
    task_definition: langfuse-staging-v2-database
    launch_type: FARGATE
    network_configuration:
      subnets: [subnet-0123456789abcdef0]
      security_groups: [sg-0123456789abcdef0]
    overrides:
      containerOverrides:
        - name: psql
          command: "{{ ['--tuples-only', '--no-align'] + (['--command'] | product(questions.statements) | flatten) }}"
    log_lines: 5000
  register: answers

- name: Judge the answers
  llmops.langfuse.langfuse_v2_database_info:
    langfuse_version: 3.29.0
    task_output: "{{ answers.containers[0].log }}"
"""

RETURN = r"""
statements:
  description: What PostgreSQL is asked. One that fails, as its table is not there, is an answer, too.
  returned: success
  type: list
  elements: str
  sample: ["SELECT json_build_object('reading', 'end')::text AS line"]
ready:
  description: Whether Langfuse 3 may migrate the database, or has.
  returned: without O(queries_only)
  type: bool
  sample: true
reasons:
  description: Everything against it.
  returned: without O(queries_only)
  type: list
  elements: dict
  contains:
    code:
      description:
        - V(version), V(version_beside), V(unreachable), V(incomplete), V(not_langfuse), V(too_old), V(unfinished), V(dropped).
        - V(postgres_too_old), V(timezone), V(salt), V(encryption_key), V(still_written), V(batch).
      type: str
      sample: too_old
    message:
      description: What is wrong and what to do, as one sentence.
      type: str
      sample: PostgreSQL is 11.22, but Langfuse 3 needs 12 or newer; upgrade it first.
migrated:
  description: Whether Langfuse 3 has migrated the schema.
  returned: without O(queries_only)
  type: bool
  sample: false
finished:
  description: Whether all background migrations have finished that the version runs.
  returned: without O(queries_only)
  type: bool
  sample: false
verdict:
  description: How the background migrations are, as M(llmops.langfuse.langfuse_background_migrations_info) has it.
  returned: without O(queries_only)
  type: str
  sample: running
background_reasons:
  description: What stands against RV(finished), as M(llmops.langfuse.langfuse_background_migrations_info) has it.
  returned: without O(queries_only)
  type: list
  elements: dict
  sample: []
progress:
  description: How far each migration is that moves data of version 2, in words.
  returned: without O(queries_only)
  type: list
  elements: str
  sample: ['20241024_1730_migrate_traces_from_pg_to_ch: running, back to 2024-10-01T00:00:00.000Z']
retry_statement:
  description: What lets those of them begin anew that failed; empty where none did. The worker has to be restarted after.
  returned: without O(queries_only)
  type: str
  sample: ''
rows:
  description: PostgreSQL's estimate of the rows of each table.
  returned: without O(queries_only)
  type: dict
  sample: {observations: 1200000, scores: 4000, traces: 100000}
clickhouse_query:
  description: What ClickHouse has to be asked for RV(missing), as one text for C(clickhouse-client --multiquery).
  returned: with O(count_rows)
  type: str
  sample: SELECT 'moved' AS reading, ...
counts:
  description: Rows of each table in PostgreSQL, and in ClickHouse, which has those that came since, too.
  returned: with O(clickhouse_output)
  type: dict
  sample: {traces: {clickhouse: 100012, postgres: 100000}}
missing:
  description: What ClickHouse lacks, one sentence each; empty where all has arrived.
  returned: with O(clickhouse_output)
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import (
    background_migrations,
    database,
    v2_database,
    versions,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **database.CONNECTION_OPTIONS,
    "langfuse_version": {"type": "str", "required": True},
    "traffic": {"type": "str", "choices": [v2_database.BESIDE, v2_database.MOVED], "default": v2_database.BESIDE},
    "shared": {"type": "bool", "default": True},
    # Names, and no values.
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "environment": {"type": "dict", "default": {}},
    "count_rows": {"type": "bool", "default": False},
    "task_output": {"type": "list", "elements": "str"},
    "clickhouse_output": {"type": "list", "elements": "str"},
    "queries_only": {"type": "bool", "default": False},
}
SOURCES = ("cluster_arn", "host", "task_output", "queries_only")
RULES: dict[str, Any] = {
    "mutually_exclusive": [SOURCES, ("password", "secret_arn")],
    "required_one_of": [SOURCES],
    "required_by": {"cluster_arn": ["secret_arn"]},
}


def answers_of(module: LangfuseModule, statements: list[str]) -> v2_database.Answers:
    """What PostgreSQL says, whoever asks it."""
    if module.params["task_output"] is not None:
        return v2_database.parse(v2_database.lines_of(module.params["task_output"]))
    connection = database.connect(module)
    lines: list[str] = []
    for statement in statements:
        try:
            lines += [row["line"] for row in connection.run(statement)]
        except database.DatabaseError as error:
            if not error.undefined_table:
                module.fail_json(msg=str(error))
    return v2_database.parse(v2_database.lines_of(lines))


def main() -> None:
    module = LangfuseModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RULES)
    params = module.params
    release = versions.parse(params["langfuse_version"])
    if release is None:
        module.fail_json(
            msg=f"langfuse_version: '{params['langfuse_version']}' is not an exact version; set one such as {versions.NEWEST_READ[3]}."
        )
    statements = v2_database.statements(params["count_rows"])
    if params["queries_only"]:
        module.exit_json(changed=False, statements=statements)
    wanted = v2_database.Wanted(release, params["traffic"], params["shared"], frozenset(params["secrets"]))
    answers = answers_of(module, statements)
    reasons = v2_database.judge(answers, wanted)
    for notice in v2_database.notices(wanted):
        module.warn(notice)
    # YAML's true is Langfuse's "true"
    environment = {name: str(value).lower() for name, value in params["environment"].items()}
    found = background_migrations.migrations(answers.background, release, environment)
    verdict, background_reasons = background_migrations.judge(found, environment)
    result = {
        "statements": statements,
        "ready": not reasons,
        "reasons": reasons,
        "migrated": answers.has(v2_database.SCHEMA_3),
        "finished": verdict == background_migrations.FINISHED,
        "verdict": verdict,
        "background_reasons": background_reasons,
        "progress": v2_database.progress(found),
        "retry_statement": v2_database.retry_statement(found),
        "rows": {name: table.rows for name, table in answers.tables.items()},
    }
    if params["count_rows"]:
        result["clickhouse_query"] = v2_database.clickhouse_query(answers)
    if params["clickhouse_output"] is not None:
        lines = v2_database.lines_of(params["clickhouse_output"])
        result["counts"], result["missing"] = v2_database.prove(answers, lines)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
