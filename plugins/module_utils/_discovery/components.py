# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From AWS's shapes to the tree of an environment: pure functions, one for each component.

Each takes the readings and the environment's identity ({name, region, account_id, partition}), and returns the
component's part of the tree and what it owns as (type, id). The shape of a part never changes: what does not exist is
"", [], 0 or false, so that roles' defaults can be evaluated before there is anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .._apprunner import service as app_runner
from .._cognito.shapes import issuer
from .ownership import ENVIRONMENT_TAG, tags

Shape = dict[str, Any]
Owned = list[tuple[str, str]]
Part = tuple[Shape, Owned]

ABSENT, INCOMPLETE, CREATING, UPDATING = "absent", "incomplete", "creating", "updating"
AVAILABLE, DELETING, FAILED = "available", "deleting", "failed"
# The worst first: a component is as far as the least of its parts.
ORDER = (FAILED, DELETING, INCOMPLETE, CREATING, UPDATING, AVAILABLE)
SECURITY_GROUPS = ("load-balancer", "web", "worker", "clickhouse", "file-system", "database", "cache")
# Of a component that is a choice.
GRAFANA = "grafana"
ROLES = ("execution", "web", "worker", "clickhouse")
LOG_GROUPS = ("web", "worker", "clickhouse", "migration")
# What the role compute appends to the environment's name for the images that ECR keeps.
IMAGE_CACHE = "-hub"
# Of the role clickhouse: the service of a single server, then those of replicas; the task definitions have the same names, and one
# more asks a replica whether it has caught up.
CLICKHOUSE_SERVICES = ("clickhouse", "clickhouse-1", "clickhouse-2", "clickhouse-3")
CLICKHOUSE_FAMILIES = (*CLICKHOUSE_SERVICES, "clickhouse-check")
# What the roles append to the environment's name, and its region, for App Runner: service and VPC connector, and two roles.
APPRUNNER_SERVICE = "-web"
APPRUNNER_ACCESS, APPRUNNER_INSTANCE = "apprunner-access", "apprunner-instance"
# Of the role web, in the environment of an App Runner service, which has no labels.
SECRET_VERSION_VARIABLE = "DEPLOYED_SECRET_VERSION"  # noqa: S105
COMPLETION_TAG = "langfuse:completed"
# What the role database appends to the name of a cluster that a restore takes the place of.
REPLACED = "-replaced-[0-9]{14}"
# Of elasticache_replication_group: there while the cache accepts the token before the last one too.
TOKEN_ROTATING_TAG = "langfuse:auth-token-rotating"  # noqa: S105
# Of the roles application and clickhouse.
WRITE_MODE_VARIABLE = "LANGFUSE_MIGRATION_V4_WRITE_MODE"
SECRET_VERSION_LABEL = "langfuse.secret-version"  # noqa: S105

# AWS's words for states, by what they mean here. What stands nowhere (maintenance, backing-up, ...) works.
WORDS = {
    "pending": CREATING,
    "inprogress": UPDATING,
    "deploying": UPDATING,
    "pendingacceptance": CREATING,
    "provisioning": CREATING,
    "creating": CREATING,
    "active_impaired": AVAILABLE,
    "modifying": UPDATING,
    "updating": UPDATING,
    "upgrading": UPDATING,
    "rebooting": UPDATING,
    "renaming": UPDATING,
    "resetting-master-credentials": UPDATING,
    "snapshotting": UPDATING,
    "starting": UPDATING,
    "stopping": UPDATING,
    "draining": DELETING,
    "deleting": DELETING,
    "deprovisioning": DELETING,
    "failed": FAILED,
    "create-failed": FAILED,
    "incompatible-network": FAILED,
    "incompatible-parameters": FAILED,
    "incompatible-restore": FAILED,
    "inaccessible-encryption-credentials": FAILED,
    "stopped": FAILED,
    "error": FAILED,
}


def word(status: str | None) -> str:
    """A state of AWS as one of ours."""
    return WORDS.get((status or "").lower(), AVAILABLE)


def worst(states: Iterable[str]) -> str:
    """The state of something that consists of others; absent when there is nothing."""
    found = set(states)
    return next((state for state in ORDER if state in found), ABSENT)


def with_parts(states: Iterable[str], complete: bool) -> str:
    """The state of a component from its parts, and whether none of them is missing."""
    found = list(states)
    return worst([*found, *([] if complete or not found else [INCOMPLETE])])


def alive(items: list[Shape], key: str = "State") -> list[Shape]:
    """What AWS still lists though it is deleted does not count."""
    return [item for item in items if str(item.get(key, "")).lower() != "deleted"]


def tag(item: Shape, name: str) -> str:
    return next((entry["Value"] for entry in item.get("Tags") or [] if entry["Key"] == name), "")


def network(found: Shape, identity: Shape) -> Part:
    """The VPC that is the environment's, or the one of somebody else that it was given: that one it does not own."""
    name, given = identity["name"], found.get("given_network") or {}
    vpc = next(iter(found["vpcs"]), given.get("vpc"))
    vpc_id = vpc["VpcId"] if vpc else ""
    subnets = sorted(found["subnets"], key=lambda item: (item["AvailabilityZone"], item["SubnetId"]))
    public, private = (
        given.get(kind, []) or [item for item in subnets if tag(item, "Name").startswith(f"{name}-{kind}-")]
        for kind in ("public", "private")
    )
    groups = {item["GroupName"]: item["GroupId"] for item in found["security_groups"] if item["VpcId"] == vpc_id}
    group_ids = {kind.replace("-", "_"): groups.get(f"{name}-{kind}", "") for kind in SECURITY_GROUPS}
    chosen_groups = {GRAFANA: groups.get(f"{name}-{GRAFANA}", "")}
    gateways = [item for item in found["nat_gateways"] if item["State"] in ("pending", "available")]
    endpoints = alive(found["vpc_endpoints"])
    namespace = found["namespace"]
    inside = (*found["vpcs"], *subnets, *gateways, *endpoints, *([vpc] if given else []))
    ways = (given and private) or (public and private and endpoints and found["internet_gateways"])
    part = {
        "state": with_parts(
            [word(item.get("State")) for item in inside], all((vpc, ways, all(group_ids.values()), namespace))
        ),
        "vpc_id": vpc_id,
        "existing_vpc": bool(given),
        "cidr": vpc["CidrBlock"] if vpc else "",
        "public_subnet_ids": [item["SubnetId"] for item in public],
        "private_subnet_ids": [item["SubnetId"] for item in private],
        "availability_zones": sorted({item["AvailabilityZone"] for item in (*public, *private)}),
        "security_group_ids": group_ids | chosen_groups,
        "nat_gateway_ids": sorted(item["NatGatewayId"] for item in gateways),
        "interface_endpoint_ids": sorted(
            item["VpcEndpointId"] for item in endpoints if item.get("VpcEndpointType") == "Interface"
        ),
        "cloudfront_prefix_list_id": next((item["PrefixListId"] for item in found["cloudfront_prefix_list"]), ""),
        "flow_log_ids": sorted(item["FlowLogId"] for item in found["flow_logs"]),
    }
    owned = [
        *(("vpc", item["VpcId"]) for item in found["vpcs"]),
        *(("subnet", item["SubnetId"]) for item in subnets),
        *(("security_group", item["GroupId"]) for item in found["security_groups"]),
        *(("nat_gateway", item["NatGatewayId"]) for item in alive(found["nat_gateways"])),
        *(("route_table", item["RouteTableId"]) for item in found["route_tables"]),
        *(("vpc_endpoint", item["VpcEndpointId"]) for item in endpoints),
        *(("internet_gateway", item["InternetGatewayId"]) for item in found["internet_gateways"]),
        *(("elastic_ip", item.get("AllocationId") or item["PublicIp"]) for item in found["addresses"]),
        *([("namespace", namespace["Id"])] if namespace else []),
        *flow_logs_owned(found),
    ]
    return part, owned


def flow_logs_owned(found: Shape) -> Owned:
    role, group = found["role_flow-logs"], found["flow_log_group"]
    return [
        *(("flow_log", item["FlowLogId"]) for item in found["flow_logs"]),
        *([("role", role["Arn"])] if role else []),
        *([("log_group", group["logGroupName"])] if group else []),
    ]


def secrets(found: Shape, identity: Shape) -> Part:
    """A secret in its recovery window is deleting, and owned no more: only AWS can end it, at its time."""
    secret = found["secret"]
    part = {"state": ABSENT, "name": f"{identity['name']}/application", "arn": "", "version_id": ""}
    if secret is None:
        return part, []
    if secret.get("DeletedDate"):
        return {**part, "state": DELETING}, []
    versions = secret.get("VersionIdsToStages") or {}
    current = next((version for version, stages in versions.items() if "AWSCURRENT" in stages), "")
    part |= {"state": AVAILABLE if current else INCOMPLETE, "arn": secret["ARN"], "version_id": current}
    return part, [("secret", secret["Name"])]


def storage(found: Shape, identity: Shape) -> Part:
    given, external = identity["storage"], found["external_bucket"]
    own = found["bucket"]["Name"] if found["bucket"] else ""
    if external and external["Name"] == own:
        own = ""
    used = (external or {}).get("Name", "") if given["external"] else own
    part = {
        "state": AVAILABLE if used else ABSENT,
        "bucket": used or given["bucket"] or f"{identity['name']}-{identity['account_id']}-{identity['region']}",
        "region": (external or {}).get("Region") or identity["region"],
        "external": given["external"],
        "own_bucket": own,
    }
    return part, [("bucket", own)] if own else []


def setting(cluster: Shape, name: str) -> str:
    return next((item["value"] for item in cluster.get("settings") or [] if item["name"] == name), "")


def apprunner_roles(found: Shape) -> dict[str, Shape | None]:
    """The roles of web on App Runner, of which an environment on ECS has none."""
    return found["apprunner"]["roles"] if found["apprunner"] else {"instance": None, "access": None}


def compute(found: Shape, identity: Shape) -> Part:
    name, cluster, namespace = identity["name"], found["cluster"], found["namespace"]
    roles = {kind: (found[f"role_{kind}"] or {}).get("Arn", "") for kind in ROLES}
    existing = {item["logGroupName"] for item in found["log_groups"]}
    groups = {kind: f"/langfuse/{name}/{kind}" for kind in LOG_GROUPS}
    states = [word(cluster["status"])] if cluster else []
    states += [AVAILABLE for arn in roles.values() if arn] + [AVAILABLE] * len(existing)
    complete = bool(cluster) and all(roles.values()) and existing >= set(groups.values())
    cache = found["pull_through_cache"] or {"rule": None, "repositories": []}
    domain = "amazonaws.com.cn" if identity["partition"] == "aws-cn" else "amazonaws.com"
    registry = f"{identity['account_id']}.dkr.ecr.{identity['region']}.{domain}"
    part = {
        "state": with_parts(states, complete),
        "cluster_name": cluster["clusterName"] if cluster else name,
        "cluster_arn": cluster["clusterArn"] if cluster else "",
        "container_insights": setting(cluster or {}, "containerInsights") or "disabled",
        "namespace_id": namespace["Id"] if namespace else "",
        "namespace_name": f"{name}.internal",
        "role_arns": roles,
        "apprunner_role_arns": {kind: (role or {}).get("Arn", "") for kind, role in apprunner_roles(found).items()},
        "image_registry": f"{registry}/{name}{IMAGE_CACHE}",
        "log_groups": groups | {GRAFANA: f"/langfuse/{name}/{GRAFANA}"},
    }
    owned = [
        *([("cluster", cluster["clusterArn"])] if cluster else []),
        *(("role", arn) for arn in roles.values() if arn),
        *(("role", role["Arn"]) for role in apprunner_roles(found).values() if role),
        *(("log_group", group) for group in sorted(existing)),
        *([("pull_through_cache_rule", cache["rule"]["ecrRepositoryPrefix"])] if cache["rule"] else []),
        *(("repository", repository) for repository in cache["repositories"]),
    ]
    return part, owned


def is_replaced(cluster: Shape, name: str) -> bool:
    """Whether it was the environment's database until a restore; one of somebody else has not its tag."""
    named = re.fullmatch(re.escape(name) + REPLACED, cluster["DBClusterIdentifier"])
    return bool(named) and (tags(cluster) or {}).get(ENVIRONMENT_TAG) == name


def database(found: Shape, _identity: Shape) -> Part:
    """The cluster that has the environment's name; those that restores replaced are owned, and nothing else."""
    cluster, instances = found["db_cluster"], found["db_instances"]
    replaced = sorted(found["db_replaced_clusters"], key=lambda item: str(item["DBClusterIdentifier"]))
    shape = cluster or {}
    # An instance on its way out is not one of those that the cluster has.
    kept = [item for item in instances if item["DBInstanceStatus"] != "deleting"]
    states = [word(shape["Status"])] if cluster else []
    states += [word(item["DBInstanceStatus"]) for item in kept]
    scaling = shape.get("ServerlessV2ScalingConfiguration")
    part = {
        "state": with_parts(states, bool(cluster and kept)),
        "endpoint": shape.get("Endpoint", ""),
        "port": shape.get("Port", 0),
        "database_name": shape.get("DatabaseName", ""),
        "username": shape.get("MasterUsername", ""),
        "engine_version": shape.get("EngineVersion", ""),
        "cluster_id": shape.get("DBClusterIdentifier", ""),
        "cluster_arn": shape.get("DBClusterArn", ""),
        "resource_id": shape.get("DbClusterResourceId", ""),
        "data_api": bool(shape.get("HttpEndpointEnabled")),
        "instance_ids": sorted(item["DBInstanceIdentifier"] for item in kept),
        "capacity": [float(scaling["MinCapacity"]), float(scaling["MaxCapacity"])] if scaling else [],
        "replaced_cluster_ids": [item["DBClusterIdentifier"] for item in replaced],
        "deletion_protection": any(item.get("DeletionProtection") for item in (shape, *replaced)),
    }
    group, role = found["db_subnet_group"], found["role_rds-monitoring"]
    owned = [
        *([("db_cluster", shape["DBClusterIdentifier"])] if cluster else []),
        *(("db_instance", item["DBInstanceIdentifier"]) for item in instances),
        *(("db_cluster", item["DBClusterIdentifier"]) for item in replaced),
        *(
            ("db_instance", member["DBInstanceIdentifier"])
            for item in replaced
            for member in item.get("DBClusterMembers") or []
        ),
        *([("db_subnet_group", group["DBSubnetGroupName"])] if group else []),
        *(("db_cluster_parameter_group", item["DBClusterParameterGroupName"]) for item in found["db_parameter_groups"]),
        *(("log_group", item["logGroupName"]) for item in found["db_log_groups"]),
        *([("role", role["Arn"])] if role else []),
    ]
    return part, owned


def cache(found: Shape, _identity: Shape) -> Part:
    group = found["replication_group"]
    shape = group or {}
    nodes: Shape = next(iter(shape.get("NodeGroups") or []), {})
    endpoint = nodes.get("PrimaryEndpoint") or shape.get("ConfigurationEndpoint") or {}
    part = {
        "state": word(shape["Status"]) if group else ABSENT,
        "endpoint": endpoint.get("Address", ""),
        "port": endpoint.get("Port", 0),
        "tls": bool(shape.get("TransitEncryptionEnabled")),
        "auth_token_rotating": bool(tag(shape, TOKEN_ROTATING_TAG)),
        "engine_version": shape.get("EngineVersion", ""),
        "replication_group_id": shape.get("ReplicationGroupId", ""),
        "node_ids": sorted(shape.get("MemberClusters") or []),
    }
    subnet_group = found["cache_subnet_group"]
    owned = [
        *([("replication_group", shape["ReplicationGroupId"])] if group else []),
        *([("cache_subnet_group", subnet_group["CacheSubnetGroupName"])] if subnet_group else []),
        *(("cache_parameter_group", item["CacheParameterGroupName"]) for item in found["cache_parameter_groups"]),
    ]
    return part, owned


def image(definition: Shape | None) -> str:
    """The image of the container that the task lives by."""
    containers = (definition or {}).get("containerDefinitions") or []
    chosen = next((item for item in containers if item.get("essential", True)), None)
    return str(chosen["image"]) if chosen else ""


def variable(definition: Shape | None, name: str) -> str:
    """A plain variable of the task's containers; empty where they do not have it."""
    pairs = [
        pair for item in (definition or {}).get("containerDefinitions") or [] for pair in item.get("environment") or []
    ]
    return next((str(pair["value"]) for pair in pairs if pair["name"] == name), "")


def secret_version(service: Shape | None, definition: Shape | None) -> str:
    """The version of the secret that the service's tasks have; empty where they are not of the newest revision."""
    newest = definition or {}
    if not service or service.get("taskDefinition") != newest.get("taskDefinitionArn"):
        return ""
    labels = [item.get("dockerLabels") or {} for item in newest.get("containerDefinitions") or []]
    return next((label[SECRET_VERSION_LABEL] for label in labels if SECRET_VERSION_LABEL in label), "")


def service_state(service: Shape | None, definition: Shape | None) -> str:
    """A service by its newest deployment: it works when that is done and runs as many tasks as it should."""
    if service is None:
        return INCOMPLETE if definition else ABSENT
    if service["status"] == "DRAINING":
        return DELETING
    deployments = service.get("deployments") or []
    newest: Shape = next((item for item in deployments if item.get("status") == "PRIMARY"), {})
    rollout = newest.get("rolloutState", "")
    if rollout == "FAILED":
        return FAILED
    if rollout == "COMPLETED" and service["runningCount"] >= service["desiredCount"]:
        return AVAILABLE
    return UPDATING if len(deployments) > 1 or service["runningCount"] else CREATING


def running(found: Shape, component: str) -> Shape:
    """What web, worker and ClickHouse have alike."""
    service, definition = found["services"].get(component), found[f"definition_{component}"]
    shape = service or {}
    return {
        "state": service_state(service, definition),
        "service_name": shape.get("serviceName", component),
        "task_definition_arn": shape.get("taskDefinition") or (definition or {}).get("taskDefinitionArn", ""),
        "image": image(definition),
        "secret_version_id": secret_version(service, definition),
        "running_count": shape.get("runningCount", 0),
        "desired_count": shape.get("desiredCount", 0),
    }


def running_owned(found: Shape, component: str) -> Owned:
    service, definition = found["services"].get(component), found[f"definition_{component}"]
    return [
        *([("service", service["serviceArn"])] if service else []),
        *([("task_definition", definition["taskDefinitionArn"])] if definition else []),
    ]


def group_state(group: Shape) -> str:
    """An auto scaling group by its instances; it has a status only while it is deleted."""
    if group.get("Status"):
        return DELETING
    working = [item for item in group["Instances"] if item["LifecycleState"] == "InService"]
    return AVAILABLE if len(working) >= group["DesiredCapacity"] else CREATING


def target_groups_of_clickhouse(name: str) -> dict[str, str]:
    """The target groups in front of replicas, and what is behind each."""
    return {f"{name}-ch-{protocol}": protocol for protocol in ("http", "native")}


def running_replicas(found: Shape) -> Shape:
    """As `running`, of the single server or of all replicas together."""
    known = [name for name in CLICKHOUSE_SERVICES if name in found["services"] or found[f"definition_{name}"]]
    first, *others = [running(found, name) for name in known or CLICKHOUSE_SERVICES[:1]]
    versions = {part["secret_version_id"] for part in (first, *others)}
    return {
        **first,
        "state": worst(part["state"] for part in (first, *others)),
        "secret_version_id": first["secret_version_id"] if len(versions) == 1 else "",
        "running_count": sum(part["running_count"] for part in (first, *others)),
        "desired_count": sum(part["desired_count"] for part in (first, *others)),
    }


def service_of_node(found: Shape, name: str) -> Shape:
    """A replica's own service, or the one of a single server."""
    number = name.rpartition("-")[2]
    single = found["services"].get("clickhouse") if number == "1" else None
    return found["services"].get(f"clickhouse-{number}") or single or {}


def nodes(found: Shape) -> list[Shape]:
    """The nodes of ClickHouse on EC2, each with its service, its volume and the instance that it runs on now."""
    groups = {item["AutoScalingGroupName"]: item for item in found["scaling_groups"]}
    volumes = {tag(item, "Name"): item for item in found["volumes"]}
    result = []
    for name in sorted({*groups, *volumes}):
        volume = volumes.get(name, {})
        instances = [item["InstanceId"] for item in groups.get(name, {}).get("Instances") or []]
        service = service_of_node(found, name)
        result.append(
            {
                "name": name,
                "service_name": service.get("serviceName", ""),
                "running": service.get("runningCount", 0) > 0,
                "instance_id": next(iter(instances), ""),
                "volume_id": volume.get("VolumeId", ""),
                "volume_size": volume.get("Size", 0),
                "availability_zone": volume.get("AvailabilityZone", ""),
            }
        )
    return result


def nodes_owned(found: Shape) -> Owned:
    role, profile = found["role_clickhouse-node"], found["instance_profile"]
    return [
        *(("auto_scaling_group", item["AutoScalingGroupName"]) for item in found["scaling_groups"]),
        *(("launch_template", item["LaunchTemplateId"]) for item in found["launch_templates"]),
        *(("volume", item["VolumeId"]) for item in found["volumes"]),
        *([("role", role["Arn"])] if role else []),
        *([("instance_profile", profile["Arn"])] if profile else []),
    ]


def balancer_owned(found: Shape) -> Owned:
    """What stands in front of replicas."""
    balancer = found["clickhouse_balancer"]
    return [
        *([("load_balancer", balancer["LoadBalancerArn"])] if balancer else []),
        *(("target_group", item["TargetGroupArn"]) for item in found["clickhouse_target_groups"]),
    ]


def replicas_complete(found: Shape) -> bool:
    """Whether every node on EC2 has its name and its service, and several have what stands in front of them."""
    if not all(found[name] for name in ("scaling_groups", "launch_templates", "volumes", "instance_profile")):
        return False
    services = [name for name in CLICKHOUSE_SERVICES if name in found["services"]]
    wanted = len(found["volumes"])
    served = all(len(items) >= wanted for items in (services, found["registries"], found["scaling_groups"]))
    return served and (wanted == 1 or len(balancer_owned(found)) == 3)


def clickhouse_backup(found: Shape) -> Part:
    """The schedule of ClickHouse's own backups. Where the task definition is left alone, they were switched off and not yet removed."""
    schedule, definition, role = (found[f"{kind}_clickhouse-backup"] for kind in ("schedule", "definition", "role"))
    part = {
        "backup_schedule_arn": schedule["Arn"] if schedule else "",
        "backup_schedule": schedule["ScheduleExpression"] if schedule else "",
        "backup_task_definition_arn": definition["taskDefinitionArn"] if definition else "",
    }
    return part, [
        *([("schedule", schedule["Arn"])] if schedule else []),
        *([("task_definition", definition["taskDefinitionArn"])] if definition else []),
        *([("role", role["Arn"])] if role else []),
    ]


def clickhouse(found: Shape, identity: Shape) -> Part:
    file_system, registries = found["file_system"], found["registries"]
    shape = file_system or {}
    points = alive(shape.get("AccessPoints") or [], "LifeCycleState")
    targets = alive(shape.get("MountTargets") or [], "LifeCycleState")
    part, balancer = running_replicas(found), found["clickhouse_balancer"]
    states = [word(item["LifeCycleState"]) for item in ([shape] if file_system else []) + points + targets]
    states += [part["state"]] if part["state"] != ABSENT else []
    states += [AVAILABLE] if registries or balancer_owned(found) else []
    states += [word(balancer["State"]["Code"])] if balancer else []
    states += [word(item["State"]) for item in found["volumes"]] + [
        group_state(item) for item in found["scaling_groups"]
    ]
    states += [AVAILABLE] if nodes_owned(found) else []
    on_fargate = file_system and points and targets and registries and found["services"].get("clickhouse")
    complete = bool(on_fargate or replicas_complete(found))
    owned = [item for name in CLICKHOUSE_FAMILIES for item in running_owned(found, name)]
    owned += [("file_system", shape["FileSystemId"])] if file_system else []
    owned += [("access_point", item["AccessPointId"]) for item in points]
    owned += [("cloudmap_service", item["Id"]) for item in registries]
    owned += nodes_owned(found) + balancer_owned(found)
    protocols = target_groups_of_clickhouse(identity["name"])
    backup, backup_owned = clickhouse_backup(found)
    return {
        **part,
        **backup,
        "state": with_parts(states, complete),
        "host": balancer["DNSName"] if balancer else f"clickhouse.{identity['name']}.internal",
        "load_balancer_arn": balancer["LoadBalancerArn"] if balancer else "",
        "target_group_arns": {
            protocols[item["TargetGroupName"]]: item["TargetGroupArn"] for item in found["clickhouse_target_groups"]
        },
        "file_system_id": shape.get("FileSystemId", ""),
        "throughput_mode": shape.get("ThroughputMode", ""),
        "access_point_id": points[0]["AccessPointId"] if points else "",
        "registry_arn": registries[0]["Arn"] if registries else "",
        "nodes": nodes(found),
    }, owned + backup_owned


def url(dns_name: str, listeners: list[Shape]) -> str:
    """Where the load balancer is reached: by HTTPS where it listens to that."""
    for protocol, usual in (("HTTPS", 443), ("HTTP", 80)):
        found = next((item for item in listeners if item["protocol"] == protocol), None)
        if found and dns_name:
            port = "" if found["port"] == usual else f":{found['port']}"
            return f"{protocol.lower()}://{dns_name}{port}"
    return ""


def edge_url(distribution: Shape) -> str:
    """Where people reach a distribution: by its alias, where it has one."""
    aliases = (distribution.get("Aliases") or {}).get("Items") or []
    return f"https://{next(iter(aliases), distribution['DomainName'])}"


def ingress(found: Shape, _identity: Shape) -> Part:
    balancer, target_group, logs = found["load_balancer"], found["target_group"], found["logs_bucket"]
    web_acl, ingestion_group, grafana_group = (
        found["web_acl"],
        found["ingestion_target_group"],
        found["grafana_target_group"],
    )
    distribution, vpc_origin = found["distribution"], found["vpc_origin"]
    requested = [*found["certificates"], *found["edge_certificates"]]
    waf_logs = found["waf_log_group"]
    attributes = (balancer or {}).get("Attributes") or {}
    shape = balancer or {}
    listeners = sorted(
        ({"port": item["Port"], "protocol": item["Protocol"]} for item in shape.get("Listeners") or []),
        key=lambda item: item["port"],
    )
    dns_name = shape.get("DNSName", "")
    states = [word(shape["State"]["Code"])] if balancer else []
    states += [AVAILABLE] if target_group else []
    states += [word(item["Status"]) for item in (distribution, vpc_origin) if item]
    part = {
        "state": with_parts(states, bool(balancer and target_group and listeners)),
        "dns_name": dns_name,
        "url": edge_url(distribution) if distribution else url(dns_name, listeners),
        "distribution_id": next((item["Id"] for item in (distribution, vpc_origin) if item), ""),
        "distribution_domain": distribution["DomainName"] if distribution else "",
        "load_balancer_arn": shape.get("LoadBalancerArn", ""),
        "target_group_arn": target_group["TargetGroupArn"] if target_group else "",
        "ingestion_target_group_arn": ingestion_group["TargetGroupArn"] if ingestion_group else "",
        "ingestion_routed": bool(ingestion_group and ingestion_group["Routed"]),
        "grafana_target_group_arn": grafana_group["TargetGroupArn"] if grafana_group else "",
        "listeners": listeners,
        "certificate_arn": next(
            (
                item["CertificateArn"]
                for entry in shape.get("Listeners") or []
                for item in entry.get("Certificates") or []
            ),
            "",
        ),
        "scheme": shape.get("Scheme", ""),
        "access_logs_bucket": (
            attributes.get("access_logs.s3.bucket", "") if attributes.get("access_logs.s3.enabled") == "true" else ""
        ),
        "web_acl_arn": web_acl["ARN"] if web_acl else "",
        "waf_log_group": waf_logs["logGroupName"] if waf_logs else "",
        "own_logs_bucket": logs["Name"] if logs else "",
        "certificates": sorted(
            (
                {"arn": item["CertificateArn"], "domain_name": item["DomainName"], "status": item["Status"]}
                for item in requested
            ),
            key=lambda item: (item["domain_name"], item["arn"]),
        ),
        "deletion_protection": shape.get("Attributes", {}).get("deletion_protection.enabled") == "true",
    }
    owned = [
        *([("load_balancer", shape["LoadBalancerArn"])] if balancer else []),
        *(
            ("target_group", group["TargetGroupArn"])
            for group in (target_group, ingestion_group, grafana_group)
            if group
        ),
        *(("certificate", item["CertificateArn"]) for item in requested),
        *([("bucket", logs["Name"])] if logs else []),
        *([("web_acl", web_acl["ARN"])] if web_acl else []),
        *([("distribution", distribution["ARN"])] if distribution else []),
        *([("vpc_origin", vpc_origin["Arn"])] if vpc_origin else []),
        *([("log_group", waf_logs["logGroupName"])] if waf_logs else []),
    ]
    return part, owned


def sign_in(found: Shape, identity: Shape) -> Part:
    pool, secret = found["user_pool"], found["sign_in_secret"]
    shape = pool or {}
    pool_id, client_id = shape.get("Id", ""), shape.get("ClientId", "")
    arn = secret["ARN"] if secret else ""
    complete = bool(client_id and arn and shape.get("Domain"))
    part = {
        "state": with_parts([AVAILABLE] if pool or secret else [], complete),
        "user_pool_id": pool_id,
        "issuer": issuer(pool_id, identity["partition"]),
        "domain_prefix": shape.get("Domain") or "",
        "client_id": client_id,
        "secret_arn": arn,
        "deletion_protection": shape.get("DeletionProtection") == "ACTIVE",
    }
    return part, [*([("user_pool", pool_id)] if pool else []), *([("secret", secret["Name"])] if secret else [])]


def migration(found: Shape, _identity: Shape) -> Part:
    definition, check = found["definition_migration"], found["definition_schema-check"]
    shape = definition or {}
    completed = COMPLETION_TAG in shape.get("tags", {})
    state = ABSENT if definition is None else AVAILABLE if completed else INCOMPLETE
    part = {
        "state": state,
        "task_definition_arn": shape.get("taskDefinitionArn", ""),
        "image": image(definition),
        "completed": completed,
    }
    return part, [("task_definition", item["taskDefinitionArn"]) for item in (definition, check) if item]


def scaled(found: Shape, component: str) -> Part:
    """A service whose number of tasks Application Auto Scaling may set; its target outlives a service that is deleted."""
    targets = [item for item in found["scalable_targets"] if item["ResourceId"].rpartition("/")[2] == component]
    part = running(found, component)
    part["scaling"] = [targets[0]["MinCapacity"], targets[0]["MaxCapacity"]] if targets else []
    return part, running_owned(found, component) + [("scalable_target", item["ResourceId"]) for item in targets]


def apprunner_state(service: Shape | None, connector: Shape | None) -> list[str]:
    """A service by its status, and by its connector where that is all there is."""
    if service is None:
        return [INCOMPLETE] if connector else []
    known = {
        app_runner.RUNNING: AVAILABLE,
        app_runner.IN_PROGRESS: UPDATING,
        app_runner.PAUSED: INCOMPLETE,
    }
    return [known.get(service["Status"], FAILED)]


def web(found: Shape, _identity: Shape) -> Part:
    """The web server on ECS, on App Runner, or, while it moves, on both."""
    part, owned = scaled(found, "web")
    apprunner = found["apprunner"] or {"service": None, "connector": None}
    service, connector = apprunner["service"], apprunner["connector"]
    on_apprunner = apprunner_state(service, connector)
    on_ecs = part["state"] != ABSENT
    part |= {
        "state": worst([*([part["state"]] if on_ecs else []), *on_apprunner]),
        "platforms": [*(["ecs"] if on_ecs else []), *(["apprunner"] if on_apprunner else [])],
        "url": app_runner.own_url(service),
        "apprunner_service_arn": (service or {}).get("ServiceArn", ""),
    }
    if service:
        shape = app_runner.described(service, {})
        part |= {
            "service_name": shape["name"],
            "image": shape["image"],
            "secret_version_id": shape["environment"].get(SECRET_VERSION_VARIABLE, ""),
        }
        owned += [("apprunner_service", shape["arn"])]
    owned += [("apprunner_vpc_connector", connector["VpcConnectorArn"])] if connector else []
    return part, owned


def ingestion(found: Shape, _identity: Shape) -> Part:
    """The web server once more, for ingestion only."""
    return scaled(found, "ingestion")


def worker(found: Shape, _identity: Shape) -> Part:
    part, owned = scaled(found, "worker")
    return part | {"write_mode": variable(found["definition_worker"], WRITE_MODE_VARIABLE)}, owned


def monitoring(found: Shape, _identity: Shape) -> Part:
    """Alarms without a topic tell nobody, and a topic without alarms has nothing to tell."""
    topic, dashboard = found["topic"], found["dashboard"]
    names = sorted(item["AlarmName"] for item in found["alarms"])
    states = [AVAILABLE] * (len(names) + bool(topic) + bool(dashboard))
    part = {
        "state": with_parts(states, bool(topic and names)),
        "topic_arn": topic["TopicArn"] if topic else "",
        "alarm_names": names,
        "firing": sorted(item["AlarmName"] for item in found["alarms"] if item["StateValue"] == "ALARM"),
        "dashboard_name": dashboard["DashboardName"] if dashboard else "",
        "subscriptions_pending": int(topic["SubscriptionsPending"]) if topic else 0,
    }
    owned = [
        *(("alarm", alarm) for alarm in names),
        *([("topic", topic["TopicArn"])] if topic else []),
        *([("dashboard", dashboard["DashboardName"])] if dashboard else []),
    ]
    return part, owned


def backup(found: Shape, _identity: Shape) -> Part:
    vault, plan, role = found["backup_vault"], found["backup_plan"], found["role_backup"]
    selections = sorted(item["SelectionName"] for item in plan["Selections"]) if plan else []
    part = {
        "state": with_parts([AVAILABLE for item in (vault, plan, role) if item], bool(vault and role and selections)),
        "vault_name": vault["BackupVaultName"] if vault else "",
        "vault_arn": vault["BackupVaultArn"] if vault else "",
        "recovery_points": vault.get("NumberOfRecoveryPoints", 0) if vault else 0,
        "plan_id": plan["BackupPlanId"] if plan else "",
        "selections": selections,
        "role_arn": role["Arn"] if role else "",
    }
    owned = [
        *([("backup_vault", vault["BackupVaultName"])] if vault else []),
        *([("backup_plan", plan["BackupPlanId"])] if plan else []),
        *([("role", role["Arn"])] if role else []),
    ]
    return part, owned


def grafana(found: Shape, _identity: Shape) -> Part:
    return running(found, GRAFANA), running_owned(found, GRAFANA)


COMPONENTS: dict[str, Callable[[Shape, Shape], Part]] = {
    "network": network,
    "secrets": secrets,
    "storage": storage,
    "compute": compute,
    "database": database,
    "cache": cache,
    "clickhouse": clickhouse,
    "ingress": ingress,
    "sign_in": sign_in,
    "migration": migration,
    "web": web,
    "ingestion": ingestion,
    "worker": worker,
    "monitoring": monitoring,
    "backup": backup,
    "grafana": grafana,
}
