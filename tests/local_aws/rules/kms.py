# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What KMS refuses and moto takes.

Source: the developer guide's page on key policies ("key policy lockout") and the API reference.
"""

from __future__ import annotations

import json
from typing import Any

from . import Call, Refusal, rule

POLICY_ACTIONS = ("*", "kms:*", "kms:put*", "kms:putkeypolicy")


def malformed(message: str) -> Refusal:
    return Refusal("MalformedPolicyDocumentException", message)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _lets_the_account_in(statement: dict[str, Any], account_id: str) -> bool:
    """Whether a statement lets the account's administrators change the policy."""
    principal = statement.get("Principal")
    named = ["*"] if principal == "*" else _list((principal or {}).get("AWS"))
    inside = any(item == "*" or f":{account_id}:" in f":{item}:" for item in named)
    actions = [str(action).lower() for action in _list(statement.get("Action"))]
    return statement.get("Effect") == "Allow" and inside and any(action in POLICY_ACTIONS for action in actions)


@rule("kms", "CreateKey")
@rule("kms", "PutKeyPolicy")
def nobody_locks_himself_out(call: Call) -> None:
    # CreateKey.BypassPolicyLockoutSafetyCheck
    text = call.params.get("Policy")
    if not text or call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    try:
        statements = _list(json.loads(text)["Statement"])
    except (ValueError, KeyError, TypeError) as error:
        raise malformed("Policy contains a statement with one or more invalid fields") from error
    if not any(_lets_the_account_in(statement, call.account_id) for statement in statements):
        raise malformed("The new key policy will not allow you to update the key policy in the future.")


@rule("kms", "ScheduleKeyDeletion")
def a_key_waits_for_its_deletion(call: Call) -> None:
    # ScheduleKeyDeletion.PendingWindowInDays
    days = call.params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise Refusal("ValidationException", f"PendingWindowInDays must be between 7 and 30 (inclusive), not {days}")
