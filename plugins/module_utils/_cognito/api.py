# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the Cognito user pools API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler

# Cognito's largest page.
PAGE = 60


class CognitoErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException", "UserNotFoundException")


@CognitoErrorHandler.common_error_handler("list the user pools")
@AWSRetry.jittered_backoff()
def user_pools(client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_user_pools").paginate(MaxResults=PAGE)
    return [pool for page in pages for pool in page["UserPools"]]


@CognitoErrorHandler.list_error_handler("describe the user pool {1}")
@AWSRetry.jittered_backoff()
def user_pool(client: Any, pool_id: str) -> dict[str, Any] | None:
    return client.describe_user_pool(UserPoolId=pool_id)["UserPool"]


@CognitoErrorHandler.common_error_handler("create the user pool {PoolName}")
@AWSRetry.jittered_backoff()
def create_user_pool(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_user_pool(**request)["UserPool"]


@CognitoErrorHandler.common_error_handler("change the user pool {UserPoolId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def update_user_pool(client: Any, **request: Any) -> None:
    client.update_user_pool(**request)


@CognitoErrorHandler.deletion_error_handler("delete the user pool {1}")
@AWSRetry.jittered_backoff()
def delete_user_pool(client: Any, pool_id: str) -> None:
    client.delete_user_pool(UserPoolId=pool_id)


@CognitoErrorHandler.common_error_handler("read the MFA settings of the user pool {1}")
@AWSRetry.jittered_backoff()
def mfa(client: Any, pool_id: str) -> dict[str, Any]:
    answer = client.get_user_pool_mfa_config(UserPoolId=pool_id)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@CognitoErrorHandler.common_error_handler("change the MFA settings of the user pool {UserPoolId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def set_mfa(client: Any, **request: Any) -> None:
    client.set_user_pool_mfa_config(**request)


@CognitoErrorHandler.list_error_handler("describe the domain {1}", default_value={})
@AWSRetry.jittered_backoff()
def domain(client: Any, prefix: str) -> dict[str, Any]:
    """The domain; empty where there is none."""
    return client.describe_user_pool_domain(Domain=prefix).get("DomainDescription") or {}


@CognitoErrorHandler.common_error_handler("create the domain {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def create_domain(client: Any, prefix: str, pool_id: str) -> None:
    client.create_user_pool_domain(Domain=prefix, UserPoolId=pool_id)


@CognitoErrorHandler.deletion_error_handler("delete the domain {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def delete_domain(client: Any, prefix: str, pool_id: str) -> None:
    client.delete_user_pool_domain(Domain=prefix, UserPoolId=pool_id)


@CognitoErrorHandler.list_error_handler("look for the user {2} in the user pool {1}")
@AWSRetry.jittered_backoff()
def user(client: Any, pool_id: str, name: str) -> dict[str, Any] | None:
    return client.admin_get_user(UserPoolId=pool_id, Username=name)


@CognitoErrorHandler.common_error_handler("invite {2} to the user pool {1}")
@AWSRetry.jittered_backoff()
def invite(client: Any, pool_id: str, address: str) -> None:
    client.admin_create_user(
        UserPoolId=pool_id,
        Username=address,
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}],
        DesiredDeliveryMediums=["EMAIL"],
    )


@CognitoErrorHandler.list_error_handler("list the clients of the user pool {1}", default_value=[])
@AWSRetry.jittered_backoff()
def clients(client: Any, pool_id: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, MaxResults=PAGE)
    return [found for page in pages for found in page["UserPoolClients"]]


@CognitoErrorHandler.list_error_handler("describe the client {2} of the user pool {1}")
@AWSRetry.jittered_backoff()
def user_pool_client(client: Any, pool_id: str, client_id: str) -> dict[str, Any] | None:
    return client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]


@CognitoErrorHandler.common_error_handler("create the client {ClientName} of the user pool {UserPoolId}")
@AWSRetry.jittered_backoff()
def create_client(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_user_pool_client(**request)["UserPoolClient"]


@CognitoErrorHandler.common_error_handler("change the client {ClientId} of the user pool {UserPoolId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def update_client(client: Any, **request: Any) -> None:
    client.update_user_pool_client(**request)


@CognitoErrorHandler.deletion_error_handler("delete the client {2} of the user pool {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["ConcurrentModificationException"])
def delete_client(client: Any, pool_id: str, client_id: str) -> None:
    client.delete_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
