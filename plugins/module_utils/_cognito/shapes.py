# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cognito takes and returns, as pure functions: requests, what differs, and what AWS would refuse.

UpdateUserPool and UpdateUserPoolClient set what a request leaves out to its default. So a request repeats what is there,
and lays what is wanted over it. Source: the API reference of both, and botocore's model of cognito-idp.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from .._aws.difference import Difference

Shape = dict[str, Any]
# What UpdateUserPool repeats. MfaConfiguration has calls of its own, which alone know an authenticator app.
POOL_FIELDS = (
    *("Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes", "SmsVerificationMessage"),
    *(
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "VerificationMessageTemplate",
        "SmsAuthenticationMessage",
    ),
    *("UserAttributeUpdateSettings", "DeviceConfiguration", "EmailConfiguration", "SmsConfiguration", "UserPoolTags"),
    *("AdminCreateUserConfig", "UserPoolAddOns", "AccountRecoverySetting", "UserPoolTier"),
)
CLIENT_FIELDS = (
    *("ClientName", "RefreshTokenValidity", "AccessTokenValidity", "IdTokenValidity", "TokenValidityUnits"),
    *("ReadAttributes", "WriteAttributes", "ExplicitAuthFlows", "SupportedIdentityProviders", "CallbackURLs"),
    *("LogoutURLs", "DefaultRedirectURI", "AllowedOAuthFlows", "AllowedOAuthScopes"),
    *(
        "AllowedOAuthFlowsUserPoolClient",
        "AnalyticsConfiguration",
        "PreventUserExistenceErrors",
        "EnableTokenRevocation",
    ),
    *("EnablePropagateAdditionalUserContextData", "AuthSessionValidity", "RefreshTokenRotation"),
)
# "Configuring a user pool domain": a prefix must not contain these.
RESERVED_WORDS = ("aws", "amazon", "cognito")
PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# CallbackURLs: HTTPS, but for these.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def problem_with_prefix(prefix: str) -> str | None:
    """Why Cognito would refuse the domain's prefix; None where it takes it."""
    if not PREFIX.fullmatch(prefix):
        return f"'{prefix}' is not 1 to 63 lower case letters, digits and '-', with no '-' at either end"
    word = next((word for word in RESERVED_WORDS if word in prefix), None)
    return f"'{prefix}' contains '{word}', which Cognito keeps for itself" if word else None


def problem_with_url(url: str) -> str | None:
    """Why Cognito would refuse a callback or logout URL; None where it takes it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        return f"'{url}' is not an absolute URL"
    if parts.fragment:
        return f"'{url}' has a fragment"
    return f"'{url}' is not HTTPS" if parts.scheme == "http" and host not in LOCAL_HOSTS else None


def pool_request(params: Shape) -> Shape:
    """The fields that the options stand for, without tags."""
    return {
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": params["password_minimum_length"],
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": False,
                "TemporaryPasswordValidityDays": params["invitation_validity_days"],
            }
        },
        "DeletionProtection": "ACTIVE" if params["deletion_protection"] else "INACTIVE",
        "AutoVerifiedAttributes": ["email"],
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": not params["self_sign_up"]},
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
    }


def creation(params: Shape, tags: dict[str, str]) -> Shape:
    """The request of a new pool; what stands only here AWS cannot change later."""
    return {
        "PoolName": params["name"],
        **pool_request(params),
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        **({"UserPoolTags": tags} if tags else {}),
    }


def overlaid(base: Any, wanted: Any) -> Any:
    """What is there, with what is wanted over it, so that fields that no option has stay as they are."""
    if isinstance(base, dict) and isinstance(wanted, dict):
        return {**base, **{key: overlaid(base.get(key), value) for key, value in wanted.items()}}
    return wanted


def repeated(active: Shape, fields: tuple[str, ...]) -> Shape:
    """What an update has to repeat of what is there."""
    found = {name: active[name] for name in fields if active.get(name) not in (None, [], {}, "")}
    if "AdminCreateUserConfig" in found:
        # Returned beside TemporaryPasswordValidityDays, and refused beside it.
        found["AdminCreateUserConfig"] = {
            key: value for key, value in found["AdminCreateUserConfig"].items() if key != "UnusedAccountValidityDays"
        }
    return found


def pool_difference(active: Shape, params: Shape, tags: dict[str, str]) -> tuple[Difference, Shape, Shape]:
    """What differs, the pool as it will be, and the whole update request.

    :param tags: the tags as they are to be.
    """
    fields = {name: overlaid(active.get(name), value) for name, value in pool_request(params).items()}
    difference = Difference()
    for name, value in fields.items():
        difference.add(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(), value, active.get(name))
    difference.add("tags", tags, active.get("UserPoolTags") or {})
    after = {**active, **fields, "UserPoolTags": tags}
    return difference, after, {"UserPoolId": active["Id"], **repeated(after, POOL_FIELDS), "UserPoolTags": tags}


def shown_pool(active: Shape) -> Shape:
    """A pool as the module returns it, without what has calls of its own."""
    policy = (active.get("Policies") or {}).get("PasswordPolicy") or {}
    pool_id = active.get("Id", "")
    return {
        "id": pool_id,
        "arn": active.get("Arn", ""),
        "name": active.get("Name", ""),
        "deletion_protection": active.get("DeletionProtection") == "ACTIVE",
        "self_sign_up": not (active.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly", False),
        "password_minimum_length": policy.get("MinimumLength", 8),
        "invitation_validity_days": policy.get("TemporaryPasswordValidityDays", 7),
        "domain_prefix": active.get("Domain") or "",
        "tags": dict(active.get("UserPoolTags") or {}),
    }


def issuer(pool_id: str, partition: str = "aws") -> str:
    """The issuer of a pool's tokens; empty where there is no pool. A pool's id begins with its region."""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://cognito-idp.{pool_id.partition('_')[0]}.{suffix}/{pool_id}" if pool_id else ""


def client_request(params: Shape) -> Shape:
    """The fields that the options stand for: the authorization code flow, and no other way in."""
    return {
        "ClientName": params["name"],
        "CallbackURLs": sorted(params["callback_urls"]),
        "LogoutURLs": sorted(params["logout_urls"]),
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": sorted(params["scopes"]),
        "AllowedOAuthFlowsUserPoolClient": True,
        "SupportedIdentityProviders": sorted(params["identity_providers"]),
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
    }


def client_difference(active: Shape, params: Shape) -> tuple[Difference, Shape]:
    """What differs, by the module's own names, and the whole update request."""
    wanted = client_request(params)
    difference = Difference()
    for name, after in shown_client({**active, **wanted}).items():
        difference.add(name, after, shown_client(active)[name])
    base = repeated(active, CLIENT_FIELDS)
    return difference, {**base, **wanted, "UserPoolId": active["UserPoolId"], "ClientId": active["ClientId"]}


def shown_client(active: Shape) -> Shape:
    """A client as the module returns it; never its secret."""
    return {
        "id": active.get("ClientId", ""),
        "name": active.get("ClientName", ""),
        "user_pool_id": active.get("UserPoolId", ""),
        "callback_urls": sorted(active.get("CallbackURLs") or []),
        "logout_urls": sorted(active.get("LogoutURLs") or []),
        "scopes": sorted(active.get("AllowedOAuthScopes") or []),
        "identity_providers": sorted(active.get("SupportedIdentityProviders") or []),
        "oauth_flows": sorted(active.get("AllowedOAuthFlows") or [])
        if active.get("AllowedOAuthFlowsUserPoolClient")
        else [],
        "prevents_user_enumeration": active.get("PreventUserExistenceErrors") == "ENABLED",
    }
