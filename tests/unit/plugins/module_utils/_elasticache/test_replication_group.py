# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache.replication_group import (
    check_options,
    compare,
    compare_versions,
    create_request,
    describe,
    predicted,
    same_key,
)

GROUP: dict[str, Any] = {
    "ReplicationGroupId": "x",
    "ARN": "arn:aws:elasticache:us-east-1:1:replicationgroup:x",
    "Status": "available",
    "Description": "Langfuse x",
    "Engine": "valkey",
    "CacheNodeType": "cache.t4g.small",
    "MemberClusters": ["x-002", "x-001"],
    "NodeGroups": [
        {
            "PrimaryEndpoint": {"Address": "master.x", "Port": 6379},
            "ReaderEndpoint": {"Address": "replica.x", "Port": 6379},
        }
    ],
    "TransitEncryptionEnabled": True,
    "AtRestEncryptionEnabled": True,
    "AuthTokenEnabled": True,
    "AutomaticFailover": "enabled",
    "MultiAZ": "disabled",
    "SnapshotRetentionLimit": 7,
    "SnapshotWindow": "03:00-04:00",
    "AutoMinorVersionUpgrade": True,
    "PendingModifiedValues": {},
}
NODE: dict[str, Any] = {
    "Engine": "valkey",
    "EngineVersion": "8.0.1",
    "CacheParameterGroup": {"CacheParameterGroupName": "x-valkey8"},
    "CacheSubnetGroupName": "x",
    "SecurityGroups": [{"SecurityGroupId": "sg-2"}, {"SecurityGroupId": "sg-1"}],
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
}
OPTIONS: dict[str, Any] = {
    "replication_group_id": "x",
    "description": "Langfuse x",
    "engine": "valkey",
    "engine_version": "8.0",
    "node_type": "cache.t4g.small",
    "num_cache_clusters": 2,
    "parameter_group_name": "x-valkey8",
    "subnet_group_name": "x",
    "security_group_ids": ["sg-1", "sg-2"],
    "port": 6379,
    "transit_encryption": True,
    "at_rest_encryption": True,
    "automatic_failover": True,
    "multi_az": False,
    "snapshot_retention_limit": 7,
    "snapshot_window": "03:00-04:00",
    "maintenance_window": "Sun:05:00-Sun:06:00",
    "auto_minor_version_upgrade": True,
}


def active(group: dict[str, Any] | None = None, node: dict[str, Any] | None = None) -> dict[str, Any]:
    return describe({**GROUP, **(group or {})}, {**NODE, **(node or {})}, {"team": "llmops"})


@pytest.mark.parametrize(
    ("wanted", "present", "order"),
    [
        ("8.0", "8.0.1", 0),
        ("8", "8.0.1", 0),
        ("8.0.1", "8.0.1", 0),
        ("8.1", "8.0.1", 1),
        ("9.0", "8.1.2", 1),
        ("10.0", "9.1", 1),
        ("8.0", "8.1.0", -1),
        ("7.2", "8.0.1", -1),
        ("7.x", "7.1.0", 0),
    ],
)
def test_compare_versions(wanted: str, present: str, order: int) -> None:
    assert compare_versions(wanted, present) == order


class TestDescribe:
    def test_whole(self) -> None:
        state = active()
        assert state["endpoint"] == {"address": "master.x", "port": 6379}
        assert state["reader_endpoint"]["address"] == "replica.x"
        assert state["security_group_ids"] == ["sg-1", "sg-2"]
        assert state["member_clusters"] == ["x-001", "x-002"]
        assert (state["automatic_failover"], state["multi_az"]) == (True, False)
        assert state["tags"] == {"team": "llmops"}

    def test_being_created(self) -> None:
        state = describe({"ReplicationGroupId": "x", "Status": "creating"}, None, {})
        assert state["endpoint"] == {}
        assert state["security_group_ids"] is None

    def test_what_is_pending_counts(self) -> None:
        pending = {"PendingModifiedValues": {"EngineVersion": "8.1", "CacheNodeType": "cache.r7g.large"}}
        state = active(node=pending)
        assert (state["engine_version"], state["node_type"]) == ("8.1", "cache.r7g.large")
        assert active({"AutomaticFailover": "disabling"})["automatic_failover"] is False
        assert active({"AutomaticFailover": "enabling"})["automatic_failover"] is True


class TestCompare:
    def test_the_same(self) -> None:
        difference, warnings = compare(OPTIONS, active())
        assert (difference.diff, warnings) == ({"before": {}, "after": {}}, [])

    def test_nothing_given(self) -> None:
        assert compare({"replication_group_id": "x"}, active())[0].changed is False

    @pytest.mark.parametrize(
        ("option", "value", "request_part"),
        [
            ("description", "other", {"ReplicationGroupDescription": "other"}),
            ("node_type", "cache.r7g.large", {"CacheNodeType": "cache.r7g.large"}),
            ("parameter_group_name", "other", {"CacheParameterGroupName": "other"}),
            ("security_group_ids", ["sg-3"], {"SecurityGroupIds": ["sg-3"]}),
            ("automatic_failover", False, {"AutomaticFailoverEnabled": False}),
            ("multi_az", True, {"MultiAZEnabled": True}),
            ("snapshot_retention_limit", 0, {"SnapshotRetentionLimit": 0}),
            ("snapshot_window", "05:00-06:00", {"SnapshotWindow": "05:00-06:00"}),
            ("maintenance_window", "mon:05:00-mon:06:00", {"PreferredMaintenanceWindow": "mon:05:00-mon:06:00"}),
            ("auto_minor_version_upgrade", False, {"AutoMinorVersionUpgrade": False}),
            ("engine_version", "8.1", {"EngineVersion": "8.1"}),
        ],
    )
    def test_one_change_is_one_request(self, option: str, value: Any, request_part: dict[str, Any]) -> None:
        difference, _warnings = compare({**OPTIONS, option: value}, active())
        assert difference.names == [option]
        assert difference.request == request_part

    def test_nodes_are_no_part_of_the_request(self) -> None:
        difference, _warnings = compare({**OPTIONS, "num_cache_clusters": 3}, active())
        assert (difference.names, difference.request) == (["num_cache_clusters"], {})

    def test_an_older_version_is_a_warning(self) -> None:
        difference, warnings = compare({**OPTIONS, "engine_version": "7.2"}, active())
        assert not difference.changed
        assert "stays there" in warnings[0]

    def test_redis_becomes_valkey(self) -> None:
        redis = active({"Engine": "redis"}, {"Engine": "redis", "EngineVersion": "7.1.0"})
        difference, _warnings = compare(OPTIONS, redis)
        assert difference.request == {"Engine": "valkey", "EngineVersion": "8.0"}

    def test_valkey_does_not_become_redis(self) -> None:
        with pytest.raises(AwsError, match="runs valkey, and AWS cannot make redis of it"):
            compare({**OPTIONS, "engine": "redis"}, active())

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("subnet_group_name", "other"),
            ("port", 6380),
            ("transit_encryption", False),
            ("at_rest_encryption", False),
            ("kms_key_id", "other"),
        ],
    )
    def test_what_aws_cannot_change(self, option: str, value: Any) -> None:
        with pytest.raises(AwsError) as raised:
            compare({**OPTIONS, option: value}, active({"KmsKeyId": "arn:aws:kms:us-east-1:1:key/abc"}))
        assert f"has {option} " in str(raised.value)
        assert "set it back" in str(raised.value)

    def test_what_only_nodes_tell_is_not_compared_before_there_are_any(self) -> None:
        state = describe({**GROUP, "NodeGroups": []}, None, {})
        assert compare({**OPTIONS, "port": 6380, "security_group_ids": ["sg-9"]}, state)[0].changed is False


@pytest.mark.parametrize(
    ("wanted", "same"),
    [("abc", True), ("arn:aws:kms:us-east-1:1:key/abc", True), ("alias/langfuse", True), ("bc", False)],
)
def test_same_key(wanted: str, same: bool) -> None:
    assert same_key(wanted, "arn:aws:kms:us-east-1:1:key/abc") is same


class TestOptions:
    @pytest.mark.parametrize("group_id", ["x", "langfuse-staging", "a" * 40, "x1-y2"])
    def test_good_ids(self, group_id: str) -> None:
        check_options({"replication_group_id": group_id})

    @pytest.mark.parametrize("group_id", ["", "X", "1x", "x-", "x--y", "a" * 41, "x_y"])
    def test_bad_ids(self, group_id: str) -> None:
        with pytest.raises(AwsError, match="cannot be used; give at most 40"):
            check_options({"replication_group_id": group_id})

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"multi_az": True, "automatic_failover": False}, "multi_az needs automatic_failover"),
            ({"automatic_failover": True, "num_cache_clusters": 1}, "needs a second node"),
            ({"multi_az": True, "num_cache_clusters": 1}, "needs a second node"),
            ({"auth_token_secret_arn": "x"}, "needs auth_token_secret_key"),
            (
                {"auth_token_secret_arn": "x", "auth_token_secret_key": "y", "transit_encryption": False},
                "needs transit_encryption",
            ),
        ],
    )
    def test_bad_combinations(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(AwsError, match=message):
            check_options({"replication_group_id": "x", **options})


def test_create_request_has_only_what_is_given() -> None:
    request = create_request({"replication_group_id": "x", "node_type": "cache.t4g.small", "multi_az": None, "port": 0})
    assert request == {"ReplicationGroupId": "x", "CacheNodeType": "cache.t4g.small", "Port": 0}


def test_prediction_is_what_a_new_group_is_like() -> None:
    state = predicted({**OPTIONS, "auth_token_secret_arn": "x"}, {"team": "llmops"})
    real = describe({**GROUP, "MemberClusters": ["x-001", "x-002"]}, NODE, {"team": "llmops"})
    assert state.keys() == real.keys()
    for name in ("node_type", "num_cache_clusters", "security_group_ids", "multi_az", "auth_token_enabled", "tags"):
        assert state[name] == real[name]
