# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EFS: file systems, mount targets and access points that take time, and the calls that moto lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.efs.models import efs_backends

from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class Efs(Addition):
    """EFS's additions."""

    service = "efs"

    @staticmethod
    def _backend(call: Call) -> Any:
        return efs_backends[call.account_id][call.region]

    def _file_system(self, call: Call) -> Any:
        wanted = call.params["FileSystemId"]
        found = self._backend(call).file_systems_by_id.get(wanted)
        if found is None:
            raise Refusal("FileSystemNotFound", f"File system '{wanted}' does not exist.", 404)
        return found

    def _created(self, key: str, kind: str, thing: Any) -> None:
        """Let something be created for a while."""
        thing.life_cycle_state = "creating"

        def available() -> None:
            thing.life_cycle_state = "available"

        self.lifecycle.begin(key, f"{kind}.create", "creating", available)

    def _available(self, file_system: Any) -> None:
        if file_system.life_cycle_state != "available":
            raise Refusal(
                "IncorrectFileSystemLifeCycleState",
                f"The file system {file_system.file_system_id} is {file_system.life_cycle_state}, not available.",
                409,
            )

    # --- file systems ---

    @operation("CreateFileSystem")
    def create_file_system(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        file_system = self._backend(call).file_systems_by_id[answer["FileSystemId"]]
        self._created(file_system.file_system_id, "file_system", file_system)
        return {**answer, "LifeCycleState": file_system.life_cycle_state}

    @operation("UpdateFileSystem")
    def update_file_system(self, call: Call, _forward: Forward) -> Shape:
        file_system = self._file_system(call)
        self._available(file_system)
        if "ThroughputMode" in call.params:
            file_system.throughput_mode = call.params["ThroughputMode"]
        file_system.provisioned_throughput_in_mibps = call.params.get("ProvisionedThroughputInMibps")
        described = self.context.forward(
            Call("efs", "DescribeFileSystems", {"FileSystemId": file_system.file_system_id}, call.region)
        )
        return dict(described["FileSystems"][0])

    @operation("DeleteFileSystem")
    def delete_file_system(self, call: Call, _forward: Forward) -> Shape:
        file_system = self._file_system(call)
        if file_system.number_of_mount_targets:
            raise Refusal(
                "FileSystemInUse",
                f"You cannot delete a file system that has mount targets: {file_system.file_system_id}",
                409,
            )
        self._available(file_system)
        file_system.life_cycle_state = "deleting"
        backend = self._backend(call)

        def gone() -> None:
            backend.delete_file_system(file_system.file_system_id)
            for point in [
                item for item in backend.access_points.values() if item.file_system_id == file_system.file_system_id
            ]:
                backend.delete_access_point(point.access_point_id)

        self.lifecycle.begin(file_system.file_system_id, "file_system.delete", "deleting", gone)
        return {}

    @operation("DescribeTags")
    def describe_tags(self, call: Call, _forward: Forward) -> Shape:
        """Deprecated, and still what community.aws.efs asks."""
        file_system = self._file_system(call)
        return {"Tags": self._backend(call).list_tags_for_resource(file_system.file_system_id)}

    @operation("PutBackupPolicy")
    def put_backup_policy(self, call: Call, _forward: Forward) -> Shape:
        file_system = self._file_system(call)
        file_system._backup = call.params["BackupPolicy"]["Status"] == "ENABLED"
        return {"BackupPolicy": {"Status": call.params["BackupPolicy"]["Status"]}}

    @operation("DescribeBackupPolicy")
    def describe_backup_policy(self, call: Call, _forward: Forward) -> Shape:
        return {"BackupPolicy": {"Status": "ENABLED" if self._file_system(call)._backup else "DISABLED"}}

    # --- mount targets ---

    @operation("CreateMountTarget")
    def create_mount_target(self, call: Call, forward: Forward) -> Shape:
        self._available(self._file_system(call))
        answer = forward()
        target = self._backend(call).mount_targets_by_id[answer["MountTargetId"]]
        self._created(target.mount_target_id, "mount_target", target)
        return {**answer, "LifeCycleState": target.life_cycle_state}

    @operation("DeleteMountTarget")
    def delete_mount_target(self, call: Call, _forward: Forward) -> Shape:
        wanted, backend = call.params["MountTargetId"], self._backend(call)
        target = backend.mount_targets_by_id.get(wanted)
        if target is None:
            raise Refusal("MountTargetNotFound", f"Mount target '{wanted}' does not exist.", 404)
        target.life_cycle_state = "deleting"
        self.lifecycle.begin(wanted, "mount_target.delete", "deleting", lambda: backend.delete_mount_target(wanted))
        return {}

    # --- access points ---

    @operation("CreateAccessPoint")
    def create_access_point(self, call: Call, forward: Forward) -> Shape:
        self._available(self._file_system(call))
        answer = forward()
        self.lifecycle.begin(answer["AccessPointId"], "access_point.create", "creating")
        return {**answer, "LifeCycleState": self.lifecycle.state(answer["AccessPointId"])}

    @operation("DescribeAccessPoints")
    def describe_access_points(self, _call: Call, forward: Forward) -> Shape:
        answer = forward()
        for point in answer["AccessPoints"]:
            point["LifeCycleState"] = self.lifecycle.state(point["AccessPointId"])
        return answer


def install(context: Context) -> None:
    Efs(context)
