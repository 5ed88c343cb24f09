# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' IAM policies: what they are made of, and that AWS would take them."""

from __future__ import annotations

import json
from pathlib import Path

import permissions
import pytest

SHIPPED = [caller for caller in permissions.callers() if permissions.policy_file(caller).exists()]


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("ecs.CreateCluster", "ecs:CreateCluster"),
        ("efs.CreateFileSystem", "elasticfilesystem:CreateFileSystem"),
        ("elbv2.DescribeRules", "elasticloadbalancing:DescribeRules"),
        ("s3.ListObjectsV2", "s3:ListBucket"),
        ("sts.GetCallerIdentity", ""),
    ],
)
def test_the_action_of_a_call(call: str, action: str) -> None:
    assert permissions.action_of(call) == action


def test_an_action_that_aws_does_not_have_is_noticed() -> None:
    with pytest.raises(KeyError):
        permissions.action_of("s3.GetBucketReplicas")


def test_policy_has_what_aws_asks_for_besides() -> None:
    policy = permissions.policy({"ecs:RegisterTaskDefinition", "ecs:DescribeClusters", "ecs:CreateCluster"})
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert statements["Read"]["Action"] == ["ecs:DescribeClusters"]
    assert statements["Write"]["Action"] == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:TagResource"]
    assert statements["PassRole"]["Condition"]["StringEquals"]["iam:PassedToService"] == ["ecs-tasks.amazonaws.com"]
    assert statements["ServiceLinkedRoles"]["Condition"]["StringEquals"]["iam:AWSServiceName"] == ["ecs.amazonaws.com"]


def test_what_a_policy_lacks_is_refused() -> None:
    with pytest.raises(AssertionError, match="sns:CreateTopic"):
        permissions.refuse_more_than_policies_allow({"CALLERCACHE": ["sns.CreateTopic"]})


def test_keys_of_nobody_are_left_out() -> None:
    permissions.refuse_more_than_policies_allow({"local-aws-access-key-id": ["sns.CreateTopic"]})


def test_record_is_added_to_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "REPOSITORY", tmp_path)
    (tmp_path / "roles/cache").mkdir(parents=True)
    record = tmp_path / "calls"
    for call in ("elasticache.DescribeEvents", "elasticache.CreateUser"):
        record.unlink(missing_ok=True)
        permissions.add_to_record(record, {"CALLERCACHE": [call]})
        permissions.main(record)
    assert permissions.shipped("cache") == {"elasticache:DescribeEvents", "elasticache:CreateUser"}


@pytest.mark.parametrize("caller", SHIPPED)
def test_policy_is_one_that_aws_takes(caller: str) -> None:
    document = json.loads(permissions.policy_file(caller).read_text(encoding="utf-8"))
    assert permissions.policy(permissions.shipped(caller)) == document, "as `make permissions` writes it"
    assert len(json.dumps(document, separators=(",", ":"))) <= permissions.POLICY_CHARACTERS
    for action in permissions.allowed(document):
        permissions.access_level(action)
