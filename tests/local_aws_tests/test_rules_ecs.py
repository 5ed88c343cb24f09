# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS refuses: each rule on one request that AWS would not take, beside one that it takes."""

from __future__ import annotations

import copy
from typing import Any

import botocore.exceptions
import pytest
from local_aws.ports import free_port

from .ecs_support import REGION, Local

SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:app-AbCdEf"


def base(local: Local) -> dict[str, Any]:
    """A task definition that AWS takes."""
    return {
        "family": "f",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "2048",
        "executionRoleArn": local.execution,
        "containerDefinitions": [
            local.container(
                "print(1)",
                portMappings=[{"containerPort": 3000}],
                healthCheck={"command": ["CMD-SHELL", "true"]},
                stopTimeout=120,
                ulimits=[{"name": "nofile", "softLimit": 262144, "hardLimit": 262144}],
                secrets=[{"name": "PASSWORD", "valueFrom": f"{SECRET}:PASSWORD::"}],
                mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}],
            )
        ],
        "volumes": [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-0123456789abcdef0",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-0123456789abcdef0", "iam": "DISABLED"},
                },
            }
        ],
    }


def changed(shape: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value set (or taken out, with None): path is "containerDefinitions.0.stopTimeout"."""
    result = copy.deepcopy(shape)
    place: Any = result
    *parents, last = path.split(".")
    for step in parents:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    if value is None:
        place.pop(last)
    else:
        place[last] = value
    return result


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_good_task_definition_is_taken(local: Local) -> None:
    taken = local.ecs.register_task_definition(**base(local))["taskDefinition"]
    container = taken["containerDefinitions"][0]
    # what AWS adds, and what makes a naive comparison never equal
    assert container["portMappings"] == [{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}]
    assert container["healthCheck"] == {"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert (container["cpu"], container["environment"], container["systemControls"]) == (0, [], [])
    assert taken["volumes"][0]["efsVolumeConfiguration"]["rootDirectory"] == "/"
    assert taken["revision"] == 1


C = "containerDefinitions.0."
V = "volumes.0.efsVolumeConfiguration."


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("family", "a b", "Family contains invalid characters"),
        ("cpu", "4096", "No Fargate configuration exists for given values"),
        ("cpu", "1000", "Invalid 'cpu' setting for task"),
        ("memory", "2047", "No Fargate configuration exists for given values"),
        ("memory", None, "Fargate requires that 'memory' be defined at the task level"),
        ("networkMode", "bridge", "Fargate only supports network mode 'awsvpc'"),
        ("placementConstraints", [{"type": "memberOf", "expression": "x"}], "placement constraints"),
        ("ipcMode", "host", "ipcMode"),
        ("ephemeralStorage", {"sizeInGiB": 20}, "21 to 200 GiB"),
        ("executionRoleArn", "arn:aws:iam::123456789012:role/nobody", "Role is not valid"),
        ("taskRoleArn", "arn:aws:iam::123456789012:role/nobody", "Role is not valid"),
        (C + "privileged", True, "privileged"),
        (C + "extraHosts", [{"hostname": "a", "ipAddress": "10.0.0.1"}], "extraHosts"),
        (C + "memory", 4096, "greater than for the task"),
        (C + "cpu", 2048, "must not exceed the value of the task 'cpu'"),
        (C + "logConfiguration.logDriver", "json-file", "Log driver json-file is not supported"),
        (C + "logConfiguration.options.awslogs-stream-prefix", None, "requires options: awslogs-stream-prefix"),
        (C + "secrets.0.valueFrom", "not an arn", "parameter name specified for secret PASSWORD is invalid"),
        (C + "secrets.0.valueFrom", "notanarn", "parameter name specified for secret PASSWORD is invalid"),
        (C + "secrets.0.valueFrom", f"{SECRET}:PASSWORD", "Secrets Manager ARN specified for secret PASSWORD is inval"),
        (C + "environment", [{"name": "PASSWORD", "value": "x"}], "The secret name must be unique and not shared"),
        (C + "healthCheck.interval", 4, "interval .* must be between 5 and 300"),
        (C + "healthCheck.timeout", 61, "timeout .* must be between 2 and 60"),
        (C + "healthCheck.retries", 11, "retries .* must be between 1 and 10"),
        (C + "healthCheck.startPeriod", 900, "startPeriod .* must be between 0 and 300"),
        (C + "healthCheck.command", ["curl", "x"], "must start with CMD"),
        (C + "stopTimeout", 600, "stopTimeout .* must be between 0 and 120"),
        (C + "ulimits.0.hardLimit", 2000000, "at most 1048576"),
        (C + "ulimits.0.softLimit", 300000, "soft limit of ulimit nofile is greater"),
        (C + "ulimits.0.name", "nproc", "only nofile"),
        (C + "portMappings.0.hostPort", 80, "host ports and container ports in port mappings must match"),
        (C + "mountPoints.0.sourceVolume", "other", "Unknown volume 'other'"),
        (C + "essential", False, "at least one essential container"),
        (C + "image", "a b", "Container.image contains invalid characters"),
        (C + "linuxParameters", {"capabilities": {"add": ["NET_ADMIN"]}}, "SYS_PTRACE"),
        (C + "dependsOn", [{"containerName": "x", "condition": "START"}], "Unknown container 'x'"),
        (V + "transitEncryption", "DISABLED", "transit encryption must be enabled when an EFS access point"),
        (V + "rootDirectory", "/data", "root directory must be omitted"),
        (V + "authorizationConfig.iam", "ENABLED", "A task role ARN is required"),
    ],
)
def test_task_definitions_that_ecs_refuses(local: Local, path: str, value: Any, message: str) -> None:
    import re

    code, text = refusal(local.ecs.register_task_definition, **changed(base(local), path, value))
    assert code == "ClientException"
    assert re.search(message, text), text


@pytest.mark.parametrize(
    ("cpu", "memory", "taken"),
    [
        ("256", "512", True),
        ("256", "3072", False),
        (".25 vCPU", "0.5 GB", True),
        ("512", "512", False),
        ("8192", "16384", True),
        ("8192", "17408", False),
        ("16384", "32768", True),
        ("32768", "61440", True),
        ("4096", "30720", True),
        ("4096", "31744", False),
    ],
)
def test_fargate_sizes(local: Local, cpu: str, memory: str, taken: bool) -> None:
    shape = {**base(local), "cpu": cpu, "memory": memory}
    if taken:
        assert local.ecs.register_task_definition(**shape)["taskDefinition"]["cpu"] == cpu
    else:
        assert refusal(local.ecs.register_task_definition, **shape)[1] == (
            "No Fargate configuration exists for given values."
        )


def test_awslogs_and_secrets_need_the_execution_role(local: Local) -> None:
    without = changed(base(local), "executionRoleArn", None)
    assert (
        "execution role ARN to support log driver awslogs" in refusal(local.ecs.register_task_definition, **without)[1]
    )
    without = changed(without, C + "logConfiguration", None)
    assert (
        "you must also specify a value for 'executionRoleArn'"
        in refusal(local.ecs.register_task_definition, **without)[1]
    )


def test_a_new_role_is_unknown_for_a_moment(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    from local_aws.ecs import policy

    shape = {**base(local), "taskRoleArn": local.role("fresh")}
    assert local.ecs.register_task_definition(**shape)["taskDefinition"]["taskRoleArn"] == shape["taskRoleArn"]
    monkeypatch.setattr(policy, "PROPAGATION", 3600.0 / policy.runtime.CLOCK.scale)
    assert refusal(local.ecs.register_task_definition, **shape) == ("ClientException", "Role is not valid")


# --- services ---


def target_group(local: Local, **changes: Any) -> str:
    arguments = {"Name": "tg", "Protocol": "HTTP", "Port": 3000, "VpcId": local.vpc, "TargetType": "ip", **changes}
    return str(local.client("elbv2").create_target_group(**arguments)["TargetGroups"][0]["TargetGroupArn"])


def listened(local: Local, group: str) -> None:
    elb = local.client("elbv2")
    balancer = elb.create_load_balancer(Name="lb", Subnets=local.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=free_port(),
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def registry(local: Local, kind: str = "A") -> str:
    cloud_map = local.client("servicediscovery")
    operation = cloud_map.create_private_dns_namespace(Name="x.internal", Vpc=local.vpc)["OperationId"]
    space = local.wait(lambda: cloud_map.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"])
    return str(
        cloud_map.create_service(Name="db", NamespaceId=space, DnsConfig={"DnsRecords": [{"Type": kind, "TTL": 10}]})[
            "Service"
        ]["Arn"]
    )


def service(local: Local, **changes: Any) -> dict[str, Any]:
    definition = local.definition(local.container("1", portMappings=[{"containerPort": 3000}]))
    arguments = {
        "cluster": "c",
        "serviceName": "s",
        "taskDefinition": definition,
        "desiredCount": 0,
        "launchType": "FARGATE",
        "networkConfiguration": local.network,
        **changes,
    }
    return {name: value for name, value in arguments.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"healthCheckGracePeriodSeconds": 60},
            "Health check grace period is only valid for services configured to use",
        ),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "Specify either Launch Type or Capacity"),
        ({"networkConfiguration": None}, "Network Configuration must be provided when networkMode 'awsvpc'"),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0"]}}}, "subnet ID 'subnet-0' does not"),
        ({"serviceName": "a b"}, "Service name contains invalid characters"),
        (
            {"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "main", "containerPort": 3000}]},
            "validate the specified targetGroupArn",
        ),
        (
            {"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "web", "containerPort": 3000}]},
            "The container web does not exist in the task definition",
        ),
        (
            {"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "main", "containerPort": 80}]},
            "The container main did not have a container port 80 defined",
        ),
        ({"serviceRegistries": [{"registryArn": "arn:x/srv-1"}]}, "does not exist"),
        (
            {
                "availabilityZoneRebalancing": "ENABLED",
                "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100},
            },
            "Availability Zone rebalancing is not supported",
        ),
        ({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 50}}, "must not be lower than"),
        ({"enableExecuteCommand": True}, "a valid taskRoleArn is not being used"),
        ({"role": "ecsServiceRole"}, "require a service linked role"),
    ],
)
def test_services_that_ecs_refuses(local: Local, changes: dict[str, Any], message: str) -> None:
    code, text = refusal(local.ecs.create_service, **service(local, **changes))
    assert code == "InvalidParameterException"
    assert message in text


def test_an_ended_platform_version(local: Local) -> None:
    assert refusal(local.ecs.create_service, **service(local, platformVersion="1.3.0"))[0] == "PlatformUnknownException"


def test_services_on_ec2(local: Local) -> None:
    register = local.ecs.register_task_definition
    bare = {"family": "ec2", "networkMode": "awsvpc", "containerDefinitions": [{"name": "a", "image": "b"}]}
    assert "'memory' or 'memoryReservation'" in refusal(register, **bare)[1]
    definition = register(**bare, memory="512", requiresCompatibilities=["EC2"])["taskDefinition"]["taskDefinitionArn"]
    placed = [{"type": "memberOf", "expression": "attribute:node == 1"}]
    on_ec2 = {
        **service(local, taskDefinition=definition, launchType="EC2", placementConstraints=placed),
        "networkConfiguration": local.network_of(local.subnets, "DISABLED"),
    }
    for changes, text in (
        ({"networkConfiguration": local.network}, "Assign public IP"),
        ({"placementConstraints": [{"type": "memberOf"}]}, "expression"),
        ({"placementConstraints": [{"type": "somewhere", "expression": "x"}]}, "placement constraint type"),
    ):
        assert text in refusal(local.ecs.create_service, **{**on_ec2, **changes})[1]
    for_fargate = local.definition(local.container("print(1)"), family="fargate")
    refused = refusal(local.ecs.create_service, **{**on_ec2, "taskDefinition": for_fargate})[1]
    assert refused == "Task definition does not support launch_type EC2."
    refused = refusal(
        local.ecs.create_service, **service(local, taskDefinition=for_fargate, placementConstraints=placed)
    )[1]
    assert refused == "Placement constraints are not supported with FARGATE launch type."
    made = local.ecs.create_service(**on_ec2)["service"]
    assert made["placementConstraints"] == placed


def test_an_unknown_task_definition_or_one_for_ec2(local: Local) -> None:
    assert refusal(local.ecs.create_service, **service(local, taskDefinition="nothing")) == (
        "ClientException",
        "TaskDefinition not found.",
    )
    definition = local.ecs.register_task_definition(
        family="ec2", containerDefinitions=[{"name": "a", "image": "b", "memory": 100}]
    )["taskDefinition"]
    assert refusal(
        local.ecs.create_service,
        **service(local, taskDefinition=definition["taskDefinitionArn"], networkConfiguration=None),
    )[1] == ("Task definition does not support launch_type FARGATE.")
    arguments = service(local)
    local.ecs.deregister_task_definition(taskDefinition=arguments["taskDefinition"])
    assert refusal(local.ecs.create_service, **arguments) == ("ClientException", "TaskDefinition is inactive")


def test_a_target_group_needs_a_listener_and_the_type_ip(local: Local) -> None:
    group = target_group(local)
    wanted = {"loadBalancers": [{"targetGroupArn": group, "containerName": "main", "containerPort": 3000}]}
    assert (
        "does not have an associated load balancer" in refusal(local.ecs.create_service, **service(local, **wanted))[1]
    )
    listened(local, group)
    created = local.ecs.create_service(**service(local, **wanted, healthCheckGracePeriodSeconds=60))["service"]
    assert created["healthCheckGracePeriodSeconds"] == 60


def test_a_target_group_of_instances(local: Local) -> None:
    group = target_group(local, TargetType="instance")
    listened(local, group)
    wanted = {"loadBalancers": [{"targetGroupArn": group, "containerName": "main", "containerPort": 3000}]}
    assert (
        "incompatible with the awsvpc network mode" in refusal(local.ecs.create_service, **service(local, **wanted))[1]
    )


def test_a_registry_with_an_address_record_takes_no_container(local: Local) -> None:
    arn = registry(local)
    more = service(local, serviceRegistries=[{"registryArn": arn, "containerName": "main", "containerPort": 3000}])
    assert "must not be specified for a service registry" in refusal(local.ecs.create_service, **more)[1]
    twice = service(local, serviceRegistries=[{"registryArn": arn}, {"registryArn": arn}])
    assert "only one service registry" in refusal(local.ecs.create_service, **twice)[1]
    assert local.ecs.create_service(**service(local, serviceRegistries=[{"registryArn": arn}]))


def test_rebalancing_is_chosen_and_kept(local: Local) -> None:
    narrow = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    chosen = local.ecs.create_service(**service(local, serviceName="narrow", deploymentConfiguration=narrow))["service"]
    assert chosen["availabilityZoneRebalancing"] == "DISABLED"
    assert local.ecs.create_service(**service(local))["service"]["availabilityZoneRebalancing"] == "ENABLED"
    update = {"cluster": "c", "service": "s", "deploymentConfiguration": narrow}
    assert "Availability Zone rebalancing" in refusal(local.ecs.update_service, **update)[1]
    updated = local.ecs.update_service(**update, availabilityZoneRebalancing="DISABLED")["service"]
    assert updated["availabilityZoneRebalancing"] == "DISABLED"


def test_updates_of_services_that_are_not_there(local: Local) -> None:
    assert refusal(local.ecs.update_service, cluster="c", service="no")[0] == "ServiceNotFoundException"
    assert refusal(local.ecs.update_service, cluster="no", service="no")[0] == "ClusterNotFoundException"


def test_one_off_tasks_that_ecs_refuses(local: Local) -> None:
    definition = local.definition(local.container("1"))
    run: dict[str, Any] = {"cluster": "c", "taskDefinition": definition, "launchType": "FARGATE"}
    assert "Network Configuration must be provided" in refusal(local.ecs.run_task, **run)[1]
    run["networkConfiguration"] = local.network
    other = {"containerOverrides": [{"name": "other", "command": ["x"]}]}
    assert refusal(local.ecs.run_task, **run, overrides=other)[1] == (
        "Override for container named other is not a container in the TaskDefinition."
    )
    long = {"containerOverrides": [{"name": "main", "command": ["x" * 8192]}]}
    assert "at most 8192" in refusal(local.ecs.run_task, **run, overrides=long)[1]
    assert refusal(local.ecs.run_task, **run, count=11)[0] == "InvalidParameterException"
    assert refusal(local.ecs.stop_task, cluster="c", task="0123")[1] == "The referenced task was not found."


def test_clusters_take_known_capacity_providers_only(local: Local) -> None:
    assert (
        "is not in an ACTIVE state" in refusal(local.ecs.create_cluster, clusterName="d", capacityProviders=["MINE"])[1]
    )
    created = local.ecs.create_cluster(clusterName="d", capacityProviders=["FARGATE", "FARGATE_SPOT"])["cluster"]
    assert created["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert local.ecs.create_cluster(clusterName="d")["cluster"]["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_cloud_map_goes_from_the_inside_out(local: Local) -> None:
    cloud_map = local.client("servicediscovery")
    arn = registry(local)
    known = cloud_map.list_services()["Services"][0]["Id"]
    space = cloud_map.list_namespaces()["Namespaces"][0]["Id"]
    cloud_map.register_instance(ServiceId=known, InstanceId="i", Attributes={"AWS_INSTANCE_IPV4": "10.7.1.9"})
    assert arn.endswith(known)
    assert refusal(cloud_map.delete_service, Id=known)[0] == "ResourceInUse"
    cloud_map.deregister_instance(ServiceId=known, InstanceId="i")
    assert refusal(cloud_map.delete_namespace, Id=space)[0] == "ResourceInUse"
    cloud_map.delete_service(Id=known)
    assert cloud_map.delete_namespace(Id=space)["OperationId"]
