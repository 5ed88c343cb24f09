# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ECS service is and where it differs from the wanted one; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference
from .shapes import short, snake, tag_dict, tag_list

# How many of the up to 100 events are returned.
EVENTS = 10


def network(options: dict[str, Any] | None) -> dict[str, Any] | None:
    """The option network_configuration as the API takes it."""
    if options is None:
        return None
    vpc: dict[str, Any] = {
        "subnets": options["subnets"],
        "assignPublicIp": "ENABLED" if options.get("assign_public_ip") else "DISABLED",
    }
    if options.get("security_groups"):
        vpc["securityGroups"] = options["security_groups"]
    return {"awsvpcConfiguration": vpc}


def strategy(options: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """The option capacity_provider_strategy as the API takes it."""
    if options is None:
        return None
    return [
        {"capacityProvider": item["capacity_provider"], "weight": item["weight"], "base": item["base"]}
        for item in options
    ]


def deployment_configuration(
    options: dict[str, Any] | None, active: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """The option deployment_configuration as the API takes it, with what it leaves open taken from the active one."""
    if options is None:
        return None
    breaker = options.get("deployment_circuit_breaker")
    wanted = {
        "minimumHealthyPercent": options.get("minimum_healthy_percent"),
        "maximumPercent": options.get("maximum_percent"),
        "deploymentCircuitBreaker": {"enable": breaker["enable"], "rollback": breaker["rollback"]} if breaker else None,
    }
    return {
        key: value if value is not None else (active or {})[key]
        for key, value in wanted.items()
        if value is not None or key in (active or {})
    }


def create_request(params: dict[str, Any], task_definition: str, tags: dict[str, Any]) -> dict[str, Any]:
    """The parameters of CreateService."""
    rebalancing = params["availability_zone_rebalancing"]
    request = {
        "cluster": params["cluster"],
        "serviceName": params["name"],
        "taskDefinition": task_definition,
        "desiredCount": 1 if params["desired_count"] is None else params["desired_count"],
        "launchType": params["launch_type"],
        "capacityProviderStrategy": strategy(params["capacity_provider_strategy"]),
        "platformVersion": params["platform_version"],
        "networkConfiguration": network(params["network_configuration"]),
        "loadBalancers": params["load_balancers"],
        "serviceRegistries": params["service_registries"],
        "placementConstraints": params["placement_constraints"],
        "deploymentConfiguration": deployment_configuration(params["deployment_configuration"]),
        "availabilityZoneRebalancing": rebalancing,
        "healthCheckGracePeriodSeconds": params["health_check_grace_period_seconds"],
        "enableExecuteCommand": params["enable_execute_command"],
        "enableECSManagedTags": params["enable_ecs_managed_tags"],
        "propagateTags": params["propagate_tags"],
        "tags": tag_list(tags) or None,
    }
    return {key: value for key, value in request.items() if value not in (None, [])}


def same_network(wanted: dict[str, Any], active: dict[str, Any]) -> bool:
    """Whether two network configurations are the same; the order of subnets and security groups means nothing."""

    def canonical(configuration: dict[str, Any]) -> tuple[Any, ...]:
        vpc = configuration.get("awsvpcConfiguration") or {}
        return (
            sorted(vpc.get("subnets") or []),
            sorted(vpc.get("securityGroups") or []),
            vpc.get("assignPublicIp") or "DISABLED",
        )

    return canonical(wanted) == canonical(active)


def same_members(wanted: list[dict[str, Any]], active: list[dict[str, Any]]) -> bool:
    """Whether two lists have the same members in any order, as far as the wanted ones say what they are."""
    left = list(active)
    for item in wanted:
        match = next((one for one in left if all(one.get(key) == value for key, value in item.items())), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def same_strategy(wanted: list[dict[str, Any]], active: list[dict[str, Any]]) -> bool:
    """Whether two capacity provider strategies are the same; AWS leaves out a weight or base of 0."""

    def canonical(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((item["capacityProvider"], item.get("weight", 0), item.get("base", 0)) for item in items)

    return canonical(wanted) == canonical(active)


def _same_configuration(wanted: dict[str, Any], active: dict[str, Any]) -> bool:
    for key, value in wanted.items():
        if key == "deploymentCircuitBreaker":
            breaker = active.get(key) or {}
            if any(bool(breaker.get(name)) != value[name] for name in ("enable", "rollback")):
                return False
        elif active.get(key) != value:
            return False
    return True


def compare(params: dict[str, Any], service: dict[str, Any], task_definition: str, count_is_ours: bool) -> Difference:
    """The whole difference, with the request that removes it. Tags are not part of it.

    :param task_definition: the resolved ARN.
    :param count_is_ours: whether nobody else, as Application Auto Scaling, sets the desired count.
    """
    difference = Difference()
    _compare_deployed(difference, params, service, task_definition)
    if count_is_ours:
        count = params["desired_count"]
        difference.add("desired_count", count, service.get("desiredCount"), request={"desiredCount": count})
    active = service.get("deploymentConfiguration") or {}
    wanted = deployment_configuration(params["deployment_configuration"], active)
    difference.add(
        "deployment_configuration",
        wanted,
        {key: active[key] for key in wanted or {} if key in active},
        request={"deploymentConfiguration": wanted},
        same=_same_configuration,
    )
    plain = {
        "availability_zone_rebalancing": ("availabilityZoneRebalancing", "DISABLED"),
        "health_check_grace_period_seconds": ("healthCheckGracePeriodSeconds", 0),
        "enable_execute_command": ("enableExecuteCommand", False),
        "enable_ecs_managed_tags": ("enableECSManagedTags", False),
        "propagate_tags": ("propagateTags", "NONE"),
    }
    for option, (key, default) in plain.items():
        difference.add(option, params[option], service.get(key) or default, request={key: params[option]})
    return difference


def _compare_deployed(
    difference: Difference, params: dict[str, Any], service: dict[str, Any], task_definition: str
) -> None:
    """What tasks are made from."""
    difference.add(
        "task_definition", task_definition, service.get("taskDefinition"), request={"taskDefinition": task_definition}
    )
    wanted = network(params["network_configuration"])
    difference.add(
        "network_configuration",
        wanted,
        service.get("networkConfiguration") or {},
        request={"networkConfiguration": wanted},
        same=same_network,
    )
    for option, key in (
        ("load_balancers", "loadBalancers"),
        ("service_registries", "serviceRegistries"),
        ("placement_constraints", "placementConstraints"),
    ):
        active = service.get(key) or []
        difference.add(option, params[option], active, request={key: params[option]}, same=same_members)
    # An empty strategy is AWS's way back to the launch type. Neither change starts new tasks by itself.
    providers = strategy(params["capacity_provider_strategy"])
    if providers is None and params["launch_type"]:
        providers = []
    difference.add(
        "capacity_provider_strategy",
        providers,
        service.get("capacityProviderStrategy") or [],
        request={"capacityProviderStrategy": providers, "forceNewDeployment": True},
        same=same_strategy,
    )
    version = params["platform_version"]
    difference.add(
        "platform_version", version, service.get("platformVersion") or "LATEST", request={"platformVersion": version}
    )
    # Nothing differs, but what was deployed last did not come up: AWS has given up and does not try again by itself.
    deployments: list[dict[str, Any]] = service.get("deployments") or []
    primary = next((item for item in deployments if item.get("status") == "PRIMARY"), None)
    if primary and primary.get("rolloutState") == "FAILED" and not difference.changed:
        difference.add("rollout_state", "IN_PROGRESS", "FAILED", request={"forceNewDeployment": True})


def describe(service: dict[str, Any]) -> dict[str, Any]:
    """A service with the module's names, and only its last events."""
    shown = snake({key: value for key, value in service.items() if key not in ("events", "tags")})
    events = [event["message"] for event in (service.get("events") or [])[:EVENTS]]
    return {**shown, "events": events, "tags": tag_dict(service.get("tags"))}


def predicted(request: dict[str, Any]) -> dict[str, Any]:
    """The service as it will be once it is created."""
    shown = {key: value for key, value in request.items() if key not in ("cluster", "clientToken")}
    return describe(
        {
            **shown,
            "status": "ACTIVE",
            "clusterArn": request["cluster"],
            "deployments": [],
            "runningCount": 0,
            "pendingCount": 0,
        }
    )


def predicted_update(service: dict[str, Any], request: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """The service as it will be after an update."""
    change = {key: value for key, value in request.items() if key != "forceNewDeployment"}
    return describe({**service, **change, "tags": tag_list(tags)})


def resource_id(service: dict[str, Any]) -> str:
    """The service's name in Application Auto Scaling."""
    return f"service/{short(service['clusterArn'])}/{service['serviceName']}"
