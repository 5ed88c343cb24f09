# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM roles as tasks meet them: who trusts whom, and whether a role's policies allow an action on a resource.

moto's own evaluator leaves Resource and Condition out (its module says so), and they are what roles get wrong.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable
from typing import Any

from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from . import runtime
from .runtime import ACCOUNT_ID

Context = dict[str, str]
# seconds until a new role is known to other services (terraform-aws-ecs #414, pulumi-awsx #927: 5 to 60)
PROPAGATION = 10.0


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def role_of(arn_or_name: str, account: str = ACCOUNT_ID, region: str = "us-east-1") -> Any | None:
    """moto's role, or None."""
    roles = iam_backends[account][get_partition(region)].roles.values()
    for role in roles:
        if arn_or_name in (role.arn, role.name):
            return role
    return None


def visible(role: Any) -> bool:
    """Whether IAM has told everybody of the role: a new one is unknown elsewhere for some seconds."""
    age = (runtime.now() - role.create_date.replace(tzinfo=None)).total_seconds()
    return bool(age >= runtime.CLOCK.platform(PROPAGATION))


def documents(role: Any) -> Iterable[dict[str, Any]]:
    """Every policy document of a role: inline, managed, and what is attached."""
    for document in role.policies.values():
        yield document if isinstance(document, dict) else json.loads(document)
    for managed in role.managed_policies.values():
        document = managed.document
        yield document if isinstance(document, dict) else json.loads(document)


def _glob(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        pattern, value = pattern.lower(), value.lower()
    # IAM knows * and ? only: brackets are ordinary characters
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _condition_holds(operator: str, wanted: list[str], value: str | None) -> bool:
    exists_only = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists").rpartition(":")[2]
    if operator == "Null":
        return (value is None) == (str(wanted[0]).lower() == "true")
    if value is None:
        return exists_only or operator.startswith(("StringNot", "ArnNot"))
    wanted = [str(item) for item in wanted]
    checks = {
        "StringEquals": lambda: value in wanted,
        "StringNotEquals": lambda: value not in wanted,
        "StringEqualsIgnoreCase": lambda: value.lower() in [item.lower() for item in wanted],
        "StringLike": lambda: any(_glob(item, value) for item in wanted),
        "StringNotLike": lambda: not any(_glob(item, value) for item in wanted),
        "ArnEquals": lambda: any(_glob(item, value) for item in wanted),
        "ArnLike": lambda: any(_glob(item, value) for item in wanted),
        "ArnNotLike": lambda: not any(_glob(item, value) for item in wanted),
        "Bool": lambda: value.lower() in [item.lower() for item in wanted],
    }
    return operator in checks and checks[operator]()


def conditions_hold(statement: dict[str, Any], context: Context) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    return all(
        _condition_holds(operator, _list(wanted), known.get(key.lower()))
        for operator, pairs in (statement.get("Condition") or {}).items()
        for key, wanted in pairs.items()
    )


def _matches(statement: dict[str, Any], action: str, resource: str | None, context: Context) -> bool:
    if "Action" in statement:
        if not any(_glob(item, action, ignore_case=True) for item in _list(statement["Action"])):
            return False
    elif any(_glob(item, action, ignore_case=True) for item in _list(statement.get("NotAction"))):
        return False
    if resource is not None and not _resource_matches(statement, resource):
        return False
    return conditions_hold(statement, context)


def _resource_matches(statement: dict[str, Any], resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_glob(item, resource) for item in _list(statement["NotResource"]))
    # a resource policy may leave the resource out: it means the thing the policy is attached to
    return any(_glob(item, resource) for item in _list(statement.get("Resource", "*")))


def decide(sources: Iterable[dict[str, Any]], action: str, resource: str | None, context: Context) -> bool | None:
    """True: allowed; False: explicitly denied; None: nothing said. An unknown resource (None) matches any."""
    allowed: bool | None = None
    for document in sources:
        for statement in _list(document.get("Statement")):
            if not _matches(statement, action, resource, context):
                continue
            if statement.get("Effect") == "Deny":
                if resource is None and _list(statement.get("Resource", "*")) != ["*"]:
                    continue
                return False
            allowed = True
    return allowed


def allows(role_arn: str, action: str, resource: str | None, context: Context | None = None) -> bool:
    """Whether the role's identity policies allow this; a role that is gone allows nothing."""
    role = role_of(role_arn)
    return role is not None and decide(documents(role), action, resource, context or {}) is True


def _principal_matches(statement: dict[str, Any], kind: str, value: str) -> bool:
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(item in ("*", value) for item in _list(principal.get(kind)))


def trusts(role: Any, service: str, source_arn: str = "") -> bool:
    """Whether a service may assume the role, on behalf of a thing of its own (aws:SourceArn)."""
    document = role.assume_role_policy_document
    document = document if isinstance(document, dict) else json.loads(document or "{}")
    statements = [item for item in _list(document.get("Statement")) if _principal_matches(item, "Service", service)]
    context = {"aws:SourceAccount": role.account_id, **({"aws:SourceArn": source_arn} if source_arn else {})}
    # aws:SourceArn depends on the task; a pattern on ECS's own ARNs is taken as met
    for statement in statements:
        for pairs in (statement.get("Condition") or {}).values():
            for key, wanted in pairs.items():
                if key.lower() == "aws:sourcearn" and any(":ecs:" in str(item) for item in _list(wanted)):
                    context["aws:SourceArn"] = re.sub(r"[*?]", "x", str(_list(wanted)[0]))
    return decide([{"Statement": statements}], "sts:AssumeRole", None, context) is True


def resource_policy(document: str | None, role_arn: str | None, action: str, context: Context) -> bool | None:
    """What a resource's own policy says to a role, or to an anonymous client."""
    if not document:
        return None
    parsed = json.loads(document)
    account = (role_arn or "").split(":")[4] if role_arn else ""
    statements = [
        item
        for item in _list(parsed.get("Statement"))
        if _principal_matches(item, "AWS", role_arn or "")
        or (account and _principal_matches(item, "AWS", f"arn:aws:iam::{account}:root"))
    ]
    return decide([{"Statement": statements}], action, None, context)
