# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task definition is and where two of them differ; pure functions, private to the collection.

AWS returns more than it was given: it fills in defaults and empty lists and orders things as it likes. Both sides are
brought into one canonical form first, in which lists of named things are dictionaries and defaults are left out, so that
every real difference is seen and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# What AWS keeps about a revision besides its definition.
NOT_DEFINITION = (
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "family",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "tags",
    "taskDefinitionArn",
)
DEFINITION_DEFAULTS: dict[str, Any] = {"networkMode": "bridge"}
PLATFORM_DEFAULTS = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
CONTAINER_DEFAULTS: dict[str, Any] = {"cpu": 0, "versionConsistency": "enabled"}
HEALTH_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
EFS_DEFAULTS = {"rootDirectory": "/", "transitEncryption": "DISABLED"}
# Lists in a container whose order means nothing, and what names their elements.
NAMED_LISTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "dependsOn": lambda item: item["containerName"],
    "extraHosts": lambda item: f"{item['hostname']} {item['ipAddress']}",
    "mountPoints": lambda item: item.get("containerPath", ""),
    "resourceRequirements": lambda item: item["type"],
    "systemControls": lambda item: item.get("namespace", ""),
    "ulimits": lambda item: item["name"],
    "volumesFrom": lambda item: item.get("sourceContainer", ""),
}


def units(value: Any) -> str:
    """CPU units or MiB as AWS keeps them: 1024 for "1 vCPU", 8192 for "8 GB"."""
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(vcpu|gb)?\s*", str(value), re.IGNORECASE)
    if not found:
        return str(value)
    return str(int(float(found[1]) * (1024 if found[2] else 1)))


def _without(value: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in defaults or item != defaults[key]}


def _lean(value: Any) -> Any:
    """Without what says nothing: None, empty lists, dictionaries and texts, and false."""
    if isinstance(value, dict):
        kept = {key: _lean(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {}) and item is not False}
    if isinstance(value, list):
        return [_lean(item) for item in value]
    return value


def _port(mapping: dict[str, Any], network_mode: str) -> tuple[str, dict[str, Any]]:
    port = mapping.get("containerPort", mapping.get("containerPortRange"))
    protocol = str(mapping.get("protocol", "tcp")).lower()
    host_default = port if network_mode in ("awsvpc", "host") else 0
    rest = _without(mapping, {"hostPort": host_default, "containerPort": port, "containerPortRange": port})
    return f"{port}/{protocol}", {key: item for key, item in rest.items() if key != "protocol"}


def _log(configuration: dict[str, Any]) -> dict[str, Any]:
    secrets = {item["name"]: item["valueFrom"] for item in configuration.get("secretOptions") or []}
    return {**configuration, "secretOptions": secrets}


def _restart(policy: dict[str, Any]) -> dict[str, Any]:
    codes = sorted(policy.get("ignoredExitCodes") or [])
    return {**_without(policy, {"restartAttemptPeriod": 300}), "ignoredExitCodes": codes}


def _container(container: dict[str, Any], network_mode: str) -> dict[str, Any]:
    # These may have empty texts that mean something; so does a port of which nothing else is said.
    whole = {
        "environment": {item["name"]: item.get("value", "") for item in container.get("environment") or []},
        "dockerLabels": container.get("dockerLabels") or {},
        "portMappings": {
            port: _lean(item) for port, item in (_port(m, network_mode) for m in container.get("portMappings") or [])
        },
        "essential": {} if container.get("essential", True) else False,
    }
    rest = {key: item for key, item in container.items() if key != "name" and key not in whole}
    rest["secrets"] = {item["name"]: item["valueFrom"] for item in rest.get("secrets") or []}
    for key, name in NAMED_LISTS.items():
        rest[key] = {name(item): item for item in rest.get(key) or []}
    if rest.get("healthCheck"):
        rest["healthCheck"] = _without(rest["healthCheck"], HEALTH_DEFAULTS)
    if rest.get("logConfiguration"):
        rest["logConfiguration"] = _log(rest["logConfiguration"])
    if rest.get("restartPolicy"):
        rest["restartPolicy"] = _restart(rest["restartPolicy"])
    lean = _lean(_without(rest, CONTAINER_DEFAULTS))
    return {**lean, **{key: item for key, item in whole.items() if item != {}}}


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    rest = {key: item for key, item in volume.items() if key != "name"}
    if efs := rest.get("efsVolumeConfiguration"):
        authorization = _without(efs.get("authorizationConfig") or {}, {"iam": "DISABLED"})
        rest["efsVolumeConfiguration"] = {**_without(efs, EFS_DEFAULTS), "authorizationConfig": authorization}
    if docker := rest.get("dockerVolumeConfiguration"):
        rest["dockerVolumeConfiguration"] = _without(docker, {"scope": "task", "driver": "local"})
    return _lean(rest)


def canonical(definition: dict[str, Any]) -> dict[str, Any]:
    """A task definition, as requested or as described, in the form in which two can be compared."""
    kept = {key: item for key, item in definition.items() if key not in NOT_DEFINITION}
    network_mode = kept.get("networkMode") or DEFINITION_DEFAULTS["networkMode"]
    containers = kept.pop("containerDefinitions", None) or []
    volumes = kept.pop("volumes", None) or []
    for key in ("cpu", "memory"):
        if kept.get(key):
            kept[key] = units(kept[key])
    if kept.get("runtimePlatform"):
        kept["runtimePlatform"] = _without(kept["runtimePlatform"], PLATFORM_DEFAULTS)
    if kept.get("ephemeralStorage"):
        # What Fargate gives without being asked.
        kept["ephemeralStorage"] = _without(kept["ephemeralStorage"], {"sizeInGiB": 20})
    for key in ("requiresCompatibilities", "placementConstraints"):
        kept[key] = sorted(kept.get(key) or [], key=repr)
    result = _lean(_without(kept, DEFINITION_DEFAULTS))
    result["containers"] = {item["name"]: _container(item, network_mode) for item in containers}
    result["volumes"] = {item["name"]: _volume(item) for item in volumes}
    return result


def _as_asked(wanted: dict[str, Any], active: dict[str, Any]) -> dict[str, Any]:
    """The active definition without what only AWS chose, and with names as they were given."""
    result = dict(active)
    for role in ("taskRoleArn", "executionRoleArn"):
        given = wanted.get(role, "")
        if given and ":" not in given and str(active.get(role, "")).endswith(f"/{given}"):
            result[role] = given
    volumes = {}
    for name, volume in active["volumes"].items():
        efs = volume.get("efsVolumeConfiguration")
        asked = wanted["volumes"].get(name, {}).get("efsVolumeConfiguration", {})
        if efs and "transitEncryptionPort" in efs and "transitEncryptionPort" not in asked:
            efs = {key: item for key, item in efs.items() if key != "transitEncryptionPort"}
            volume = {**volume, "efsVolumeConfiguration": efs}  # noqa: PLW2901
        volumes[name] = volume
    return {**result, "volumes": volumes}


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Each leaf by its path: containers.web.environment.PORT. An empty dictionary below the top is a leaf."""
    if not isinstance(value, dict) or (path and not value):
        return {path: value}
    leaves: dict[str, Any] = {}
    for key, item in value.items():
        leaves.update(_flat(item, f"{path}.{key}" if path else str(key)))
    return leaves


def compare(wanted: dict[str, Any], active: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, before and after, each by its path; both are empty where nothing does.

    :param wanted: a request to register.
    :param active: a described revision.
    """
    after = canonical(wanted)
    before = _as_asked(after, canonical(active)) if active else {}
    flat_before, flat_after = _flat(before), _flat(after)
    for leaves in (flat_before, flat_after):
        for empty in ("containers", "volumes"):
            if leaves.get(empty) == {}:
                del leaves[empty]
    differing = [
        key
        for key in sorted({*flat_before, *flat_after})
        if key not in flat_before or key not in flat_after or flat_before[key] != flat_after[key]
    ]
    return (
        {key: flat_before[key] for key in differing if key in flat_before},
        {key: flat_after[key] for key in differing if key in flat_after},
    )
