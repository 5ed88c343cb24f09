# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for services and tasks, and reading what they left behind, private to the collection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._aws.errors import AwsError
from .._aws.logs import read_log
from .._aws.waiters import wait_until
from . import api, deployments
from .deployments import Evidence, culprit, log_source
from .shapes import short

# The awslogs driver delivers what a container wrote last a moment after the container ended, and CloudWatch Logs shows it a
# moment later still; only what wrote nothing costs all of this.
LOG_PATIENCE = 15.0

LogsClient = Callable[[str], Any]


class DeploymentFailed(AwsError):
    """A deployment that did not come up; `failure` says what is known about it."""

    def __init__(self, message: str, failure: dict[str, Any]) -> None:
        super().__init__(message)
        self.failure = failure


# --- logs ---


def container_log(
    logs: LogsClient,
    task: dict[str, Any],
    container: str,
    definition: dict[str, Any],
    lines: int,
    *,
    patience: float = 0,
) -> list[str]:
    """The last lines that a container wrote; with patience, once nothing more arrives."""
    source = log_source(task, container, definition)
    if source is None or lines <= 0:
        return []
    region, group, stream = source
    client = logs(region)
    found = read_log(client, group, stream, lines)
    deadline = time.monotonic() + patience
    while patience and time.monotonic() < deadline:
        time.sleep(1)
        again = read_log(client, group, stream, lines)
        if again and again == found:
            break
        found = again
    return found


def container_log_or_why_not(
    logs: LogsClient, task: dict[str, Any], definition: dict[str, Any], lines: int
) -> list[str]:
    """The end of the log of the container that ended a task; an explanation must not fail for want of a right."""
    container = culprit(task, definition) or (task.get("containers") or [{}])[0]
    if not container.get("name"):
        return []
    try:
        return container_log(logs, task, container["name"], definition, lines)
    except AwsError as error:
        return [f"(the log could not be read: {error})"]


# --- deployments ---


def collect(
    client: Any, logs: LogsClient, service: dict[str, Any], *, deployment_id: str, wanted: str, reason: str
) -> Evidence:
    """What there is to say about a deployment that failed."""
    cluster, name = service["clusterArn"], service["serviceName"]
    evidence = Evidence(service, deployment_id, wanted, reason)
    evidence.events = (service.get("events") or [])[: deployments.EVENTS]
    try:
        arns = api.list_tasks(client, cluster=cluster, serviceName=name, desiredStatus="STOPPED")
        stopped = deployments.own_tasks(api.tasks(client, cluster, arns), deployment_id, wanted)
        evidence.definition = api.task_definition(client, wanted) or {}
    except AwsError as error:
        evidence.reason = f"{reason}; its tasks could not be read: {str(error).rstrip('. ')}"
        return evidence
    chosen = deployments.telling(stopped)[: deployments.TASKS]
    evidence.tasks = [(task, container_log_or_why_not(logs, task, evidence.definition, 20)) for task in chosen]
    return evidence


def wait_for_deployment(
    client: Any, logs: LogsClient, *, cluster: str, name: str, deployment_id: str, task_definition: str, timeout: float
) -> dict[str, Any]:
    """The service, once it runs what is wanted; an error that says why where it does not get there."""
    service: dict[str, Any] = {}

    def fail(reason: str) -> DeploymentFailed:
        evidence = collect(client, logs, service, deployment_id=deployment_id, wanted=task_definition, reason=reason)
        return DeploymentFailed(deployments.explain(evidence), deployments.failure(evidence))

    def poll() -> dict[str, Any] | None:
        nonlocal service
        found = api.service(client, cluster, name)
        if found is None:
            if not service:
                # A new service is not everywhere at once.
                return None
            raise fail("the service was deleted meanwhile")
        service = found
        verdict = deployments.judge(service, deployment_id, task_definition)
        if verdict.state == deployments.FAILED:
            raise fail(verdict.reason)
        return service if verdict.state == deployments.DONE else None

    try:
        return wait_until(poll, timeout, describe=lambda: f"the service {name}: {deployments.progress(service)}")
    except DeploymentFailed:
        raise
    except AwsError as error:
        if error.exception is not None or not service:
            raise
        raise fail(f"not finished after {timeout:g} seconds: {deployments.progress(service)}") from error


def wait_until_inactive(client: Any, cluster: str, name: str, timeout: float) -> None:
    """Until a deleted service is gone: AWS takes its name again only then."""

    def poll() -> bool | None:
        service = api.service(client, cluster, name)
        return True if service is None or service["status"] == "INACTIVE" else None

    wait_until(
        poll, timeout, describe=f"the tasks of the deleted service {name} of the cluster {short(cluster)} to stop"
    )


# --- tasks ---


def wait_until_stopped(client: Any, cluster: str, arns: list[str], timeout: float) -> list[dict[str, Any]]:
    """The tasks, once all of them have stopped."""
    found: list[dict[str, Any]] = []

    def poll() -> list[dict[str, Any]] | None:
        nonlocal found
        found = api.tasks(client, cluster, arns)
        stopped = [task for task in found if task["lastStatus"] == "STOPPED"]
        return found if len(stopped) == len(arns) else None

    def what() -> str:
        states = ", ".join(f"{short(task['taskArn'])} is {task['lastStatus']}" for task in found) or "AWS shows none"
        return (
            f"{'a task' if len(arns) == 1 else f'{len(arns)} tasks'} of the cluster {short(cluster)} to stop ({states})"
        )

    return wait_until(poll, timeout, describe=what, delay_max=5.0)
