# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WAF: a new web ACL is not known everywhere at once, resources are listed, and a load balancer takes its association with it.

Nothing is filtered here: the rules are AWS's, and their contents are not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elbv2.models import elbv2_backends
from moto.wafv2.models import wafv2_backends

from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


def resources(call: Call, arn: str) -> list[str] | None:
    """What stands behind a web ACL; None where there is no such."""
    acl: Any = wafv2_backends[call.account_id][call.region].wacls.get(arn)
    if acl is None:
        return None
    balancers = elbv2_backends[call.account_id][call.region].load_balancers
    return [item for item in acl.associated_resources if ":loadbalancer/" not in item or item in balancers]


class Firewall(Addition):
    """WAF's additions."""

    service = "wafv2"

    @operation("CreateWebACL")
    def create(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        self.lifecycle.begin(("web_acl", answer["Summary"]["ARN"]), "web_acl.create", "creating")
        return answer

    @operation("AssociateWebACL")
    def associate(self, call: Call, forward: Forward) -> Shape:
        # API AssociateWebACL, error WAFUnavailableEntityException: "wait a few minutes and try again"
        arn = call.params["WebACLArn"]
        if self.lifecycle.busy(("web_acl", arn)):
            raise Refusal(
                "WAFUnavailableEntityException",
                "AWS WAF couldn\u2019t retrieve a resource that you specified for this operation. Try your request again in a few minutes.",
            )
        # A resource has one web ACL.
        for acl in wafv2_backends[call.account_id][call.region].wacls.values():
            if call.params["ResourceArn"] in acl.associated_resources:
                acl.associated_resources.remove(call.params["ResourceArn"])
        return forward()

    @operation("ListResourcesForWebACL")
    def list(self, call: Call, _forward: Forward) -> Shape:
        found = resources(call, call.params["WebACLArn"])
        if found is None:
            raise Refusal(
                "WAFNonexistentItemException", "AWS WAF couldn\u2019t perform the operation: no such web ACL."
            )
        return {"ResourceArns": found}


def install(context: Context) -> None:
    Firewall(context)
