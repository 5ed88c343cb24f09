# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a parameter group kept in memory; moto has none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import ClientError
from module_runner import ModuleFailed, run_module

MODULE = "elasticache_parameter_group"
DEFAULTS = {"maxmemory-policy": "volatile-lru", "timeout": "0", "lazyfree": "yes"}
WANTED: dict[str, Any] = {
    "name": "x-valkey8",
    "family": "valkey8",
    "parameters": {"maxmemory-policy": "noeviction"},
    "tags": {"team": "llmops"},
}


class FakeElastiCache:
    def __init__(self) -> None:
        self.group: dict[str, Any] | None = None
        self.set: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.calls: list[str] = []

    def describe_cache_parameter_groups(self, CacheParameterGroupName: str) -> dict[str, Any]:
        if self.group is None:
            raise ClientError({"Error": {"Code": "CacheParameterGroupNotFound", "Message": "No."}}, "Describe")
        return {"CacheParameterGroups": [self.group]}

    def get_paginator(self, name: str) -> Any:
        fake = self

        class Paginator:
            def paginate(self, CacheParameterGroupName: str) -> list[dict[str, Any]]:
                every = [
                    {
                        "ParameterName": key,
                        "ParameterValue": fake.set.get(key, value),
                        "Source": "user" if key in fake.set else "system",
                        "IsModifiable": True,
                    }
                    for key, value in DEFAULTS.items()
                ]
                return [{"Parameters": every[:1]}, {"Parameters": every[1:]}]

        assert name == "describe_cache_parameters"
        return Paginator()

    def create_cache_parameter_group(self, Tags: list[dict[str, str]], **request: Any) -> dict[str, Any]:
        self.calls.append("create")
        self.group = {**request, "ARN": "arn:x"}
        self.tags = {tag["Key"]: tag["Value"] for tag in Tags}
        return {"CacheParameterGroup": self.group}

    def modify_cache_parameter_group(self, CacheParameterGroupName: str, ParameterNameValues: list[Any]) -> None:
        self.calls.append("modify")
        self.set |= {entry["ParameterName"]: entry["ParameterValue"] for entry in ParameterNameValues}

    def reset_cache_parameter_group(
        self, CacheParameterGroupName: str, ResetAllParameters: bool, ParameterNameValues: list[Any]
    ) -> None:
        self.calls.append("reset")
        assert ResetAllParameters is False
        for entry in ParameterNameValues:
            del self.set[entry["ParameterName"]]

    def delete_cache_parameter_group(self, CacheParameterGroupName: str) -> None:
        self.calls.append("delete")
        self.group = None

    def list_tags_for_resource(self, ResourceName: str) -> dict[str, Any]:
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def add_tags_to_resource(self, ResourceName: str, Tags: list[dict[str, str]]) -> None:
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def remove_tags_from_resource(self, ResourceName: str, TagKeys: list[str]) -> None:
        for key in TagKeys:
            del self.tags[key]


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> FakeElastiCache:
    fake = FakeElastiCache()
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service: fake)
    return fake


def cycle(args: dict[str, Any]) -> dict[str, Any]:
    predicted = run_module(MODULE, args, check=True)
    result = run_module(MODULE, args)
    assert (predicted["changed"], result["changed"]) == (True, True)
    assert predicted["diff"]["after"].keys() == result["diff"]["after"].keys()
    for check in (True, False):
        assert run_module(MODULE, args, check=check)["changed"] is False
    return result


def test_twelve_steps(cache: FakeElastiCache) -> None:
    created = cycle(WANTED)["parameter_group"]
    assert cache.calls == ["create", "modify"]
    assert created["parameters"] == {"maxmemory-policy": "noeviction"}
    assert (created["family"], created["tags"], created["arn"]) == ("valkey8", {"team": "llmops"}, "arn:x")

    changes = {**WANTED, "parameters": {"maxmemory-policy": "noeviction", "lazyfree": False}, "tags": {"team": "me"}}
    modified = cycle(changes)
    assert modified["diff"]["before"] == {"lazyfree": "yes", "tags": {"team": "llmops"}}
    assert cache.set == {"maxmemory-policy": "noeviction", "lazyfree": "no"}
    assert cache.tags == {"team": "me"}

    assert cycle({"name": "x-valkey8", "state": "absent"})["parameter_group"] == {}
    assert cache.group is None


def test_what_is_not_named_stays_unless_it_is_purged(cache: FakeElastiCache) -> None:
    run_module(MODULE, WANTED)
    cache.set["timeout"] = "60"
    assert run_module(MODULE, WANTED)["changed"] is False
    purged = cycle({**WANTED, "purge_parameters": True})
    assert purged["diff"] == {"before": {"timeout": "60"}, "after": {"timeout": ""}}
    assert purged["parameter_group"]["parameters"] == {"maxmemory-policy": "noeviction"}
    assert cache.set == {"maxmemory-policy": "noeviction"}


def test_a_value_that_is_the_default_is_not_written(cache: FakeElastiCache) -> None:
    run_module(MODULE, {**WANTED, "parameters": {"timeout": 0}})
    assert cache.calls == ["create"]


def test_another_family_is_refused(cache: FakeElastiCache) -> None:
    run_module(MODULE, WANTED)
    with pytest.raises(ModuleFailed, match="has the family valkey8 and AWS cannot change it to valkey9; give another"):
        run_module(MODULE, {**WANTED, "family": "valkey9"})


@pytest.mark.parametrize("existing", [True, False])
def test_an_unknown_parameter_is_refused(cache: FakeElastiCache, existing: bool) -> None:
    if existing:
        run_module(MODULE, WANTED)
    with pytest.raises(ModuleFailed, match="has no parameter maxmemory"):
        run_module(MODULE, {**WANTED, "parameters": {"maxmemory": "1"}})


def test_family_is_needed(cache: FakeElastiCache) -> None:
    with pytest.raises(ModuleFailed, match="family"):
        run_module(MODULE, {"name": "x"})
