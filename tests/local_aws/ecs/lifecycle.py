# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one task, from PROVISIONING to STOPPED."""

from __future__ import annotations

import signal
import time
from typing import Any

from moto.ec2 import ec2_backends

from . import discovery, identity, policy, resources, runner
from .balancer import Balancer
from .model import LiveContainer, LiveTask
from .runtime import ACCOUNT_ID, Runtime, now

# AWS's seconds for what only the platform does
ATTACH_INTERFACE = 8.0
PULL_IMAGE = 20.0
DETACH_INTERFACE = 8.0
KEEP_STOPPED = 3600.0
DEFAULT_STOP_TIMEOUT = 30
STOP_PATIENCE = 10.0
HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}


class Tasks:
    """Moves tasks on; every method runs with the lock held."""

    def __init__(self, runtime: Runtime, balancer: Balancer) -> None:
        self.runtime = runtime
        self.balancer = balancer
        self.steps = {
            "PROVISIONING": self._provisioning,
            "PENDING": self._pending,
            "RUNNING": self._running,
            "DEACTIVATING": self._deactivating,
            "STOPPING": self._stopping,
            "DEPROVISIONING": self._deprovisioning,
        }

    def begin(self, task: LiveTask) -> None:
        task.due = time.monotonic() + self.runtime.clock.platform(ATTACH_INTERFACE)
        self.runtime.kick()

    def step(self, task: LiveTask, moment: float) -> None:
        handler = self.steps.get(task.last_status)
        if handler:
            handler(task, moment)

    # --- up ---

    def _provisioning(self, task: LiveTask, moment: float) -> None:
        if task.desired_status == "STOPPED":
            self._release(task, moment)
        elif moment >= task.due:
            self._attach(task)
            task.last_status = "PENDING"
            task.times["connectivityAt"] = now()
            task.times["pullStartedAt"] = now()
            task.due = moment + self.runtime.clock.platform(PULL_IMAGE)

    def _attach(self, task: LiveTask) -> None:
        ec2: Any = ec2_backends[ACCOUNT_ID][task.region]
        subnet_id = task.network["subnets"][0]
        task.interface = ec2.create_network_interface(
            subnet_id,
            None,
            group_ids=list(task.network.get("securityGroups") or []),
            description=f"arn:aws:ecs:{task.region}:{ACCOUNT_ID}:attachment/{task.attachment_id}",
        )
        task.interface.status = "in-use"
        task.address = str(task.interface.private_ip_address)
        task.availability_zone = task.interface.subnet.availability_zone
        task.attachment_status = "ATTACHED"
        for container in task.containers:
            container.interfaces = [{"attachmentId": task.attachment_id, "privateIpv4Address": task.address}]

    def _pending(self, task: LiveTask, moment: float) -> None:
        if task.desired_status == "STOPPED":
            task.last_status = "STOPPING"
            return
        if moment < task.due:
            return
        try:
            if not task.ports:
                runner.assign_ports(task)
            if task.task_role_arn and task.credentials is None:
                self._assume(task)
            if not task.volumes:
                task.volumes = resources.volumes_of(self.runtime, task)
            waiting = self._start_containers(task)
        except resources.InitializationError as error:
            self._fail(task, error)
            return
        self._watch(task, moment)
        if not waiting and not task.ending:
            self._run(task)

    def _assume(self, task: LiveTask) -> None:
        role = policy.role_of(str(task.task_role_arn))
        if role is None or not policy.trusts(role, "ecs-tasks.amazonaws.com"):
            raise resources.InitializationError(
                f"ECS was unable to assume the role '{task.task_role_arn}' that was provided for this task. Please "
                "verify that the role being passed has the proper trust relationship and permissions and that your "
                "IAM user has permissions to pass this role."
            )
        identity.issue(self.runtime, task)

    def _start_containers(self, task: LiveTask) -> bool:
        """Start what may start; returns whether something still waits for another container."""
        by_name = {item.name: item for item in task.containers}
        waiting = False
        for container in task.containers:
            if container.last_status != "PENDING":
                continue
            if all(_met(item, by_name[item["containerName"]]) for item in container.definition.get("dependsOn") or []):
                runner.start(self.runtime, task, container)
            else:
                waiting = True
        return waiting

    def _fail(self, task: LiveTask, error: resources.InitializationError) -> None:
        if error.container:
            error.container.reason = error.reason
        self.stop(task, "TaskFailedToStart", error.reason)

    def _run(self, task: LiveTask) -> None:
        task.last_status = "RUNNING"
        task.times["pullStoppedAt"] = task.times["startedAt"] = now()
        task.running_since = time.monotonic()
        for port, local in task.ports.items():
            self.runtime.addresses[(task.address, port)] = local
        for item in task.deployment.load_balancers if task.deployment else []:
            port = int(item["containerPort"])
            if self.balancer.register(task, item["targetGroupArn"], port):
                task.registered_targets.append((item["targetGroupArn"], port))
                if task.service:
                    task.service.event(f"registered 1 targets in (target-group {item['targetGroupArn']})")

    # --- while it runs ---

    def _running(self, task: LiveTask, moment: float) -> None:
        self._watch(task, moment)
        if task.ending:
            return
        if task.healthy:
            discovery.register(task)
        if task.registered_instances:
            discovery.set_health(task, task.healthy)

    def _watch(self, task: LiveTask, moment: float) -> None:
        """Notice what ended, pass on what was written, check health."""
        for container in task.containers:
            if container.process is None or container.last_status == "STOPPED":
                continue
            container.process.flush()
            if container.process.ended(moment):
                self._ended(container)
                if container.essential:
                    self.stop(task, "EssentialContainerExited", "Essential container in task exited")
            elif container.health_check and not container.probe.busy and moment >= container.probe.due:
                container.probe.busy = True
                self.runtime.pool.submit(self._check, container)

    def _ended(self, container: LiveContainer) -> None:
        container.last_status = "STOPPED"
        container.exit_code = container.process.exit_code
        if container.process.killed and container.exit_code == runner.FIRST_SIGNAL_EXIT + signal.SIGKILL:
            container.reason = container.reason or None

    def _check(self, container: LiveContainer) -> None:
        """In a thread of the pool: run the container's health check once."""
        settings = {**HEALTH_DEFAULTS, **(container.health_check or {})}
        clock = self.runtime.clock
        argv = runner.health_command(self.runtime, container)
        well, detail = runner.check_health(container, argv, clock.process(settings["timeout"], limit=10.0))
        with self.runtime.lock:
            probe = container.probe
            probe.busy = False
            probe.due = time.monotonic() + clock.interval(settings["interval"])
            if container.last_status == "RUNNING":
                self._judge(container, settings, well, detail)
        self.runtime.kick()

    def _judge(self, container: LiveContainer, settings: dict[str, Any], well: bool, detail: str) -> None:
        probe = container.probe
        if well:
            probe.failures, container.health_status = 0, "HEALTHY"
            return
        # failures within the start period do not count, as long as none succeeded
        age = time.monotonic() - container.started
        if container.health_status == "UNKNOWN" and age < self.runtime.clock.process(settings["startPeriod"]):
            return
        probe.failures, probe.detail = probe.failures + 1, detail
        if container.health_status == "UNKNOWN":
            # a process that starts takes its time on any scale: it gets what AWS would give it, up to the limit
            patience = settings["startPeriod"] + settings["interval"] * settings["retries"]
            if age < self.runtime.clock.process(patience):
                return
        if probe.failures >= settings["retries"]:
            container.health_status = "UNHEALTHY"

    # --- down ---

    def stop(self, task: LiveTask, code: str, reason: str) -> None:
        """Ask the task to stop; the first to ask says why."""
        if task.desired_status == "STOPPED":
            return
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.times["stoppingAt"] = now()
        discovery.deregister(task)
        drain = 0.0
        for arn, port in task.registered_targets:
            drain = max(drain, self.balancer.deregister(task, arn, port))
            if task.service:
                task.service.event(f"deregistered 1 targets in (target-group {arn})")
        if drain and task.service:
            task.service.event(f"has begun draining connections on 1 tasks. (task {task.id})")
        if task.last_status == "RUNNING":
            task.last_status = "DEACTIVATING"
            # nothing drains from a task whose containers are gone
            drains = drain and code != "EssentialContainerExited"
            task.due = time.monotonic() + (self.runtime.clock.platform(drain) if drains else 0.0)
        elif task.last_status == "PENDING":
            task.last_status = "STOPPING"
        self.runtime.kick()

    def _deactivating(self, task: LiveTask, moment: float) -> None:
        self._watch(task, moment)
        if moment >= task.due:
            task.last_status = "STOPPING"

    def _stopping(self, task: LiveTask, moment: float) -> None:
        running = False
        for container in task.containers:
            if container.process is None:
                container.last_status = "STOPPED"
                continue
            if container.last_status == "STOPPED":
                continue
            limit = float(container.definition.get("stopTimeout") or DEFAULT_STOP_TIMEOUT)
            container.process.terminate(self.runtime.clock.process(limit, limit=STOP_PATIENCE))
            container.process.flush()
            if container.process.ended(moment):
                self._ended(container)
            else:
                running = True
        if not running:
            task.times["executionStoppedAt"] = now()
            self._release(task, moment)

    def _release(self, task: LiveTask, moment: float) -> None:
        task.last_status = "DEPROVISIONING"
        task.due = moment + self.runtime.clock.platform(DETACH_INTERFACE)
        for port in task.ports:
            self.runtime.addresses.pop((task.address, port), None)
        identity.revoke(self.runtime, task)
        runner.remove(self.runtime, task)

    def _deprovisioning(self, task: LiveTask, moment: float) -> None:
        if moment < task.due:
            return
        if task.interface is not None:
            ec2_backends[ACCOUNT_ID][task.region].enis.pop(task.interface.id, None)
            task.attachment_status = "DELETED"
        for container in task.containers:
            container.last_status = "STOPPED"
            container.health_status = container.health_status if container.process else "UNKNOWN"
        task.last_status = "STOPPED"
        task.times["stoppedAt"] = now()
        task.purge_at = moment + max(600.0, KEEP_STOPPED * self.runtime.clock.scale)

    def kill(self, task: LiveTask) -> None:
        """End the task's processes now, whatever their state: the server ends or is reset."""
        for container in task.containers:
            if container.process is not None and container.process.popen.poll() is None:
                container.process.kill()
                container.process.popen.wait(timeout=5)
        runner.remove(self.runtime, task)


def _met(dependency: dict[str, str], other: LiveContainer) -> bool:
    """Whether a dependsOn condition holds."""
    condition = dependency["condition"]
    if condition == "START":
        return other.process is not None
    if condition == "HEALTHY":
        return other.health_status == "HEALTHY"
    return other.last_status == "STOPPED" and (condition == "COMPLETE" or other.exit_code == 0)
