# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Langfuse 2 to Langfuse 3, the whole way, with a database of version 2 that somebody else runs. Each test goes on from the last."""

from __future__ import annotations

import base64
import datetime
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import local_aws_at
from local_aws import version_2
from playbook_runs import Run, aws_client, play_in

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("migrate_v2")
PASSWORD = "a-password-of-version-2-0123456789"
TIME_SCALE = 0.002
BESIDE, NEWEST = "3.29.0", "3.225.4"
# What the second phase changes; the rest has been converged, and is no part of it.
PHASE_2 = ("--limit", "migration,worker,verify")
HELD = {
    "SALT": "a-salt-of-version-2-0123456789abcdef",
    "NEXTAUTH_SECRET": "a-secret-of-version-2-0123456789abcdef",
    "ENCRYPTION_KEY": "0123456789abcdef" * 4,
}


@dataclass
class Estate:
    """A Langfuse 2 with its PostgreSQL, and the environment that takes over from it."""

    local: dict[str, str]
    database: dict[str, Any]
    project: version_2.Project
    old: list[str]
    variables: dict[str, Any] = field(default_factory=dict)

    def play(self, playbook: str = "migrate_v2", *options: str, **changes: Any) -> Run:
        given = json.dumps(self.variables | changes)
        common = ("-i", "inventories/local", f"playbooks/{playbook}.yml", "-e", given)
        return play_in(REPOSITORY, self.local, *common, *(options or ("--limit", "langfuse:!monitoring:!backup")))

    def connect(self) -> psycopg.Connection[Any]:
        place = {"host": self.database["Endpoint"], "port": self.database["Port"], "dbname": "langfuse"}
        return psycopg.connect(**place, user="langfuse", password=PASSWORD, sslmode="require", autocommit=True)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def trace(self, name: str) -> int:
        """The status with which the public API answers for a trace."""
        pair = base64.b64encode(f"{self.project.public_key}:{self.project.secret_key}".encode()).decode()
        url = f"http://127.0.0.1:{self.local['LOCAL_AWS_INGRESS_PORT']}/api/public/traces/{name}"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers={"Authorization": f"Basic {pair}"})
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def made_database(client: Any) -> dict[str, Any]:
    """What stands for an RDS of somebody else: a cluster that the environment does not own."""
    ec2, rds = client("ec2"), client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName="v2", DBSubnetGroupDescription="v2", SubnetIds=[subnet["SubnetId"] for subnet in subnets]
    )
    common = {"DBClusterIdentifier": "v2", "Engine": "aurora-postgresql"}
    rds.create_db_cluster(
        **common,
        EngineVersion="15",
        MasterUsername="langfuse",
        MasterUserPassword=PASSWORD,
        DatabaseName="langfuse",
        DBSubnetGroupName="v2",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
    )
    rds.create_db_instance(**common, DBInstanceIdentifier="v2-1", DBInstanceClass="db.serverless")
    deadline = time.monotonic() + 60
    while rds.describe_db_instances(DBInstanceIdentifier="v2-1")["DBInstances"][0]["DBInstanceStatus"] != "available":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return dict(rds.describe_db_clusters(DBClusterIdentifier="v2")["DBClusters"][0])


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with local_aws_at(tmp_path_factory.mktemp("migrate_v2"), TIME_SCALE) as local:
        client = partial(aws_client, local)
        database = made_database(client)
        estate = Estate(local, database, version_2.Project("", "", ""), [])
        with estate.connect() as connection:
            estate.project = version_2.make(connection, HELD["SALT"])
            estate.old = version_2.ingest(connection, estate.project.id, 4)
        held = HELD | {
            "DATABASE_PASSWORD": PASSWORD,
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": estate.project.public_key,
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": estate.project.secret_key,
        }
        arn = client("secretsmanager").create_secret(Name="langfuse-v2", SecretString=json.dumps(held))["ARN"]
        estate.variables = {
            "langfuse_version": BESIDE,
            "langfuse_v2_traffic": "v2",
            "database_mode": "external",
            "database_host": database["Endpoint"],
            "database_port": database["Port"],
            "secrets_adopt": {key: f"{arn}:{key}::" for key in held},
            "langfuse_init_org_id": "organization-of-version-2",
            "langfuse_init_project_id": estate.project.id,
            "migration_v2_pause": 1,
        }
        yield estate


def schema_of(estate: Estate) -> list[tuple[Any, ...]]:
    return estate.execute("SELECT migration_name FROM _prisma_migrations ORDER BY 1")


def test_it_is_said_who_has_the_traffic(estate: Estate) -> None:
    run = estate.play(langfuse_v2_traffic="")
    assert not run.ok
    assert run.says("set langfuse_v2_traffic in the inventory to v2 while Langfuse 2 still gets the traffic")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"langfuse_version": NEWEST}, "drops views that Langfuse 2 reads"),
        ({"langfuse_version": "4.16.0", "langfuse_v2_traffic": "moved"}, "goes through Langfuse 3"),
    ],
)
def test_a_release_that_would_lose_something_is_refused(estate: Estate, changes: dict[str, str], said: str) -> None:
    run = estate.play("preflight", **changes)
    assert not run.ok
    assert run.says(said)


def test_version_3_runs_beside_version_2_and_moves_nothing(estate: Estate) -> None:
    run = estate.play()
    assert run.ok, run.output[-6000:]
    assert run.says("written, processed and read back in"), "a new trace"
    assert [estate.trace(name) for name in estate.old] == [404] * len(estate.old)
    assert estate.execute("SELECT count(*) FROM traces_view") == [(len(estate.old),)], "what version 2 reads is there"
    assert estate.execute("SELECT count(*) FROM background_migrations WHERE worker_id IS NOT NULL") == [(0,)]
    for secret in HELD.values():
        assert secret not in run.output


def test_another_database_is_refused_before_the_migration_touches_it(estate: Estate) -> None:
    before = schema_of(estate)
    run = estate.play("site", "--limit", "migration", database_database_name="postgres")
    assert run.failed == {"migration"}, run.output[-6000:]
    assert run.says("so it is none of Langfuse 2"), run.output[-6000:]
    assert schema_of(estate) == before


def test_nothing_moves_while_version_2_still_writes(estate: Estate) -> None:
    with estate.connect() as connection:
        # A slow machine takes more than a minute to the look, so these rows are of what is then.
        then = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(minutes=10)
        estate.old += version_2.ingest(connection, estate.project.id, 1, then)
    run = estate.play("site", "--limit", "migration", langfuse_v2_traffic="moved")
    assert not run.ok
    assert run.says("so version 2 still writes; stop it")


def test_after_the_traffic_moved_all_of_version_2_is_readable(estate: Estate) -> None:
    # As if those seconds had gone by; and one migration fails at first.
    for table in ("traces", "observations", "scores"):
        estate.execute(
            f"UPDATE {table} SET created_at = created_at - interval '20 minutes' WHERE created_at > now() - interval '1 hour'"
        )
    estate.execute(
        "UPDATE background_migrations SET failed_at = now(), failed_reason = 'Timeout of ClickHouse'"
        " WHERE name = '20241024_1737_migrate_observations_from_pg_to_ch'"
    )
    run = estate.play("migrate_v2", *PHASE_2, langfuse_v2_traffic="moved")
    assert run.ok, run.output[-6000:]
    assert run.says("failed (Timeout of ClickHouse)")
    for table in ("traces", "observations", "scores"):
        assert run.says(f"{len(estate.old)} {table} ("), run.output[-6000:]
    assert [estate.trace(name) for name in estate.old] == [200] * len(estate.old)
    assert estate.execute("SELECT count(*) FROM background_migrations WHERE finished_at IS NULL") == [(0,)]


def test_after_the_move_it_changes_nothing(estate: Estate) -> None:
    run = estate.play("migrate_v2", *PHASE_2, langfuse_v2_traffic="moved")
    assert run.ok, run.output[-6000:]
    assert set(run.changed.values()) == {0}
    assert run.says("All that Langfuse 2 had is in ClickHouse")


def test_what_stayed_behind_is_named(estate: Estate) -> None:
    with estate.connect() as connection:
        late = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        (lost,) = version_2.ingest(connection, estate.project.id, 1, late)
    run = estate.play("migrate_v2", "--limit", "migration", langfuse_v2_traffic="moved")
    assert not run.ok
    assert run.says(f"ClickHouse lacks the newest {lost} of traces")
    for table, prefix in (("traces", ""), ("observations", "o-"), ("scores", "s-")):
        estate.execute(f"DELETE FROM {table} WHERE id = '{prefix}{lost}'")
