# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What WAF refuses and moto takes. Source: the API reference, operation named."""

from __future__ import annotations

from moto.logs.models import logs_backends
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


@rule("wafv2", "PutLoggingConfiguration")
def destinations_of_logs(call: Call) -> None:
    # API PutLoggingConfiguration, and LoggingConfiguration.RedactedFields; the parameters of the error are AWS's enumeration
    given = call.params["LoggingConfiguration"]
    if given["ResourceArn"] not in wafv2_backends[call.account_id][call.region].wacls:
        raise Refusal(
            "WAFNonexistentItemException",
            "AWS WAF couldn\u2019t perform the operation because your resource doesn\u2019t exist.",
        )
    for arn in given["LogDestinationConfigs"]:
        name = str(arn).split(":", 5)[-1].partition(":")[2] if ":logs:" in str(arn) else str(arn).rpartition("/")[2]
        if ":logs:" in str(arn) and not name.startswith("aws-waf-logs-"):
            raise Refusal(
                "WAFInvalidParameterException",
                "Error reason: The ARN isn't valid. A valid ARN begins with arn: and its log group with aws-waf-logs-, field: "
                f"LOG_DESTINATION, parameter: {arn}",
            )
        if ":logs:" in str(arn) and name not in logs_backends[call.account_id][call.region].groups:
            raise Refusal("WAFLogDestinationPermissionIssueException", f"There is no log group {name}")
    for item in given.get("RedactedFields") or []:
        if set(item) - {"UriPath", "QueryString", "SingleHeader", "Method"}:
            raise Refusal("WAFInvalidParameterException", f"Error reason: {sorted(item)} cannot be redacted")
