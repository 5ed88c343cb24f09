# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What WAF refuses and moto takes. Source: the API reference, operation named."""

from __future__ import annotations

from moto.wafv2.models import wafv2_backends

from . import Call, Refusal, rule


@rule("wafv2", "DeleteWebACL")
def nothing_behind_it(call: Call) -> None:
    # DeleteWebACL, error WAFAssociatedItemException
    from ..additions.wafv2 import resources

    for arn, acl in wafv2_backends[call.account_id][call.region].wacls.items():
        if acl.id == call.params["Id"] and resources(call, arn):
            raise Refusal(
                "WAFAssociatedItemException",
                "AWS WAF couldn\u2019t perform the operation because your resource is being used by another resource.",
            )
