# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the CloudFront API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler
from .._aws.module import tag_list

Shape = dict[str, Any]


class CloudFrontErrorHandler(AwsErrorHandler):
    MISSING = ("NoSuchDistribution", "EntityNotFound", "NoSuchResource")


@CloudFrontErrorHandler.common_error_handler("list the distributions")
@AWSRetry.jittered_backoff()
def list_distributions(client: Any) -> list[Shape]:
    """Summaries of all distributions of the account."""
    pages = client.get_paginator("list_distributions").paginate()
    return [item for page in pages for item in page["DistributionList"].get("Items") or []]


@CloudFrontErrorHandler.list_error_handler("describe the distribution {1}")
@AWSRetry.jittered_backoff()
def get_distribution(client: Any, identity: str) -> Shape | None:
    """The distribution, with its ETag beside its own fields."""
    answer = client.get_distribution(Id=identity)
    return {**answer["Distribution"], "ETag": answer["ETag"]}


@CloudFrontErrorHandler.common_error_handler("create the distribution {3}")
@AWSRetry.jittered_backoff()
def create_distribution(client: Any, config: Shape, tags: dict[str, str], _name: str) -> Shape:
    given = {"DistributionConfig": config, "Tags": {"Items": tag_list(tags)}}
    answer = client.create_distribution_with_tags(DistributionConfigWithTags=given)
    return {**answer["Distribution"], "ETag": answer["ETag"]}


@CloudFrontErrorHandler.common_error_handler("update the distribution {1}")
@AWSRetry.jittered_backoff()
def update_distribution(client: Any, identity: str, etag: str, config: Shape) -> Shape:
    answer = client.update_distribution(Id=identity, IfMatch=etag, DistributionConfig=config)
    return {**answer["Distribution"], "ETag": answer["ETag"]}


@CloudFrontErrorHandler.deletion_error_handler("delete the distribution {1}")
@AWSRetry.jittered_backoff()
def delete_distribution(client: Any, identity: str, etag: str) -> None:
    client.delete_distribution(Id=identity, IfMatch=etag)


@CloudFrontErrorHandler.common_error_handler("list the VPC origins")
@AWSRetry.jittered_backoff()
def list_vpc_origins(client: Any) -> list[Shape]:
    """Summaries of all VPC origins of the account; boto3 has no paginator for them."""
    found: list[Shape] = []
    request: Shape = {}
    while True:
        page = client.list_vpc_origins(**request)["VpcOriginList"]
        found += page.get("Items") or []
        if not page.get("IsTruncated"):
            return found
        request["Marker"] = page["NextMarker"]


@CloudFrontErrorHandler.list_error_handler("describe the VPC origin {1}")
@AWSRetry.jittered_backoff()
def get_vpc_origin(client: Any, identity: str) -> Shape | None:
    """The VPC origin, with its ETag beside its own fields."""
    answer = client.get_vpc_origin(Id=identity)
    return {**answer["VpcOrigin"], "ETag": answer["ETag"]}


@CloudFrontErrorHandler.common_error_handler("create the VPC origin {3}")
@AWSRetry.jittered_backoff()
def create_vpc_origin(client: Any, config: Shape, tags: dict[str, str], _name: str) -> Shape:
    created: Shape = client.create_vpc_origin(VpcOriginEndpointConfig=config, Tags={"Items": tag_list(tags)})[
        "VpcOrigin"
    ]
    return created


@CloudFrontErrorHandler.deletion_error_handler("delete the VPC origin {1}")
@AWSRetry.jittered_backoff()
def delete_vpc_origin(client: Any, identity: str, etag: str) -> None:
    client.delete_vpc_origin(Id=identity, IfMatch=etag)


@CloudFrontErrorHandler.list_error_handler("list the tags of {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> list[dict[str, str]]:
    return client.list_tags_for_resource(Resource=arn)["Tags"].get("Items") or []


@CloudFrontErrorHandler.common_error_handler("change the tags of {1}")
@AWSRetry.jittered_backoff()
def change_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(Resource=arn, Tags={"Items": tag_list(to_set)})
    if to_remove:
        client.untag_resource(Resource=arn, TagKeys={"Items": to_remove})
