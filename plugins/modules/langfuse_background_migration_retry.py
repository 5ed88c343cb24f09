#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_background_migration_retry
version_added: 0.1.0
short_description: Let background migrations of Langfuse that failed run again
description:
  - Does to the rows of Langfuse's table C(background_migrations) what the button of its UI does, takes back failure, reason and state,
    so that a worker begins the migration anew.
  - Only rows that failed are touched; a migration that is finished, running or waiting is left as it is.
  - Workers look for migrations when they start, so RV(restart_worker) says whether the worker has to be restarted.
options:
  names:
    description:
      - The migrations, by their names as M(llmops.langfuse.langfuse_background_migrations_info) shows them. Each must exist.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - llmops.langfuse.database
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: llmops.langfuse.langfuse_background_migrations_info
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Let a failed migration run again
  llmops.langfuse.langfuse_background_migration_retry:
    cluster_arn: arn:aws:rds:eu-central-1:123456789012:cluster:langfuse-staging
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/database-AbCdEf
    names:
      - 20241024_1737_migrate_observations_from_pg_to_ch
  register: retry

- name: Restart the worker, which then takes it
  llmops.langfuse.ecs_service:
    name: worker
    cluster: langfuse-staging
    task_definition: langfuse-staging-worker
    force_new_deployment: true
  when: retry.restart_worker
"""

RETURN = r"""
retried:
  description: The migrations that had failed and now wait for a worker, or would.
  returned: success
  type: list
  elements: str
  sample: [20241024_1737_migrate_observations_from_pg_to_ch]
restart_worker:
  description: Whether the worker has to be restarted for them.
  returned: success
  type: bool
  sample: true
"""

from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import background_migrations, database
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **database.CONNECTION_OPTIONS,
    "names": {"type": "list", "elements": "str", "required": True},
}


def failures(module: LangfuseModule, connection: database.Database) -> dict[str, str]:
    """The migrations asked for that failed, with the reason. Fails the module where one of them does not exist."""
    rows = {row["name"]: row for row in connection.run(background_migrations.READ)}
    names = module.params["names"]
    if unknown := [name for name in names if name not in rows]:
        known = ", ".join(sorted(rows)) or "none"
        module.fail_json(msg=f"names: there is no background migration {', '.join(unknown)}; known are {known}.")
    return {name: rows[name]["failed_reason"] or "" for name in sorted(set(names)) if rows[name]["failed_at"]}


def main() -> None:
    module = LangfuseModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **database.RULES)
    connection = database.connect(module)
    try:
        failed = failures(module, connection)
        if failed and not module.check_mode:
            rows = connection.run(background_migrations.RETRY, {"names": ",".join(failed)})
            # Somebody else can have been quicker.
            failed = {row["name"]: failed[row["name"]] for row in sorted(rows, key=lambda row: row["name"])}
    except database.DatabaseError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(failed),
        retried=list(failed),
        restart_worker=bool(failed),
        diff={
            "before": {name: {"status": background_migrations.FAILED, "reason": why} for name, why in failed.items()},
            "after": {name: {"status": background_migrations.WAITING} for name in failed},
        },
    )


if __name__ == "__main__":
    main()
