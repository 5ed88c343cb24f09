# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that AWS takes: things are creating, modifying and deleting for a while before they are done.

A resource in transition is one entry. Its seconds are AWS's (where known from Terraform's acceptance tests, else from
experience), times the scale, and never under the floor; a scale of 0 makes everything instant. What must happen at the
end of a transition (the removal in moto, the state in moto's own model) is the entry's ``then``.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

# AWS's seconds; sources: hashicorp/terraform-provider-aws issues and pull requests, the number given where there is one
SECONDS: dict[str, float] = {
    "nat_gateway.create": 120,  # 38363
    "nat_gateway.delete": 60,
    "vpc_endpoint.create": 90,
    "vpc_endpoint.delete": 60,
    "load_balancer.create": 150,  # 16637
    "load_balancer_interfaces.delete": 120,
    "certificate.records": 5,
    "certificate.validate": 60,  # hashicorp/terraform 21687
    "db_cluster.create": 60,  # 48948
    "db_cluster.modify": 30,
    "db_cluster.delete": 90,
    # hashicorp/terraform 15071, terraform-aws-modules/terraform-aws-rds 78
    "db_groups.release": 10,
    "db_snapshot.create": 120,
    "db_instance.create": 420,  # 26489
    "db_instance.modify": 60,
    "db_instance.delete": 300,
    "replication_group.create": 480,  # 46950, 30403
    "replication_group.modify": 300,  # 39745
    "replication_group.delete": 300,
    "cache_groups.release": 10,  # 9013
    "file_system.create": 10,
    "file_system.delete": 10,
    "mount_target.create": 90,  # 15278
    "mount_target.delete": 45,
    "access_point.create": 5,
    "access_point.delete": 5,
    "namespace.create": 45,  # 2569
    "namespace.delete": 45,
    "cloudmap_service.update": 10,
    "cloudmap_instance.update": 5,
    "role.create": 10,
    "secret.delete": 5,
    # CreateUserPoolDomain: a prefix domain is live within a minute
    "user_pool_domain.create": 30,
    "secret.replicate": 5,
    "log_group.delete": 2,
    # a service is there in three to five minutes (the guide's "Getting started")
    "apprunner_service.deploy": 240,
    "apprunner_service.delete": 60,
    "recovery_point.create": 600,
    "recovery_point.delete": 120,
    "bucket_configuration.settle": 5,
    # API CreateWebACL: "seconds to minutes"
    "web_acl.create": 60,
    # Guide HowToUpdateDistribution: "usually within minutes"; private-content-vpc-origins: "up to 15 minutes"
    "distribution.deploy": 240,
    "vpc_origin.deploy": 300,
    "vpc_origin.delete": 300,
}
FLOOR = 0.3


@dataclass
class Transition:
    """A resource on its way from one state to the next."""

    state: str
    due: float
    then: Callable[[], object] | None = None
    # work in the background that must end too: an engine that starts
    work: Future[Any] | None = None
    failed: bool = False

    def over(self, moment: float) -> bool:
        return moment >= self.due and (self.work is None or self.work.done())


class Lifecycle:
    """All transitions; every method runs with the server's lock held."""

    def __init__(self, scale: float, floor: float = FLOOR) -> None:
        self.scale = scale
        self.floor = floor
        self.transitions: dict[Hashable, Transition] = {}
        self.known_since: dict[str, float] = {}

    def seconds(self, kind: str) -> float:
        """Local seconds of a kind of transition."""
        return max(self.floor, SECONDS[kind] * self.scale) if self.scale else 0.0

    def begin(
        self,
        key: Hashable,
        kind: str,
        state: str,
        then: Callable[[], object] | None = None,
        work: Future[Any] | None = None,
    ) -> None:
        """A resource is in this state from now, until its time is over."""
        self.transitions[key] = Transition(state, time.monotonic() + self.seconds(kind), then, work)
        self.settle()

    def state(self, key: Hashable, settled: str = "available") -> str:
        """The state of a resource: of its transition, or the one it has settled in."""
        transition = self.transitions.get(key)
        return transition.state if transition else settled

    def busy(self, key: Hashable) -> bool:
        return key in self.transitions

    def settle(self) -> None:
        """End the transitions whose time is over."""
        moment = time.monotonic()
        for key, transition in list(self.transitions.items()):
            if not transition.over(moment) or self.transitions.get(key) is not transition:
                continue
            del self.transitions[key]
            if transition.then:
                try:
                    transition.then()
                except Exception:
                    # it belongs to another resource's call, which must not fail for it
                    traceback.print_exc()

    def created(self, arn: str) -> None:
        """Something that other services see only after a while: an IAM role."""
        self.known_since[arn] = time.monotonic() + self.seconds("role.create")

    def visible(self, arn: str) -> bool:
        return time.monotonic() >= self.known_since.get(arn, 0.0)

    def clear(self) -> None:
        self.transitions.clear()
        self.known_since.clear()
