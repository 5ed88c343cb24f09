# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cognito user pools: updates reset what they leave out, and a domain takes a while.

Source: UpdateUserPool and UpdateUserPoolClient ("If you don't provide a value for an attribute, Amazon Cognito sets it to its
default value"), DomainDescriptionType.Status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules import Call
from ..rules.cognitoidp import pool_of
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

# Fields that only CreateUserPool has.
OF_A_POOLS_CREATION = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")


class CognitoIdp(Addition):
    """Cognito's additions."""

    service = "cognito-idp"

    @operation("UpdateUserPool")
    def update_pool(self, call: Call, forward: Forward) -> Shape:
        """moto forgets what cannot be changed, and keeps MFA, whose default is off."""
        pool = pool_of(call)
        kept = {name: pool.extended_config.get(name) for name in OF_A_POOLS_CREATION} if pool else {}
        answer = forward()
        pool.extended_config.update({name: value for name, value in kept.items() if value is not None})
        pool.mfa_config = call.params.get("MfaConfiguration", "OFF")
        return answer

    @operation("UpdateUserPoolClient")
    def update_client(self, call: Call, forward: Forward) -> Shape:
        """moto keeps what the request leaves out."""
        pool = pool_of(call)
        found = pool.clients.get(call.params["ClientId"]) if pool else None
        if found is not None:
            for name in set(found.extended_config) - {"ClientName"}:
                del found.extended_config[name]
        return forward()

    @operation("CreateUserPoolDomain")
    def create_domain(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        self.lifecycle.begin(("user_pool_domain", call.params["Domain"]), "user_pool_domain.create", "CREATING")
        return answer

    @operation("DescribeUserPoolDomain")
    def describe_domain(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        if answer.get("DomainDescription") and self.lifecycle.busy(("user_pool_domain", call.params["Domain"])):
            answer["DomainDescription"]["Status"] = "CREATING"
        return answer


def install(context: Context) -> None:
    CognitoIdp(context)
