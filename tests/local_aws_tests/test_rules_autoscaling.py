# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 Auto Scaling refuses, beside what it takes."""

from __future__ import annotations

import json
from typing import Any

from .server_support import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_life_of_a_group(server: Server) -> None:
    ec2, iam, scaling = (server.client(name) for name in ("ec2", "iam", "autoscaling"))
    _, subnets, _ = server.network()
    name = server.name("g")
    profile = f"arn:aws:iam::123456789012:instance-profile/{name}"
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "ImageId": "ami-12345678",
            "InstanceType": "m7g.large",
            "IamInstanceProfile": {"Arn": profile},
        },
    )
    request: dict[str, Any] = {
        "AutoScalingGroupName": name,
        "LaunchTemplate": {"LaunchTemplateName": name, "Version": "$Latest"},
        "MinSize": 1,
        "MaxSize": 1,
        "VPCZoneIdentifier": subnets[0],
    }
    with server.refuses("ValidationError", "must contain either"):
        scaling.create_auto_scaling_group(**{**request, "LaunchTemplate": {}})
    with server.refuses("ValidationError", "Invalid IAM Instance Profile"):
        scaling.create_auto_scaling_group(**request)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    server.wait(lambda: server.accepted(lambda: scaling.create_auto_scaling_group(**request)))
    with server.refuses("AlreadyExists"):
        scaling.create_auto_scaling_group(**request)
    with server.refuses("ResourceInUse"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName=name)
    scaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=0, DesiredCapacity=0)
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name)
    assert scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []
