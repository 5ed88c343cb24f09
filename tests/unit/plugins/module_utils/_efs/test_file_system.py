# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._efs.file_system import (
    MountTarget,
    compare,
    create_request,
    describe,
    plan_targets,
    planned,
    refuse_immutable,
    shown,
)

PARAMS: dict[str, Any] = {
    "name": "x",
    "encrypted": True,
    "kms_key_id": None,
    "throughput_mode": None,
    "provisioned_throughput_mibps": None,
    "backup": None,
    "subnet_ids": None,
    "security_group_ids": None,
}
ACTIVE = describe(
    {
        "FileSystemId": "fs-1",
        "CreationToken": "x",
        "Encrypted": True,
        "KmsKeyId": "arn:aws:kms:r:1:key/1234",
        "ThroughputMode": "elastic",
    },
    False,
    [],
)


def target(subnet: str, *groups: str, state: str = "available") -> MountTarget:
    return MountTarget(subnet, sorted(groups), f"fsmt-{subnet}", state)


def test_a_new_one_is_elastic_unless_told_otherwise() -> None:
    assert create_request(PARAMS, []) == {
        "CreationToken": "x",
        "Encrypted": True,
        "ThroughputMode": "elastic",
        "Tags": [],
    }
    assert create_request({**PARAMS, "throughput_mode": "bursting"}, [])["ThroughputMode"] == "bursting"


@pytest.mark.parametrize(
    ("options", "request_", "names"),
    [
        ({}, {}, []),
        ({"throughput_mode": "elastic", "backup": False}, {}, []),
        ({"throughput_mode": "bursting"}, {"ThroughputMode": "bursting"}, ["throughput_mode"]),
        ({"backup": True}, {}, ["backup"]),
        (
            {"throughput_mode": "provisioned", "provisioned_throughput_mibps": 5.0},
            {"ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 5.0},
            ["throughput_mode", "provisioned_throughput_mibps"],
        ),
    ],
)
def test_compare(options: dict[str, Any], request_: dict[str, Any], names: list[str]) -> None:
    difference = compare({**PARAMS, **options}, ACTIVE)
    assert (difference.request, difference.names) == (request_, names)


@pytest.mark.parametrize("key", ["1234", "arn:aws:kms:r:1:key/1234", "alias/x", "arn:aws:kms:r:1:alias/x", "", None])
def test_the_same_key(key: str | None) -> None:
    refuse_immutable({**PARAMS, "kms_key_id": key}, ACTIVE)


@pytest.mark.parametrize("options", [{"kms_key_id": "5678"}, {"encrypted": False}])
def test_what_cannot_change(options: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="AWS cannot change that"):
        refuse_immutable({**PARAMS, **options}, ACTIVE)


class TestTargets:
    def test_none_named_none_touched(self) -> None:
        plan = plan_targets(PARAMS, [target("a")])
        assert (plan.to_create, plan.to_change, plan.to_delete) == ([], [], [])

    def test_plan(self) -> None:
        active = [target("a", "one"), target("b", "two"), target("c", "one"), target("e", "one", state="deleting")]
        params = {**PARAMS, "subnet_ids": ["a", "b", "d", "e"], "security_group_ids": ["one"]}
        plan = plan_targets(params, active)
        assert [item.subnet_id for item in plan.to_create] == ["d", "e"]
        assert [item.subnet_id for item in plan.to_change] == ["b"]
        assert [item.subnet_id for item in plan.to_delete] == ["c"]
        assert shown(planned(params, active, plan)) == {"a": ["one"], "b": ["one"], "d": ["one"], "e": ["one"]}

    def test_groups_that_are_not_named_stay(self) -> None:
        plan = plan_targets({**PARAMS, "subnet_ids": ["a"]}, [target("a", "one")])
        assert plan.to_change == []
