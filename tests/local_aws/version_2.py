# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of a Langfuse 2: the PostgreSQL database that it leaves, with data. It serves nothing.

The tables are those of the doubles' version 3 (container/migrations.py) as far as version 2 has them, and its two views; the rows of
`_prisma_migrations` have the names of Langfuse's own, and so do the rows of `background_migrations`, which v2.87.0 brought.
"""

from __future__ import annotations

import datetime
import json
import uuid
from dataclasses import dataclass
from typing import Any

from local_aws.container import keys, migrations, settings

NEWEST = "2.95.12"
# The first release with each of the last migrations.
SINCE = {
    "20241106122605_add_media_tables": (2, 90, 0),
    "20241114175010_job_executions_add_observation_dataset_item_cols": (2, 91, 0),
    "20241125124029_add_chatgpt_4o_prices": (2, 93, 0),
}
IDENTITY = """
    CREATE TABLE organizations (id text PRIMARY KEY, name text NOT NULL, cloud_config jsonb,
        created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now());
    CREATE TABLE projects (id text PRIMARY KEY, org_id text NOT NULL REFERENCES organizations ON DELETE CASCADE, name text NOT NULL,
        created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL DEFAULT now());
    CREATE TABLE api_keys (id text PRIMARY KEY, project_id text NOT NULL REFERENCES projects ON DELETE CASCADE, note text,
        public_key text NOT NULL UNIQUE, hashed_secret_key text NOT NULL UNIQUE, fast_hashed_secret_key text UNIQUE,
        display_secret_key text NOT NULL, last_used_at timestamp(3), expires_at timestamp(3),
        created_at timestamp(3) NOT NULL DEFAULT now());
    CREATE TABLE llm_api_keys (id text PRIMARY KEY, project_id text NOT NULL REFERENCES projects ON DELETE CASCADE,
        provider text NOT NULL, secret_key text NOT NULL);
    CREATE TABLE posthog_integrations (project_id text PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
        encrypted_posthog_api_key text NOT NULL);
"""
VIEWS = """
    CREATE VIEW traces_view AS SELECT t.* FROM traces t;
    CREATE VIEW observations_view AS SELECT o.* FROM observations o;
"""


@dataclass(frozen=True)
class Project:
    """The project of a made database and its pair of keys."""

    id: str
    public_key: str
    secret_key: str


def make(connection: Any, salt: str, version: str = NEWEST) -> Project:
    """Makes an empty database one of Langfuse 2, with an organization, a project, its keys and an LLM connection."""
    numbers = settings.parse_version(version)
    connection.execute(IDENTITY)
    for name in ("00000000000002_double_background_migrations", "00000000000004_double_tables_of_version_2"):
        connection.execute(migrations.POSTGRES_MIGRATIONS[name])
    connection.execute(VIEWS)
    connection.execute(migrations.BOOK_KEEPING)
    names = [name for name in settings.data("version_2_migrations")["names"] if SINCE.get(name, numbers) <= numbers]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)"
            " VALUES (%s, '-', %s, now(), 1)",
            [(str(uuid.uuid4()), name) for name in names],
        )
    migrations.background_rows(connection, numbers)
    project = Project("project-of-version-2", f"pk-lf-{uuid.uuid4()}", f"sk-lf-{uuid.uuid4()}")
    hashed = keys.hash_secret(project.secret_key, salt)
    connection.execute("INSERT INTO organizations (id, name) VALUES ('organization-of-version-2', 'Version 2')")
    connection.execute(
        "INSERT INTO projects (id, org_id, name) VALUES (%s, 'organization-of-version-2', 'Project')", (project.id,)
    )
    connection.execute(
        "INSERT INTO api_keys (id, project_id, public_key, hashed_secret_key, fast_hashed_secret_key, display_secret_key)"
        " VALUES ('key', %s, %s, %s, %s, 'sk-lf-...')",
        (project.id, project.public_key, f"bcrypt-in-langfuse:{hashed}", hashed),
    )
    connection.execute("INSERT INTO llm_api_keys VALUES ('llm', %s, 'openai', 'iv:text:tag')", (project.id,))
    return project


def ingest(connection: Any, project: str, count: int = 3, newest: datetime.datetime | None = None) -> list[str]:
    """What version 2 does with `count` traces, each with an observation and a score, a day apart; their ids, the newest first."""
    newest = newest or datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - datetime.timedelta(days=1)
    moments = [newest - datetime.timedelta(days=number) for number in range(count)]
    ids = [uuid.uuid4().hex for _moment in moments]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO traces (id, project_id, timestamp, name, metadata, input, output, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'of version 2', %s, %s, %s, %s, %s)",
            [
                (each, project, at, json.dumps({"by": "v2"}), json.dumps({"ask": 1}), json.dumps("answer"), at, at)
                for each, at in zip(ids, moments, strict=True)
            ],
        )
        cursor.executemany(
            "INSERT INTO observations (id, trace_id, project_id, type, start_time, name, model, prompt_tokens, completion_tokens,"
            " total_tokens, total_cost, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'GENERATION', %s, 'call', 'gpt-4o', 3, 4, 7, 0.25, %s, %s)",
            [(f"o-{each}", each, project, at, at, at) for each, at in zip(ids, moments, strict=True)],
        )
        cursor.executemany(
            "INSERT INTO scores (id, project_id, trace_id, timestamp, name, value, source, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, 'good', 1, 'API', %s, %s)",
            [(f"s-{each}", project, each, at, at, at) for each, at in zip(ids, moments, strict=True)],
        )
    return ids
