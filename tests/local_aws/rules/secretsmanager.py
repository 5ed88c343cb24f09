# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Secrets Manager refuses and moto takes.

Source: the API reference of each operation.
"""

from __future__ import annotations

import re
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from . import Call, Refusal, rule

MAX_BYTES = 65536
NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


def _secret(call: Call, key: str) -> Any:
    return secretsmanager_backends[call.account_id][call.region].secrets.get(call.params.get(key) or "")


def deleting_key(call: Call, name: str) -> tuple[str, str, str]:
    """A secret that was deleted without recovery and is not quite gone."""
    return ("secret", call.region, name)


@rule("secretsmanager", "CreateSecret")
def names(call: Call) -> None:
    if not NAME.fullmatch(call.params["Name"]):
        raise Refusal(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )


@rule("secretsmanager", "CreateSecret")
def a_name_that_waits_for_its_deletion(call: Call) -> None:
    # CreateSecret, error InvalidRequestException; DeleteSecret: after ForceDeleteWithoutRecovery too, for a moment
    name = call.params["Name"]
    found = _secret(call, "Name")
    waiting = found is not None and found.is_deleted()
    if waiting or (call.context is not None and call.context.lifecycle.busy(deleting_key(call, name))):
        raise Refusal(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )


@rule("secretsmanager", "CreateSecret")
@rule("secretsmanager", "PutSecretValue")
@rule("secretsmanager", "UpdateSecret")
def size(call: Call) -> None:
    for name in ("SecretString", "SecretBinary"):
        value = call.params.get(name)
        raw = value.encode() if isinstance(value, str) else value or b""
        if len(raw) > MAX_BYTES:
            raise Refusal(
                "ValidationException",
                f"1 validation error detected: Value at '{name[0].lower() + name[1:]}' failed to satisfy constraint: Member "
                f"must have length less than or equal to {MAX_BYTES}",
            )


@rule("secretsmanager", "GetSecretValue")
@rule("secretsmanager", "PutSecretValue")
@rule("secretsmanager", "UpdateSecret")
@rule("secretsmanager", "TagResource")
@rule("secretsmanager", "UntagResource")
@rule("secretsmanager", "RotateSecret")
@rule("secretsmanager", "ReplicateSecretToRegions")
def marked_for_deletion(call: Call) -> None:
    # DeleteSecret: until it is restored, a secret that waits for its deletion can only be described
    found = _secret(call, "SecretId")
    if found is not None and found.is_deleted():
        raise Refusal("InvalidRequestException", MARKED)
