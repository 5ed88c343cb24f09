# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of Langfuse 2's database on its way through the doubles of version 3."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from local_aws import version_2
from local_aws.container import from_version_2
from local_aws.ports import free_port

from .container_stack import Container, Stack, request, wait_until

BESIDE, NEWEST = "3.29.0", "3.225.4"
TRACES = "20241024_1730_migrate_traces_from_pg_to_ch"


def connect(stack: Stack) -> psycopg.Connection[Any]:
    url = f"postgresql://langfuse:database-password@localhost:{stack.postgres_port}/langfuse?sslmode=require"
    return psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("version_2"))
    with made.clickhouse():
        yield made
    made.close()


@pytest.fixture(scope="module")
def project(stack: Stack) -> version_2.Project:
    with connect(stack) as connection:
        return version_2.make(connection, stack.settings["SALT"])


@pytest.fixture(scope="module")
def old(stack: Stack, project: version_2.Project) -> list[str]:
    with connect(stack) as connection:
        return version_2.ingest(connection, project.id, 5)


def rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    with connect(stack) as connection:
        return connection.execute(query).fetchall()


def migrate(stack: Stack, version: str) -> None:
    done = stack.run("langfuse.py", "web", version, "true", **stack.settings)
    assert done.returncode == 0, done.stderr


def served(stack: Stack, component: str, version: str, **changes: str) -> Any:
    port = {"web": 3000, "worker": 3030}[component]
    environment = stack.service_settings | changes
    return stack.start("langfuse.py", component, version, ports={port: free_port()}, **environment)


def trace(container: Container, project: version_2.Project, name: str) -> Any:
    keys = (project.public_key, project.secret_key)
    return request(f"{container.url}/api/public/traces/{name}", keys=keys)


def test_release_3_29_0_leaves_version_2_what_it_reads(stack: Stack, old: list[str]) -> None:
    migrate(stack, BESIDE)
    assert rows(stack, "SELECT count(*) FROM traces_view") == [(len(old),)]
    assert rows(stack, "SELECT count(*) FROM observations_view") == [(len(old),)]
    assert rows(stack, f"SELECT finished_at, failed_at FROM background_migrations WHERE name = '{TRACES}'") == [
        (None, None)
    ]


def test_nothing_moves_while_background_migrations_are_off(
    stack: Stack, project: version_2.Project, old: list[str]
) -> None:
    off = {"LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS": "false"}
    with served(stack, "web", BESIDE) as web, served(stack, "worker", BESIDE, **off) as worker:
        wait_until(lambda: request(f"{worker.url}/api/health").status == 200)
        wait_until(lambda: request(f"{web.url}/api/public/health").status == 200)
        new = version_2.uuid.uuid4().hex
        body = {"id": new, "name": "new"}
        event = {"id": "1", "type": "trace-create", "timestamp": "2026-11-26T10:00:00Z", "body": body}
        keys = (project.public_key, project.secret_key)
        assert request(f"{web.url}/api/public/ingestion", {"batch": [event]}, keys).status == 207
        wait_until(lambda: trace(web, project, new).status == 200)
        assert trace(web, project, old[0]).status == 404
    assert rows(stack, "SELECT count(*) FROM background_migrations WHERE worker_id IS NOT NULL") == [(0,)]


def test_what_version_2_kept_is_readable_after_it_moved(
    stack: Stack, project: version_2.Project, old: list[str]
) -> None:
    # A batch each, so that the state is kept between them.
    with connect(stack) as connection:
        connection.execute(
            """UPDATE background_migrations SET args = '{"batchSize": 2}' WHERE script LIKE 'migrate%'"""
        )
    with served(stack, "web", BESIDE) as web, served(stack, "worker", BESIDE) as worker:
        wait_until(
            lambda: rows(stack, "SELECT bool_and(finished_at IS NOT NULL) FROM background_migrations")[0][0],
            tell=lambda: worker.output,
        )
        for name in old:
            found = trace(web, project, name)
            assert found.status == 200, found.body
            assert found.json["input"] == '{"ask": 1}'
            assert found.json["metadata"] == {"by": "v2"}
            (observation,) = found.json["observations"]
            assert observation["totalCost"] == 0.25, "filled in by the migration before"
            assert [score["value"] for score in found.json["scores"]] == [1]
        assert worker.output.count("Inserted 2 traces") >= 2
    state = rows(stack, f"SELECT state->>'maxDate' FROM background_migrations WHERE name = '{TRACES}'")[0][0]
    oldest = rows(stack, "SELECT min(created_at) FROM traces")[0][0]
    assert datetime.datetime.fromisoformat(state.removesuffix("Z")) == oldest


def again(stack: Stack, state: dict[str, str] | None = None) -> None:
    with connect(stack) as connection:
        connection.execute(
            "UPDATE background_migrations SET finished_at = NULL, failed_at = NULL, state = %s WHERE name = %s",
            (json.dumps(state or {}), TRACES),
        )


def test_one_that_was_interrupted_goes_on_from_its_state(stack: Stack, old: list[str]) -> None:
    middle = rows(stack, f"SELECT created_at FROM traces WHERE id = '{old[2]}'")[0][0]
    again(stack, {"maxDate": middle.isoformat(timespec="milliseconds") + "Z"})
    for statement in ("RENAME TABLE traces TO kept", "CREATE TABLE traces AS kept"):
        done = stack.query(statement)
        assert done.status == 200, done.body
    with served(stack, "worker", BESIDE) as worker:
        wait_until(lambda: f"Finished background migration {TRACES}" in worker.output)
    assert stack.query("SELECT id FROM traces FINAL ORDER BY timestamp DESC").body.decode().split() == old[2:]


def test_without_its_table_it_fails_with_langfuses_words(stack: Stack) -> None:
    again(stack)
    stack.query("RENAME TABLE traces TO away")
    with served(stack, "worker", BESIDE):
        query = f"SELECT failed_reason FROM background_migrations WHERE name = '{TRACES}'"
        wait_until(lambda: rows(stack, query) == [("ClickHouse traces table does not exist",)])
    stack.query("RENAME TABLE away TO traces")
    again(stack)


def test_a_batch_of_one_moment_is_never_got_past(stack: Stack, project: version_2.Project, old: list[str]) -> None:
    """Langfuse issue 7117."""
    moment = datetime.datetime(2024, 5, 1)
    with connect(stack) as connection:
        extra = version_2.ingest(connection, project.id, 3, moment)
        connection.execute("UPDATE traces SET created_at = %s WHERE id = ANY(%s)", (moment, extra))
    again(stack)
    with served(stack, "worker", BESIDE) as worker:
        wait_until(lambda: worker.output.count("Oldest record in batch: 2024-05-01") > 5)
        assert f"Finished background migration {TRACES}" not in worker.output
    assert rows(stack, f"SELECT finished_at, locked_at FROM background_migrations WHERE name = '{TRACES}'") == [
        (None, None)
    ]


def test_newer_releases_take_away_what_older_ones_read(stack: Stack, project: version_2.Project) -> None:
    migrate(stack, NEWEST)
    assert rows(stack, "SELECT to_regclass('traces_view')") == [(None,)]
    assert rows(stack, "SELECT count(*) FROM traces")[0][0] > 0
    migrate(stack, "4.16.0")
    assert rows(stack, "SELECT to_regclass('traces')") == [(None,)]
    assert rows(stack, "SELECT count(*) FROM background_migrations WHERE name LIKE '20241024%'") == [(0,)]


@pytest.mark.parametrize(("version", "has"), [("2.95.12", True), ("2.92.0", True), ("2.90.0", False)])
def test_the_names_of_migrations_tell_the_release(tmp_path: Path, version: str, has: bool) -> None:
    class Cursor:
        names: list[str] = []

        def __enter__(self) -> Cursor:
            return self

        def __exit__(self, *exception: object) -> None:
            pass

        def executemany(self, _statement: str, given: list[tuple[str, str]]) -> None:
            self.names.extend(name for _row, name in given)

    class Connection:
        def execute(self, *_given: object) -> None:
            pass

        def cursor(self) -> Cursor:
            return Cursor()

    Cursor.names.clear()
    version_2.make(Connection(), "salt", version)
    assert ("20241114175010_job_executions_add_observation_dataset_item_cols" in Cursor.names) is has


def test_expressions_of_columns_are_not_torn() -> None:
    parts = from_version_2._split("a, (SELECT f(b, c)) AS d, e")
    assert [part.strip() for part in parts] == ["a", "(SELECT f(b, c)) AS d", "e"]


def test_psql_goes_on_after_an_error_and_tells_of_the_last(stack: Stack) -> None:
    given = {
        **{"PGHOST": "localhost", "PGPORT": str(stack.postgres_port), "PGUSER": "langfuse", "PGDATABASE": "langfuse"},
        **{"PGPASSWORD": "database-password", "PGSSLMODE": "require"},
    }
    options = ("--no-psqlrc", "--tuples-only", "--no-align")
    done = stack.run("psql.py", *options, "-c", "SELECT 1 FROM no_such_table", "-c", "SELECT 1, 'two'", **given)
    assert (done.returncode, done.stdout) == (0, "1|two\n")
    assert 'ERROR:  relation "no_such_table" does not exist' in done.stderr
    assert stack.run("psql.py", *options, "-c", "SELECT 1 FROM no_such_table", **given).returncode == 1
    refused = stack.run("psql.py", *options, "-c", "SELECT 1", **given | {"PGPASSWORD": "wrong"})
    assert (refused.returncode, "password authentication failed" in refused.stderr) == (2, True)
