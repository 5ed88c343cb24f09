#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_flow_log
version_added: 0.1.0
short_description: Manages a flow log to CloudWatch Logs
description:
  - A flow log writes what the network interfaces of a VPC, a subnet or one interface let through and refuse to a log group.
  - A flow log is found by its resource and its log group.
  - AWS changes nothing but the tags of a flow log. Where something else differs, it is deleted and made anew; what passes in the seconds
    between is not recorded.
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
    details:
      - Of a flow log that has to be made, the id is unknown, and so is the format where O(log_format) is not given.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  log_group_name:
    description: The log group, which must exist for anything to be written.
    type: str
    required: true
  state:
    description: Whether the flow log exists.
    type: str
    choices: [present, absent]
    default: present
  resource_id:
    description:
      - Id of the VPC, subnet or network interface. Required with O(state=present).
      - Without it, O(state=absent) deletes every flow log that writes to the log group.
    type: str
  resource_type:
    description: What O(resource_id) is.
    type: str
    choices: [VPC, Subnet, NetworkInterface]
    default: VPC
  role_arn:
    description: ARN of the role with which C(vpc-flow-logs.amazonaws.com) writes. Required with O(state=present).
    type: str
  traffic_type:
    description: Whether to record what is let through, what is refused, or both.
    type: str
    choices: [ACCEPT, REJECT, ALL]
    default: ALL
  max_aggregation_interval:
    description: Seconds that are summed up in one record, at most. Interfaces of Nitro instances never take more than V(60).
    type: int
    choices: [60, 600]
    default: 600
  log_format:
    description:
      - The fields of a record, as C(LogFormat) of the EC2 API.
      - Without it, an existing format is kept, and a new flow log has AWS's.
    type: str
  wait:
    description: Whether to go on trying while AWS cannot assume a role that was just made.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to go on trying.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Record what passes through a VPC
  llmops.langfuse.ec2_flow_log:
    resource_id: vpc-0123456789abcdef0
    log_group_name: /langfuse-flow-logs/langfuse-staging
    role_arn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-flow-logs

- name: End it
  llmops.langfuse.ec2_flow_log:
    log_group_name: /langfuse-flow-logs/langfuse-staging
    state: absent
"""

RETURN = r"""
flow_log:
  description: The flow log as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    flow_log_id:
      description: Id of the flow log; empty in check mode where it has to be made.
      type: str
    resource_id:
      description: Id of the VPC, subnet or network interface.
      type: str
    log_group_name:
      description: The log group.
      type: str
    role_arn:
      description: The role with which AWS writes.
      type: str
    traffic_type:
      description: What is recorded.
      type: str
      sample: ALL
    max_aggregation_interval:
      description: Seconds that are summed up in one record, at most.
      type: int
      sample: 600
    log_format:
      description: The fields of a record.
      type: str
    delivery_status:
      description: Whether AWS could write at its last attempt, V(SUCCESS) or V(FAILED); empty where it has not tried yet.
      type: str
    delivery_error:
      description: Why it could not; empty where it could.
      type: str
      sample: Access error
    tags:
      description: The tags.
      type: dict
deleted:
  description: Ids of the flow logs that were deleted, or in check mode would be.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
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
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted

Shape = dict[str, Any]

# Option: its name in FlowLog and in CreateFlowLogs.
FIXED = {
    "role_arn": "DeliverLogsPermissionArn",
    "traffic_type": "TrafficType",
    "max_aggregation_interval": "MaxAggregationInterval",
    "log_format": "LogFormat",
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "log_group_name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "resource_id": {"type": "str"},
    "resource_type": {"type": "str", "choices": ["VPC", "Subnet", "NetworkInterface"], "default": "VPC"},
    "role_arn": {"type": "str"},
    "traffic_type": {"type": "str", "choices": ["ACCEPT", "REJECT", "ALL"], "default": "ALL"},
    "max_aggregation_interval": {"type": "int", "choices": [60, 600], "default": 600},
    "log_format": {"type": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
    **TAG_OPTIONS,
}


class FlowLogErrorHandler(AwsErrorHandler):
    MISSING = ("InvalidFlowLogId.NotFound",)


@FlowLogErrorHandler.common_error_handler("look for flow logs to the log group {1}")
@AWSRetry.jittered_backoff()
def find(client: Any, group: str, resource_id: str | None) -> list[Shape]:
    """The flow logs to a log group, of one resource or of all."""
    filters = [{"Name": "log-group-name", "Values": [group]}]
    if resource_id:
        filters.append({"Name": "resource-id", "Values": [resource_id]})
    pages = client.get_paginator("describe_flow_logs").paginate(Filter=filters)
    return [item for page in pages for item in page["FlowLogs"]]


def refuse_unsuccessful(answer: Shape, doing: str) -> None:
    """EC2 answers these calls with success even where it did nothing, and says so for each resource."""
    for item in answer.get("Unsuccessful") or []:
        error = item.get("Error") or {}
        raise AwsError(
            f"Failed to {doing} {item.get('ResourceId', '')}: {error.get('Message', '')} ({error.get('Code', '')})"
        )


@FlowLogErrorHandler.common_error_handler("create the flow log of {1}")
@AWSRetry.jittered_backoff()
def create(client: Any, resource_id: str, **request: Any) -> str:
    answer = client.create_flow_logs(ResourceIds=[resource_id], **request)
    refuse_unsuccessful(answer, "create the flow log of")
    return str(answer["FlowLogIds"][0])


@FlowLogErrorHandler.deletion_error_handler("delete the flow logs {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, flow_log_ids: list[str]) -> None:
    refuse_unsuccessful(client.delete_flow_logs(FlowLogIds=flow_log_ids), "delete the flow log")


@FlowLogErrorHandler.common_error_handler("tag the flow log {1}")
@AWSRetry.jittered_backoff()
def tag(client: Any, flow_log_id: str, tags: dict[str, str]) -> None:
    client.create_tags(Resources=[flow_log_id], Tags=tag_list(tags))


@FlowLogErrorHandler.common_error_handler("untag the flow log {1}")
@AWSRetry.jittered_backoff()
def untag(client: Any, flow_log_id: str, keys: list[str]) -> None:
    client.delete_tags(Resources=[flow_log_id], Tags=[{"Key": key} for key in keys])


def describe(item: Shape) -> Shape:
    """A flow log with the module's names."""
    return {
        "flow_log_id": item["FlowLogId"],
        "resource_id": item["ResourceId"],
        "log_group_name": item["LogGroupName"],
        **{name: item.get(key) for name, key in FIXED.items()},
        "delivery_status": item.get("DeliverLogsStatus") or "",
        "delivery_error": item.get("DeliverLogsErrorMessage") or "",
        "tags": tag_dict(item.get("Tags")),
    }


def not_assumable_yet(error: AwsError) -> bool:
    """Of a role that was just made; hashicorp/terraform-provider-aws, internal/service/ec2/vpc_flow_log.go."""
    return "assume given IAM role" in str(error)


def make(module: AnsibleAWSModule, client: Any) -> Shape:
    """A new flow log. Returns it as it is, or in check mode as it would be."""
    params = module.params
    if module.check_mode:
        given = {name: params[name] or "" for name in FIXED}
        return {
            **{"flow_log_id": "", "resource_id": params["resource_id"], "log_group_name": params["log_group_name"]},
            **given,
            **{"delivery_status": "", "delivery_error": "", "tags": merged_tags({}, params["tags"] or {}, True)},
        }
    request = {key: params[name] for name, key in FIXED.items() if params[name]}
    if params["tags"]:
        request["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": tag_list(params["tags"])}]
    flow_log_id = until_accepted(
        lambda: create(
            client,
            params["resource_id"],
            ResourceType=params["resource_type"],
            LogDestinationType="cloud-watch-logs",
            LogGroupName=params["log_group_name"],
            **request,
        ),
        not_assumable_yet,
        params["wait_timeout"] if params["wait"] else 0,
        f"AWS to be able to assume the role {params['role_arn']}",
    )
    made = find(client, params["log_group_name"], params["resource_id"])
    return describe(next(item for item in made if item["FlowLogId"] == flow_log_id))


def change_tags(module: AnsibleAWSModule, client: Any, active: Shape) -> tuple[bool, Shape]:
    params = module.params
    to_set, to_remove = tag_changes(active["tags"], params["tags"], params["purge_tags"])
    if not (to_set or to_remove):
        return False, active
    if not module.check_mode:
        if to_remove:
            untag(client, active["flow_log_id"], to_remove)
        if to_set:
            tag(client, active["flow_log_id"], to_set)
    return True, {**active, "tags": merged_tags(active["tags"], params["tags"], params["purge_tags"])}


def ensure(module: AnsibleAWSModule, client: Any, found: list[Shape]) -> Shape:
    params = module.params

    def differs(state: Shape) -> Difference:
        difference = Difference()
        for name in FIXED:
            difference.add(name, params[name], state[name])
        return difference

    kept = next((state for state in found if not differs(state).changed), None)
    doomed = [state["flow_log_id"] for state in found if state is not kept]
    if doomed and not module.check_mode:
        delete(client, doomed)
    if kept is None:
        before: Shape = found[0] if found else {}
        # Like everything else of a flow log that is made anew, its format stays unless another is asked for.
        params["log_format"] = params["log_format"] or before.get("log_format")
        after = make(module, client)
        return {"changed": True, "flow_log": after, "deleted": doomed, "diff": {"before": before, "after": after}}
    changed, state = change_tags(module, client, kept)
    if not (changed or doomed):
        return {"changed": False, "flow_log": kept, "deleted": []}
    diff = {"before": {**kept, "surplus": doomed}, "after": {**state, "surplus": []}}
    return {"changed": True, "flow_log": state, "deleted": doomed, "diff": diff}


def remove(module: AnsibleAWSModule, client: Any, found: list[Shape]) -> Shape:
    doomed = [state["flow_log_id"] for state in found]
    if not doomed:
        return {"changed": False, "flow_log": {}, "deleted": []}
    if not module.check_mode:
        delete(client, doomed)
    return {"changed": True, "flow_log": {}, "deleted": doomed, "diff": {"before": {"flow_logs": found}, "after": {}}}


def manage(module: AnsibleAWSModule) -> Shape:
    client = module.client("ec2")
    found = [describe(item) for item in find(client, module.params["log_group_name"], module.params["resource_id"])]
    if module.params["state"] == "absent":
        return remove(module, client, found)
    result = ensure(module, client, found)
    state = result["flow_log"]
    if state["delivery_status"] == "FAILED":
        module.warn(
            f"AWS cannot write the flow log {state['flow_log_id']} to {state['log_group_name']}: {state['delivery_error']}; "
            f"check that the log group exists and that the role {state['role_arn']} may write to it."
        )
    return result


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["resource_id", "role_arn"])],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
