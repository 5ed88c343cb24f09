# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cognito user pools: what they refuse, beside what they take, and what an update resets."""

from __future__ import annotations

import pytest

from .server_support import Server

HTTPS = "https://langfuse.example.com/callback"
OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": [HTTPS],
}


def pool(server: Server) -> str:
    return str(server.client("cognito-idp").create_user_pool(PoolName=server.name())["UserPool"]["Id"])


@pytest.mark.parametrize("prefix", ["my-aws-app", "amazonia", "cognito1", "Upper", "-edge", "a" * 64])
def test_a_domains_prefix(server: Server, prefix: str) -> None:
    with server.refuses("InvalidParameterException"):
        server.client("cognito-idp").create_user_pool_domain(Domain=prefix, UserPoolId=pool(server))


def test_a_domain_has_one_pool_and_takes_a_while(server: Server) -> None:
    cognito, name, first = server.client("cognito-idp"), server.name(), pool(server)
    cognito.create_user_pool_domain(Domain=name, UserPoolId=first)
    with server.refuses("InvalidParameterException", "another user pool"):
        cognito.create_user_pool_domain(Domain=name, UserPoolId=pool(server))
    with server.refuses("InvalidParameterException", "already has a domain"):
        cognito.create_user_pool_domain(Domain=server.name(), UserPoolId=first)
    server.wait(lambda: cognito.describe_user_pool_domain(Domain=name)["DomainDescription"]["Status"] == "ACTIVE")


def test_a_pool_goes_last_and_unprotected(server: Server) -> None:
    cognito, name, made = server.client("cognito-idp"), server.name(), pool(server)
    cognito.create_user_pool_domain(Domain=name, UserPoolId=made)
    cognito.update_user_pool(UserPoolId=made, DeletionProtection="ACTIVE")
    with server.refuses("InvalidParameterException", "deletion protection"):
        cognito.delete_user_pool(UserPoolId=made)
    cognito.update_user_pool(UserPoolId=made, DeletionProtection="INACTIVE")
    with server.refuses("InvalidParameterException", "has a domain"):
        cognito.delete_user_pool(UserPoolId=made)
    cognito.delete_user_pool_domain(Domain=name, UserPoolId=made)
    cognito.delete_user_pool(UserPoolId=made)


def test_fields_that_exclude_each_other_or_belong_elsewhere(server: Server) -> None:
    cognito, made = server.client("cognito-idp"), pool(server)
    with server.refuses("InvalidParameterException", "TemporaryPasswordValidityDays"):
        cognito.update_user_pool(
            UserPoolId=made,
            Policies={"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 7}},
            AdminCreateUserConfig={"UnusedAccountValidityDays": 7},
        )
    with server.refuses("InvalidParameterException", "SMS configuration"):
        cognito.update_user_pool(UserPoolId=made, MfaConfiguration="ON")


@pytest.mark.parametrize("url", ["http://langfuse.example.com/callback", "https://a.example/#b"])
def test_where_a_client_sends_people(server: Server, url: str) -> None:
    cognito, made = server.client("cognito-idp"), pool(server)
    with server.refuses("InvalidParameterException", url):
        cognito.create_user_pool_client(UserPoolId=made, ClientName="c", **{**OAUTH, "CallbackURLs": [url]})
    cognito.create_user_pool_client(
        UserPoolId=made, ClientName="c", **{**OAUTH, "CallbackURLs": ["http://localhost:3000/callback", HTTPS]}
    )


def test_flows_need_scopes(server: Server) -> None:
    with server.refuses("InvalidOAuthFlowException"):
        server.client("cognito-idp").create_user_pool_client(
            UserPoolId=pool(server), ClientName="c", **{**OAUTH, "AllowedOAuthScopes": []}
        )


def test_an_update_resets_what_it_leaves_out(server: Server) -> None:
    cognito = server.client("cognito-idp")
    made = cognito.create_user_pool(PoolName=server.name(), UsernameAttributes=["email"])["UserPool"]["Id"]
    cognito.set_user_pool_mfa_config(
        UserPoolId=made, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    cognito.update_user_pool(UserPoolId=made, UserPoolTags={"a": "b"})
    assert cognito.get_user_pool_mfa_config(UserPoolId=made)["MfaConfiguration"] == "OFF"
    assert cognito.describe_user_pool(UserPoolId=made)["UserPool"]["UsernameAttributes"] == ["email"]

    client = cognito.create_user_pool_client(UserPoolId=made, ClientName="c", **OAUTH)["UserPoolClient"]["ClientId"]
    cognito.update_user_pool_client(UserPoolId=made, ClientId=client, RefreshTokenValidity=5)
    found = cognito.describe_user_pool_client(UserPoolId=made, ClientId=client)["UserPoolClient"]
    assert not found.get("CallbackURLs")
    assert found["ClientName"] == "c"
