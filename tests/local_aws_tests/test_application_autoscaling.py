# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application Auto Scaling: what it refuses, beside what it takes, and what becomes of targets, policies and counts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from .server_support import Server

LOAD_BALANCER, TARGET_GROUP = "app/lb/0123456789abcdef", "targetgroup/tg/0123456789abcdef"
CPU = {
    "TargetValue": 50,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}
BACKLOG: dict[str, Any] = {
    "TargetValue": 1000,
    "CustomizedMetricSpecification": {
        "Metrics": [
            {
                "Id": "waiting",
                "MetricStat": {"Metric": {"Namespace": "Langfuse", "MetricName": "length"}, "Stat": "Maximum"},
                "ReturnData": False,
            },
            {"Id": "backlog", "Expression": "SUM([waiting]) / 2", "ReturnData": True},
        ]
    },
}


class Scaled:
    """A service without tasks, and the names of its target."""

    def __init__(self, server: Server) -> None:
        self.server, self.name = server, server.name()
        self.ecs, self.scaling = server.client("ecs"), server.client("application-autoscaling")
        _vpc, subnets, group = server.network()
        self.ecs.create_cluster(clusterName=self.name)
        self.ecs.register_task_definition(
            family=self.name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "docker.io/langfuse/langfuse:3.225.4"}],
        )
        self.ecs.create_service(
            cluster=self.name,
            serviceName="s",
            taskDefinition=self.name,
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}},
        )
        self.names = {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/{self.name}/s",
            "ScalableDimension": "ecs:service:DesiredCount",
        }

    def register(self, **changes: Any) -> str:
        request = {**self.names, "MinCapacity": 0, "MaxCapacity": 4, **changes}
        return str(self.scaling.register_scalable_target(**request)["ScalableTargetARN"])

    def put(self, configuration: dict[str, Any], name: str = "p") -> None:
        self.scaling.put_scaling_policy(
            **self.names,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )

    def policies(self) -> list[dict[str, Any]]:
        found = self.scaling.describe_scaling_policies(
            ServiceNamespace="ecs", ResourceId=self.names["ResourceId"], ScalableDimension="ecs:service:DesiredCount"
        )
        return list(found["ScalingPolicies"])

    def count(self) -> int:
        return int(self.ecs.describe_services(cluster=self.name, services=["s"])["services"][0]["desiredCount"])


@pytest.fixture
def scaled(server: Server) -> Scaled:
    return Scaled(server)


@pytest.mark.parametrize("resource", ["service/{name}/other", "service/other/s", "cluster/{name}/s"])
def test_the_service_must_be_there(scaled: Scaled, resource: str) -> None:
    with scaled.server.refuses("ValidationException"):
        scaled.register(ResourceId=resource.format(name=scaled.name))


@pytest.mark.parametrize("limits", [{"MinCapacity": 5}, {"MinCapacity": -1}])
def test_limits(scaled: Scaled, limits: dict[str, int]) -> None:
    with scaled.server.refuses("ValidationException", "apacity"):
        scaled.register(**limits)


def test_limits_of_a_target_that_there_is(scaled: Scaled) -> None:
    with scaled.server.refuses("ValidationException", "must be specified"):
        scaled.scaling.register_scalable_target(**scaled.names, MinCapacity=1)
    scaled.register()
    with scaled.server.refuses("ValidationException", "cannot be less than minimum"):
        scaled.scaling.register_scalable_target(**scaled.names, MinCapacity=5)
    scaled.scaling.register_scalable_target(**scaled.names, MaxCapacity=3)


def test_a_policy_needs_its_target(scaled: Scaled) -> None:
    with scaled.server.refuses("ObjectNotFoundException", "registered"):
        scaled.put(CPU)
    with scaled.server.refuses("ObjectNotFoundException"):
        scaled.scaling.deregister_scalable_target(**scaled.names)
    with scaled.server.refuses("ObjectNotFoundException"):
        scaled.scaling.delete_scaling_policy(**scaled.names, PolicyName="p")


def without(path: str) -> dict[str, Any]:
    shape = copy.deepcopy(BACKLOG)
    metrics = shape["CustomizedMetricSpecification"]["Metrics"]
    if path == "second result":
        metrics[0]["ReturnData"] = True
    elif path == "result":
        metrics[1]["ReturnData"] = False
    elif path == "id":
        metrics[1]["Id"] = "waiting"
    elif path == "form of id":
        metrics[0]["Id"] = "Waiting"
    elif path == "kind":
        metrics[1]["MetricStat"] = metrics[0]["MetricStat"]
    else:
        metrics[1]["Expression"] = "waiting / tasks"
    return shape


def labelled(kind: str, label: str | None) -> dict[str, Any]:
    metric = {"PredefinedMetricType": kind, **({"ResourceLabel": label} if label else {})}
    return {"TargetValue": 50, "PredefinedMetricSpecification": metric}


@pytest.mark.parametrize(
    "configuration",
    [
        {**CPU, "TargetValue": 0},
        {"TargetValue": 50},
        {**CPU, **BACKLOG},
        labelled("RDSReaderAverageCPUUtilization", None),
        labelled("ECSServiceAverageCPUUtilization", f"{LOAD_BALANCER}/{TARGET_GROUP}"),
        labelled("ALBRequestCountPerTarget", None),
        labelled("ALBRequestCountPerTarget", TARGET_GROUP),
        labelled("ALBRequestCountPerTarget", f"{LOAD_BALANCER}/{TARGET_GROUP}"),
        {"TargetValue": 50, "CustomizedMetricSpecification": {}},
        *map(without, ("result", "second result", "id", "form of id", "kind", "known name")),
    ],
)
def test_policies_that_make_no_sense(scaled: Scaled, configuration: dict[str, Any]) -> None:
    scaled.register()
    with scaled.server.refuses("ValidationException"):
        scaled.put(configuration)
    assert scaled.policies() == []


def test_a_count_comes_between_the_limits(scaled: Scaled) -> None:
    scaled.register()
    assert scaled.count() == 0
    # Nothing can run in this network; what is asked for is enough here.
    scaled.register(MinCapacity=1)
    assert scaled.count() == 1
    scaled.register(MinCapacity=0, MaxCapacity=0)
    assert scaled.count() == 0


def test_life_of_a_target(scaled: Scaled) -> None:
    arn = scaled.register(Tags={"a": "1", "b": "2"})
    scaling, cloudwatch = scaled.scaling, scaled.server.client("cloudwatch")
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    scaling.tag_resource(ResourceARN=arn, Tags={"c": "3"})
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2", "c": "3"}

    def alarms() -> set[str]:
        found = cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-{scaled.names['ResourceId']}")
        return {alarm["AlarmName"] for alarm in found["MetricAlarms"]}

    for configuration in (CPU, {**CPU, "TargetValue": 60}):
        scaled.put(configuration)
    scaled.put(BACKLOG, "q")
    assert [policy["PolicyName"] for policy in scaled.policies()] == ["p", "q"]
    # Two alarms for each policy, and none of the one that was replaced.
    assert len(alarms()) == 4
    scaling.deregister_scalable_target(**scaled.names)
    assert (scaled.policies(), alarms()) == ([], set())
    with scaled.server.refuses("ResourceNotFoundException"):
        scaling.list_tags_for_resource(ResourceARN=arn)
