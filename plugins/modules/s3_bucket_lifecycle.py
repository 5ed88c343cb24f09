#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_lifecycle
version_added: 0.1.0
short_description: Manages all lifecycle rules of an S3 bucket at once
description:
  - Sets several lifecycle rules of a bucket with one request.
  - M(community.aws.s3_lifecycle) sets one rule with each call and reads the others before. S3 may still show them as they were
    before the last call, and then writes back what it shows, so that a rule that was just made is lost.
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
    details:
      - A bucket that does not exist yet has no rules.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: The bucket.
    type: str
    required: true
  rules:
    description: The rules. Rules of the bucket with other ids stay as they are.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: The rule's id.
        type: str
        required: true
      state:
        description: Whether the rule exists.
        type: str
        choices: [present, absent]
        default: present
      prefix:
        description: Which objects it is for; empty for all.
        type: str
        default: ""
      expiration_days:
        description: Days after which an object expires; V(0) for never.
        type: int
        default: 0
      noncurrent_version_expiration_days:
        description: Days after which an overwritten or deleted version goes; V(0) for never.
        type: int
        default: 0
      abort_incomplete_multipart_upload_days:
        description: Days after which an upload that was not completed goes; V(0) for never.
        type: int
        default: 0
  wait:
    description: Whether to wait until S3 shows the rules as they were set.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Let exports expire after a week, and clean up after interrupted uploads
  llmops.langfuse.s3_bucket_lifecycle:
    name: langfuse-staging-123456789012-eu-central-1
    rules:
      - id: exports
        prefix: exports/
        expiration_days: 7
      - id: housekeeping
        abort_incomplete_multipart_upload_days: 7
"""

RETURN = r"""
rules:
  description: All rules of the bucket, or in check mode as they would be, as C(LifecycleRule) of the S3 API.
  returned: always
  type: list
  elements: dict
  sample:
    - ID: exports
      Status: Enabled
      Filter: {Prefix: exports/}
      Expiration: {Days: 7}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until

Rule = dict[str, Any]

# Option of a rule: its part of LifecycleRule, and the name of the days in there.
ACTIONS = {
    "expiration_days": ("Expiration", "Days"),
    "noncurrent_version_expiration_days": ("NoncurrentVersionExpiration", "NoncurrentDays"),
    "abort_incomplete_multipart_upload_days": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "rules": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "prefix": {"type": "str", "default": ""},
            **{name: {"type": "int", "default": 0} for name in ACTIONS},
        },
    },
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
}


class S3ErrorHandler(AwsErrorHandler):
    # In check mode the bucket may still have to be made; otherwise one that was just made is not everywhere yet.
    MISSING = ("NoSuchLifecycleConfiguration", "NoSuchBucket")


@S3ErrorHandler.list_error_handler("read the lifecycle rules of the bucket {1}", default_value={})
@AWSRetry.jittered_backoff()
def read(client: Any, bucket: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get_bucket_lifecycle_configuration(Bucket=bucket)
    return answer


# Right after a bucket was made, and while another change of it goes on, S3 asks to come again.
@S3ErrorHandler.common_error_handler("set the lifecycle rules of the bucket {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["NoSuchBucket", "OperationAborted"])
def write(client: Any, bucket: str, rules: list[Rule], size_rule: str | None) -> None:
    # The size below which objects are not moved holds for the whole configuration, and would be reset.
    kept = {"TransitionDefaultMinimumObjectSize": size_rule} if size_rule else {}
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **kept)


@S3ErrorHandler.common_error_handler("delete the lifecycle rules of the bucket {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["OperationAborted"])
def clear(client: Any, bucket: str) -> None:
    client.delete_bucket_lifecycle(Bucket=bucket)


def wanted_rule(options: dict[str, Any]) -> Rule:
    """A rule as the API takes it."""
    actions = {part: {days: options[name]} for name, (part, days) in ACTIONS.items() if options[name]}
    if not actions:
        raise AwsError(f"The rule {options['id']} has nothing to do; give it days, or set its state to absent")
    return {"ID": options["id"], "Status": "Enabled", "Filter": {"Prefix": options["prefix"]}, **actions}


def canonical(rule: Rule) -> Rule:
    """A rule in the form in which two can be compared: no prefix is written in several ways."""
    rest = {key: value for key, value in rule.items() if key not in ("Filter", "Prefix")}
    chosen = rule.get("Filter") or {"Prefix": rule.get("Prefix", "")}
    return {**rest, "Filter": {"Prefix": chosen["Prefix"] or ""} if set(chosen) == {"Prefix"} else chosen}


def merged(active: list[Rule], options: list[dict[str, Any]]) -> list[Rule]:
    """The rules as they will be: in their places where there were any, new ones at the end."""
    wanted = {item["id"]: wanted_rule(item) for item in options if item["state"] == "present"}
    ours = {item["id"] for item in options}
    kept = [
        wanted.pop(rule["ID"]) if rule.get("ID") in wanted else rule
        for rule in active
        if rule.get("ID") in wanted or rule.get("ID") not in ours
    ]
    return [*kept, *wanted.values()]


def same(left: list[Rule], right: list[Rule]) -> bool:
    """Whether two lists have the same rules, in any order."""

    def ordered(rules: list[Rule]) -> list[Rule]:
        # S3 gives an id to a rule that came without one.
        return sorted(map(canonical, rules), key=lambda rule: rule["ID"])

    return ordered(left) == ordered(right)


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("s3")
    bucket = params["name"]
    found = read(client, bucket)
    active = found.get("Rules") or []
    rules = merged(active, params["rules"])
    difference = Difference()
    difference.add("rules", rules, active, same=same)
    if not difference.changed:
        return {"changed": False, "rules": active}
    if not module.check_mode:
        if rules:
            write(client, bucket, rules, found.get("TransitionDefaultMinimumObjectSize"))
        else:
            clear(client, bucket)
        if params["wait"]:
            wait_until(
                lambda: True if same(read(client, bucket).get("Rules") or [], rules) else None,
                params["wait_timeout"],
                describe=f"S3 to show the new lifecycle rules of the bucket {bucket}",
                delay_start=0.5,
            )
    return {"changed": True, "rules": rules, "diff": difference.diff}


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
