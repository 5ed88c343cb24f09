#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: clickhouse_schema_repair
version_added: 0.1.0
short_description: Take a dirty ClickHouse schema of Langfuse back to where it can migrate
description:
  - A migration that was interrupted leaves the schema dirty, and Langfuse refuses every further one ("Dirty database version N. Fix
    and force version."). This module does what C(migrate force) of golang-migrate does, with a look at what is in the database.
  - A migration that can run again is set back to the number before it. One that cannot is refused, with what was found of it, unless
    O(migration_applied) says which state is true; what is found must not contradict it.
  - It adds one row to the table C(schema_migrations) and changes no other. Run Langfuse's migration afterwards.
  - A schema that is not dirty is left as it is.
options:
  migration_applied:
    description:
      - Whether the migration that did not end took effect, from looking at the database.
      - V(true) takes it as done, V(false) lets it run again.
      - Needed for migrations that stop at what their first run has left (they create without C(IF NOT EXISTS)).
    type: bool
  task_output:
    description:
      - Lines that clickhouse-client has printed for RV(llmops.langfuse.clickhouse_schema_info#module:query), where the controller
        does not reach ClickHouse. Nothing is contacted.
      - Then RV(statement) is to be run by a one-off task inside the VPC, and RV(repaired) stays V(false).
    type: list
    elements: str
extends_documentation_fragment:
  - llmops.langfuse.clickhouse
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - The statement writes only while the migration that was found is the newest and dirty, so it can run twice.
seealso:
  - module: llmops.langfuse.clickhouse_schema_info
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: See what would be written (run with --check --diff)
  llmops.langfuse.clickhouse_schema_repair:
    url: http://clickhouse.internal:8123
    user: langfuse
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf

- name: Take migration 8 as not applied, after its columns were looked for
  llmops.langfuse.clickhouse_schema_repair:
    url: http://clickhouse.internal:8123
    user: langfuse
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    migration_applied: false

# From outside the VPC: `answers` is the output of the one-off task of clickhouse_schema_info's examples; the same task runs
# the statement.
- name: Ask for the statement
  llmops.langfuse.clickhouse_schema_repair:
    task_output: "{{ answers.containers[0].log }}"
  register: repair

- name: Run it inside the VPC
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
          command: [--host, clickhouse.internal, --user, langfuse, --query, "{{ repair.statement }}"]
  when: repair.statement | length > 0
"""

RETURN = r"""
dirty:
  description: Whether the schema was dirty.
  returned: success
  type: bool
  sample: true
migration:
  description: Number of the migration that did not end; V(0) where the schema was not dirty.
  returned: success
  type: int
  sample: 33
migration_name:
  description: Its name in Langfuse's sources; empty where it is not known.
  returned: success
  type: str
  sample: add_tool_call_columns
effect:
  description:
    - How much of it was found in the database, V(all), V(partly), V(none), or V(not_visible) where it changes indexes only; empty where
      the schema was not dirty.
  returned: success
  type: str
  sample: partly
version:
  description: The state of the migrations that the repair leaves, or would; V(-1) is golang-migrate's number for none.
  returned: success
  type: int
  sample: 32
statement:
  description: The statement that repairs; empty where nothing is to be repaired. It writes only while the schema is as it was found.
  returned: success
  type: str
  sample: INSERT INTO `default`.schema_migrations (version, dirty, sequence) SELECT 32, 0, ...
repaired:
  description: Whether this run has written it.
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import answers as readings
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import connection, migrations, repair, schema
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **connection.CONNECTION_OPTIONS,
    "migration_applied": {"type": "bool"},
    "task_output": {"type": "list", "elements": "str"},
}


def state(version: int, dirty: bool) -> dict[str, Any]:
    return {"version": version, "dirty": dirty}


def read(module: LangfuseModule, server: connection.Connection | None) -> readings.Answers:
    """The answers; fails the module where they do not suffice."""
    database = module.params["database"]
    answers = connection.read(server, database) if server else readings.parse(module.params["task_output"])
    if unreadable := schema.unreadable(answers, database):
        module.fail_json(msg=unreadable.reasons[0]["message"], verdict=unreadable.verdict)
    return answers


def write(module: LangfuseModule, server: connection.Connection, plan: repair.Plan) -> None:
    """Writes the row, and sees that it is there."""
    try:
        server.ask(plan.statement)
    except connection.ClickHouseError as error:
        module.fail_json(
            msg=f"The repair was not written: {error}; see that the user may INSERT into schema_migrations, and repeat."
        )
    after = read(module, server)
    # golang-migrate's number for no migration is none here
    if after.dirty or (after.version or migrations.NO_VERSION) != plan.target:
        module.fail_json(
            msg=f"The schema changed while it was repaired: it is at migration {after.version or 0}"
            f"{', dirty' if after.dirty else ''}; see that no migration is running, and repeat."
        )


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("url", "task_output"), ("password", "secret_arn")],
        required_one_of=[("url", "task_output")],
        supports_check_mode=True,
    )
    params = module.params
    server = connection.Connection.of(module) if params["task_output"] is None else None
    answers = read(module, server)
    try:
        plan = repair.plan(answers, params["database"], params["migration_applied"])
    except repair.Refused as refused:
        module.fail_json(msg=str(refused), migration=answers.version or 0)
    if plan is None:
        found = state(answers.version or 0, False)
        module.exit_json(
            changed=False,
            dirty=False,
            migration=0,
            migration_name="",
            effect="",
            version=found["version"],
            statement="",
            repaired=False,
        )
    writes = server is not None and not module.check_mode
    if server is not None and writes:
        write(module, server, plan)
    module.exit_json(
        changed=server is not None,
        dirty=True,
        migration=plan.number,
        migration_name=migrations.name(plan.number),
        effect=migrations.effect(plan.number, answers.objects or {}),
        version=plan.target,
        statement=plan.statement,
        repaired=writes,
        diff={"before": state(plan.number, True), "after": {**state(plan.target, False), "statement": plan.statement}},
    )


if __name__ == "__main__":
    main()
