# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SNS: a subscription by mail or HTTP is pending until somebody confirms it, and a password in its URL is not shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

# API Subscribe: "If you subscribe an HTTP/S or email endpoint ... the endpoint owner must run ConfirmSubscription".
CONFIRMED_BY_OWNER = ("email", "email-json", "http", "https")
PENDING = "PendingConfirmation"


class Sns(Addition):
    """SNS's additions."""

    service = "sns"

    @operation("Subscribe")
    def subscribe(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        waits = call.params["Protocol"] in CONFIRMED_BY_OWNER and not call.params.get("ReturnSubscriptionArn")
        return {**answer, "SubscriptionArn": "pending confirmation"} if waits else answer

    @operation("ListSubscriptionsByTopic", "ListSubscriptions")
    def list_subscriptions(self, _call: Call, forward: Forward) -> Shape:
        answer = forward()
        for item in answer["Subscriptions"]:
            if item["Protocol"] in CONFIRMED_BY_OWNER:
                item["SubscriptionArn"] = PENDING
            item["Endpoint"] = re.sub(r"^(https?://[^/:@]+):[^/@]*@", r"\1:****@", item["Endpoint"])
        return answer

    @operation("Unsubscribe")
    def unsubscribe(self, call: Call, forward: Forward) -> Shape:
        arn = call.params["SubscriptionArn"]
        if not arn.startswith("arn:"):
            raise Refusal(
                "InvalidParameter",
                f"Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not {arn}",
            )
        return forward()


def install(context: Context) -> None:
    Sns(context)
