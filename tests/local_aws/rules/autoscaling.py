# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 Auto Scaling refuses and moto takes.

Source, where no other stands: the API reference. The codes are AWS's; a wording that was not found is ours.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.iam.models import iam_backends

from local_aws.ecs import policy

from .. import interfaces
from . import Call, Refusal, rule


def invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


def _template(call: Call) -> Any | None:
    """The version of the launch template that a call means."""
    given = call.params.get("LaunchTemplate") or {}
    ec2 = interfaces.backend(call.account_id, call.region)
    for template in ec2.launch_templates.values():
        if given.get("LaunchTemplateId") == template.id or given.get("LaunchTemplateName") == template.name:
            return template.get_version(given.get("Version") or "$Default")
    return None


@rule("autoscaling", "CreateAutoScalingGroup")
def names_are_taken_once(call: Call) -> None:
    groups = autoscaling_backends[call.account_id][call.region].autoscaling_groups
    if call.params["AutoScalingGroupName"] in groups:
        raise Refusal(
            "AlreadyExists",
            "AutoScalingGroup by this name already exists - A group with the name "
            f"{call.params['AutoScalingGroupName']} already exists",
        )


@rule("autoscaling", "CreateAutoScalingGroup")
@rule("autoscaling", "UpdateAutoScalingGroup")
def templates_start_instances(call: Call) -> None:
    # the group is only made where its template can start an instance: a new profile is not known at once
    # (hashicorp/terraform-provider-aws #838, "Invalid IAM Instance Profile")
    if call.operation == "CreateAutoScalingGroup" and not (
        call.params.get("LaunchTemplate")
        or call.params.get("MixedInstancesPolicy")
        or call.params.get("LaunchConfigurationName")
    ):
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter."
        )
    version = _template(call)
    if version is None:
        return
    profile = version.data.get("IamInstanceProfile") or {}
    if not profile:
        return
    known = iam_backends[call.account_id]["aws"].instance_profiles.values()
    found = next((item for item in known if profile.get("Arn") == item.arn or profile.get("Name") == item.name), None)
    if found is None or not all(policy.visible(role) for role in found.roles):
        what = profile.get("Arn") or profile.get("Name")
        raise invalid(
            f"You must use a valid fully-formed launch template. Value ({what}) for parameter iamInstanceProfile.arn is invalid. "
            "Invalid IAM Instance Profile ARN"
        )


@rule("autoscaling", "DeleteAutoScalingGroup")
def groups_are_empty(call: Call) -> None:
    # API DeleteAutoScalingGroup.ForceDelete
    groups = autoscaling_backends[call.account_id][call.region].autoscaling_groups
    group = groups.get(call.params["AutoScalingGroupName"])
    force = str(call.params.get("ForceDelete") or False).lower() == "true"
    if group is not None and group.instance_states and not force:
        raise Refusal(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
        )
