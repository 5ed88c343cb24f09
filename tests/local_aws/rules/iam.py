# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM refuses and moto takes.

Source: the user guide's page "IAM and AWS STS quotas", and the API reference of each operation.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.iam.models import iam_backends

from . import Call, Refusal, rule

ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
MAX_ROLE_NAME = 64
MAX_INLINE = 10240
MAX_MANAGED = 10
MAX_TRUST = 2048


def _role(call: Call) -> Any:
    for backend in iam_backends[call.account_id].values():
        for role in backend.roles.values():
            if role.name == call.params["RoleName"]:
                return role
    return None


def _size(document: str) -> int:
    """White space does not count."""
    return len(re.sub(r"\s", "", document))


@rule("iam", "CreateRole")
def names(call: Call) -> None:
    name = call.params["RoleName"]
    if len(name) > MAX_ROLE_NAME or not ROLE_NAME.fullmatch(name):
        what = (
            f"Member must have length less than or equal to {MAX_ROLE_NAME}"
            if len(name) > MAX_ROLE_NAME
            else "Member must satisfy regular expression pattern: [\\w+=,.@-]+"
        )
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'roleName' failed to satisfy constraint: {what}",
        )


@rule("iam", "CreateRole")
@rule("iam", "UpdateAssumeRolePolicy")
def trust(call: Call) -> None:
    document = call.params.get("AssumeRolePolicyDocument") or call.params.get("PolicyDocument") or ""
    if _size(document) > MAX_TRUST:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {MAX_TRUST}")
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        # moto refuses it
        return
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Resource" in statement:
            raise Refusal("MalformedPolicyDocument", "Has prohibited field Resource")


@rule("iam", "PutRolePolicy")
def inline_policies_have_a_size(call: Call) -> None:
    role = _role(call)
    if role is None:
        return
    others = [text for name, text in role.policies.items() if name != call.params["PolicyName"]]
    if sum(map(_size, [*others, call.params["PolicyDocument"]])) > MAX_INLINE:
        raise Refusal("LimitExceeded", f"Maximum policy size of {MAX_INLINE} bytes exceeded for role {role.name}")


@rule("iam", "AttachRolePolicy")
def managed_policies_have_a_number(call: Call) -> None:
    role = _role(call)
    attached = role.managed_policies if role is not None else {}
    if len(attached) >= MAX_MANAGED and call.params["PolicyArn"] not in attached:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MAX_MANAGED}")
