#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apprunner_vpc_connector
version_added: 0.1.0
short_description: Manages a VPC connector of AWS App Runner
description:
  - A VPC connector leads the outgoing traffic of App Runner services into subnets of a VPC. Requests to a service do not take it.
  - AWS cannot change a connector, has one revision for each name, and refuses a second connector with the security groups of another. So
    other subnets or security groups than a connector has are refused, and what to do is said.
  - App Runner takes no new customers since 2026-04-30. Accounts that used it before can go on.
notes:
  - The IAM actions are apprunner:ListVpcConnectors, apprunner:ListTagsForResource, apprunner:CreateVpcConnector,
    apprunner:DeleteVpcConnector, apprunner:TagResource, apprunner:UntagResource and iam:CreateServiceLinkedRole for
    C(networking.apprunner.amazonaws.com).
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
    details: The ARN of a connector that is not created yet is not known.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the connector, 4 to 40 letters, digits, C(-) and C(_).
    type: str
    required: true
  state:
    description: Whether the connector exists.
    type: str
    choices: [present, absent]
    default: present
  subnets:
    description:
      - Ids of the subnets, all of one VPC. Some availability zones have no App Runner, and AWS names them. Required with O(state=present).
    type: list
    elements: str
  security_groups:
    description: Ids of the security groups; the VPC's default group where they are not given.
    type: list
    elements: str
  tags:
    description: The connector's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description: Whether to go on while AWS says that a service uses a connector that is to be deleted, and not to fail at once.
    type: bool
    default: true
  wait_timeout:
    description:
      - With O(state=absent), for how many seconds to go on while AWS says that a service uses the connector, which it does for a while
        after that service is gone.
    type: int
    default: 600
seealso:
  - module: llmops.langfuse.apprunner_service
"""

EXAMPLES = r"""
- name: Let a service reach a VPC
  llmops.langfuse.apprunner_vpc_connector:
    name: langfuse-staging-web
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups: [sg-0123456789abcdef0]

- name: Delete the connector
  llmops.langfuse.apprunner_vpc_connector:
    name: langfuse-staging-web
    state: absent
"""

RETURN = r"""
vpc_connector:
  description: The connector as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Name of the connector.
      type: str
    arn:
      description: Its ARN; empty where check mode predicts the connector.
      type: str
    revision:
      description: Its revision; 0 where check mode predicts the connector.
      type: int
    status:
      description: Its status.
      type: str
      sample: ACTIVE
    subnets:
      description: Ids of its subnets.
      type: list
      elements: str
    security_groups:
      description: Ids of its security groups.
      type: list
      elements: str
    tags:
      description: Its tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._apprunner import api
from ansible_collections.llmops.langfuse.plugins.module_utils._apprunner import vpc_connector as connectors
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subnets": {"type": "list", "elements": "str"},
    "security_groups": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    **TAG_OPTIONS,
}


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    tags = merged_tags({}, params["tags"], False)
    request: dict[str, Any] = {"VpcConnectorName": params["name"], "Subnets": sorted(set(params["subnets"]))}
    if params["security_groups"]:
        request["SecurityGroups"] = sorted(set(params["security_groups"]))
    if module.check_mode:
        connector = {**request, "Status": "ACTIVE"}
    else:
        connector = api.create_vpc_connector(client, **request, **({"Tags": tag_list(tags)} if tags else {}))
    state = connectors.described(connector, tags)
    return {"changed": True, "vpc_connector": state, "diff": {"before": {}, "after": state}}


def update(module: AnsibleAWSModule, client: Any, connector: dict[str, Any]) -> dict[str, Any]:
    params, arn = module.params, connector["VpcConnectorArn"]
    before = connectors.described(connector, tag_dict(api.list_tags(client, arn)))
    connectors.refuse_fixed(before, params["subnets"], params["security_groups"])
    after = merged_tags(before["tags"], params["tags"], params["purge_tags"])
    difference = Difference()
    if not difference.add("tags", after, before["tags"]):
        return {"changed": False, "vpc_connector": before}
    if not module.check_mode:
        api.change_tags(client, arn, *tag_changes(before["tags"], params["tags"], params["purge_tags"]))
    return {"changed": True, "vpc_connector": {**before, "tags": after}, "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, connector: dict[str, Any]) -> dict[str, Any]:
    arn = connector["VpcConnectorArn"]
    before = connectors.described(connector, tag_dict(api.list_tags(client, arn)))
    if not module.check_mode:
        until_accepted(
            lambda: api.delete_vpc_connector(client, arn),
            lambda error: connectors.in_use(error.code, str(error)),
            module.params["wait_timeout"] if module.params["wait"] else 0,
            f"the VPC connector {before['name']} to be used by no service",
        )
    return {"changed": True, "vpc_connector": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("apprunner")
    connector = api.find_vpc_connector(client, module.params["name"])
    if module.params["state"] == "absent":
        gone: dict[str, Any] = {"changed": False, "vpc_connector": {}}
        return gone if connector is None else delete(module, client, connector)
    return create(module, client) if connector is None else update(module, client, connector)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["subnets"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
