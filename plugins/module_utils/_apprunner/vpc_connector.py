# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC connector of App Runner as AWS describes it, and what of it AWS cannot change. Pure functions."""

from __future__ import annotations

from typing import Any

from .._aws.errors import AwsError

Shape = dict[str, Any]


def described(connector: Shape, tags: dict[str, str]) -> Shape:
    """A connector with the module's names."""
    return {
        "name": connector["VpcConnectorName"],
        "arn": connector.get("VpcConnectorArn", ""),
        "revision": connector.get("VpcConnectorRevision", 0),
        "status": connector.get("Status", ""),
        "subnets": sorted(connector.get("Subnets") or []),
        "security_groups": sorted(connector.get("SecurityGroups") or []),
        "tags": tags,
    }


def refuse_fixed(active: Shape, subnets: list[str] | None, security_groups: list[str] | None) -> None:
    """
    :raises AwsError: where other subnets or security groups are wanted. The API has no update, App Runner has one revision for each
        name (API VpcConnector), and refuses a second connector with the security groups of another.
    """
    for what, wanted in (("subnets", subnets), ("security_groups", security_groups)):
        if wanted is not None and sorted(set(wanted)) != active[what]:
            raise AwsError(
                f"The VPC connector {active['name']} has the {what.replace('_', ' ')} {', '.join(active[what]) or '(none)'}, and AWS "
                f"cannot change them to {', '.join(sorted(set(wanted)))}; delete the service that uses it and the connector first, or "
                "give another name and other security groups"
            )


def in_use(code: str, text: str) -> bool:
    """Whether AWS refuses to delete a connector because of a service, which it goes on doing for a while after that is gone."""
    return code == "InvalidRequestException" and "used by" in text
