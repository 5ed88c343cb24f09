# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of a web ACL: their whole life in twelve steps, and what is kept out of them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "wafv2_logging"


@pytest.fixture
def wanted(server: Any) -> dict[str, Any]:
    name = f"t-{uuid.uuid4().hex[:10]}"
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    acl = server.client("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visibility
    )["Summary"]["ARN"]
    server.client("logs").create_log_group(logGroupName=f"aws-waf-logs-{name}")
    return {
        "web_acl_arn": acl,
        "destination_arn": f"arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-{name}",
    }


def test_life(server: Any, wanted: dict[str, Any]) -> None:
    made = server.cycle(MODULE, wanted)["logging"]
    assert made == {**wanted, "redacted_headers": ["authorization", "cookie"]}
    assert server.run(MODULE, {**wanted, "redacted_headers": ["Cookie", "Authorization"]})["changed"] is False
    starred = {**wanted, "destination_arn": wanted["destination_arn"] + ":*"}
    assert server.run(MODULE, starred)["changed"] is False

    changed = server.cycle(MODULE, {**wanted, "redacted_headers": ["authorization"]})
    assert changed["diff"]["before"] == {"redacted_headers": ["authorization", "cookie"]}

    assert server.cycle(MODULE, {"web_acl_arn": wanted["web_acl_arn"], "state": "absent"})["logging"] == {}


def test_what_others_set_stays(server: Any, wanted: dict[str, Any]) -> None:
    condition = {"ActionCondition": {"Action": "BLOCK"}}
    kept = {
        "DefaultBehavior": "DROP",
        "Filters": [{"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": [condition]}],
    }
    server.client("wafv2").put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": wanted["web_acl_arn"],
            "LogDestinationConfigs": [wanted["destination_arn"]],
            "RedactedFields": [{"QueryString": {}}],
            "LoggingFilter": kept,
        }
    )
    server.run(MODULE, wanted)
    found = server.client("wafv2").get_logging_configuration(ResourceArn=wanted["web_acl_arn"])["LoggingConfiguration"]
    assert found["LoggingFilter"] == kept
    assert {"QueryString": {}} in found["RedactedFields"]
    assert len(found["RedactedFields"]) == 3


def test_names_that_aws_does_not_take(server: Any, wanted: dict[str, Any]) -> None:
    server.client("logs").create_log_group(logGroupName=f"waf-{uuid.uuid4().hex}")
    with pytest.raises(ModuleFailed, match="aws-waf-logs-"):
        server.run(MODULE, {**wanted, "destination_arn": "arn:aws:logs:us-east-1:123456789012:log-group:waf-of-mine"})
