# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task needs before its containers start: image, secrets, log streams, volumes.

Each step fails as it fails on Fargate, with the text that AWS puts into ``stoppedReason``.
"""

from __future__ import annotations

import ipaddress
import json
import shutil
from pathlib import Path
from typing import Any

from moto.ec2 import ec2_backends
from moto.ecr.models import ecr_backends
from moto.efs.models import EFSBackend, efs_backends
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from .. import pull_through
from . import policy
from .images import Image
from .model import LiveContainer, LiveTask
from .runtime import ACCOUNT_ID, Runtime

NFS_PORT = 2049


class InitializationError(Exception):
    """The task cannot start; the text is its stoppedReason."""

    def __init__(self, reason: str, container: LiveContainer | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.container = container


def _session(task: LiveTask, role_arn: str) -> str:
    return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{task.id}"


def _denied(task: LiveTask, role_arn: str, action: str, resource: str) -> str:
    return (
        f"AccessDeniedException: User: {_session(task, role_arn)} is not authorized to perform: {action} on resource: "
        f"{resource} because no identity-based policy allows the {action} action"
    )


# --- image -----------------------------------------------------------------------------------------------------------


def image_of(runtime: Runtime, task: LiveTask, container: LiveContainer) -> Image:
    """The local double of the container's image."""
    reference = container.definition["image"]
    cached = pull_through.upstream(reference)
    image = runtime.images.find(cached[0] if cached else reference)
    if image is None:
        raise InitializationError(
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
            f"{reference}: {reference}: not found",
            container,
        )
    if ".dkr.ecr." in reference:
        _check_registry(task)
        if cached:
            _fetch(task, container, reference, cached[1])
    elif not reaches_the_internet(task):
        raise InitializationError(
            f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
            f"{reference}: failed to do request: dial tcp: i/o timeout. Check your task network configuration.",
            container,
        )
    return image


def reaches_the_internet(task: LiveTask) -> bool:
    """Whether the task's subnet has a way out: a NAT gateway, or an internet gateway and a public address.

    On EC2 the agent pulls images and reads secrets, by the host's own interface; it had not joined without a way out.
    """
    if task.container_instance_arn:
        return True
    ec2: Any = ec2_backends[ACCOUNT_ID][task.region]
    subnet = task.interface.subnet
    tables = [item for item in ec2.route_tables.values() if item.vpc_id == subnet.vpc_id]
    own = [item for item in tables if subnet.id in item._associations.values()]
    public = task.network.get("assignPublicIp") == "ENABLED"
    for table in own or [item for item in tables if item.main_association_id]:
        for route in table.routes:
            if route.destination_cidr_block != "0.0.0.0/0":
                continue
            if route.nat_gateway is not None:
                return bool(route.nat_gateway.state == "available")
            if str(route.gateway_id or "").startswith("igw-"):
                return public
            # a transit gateway, an instance or an interface: whatever is behind it is the operator's
            return not route.local
    return False


def _check_registry(task: LiveTask) -> None:
    role = task.execution_role_arn
    for action in ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        if not role or not policy.allows(role, action, None):
            raise InitializationError(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                "failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): "
                + (_denied(task, role, action, "*") if role else "NoCredentialProviders: no execution role")
            )


def _fetch(task: LiveTask, container: LiveContainer, reference: str, repository: str) -> None:
    """The first pull through a cache: Guide pull-through-cache-iam."""
    ecr: Any = ecr_backends[ACCOUNT_ID][task.region]
    role, arn = task.execution_role_arn, f"arn:aws:ecr:{task.region}:{ACCOUNT_ID}:repository/{repository}"
    if repository in ecr.repositories:
        return
    for action in ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository"):
        if not role or not policy.allows(role, action, arn):
            raise InitializationError(
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: "
                f"{reference}: not found",
                container,
            )
    ecr.create_repository(repository, ACCOUNT_ID, None, None, None, None)


# --- secrets ---------------------------------------------------------------------------------------------------------

_SECRETS = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secret from {source}: service call has been retried 1 time(s): "
)


def secrets_of(task: LiveTask, container: LiveContainer) -> dict[str, str]:
    """The container's secrets, read with the execution role."""
    if container.definition.get("secrets") and not (reaches_the_internet(task) or _endpoint(task, "secretsmanager")):
        raise InitializationError(
            "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: "
            "There is a connection issue between the task and AWS Secrets Manager. Check your task network "
            "configuration. context deadline exceeded"
        )
    return {item["name"]: _secret(task, item["valueFrom"]) for item in container.definition.get("secrets") or []}


def _endpoint(task: LiveTask, service: str) -> bool:
    """Whether the task's VPC has an interface endpoint of a service."""
    ec2: Any = ec2_backends[ACCOUNT_ID][task.region]
    return any(
        item.vpc_id == task.interface.subnet.vpc_id and item.service_name.endswith(f".{service}")
        for item in ec2.vpc_end_points.values()
    )


def _secret(task: LiveTask, source: str) -> str:
    role = task.execution_role_arn
    if ":secretsmanager:" in source:
        return _from_secrets_manager(task, role, source)
    return _from_parameter_store(task, role, source)


def _from_secrets_manager(task: LiveTask, role: str | None, source: str) -> str:
    parts = source.split(":")
    arn, rest = ":".join(parts[:7]), [*parts[7:], "", "", ""]
    key, stage, version = rest[0], rest[1], rest[2]
    prefix = _SECRETS.format(source="asm") + f"failed to fetch secret {arn} from secrets manager: "
    backend = secretsmanager_backends[ACCOUNT_ID][parts[3]]
    stored = backend.secrets.get(arn)
    full_arn = stored.arn if stored else arn
    context = {"secretsmanager:VersionStage": stage or "AWSCURRENT"}
    if not role or not policy.allows(role, "secretsmanager:GetSecretValue", full_arn, context):
        raise InitializationError(prefix + _denied(task, role or "none", "secretsmanager:GetSecretValue", full_arn))
    _check_key(task, role, stored, parts[3], prefix)
    try:
        wanted: Any = (version or None, stage or (None if version else "AWSCURRENT"))
        value = backend.get_secret_value(arn, *wanted)
    except Exception as error:
        detail = getattr(error, "message", None) or str(error)
        raise InitializationError(f"{prefix}ResourceNotFoundException: {detail}") from error
    text = value.get("SecretString") or ""
    return _json_key(text, key) if key else text


def _check_key(task: LiveTask, role: str, stored: Any, region: str, prefix: str) -> None:
    """A customer managed key needs kms:Decrypt as well."""
    key_id = getattr(stored, "kms_key_id", None)
    if not key_id or "alias/aws/" in key_id:
        return
    arn = key_id if key_id.startswith("arn:") else f"arn:aws:kms:{region}:{ACCOUNT_ID}:key/{key_id}"
    if not policy.allows(role, "kms:Decrypt", None if ":alias/" in arn else arn):
        raise InitializationError(prefix + "AccessDeniedException: Access to KMS is not allowed")


def _json_key(text: str, key: str) -> str:
    prefix = _SECRETS.format(source="asm")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InitializationError(
            f"{prefix}invalid character in secret: it is not JSON, but key {key} is asked for"
        ) from error
    if not isinstance(values, dict) or key not in values:
        raise InitializationError(f"{prefix}retrieved secret from Secrets Manager did not contain json key {key}")
    value = values[key]
    return value if isinstance(value, str) else json.dumps(value)


def _from_parameter_store(task: LiveTask, role: str | None, source: str) -> str:
    region = source.split(":")[3] if source.startswith("arn:") else task.region
    name = source.split(":parameter", 1)[-1] if source.startswith("arn:") else source
    arn = f"arn:aws:ssm:{region}:{ACCOUNT_ID}:parameter/{name.lstrip('/')}"
    prefix = _SECRETS.format(source="ssm")
    if not role or not policy.allows(role, "ssm:GetParameters", arn):
        raise InitializationError(prefix + _denied(task, role or "none", "ssm:GetParameters", arn))
    found = ssm_backends[ACCOUNT_ID][region].get_parameters([name])
    if not found and name.startswith("/"):
        found = ssm_backends[ACCOUNT_ID][region].get_parameters([name.lstrip("/")])
    if not found:
        raise InitializationError(f"{prefix}invalid ssm parameters: {name}")
    return str(next(iter(found.values())).value)


# --- logs ------------------------------------------------------------------------------------------------------------


class LogSink:
    """Where a container's output goes: one CloudWatch Logs stream, or nowhere."""

    def __init__(self, region: str, group: str, stream: str, allowed: bool) -> None:
        self.region, self.group, self.stream, self.allowed = region, group, stream, allowed

    def write(self, lines: list[tuple[int, str]]) -> None:
        group = logs_backends[ACCOUNT_ID][self.region].groups.get(self.group)
        if group is None or not self.allowed:
            return  # the group was deleted, or PutLogEvents is denied: the agent drops what it cannot deliver
        if self.stream not in group.streams:
            group.create_log_stream(self.stream)
        group.put_log_events(self.stream, [{"timestamp": stamp, "message": text} for stamp, text in lines])


def log_sink(task: LiveTask, container: LiveContainer) -> LogSink | None:
    configuration = container.definition.get("logConfiguration")
    if not configuration or configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options") or {}
    group, region = options["awslogs-group"], options.get("awslogs-region", task.region)
    stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container.name}/{task.id}"
    backend = logs_backends[ACCOUNT_ID][region]
    prefix = (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log {what}: "
    )
    role = task.execution_role_arn
    group_arn = f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}"
    stream_arn = f"{group_arn}:log-stream:{stream}"
    if group not in backend.groups and str(options.get("awslogs-create-group", "false")).lower() == "true":
        if not role or not policy.allows(role, "logs:CreateLogGroup", group_arn):
            raise InitializationError(
                prefix.format(what="group") + _denied(task, role or "none", "logs:CreateLogGroup", group_arn)
            )
        backend.create_log_group(group, {})
    if not role or not policy.allows(role, "logs:CreateLogStream", stream_arn):
        raise InitializationError(
            prefix.format(what="stream") + _denied(task, role or "none", "logs:CreateLogStream", stream_arn)
        )
    if group not in backend.groups:
        raise InitializationError(
            prefix.format(what="stream")
            + "ResourceNotFoundException: The specified log group does not exist. : exit status 1"
        )
    if stream not in backend.groups[group].streams:
        backend.groups[group].create_log_stream(stream)
    return LogSink(region, group, stream, policy.allows(role, "logs:PutLogEvents", stream_arn))


# --- volumes ---------------------------------------------------------------------------------------------------------

_EFS = (
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "
    "stderr: {detail} : unsuccessful EFS utils command execution; code: {code}"
)


def volumes_of(runtime: Runtime, task: LiveTask) -> dict[str, Path]:
    """The folder behind each volume of the task."""
    folders = {}
    for volume in task.task_definition.volumes:
        configuration = volume.get("efsVolumeConfiguration")
        host = (volume.get("host") or {}).get("sourcePath")
        if configuration:
            folders[volume["name"]] = _file_system(runtime, task, configuration)
        elif host and task.container_instance_arn:
            folders[volume["name"]] = runtime.machines.folder(task.container_instance_arn, host)
        else:
            folders[volume["name"]] = runtime.folder("tasks", task.id, "volumes", volume["name"])
    return folders


def _file_system(runtime: Runtime, task: LiveTask, configuration: dict[str, Any]) -> Path:
    file_system_id = configuration["fileSystemId"]
    backend = efs_backends[ACCOUNT_ID][task.region]
    file_system = backend.file_systems_by_id.get(file_system_id)
    unresolved = _EFS.format(
        detail=(
            f'Failed to resolve "{file_system_id}.efs.{task.region}.amazonaws.com" - check that your file system ID is '
            "correct, and ensure that the VPC has an EFS mount target for this file system ID."
        ),
        code=1,
    )
    if file_system is None:
        raise InitializationError(unresolved)
    _check_mount_target(task, file_system, unresolved)
    access_point_id = (configuration.get("authorizationConfig") or {}).get("accessPointId")
    _check_file_system_policy(task, configuration, file_system, access_point_id)
    base = runtime.folder("efs", file_system_id)
    if not access_point_id:
        return _existing(base, configuration.get("rootDirectory") or "/")
    access_point = backend.access_points.get(access_point_id)
    if access_point is None or access_point.file_system_id != file_system_id:
        raise InitializationError(
            _EFS.format(detail="b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'", code=32)
        )
    root = access_point.root_directory or {}
    path = root.get("Path") or "/"
    if root.get("CreationInfo"):
        (base / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return _existing(base, path)


def _existing(base: Path, path: str) -> Path:
    """A folder of the file system; AWS does not create one, unless an access point says so."""
    folder = base / path.lstrip("/")
    if not folder.is_dir():
        raise InitializationError(
            _EFS.format(
                detail=f"b'mount.nfs4: mounting 127.0.0.1:{path} failed, reason given by server: No such file or "
                "directory'",
                code=32,
            )
        )
    return folder


def _check_mount_target(task: LiveTask, file_system: Any, unresolved: str) -> None:
    ec2 = ec2_backends[ACCOUNT_ID][task.region]
    subnet = task.interface.subnet
    vpc = ec2.get_vpc(subnet.vpc_id)
    if not (_flag(vpc.enable_dns_support) and _flag(vpc.enable_dns_hostnames)):
        raise InitializationError(unresolved)
    if _state(file_system) not in ("available", "updating"):
        raise InitializationError(unresolved)
    for target in file_system.iter_mount_targets():
        target_subnet = ec2.get_subnet(target.subnet_id)
        if target_subnet.availability_zone != subnet.availability_zone or target_subnet.vpc_id != subnet.vpc_id:
            continue
        if _state(target) != "available":
            continue
        groups = list(target.security_groups or [])
        if not groups or reachable(ec2, groups, task, NFS_PORT):
            return
        raise InitializationError(
            _EFS.format(
                detail="Mount attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt. "
                "b'mount.nfs4: Connection timed out'",
                code=32,
            )
        )
    raise InitializationError(unresolved)


def patch(runtime: Runtime) -> None:
    """The data of a file system go with it."""
    backend: Any = EFSBackend
    delete = backend.delete_file_system

    def delete_file_system(self: Any, file_system_id: str) -> None:
        delete(self, file_system_id)
        shutil.rmtree(runtime.state_dir / "ecs" / "efs" / file_system_id, ignore_errors=True)

    backend.delete_file_system = delete_file_system


def _state(resource: Any) -> str:
    return str(getattr(resource, "life_cycle_state", "available") or "available")


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


def reachable(ec2: Any, groups: list[str], task: LiveTask, port: int) -> bool:
    """Whether these security groups let the task in on this port."""
    return admits(ec2, groups, list(task.network.get("securityGroups") or []), task.address, port)


def admits(ec2: Any, groups: list[str], source_groups: list[str], source_address: str, port: int) -> bool:
    """Whether security groups admit traffic from other groups or from an address."""
    address = ipaddress.ip_address(source_address) if source_address else None
    for group_id in groups:
        group = ec2.get_security_group_from_id(group_id)
        for rule in group.ingress_rules if group else []:
            if str(rule.ip_protocol) not in ("-1", "tcp", "6"):
                continue
            if str(rule.ip_protocol) != "-1" and not int(rule.from_port) <= port <= int(rule.to_port):
                continue
            if rule.source_group.get("GroupId") in source_groups:
                return True
            cidr = rule.ip_range.get("CidrIp")
            if cidr and address and address in ipaddress.ip_network(cidr):
                return True
    return False


def _check_file_system_policy(
    task: LiveTask, configuration: dict[str, Any], file_system: Any, access_point_id: str | None
) -> None:
    """Without a policy a file system admits every client that reaches it; with one, it is evaluated."""
    document = getattr(file_system, "file_system_policy", None)
    if not document:
        return
    authorization = configuration.get("authorizationConfig") or {}
    role = task.task_role_arn if authorization.get("iam") == "ENABLED" else None
    context = {
        "aws:SecureTransport": str(configuration.get("transitEncryption") == "ENABLED").lower(),
        "elasticfilesystem:AccessedViaMountTarget": "true",
    }
    if access_point_id:
        context["elasticfilesystem:AccessPointArn"] = (
            f"arn:aws:elasticfilesystem:{task.region}:{ACCOUNT_ID}:access-point/{access_point_id}"
        )
    action = "elasticfilesystem:ClientMount"
    said = policy.resource_policy(document, role, action, context)
    granted = said is True or (role is not None and policy.allows(role, action, file_system.file_system_arn, context))
    if said is False or not granted:
        raise InitializationError(
            _EFS.format(detail="b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'", code=32)
        )
