# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the Cloud Map API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler
from .._aws.waiters import wait_until


class CloudMapErrorHandler(AwsErrorHandler):
    MISSING = ("NamespaceNotFound", "ServiceNotFound", "OperationNotFound", "ResourceNotFoundException")


@CloudMapErrorHandler.common_error_handler("list the Cloud Map namespaces")
@AWSRetry.jittered_backoff()
def namespaces_named(client: Any, name: str) -> list[dict[str, Any]]:
    filters = [
        {"Name": "TYPE", "Values": ["DNS_PRIVATE"], "Condition": "EQ"},
        {"Name": "NAME", "Values": [name], "Condition": "EQ"},
    ]
    pages = client.get_paginator("list_namespaces").paginate(Filters=filters)
    found = [namespace for page in pages for namespace in page["Namespaces"]]
    return [namespace for namespace in found if namespace["Name"] == name and namespace["Type"] == "DNS_PRIVATE"]


@CloudMapErrorHandler.list_error_handler("describe the Cloud Map namespace {1}")
@AWSRetry.jittered_backoff()
def get_namespace(client: Any, namespace_id: str) -> dict[str, Any] | None:
    return client.get_namespace(Id=namespace_id)["Namespace"]


@CloudMapErrorHandler.common_error_handler("create the Cloud Map namespace {Name}")
@AWSRetry.jittered_backoff()
def create_namespace(client: Any, **request: Any) -> str:
    return client.create_private_dns_namespace(**request)["OperationId"]


@CloudMapErrorHandler.common_error_handler("change the description of the Cloud Map namespace {1}")
@AWSRetry.jittered_backoff()
def describe_anew(client: Any, namespace_id: str, description: str) -> str:
    return client.update_private_dns_namespace(Id=namespace_id, Namespace={"Description": description})["OperationId"]


@CloudMapErrorHandler.deletion_error_handler("delete the Cloud Map namespace {1}")
@AWSRetry.jittered_backoff()
def delete_namespace(client: Any, namespace_id: str) -> str:
    return client.delete_namespace(Id=namespace_id)["OperationId"]


@CloudMapErrorHandler.common_error_handler("list the Cloud Map operations in progress")
@AWSRetry.jittered_backoff()
def operations_in_progress(client: Any, operation_type: str) -> list[str]:
    filters = [
        {"Name": "TYPE", "Values": [operation_type], "Condition": "EQ"},
        {"Name": "STATUS", "Values": ["SUBMITTED", "PENDING"], "Condition": "IN"},
    ]
    pages = client.get_paginator("list_operations").paginate(Filters=filters)
    return [
        operation["Id"]
        for page in pages
        for operation in page["Operations"]
        if operation["Status"] in ("SUBMITTED", "PENDING")
    ]


@CloudMapErrorHandler.list_error_handler("read the Cloud Map operation {1}")
@AWSRetry.jittered_backoff()
def get_operation(client: Any, operation_id: str) -> dict[str, Any] | None:
    return client.get_operation(OperationId=operation_id)["Operation"]


def wait_for_operation(client: Any, operation_id: str, timeout: int, what: str) -> dict[str, Any]:
    """The finished operation; an error where AWS could not do it."""

    def poll() -> dict[str, Any] | None:
        operation = get_operation(client, operation_id)
        if operation is None or operation["Status"] in ("SUBMITTED", "PENDING"):
            return None
        if operation["Status"] == "FAIL":
            raise AwsError(
                f"AWS could not {what}: {str(operation.get('ErrorMessage', 'no reason given')).rstrip('. ')} "
                f"({operation.get('ErrorCode', 'FAIL')})"
            )
        return operation

    return wait_until(poll, timeout, describe=f"the operation to {what}", delay_start=0.5)


@CloudMapErrorHandler.list_error_handler("list the services of the Cloud Map namespace {1}", default_value=[])
@AWSRetry.jittered_backoff()
def services_of(client: Any, namespace_id: str) -> list[dict[str, Any]]:
    filters = [{"Name": "NAMESPACE_ID", "Values": [namespace_id], "Condition": "EQ"}]
    pages = client.get_paginator("list_services").paginate(Filters=filters)
    return [service for page in pages for service in page["Services"]]


@CloudMapErrorHandler.list_error_handler("describe the Cloud Map service {1}")
@AWSRetry.jittered_backoff()
def get_service(client: Any, service_id: str) -> dict[str, Any] | None:
    return client.get_service(Id=service_id)["Service"]


@CloudMapErrorHandler.common_error_handler("create the Cloud Map service {Name}")
@AWSRetry.jittered_backoff()
def create_service(client: Any, **request: Any) -> dict[str, Any]:
    return client.create_service(**request)["Service"]


@CloudMapErrorHandler.common_error_handler("change the Cloud Map service {1}")
@AWSRetry.jittered_backoff()
def update_service(client: Any, service_id: str, change: dict[str, Any]) -> str:
    return client.update_service(Id=service_id, Service=change)["OperationId"]


@CloudMapErrorHandler.deletion_error_handler("delete the Cloud Map service {1}")
@AWSRetry.jittered_backoff()
def delete_service(client: Any, service_id: str) -> None:
    client.delete_service(Id=service_id)


@CloudMapErrorHandler.list_error_handler("list the instances of the Cloud Map service {1}", default_value=[])
@AWSRetry.jittered_backoff()
def instances_of(client: Any, service_id: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_instances").paginate(ServiceId=service_id)
    return [instance for page in pages for instance in page["Instances"]]


@CloudMapErrorHandler.list_error_handler("list the tags of {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> list[dict[str, str]]:
    return client.list_tags_for_resource(ResourceARN=arn)["Tags"]


@CloudMapErrorHandler.common_error_handler("tag {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=tags)


@CloudMapErrorHandler.common_error_handler("remove tags from {1}")
@AWSRetry.jittered_backoff()
def remove_tags(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)


def change_tags(client: Any, arn: str, to_set: list[dict[str, str]], to_remove: list[str]) -> None:
    """Sets and removes tags, in as many calls as there is need for."""
    if to_set:
        add_tags(client, arn, to_set)
    if to_remove:
        remove_tags(client, arn, to_remove)
