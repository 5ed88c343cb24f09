# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ElastiCache refuses of parameters, before any state is looked at.

Sources: "API" the API reference, "Guide" the user guide, page named. The codes are AWS's; a wording that was not found
is ours.
"""

from __future__ import annotations

import re

from . import Call, Refusal, rule

IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
# Guide auth "Overview of AUTH"
TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")
MAX_NODES = 6


def value(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def combination(message: str) -> Refusal:
    return Refusal("InvalidParameterCombination", message)


@rule("elasticache", "CreateReplicationGroup")
def names(call: Call) -> None:
    # API CreateReplicationGroup.ReplicationGroupId
    name = call.params["ReplicationGroupId"]
    if not IDENTIFIER.fullmatch(name) or len(name) > 40:
        raise value(
            f"The parameter ReplicationGroupId is not a valid identifier: {name}. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; must have 1 to 40 characters; and must not end with a hyphen "
            "or contain two consecutive hyphens."
        )


@rule("elasticache", "CreateReplicationGroup")
@rule("elasticache", "ModifyReplicationGroup")
def tokens(call: Call) -> None:
    # Guide auth
    token = call.params.get("AuthToken")
    if token is None:
        return
    if not TOKEN.fullmatch(token):
        raise value(
            "Invalid AuthToken provided. It must have 16 to 128 printable characters; the only special ones are !, &, #, $, ^, "
            "<, >, and -."
        )
    if call.operation == "CreateReplicationGroup" and not call.params.get("TransitEncryptionEnabled"):
        raise combination("The AUTH token can only be used when encryption in transit is enabled.")


@rule("elasticache", "CreateReplicationGroup")
def valkey_says_whether_it_encrypts(call: Call) -> None:
    # aws-cloudformation/cfn-lint E3704
    if (call.params.get("Engine") or "").lower() == "valkey" and "TransitEncryptionEnabled" not in call.params:
        raise combination("TransitEncryptionEnabled must be given for the engine valkey.")


@rule("elasticache", "CreateReplicationGroup")
def failover_needs_nodes(call: Call) -> None:
    # API CreateReplicationGroup.AutomaticFailoverEnabled, .MultiAZEnabled, .NumCacheClusters
    params = call.params
    count = int(params.get("NumCacheClusters") or int(params.get("ReplicasPerNodeGroup") or 0) + 1)
    if count > MAX_NODES:
        raise value(f"NumCacheClusters must not be more than {MAX_NODES}.")
    if params.get("AutomaticFailoverEnabled") and count < 2:
        raise combination("Automatic failover needs at least two nodes: a primary and a replica.")
    if params.get("MultiAZEnabled") and not params.get("AutomaticFailoverEnabled"):
        raise combination("Automatic failover must be enabled when Multi-AZ is enabled.")
