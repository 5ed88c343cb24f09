# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EFS refuses and moto takes.

Source: the API reference of each operation. The codes are AWS's; a wording that was not found is ours.
"""

from __future__ import annotations

import re

from .. import interfaces
from . import Call, Refusal, rule

PATH = re.compile(r"(/|(/(?!\.)+[^$#<>;`|&?{}^*/\n]+){1,4})")


def bad(message: str) -> Refusal:
    return Refusal("BadRequest", message)


@rule("efs", "CreateFileSystem")
@rule("efs", "UpdateFileSystem")
def throughput(call: Call) -> None:
    mode, provisioned = call.params.get("ThroughputMode"), call.params.get("ProvisionedThroughputInMibps")
    if mode == "provisioned" and not provisioned:
        raise bad("When the throughput mode is provisioned, ProvisionedThroughputInMibps must be given.")
    if mode in ("bursting", "elastic") and provisioned:
        raise bad("ProvisionedThroughputInMibps is only valid when the throughput mode is provisioned.")


@rule("efs", "CreateFileSystem")
def elastic_is_general_purpose(call: Call) -> None:
    if call.params.get("ThroughputMode") == "elastic" and call.params.get("PerformanceMode") == "maxIO":
        raise bad("The maxIO performance mode is not supported on file systems that use elastic throughput.")


@rule("efs", "CreateMountTarget")
def groups_of_the_subnets_vpc(call: Call) -> None:
    ec2 = interfaces.backend(call.account_id, call.region)
    subnet = next(
        (zone[call.params["SubnetId"]] for zone in ec2.subnets.values() if call.params["SubnetId"] in zone), None
    )
    for group in call.params.get("SecurityGroups") or []:
        if subnet is not None and group not in ec2.groups.get(subnet.vpc_id, {}):
            raise Refusal(
                "SecurityGroupNotFound", f"The security group {group} does not exist in the VPC {subnet.vpc_id}."
            )


@rule("efs", "CreateAccessPoint")
def root_of_an_access_point(call: Call) -> None:
    root = call.params.get("RootDirectory") or {}
    path, creation = root.get("Path"), root.get("CreationInfo")
    if path is not None and (not PATH.fullmatch(path) or len(path) > 100):
        raise bad(f"The path {path} is not valid: up to four folders below /, 100 characters.")
    if creation and not re.fullmatch(r"[0-7]{3,4}", str(creation.get("Permissions"))):
        raise bad(f"The permissions {creation.get('Permissions')} are not an octal number of three or four digits.")
