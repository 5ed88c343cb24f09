#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cognito_user_pool
version_added: 0.1.0
short_description: Manages an Amazon Cognito user pool, its domain and who is invited
description:
  - Creates, changes and deletes a user pool in which people have their e-mail address for a name and get their account back
    through it, the domain with Cognito's sign-in pages, and invitations by e-mail.
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
  idempotent:
    support: full
options:
  name:
    description: The pool's name. It is found by this name, so there may be only one in the account and region.
    type: str
    required: true
  state:
    description:
      - Whether the pool exists. V(absent) deletes it with its domain and all its users, where O(deletion_protection) is off.
    type: str
    choices: [present, absent]
    default: present
  deletion_protection:
    description: Whether Cognito refuses to delete the pool.
    type: bool
    default: true
  self_sign_up:
    description: Whether anybody can make an account; otherwise only who is invited has one.
    type: bool
    default: false
  password_minimum_length:
    description: Length of the shortest password, V(6) to V(99). Lower case, upper case and a digit are asked for, too.
    type: int
    default: 12
  invitation_validity_days:
    description: Days until the temporary password of an invitation ends, V(1) to V(365).
    type: int
    default: 7
  mfa:
    description:
      - Whether people need a code from an authenticator app to sign in. By default it stays as it is, V(off) in a new pool.
      - With V(optional) Cognito's pages only ask those who have set one up.
    type: str
    choices: ["off", optional, "on"]
  domain_prefix:
    description:
      - Beginning of the name at which Cognito serves its sign-in pages, C(<prefix>.auth.<region>.amazoncognito.com). It is
        shared by all accounts of a region, and must not contain V(aws), V(amazon) or V(cognito).
      - By default the domain stays as it is. Another prefix replaces it, and V("") removes it.
    type: str
  invited_users:
    description:
      - E-mail addresses that get an invitation with a temporary password where they have no account yet. Nobody is ever removed.
    type: list
    elements: str
    default: []
  tags:
    description: The pool's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description: Whether to wait until the domain answers, or is gone.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
seealso:
  - module: llmops.langfuse.cognito_user_pool_client
"""

EXAMPLES = r"""
- name: Create a user pool with its sign-in pages, and invite the first user
  llmops.langfuse.cognito_user_pool:
    name: langfuse-staging
    domain_prefix: langfuse-staging-123456789012
    invited_users: [me@example.com]
  register: sign_in

- name: Remove it
  llmops.langfuse.cognito_user_pool:
    name: langfuse-staging
    state: absent
"""

RETURN = r"""
user_pool:
  description: The user pool as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The pool's id; empty where check mode would create it.
      type: str
      sample: eu-central-1_AbCdEfGhI
    arn:
      description: The pool's ARN.
      type: str
    name:
      description: The pool's name.
      type: str
    issuer:
      description: URL of the issuer of its tokens, for C(AUTH_COGNITO_ISSUER).
      type: str
      sample: https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI
    domain_prefix:
      description: Beginning of the domain's name; empty where it has none.
      type: str
    deletion_protection:
      description: Whether Cognito refuses to delete it.
      type: bool
    self_sign_up:
      description: Whether anybody can make an account.
      type: bool
    password_minimum_length:
      description: Length of the shortest password.
      type: int
    invitation_validity_days:
      description: Days until the temporary password of an invitation ends.
      type: int
    mfa:
      description: V(off), V(optional) or V(on).
      type: str
    tags:
      description: The pool's tags.
      type: dict
invited:
  description: Addresses that this run has invited.
  returned: when O(state=present)
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import TAG_OPTIONS, merged_tags, run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._cognito import api, shapes

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "deletion_protection": {"type": "bool", "default": True},
    "self_sign_up": {"type": "bool", "default": False},
    "password_minimum_length": {"type": "int", "default": 12, "no_log": False},
    "invitation_validity_days": {"type": "int", "default": 7},
    "mfa": {"type": "str", "choices": ["off", "optional", "on"]},
    "domain_prefix": {"type": "str"},
    "invited_users": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    **TAG_OPTIONS,
}


def find(client: Any, name: str) -> dict[str, Any] | None:
    found = [pool for pool in api.user_pools(client) if pool["Name"] == name]
    if len(found) > 1:
        ids = ", ".join(sorted(pool["Id"] for pool in found))
        raise AwsError(f"There are {len(found)} user pools named {name} ({ids}); rename or delete those not in use")
    pool: dict[str, Any] | None = api.user_pool(client, found[0]["Id"]) if found else None
    return pool


def check_prefix(client: Any, prefix: str | None, pool_id: str) -> None:
    if not prefix:
        return
    if problem := shapes.problem_with_prefix(prefix):
        raise AwsError(f"domain_prefix: {problem}; choose another one")
    owner = api.domain(client, prefix).get("UserPoolId") or pool_id
    if owner != pool_id:
        raise AwsError(f"The domain prefix {prefix} belongs to the user pool {owner}; choose another domain_prefix")


def set_domain(module: AnsibleAWSModule, client: Any, pool_id: str, active: str) -> None:
    """A pool has one domain with a prefix, so the old one goes first."""
    wanted = module.params["domain_prefix"]
    if active:
        api.delete_domain(client, active, pool_id)
        await_domain(module, client, active, there=False)
    if wanted:
        api.create_domain(client, wanted, pool_id)
        if module.params["wait"]:
            await_domain(module, client, wanted, there=True)


def await_domain(module: AnsibleAWSModule, client: Any, prefix: str, there: bool) -> None:
    def poll() -> bool | None:
        status = api.domain(client, prefix).get("Status")
        if status == "FAILED":
            raise AwsError(
                f"Cognito could not make the domain {prefix}; remove it with domain_prefix '', and run again"
            )
        return True if (status == "ACTIVE" if there else not status) else None

    wait_until(poll, module.params["wait_timeout"], describe=f"the domain {prefix} to {'answer' if there else 'go'}")


def set_mfa(client: Any, pool_id: str, wanted: str) -> None:
    request: dict[str, Any] = {"MfaConfiguration": wanted}
    if wanted != "OFF":
        request["SoftwareTokenMfaConfiguration"] = {"Enabled": True}
    api.set_mfa(client, UserPoolId=pool_id, **request)


def shown(pool: dict[str, Any], mfa: str) -> dict[str, Any]:
    found = shapes.shown_pool(pool)
    partition = (found["arn"] or "arn:aws").split(":")[1]
    return {**found, "mfa": mfa.lower(), "issuer": shapes.issuer(found["id"], partition)}


def to_invite(module: AnsibleAWSModule, client: Any, pool_id: str) -> list[str]:
    addresses = sorted({address.strip().lower() for address in module.params["invited_users"]})
    return [address for address in addresses if not pool_id or api.user(client, pool_id, address) is None]


def present(module: AnsibleAWSModule, client: Any, pool: dict[str, Any] | None) -> dict[str, Any]:
    params = module.params
    pool_id = pool["Id"] if pool else ""
    check_prefix(client, params["domain_prefix"], pool_id)
    before = pool or {"Name": params["name"]}
    tags = merged_tags(before.get("UserPoolTags") or {}, params["tags"], params["purge_tags"])
    difference, after, request = shapes.pool_difference({"Id": "", **before}, params, tags)
    changed_pool = difference.changed
    mfa = api.mfa(client, pool_id) if pool else {}
    active_mfa = mfa.get("MfaConfiguration") or "OFF"
    wanted_mfa = (params["mfa"] or active_mfa).upper()
    domain = before.get("Domain") or ""
    if params["domain_prefix"] is not None:
        after = {**after, "Domain": params["domain_prefix"]}
    invited = to_invite(module, client, pool_id)
    if pool is None:
        difference = Difference()
        difference.add("name", params["name"], "")
    difference.add("mfa", wanted_mfa.lower(), active_mfa.lower())
    new_domain = difference.add("domain_prefix", after.get("Domain") or "", domain)
    difference.add("invited", invited, [])
    result: dict[str, Any] = {"changed": difference.changed, "invited": invited}
    if difference.changed:
        result["diff"] = difference.diff
    if not difference.changed or module.check_mode:
        return {**result, "user_pool": shown(after, wanted_mfa)}
    if pool is None:
        pool_id = api.create_user_pool(client, **shapes.creation(params, tags))["Id"]
    elif changed_pool:
        api.update_user_pool(client, **request)
    if pool is not None and changed_pool and active_mfa != "OFF" and wanted_mfa == active_mfa:
        # The update has turned it off.
        api.set_mfa(client, UserPoolId=pool_id, **mfa)
    if wanted_mfa != active_mfa:
        set_mfa(client, pool_id, wanted_mfa)
    if new_domain:
        set_domain(module, client, pool_id, domain)
    for address in invited:
        api.invite(client, pool_id, address)
    return {**result, "user_pool": shown(api.user_pool(client, pool_id) or {}, wanted_mfa)}


def absent(module: AnsibleAWSModule, client: Any, pool: dict[str, Any] | None) -> dict[str, Any]:
    if pool is None:
        return {"changed": False, "user_pool": {}}
    if pool.get("DeletionProtection") == "ACTIVE":
        raise AwsError(
            f"The user pool {pool['Name']} has deletion protection; run with deletion_protection false first, then delete it"
        )
    before = shapes.shown_pool(pool)
    if not module.check_mode:
        if pool.get("Domain"):
            api.delete_domain(client, pool["Domain"], pool["Id"])
            await_domain(module, client, pool["Domain"], there=False)
        api.delete_user_pool(client, pool["Id"])
    return {"changed": True, "user_pool": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("cognito-idp")
    pool = find(client, module.params["name"])
    return (present if module.params["state"] == "present" else absent)(module, client, pool)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
