# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says about an environment: one function for each call that others do not need first.

Describe calls are the truth here. The tagging API lags behind and goes on listing what is deleted, so it is not asked.
Every function takes the clients by service and the environment's name, and returns boto3's shapes; what does not exist
is an empty list or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._apprunner import api as apprunner_api
from .._aws.errors import AwsErrorHandler, error_code
from .._cloudfront import api as cloudfront_api
from .._cloudfront.distribution import is_own
from .components import (
    APPRUNNER_ACCESS,
    APPRUNNER_INSTANCE,
    APPRUNNER_SERVICE,
    CLICKHOUSE_FAMILIES,
    CLICKHOUSE_SERVICES,
    IMAGE_CACHE,
    REPLACED,
    is_replaced,
)

Clients = dict[str, Any]
Shape = dict[str, Any]
# ECS describes ten at a time.
SERVICES = ("web", "ingestion", "worker", *CLICKHOUSE_SERVICES, "grafana")
SCALED_SERVICES = ("web", "ingestion", "worker")
# Tags of the security groups that name the subnets of a VPC of somebody else.
PRIVATE_SUBNETS, PUBLIC_SUBNETS = "langfuse:private-subnets", "langfuse:public-subnets"
# Asked in us-east-1 too, for what CloudFront has there.
EDGE_SERVICES = ("acm", "resourcegroupstaggingapi")
FAMILIES = (
    "web",
    "ingestion",
    "worker",
    *CLICKHOUSE_FAMILIES,
    "clickhouse-backup",
    "migration",
    "schema-check",
    "grafana",
)


class DiscoveryErrorHandler(AwsErrorHandler):
    """What AWS answers for things that are not there."""

    MISSING = (
        "404",
        "NoSuchBucket",
        "NoSuchTagSet",
        "NotFound",
        "NoSuchEntity",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ClusterNotFoundException",
        "DBClusterNotFoundFault",
        "DBSubnetGroupNotFoundFault",
        "ReplicationGroupNotFoundFault",
        "CacheClusterNotFound",
        "CacheSubnetGroupNotFoundFault",
        "FileSystemNotFound",
        "ListenerNotFound",
        "LoadBalancerNotFound",
        "TargetGroupNotFound",
        "NamespaceNotFound",
        "PullThroughCacheRuleNotFoundException",
        "WAFNonexistentItemException",
    )


def reading(what: str, default: Any = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The errors of a reading as one sentence, what is missing as the default, and what is throttled again."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        handled = DiscoveryErrorHandler.list_error_handler(f"read {what} of the environment {{1}}", default)
        decorated: Callable[..., Any] = handled(AWSRetry.jittered_backoff()(function))
        return decorated

    return decorate


def pages(client: Any, operation: str, key: str, **params: Any) -> list[Shape]:
    """All pages of a list."""
    found: list[Shape] = []
    for page in client.get_paginator(operation).paginate(**params):
        found += page.get(key) or []
    return found


def identity(clients: Clients) -> Shape:
    """Account id and partition of the credentials."""

    @DiscoveryErrorHandler.common_error_handler("ask AWS whose credentials these are (sts:GetCallerIdentity)")
    @AWSRetry.jittered_backoff()
    def ask() -> Shape:
        answer = clients["sts"].get_caller_identity()
        return {"account_id": answer["Account"], "partition": answer["Arn"].split(":")[1]}

    found: Shape = ask()
    return found


def by_tags(name: str, component: str) -> list[Shape]:
    """The filters of EC2's and Auto Scaling's describe calls for what a component of the environment owns."""
    return [
        {"Name": "tag:langfuse:environment", "Values": [name]},
        {"Name": "tag:langfuse:component", "Values": [component]},
    ]


# --- network: everything by its tags, since only the VPC's id leads to the rest ---


def _ec2(operation: str, key: str) -> Callable[[Clients, str], list[Shape]]:
    @reading(f"the {key} (ec2:{operation})", [])
    def read(clients: Clients, name: str) -> list[Shape]:
        return pages(clients["ec2"], operation, key, Filters=by_tags(name, "network"))

    return read


vpcs = _ec2("describe_vpcs", "Vpcs")
subnets = _ec2("describe_subnets", "Subnets")
security_groups = _ec2("describe_security_groups", "SecurityGroups")
nat_gateways = _ec2("describe_nat_gateways", "NatGateways")
route_tables = _ec2("describe_route_tables", "RouteTables")
vpc_endpoints = _ec2("describe_vpc_endpoints", "VpcEndpoints")
internet_gateways = _ec2("describe_internet_gateways", "InternetGateways")


@reading("the VPC that it was given (ec2:DescribeVpcs, ec2:DescribeSubnets)", {})
def given_network(clients: Clients, _name: str, groups: list[Shape]) -> Shape:
    """The VPC and the subnets of somebody else that the security groups name: {vpc, public, private}, or {} where they name none.

    Subnets come by zone; one that its owner deleted since is not among them.
    """
    held = next((tags for group in groups if PRIVATE_SUBNETS in (tags := _tags(group))), None)
    if held is None:
        return {}
    named = {"private": held[PRIVATE_SUBNETS].split(), "public": held.get(PUBLIC_SUBNETS, "").split()}
    vpc_id = next(group["VpcId"] for group in groups if PRIVATE_SUBNETS in _tags(group))
    vpcs = pages(clients["ec2"], "describe_vpcs", "Vpcs", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    filters = [{"Name": "subnet-id", "Values": named["private"] + named["public"]}]
    found = pages(clients["ec2"], "describe_subnets", "Subnets", Filters=filters)
    found.sort(key=lambda item: (item["AvailabilityZone"], item["SubnetId"]))
    subnets = {kind: [item for item in found if item["SubnetId"] in ids] for kind, ids in named.items()}
    return {"vpc": vpcs[0], **subnets} if vpcs else {}


def _tags(shape: Shape) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in shape.get("Tags") or []}


@reading("the Addresses (ec2:DescribeAddresses)", [])
def addresses(clients: Clients, name: str) -> list[Shape]:
    return list(clients["ec2"].describe_addresses(Filters=by_tags(name, "network"))["Addresses"])


@reading("AWS's list of CloudFront's addresses (ec2:DescribeManagedPrefixLists)", [])
def cloudfront_prefix_list(clients: Clients, _name: str) -> list[Shape]:
    """It is AWS's own, with another id in each region; empty where there is no CloudFront."""
    filters = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.global.cloudfront.origin-facing"]}]
    return list(clients["ec2"].describe_managed_prefix_lists(Filters=filters)["PrefixLists"])


@reading("the flow logs (ec2:DescribeFlowLogs)", [])
def flow_logs(clients: Clients, name: str) -> list[Shape]:
    return pages(clients["ec2"], "describe_flow_logs", "FlowLogs", Filter=by_tags(name, "network"))


@reading("the private DNS namespace (servicediscovery:ListNamespaces)")
def namespace(clients: Clients, name: str) -> Shape | None:
    filters = [{"Name": "TYPE", "Values": ["DNS_PRIVATE"], "Condition": "EQ"}]
    found = pages(clients["servicediscovery"], "list_namespaces", "Namespaces", Filters=filters)
    chosen = next((item for item in found if item["Name"] == f"{name}.internal"), None)
    if chosen is None:
        return None
    tags = clients["servicediscovery"].list_tags_for_resource(ResourceARN=chosen["Arn"])["Tags"]
    return {**chosen, "Tags": tags}


# --- secrets, storage, compute ---


@reading("the secret (secretsmanager:DescribeSecret)")
def secret(clients: Clients, name: str) -> Shape | None:
    found: Shape = clients["secretsmanager"].describe_secret(SecretId=f"{name}/application")
    return found


@reading("the bucket (s3:ListBucket)")
def bucket(clients: Clients, name: str, account_id: str, region: str, given: Shape) -> Shape | None:
    """The environment's own bucket, also where it uses an external one instead."""
    bucket_name = f"{name}-{account_id}-{region}"
    if given["bucket"] and not given["external"]:
        bucket_name = given["bucket"]
    # Names of buckets are shared by all accounts; another account's would answer too.
    clients["s3"].head_bucket(Bucket=bucket_name, ExpectedBucketOwner=account_id)
    if bucket_name != given["bucket"]:
        return {"Name": bucket_name}
    return {"Name": bucket_name, "Tags": bucket_tags(clients, bucket_name)}


@reading("the tags of the bucket (s3:GetBucketTagging)", [])
def bucket_tags(clients: Clients, bucket_name: str) -> list[Shape]:
    found: list[Shape] = clients["s3"].get_bucket_tagging(Bucket=bucket_name)["TagSet"]
    return found


@reading("the bucket that storage_bucket names (s3:ListBucket)")
def external_bucket(clients: Clients, name: str, account_id: str, given: Shape) -> Shape | None:
    """A bucket that somebody else made, and where it is."""
    if not given["external"]:
        return None
    answer = clients["s3"].head_bucket(Bucket=given["bucket"], ExpectedBucketOwner=account_id)
    return {"Name": given["bucket"], "Region": answer["BucketRegion"]}


@reading("the ECS cluster (ecs:DescribeClusters)")
def ecs_cluster(clients: Clients, name: str) -> Shape | None:
    found = clients["ecs"].describe_clusters(clusters=[name], include=["TAGS", "SETTINGS"])["clusters"]
    return next((item for item in found if item["status"] != "INACTIVE"), None)


def role(kind: str) -> Callable[[Clients, str, str], Shape | None]:
    @reading(f"the role {kind} (iam:GetRole)")
    def read(clients: Clients, name: str, region: str) -> Shape | None:
        found: Shape = clients["iam"].get_role(RoleName=f"{name}-{region}-{kind}")["Role"]
        return found

    return read


def apprunner(clients: Clients, name: str, region: str) -> Shape | None:
    """Web on App Runner: roles, service and VPC connector; None where it does not run there.

    The role of the instances is made first and removed last, so that App Runner, which is not in every region and not for every account,
    is asked only where it is used.
    """
    instance = role(APPRUNNER_INSTANCE)(clients, name, region)
    if instance is None:
        return None
    client, called = clients["apprunner"], f"{name}{APPRUNNER_SERVICE}"
    service = apprunner_api.find_service(client, called)
    connector = apprunner_api.find_vpc_connector(client, called)
    return {
        "roles": {"instance": instance, "access": role(APPRUNNER_ACCESS)(clients, name, region)},
        "service": service and {**service, "Tags": apprunner_api.list_tags(client, service["ServiceArn"])},
        "connector": connector,
    }


@reading("the log groups (logs:DescribeLogGroups)", [])
def log_groups(clients: Clients, name: str) -> list[Shape]:
    return pages(clients["logs"], "describe_log_groups", "logGroups", logGroupNamePrefix=f"/langfuse/{name}/")


def log_group(pattern: str) -> Callable[[Clients, str], Shape | None]:
    """The log group of just this name, which others may begin with."""

    @reading(f"the log group {pattern.format('{1}')} (logs:DescribeLogGroups)")
    def read(clients: Clients, name: str) -> Shape | None:
        wanted = pattern.format(name)
        found = pages(clients["logs"], "describe_log_groups", "logGroups", logGroupNamePrefix=wanted)
        return next((item for item in found if item["logGroupName"] == wanted), None)

    return read


# --- data stores ---


@reading("the database cluster (rds:DescribeDBClusters)")
def db_cluster(clients: Clients, name: str) -> Shape | None:
    found: Shape = clients["rds"].describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return found


@reading("the clusters that a restore replaced (rds:DescribeDBClusters)", [])
def db_replaced_clusters(clients: Clients, name: str) -> list[Shape]:
    engine = [{"Name": "engine", "Values": ["aurora-postgresql"]}]
    found = pages(clients["rds"], "describe_db_clusters", "DBClusters", Filters=engine)
    return [item for item in found if is_replaced(item, name)]


@reading("the database instances (rds:DescribeDBInstances)", [])
def db_instances(clients: Clients, name: str) -> list[Shape]:
    filters = [{"Name": "db-cluster-id", "Values": [name]}]
    return pages(clients["rds"], "describe_db_instances", "DBInstances", Filters=filters)


@reading("the database subnet group (rds:DescribeDBSubnetGroups)")
def db_subnet_group(clients: Clients, name: str) -> Shape | None:
    found: Shape = clients["rds"].describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
    return found


@reading("the database parameter groups (rds:DescribeDBClusterParameterGroups)", [])
def db_parameter_groups(clients: Clients, name: str) -> list[Shape]:
    found = pages(clients["rds"], "describe_db_cluster_parameter_groups", "DBClusterParameterGroups")
    return [item for item in found if item["DBClusterParameterGroupName"].startswith(f"{name}-postgresql")]


@reading("the log groups of the database (logs:DescribeLogGroups)", [])
def db_log_groups(clients: Clients, name: str) -> list[Shape]:
    """Those of replaced clusters too, which RDS makes anew under their new names."""
    found = pages(clients["logs"], "describe_log_groups", "logGroups", logGroupNamePrefix=f"/aws/rds/cluster/{name}")
    own = re.compile(f"/aws/rds/cluster/{re.escape(name)}({REPLACED})?/.+")
    return [item for item in found if own.fullmatch(item["logGroupName"])]


@reading("the replication group (elasticache:DescribeReplicationGroups)")
def replication_group(clients: Clients, name: str) -> Shape | None:
    found = clients["elasticache"].describe_replication_groups(ReplicationGroupId=name)
    group: Shape = found["ReplicationGroups"][0]
    members = group.get("MemberClusters") or []
    if members:
        group["EngineVersion"] = _engine_version(clients, name, members[0])
    return {**group, "Tags": _cache_tags(clients, name, group["ARN"])}


@AWSRetry.jittered_backoff()
def _cache_tags(clients: Clients, name: str, arn: str) -> list[Shape] | None:
    """The tags of a replication group; None while ElastiCache does not tell them, as before it is available."""
    elasticache = clients["elasticache"]
    try:
        return list(elasticache.list_tags_for_resource(ResourceName=arn)["TagList"])
    except elasticache.exceptions.ClientError as error:
        if error_code(error) in ("InvalidReplicationGroupState", "ReplicationGroupNotFoundFault"):
            return None
        raise


@reading("the cache's engine version (elasticache:DescribeCacheClusters)", "")
def _engine_version(clients: Clients, name: str, member: str) -> str:
    found = clients["elasticache"].describe_cache_clusters(CacheClusterId=member)["CacheClusters"]
    return str(found[0].get("EngineVersion", "")) if found else ""


@reading("the cache subnet group (elasticache:DescribeCacheSubnetGroups)")
def cache_subnet_group(clients: Clients, name: str) -> Shape | None:
    found = clients["elasticache"].describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
    return next(iter(found), None)


@reading("the cache parameter groups (elasticache:DescribeCacheParameterGroups)", [])
def cache_parameter_groups(clients: Clients, name: str) -> list[Shape]:
    found = pages(clients["elasticache"], "describe_cache_parameter_groups", "CacheParameterGroups")
    return [item for item in found if item["CacheParameterGroupName"].startswith(f"{name}-valkey")]


@reading("the file system (elasticfilesystem:DescribeFileSystems)")
def file_system(clients: Clients, name: str) -> Shape | None:
    """The file system with its access points and mount targets."""
    efs = clients["efs"]
    found = efs.describe_file_systems(CreationToken=f"{name}-clickhouse")["FileSystems"]
    if not found:
        return None
    file_system_id = found[0]["FileSystemId"]
    access_points = pages(efs, "describe_access_points", "AccessPoints", FileSystemId=file_system_id)
    mount_targets = pages(efs, "describe_mount_targets", "MountTargets", FileSystemId=file_system_id)
    return {**found[0], "AccessPoints": access_points, "MountTargets": mount_targets}


@reading("the names of ClickHouse (servicediscovery:ListServices)", [])
def registries(clients: Clients, name: str) -> list[Shape]:
    found_namespace = namespace(clients, name)
    if found_namespace is None:
        return []
    filters = [{"Name": "NAMESPACE_ID", "Values": [found_namespace["Id"]], "Condition": "EQ"}]
    found = pages(clients["servicediscovery"], "list_services", "Services", Filters=filters)
    return sorted((item for item in found if item["Name"] in CLICKHOUSE_SERVICES), key=lambda item: str(item["Name"]))


@reading("the load balancer of ClickHouse (elasticloadbalancing:DescribeLoadBalancers)")
def clickhouse_balancer(clients: Clients, name: str) -> Shape | None:
    elb = clients["elbv2"]
    found: Shape = elb.describe_load_balancers(Names=[f"{name}-clickhouse"])["LoadBalancers"][0]
    tags = elb.describe_tags(ResourceArns=[found["LoadBalancerArn"]])["TagDescriptions"][0]["Tags"]
    return {**found, "Tags": tags}


@reading("the auto scaling groups of ClickHouse (autoscaling:DescribeAutoScalingGroups)", [])
def scaling_groups(clients: Clients, name: str) -> list[Shape]:
    filters = by_tags(name, "clickhouse")
    return pages(clients["autoscaling"], "describe_auto_scaling_groups", "AutoScalingGroups", Filters=filters)


@reading("the launch templates of ClickHouse (ec2:DescribeLaunchTemplates)", [])
def launch_templates(clients: Clients, name: str) -> list[Shape]:
    filters = by_tags(name, "clickhouse")
    return pages(clients["ec2"], "describe_launch_templates", "LaunchTemplates", Filters=filters)


@reading("the volumes of ClickHouse (ec2:DescribeVolumes)", [])
def volumes(clients: Clients, name: str) -> list[Shape]:
    """The nodes' data; the instances' own disks have the same tags and another name, and go with the instances."""
    filters = [
        *by_tags(name, "clickhouse"),
        {"Name": "tag:Name", "Values": [f"{name}-clickhouse-?"]},
        {"Name": "status", "Values": ["creating", "available", "in-use"]},
    ]
    return pages(clients["ec2"], "describe_volumes", "Volumes", Filters=filters)


@reading("the instance profile of ClickHouse (iam:GetInstanceProfile)")
def instance_profile(clients: Clients, name: str, region: str) -> Shape | None:
    profile = f"{name}-{region}-clickhouse-node"
    found: Shape = clients["iam"].get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    return found


def schedule(kind: str) -> Callable[[Clients, str], Shape | None]:
    @reading(f"the schedule {kind} (scheduler:GetSchedule)")
    def read(clients: Clients, name: str) -> Shape | None:
        found: Shape = clients["scheduler"].get_schedule(Name=f"{name}-{kind}")
        return found

    return read


@reading("the load balancer (elasticloadbalancing:DescribeLoadBalancers)")
def load_balancer(clients: Clients, name: str) -> Shape | None:
    """The load balancer with its listeners and attributes."""
    elb = clients["elbv2"]
    found: Shape = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]
    arn = found["LoadBalancerArn"]
    listeners = pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn)
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {
        **found,
        "Listeners": listeners,
        "Attributes": {item["Key"]: item["Value"] for item in attributes},
        "Tags": elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"],
    }


@reading("the target groups (elasticloadbalancing:DescribeTargetGroups)", [])
def target_groups(clients: Clients, name: str) -> list[Shape]:
    """All at once, since of several names AWS describes none where one is missing."""
    return [
        item
        for item in pages(clients["elbv2"], "describe_target_groups", "TargetGroups")
        if item["TargetGroupName"].startswith(f"{name}-")
    ]


def routing(clients: Clients, name: str, group: Shape | None) -> Shape | None:
    """The target group, and whether a rule leads requests there, which one that gives it no weight does not."""
    if group is None:
        return None
    actions = [
        action
        for balancer in dict.fromkeys(group.get("LoadBalancerArns") or [])
        for rule in _rules(clients, name, balancer)
        for action in rule["Actions"]
    ]
    return {**group, "Routed": any(leads_to(action, group["TargetGroupArn"]) for action in actions)}


def leads_to(action: Shape, arn: str) -> bool:
    """Whether a rule's action gives requests to a target group."""
    several = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    groups = several or [{"TargetGroupArn": action.get("TargetGroupArn")}]
    return any(group.get("TargetGroupArn") == arn and group.get("Weight", 1) > 0 for group in groups)


@reading("the load balancer's rules (elasticloadbalancing:DescribeListeners, elasticloadbalancing:DescribeRules)", [])
def _rules(clients: Clients, _name: str, balancer: str) -> list[Shape]:
    elb = clients["elbv2"]
    listeners = pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    return [
        rule
        for listener in listeners
        for rule in pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    ]


@reading("the pull-through cache (ecr:DescribePullThroughCacheRules, ecr:DescribeRepositories)")
def pull_through_cache(clients: Clients, name: str) -> Shape | None:
    """The rule and the repositories that it made; without a rule nobody knows whose they are."""
    ecr, prefix = clients["ecr"], f"{name}{IMAGE_CACHE}"
    rule = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"][0]
    found = pages(ecr, "describe_repositories", "repositories", PaginationConfig={"PageSize": 1000})
    names = sorted(item["repositoryName"] for item in found)
    return {"rule": rule, "repositories": [item for item in names if item.startswith(f"{prefix}/")]}


@reading("the user pool (cognito-idp:DescribeUserPool)")
def user_pool(clients: Clients, name: str) -> Shape | None:
    """The user pool with Langfuse's client in it."""
    cognito = clients["cognito-idp"]
    pools = pages(cognito, "list_user_pools", "UserPools", MaxResults=60)
    pool_id = next((item["Id"] for item in pools if item["Name"] == name), "")
    if not pool_id:
        return None
    found: Shape = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    members = pages(cognito, "list_user_pool_clients", "UserPoolClients", UserPoolId=pool_id, MaxResults=60)
    return {
        **found,
        "ClientId": next((item["ClientId"] for item in members if item["ClientName"] == name), ""),
        "Tags": [{"Key": key, "Value": value} for key, value in (found.get("UserPoolTags") or {}).items()],
    }


@reading("the sign-in's secret (secretsmanager:DescribeSecret)")
def sign_in_secret(clients: Clients, name: str) -> Shape | None:
    found: Shape = clients["secretsmanager"].describe_secret(SecretId=f"{name}/sign-in")
    return None if found.get("DeletedDate") else found


@reading("the bucket of the access logs (s3:ListBucket)")
def logs_bucket(clients: Clients, name: str, account_id: str, region: str) -> Shape | None:
    bucket_name = f"{name}-{account_id}-{region}-logs"
    clients["s3"].head_bucket(Bucket=bucket_name, ExpectedBucketOwner=account_id)
    return {"Name": bucket_name}


@reading("the web ACL (wafv2:ListWebACLs)")
def web_acl(clients: Clients, name: str) -> Shape | None:
    """The web ACL by its name and tag; boto3 has no paginator for it."""
    wafv2 = clients["wafv2"]
    request: Shape = {"Scope": "REGIONAL", "Limit": 100}
    while True:
        answer = wafv2.list_web_acls(**request)
        found: Shape | None = next((item for item in answer["WebACLs"] if item["Name"] == name), None)
        if found is not None:
            tags = wafv2.list_tags_for_resource(ResourceARN=found["ARN"])["TagInfoForResource"]["TagList"]
            return {**found, "Tags": tags}
        if not answer.get("NextMarker"):
            return None
        request["NextMarker"] = answer["NextMarker"]


@reading("the certificates (tag:GetResources, acm:DescribeCertificate)", [])
def certificates(clients: Clients, name: str) -> list[Shape]:
    """The certificates by their tags. Only the tagging API finds them without asking for the tags of every certificate of the
    account; it lags behind, so that each is described too: what it lists in vain is gone.
    """
    filters = [
        {"Key": "langfuse:environment", "Values": [name]},
        {"Key": "langfuse:component", "Values": ["ingress"]},
    ]
    listed = pages(
        clients["resourcegroupstaggingapi"],
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=filters,
        ResourceTypeFilters=["acm:certificate"],
    )
    found = (_certificate(clients, name, item["ResourceARN"]) for item in listed)
    return [certificate for certificate in found if certificate is not None]


@reading("a certificate (acm:DescribeCertificate)")
def _certificate(clients: Clients, _name: str, arn: str) -> Shape | None:
    found: Shape = clients["acm"].describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def edge(clients: Clients, name: str, region: str, partition: str) -> Shape:
    """CloudFront's part: the distribution, its VPC origin, and its certificates, which lie in us-east-1."""
    if partition != "aws":
        # CloudFront of China has no certificates of ACM, and other partitions have no CloudFront.
        return {"distribution": None, "vpc_origin": None, "edge_certificates": []}
    there = {service: clients[f"{service}@us-east-1"] for service in EDGE_SERVICES} if region != "us-east-1" else {}
    return {
        "distribution": _distribution(clients, name),
        "vpc_origin": _vpc_origin(clients, name),
        "edge_certificates": certificates(there, name) if there else [],
    }


@reading("the distribution (cloudfront:ListDistributions, cloudfront:ListTagsForResource)")
def _distribution(clients: Clients, name: str) -> Shape | None:
    cloudfront = clients["cloudfront"]
    found = next((item for item in cloudfront_api.list_distributions(cloudfront) if is_own(item, name)), None)
    return found and {**found, "Tags": cloudfront_api.list_tags(cloudfront, found["ARN"])}


@reading("the VPC origin (cloudfront:ListVpcOrigins)")
def _vpc_origin(clients: Clients, name: str) -> Shape | None:
    return next((item for item in cloudfront_api.list_vpc_origins(clients["cloudfront"]) if item["Name"] == name), None)


# --- what runs ---


@reading("the services (ecs:DescribeServices)", [])
def ecs_services(clients: Clients, name: str) -> list[Shape]:
    found = clients["ecs"].describe_services(cluster=name, services=list(SERVICES))["services"]
    return [item for item in found if item["status"] != "INACTIVE"]


@reading("the scalable targets (application-autoscaling:DescribeScalableTargets)", [])
def scalable_targets(clients: Clients, name: str) -> list[Shape]:
    return pages(
        clients["application-autoscaling"],
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceIds=[f"service/{name}/{service}" for service in SCALED_SERVICES],
    )


def task_definition(family: str) -> Callable[[Clients, str], Shape | None]:
    @DiscoveryErrorHandler.common_error_handler(
        f"read the task definition {{1}}-{family} of the environment {{1}} (ecs:DescribeTaskDefinition)"
    )
    @AWSRetry.jittered_backoff()
    def read(clients: Clients, name: str) -> Shape | None:
        ecs = clients["ecs"]
        try:
            answer = ecs.describe_task_definition(taskDefinition=f"{name}-{family}", include=["TAGS"])
        except ecs.exceptions.ClientError as error:
            # ECS has no code of its own for a family without an active revision.
            if error_code(error) == "ClientException" and "Unable to describe task definition" in str(error):
                return None
            raise
        if answer["taskDefinition"]["status"] != "ACTIVE":
            return None
        tags = {tag["key"]: tag["value"] for tag in answer.get("tags") or []}
        return {**answer["taskDefinition"], "tags": tags}

    decorated: Callable[[Clients, str], Shape | None] = read
    return decorated


# --- operations ---


@reading("the alarms (cloudwatch:DescribeAlarms)", [])
def alarms(clients: Clients, name: str) -> list[Shape]:
    return pages(clients["cloudwatch"], "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{name}/")


@reading("the topic (sns:GetTopicAttributes)")
def topic(clients: Clients, name: str, account_id: str, region: str, partition: str) -> Shape | None:
    arn = f"arn:{partition}:sns:{region}:{account_id}:{name}-alarms"
    found = clients["sns"].get_topic_attributes(TopicArn=arn)["Attributes"]
    return {**found, "Tags": clients["sns"].list_tags_for_resource(ResourceArn=arn)["Tags"]}


@reading("the dashboard (cloudwatch:GetDashboard)")
def dashboard(clients: Clients, name: str, region: str) -> Shape | None:
    # A dashboard's name is one for all regions.
    found: Shape = clients["cloudwatch"].get_dashboard(DashboardName=f"{name}-{region}")
    return found


@reading("the backup vault (backup:ListBackupVaults)")
def backup_vault(clients: Clients, name: str) -> Shape | None:
    """Listed, because AWS answers to a question for one that there is not as if it were forbidden."""
    found = pages(clients["backup"], "list_backup_vaults", "BackupVaultList")
    chosen = next((item for item in found if item["BackupVaultName"] == name), None)
    return chosen and {**chosen, "Tags": _backup_tags(clients, chosen["BackupVaultArn"])}


@reading("the backup plan (backup:ListBackupPlans)")
def backup_plan(clients: Clients, name: str) -> Shape | None:
    backup = clients["backup"]
    found = pages(backup, "list_backup_plans", "BackupPlansList")
    chosen = next((item for item in found if item["BackupPlanName"] == name), None)
    if chosen is None:
        return None
    selections = pages(backup, "list_backup_selections", "BackupSelectionsList", BackupPlanId=chosen["BackupPlanId"])
    return {**chosen, "Selections": selections, "Tags": _backup_tags(clients, chosen["BackupPlanArn"])}


def _backup_tags(clients: Clients, arn: str) -> list[Shape]:
    found = clients["backup"].list_tags(ResourceArn=arn)["Tags"]
    return [{"Key": key, "Value": value} for key, value in found.items()]
