# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web ACLs that are not known everywhere at once, and that stay as long as something is behind them."""

from __future__ import annotations

from .server_support import Server
from .test_rules_elbv2 import balancer, open_network


def test_life_of_a_web_acl(server: Server) -> None:
    waf, elb = server.client("wafv2"), server.client("elbv2")
    arn, name = balancer(server, open_network(server)), server.name()
    visibility = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    asked = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility}
    made, other = (waf.create_web_acl(Name=each, **asked)["Summary"] for each in (name, f"{name}-b"))

    def associate(acl: str) -> None:
        waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)

    def behind(acl: str) -> list[str]:
        return list(waf.list_resources_for_web_acl(WebACLArn=acl)["ResourceArns"])

    with server.refuses("WAFUnavailableEntityException"):
        associate(made["ARN"])
    for acl in (other, made):
        server.wait(lambda acl=acl: server.accepted(lambda: associate(acl["ARN"])))
    assert (behind(made["ARN"]), behind(other["ARN"])) == ([arn], [])
    delete = {"Name": name, "Scope": "REGIONAL", "Id": made["Id"], "LockToken": made["LockToken"]}
    with server.refuses("WAFAssociatedItemException"):
        waf.delete_web_acl(**delete)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    waf.delete_web_acl(**delete)
    with server.refuses("WAFNonexistentItemException"):
        behind(made["ARN"])
