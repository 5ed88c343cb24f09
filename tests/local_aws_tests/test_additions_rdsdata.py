# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RDS Data API of the local AWS, on a real PostgreSQL server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .server_support import Server

PASSWORD = "a-password-of-the-database-0123456789"


@dataclass
class Ground:
    """A cluster and its secret."""

    server: Server
    cluster: dict[str, Any]
    secret: str

    def ask(self, sql: str, **given: Any) -> Any:
        arguments = {
            "resourceArn": self.cluster["DBClusterArn"],
            "secretArn": self.secret,
            "database": "langfuse",
            "sql": sql,
            **given,
        }
        return self.server.client("rds-data").execute_statement(**arguments)

    def secret_of(self, document: str) -> str:
        made = self.server.client("secretsmanager").create_secret(Name=self.server.name("db"), SecretString=document)
        return str(made["ARN"])


@pytest.fixture(scope="module")
def ground(server: Server) -> Iterator[Ground]:
    _, subnets, group = server.network()
    rds, name = server.client("rds"), server.name("db")
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
    rds.create_db_cluster(
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        EngineVersion="16",
        MasterUsername="langfuse",
        MasterUserPassword=PASSWORD,
        DatabaseName="langfuse",
        DBSubnetGroupName=name,
        VpcSecurityGroupIds=[group],
        EnableHttpEndpoint=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1",
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    clusters = server.wait(
        lambda: [
            found
            for found in rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
            if found["Status"] == "available" and "Port" in found
        ]
    )
    server.wait(
        lambda: (
            rds.describe_db_instances(DBInstanceIdentifier=f"{name}-1")["DBInstances"][0]["DBInstanceStatus"]
            == "available"
        )
    )
    made = Ground(server, clusters[0], "")
    # As the application's secret may be: other keys beside the two that the Data API takes.
    made.secret = made.secret_of(json.dumps({"username": "langfuse", "password": PASSWORD, "SALT": "x"}))
    yield made
    rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


def test_statements_run_with_parameters_and_typed_results(ground: Ground) -> None:
    answer = ground.ask(
        "SELECT :text::text AS text, 7::bigint AS number, 1.5::float8 AS real, true AS truth, NULL::text AS nothing,"
        " '{\"a\": 1}'::jsonb AS document, timestamp '2026-08-21 10:15:00.120' AS moment, '100 %:x' AS plain",
        parameters=[{"name": "text", "value": {"stringValue": "it's"}}],
        includeResultMetadata=True,
    )
    assert answer["records"] == [
        [
            {"stringValue": "it's"},
            {"longValue": 7},
            {"doubleValue": 1.5},
            {"booleanValue": True},
            {"isNull": True},
            {"stringValue": '{"a": 1}'},
            {"stringValue": "2026-08-21 10:15:00.12"},
            {"stringValue": "100 %:x"},
        ]
    ]
    assert [column["label"] for column in answer["columnMetadata"]][:2] == ["text", "number"]
    assert "columnMetadata" not in ground.ask("SELECT 1")
    ground.ask("CREATE TABLE kept (id int)")
    assert ground.ask("INSERT INTO kept VALUES (1), (2)")["numberOfRecordsUpdated"] == 2
    assert ground.ask("DROP TABLE kept")["numberOfRecordsUpdated"] == 0


def test_what_the_data_api_refuses(ground: Ground) -> None:
    refuses, rds = ground.server.refuses, ground.server.client("rds")
    with refuses("DatabaseErrorException", 'relation "nowhere" does not exist; Position: 15; SQLState: 42P01'):
        ground.ask("SELECT * FROM nowhere")
    with refuses("ValidationException", "Multistatements"):
        ground.ask("SELECT 1; SELECT 2", parameters=[])
    with refuses("DatabaseErrorException", "3D000"):
        ground.ask("SELECT 1", database="other")
    with refuses("UnsupportedResultException", "too large"):
        ground.ask("SELECT repeat('x', 70000)")
    with refuses("UnsupportedResultException", "exceeded size limit"):
        ground.ask("SELECT repeat('x', 60000) FROM generate_series(1, 20)")
    with refuses("SecretsErrorException"):
        ground.ask("SELECT 1", secretArn=ground.secret[:-6] + "AbCdEf")
    for document in ("no JSON", json.dumps({"DATABASE_PASSWORD": PASSWORD})):
        with refuses("InvalidSecretException"):
            ground.ask("SELECT 1", secretArn=ground.secret_of(document))
    wrong = ground.secret_of(json.dumps({"username": "langfuse", "password": "a-wrong-password-0123456789"}))
    with refuses("DatabaseErrorException", 'password authentication failed for user "langfuse"; SQLState: 28P01'):
        ground.ask("SELECT 1", secretArn=wrong)
    with refuses("HttpEndpointNotEnabledException"):
        ground.ask("SELECT 1", resourceArn=ground.cluster["DBClusterArn"] + "-other")
    rds.disable_http_endpoint(ResourceArn=ground.cluster["DBClusterArn"])
    try:
        with refuses("HttpEndpointNotEnabledException", "isn't enabled for cluster"):
            ground.ask("SELECT 1")
    finally:
        rds.enable_http_endpoint(ResourceArn=ground.cluster["DBClusterArn"])
