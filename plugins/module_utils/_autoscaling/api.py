# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the Application Auto Scaling API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler

# AWS refuses a second change while it is at the first.
RETRIED = ["ConcurrentUpdateException"]
# For how long AWS may not know a target or a service that was just made ("a brief delay", API RegisterScalableTarget).
CONSISTENCY = 60


class ScalingErrorHandler(AwsErrorHandler):
    MISSING = ("ObjectNotFoundException", "ResourceNotFoundException")


def target_is_new(error: AwsError) -> bool:
    """Whether AWS does not know everywhere yet what was just registered."""
    return error.code == "ObjectNotFoundException"


@ScalingErrorHandler.common_error_handler("describe the scalable target {2}")
@AWSRetry.jittered_backoff()
def target(client: Any, namespace: str, resource_id: str, dimension: str) -> dict[str, Any] | None:
    found = client.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource_id], ScalableDimension=dimension
    )["ScalableTargets"]
    return found[0] if found else None


@ScalingErrorHandler.common_error_handler("describe the scaling policies of {2}")
@AWSRetry.jittered_backoff()
def policies(client: Any, namespace: str, resource_id: str, dimension: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace=namespace, ResourceId=resource_id, ScalableDimension=dimension
    )
    return [policy for page in pages for policy in page["ScalingPolicies"]]


@ScalingErrorHandler.list_error_handler("list the tags of the scalable target {1}", default_value={})
@AWSRetry.jittered_backoff()
def tags(client: Any, arn: str) -> dict[str, str]:
    return client.list_tags_for_resource(ResourceARN=arn)["Tags"]


@ScalingErrorHandler.common_error_handler("register the scalable target {ResourceId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def register(client: Any, **request: Any) -> str:
    """The target's ARN."""
    return client.register_scalable_target(**request)["ScalableTargetARN"]


@ScalingErrorHandler.common_error_handler("put the scaling policy {PolicyName} of {ResourceId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def put_policy(client: Any, **request: Any) -> None:
    client.put_scaling_policy(**request)


@ScalingErrorHandler.deletion_error_handler("delete the scaling policy {PolicyName} of {ResourceId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def delete_policy(client: Any, **request: Any) -> None:
    client.delete_scaling_policy(**request)


@ScalingErrorHandler.deletion_error_handler("deregister the scalable target {ResourceId}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def deregister(client: Any, **request: Any) -> None:
    client.deregister_scalable_target(**request)


@ScalingErrorHandler.common_error_handler("tag the scalable target {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def add_tags(client: Any, arn: str, to_set: dict[str, str]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=to_set)


@ScalingErrorHandler.common_error_handler("remove tags from the scalable target {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=RETRIED)
def remove_tags(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)
