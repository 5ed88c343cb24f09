# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "scheduler_schedule"
ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/x"
DEFINITION = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/x"
GROUP = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/default"


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the account is shared."""
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def role(server: Any, name: str) -> str:
    """A role that was made a moment ago."""
    return make_role(server, name, GROUP)


def make_role(server: Any, name: str, group: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def wanted(name: str, role: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "schedule_expression": "cron(0 1 * * ? *)",
        "target": {
            "Arn": CLUSTER,
            "RoleArn": role,
            "EcsParameters": {
                "TaskDefinitionArn": f"{DEFINITION}:1",
                "LaunchType": "FARGATE",
                # As a template gives it.
                "TaskCount": "1",
                "NetworkConfiguration": {
                    "awsvpcConfiguration": {"Subnets": ["subnet-b", "subnet-a"], "SecurityGroups": ["sg-a"]}
                },
            },
        },
        **changes,
    }


def test_a_schedule_comes_changes_and_goes(server: Any, name: str, role: str) -> None:
    created = server.cycle(MODULE, wanted(name, role))["schedule"]
    assert created["arn"] == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/{name}"
    assert created["enabled"]
    assert created["target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}

    changes = wanted(
        name, role, schedule_expression="rate(12 hours)", description="Backups", flexible_time_window_minutes=15
    )
    changes["target"]["EcsParameters"]["TaskDefinitionArn"] = f"{DEFINITION}:2"
    changes["target"]["RetryPolicy"] = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}
    changed = server.cycle(MODULE, changes)
    assert set(changed["diff"]["after"]) == {
        "schedule_expression",
        "description",
        "flexible_time_window_minutes",
        "target",
    }
    found = server.client("scheduler").get_schedule(Name=name)
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert found["Target"]["EcsParameters"]["TaskDefinitionArn"] == f"{DEFINITION}:2"

    # The order of subnets means nothing.
    changes["target"]["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"]["Subnets"].reverse()
    assert server.run(MODULE, changes)["changed"] is False

    disabled = server.cycle(MODULE, {**changes, "enabled": False})
    assert disabled["diff"] == {"before": {"enabled": True}, "after": {"enabled": False}}
    assert server.client("scheduler").get_schedule(Name=name)["State"] == "DISABLED"

    assert server.cycle(MODULE, {"name": name, "state": "absent"})["schedule"] == {}


def test_what_the_module_does_not_manage_stays(server: Any, name: str, role: str) -> None:
    server.run(MODULE, wanted(name, role))
    scheduler = server.client("scheduler")
    found = scheduler.get_schedule(Name=name)
    kept = {
        key: found[key]
        for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "State")
        if key in found
    }
    scheduler.update_schedule(**kept, EndDate="2090-01-01T00:00:00Z")
    server.run(MODULE, wanted(name, role, schedule_expression="rate(1 day)"))
    assert scheduler.get_schedule(Name=name)["EndDate"].year == 2090


def test_a_role_that_scheduler_may_not_assume(server: Any, name: str) -> None:
    another = make_role(server, name, GROUP.replace("default", "another"))
    with pytest.raises(ModuleFailed, match="must allow AWS EventBridge Scheduler to assume the role"):
        server.run(MODULE, wanted(name, another, wait_timeout=1))


def test_a_schedule_that_is_none(server: Any, name: str, role: str) -> None:
    with pytest.raises(ModuleFailed, match="Invalid Schedule Expression"):
        server.run(MODULE, wanted(name, role, schedule_expression="cron(0 1 * * * *)"))


def test_a_misspelt_name_is_found_before_aws_is_asked(server: Any, name: str, role: str) -> None:
    misspelt = wanted(name, role)
    misspelt["target"]["EcsParameters"]["TaskDefinition"] = misspelt["target"]["EcsParameters"].pop("TaskDefinitionArn")
    with pytest.raises(
        ModuleFailed, match=r"target\.EcsParameters has no TaskDefinition in AWS's API; write TaskDefin"
    ):
        server.run(MODULE, misspelt)
