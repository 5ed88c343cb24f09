#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_groups
version_added: 0.1.0
short_description: Manages log groups of CloudWatch Logs, several at once
description:
  - Makes log groups with one retention and the same tags, changes those that there are, or deletes them.
  - M(amazon.aws.cloudwatchlogs_log_group) manages one with each call, writes the retention of one that there is in check mode too, and
    deletes one that is to be kept for 1096, 2192, 2557, 2922 or 3288 days.
author:
  - llmops.langfuse contributors (@llmops)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  names:
    description: The log groups. Required where they are to exist.
    type: list
    elements: str
  prefix:
    description: In place of O(names), with O(state=absent), deletes all log groups whose names begin so.
    type: str
  state:
    description: Whether they exist.
    type: str
    choices: [present, absent]
    default: present
  retention_days:
    description: Days that CloudWatch keeps what is in them. Required where they are to exist.
    type: int
    choices: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
  kms_key_arn:
    description:
      - KMS key with which a new log group is encrypted. One that there is keeps its own.
    type: str
"""

EXAMPLES = r"""
- name: Make log groups
  llmops.langfuse.cloudwatch_log_groups:
    names: [/langfuse/langfuse-staging/web, /langfuse/langfuse-staging/worker]
    retention_days: 30

- name: Delete one with all that is in it
  llmops.langfuse.cloudwatch_log_groups:
    names: [/langfuse/langfuse-staging/web]
    state: absent

- name: Delete all of an environment
  llmops.langfuse.cloudwatch_log_groups:
    prefix: /langfuse/langfuse-staging/
    state: absent
"""

RETURN = r"""
log_groups:
  description: The log groups as they are, or in check mode as they would be. Empty where they are absent.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the log group.
      type: str
    retention_days:
      description: Days that CloudWatch keeps what is in it; V(0) for ever.
      type: int
      sample: 30
    kms_key_arn:
      description: Its KMS key; empty for CloudWatch's own.
      type: str
    tags:
      description: The tags.
      type: dict
"""

import os.path
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws_limits import LOG_RETENTION_DAYS

Shape = dict[str, Any]

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "names": {"type": "list", "elements": "str"},
    "prefix": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "retention_days": {"type": "int", "choices": list(LOG_RETENTION_DAYS)},
    "kms_key_arn": {"type": "str", "no_log": False},
    **TAG_OPTIONS,
}


class LogsErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


@LogsErrorHandler.common_error_handler("look for the log groups {1}")
@AWSRetry.jittered_backoff()
def find(client: Any, prefix: str) -> list[Shape]:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [item for page in pages for item in page["logGroups"]]


@LogsErrorHandler.list_error_handler("list the tags of the log group {1}", default_value={})
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> dict[str, str]:
    return dict(client.list_tags_for_resource(resourceArn=arn)["tags"])


# One that was deleted a moment ago is not quite gone.
@LogsErrorHandler.common_error_handler("create the log group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["OperationAbortedException"])
def create(client: Any, name: str, **request: Any) -> None:
    client.create_log_group(logGroupName=name, **request)


@LogsErrorHandler.common_error_handler("set the retention of the log group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["OperationAbortedException"])
def keep_for(client: Any, name: str, days: int) -> None:
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


@LogsErrorHandler.common_error_handler("change the tags of {1}")
@AWSRetry.jittered_backoff()
def change_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(resourceArn=arn, tags=to_set)
    if to_remove:
        client.untag_resource(resourceArn=arn, tagKeys=to_remove)


@LogsErrorHandler.deletion_error_handler("delete the log group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["OperationAbortedException"])
def delete(client: Any, name: str) -> None:
    client.delete_log_group(logGroupName=name)


def arn_of(group: Shape) -> str:
    """The ARN that the calls about tags take: without the star with which CloudWatch Logs also writes it (API LogGroup)."""
    return str(group.get("logGroupArn") or group["arn"].removesuffix(":*"))


def read(client: Any, names: list[str], prefix: str | None) -> dict[str, Shape]:
    """The log groups that there are, by name, with their tags: those of the names, or all that begin with the prefix."""
    if not names and not prefix:
        return {}
    # Letter by letter, and not folder by folder: it is what DescribeLogGroups looks for.
    begin = prefix or os.path.commonprefix(names)  # noqa: RUF071
    return {
        item["logGroupName"]: {
            "name": item["logGroupName"],
            "arn": arn_of(item),
            "retention_days": item.get("retentionInDays") or 0,
            "kms_key_arn": item.get("kmsKeyId") or "",
            "tags": list_tags(client, arn_of(item)),
        }
        for item in find(client, begin)
        if prefix or item["logGroupName"] in names
    }


def make(module: AnsibleAWSModule, client: Any, name: str) -> Shape:
    params = module.params
    tags, key = merged_tags({}, params["tags"], False), params["kms_key_arn"] or ""
    if not module.check_mode:
        create(client, name, **({"kmsKeyId": key} if key else {}), **({"tags": tags} if tags else {}))
        keep_for(client, name, params["retention_days"])
    return {"name": name, "retention_days": params["retention_days"], "kms_key_arn": key, "tags": tags}


def change(module: AnsibleAWSModule, client: Any, group: Shape) -> Shape:
    params = module.params
    changes = tag_changes(group["tags"], params["tags"], params["purge_tags"])
    if not module.check_mode:
        if group["retention_days"] != params["retention_days"]:
            keep_for(client, group["name"], params["retention_days"])
        change_tags(client, group["arn"], *changes)
    tags = merged_tags(group["tags"], params["tags"], params["purge_tags"])
    return {**group, "retention_days": params["retention_days"], "tags": tags}


def shown(group: Shape) -> Shape:
    return {key: value for key, value in group.items() if key != "arn"}


def present(module: AnsibleAWSModule, client: Any, names: list[str], found: dict[str, Shape]) -> dict[str, Any]:
    after = [change(module, client, found[name]) if name in found else make(module, client, name) for name in names]
    difference = Difference()
    for group in map(shown, after):
        difference.add(group["name"], group, shown(found.get(group["name"], {})))
    result = {"changed": difference.changed, "log_groups": [shown(group) for group in after]}
    return {**result, "diff": difference.diff} if difference.changed else result


def absent(module: AnsibleAWSModule, client: Any, found: dict[str, Shape]) -> dict[str, Any]:
    if not found:
        return {"changed": False, "log_groups": []}
    if not module.check_mode:
        for name in found:
            delete(client, name)
    before = {name: shown(group) for name, group in found.items()}
    return {"changed": True, "log_groups": [], "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client, names = module.client("logs"), sorted(set(module.params["names"] or []))
    found = read(client, names, module.params["prefix"])
    return (
        absent(module, client, found) if module.params["state"] == "absent" else present(module, client, names, found)
    )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["names", "retention_days"])],
        required_one_of=[("names", "prefix")],
        mutually_exclusive=[("names", "prefix")],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
