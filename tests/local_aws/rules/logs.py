# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CloudWatch Logs refuses and moto takes.

Source: the API reference of each operation.
"""

from __future__ import annotations

import re

from . import Call, Refusal, rule

# PutRetentionPolicy.retentionInDays
RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


def deleting_key(call: Call, name: str) -> tuple[str, str, str]:
    """A log group whose deletion is not quite through."""
    return ("log_group", call.region, name)


@rule("logs", "PutRetentionPolicy")
def retention(call: Call) -> None:
    days = call.params["retentionInDays"]
    if days not in RETENTION:
        raise Refusal(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must "
            f"satisfy enum value set: {list(RETENTION)}",
        )


@rule("logs", "CreateLogGroup")
def names(call: Call) -> None:
    name = call.params["logGroupName"]
    if not NAME.fullmatch(name):
        raise Refusal(
            "InvalidParameterException",
            f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        )
    if name.startswith("aws/"):
        raise Refusal("InvalidParameterException", "Log groups starting with aws/ are reserved for AWS.")


@rule("logs", "CreateLogGroup")
def not_while_it_is_deleted(call: Call) -> None:
    # CreateLogGroup, error OperationAbortedException
    if call.context is not None and call.context.lifecycle.busy(deleting_key(call, call.params["logGroupName"])):
        raise Refusal(
            "OperationAbortedException",
            "A conflicting operation is currently in progress against this resource. Please try again.",
        )
