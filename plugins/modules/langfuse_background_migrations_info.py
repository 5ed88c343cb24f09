#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_background_migrations_info
version_added: 0.1.0
short_description: Tell how far Langfuse's background migrations are
description:
  - Workers move data in the background after an upgrade. This module reads the rows of Langfuse's table C(background_migrations),
    which no public API shows, and says whether they are finished, and otherwise what to do.
  - Rows that wait for a variable of the worker which is not set (C(args.envGate)) are dormant and do not count. Langfuse 3 has such rows
    for version 4 since July 2026.
  - Migrations that are not finished are an answer and no failure. Nothing is changed;
    M(llmops.langfuse.langfuse_background_migration_retry) lets a failed one run again.
options:
  langfuse_version:
    description: Langfuse's exact version; it decides which gates are open by default.
    type: str
    required: true
  environment:
    description:
      - The worker's environment variables, as far as they differ from Langfuse's defaults. Only C(LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS)
        and C(LANGFUSE_BACKGROUND_MIGRATION_*) are looked at, so the whole environment can be given.
    type: dict
    default: {}
  wait:
    description:
      - Whether to wait until all are finished. A migration that failed ends it, as no waiting mends that.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait; the last verdict is returned when they are over.
    type: int
    default: 3600
extends_documentation_fragment:
  - llmops.langfuse.database
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_background_migration_retry
  - name: Background migrations
    description: Langfuse's documentation.
    link: https://langfuse.com/self-hosting/upgrade/background-migrations
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Look through the RDS Data API, from anywhere
  llmops.langfuse.langfuse_background_migrations_info:
    langfuse_version: 3.225.4
    cluster_arn: arn:aws:rds:eu-central-1:123456789012:cluster:langfuse-staging
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
  register: background

- name: Upgrade only when nothing moves data
  ansible.builtin.assert:
    that: background.finished
    fail_msg: "{{ background.reasons | map(attribute='message') | join(' ') }}"

- name: Wait for the backfill of version 4, from inside the VPC
  llmops.langfuse.langfuse_background_migrations_info:
    langfuse_version: 4.16.0
    host: langfuse-staging.cluster-abcdefghijkl.eu-central-1.rds.amazonaws.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    environment:
      LANGFUSE_BACKGROUND_MIGRATION_V4_DROP_PID_TID_SORTING_TABLES: "true"
    wait: true
    wait_timeout: 86400
"""

RETURN = r"""
finished:
  description: Whether every migration that is not dormant has finished.
  returned: success
  type: bool
  sample: true
verdict:
  description:
    - V(finished); V(running); V(stalled) (some should run, and no worker runs any); V(failed); V(absent) (the table is not there, as
      Postgres is not migrated).
  returned: success
  type: str
  sample: running
reasons:
  description: Everything that stands against V(finished).
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: V(failed), V(running), V(waiting), V(stalled), V(disabled), V(gate_off) or V(absent).
      type: str
      sample: failed
    name:
      description: The migration.
      type: str
      sample: 20241024_1730_migrate_traces_from_pg_to_ch
    message:
      description: What is the matter and what to do, as one sentence.
      type: str
      sample: Background migration 20241024_1730_migrate_traces_from_pg_to_ch is running; wait.
migrations:
  description: All rows, in the order in which workers take them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the migration.
      type: str
      sample: 20260701_v4_step_3_backfill_events_full_from_observations
    status:
      description: V(finished), V(running), V(waiting), V(failed) or V(dormant).
      type: str
      sample: running
    gate:
      description: The variable of the worker that has to be V(true) before it runs; empty where there is none.
      type: str
      sample: LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL
    gate_on:
      description: Whether it is, or there is none.
      type: bool
      sample: true
    progress:
      description: Percent of its chunks that are done; none where it does not work in chunks.
      type: int
      sample: 42
    chunks:
      description: How many chunks it has; V(0) where it does not work in chunks.
      type: int
      sample: 120
    chunks_completed:
      description: How many are done.
      type: int
      sample: 51
    chunks_failed:
      description: How many failed.
      type: int
      sample: 0
    state:
      description: What it keeps to go on from, without its chunks.
      type: dict
      sample: {maxDate: '2024-10-01T00:00:00.000Z'}
    finished_at:
      description: When it finished, in UTC; empty before.
      type: str
      sample: '2026-08-21 10:15:00.123'
    failed_at:
      description: When it failed, in UTC; empty where it did not.
      type: str
      sample: ''
    failed_reason:
      description: Why it failed.
      type: str
      sample: ''
"""

import time
from dataclasses import asdict
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import background_migrations, database, versions
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

PAUSE = 10.0
MISSING = "There is no table background_migrations; run the migration of the web image."

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **database.CONNECTION_OPTIONS,
    "langfuse_version": {"type": "str", "required": True},
    "environment": {"type": "dict", "default": {}},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 3600},
}


def look(
    connection: database.Database, release: versions.Version, environment: dict[str, str]
) -> tuple[list[background_migrations.Migration], str, list[dict[str, Any]]]:
    """The migrations, the verdict and its reasons."""
    try:
        rows = connection.run(background_migrations.READ)
    except database.DatabaseError as error:
        if not error.undefined_table:
            raise
        absent = background_migrations.ABSENT
        return [], absent, [{"code": absent, "message": MISSING, "name": ""}]
    found = background_migrations.migrations(rows, release, environment)
    return (found, *background_migrations.judge(found, environment))


def main() -> None:
    module = LangfuseModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **database.RULES)
    params = module.params
    release, findings = versions.judge("langfuse_version", params["langfuse_version"])
    if release is None:
        module.fail_json(msg=f"langfuse_version: {findings[0].problem}; {findings[0].fix}.")
    # YAML's true is Langfuse's "true"
    environment = {name: str(value).lower() for name, value in params["environment"].items()}
    connection = database.connect(module)
    deadline = time.monotonic() + (params["wait_timeout"] if params["wait"] else 0)
    ended = (background_migrations.FINISHED, background_migrations.FAILED)
    try:
        while True:
            found, verdict, reasons = look(connection, release, environment)
            left = deadline - time.monotonic()
            if verdict in ended or left <= 0:
                break
            time.sleep(min(PAUSE, left))
    except database.DatabaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        finished=verdict == background_migrations.FINISHED,
        verdict=verdict,
        reasons=reasons,
        migrations=[{**asdict(migration), "progress": migration.progress} for migration in found],
    )


if __name__ == "__main__":
    main()
