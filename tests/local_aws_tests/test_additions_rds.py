# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aurora clusters of the local AWS: their life, their servers, and what RDS refuses."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from .server_support import Server

PASSWORD = "first-password-0123456789abcdef"
SCALING = {"MinCapacity": 0.5, "MaxCapacity": 2}


def described(server: Server, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return found


def instance(server: Server, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def connect(server: Server, cluster: dict[str, Any], password: str, mode: str = "verify-full") -> Any:
    return psycopg.connect(
        host=cluster["Endpoint"],
        port=cluster["Port"],
        user="langfuse",
        password=password,
        dbname="langfuse",
        sslmode=mode,
        sslrootcert=server.state["ca_file"] if mode != "disable" else None,
        connect_timeout=10,
    )


@pytest.fixture
def ready(server: Server) -> dict[str, Any]:
    """Arguments with which a cluster can be created."""
    _, subnets, group = server.network()
    name = server.name("db")
    rds = server.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
    return {
        "DBClusterIdentifier": name,
        "Engine": "aurora-postgresql",
        "EngineVersion": "16",
        "MasterUsername": "langfuse",
        "MasterUserPassword": PASSWORD,
        "DatabaseName": "langfuse",
        "DBSubnetGroupName": name,
        "VpcSecurityGroupIds": [group],
        "ServerlessV2ScalingConfiguration": SCALING,
    }


def test_life_of_a_cluster(server: Server, ready: dict[str, Any]) -> None:
    rds, ec2, name = server.client("rds"), server.client("ec2"), ready["DBClusterIdentifier"]
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql16", Description="d"
    )
    forced = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=[forced])
    made = rds.create_db_cluster(**ready, DBClusterParameterGroupName=name, EnableHttpEndpoint=True)["DBCluster"]
    assert made["Status"] == "creating"
    assert "Endpoint" not in made
    with server.refuses("InvalidDBClusterStateFault", "creating"):
        rds.modify_db_cluster(DBClusterIdentifier=name, BackupRetentionPeriod=3)
    with server.refuses("InvalidDBClusterStateFault", "creating"):
        rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=f"{name}-early")
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    assert instance(server, f"{name}-1")["DBInstanceStatus"] == "creating"
    server.wait(lambda: instance(server, f"{name}-1")["DBInstanceStatus"] == "available")
    server.wait(lambda: described(server, name)["Status"] == "available")
    cluster = described(server, name)
    assert cluster["EngineVersion"] == "16.15"
    assert cluster["HttpEndpointEnabled"] is True
    assert cluster["DBClusterParameterGroup"] == name
    assert instance(server, f"{name}-1")["DBSubnetGroup"]["DBSubnetGroupName"] == name
    with connect(server, cluster, PASSWORD) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("langfuse",)
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(server, cluster, PASSWORD, "disable")
    _password(server, name)
    _protected(server, name)
    with server.refuses("InvalidDBClusterStateFault", "still contains DB instances"):
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    with server.refuses("InvalidParameterCombination", "FinalDBSnapshotIdentifier"):
        rds.delete_db_cluster(DBClusterIdentifier=name)
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=ready["VpcSecurityGroupIds"][0])
    assert rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")["DBInstance"]["DBInstanceStatus"] == "deleting"
    deleted = rds.delete_db_cluster(DBClusterIdentifier=name, FinalDBSnapshotIdentifier=f"{name}-final")
    assert deleted["DBCluster"]["Status"] == "deleting"
    with server.refuses("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName=name)
    server.wait(lambda: server.gone(lambda: described(server, name)))
    # The groups are held for a moment longer.
    with server.refuses("InvalidDBParameterGroupState"):
        rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name)
    assert server.gone(lambda: instance(server, f"{name}-1"))
    with pytest.raises(psycopg.OperationalError):
        connect(server, cluster, PASSWORD)
    snapshots = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=f"{name}-final")
    assert snapshots["DBClusterSnapshots"]
    server.wait(
        lambda: server.accepted(lambda: rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name))
    )
    server.wait(lambda: server.accepted(lambda: rds.delete_db_subnet_group(DBSubnetGroupName=name)))
    ec2.delete_security_group(GroupId=ready["VpcSecurityGroupIds"][0])


def _password(server: Server, name: str) -> None:
    """A password is pending until the server knows it."""
    second = "second-password-0123456789abcdef"
    changed = server.client("rds").modify_db_cluster(
        DBClusterIdentifier=name, MasterUserPassword=second, ApplyImmediately=True
    )["DBCluster"]
    assert changed["Status"] == "resetting-master-credentials"
    assert changed["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    server.wait(lambda: described(server, name)["Status"] == "available")
    cluster = described(server, name)
    assert not cluster["PendingModifiedValues"]
    connect(server, cluster, second).close()
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(server, cluster, PASSWORD)


def _protected(server: Server, name: str) -> None:
    rds = server.client("rds")
    for protection in (True, False):
        rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=protection, ApplyImmediately=True)
        server.wait(lambda: described(server, name)["Status"] == "available")
        if protection:
            with server.refuses("InvalidParameterCombination", "protected"):
                rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EngineVersion": "12.7"}, "InvalidParameterCombination"),
        ({"EngineVersion": "16.4"}, "InvalidParameterCombination"),
        ({"EngineMode": "serverless"}, "InvalidParameterCombination"),
        ({"MasterUserPassword": "with a space 0123456789"}, "InvalidParameterValue"),
        ({"MasterUserPassword": "x" * 42}, "InvalidParameterValue"),
        ({"MasterUsername": "rdsadmin"}, "InvalidParameterValue"),
        ({"DatabaseName": "lang-fuse"}, "InvalidParameterValue"),
        ({"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.3, "MaxCapacity": 1}}, "InvalidParameterValue"),
        ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
        ({"DBClusterParameterGroupName": "default.aurora-postgresql17"}, "InvalidParameterCombination"),
        ({"DBSubnetGroupName": "there-is-none"}, "DBSubnetGroupNotFoundFault"),
    ],
)
def test_refusals_of_a_cluster(server: Server, ready: dict[str, Any], change: dict[str, Any], code: str) -> None:
    with server.refuses(code):
        server.client("rds").create_db_cluster(**ready | change)
    with pytest.raises(ClientError):
        described(server, ready["DBClusterIdentifier"])


def test_a_serverless_instance_needs_a_capacity(server: Server, ready: dict[str, Any]) -> None:
    rds, name = server.client("rds"), ready.pop("DBClusterIdentifier")
    del ready["ServerlessV2ScalingConfiguration"]
    rds.create_db_cluster(**ready, DBClusterIdentifier=name)
    wanted = {
        "DBInstanceIdentifier": f"{name}-1",
        "DBClusterIdentifier": name,
        "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.serverless",
    }
    with server.refuses("InvalidDBClusterStateFault", "Serverless v2 scaling configuration"):
        rds.create_db_instance(**wanted)
    server.wait(lambda: described(server, name)["Status"] == "available")
    rds.modify_db_cluster(DBClusterIdentifier=name, ServerlessV2ScalingConfiguration=SCALING, ApplyImmediately=True)
    with server.refuses("InvalidParameterCombination", "MasterUserPassword"):
        rds.create_db_instance(**wanted, MasterUserPassword=PASSWORD)
    rds.create_db_instance(**wanted)
    rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    server.wait(lambda: described(server, name)["Status"] == "available")
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    server.wait(lambda: server.gone(lambda: described(server, name)))


def test_a_subnet_group_covers_two_zones(server: Server) -> None:
    rds = server.client("rds")
    _, subnets, _ = server.network()
    wanted = {"DBSubnetGroupName": server.name("sg"), "DBSubnetGroupDescription": "d"}
    with server.refuses("DBSubnetGroupDoesNotCoverEnoughAZs"):
        rds.create_db_subnet_group(**wanted, SubnetIds=subnets[:1])
    with server.refuses("InvalidSubnet"):
        rds.create_db_subnet_group(**wanted, SubnetIds=["subnet-0", subnets[0]])
    rds.create_db_subnet_group(**wanted, SubnetIds=subnets)


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ({"ParameterName": "no.such", "ParameterValue": "1", "ApplyMethod": "immediate"}, "InvalidParameterValue"),
        (
            {"ParameterName": "rds.force_ssl", "ParameterValue": "2", "ApplyMethod": "immediate"},
            "InvalidParameterValue",
        ),
        (
            {"ParameterName": "rds.superuser_variables", "ParameterValue": "x", "ApplyMethod": "immediate"},
            "InvalidParameterValue",
        ),
        (
            {"ParameterName": "max_connections", "ParameterValue": "100", "ApplyMethod": "immediate"},
            "InvalidParameterCombination",
        ),
    ],
)
def test_refusals_of_parameters(server: Server, parameter: dict[str, str], code: str) -> None:
    rds, name = server.client("rds"), server.name("pg")
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql16", Description="d"
    )
    with server.refuses(code):
        rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=[parameter])
    shown = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=name)["Parameters"]
    assert not [item for item in shown if item["Source"] == "user"]


def test_enhanced_monitoring_needs_a_role_that_rds_may_assume(server: Server, ready: dict[str, Any]) -> None:
    rds, iam = server.client("rds"), server.client("iam")
    name = ready["DBClusterIdentifier"]
    rds.create_db_cluster(**ready)
    arns = {}
    for service in ("monitoring.rds.amazonaws.com", "ec2.amazonaws.com"):
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        role = iam.create_role(
            RoleName=f"{name}-{service[:3]}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        arns[service] = role["Role"]["Arn"]
    asked = {
        "DBInstanceIdentifier": f"{name}-1",
        "DBClusterIdentifier": name,
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-postgresql",
        "MonitoringInterval": 60,
    }
    for arn in (arns["ec2.amazonaws.com"], f"{arns['ec2.amazonaws.com']}-none"):
        with pytest.raises(ClientError, match="ENHANCED_MONITORING"):
            rds.create_db_instance(**asked, MonitoringRoleArn=arn)

    def made() -> bool:
        try:
            rds.create_db_instance(**asked, MonitoringRoleArn=arns["monitoring.rds.amazonaws.com"])
        except ClientError as error:
            assert "ENHANCED_MONITORING" in str(error) or "InvalidDBClusterState" in str(error)
            return False
        return True

    server.wait(made)
    assert instance(server, f"{name}-1")["MonitoringInterval"] == 60
