# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service scheduler: brings what runs to what was asked for, as ECS's rolling deployments do."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any

from moto.ecs.models import ecs_backends

from . import policy
from .balancer import Balancer
from .lifecycle import Tasks
from .model import Deployment, LiveService, LiveTask
from .runtime import Runtime

LOG = logging.getLogger(__name__)

TICK = 0.2
IDLE_TICK = 1.0
DRAIN = 60.0
SETTLE = 40.0
SETTLE_LIMIT = 3.0
RESTART_BASE = 10.0
RESTART_LIMIT = 300.0
EVENT_EVERY = 60.0
MINIMUM_THRESHOLD, MAXIMUM_THRESHOLD = 3, 200
UNABLE_TO_DEPLOY = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update "
    "the minimumHealthyPercent or maximumPercent value and try again."
)
UNABLE_TO_PLACE = (
    "was unable to place a task because no container instance met all of its requirements. Reason: {reason} For more "
    "information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)
NO_INSTANCES = "No Container Instances were found in your cluster."


def threshold(breaker: dict[str, Any], desired: int) -> int:
    """Failed tasks that trip the circuit breaker (API: ThresholdConfiguration)."""
    configured = breaker.get("thresholdConfiguration") or {}
    value = float(configured.get("value", 50))
    kind = configured.get("type", "BOUNDED_PERCENT")
    if kind == "COUNT":
        return max(1, int(value))
    wanted = math.ceil(desired * value / 100)
    if kind == "UNBOUNDED_PERCENT":
        return max(1, wanted)
    return min(MAXIMUM_THRESHOLD, max(MINIMUM_THRESHOLD, wanted))


class Scheduler(threading.Thread):
    """One thread for everything; I/O happens in the runtime's pool."""

    def __init__(self, runtime: Runtime, balancer: Balancer, tasks: Tasks) -> None:
        super().__init__(name="ecs-scheduler", daemon=True)
        self.runtime = runtime
        self.balancer = balancer
        self.tasks = tasks
        self.ending = threading.Event()
        self.busy = False

    def run(self) -> None:
        while not self.ending.is_set():
            self.runtime.wake.wait(TICK if self.busy else IDLE_TICK)
            self.runtime.wake.clear()
            try:
                with self.runtime.lock:
                    if not self.ending.is_set():
                        self.busy = self.tick(time.monotonic())
            except Exception:
                LOG.exception("the ECS scheduler failed; it goes on")
                time.sleep(TICK)
            # bursts of wake-ups (many health checks) are worth one tick
            time.sleep(0.02)

    def stop(self) -> None:
        """End the thread and every process of every task."""
        self.ending.set()
        self.runtime.kick()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(timeout=5)
        with self.runtime.lock:
            self.clear()
        self.runtime.pool.shutdown(wait=False, cancel_futures=True)

    def clear(self) -> None:
        """Forget everything that runs: for a reset of the whole local AWS, before moto forgets its part."""
        for backend in self._backends():
            for task in _tasks(backend):
                self.tasks.kill(task)
            backend.tasks.clear()
            backend.services.clear()
        self.balancer.reset()
        self.runtime.machines.clear()
        self.runtime.addresses.clear()
        self.runtime.credentials.clear()
        self.runtime.keys.clear()

    @staticmethod
    def _backends() -> list[Any]:
        return [backend for account in list(ecs_backends.values()) for backend in list(account.values())]

    def tick(self, moment: float) -> bool:
        """One round; returns whether something is going on."""
        active = False
        for backend in self._backends():
            for task in _tasks(backend):
                if task.last_status == "STOPPED":
                    if task.purge_at is not None and moment >= task.purge_at:
                        backend.tasks[task.cluster_name].pop(task.task_arn, None)
                    continue
                active = True
                try:
                    self.tasks.step(task, moment)
                except Exception as error:
                    LOG.exception("task %s", task.id)
                    self.tasks.stop(task, "TaskFailedToStart", f"InternalError: the local AWS failed: {error!r}")
            active = self.runtime.machines.tick(backend, moment) or active
            for name, service in list(backend.services.items()):
                if isinstance(service, LiveService):
                    active = self.reconcile(backend, name, service, moment) or active
        self.balancer.tick(moment)
        return active

    # --- services ---

    def reconcile(self, backend: Any, key: str, service: LiveService, moment: float) -> bool:
        if service.status == "INACTIVE":
            return False
        tasks = service.tasks()
        if service.status == "DRAINING":
            self._drain(service, tasks, moment)
            return True
        primary = service.primary
        if primary is None:
            return False
        self._replace_unhealthy(service, tasks)
        self._count_failures(service, tasks, moment)
        primary = service.primary
        assert primary is not None
        self._balance(service, primary, tasks, moment)
        self._settle(service, primary)
        return not service.steady

    def _drain(self, service: LiveService, tasks: list[LiveTask], moment: float) -> None:
        for task in tasks:
            self.tasks.stop(task, "ServiceSchedulerInitiated", self._scaling_reason(task))
        over = service.inactive_at is not None and moment >= service.inactive_at
        if over and all(task.last_status == "STOPPED" for task in tasks):
            service.status = "INACTIVE"
            service.deployments.clear()

    @staticmethod
    def _scaling_reason(task: LiveTask) -> str:
        return f"Scaling activity initiated by (deployment {task.deployment.id if task.deployment else ''})"

    def _replace_unhealthy(self, service: LiveService, tasks: list[LiveTask]) -> None:
        grace = self.runtime.clock.process(service.grace_period) if service.grace_period else 0.0
        for task in tasks:
            if task.last_status != "RUNNING" or task.ending:
                continue
            if task.health_status == "UNHEALTHY":
                # with a load balancer the grace period covers container health checks too
                if service.load_balancers and time.monotonic() - (task.running_since or 0) < grace:
                    continue
                service.event(f"(task {task.id}) failed container health checks.")
                self.tasks.stop(task, "ServiceSchedulerInitiated", "Task failed container health checks")
            else:
                self._judge_targets(service, task)

    def _judge_targets(self, service: LiveService, task: LiveTask) -> None:
        age = time.monotonic() - (task.running_since or 0)
        for arn, port in task.registered_targets:
            state = self.balancer.state(task, arn, port)
            group = self.balancer.group(task.region, arn)
            if state is None or group is None or state.state != "unhealthy":
                continue
            allowed = float(service.grace_period)
            if not task.times.get("healthyAt"):
                # never healthy yet: a starting process gets the time that AWS's checks would take
                allowed += float(group.health_check_interval_seconds) * int(group.unhealthy_threshold_count)
            if age < self.runtime.clock.process(allowed):
                continue
            service.event(f"(port {port}) is unhealthy in (target-group {arn}) due to (reason {state.description}).")
            self.tasks.stop(task, "ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {arn})")
            return

    def _count_failures(self, service: LiveService, tasks: list[LiveTask], moment: float) -> None:
        for task in tasks:
            deployment = task.deployment
            if task.counted or not task.ending or deployment is None:
                continue
            task.counted = True
            failed_checks = "failed" in (task.stopped_reason or "") and "health checks" in (task.stopped_reason or "")
            if task.stop_code not in ("TaskFailedToStart", "EssentialContainerExited") and not failed_checks:
                continue
            deployment.failed_total += 1
            wait = min(RESTART_LIMIT, RESTART_BASE * 2 ** min(deployment.failed_total - 1, 5))
            deployment.retry_at = moment + (self.runtime.clock.platform(wait) if deployment.failed_total > 1 else 0.0)
            if task.stop_code == "TaskFailedToStart" and deployment.failed_total > 2:
                service.event_once(
                    "is unable to consistently start tasks successfully. For more information, see the "
                    "Troubleshooting section of the Amazon ECS Developer Guide.",
                    moment,
                    self.runtime.clock.platform(EVENT_EVERY),
                )
            if deployment.rollout_state != "IN_PROGRESS":
                continue
            deployment.failed += 1
            self._break(service, deployment)

    def _break(self, service: LiveService, deployment: Deployment) -> None:
        breaker = service.deployment_configuration["deploymentCircuitBreaker"]
        if deployment is not service.primary or not breaker["enable"]:
            return
        if deployment.failed < threshold(breaker, service.desired_count):
            return
        deployment.turn("FAILED", "ECS deployment circuit breaker: tasks failed to start.")
        service.event(f"(deployment {deployment.id}) deployment failed: tasks failed to start.")
        last = service.last_completed
        if not breaker["rollback"] or last is None or deployment.rolled_back_from:
            return
        service.event(f"rolling back to (deployment {last.id}).")
        deployment.status = "ACTIVE"
        if last not in service.deployments:
            service.deployments.insert(0, last)
        else:
            service.deployments.remove(last)
            service.deployments.insert(0, last)
        last.status = "PRIMARY"
        last.failed = last.failed_total = 0
        last.retry_at = 0.0
        last.rolled_back_from = deployment.id
        last.turn("IN_PROGRESS", f"ECS deployment circuit breaker: rolling back to deploymentId {last.id}.")
        service.settings["taskDefinition"] = last.task_definition

    # --- start and stop ---

    def counts_as_healthy(self, service: LiveService, task: LiveTask) -> bool:
        """Whether the task counts towards minimumHealthyPercent (API: DeploymentConfiguration)."""
        if task.last_status != "RUNNING" or task.ending or not task.healthy:
            return False
        for arn, port in task.registered_targets:
            state = self.balancer.state(task, arn, port)
            if state is None or state.state != "healthy":
                return False
        checked = task.registered_targets or any(item.essential and item.health_check for item in task.containers)
        settle = self.runtime.clock.process(SETTLE, limit=SETTLE_LIMIT)
        if not checked and time.monotonic() - (task.running_since or 0) < settle:
            return False
        task.times.setdefault("healthyAt", task.times["startedAt"])
        if task.deployment:
            task.deployment.failed = 0
        return True

    def _balance(self, service: LiveService, primary: Deployment, tasks: list[LiveTask], moment: float) -> None:
        desired = service.desired_count
        configuration = service.deployment_configuration
        lower = math.ceil(desired * configuration["minimumHealthyPercent"] / 100)
        upper = math.floor(desired * configuration["maximumPercent"] / 100)
        primary.desired = desired
        current = [task for task in tasks if not task.ending]
        own = [task for task in current if task.deployment is primary]
        others = [task for task in current if task.deployment is not primary]
        healthy = {task.id for task in current if self.counts_as_healthy(service, task)}

        for task in sorted(own, key=lambda item: item.id in healthy)[: max(0, len(own) - desired)]:
            self._scale_in(service, task)
            healthy.discard(task.id)
        if primary.rollout_state != "FAILED":
            remaining = len(healthy)
            for task in sorted(others, key=lambda item: item.id in healthy):
                if task.id in healthy:
                    if remaining - 1 < lower:
                        continue
                    remaining -= 1
                self._scale_in(service, task)
        alive = sum(task.alive for task in tasks)
        missing = desired - len([task for task in own if not task.ending])
        room = upper - alive
        if missing > 0 and room <= 0:
            stuck = not any(task.ending and task.alive for task in tasks) and primary.rollout_state == "IN_PROGRESS"
            if stuck and all(task.id in healthy for task in current):
                service.event_once(UNABLE_TO_DEPLOY, moment, self.runtime.clock.platform(EVENT_EVERY))
        elif missing > 0 and primary.rollout_state != "FAILED" and moment >= primary.retry_at:
            self._launch(service, primary, min(missing, room), moment)

    def _scale_in(self, service: LiveService, task: LiveTask) -> None:
        self.tasks.stop(
            task,
            "ServiceSchedulerInitiated",
            f"Scaling activity initiated by (deployment {service.primary.id if service.primary else ''})",
        )
        service.event(f"has stopped 1 running tasks: (task {task.id}).")

    def _launch(self, service: LiveService, deployment: Deployment, count: int, moment: float) -> None:
        every = self.runtime.clock.platform(EVENT_EVERY)
        if deployment.launch_type == "EXTERNAL":
            service.event_once(UNABLE_TO_PLACE.format(reason=NO_INSTANCES), moment, every)
            return
        backend = service.backend
        definition = backend.describe_task_definition(deployment.task_definition)
        for role_arn in (getattr(definition, "execution_role_arn", None), getattr(definition, "task_role_arn", None)):
            role = policy.role_of(role_arn) if role_arn else None
            if role_arn and (role is None or not policy.trusts(role, "ecs-tasks.amazonaws.com")):
                service.event_once(
                    f"failed to launch a task with (error ECS was unable to assume the role '{role_arn}' that was "
                    "provided for this task. Please verify that the role being passed has the proper trust "
                    "relationship and permissions and that your IAM user has permissions to pass this role.).",
                    moment,
                    every,
                )
                deployment.failed_total += 1
                deployment.failed += deployment.rollout_state == "IN_PROGRESS"
                deployment.retry_at = moment + self.runtime.clock.platform(30.0)
                self._break(service, deployment)
                return
        started = []
        for _ in range(count):
            instance, subnet = "", ""
            if deployment.launch_type == "EC2":
                constraints = service.settings.get("placementConstraints") or []
                placed = self.runtime.machines.place(
                    backend, service.cluster_name, constraints, deployment.network["subnets"], definition
                )
                if isinstance(placed, str):
                    service.event_once(UNABLE_TO_PLACE.format(reason=placed), moment, every)
                    break
                instance, subnet = placed[0].container_instance.container_instance_arn, placed[1]
            started.append(self._new_task(service, deployment, definition, instance, subnet))
        if not started:
            return
        service.steady = False
        names = " ".join(f"(task {task.id})" for task in started)
        service.event(f"has started {len(started)} tasks: {names}.")

    def _new_task(
        self, service: LiveService, deployment: Deployment, definition: Any, instance: str, subnet: str
    ) -> LiveTask:
        """A task, on Fargate or on a container instance in a subnet of its zone."""
        backend = service.backend
        placed: dict[str, int] = dict.fromkeys(deployment.network["subnets"], 0)
        for task in service.tasks():
            if not task.ending and task.network["subnets"][0] in placed:
                placed[task.network["subnets"][0]] += 1
        subnet = subnet or min(placed, key=lambda item: placed[item])
        provider = deployment.strategy[0]["capacityProvider"] if deployment.strategy else None
        task = LiveTask(
            backend=backend,
            cluster=backend.clusters[service.cluster_name],
            task_definition=definition,
            group=f"service:{service.name}",
            network={**deployment.network, "subnets": [subnet]},
            started_by=deployment.id,
            tags=_task_tags(service, definition),
            launch_type="EC2" if instance else "FARGATE",
            capacity_provider=provider,
            enable_execute_command=deployment.enable_execute_command,
            service=service,
            deployment=deployment,
        )
        task.container_instance_arn = instance or None
        backend.tasks.setdefault(service.cluster_name, {})[task.task_arn] = task
        self.tasks.begin(task)
        return task

    def _settle(self, service: LiveService, primary: Deployment) -> None:
        tasks = service.tasks()
        for deployment in [item for item in service.deployments if item is not primary]:
            drained = not any(task.deployment is deployment and task.alive for task in tasks)
            if drained and primary.rollout_state != "FAILED":
                service.deployments.remove(deployment)
        alive = [task for task in tasks if task.alive]
        steady = (
            len(service.deployments) == 1
            and len(alive) == service.desired_count
            and all(task.deployment is primary and self.counts_as_healthy(service, task) for task in alive)
            and primary.rollout_state != "FAILED"
        )
        if steady and primary.rollout_state == "IN_PROGRESS":
            primary.turn("COMPLETED", f"ECS deployment {primary.id} completed.")
            primary.rolled_back_from = None
            service.last_completed = primary
            service.event(f"(deployment {primary.id}) deployment completed.")
        if steady and not service.steady:
            service.event("has reached a steady state.")
        service.steady = steady


def _tasks(backend: Any) -> list[LiveTask]:
    return [
        task for stored in list(backend.tasks.values()) for task in list(stored.values()) if isinstance(task, LiveTask)
    ]


def _task_tags(service: LiveService, definition: Any) -> list[dict[str, str]]:
    tags: dict[str, str] = {}
    propagate = service.settings.get("propagateTags")
    if propagate == "SERVICE":
        tags.update({tag["key"]: tag.get("value", "") for tag in service.tags})
    elif propagate == "TASK_DEFINITION":
        tags.update({tag["key"]: tag.get("value", "") for tag in definition.tags or []})
    if service.settings.get("enableECSManagedTags"):
        tags.update({"aws:ecs:clusterName": service.cluster_name, "aws:ecs:serviceName": service.name})
    return [{"key": key, "value": value} for key, value in tags.items()]
