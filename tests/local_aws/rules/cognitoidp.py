# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Cognito user pools refuse and moto takes.

Source: the API reference of each operation; "Using the Amazon Cognito domain for the hosted UI" of the developer guide
for a prefix's words.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from moto.cognitoidp.models import cognitoidp_backends

from . import Call, Refusal, rule

SERVICE = "cognito-idp"
PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterException", message)


def pool_of(call: Call) -> Any:
    return cognitoidp_backends[call.account_id][call.region].user_pools.get(call.params["UserPoolId"])


@rule(SERVICE, "CreateUserPoolDomain")
def domains(call: Call) -> None:
    prefix = call.params["Domain"]
    if not PREFIX.fullmatch(prefix):
        raise invalid(
            f"1 validation error detected: Value '{prefix}' at 'domain' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: ^[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?$"
        )
    for word in ("aws", "amazon", "cognito"):
        if word in prefix:
            raise invalid(f"Domain cannot contain reserved word: {word}")
    if prefix in cognitoidp_backends[call.account_id][call.region].user_pool_domains:
        raise invalid("Domain already associated with another user pool.")
    pool = pool_of(call)
    if pool is not None and pool.domain is not None:
        raise invalid("User pool already has a domain configured.")


@rule(SERVICE, "DeleteUserPool")
def deletion(call: Call) -> None:
    pool = pool_of(call)
    if pool is None:
        return
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        raise invalid(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be "
            "inactivated first."
        )
    if pool.domain is not None:
        raise invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.")


@rule(SERVICE, "CreateUserPool")
@rule(SERVICE, "UpdateUserPool")
def pools(call: Call) -> None:
    policy = (call.params.get("Policies") or {}).get("PasswordPolicy") or {}
    invitations = call.params.get("AdminCreateUserConfig") or {}
    if "UnusedAccountValidityDays" in invitations and "TemporaryPasswordValidityDays" in policy:
        raise invalid("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
    if not 6 <= policy.get("MinimumLength", 8) <= 99:
        raise invalid("Value at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: 6 to 99")
    # CreateUserPool.MfaConfiguration; an authenticator app is for SetUserPoolMfaConfig.
    if call.params.get("MfaConfiguration", "OFF") != "OFF" and not call.params.get("SmsConfiguration"):
        raise invalid(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
        )


@rule(SERVICE, "CreateUserPoolClient")
@rule(SERVICE, "UpdateUserPoolClient")
def clients(call: Call) -> None:
    for url in (*(call.params.get("CallbackURLs") or []), *(call.params.get("LogoutURLs") or [])):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise invalid(f"{url} cannot use the HTTP protocol.")
        if parts.fragment:
            raise invalid(f"{url} cannot contain a fragment.")
    if call.params.get("AllowedOAuthFlowsUserPoolClient") and not (
        call.params.get("AllowedOAuthFlows") and call.params.get("AllowedOAuthScopes")
    ):
        raise Refusal(
            "InvalidOAuthFlowException",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        )
