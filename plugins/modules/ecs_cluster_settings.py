#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_cluster_settings
version_added: 0.1.0
short_description: Sets Container Insights of an ECS cluster
description:
  - Sets what M(community.aws.ecs_cluster) cannot, whether CloudWatch Container Insights observes an ECS cluster.
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
      - A cluster that does not exist yet has no settings.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  cluster:
    description: The cluster's name or ARN.
    type: str
    required: true
  container_insights:
    description:
      - V(enabled) publishes metrics of the cluster and its services, V(enhanced) of each task and container too; both are billed as
        custom metrics. V(disabled) publishes none of them.
    type: str
    choices: [enhanced, enabled, disabled]
    required: true
"""

EXAMPLES = r"""
- name: Publish metrics of the services
  llmops.langfuse.ecs_cluster_settings:
    cluster: langfuse-staging
    container_insights: enabled
"""

RETURN = r"""
container_insights:
  description: The setting as it is, or in check mode as it would be.
  returned: always
  type: str
  sample: enabled
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.api import EcsErrorHandler

SETTING = "containerInsights"
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "cluster": {"type": "str", "required": True},
    "container_insights": {"type": "str", "choices": ["enhanced", "enabled", "disabled"], "required": True},
}


@EcsErrorHandler.common_error_handler("describe the cluster {1}")
@AWSRetry.jittered_backoff()
def describe(client: Any, cluster: str) -> dict[str, Any] | None:
    found = client.describe_clusters(clusters=[cluster], include=["SETTINGS"])["clusters"]
    return next((item for item in found if item["status"] != "INACTIVE"), None)


# Capacity providers that are still being attached hold a cluster for a while.
@EcsErrorHandler.common_error_handler("set Container Insights of the cluster {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["UpdateInProgressException"])
def update(client: Any, cluster: str, value: str) -> None:
    client.update_cluster(cluster=cluster, settings=[{"name": SETTING, "value": value}])


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client, cluster, wanted = module.client("ecs"), module.params["cluster"], module.params["container_insights"]
    found = describe(client, cluster)
    if found is None and not module.check_mode:
        raise AwsError(f"There is no ECS cluster {cluster}; create it first, or check its name and the region")
    settings = {item["name"]: item["value"] for item in (found or {}).get("settings") or []}
    difference = Difference()
    difference.add("container_insights", wanted, settings.get(SETTING, "disabled"))
    if not difference.changed:
        return {"changed": False, "container_insights": wanted}
    if not module.check_mode:
        update(client, cluster, wanted)
    return {"changed": True, "container_insights": wanted, "diff": difference.diff}


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
