# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow logs: their whole life in twelve steps, what AWS cannot change, and a role that is not known yet."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "ec2_flow_log"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def wanted(server: Any) -> dict[str, Any]:
    """A VPC, a log group, and a role that was made just now, so that creation has to go on trying."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    vpc = server.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    server.client("logs").create_log_group(logGroupName=f"/flow/{name}")
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    return {"resource_id": vpc, "log_group_name": f"/flow/{name}", "role_arn": role, "tags": {"team": "llmops"}}


def of(server: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    filters = [{"Name": "resource-id", "Values": [wanted["resource_id"]]}]
    found: list[dict[str, Any]] = server.client("ec2").describe_flow_logs(Filter=filters)["FlowLogs"]
    return found


def test_life(server: Any, wanted: dict[str, Any]) -> None:
    made = server.cycle(MODULE, wanted)["flow_log"]
    assert (made["traffic_type"], made["max_aggregation_interval"]) == ("ALL", 600)
    assert (made["role_arn"], made["tags"]) == (wanted["role_arn"], {"team": "llmops"})
    assert [item["FlowLogId"] for item in of(server, wanted)] == [made["flow_log_id"]]

    tagged = server.cycle(MODULE, {**wanted, "tags": {"other": "yes"}})["flow_log"]
    assert (tagged["flow_log_id"], tagged["tags"]) == (made["flow_log_id"], {"other": "yes"})

    # AWS cannot change these.
    other = server.cycle(MODULE, {**wanted, "traffic_type": "REJECT", "max_aggregation_interval": 60})
    assert other["deleted"] == [made["flow_log_id"]]
    found = of(server, wanted)
    assert [(item["TrafficType"], item["MaxAggregationInterval"]) for item in found] == [("REJECT", 60)]
    assert other["predicted"]["deleted"] == other["deleted"]

    gone = server.cycle(MODULE, {"log_group_name": wanted["log_group_name"], "state": "absent"})
    assert (gone["flow_log"], gone["deleted"]) == ({}, [found[0]["FlowLogId"]])
    assert of(server, wanted) == []


def test_the_format_of_records(server: Any, wanted: dict[str, Any]) -> None:
    fields = "${interface-id} ${srcaddr} ${dstaddr} ${action}"
    assert server.cycle(MODULE, {**wanted, "log_format": fields})["flow_log"]["log_format"] == fields
    # One that is not given is left alone, also where something else makes a new flow log.
    assert server.run(MODULE, wanted)["changed"] is False
    assert server.run(MODULE, {**wanted, "traffic_type": "ACCEPT"})["flow_log"]["log_format"] == fields


def test_flow_logs_to_elsewhere_stay(server: Any, wanted: dict[str, Any]) -> None:
    server.client("logs").create_log_group(logGroupName=wanted["log_group_name"] + "-of-mine")
    mine = {**wanted, "log_group_name": wanted["log_group_name"] + "-of-mine"}
    kept = server.run(MODULE, mine)["flow_log"]["flow_log_id"]
    server.run(MODULE, wanted)
    server.run(MODULE, {"log_group_name": wanted["log_group_name"], "state": "absent"})
    assert [item["FlowLogId"] for item in of(server, wanted)] == [kept]


def test_a_role_that_nobody_can_assume(server: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="Unable to assume given IAM role"):
        server.run(MODULE, {**wanted, "role_arn": wanted["role_arn"] + "-not-there", "wait_timeout": 2})
    assert of(server, wanted) == []


def test_a_log_group_that_is_not_there_is_told(server: Any, wanted: dict[str, Any]) -> None:
    result = server.run(MODULE, {**wanted, "log_group_name": wanted["log_group_name"] + "-not-there"})
    assert any("Access error" in str(warning) for warning in result["warnings"])
