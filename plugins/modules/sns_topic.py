#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic
version_added: 0.1.0
short_description: Manages an SNS topic with its policy, key and subscriptions
description:
  - Creates, changes and deletes a standard topic of Amazon SNS, with its subscriptions.
  - M(community.aws.sns_topic) sets no KMS key, fails in check mode where the topic does not exist yet, and lists all topics of the
    account several times in each run.
notes:
  - A subscription by e-mail or HTTPS begins with its confirmation. Until then it is pending; SNS forgets it after two days, and
    the next run asks again. One that is pending cannot be removed.
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
    description: The topic's name.
    type: str
    required: true
  state:
    description: Whether it exists.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description: Who may publish to it and subscribe to it. Where it is not given, a new topic has AWS's own policy for its account.
    type: dict
  kms_master_key_id:
    description:
      - The KMS key that messages are encrypted with, as id, ARN or alias; V("") for none. Its policy must let those who publish use
        it, so that AWS's own key V(alias/aws/sns) does not do for alarms.
    type: str
  subscriptions:
    description: Who is told.
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: How.
        type: str
        choices: [email, email-json, https, http, sms, sqs, lambda]
        required: true
      endpoint:
        description: The address, URL, number or ARN.
        type: str
        required: true
  purge_subscriptions:
    description: Whether to remove subscriptions that are not in O(subscriptions).
    type: bool
    default: true
  tags:
    description: The topic's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Create a topic that CloudWatch's alarms may publish to
  llmops.langfuse.sns_topic:
    name: langfuse-staging-alarms
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {Service: cloudwatch.amazonaws.com}
          Action: sns:Publish
          Resource: arn:aws:sns:eu-central-1:123456789012:langfuse-staging-alarms
    subscriptions:
      - protocol: email
        endpoint: oncall@example.com

- name: Delete the topic with its subscriptions
  llmops.langfuse.sns_topic:
    name: langfuse-staging-alarms
    state: absent
"""

RETURN = r"""
topic:
  description: The topic as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    arn:
      description: Its ARN.
      type: str
    policy:
      description: Its policy.
      type: dict
    kms_master_key_id:
      description: Its KMS key; empty for none.
      type: str
    subscriptions:
      description: Its subscriptions, in the form of O(subscriptions).
      type: list
      elements: dict
    tags:
      description: Its tags.
      type: dict
pending:
  description: The endpoints that still have to confirm their subscription.
  returned: always
  type: list
  elements: str
"""

import json
import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.iam import get_aws_account_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)

Shape = dict[str, Any]
Subscription = dict[str, str]

# API CreateTopic, Name.
NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
PROTOCOLS = ["email", "email-json", "https", "http", "sms", "sqs", "lambda"]
# What ListSubscriptionsByTopic shows in the place of an ARN.
WITHOUT_ARN = ("PendingConfirmation", "Deleted")
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "policy": {"type": "dict"},
    "kms_master_key_id": {"type": "str", "no_log": False},
    "subscriptions": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "protocol": {"type": "str", "choices": PROTOCOLS, "required": True},
            "endpoint": {"type": "str", "required": True},
        },
    },
    "purge_subscriptions": {"type": "bool", "default": True},
    **TAG_OPTIONS,
}


class SnsErrorHandler(AwsErrorHandler):
    MISSING = ("NotFound", "NotFoundException", "ResourceNotFoundException")


@SnsErrorHandler.list_error_handler("read the topic {1}")
@AWSRetry.jittered_backoff()
def get_attributes(client: Any, arn: str) -> dict[str, str] | None:
    return dict(client.get_topic_attributes(TopicArn=arn)["Attributes"])


@SnsErrorHandler.common_error_handler("list the subscriptions of the topic {1}")
@AWSRetry.jittered_backoff()
def list_subscriptions(client: Any, arn: str) -> list[Shape]:
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    return [item for page in pages for item in page["Subscriptions"]]


@SnsErrorHandler.common_error_handler("read the tags of the topic {1}")
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> dict[str, str]:
    return tag_dict(client.list_tags_for_resource(ResourceArn=arn)["Tags"])


@SnsErrorHandler.common_error_handler("create the topic {1}")
@AWSRetry.jittered_backoff()
def create_topic(client: Any, name: str, attributes: dict[str, str], tags: list[dict[str, str]]) -> None:
    client.create_topic(Name=name, Attributes=attributes, **({"Tags": tags} if tags else {}))


@SnsErrorHandler.common_error_handler("set {2} of the topic {1}")
@AWSRetry.jittered_backoff()
def set_attribute(client: Any, arn: str, attribute: str, value: str) -> None:
    client.set_topic_attributes(TopicArn=arn, AttributeName=attribute, AttributeValue=value)


@SnsErrorHandler.common_error_handler("subscribe to the topic {1} by {2}")
@AWSRetry.jittered_backoff()
def subscribe(client: Any, arn: str, protocol: str, endpoint: str) -> None:
    client.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)


@SnsErrorHandler.deletion_error_handler("remove the subscription {1}")
@AWSRetry.jittered_backoff()
def unsubscribe(client: Any, arn: str) -> None:
    client.unsubscribe(SubscriptionArn=arn)


@SnsErrorHandler.deletion_error_handler("delete the topic {1}")
@AWSRetry.jittered_backoff()
def delete_topic(client: Any, arn: str) -> None:
    client.delete_topic(TopicArn=arn)


@SnsErrorHandler.common_error_handler("set the tags of the topic {1}")
@AWSRetry.jittered_backoff()
def set_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(ResourceArn=arn, Tags=tag_list(to_set))
    if to_remove:
        client.untag_resource(ResourceArn=arn, TagKeys=to_remove)


def shown(endpoint: str) -> str:
    """An endpoint as SNS shows it: the password in a URL is hidden."""
    return re.sub(r"^(https?://[^/:@]+):[^/@]*@", r"\1:****@", endpoint)


def key(subscription: Shape) -> tuple[str, str]:
    """What tells two subscriptions apart, of options or of the API."""
    protocol = subscription.get("protocol") or subscription["Protocol"]
    return protocol, shown(subscription.get("endpoint") or subscription["Endpoint"])


def as_options(keys: list[tuple[str, str]]) -> list[Subscription]:
    return [{"protocol": protocol, "endpoint": endpoint} for protocol, endpoint in sorted(keys)]


def same_policy(wanted: Shape, active: Shape) -> bool:
    return not compare_policies(active, wanted)


def create(module: AnsibleAWSModule, client: Any, arn: str) -> dict[str, Any]:
    params = module.params
    tags = merged_tags({}, params["tags"], False)
    attributes = {}
    if params["policy"]:
        attributes["Policy"] = json.dumps(params["policy"])
    if params["kms_master_key_id"]:
        attributes["KmsMasterKeyId"] = params["kms_master_key_id"]
    state = {
        "name": params["name"],
        "arn": arn,
        "policy": params["policy"] or {},
        "kms_master_key_id": params["kms_master_key_id"] or "",
        "subscriptions": as_options([key(item) for item in params["subscriptions"]]),
        "tags": tags,
    }
    pending = sorted(key(item)[1] for item in params["subscriptions"])
    if not module.check_mode:
        create_topic(client, params["name"], attributes, tag_list(tags))
        for item in params["subscriptions"]:
            subscribe(client, arn, item["protocol"], item["endpoint"])
        pending = pending_of(list_subscriptions(client, arn))
    return {"changed": True, "topic": state, "pending": pending, "diff": {"before": {}, "after": state}}


def pending_of(subscriptions: list[Shape]) -> list[str]:
    return sorted(item["Endpoint"] for item in subscriptions if item["SubscriptionArn"] == "PendingConfirmation")


def update(module: AnsibleAWSModule, client: Any, arn: str, attributes: dict[str, str]) -> dict[str, Any]:
    params = module.params
    found = [item for item in list_subscriptions(client, arn) if item["SubscriptionArn"] != "Deleted"]
    active = {key(item): item for item in found}
    wanted = {key(item): item for item in params["subscriptions"]}
    added = [item for name, item in wanted.items() if name not in active]
    removed = [
        name
        for name, item in active.items()
        if params["purge_subscriptions"] and name not in wanted and item["SubscriptionArn"] not in WITHOUT_ARN
    ]
    tags = list_tags(client, arn) if params["tags"] is not None else {}
    to_set, to_remove = tag_changes(tags, params["tags"], params["purge_tags"])
    new_tags = merged_tags(tags, params["tags"], params["purge_tags"])
    policy = json.loads(attributes.get("Policy") or "{}")
    kms_key = attributes.get("KmsMasterKeyId", "")
    subscribed = as_options([*(name for name in active if name not in removed), *map(key, added)])
    difference = Difference()
    request = {"Policy": json.dumps(params["policy"])}
    difference.add("policy", params["policy"], policy, same=same_policy, request=request)
    request = {"KmsMasterKeyId": params["kms_master_key_id"]}
    difference.add("kms_master_key_id", params["kms_master_key_id"], kms_key, request=request)
    difference.add("subscriptions", subscribed, as_options(list(active)))
    difference.add("tags", new_tags, tags)
    before = {
        "name": params["name"],
        "arn": arn,
        "policy": policy,
        "kms_master_key_id": kms_key,
        "subscriptions": as_options(list(active)),
        "tags": tags,
    }
    if not difference.changed:
        return {"changed": False, "topic": before, "pending": pending_of(found)}
    if not module.check_mode:
        for attribute, value in difference.request.items():
            set_attribute(client, arn, attribute, value)
        for item in added:
            subscribe(client, arn, item["protocol"], item["endpoint"])
        for name in removed:
            unsubscribe(client, active[name]["SubscriptionArn"])
        set_tags(client, arn, to_set, to_remove)
        found = list_subscriptions(client, arn)
    after = {**before, **difference.after}
    return {"changed": True, "topic": after, "pending": pending_of(found), "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, arn: str, attributes: dict[str, str]) -> dict[str, Any]:
    if not module.check_mode:
        # SNS deletes the subscriptions with it.
        delete_topic(client, arn)
    before = {"name": module.params["name"], "arn": arn, "kms_master_key_id": attributes.get("KmsMasterKeyId", "")}
    return {"changed": True, "topic": {}, "pending": [], "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    name, client = module.params["name"], module.client("sns")
    if not NAME.fullmatch(name):
        raise AwsError(f"'{name}' is not a topic's name; use up to 256 letters, digits, '-' and '_'")
    account, partition = get_aws_account_info(module)
    arn = f"arn:{partition}:sns:{client.meta.region_name}:{account}:{name}"
    attributes = get_attributes(client, arn)
    if module.params["state"] == "present":
        return create(module, client, arn) if attributes is None else update(module, client, arn, attributes)
    if attributes is None:
        return {"changed": False, "topic": {}, "pending": []}
    return delete(module, client, arn, attributes)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
