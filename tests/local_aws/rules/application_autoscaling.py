# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Application Auto Scaling refuses and moto takes, for services of ECS.

Source: the API reference of each operation and its model in botocore. Where a message's wording was not found it is ours;
the error code is AWS's.
"""

from __future__ import annotations

import re
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from . import Call, Refusal, rule

# API PredefinedMetricSpecification, those that concern ECS
PREDEFINED = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")
REQUESTS = "ALBRequestCountPerTarget"
LABEL = re.compile(r"(app/[^/]+/[^/]+)/(targetgroup/[^/]+/[^/]+)")
# API TargetTrackingMetricDataQuery.Id
ID = re.compile(r"[a-z][A-Za-z0-9_]*")
# One policy's metrics alone: the older form of CustomizedMetricSpecification
SINGLE_METRIC = ("MetricName", "Namespace", "Statistic")


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def where(call: Call) -> str:
    params = call.params
    return (
        f"service namespace: {params['ServiceNamespace']}, resource ID: {params['ResourceId']}, "
        f"scalable dimension: {params['ScalableDimension']}"
    )


def backend(call: Call) -> Any:
    return applicationautoscaling_backends[call.account_id][call.region]


def target(call: Call) -> Any:
    return backend(call).targets.get(call.params["ScalableDimension"], {}).get(call.params["ResourceId"])


def ecs_service(call: Call) -> Any:
    """The service that a call is about; None where it is not there, or no longer."""
    kind, _, name = call.params["ResourceId"].partition("/")
    cluster, _, service = name.partition("/")
    found = ecs_backends[call.account_id][call.region].services.get(f"{cluster}:{service}")
    return found if kind == "service" and found is not None and found.status == "ACTIVE" else None


@rule("application-autoscaling", "RegisterScalableTarget")
def services_exist(call: Call) -> None:
    if call.params["ServiceNamespace"] == "ecs" and ecs_service(call) is None:
        raise invalid(f"ECS service doesn't exist: {call.params['ResourceId']}")


@rule("application-autoscaling", "RegisterScalableTarget")
def limits(call: Call) -> None:
    # API RegisterScalableTarget.MinCapacity, MaxCapacity: both for a new one, and the least of ECS is 0
    known = target(call)
    least, most = (
        call.params.get(key, getattr(known, attribute, None))
        for key, attribute in (("MinCapacity", "min_capacity"), ("MaxCapacity", "max_capacity"))
    )
    if least is None or most is None:
        raise invalid("Minimum and maximum capacity must be specified when registering a new scalable target.")
    if int(least) < 0:
        raise invalid("Minimum capacity cannot be less than 0.")
    if int(most) < int(least):
        raise invalid("Maximum capacity cannot be less than minimum capacity.")


@rule("application-autoscaling", "DeregisterScalableTarget")
def what_was_never_registered(call: Call) -> None:
    # errors of DeregisterScalableTarget and PutScalingPolicy: ObjectNotFoundException
    if target(call) is None:
        raise Refusal("ObjectNotFoundException", f"No scalable target found for {where(call)}")


@rule("application-autoscaling", "PutScalingPolicy")
def policies_belong_to_a_target(call: Call) -> None:
    if target(call) is None:
        raise Refusal("ObjectNotFoundException", f"No scalable target registered for {where(call)}")


@rule("application-autoscaling", "DeleteScalingPolicy")
def what_was_never_put(call: Call) -> None:
    policies = backend(call).policies.values()
    wanted = (call.params["PolicyName"], call.params["ResourceId"])
    if not any((item.policy_name, item.resource_id) == wanted for item in policies):
        raise Refusal("ObjectNotFoundException", f"No scaling policy found for {where(call)}, policy name: {wanted[0]}")


def tracking(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.params.get("TargetTrackingScalingPolicyConfiguration") or {}
    return found


@rule("application-autoscaling", "PutScalingPolicy")
def one_metric_and_a_target(call: Call) -> None:
    # API TargetTrackingScalingPolicyConfiguration: either kind of metric; a share of a metric above 0 is tracked
    if call.params.get("PolicyType") != "TargetTrackingScaling":
        return
    configuration = tracking(call)
    if float(configuration.get("TargetValue", 0)) <= 0:
        raise invalid("Target value must be greater than 0.")
    kinds = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
    if sum(kind in configuration for kind in kinds) != 1:
        raise invalid(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified."
        )


@rule("application-autoscaling", "PutScalingPolicy")
def predefined_metrics(call: Call) -> None:
    metric = tracking(call).get("PredefinedMetricSpecification")
    if metric is None or call.params["ServiceNamespace"] != "ecs":
        return
    if metric["PredefinedMetricType"] not in PREDEFINED:
        raise invalid(f"Unsupported metric type for the service namespace ecs: {metric['PredefinedMetricType']}")
    label = metric.get("ResourceLabel")
    if metric["PredefinedMetricType"] != REQUESTS:
        if label:
            raise invalid("Resource label can only be specified for the metric type ALBRequestCountPerTarget.")
        return
    # API PredefinedMetricSpecification.ResourceLabel: both parts, and the group is attached to the service
    found = LABEL.fullmatch(label or "")
    if not found:
        raise invalid(f"Invalid resource label: {label}. It has the form app/<name>/<id>/targetgroup/<name>/<id>.")
    _load_balancing(call, *found.groups())


def _load_balancing(call: Call, balancer: str, group: str) -> None:
    elb = elbv2_backends[call.account_id][call.region]
    if not any(arn.endswith(f":loadbalancer/{balancer}") for arn in elb.load_balancers):
        raise invalid(f"The load balancer does not exist: {balancer}")
    service = ecs_service(call)
    attached = [item.get("targetGroupArn", "") for item in (service.load_balancers if service else [])]
    if not any(arn.endswith(f":{group}") for arn in attached):
        raise invalid(f"The target group is not attached to the ECS service: {group}")


@rule("application-autoscaling", "PutScalingPolicy")
def customized_metrics(call: Call) -> None:
    metric = tracking(call).get("CustomizedMetricSpecification")
    if metric is None:
        return
    queries = metric.get("Metrics")
    if (queries is None) == all(key not in metric for key in SINGLE_METRIC):
        raise invalid("Specify either Metrics, or MetricName, Namespace and Statistic.")
    if queries is not None:
        _queries(queries)


def _queries(queries: list[dict[str, Any]]) -> None:
    # API TargetTrackingMetricDataQuery
    ids = [item.get("Id", "") for item in queries]
    if len(set(ids)) != len(ids) or not all(ID.fullmatch(name) for name in ids):
        raise invalid("Each Id must be unique, of letters, digits and underscores, a lower-case letter first.")
    if any(("Expression" in item) == ("MetricStat" in item) for item in queries):
        raise invalid("Each metric data query has either Expression or MetricStat.")
    if sum(bool(item.get("ReturnData", True)) for item in queries) != 1:
        raise invalid("Exactly one metric data query must return data.")
    for expression in (item["Expression"] for item in queries if "Expression" in item):
        unknown = set(re.findall(r"\b[a-z][A-Za-z0-9_]*\b", expression)) - set(ids)
        if unknown:
            raise invalid(f"The expression {expression} uses {', '.join(sorted(unknown))}, which no Id is.")
