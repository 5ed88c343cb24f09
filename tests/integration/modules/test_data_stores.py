# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the data stores on the local AWS: real engines, states that take time, and AWS's refusals."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from module_runner import ModuleFailed

GROUP = "elasticache_replication_group"
PARAMETERS = "elasticache_parameter_group"
TOKEN_TAG = "langfuse:auth-token-version"
ROTATING_TAG = "langfuse:auth-token-rotating"


@pytest.fixture
def store(server: Any) -> Any:
    """A name of its own, two subnets with a security group, a secret, and the groups that a store needs."""
    server.name = f"t-{uuid.uuid4().hex[:10]}"
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    server.subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    server.security_groups = [
        ec2.create_security_group(GroupName=f"{server.name}-{number}", Description="x", VpcId=vpc)["GroupId"]
        for number in range(2)
    ]
    server.secret = server.client("secretsmanager").create_secret(
        Name=f"{server.name}/application",
        SecretString=json.dumps({"REDIS_AUTH": "firsttokenofredis", "DATABASE_PASSWORD": "firstdatabasepassword"}),
    )["ARN"]
    return server


def put(store: Any, **values: str) -> str:
    client = store.client("secretsmanager")
    return client.put_secret_value(SecretId=store.secret, SecretString=json.dumps(values))["VersionId"]


@pytest.fixture
def wanted(store: Any) -> dict[str, Any]:
    store.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=store.name, CacheSubnetGroupDescription="x", SubnetIds=store.subnets
    )
    store.run(
        PARAMETERS,
        {"name": store.name, "family": "valkey8", "parameters": {"maxmemory-policy": "noeviction"}},
    )
    return {
        "replication_group_id": store.name,
        "engine_version": "8.0",
        "node_type": "cache.t4g.medium",
        "num_cache_clusters": 1,
        "subnet_group_name": store.name,
        "parameter_group_name": store.name,
        "security_group_ids": store.security_groups[:1],
        "transit_encryption": True,
        "at_rest_encryption": True,
        "auth_token_secret_arn": store.secret,
        "auth_token_secret_key": "REDIS_AUTH",
        "snapshot_retention_limit": 1,
        "maintenance_window": "sun:05:00-sun:06:00",
        "tags": {"team": "llmops"},
    }


def connect(store: Any, endpoint: dict[str, Any], token: str) -> redis.Redis:
    return redis.Redis(
        host=endpoint["address"], port=endpoint["port"], password=token, ssl=True, ssl_ca_certs=store.ca_file
    )


def test_parameter_group(store: Any) -> None:
    args = {
        "name": store.name,
        "family": "valkey8",
        "parameters": {"maxmemory-policy": "noeviction"},
        "tags": {"team": "llmops"},
    }
    created = store.cycle(PARAMETERS, args)["parameter_group"]
    assert created["arn"].startswith("arn:aws:elasticache:")
    changed = {**args, "parameters": {"maxmemory-policy": "allkeys-lru", "timeout": 60}, "tags": {"team": "other"}}
    assert store.cycle(PARAMETERS, changed)["parameter_group"]["parameters"]["timeout"] == "60"
    fewer = {**args, "purge_parameters": True}
    assert store.cycle(PARAMETERS, fewer)["parameter_group"]["parameters"] == {"maxmemory-policy": "noeviction"}
    assert store.cycle(PARAMETERS, {"name": store.name, "state": "absent"})["parameter_group"] == {}


def test_replication_group(store: Any, wanted: dict[str, Any]) -> None:
    created = store.cycle(GROUP, wanted)
    group = created["replication_group"]
    assert group["status"] == "available"
    assert group["auth_token_enabled"] and group["transit_encryption"] and group["at_rest_encryption"]
    assert group["security_group_ids"] == store.security_groups[:1]
    for name in ("node_type", "num_cache_clusters", "parameter_group_name", "subnet_group_name", "maintenance_window"):
        assert created["predicted"]["replication_group"][name] == group[name]
    assert connect(store, group["endpoint"], "firsttokenofredis").ping()

    changes = {
        **wanted,
        "num_cache_clusters": 2,
        "automatic_failover": True,
        "multi_az": True,
        "node_type": "cache.r7g.large",
        "security_group_ids": store.security_groups,
        "snapshot_retention_limit": 0,
        "maintenance_window": "mon:05:00-mon:06:00",
        "tags": {"team": "other"},
    }
    modified = store.cycle(GROUP, changes)["replication_group"]
    assert modified["num_cache_clusters"] == 2
    assert modified["automatic_failover"] and modified["multi_az"]
    assert modified["node_type"] == "cache.r7g.large"
    assert modified["security_group_ids"] == sorted(store.security_groups)
    assert modified["tags"]["team"] == "other"
    assert TOKEN_TAG in modified["tags"]

    assert store.cycle(GROUP, {"replication_group_id": store.name, "state": "absent"})["replication_group"] == {}


def test_token(store: Any, wanted: dict[str, Any]) -> None:
    endpoint = store.run(GROUP, wanted)["replication_group"]["endpoint"]
    version = put(store, REDIS_AUTH="secondtokenofredis")
    rotated = store.cycle(GROUP, wanted)
    assert list(rotated["diff"]["after"]) == ["auth_token"]
    assert rotated["replication_group"]["tags"][TOKEN_TAG] == version
    assert "tokenofredis" not in json.dumps(rotated)
    assert connect(store, endpoint, "secondtokenofredis").ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        connect(store, endpoint, "firsttokenofredis").ping()
    store.run(GROUP, {"replication_group_id": store.name, "state": "absent"})


def test_token_of_running_clients_stays_until_it_is_retired(store: Any, wanted: dict[str, Any]) -> None:
    endpoint = store.run(GROUP, wanted)["replication_group"]["endpoint"]
    first_version = store.run(GROUP, wanted)["replication_group"]["tags"][TOKEN_TAG]
    version = put(store, REDIS_AUTH="secondtokenofredis")
    with connect(store, endpoint, "firsttokenofredis").client() as open_before:
        assert open_before.ping()
        added = store.cycle(GROUP, {**wanted, "auth_token_retire_previous": False})["replication_group"]
        assert added["auth_token_rotating"] is True
        assert (added["tags"][TOKEN_TAG], added["tags"][ROTATING_TAG]) == (first_version, version)
        for token in ("firsttokenofredis", "secondtokenofredis"):
            assert connect(store, endpoint, token).ping()
        put(store, REDIS_AUTH="thirdtokenofredis")
        with pytest.raises(ModuleFailed, match="still accepts the AUTH token before the last one"):
            store.run(GROUP, {**wanted, "auth_token_retire_previous": False})
        assert connect(store, endpoint, "firsttokenofredis").ping()
        put(store, REDIS_AUTH="secondtokenofredis", SALT="another-value-of-the-secret")
        retired = store.cycle(GROUP, wanted)
        assert retired["diff"]["after"] == {"auth_token_rotating": False}
        assert "tokenofredis" not in json.dumps([added, retired])
        with pytest.raises(redis.exceptions.AuthenticationError):
            connect(store, endpoint, "firsttokenofredis").ping()
        assert connect(store, endpoint, "secondtokenofredis").ping()
        assert open_before.ping()
    store.run(GROUP, {"replication_group_id": store.name, "state": "absent"})


def test_groups_in_use_stay(store: Any, wanted: dict[str, Any]) -> None:
    store.run(GROUP, wanted)
    with pytest.raises(ModuleFailed, match="Failed to delete the cache parameter group"):
        store.run(PARAMETERS, {"name": store.name, "state": "absent", "wait_timeout": 1})
    store.run(GROUP, {"replication_group_id": store.name, "state": "absent"})
    assert store.run(PARAMETERS, {"name": store.name, "state": "absent"})["changed"]


def test_starting_and_joining_later(store: Any, wanted: dict[str, Any]) -> None:
    assert store.run(GROUP, {**wanted, "wait": False})["replication_group"]["status"] == "creating"
    joined = store.run(GROUP, wanted)
    assert joined["changed"] is False
    assert joined["replication_group"]["status"] == "available"
    store.run(GROUP, {"replication_group_id": store.name, "state": "absent", "wait": False})
    again = store.run(GROUP, wanted)
    assert again["changed"] is True
    store.run(GROUP, {"replication_group_id": store.name, "state": "absent"})


def test_master_password(store: Any) -> None:
    rds = store.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName=store.name, DBSubnetGroupDescription="x", SubnetIds=store.subnets)
    rds.create_db_cluster(
        DBClusterIdentifier=store.name,
        Engine="aurora-postgresql",
        EngineVersion="16.11",
        MasterUsername="langfuse",
        MasterUserPassword="thrownawaypassword",
        DatabaseName="langfuse",
        DBSubnetGroupName=store.name,
        StorageEncrypted=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 1},
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{store.name}-1",
        DBClusterIdentifier=store.name,
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    args = {"cluster_id": store.name, "secret_arn": store.secret, "secret_json_key": "DATABASE_PASSWORD"}
    for password in ("firstdatabasepassword", "seconddatabasepassword"):
        version = put(store, DATABASE_PASSWORD=password)
        result = store.cycle("rds_cluster_master_password", args)
        assert result["cluster"]["password_version_id"] == version
        assert result["cluster"]["status"] == "available"
        assert "databasepassword" not in json.dumps(result)
        cluster = rds.describe_db_clusters(DBClusterIdentifier=store.name)["DBClusters"][0]
        with psycopg.connect(
            host=cluster["Endpoint"],
            port=cluster["Port"],
            user="langfuse",
            password=password,
            dbname="langfuse",
            sslmode="verify-ca",
            sslrootcert=store.ca_file,
        ) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert Path(store.ca_file).exists()
