# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of an environment from AWS's shapes, by table: states, addresses, and what is owned."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._discovery import components, environment, readings

IDENTITY: dict[str, Any] = {
    "name": "staging",
    "region": "eu-central-1",
    "account_id": "123456789012",
    "partition": "aws",
    "storage": {"bucket": "", "external": False},
}


def named(name: str, **rest: Any) -> dict[str, Any]:
    return {**rest, "Tags": [{"Key": "Name", "Value": name}]}


def nothing(component: str) -> dict[str, Any]:
    """The readings of an account that has nothing of the environment."""
    lists = {
        "network": ("vpcs", "subnets", "security_groups", "nat_gateways", "vpc_endpoints", "route_tables",
                    "internet_gateways", "addresses", "cloudfront_prefix_list", "flow_logs"),
        "compute": ("log_groups",),
        "database": ("db_replaced_clusters", "db_instances", "db_parameter_groups", "db_log_groups"),
        "cache": ("cache_parameter_groups",),
        "web": ("scalable_targets",),
        "ingestion": ("scalable_targets",),
        "worker": ("scalable_targets",),
        "monitoring": ("alarms",),
        "clickhouse": ("scaling_groups", "launch_templates", "volumes", "registries", "clickhouse_target_groups"),
        "ingress": ("certificates", "edge_certificates"),
    }.get(component, ())  # fmt: skip
    singles = {
        "network": ("namespace", "role_flow-logs", "flow_log_group"),
        "secrets": ("secret",),
        "storage": ("bucket", "external_bucket"),
        "compute": (
            "cluster",
            "namespace",
            "role_execution",
            "role_web",
            "role_worker",
            "role_clickhouse",
            "apprunner",
            "pull_through_cache",
        ),
        "database": ("db_cluster", "db_subnet_group", "role_rds-monitoring"),
        "cache": ("replication_group", "cache_subnet_group"),
        "clickhouse": (
            *("file_system", "instance_profile", "role_clickhouse-node", "clickhouse_balancer"),
            *(f"definition_{family}" for family in components.CLICKHOUSE_FAMILIES),
            *("schedule_clickhouse-backup", "definition_clickhouse-backup", "role_clickhouse-backup"),
        ),
        "sign_in": ("user_pool", "sign_in_secret"),
        "ingress": (
            "load_balancer",
            "target_group",
            "ingestion_target_group",
            "grafana_target_group",
            "logs_bucket",
            "web_acl",
            "distribution",
            "vpc_origin",
            "waf_log_group",
        ),
        "migration": ("definition_migration", "definition_schema-check"),
        "web": ("definition_web", "apprunner"),
        "ingestion": ("definition_ingestion",),
        "worker": ("definition_worker",),
        "monitoring": ("topic", "dashboard"),
        "backup": ("backup_vault", "backup_plan", "role_backup"),
        "grafana": ("definition_grafana",),
    }[component]
    return {"services": {}, **{name: [] for name in lists}, **dict.fromkeys(singles)}


@pytest.mark.parametrize("component", components.COMPONENTS)
def test_nothing_is_absent_and_owned_by_nobody(component: str) -> None:
    part, owned = components.COMPONENTS[component](nothing(component), IDENTITY)
    assert part["state"] == "absent"
    assert owned == []
    assert None not in part.values()


def test_sign_in() -> None:
    pool = {"Id": "eu-central-1_Ab", "Domain": "staging", "ClientId": "c", "DeletionProtection": "ACTIVE"}
    secret = {
        "ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:staging/sign-in-AbCdEf",
        "Name": "staging/sign-in",
    }
    found = {"user_pool": pool, "sign_in_secret": secret}
    part, owned = components.sign_in(found, IDENTITY)
    assert part == {
        "state": "available",
        "user_pool_id": "eu-central-1_Ab",
        "issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab",
        "domain_prefix": "staging",
        "client_id": "c",
        "secret_arn": secret["ARN"],
        "deletion_protection": True,
    }
    assert owned == [("user_pool", "eu-central-1_Ab"), ("secret", "staging/sign-in")]
    for incomplete in (
        {**found, "sign_in_secret": None},
        {**found, "user_pool": None},
        {**found, "user_pool": {**pool, "ClientId": ""}},
    ):
        assert components.sign_in(incomplete, IDENTITY)[0]["state"] == "incomplete"


def full_network() -> dict[str, Any]:
    groups = [
        {"GroupName": f"staging-{kind}", "GroupId": f"sg-{kind}", "VpcId": "vpc-1"}
        for kind in components.SECURITY_GROUPS
    ]
    return {
        "vpcs": [{"VpcId": "vpc-1", "State": "available", "CidrBlock": "10.42.0.0/16"}],
        "subnets": [
            named("staging-private-b", SubnetId="subnet-4", AvailabilityZone="eu-central-1b", State="available"),
            named("staging-private-a", SubnetId="subnet-3", AvailabilityZone="eu-central-1a", State="available"),
            named("staging-public-a", SubnetId="subnet-1", AvailabilityZone="eu-central-1a", State="available"),
            named("staging-public-b", SubnetId="subnet-2", AvailabilityZone="eu-central-1b", State="available"),
        ],
        "security_groups": groups,
        "nat_gateways": [
            {"NatGatewayId": "nat-1", "State": "available"},
            {"NatGatewayId": "nat-0", "State": "deleted"},
        ],
        "vpc_endpoints": [
            {"VpcEndpointId": "vpce-1", "State": "available", "VpcEndpointType": "Gateway"},
            {"VpcEndpointId": "vpce-2", "State": "available", "VpcEndpointType": "Interface"},
            {"VpcEndpointId": "vpce-3", "State": "deleted", "VpcEndpointType": "Interface"},
        ],
        "route_tables": [{"RouteTableId": "rtb-1"}],
        "internet_gateways": [{"InternetGatewayId": "igw-1"}],
        "addresses": [{"AllocationId": "eipalloc-1", "PublicIp": "192.0.2.1"}],
        "namespace": {"Id": "ns-1"},
        "cloudfront_prefix_list": [{"PrefixListId": "pl-1"}],
        "flow_logs": [{"FlowLogId": "fl-1"}],
        "role_flow-logs": {"Arn": "arn:aws:iam::123456789012:role/staging-eu-central-1-flow-logs"},
        "flow_log_group": {"logGroupName": "/langfuse-flow-logs/staging"},
    }


def test_network() -> None:
    part, owned = components.network(full_network(), IDENTITY)
    assert part["state"] == "available"
    assert part["private_subnet_ids"] == ["subnet-3", "subnet-4"]
    assert part["public_subnet_ids"] == ["subnet-1", "subnet-2"]
    assert part["availability_zones"] == ["eu-central-1a", "eu-central-1b"]
    assert part["security_group_ids"]["load_balancer"] == "sg-load-balancer"
    assert part["nat_gateway_ids"] == ["nat-1"]
    assert part["interface_endpoint_ids"] == ["vpce-2"]
    assert part["cloudfront_prefix_list_id"] == "pl-1"
    assert ("nat_gateway", "nat-0") not in owned
    assert ("elastic_ip", "eipalloc-1") in owned
    assert ("namespace", "ns-1") in owned
    assert part["flow_log_ids"] == ["fl-1"]
    assert owned[-3:] == [
        ("flow_log", "fl-1"),
        ("role", "arn:aws:iam::123456789012:role/staging-eu-central-1-flow-logs"),
        ("log_group", "/langfuse-flow-logs/staging"),
    ]


@pytest.mark.parametrize(
    "key, value, state",
    [
        ("vpc_endpoints", [], "incomplete"),
        ("namespace", None, "incomplete"),
        ("nat_gateways", [{"NatGatewayId": "nat-1", "State": "pending"}], "creating"),
        ("vpcs", [], "incomplete"),
    ],
)
def test_network_is_as_far_as_its_least_part(key: str, value: Any, state: str) -> None:
    assert components.network(full_network() | {key: value}, IDENTITY)[0]["state"] == state


def test_network_of_somebody_else() -> None:
    own = full_network()
    given = {
        "vpc": {"VpcId": "vpc-1", "State": "available", "CidrBlock": "10.7.0.0/16"},
        "private": own["subnets"][:2],
        "public": [],
    }
    readings = nothing("network") | {key: own[key] for key in ("security_groups", "namespace")}
    part, owned = components.network(readings | {"given_network": given}, IDENTITY)
    assert (part["state"], part["existing_vpc"], part["vpc_id"]) == ("available", True, "vpc-1")
    assert (part["private_subnet_ids"], part["public_subnet_ids"]) == (["subnet-4", "subnet-3"], [])
    assert {kind for kind, _id in owned} == {"security_group", "namespace"}


@pytest.mark.parametrize(
    "states, expected",
    [
        ([], "absent"),
        (["available", "available"], "available"),
        (["available", "updating"], "updating"),
        (["creating", "failed"], "failed"),
        (["incomplete", "creating"], "incomplete"),
    ],
)
def test_worst(states: list[str], expected: str) -> None:
    assert components.worst(states) == expected


@pytest.mark.parametrize(
    "status, expected",
    [
        ("backing-up", "available"),
        ("ACTIVE", "available"),
        ("modifying", "updating"),
        ("create-failed", "failed"),
        ("PROVISIONING", "creating"),
        (None, "available"),
    ],
)
def test_words_of_aws(status: str | None, expected: str) -> None:
    assert components.word(status) == expected


def test_secret() -> None:
    secret = {
        "Name": "staging/application",
        "ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:staging/application-AbCdEf",
        "VersionIdsToStages": {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"]},
    }
    part, owned = components.secrets({"secret": secret}, IDENTITY)
    assert (part["state"], part["version_id"]) == ("available", "v2")
    assert owned == [("secret", "staging/application")]
    assert components.secrets({"secret": secret | {"VersionIdsToStages": {}}}, IDENTITY)[0]["state"] == "incomplete"
    part, owned = components.secrets({"secret": secret | {"DeletedDate": "2026-11-24"}}, IDENTITY)
    assert (part["state"], part["arn"], owned) == ("deleting", "", [])


def test_bucket_has_a_name_before_it_exists() -> None:
    found = {"bucket": None, "external_bucket": None}
    assert components.storage(found, IDENTITY)[0]["bucket"] == "staging-123456789012-eu-central-1"
    given = {**IDENTITY, "storage": {"bucket": "traces", "external": False}}
    assert components.storage(found, given)[0]["bucket"] == "traces"


def test_an_external_bucket_is_used_and_not_owned() -> None:
    given = {**IDENTITY, "storage": {"bucket": "traces", "external": True}}
    external = {"Name": "traces", "Region": "eu-west-1"}
    part, owned = components.storage({"bucket": {"Name": "old"}, "external_bucket": external}, given)
    assert part == {
        "state": "available", "bucket": "traces", "region": "eu-west-1", "external": True, "own_bucket": "old",
    }  # fmt: skip
    assert owned == [("bucket", "old")]
    # The environment's own by its name, which somebody calls external: it stays.
    part, owned = components.storage({"bucket": {"Name": "traces"}, "external_bucket": external}, given)
    assert (part["own_bucket"], owned) == ("", [])
    part, owned = components.storage({"bucket": {"Name": "old"}, "external_bucket": None}, given)
    assert (part["state"], part["bucket"], owned) == ("absent", "traces", [("bucket", "old")])


def test_database() -> None:
    found = {
        "db_cluster": {
            "DBClusterIdentifier": "staging",
            "Status": "available",
            "Endpoint": "staging.cluster-x.eu-central-1.rds.amazonaws.com",
            "Port": 5432,
            "DeletionProtection": True,
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 4.0, "SecondsUntilAutoPause": 300},
        },
        "db_replaced_clusters": [],
        "db_instances": [
            {"DBInstanceIdentifier": "staging-2", "DBInstanceStatus": "deleting"},
            {"DBInstanceIdentifier": "staging-1", "DBInstanceStatus": "available"},
        ],
        "db_subnet_group": {"DBSubnetGroupName": "staging"},
        "db_parameter_groups": [{"DBClusterParameterGroupName": "staging-postgresql16"}],
        "db_log_groups": [{"logGroupName": "/aws/rds/cluster/staging/postgresql"}],
        "role_rds-monitoring": {"Arn": "arn:role"},
    }
    part, owned = components.database(found, IDENTITY)
    assert (part["state"], part["instance_ids"], part["deletion_protection"]) == ("available", ["staging-1"], True)
    assert part["capacity"] == [0.0, 4.0]
    assert ("db_instance", "staging-2") in owned
    assert ("log_group", "/aws/rds/cluster/staging/postgresql") in owned
    assert ("role", "arn:role") in owned
    assert components.database(found | {"db_instances": []}, IDENTITY)[0]["state"] == "incomplete"


def cluster_named(name: str, environment: str, **rest: Any) -> dict[str, Any]:
    return {"DBClusterIdentifier": name, "TagList": [{"Key": "langfuse:environment", "Value": environment}], **rest}


@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("staging-replaced-20260131010000", "staging", True),
        ("staging-replaced-20260131010000", "production", False),
        ("staging", "staging", False),
        ("staging-replaced-by-hand", "staging", False),
        ("my-staging-replaced-20260131010000", "staging", False),
        ("staging-replaced-202601310100001", "staging", False),
    ],
)
def test_a_replaced_database_has_name_and_tag(name: str, environment: str, expected: bool) -> None:
    assert components.is_replaced(cluster_named(name, environment), "staging") is expected


def test_replaced_databases_are_owned_and_not_the_database() -> None:
    names = ["staging-replaced-20260301000000", "staging-replaced-20260201000000"]
    found = nothing("database") | {
        "db_replaced_clusters": [
            cluster_named(
                name,
                "staging",
                DeletionProtection=name == names[0],
                DBClusterMembers=[{"DBInstanceIdentifier": f"{name}-1"}],
            )
            for name in names
        ]
    }
    part, owned = components.database(found, IDENTITY)
    assert (part["state"], part["cluster_id"], part["instance_ids"]) == ("absent", "", [])
    assert part["replaced_cluster_ids"] == names[::-1], "the oldest first"
    assert part["deletion_protection"] is True
    assert set(owned) == {
        *(("db_cluster", name) for name in names),
        *(("db_instance", f"{name}-1") for name in names),
    }


def test_cache() -> None:
    found = {
        "replication_group": {
            "ReplicationGroupId": "staging",
            "Status": "available",
            "TransitEncryptionEnabled": True,
            "NodeGroups": [{"PrimaryEndpoint": {"Address": "master.staging", "Port": 6379}}],
        },
        "cache_subnet_group": {"CacheSubnetGroupName": "staging"},
        "cache_parameter_groups": [{"CacheParameterGroupName": "staging-valkey8"}],
    }
    part, owned = components.cache(found, IDENTITY)
    assert (part["state"], part["endpoint"], part["port"], part["tls"]) == ("available", "master.staging", 6379, True)
    assert part["auth_token_rotating"] is False
    assert len(owned) == 3


def test_cache_that_accepts_two_tokens() -> None:
    # ElastiCache does not tell the tags while the group is created.
    for tags, rotating in (
        ([{"Key": "langfuse:auth-token-rotating", "Value": "v-2"}], True),
        ([], False),
        (None, False),
    ):
        group = {"ReplicationGroupId": "staging", "Status": "available", "Tags": tags}
        found = nothing("cache") | {"replication_group": group}
        assert components.cache(found, IDENTITY)[0]["auth_token_rotating"] is rotating


@pytest.mark.parametrize("running, expected", [("arn:td:2", "v-2"), ("arn:td:1", "")])
def test_secret_version_is_that_of_the_revision_that_runs(running: str, expected: str) -> None:
    service = {
        "status": "ACTIVE",
        "runningCount": 1,
        "desiredCount": 1,
        "taskDefinition": running,
        "serviceArn": "arn:s",
    }
    definition = {
        "taskDefinitionArn": "arn:td:2",
        "containerDefinitions": [{"image": "langfuse:3", "dockerLabels": {"langfuse.secret-version": "v-2"}}],
    }
    found = nothing("web") | {"services": {"web": service}, "definition_web": definition}
    assert components.web(found, IDENTITY)[0]["secret_version_id"] == expected


def deployment(**changes: Any) -> dict[str, Any]:
    return {"status": "PRIMARY", "rolloutState": "COMPLETED"} | changes


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "available"),
        ({"runningCount": 0}, "creating"),
        ({"runningCount": 1}, "updating"),
        ({"deployments": [deployment(rolloutState="IN_PROGRESS"), deployment(status="ACTIVE")]}, "updating"),
        ({"deployments": [deployment(rolloutState="FAILED")]}, "failed"),
        ({"status": "DRAINING"}, "deleting"),
    ],
)
def test_service_state(changes: dict[str, Any], expected: str) -> None:
    service = {"status": "ACTIVE", "runningCount": 2, "desiredCount": 2, "deployments": [deployment()]} | changes
    assert components.service_state(service, {}) == expected


def test_what_the_pull_through_cache_keeps_is_owned() -> None:
    cache = {"rule": {"ecrRepositoryPrefix": "staging-hub"}, "repositories": ["staging-hub/langfuse/langfuse"]}
    part, owned = components.compute(nothing("compute") | {"pull_through_cache": cache}, IDENTITY)
    assert part["image_registry"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/staging-hub"
    assert owned == [
        ("pull_through_cache_rule", "staging-hub"),
        ("repository", "staging-hub/langfuse/langfuse"),
    ]
    china = IDENTITY | {"partition": "aws-cn", "region": "cn-north-1"}
    assert ".cn-north-1.amazonaws.com.cn/" in components.compute(nothing("compute"), china)[0]["image_registry"]


def test_a_scalable_target_belongs_to_its_service_and_outlives_it() -> None:
    targets = [
        {"ResourceId": f"service/staging/{service}", "MinCapacity": least, "MaxCapacity": 6}
        for service, least in (("web", 2), ("worker", 1))
    ]
    part, owned = components.worker(nothing("worker") | {"scalable_targets": targets}, IDENTITY)
    assert (part["state"], part["scaling"]) == ("absent", [1, 6])
    assert owned == [("scalable_target", "service/staging/worker")]
    assert components.web(nothing("web"), IDENTITY)[0]["scaling"] == []


@pytest.mark.parametrize(
    "listeners, expected",
    [
        ([{"port": 80, "protocol": "HTTP"}], "http://lb.example"),
        ([{"port": 80, "protocol": "HTTP"}, {"port": 443, "protocol": "HTTPS"}], "https://lb.example"),
        ([{"port": 8443, "protocol": "HTTPS"}], "https://lb.example:8443"),
        ([], ""),
    ],
)
def test_url(listeners: list[dict[str, Any]], expected: str) -> None:
    assert components.url("lb.example", listeners) == expected


def test_ingress() -> None:
    balancer = {
        "LoadBalancerArn": "arn:lb",
        "DNSName": "lb.example",
        "Scheme": "internal",
        "State": {"Code": "active"},
        "Listeners": [{"Port": 80, "Protocol": "HTTP"}],
        "Attributes": {
            "deletion_protection.enabled": "true",
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": "logs",
        },
    }
    group = {"TargetGroupArn": "arn:tg"}
    certificate = {"CertificateArn": "arn:c", "DomainName": "langfuse.example.com", "Status": "ISSUED"}
    found = {
        "load_balancer": balancer,
        "target_group": group,
        "ingestion_target_group": None,
        "grafana_target_group": None,
        "certificates": [certificate],
        "logs_bucket": {"Name": "logs"},
        "web_acl": {"ARN": "arn:w"},
        "distribution": None,
        "vpc_origin": None,
        "edge_certificates": [],
        "waf_log_group": {"logGroupName": "aws-waf-logs-staging"},
    }
    part, owned = components.ingress(found, IDENTITY)
    assert (part["state"], part["scheme"], part["deletion_protection"]) == ("available", "internal", True)
    assert part["certificates"] == [{"arn": "arn:c", "domain_name": "langfuse.example.com", "status": "ISSUED"}]
    assert [kind for kind, _what in owned] == [
        *("load_balancer", "target_group", "certificate", "bucket", "web_acl"),
        "log_group",
    ]
    assert part["web_acl_arn"] == "arn:w"
    assert (part["access_logs_bucket"], part["own_logs_bucket"]) == ("logs", "logs")
    # One that was requested before its load balancer is owned already.
    left = components.ingress({**found, "load_balancer": None, "target_group": None}, IDENTITY)
    others = [("certificate", "arn:c"), ("bucket", "logs"), ("web_acl", "arn:w"), ("log_group", "aws-waf-logs-staging")]
    assert (left[0]["scheme"], left[1]) == ("", others)


@pytest.mark.parametrize("routed", [True, False])
def test_ingestion_of_its_own(routed: bool) -> None:
    group = {"TargetGroupArn": "arn:tg:ingestion", "Routed": routed}
    part, owned = components.ingress(nothing("ingress") | {"ingestion_target_group": group}, IDENTITY)
    assert (part["ingestion_target_group_arn"], part["ingestion_routed"]) == ("arn:tg:ingestion", routed)
    assert owned == [("target_group", "arn:tg:ingestion")]


@pytest.mark.parametrize(
    ("action", "leads"),
    [
        ({"Type": "forward", "TargetGroupArn": "a"}, True),
        ({"Type": "forward", "TargetGroupArn": "b"}, False),
        ({"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}]}}, True),
        ({"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}]}}, False),
        (
            {
                "Type": "forward",
                "ForwardConfig": {
                    "TargetGroups": [{"TargetGroupArn": "b", "Weight": 0}, {"TargetGroupArn": "a", "Weight": 3}]
                },
            },
            True,
        ),
        ({"Type": "redirect", "RedirectConfig": {}}, False),
    ],
)
def test_where_a_rule_leads(action: dict[str, Any], leads: bool) -> None:
    assert readings.leads_to(action, "a") is leads


def test_grafana_s_target_group_belongs_to_the_load_balancer() -> None:
    found = {**nothing("ingress"), "grafana_target_group": {"TargetGroupArn": "arn:g"}}
    part, owned = components.ingress(found, IDENTITY)
    assert (part["grafana_target_group_arn"], owned) == ("arn:g", [("target_group", "arn:g")])


def test_grafana_is_its_service() -> None:
    definition = {"taskDefinitionArn": "arn:td:1", "containerDefinitions": [{"image": "grafana:13"}]}
    part, owned = components.grafana({"services": {}, "definition_grafana": definition}, IDENTITY)
    assert (part["state"], part["image"], owned) == ("incomplete", "grafana:13", [("task_definition", "arn:td:1")])


@pytest.mark.parametrize(
    ("status", "aliases", "state", "url"),
    [
        ("Deployed", {"Quantity": 0}, "available", "https://d1.cloudfront.net"),
        (
            "InProgress",
            {"Quantity": 1, "Items": ["langfuse.example.com"]},
            "updating",
            "https://langfuse.example.com",
        ),
    ],
)
def test_behind_cloudfront(status: str, aliases: dict[str, Any], state: str, url: str) -> None:
    balancer = {
        "LoadBalancerArn": "arn:lb",
        "DNSName": "lb.example",
        "State": {"Code": "active"},
        "Listeners": [{"Port": 80, "Protocol": "HTTP"}],
    }
    found = {
        **nothing("ingress"),
        "load_balancer": balancer,
        "target_group": {"TargetGroupArn": "arn:tg"},
        "edge_certificates": [{"CertificateArn": "arn:c", "DomainName": "langfuse.example.com", "Status": "ISSUED"}],
        "distribution": {
            "Id": "E1",
            "ARN": "arn:d",
            "DomainName": "d1.cloudfront.net",
            "Status": status,
            "Aliases": aliases,
        },
        "vpc_origin": {"Id": "vo_1", "Arn": "arn:v", "Status": "Deployed"},
    }
    part, owned = components.ingress(found, IDENTITY)
    assert (part["state"], part["url"], part["distribution_id"]) == (state, url, "E1")
    assert part["distribution_domain"] == "d1.cloudfront.net"
    assert [item["arn"] for item in part["certificates"]] == ["arn:c"]
    assert [kind for kind, _what in owned] == [
        *("load_balancer", "target_group", "certificate", "distribution", "vpc_origin")
    ]
    # What a stopped removal leaves is found by its own name.
    left = components.ingress({**nothing("ingress"), "vpc_origin": found["vpc_origin"]}, IDENTITY)
    assert (left[0]["state"], left[0]["distribution_id"], left[1]) == ("incomplete", "vo_1", [("vpc_origin", "arn:v")])


@pytest.mark.parametrize("tags, state", [({}, "incomplete"), ({"langfuse:completed": "3.225.4"}, "available")])
def test_migration_is_done_when_its_task_definition_says_so(tags: dict[str, str], state: str) -> None:
    definition = {"taskDefinitionArn": "arn:td:1", "tags": tags, "containerDefinitions": [{"image": "langfuse:3"}]}
    part, owned = components.migration({"definition_migration": definition, "definition_schema-check": None}, IDENTITY)
    assert (part["state"], part["image"], len(owned)) == (state, "langfuse:3", 1)


def test_monitoring_needs_alarms_and_somebody_to_tell() -> None:
    found = {
        "alarms": [
            {"AlarmName": "staging/web-tasks", "StateValue": "OK"},
            {"AlarmName": "staging/web-5xx", "StateValue": "ALARM"},
        ],
        "topic": {"TopicArn": "arn:topic", "SubscriptionsPending": "1"},
        "dashboard": None,
    }
    part, owned = components.monitoring(found, IDENTITY)
    assert (part["state"], part["firing"], part["subscriptions_pending"]) == ("available", ["staging/web-5xx"], 1)
    assert owned == [("alarm", "staging/web-5xx"), ("alarm", "staging/web-tasks"), ("topic", "arn:topic")]
    assert components.monitoring(found | {"topic": None}, IDENTITY)[0]["state"] == "incomplete"
    assert components.monitoring(found | {"alarms": []}, IDENTITY)[0]["state"] == "incomplete"


def test_a_vault_without_a_plan_backs_nothing_up() -> None:
    found = {
        "backup_vault": {"BackupVaultName": "staging", "BackupVaultArn": "arn:vault", "NumberOfRecoveryPoints": 3},
        "backup_plan": {"BackupPlanId": "id", "Selections": [{"SelectionName": "database"}]},
        "role_backup": {"Arn": "arn:role"},
    }
    part, owned = components.backup(found, IDENTITY)
    assert (part["state"], part["recovery_points"], part["selections"]) == ("available", 3, ["database"])
    assert owned == [("backup_vault", "staging"), ("backup_plan", "id"), ("role", "arn:role")]
    assert components.backup(found | {"backup_plan": None}, IDENTITY)[0]["state"] == "incomplete"
    plan = {"BackupPlanId": "id", "Selections": []}
    assert components.backup(found | {"backup_plan": plan}, IDENTITY)[0]["state"] == "incomplete"


def test_what_alarms_need_of_other_components() -> None:
    cluster = {"clusterName": "x", "clusterArn": "arn:c", "status": "ACTIVE"}
    found = nothing("compute") | {"cluster": cluster}
    assert components.compute(found, IDENTITY)[0]["container_insights"] == "disabled"
    cluster["settings"] = [{"name": "containerInsights", "value": "enhanced"}]
    assert components.compute(found, IDENTITY)[0]["container_insights"] == "enhanced"
    listeners = [
        {"Port": 80, "Protocol": "HTTP"},
        {"Port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": "arn:certificate"}]},
    ]
    balancer = {"LoadBalancerArn": "arn:lb", "State": {"Code": "active"}, "Listeners": listeners}
    part, _owned = components.ingress({**nothing("ingress"), "load_balancer": balancer}, IDENTITY)
    assert part["certificate_arn"] == "arn:certificate"


def test_every_component_names_the_services_it_asks() -> None:
    for component in components.COMPONENTS:
        assert environment.services_of([component])


def clickhouse_on_ec2(**changes: Any) -> dict[str, Any]:
    instance = {"InstanceId": "i-1", "LifecycleState": "InService"}
    service = {"serviceName": "clickhouse", "serviceArn": "arn:s", "status": "ACTIVE", "runningCount": 1, "desiredCount": 1,
               "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}]}  # fmt: skip
    return {
        **nothing("clickhouse"),
        "services": {"clickhouse": service},
        "definition_clickhouse": {"taskDefinitionArn": "arn:t", "containerDefinitions": [{"image": "i"}]},
        "registries": [{"Id": "srv-1", "Arn": "arn:r"}],
        "scaling_groups": [
            {"AutoScalingGroupName": "staging-clickhouse-1", "DesiredCapacity": 1, "Instances": [instance]}
        ],
        "launch_templates": [{"LaunchTemplateId": "lt-1"}],
        "volumes": [
            named("staging-clickhouse-1", VolumeId="vol-1", Size=100, State="in-use", AvailabilityZone="eu-central-1b")
        ],
        "instance_profile": {"Arn": "arn:p"},
        "role_clickhouse-node": {"Arn": "arn:n"},
        **changes,
    }


def test_clickhouse_on_ec2() -> None:
    part, owned = components.clickhouse(clickhouse_on_ec2(), IDENTITY)
    assert part["state"] == "available"
    assert part["nodes"] == [
        {
            "name": "staging-clickhouse-1",
            "service_name": "clickhouse",
            "running": True,
            "instance_id": "i-1",
            "volume_id": "vol-1",
            "volume_size": 100,
            "availability_zone": "eu-central-1b",
        }
    ]
    assert dict(owned) == {
        "service": "arn:s",
        "task_definition": "arn:t",
        "cloudmap_service": "srv-1",
        "auto_scaling_group": "staging-clickhouse-1",
        "launch_template": "lt-1",
        "volume": "vol-1",
        "role": "arn:n",
        "instance_profile": "arn:p",
    }


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"volumes": []}, "incomplete"),
        ({"scaling_groups": []}, "incomplete"),
        ({"launch_templates": []}, "incomplete"),
        ({"instance_profile": None}, "incomplete"),
        ({"registries": []}, "incomplete"),
        ({"volumes": [named("staging-clickhouse-1", VolumeId="v", State="creating")]}, "creating"),
        ({"scaling_groups": [{"AutoScalingGroupName": "x", "DesiredCapacity": 1, "Instances": []}]}, "creating"),
        (
            {
                "scaling_groups": [
                    {"AutoScalingGroupName": "x", "DesiredCapacity": 0, "Instances": [], "Status": "Delete"}
                ]
            },
            "deleting",
        ),
    ],
)
def test_states_of_clickhouse_on_ec2(changes: dict[str, Any], state: str) -> None:
    assert components.clickhouse(clickhouse_on_ec2(**changes), IDENTITY)[0]["state"] == state


def test_the_backups_of_clickhouse_are_found() -> None:
    found = {
        **clickhouse_on_ec2(),
        "schedule_clickhouse-backup": {"Arn": "arn:schedule", "ScheduleExpression": "rate(1 day)"},
        "definition_clickhouse-backup": {"taskDefinitionArn": "arn:definition"},
        "role_clickhouse-backup": {"Arn": "arn:role"},
    }
    part, owned = components.clickhouse(found, IDENTITY)
    assert part["state"] == "available"
    assert part["backup_schedule"] == "rate(1 day)"
    assert (part["backup_schedule_arn"], part["backup_task_definition_arn"]) == ("arn:schedule", "arn:definition")
    assert {("schedule", "arn:schedule"), ("task_definition", "arn:definition"), ("role", "arn:role")} <= set(owned)


def test_a_volume_that_was_kept_is_found() -> None:
    kept = {**nothing("clickhouse"), "volumes": clickhouse_on_ec2()["volumes"]}
    part, owned = components.clickhouse(kept, IDENTITY)
    assert part["state"] == "incomplete"
    assert (part["nodes"][0]["instance_id"], owned) == ("", [("volume", "vol-1")])


def replicas(**changes: Any) -> dict[str, Any]:
    """Three nodes, each with its service, and what stands in front of them."""
    single = clickhouse_on_ec2()
    numbers = (1, 2, 3)
    service, group = single["services"]["clickhouse"], single["scaling_groups"][0]
    return {
        **single,
        "services": {
            f"clickhouse-{n}": {**service, "serviceName": f"clickhouse-{n}", "serviceArn": f"arn:s{n}"} for n in numbers
        },
        "definition_clickhouse": None,
        **{f"definition_clickhouse-{n}": {**single["definition_clickhouse"], "taskDefinitionArn": f"arn:t{n}"} for n in numbers},
        "registries": [{"Id": f"srv-{n}", "Arn": f"arn:r{n}"} for n in numbers],
        "scaling_groups": [{**group, "AutoScalingGroupName": f"staging-clickhouse-{n}"} for n in numbers],
        "volumes": [{**single["volumes"][0], **named(f"staging-clickhouse-{n}", VolumeId=f"vol-{n}")} for n in numbers],
        "clickhouse_balancer": {
            "LoadBalancerArn": "arn:lb", "DNSName": "staging-clickhouse.elb.example", "State": {"Code": "active"}
        },
        "clickhouse_target_groups": [
            {"TargetGroupName": f"staging-ch-{kind}", "TargetGroupArn": f"arn:{kind}"} for kind in ("http", "native")
        ],
        **changes,
    }  # fmt: skip


def test_replicas_of_clickhouse() -> None:
    part, owned = components.clickhouse(replicas(), IDENTITY)
    assert part["state"] == "available"
    assert (part["running_count"], part["desired_count"]) == (3, 3)
    assert part["host"] == "staging-clickhouse.elb.example"
    assert part["target_group_arns"] == {"http": "arn:http", "native": "arn:native"}
    assert [node["service_name"] for node in part["nodes"]] == ["clickhouse-1", "clickhouse-2", "clickhouse-3"]
    kinds = [kind for kind, _identifier in owned]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "service": 3,
        "task_definition": 3,
        "cloudmap_service": 3,
        "auto_scaling_group": 3,
        "launch_template": 1,
        "volume": 3,
        "role": 1,
        "instance_profile": 1,
        "load_balancer": 1,
        "target_group": 2,
    }


def without(key: str, name: str) -> dict[str, Any]:
    """One of the replicas' things is gone."""
    return {key: {other: item for other, item in replicas()[key].items() if other != name}}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"clickhouse_balancer": None}, "incomplete"),
        ({"clickhouse_target_groups": []}, "incomplete"),
        (without("services", "clickhouse-2"), "incomplete"),
        ({"registries": replicas()["registries"][:2]}, "incomplete"),
        ({"clickhouse_balancer": {**replicas()["clickhouse_balancer"], "State": {"Code": "provisioning"}}}, "creating"),
    ],
)
def test_states_of_replicas(changes: dict[str, Any], state: str) -> None:
    assert components.clickhouse(replicas(**changes), IDENTITY)[0]["state"] == state


def test_replicas_of_two_versions_of_the_secret_have_none() -> None:
    def definition(number: int, version: str) -> dict[str, Any]:
        labels = {components.SECRET_VERSION_LABEL: version}
        return {"taskDefinitionArn": f"arn:t{number}", "containerDefinitions": [{"image": "i", "dockerLabels": labels}]}

    def version(*versions: str) -> str:
        changes = {f"definition_clickhouse-{n}": definition(n, item) for n, item in enumerate(versions, 1)}
        services = {
            name: {**item, "taskDefinition": f"arn:t{name[-1]}"} for name, item in replicas()["services"].items()
        }
        return str(components.clickhouse(replicas(services=services, **changes), IDENTITY)[0]["secret_version_id"])

    assert version("new", "new", "new") == "new"
    assert version("new", "old", "old") == ""


ARN = "arn:aws:apprunner:eu-central-1:123456789012"


def on_apprunner(status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    service = {
        "ServiceName": "staging-web",
        "ServiceArn": f"{ARN}:service/staging-web/0123",
        "ServiceUrl": "psbqam834h.eu-central-1.awsapprunner.com",
        "Status": status,
        "SourceConfiguration": {
            "ImageRepository": {
                "ImageIdentifier": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/hub/langfuse/langfuse:3.225.4",
                "ImageConfiguration": {"RuntimeEnvironmentVariables": {"DEPLOYED_SECRET_VERSION": "v2"}},
            }
        },
    }
    connector = {"VpcConnectorArn": f"{ARN}:vpcconnector/staging-web/1/0123"}
    roles = {kind: {"Arn": f"arn:aws:iam::123456789012:role/apprunner-{kind}"} for kind in ("instance", "access")}
    return {"apprunner": {"roles": roles, "service": service, "connector": connector} | more}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("RUNNING", "available"),
        ("OPERATION_IN_PROGRESS", "updating"),
        ("CREATE_FAILED", "failed"),
        ("DELETE_FAILED", "failed"),
        ("PAUSED", "incomplete"),
    ],
)
def test_web_on_app_runner(status: str, expected: str) -> None:
    part, owned = components.web(nothing("web") | on_apprunner(status), IDENTITY)
    assert part["state"] == expected
    assert part["platforms"] == ["apprunner"]
    assert part["url"] == "https://psbqam834h.eu-central-1.awsapprunner.com"
    assert part["apprunner_service_arn"] == f"{ARN}:service/staging-web/0123"
    assert part["image"].endswith("langfuse/langfuse:3.225.4")
    assert part["secret_version_id"] == "v2"
    # which is how many tasks ECS has, and how many monitoring looks for
    assert part["desired_count"] == 0
    assert owned == [
        ("apprunner_service", f"{ARN}:service/staging-web/0123"),
        ("apprunner_vpc_connector", f"{ARN}:vpcconnector/staging-web/1/0123"),
    ]


def test_web_that_moves_is_on_both_and_as_far_as_the_worse() -> None:
    definition = {"taskDefinitionArn": "d:1", "containerDefinitions": []}
    service = {
        "serviceName": "web", "serviceArn": "s", "status": "ACTIVE", "taskDefinition": "d:1", "runningCount": 2, "desiredCount": 2,
        "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED"}],
    }  # fmt: skip
    found = nothing("web") | on_apprunner("OPERATION_IN_PROGRESS")
    part, owned = components.web(found | {"services": {"web": service}, "definition_web": definition}, IDENTITY)
    assert (part["state"], part["platforms"]) == ("updating", ["ecs", "apprunner"])
    assert [kind for kind, _id in owned] == [
        "service", "task_definition", "apprunner_service", "apprunner_vpc_connector"
    ]  # fmt: skip


def test_a_connector_without_its_service_is_what_a_stopped_run_leaves() -> None:
    part, owned = components.web(nothing("web") | on_apprunner(service=None), IDENTITY)
    assert (part["state"], part["platforms"], part["url"]) == ("incomplete", ["apprunner"], "")
    assert part["apprunner_service_arn"] == ""
    assert [kind for kind, _id in owned] == ["apprunner_vpc_connector"]


def test_roles_for_app_runner_are_the_components_own() -> None:
    part, owned = components.compute(nothing("compute") | on_apprunner(), IDENTITY)
    assert part["apprunner_role_arns"] == {
        "instance": "arn:aws:iam::123456789012:role/apprunner-instance",
        "access": "arn:aws:iam::123456789012:role/apprunner-access",
    }
    assert [kind for kind, _id in owned] == ["role", "role"]
