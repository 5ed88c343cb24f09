# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch and SNS: tags of dashboards, and subscriptions that wait for their confirmation."""

from __future__ import annotations

from .server_support import Server


def test_dashboards_have_tags(server: Server) -> None:
    cloudwatch, name = server.client("cloudwatch"), server.name()
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}", Tags=[{"Key": "a", "Value": "1"}])
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}", Tags=[{"Key": "b", "Value": "2"}])
    arn = cloudwatch.get_dashboard(DashboardName=name)["DashboardArn"]
    # Tags count for a new dashboard only.
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "3"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "3"}]
    cloudwatch.delete_dashboards(DashboardNames=[name])
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}")
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_subscriptions_wait_for_their_owner(server: Server) -> None:
    sns = server.client("sns")
    topic = sns.create_topic(Name=server.name())["TopicArn"]
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    assert made["SubscriptionArn"] == "pending confirmation"
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://user:password@example.com/x")
    queue = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:x")
    found = {item["Endpoint"]: item for item in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]}
    assert found["oncall@example.com"]["SubscriptionArn"] == "PendingConfirmation"
    assert "https://user:****@example.com/x" in found
    with server.refuses("InvalidParameter"):
        sns.unsubscribe(SubscriptionArn="PendingConfirmation")
    sns.unsubscribe(SubscriptionArn=queue["SubscriptionArn"])
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 2
