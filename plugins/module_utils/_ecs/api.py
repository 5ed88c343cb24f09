# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the ECS API and of what belongs to it, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler

# How long AWS may take to know a new role everywhere, and to make its service-linked role at the first use of ECS.
ROLE_PROPAGATION = 90
SERVICE_LINKED_ROLE = 300


class EcsErrorHandler(AwsErrorHandler):
    MISSING = ("ClusterNotFoundException", "ServiceNotFoundException")


def role_is_new(error: AwsError) -> bool:
    """Whether ECS does not know a role, or the right to pass it, yet."""
    said = str(error)
    # The first on registration, the second where a task is run with the role for the first time.
    unknown = "Role is not valid" in said or "ECS was unable to assume the role" in said
    return (error.code == "ClientException" and unknown) or (
        error.code.startswith("AccessDenied") and "iam:PassRole" in said
    )


def service_linked_role_is_new(error: AwsError) -> bool:
    """Whether the account uses ECS for the first time and its service-linked role is being made."""
    return "service linked role" in str(error)


# --- task definitions ---


@EcsErrorHandler.common_error_handler("describe the task definition {1}")
@AWSRetry.jittered_backoff()
def _describe_task_definition(client: Any, reference: str) -> dict[str, Any]:
    return client.describe_task_definition(taskDefinition=reference, include=["TAGS"])


def task_definition(client: Any, reference: str) -> dict[str, Any] | None:
    """A task definition with its tags under the key tags; None where there is none.

    :param reference: an ARN, family:revision, or a family, which means its latest active revision.
    """
    try:
        answer = _describe_task_definition(client, reference)
    except AwsError as error:
        # The API has no code of its own for a task definition that does not exist.
        if error.code == "ClientException" and "nable to describe" in str(error):
            return None
        raise
    return {**answer["taskDefinition"], "tags": answer.get("tags") or []}


@EcsErrorHandler.common_error_handler("list the revisions of the task definition {1}")
@AWSRetry.jittered_backoff()
def revisions(client: Any, family: str, status: str = "ACTIVE") -> list[str]:
    """The ARNs of a family's revisions, the newest first."""
    paginator = client.get_paginator("list_task_definitions")
    pages = paginator.paginate(familyPrefix=family, status=status, sort="DESC")
    found = [arn for page in pages for arn in page["taskDefinitionArns"]]
    return sorted((arn for arn in found if short_family(arn) == family), key=revision_of, reverse=True)


def short_family(arn: str) -> str:
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]


def revision_of(arn: str) -> int:
    return int(arn.rsplit(":", 1)[-1])


@EcsErrorHandler.common_error_handler("register the task definition {family}")
@AWSRetry.jittered_backoff()
def register_task_definition(client: Any, **request: Any) -> dict[str, Any]:
    answer = client.register_task_definition(**request)
    return {**answer["taskDefinition"], "tags": answer.get("tags") or request.get("tags") or []}


@EcsErrorHandler.common_error_handler("deregister the task definition {1}")
@AWSRetry.jittered_backoff()
def deregister_task_definition(client: Any, arn: str) -> None:
    client.deregister_task_definition(taskDefinition=arn)


# --- tags ---


@EcsErrorHandler.common_error_handler("tag {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.tag_resource(resourceArn=arn, tags=tags)


@EcsErrorHandler.common_error_handler("remove tags from {1}")
@AWSRetry.jittered_backoff()
def remove_tags(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


def change_tags(client: Any, arn: str, to_set: list[dict[str, str]], to_remove: list[str]) -> None:
    """Sets and removes tags, in as many calls as there is need for."""
    if to_set:
        add_tags(client, arn, to_set)
    if to_remove:
        remove_tags(client, arn, to_remove)


# --- services ---


@EcsErrorHandler.list_error_handler("describe the service {2} of the cluster {1}")
@AWSRetry.jittered_backoff()
def service(client: Any, cluster: str, name: str) -> dict[str, Any] | None:
    """A service; AWS still shows one for a while that is INACTIVE."""
    found = client.describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
    return found[0] if found else None


@EcsErrorHandler.common_error_handler("create the service {serviceName} in the cluster {cluster}")
@AWSRetry.jittered_backoff()
def create_service(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_service(**request)["service"]


@EcsErrorHandler.common_error_handler("change the service {service} of the cluster {cluster}")
@AWSRetry.jittered_backoff()
def update_service(client: Any, **request: Any) -> dict[str, Any]:
    return client.update_service(**request)["service"]


@EcsErrorHandler.deletion_error_handler("delete the service {2} of the cluster {1}")
@AWSRetry.jittered_backoff()
def delete_service(client: Any, cluster: str, name: str) -> bool:
    client.delete_service(cluster=cluster, service=name, force=True)
    return True


# --- tasks ---


@EcsErrorHandler.common_error_handler("run the task {taskDefinition} in the cluster {cluster}")
@AWSRetry.jittered_backoff()
def run_task(client: Any, **request: Any) -> dict[str, Any]:
    return client.run_task(**request)


@EcsErrorHandler.list_error_handler("list the tasks of the cluster {cluster}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tasks(client: Any, **request: Any) -> list[str]:
    pages = client.get_paginator("list_tasks").paginate(**request)
    return [arn for page in pages for arn in page["taskArns"]]


@EcsErrorHandler.list_error_handler("describe tasks of the cluster {1}", default_value=[])
@AWSRetry.jittered_backoff()
def _describe_tasks(client: Any, cluster: str, arns: list[str]) -> list[dict[str, Any]]:
    return client.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])["tasks"]


def tasks(client: Any, cluster: str, arns: list[str]) -> list[dict[str, Any]]:
    """Tasks by their ARNs; AWS forgets those that stopped an hour ago."""
    parts = [arns[start : start + 100] for start in range(0, len(arns), 100)]
    return [task for part in parts for task in _describe_tasks(client, cluster, part)]


# --- Application Auto Scaling ---


@EcsErrorHandler.common_error_handler("find out whether Application Auto Scaling owns {1}")
@AWSRetry.jittered_backoff()
def scalable_targets(client: Any, resource_id: str) -> list[dict[str, Any]]:
    return client.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[resource_id], ScalableDimension="ecs:service:DesiredCount"
    )["ScalableTargets"]
