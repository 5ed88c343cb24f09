# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ECS operations that moto only pretends to do, replaced in place.

Everything else of ECS (task definitions, account settings, tagging, container instances) stays moto's.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.ecs.exceptions import ECSException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

from .lifecycle import Tasks
from .model import CREATED_BY, Deployment, LiveService, LiveTask
from .runtime import Runtime, now
from .scheduler import DRAIN

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
UPDATE_PROVIDERS = 5.0
ROLLING_SETTINGS = (
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "propagateTags",
    "serviceRegistries",
)
OTHER_SETTINGS = (
    "availabilityZoneRebalancing",
    "deploymentConfiguration",
    "desiredCount",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
)
CREATE_SETTINGS = (
    *ROLLING_SETTINGS,
    *OTHER_SETTINGS,
    "deploymentController",
    "launchType",
    "role",
    "schedulingStrategy",
    "tags",
)
# What makes a second CreateService of the same name "not idempotent"
COMPARED = (
    "launchType",
    "capacityProviderStrategy",
    "loadBalancers",
    "networkConfiguration",
    "serviceRegistries",
    "desiredCount",
    "deploymentConfiguration",
    "platformVersion",
    "schedulingStrategy",
)
PAGE_SERVICES, PAGE_TASKS = 10, 100


def fail(code: str, message: str) -> ECSException:
    return ECSException(code, message)


def short(name: str | None) -> str:
    return (name or "").rsplit("/", 1)[-1]


class Api:
    """The operations; one instance serves all accounts and regions."""

    def __init__(self, runtime: Runtime, tasks: Tasks) -> None:
        self.runtime = runtime
        self.tasks = tasks
        self.tokens: dict[str, list[LiveTask]] = {}

    # --- look-ups ---

    @staticmethod
    def cluster(backend: Any, name: str | None) -> Any:
        cluster = backend.clusters.get(short(name) or "default")
        if cluster is None or cluster.status == "INACTIVE":
            raise fail("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def service(self, backend: Any, cluster: Any, name: str) -> LiveService:
        service = backend.services.get(f"{cluster.name}:{short(name)}")
        if service is None:
            raise fail("ServiceNotFoundException", "Service not found.")
        return service  # type: ignore[no-any-return]

    @staticmethod
    def definition(backend: Any, name: str) -> Any:
        """An active task definition; a family means its newest active revision."""
        family, _, revision = short(name).partition(":")
        known = backend.task_definitions.get(family) or {}
        if not revision:
            active = [number for number, item in known.items() if item.status == "ACTIVE"]
            if not active:
                raise fail("ClientException", "TaskDefinition not found.")
            return known[max(active)]
        found = known.get(int(revision)) if revision.isdigit() else None
        if found is None:
            raise fail("ClientException", "TaskDefinition not found.")
        if found.status != "ACTIVE":
            raise fail("ClientException", "TaskDefinition is inactive")
        return found

    # --- clusters ---

    def create_cluster(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        name = params.get("clusterName") or "default"
        known = backend.clusters.get(name)
        if known is not None and known.status != "INACTIVE":
            # AWS answers with the cluster that is there
            return {"cluster": self.count(backend, known)}
        cluster = backend.create_cluster(
            name,
            params.get("tags") or [],
            params.get("settings"),
            params.get("configuration"),
            params.get("capacityProviders") or [],
            params.get("defaultCapacityProviderStrategy") or [],
            service_connect_defaults=params.get("serviceConnectDefaults"),
        )
        return {"cluster": self.count(backend, cluster)}

    def count(self, backend: Any, cluster: Any) -> Any:
        tasks = [item for item in backend.tasks.get(cluster.name, {}).values() if isinstance(item, LiveTask)]
        cluster.running_tasks_count = sum(item.last_status == "RUNNING" for item in tasks)
        cluster.pending_tasks_count = sum(item.last_status in ("PROVISIONING", "PENDING") for item in tasks)
        cluster.active_services_count = sum(
            item.cluster_name == cluster.name and item.status == "ACTIVE" for item in backend.services.values()
        )
        cluster.statistics = []
        cluster.capacity_providers = cluster.capacity_providers or []
        cluster.default_capacity_provider_strategy = cluster.default_capacity_provider_strategy or []
        updated = getattr(cluster, "providers_updated_at", None)
        if updated is not None:
            done = time.monotonic() >= updated
            cluster.attachments_status = "UPDATE_COMPLETE" if done else "UPDATE_IN_PROGRESS"
            cluster.attachments = []
        return cluster

    def put_cluster_capacity_providers(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        if time.monotonic() < getattr(cluster, "providers_updated_at", 0.0):
            raise fail(
                "UpdateInProgressException",
                "The specified cluster is in a busy state. Cluster attachments "
                "must be in UPDATE_COMPLETE or UPDATE_FAILED status.",
            )
        removed = set(cluster.capacity_providers or []) - set(params.get("capacityProviders") or [])
        for service in backend.services.values():
            used = {item["capacityProvider"] for item in service.settings.get("capacityProviderStrategy") or []}
            if service.cluster_name == cluster.name and service.status != "INACTIVE" and used & removed:
                raise fail("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
        cluster.capacity_providers = params.get("capacityProviders") or []
        cluster.default_capacity_provider_strategy = params.get("defaultCapacityProviderStrategy") or []
        cluster.providers_updated_at = time.monotonic() + self.runtime.clock.platform(UPDATE_PROVIDERS)
        return {"cluster": self.count(backend, cluster)}

    def delete_cluster(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        if any(item.cluster_name == cluster.name and item.status != "INACTIVE" for item in backend.services.values()):
            raise fail("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
        if backend.container_instances.get(cluster.name):
            raise fail(
                "ClusterContainsContainerInstancesException",
                "The Cluster cannot be deleted while Container Instances are active or draining.",
            )
        if any(item.last_status != "STOPPED" for item in backend.tasks.get(cluster.name, {}).values()):
            raise fail("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        if time.monotonic() < getattr(cluster, "providers_updated_at", 0.0):
            raise fail(
                "UpdateInProgressException",
                "The specified cluster is in a busy state. Cluster attachments "
                "must be in UPDATE_COMPLETE or UPDATE_FAILED status.",
            )
        cluster.status = "INACTIVE"
        for key in [name for name, item in backend.services.items() if item.cluster_name == cluster.name]:
            del backend.services[key]
        return {"cluster": self.count(backend, cluster)}

    def describe_clusters(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        found, failures = backend.describe_clusters(params.get("clusters") or [])
        return {"clusters": [self.count(backend, item) for item in found], "failures": failures}

    def list_clusters(self, backend: Any, _params: dict[str, Any]) -> dict[str, Any]:
        return {"clusterArns": [item.arn for item in backend.clusters.values() if item.status != "INACTIVE"]}

    # --- tasks ---

    def run_task(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        token = params.get("clientToken")
        if token and token in self.tokens:
            return {"tasks": [task.describe([]) for task in self.tokens[token]], "failures": []}
        definition = self.definition(backend, params["taskDefinition"])
        launch_type, strategy = self._placement(cluster, params)
        if launch_type in ("EC2", "EXTERNAL"):
            raise fail("InvalidParameterException", "No Container Instances were found in your cluster.")
        network = self._network(backend, definition, params.get("networkConfiguration"))
        tasks = []
        for _ in range(int(params.get("count") or 1)):
            task = LiveTask(
                backend=backend,
                cluster=cluster,
                task_definition=definition,
                group=params.get("group") or f"family:{definition.family}",
                network=network,
                overrides=params.get("overrides"),
                started_by=params.get("startedBy") or "",
                tags=self._run_tags(definition, cluster, params),
                launch_type="FARGATE",
                capacity_provider=strategy[0]["capacityProvider"] if strategy else None,
                enable_execute_command=bool(params.get("enableExecuteCommand")),
            )
            backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
            self.tasks.begin(task)
            tasks.append(task)
        if token:
            self.tokens[token] = tasks
        return {"tasks": [task.describe(["TAGS"]) for task in tasks], "failures": []}

    @staticmethod
    def _run_tags(definition: Any, cluster: Any, params: dict[str, Any]) -> list[dict[str, str]]:
        tags = {}
        if params.get("propagateTags") == "TASK_DEFINITION":
            tags.update({tag["key"]: tag.get("value", "") for tag in definition.tags or []})
        tags.update({tag["key"]: tag.get("value", "") for tag in params.get("tags") or []})
        if params.get("enableECSManagedTags"):
            tags["aws:ecs:clusterName"] = cluster.name
        return [{"key": key, "value": value} for key, value in tags.items()]

    @staticmethod
    def _placement(cluster: Any, params: dict[str, Any]) -> tuple[str | None, list[dict[str, Any]]]:
        launch_type = params.get("launchType")
        strategy = params.get("capacityProviderStrategy") or []
        if not launch_type and not strategy:
            strategy = cluster.default_capacity_provider_strategy or []
        if not launch_type and not strategy:
            return "EC2", []
        for item in strategy:
            if item["capacityProvider"] not in (cluster.capacity_providers or []):
                raise fail(
                    "InvalidParameterException",
                    f"The specified capacity provider '{item['capacityProvider']}' was not found. Specify a "
                    "valid name or ARN and try again.",
                )
        ordered = sorted(strategy, key=lambda item: (-int(item.get("base") or 0), -int(item.get("weight") or 0)))
        return launch_type, ordered

    @staticmethod
    def _network(backend: Any, definition: Any, given: dict[str, Any] | None) -> dict[str, Any]:
        network = (given or {}).get("awsvpcConfiguration") or {}
        if definition.network_mode != "awsvpc":
            return network
        if not network.get("subnets"):
            raise fail(
                "InvalidParameterException",
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            )
        return {"assignPublicIp": "DISABLED", "securityGroups": [], **network}

    def find_task(self, backend: Any, cluster: Any, reference: str) -> LiveTask | None:
        for arn, task in backend.tasks.get(cluster.name, {}).items():
            if reference in (arn, task.id):
                return task  # type: ignore[no-any-return]
        return None

    def describe_tasks(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        references = params.get("tasks") or []
        if not references:
            raise fail("InvalidParameterException", "Tasks cannot be empty.")
        if len(references) > PAGE_TASKS:
            raise fail("InvalidParameterException", "Tasks cannot have more than 100 elements.")
        tasks, failures = [], []
        for reference in references:
            task = self.find_task(backend, cluster, reference)
            if task:
                tasks.append(task.describe(params.get("include") or []))
            else:
                arn = (
                    reference
                    if reference.startswith("arn:")
                    else (f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{cluster.name}/{reference}")
                )
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"tasks": tasks, "failures": failures}

    def list_tasks(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        wanted = params.get("desiredStatus") or "RUNNING"
        service = short(params.get("serviceName"))
        if service:
            self.service(backend, cluster, service)

        def chosen(task: LiveTask) -> bool:
            return (
                task.desired_status == wanted
                and (not service or (task.service is not None and task.service.name == service))
                and params.get("family") in (None, "", task.task_definition.family)
                and params.get("startedBy") in (None, "", task.started_by)
                and params.get("launchType") in (None, "", task.launch_type)
                and not params.get("containerInstance")
            )

        arns = [arn for arn, task in backend.tasks.get(cluster.name, {}).items() if chosen(task)]
        return _page("taskArns", arns, params, PAGE_TASKS)

    def stop_task(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        task = self.find_task(backend, cluster, params["task"])
        if task is None:
            raise fail("InvalidParameterException", "The referenced task was not found.")
        self.tasks.stop(task, "UserInitiated", params.get("reason") or "Task stopped by user")
        return {"task": task.describe([])}

    # --- services ---

    def create_service(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        name = params["serviceName"]
        definition = self.definition(backend, params.get("taskDefinition") or "")
        settings = {key: copy.deepcopy(params[key]) for key in CREATE_SETTINGS if params.get(key) is not None}
        settings["taskDefinition"] = definition.arn
        settings["desiredCount"] = int(params.get("desiredCount") or 0)
        known = backend.services.get(f"{cluster.name}:{name}")
        if known is not None and known.status == "DRAINING":
            raise fail("InvalidParameterException", "Unable to Start a service that is still Draining.")
        if known is not None and known.status == "ACTIVE":
            return self._again(known, settings)
        launch_type, strategy = self._placement(cluster, params)
        if not settings.get("launchType") and not settings.get("capacityProviderStrategy"):
            settings.update({"capacityProviderStrategy": strategy} if strategy else {"launchType": launch_type})
        network = self._network(backend, definition, params.get("networkConfiguration"))
        if network:
            settings["networkConfiguration"] = {"awsvpcConfiguration": network}
        settings.setdefault("availabilityZoneRebalancing", self._rebalancing(settings))
        service = LiveService(backend=backend, cluster=cluster, name=name, settings=settings)
        if known is not None and known.status == "INACTIVE":
            del backend.services[f"{cluster.name}:{name}"]
        backend.services[f"{cluster.name}:{name}"] = service
        self._deploy(service)
        return {"service": service.describe(["TAGS"])}

    @staticmethod
    def _rebalancing(settings: dict[str, Any]) -> str:
        """What AWS chooses when the field is left out: on, where the service is compatible with it."""
        maximum = (settings.get("deploymentConfiguration") or {}).get("maximumPercent", 200)
        return "DISABLED" if maximum <= 100 or settings.get("schedulingStrategy") == "DAEMON" else "ENABLED"

    @staticmethod
    def _again(known: LiveService, settings: dict[str, Any]) -> dict[str, Any]:
        """A second CreateService: the same arguments are answered, others refused."""
        same = known.settings["taskDefinition"] == settings["taskDefinition"] and all(
            key not in settings or _canonical(settings[key]) == _canonical(known.settings.get(key)) for key in COMPARED
        )
        if not same:
            raise fail("InvalidParameterException", "Creation of service was not idempotent.")
        return {"service": known.describe(["TAGS"])}

    def _deploy(self, service: LiveService) -> None:
        settings = service.settings
        previous = service.primary
        if previous is not None:
            previous.status = "ACTIVE"
        deployment = Deployment(
            task_definition=settings["taskDefinition"],
            network=copy.deepcopy(service.network),
            desired=service.desired_count,
            launch_type=service.launch_type,
            strategy=copy.deepcopy(settings.get("capacityProviderStrategy") or []),
            enable_execute_command=bool(settings.get("enableExecuteCommand")),
            load_balancers=copy.deepcopy(service.load_balancers),
            registries=copy.deepcopy(service.registries),
        )
        service.deployments.insert(0, deployment)
        service.steady = False
        self.runtime.kick()

    def update_service(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        service = self.service(backend, cluster, params["service"])
        if service.status != "ACTIVE":
            raise fail("ServiceNotActiveException", "Service was not ACTIVE.")
        rolls = bool(params.get("forceNewDeployment"))
        if params.get("taskDefinition"):
            definition = self.definition(backend, params["taskDefinition"])
            rolls = rolls or definition.arn != service.settings["taskDefinition"]
            service.settings["taskDefinition"] = definition.arn
        else:
            definition = backend.describe_task_definition(service.settings["taskDefinition"])
        for key in (*ROLLING_SETTINGS, *OTHER_SETTINGS):
            if params.get(key) is None:
                continue
            value = copy.deepcopy(params[key])
            if key == "networkConfiguration":
                value = {"awsvpcConfiguration": self._network(backend, definition, value)}
            if key in ROLLING_SETTINGS:
                rolls = rolls or _canonical(value) != _canonical(service.settings.get(key))
            service.settings[key] = value
        if params.get("capacityProviderStrategy"):
            self._placement(cluster, params)
            service.settings.pop("launchType", None)
        elif params.get("capacityProviderStrategy") is not None and not service.launch_type:
            # API UpdateService.capacityProviderStrategy: an empty list takes the service back to its launch type
            service.settings["launchType"] = "FARGATE"
        if rolls:
            self._deploy(service)
        service.steady = False
        self.runtime.kick()
        return {"service": service.describe(["TAGS"])}

    def delete_service(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        service = self.service(backend, cluster, params["service"])
        if service.status == "INACTIVE":
            raise fail("ServiceNotFoundException", "Service not found.")
        force = str(params.get("force") or False).lower() == "true"
        if service.status == "ACTIVE" and service.desired_count > 0 and not force:
            raise fail("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
        if service.status == "ACTIVE":
            service.status = "DRAINING"
            service.desired_count = 0
            for deployment in service.deployments:
                deployment.desired = 0
            service.inactive_at = time.monotonic() + self.runtime.clock.platform(DRAIN)
            self.runtime.kick()
        return {"service": service.describe(["TAGS"])}

    def describe_services(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        names = params.get("services") or []
        if not names:
            raise fail("InvalidParameterException", "Services cannot be empty.")
        if len(names) > PAGE_SERVICES:
            raise fail("InvalidParameterException", "Services cannot have more than 10 elements.")
        services, failures = [], []
        for name in names:
            service = backend.services.get(f"{cluster.name}:{short(name)}")
            if service:
                services.append(service.describe(params.get("include") or []))
            else:
                arn = (
                    name
                    if name.startswith("arn:")
                    else (f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:service/{cluster.name}/{name}")
                )
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"services": services, "failures": failures}

    def list_services(self, backend: Any, params: dict[str, Any]) -> dict[str, Any]:
        cluster = self.cluster(backend, params.get("cluster"))
        arns = sorted(
            service.arn
            for service in backend.services.values()
            if service.cluster_name == cluster.name
            and service.status != "INACTIVE"
            and params.get("launchType") in (None, "", service.launch_type)
            and params.get("schedulingStrategy") in (None, "", service.scheduling_strategy)
        )
        return _page("serviceArns", arns, params, PAGE_SERVICES)


def _page(name: str, items: list[str], params: dict[str, Any], size: int) -> dict[str, Any]:
    """One page, as long as AWS's: callers that do not ask for the next one miss the rest."""
    first = int(params.get("nextToken") or 0)
    last = first + int(params.get("maxResults") or size)
    answer: dict[str, Any] = {name: items[first:last]}
    if last < len(items):
        answer["nextToken"] = str(last)
    return answer


def _canonical(value: Any) -> Any:
    """Settings without the differences that mean nothing: order of lists of names, and left-out defaults."""
    if isinstance(value, dict):
        return {
            key: _canonical(item)
            for key, item in value.items()
            if item not in (None, [], {}) and (key, item) not in (("assignPublicIp", "DISABLED"), ("base", 0))
        }
    if isinstance(value, list):
        return sorted((_canonical(item) for item in value), key=repr)
    return value


# --- task definitions: what AWS fills in ---

HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3}


def complete(container: dict[str, Any]) -> dict[str, Any]:
    """A container definition as DescribeTaskDefinition shows it."""
    shown = copy.deepcopy(container)
    shown.setdefault("systemControls", [])
    for mapping in shown.get("portMappings") or []:
        mapping.setdefault("hostPort", mapping["containerPort"])
        mapping.setdefault("protocol", "tcp")
    if shown.get("healthCheck"):
        shown["healthCheck"] = {**HEALTH_DEFAULTS, **shown["healthCheck"]}
    if shown.get("logConfiguration"):
        shown["logConfiguration"].setdefault("secretOptions", [])
    return shown


def _register(original: Callable[..., Any]) -> Callable[..., Any]:
    def register_task_definition(
        self: Any, family: str, container_definitions: list[dict[str, Any]], *args: Any, **kwargs: Any
    ) -> Any:
        completed = [complete(item) for item in container_definitions]
        definition = original(self, family, completed, *args, **kwargs)
        definition.registered_at = now()
        definition.registered_by = CREATED_BY
        for volume in definition.volumes:
            if not set(volume) - {"name"}:
                volume["host"] = {}
        return definition

    return register_task_definition


def _tagged(self: Any) -> Any:
    """What the resource groups tagging API lists: things that exist."""
    for service in self.services.values():
        if service.status != "INACTIVE":
            yield TaggedResource(arn=service.arn, tags=_tag_map(service), resource_type="ecs:service")
    for cluster in self.clusters.values():
        if cluster.status != "INACTIVE":
            yield TaggedResource(arn=cluster.arn, tags=_tag_map(cluster), resource_type="ecs:cluster")
    for stored in self.tasks.values():
        for task in stored.values():
            if task.last_status != "STOPPED":
                yield TaggedResource(arn=task.task_arn, tags=_tag_map(task), resource_type="ecs:task")
    for revisions in self.task_definitions.values():
        for definition in revisions.values():
            yield TaggedResource(arn=definition.arn, tags=_tag_map(definition), resource_type="ecs:task-definition")


def _tag_map(resource: Any) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in resource.tags or []}


OPERATIONS = (
    "create_cluster",
    "delete_cluster",
    "describe_clusters",
    "list_clusters",
    "put_cluster_capacity_providers",
    "run_task",
    "describe_tasks",
    "list_tasks",
    "stop_task",
    "create_service",
    "update_service",
    "delete_service",
    "describe_services",
    "list_services",
)
# moto excludes tags of these from answers unless asked; the shapes above decide that themselves
_INCLUDE = {
    "describe_clusters": "DescribeClustersResponse.clusters.Cluster.tags",
    "describe_services": "DescribeServicesResponse.services.Service.tags",
    "describe_tasks": "DescribeTasksResponse.tasks.Task.tags",
}


def patch(api: Api) -> None:
    """Put the operations into moto."""

    def handler(name: str) -> Callable[[Any], ActionResult]:
        operation = getattr(api, name)

        def handle(self: Any) -> ActionResult:
            params = self._get_params() or {}
            path = _INCLUDE.get(name)
            if path and "TAGS" in (params.get("include") or []):
                self._include_in_response(path)
            elif path:
                self._exclude_from_response(path)
            with api.runtime.lock:
                return ActionResult(operation(self.ecs_backend, params))

        handle.__name__ = name
        return handle

    for name in OPERATIONS:
        setattr(EC2ContainerServiceResponse, name, handler(name))
    backend: Any = EC2ContainerServiceBackend
    backend.register_task_definition = _register(backend.register_task_definition)
    backend.iter_tagged_resources = _tagged
