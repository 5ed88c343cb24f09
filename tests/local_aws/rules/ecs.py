# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS refuses and moto takes.

Sources: "API" the API reference and its model in botocore; "Guide" the ECS developer guide, page named; "CFL" cfn-lint's
tables, made from the AWS API. Where a message's wording was not found anywhere it is ours, and marked so; the error
code is AWS's in every case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.ec2 import ec2_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.servicediscovery.models import servicediscovery_backends

from local_aws.ecs import policy
from local_aws.ecs.runtime import ACCOUNT_ID

from . import Call, Refusal, rule

GIB = 1024
FARGATE_DRIVERS = ("awslogs", "splunk", "awsfirelens")
FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
PLATFORM_VERSIONS = ("LATEST", "1.4.0")
NOFILE_LIMIT = 1048576
OVERRIDES = 8192


def _range(low: int, high: int, step: int = 1) -> frozenset[int]:
    return frozenset(size * GIB for size in range(low, high + 1, step))


# CFL fargate_cpu_memory.json; Guide task-cpu-memory-error
FARGATE_SIZES: dict[int, frozenset[int]] = {
    256: frozenset({512, 1024, 2048}),
    512: _range(1, 4),
    1024: _range(2, 8),
    2048: _range(4, 16),
    4096: _range(8, 30),
    8192: _range(16, 60, 4),
    16384: _range(32, 120, 8),
    32768: frozenset({60 * GIB, 120 * GIB, 244 * GIB}),
}


def client(message: str) -> Refusal:
    return Refusal("ClientException", message)


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterException", message)


def fargate(call: Call) -> bool:
    return "FARGATE" in (call.params.get("requiresCompatibilities") or [])


def containers(call: Call) -> list[dict[str, Any]]:
    return call.params.get("containerDefinitions") or []


# --- RegisterTaskDefinition ------------------------------------------------------------------------------------------


def _units(text: str, per_unit: int, unit: str) -> int | None:
    """1024, "1024", "1 vCPU", ".5 vcpu", "2 GB"."""
    found = re.fullmatch(rf"\s*(\d+|\d*\.\d+)\s*({unit})?\s*", str(text), re.IGNORECASE)
    if not found:
        return None
    value = float(found[1])
    return int(value * per_unit) if found[2] else int(value)


@rule("ecs", "RegisterTaskDefinition")
def family_is_a_name(call: Call) -> None:
    # API RegisterTaskDefinition.family: up to 255 letters, numbers, underscores and hyphens
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", call.params["family"]):
        raise client("Family contains invalid characters.")


@rule("ecs", "RegisterTaskDefinition")
def fargate_sizes(call: Call) -> None:
    # Guide task-cpu-memory-error; CFL fargate_cpu_memory.json
    if not fargate(call):
        return
    for name in ("cpu", "memory"):
        if not call.params.get(name):
            raise client(f"Fargate requires that '{name}' be defined at the task level.")
    cpu = _units(call.params["cpu"], 1024, "vcpu")
    memory = _units(call.params["memory"], GIB, "gb")
    if cpu not in FARGATE_SIZES:
        raise client(
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the "
            "Amazon ECS Developer Guide."
        )
    if memory not in FARGATE_SIZES[cpu]:
        raise client("No Fargate configuration exists for given values.")


@rule("ecs", "RegisterTaskDefinition")
def containers_fit_into_the_task(call: Call) -> None:
    # API ContainerDefinition.memory, .cpu: the containers' sum must not exceed the task's
    if not fargate(call):
        return
    cpu, memory = _units(call.params.get("cpu", ""), 1024, "vcpu"), _units(call.params.get("memory", ""), GIB, "gb")
    for container in containers(call):
        for name in ("memory", "memoryReservation"):
            if memory and int(container.get(name) or 0) > memory:
                raise client(f"The '{name}' setting for container is greater than for the task.")
    if cpu and sum(int(item.get("cpu") or 0) for item in containers(call)) > cpu:
        raise client("The sum of all container 'cpu' values must not exceed the value of the task 'cpu'.")


@rule("ecs", "RegisterTaskDefinition")
def memory_on_ec2(call: Call) -> None:
    # API ContainerDefinition.memory: the task or each container must have one
    if fargate(call) or call.params.get("memory"):
        return
    for container in containers(call):
        if not container.get("memory") and not container.get("memoryReservation"):
            raise client(
                f"Invalid setting for container '{container.get('name')}'. At least one of 'memory' or 'memoryReservation' must be "
                "specified."
            )


@rule("ecs", "RegisterTaskDefinition")
def fargate_network_mode(call: Call) -> None:
    # Guide fargate-tasks-services: network mode must be awsvpc
    if fargate(call) and call.params.get("networkMode") != "awsvpc":
        raise client("Fargate only supports network mode 'awsvpc'.")


@rule("ecs", "RegisterTaskDefinition")
def fargate_takes_no_host_settings(call: Call) -> None:
    # CFL fargate_properties.json; Guide fargate-tasks-services (wording ours)
    if not fargate(call):
        return
    if call.params.get("placementConstraints"):
        raise client("Fargate tasks do not support placement constraints.")
    if call.params.get("ipcMode"):
        raise client("Fargate tasks do not support 'ipcMode'.")
    for container in containers(call):
        for name in (
            "privileged",
            "extraHosts",
            "dnsServers",
            "dnsSearchDomains",
            "dockerSecurityOptions",
            "links",
            "hostname",
            "disableNetworking",
        ):
            if container.get(name):
                raise client(f"Fargate task definitions may not specify '{name}' (container '{container['name']}').")
        parameters = container.get("linuxParameters") or {}
        for name in ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"):
            if parameters.get(name):
                raise client(f"Fargate task definitions may not specify 'linuxParameters.{name}'.")
        added = (parameters.get("capabilities") or {}).get("add") or []
        if set(added) - {"SYS_PTRACE"}:
            # API KernelCapabilities.add: on Fargate only SYS_PTRACE
            raise client("Fargate only supports adding the SYS_PTRACE kernel capability.")
    for volume in call.params.get("volumes") or []:
        if (volume.get("host") or {}).get("sourcePath") or volume.get("dockerVolumeConfiguration"):
            raise client(f"Fargate volumes may not use a host path or a Docker volume (volume '{volume['name']}').")


@rule("ecs", "RegisterTaskDefinition")
def log_drivers(call: Call) -> None:
    # API LogConfiguration.logDriver and .options; Guide using_awslogs
    if not fargate(call):
        return
    for container in containers(call):
        configuration = container.get("logConfiguration")
        if not configuration:
            continue
        driver = configuration["logDriver"]
        if driver not in FARGATE_DRIVERS:
            raise client(
                f"Log driver {driver} is not supported for the Fargate launch type. Supported drivers: "
                f"{', '.join(FARGATE_DRIVERS)}."
            )
        if driver == "awslogs":
            options = configuration.get("options") or {}
            needed = [
                name for name in ("awslogs-group", "awslogs-region", "awslogs-stream-prefix") if not options.get(name)
            ]
            if needed:
                raise client(f"Log driver awslogs requires options: {', '.join(needed)}.")
            if not call.params.get("executionRoleArn"):
                raise client(
                    "Fargate requires task definition to have execution role ARN to support log driver awslogs."
                )


def _secrets(call: Call) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for container in containers(call):
        for secret in container.get("secrets") or []:
            yield container, secret


@rule("ecs", "RegisterTaskDefinition")
def secrets_need_an_execution_role(call: Call) -> None:
    # Guide specifying-sensitive-data
    if any(_secrets(call)) and not call.params.get("executionRoleArn"):
        raise client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")


@rule("ecs", "RegisterTaskDefinition")
def secrets_are_references(call: Call) -> None:
    # Guide secrets-envvar-secrets-manager: arn:…:secret:name-AbCdEf:json-key:version-stage:version-id, the colons
    # behind a JSON key are mandatory (wording ours)
    for _, secret in _secrets(call):
        source = secret["valueFrom"]
        if ":secretsmanager:" in source:
            parts = source.split(":")
            if len(parts) not in (7, 10) or parts[5] != "secret" or not parts[6] or not parts[3]:
                raise client(
                    f"The Secrets Manager ARN specified for secret {secret['name']} is invalid. It must have "
                    "the form arn:aws:secretsmanager:region:account:secret:name-AbCdEf[:json-key:"
                    "version-stage:version-id]."
                )
        elif not re.fullmatch(r"(arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter)?/[\w./-]{1,2048}", source):
            raise client(
                f"The Systems Manager parameter name specified for secret {secret['name']} is invalid. The "
                "parameter name can be up to 2048 characters and include the following letters and symbols: "
                "a-zA-Z0-9_.-/"
            )


@rule("ecs", "RegisterTaskDefinition")
def secret_names_are_unique(call: Call) -> None:
    # Guide secrets-envvar
    for container in containers(call):
        taken = {item["name"] for item in container.get("environment") or []}
        for secret in container.get("secrets") or []:
            if secret["name"] in taken:
                raise client(
                    "The secret name must be unique and not shared with any new or existing environment "
                    f"variables set on the container, such as '{secret['name']}'."
                )
            taken.add(secret["name"])


@rule("ecs", "RegisterTaskDefinition")
def health_check_limits(call: Call) -> None:
    # API HealthCheck: interval 5-300, timeout 2-60, retries 1-10, startPeriod 0-300 (wording ours)
    limits = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
    for container in containers(call):
        check = container.get("healthCheck") or {}
        for name, (low, high) in limits.items():
            if check.get(name) is not None and not low <= int(check[name]) <= high:
                raise client(
                    f"The health check {name} of container '{container['name']}' must be between {low} and {high}."
                )
        if check and check.get("command", ["CMD"])[0] not in ("CMD", "CMD-SHELL", "NONE"):
            # API HealthCheck.command: the array must start with CMD or CMD-SHELL
            raise client("Health check command must start with CMD or CMD-SHELL.")


@rule("ecs", "RegisterTaskDefinition")
def timeouts_of_containers(call: Call) -> None:
    # API ContainerDefinition.stopTimeout, .startTimeout: at most 120 on Fargate (wording ours)
    for container in containers(call):
        for name, low in (("startTimeout", 2), ("stopTimeout", 0)):
            value = container.get(name)
            if value is not None and fargate(call) and not low <= int(value) <= 120:
                raise client(
                    f"The {name} of container '{container['name']}' must be between {low} and 120 seconds on Fargate."
                )


@rule("ecs", "RegisterTaskDefinition")
def ephemeral_storage(call: Call) -> None:
    # API EphemeralStorage.sizeInGiB: 21 to 200
    size = (call.params.get("ephemeralStorage") or {}).get("sizeInGiB")
    if size is not None and not 21 <= int(size) <= 200:
        raise client("Provided ephemeral storage size is outside of the supported range, 21 to 200 GiB.")


@rule("ecs", "RegisterTaskDefinition")
def ulimits(call: Call) -> None:
    # Guide fargate-tasks-services: only nofile may be changed, up to 1048576 (wording ours)
    for container in containers(call):
        for limit in container.get("ulimits") or []:
            if int(limit["softLimit"]) > int(limit["hardLimit"]):
                raise client(f"The soft limit of ulimit {limit['name']} is greater than its hard limit.")
            if fargate(call) and limit["name"] != "nofile":
                raise client(f"Fargate does not support the ulimit {limit['name']}; only nofile may be set.")
            if fargate(call) and int(limit["hardLimit"]) > NOFILE_LIMIT:
                raise client(f"The hard limit of nofile must be at most {NOFILE_LIMIT} on Fargate.")


@rule("ecs", "RegisterTaskDefinition")
def ports_match(call: Call) -> None:
    # API PortMapping.hostPort: with awsvpc it is left out or the same as the container port
    if call.params.get("networkMode") not in ("awsvpc", "host"):
        return
    for container in containers(call):
        for mapping in container.get("portMappings") or []:
            if mapping.get("hostPort") not in (None, 0, mapping.get("containerPort")):
                raise client("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")


@rule("ecs", "RegisterTaskDefinition")
def containers_make_sense(call: Call) -> None:
    # API ContainerDefinition.name, .image, .essential, .dependsOn, MountPoint.sourceVolume
    names = [item.get("name") or "" for item in containers(call)]
    if not names:
        raise client("Container list cannot be empty.")
    if len(set(names)) != len(names):
        raise client("Container names must be unique within a task definition.")
    volumes = {item["name"] for item in call.params.get("volumes") or []}
    for container in containers(call):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", container.get("name") or ""):
            raise client("Container.name contains invalid characters.")
        if not re.fullmatch(r"[A-Za-z0-9_./:@-]{1,255}", container.get("image") or ""):
            raise client("Container.image contains invalid characters.")
        for point in container.get("mountPoints") or []:
            if point.get("sourceVolume") not in volumes:
                raise client(f"Unknown volume '{point.get('sourceVolume')}'.")
        for dependency in container.get("dependsOn") or []:
            _dependency(call, container, dependency, names)
    if not any(item.get("essential", True) for item in containers(call)):
        raise client("Invalid 'essential' settings: a task must have at least one essential container.")


def _dependency(call: Call, container: dict[str, Any], dependency: dict[str, str], names: list[str]) -> None:
    other = dependency["containerName"]
    if other not in names or other == container["name"]:
        raise client(f"Unknown container '{other}' in dependsOn of container '{container['name']}'.")
    target = next(item for item in containers(call) if item["name"] == other)
    if dependency["condition"] == "HEALTHY" and not target.get("healthCheck"):
        raise client(
            f"Container '{other}' has no health check, but container '{container['name']}' depends on HEALTHY."
        )
    if dependency["condition"] in ("SUCCESS", "COMPLETE") and target.get("essential", True):
        raise client(f"Container '{other}' is essential; a dependency on {dependency['condition']} cannot be met.")


@rule("ecs", "RegisterTaskDefinition")
def efs_volumes(call: Call) -> None:
    # API EFSVolumeConfiguration, EFSAuthorizationConfig
    for volume in call.params.get("volumes") or []:
        configuration = volume.get("efsVolumeConfiguration")
        if not configuration:
            continue
        authorization = configuration.get("authorizationConfig") or {}
        encrypted = configuration.get("transitEncryption") == "ENABLED"
        if authorization.get("accessPointId"):
            if not encrypted:
                raise client("EFS transit encryption must be enabled when an EFS access point is specified.")
            if configuration.get("rootDirectory") not in (None, "", "/"):
                raise client("EFS root directory must be omitted or set to '/' when an EFS access point is specified.")
        if authorization.get("iam") == "ENABLED":
            if not encrypted:
                raise client("EFS transit encryption must be enabled when EFS IAM authorization is enabled.")
            if not call.params.get("taskRoleArn"):
                raise client("A task role ARN is required when EFS IAM authorization is enabled.")
        if configuration.get("transitEncryptionPort") and not encrypted:
            raise client("EFS transit encryption must be enabled when a transit encryption port is specified.")
        if not re.fullmatch(r"fs-[0-9a-f]{8,40}", configuration.get("fileSystemId") or ""):
            raise client(f"Invalid EFS file system id '{configuration.get('fileSystemId')}'.")


@rule("ecs", "RegisterTaskDefinition")
def roles_exist(call: Call) -> None:
    # iam:PassRole needs a role that is visible already: "Role is not valid" (terraform-aws-ecs #414)
    for name in ("executionRoleArn", "taskRoleArn"):
        if call.params.get(name):
            _role(call, call.params[name])


def _role(call: Call, arn: str) -> None:
    role = policy.role_of(arn)
    if role is None or not policy.visible(role):
        raise client("Role is not valid")


@rule("ecs", "RegisterTaskDefinition")
def platform(call: Call) -> None:
    # API RuntimePlatform: what Fargate offers
    given = call.params.get("runtimePlatform") or {}
    if fargate(call) and given.get("cpuArchitecture") not in (None, "X86_64", "ARM64"):
        raise client(f"Invalid CPU architecture '{given['cpuArchitecture']}'.")
    if given.get("cpuArchitecture") == "ARM64" and "WINDOWS" in str(given.get("operatingSystemFamily")):
        raise client("Windows does not support the ARM64 CPU architecture.")


# --- services and tasks ----------------------------------------------------------------------------------------------


def _backend(call: Call) -> Any:
    return ecs_backends[ACCOUNT_ID][call.region]


def _cluster_name(call: Call) -> str:
    return str(call.params.get("cluster") or "default").rsplit("/", 1)[-1]


def _known_service(call: Call) -> Any | None:
    name = str(call.params.get("service") or call.params.get("serviceName") or "").rsplit("/", 1)[-1]
    return _backend(call).services.get(f"{_cluster_name(call)}:{name}")


def _definition(call: Call) -> Any | None:
    """The task definition that a call means; None where ECS itself will say that there is none."""
    name = call.params.get("taskDefinition")
    service = _known_service(call)
    if not name and service is not None:
        name = service.settings["taskDefinition"]
    family, _, revision = str(name or "").rsplit("/", 1)[-1].partition(":")
    known = _backend(call).task_definitions.get(family) or {}
    if not revision:
        active = [number for number, item in known.items() if item.status == "ACTIVE"]
        return known[max(active)] if active else None
    return known.get(int(revision)) if revision.isdigit() else None


def _awsvpc(call: Call) -> dict[str, Any]:
    return (call.params.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}


@rule("ecs", "CreateService")
@rule("ecs", "RunTask")
def launch_type_or_strategy(call: Call) -> None:
    # API CreateService.capacityProviderStrategy: launchType must be omitted with it
    strategy = call.params.get("capacityProviderStrategy") or []
    if call.params.get("launchType") and strategy:
        raise invalid("Specify either Launch Type or Capacity Provider Strategy, but not both.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
@rule("ecs", "RunTask")
def strategies(call: Call) -> None:
    # API CapacityProviderStrategyItem; Guide fargate-capacity-providers
    strategy = call.params.get("capacityProviderStrategy") or []
    managed = [item["capacityProvider"] in FARGATE_PROVIDERS for item in strategy]
    if managed and any(managed) != all(managed):
        raise invalid(
            "The specified capacity provider strategy cannot contain a mix of capacity providers using Auto "
            "Scaling groups and Fargate capacity."
        )
    if sum(int(item.get("base") or 0) > 0 for item in strategy) > 1:
        raise invalid("Only one capacity provider in a capacity provider strategy can have a base defined.")
    if strategy and all(not int(item.get("weight") or 0) for item in strategy) and len(strategy) > 1:
        raise invalid(
            "At least one capacity provider in a capacity provider strategy must have a weight greater than zero."
        )


@rule("ecs", "CreateService")
@rule("ecs", "RunTask")
def definition_supports_the_launch_type(call: Call) -> None:
    # Guide fargate-tasks-services: the task definition must be compatible with the launch type
    definition = _definition(call)
    strategy = [item["capacityProvider"] for item in call.params.get("capacityProviderStrategy") or []]
    wanted = call.params.get("launchType") == "FARGATE" or any(item in FARGATE_PROVIDERS for item in strategy)
    if definition is not None and wanted and "FARGATE" not in (definition.requires_compatibilities or []):
        raise invalid("Task definition does not support launch_type FARGATE.")
    compatible = definition.requires_compatibilities if definition is not None else []
    if call.params.get("launchType") == "EC2" and compatible and "EC2" not in compatible:
        raise invalid("Task definition does not support launch_type EC2.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
@rule("ecs", "RunTask")
def where_tasks_may_be_placed(call: Call) -> None:
    # Guide fargate-tasks-services: no placement constraints; API AwsVpcConfiguration.assignPublicIp: Fargate only;
    # API PlacementConstraint (wording of the second and third ours)
    service = _known_service(call)
    kind = call.params.get("launchType") or (service.launch_type if service is not None else None)
    constraints = call.params.get("placementConstraints") or []
    if constraints and kind == "FARGATE":
        raise invalid("Placement constraints are not supported with FARGATE launch type.")
    if _awsvpc(call).get("assignPublicIp") == "ENABLED" and kind == "EC2":
        raise invalid("Assign public IP is not supported for this launch type.")
    for item in constraints:
        if item.get("type") not in ("memberOf", "distinctInstance"):
            raise invalid(f"Invalid placement constraint type '{item.get('type')}'.")
        if (item["type"] == "memberOf") != bool(item.get("expression")):
            raise invalid("An expression belongs to placement constraints of the type memberOf, and to no others.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
@rule("ecs", "RunTask")
def platform_versions(call: Call) -> None:
    # Guide platform-versions: 1.3.0 ended 2026-06-30
    version = call.params.get("platformVersion")
    if version and version not in PLATFORM_VERSIONS:
        raise Refusal("PlatformUnknownException", f"The specified platform version {version} does not exist.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
@rule("ecs", "RunTask")
def network_exists(call: Call) -> None:
    # API AwsVpcConfiguration: up to 16 subnets, up to 5 security groups, all of one VPC
    network = _awsvpc(call)
    if not network:
        return
    ec2 = ec2_backends[ACCOUNT_ID][call.region]
    subnets, groups = network.get("subnets") or [], network.get("securityGroups") or []
    if not subnets:
        raise invalid("subnets can not be empty.")
    if len(subnets) > 16 or len(groups) > 5:
        raise invalid("There is a limit of 16 subnets and 5 security groups that can be specified.")
    known = {item.id: item for zone in ec2.subnets.values() for item in zone.values()}
    for subnet in subnets:
        if subnet not in known:
            raise invalid(
                f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)"
            )
    networks = {known[item].vpc_id for item in subnets}
    for group_id in groups:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise invalid(
                f"Error retrieving security group information for [{group_id}]: The security group "
                f"'{group_id}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            )
        networks.add(str(group.vpc_id))
    if len(networks) > 1:
        raise invalid("The provided subnets and security groups must be in the same VPC.")


@rule("ecs", "CreateService")
def service_name(call: Call) -> None:
    # API CreateService.serviceName: up to 255 letters, numbers, underscores and hyphens
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", call.params.get("serviceName") or ""):
        raise invalid("Service name contains invalid characters.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def grace_period_needs_a_load_balancer(call: Call) -> None:
    # cfn-lint #3612, eagletmt/hako #70
    if call.params.get("healthCheckGracePeriodSeconds") is None:
        return
    service = _known_service(call)
    balancers = call.params.get("loadBalancers")
    if balancers is None and call.operation == "UpdateService" and service is not None:
        balancers = service.load_balancers
    if not balancers:
        raise invalid("Health check grace period is only valid for services configured to use load balancers")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def load_balancers(call: Call) -> None:
    # Guide service-load-balancing; API LoadBalancer
    definition = _definition(call)
    for item in call.params.get("loadBalancers") or []:
        if definition is not None:
            _container_port(definition, item)
        group = elbv2_backends[ACCOUNT_ID][call.region].target_groups.get(item.get("targetGroupArn"))
        if group is None:
            raise invalid(
                "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS "
                "service role being passed has the proper permissions."
            )
        if not _attached(call.region, group.arn):
            raise invalid(
                f"The target group with targetGroupArn {group.arn} does not have an associated load balancer."
            )
        if group.target_type != "ip":
            raise invalid(
                f"The provided target group {group.arn} has target type {group.target_type}, which is "
                "incompatible with the awsvpc network mode specified in the task definition."
            )
        _same_vpc(call, group)


def _container_port(definition: Any, item: dict[str, Any]) -> None:
    container = next(
        (one for one in definition.container_definitions if one["name"] == item.get("containerName")), None
    )
    if container is None:
        raise invalid(f"The container {item.get('containerName')} does not exist in the task definition.")
    ports = {int(mapping["containerPort"]) for mapping in container.get("portMappings") or []}
    if int(item.get("containerPort") or 0) not in ports:
        raise invalid(
            f"The container {item['containerName']} did not have a container port {item.get('containerPort')} defined."
        )


def _attached(region: str, arn: str) -> bool:
    return bool(elbv2_backends[ACCOUNT_ID][region]._any_listener_using(arn))


def _same_vpc(call: Call, group: Any) -> None:
    ec2 = ec2_backends[ACCOUNT_ID][call.region]
    for zone in ec2.subnets.values():
        for subnet_id in _awsvpc(call).get("subnets") or []:
            if subnet_id in zone and zone[subnet_id].vpc_id != group.vpc_id:
                raise invalid(
                    f"The target group {group.arn} is in VPC {group.vpc_id}, but the subnets of the service "
                    f"are in {zone[subnet_id].vpc_id}."
                )


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def service_registries(call: Call) -> None:
    # API ServiceRegistry; Guide service-discovery: awsvpc with an A record takes registryArn only, one registry
    registries = call.params.get("serviceRegistries") or []
    if len(registries) > 1:
        raise invalid("A service can have only one service registry.")
    for item in registries:
        arn = str(item.get("registryArn") or "")
        known = servicediscovery_backends[ACCOUNT_ID][call.region].services.get(arn.rsplit("/", 1)[-1])
        if known is None:
            raise invalid(f"The service registry {arn} does not exist.")
        records = {record["Type"] for record in (known.dns_config or {}).get("DnsRecords") or []}
        names_container = bool(item.get("containerName") or item.get("containerPort") or item.get("port"))
        definition = _definition(call)
        if (
            records & {"A", "AAAA"}
            and definition is not None
            and definition.network_mode == "awsvpc"
            and names_container
        ):
            raise invalid(
                "Container name and container port, or port, must not be specified for a service registry "
                "with an A record and the awsvpc network mode."
            )
        if records == {"SRV"} and not names_container:
            raise invalid(
                "A container name and container port, or a port, must be specified for a service registry "
                "with an SRV record."
            )


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def zone_rebalancing(call: Call) -> None:
    # Guide service-rebalancing: not with maximumPercent 100, DAEMON or EXTERNAL; the field left out on update keeps
    # what was (terraform-provider-aws #44117). Wording ours.
    service = _known_service(call)
    updating = call.operation == "UpdateService" and service is not None
    wanted = call.params.get("availabilityZoneRebalancing")
    if wanted is None and updating:
        wanted = service.settings.get("availabilityZoneRebalancing")  # type: ignore[union-attr]
    configuration = call.params.get("deploymentConfiguration")
    if configuration is None and updating:
        configuration = service.settings.get("deploymentConfiguration")  # type: ignore[union-attr]
    maximum = (configuration or {}).get("maximumPercent", 200)
    if wanted == "ENABLED" and (int(maximum) <= 100 or call.params.get("schedulingStrategy") == "DAEMON"):
        raise invalid(
            "Availability Zone rebalancing is not supported for services with a maximumPercent of 100 or less, "
            "or with the DAEMON scheduling strategy."
        )


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def deployment_configurations(call: Call) -> None:
    # API DeploymentConfiguration, DeploymentCircuitBreaker
    configuration = call.params.get("deploymentConfiguration") or {}
    lower = int(configuration.get("minimumHealthyPercent", 100))
    upper = int(configuration.get("maximumPercent", 200))
    if configuration and (upper < lower or upper == 0 or lower > 100):
        raise invalid(
            "maximumPercent must not be lower than minimumHealthyPercent, and minimumHealthyPercent must not "
            "exceed 100."
        )
    controller = (call.params.get("deploymentController") or {}).get("type", "ECS")
    if (configuration.get("deploymentCircuitBreaker") or {}).get("enable") and controller != "ECS":
        raise invalid("Deployment circuit breaker is only supported with the ECS deployment controller.")


@rule("ecs", "CreateService")
@rule("ecs", "UpdateService")
def exec_needs_a_task_role(call: Call) -> None:
    # Guide ecs-exec
    definition = _definition(call)
    if not call.params.get("enableExecuteCommand") or definition is None:
        return
    if not getattr(definition, "task_role_arn", None):
        raise invalid(
            "The service couldn't be created because a valid taskRoleArn is not being used. Specify a "
            "valid task role in your task definition and try again."
        )


@rule("ecs", "CreateService")
def service_linked_role_only(call: Call) -> None:
    # API CreateService.role: not with the awsvpc network mode
    definition = _definition(call)
    if call.params.get("role") and definition is not None and definition.network_mode == "awsvpc":
        raise invalid("You cannot specify an IAM role for services that require a service linked role.")


@rule("ecs", "RunTask")
def task_counts(call: Call) -> None:
    # API RunTask.count: 1 to 10
    count = call.params.get("count")
    if count is not None and not 1 <= int(count) <= 10:
        raise invalid("Count must be between 1 and 10.")


@rule("ecs", "RunTask")
def overrides(call: Call) -> None:
    # API TaskOverride, ContainerOverride; API RunTask.overrides: 8192 characters with the JSON's own
    definition = _definition(call)
    given = call.params.get("overrides") or {}
    for name in ("executionRoleArn", "taskRoleArn"):
        if given.get(name):
            _role(call, given[name])
    if definition is None:
        return
    if len(json.dumps(given, separators=(",", ":"))) > OVERRIDES:
        raise invalid(f"Container Overrides length must be at most {OVERRIDES}")
    names = {item["name"] for item in definition.container_definitions}
    for item in given.get("containerOverrides") or []:
        if item.get("name") not in names:
            raise invalid(f"Override for container named {item.get('name')} is not a container in the TaskDefinition.")


@rule("ecs", "CreateCluster")
@rule("ecs", "PutClusterCapacityProviders")
def capacity_providers_exist(call: Call) -> None:
    # API CreateCluster.capacityProviders: Fargate's, or created before
    known = {*FARGATE_PROVIDERS, *_backend(call).capacity_providers}
    for name in call.params.get("capacityProviders") or []:
        if name.rsplit("/", 1)[-1] not in known:
            raise invalid(
                f"The specified capacity provider '{name}' is not in an ACTIVE state. Specify a valid "
                "capacity provider and try again."
            )
    for item in call.params.get("defaultCapacityProviderStrategy") or []:
        if item["capacityProvider"] not in (call.params.get("capacityProviders") or []):
            raise invalid(
                f"The specified capacity provider '{item['capacityProvider']}' is not associated with the cluster."
            )


@rule("ecs", "CreateCluster")
def cluster_name(call: Call) -> None:
    # API CreateCluster.clusterName
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", call.params.get("clusterName") or "default"):
        raise invalid("The cluster name contains invalid characters.")


# --- Cloud Map, as services use it -----------------------------------------------------------------------------------


@rule("servicediscovery", "DeleteService")
def named_services_are_empty(call: Call) -> None:
    # API (Cloud Map) DeleteService: registered instances must be deregistered first; ECS does so while it drains
    known = servicediscovery_backends[ACCOUNT_ID][call.region].services.get(str(call.params["Id"]).rsplit("/", 1)[-1])
    if known is not None and known.instances:
        raise Refusal(
            "ResourceInUse", "Service contains registered instances; delete the instances before deleting the service"
        )


@rule("servicediscovery", "DeleteNamespace")
def namespaces_are_empty(call: Call) -> None:
    # API (Cloud Map) DeleteNamespace: a namespace with services is in use
    namespace = str(call.params["Id"]).rsplit("/", 1)[-1]
    services = servicediscovery_backends[ACCOUNT_ID][call.region].services.values()
    if any(item.namespace_id == namespace for item in services):
        raise Refusal("ResourceInUse", "Namespace has associated services; delete the services before the namespace")
