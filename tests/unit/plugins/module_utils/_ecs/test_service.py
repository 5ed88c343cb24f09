# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.service import (
    compare,
    create_request,
    deployment_configuration,
    describe,
    predicted,
    predicted_update,
    resource_id,
)

ARN = "arn:aws:ecs:eu-central-1:123456789012:task-definition/x:1"
OPTIONS = [
    "availability_zone_rebalancing",
    "capacity_provider_strategy",
    "deployment_configuration",
    "desired_count",
    "enable_ecs_managed_tags",
    "enable_execute_command",
    "health_check_grace_period_seconds",
    "launch_type",
    "load_balancers",
    "network_configuration",
    "placement_constraints",
    "platform_version",
    "propagate_tags",
    "service_registries",
]
SERVICE: dict[str, Any] = {
    "serviceName": "web",
    "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/x",
    "status": "ACTIVE",
    "taskDefinition": ARN,
    "desiredCount": 2,
    "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["b", "a"], "securityGroups": ["s"], "assignPublicIp": "DISABLED"}
    },
    "loadBalancers": [{"targetGroupArn": "t", "containerName": "web", "containerPort": 3000}],
    "serviceRegistries": [{"registryArn": "r"}],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:node == 1"}],
    "deploymentConfiguration": {
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True, "resetOnHealthyTask": True},
        "strategy": "ROLLING",
    },
    "availabilityZoneRebalancing": "ENABLED",
    "healthCheckGracePeriodSeconds": 60,
    "enableExecuteCommand": False,
    "enableECSManagedTags": False,
    "propagateTags": "SERVICE",
    "deployments": [{"status": "PRIMARY", "id": "d1", "rolloutState": "COMPLETED"}],
    "events": [{"message": f"m{number}"} for number in range(30)],
    "tags": [{"key": "K", "value": "v"}],
}
SAME: dict[str, Any] = {
    "desired_count": 2,
    "launch_type": "FARGATE",
    "platform_version": "LATEST",
    "network_configuration": {"subnets": ["a", "b"], "security_groups": ["s"], "assign_public_ip": False},
    "load_balancers": [{"targetGroupArn": "t", "containerName": "web", "containerPort": 3000}],
    "service_registries": [{"registryArn": "r"}],
    "placement_constraints": [{"type": "memberOf", "expression": "attribute:node == 1"}],
    "deployment_configuration": {
        "minimum_healthy_percent": 100,
        "maximum_percent": 200,
        "deployment_circuit_breaker": {"enable": True, "rollback": True},
    },
    "availability_zone_rebalancing": "ENABLED",
    "health_check_grace_period_seconds": 60,
    "enable_execute_command": False,
    "enable_ecs_managed_tags": False,
    "propagate_tags": "SERVICE",
}


def params(**options: Any) -> dict[str, Any]:
    return {**dict.fromkeys(OPTIONS), "cluster": "x", "name": "web", **options}


class TestCompare:
    def test_what_is_not_given_is_left_alone(self) -> None:
        assert not compare(params(), SERVICE, ARN, True).changed

    def test_the_same(self) -> None:
        assert not compare(params(**SAME), SERVICE, ARN, True).changed

    @pytest.mark.parametrize(
        ("options", "request_"),
        [
            ({"desired_count": 0}, {"desiredCount": 0}),
            ({"platform_version": "1.4.0"}, {"platformVersion": "1.4.0"}),
            (
                {"network_configuration": {"subnets": ["a"], "security_groups": ["s"], "assign_public_ip": False}},
                {
                    "networkConfiguration": {
                        "awsvpcConfiguration": {
                            "subnets": ["a"],
                            "securityGroups": ["s"],
                            "assignPublicIp": "DISABLED",
                        }
                    }
                },
            ),
            ({"load_balancers": []}, {"loadBalancers": []}),
            ({"service_registries": [{"registryArn": "q"}]}, {"serviceRegistries": [{"registryArn": "q"}]}),
            (
                {"placement_constraints": [{"type": "memberOf", "expression": "attribute:node == 2"}]},
                {"placementConstraints": [{"type": "memberOf", "expression": "attribute:node == 2"}]},
            ),
            ({"placement_constraints": []}, {"placementConstraints": []}),
            (
                {"deployment_configuration": {"minimum_healthy_percent": 0, "maximum_percent": 100}},
                {
                    "deploymentConfiguration": {
                        "minimumHealthyPercent": 0,
                        "maximumPercent": 100,
                        "deploymentCircuitBreaker": SERVICE["deploymentConfiguration"]["deploymentCircuitBreaker"],
                    }
                },
            ),
            (
                {"deployment_configuration": {"deployment_circuit_breaker": {"enable": True, "rollback": False}}},
                {
                    "deploymentConfiguration": {
                        "minimumHealthyPercent": 100,
                        "maximumPercent": 200,
                        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
                    }
                },
            ),
            ({"availability_zone_rebalancing": "DISABLED"}, {"availabilityZoneRebalancing": "DISABLED"}),
            ({"health_check_grace_period_seconds": 0}, {"healthCheckGracePeriodSeconds": 0}),
            ({"enable_execute_command": True}, {"enableExecuteCommand": True}),
            ({"enable_ecs_managed_tags": True}, {"enableECSManagedTags": True}),
            ({"propagate_tags": "NONE"}, {"propagateTags": "NONE"}),
            (
                {"capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT", "weight": 1, "base": 0}]},
                {
                    "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
                    "forceNewDeployment": True,
                },
            ),
        ],
    )
    def test_each_option(self, options: dict[str, Any], request_: dict[str, Any]) -> None:
        difference = compare(params(**{**SAME, "launch_type": None, **options}), SERVICE, ARN, True)
        assert difference.names == list(options)
        assert difference.request == request_

    def test_another_task_definition(self) -> None:
        other = ARN.replace(":1", ":2")
        difference = compare(params(), SERVICE, other, True)
        assert difference.request == {"taskDefinition": other}
        assert difference.diff == {"before": {"task_definition": ARN}, "after": {"task_definition": other}}

    def test_back_to_the_launch_type(self) -> None:
        service = {**SERVICE, "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}
        difference = compare(params(launch_type="FARGATE"), service, ARN, True)
        assert difference.request == {"capacityProviderStrategy": [], "forceNewDeployment": True}

    def test_a_strategy_that_aws_abridged_is_the_same(self) -> None:
        service = {**SERVICE, "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}
        wanted = [{"capacity_provider": "FARGATE", "weight": 0, "base": 0}]
        assert not compare(params(capacity_provider_strategy=wanted), service, ARN, True).changed

    def test_a_count_that_somebody_else_sets_is_left_alone(self) -> None:
        assert not compare(params(desired_count=5), SERVICE, ARN, False).changed

    def test_an_added_member_counts(self) -> None:
        both = [*SAME["load_balancers"], {"targetGroupArn": "u", "containerName": "web", "containerPort": 3000}]
        assert compare(params(load_balancers=both), SERVICE, ARN, True).names == ["load_balancers"]

    def test_what_failed_is_tried_again(self) -> None:
        service = {**SERVICE, "deployments": [{"status": "PRIMARY", "rolloutState": "FAILED"}]}
        difference = compare(params(**SAME), service, ARN, True)
        assert difference.request == {"forceNewDeployment": True}
        # A change starts a deployment anyway.
        other = ARN.replace(":1", ":2")
        assert compare(params(**SAME), service, other, True).request == {"taskDefinition": other}


def test_create_request_leaves_out_what_is_not_given() -> None:
    assert create_request(params(), ARN, {}) == {
        "cluster": "x",
        "serviceName": "web",
        "taskDefinition": ARN,
        "desiredCount": 1,
    }


def test_create_request_places_tasks() -> None:
    constraints = [{"type": "memberOf", "expression": "attribute:node == 1"}]
    assert create_request(params(placement_constraints=constraints), ARN, {})["placementConstraints"] == constraints


def test_create_request_keeps_zero_and_false() -> None:
    request = create_request(params(desired_count=0, enable_execute_command=False, **{}), ARN, {"b": 1, "a": 2})
    assert request["desiredCount"] == 0
    assert request["enableExecuteCommand"] is False
    assert request["tags"] == [{"key": "a", "value": "2"}, {"key": "b", "value": "1"}]


def test_a_breaker_alone_is_a_configuration() -> None:
    assert deployment_configuration({"deployment_circuit_breaker": {"enable": True, "rollback": False}}) == {
        "deploymentCircuitBreaker": {"enable": True, "rollback": False}
    }


def test_describe() -> None:
    state = describe(SERVICE)
    assert state["events"] == [f"m{number}" for number in range(10)]
    assert state["tags"] == {"K": "v"}
    assert state["network_configuration"]["awsvpc_configuration"]["security_groups"] == ["s"]


def test_predictions() -> None:
    created = predicted(create_request(params(**SAME), ARN, {"K": "v"}))
    assert (created["service_name"], created["status"], created["desired_count"]) == ("web", "ACTIVE", 2)
    assert created["tags"] == {"K": "v"}
    updated = predicted_update(SERVICE, {"desiredCount": 3, "forceNewDeployment": True}, {})
    assert updated["desired_count"] == 3
    assert updated["tags"] == {}
    assert "force_new_deployment" not in updated


def test_resource_id() -> None:
    assert resource_id(SERVICE) == "service/x/web"
