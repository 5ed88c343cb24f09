# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the ElastiCache API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler

# While a group changes, AWS refuses calls about its tags and parameters for moments after it says `available`.
BUSY = ["InvalidReplicationGroupState", "InvalidCacheClusterState", "InvalidCacheParameterGroupState"]
# What was just created is not known everywhere at once.
TOO_NEW = ["ReplicationGroupNotFoundFault", "CacheClusterNotFound", "InvalidARN"]


class ElastiCacheErrorHandler(AwsErrorHandler):
    MISSING = ("ReplicationGroupNotFoundFault", "CacheClusterNotFound", "CacheParameterGroupNotFound")


@ElastiCacheErrorHandler.list_error_handler("describe the replication group {1}")
@AWSRetry.jittered_backoff()
def describe_replication_group(client: Any, group_id: str) -> dict[str, Any] | None:
    groups = client.describe_replication_groups(ReplicationGroupId=group_id)["ReplicationGroups"]
    return groups[0] if groups else None


@ElastiCacheErrorHandler.list_error_handler("describe the node {1}")
@AWSRetry.jittered_backoff()
def describe_node(client: Any, cluster_id: str) -> dict[str, Any] | None:
    nodes = client.describe_cache_clusters(CacheClusterId=cluster_id)["CacheClusters"]
    return nodes[0] if nodes else None


@ElastiCacheErrorHandler.common_error_handler("create the replication group {ReplicationGroupId}")
@AWSRetry.jittered_backoff()
def create_replication_group(client: Any, **request: Any) -> None:
    client.create_replication_group(**request)


@ElastiCacheErrorHandler.common_error_handler("modify the replication group {ReplicationGroupId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def modify_replication_group(client: Any, **request: Any) -> None:
    client.modify_replication_group(**request)


@ElastiCacheErrorHandler.common_error_handler("change the number of nodes of the replication group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def set_replica_count(client: Any, group_id: str, count: int, increase: bool) -> None:
    operation = client.increase_replica_count if increase else client.decrease_replica_count
    operation(ReplicationGroupId=group_id, NewReplicaCount=count, ApplyImmediately=True)


@ElastiCacheErrorHandler.deletion_error_handler("delete the replication group {ReplicationGroupId}")
@AWSRetry.jittered_backoff()
def delete_replication_group(client: Any, **request: Any) -> None:
    client.delete_replication_group(**request)


@ElastiCacheErrorHandler.list_error_handler("describe the cache parameter group {1}")
@AWSRetry.jittered_backoff()
def describe_parameter_group(client: Any, name: str) -> dict[str, Any] | None:
    groups = client.describe_cache_parameter_groups(CacheParameterGroupName=name)["CacheParameterGroups"]
    return groups[0] if groups else None


@ElastiCacheErrorHandler.common_error_handler("describe the parameters of the cache parameter group {1}")
@AWSRetry.jittered_backoff()
def describe_parameters(client: Any, name: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_cache_parameters").paginate(CacheParameterGroupName=name)
    return [parameter for page in pages for parameter in page.get("Parameters", [])]


@ElastiCacheErrorHandler.common_error_handler("create the cache parameter group {CacheParameterGroupName}")
@AWSRetry.jittered_backoff()
def create_parameter_group(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_cache_parameter_group(**request)["CacheParameterGroup"]


@ElastiCacheErrorHandler.common_error_handler("change parameters of the cache parameter group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def modify_parameters(client: Any, name: str, values: list[dict[str, str]]) -> None:
    client.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=values)


@ElastiCacheErrorHandler.common_error_handler("reset parameters of the cache parameter group {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def reset_parameters(client: Any, name: str, values: list[dict[str, str]]) -> None:
    client.reset_cache_parameter_group(
        CacheParameterGroupName=name, ResetAllParameters=False, ParameterNameValues=values
    )


@ElastiCacheErrorHandler.deletion_error_handler("delete the cache parameter group {1}")
@AWSRetry.jittered_backoff()
def delete_parameter_group(client: Any, name: str) -> None:
    client.delete_cache_parameter_group(CacheParameterGroupName=name)


@ElastiCacheErrorHandler.list_error_handler("list the tags of {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def list_tags(client: Any, arn: str) -> list[dict[str, str]] | None:
    return client.list_tags_for_resource(ResourceName=arn)["TagList"]


@ElastiCacheErrorHandler.common_error_handler("tag {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY + TOO_NEW)
def add_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags_to_resource(ResourceName=arn, Tags=tags)


@ElastiCacheErrorHandler.common_error_handler("remove tags from {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=BUSY)
def remove_tags(client: Any, arn: str, keys: list[str]) -> None:
    client.remove_tags_from_resource(ResourceName=arn, TagKeys=keys)
