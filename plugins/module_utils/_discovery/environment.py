# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole environment: which readings a component needs, all of them in parallel, and waiting for components."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._aws.errors import AwsError
from .._aws.waiters import wait_until
from . import readings
from .components import (
    ABSENT,
    AVAILABLE,
    CLICKHOUSE_FAMILIES,
    COMPONENTS,
    FAILED,
    ROLES,
    Shape,
    target_groups_of_clickhouse,
)
from .ownership import foreign

PARALLEL = 8

# Reading by name: the service whose client it needs, and the function. More arguments than clients and name: EXTRA.
READINGS: dict[str, tuple[str, Callable[..., Any]]] = {
    "vpcs": ("ec2", readings.vpcs),
    "subnets": ("ec2", readings.subnets),
    "security_groups": ("ec2", readings.security_groups),
    "nat_gateways": ("ec2", readings.nat_gateways),
    "route_tables": ("ec2", readings.route_tables),
    "vpc_endpoints": ("ec2", readings.vpc_endpoints),
    "internet_gateways": ("ec2", readings.internet_gateways),
    "addresses": ("ec2", readings.addresses),
    "cloudfront_prefix_list": ("ec2", readings.cloudfront_prefix_list),
    "flow_logs": ("ec2", readings.flow_logs),
    "role_flow-logs": ("iam", readings.role("flow-logs")),
    "flow_log_group": ("logs", readings.log_group("/langfuse-flow-logs/{}")),
    "namespace": ("servicediscovery", readings.namespace),
    "secret": ("secretsmanager", readings.secret),
    "bucket": ("s3", readings.bucket),
    "external_bucket": ("s3", readings.external_bucket),
    "cluster": ("ecs", readings.ecs_cluster),
    **{f"role_{kind}": ("iam", readings.role(kind)) for kind in ROLES},
    "apprunner": ("iam", readings.apprunner),
    "log_groups": ("logs", readings.log_groups),
    "pull_through_cache": ("ecr", readings.pull_through_cache),
    "db_cluster": ("rds", readings.db_cluster),
    "db_replaced_clusters": ("rds", readings.db_replaced_clusters),
    "db_instances": ("rds", readings.db_instances),
    "db_subnet_group": ("rds", readings.db_subnet_group),
    "db_parameter_groups": ("rds", readings.db_parameter_groups),
    "db_log_groups": ("logs", readings.db_log_groups),
    "role_rds-monitoring": ("iam", readings.role("rds-monitoring")),
    "replication_group": ("elasticache", readings.replication_group),
    "cache_subnet_group": ("elasticache", readings.cache_subnet_group),
    "cache_parameter_groups": ("elasticache", readings.cache_parameter_groups),
    "file_system": ("efs", readings.file_system),
    "registries": ("servicediscovery", readings.registries),
    "clickhouse_balancer": ("elbv2", readings.clickhouse_balancer),
    "scaling_groups": ("autoscaling", readings.scaling_groups),
    "launch_templates": ("ec2", readings.launch_templates),
    "volumes": ("ec2", readings.volumes),
    "instance_profile": ("iam", readings.instance_profile),
    "role_clickhouse-node": ("iam", readings.role("clickhouse-node")),
    "schedule_clickhouse-backup": ("scheduler", readings.schedule("clickhouse-backup")),
    "role_clickhouse-backup": ("iam", readings.role("clickhouse-backup")),
    "load_balancer": ("elbv2", readings.load_balancer),
    "target_groups": ("elbv2", readings.target_groups),
    "user_pool": ("cognito-idp", readings.user_pool),
    "sign_in_secret": ("secretsmanager", readings.sign_in_secret),
    "logs_bucket": ("s3", readings.logs_bucket),
    "web_acl": ("wafv2", readings.web_acl),
    "waf_log_group": ("logs", readings.log_group("aws-waf-logs-{}")),
    "certificates": ("acm", readings.certificates),
    "services": ("ecs", readings.ecs_services),
    "scalable_targets": ("application-autoscaling", readings.scalable_targets),
    **{f"definition_{family}": ("ecs", readings.task_definition(family)) for family in readings.FAMILIES},
    "alarms": ("cloudwatch", readings.alarms),
    "topic": ("sns", readings.topic),
    "dashboard": ("cloudwatch", readings.dashboard),
    "backup_vault": ("backup", readings.backup_vault),
    "backup_plan": ("backup", readings.backup_plan),
    "role_backup": ("iam", readings.role("backup")),
}
EXTRA: dict[str, tuple[str, ...]] = {
    "bucket": ("account_id", "region", "storage"),
    "external_bucket": ("account_id", "storage"),
    "logs_bucket": ("account_id", "region"),
    "topic": ("account_id", "region", "partition"),
    "dashboard": ("region",),
    "role_backup": ("region",),
    **{
        f"role_{kind}": ("region",)
        for kind in (*ROLES, "clickhouse-node", "clickhouse-backup", "flow-logs", "rds-monitoring")
    },
    "instance_profile": ("region",),
    "apprunner": ("region",),
}
# Further services that a reading asks.
ALSO: dict[str, tuple[str, ...]] = {"apprunner": ("apprunner",), "certificates": ("resourcegroupstaggingapi",)}
NEEDS: dict[str, tuple[str, ...]] = {
    "network": (
        *("vpcs", "subnets", "security_groups", "nat_gateways", "route_tables", "vpc_endpoints", "internet_gateways"),
        *("addresses", "cloudfront_prefix_list", "flow_logs", "namespace", "role_flow-logs", "flow_log_group"),
    ),
    "secrets": ("secret",),
    "storage": ("bucket", "external_bucket"),
    "compute": (
        *("cluster", *(f"role_{kind}" for kind in ROLES), "apprunner", "log_groups", "namespace"),
        "pull_through_cache",
    ),
    "database": (
        *("db_cluster", "db_replaced_clusters", "db_instances", "db_subnet_group", "db_parameter_groups"),
        "db_log_groups",
        "role_rds-monitoring",
    ),
    "cache": ("replication_group", "cache_subnet_group", "cache_parameter_groups"),
    "clickhouse": (
        *("file_system", "registries", "services", *(f"definition_{family}" for family in CLICKHOUSE_FAMILIES)),
        *("scaling_groups", "launch_templates", "volumes", "instance_profile", "role_clickhouse-node"),
        *("clickhouse_balancer", "target_groups"),
        *("schedule_clickhouse-backup", "definition_clickhouse-backup", "role_clickhouse-backup"),
    ),
    "ingress": (*("load_balancer", "target_groups", "certificates", "logs_bucket", "web_acl", "waf_log_group"),),
    "sign_in": ("user_pool", "sign_in_secret"),
    "migration": ("definition_migration", "definition_schema-check"),
    "web": ("services", "scalable_targets", "definition_web", "apprunner"),
    "ingestion": ("services", "scalable_targets", "definition_ingestion"),
    "worker": ("services", "scalable_targets", "definition_worker"),
    "monitoring": ("alarms", "topic", "dashboard"),
    "backup": ("backup_vault", "backup_plan", "role_backup"),
    "grafana": ("services", "definition_grafana"),
}
# Components that an environment may do without.
OPTIONAL = frozenset({"sign_in", "ingestion", "grafana"})
# Readings that are None where there is nothing; the others are lists.
LISTS = frozenset(
    (
        *NEEDS["network"][:-3],
        *("log_groups", "db_replaced_clusters", "db_instances", "db_parameter_groups", "db_log_groups"),
        *("cache_parameter_groups", "services"),
        "scalable_targets",
        "alarms",
        *("scaling_groups", "launch_templates", "volumes", "registries", "target_groups"),
        "certificates",
    )
)


def services_of(components: list[str]) -> set[str]:
    """The services that are asked for these components, besides STS."""
    names = {name for component in components for name in NEEDS[component]}
    return {service for name in names for service in (READINGS[name][0], *ALSO.get(name, ()))}


def behind_load_balancers(clients: readings.Clients, name: str, components: list[str], groups: list[Shape]) -> Shape:
    """The target groups of the components that are asked for."""
    known = {item["TargetGroupName"]: item for item in groups}
    ingress = known if "ingress" in components else {}
    clickhouse = known if "clickhouse" in components else {}
    return {
        "target_group": ingress.get(f"{name}-web"),
        "ingestion_target_group": readings.routing(clients, name, ingress.get(f"{name}-ingestion")),
        "grafana_target_group": ingress.get(f"{name}-grafana"),
        "clickhouse_target_groups": [
            clickhouse[group] for group in target_groups_of_clickhouse(name) if group in clickhouse
        ],
    }


def read(clients: readings.Clients, identity: Shape, components: list[str]) -> Shape:
    """The readings that these components need, several at a time; boto3's clients can be shared by threads."""
    wanted = sorted({name for component in components for name in NEEDS[component]})
    found: Shape = {name: [] if name in LISTS else None for name in READINGS}
    with ThreadPoolExecutor(PARALLEL) as pool:
        running = {
            name: pool.submit(
                READINGS[name][1], clients, identity["name"], *(identity[key] for key in EXTRA.get(name, ()))
            )
            for name in wanted
        }
        found |= {name: future.result() for name, future in running.items()}
    found |= behind_load_balancers(clients, identity["name"], components, found["target_groups"])
    # Behind CloudFront a load balancer is internal, so that most environments need not ask.
    found |= {"distribution": None, "vpc_origin": None, "edge_certificates": []}
    if "ingress" in components and (found["load_balancer"] or {}).get("Scheme") != "internet-facing":
        found |= readings.edge(clients, identity["name"], identity["region"], identity["partition"])
    # Only the security groups lead there, so it is asked after them.
    found["given_network"] = readings.given_network(clients, identity["name"], found["security_groups"])
    found["apprunner_service"] = (found["apprunner"] or {}).get("service")
    found["services"] = {item["serviceName"]: item for item in found["services"]}
    return found


def discover(clients: readings.Clients, identity: Shape, components: list[str]) -> Shape:
    """The tree of the environment; components that are not asked for look like absent ones, and are not missing."""
    found = read(clients, identity, components)
    tree: Shape = dict(identity)
    resources = []
    for component, assemble in COMPONENTS.items():
        part, owned = assemble(found, identity)
        tree[component] = part
        resources += [{"component": component, "type": kind, "id": what} for kind, what in owned]
    asked = [component for component in COMPONENTS if component in components and component not in OPTIONAL]
    missing = [component for component in asked if tree[component]["state"] == ABSENT]
    return {**tree, "resources": resources, "foreign": foreign(found, identity["name"]), "missing": missing}


def wait_for(clients: readings.Clients, identity: Shape, components: list[str], timeout: float) -> None:
    """Until each of these components is available.

    :raises AwsError: where one of them has failed, or time is out.
    """
    left: dict[str, str] = {}

    def poll() -> bool | None:
        tree = discover(clients, identity, components)
        left.clear()
        left.update({name: tree[name]["state"] for name in components if tree[name]["state"] != AVAILABLE})
        failed = [name for name, state in left.items() if state == FAILED]
        if failed:
            raise AwsError(
                f"Gave up waiting for {' and '.join(failed)} of {identity['name']} to become available, because it "
                "failed; look at its events in AWS, mend what they name or remove the component, and run again"
            )
        return None if left else True

    def describe() -> str:
        states = ", ".join(f"{name} ({state})" for name, state in left.items())
        return f"{states} of {identity['name']} to become available"

    wait_until(poll, timeout, describe=describe)
