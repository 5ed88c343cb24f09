# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an access point is and whether it is the wanted one; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.errors import AwsError
from .._aws.module import tag_dict
from .._aws.waiters import ABSENT, Target

AVAILABLE = Target("available", done=("available",), failed=("error", "deleting", "deleted"))
GONE = Target("deleted", done=(ABSENT, "deleted"), failed=("error",))


def _user(user: dict[str, Any] | None) -> dict[str, Any]:
    if not user:
        return {}
    return {"uid": user["Uid"], "gid": user["Gid"], "secondary_gids": sorted(user.get("SecondaryGids") or [])}


def _directory(directory: dict[str, Any] | None) -> dict[str, Any]:
    info = (directory or {}).get("CreationInfo")
    return {
        "path": (directory or {}).get("Path") or "/",
        "creation_info": {
            "owner_uid": info["OwnerUid"],
            "owner_gid": info["OwnerGid"],
            # AWS takes and returns both 750 and 0750.
            "permissions": str(info["Permissions"]).zfill(4),
        }
        if info
        else {},
    }


def describe(point: dict[str, Any]) -> dict[str, Any]:
    """An access point with the module's names."""
    tags = tag_dict(point.get("Tags"))
    return {
        "access_point_id": point.get("AccessPointId", ""),
        "arn": point.get("AccessPointArn", ""),
        "file_system_id": point["FileSystemId"],
        "name": tags.get("Name", ""),
        "state": point.get("LifeCycleState", ""),
        "posix_user": _user(point.get("PosixUser")),
        "root_directory": _directory(point.get("RootDirectory")),
        "tags": tags,
    }


def find(points: list[dict[str, Any]], name: str, path: str) -> dict[str, Any] | None:
    """The access point with this name, or else the only one with this root directory and no name."""
    # One that is on its way out is found only where there is no other.
    ordered = sorted(points, key=lambda point: point.get("LifeCycleState") in ("deleting", "deleted"))
    named = [point for point in ordered if tag_dict(point.get("Tags")).get("Name") == name]
    if named:
        return named[0]
    unnamed = [
        point
        for point in ordered
        if path and _directory(point.get("RootDirectory"))["path"] == path and "Name" not in tag_dict(point.get("Tags"))
    ]
    return unnamed[0] if len(unnamed) == 1 else None


def create_request(options: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """The parameters of CreateAccessPoint."""
    request: dict[str, Any] = {"FileSystemId": options["file_system_id"], "Tags": tags}
    if user := options.get("posix_user"):
        request["PosixUser"] = {"Uid": user["uid"], "Gid": user["gid"]}
        if user.get("secondary_gids"):
            request["PosixUser"]["SecondaryGids"] = user["secondary_gids"]
    if directory := options.get("root_directory"):
        request["RootDirectory"] = {"Path": directory["path"]}
        if info := directory.get("creation_info"):
            request["RootDirectory"]["CreationInfo"] = {
                "OwnerUid": info["owner_uid"],
                "OwnerGid": info["owner_gid"],
                "Permissions": info["permissions"],
            }
    return request


def predicted(options: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """The access point as it will be once it is created."""
    request = create_request(options, [{"Key": key, "Value": value} for key, value in tags.items()])
    return describe({**request, "LifeCycleState": "creating"})


def refuse_immutable(options: dict[str, Any], active: dict[str, Any]) -> None:
    """Fails where something other than tags differs. Options that are not given are not compared."""
    wanted = describe(create_request(options, []))
    for name in ("posix_user", "root_directory"):
        if options.get(name) is None or wanted[name] == active[name]:
            continue
        # How the directory was made does not matter to who does not say how to make it.
        any_creation = name == "root_directory" and not options[name].get("creation_info")
        if any_creation and wanted[name]["path"] == active[name]["path"]:
            continue
        raise AwsError(
            f"The access point {active['access_point_id']} ({options['name']}) has {name} {active[name]} and AWS cannot "
            f"change it to {wanted[name]}; delete the access point first with state absent, after stopping what mounts it"
        )
