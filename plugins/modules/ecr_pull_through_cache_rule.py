#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_pull_through_cache_rule
version_added: 0.1.0
short_description: Manages a pull-through cache rule of Amazon ECR
description:
  - With a rule, the private registry of the account and region fetches images of another registry at their first pull and keeps them in
    repositories below the rule's prefix.
  - A rule has no tags. Give each owner a prefix of its own.
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
  prefix:
    description: What the names of the repositories begin with, 2 to 30 characters.
    type: str
    required: true
  state:
    description: Whether the rule exists.
    type: str
    choices: [present, absent]
    default: present
  upstream_registry_url:
    description: The registry that images come from. AWS cannot change it.
    type: str
    default: registry-1.docker.io
  credential_arn:
    description:
      - ARN of the secret with the keys C(username) and C(accessToken) for that registry. Docker Hub needs one. AWS wants its name to
        begin with C(ecr-pullthroughcache/).
    type: str
  delete_repositories:
    description: With O(state=absent) and while there is a rule, whether to delete the repositories below the prefix, with their images.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Keep images of Docker Hub in the private registry
  llmops.langfuse.ecr_pull_through_cache_rule:
    prefix: langfuse-staging-hub
    credential_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf

- name: Remove the rule and what it fetched
  llmops.langfuse.ecr_pull_through_cache_rule:
    prefix: langfuse-staging-hub
    state: absent
    delete_repositories: true
"""

RETURN = r"""
rule:
  description: The rule as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    prefix:
      description: What the names of the repositories begin with.
      type: str
    upstream_registry_url:
      description: The registry that images come from.
      type: str
    credential_arn:
      description: ARN of the secret for that registry; empty for none.
      type: str
deleted_repositories:
  description: The repositories that were deleted with the rule.
  returned: with O(state=absent)
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._ecr import api

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "prefix": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "upstream_registry_url": {"type": "str", "default": "registry-1.docker.io"},
    "credential_arn": {"type": "str"},
    "delete_repositories": {"type": "bool", "default": False},
}


def describe(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule with the module's names."""
    return {
        "prefix": rule["ecrRepositoryPrefix"],
        "upstream_registry_url": rule["upstreamRegistryUrl"],
        "credential_arn": rule.get("credentialArn") or "",
    }


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    request = {"ecrRepositoryPrefix": params["prefix"], "upstreamRegistryUrl": params["upstream_registry_url"]}
    if params["credential_arn"]:
        request["credentialArn"] = params["credential_arn"]
    if not module.check_mode:
        api.create_rule(client, **request)
    state = describe(request)
    return {"changed": True, "rule": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, rule: dict[str, Any]) -> dict[str, Any]:
    params, before = module.params, describe(rule)
    if params["upstream_registry_url"] != before["upstream_registry_url"]:
        raise AwsError(
            f"The pull-through cache rule {before['prefix']} fetches from {before['upstream_registry_url']} and AWS cannot change "
            f"it to {params['upstream_registry_url']}; choose another prefix, or delete the rule first with state absent"
        )
    difference = Difference()
    difference.add("credential_arn", params["credential_arn"] or None, before["credential_arn"])
    state = difference.apply_to(before)
    if not difference.changed:
        return {"changed": False, "rule": before}
    if not module.check_mode:
        api.change_credential(client, params["prefix"], params["credential_arn"])
    return {"changed": True, "rule": state, "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, rule: dict[str, Any]) -> dict[str, Any]:
    prefix = module.params["prefix"]
    # The repositories first: they are told from others by the rule.
    doomed = api.repositories(client, prefix) if module.params["delete_repositories"] else []
    if not module.check_mode:
        for name in doomed:
            api.delete_repository(client, name)
        api.delete_rule(client, prefix)
    diff = {"before": {**describe(rule), "repositories": doomed}, "after": {}}
    return {"changed": True, "rule": {}, "deleted_repositories": doomed, "diff": diff}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("ecr")
    rule = api.rule(client, module.params["prefix"])
    if module.params["state"] == "absent":
        gone: dict[str, Any] = {"changed": False, "rule": {}, "deleted_repositories": []}
        return gone if rule is None else delete(module, client, rule)
    return create(module, client) if rule is None else update(module, client, rule)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
