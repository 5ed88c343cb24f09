# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application Auto Scaling: targets have tags and take their policies with them, and a service's count is brought between
the limits. Nothing scales by itself here, for there are no metrics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..rules import Call, Refusal
from ..rules.application_autoscaling import backend, ecs_service, target
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class ApplicationAutoScaling(Addition):
    """Application Auto Scaling's additions."""

    service = "application-autoscaling"

    def __init__(self, context: Context) -> None:
        # ARN -> tags
        self.tags: dict[str, dict[str, str]] = {}
        super().__init__(context)

    def reset(self) -> None:
        self.tags.clear()

    @operation("RegisterScalableTarget")
    def register(self, call: Call, forward: Forward) -> Shape:
        # API RegisterScalableTarget: "it changes the resource's current capacity to a value that is inside of this range"
        answer = forward()
        self.tags.setdefault(answer["ScalableTargetARN"], {}).update(call.params.get("Tags") or {})
        service, limits = ecs_service(call), target(call)
        if service is not None:
            count = min(max(service.desired_count, limits.min_capacity), limits.max_capacity)
            if count != service.desired_count:
                params = {"cluster": service.cluster_name, "service": service.name, "desiredCount": count}
                self.context.forward(replace(call, service="ecs", operation="UpdateService", params=params))
        return answer

    @operation("DeregisterScalableTarget")
    def deregister(self, call: Call, forward: Forward) -> Shape:
        # API DeregisterScalableTarget: it deletes the policies that are associated with the target
        for policy in [item for item in backend(call).policies.values() if self._is_of(item, call)]:
            params = {**self._names(call), "PolicyName": policy.policy_name}
            self.context.forward(replace(call, operation="DeleteScalingPolicy", params=params))
        self.tags.pop(target(call).arn, None)
        return forward()

    @operation("PutScalingPolicy")
    def put_policy(self, call: Call, forward: Forward) -> Shape:
        """moto leaves the alarms of the policy that a new one replaces."""
        for policy in backend(call).policies.values():
            if self._is_of(policy, call) and policy.policy_name == call.params["PolicyName"]:
                policy.delete_alarms(call.account_id, call.region)
        return forward()

    @operation("TagResource")
    def tag(self, call: Call, _forward: Forward) -> Shape:
        self._tags(call).update(call.params["Tags"])
        return {}

    @operation("UntagResource")
    def untag(self, call: Call, _forward: Forward) -> Shape:
        tags = self._tags(call)
        for key in call.params["TagKeys"]:
            tags.pop(key, None)
        return {}

    @operation("ListTagsForResource")
    def list_tags(self, call: Call, _forward: Forward) -> Shape:
        return {"Tags": dict(self._tags(call))}

    def _tags(self, call: Call) -> dict[str, str]:
        arn = call.params["ResourceARN"]
        if arn not in self.tags:
            raise Refusal("ResourceNotFoundException", f"The resource does not exist: {arn}")
        return self.tags[arn]

    @staticmethod
    def _names(call: Call) -> dict[str, str]:
        return {key: call.params[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}

    def _is_of(self, policy: Any, call: Call) -> bool:
        found = (policy.service_namespace, policy.resource_id, policy.scalable_dimension)
        return found == tuple(self._names(call).values())


def install(context: Context) -> None:
    ApplicationAutoScaling(context)
