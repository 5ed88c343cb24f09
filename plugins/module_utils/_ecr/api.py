# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the ECR API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler


class EcrErrorHandler(AwsErrorHandler):
    MISSING = ("PullThroughCacheRuleNotFoundException", "RepositoryNotFoundException")


@EcrErrorHandler.list_error_handler("describe the pull-through cache rule {1}")
@AWSRetry.jittered_backoff()
def rule(client: Any, prefix: str) -> dict[str, Any] | None:
    found = client.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    return found[0] if found else None


@EcrErrorHandler.common_error_handler("create the pull-through cache rule {ecrRepositoryPrefix}")
@AWSRetry.jittered_backoff()
def create_rule(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_pull_through_cache_rule(**request)


@EcrErrorHandler.common_error_handler("change the pull-through cache rule {1}")
@AWSRetry.jittered_backoff()
def change_credential(client: Any, prefix: str, arn: str) -> dict[str, Any]:
    return client.update_pull_through_cache_rule(ecrRepositoryPrefix=prefix, credentialArn=arn)


@EcrErrorHandler.deletion_error_handler("delete the pull-through cache rule {1}")
@AWSRetry.jittered_backoff()
def delete_rule(client: Any, prefix: str) -> None:
    client.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix)


@EcrErrorHandler.common_error_handler("list the ECR repositories of the prefix {1}")
@AWSRetry.jittered_backoff()
def repositories(client: Any, prefix: str) -> list[str]:
    """The names of the repositories below a prefix."""
    pages = client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1000})
    found = [item["repositoryName"] for page in pages for item in page["repositories"]]
    return sorted(name for name in found if name.startswith(f"{prefix}/"))


@EcrErrorHandler.deletion_error_handler("delete the ECR repository {1}")
@AWSRetry.jittered_backoff()
def delete_repository(client: Any, name: str) -> None:
    client.delete_repository(repositoryName=name, force=True)
