# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 instances as ECS meets them: those of auto scaling groups that boot, take a volume and join a cluster.

TEST DOUBLE. No machine runs, and no user data: what a script would do is read off the lines in it that say it
(``ECS_CLUSTER=``, ``ECS_INSTANCE_ATTRIBUTES=``, ``VOLUME_NAME=``, ``MOUNT_POINT=``, ``METRIC_NAMESPACE=``, ``METRIC_NAME=``),
and refused where AWS would refuse it: without a way to the internet, without an instance profile whose role may do it, without
a free volume in the same zone. A volume is a folder, which outlives the instance; what is in the folder is how full the volume
is. The containers that are placed on an instance run as every other.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.types import Base64EncodedString
from moto.ec2 import ec2_backends
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.iam.models import iam_backends
from moto.ssm.models import ssm_backends

from . import policy
from .model import LiveTask
from .runtime import ACCOUNT_ID, Runtime

# AWS's seconds from the start of an instance to the end of its user data (experience: 60 to 120)
BOOT = 90.0
# Share of the memory that Linux and the agent leave to tasks (m5.large, 8192 MiB, registers 7680 or so)
MEMORY_SHARE = 0.94
RESOLVED = "resolve:ssm:"
DATA_DEVICE = "/dev/sdf"
# A timer on the host that says OnCalendar=*:0/5
TIMER = 300.0
GIB = 1024**3

_replace = FakeAutoScalingGroup.replace_autoscaling_group_instances
_delete_volume = EC2Backend.delete_volume


@dataclass
class Machine:
    """An instance that boots, or has joined a cluster."""

    instance: Any
    region: str
    ready_at: float
    # mount point: volume id
    mounts: dict[str, str] = field(default_factory=dict)
    container_instance: Any = None
    measured_at: float | None = None

    @property
    def alive(self) -> bool:
        return str(self.instance._state.name) in ("pending", "running")


def _setting(text: str, name: str) -> str:
    found = re.search(rf"^\s*(?:export )?{name}=(.*)$", text, re.MULTILINE)
    return found[1].strip().strip("\"'") if found else ""


def _size(folder: Path) -> int:
    """The bytes in it; a server deletes files meanwhile."""
    found = 0
    for below, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found += Path(below, name).lstat().st_size
    return found


def user_data(instance: Any) -> str:
    data = instance.user_data
    return str(data.decode()) if data else ""


class Machines:
    """All instances; every method runs with the lock held."""

    def __init__(self, runtime: Runtime, tasks: Any) -> None:
        self.runtime = runtime
        self.tasks = tasks
        self.known: dict[str, Machine] = {}

    def clear(self) -> None:
        self.known.clear()

    def tick(self, backend: Any, moment: float) -> bool:
        """Moves the instances of one region on; returns whether one is on its way."""
        self._notice(backend.region_name, moment)
        active = False
        for machine in [item for item in self.known.values() if item.region == backend.region_name]:
            if not machine.alive:
                active = self._leave(backend, machine) or active
            elif machine.container_instance is None:
                active = True
                if moment >= machine.ready_at:
                    self._boot(backend, machine)
            if machine.alive and machine.mounts:
                self._measure(machine, moment)
        return active

    def _notice(self, region: str, moment: float) -> None:
        for group in autoscaling_backends[ACCOUNT_ID][region].autoscaling_groups.values():
            for state in group.instance_states:
                instance = state.instance
                if instance.id not in self.known and "ECS_CLUSTER=" in user_data(instance):
                    self.known[instance.id] = Machine(instance, region, moment + self.runtime.clock.platform(BOOT))
                    # API InstanceNetworkInterfaceSpecification: what a launch makes goes with the instance, unless it says otherwise
                    for interface in instance.nics.values():
                        interface.delete_on_termination = True
                machine = self.known.get(instance.id)
                if state.lifecycle_state == "Pending" and (machine is None or moment >= machine.ready_at):
                    state.lifecycle_state = "InService"

    # --- boot ---

    def _boot(self, backend: Any, machine: Machine) -> None:
        """What the user data does; where it cannot go on, the next round tries again, as the scripts on the host do."""
        text = user_data(machine.instance)
        cluster = backend.clusters.get(_setting(text, "ECS_CLUSTER"))
        role = self._role(machine)
        if cluster is None or cluster.status != "ACTIVE" or role is None or not self._reaches_the_internet(machine):
            return
        name = _setting(text, "VOLUME_NAME")
        if name and not self._mount(machine, role, name, _setting(text, "MOUNT_POINT")):
            return
        if not policy.allows(role, "ecs:RegisterContainerInstance", cluster.arn):
            return
        for action in ("ecs:Poll", "ecs:StartTelemetrySession"):
            if not policy.allows(role, action, f"{cluster.arn.replace(':cluster/', ':container-instance/')}/x"):
                return
        made = backend.register_container_instance(cluster.name, machine.instance.id)
        for item in re.findall(r'"([^"]+)"\s*:\s*"([^"]*)"', _setting(text, "ECS_INSTANCE_ATTRIBUTES")):
            made.attributes[item[0]] = item[1]
        kind = INSTANCE_TYPES.get(machine.instance.instance_type, {})
        size = int(kind.get("MemoryInfo", {}).get("SizeInMiB", 8192) * MEMORY_SHARE)
        architectures = kind.get("ProcessorInfo", {}).get("SupportedArchitectures") or ["x86_64"]
        made.attributes["ecs.cpu-architecture"] = architectures[0]
        for resources in (made.registered_resources, made.remaining_resources):
            next(item for item in resources if item["name"] == "MEMORY")["integerValue"] = size
        made.memory = size
        machine.container_instance = made
        self.runtime.kick()

    def _role(self, machine: Machine) -> str | None:
        """The role of the instance's profile, where it exists and trusts EC2."""
        profile = getattr(machine.instance, "launched_profile", None) or {}
        for item in iam_backends[ACCOUNT_ID]["aws"].instance_profiles.values():
            if profile.get("Arn") == item.arn or profile.get("Name") == item.name:
                for role in item.roles:
                    if policy.trusts(role, "ec2.amazonaws.com"):
                        return str(role.arn)
        return None

    @staticmethod
    def _reaches_the_internet(machine: Machine) -> bool:
        """The image of a container is pulled by the host. Instances of these tests have no public addresses."""
        ec2: Any = ec2_backends[ACCOUNT_ID][machine.region]
        subnet = machine.instance.subnet_id
        vpc = machine.instance.vpc_id
        tables = [item for item in ec2.route_tables.values() if item.vpc_id == vpc]
        own = [item for item in tables if subnet in item._associations.values()]
        for table in own or [item for item in tables if item.main_association_id]:
            for route in table.routes:
                if route.destination_cidr_block == "0.0.0.0/0":
                    return route.nat_gateway is None or route.nat_gateway.state == "available"
        return False

    def _mount(self, machine: Machine, role: str, name: str, mount_point: str) -> bool:
        ec2: Any = ec2_backends[ACCOUNT_ID][machine.region]
        instance = machine.instance
        zone = instance.placement.zone
        found = [
            item
            for item in ec2.volumes.values()
            if item.availability_zone == zone
            and {tag["key"]: tag["value"] for tag in item.get_tags()}.get("Name") == name
        ]
        if len(found) != 1:
            return False
        volume = found[0]
        if volume.attachment is None:
            for kind, what in (("volume", volume), ("instance", instance)):
                tags = {f"aws:ResourceTag/{tag['key']}": tag["value"] for tag in what.get_tags()}
                arn = f"arn:aws:ec2:{machine.region}:{ACCOUNT_ID}:{kind}/{what.id}"
                if not policy.allows(role, "ec2:AttachVolume", arn, tags):
                    return False
            ec2.attach_volume(volume.id, instance.id, DATA_DEVICE)
        if volume.attachment.instance.id != instance.id:
            return False
        machine.mounts[mount_point] = volume.id
        return True

    def _measure(self, machine: Machine, moment: float) -> None:
        """What a timer of the host says to CloudWatch: how full the mounted volume is, as df rounds it."""
        text = user_data(machine.instance)
        namespace, metric = _setting(text, "METRIC_NAMESPACE"), _setting(text, "METRIC_NAME")
        last = machine.measured_at
        # Looking at all files is real work, which does not shrink with the scale.
        if not metric or (last is not None and moment - last < self.runtime.clock.process(TIMER, limit=2.0)):
            return
        machine.measured_at = moment
        role = self._role(machine)
        if role is None or not policy.allows(
            role, "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace}
        ):
            return
        volume = machine.mounts[_setting(text, "MOUNT_POINT")]
        used = _size(self.runtime.folder("volumes", volume))
        size: int = ec2_backends[ACCOUNT_ID][machine.region].volumes[volume].size
        datum = {
            "MetricName": metric,
            "Dimensions": [{"Name": "Node", "Value": _setting(text, "VOLUME_NAME")}],
            "Unit": "Percent",
            "Value": math.ceil(100 * used / (size * GIB)),
        }
        cloudwatch_backends[ACCOUNT_ID][machine.region].put_metric_data(namespace, [datum])

    # --- end ---

    def _leave(self, backend: Any, machine: Machine) -> bool:
        """A terminated instance takes its tasks along, lets its volumes go and is deregistered by its agent."""
        waiting = False
        for task in self._tasks(backend, machine):
            if task.alive:
                waiting = True
                self.tasks.stop(task, "TerminationNotice", f"Host EC2 (instance {machine.instance.id}) terminated.")
        if waiting:
            return True
        ec2: Any = ec2_backends[ACCOUNT_ID][machine.region]
        for volume in ec2.volumes.values():
            if volume.attachment is not None and volume.attachment.instance.id == machine.instance.id:
                volume.attachment = None
        if machine.container_instance is not None:
            registered = backend.container_instances.get(machine.container_instance.cluster_name) or {}
            registered.pop(machine.container_instance.id, None)
        del self.known[machine.instance.id]
        return True

    @staticmethod
    def _tasks(backend: Any, machine: Machine) -> list[LiveTask]:
        if machine.container_instance is None:
            return []
        arn = machine.container_instance.container_instance_arn
        stored = backend.tasks.get(machine.container_instance.cluster_name, {})
        return [item for item in stored.values() if getattr(item, "container_instance_arn", None) == arn]

    # --- placing ---

    def place(
        self, backend: Any, cluster: str, constraints: list[dict[str, Any]], subnets: list[str], definition: Any
    ) -> tuple[Machine, str] | str:
        """The instance and subnet for a task, or the reason why there is none, as ECS words it."""
        joined = [
            item
            for item in self.known.values()
            if item.container_instance is not None and item.alive and item.container_instance.cluster_name == cluster
        ]
        if not joined:
            return "No Container Instances were found in your cluster."
        reason = "No container instance met all of its requirements."
        for machine in joined:
            reason = f"The closest matching (container-instance {machine.container_instance.id}) "
            if not all(_satisfies(machine.container_instance, item) for item in constraints):
                reason += 'encountered error "MemberOf placement constraint unsatisfied."'
                continue
            if not self._fits(backend, machine, definition):
                reason += "has insufficient memory available."
                continue
            if not _same_architecture(machine, definition):
                reason += "is missing an attribute required by your task."
                continue
            subnet = self._subnet(machine, subnets)
            if subnet is None:
                reason += "does not have a subnet of the task's network configuration in its Availability Zone."
                continue
            return machine, subnet
        return reason

    def _fits(self, backend: Any, machine: Machine, definition: Any) -> bool:
        used = sum(int(item.task_definition.memory or 0) for item in self._tasks(backend, machine) if item.alive)
        return used + int(definition.memory or 0) <= int(machine.container_instance.memory)

    @staticmethod
    def _subnet(machine: Machine, subnets: list[str]) -> str | None:
        ec2: Any = ec2_backends[ACCOUNT_ID][machine.region]
        zone = machine.instance.placement.zone
        return next((item for item in subnets if ec2.get_subnet(item).availability_zone == zone), None)

    def folder(self, container_instance_arn: str, path: str) -> Path:
        """The folder that a path of a host means: on the volume mounted there, or on the host's own disk."""
        machine = next(
            item
            for item in self.known.values()
            if item.container_instance is not None
            and item.container_instance.container_instance_arn == container_instance_arn
        )
        for mount_point, volume in machine.mounts.items():
            if path == mount_point or path.startswith(f"{mount_point}/"):
                return self.runtime.folder("volumes", volume, *path.removeprefix(mount_point).strip("/").split("/"))
        return self.runtime.folder("machines", machine.instance.id, *path.strip("/").split("/"))


def _satisfies(container_instance: Any, constraint: dict[str, Any]) -> bool:
    if constraint.get("type") != "memberOf":
        return True
    found = re.fullmatch(r"\s*attribute:(\S+)\s*==\s*(\S+)\s*", constraint.get("expression") or "")
    return bool(found) and container_instance.attributes.get(found[1]) == found[2]  # type: ignore[index]


def _same_architecture(machine: Machine, definition: Any) -> bool:
    wanted = (definition.runtime_platform or {}).get("cpuArchitecture", "X86_64")
    return str(machine.container_instance.attributes["ecs.cpu-architecture"]).upper() == wanted


# --- what moto does otherwise ---


def _launch(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """A new instance is pending first, and knows which version of the template it was made from."""
    before = {state.instance.id for state in self.instance_states}
    _replace(self, count_needed, propagated_tags)
    for state in self.instance_states:
        if state.instance.id in before:
            continue
        state.lifecycle_state = "Pending"
        template = self.ec2_launch_template
        if template is None:
            continue
        version = template.get_version(self.launch_template_version)
        state.launched_version = str(version.number)
        state.instance.launched_profile = version.data.get("IamInstanceProfile")
        image = str(state.instance.image_id)
        if image.startswith(RESOLVED):
            parameters = ssm_backends[ACCOUNT_ID][self.autoscaling_backend.region_name].get_parameters(
                [image.removeprefix(RESOLVED)]
            )
            state.instance.image_id = next((item.value for item in parameters.values()), image)


def _launched_template(self: Any) -> dict[str, Any] | None:
    template = self.auto_scaling_group.ec2_launch_template if self.auto_scaling_group is not None else None
    if template is None:
        return None
    version = getattr(self, "launched_version", str(template.default_version_number))
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": version}


def _user_data(self: Any) -> Base64EncodedString | None:
    """moto keeps that of a further version as a text, and then refuses to start an instance from it."""
    given = self.data.get("UserData")
    return Base64EncodedString(given) if isinstance(given, str) else given


def _active(self: Any) -> list[Any]:
    return [state for state in self.instance_states if state.lifecycle_state in ("Pending", "InService")]


def patch(runtime: Runtime) -> None:
    """Put these into moto; the data of a volume go with it."""

    def delete_volume(self: Any, volume_id: str) -> Any:
        deleted = _delete_volume(self, volume_id)
        shutil.rmtree(runtime.state_dir / "ecs" / "volumes" / volume_id, ignore_errors=True)
        return deleted

    group: Any = FakeAutoScalingGroup
    group.replace_autoscaling_group_instances = _launch
    group.active_instances = _active
    version: Any = LaunchTemplateVersion
    version.user_data = property(_user_data)
    state: Any = InstanceState
    state.launch_template = property(_launched_template)
    ec2: Any = EC2Backend
    ec2.delete_volume = delete_volume
