# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An App Runner service as options and as AWS describes it, and the difference of the two. Pure functions.

Shapes and defaults: App Runner API reference, CreateService, UpdateService, Service, HealthCheckConfiguration.
"""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference
from .._aws.errors import AwsError

Shape = dict[str, Any]

RUNNING, PAUSED, IN_PROGRESS = "RUNNING", "PAUSED", "OPERATION_IN_PROGRESS"
CREATE_FAILED, DELETE_FAILED, DELETED = "CREATE_FAILED", "DELETE_FAILED", "DELETED"
OPERATION_DONE = "SUCCEEDED"
# A deployment that fails is rolled back, and the service then runs as before: only the operation tells.
OPERATION_FAILED = ("FAILED", "ROLLBACK_FAILED", "ROLLBACK_SUCCEEDED")

# What a variable has that is to be the service's own URL, until AWS has given it one (RFC 2606: a name that never resolves).
URL_TO_COME = "https://url-to-come.invalid"

# Option of health_check: the API's member and its default.
HEALTH_CHECK: dict[str, tuple[str, Any]] = {
    "protocol": ("Protocol", "TCP"),
    "path": ("Path", "/"),
    "interval": ("Interval", 5),
    "timeout": ("Timeout", 2),
    "healthy_threshold": ("HealthyThreshold", 1),
    "unhealthy_threshold": ("UnhealthyThreshold", 5),
}
# Properties that only a whole SourceConfiguration changes.
SOURCE = ("image", "access_role_arn", "port", "start_command", "environment", "secrets", "auto_deployments")
# CPU units of each vCPU, and MiB of each GB: AWS takes both notations and answers with the first.
UNITS = 1024


def number(value: Any) -> int:
    """ "2 vCPU", "4 GB" or "2048" as CPU units or MiB."""
    amount, _space, unit = str(value).partition(" ")
    return int(float(amount) * UNITS) if unit else int(amount)


def repository_type(image: str) -> str:
    return "ECR_PUBLIC" if image.startswith("public.ecr.aws/") else "ECR"


def health_check(options: Shape | None) -> Shape:
    """All settings of a health check; those that are not given are AWS's defaults."""
    given = {name: value for name, value in (options or {}).items() if value is not None}
    whole = {name: given.get(name, default) for name, (_member, default) in HEALTH_CHECK.items()}
    # AWS has a path for HTTP only.
    return whole if whole["protocol"] == "HTTP" else {**whole, "path": "/"}


def wanted(params: Shape, url: str) -> Shape:
    """The service that a module's options describe, in the form of `described`; an option that is None is left as it is.

    :param url: the service's own URL, for the variables that are to have it; "" where AWS has not given one yet.
    """
    own_url = dict.fromkeys(params["url_variables"] or [], url or URL_TO_COME)
    text = {name: str(value) for name, value in (params["environment"] or {}).items()}
    return {
        "image": params["image"],
        "access_role_arn": params["access_role_arn"],
        "port": params["port"],
        "start_command": params["start_command"],
        "environment": {**text, **own_url} if params["environment"] is not None or own_url else None,
        "secrets": params["secrets"],
        "auto_deployments": params["auto_deployments"],
        "cpu": params["cpu"],
        "memory": params["memory"],
        "instance_role_arn": params["instance_role_arn"],
        "vpc_connector_arn": params["vpc_connector_arn"],
        "health_check": None if params["health_check"] is None else health_check(params["health_check"]),
        "auto_scaling_configuration_arn": params["auto_scaling_configuration_arn"],
        "kms_key_arn": params["kms_key_arn"],
    }


def described(service: Shape, tags: dict[str, str]) -> Shape:
    """A service of the API with the module's names."""
    source = service.get("SourceConfiguration") or {}
    repository = source.get("ImageRepository") or {}
    image = repository.get("ImageConfiguration") or {}
    instance = service.get("InstanceConfiguration") or {}
    egress = (service.get("NetworkConfiguration") or {}).get("EgressConfiguration") or {}
    checks = service.get("HealthCheckConfiguration") or {}
    return {
        "name": service["ServiceName"],
        "arn": service.get("ServiceArn", ""),
        "id": service.get("ServiceId", ""),
        "url": own_url(service),
        "status": service.get("Status", ""),
        "image": repository.get("ImageIdentifier", ""),
        "access_role_arn": (source.get("AuthenticationConfiguration") or {}).get("AccessRoleArn", ""),
        "port": int(image.get("Port") or 8080),
        "start_command": image.get("StartCommand", ""),
        "environment": dict(image.get("RuntimeEnvironmentVariables") or {}),
        "secrets": dict(image.get("RuntimeEnvironmentSecrets") or {}),
        "auto_deployments": bool(source.get("AutoDeploymentsEnabled", False)),
        "cpu": number(instance.get("Cpu") or 1024),
        "memory": number(instance.get("Memory") or 2048),
        "instance_role_arn": instance.get("InstanceRoleArn", ""),
        "vpc_connector_arn": egress.get("VpcConnectorArn", "") if egress.get("EgressType") == "VPC" else "",
        "health_check": {name: checks.get(member, default) for name, (member, default) in HEALTH_CHECK.items()},
        "auto_scaling_configuration_arn": (service.get("AutoScalingConfigurationSummary") or {}).get(
            "AutoScalingConfigurationArn", ""
        ),
        "kms_key_arn": (service.get("EncryptionConfiguration") or {}).get("KmsKey", ""),
        "tags": tags,
    }


def own_url(service: Shape | None) -> str:
    host = (service or {}).get("ServiceUrl") or ""
    return f"https://{host}" if host else ""


def source_configuration(state: Shape) -> Shape:
    """The whole source, which UpdateService replaces as one."""
    image: Shape = {
        "Port": str(state["port"]),
        "RuntimeEnvironmentVariables": state["environment"],
        "RuntimeEnvironmentSecrets": state["secrets"],
    }
    if state["start_command"]:
        image["StartCommand"] = state["start_command"]
    result: Shape = {
        "ImageRepository": {
            "ImageIdentifier": state["image"],
            "ImageRepositoryType": repository_type(state["image"]),
            "ImageConfiguration": image,
        },
        # AWS's default is to deploy whatever is pushed to the repository.
        "AutoDeploymentsEnabled": state["auto_deployments"],
    }
    if state["access_role_arn"]:
        result["AuthenticationConfiguration"] = {"AccessRoleArn": state["access_role_arn"]}
    return result


def instance_configuration(state: Shape) -> Shape:
    result = {"Cpu": str(state["cpu"]), "Memory": str(state["memory"])}
    return {**result, "InstanceRoleArn": state["instance_role_arn"]} if state["instance_role_arn"] else result


def network_configuration(state: Shape) -> Shape:
    arn = state["vpc_connector_arn"]
    egress = {"EgressType": "VPC", "VpcConnectorArn": arn} if arn else {"EgressType": "DEFAULT"}
    return {"EgressConfiguration": egress}


def health_check_configuration(state: Shape) -> Shape:
    return {member: state["health_check"][name] for name, (member, _default) in HEALTH_CHECK.items()}


def new(name: str, target: Shape, tags: dict[str, str]) -> Shape:
    """A service as it is to be created, in the form of `described`, with AWS's defaults for what is not given."""
    defaults = described({"ServiceName": name}, tags)
    return {**defaults, **{key: value for key, value in target.items() if value is not None}}


def creation(state: Shape) -> Shape:
    """The request of CreateService, but for the tags."""
    request: Shape = {
        "ServiceName": state["name"],
        "SourceConfiguration": source_configuration(state),
        "InstanceConfiguration": instance_configuration(state),
        "HealthCheckConfiguration": health_check_configuration(state),
        "NetworkConfiguration": network_configuration(state),
    }
    if state["auto_scaling_configuration_arn"]:
        request["AutoScalingConfigurationArn"] = state["auto_scaling_configuration_arn"]
    if state["kms_key_arn"]:
        request["EncryptionConfiguration"] = {"KmsKey": state["kms_key_arn"]}
    return request


def differences(target: Shape, active: Shape) -> Difference:
    """What UpdateService is to change.

    :raises AwsError: where AWS cannot change it.
    """
    refuse_fixed(target, active)
    whole = {**active, **{key: value for key, value in target.items() if value is not None}}
    difference = Difference()
    for name in SOURCE:
        difference.add(name, target[name], active[name], request={"SourceConfiguration": source_configuration(whole)})
    for name in ("cpu", "memory", "instance_role_arn"):
        request = {"InstanceConfiguration": instance_configuration(whole)}
        difference.add(name, target[name], active[name], request=request)
    request = {"NetworkConfiguration": network_configuration(whole)}
    difference.add("vpc_connector_arn", target["vpc_connector_arn"], active["vpc_connector_arn"], request=request)
    request = {"HealthCheckConfiguration": health_check_configuration(whole)}
    difference.add("health_check", target["health_check"], active["health_check"], request=request)
    arn = target["auto_scaling_configuration_arn"]
    difference.add(
        "auto_scaling_configuration_arn",
        arn or None,
        active["auto_scaling_configuration_arn"],
        request={"AutoScalingConfigurationArn": arn},
        same=same_configuration,
    )
    if active["status"] == CREATE_FAILED:
        # Updating a service that could not be created builds it anew, also with what it had (guide, manage-rebuild).
        request = {"SourceConfiguration": source_configuration(whole)}
        difference.add("status", RUNNING, CREATE_FAILED, request=request)
    elif active["status"] == PAUSED:
        difference.add("status", RUNNING, PAUSED)
    return difference


def same_configuration(asked: str, active: str) -> bool:
    """An ARN without a revision means the latest one, and AWS answers with the whole ARN."""
    return active == asked or active.startswith(f"{asked.rstrip('/')}/")


def refuse_fixed(target: Shape, active: Shape) -> None:
    if target["kms_key_arn"] is not None and target["kms_key_arn"] != active["kms_key_arn"]:
        raise AwsError(
            f"The App Runner service {active['name']} is encrypted with {active['kms_key_arn'] or 'the key of AWS'}, which is "
            "set at its creation and cannot be changed; give that key in kms_key_arn, or delete the service first"
        )


def newest(operations: list[Shape], operation_id: str) -> Shape:
    """An operation by its id; {} where AWS does not list it yet."""
    return next((item for item in operations if item.get("Id") == operation_id), {})


def log_group(service: Shape, kind: str) -> str:
    """Where App Runner writes of a service: `service` for what it does itself, `application` for what the containers print."""
    return f"/aws/apprunner/{service['ServiceName']}/{service['ServiceId']}/{kind}"
