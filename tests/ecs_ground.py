# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS tasks stand on: a cluster, a network with a way out, a role, a log group and a secret."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue"],
            "Resource": "*",
        }
    ],
}


class Ground:
    """An AWS with the ground that tasks stand on; everything has the same unique name."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.client, self.run, self.cycle = aws.client, aws.run, aws.cycle
        self.name = f"t-{uuid.uuid4().hex[:10]}"
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        group = ec2.create_security_group(GroupName=self.name, Description="x", VpcId=vpc)["GroupId"]
        self.network = {"subnets": subnets, "security_groups": [group], "assign_public_ip": True}
        iam = self.client("iam")
        self.role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=self.name, PolicyName="x", PolicyDocument=json.dumps(ALLOWED))
        self.client("logs").create_log_group(logGroupName=self.name)
        self.secret = self.client("secretsmanager").create_secret(Name=self.name, SecretString='{"SALT": "x"}')["ARN"]
        self.client("ecs").create_cluster(clusterName=self.name)

    def definition(
        self,
        script: str,
        *,
        image_tag: str = "3.225.4",
        environment: dict[str, str] | None = None,
        secrets: list[dict[str, str]] | None = None,
    ) -> str:
        """Registers a task that runs a shell script; returns its ARN."""
        container = {
            "name": "main",
            "image": f"docker.io/langfuse/langfuse:{image_tag}",
            "entryPoint": ["bash", "-c"],
            "command": [script],
            "environment": [{"name": name, "value": value} for name, value in (environment or {}).items()],
            "secrets": secrets or [],
            "stopTimeout": 2,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.name,
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "x",
                },
            },
        }
        # ECS does not know a new role at once, which is the module's to bear with.
        result = self.run(
            "ecs_task_definition",
            {
                "family": self.name,
                "containers": [container],
                "requires_compatibilities": ["FARGATE"],
                "network_mode": "awsvpc",
                "cpu": 256,
                "memory": 512,
                "execution_role_arn": self.role,
                "task_role_arn": self.role,
            },
        )
        return str(result["task_definition"]["task_definition_arn"])

    def tags(self, arn: str) -> dict[str, str]:
        tags = self.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["key"]: tag["value"] for tag in tags}

    def clear(self) -> None:
        """Ends what still runs."""
        client = self.client("ecs")
        for arn in client.list_services(cluster=self.name)["serviceArns"]:
            client.delete_service(cluster=self.name, service=arn, force=True)
        for arn in client.list_tasks(cluster=self.name)["taskArns"]:
            client.stop_task(cluster=self.name, task=arn)


@pytest.fixture
def ecs(server: Any) -> Iterator[Ground]:
    ground = Ground(server)
    time.sleep(0.5)
    yield ground
    ground.clear()
