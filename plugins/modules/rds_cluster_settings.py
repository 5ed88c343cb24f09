#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_cluster_settings
version_added: 0.1.0
short_description: Sets what an Aurora cluster shows of itself, its capacity, and when it pauses
description:
  - CloudWatch Database Insights, Performance Insights, logs to CloudWatch, the RDS Data API, and capacity and automatic pause of Aurora
    Serverless v2.
  - M(amazon.aws.rds_cluster) does not know the first two and the last, and cannot turn logs or the Data API on, or give a capacity, in a
    cluster that has none yet, such as a restored one.
  - What is not given stays as it is.
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
      - A cluster that does not exist yet counts as one to be changed.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  cluster_id:
    description: Identifier of the cluster.
    type: str
    required: true
    aliases: [db_cluster_identifier]
  cloudwatch_logs_exports:
    description: The kinds of logs that go to CloudWatch, such as V(postgresql); others are turned off.
    type: list
    elements: str
  database_insights_mode:
    description:
      - Mode of CloudWatch Database Insights.
      - V(advanced) needs O(performance_insights=true) and O(performance_insights_retention_days=465).
    type: str
    choices: [standard, advanced]
  performance_insights:
    description: Whether the load of the database is recorded by wait and by statement.
    type: bool
  performance_insights_retention_days:
    description: For how many days it is kept; V(7), V(731), or a multiple of V(31) below that.
    type: int
  performance_insights_kms_key_arn:
    description:
      - ARN of the KMS key that encrypts the record; without it, AWS takes the account's own.
      - AWS changes it only while Performance Insights is off.
    type: str
  data_api:
    description: Whether SQL can be sent over HTTPS, with the RDS Data API.
    type: bool
  min_capacity:
    description: Least Aurora capacity units of an instance, with O(max_capacity).
    type: float
  max_capacity:
    description: Most Aurora capacity units of an instance, with O(min_capacity).
    type: float
  seconds_until_auto_pause:
    description: Seconds without a connection after which an instance pauses, V(300) to V(86400), where the least capacity is 0.
    type: int
  wait:
    description: Whether to wait until the change is in force.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, before and after.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Record the load of the database for fifteen months, and keep its logs in CloudWatch
  llmops.langfuse.rds_cluster_settings:
    cluster_id: langfuse-staging
    database_insights_mode: advanced
    performance_insights: true
    performance_insights_retention_days: 465
    cloudwatch_logs_exports: [postgresql]

- name: Give a cluster that was restored from a snapshot what instances of Aurora Serverless v2 need
  llmops.langfuse.rds_cluster_settings:
    cluster_id: langfuse-staging
    min_capacity: 0.5
    max_capacity: 4
    data_api: true
"""

RETURN = r"""
cluster:
  description: The settings as they are, or in check mode as they would be.
  returned: always
  type: dict
  contains:
    cluster_id:
      description: The cluster's identifier.
      type: str
    cloudwatch_logs_exports:
      description: The kinds of logs that go to CloudWatch.
      type: list
      elements: str
      sample: [postgresql]
    database_insights_mode:
      description: Mode of Database Insights.
      type: str
      sample: standard
    performance_insights:
      description: Whether Performance Insights is on.
      type: bool
    performance_insights_retention_days:
      description: Days that its record is kept; V(0) where it is off.
      type: int
      sample: 7
    performance_insights_kms_key_arn:
      description: Its KMS key; empty where it is off.
      type: str
    data_api:
      description: Whether the RDS Data API is on.
      type: bool
    min_capacity:
      description: Least capacity units of an instance; none where the cluster has no capacity.
      type: float
      sample: 0.5
    max_capacity:
      description: Most capacity units of an instance; none where the cluster has no capacity.
      type: float
      sample: 4.0
    seconds_until_auto_pause:
      description: Seconds until an instance pauses; V(0) where the least capacity is not 0.
      type: int
      sample: 300
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import (
    ABSENT,
    Target,
    wait_for_state,
    wait_until,
)

Shape = dict[str, Any]

AVAILABLE = Target(
    "available",
    done=("available",),
    failed=("failed", "inaccessible-encryption-credentials", "stopped", "deleting", ABSENT),
)
# Seconds in which a cluster shows what was changed.
SHOWN_AFTER = 60
# Option: its name in ModifyDBCluster. AWS takes these only together: a mode without the days that it asks for is refused.
INSIGHTS = {
    "database_insights_mode": "DatabaseInsightsMode",
    "performance_insights": "EnablePerformanceInsights",
    "performance_insights_retention_days": "PerformanceInsightsRetentionPeriod",
    "performance_insights_kms_key_arn": "PerformanceInsightsKMSKeyId",
}
# Likewise: option, and its name in the scaling configuration.
SCALING = {
    "min_capacity": "MinCapacity",
    "max_capacity": "MaxCapacity",
    "seconds_until_auto_pause": "SecondsUntilAutoPause",
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "cluster_id": {"type": "str", "required": True, "aliases": ["db_cluster_identifier"]},
    "cloudwatch_logs_exports": {"type": "list", "elements": "str"},
    "database_insights_mode": {"type": "str", "choices": ["standard", "advanced"]},
    "performance_insights": {"type": "bool"},
    "performance_insights_retention_days": {"type": "int"},
    "performance_insights_kms_key_arn": {"type": "str", "no_log": False},
    "data_api": {"type": "bool"},
    "min_capacity": {"type": "float"},
    "max_capacity": {"type": "float"},
    "seconds_until_auto_pause": {"type": "int"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
}


class RdsErrorHandler(AwsErrorHandler):
    MISSING = ("DBClusterNotFoundFault", "DBClusterNotFound")


@RdsErrorHandler.list_error_handler("describe the cluster {1}")
@AWSRetry.jittered_backoff()
def read(client: Any, cluster_id: str) -> Shape | None:
    clusters = client.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
    return clusters[0] if clusters else None


# Between the wait and the call, AWS may begin something of its own.
@RdsErrorHandler.common_error_handler("change the settings of the cluster {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["InvalidDBClusterStateFault"])
def modify(client: Any, cluster_id: str, **request: Any) -> None:
    client.modify_db_cluster(DBClusterIdentifier=cluster_id, ApplyImmediately=True, **request)


# ModifyDBCluster has this for Aurora Serverless v1 only.
@RdsErrorHandler.common_error_handler("turn the Data API of the cluster {1} on or off")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["InvalidResourceStateFault"])
def set_data_api(client: Any, arn: str, on: bool) -> None:
    (client.enable_http_endpoint if on else client.disable_http_endpoint)(ResourceArn=arn)


def describe(cluster_id: str, cluster: Shape | None) -> Shape:
    """A cluster's settings with the module's names."""
    found = cluster or {}
    recorded = bool(found.get("PerformanceInsightsEnabled"))
    scaling = found.get("ServerlessV2ScalingConfiguration") or {}
    return {
        "cluster_id": cluster_id,
        "cloudwatch_logs_exports": sorted(found.get("EnabledCloudwatchLogsExports") or []),
        "database_insights_mode": found.get("DatabaseInsightsMode") or "standard",
        "performance_insights": recorded,
        "performance_insights_retention_days": found.get("PerformanceInsightsRetentionPeriod") or 0 if recorded else 0,
        "performance_insights_kms_key_arn": found.get("PerformanceInsightsKMSKeyId") or "" if recorded else "",
        "data_api": bool(found.get("HttpEndpointEnabled")),
        "min_capacity": scaling.get("MinCapacity"),
        "max_capacity": scaling.get("MaxCapacity"),
        "seconds_until_auto_pause": scaling.get("SecondsUntilAutoPause") or 0,
    }


def wanted_settings(params: Shape) -> Shape:
    """The settings that are asked for; None for those that stay. What is off has neither days nor a key."""
    wanted = {name: params[name] for name in (*INSIGHTS, *SCALING, "cloudwatch_logs_exports", "data_api")}
    if params["performance_insights"] is False:
        wanted |= {"performance_insights_retention_days": None, "performance_insights_kms_key_arn": None}
    wanted["performance_insights_kms_key_arn"] = wanted["performance_insights_kms_key_arn"] or None
    return wanted


def compare(wanted: Shape, active: Shape) -> Difference:
    difference = Difference()
    logs = wanted["cloudwatch_logs_exports"]
    difference.add(
        "cloudwatch_logs_exports", None if logs is None else sorted(set(logs)), active["cloudwatch_logs_exports"]
    )
    for name in (*INSIGHTS, *SCALING, "data_api"):
        difference.add(name, wanted[name], active[name])
    return difference


def request_for(difference: Difference, wanted: Shape, cluster: Shape) -> Shape:
    """The arguments of ModifyDBCluster."""
    request: Shape = {}
    active = describe("", cluster)
    if "cloudwatch_logs_exports" in difference.names:
        new, old = set(wanted["cloudwatch_logs_exports"]), set(active["cloudwatch_logs_exports"])
        request["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(new - old),
            "DisableLogTypes": sorted(old - new),
        }
    if any(name in difference.names for name in INSIGHTS):
        request |= {key: wanted[name] for name, key in INSIGHTS.items() if wanted[name] is not None}
    if any(name in difference.names for name in SCALING):
        kept = {"MinCapacity": active["min_capacity"], "MaxCapacity": active["max_capacity"]}
        given = {key: wanted[name] for name, key in SCALING.items() if wanted[name] is not None}
        request["ServerlessV2ScalingConfiguration"] = kept | given
    return request


def after_a_change(module: AnsibleAWSModule, client: Any, cluster: Shape) -> Shape:
    """The cluster, once it shows a least capacity of 0 that was set a moment ago; as it is where it shows none in time."""

    def poll() -> Shape | None:
        found = read(client, module.params["cluster_id"]) or cluster
        return found if (found.get("ServerlessV2ScalingConfiguration") or {}).get("MinCapacity") == 0 else None

    params = module.params
    unasked = params["seconds_until_auto_pause"] is None or params["min_capacity"] is not None
    if unasked or module.check_mode or not params["wait"]:
        return cluster
    try:
        patience = min(SHOWN_AFTER, params["wait_timeout"])
        return wait_until(poll, patience, describe="a least capacity of 0")
    except AwsError as error:
        if error.exception is not None:
            raise
        return cluster


def refuse_what_aws_cannot(wanted: Shape, cluster: Shape) -> None:
    """What would be refused after minutes, or be without effect."""
    active, name = describe("", cluster), cluster["DBClusterIdentifier"]
    least = active["min_capacity"] if wanted["min_capacity"] is None else wanted["min_capacity"]
    if wanted["seconds_until_auto_pause"] is not None and least != 0:
        raise AwsError(
            f"The cluster {name} never pauses, because its least capacity is {'none' if least is None else least}; set that to 0 "
            "first, or leave seconds_until_auto_pause out"
        )
    key = wanted["performance_insights_kms_key_arn"]
    if key and active["performance_insights"] and key != active["performance_insights_kms_key_arn"]:
        raise AwsError(
            f"Performance Insights of the cluster {name} is encrypted with {active['performance_insights_kms_key_arn']} and AWS "
            "changes that only while it is off; set performance_insights to false once, which deletes its record, or the key back"
        )


def apply(module: AnsibleAWSModule, client: Any, wanted: Shape, difference: Difference) -> Shape:
    cluster_id, timeout = module.params["cluster_id"], module.params["wait_timeout"]
    what = f"the cluster {cluster_id}"
    cluster = wait_for_state(lambda: read(client, cluster_id), AVAILABLE, timeout, what=what) or {}
    request = request_for(difference, wanted, cluster)
    if request:
        modify(client, cluster_id, **request)
    if "data_api" in difference.names:
        set_data_api(client, cluster["DBClusterArn"], wanted["data_api"])
    if not module.params["wait"]:
        return difference.apply_to(describe(cluster_id, cluster))

    def poll() -> Shape | None:
        found = read(client, cluster_id) or {"Status": ABSENT}
        if found["Status"] in AVAILABLE.failed:
            raise AwsError(f"Gave up waiting for the settings of {what}, because it is {found['Status']}")
        state = describe(cluster_id, found)
        return state if found["Status"] == "available" and not compare(wanted, state).changed else None

    return wait_until(poll, timeout, describe=f"the settings of {what} to be in force")


def manage(module: AnsibleAWSModule) -> Shape:
    params, client = module.params, module.client("rds")
    cluster_id, wanted = params["cluster_id"], wanted_settings(params)
    cluster = read(client, cluster_id)
    if cluster is None:
        if not module.check_mode:
            raise AwsError(f"There is no cluster {cluster_id}; create it first")
        difference = compare(wanted, describe(cluster_id, None))
        state = difference.apply_to(describe(cluster_id, None))
        return {"changed": difference.changed, "cluster": state, "diff": difference.diff}
    cluster = after_a_change(module, client, cluster)
    refuse_what_aws_cannot(wanted, cluster)
    active = describe(cluster_id, cluster)
    difference = compare(wanted, active)
    if not difference.changed:
        return {"changed": False, "cluster": active}
    state = difference.apply_to(active) if module.check_mode else apply(module, client, wanted, difference)
    return {"changed": True, "cluster": state, "diff": difference.diff}


def main() -> None:
    together = [("min_capacity", "max_capacity")]
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, required_together=together, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
