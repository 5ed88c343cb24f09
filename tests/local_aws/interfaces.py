# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network interfaces that AWS's services have in the customer's subnets.

They are what keeps security groups, subnets and addresses from being deleted, and what ECS' and the engines' security
groups stand on. moto has them for EC2's own resources only.
"""

from __future__ import annotations

from typing import Any

from moto.ec2 import ec2_backends


def backend(account_id: str, region: str) -> Any:
    return ec2_backends[account_id][region]


def create(account_id: str, region: str, subnet_id: str, groups: list[str], description: str) -> str:
    """An interface in a subnet; returns its id."""
    made = backend(account_id, region).create_network_interface(
        subnet_id, None, group_ids=list(groups), description=description
    )
    made.status = "in-use"
    # AWS manages it; the customer cannot delete it
    made.requester_managed = True
    return str(made.id)


def delete(account_id: str, region: str, interface_id: str) -> None:
    backend(account_id, region).enis.pop(interface_id, None)


def set_groups(account_id: str, region: str, interface_id: str, groups: list[str]) -> None:
    """Other security groups for an interface."""
    ec2 = backend(account_id, region)
    interface = ec2.enis.get(interface_id)
    if interface is not None:
        interface._group_set = [ec2.get_security_group_from_id(group) for group in groups]


def of_security_group(account_id: str, region: str, group_id: str) -> list[str]:
    return [
        str(item.id)
        for item in backend(account_id, region).enis.values()
        if any(group.id == group_id for group in item.group_set if group is not None)
    ]


def of_subnet(account_id: str, region: str, subnet_id: str) -> list[str]:
    return [
        str(item.id)
        for item in backend(account_id, region).enis.values()
        if item.subnet and item.subnet.id == subnet_id
    ]


def zones(account_id: str, region: str, subnet_ids: list[str]) -> dict[str, str]:
    """The availability zone of each subnet that exists."""
    ec2 = backend(account_id, region)
    found = {}
    for subnets in ec2.subnets.values():
        found.update(
            {subnet.id: str(subnet.availability_zone) for subnet in subnets.values() if subnet.id in subnet_ids}
        )
    return found
