# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the App Runner API, private to the collection.

botocore has no paginators and no waiters for App Runner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler
from .._aws.module import tag_list

Shape = dict[str, Any]


class AppRunnerErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


def _all(call: Callable[..., Shape], key: str, **params: Any) -> list[Shape]:
    """The items of all pages of a list operation."""
    found: list[Shape] = []
    token: dict[str, str] = {}
    while True:
        page = call(**params, **token)
        found += page[key]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


@AppRunnerErrorHandler.common_error_handler("list the App Runner services")
@AWSRetry.jittered_backoff()
def list_services(client: Any) -> list[Shape]:
    """Summaries of the account's services in the region."""
    return _all(client.list_services, "ServiceSummaryList")


@AppRunnerErrorHandler.list_error_handler("describe the App Runner service {1}")
@AWSRetry.jittered_backoff()
def describe_service(client: Any, arn: str) -> Shape | None:
    return client.describe_service(ServiceArn=arn)["Service"]


def find_service(client: Any, name: str) -> Shape | None:
    """The service of that name; None where there is none, or only one that is deleted and still listed."""
    for summary in list_services(client):
        if summary["ServiceName"] == name and summary["Status"] != "DELETED":
            found = describe_service(client, summary["ServiceArn"])
            return found if found is not None and found["Status"] != "DELETED" else None
    return None


@AppRunnerErrorHandler.common_error_handler("create the App Runner service {ServiceName}")
@AWSRetry.jittered_backoff()
def create_service(client: Any, **request: Any) -> Shape:
    """{Service, OperationId}."""
    return client.create_service(**request)


@AppRunnerErrorHandler.common_error_handler("update the App Runner service {ServiceArn}")
@AWSRetry.jittered_backoff()
def update_service(client: Any, **request: Any) -> Shape:
    """{Service, OperationId}."""
    return client.update_service(**request)


@AppRunnerErrorHandler.common_error_handler("resume the App Runner service {1}")
@AWSRetry.jittered_backoff()
def resume_service(client: Any, arn: str) -> Shape:
    """{Service, OperationId}."""
    return client.resume_service(ServiceArn=arn)


@AppRunnerErrorHandler.deletion_error_handler("delete the App Runner service {1}")
@AWSRetry.jittered_backoff()
def delete_service(client: Any, arn: str) -> None:
    client.delete_service(ServiceArn=arn)


@AppRunnerErrorHandler.list_error_handler("list the operations of the App Runner service {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_operations(client: Any, arn: str) -> list[Shape]:
    """The newest operations on a service, the last first; one page is enough for what runs now."""
    return client.list_operations(ServiceArn=arn)["OperationSummaryList"]


@AppRunnerErrorHandler.list_error_handler("list the tags of {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> list[dict[str, str]]:
    return client.list_tags_for_resource(ResourceArn=arn)["Tags"]


@AppRunnerErrorHandler.common_error_handler("change the tags of {1}")
@AWSRetry.jittered_backoff()
def change_tags(client: Any, arn: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_set:
        client.tag_resource(ResourceArn=arn, Tags=tag_list(to_set))
    if to_remove:
        client.untag_resource(ResourceArn=arn, TagKeys=to_remove)


@AppRunnerErrorHandler.common_error_handler("list the VPC connectors of App Runner")
@AWSRetry.jittered_backoff()
def list_vpc_connectors(client: Any) -> list[Shape]:
    return _all(client.list_vpc_connectors, "VpcConnectors")


def find_vpc_connector(client: Any, name: str) -> Shape | None:
    """The connector of that name. An inactive one is deleted, and AWS lists it for a while (API VpcConnector, Status)."""
    found = [item for item in list_vpc_connectors(client) if item["VpcConnectorName"] == name]
    active = [item for item in found if item.get("Status") != "INACTIVE"]
    return max(active, key=lambda item: item.get("VpcConnectorRevision", 0), default=None)


@AppRunnerErrorHandler.common_error_handler("create the VPC connector {VpcConnectorName}")
@AWSRetry.jittered_backoff()
def create_vpc_connector(client: Any, **request: Any) -> Shape:
    return client.create_vpc_connector(**request)["VpcConnector"]


@AppRunnerErrorHandler.deletion_error_handler("delete the VPC connector {1}")
@AWSRetry.jittered_backoff()
def delete_vpc_connector(client: Any, arn: str) -> None:
    client.delete_vpc_connector(VpcConnectorArn=arn)
