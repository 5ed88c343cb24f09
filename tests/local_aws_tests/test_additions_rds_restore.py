# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots and restores of Aurora clusters on the local AWS, and their new names: what is in them, and what RDS refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from .server_support import Server
from .test_additions_rds import PASSWORD, SCALING, connect, described, instance, ready

__all__ = ["ready"]
LATER = "second-password-0123456789abcdef"


def settled(server: Server, name: str) -> dict[str, Any]:
    server.wait(lambda: described(server, name)["Status"] == "available")
    return described(server, name)


def write(server: Server, cluster: dict[str, Any], number: int, password: str = PASSWORD) -> None:
    with connect(server, cluster, password) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (number int)")
        connection.execute("INSERT INTO written VALUES (%s)", [number])


def numbers(server: Server, cluster: dict[str, Any], password: str = PASSWORD) -> list[int]:
    with connect(server, cluster, password) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM written ORDER BY number")]


@pytest.fixture
def cluster(server: Server, ready: dict[str, Any]) -> dict[str, Any]:
    server.client("rds").create_db_cluster(
        **ready, BackupRetentionPeriod=5, CopyTagsToSnapshot=True, Tags=[{"Key": "made", "Value": "first"}]
    )
    return settled(server, ready["DBClusterIdentifier"])


def taken(server: Server, name: str) -> str:
    rds = server.client("rds")
    snapshot: str = f"{name}-taken"
    made = rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=snapshot)
    assert made["DBClusterSnapshot"]["Status"] == "creating"
    with server.refuses("InvalidDBClusterSnapshotStateFault"):
        rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=f"{name}-early", SnapshotIdentifier=snapshot, Engine="aurora-postgresql"
        )

    def status() -> str:
        found = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=snapshot)["DBClusterSnapshots"]
        state: str = found[0]["Status"]
        return state

    server.wait(lambda: status() == "available")
    return snapshot


def test_a_cluster_from_a_snapshot(server: Server, cluster: dict[str, Any]) -> None:
    rds, name = server.client("rds"), cluster["DBClusterIdentifier"]
    write(server, cluster, 1)
    snapshot = taken(server, name)
    write(server, cluster, 2)
    rds.modify_db_cluster(DBClusterIdentifier=name, MasterUserPassword=LATER, ApplyImmediately=True)
    settled(server, name)

    restored = f"{name}-restored"
    wanted = {
        "SnapshotIdentifier": snapshot,
        "Engine": "aurora-postgresql",
        "EngineVersion": "16",
        "DBSubnetGroupName": name,
    }
    with server.refuses("DBClusterAlreadyExistsFault"):
        rds.restore_db_cluster_from_snapshot(DBClusterIdentifier=name, **wanted)
    made = rds.restore_db_cluster_from_snapshot(DBClusterIdentifier=restored, **wanted)["DBCluster"]
    assert made["Status"] == "creating"
    another = {
        "DBInstanceIdentifier": f"{restored}-1",
        "DBClusterIdentifier": restored,
        "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.serverless",
    }
    with server.refuses("InvalidDBClusterStateFault"):
        rds.create_db_instance(**another)
    found = settled(server, restored)
    assert found["BackupRetentionPeriod"] == 5, "as the source's, where none is given"
    assert (found["MasterUsername"], found["DatabaseName"]) == ("langfuse", "langfuse")
    assert "ServerlessV2ScalingConfiguration" not in found
    assert not found["DBClusterMembers"]
    assert found["TagList"] == [{"Key": "made", "Value": "first"}]
    assert numbers(server, found) == [1], "the password is that of then, too"
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(server, found, LATER)
    with server.refuses("InvalidDBClusterStateFault", "scaling"):
        rds.create_db_instance(**another)
    rds.modify_db_cluster(DBClusterIdentifier=restored, ServerlessV2ScalingConfiguration=SCALING, ApplyImmediately=True)
    settled(server, restored)
    rds.create_db_instance(**another)
    assert numbers(server, described(server, name), LATER) == [1, 2], "the source is as it was"

    by_arn = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=snapshot)["DBClusterSnapshots"][0]
    arn = by_arn["DBClusterSnapshotArn"]
    assert rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=arn)["DBClusterSnapshots"] == [by_arn]
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot)
    with server.refuses("DBClusterSnapshotNotFoundFault"):
        rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=f"{name}-late", SnapshotIdentifier=arn, Engine="aurora-postgresql"
        )


def test_the_versions_of_a_snapshot(server: Server, cluster: dict[str, Any]) -> None:
    rds, name = server.client("rds"), cluster["DBClusterIdentifier"]
    wanted = {"DBClusterIdentifier": f"{name}-restored", "SnapshotIdentifier": taken(server, name)}
    for engine, version in (("aurora-postgresql", "16.8"), ("aurora-postgresql", "17"), ("aurora-mysql", "16")):
        with server.refuses("InvalidParameterCombination"):
            rds.restore_db_cluster_from_snapshot(**wanted, Engine=engine, EngineVersion=version)
    # Without a version AWS takes its default, which is of another major version here.
    with server.refuses("InvalidParameterCombination", "17"):
        rds.restore_db_cluster_from_snapshot(**wanted, Engine="aurora-postgresql")


def test_a_cluster_from_the_snapshot_of_an_instance(server: Server, ready: dict[str, Any]) -> None:
    rds, name = server.client("rds"), ready["DBClusterIdentifier"]
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-old",
        Engine="postgres",
        EngineVersion="16.8",
        DBInstanceClass="db.t4g.small",
        AllocatedStorage=20,
        MasterUsername="langfuse",
        MasterUserPassword=PASSWORD,
        DBName="langfuse",
    )
    rds.create_db_snapshot(DBInstanceIdentifier=f"{name}-old", DBSnapshotIdentifier=f"{name}-of-rds")
    snapshot = rds.describe_db_snapshots(DBSnapshotIdentifier=f"{name}-of-rds")["DBSnapshots"][0]
    assert rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot["DBSnapshotArn"])["DBSnapshots"] == [snapshot]
    wanted = {"DBClusterIdentifier": name, "Engine": "aurora-postgresql", "EngineVersion": "16"}
    with server.refuses("DBClusterSnapshotNotFoundFault"):
        rds.restore_db_cluster_from_snapshot(**wanted, SnapshotIdentifier=f"{name}-of-rds")
    rds.restore_db_cluster_from_snapshot(
        **wanted, SnapshotIdentifier=snapshot["DBSnapshotArn"], DBSubnetGroupName=ready["DBSubnetGroupName"]
    )
    connect(server, settled(server, name), PASSWORD).close()


def test_a_cluster_of_a_moment(server: Server, cluster: dict[str, Any]) -> None:
    rds, name = server.client("rds"), cluster["DBClusterIdentifier"]
    write(server, cluster, 1)
    moment = datetime.now(UTC)
    write(server, cluster, 2)
    source = {"SourceDBClusterIdentifier": name, "DBSubnetGroupName": name}
    restored = f"{name}-restored"
    with server.refuses("DBClusterNotFoundFault"):
        rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=restored, SourceDBClusterIdentifier="not-there", UseLatestRestorableTime=True
        )
    for time in ({}, {"UseLatestRestorableTime": True, "RestoreToTime": moment}):
        with server.refuses("InvalidParameterCombination", "Either"):
            rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=restored, **source, **time)
    with server.refuses("InvalidParameterCombination", "copy-on-write"):
        rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=restored, **source, RestoreToTime=moment, RestoreType="copy-on-write"
        )
    for outside in (moment - timedelta(days=1), moment + timedelta(days=1)):
        with server.refuses("InvalidRestoreFault"):
            rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=restored, **source, RestoreToTime=outside)
    rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=restored, **source, RestoreToTime=moment)
    latest = f"{name}-latest"
    rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=latest, **source, UseLatestRestorableTime=True)
    write(server, cluster, 3)
    found = settled(server, restored)
    assert numbers(server, found) == [1]
    assert numbers(server, settled(server, latest)) == [1, 2]
    assert found["TagList"] == []
    assert found["DBClusterParameterGroup"] == "default.aurora-postgresql16"
    assert found["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == SCALING["MaxCapacity"]


def test_a_cluster_and_an_instance_of_another_name(server: Server, cluster: dict[str, Any]) -> None:
    rds, name = server.client("rds"), cluster["DBClusterIdentifier"]
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    server.wait(lambda: instance(server, f"{name}-1")["DBInstanceStatus"] == "available")
    write(server, cluster, 1)
    with server.refuses("DBClusterAlreadyExistsFault"):
        rds.restore_db_cluster_to_point_in_time(
            DBClusterIdentifier=name, SourceDBClusterIdentifier=name, UseLatestRestorableTime=True
        )
    with server.refuses("InvalidParameterValue"):
        rds.modify_db_cluster(DBClusterIdentifier=name, NewDBClusterIdentifier="1st", ApplyImmediately=True)
    pending = rds.modify_db_cluster(DBClusterIdentifier=name, NewDBClusterIdentifier=f"{name}-x")["DBCluster"]
    assert pending["PendingModifiedValues"] == {"DBClusterIdentifier": f"{name}-x"}
    settled(server, name)

    renamed = f"{name}-renamed"
    made = rds.modify_db_cluster(DBClusterIdentifier=name, NewDBClusterIdentifier=renamed, ApplyImmediately=True)
    assert made["DBCluster"]["Status"] == "renaming"
    server.wait(lambda: not server.gone(lambda: described(server, renamed)))
    assert server.gone(lambda: described(server, name))
    found = settled(server, renamed)
    assert found["DBClusterArn"].endswith(f":{renamed}")
    assert found["TagList"] == [{"Key": "made", "Value": "first"}]
    assert [member["DBInstanceIdentifier"] for member in found["DBClusterMembers"]] == [f"{name}-1"]
    assert found["Port"] != cluster["Port"], "the endpoint is another one"
    assert numbers(server, found) == [1]
    with pytest.raises(psycopg.OperationalError):
        connect(server, cluster, PASSWORD)

    rds.modify_db_instance(
        DBInstanceIdentifier=f"{name}-1", NewDBInstanceIdentifier=f"{renamed}-1", ApplyImmediately=True
    )
    assert instance(server, f"{name}-1")["DBInstanceStatus"] == "renaming"
    server.wait(lambda: not server.gone(lambda: instance(server, f"{renamed}-1")))
    assert instance(server, f"{renamed}-1")["DBClusterIdentifier"] == renamed
    assert server.gone(lambda: instance(server, f"{name}-1"))
    rds.delete_db_instance(DBInstanceIdentifier=f"{renamed}-1")
    settled(server, renamed)
    rds.delete_db_cluster(DBClusterIdentifier=renamed, SkipFinalSnapshot=True)
    server.wait(lambda: server.gone(lambda: described(server, renamed)))


def test_a_parameter_group_given_later(server: Server, cluster: dict[str, Any]) -> None:
    """As after a restore to a point in time, which begins with the engine's own group."""
    rds, name = server.client("rds"), cluster["DBClusterIdentifier"]
    connect(server, cluster, PASSWORD, "disable").close()
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql16", Description="d"
    )
    forced = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=[forced])
    rds.modify_db_cluster(DBClusterIdentifier=name, DBClusterParameterGroupName=name, ApplyImmediately=True)
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(server, cluster, PASSWORD, "disable")
    connect(server, cluster, PASSWORD).close()
