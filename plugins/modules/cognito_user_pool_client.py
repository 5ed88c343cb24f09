#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool_client
version_added: 0.1.0
short_description: Manages a confidential client of an Amazon Cognito user pool, and where its secret is
description:
  - Creates, changes and deletes a client that signs people in with the authorization code flow, as Langfuse does.
  - The client's secret goes straight from Cognito into a secret of AWS Secrets Manager, in the module's own process. It is
    never an argument and never returned.
  - What no option here is about stays as it is, though Cognito itself resets what a change leaves out.
author:
  - llmops.langfuse contributors (@llmops)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: That the secret changes is shown, and never its value.
  idempotent:
    support: full
options:
  user_pool_id:
    description: The pool, such as RV(llmops.langfuse.cognito_user_pool#module:user_pool.id). Either this or O(user_pool_name) is required.
    type: str
  user_pool_name:
    description: The pool's name, in place of O(user_pool_id).
    type: str
  name:
    description: The client's name. It is found by this name, so a pool may have only one of that name.
    type: str
    required: true
  state:
    description: Whether the client, and the secret O(secret_name), exist. V(absent) deletes the secret without a recovery window.
    type: str
    choices: [present, absent]
    default: present
  callback_urls:
    description:
      - Where people may be sent after signing in, all over HTTPS but for this machine. For Langfuse it is
        C(<url>/api/auth/callback/cognito). Required with O(state=present).
    type: list
    elements: str
  logout_urls:
    description: Where people may be sent after signing out.
    type: list
    elements: str
    default: []
  scopes:
    description: What the client may ask for.
    type: list
    elements: str
    default: [email, openid, profile]
  identity_providers:
    description: With what people may sign in; V(COGNITO) is the pool's own accounts.
    type: list
    elements: str
    default: [COGNITO]
  secret_name:
    description:
      - Name of the secret that the client's secret is written to, as a JSON object. It is made where it does not exist. Other keys
        in it stay. Required, also with O(state=absent).
    type: str
    required: true
  secret_json_key:
    description: The key in the JSON object.
    type: str
    default: AUTH_COGNITO_CLIENT_SECRET
  tags:
    description: Tags of the secret, set where it is made. Clients have none.
    type: dict
    default: {}
seealso:
  - module: llmops.langfuse.cognito_user_pool
  - module: llmops.langfuse.langfuse_env
"""

EXAMPLES = r"""
- name: Let Langfuse sign people in with the pool
  llmops.langfuse.cognito_user_pool_client:
    user_pool_id: "{{ sign_in.user_pool.id }}"
    name: langfuse-staging
    callback_urls: [https://langfuse.example.com/api/auth/callback/cognito]
    logout_urls: [https://langfuse.example.com]
    secret_name: langfuse-staging/sign-in
  register: sign_in_client

- name: Tell Langfuse's web server of it
  llmops.langfuse.langfuse_env:
    component: web
    langfuse_version: 3.225.4
    url: https://langfuse.example.com
    database: "{{ database }}"
    cache: "{{ cache }}"
    clickhouse: "{{ clickhouse }}"
    storage: "{{ storage }}"
    secret_arn: "{{ secret_arn }}"
    sso:
      providers:
        - provider: cognito
          client_id: "{{ sign_in_client.user_pool_client.id }}"
          issuer: "{{ sign_in.user_pool.issuer }}"
    secret_settings:
      AUTH_COGNITO_CLIENT_SECRET: "{{ sign_in_client.secret_reference }}"
"""

RETURN = r"""
user_pool_client:
  description: The client as it is, or in check mode as it would be, without its secret. Empty where it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The client's id, for C(AUTH_COGNITO_CLIENT_ID); empty where check mode would create it.
      type: str
    name:
      description: The client's name.
      type: str
    user_pool_id:
      description: The pool.
      type: str
    callback_urls:
      description: Where people may be sent after signing in.
      type: list
      elements: str
    logout_urls:
      description: Where people may be sent after signing out.
      type: list
      elements: str
    scopes:
      description: What the client may ask for.
      type: list
      elements: str
    identity_providers:
      description: With what people may sign in.
      type: list
      elements: str
    oauth_flows:
      description: How the client signs people in.
      type: list
      elements: str
    prevents_user_enumeration:
      description: Whether Cognito hides which accounts exist.
      type: bool
secret_reference:
  description: Where ECS reads the client's secret, as a task definition wants it; empty where it is absent.
  returned: always
  type: str
  sample: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/sign-in-AbCdEf:AUTH_COGNITO_CLIENT_SECRET::"
"""

import json
import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run, tag_list
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.secret_value import SecretErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._cognito import api, shapes

# Version ids are made from what they follow and hold, so that a repeated write makes no version more.
NAMESPACE = uuid.UUID("9b1f3c52-6c55-4d0f-9c1b-0c4e5c9f3f11")
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "user_pool_id": {"type": "str"},
    "user_pool_name": {"type": "str"},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "callback_urls": {"type": "list", "elements": "str"},
    "logout_urls": {"type": "list", "elements": "str", "default": []},
    "scopes": {"type": "list", "elements": "str", "default": ["email", "openid", "profile"]},
    "identity_providers": {"type": "list", "elements": "str", "default": ["COGNITO"]},
    "secret_name": {"type": "str", "required": True, "no_log": False},
    "secret_json_key": {"type": "str", "default": "AUTH_COGNITO_CLIENT_SECRET", "no_log": False},
    "tags": {"type": "dict", "default": {}},
}


@SecretErrorHandler.list_error_handler("describe the secret {1}")
@AWSRetry.jittered_backoff()
def describe_secret(client: Any, name: str) -> dict[str, Any] | None:
    return client.describe_secret(SecretId=name)


@SecretErrorHandler.list_error_handler("read the secret {1}")
@AWSRetry.jittered_backoff()
def read_secret(client: Any, name: str) -> dict[str, Any] | None:
    return client.get_secret_value(SecretId=name)


# A name is not free at once after it was deleted without a recovery window.
@SecretErrorHandler.common_error_handler("create the secret {1}")
@AWSRetry.jittered_backoff(retries=8, catch_extra_error_codes=["InvalidRequestException"])
def create_secret(client: Any, name: str, text: str, tags: list[dict[str, str]]) -> dict[str, Any]:
    return client.create_secret(
        Name=name,
        SecretString=text,
        Description="Langfuse's client at Amazon Cognito",
        **({"Tags": tags} if tags else {}),
    )


@SecretErrorHandler.common_error_handler("write the secret {1}")
@AWSRetry.jittered_backoff()
def put_secret(client: Any, name: str, text: str, token: str) -> None:
    client.put_secret_value(SecretId=name, SecretString=text, ClientRequestToken=token)


@SecretErrorHandler.deletion_error_handler("delete the secret {1}")
@AWSRetry.jittered_backoff()
def delete_secret(client: Any, name: str) -> None:
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def reference(arn: str, key: str) -> str:
    return f"{arn}:{key}::" if arn else ""


class Store:
    """The secret of Secrets Manager that the client's secret is kept in."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.name, self.key = module.params["secret_name"], module.params["secret_json_key"]
        self.client = module.client("secretsmanager")
        described = describe_secret(self.client, self.name)
        if described and described.get("DeletedDate"):
            raise AwsError(
                f"The secret {self.name} is in its recovery window; restore it, or delete it without one, and run again"
            )
        self.arn: str = described["ARN"] if described else ""
        held = read_secret(self.client, self.name) if described else None
        self.version_id: str = held["VersionId"] if held else ""
        self.document = self.parsed(held.get("SecretString") or "{}") if held else {}
        module.no_log_values.update(value for value in self.document.values() if isinstance(value, str) and value)

    def parsed(self, text: str) -> dict[str, Any]:
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise AwsError(f"The secret {self.name} is not a JSON object; give another secret_name")
        return document

    def holds(self, value: str) -> bool:
        return self.document.get(self.key) == value

    def write(self, value: str) -> None:
        text = json.dumps({**self.document, self.key: value}, sort_keys=True)
        if not self.arn:
            self.arn = create_secret(self.client, self.name, text, tag_list(self.module.params["tags"]))["ARN"]
            return
        token = str(uuid.uuid5(NAMESPACE, f"{self.arn} {self.version_id} {text}"))
        put_secret(self.client, self.arn, text, token)


def find_pool(module: AnsibleAWSModule, client: Any) -> str:
    """The pool's id; empty where there is none of that name, which only check mode and state absent can work with."""
    name = module.params["user_pool_name"]
    if not name:
        return str(module.params["user_pool_id"])
    found = sorted(pool["Id"] for pool in api.user_pools(client) if pool["Name"] == name)
    if len(found) > 1:
        raise AwsError(f"There are {len(found)} user pools named {name} ({', '.join(found)}); give user_pool_id")
    if not found and module.params["state"] == "present" and not module.check_mode:
        raise AwsError(f"There is no user pool named {name}; create it first with llmops.langfuse.cognito_user_pool")
    return found[0] if found else ""


def find(client: Any, pool_id: str, name: str) -> dict[str, Any] | None:
    found = [each for each in api.clients(client, pool_id) if each["ClientName"] == name]
    if len(found) > 1:
        ids = ", ".join(sorted(each["ClientId"] for each in found))
        raise AwsError(
            f"The user pool {pool_id} has {len(found)} clients named {name} ({ids}); delete those not in use"
        )
    described: dict[str, Any] | None = api.user_pool_client(client, pool_id, found[0]["ClientId"]) if found else None
    return described


def secret_of(module: AnsibleAWSModule, client: dict[str, Any]) -> str:
    """The client's own secret, masked from here on.

    :raises AwsError: where it has none, which cannot be changed later.
    """
    value = str(client.get("ClientSecret") or "")
    if not value:
        raise AwsError(
            f"The client {client['ClientName']} of the user pool {client['UserPoolId']} was made without a secret, or Cognito "
            "manages it; delete the client, and run again"
        )
    module.no_log_values.add(value)
    return value


def present(module: AnsibleAWSModule, cognito: Any, pool_id: str, active: dict[str, Any] | None) -> dict[str, Any]:
    params = module.params
    for option in ("callback_urls", "logout_urls"):
        for url in params[option]:
            if problem := shapes.problem_with_url(url):
                raise AwsError(f"{option}: {problem}; Cognito takes https:// and, for this machine only, http://")
    store = Store(module)
    if active is None:
        difference, request = Difference(), {}
        difference.add("name", params["name"], "")
    else:
        difference, request = shapes.client_difference(active, params)
    to_update = active is not None and difference.changed
    value = secret_of(module, active) if active else ""
    if not value or not store.holds(value):
        difference.add("secret", params["secret_json_key"], "", secret=True)
    after = {"UserPoolId": pool_id, **(active or {}), **shapes.client_request(params)}
    if not module.check_mode and difference.changed:
        if active is None:
            request = {"UserPoolId": pool_id, "GenerateSecret": True, **shapes.client_request(params)}
            after = api.create_client(cognito, **request)
            value = secret_of(module, after)
        elif to_update:
            api.update_client(cognito, **request)
        if not store.holds(value):
            store.write(value)
        after = api.user_pool_client(cognito, pool_id, after["ClientId"]) or after
    return {
        "changed": difference.changed,
        "user_pool_client": shapes.shown_client(after),
        "secret_reference": reference(store.arn, store.key),
        **({"diff": difference.diff} if difference.changed else {}),
    }


def absent(module: AnsibleAWSModule, cognito: Any, pool_id: str, active: dict[str, Any] | None) -> dict[str, Any]:
    params = module.params
    secrets_manager = module.client("secretsmanager")
    described = describe_secret(secrets_manager, params["secret_name"])
    held = bool(described and not described.get("DeletedDate"))
    result: dict[str, Any] = {"changed": False, "user_pool_client": {}, "secret_reference": ""}
    if not active and not held:
        return result
    if not module.check_mode:
        if active:
            api.delete_client(cognito, pool_id, active["ClientId"])
        if held:
            delete_secret(secrets_manager, params["secret_name"])
    before = {"user_pool_client": shapes.shown_client(active) if active else {}, "secret": held}
    return {**result, "changed": True, "diff": {"before": before, "after": {"user_pool_client": {}, "secret": False}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    cognito = module.client("cognito-idp")
    pool_id = find_pool(module, cognito)
    active = find(cognito, pool_id, module.params["name"]) if pool_id else None
    return (present if module.params["state"] == "present" else absent)(module, cognito, pool_id, active)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["callback_urls"])],
        required_one_of=[("user_pool_id", "user_pool_name")],
        mutually_exclusive=[("user_pool_id", "user_pool_name")],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
