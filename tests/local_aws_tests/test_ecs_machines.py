# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS on EC2: instances of auto scaling groups that take their volume along, and the tasks placed on them."""

from __future__ import annotations

import base64
import datetime
from typing import Any

import pytest

from .ecs_support import REGION, Local

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOWED = ["ecs:RegisterContainerInstance", "ecs:Poll", "ecs:StartTelemetrySession", "ec2:AttachVolume"]
USER_DATA = """#!/bin/bash
VOLUME_NAME=node-1
MOUNT_POINT=/mnt/data
METRIC_NAMESPACE=mine
METRIC_NAME=Used
cat > /etc/ecs/ecs.config <<'END'
ECS_CLUSTER=c
ECS_INSTANCE_ATTRIBUTES={"node":"1"}
END
"""
# counts its starts in a file of the volume
COUNT = """
import os, time
p = "/data/starts"
n = int(open(p).read()) + 1 if os.path.exists(p) else 1
open(p, "w").write(str(n))
print("start", n)
time.sleep(600)
"""


def volume(local: Local, zone: str = "a") -> str:
    made = local.client("ec2").create_volume(
        AvailabilityZone=f"{REGION}{zone}",
        Size=10,
        VolumeType="gp3",
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "node-1"}, {"Key": "of", "Value": "me"}]}
        ],
    )
    return str(made["VolumeId"])


def node(local: Local, actions: list[str], instance_type: str = "m7g.large") -> None:
    """A group of one instance in the first zone."""
    iam, ec2 = local.client("iam"), local.client("ec2")
    conditions = {
        "ec2:AttachVolume": {"StringEquals": {"aws:ResourceTag/of": "me"}},
        "cloudwatch:PutMetricData": {"StringEquals": {"cloudwatch:namespace": "mine"}},
    }
    local.role(
        "node",
        [
            {
                "Effect": "Allow",
                "Action": item,
                "Resource": "*",
                **({"Condition": conditions[item]} if item in conditions else {}),
            }
            for item in actions
        ],
        TRUST,
    )
    profile = iam.create_instance_profile(InstanceProfileName="node")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
    ec2.create_launch_template(
        LaunchTemplateName="node-1",
        LaunchTemplateData={
            "ImageId": "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
            "InstanceType": instance_type,
            "IamInstanceProfile": {"Arn": profile},
            "UserData": base64.b64encode(USER_DATA.encode()).decode(),
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "me"}]}],
        },
    )
    local.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="node-1",
        LaunchTemplate={"LaunchTemplateName": "node-1", "Version": "$Latest"},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=local.subnets[0],
    )


def instance(local: Local) -> dict[str, Any]:
    found = local.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["node-1"])
    return dict(found["AutoScalingGroups"][0]["Instances"][0])


def joined(local: Local) -> list[dict[str, Any]]:
    arns = local.ecs.list_container_instances(cluster="c")["containerInstanceArns"]
    return (
        local.ecs.describe_container_instances(cluster="c", containerInstances=arns)["containerInstances"]
        if arns
        else []
    )


def definition(local: Local, **changes: Any) -> str:
    container = local.container(COUNT, mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}])
    return local.definition(
        container,
        **{
            "requiresCompatibilities": ["EC2"],
            "cpu": None,
            "memory": "4096",
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [{"name": "data", "host": {"sourcePath": "/mnt/data/x"}}],
            **changes,
        },
    )


def service(local: Local, task_definition: str, value: str = "1", subnets: list[str] | None = None) -> None:
    local.create_service(
        task_definition,
        launchType="EC2",
        networkConfiguration=local.network_of(subnets or local.subnets, "DISABLED"),
        placementConstraints=[{"type": "memberOf", "expression": f"attribute:node == {value}"}],
        deploymentConfiguration={"minimumHealthyPercent": 0, "maximumPercent": 100},
    )


def running(local: Local) -> dict[str, Any]:
    local.settled()
    arns = local.ecs.list_tasks(cluster="c", serviceName="s")["taskArns"]
    return local.task(arns[0])


def test_the_volume_outlives_the_instance(local: Local) -> None:
    data = volume(local)
    node(local, ALLOWED)
    first = instance(local)
    assert first["LifecycleState"] == "Pending"
    service(local, definition(local))
    task = running(local)
    assert (task["launchType"], task["availabilityZone"]) == ("EC2", f"{REGION}a")
    assert local.lines(task, "start 1")
    machine = joined(local)[0]
    assert task["containerInstanceArn"] == machine["containerInstanceArn"]
    attributes = {item["name"]: item.get("value") for item in machine["attributes"]}
    assert (attributes["node"], attributes["ecs.cpu-architecture"]) == ("1", "arm64")
    assert attributes["ecs.ami-id"].startswith("ami-")
    assert instance(local)["LifecycleState"] == "InService"
    ec2 = local.client("ec2")
    held = ec2.describe_volumes(VolumeIds=[data])["Volumes"][0]
    assert [item["InstanceId"] for item in held["Attachments"]] == [first["InstanceId"]]

    local.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=first["InstanceId"], ShouldDecrementDesiredCapacity=False
    )
    stopped = local.stopped(task["taskArn"])
    assert stopped["stoppedReason"] == f"Host EC2 (instance {first['InstanceId']}) terminated."
    local.wait(lambda: joined(local) and joined(local)[0]["ec2InstanceId"] != first["InstanceId"])
    assert local.lines(running(local), "start 2")

    local.ecs.delete_service(cluster="c", service="s", force=True)
    local.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="node-1", ForceDelete=True)
    local.wait(lambda: not joined(local))
    local.wait(lambda: ec2.describe_volumes(VolumeIds=[data])["Volumes"][0]["State"] == "available")
    ec2.delete_volume(VolumeId=data)
    assert not (local.local_ecs.runtime.state_dir / "ecs" / "volumes" / data).exists()


@pytest.mark.parametrize("missing", ALLOWED)
def test_an_instance_without_a_permission_does_not_join(local: Local, missing: str) -> None:
    volume(local)
    node(local, [item for item in ALLOWED if item != missing])
    service(local, definition(local))
    local.wait(lambda: any("No Container Instances were found" in line for line in local.messages()))
    local.wait(lambda: instance(local)["LifecycleState"] == "InService")
    assert not joined(local)


def published(local: Local) -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.UTC)
    found = local.client("cloudwatch").get_metric_statistics(
        Namespace="mine",
        MetricName="Used",
        Dimensions=[{"Name": "Node", "Value": "node-1"}],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum", "SampleCount"],
    )
    return list(found["Datapoints"])


def test_a_node_tells_how_full_its_volume_is(local: Local) -> None:
    data = volume(local)
    node(local, [*ALLOWED, "cloudwatch:PutMetricData"])
    local.wait(lambda: published(local))
    assert [item["Maximum"] for item in published(local)] == [0]
    folder = local.local_ecs.runtime.folder("volumes", data)
    with (folder / "large").open("wb") as file:
        # Nine of ten GiB, of which the disk holds nothing.
        file.truncate(9 * 1024**3)
    local.wait(lambda: max(item["Maximum"] for item in published(local)) == 90)
    assert published(local)[0]["Unit"] == "Percent"


def test_who_may_not_publish_joins_and_says_nothing(local: Local) -> None:
    volume(local)
    node(local, ALLOWED)
    local.wait(lambda: joined(local))
    assert published(local) == []


def test_a_volume_in_another_zone_is_not_taken(local: Local) -> None:
    data = volume(local, "b")
    node(local, ALLOWED)
    local.wait(lambda: instance(local)["LifecycleState"] == "InService")
    assert not joined(local)
    assert local.client("ec2").describe_volumes(VolumeIds=[data])["Volumes"][0]["State"] == "available"


@pytest.mark.parametrize(
    ("changes", "value", "zone", "reason"),
    [
        ({}, "2", 0, "MemberOf placement constraint unsatisfied"),
        ({"memory": "8192"}, "1", 0, "insufficient memory"),
        ({"runtimePlatform": {"cpuArchitecture": "X86_64"}}, "1", 0, "missing an attribute"),
        ({}, "1", 1, "Availability Zone"),
    ],
)
def test_tasks_that_cannot_be_placed(local: Local, changes: dict[str, Any], value: str, zone: int, reason: str) -> None:
    volume(local)
    node(local, ALLOWED)
    local.wait(lambda: joined(local))
    service(local, definition(local, **changes), value, [local.subnets[zone]])
    local.wait(lambda: any("unable to place a task" in line and reason in line for line in local.messages()))
    assert local.service()["runningCount"] == 0


def test_the_version_that_an_instance_was_made_from(local: Local) -> None:
    volume(local)
    node(local, ALLOWED)
    first = instance(local)
    assert first["LaunchTemplate"]["Version"] == "1"
    ec2 = local.client("ec2")
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="node-1")["LaunchTemplateVersions"]
    ec2.create_launch_template_version(
        LaunchTemplateName="node-1", LaunchTemplateData={**version["LaunchTemplateData"], "InstanceType": "m7g.xlarge"}
    )
    assert instance(local)["LaunchTemplate"]["Version"] == "1"
    local.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=first["InstanceId"], ShouldDecrementDesiredCapacity=False
    )
    assert instance(local)["LaunchTemplate"]["Version"] == "2"
    local.wait(lambda: [item["ec2InstanceId"] for item in joined(local)] == [instance(local)["InstanceId"]])
