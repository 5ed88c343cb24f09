#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_dashboard
version_added: 0.1.0
short_description: Manages a CloudWatch dashboard
description:
  - Creates, changes and deletes a dashboard of Amazon CloudWatch. Its body is compared as data, whatever its spaces and order.
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
    description:
      - The dashboard's name. It is one for all regions of an account.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  body:
    description:
      - What it shows, as CloudWatch's dashboard body structure. Required with O(state=present).
    type: dict
  tags:
    description:
      - The dashboard's tags. They need a botocore that knows tags of dashboards; with an older one they are left out, with a warning.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show requests and errors
  llmops.langfuse.cloudwatch_dashboard:
    name: langfuse-staging-eu-central-1
    body:
      widgets:
        - type: metric
          width: 12
          height: 6
          properties:
            title: Requests
            region: eu-central-1
            stat: Sum
            metrics:
              - [AWS/ApplicationELB, RequestCount, LoadBalancer, app/langfuse-staging/0123456789abcdef]

- name: Delete the dashboard
  llmops.langfuse.cloudwatch_dashboard:
    name: langfuse-staging-eu-central-1
    state: absent
"""

RETURN = r"""
dashboard:
  description: The dashboard as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    arn:
      description: Its ARN; empty in check mode for a new one.
      type: str
    body:
      description: What it shows.
      type: dict
    tags:
      description: Its tags.
      type: dict
"""

import json
import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudwatch import api

# API PutDashboard, DashboardName.
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "body": {"type": "dict"},
    **TAG_OPTIONS,
}


def as_data(body: str) -> dict[str, Any]:
    """A body that is no JSON object, as only another tool could have left it, differs from every wanted one."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def knows_tags(client: Any) -> bool:
    """Whether this botocore knows tags of dashboards."""
    return "Tags" in client.meta.service_model.operation_model("PutDashboard").input_shape.members


def write(module: AnsibleAWSModule, client: Any, body: dict[str, Any], tags: dict[str, str]) -> None:
    messages = api.put_dashboard(client, module.params["name"], json.dumps(body, sort_keys=True), tag_list(tags))
    for message in messages:
        module.warn(f"CloudWatch on the dashboard {module.params['name']}: {message.get('Message', message)}")


def create(module: AnsibleAWSModule, client: Any, wanted_tags: dict[str, Any] | None) -> dict[str, Any]:
    params, tags = module.params, merged_tags({}, wanted_tags, False)
    arn = ""
    if not module.check_mode:
        write(module, client, params["body"], tags)
        arn = (api.get_dashboard(client, params["name"]) or {}).get("DashboardArn", "")
    state = {"name": params["name"], "arn": arn, "body": params["body"], "tags": tags}
    after = {"body": params["body"], "tags": tags}
    return {"changed": True, "dashboard": state, "diff": {"before": {}, "after": after}}


def update(
    module: AnsibleAWSModule, client: Any, found: dict[str, Any], wanted_tags: dict[str, Any] | None
) -> dict[str, Any]:
    params, arn = module.params, found["DashboardArn"]
    tags = tag_dict(api.list_tags(client, arn)) if wanted_tags is not None else {}
    new_tags = merged_tags(tags, wanted_tags, params["purge_tags"])
    difference = Difference()
    rewrite = difference.add("body", params["body"], as_data(found["DashboardBody"]))
    difference.add("tags", new_tags, tags)
    state = {"name": params["name"], "arn": arn, "body": params["body"], "tags": new_tags}
    if not difference.changed:
        return {"changed": False, "dashboard": state}
    if not module.check_mode:
        if rewrite:
            write(module, client, params["body"], {})
        api.change_tags(client, arn, *tag_changes(tags, wanted_tags, params["purge_tags"]))
    return {"changed": True, "dashboard": state, "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, found: dict[str, Any]) -> dict[str, Any]:
    if not module.check_mode:
        api.delete_dashboard(client, module.params["name"])
    before = {"body": as_data(found["DashboardBody"])}
    return {"changed": True, "dashboard": {}, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("cloudwatch")
    name, tags = params["name"], params["tags"]
    if not NAME.fullmatch(name):
        raise AwsError(f"'{name}' is not a dashboard's name; use up to 255 letters, digits, '-' and '_'")
    if tags is not None and not knows_tags(client):
        module.warn(f"The dashboard {name} gets no tags, because this botocore knows none for dashboards; upgrade it.")
        tags = None
    found = api.get_dashboard(client, name)
    if params["state"] == "present":
        return create(module, client, tags) if found is None else update(module, client, found, tags)
    return {"changed": False, "dashboard": {}} if found is None else delete(module, client, found)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["body"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
