# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map as services with serviceRegistries use it, and the private DNS that answers from it."""

from __future__ import annotations

from typing import Any

from moto.servicediscovery.models import servicediscovery_backends

from .model import LiveTask
from .runtime import ACCOUNT_ID


def _service(region: str, registry_arn: str) -> Any | None:
    return servicediscovery_backends[ACCOUNT_ID][region].services.get(registry_arn.rsplit("/", 1)[-1])


def register(task: LiveTask) -> None:
    """Name the task; ECS does so when it runs and is healthy."""
    if not task.deployment:
        return
    for registry in task.deployment.registries:
        service = _service(task.region, registry["registryArn"])
        if service is None or service.id in task.registered_instances:
            continue
        attributes = {
            "AVAILABILITY_ZONE": task.availability_zone or "",
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "AWS_INSTANCE_IPV4": task.address,
            "ECS_CLUSTER_NAME": task.cluster_name,
            "ECS_SERVICE_NAME": task.service.name if task.service else "",
            "ECS_TASK_DEFINITION_FAMILY": task.task_definition.family,
            "REGION": task.region,
        }
        backend = servicediscovery_backends[ACCOUNT_ID][task.region]
        backend.register_instance(service.id, task.id, "", attributes)
        task.registered_instances.append(service.id)


def set_health(task: LiveTask, healthy: bool) -> None:
    for instance in _instances(task):
        instance.health_status = "HEALTHY" if healthy else "UNHEALTHY"


def _instances(task: LiveTask) -> list[Any]:
    services = servicediscovery_backends[ACCOUNT_ID][task.region].services
    return [
        instance
        for service_id in task.registered_instances
        if service_id in services
        for instance in services[service_id].instances
        if instance.instance_id == task.id
    ]


def deregister(task: LiveTask) -> None:
    services = servicediscovery_backends[ACCOUNT_ID][task.region].services
    for service_id in task.registered_instances:
        if service_id in services:
            services[service_id].instances[:] = [
                item for item in services[service_id].instances if item.instance_id != task.id
            ]
    task.registered_instances.clear()


def resolve(name: str) -> list[str]:
    """Addresses that a name of a private namespace has now; every task listens on the loopback interface."""
    wanted = name.rstrip(".").lower()
    for backends in list(servicediscovery_backends.values()):
        for backend in list(backends.values()):
            spaces = {space.id: space.name.lower() for space in backend.namespaces.values() if space.type != "HTTP"}
            for service in backend.services.values():
                if f"{service.name}.{spaces.get(service.namespace_id)}".lower() == wanted and service.instances:
                    # Cloud Map answers with the unhealthy ones when no healthy one is left
                    return ["127.0.0.1"]
    return []
