#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_alarms
version_added: 0.1.0
short_description: Manages all CloudWatch alarms with one prefix at once
description:
  - Takes the alarms whose names begin with a prefix as one thing. Reads them with one question, writes those that are missing or
    differ, and deletes those that are no longer wanted.
  - M(amazon.aws.cloudwatch_metric_alarm) handles one alarm with each call and asks about it twice, sets no tags, and takes an
    alarm on several metrics (a metric expression) for changed in every run.
  - An alarm has no unit, because one whose unit is not that of the metric never gets any data.
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
    description:
      - What the names of all these alarms begin with. It should end in a character that names of other prefixes do not have, as
        V(langfuse-staging/) does, because alarms of other things with the same beginning count as these.
    type: str
    required: true
  alarms:
    description: The alarms.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name behind the prefix.
        type: str
        required: true
      description:
        description: What it means and what to do about it; people read it in the notification.
        type: str
      namespace:
        description: The metric's namespace. Required with O(alarms[].metric_name).
        type: str
      metric_name:
        description: The metric. Either this or O(alarms[].metrics).
        type: str
      dimensions:
        description: The metric's dimensions. Only exactly those that it is published with find any data.
        type: dict
      statistic:
        description: V(SampleCount), V(Average), V(Sum), V(Minimum), V(Maximum), or a percentile such as V(p95).
        type: str
        default: Average
      period:
        description: Seconds of one data point. V(10), V(20), V(30) or a multiple of V(60).
        type: int
        default: 300
      metrics:
        description: Several metrics and the expression that is watched, which is the one with O(alarms[].metrics[].return_data=true).
        type: list
        elements: dict
        suboptions:
          id:
            description: Its name in expressions.
            type: str
            required: true
          expression:
            description: What is computed from others. Either this or a metric.
            type: str
          label:
            description: What it is called.
            type: str
          return_data:
            description: Whether this is what is watched.
            type: bool
            default: false
          namespace:
            description: The metric's namespace.
            type: str
          metric_name:
            description: The metric.
            type: str
          dimensions:
            description: The metric's dimensions.
            type: dict
          statistic:
            description: The statistic.
            type: str
            default: Average
          period:
            description: Seconds of one data point.
            type: int
            default: 300
      comparison:
        description: How the data are compared with the threshold.
        type: str
        choices:
          - GreaterThanOrEqualToThreshold
          - GreaterThanThreshold
          - LessThanThreshold
          - LessThanOrEqualToThreshold
        default: GreaterThanOrEqualToThreshold
      threshold:
        description: What they are compared with.
        type: float
        required: true
      evaluation_periods:
        description: How many of the last data points are looked at.
        type: int
        default: 1
      datapoints_to_alarm:
        description: How many of these must be beyond the threshold; all where it is not given.
        type: int
      treat_missing_data:
        description: What a data point that is missing counts as.
        type: str
        choices: [breaching, notBreaching, ignore, missing]
        default: missing
      evaluate_low_sample_count_percentile:
        description: Whether a percentile of few values is looked at.
        type: str
        choices: [evaluate, ignore]
      actions_enabled:
        description: Whether its actions are taken.
        type: bool
        default: true
  alarm_actions:
    description: ARNs of what every alarm tells when it goes off, as of an SNS topic.
    type: list
    elements: str
    default: []
  ok_actions:
    description: ARNs of what is told when all is well again.
    type: list
    elements: str
    default: []
  insufficient_data_actions:
    description: ARNs of what is told when there are too few data.
    type: list
    elements: str
    default: []
  purge:
    description:
      - Whether to delete alarms with the prefix that are not in O(alarms).
    type: bool
    default: true
  tags:
    description: The tags of every alarm.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Watch the web service
  llmops.langfuse.cloudwatch_alarms:
    prefix: langfuse-staging/
    alarms:
      - name: web-5xx
        description: Langfuse answers with errors. Look at the web service's log group.
        namespace: AWS/ApplicationELB
        metric_name: HTTPCode_Target_5XX_Count
        dimensions:
          LoadBalancer: app/langfuse-staging/0123456789abcdef
        statistic: Sum
        threshold: 10
        treat_missing_data: notBreaching
      - name: web-tasks
        description: Tasks are missing. Look at the service's events.
        metrics:
          - id: missing
            expression: desired - running
            return_data: true
          - id: desired
            namespace: ECS/ContainerInsights
            metric_name: DesiredTaskCount
            dimensions: {ClusterName: langfuse-staging, ServiceName: web}
          - id: running
            namespace: ECS/ContainerInsights
            metric_name: RunningTaskCount
            dimensions: {ClusterName: langfuse-staging, ServiceName: web}
        threshold: 1
        evaluation_periods: 3
    alarm_actions:
      - arn:aws:sns:eu-central-1:123456789012:langfuse-staging-alarms

- name: Delete all alarms with the prefix
  llmops.langfuse.cloudwatch_alarms:
    prefix: langfuse-staging/
    alarms: []
"""

RETURN = r"""
alarms:
  description: What the alarms are set to, or in check mode would be, by name, as C(MetricAlarm) of the CloudWatch API.
  returned: always
  type: dict
  sample:
    langfuse-staging/web-5xx:
      Namespace: AWS/ApplicationELB
      MetricName: HTTPCode_Target_5XX_Count
      Threshold: 10.0
written:
  description: Names of the alarms that were, or would be, created or changed.
  returned: always
  type: list
  elements: str
deleted:
  description: Names of the alarms that were, or would be, deleted.
  returned: always
  type: list
  elements: str
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
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
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudwatch.alarms import (
    ACTIONS,
    differing,
    request,
    settings,
)

# Alarms have their tags read one by one, so several at a time; CloudWatch throttles more.
PARALLEL = 4
COMPARISONS = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
METRIC: dict[str, dict[str, Any]] = {
    "namespace": {"type": "str"},
    "metric_name": {"type": "str"},
    "dimensions": {"type": "dict"},
    "statistic": {"type": "str", "default": "Average"},
    "period": {"type": "int", "default": 300},
}
ALARM: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    **METRIC,
    "metrics": {
        "type": "list",
        "elements": "dict",
        "options": {
            "id": {"type": "str", "required": True},
            "expression": {"type": "str"},
            "label": {"type": "str"},
            "return_data": {"type": "bool", "default": False},
            **METRIC,
        },
        "mutually_exclusive": [("expression", "metric_name")],
        "required_one_of": [("expression", "metric_name")],
        "required_by": {"metric_name": ["namespace"]},
    },
    "comparison": {"type": "str", "choices": COMPARISONS, "default": COMPARISONS[0]},
    "threshold": {"type": "float", "required": True},
    "evaluation_periods": {"type": "int", "default": 1},
    "datapoints_to_alarm": {"type": "int"},
    "treat_missing_data": {
        "type": "str",
        "choices": ["breaching", "notBreaching", "ignore", "missing"],
        "default": "missing",
    },
    "evaluate_low_sample_count_percentile": {"type": "str", "choices": ["evaluate", "ignore"]},
    "actions_enabled": {"type": "bool", "default": True},
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "prefix": {"type": "str", "required": True},
    "alarms": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": ALARM,
        "required_by": {"metric_name": ["namespace"]},
    },
    **{name: {"type": "list", "elements": "str", "default": []} for name in ACTIONS},
    "purge": {"type": "bool", "default": True},
    **TAG_OPTIONS,
}


def read_tags(client: Any, alarms: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The tags of alarms, by name."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        found = pool.map(lambda alarm: tag_dict(api.list_tags(client, alarm["AlarmArn"])), alarms)
        return dict(zip([alarm["AlarmName"] for alarm in alarms], found, strict=True))


def wanted_requests(params: dict[str, Any]) -> list[dict[str, Any]]:
    twice = [name for name, count in Counter(alarm["name"] for alarm in params["alarms"]).items() if count > 1]
    if twice:
        raise AwsError(f"Two alarms are called {', '.join(sorted(twice))}; give each a name of its own")
    actions = {name: params[name] for name in ACTIONS}
    return [request(params["prefix"], alarm, actions) for alarm in params["alarms"]]


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("cloudwatch")
    wanted = wanted_requests(params)
    active = {alarm["AlarmName"]: alarm for alarm in api.describe_alarms(client, params["prefix"])}
    names = {item["AlarmName"] for item in wanted}
    kept = [alarm for name, alarm in active.items() if name in names]
    tags = read_tags(client, kept) if params["tags"] is not None else {}
    to_delete = sorted(set(active) - names) if params["purge"] else []
    to_write = differing(wanted, active)
    tagged = {name: tag_changes(tags[name], params["tags"], params["purge_tags"]) for name in sorted(tags)}
    tagged = {name: changes for name, changes in tagged.items() if any(changes)}

    before = settings(list(active.values()))
    after = {name: alarm for name, alarm in {**before, **settings(wanted)}.items() if name not in to_delete}
    for name in tagged:
        before[name] = {**before[name], "Tags": tags[name]}
        after[name] = {**after[name], "Tags": merged_tags(tags[name], params["tags"], params["purge_tags"])}
    written = sorted({item["AlarmName"] for item in to_write} | set(tagged))
    result = {"changed": bool(written or to_delete), "alarms": after, "written": written, "deleted": to_delete}
    if not result["changed"]:
        return result
    if not module.check_mode:
        # CloudWatch takes tags for a new alarm only.
        new_tags = {"Tags": tag_list(params["tags"])} if params["tags"] else {}
        for item in to_write:
            api.put_alarm(client, **item, **({} if item["AlarmName"] in active else new_tags))
        for name, (to_set, to_remove) in tagged.items():
            api.change_tags(client, active[name]["AlarmArn"], to_set, to_remove)
        for start in range(0, len(to_delete), api.ALARMS_PER_CALL):
            api.delete_alarms(client, to_delete[start : start + api.ALARMS_PER_CALL])
    touched = {*written, *to_delete}
    result["diff"] = {
        "before": {name: value for name, value in before.items() if name in touched},
        "after": {name: value for name, value in after.items() if name in touched},
    }
    return result


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
