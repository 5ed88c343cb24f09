# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

TOPIC = "arn:aws:sns:us-east-1:123456789012:x-alarms"
TAGS = {"langfuse:environment": "x", "langfuse:component": "monitoring"}
ERRORS = {
    "name": "web-5xx",
    "description": "Errors. Look at the log.",
    "namespace": "AWS/ApplicationELB",
    "metric_name": "HTTPCode_Target_5XX_Count",
    "dimensions": {"LoadBalancer": "app/x/1"},
    "statistic": "Sum",
    "threshold": 10,
    "treat_missing_data": "notBreaching",
}
INSIGHTS = {"namespace": "ECS/ContainerInsights", "dimensions": {"ClusterName": "x", "ServiceName": "web"}}
TASKS = {
    "name": "web-tasks",
    "metrics": [
        {"id": "lacking", "expression": "desired - running", "return_data": True},
        {"id": "desired", "metric_name": "DesiredTaskCount", **INSIGHTS},
        {"id": "running", "metric_name": "RunningTaskCount", **INSIGHTS},
    ],
    "threshold": 1,
}
SLOW = {
    **ERRORS,
    "name": "slow",
    "metric_name": "TargetResponseTime",
    "statistic": "p95",
    "evaluate_low_sample_count_percentile": "ignore",
}
WANTED = {"prefix": "x/", "alarms": [ERRORS, TASKS, SLOW], "alarm_actions": [TOPIC], "tags": TAGS}


def alarms(aws: Any) -> dict[str, dict[str, Any]]:
    found = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"]: alarm for alarm in found}


def tags(aws: Any, name: str) -> dict[str, str]:
    found = aws.client("cloudwatch").list_tags_for_resource(ResourceARN=alarms(aws)[name]["AlarmArn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_alarms_come_change_and_go(aws: Any) -> None:
    created = aws.cycle("cloudwatch_alarms", WANTED)
    assert created["written"] == ["x/slow", "x/web-5xx", "x/web-tasks"]
    found = alarms(aws)
    assert found["x/web-5xx"]["AlarmDescription"] == "Errors. Look at the log."
    assert found["x/web-5xx"]["AlarmActions"] == [TOPIC]
    assert found["x/slow"]["ExtendedStatistic"] == "p95"
    assert {part["Id"] for part in found["x/web-tasks"]["Metrics"]} == {"lacking", "desired", "running"}
    assert tags(aws, "x/web-5xx") == TAGS

    changed = aws.cycle("cloudwatch_alarms", WANTED | {"alarms": [{**ERRORS, "threshold": 50}, TASKS]})
    assert (changed["written"], changed["deleted"]) == (["x/web-5xx"], ["x/slow"])
    assert changed["diff"]["before"]["x/web-5xx"]["Threshold"] == 10
    assert changed["diff"]["after"]["x/web-5xx"]["Threshold"] == 50
    assert set(changed["diff"]["after"]) == {"x/web-5xx"}
    assert alarms(aws)["x/web-5xx"]["Threshold"] == 50

    aws.cycle("cloudwatch_alarms", WANTED | {"alarms": []})
    assert alarms(aws) == {}


def test_alarms_with_another_prefix_stay(aws: Any) -> None:
    aws.run("cloudwatch_alarms", WANTED | {"prefix": "xy/"})
    aws.run("cloudwatch_alarms", WANTED | {"alarms": []})
    assert set(alarms(aws)) == {"xy/slow", "xy/web-5xx", "xy/web-tasks"}


def test_tags_of_alarms_that_exist_follow(aws: Any) -> None:
    aws.run("cloudwatch_alarms", WANTED)
    changed = aws.cycle("cloudwatch_alarms", WANTED | {"tags": {"langfuse:environment": "x", "team": "llmops"}})
    assert tags(aws, "x/slow") == {"langfuse:environment": "x", "team": "llmops"}
    assert changed["diff"]["after"]["x/slow"]["Tags"] == {"langfuse:environment": "x", "team": "llmops"}
    assert aws.run("cloudwatch_alarms", WANTED | {"tags": None})["changed"] is False


def test_without_purge_others_stay(aws: Any) -> None:
    aws.run("cloudwatch_alarms", WANTED)
    assert aws.run("cloudwatch_alarms", WANTED | {"alarms": [ERRORS], "purge": False})["changed"] is False
    assert len(alarms(aws)) == 3


def test_one_name_is_one_alarm(aws: Any) -> None:
    with pytest.raises(ModuleFailed, match="Two alarms are called web-5xx"):
        aws.run("cloudwatch_alarms", WANTED | {"alarms": [ERRORS, ERRORS]})


BODY = {"widgets": [{"type": "text", "width": 24, "height": 1, "properties": {"markdown": "# x"}}]}


def test_dashboard(server: Any) -> None:
    wanted = {"name": "x-us-east-1", "body": BODY, "tags": TAGS}
    created = server.cycle("cloudwatch_dashboard", wanted)
    cloudwatch = server.client("cloudwatch")
    arn = cloudwatch.get_dashboard(DashboardName="x-us-east-1")["DashboardArn"]
    assert created["dashboard"]["arn"] == arn
    assert len(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]) == 2

    # Spaces and order are not differences.
    cloudwatch.put_dashboard(
        DashboardName="x-us-east-1",
        DashboardBody='{ "widgets" : [{"properties": {"markdown": "# x"}, "height": 1, "width": 24, "type": "text"}]}',
    )
    assert server.run("cloudwatch_dashboard", wanted)["changed"] is False

    changed = server.cycle("cloudwatch_dashboard", wanted | {"body": {"widgets": []}, "tags": {"team": "llmops"}})
    assert changed["diff"]["before"]["body"] == BODY
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "llmops"}]
    assert server.cycle("cloudwatch_dashboard", {"name": "x-us-east-1", "state": "absent"})["dashboard"] == {}


def test_dashboard_names_are_checked_before_the_call(server: Any) -> None:
    with pytest.raises(ModuleFailed, match="is not a dashboard's name"):
        server.run("cloudwatch_dashboard", {"name": "x/y", "body": BODY})


def policy(action: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": action,
                "Resource": TOPIC,
            }
        ],
    }


MAIL = {"protocol": "email", "endpoint": "oncall@example.com"}
PAGER = {"protocol": "https", "endpoint": "https://user:long-secret-password@pager.example.com/x"}


def test_topic(server: Any) -> None:
    wanted = {"name": "x-alarms", "policy": policy("sns:Publish"), "subscriptions": [MAIL], "tags": TAGS}
    created = server.cycle("sns_topic", wanted)
    assert created["topic"]["arn"] == TOPIC
    assert created["pending"] == ["oncall@example.com"]
    sns = server.client("sns")
    assert "cloudwatch.amazonaws.com" in sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"]

    changed = server.cycle(
        "sns_topic",
        wanted
        | {
            "policy": policy("sns:GetTopicAttributes"),
            "kms_master_key_id": "alias/x",
            "subscriptions": [MAIL, PAGER],
            "tags": {"team": "llmops"},
        },
    )
    assert set(changed["diff"]["after"]) == {"policy", "kms_master_key_id", "subscriptions", "tags"}
    assert "long-secret-password" not in str(changed["topic"])
    attributes = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert attributes["KmsMasterKeyId"] == "alias/x"
    assert server.cycle("sns_topic", {"name": "x-alarms", "state": "absent"})["topic"] == {}


def test_subscriptions_that_are_no_longer_wanted_go(server: Any) -> None:
    queue = {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:123456789012:x"}
    server.run("sns_topic", {"name": "y-alarms", "subscriptions": [queue, MAIL]})
    kept = server.run("sns_topic", {"name": "y-alarms", "subscriptions": [MAIL], "purge_subscriptions": False})
    assert kept["changed"] is False
    removed = server.cycle("sns_topic", {"name": "y-alarms", "subscriptions": []})
    # One that nobody confirmed cannot be removed; SNS forgets it by itself.
    assert removed["topic"]["subscriptions"] == [MAIL]
