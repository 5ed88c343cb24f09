# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Langfuse's background migrations on a real PostgreSQL server, through the RDS Data API and directly."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
import requests
from local_aws import version_2
from local_aws.container import migrations as entry_point
from module_runner import ModuleFailed, run_module

REGION = "eu-central-1"
KEYS = {"access_key": "local-aws-access-key-id", "secret_key": "local-aws-secret-access-key"}
PASSWORD = "a-password-of-the-database-0123456789"
GATE = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"
TRACES = "20241024_1730_migrate_traces_from_pg_to_ch"


@dataclass
class Ground:
    """A cluster of the local AWS, its secret, and how modules reach both."""

    endpoint: str
    ca_file: str
    cluster: dict[str, Any]
    secret: str

    def client(self, service: str) -> Any:
        return client(self.endpoint, service)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.cluster["Endpoint"],
            port=self.cluster["Port"],
            user="langfuse",
            password=PASSWORD,
            dbname="langfuse",
            sslmode="require",
            autocommit=True,
        )

    def execute(self, statement: str, **given: Any) -> list[tuple[Any, ...]]:
        with self.connection as connection:
            cursor = connection.execute(statement, given)
            return cursor.fetchall() if cursor.description else []

    @property
    def data_api(self) -> dict[str, Any]:
        return {
            "region": REGION,
            "endpoint_url": self.endpoint,
            **KEYS,
            "cluster_arn": self.cluster["DBClusterArn"],
            "secret_arn": self.secret,
        }

    @property
    def direct(self) -> dict[str, Any]:
        return {
            "host": "localhost",
            "port": self.cluster["Port"],
            "password": PASSWORD,
            "ssl_mode": "verify-full",
            "ca_path": self.ca_file,
        }

    def secret_of(self, document: dict[str, str]) -> str:
        name = f"db-{uuid.uuid4().hex[:10]}"
        return str(self.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(document))["ARN"])

    def info(self, way: dict[str, Any] | None = None, version: str = "3.225.4", **options: Any) -> dict[str, Any]:
        return run_module(
            "langfuse_background_migrations_info", {**(way or self.data_api), "langfuse_version": version, **options}
        )

    def retry(self, *names: str, way: dict[str, Any] | None = None, check: bool = False) -> dict[str, Any]:
        given = {**(way or self.data_api), "names": list(names)}
        return run_module("langfuse_background_migration_retry", given, check=check)


def client(endpoint: str, service: str) -> Any:
    connect: Any = boto3.client
    return connect(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )


@pytest.fixture(scope="module")
def ground(local_aws: dict[str, str]) -> Iterator[Ground]:
    endpoint = f"http://127.0.0.1:{local_aws['LOCAL_AWS_PORT']}"
    state = json.loads((Path(local_aws["LOCAL_AWS_STATE"]) / "state.json").read_text())
    ec2, rds, name = client(endpoint, "ec2"), client(endpoint, "rds"), f"db-{uuid.uuid4().hex[:10]}"
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
    rds.create_db_cluster(
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        EngineVersion="16",
        MasterUsername="langfuse",
        MasterUserPassword=PASSWORD,
        DatabaseName="langfuse",
        DBSubnetGroupName=name,
        EnableHttpEndpoint=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    deadline = time.monotonic() + 60
    while True:
        cluster = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        instance = rds.describe_db_instances(DBInstanceIdentifier=f"{name}-1")["DBInstances"][0]
        if cluster["Status"] == instance["DBInstanceStatus"] == "available":
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    made = Ground(endpoint, state["ca_file"], cluster, "")
    # As the application's secret may be: other keys beside the two that the Data API takes.
    made.secret = made.secret_of({"username": "langfuse", "password": PASSWORD, "SALT": "x"})
    yield made
    rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


@pytest.fixture
def table(ground: Ground) -> Iterator[Ground]:
    """Langfuse's rows as the migration of 3.225.4 leaves them."""
    ground.execute(entry_point.POSTGRES_MIGRATIONS["00000000000002_double_background_migrations"])
    with ground.connection as connection:
        entry_point.background_rows(connection, (3, 225, 4))
    yield ground
    ground.execute("DROP TABLE background_migrations")


WAYS = [
    pytest.param(lambda ground: ground.data_api, id="data-api"),
    pytest.param(lambda ground: ground.direct, id="direct"),
]
Way = Callable[[Ground], dict[str, Any]]


def finish(ground: Ground, *but: str) -> None:
    """All but the gated rows and those named have finished."""
    ground.execute(
        "UPDATE background_migrations SET finished_at = '2026-08-21 10:15:00.123' WHERE args->>'envGate' IS NULL"
        " AND name <> ALL(%(but)s)",
        but=list(but),
    )


def outcome(found: dict[str, Any]) -> tuple[str, list[str]]:
    return found["verdict"], [reason["code"] for reason in found["reasons"]]


@pytest.mark.parametrize("way", WAYS)
def test_rows_behind_a_shut_gate_do_not_count(table: Ground, way: Way) -> None:
    finish(table)
    found = table.info(way(table))
    assert (found["finished"], outcome(found)) == (True, ("finished", []))
    statuses = {row["name"]: (row["status"], row["progress"], row["finished_at"]) for row in found["migrations"]}
    assert statuses[TRACES] == ("finished", 100, "2026-08-21 10:15:00.123")
    gated = [row for row in found["migrations"] if row["gate"]]
    assert len(gated) == 5
    assert {(row["status"], row["gate_on"], row["progress"]) for row in gated} == {("dormant", False, None)}
    # Open by default from version 4 on, and where the worker's environment says so.
    for options in ({"version": "4.16.0"}, {"environment": {GATE: True}}):
        assert outcome(table.info(way(table), **options)) == ("stalled", ["stalled"] * 4)


@pytest.mark.parametrize("way", WAYS)
def test_running_waiting_stalled_failed(table: Ground, way: Way) -> None:
    observations = "20241024_1737_migrate_observations_from_pg_to_ch"
    finish(table, TRACES, observations)
    assert outcome(table.info(way(table))) == ("stalled", ["stalled", "stalled"])
    shut = {"LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS": False}
    assert outcome(table.info(way(table), environment=shut)) == ("stalled", ["disabled", "disabled"])
    state = {
        "phase": "backfill",
        "todos": [{"id": str(number), "status": "completed" if number < 42 else "pending"} for number in range(100)],
    }
    lock = "UPDATE background_migrations SET locked_at = now() AT TIME ZONE 'UTC' - %(age)s::interval, worker_id = 'w'"
    table.execute(f"{lock}, state = %(state)s WHERE name = %(name)s", age="20 s", state=json.dumps(state), name=TRACES)
    found = table.info(way(table), wait=True, wait_timeout=0)
    assert outcome(found) == ("running", ["running", "waiting"])
    row = next(each for each in found["migrations"] if each["name"] == TRACES)
    assert (row["status"], row["progress"], row["chunks"], row["state"]) == ("running", 42, 100, {"phase": "backfill"})
    assert "(42 %)" in found["reasons"][0]["message"]
    # A worker that was killed renews no lock.
    table.execute(f"{lock} WHERE name = %(name)s", age="90 s", name=TRACES)
    assert outcome(table.info(way(table))) == ("stalled", ["stalled", "stalled"])
    table.execute(
        "UPDATE background_migrations SET failed_at = now(), failed_reason = 'Table traces does not exist' WHERE name = %(name)s",
        name=TRACES,
    )
    found = table.info(way(table), wait=True)
    assert outcome(found) == ("failed", ["failed", "stalled"])
    assert "failed (Table traces does not exist)" in found["reasons"][0]["message"]


def test_a_gated_row_that_was_begun_counts(table: Ground) -> None:
    finish(table)
    table.execute("UPDATE background_migrations SET worker_id = 'w' WHERE name LIKE '%%_step_1_%%'")
    assert outcome(table.info()) == ("stalled", ["gate_off"])


@pytest.mark.parametrize("way", WAYS)
def test_retry_is_explicit_and_touches_what_failed(table: Ground, way: Way) -> None:
    finish(table, TRACES)
    table.execute(
        "UPDATE background_migrations SET failed_at = now(), failed_reason = 'broken', state = '{\"a\": 1}' WHERE name = %(name)s",
        name=TRACES,
    )
    other = "20241024_1738_migrate_scores_from_pg_to_ch"
    row = "SELECT failed_at, failed_reason, state FROM background_migrations WHERE name = %(name)s"
    predicted = table.retry(TRACES, other, way=way(table), check=True)
    assert (predicted["changed"], predicted["retried"]) == (True, [TRACES])
    assert predicted["diff"]["before"] == {TRACES: {"status": "failed", "reason": "broken"}}
    assert table.execute(row, name=TRACES)[0][1] == "broken"
    assert table.retry(TRACES, other, way=way(table)) == predicted
    assert table.execute(row, name=TRACES) == [(None, None, {})]
    statuses = {each["name"]: each["status"] for each in table.info(way(table))["migrations"]}
    assert (statuses[TRACES], statuses[other]) == ("waiting", "finished"), "what is finished stays so"
    again = table.retry(TRACES, way=way(table))
    assert (again["changed"], again["retried"], again["restart_worker"]) == (False, [], False)
    with pytest.raises(ModuleFailed, match="there is no background migration nothing; known are 2024"):
        table.retry("nothing", way=way(table))


@pytest.mark.parametrize("way", WAYS)
def test_before_postgres_is_migrated(ground: Ground, way: Way) -> None:
    found = ground.info(way(ground))
    assert (outcome(found), found["migrations"]) == (("absent", ["absent"]), [])


def test_a_paused_cluster_is_waited_for(table: Ground) -> None:
    finish(table)
    faults = f"{table.endpoint}/_local/faults"
    fault = {
        "service": "rds-data",
        "operation": "ExecuteStatement",
        "error": "DatabaseResumingException",
        "message": "The Aurora DB instance db-X is resuming after being auto-paused. Please wait a few seconds and try again.",
    }
    requests.post(faults, json={**fault, "count": 1}, timeout=5)
    try:
        assert table.info()["finished"] is True
        requests.delete(faults, timeout=5)
        requests.post(faults, json=fault, timeout=5)
        with pytest.raises(ModuleFailed, match=r"is resuming .*set a longer timeout"):
            table.info(timeout=1)
    finally:
        requests.delete(faults, timeout=5)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"cluster_arn": "arn:aws:rds:eu-central-1:123456789012:cluster:other"},
            r"enable it with `aws rds enable-http-endpoint`",
        ),
        ({"secret": {"DATABASE_PASSWORD": PASSWORD}}, "a secret with the keys username and password"),
        ({"secret": {"username": "langfuse", "password": "a-wrong-password-0123456789"}}, "are the database's"),
        ({"database": "other"}, 'database "other" does not exist'),
        ({"endpoint_url": "http://127.0.0.1:9"}, "cannot be asked"),
    ],
)
def test_errors_of_the_data_api_say_what_to_do(ground: Ground, change: dict[str, Any], text: str) -> None:
    given = {**ground.data_api, **{name: value for name, value in change.items() if name != "secret"}}
    if "secret" in change:
        given["secret_arn"] = ground.secret_of(change["secret"])
    with pytest.raises(ModuleFailed, match=re.escape(text)) as failed:
        ground.info(given)
    assert "password-0123456789" not in str(failed.value.result)


def test_errors_of_the_direct_way_say_what_to_do(ground: Ground) -> None:
    with pytest.raises(ModuleFailed, match=r"password authentication failed.*check host, user, password"):
        ground.info({**ground.direct, "password": "a-wrong-password-0123456789"})
    with pytest.raises(ModuleFailed, match="cannot be asked"):
        ground.info({**ground.direct, "port": 9, "timeout": 2})


def test_without_psycopg_the_direct_way_says_so(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ModuleFailed, match=r"psycopg.*cluster_arn works without it"):
        ground.info(ground.direct)


# -- a database of version 2 ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def version_2_database(ground: Ground) -> Iterator[str]:
    """Beside the one of the other tests, in the same server."""
    ground.execute("CREATE DATABASE version_2")
    with psycopg.connect(
        ground.connection.info.dsn, password=PASSWORD, dbname="version_2", autocommit=True
    ) as connection:
        project = version_2.make(connection, "a-salt")
        version_2.ingest(connection, project.id, 4)
    yield "version_2"
    ground.execute("DROP DATABASE version_2 WITH (FORCE)")


def judged(ground: Ground, way: Way, database: str, **options: Any) -> dict[str, Any]:
    given = {"langfuse_version": "3.29.0", "secrets": ["SALT", "ENCRYPTION_KEY"], **options}
    return run_module("langfuse_v2_database_info", {**way(ground), "database": database, **given})


@pytest.mark.parametrize("way", WAYS)
def test_a_database_of_version_2_is_known(ground: Ground, version_2_database: str, way: Way) -> None:
    found = judged(ground, way, version_2_database, count_rows=True)
    assert (found["ready"], found["reasons"], found["migrated"]) == (True, [], False)
    assert (found["finished"], found["verdict"]) == (False, "stalled")
    assert found["progress"][1] == f"{TRACES}: waiting"
    assert set(found["rows"]) == {"traces", "observations", "scores"}
    assert found["clickhouse_query"].count("SELECT 'moved'") == 3
    assert "NEXTAUTH_SECRET is not in secrets_adopt" in json.dumps(found["warnings"])
    refused = judged(ground, way, version_2_database, secrets=[], langfuse_version="4.16.0")
    assert [reason["code"] for reason in refused["reasons"]] == ["version", "salt", "encryption_key"]


@pytest.mark.parametrize("way", WAYS)
def test_another_database_is_refused(ground: Ground, way: Way) -> None:
    found = judged(ground, way, "langfuse")
    assert [reason["code"] for reason in found["reasons"]] == ["not_langfuse"]


def test_what_psql_printed_is_judged_the_same(ground: Ground, version_2_database: str) -> None:
    statements = run_module("langfuse_v2_database_info", {"langfuse_version": "3.29.0", "queries_only": True})[
        "statements"
    ]
    given = {
        **{"PGHOST": "localhost", "PGPORT": str(ground.cluster["Port"]), "PGUSER": "langfuse", "PGPASSWORD": PASSWORD},
        **{"PGDATABASE": version_2_database, "PGSSLMODE": "require", "PATH": os.defpath},
    }
    commands = [word for statement in statements for word in ("--command", statement)]
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            str(Path(version_2.__file__).with_name("container") / "psql.py"),
            "--tuples-only",
            "--no-align",
            *commands,
        ],
        env=given,
        capture_output=True,
        text=True,
        check=True,
    )
    options = {"langfuse_version": "3.29.0", "secrets": ["SALT", "ENCRYPTION_KEY", "NEXTAUTH_SECRET"]}
    printed = run_module("langfuse_v2_database_info", {**options, "task_output": done.stdout.splitlines()})
    direct = judged(ground, lambda each: each.direct, version_2_database, **options)
    assert (printed["ready"], printed["reasons"]) == (True, [])
    assert {**printed, "invocation": 0} == {**direct, "invocation": 0}


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(ModuleFailed, match="'latest' is not an exact version"):
        run_module("langfuse_v2_database_info", {"langfuse_version": "latest", "queries_only": True})
