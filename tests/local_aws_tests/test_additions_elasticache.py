# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache: parameter groups and replication groups, with a real Valkey behind them."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from local_aws.elasticache_parameters import allows, resolve_version

from .server_support import Server

TOKEN = "first-token-0123456789"


def connect(server: Server, endpoint: dict[str, Any], token: str) -> Any:
    return redis.Redis(
        host=endpoint["Address"],
        port=endpoint["Port"],
        password=token,
        ssl=True,
        ssl_ca_certs=server.state["ca_file"],
        socket_timeout=5,
    )


def subnet_group(server: Server, subnets: list[str]) -> str:
    name = server.name("sg")
    server.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=name, CacheSubnetGroupDescription="d", SubnetIds=subnets
    )
    return name


def status(server: Server, name: str) -> str:
    found = server.client("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    return str(found[0]["Status"])


def parameters(server: Server, name: str) -> dict[str, dict[str, Any]]:
    pages = server.client("elasticache").get_paginator("describe_cache_parameters")
    found = [item for page in pages.paginate(CacheParameterGroupName=name) for item in page["Parameters"]]
    return {item["ParameterName"]: item for item in found}


@pytest.fixture
def parameter_group(server: Server) -> str:
    name = server.name("pg")
    server.client("elasticache").create_cache_parameter_group(
        CacheParameterGroupName=name,
        CacheParameterGroupFamily="valkey8",
        Description="d",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    return name


def test_parameters_of_a_group_change_and_are_reset(server: Server, parameter_group: str) -> None:
    cache = server.client("elasticache")
    assert parameters(server, parameter_group)["maxmemory-policy"]["ParameterValue"] == "volatile-lru"
    cache.modify_cache_parameter_group(
        CacheParameterGroupName=parameter_group,
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}],
    )
    changed = parameters(server, parameter_group)["maxmemory-policy"]
    assert (changed["ParameterValue"], changed["Source"]) == ("noeviction", "user")
    own = cache.describe_cache_parameters(CacheParameterGroupName=parameter_group, Source="user")["Parameters"]
    assert [item["ParameterName"] for item in own] == ["maxmemory-policy"]
    cache.reset_cache_parameter_group(
        CacheParameterGroupName=parameter_group,
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "x"}],
    )
    assert parameters(server, parameter_group)["maxmemory-policy"]["Source"] == "system"


def test_tags_of_a_parameter_group(server: Server, parameter_group: str) -> None:
    cache = server.client("elasticache")
    found = cache.describe_cache_parameter_groups(CacheParameterGroupName=parameter_group)["CacheParameterGroups"][0]
    cache.add_tags_to_resource(ResourceName=found["ARN"], Tags=[{"Key": "c", "Value": "d"}])
    cache.remove_tags_from_resource(ResourceName=found["ARN"], TagKeys=["a"])
    assert cache.list_tags_for_resource(ResourceName=found["ARN"])["TagList"] == [{"Key": "c", "Value": "d"}]
    seen = server.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "c", "Values": ["d"]}])
    assert [item["ResourceARN"] for item in seen["ResourceTagMappingList"]] == [found["ARN"]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no-such-parameter", "1"),
        ("maxmemory-policy", "sometimes"),
        ("appendonly", "yes"),
        ("maxmemory-samples", "0"),
        ("databases", "many"),
    ],
)
def test_values_that_are_not_allowed(server: Server, parameter_group: str, name: str, value: str) -> None:
    with server.refuses("InvalidParameterValue", name):
        server.client("elasticache").modify_cache_parameter_group(
            CacheParameterGroupName=parameter_group,
            ParameterNameValues=[{"ParameterName": name, "ParameterValue": value}],
        )


def test_default_groups_exist_and_stay_as_they_are(server: Server) -> None:
    cache = server.client("elasticache")
    names = {
        item["CacheParameterGroupName"] for item in cache.describe_cache_parameter_groups()["CacheParameterGroups"]
    }
    assert {"default.valkey8", "default.valkey7", "default.redis7", "default.valkey8.cluster.on"} <= names
    with server.refuses("InvalidCacheParameterGroupState"):
        cache.modify_cache_parameter_group(
            CacheParameterGroupName="default.valkey8",
            ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}],
        )
    with server.refuses("CacheParameterGroupNotFound"):
        cache.describe_cache_parameter_groups(CacheParameterGroupName="default.valkey99")


def test_ranges_and_versions() -> None:
    assert allows("0,20-", "integer", "0")
    assert allows("0,20-", "integer", "21")
    assert not allows("0,20-", "integer", "19")
    assert allows("-1-", "integer", "-1")
    assert not allows("1-10", "integer", "11")
    assert resolve_version("valkey", "8.0") == "8.0.1"
    assert resolve_version("valkey", "8.7") is None
    assert resolve_version("memcached", None) is None


def test_life_of_a_replication_group(server: Server, parameter_group: str) -> None:
    cache, ec2 = server.client("elasticache"), server.client("ec2")
    _, subnets, security_group = server.network()
    name, subnet_name = server.name("rg"), subnet_group(server, subnets)
    cache.modify_cache_parameter_group(
        CacheParameterGroupName=parameter_group,
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}],
    )
    made = cache.create_replication_group(
        ReplicationGroupId=name.upper(),
        ReplicationGroupDescription="d",
        Engine="valkey",
        EngineVersion="8.0",
        CacheNodeType="cache.t4g.small",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        CacheSubnetGroupName=subnet_name,
        CacheParameterGroupName=parameter_group,
        SecurityGroupIds=[security_group],
        TransitEncryptionEnabled=True,
        AuthToken=TOKEN,
        Tags=[{"Key": "k", "Value": "v"}],
    )["ReplicationGroup"]
    assert (made["Status"], made["ReplicationGroupId"]) == ("creating", name)
    assert made["MemberClusters"] == [f"{name}-001", f"{name}-002"]
    assert "NodeGroups" not in made
    with server.refuses("InvalidReplicationGroupState"):
        cache.modify_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="other")
    with server.refuses("ReplicationGroupAlreadyExists"):
        cache.create_replication_group(
            ReplicationGroupId=name, ReplicationGroupDescription="d", CacheSubnetGroupName=subnet_name
        )
    server.wait(lambda: status(server, name) == "available")
    group = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    assert len(group["NodeGroups"][0]["NodeGroupMembers"]) == 2
    assert connect(server, endpoint, TOKEN).ping()
    assert connect(server, endpoint, TOKEN).info("memory")["maxmemory_policy"] == "noeviction"
    with pytest.raises(redis.RedisError):
        connect(server, endpoint, "wrong-token-0123456789").ping()
    node = cache.describe_cache_clusters(CacheClusterId=f"{name}-002")["CacheClusters"][0]
    assert node["EngineVersion"] == "8.0.1"
    assert node["CacheParameterGroup"]["CacheParameterGroupName"] == parameter_group
    assert [item["SecurityGroupId"] for item in node["SecurityGroups"]] == [security_group]
    assert cache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"] == [{"Key": "k", "Value": "v"}]

    _rotate(server, name, endpoint)

    with server.refuses("CacheSubnetGroupInUse"):
        cache.delete_cache_subnet_group(CacheSubnetGroupName=subnet_name)
    with server.refuses("InvalidCacheParameterGroupState"):
        cache.delete_cache_parameter_group(CacheParameterGroupName=parameter_group)
    with server.refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=security_group)
    assert cache.delete_replication_group(ReplicationGroupId=name)["ReplicationGroup"]["Status"] == "deleting"
    with server.refuses("InvalidReplicationGroupState"):
        cache.delete_replication_group(ReplicationGroupId=name)
    server.wait(lambda: server.gone(lambda: status(server, name)))
    # The groups are held for a moment longer.
    with server.refuses("CacheSubnetGroupInUse"):
        cache.delete_cache_subnet_group(CacheSubnetGroupName=subnet_name)
    with pytest.raises(redis.RedisError):
        connect(server, endpoint, TOKEN).ping()
    server.wait(lambda: server.accepted(lambda: cache.delete_cache_subnet_group(CacheSubnetGroupName=subnet_name)))
    server.wait(
        lambda: server.accepted(lambda: cache.delete_cache_parameter_group(CacheParameterGroupName=parameter_group))
    )
    ec2.delete_security_group(GroupId=security_group)


def _rotate(server: Server, name: str, endpoint: dict[str, Any]) -> None:
    """ROTATE keeps the token before, and ends the one before that; SET leaves one. Connections stay open."""
    cache, second, third = server.client("elasticache"), "second-token-0123456789", "third-token-0123456789"

    def change(token: str, strategy: str, accepted: list[str]) -> None:
        answer = cache.modify_replication_group(
            ReplicationGroupId=name, AuthToken=token, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )
        assert answer["ReplicationGroup"]["Status"] == "modifying"
        with server.refuses("InvalidReplicationGroupState"):
            cache.modify_replication_group(
                ReplicationGroupId=name, AuthToken=token, AuthTokenUpdateStrategy="SET", ApplyImmediately=True
            )
        server.wait(lambda: status(server, name) == "available")
        for known in (TOKEN, second, third):
            if known in accepted:
                assert connect(server, endpoint, known).ping()
            else:
                with pytest.raises(redis.AuthenticationError):
                    connect(server, endpoint, known).ping()

    with server.refuses("InvalidParameterCombination", "ApplyImmediately"):
        cache.modify_replication_group(ReplicationGroupId=name, AuthToken=second)
    with server.refuses("InvalidParameterValue", "SET takes only the token to which the group was rotated last"):
        cache.modify_replication_group(
            ReplicationGroupId=name, AuthToken=second, AuthTokenUpdateStrategy="SET", ApplyImmediately=True
        )
    with connect(server, endpoint, TOKEN).client() as open_before:
        assert open_before.ping()
        change(second, "ROTATE", [TOKEN, second])
        change(third, "ROTATE", [second, third])
        change(third, "SET", [third])
        assert open_before.ping()


def test_replicas_come_and_go(server: Server) -> None:
    cache = server.client("elasticache")
    _, subnets, _ = server.network()
    name = server.name("rg")
    cache.create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="d",
        Engine="valkey",
        EngineVersion="8.0",
        CacheSubnetGroupName=subnet_group(server, subnets),
        TransitEncryptionEnabled=False,
    )
    server.wait(lambda: status(server, name) == "available")
    with server.refuses("InvalidParameterCombination", "replica"):
        cache.modify_replication_group(ReplicationGroupId=name, AutomaticFailoverEnabled=True, ApplyImmediately=True)
    cache.increase_replica_count(ReplicationGroupId=name, NewReplicaCount=1, ApplyImmediately=True)
    server.wait(lambda: status(server, name) == "available")
    group = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    assert group["MemberClusters"] == [f"{name}-001", f"{name}-002"]
    cache.decrease_replica_count(ReplicationGroupId=name, NewReplicaCount=0, ApplyImmediately=True)
    server.wait(lambda: status(server, name) == "available")
    with server.refuses("InvalidParameterCombination", "there is no way back"):
        cache.modify_replication_group(ReplicationGroupId=name, EngineVersion="7.2", ApplyImmediately=True)
    cache.delete_replication_group(ReplicationGroupId=name)
    server.wait(lambda: server.gone(lambda: status(server, name)))
