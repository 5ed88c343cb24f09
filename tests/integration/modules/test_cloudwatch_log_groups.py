# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "cloudwatch_log_groups"
NAMES = ["/x/web", "/x/worker"]


def active(aws: Any) -> dict[str, int | None]:
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    return {item["logGroupName"]: item.get("retentionInDays") for item in groups}


def test_twelve_steps(aws: Any) -> None:
    options = {"names": NAMES, "retention_days": 30, "tags": {"langfuse:environment": "x"}}
    aws.cycle(MODULE, options)
    assert active(aws) == dict.fromkeys(NAMES, 30)
    # One of those days with which the upstream module deletes the group.
    made = aws.cycle(MODULE, {**options, "retention_days": 1096, "tags": {"team": "llmops"}})
    assert active(aws) == dict.fromkeys(NAMES, 1096)
    assert [group["tags"] for group in made["log_groups"]] == [{"team": "llmops"}] * 2
    aws.cycle(MODULE, {"names": NAMES, "state": "absent"})
    assert active(aws) == {}


def test_only_what_differs_is_shown_and_others_stay(aws: Any) -> None:
    """Names are looked for by what they begin with, which others may, too."""
    logs = aws.client("logs")
    for name in ("/x/web", "/x/web-of-somebody"):
        logs.create_log_group(logGroupName=name)
    result = aws.run(MODULE, {"names": ["/x/web"], "retention_days": 7})
    assert (result["changed"], list(result["diff"]["after"])) == (True, ["/x/web"])
    assert active(aws) == {"/x/web": 7, "/x/web-of-somebody": None}
    aws.run(MODULE, {"names": ["/x/web"], "state": "absent"})
    assert active(aws) == {"/x/web-of-somebody": None}


def test_key_is_that_of_a_new_one_only(aws: Any) -> None:
    keys = [f"arn:aws:kms:us-east-1:123456789012:key/{digit * 8}-1111-1111-1111-111111111111" for digit in "12"]
    options = {"names": ["/x/web"], "retention_days": 7}
    made = aws.run(MODULE, {**options, "kms_key_arn": keys[0]})
    assert made["log_groups"][0]["kms_key_arn"] == keys[0]
    assert aws.run(MODULE, {**options, "kms_key_arn": keys[1]})["changed"] is False


def test_all_that_begin_so(aws: Any) -> None:
    logs = aws.client("logs")
    for name in ("/x/web", "/x/worker", "/xy"):
        logs.create_log_group(logGroupName=name)
    aws.cycle(MODULE, {"prefix": "/x/", "state": "absent"})
    assert active(aws) == {"/xy": None}
    with pytest.raises(ModuleFailed, match="names"):
        aws.run(MODULE, {"prefix": "/x/", "retention_days": 7})


def test_nothing_asked_for(aws: Any) -> None:
    assert aws.run(MODULE, {"names": [], "state": "absent"})["changed"] is False


def test_days_that_aws_does_not_know(aws: Any) -> None:
    with pytest.raises(ModuleFailed, match="retention_days"):
        aws.run(MODULE, {"names": NAMES, "retention_days": 31})
