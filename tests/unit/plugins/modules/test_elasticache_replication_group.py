# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which the module asks AWS for things, against a replication group that is as touchy as AWS's."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import ClientError
from module_runner import ModuleFailed, run_module

MODULE = "elasticache_replication_group"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x/application-AbCdEf"
VERSION_TAG = "langfuse:auth-token-version"
ROTATING_TAG = "langfuse:auth-token-rotating"
WANTED: dict[str, Any] = {
    "replication_group_id": "x",
    "description": "Langfuse x",
    "engine_version": "8.0",
    "node_type": "cache.t4g.small",
    "num_cache_clusters": 1,
    "subnet_group_name": "x",
    "parameter_group_name": "x-valkey8",
    "security_group_ids": ["sg-1"],
    "auth_token_secret_arn": SECRET,
    "auth_token_secret_key": "REDIS_AUTH",
    "tags": {"team": "llmops"},
}


class FakeSecrets:
    def __init__(self) -> None:
        self.versions: dict[str, dict[str, str]] = {}
        self.reads = 0
        self.put(REDIS_AUTH="first-token-of-redis", SALT="first-salt")

    def put(self, **values: str) -> str:
        self.current = f"version-{len(self.versions) + 1}"
        self.versions[self.current] = values
        return self.current

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        return {"ARN": SECRET, "VersionIdsToStages": {self.current: ["AWSCURRENT"]}}

    def get_secret_value(self, SecretId: str, VersionId: str | None = None) -> dict[str, Any]:
        self.reads += 1
        version = VersionId or self.current
        if version not in self.versions:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "No."}}, "GetSecretValue")
        return {"ARN": SECRET, "VersionId": version, "SecretString": json.dumps(self.versions[version])}


class FakeElastiCache:
    """One replication group. Every change keeps it busy for two looks, and AWS refuses another meanwhile."""

    def __init__(self) -> None:
        self.group: dict[str, Any] | None = None
        self.node: dict[str, Any] = {}
        self.tags: dict[str, str] = {}
        self.tokens: list[str] = []
        self.calls: list[str] = []
        self.busy = 0

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("describe", "list"))]

    def _refuse(self, code: str) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "The group is not right."}}, "ModifyReplicationGroup")

    def _begin(self, status: str) -> None:
        assert self.group is not None
        if self.group["Status"] != "available":
            self._refuse("InvalidReplicationGroupState")
        self.group["Status"] = status
        self.busy = 2

    def describe_replication_groups(self, ReplicationGroupId: str) -> dict[str, Any]:
        self.calls.append("describe_group")
        if self.group is None:
            self._refuse("ReplicationGroupNotFoundFault")
        assert self.group is not None
        answer = copy.deepcopy(self.group)
        if self.busy:
            self.busy -= 1
            if not self.busy and self.group["Status"] == "deleting":
                self.group = None
            elif not self.busy:
                self.group["Status"] = "available"
        return {"ReplicationGroups": [answer]}

    def describe_cache_clusters(self, CacheClusterId: str) -> dict[str, Any]:
        self.calls.append("describe_node")
        return {"CacheClusters": [copy.deepcopy(self.node)]}

    def list_tags_for_resource(self, ResourceName: str) -> dict[str, Any]:
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def add_tags_to_resource(self, ResourceName: str, Tags: list[dict[str, str]]) -> None:
        self.calls.append("tag")
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def remove_tags_from_resource(self, ResourceName: str, TagKeys: list[str]) -> None:
        self.calls.append("untag")
        for key in TagKeys:
            self.tags.pop(key, None)

    def _members(self, count: int) -> None:
        assert self.group is not None
        self.group["MemberClusters"] = [f"x-{number:03}" for number in range(1, count + 1)]

    def create_replication_group(self, **request: Any) -> None:
        self.calls.append("create")
        self.group = {
            "ReplicationGroupId": request["ReplicationGroupId"],
            "ARN": "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:x",
            "Status": "creating",
            "Description": request["ReplicationGroupDescription"],
            "Engine": request["Engine"],
            "CacheNodeType": request["CacheNodeType"],
            "TransitEncryptionEnabled": request["TransitEncryptionEnabled"],
            "AtRestEncryptionEnabled": request["AtRestEncryptionEnabled"],
            "AuthTokenEnabled": "AuthToken" in request,
            "AutomaticFailover": "disabled",
            "MultiAZ": "disabled",
            "SnapshotRetentionLimit": 0,
            "NodeGroups": [{"PrimaryEndpoint": {"Address": "master.x", "Port": 6379}}],
        }
        self._members(request["NumCacheClusters"])
        self.node = {
            "EngineVersion": request["EngineVersion"] + ".1",
            "CacheParameterGroup": {"CacheParameterGroupName": request["CacheParameterGroupName"]},
            "CacheSubnetGroupName": request["CacheSubnetGroupName"],
            "SecurityGroups": [{"SecurityGroupId": group} for group in request["SecurityGroupIds"]],
            "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
        }
        self.tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self.tokens = [request["AuthToken"]] if "AuthToken" in request else []
        self.busy = 2

    def modify_replication_group(self, **request: Any) -> None:
        self._begin("modifying")
        assert self.group is not None
        strategy = request.get("AuthTokenUpdateStrategy")
        self.calls.append(f"modify {strategy}" if strategy else "modify")
        if strategy == "ROTATE":
            self.tokens = [*(token for token in self.tokens if token != request["AuthToken"]), request["AuthToken"]][
                -2:
            ]
        elif strategy == "SET":
            assert request["AuthToken"] == self.tokens[-1], "AWS sets only the token that it rotated to last"
            self.tokens = [request["AuthToken"]]
        if "AutomaticFailoverEnabled" in request:
            if request["AutomaticFailoverEnabled"] and len(self.group["MemberClusters"]) < 2:
                self._refuse("InvalidParameterCombination")
            self.group["AutomaticFailover"] = "enabled" if request["AutomaticFailoverEnabled"] else "disabled"
        self.group["CacheNodeType"] = request.get("CacheNodeType", self.group["CacheNodeType"])

    def increase_replica_count(self, ReplicationGroupId: str, NewReplicaCount: int, ApplyImmediately: bool) -> None:
        self._begin("modifying")
        self.calls.append("increase")
        self._members(NewReplicaCount + 1)

    def decrease_replica_count(self, ReplicationGroupId: str, NewReplicaCount: int, ApplyImmediately: bool) -> None:
        self._begin("modifying")
        assert self.group is not None
        if self.group["AutomaticFailover"] == "enabled" and NewReplicaCount < 1:
            self._refuse("InvalidParameterCombination")
        self.calls.append("decrease")
        self._members(NewReplicaCount + 1)

    def delete_replication_group(self, **request: Any) -> None:
        self._begin("deleting")
        self.calls.append("delete " + request.get("FinalSnapshotIdentifier", ""))


class Account:
    def __init__(self) -> None:
        self.cache = FakeElastiCache()
        self.secrets = FakeSecrets()

    def run(self, check: bool = False, **changes: Any) -> dict[str, Any]:
        self.cache.calls.clear()
        return run_module(MODULE, {**WANTED, **changes}, check=check)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    fakes = Account()
    clients = {"elasticache": fakes.cache, "secretsmanager": fakes.secrets}
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service: clients[service])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return fakes


class TestTwelveSteps:
    def test_create(self, account: Account) -> None:
        predicted = account.run(check=True)
        assert predicted["changed"]
        assert account.cache.group is None
        created = account.run()
        assert created["changed"]
        group = created["replication_group"]
        assert group["status"] == "available"
        assert group["endpoint"] == {"address": "master.x", "port": 6379}
        assert group["transit_encryption"] and group["at_rest_encryption"]
        assert group["tags"] == {"team": "llmops", VERSION_TAG: "version-1"}
        assert account.cache.tokens == ["first-token-of-redis"]
        for name in ("node_type", "num_cache_clusters", "security_group_ids", "auth_token_enabled"):
            assert predicted["replication_group"][name] == group[name]
        for check in (True, False):
            assert account.run(check=check)["changed"] is False
            assert account.cache.changes == []

    def test_modify(self, account: Account) -> None:
        account.run()
        changes = {"node_type": "cache.r7g.large", "tags": {"team": "other"}}
        predicted = account.run(check=True, **changes)
        assert predicted["changed"]
        assert account.cache.changes == []
        modified = account.run(**changes)
        assert account.cache.changes == ["modify", "tag"]
        assert modified["diff"] == predicted["diff"]
        assert modified["replication_group"]["node_type"] == "cache.r7g.large"
        assert modified["replication_group"]["tags"] == {"team": "other", VERSION_TAG: "version-1"}
        for check in (True, False):
            assert account.run(check=check, **changes)["changed"] is False

    def test_delete(self, account: Account) -> None:
        account.run()
        gone = {"state": "absent", "final_snapshot_identifier": "x-final"}
        assert account.run(check=True, **gone)["changed"]
        assert account.cache.group is not None
        assert account.run(**gone)["changed"]
        assert account.cache.changes == ["delete x-final"]
        assert account.cache.group is None
        for check in (True, False):
            assert account.run(check=check, **gone)["changed"] is False


class TestToken:
    def test_a_new_token_is_added_before_the_old_one_is_retired(self, account: Account) -> None:
        account.run()
        account.secrets.put(REDIS_AUTH="second-token-of-redis", SALT="first-salt")
        predicted = account.run(check=True)
        result = account.run()
        assert account.cache.changes == ["modify ROTATE", "tag", "modify SET", "tag", "untag"]
        assert account.cache.tokens == ["second-token-of-redis"]
        assert account.cache.tags == {"team": "llmops", VERSION_TAG: "version-2"}
        assert list(result["diff"]["after"]) == ["auth_token"]
        assert result["diff"] == predicted["diff"]
        assert "token-of-redis" not in json.dumps([predicted, result])
        assert account.run()["changed"] is False

    def test_a_run_that_was_stopped_goes_on(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        account.run()
        account.secrets.put(REDIS_AUTH="second-token-of-redis")
        original = account.cache.modify_replication_group

        def stop_at_set(**request: Any) -> None:
            if request.get("AuthTokenUpdateStrategy") == "SET":
                raise KeyboardInterrupt
            original(**request)

        monkeypatch.setattr(account.cache, "modify_replication_group", stop_at_set)
        with pytest.raises(KeyboardInterrupt):
            account.run()
        assert account.cache.tokens == ["first-token-of-redis", "second-token-of-redis"]
        monkeypatch.setattr(account.cache, "modify_replication_group", original)
        assert account.run()["changed"]
        assert account.cache.changes == ["modify SET", "tag", "untag"]
        assert account.cache.tokens == ["second-token-of-redis"]

    def test_rotation_of_another_key_only_retags(self, account: Account) -> None:
        account.run()
        account.secrets.put(REDIS_AUTH="first-token-of-redis", SALT="second-salt")
        assert account.run()["changed"]
        assert account.cache.changes == ["tag"]
        assert account.cache.tags[VERSION_TAG] == "version-2"
        assert account.run()["changed"] is False

    def test_a_version_that_is_gone_cannot_be_compared(self, account: Account) -> None:
        account.run()
        account.secrets.put(REDIS_AUTH="first-token-of-redis", SALT="second-salt")
        del account.secrets.versions["version-1"]
        account.run()
        assert account.cache.changes == ["modify ROTATE", "tag", "modify SET", "tag", "untag"]

    def test_the_secret_is_not_read_where_nothing_changed(self, account: Account) -> None:
        account.run()
        account.secrets.reads = 0
        account.run()
        account.run(auth_token_version_id="version-1")
        assert account.secrets.reads == 0

    def test_a_group_without_the_tag_gets_the_token(self, account: Account) -> None:
        account.run()
        del account.cache.tags[VERSION_TAG]
        assert account.run()["diff"]["after"].keys() == {"auth_token"}
        assert account.cache.tags[VERSION_TAG] == "version-1"

    def test_purging_tags_keeps_the_version(self, account: Account) -> None:
        account.run()
        account.run(tags={})
        assert account.cache.tags == {VERSION_TAG: "version-1"}


class TestTokenInTwoSteps:
    """Clients are replaced between the two steps."""

    def rotate(self, account: Account, token: str, **options: Any) -> dict[str, Any]:
        account.secrets.put(REDIS_AUTH=token)
        return account.run(**({"auth_token_retire_previous": False} | options))

    def test_the_old_token_stays_until_it_is_retired(self, account: Account) -> None:
        assert account.run(auth_token_retire_previous=False)["replication_group"]["auth_token_rotating"] is False
        account.secrets.put(REDIS_AUTH="second-token-of-redis")
        predicted = account.run(check=True, auth_token_retire_previous=False)
        added = account.run(auth_token_retire_previous=False)
        assert account.cache.changes == ["modify ROTATE", "tag"]
        assert account.cache.tokens == ["first-token-of-redis", "second-token-of-redis"]
        assert account.cache.tags == {"team": "llmops", VERSION_TAG: "version-1", ROTATING_TAG: "version-2"}
        assert added["replication_group"]["auth_token_rotating"] is True
        assert predicted["diff"] == added["diff"]
        for check in (True, False):
            assert account.run(check=check, auth_token_retire_previous=False)["changed"] is False
        predicted = account.run(check=True)
        retired = account.run()
        assert account.cache.changes == ["modify SET", "tag", "untag"]
        assert account.cache.tokens == ["second-token-of-redis"]
        assert account.cache.tags == {"team": "llmops", VERSION_TAG: "version-2"}
        assert retired["diff"] == predicted["diff"]
        assert retired["diff"]["after"] == {"auth_token_rotating": False}
        assert "token-of-redis" not in json.dumps([added, retired])
        for check in (True, False):
            assert account.run(check=check)["changed"] is False

    def test_a_third_token_would_end_the_one_that_clients_have(self, account: Account) -> None:
        account.run()
        self.rotate(account, "second-token-of-redis")
        with pytest.raises(ModuleFailed, match="still accepts the AUTH token before the last one"):
            self.rotate(account, "third-token-of-redis")
        assert account.cache.tokens == ["first-token-of-redis", "second-token-of-redis"]
        account.run()
        assert account.cache.changes == ["modify ROTATE", "tag", "modify SET", "tag", "untag"]
        assert account.cache.tokens == ["third-token-of-redis"]

    def test_the_way_back_keeps_the_token_of_clients_that_were_replaced_already(self, account: Account) -> None:
        account.run()
        self.rotate(account, "second-token-of-redis")
        account.secrets.current = "version-1"
        account.run(auth_token_retire_previous=False)
        assert account.cache.tokens == ["second-token-of-redis", "first-token-of-redis"]
        assert account.run(auth_token_retire_previous=False)["changed"] is False
        account.run()
        assert account.cache.tokens == ["first-token-of-redis"]
        assert account.cache.tags == {"team": "llmops", VERSION_TAG: "version-1"}

    @pytest.mark.parametrize("retire, tags", [(False, {VERSION_TAG: "version-1", ROTATING_TAG: "version-3"}),
                                              (True, {VERSION_TAG: "version-3"})])  # fmt: skip
    def test_rotation_of_another_key_in_between(self, account: Account, retire: bool, tags: dict[str, str]) -> None:
        account.run()
        self.rotate(account, "second-token-of-redis")
        account.secrets.put(REDIS_AUTH="second-token-of-redis", SALT="second-salt")
        assert account.run(auth_token_retire_previous=retire)["changed"]
        assert "modify ROTATE" not in account.cache.changes
        assert account.cache.tags == {"team": "llmops"} | tags
        assert account.run(auth_token_retire_previous=retire)["changed"] is False

    def test_a_node_is_added_while_both_are_valid(self, account: Account) -> None:
        account.run()
        self.rotate(account, "second-token-of-redis")
        account.run(auth_token_retire_previous=False, num_cache_clusters=2)
        assert account.cache.changes == ["increase"]
        assert account.cache.tags[ROTATING_TAG] == "version-2"


class TestNodes:
    def test_a_second_node_comes_before_failover(self, account: Account) -> None:
        account.run()
        more = {"num_cache_clusters": 2, "automatic_failover": True}
        account.run(**more)
        assert account.cache.changes == ["increase", "modify"]
        assert account.run(**more)["changed"] is False

    def test_failover_goes_before_the_second_node(self, account: Account) -> None:
        account.run()
        account.run(num_cache_clusters=2, automatic_failover=True)
        account.run(num_cache_clusters=1, automatic_failover=False)
        assert account.cache.changes == ["modify", "decrease"]
        assert account.run(num_cache_clusters=1, automatic_failover=False)["changed"] is False


class TestBusyGroups:
    def test_a_busy_group_is_waited_for(self, account: Account) -> None:
        account.run()
        assert account.cache.group is not None
        account.cache.group["Status"], account.cache.busy = "snapshotting", 4
        account.run(node_type="cache.r7g.large")
        assert account.cache.changes == ["modify"]

    def test_a_busy_group_without_waiting_is_refused(self, account: Account) -> None:
        account.run()
        assert account.cache.group is not None
        account.cache.group["Status"] = "snapshotting"
        with pytest.raises(ModuleFailed, match="has to change and is snapshotting; set wait, or run again later"):
            account.run(node_type="cache.r7g.large", wait=False)
        assert account.run(wait=False)["changed"] is False

    def test_starting_without_waiting(self, account: Account) -> None:
        assert account.run(wait=False)["replication_group"]["status"] == "creating"
        result = account.run()
        assert result["changed"] is False
        assert result["replication_group"]["status"] == "available"

    def test_a_group_that_leaves_is_awaited_and_made_anew(self, account: Account) -> None:
        account.run()
        account.run(state="absent", wait=False)
        assert account.run()["changed"]
        assert account.cache.changes == ["create"]

    def test_a_group_that_could_not_be_created(self, account: Account) -> None:
        account.run()
        assert account.cache.group is not None
        account.cache.group["Status"] = "create-failed"
        with pytest.raises(ModuleFailed, match="AWS could not create the replication group x; see its events"):
            account.run()

    def test_time_runs_out(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        account.run(wait=False)
        account.cache.busy = 10**6
        with pytest.raises(
            ModuleFailed, match=r"Time is out after 0 seconds waiting for the replication group x .*creating"
        ):
            account.run(wait_timeout=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"engine_version": None}, "does not exist and engine_version is missing; set it"),
        ({"auth_token_secret_key": None}, "auth_token_secret_key"),
        ({"auth_token_secret_key": "NOTHING"}, "has no text under the key NOTHING"),
        ({"replication_group_id": "X"}, "cannot be used"),
    ],
)
def test_refusals(account: Account, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailed, match=message):
        account.run(**changes)
    assert account.cache.group is None


def test_an_older_version_is_only_a_warning(account: Account) -> None:
    account.run()
    result = account.run(engine_version="7.2")
    assert result["changed"] is False
    assert "cannot go back to engine_version 7.2" in json.dumps(result["warnings"])
