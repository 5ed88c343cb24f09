# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What KMS refuses, beside what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .server_support import Server

ROOT = "arn:aws:iam::123456789012:root"


def policy(principal: Any, action: Any = "kms:*", effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "locked",
    [
        policy({"AWS": "arn:aws:iam::999999999999:root"}),
        policy({"Service": "logs.eu-central-1.amazonaws.com"}),
        policy({"AWS": ROOT}, ["kms:Encrypt", "kms:Decrypt"]),
        policy({"AWS": ROOT}, effect="Deny"),
        "{}",
    ],
)
def test_nobody_locks_himself_out(server: Server, locked: str) -> None:
    kms = server.client("kms")
    with server.refuses("MalformedPolicyDocumentException"):
        kms.create_key(Policy=locked)
    key = kms.create_key(Policy=policy({"AWS": ROOT}))["KeyMetadata"]["KeyId"]
    with server.refuses("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=locked)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy({"AWS": [ROOT]}, ["kms:Put*"]))


def test_the_check_can_be_bypassed(server: Server) -> None:
    server.client("kms").create_key(
        Policy=policy({"AWS": "arn:aws:iam::999999999999:root"}), BypassPolicyLockoutSafetyCheck=True
    )


def test_a_key_is_not_deleted_at_once(server: Server) -> None:
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with server.refuses("ValidationException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=6)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
