# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services, deployments, tasks and containers as data, and how the ECS API shows them.

The objects live in moto's own dictionaries (``backend.services``, ``backend.tasks``), so tagging, the resource groups
tagging API and everything else in moto that looks there finds them.
"""

from __future__ import annotations

import datetime
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from .runtime import ACCOUNT_ID, now

MAXIMUM_EVENTS = 100
PLATFORM_VERSION = "1.4.0"
PENDING_STATES = ("PROVISIONING", "PENDING", "ACTIVATING")
ENDING_STATES = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
CREATED_BY = f"arn:aws:iam::{ACCOUNT_ID}:root"
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def new_id() -> str:
    return uuid.uuid4().hex


def without_none(shape: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shape.items() if value is not None}


@dataclass
class Probe:
    """A repeated check: when it is next due, and how the last ones went."""

    due: float = 0.0
    busy: bool = False
    successes: int = 0
    failures: int = 0
    detail: str = ""


@dataclass
class LiveContainer:
    """A container of a task; the process is set while it runs."""

    name: str
    definition: dict[str, Any]
    task_arn: str
    arn: str
    override: dict[str, Any] = field(default_factory=dict)
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health_status: str = "UNKNOWN"
    process: Any = None
    started: float = 0.0
    probe: Probe = field(default_factory=Probe)
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    runtime_id: str | None = None

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def health_check(self) -> dict[str, Any] | None:
        check: dict[str, Any] | None = self.definition.get("healthCheck")
        return check if check and check.get("command", ["NONE"])[0] != "NONE" else None

    def describe(self) -> dict[str, Any]:
        definition = self.definition
        return without_none(
            {
                "containerArn": self.arn,
                "taskArn": self.task_arn,
                "name": self.name,
                "image": definition["image"],
                "runtimeId": self.runtime_id,
                "lastStatus": self.last_status,
                "exitCode": self.exit_code,
                "reason": self.reason,
                "networkBindings": [],
                "networkInterfaces": self.interfaces,
                "healthStatus": self.health_status,
                "managedAgents": None,
                "cpu": str(self.override.get("cpu", definition.get("cpu", 0))),
                "memory": _text(self.override.get("memory", definition.get("memory"))),
                "memoryReservation": _text(definition.get("memoryReservation")),
            }
        )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


class LiveTask:
    """A task that really runs."""

    def __init__(
        self,
        *,
        backend: Any,
        cluster: Any,
        task_definition: Any,
        group: str,
        network: dict[str, Any],
        overrides: dict[str, Any] | None = None,
        started_by: str = "",
        tags: list[dict[str, str]] | None = None,
        launch_type: str | None = "FARGATE",
        capacity_provider: str | None = None,
        enable_execute_command: bool = False,
        service: LiveService | None = None,
        deployment: Deployment | None = None,
    ) -> None:
        self.backend = backend
        self.id = new_id()
        self.region = backend.region_name
        self.account = backend.account_id
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.task_arn = f"arn:aws:ecs:{self.region}:{self.account}:task/{cluster.name}/{self.id}"
        self.task_definition = task_definition
        self.task_definition_arn = task_definition.arn
        self.group = group
        self.network = network
        self.overrides = overrides or {}
        self.started_by = started_by
        self.tags = tags or []
        self.launch_type = launch_type
        self.capacity_provider = capacity_provider
        self.enable_execute_command = enable_execute_command
        self.service = service
        self.deployment = deployment
        # of the EC2 instance that it is placed on; Fargate has none
        self.container_instance_arn: str | None = None
        self.last_status = "PROVISIONING"
        self.desired_status = "RUNNING"
        self.due = 0.0
        self.created_at = now()
        self.times: dict[str, datetime.datetime] = {}
        self.stop_code: str | None = None
        self.stopped_reason: str | None = None
        self.purge_at: float | None = None
        self.running_since: float | None = None
        self.attachment_id = str(uuid.uuid4())
        self.attachment_status = "PRECREATED"
        self.interface: Any = None
        self.availability_zone: str | None = None
        self.address = ""
        self.ports: dict[int, int] = {}
        self.volumes: dict[str, Any] = {}
        self.credentials: Any = None
        self.registered_targets: list[tuple[str, int]] = []
        self.registered_instances: list[str] = []
        self.counted = False
        by_name = {item["name"]: item for item in self.overrides.get("containerOverrides", []) if "name" in item}
        prefix = f"arn:aws:ecs:{self.region}:{self.account}:container/{cluster.name}/{self.id}"
        self.containers = [
            LiveContainer(item["name"], item, self.task_arn, f"{prefix}/{uuid.uuid4()}", by_name.get(item["name"], {}))
            for item in task_definition.container_definitions
        ]

    # what moto's tagging and listing code reads
    @property
    def physical_resource_id(self) -> str:
        return self.task_arn

    @property
    def ending(self) -> bool:
        return self.desired_status == "STOPPED" or self.last_status in ENDING_STATES

    @property
    def alive(self) -> bool:
        """Whether a process of it may still run, or come to run."""
        return self.last_status not in ("DEPROVISIONING", "STOPPED")

    @property
    def task_role_arn(self) -> str | None:
        return self.overrides.get("taskRoleArn") or getattr(self.task_definition, "task_role_arn", None)

    @property
    def execution_role_arn(self) -> str | None:
        return self.overrides.get("executionRoleArn") or getattr(self.task_definition, "execution_role_arn", None)

    @property
    def health_status(self) -> str:
        checked = [item.health_status for item in self.containers if item.essential and item.health_check]
        if not checked or (not self.times.get("startedAt") and "UNKNOWN" in checked):
            return "UNKNOWN"
        for status in ("UNHEALTHY", "UNKNOWN"):
            if status in checked:
                return status
        return "HEALTHY"

    @property
    def healthy(self) -> bool:
        return self.health_status == "HEALTHY" or not any(
            item.essential and item.health_check for item in self.containers
        )

    def attachments(self) -> list[dict[str, Any]]:
        if self.interface is None:
            return [
                {
                    "id": self.attachment_id,
                    "type": "ElasticNetworkInterface",
                    "status": "PRECREATED",
                    "details": [{"name": "subnetId", "value": self.network["subnets"][0]}],
                }
            ]
        details = {
            "subnetId": self.interface.subnet.id,
            "networkInterfaceId": self.interface.id,
            "macAddress": self.interface.mac_address,
            "privateDnsName": getattr(self.interface, "private_dns_name", None),
            "privateIPv4Address": self.address,
        }
        return [
            {
                "id": self.attachment_id,
                "type": "ElasticNetworkInterface",
                "status": self.attachment_status,
                "details": [{"name": name, "value": value} for name, value in details.items() if value],
            }
        ]

    def describe(self, include: list[str]) -> dict[str, Any]:
        definition = self.task_definition
        shape = {
            "attachments": self.attachments(),
            "attributes": [{"name": "ecs.cpu-architecture", "value": self._architecture()}],
            "availabilityZone": self.availability_zone,
            "capacityProviderName": self.capacity_provider,
            "clusterArn": self.cluster_arn,
            "containerInstanceArn": self.container_instance_arn,
            "connectivity": "CONNECTED" if "connectivityAt" in self.times else None,
            "containers": [item.describe() for item in self.containers],
            "cpu": _text(self.overrides.get("cpu") or definition.cpu),
            "createdAt": self.created_at,
            "desiredStatus": self.desired_status,
            "enableExecuteCommand": self.enable_execute_command,
            "group": self.group,
            "healthStatus": self.health_status,
            "lastStatus": self.last_status,
            "launchType": self.launch_type,
            "memory": _text(self.overrides.get("memory") or definition.memory),
            "overrides": {
                "containerOverrides": [{"name": item.name} for item in self.containers],
                "inferenceAcceleratorOverrides": [],
                **self.overrides,
            },
            "platformVersion": PLATFORM_VERSION if self.launch_type == "FARGATE" else None,
            "platformFamily": "Linux" if self.launch_type == "FARGATE" else None,
            "startedBy": self.started_by or None,
            "stopCode": self.stop_code,
            "stoppedReason": self.stopped_reason,
            "tags": list(self.tags) if "TAGS" in include else [],
            "taskArn": self.task_arn,
            "taskDefinitionArn": self.task_definition_arn,
            "version": len(self.times) + 1,
            "ephemeralStorage": self._storage(),
            "fargateEphemeralStorage": self._storage(),
            **self.times,
        }
        return without_none(shape)

    def _storage(self) -> dict[str, Any] | None:
        if self.launch_type != "FARGATE":
            return None
        return self.task_definition.ephemeral_storage or {"sizeInGiB": 20}

    def _architecture(self) -> str:
        platform = self.task_definition.runtime_platform or {}
        return "arm64" if platform.get("cpuArchitecture") == "ARM64" else "x86_64"


@dataclass
class Deployment:
    """One deployment of a service: a revision and how far its roll-out is."""

    task_definition: str
    network: dict[str, Any]
    desired: int
    launch_type: str | None
    strategy: list[dict[str, Any]]
    id: str = field(default_factory=lambda: f"ecs-svc/{random.randint(10**18, 10**19 - 1)}")
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_reason: str = ""
    failed: int = 0
    failed_total: int = 0
    reached_steady_state: bool = False
    enable_execute_command: bool = False
    load_balancers: list[dict[str, Any]] = field(default_factory=list)
    registries: list[dict[str, Any]] = field(default_factory=list)
    created_at: datetime.datetime = field(default_factory=now)
    updated_at: datetime.datetime = field(default_factory=now)
    retry_at: float = 0.0
    rolled_back_from: str | None = None

    def __post_init__(self) -> None:
        self.rollout_reason = self.rollout_reason or f"ECS deployment {self.id} in progress."

    def turn(self, state: str, reason: str) -> None:
        self.rollout_state, self.rollout_reason, self.updated_at = state, reason, now()

    def describe(self, tasks: list[LiveTask]) -> dict[str, Any]:
        own = [task for task in tasks if task.deployment is self]
        return without_none(
            {
                "id": self.id,
                "status": self.status,
                "taskDefinition": self.task_definition,
                "desiredCount": self.desired,
                "pendingCount": sum(task.last_status in PENDING_STATES for task in own),
                "runningCount": sum(task.last_status == "RUNNING" for task in own),
                "failedTasks": self.failed,
                "createdAt": self.created_at,
                "updatedAt": self.updated_at,
                "capacityProviderStrategy": self.strategy or None,
                "launchType": self.launch_type,
                "platformVersion": None if self.launch_type == "EC2" else PLATFORM_VERSION,
                "platformFamily": None if self.launch_type == "EC2" else "Linux",
                "networkConfiguration": {"awsvpcConfiguration": self.network} if self.network else None,
                "rolloutState": self.rollout_state,
                "rolloutStateReason": self.rollout_reason,
            }
        )


class LiveService:
    """A service: what was asked for, its deployments and its events."""

    def __init__(self, *, backend: Any, cluster: Any, name: str, settings: dict[str, Any]) -> None:
        self.backend = backend
        self.region_name = backend.region_name
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.name = name
        self.arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:service/{cluster.name}/{name}"
        self.status = "ACTIVE"
        self.settings = settings
        self.tags: list[dict[str, str]] = settings.get("tags") or []
        self.created_at = now()
        self.deployments: list[Deployment] = []
        self.events: list[dict[str, Any]] = []
        self.inactive_at: float | None = None
        self.steady = False
        self.last_event: dict[str, float] = {}
        self.task_sets: list[Any] = []
        self.last_completed: Deployment | None = None

    @property
    def physical_resource_id(self) -> str:
        return self.arn

    @property
    def desired_count(self) -> int:
        return int(self.settings["desiredCount"])

    @desired_count.setter
    def desired_count(self, value: int) -> None:
        self.settings["desiredCount"] = int(value)

    @property
    def scheduling_strategy(self) -> str:
        return str(self.settings.get("schedulingStrategy") or "REPLICA")

    @property
    def launch_type(self) -> str | None:
        return self.settings.get("launchType")

    @property
    def load_balancers(self) -> list[dict[str, Any]]:
        return self.settings.get("loadBalancers") or []

    @property
    def registries(self) -> list[dict[str, Any]]:
        return self.settings.get("serviceRegistries") or []

    @property
    def network(self) -> dict[str, Any]:
        return (self.settings.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}

    @property
    def primary(self) -> Deployment | None:
        return next((item for item in self.deployments if item.status == "PRIMARY"), None)

    @property
    def deployment_configuration(self) -> dict[str, Any]:
        given = dict(self.settings.get("deploymentConfiguration") or {})
        breaker = {"enable": False, "rollback": False, **(given.pop("deploymentCircuitBreaker", None) or {})}
        defaults = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0}
        return {"deploymentCircuitBreaker": breaker, **defaults, **given}

    @property
    def grace_period(self) -> int:
        return int(self.settings.get("healthCheckGracePeriodSeconds") or 0)

    def tasks(self) -> list[LiveTask]:
        stored = self.backend.tasks.get(self.cluster_name, {})
        return [task for task in stored.values() if getattr(task, "service", None) is self]

    @property
    def running_count(self) -> int:
        return sum(task.last_status == "RUNNING" for task in self.tasks())

    @property
    def pending_count(self) -> int:
        return sum(task.last_status in PENDING_STATES for task in self.tasks())

    def event(self, text: str) -> None:
        self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": now(), "message": f"(service {self.name}) {text}"})
        del self.events[MAXIMUM_EVENTS:]

    def event_once(self, text: str, moment: float, every: float) -> None:
        """An event that AWS repeats only now and then."""
        if moment - self.last_event.get(text, -every) >= every:
            self.last_event[text] = moment
            self.event(text)

    def describe(self, include: list[str]) -> dict[str, Any]:
        settings = self.settings
        tasks = self.tasks()
        primary = self.primary
        return without_none(
            {
                "serviceArn": self.arn,
                "serviceName": self.name,
                "clusterArn": self.cluster_arn,
                "loadBalancers": self.load_balancers,
                "serviceRegistries": self.registries,
                "status": self.status,
                "desiredCount": self.desired_count,
                "runningCount": sum(task.last_status == "RUNNING" for task in tasks),
                "pendingCount": sum(task.last_status in PENDING_STATES for task in tasks),
                "launchType": self.launch_type,
                "capacityProviderStrategy": settings.get("capacityProviderStrategy"),
                "platformVersion": None if self.launch_type == "EC2" else settings.get("platformVersion") or "LATEST",
                "platformFamily": None if self.launch_type == "EC2" else "Linux",
                "taskDefinition": primary.task_definition if primary else settings["taskDefinition"],
                "deploymentConfiguration": self.deployment_configuration,
                "deployments": [item.describe(tasks) for item in self.deployments],
                "roleArn": SERVICE_ROLE if self.load_balancers or self.registries or self.network else None,
                "events": list(self.events),
                "createdAt": self.created_at,
                "createdBy": CREATED_BY,
                "placementConstraints": settings.get("placementConstraints") or [],
                "placementStrategy": settings.get("placementStrategy") or [],
                "networkConfiguration": {"awsvpcConfiguration": self.network} if self.network else None,
                "healthCheckGracePeriodSeconds": self.grace_period if self.load_balancers else None,
                "schedulingStrategy": self.scheduling_strategy,
                "deploymentController": settings.get("deploymentController") or {"type": "ECS"},
                "tags": list(self.tags) if "TAGS" in include else None,
                "enableECSManagedTags": bool(settings.get("enableECSManagedTags")),
                "propagateTags": settings.get("propagateTags") or "NONE",
                "enableExecuteCommand": bool(settings.get("enableExecuteCommand")),
                "availabilityZoneRebalancing": settings["availabilityZoneRebalancing"],
            }
        )
