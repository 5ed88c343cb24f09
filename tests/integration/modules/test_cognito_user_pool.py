# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

POOL, CLIENT = "cognito_user_pool", "cognito_user_pool_client"
CALLBACK = "https://langfuse.example.com/api/auth/callback/cognito"


@pytest.fixture
def name() -> str:
    return f"x-{uuid.uuid4().hex[:10]}"


def wanted_pool(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "domain_prefix": f"{name}-a",
        "invited_users": ["Me@Example.com"],
        "tags": {"team": "llmops"},
        **changes,
    }


def described(server: Any, pool_id: str) -> dict[str, Any]:
    return server.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)["UserPool"]


def test_twelve_steps_of_a_pool(server: Any, name: str) -> None:
    created = server.cycle(POOL, wanted_pool(name))
    pool = created["user_pool"]
    assert created["invited"] == ["me@example.com"]
    assert pool["issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool['id']}"
    for key in set(pool) - {"id", "arn", "issuer"}:
        assert created["predicted"]["user_pool"][key] == pool[key], key
    found = described(server, pool["id"])
    assert found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert found["DeletionProtection"] == "ACTIVE"
    assert found["UsernameAttributes"] == ["email"]

    changes = {"domain_prefix": f"{name}-b", "mfa": "on", "tags": {"more": "yes"}, "deletion_protection": False}
    modified = server.cycle(POOL, wanted_pool(name, **changes))["user_pool"]
    assert (modified["id"], modified["mfa"], modified["tags"]) == (pool["id"], "on", {"more": "yes"})
    assert described(server, pool["id"])["Domain"] == f"{name}-b"
    cognito = server.client("cognito-idp")
    assert not cognito.describe_user_pool_domain(Domain=f"{name}-a")["DomainDescription"]

    assert server.cycle(POOL, {"name": name, "state": "absent"})["user_pool"] == {}
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        described(server, pool["id"])


def test_a_change_keeps_what_no_option_is_about(server: Any, name: str) -> None:
    pool_id = server.run(POOL, wanted_pool(name, mfa="optional"))["user_pool"]["id"]
    cognito, pool = server.client("cognito-idp"), described(server, pool_id)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:x"
    kept = ("Policies", "DeletionProtection", "UserPoolTags", "AccountRecoverySetting", "AutoVerifiedAttributes")
    cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig={"PreSignUp": arn}, **{key: pool[key] for key in kept})
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool_id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    assert server.run(POOL, wanted_pool(name, password_minimum_length=20))["user_pool"]["mfa"] == "optional"
    found = described(server, pool_id)
    assert found["LambdaConfig"] == {"PreSignUp": arn}
    assert found["Policies"]["PasswordPolicy"]["MinimumLength"] == 20
    assert cognito.get_user_pool_mfa_config(UserPoolId=pool_id)["MfaConfiguration"] == "OPTIONAL"
    # The other change had let anybody sign up, for it left that out.
    assert found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_protected_pools_and_names_that_mislead_are_refused(server: Any, name: str) -> None:
    server.run(POOL, wanted_pool(name))
    with pytest.raises(ModuleFailed, match="deletion_protection false first"):
        server.run(POOL, {"name": name, "state": "absent"})
    with pytest.raises(ModuleFailed, match="belongs to the user pool us-east-1_"):
        server.run(POOL, wanted_pool(f"{name}-other", domain_prefix=f"{name}-a"))
    with pytest.raises(ModuleFailed, match="contains 'aws'"):
        server.run(POOL, {"name": f"{name}-z", "domain_prefix": "my-aws-app"})
    server.client("cognito-idp").create_user_pool(PoolName=name)
    with pytest.raises(ModuleFailed, match=f"There are 2 user pools named {name}"):
        server.run(POOL, wanted_pool(name))


@pytest.fixture
def client(server: Any, name: str) -> dict[str, Any]:
    """Arguments of a client in a pool of its own."""
    pool_id = server.run(POOL, {"name": name})["user_pool"]["id"]
    return {"user_pool_id": pool_id, "name": name, "callback_urls": [CALLBACK], "secret_name": f"{name}/sign-in"}


def kept_secret(server: Any, client: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        server.client("secretsmanager").get_secret_value(SecretId=client["secret_name"])["SecretString"]
    )
    return found


def own_secret(server: Any, client: dict[str, Any], client_id: str) -> str:
    cognito = server.client("cognito-idp")
    found = cognito.describe_user_pool_client(UserPoolId=client["user_pool_id"], ClientId=client_id)["UserPoolClient"]
    return str(found["ClientSecret"])


def test_twelve_steps_of_a_client_whose_secret_nobody_sees(server: Any, client: dict[str, Any]) -> None:
    created = server.cycle(CLIENT, {**client, "tags": {"team": "llmops"}})
    shown = created["user_pool_client"]
    secret = own_secret(server, client, shown["id"])
    assert kept_secret(server, client) == {"AUTH_COGNITO_CLIENT_SECRET": secret}
    assert created["secret_reference"].endswith(":AUTH_COGNITO_CLIENT_SECRET::")
    assert secret not in json.dumps(created)
    assert shown["oauth_flows"] == ["code"]
    tags = server.client("secretsmanager").describe_secret(SecretId=client["secret_name"])["Tags"]
    assert tags == [{"Key": "team", "Value": "llmops"}]

    changed = server.cycle(CLIENT, {**client, "logout_urls": ["https://langfuse.example.com"]})
    assert changed["user_pool_client"]["id"] == shown["id"]
    assert secret not in json.dumps(changed)

    assert server.cycle(CLIENT, {**client, "state": "absent"})["secret_reference"] == ""
    assert (
        server.client("cognito-idp").list_user_pool_clients(UserPoolId=client["user_pool_id"], MaxResults=9)[
            "UserPoolClients"
        ]
        == []
    )


def test_a_pool_by_its_name(server: Any, client: dict[str, Any], name: str) -> None:
    by_name = {"user_pool_name": name, **{key: value for key, value in client.items() if key != "user_pool_id"}}
    assert server.run(CLIENT, by_name)["user_pool_client"]["user_pool_id"] == client["user_pool_id"]
    nowhere = {**by_name, "user_pool_name": f"{name}-not-there", "secret_name": f"{name}/other"}
    assert server.run(CLIENT, nowhere, check=True)["changed"] is True
    with pytest.raises(ModuleFailed, match="create it first"):
        server.run(CLIENT, nowhere)
    assert server.run(CLIENT, {**nowhere, "state": "absent"})["changed"] is False


def test_a_client_made_anew_replaces_the_kept_secret_and_nothing_beside_it(server: Any, client: dict[str, Any]) -> None:
    server.client("secretsmanager").create_secret(
        Name=client["secret_name"], SecretString='{"OTHER": "kept-as-it-was"}'
    )
    first = server.run(CLIENT, client)["user_pool_client"]["id"]
    before = kept_secret(server, client)
    server.client("cognito-idp").delete_user_pool_client(UserPoolId=client["user_pool_id"], ClientId=first)
    second = server.run(CLIENT, client)["user_pool_client"]["id"]
    after = kept_secret(server, client)
    assert after["AUTH_COGNITO_CLIENT_SECRET"] == own_secret(server, client, second)
    assert after["AUTH_COGNITO_CLIENT_SECRET"] != before["AUTH_COGNITO_CLIENT_SECRET"]
    assert after["OTHER"] == "kept-as-it-was"


def test_a_change_of_a_client_keeps_what_no_option_is_about(server: Any, client: dict[str, Any]) -> None:
    client_id = server.run(CLIENT, client)["user_pool_client"]["id"]
    cognito = server.client("cognito-idp")
    place = {"UserPoolId": client["user_pool_id"], "ClientId": client_id}
    cognito.update_user_pool_client(**place, RefreshTokenValidity=5)
    # That left everything else out, so Cognito has reset it.
    assert server.run(CLIENT, client)["changed"] is True
    found = cognito.describe_user_pool_client(**place)["UserPoolClient"]
    assert found["RefreshTokenValidity"] == 5
    assert found["CallbackURLs"] == [CALLBACK]


def test_what_cognito_would_not_take_is_refused_before(server: Any, client: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="is not HTTPS"):
        server.run(CLIENT, {**client, "callback_urls": ["http://langfuse.example.com/api/auth/callback/cognito"]})
    server.run(CLIENT, {**client, "callback_urls": ["http://localhost:3000/api/auth/callback/cognito"]})
    server.client("cognito-idp").create_user_pool_client(UserPoolId=client["user_pool_id"], ClientName="open")
    with pytest.raises(ModuleFailed, match="made without a secret"):
        server.run(CLIENT, {**client, "name": "open"})
