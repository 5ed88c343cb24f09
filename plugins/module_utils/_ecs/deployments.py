# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a deployment of an ECS service succeeded, and why it or a task failed, private to the collection.

ECS itself never says in one place why something did not start: the reason is in a stopped task, in one of its
containers, in the container's log, or in the service's events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .shapes import short, snake

DONE, FAILED, WAITING = "done", "failed", "waiting"
# How much is returned about a failure.
TASKS, EVENTS = 5, 10
ROLLING_BACK = "rolling back"


@dataclass(frozen=True)
class Verdict:
    """What became of a deployment; the reason is for whoever reads of a failure."""

    state: str
    reason: str = ""


def primary(service: dict[str, Any]) -> dict[str, Any]:
    """The deployment that the service is to get to."""
    return next((item for item in service.get("deployments") or [] if item.get("status") == "PRIMARY"), {})


def judge(service: dict[str, Any], deployment_id: str, task_definition: str) -> Verdict:
    """Whether a deployment is done, failed, or still going on.

    A service whose deployment was rolled back is as steady as one whose deployment succeeded, so a steady state alone
    says nothing: it is the wanted deployment that must be completed.
    """
    deployments = service.get("deployments") or []
    current = primary(service)
    ours = next((item for item in deployments if item.get("id") == deployment_id), None)
    if service.get("status") in ("DRAINING", "INACTIVE"):
        return Verdict(FAILED, "the service was deleted meanwhile")
    if ours is not None and ours.get("rolloutState") == "FAILED":
        return Verdict(FAILED, _said(ours))
    if current and current.get("id") != deployment_id:
        reason = str(current.get("rolloutStateReason") or "")
        if ROLLING_BACK in reason or current.get("taskDefinition") != task_definition:
            return Verdict(
                FAILED, f"it was replaced by a deployment of {short(current.get('taskDefinition'))} ({_said(current)})"
            )
    if current.get("rolloutState") == "FAILED":
        return Verdict(FAILED, _said(current))
    running, desired = service.get("runningCount", 0), service.get("desiredCount", 0)
    if current.get("rolloutState") == "COMPLETED" and running >= desired:
        return Verdict(DONE)
    return Verdict(WAITING)


def _said(deployment: dict[str, Any]) -> str:
    return str(deployment.get("rolloutStateReason") or "no reason given").rstrip(". ")


def progress(service: dict[str, Any]) -> str:
    """Where a deployment stands, for a message."""
    current = primary(service)
    return (
        f"{service.get('runningCount', 0)} of {service.get('desiredCount', 0)} tasks run, "
        f"{current.get('failedTasks', 0)} failed, the rollout is {current.get('rolloutState', 'unknown')}"
    )


# --- stopped tasks ---


def _definition_of(container: str, definition: dict[str, Any]) -> dict[str, Any]:
    containers: list[dict[str, Any]] = definition.get("containerDefinitions") or []
    return next((item for item in containers if item["name"] == container), {})


def log_source(task: dict[str, Any], container: str, definition: dict[str, Any]) -> tuple[str, str, str] | None:
    """Region, group and stream of a container's log; None where it does not log to CloudWatch with a known stream."""
    configuration = _definition_of(container, definition).get("logConfiguration") or {}
    options = configuration.get("options") or {}
    prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
    if configuration.get("logDriver") != "awslogs" or not prefix or not group:
        return None
    return options.get("awslogs-region", ""), group, f"{prefix}/{container}/{short(task['taskArn'])}"


def essential(container: str, definition: dict[str, Any]) -> bool:
    return bool(_definition_of(container, definition).get("essential", True))


def culprit(task: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any] | None:
    """The container that ended a task: an essential one with an exit code other than 0, or that never started."""
    containers = [item for item in task.get("containers") or [] if essential(item["name"], definition)]
    failed = [item for item in containers if item.get("exitCode") not in (None, 0)]
    unstarted = [item for item in containers if item.get("exitCode") is None and item.get("reason")]
    # SIGTERM and SIGKILL end the others once one has failed.
    failed.sort(key=lambda item: item["exitCode"] in (137, 143))
    return (unstarted + failed or [None])[0]


def task_reason(task: dict[str, Any], definition: dict[str, Any], log: list[str]) -> str:
    """Why a task stopped, as the end of a sentence."""
    stopped = str(task.get("stoppedReason") or "").rstrip(". ")
    code = task.get("stopCode") or ""
    container = culprit(task, definition)
    if container is None or container.get("exitCode") is None:
        own = str((container or {}).get("reason") or "").rstrip(". ")
        detail = own if own and own not in stopped else ""
        if code == "TaskFailedToStart" or container is not None:
            return "it could not start: " + "; ".join(part for part in (stopped, detail) if part)
        return f"it was stopped: {stopped or code or 'no reason given'}"
    text = f"its container {container['name']} ended with exit code {container['exitCode']}"
    own = str(container.get("reason") or "").rstrip(". ")
    if own:
        text += f" ({own})"
    if stopped and not stopped.startswith("Essential container in task exited"):
        text += f", because ECS stopped it: {stopped}"
    last = next((line.strip() for line in reversed(log) if line.strip()), "")
    return f'{text}; its log ends with "{last[:300]}"' if last else text


def failed_containers(task: dict[str, Any], definition: dict[str, Any]) -> bool:
    """Whether a stopped one-off task failed: an essential container that did not end with exit code 0."""
    containers = task.get("containers") or []
    return not containers or any(
        item.get("exitCode") != 0 for item in containers if essential(item["name"], definition)
    )


def stopped_task(task: dict[str, Any], log: list[str]) -> dict[str, Any]:
    """A stopped task as the return value shows it."""
    return {
        "task_arn": task["taskArn"],
        "task_definition_arn": task.get("taskDefinitionArn", ""),
        "stop_code": task.get("stopCode", ""),
        "stopped_reason": task.get("stoppedReason", ""),
        "containers": [
            {
                "name": item["name"],
                "exit_code": item.get("exitCode"),
                "reason": item.get("reason", ""),
                "health_status": item.get("healthStatus", ""),
            }
            for item in task.get("containers") or []
        ],
        "log": log,
    }


# --- failed deployments ---


@dataclass
class Evidence:
    """What there is to say about a deployment that failed."""

    service: dict[str, Any]
    deployment_id: str
    task_definition: str
    reason: str
    # The stopped tasks of the deployment, the newest first, each with the last lines of the log of its culprit.
    tasks: list[tuple[dict[str, Any], list[str]]] = field(default_factory=list)
    definition: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


def own_tasks(tasks: list[dict[str, Any]], deployment_id: str, task_definition: str) -> list[dict[str, Any]]:
    """The tasks of a deployment, the newest first; where none is left of it, those of its task definition."""
    ours = [task for task in tasks if task.get("startedBy") == deployment_id]
    chosen = ours or [task for task in tasks if task.get("taskDefinitionArn") == task_definition]
    return sorted(chosen, key=lambda task: str(task.get("createdAt", "")), reverse=True)


def telling(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks that say something about a failure first: not those that ECS stopped to make room."""
    return sorted(tasks, key=lambda task: task.get("stopCode") == "ServiceSchedulerInitiated" and not _unhealthy(task))


def _unhealthy(task: dict[str, Any]) -> bool:
    return "health check" in str(task.get("stoppedReason") or "").lower()


def explain(evidence: Evidence) -> str:
    """One sentence: what failed, where, why, and where to look."""
    name, cluster = evidence.service["serviceName"], short(evidence.service.get("clusterArn"))
    text = f"The deployment of {short(evidence.task_definition)} to the service {name} of the cluster {cluster} failed"
    if evidence.reason:
        text += f" ({evidence.reason})"
    tasks = telling([task for task, _log in evidence.tasks])
    if tasks:
        log = next(lines for task, lines in evidence.tasks if task is tasks[0])
        return f"{text}; of its last stopped task: {task_reason(tasks[0], evidence.definition, log)}"
    messages = [event["message"] for event in evidence.events if "steady state" not in event["message"]]
    if messages:
        return f"{text}; ECS said last: {messages[0].rstrip('. ')}"
    return f"{text}; no task of it has stopped, so look at the service's events and its tasks' health"


def failure(evidence: Evidence) -> dict[str, Any]:
    """The return value of the same name."""
    deployments: list[dict[str, Any]] = evidence.service.get("deployments") or []
    current = next((item for item in deployments if item.get("id") == evidence.deployment_id), {})
    return {
        "reason": evidence.reason,
        "deployment_id": evidence.deployment_id,
        "rollout_state": current.get("rolloutState", ""),
        "task_definition": evidence.task_definition,
        "active_task_definition": evidence.service.get("taskDefinition", ""),
        "stopped_tasks": [stopped_task(task, log) for task, log in evidence.tasks],
        "events": [event["message"] for event in evidence.events],
        "deployments": snake(deployments),
    }
