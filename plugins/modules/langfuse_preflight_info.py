#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_preflight_info
version_added: 0.1.0
short_description: Judge the variables of a Langfuse environment before anything is written to AWS
description:
  - Checks versions, names, ranges, sizes and Langfuse's own settings, and what AWS can tell without being written to.
  - Returns everything that is wrong at once, each with the variable, the problem and what to set. It fails only where it
    cannot judge, so a playbook decides what follows.
  - Options have the names of the inventory's variables. Any value is taken, for a wrong one is a finding; an option that is
    left out is not judged, but for O(langfuse_name), O(langfuse_region) and O(langfuse_version), which every environment has.
options:
  langfuse_name:
    description: Name of the environment.
    type: raw
  langfuse_region:
    description: AWS region.
    type: raw
  langfuse_version:
    description: Langfuse's exact version.
    type: raw
  langfuse_url:
    description: Where people and SDKs reach Langfuse.
    type: raw
  langfuse_tags:
    description: Tags of everything.
    type: raw
  langfuse_settings:
    description: Variables of Langfuse by their own name.
    type: raw
  langfuse_secret_settings:
    description: Variables of Langfuse by their own name, with the ARN that ECS reads the value from.
    type: raw
  langfuse_write_mode:
    description: Which tables Langfuse writes while v3 turns into v4.
    type: raw
  langfuse_sso:
    description: Sign-on with providers.
    type: raw
  langfuse_mail:
    description: Mail that Langfuse sends.
    type: raw
  langfuse_queue_shards:
    description: Into how many parts each of Langfuse's queues is split.
    type: raw
  langfuse_init_org_id:
    description: Id of the first organisation.
    type: raw
  langfuse_init_org_name:
    description: Name of the first organisation.
    type: raw
  langfuse_init_project_id:
    description: Id of the first project.
    type: raw
  langfuse_init_project_name:
    description: Name of the first project.
    type: raw
  langfuse_init_user_email:
    description: E-mail address of the first user.
    type: raw
  langfuse_init_user_name:
    description: Name of the first user.
    type: raw
  langfuse_cpu_architecture:
    description: CPU architecture of the tasks.
    type: raw
  langfuse_allowed_cidrs:
    description: Address ranges that may reach the load balancer.
    type: raw
  network_cidr:
    description: Range of the VPC.
    type: raw
  network_availability_zone_count:
    description: Number of zones.
    type: raw
  network_availability_zones:
    description: Names of zones.
    type: raw
  network_nat:
    description: NAT gateways of the private subnets.
    type: raw
  network_interface_endpoints:
    description: Interface endpoints of the VPC.
    type: raw
  network_needed_endpoints:
    description: Services that private subnets call.
    type: raw
  clickhouse_image:
    description: Image of ClickHouse.
    type: raw
  migration_schema_check:
    description: Whether a task of the ClickHouse image looks at the schema.
    type: raw
  network_vpc_id:
    description: A VPC to use instead of building one.
    type: raw
  network_private_subnet_ids:
    description: Private subnets of that VPC.
    type: raw
  network_public_subnet_ids:
    description: Public subnets of that VPC.
    type: raw
  langfuse_domain:
    description: Domain of the environment.
    type: raw
  ingress_scheme:
    description: Whether the load balancer is reached from the internet.
    type: raw
  ingress_hosted_zone:
    description: Name or id of the public hosted zone that the domain lies in.
    type: raw
  ingress_certificate_alternative_names:
    description: Further names of the certificate that is requested.
    type: raw
  ingress_waf:
    description: Whether AWS WAF stands in front.
    type: raw
  ingress_waf_rate_limit:
    description: Requests in five minutes after which an address is blocked.
    type: raw
  ingress_admin_cidrs:
    description: Ranges from which the admin API is reached.
    type: raw
  ingress_listener:
    description: Whether the load balancer listens to HTTP or HTTPS.
    type: raw
  ingress_certificate_arn:
    description: Certificate for HTTPS.
    type: raw
  ingress_cloudfront:
    description: Whether CloudFront stands in front of the load balancer.
    type: raw
  ingress_cloudfront_certificate_arn:
    description: CloudFront's certificate, in us-east-1.
    type: raw
  ingress_cloudfront_waf_arn:
    description: Web ACL of the scope CLOUDFRONT.
    type: raw
  compute_log_retention_days:
    description: Days that logs are kept.
    type: raw
  network_flow_logs_traffic:
    description: Which traffic flow logs record.
    type: raw
  network_flow_logs_interval:
    description: Seconds that a flow log sums up in one record, at most.
    type: raw
  network_flow_logs_retention_days:
    description: Days that flow logs are kept.
    type: raw
  ingress_waf_logging:
    description: Whether the firewall writes logs.
    type: raw
  ingress_waf_logging_retention_days:
    description: Days that the firewall's logs are kept.
    type: raw
  database_cloudwatch_logs_exports:
    description: Which of the database's logs go to CloudWatch.
    type: raw
  database_log_retention_days:
    description: Days that the database's logs are kept.
    type: raw
  database_insights_mode:
    description: Mode of CloudWatch Database Insights.
    type: raw
  database_performance_insights:
    description: Whether the load of the database is recorded.
    type: raw
  database_performance_insights_retention_days:
    description: Days that this record is kept.
    type: raw
  database_seconds_until_auto_pause:
    description: Seconds until a database that may pause does.
    type: raw
  database_mode:
    description: How the database runs.
    type: raw
  database_host:
    description: Host name of an external PostgreSQL.
    type: raw
  database_port:
    description: Port of an external PostgreSQL.
    type: raw
  database_ssl_mode:
    description: TLS to an external PostgreSQL.
    type: raw
  database_engine_version:
    description: Version of Aurora PostgreSQL.
    type: raw
  database_database_name:
    description: Name of the database.
    type: raw
  database_master_username:
    description: User of the database.
    type: raw
  database_min_capacity:
    description: Least capacity of a database instance in ACU.
    type: raw
  database_max_capacity:
    description: Most capacity of a database instance in ACU.
    type: raw
  database_instance_count:
    description: Number of database instances.
    type: raw
  storage_mode:
    description: Whether the bucket is made or exists.
    type: raw
  storage_bucket:
    description: Name of the bucket; empty for the default one.
    type: raw
  storage_kms_key_arn:
    description: KMS key of the objects.
    type: raw
  storage_events_prefix:
    description: What the keys of raw events begin with.
    type: raw
  storage_media_prefix:
    description: What the keys of media begin with.
    type: raw
  storage_exports_prefix:
    description: What the keys of batch exports begin with.
    type: raw
  storage_events_expiration_days:
    description: Days after which raw events go.
    type: raw
  storage_exports_expiration_days:
    description: Days after which batch exports go.
    type: raw
  storage_access_log_bucket:
    description: Bucket of the access logs.
    type: raw
  cache_mode:
    description: How the cache runs.
    type: raw
  cache_connection:
    description: How an external Redis or Valkey is reached.
    type: raw
  cache_engine_version:
    description: Version of Valkey.
    type: raw
  cache_node_count:
    description: Number of cache nodes.
    type: raw
  cache_multi_az:
    description: Whether the cache's nodes are spread over zones.
    type: raw
  cache_automatic_failover:
    description: Whether another cache node takes over.
    type: raw
  clickhouse_mode:
    description: How ClickHouse runs.
    type: raw
  clickhouse_version:
    description: Version of ClickHouse.
    type: raw
  clickhouse_host:
    description: Host name of an external ClickHouse.
    type: raw
  clickhouse_user:
    description: User of ClickHouse.
    type: raw
  clickhouse_database:
    description: Database of ClickHouse.
    type: raw
  clickhouse_cpu:
    description: Fargate CPU units of ClickHouse.
    type: raw
  clickhouse_memory:
    description: Memory of ClickHouse in MiB.
    type: raw
  clickhouse_cpu_architecture:
    description: CPU architecture of ClickHouse; O(langfuse_cpu_architecture) where it is left out.
    type: raw
  clickhouse_replicas:
    description: How many nodes ClickHouse has, with O(clickhouse_mode=ec2).
    type: raw
  clickhouse_instance_type:
    description: EC2 instance type of ClickHouse's node, for O(clickhouse_mode=ec2).
    type: raw
  clickhouse_volume_size:
    description: Size of the node's volume in GiB.
    type: raw
  clickhouse_volume_iops:
    description: I/O operations per second of the node's volume.
    type: raw
  clickhouse_volume_throughput:
    description: MiB per second of the node's volume.
    type: raw
  web_platform:
    description: Where web runs, V(ecs) or V(apprunner).
    type: raw
  web_apprunner_existing_customer:
    description: Whether the account used App Runner before it closed to new customers on 2026-04-30.
    type: raw
  web_cpu_architecture:
    description: CPU architecture of web, where it is not that of all tasks.
    type: raw
  langfuse_admin_api:
    description: Whether web has an admin API.
    type: raw
  web_cpu:
    description: Fargate CPU units of a web task.
    type: raw
  web_memory:
    description: Memory of a web task in MiB.
    type: raw
  web_desired_count:
    description: Number of web tasks.
    type: raw
  sign_in:
    description: Whether people sign in with Amazon Cognito, through the role sign_in.
    type: raw
  sign_in_domain_prefix:
    description: Beginning of the name of Cognito's sign-in pages.
    type: raw
  grafana:
    description: Whether the environment has Grafana.
    type: raw
  grafana_allowed_cidrs:
    description: Ranges from which Grafana is reached.
    type: raw
  grafana_plugin_version:
    description: Version of the data source that Grafana downloads.
    type: raw
  grafana_clickhouse_user:
    description: Grafana's user of ClickHouse.
    type: raw
  grafana_cpu:
    description: CPU units of Grafana's task.
    type: raw
  grafana_memory:
    description: Memory of Grafana's task.
    type: raw
  worker_cpu:
    description: Fargate CPU units of a worker task.
    type: raw
  worker_memory:
    description: Memory of a worker task in MiB.
    type: raw
  worker_desired_count:
    description: Number of worker tasks.
    type: raw
  langfuse_metric_publishing:
    description: Whether workers publish the lengths of their queues to CloudWatch.
    type: raw
  ingress_state:
    description: Whether there is a load balancer.
    type: raw
  compute_capacity_providers:
    description: Capacity providers of the cluster.
    type: raw
  clickhouse_spot:
    description: Refused; ClickHouse never runs on Fargate Spot.
    type: raw
  web_spot:
    description: Whether web tasks beyond the first run on Fargate Spot.
    type: raw
  web_capacity_provider_strategy:
    description: Capacity providers of the web tasks.
    type: raw
  web_scaling_min:
    description: The least number of web tasks.
    type: raw
  web_scaling_max:
    description: The most web tasks.
    type: raw
  web_scaling_cpu_target:
    description: CPU in percent that web scaling keeps to.
    type: raw
  web_scaling_requests_target:
    description: Requests a minute for each task that web scaling keeps to.
    type: raw
  web_ingestion:
    description: Whether ingestion has a service of its own.
    type: raw
  web_ingestion_cpu:
    description: Fargate CPU units of a task for ingestion.
    type: raw
  web_ingestion_memory:
    description: Memory of a task for ingestion in MiB.
    type: raw
  web_ingestion_desired_count:
    description: Number of tasks for ingestion.
    type: raw
  web_ingestion_spot:
    description: Whether tasks for ingestion beyond the first run on Fargate Spot.
    type: raw
  web_ingestion_capacity_provider_strategy:
    description: Capacity providers of the tasks for ingestion.
    type: raw
  web_ingestion_scaling_min:
    description: The least number of tasks for ingestion.
    type: raw
  web_ingestion_scaling_max:
    description: The most tasks for ingestion.
    type: raw
  web_ingestion_scaling_cpu_target:
    description: CPU in percent that the scaling of ingestion keeps to.
    type: raw
  web_ingestion_scaling_requests_target:
    description: Requests a minute for each task that the scaling of ingestion keeps to.
    type: raw
  worker_spot:
    description: Whether worker tasks beyond the first run on Fargate Spot.
    type: raw
  worker_capacity_provider_strategy:
    description: Capacity providers of the worker tasks.
    type: raw
  worker_scaling_min:
    description: The least number of worker tasks.
    type: raw
  worker_scaling_max:
    description: The most worker tasks.
    type: raw
  worker_scaling_cpu_target:
    description: CPU in percent that worker scaling keeps to.
    type: raw
  worker_scaling_backlog_target:
    description: Waiting jobs for each task that worker scaling keeps to.
    type: raw
  langfuse_image_registry:
    description: What stands in place of docker.io for every image.
    type: raw
  compute_pull_through_cache:
    description: Whether ECR fetches and keeps the images of Docker Hub.
    type: raw
  compute_pull_through_cache_credential_arn:
    description: Secret with the user of Docker Hub.
    type: raw
  migration_cpu:
    description: Fargate CPU units of the migration.
    type: raw
  migration_memory:
    description: Memory of the migration in MiB.
    type: raw
  migration_v2_shared:
    description: Whether Langfuse 2 works with the very database.
    type: raw
  langfuse_v2_traffic:
    description: Who gets the traffic while the environment takes over from a Langfuse 2, V(v2) or V(moved).
    type: raw
  monitoring_subscriptions:
    description: Who is told of alarms.
    type: raw
  monitoring_alarms:
    description: Settings of alarms, by name.
    type: raw
  monitoring_kms_key_id:
    description: KMS key of the topic that alarms are published to.
    type: raw
  backup_retention_days:
    description: Days that recovery points are kept.
    type: raw
  backup_cold_storage_after_days:
    description: Days after which recovery points move to cold storage.
    type: raw
  backup_start_window_minutes:
    description: Minutes in which a backup job has to begin.
    type: raw
  backup_completion_window_minutes:
    description: Minutes in which a backup job has to be through.
    type: raw
  backup_copy_vault_arn:
    description: Vault that gets copies.
    type: raw
  clickhouse_backup_enabled:
    description: Whether ClickHouse is backed up with its own C(BACKUP).
    type: raw
  clickhouse_backup_schedule:
    description: When, as an expression of EventBridge Scheduler.
    type: raw
  clickhouse_backup_bucket:
    description: Bucket of somebody else that the backups go to; empty for the environment's own.
    type: raw
  clickhouse_backup_prefix:
    description: Where in the bucket they are.
    type: raw
  clickhouse_backup_retention_days:
    description: Days that they are kept in the environment's own bucket; empty in another.
    type: raw
  database_backup_retention_days:
    description: Days that Aurora keeps backups.
    type: raw
  known_alarms:
    description: Names of all alarms, compared with those in O(monitoring_alarms).
    type: list
    elements: str
    default: []
  own_settings:
    description: Names in O(langfuse_settings) that Langfuse does not know and that are meant.
    type: list
    elements: str
    default: []
  inventory_variables:
    description:
      - Names of the inventory's variables, compared with O(known_variables). A misspelt one is an error; where it is the prefix
        that is misspelt, a warning.
    type: list
    elements: str
    default: []
  known_variables:
    description: Names of all variables that roles read.
    type: list
    elements: str
    default: []
  own_variables:
    description: Names in O(inventory_variables) that no role reads and that are meant.
    type: list
    elements: str
    default: []
  ask_aws:
    description:
      - Whether to check credentials, region and zones, and the values of the environment's secret where that exists.
      - Where workers are scaled by their queues, whether another environment of the account and region is too.
      - Calls C(sts:GetCallerIdentity), C(ec2:DescribeAvailabilityZones), C(secretsmanager:GetSecretValue) and
        C(application-autoscaling:DescribeScalingPolicies), with ClickHouse on EC2 C(ec2:DescribeInstanceTypes), and for a VPC
        that is given C(ec2:DescribeVpcs), C(ec2:DescribeVpcAttribute), C(ec2:DescribeSubnets), C(ec2:DescribeRouteTables) and
        C(ec2:DescribeVpcEndpoints). Nothing is written, and no value returned.
    type: bool
    default: true
  secret_name:
    description: Name of the environment's secret; by default V(langfuse_name/application), with the environment's name.
    type: str
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_env
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Judge some variables without asking AWS
  llmops.langfuse.langfuse_preflight_info:
    langfuse_name: langfuse-staging
    langfuse_region: eu-central-1
    langfuse_version: 3.225.4
    web_cpu: 2048
    web_memory: 4096
    langfuse_settings:
      LANGFUSE_LOG_LEVEL: warn
    ask_aws: false
  register: preflight

- name: Show what is wrong
  ansible.builtin.debug:
    var: preflight.findings
"""

RETURN = r"""
findings:
  description: Everything that is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    option:
      description: The variable.
      returned: always
      type: str
      sample: web_memory
    problem:
      description: What is wrong with it.
      returned: always
      type: str
      sample: Fargate has no tasks of 2048 CPU units and 3000 MiB
    fix:
      description: What to set.
      returned: always
      type: str
      sample: set 4096 to 16384 in steps of 1024 for 2048 CPU units
warnings_list:
  description: What is allowed but looks wrong, in the same form; also given as warnings.
  returned: always
  type: list
  elements: dict
  sample: []
messages:
  description: The findings as text, a line for each.
  returned: always
  type: list
  elements: str
  sample: ["web_memory: Fargate has no tasks of 2048 CPU units and 3000 MiB; set 4096 to 16384 in steps of 1024"]
account_id:
  description: The AWS account of the credentials; empty where AWS was not asked, or did not answer.
  returned: always
  type: str
  sample: "123456789012"
"""

import json
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import connect
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.findings import Finding
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight import (
    instance_findings,
    judge,
    scaled_by_backlog,
    secret_findings,
    shared_metrics,
    zone_findings,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight_apprunner import (
    customer_findings,
    on_apprunner,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.preflight_network import (
    VPC,
    subnet_findings,
    vpc_findings,
)

Answer = tuple[list[Finding], list[Finding]]

# A region that cannot be reached is a finding within seconds, and not after botocore's minutes.
QUICK = {"connect_timeout": 5, "read_timeout": 20, "retries": {"max_attempts": 2, "mode": "standard"}}
CREDENTIAL_ERRORS = ("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "SignatureDoesNotMatch")


def ask_aws(module: LangfuseModule) -> tuple[list[Finding], list[Finding], str]:
    """What AWS says of the variables (errors, warnings), and the account. Where the credentials fail, nothing else is asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    params = module.params
    if params["profile"] and (params["access_key"] or params["session_token"]):
        problem = "there is a profile, and there are keys in the environment too"
        return [Finding("langfuse_aws_profile", problem, "keep one of the two")], [], ""
    params["region"] = params["region"] or params["langfuse_region"]
    params["aws_config"] = {**QUICK, **(params["aws_config"] or {})}
    try:
        account = connect(module, "sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        return [Finding("AWS credentials", f"AWS did not accept them ({error})", credentials_fix(error))], [], ""
    findings: list[Finding] = []
    warnings: list[Finding] = []
    for question in (ask_for_zones, ask_for_network, ask_for_instance_type, ask_for_apprunner, ask_for_secret):
        try:
            errors, doubts = question(module)
            findings += errors
            warnings += doubts
        except (ClientError, BotoCoreError) as error:
            findings.append(
                Finding("AWS permissions", f"AWS did not answer ({error})", "allow it, or check langfuse_region")
            )
    if scaled_by_backlog(params):
        warnings += ask_for_policies(module)
    return findings, warnings, account


def credentials_fix(error: Exception) -> str:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code in CREDENTIAL_ERRORS:
        return "renew them, or check which ones are in use: langfuse_aws_profile or the environment"
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        return "set langfuse_aws_profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
    return "check langfuse_region, langfuse_aws_endpoint_url and the network"


def ask_for_zones(module: LangfuseModule) -> Answer:
    if module.params["network_vpc_id"]:
        return [], []
    response = connect(module, "ec2").describe_availability_zones(
        Filters=[{"Name": "state", "Values": ["available"]}, {"Name": "zone-type", "Values": ["availability-zone"]}]
    )
    return zone_findings(module.params, [zone["ZoneName"] for zone in response["AvailabilityZones"]]), []


def ask_for_policies(module: LangfuseModule) -> list[Finding]:
    """Other environments that are scaled by the same metrics. Who may not ask is not warned, for nothing depends on it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        pages = (
            connect(module, "application-autoscaling")
            .get_paginator("describe_scaling_policies")
            .paginate(ServiceNamespace="ecs")
        )
        policies = [policy for page in pages for policy in page["ScalingPolicies"]]
    except (ClientError, BotoCoreError):
        return []
    return shared_metrics(str(module.params["langfuse_name"]), policies)


def ask_for_network(module: LangfuseModule) -> Answer:
    """The VPC that is given, with all its subnets and route tables."""
    vpc_id = str(module.params["network_vpc_id"] or "")
    if not VPC.fullmatch(vpc_id):
        return [], []
    ec2 = connect(module, "ec2")
    if not ec2.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Vpcs"]:
        return vpc_findings(module.params, None), []
    names = ("enableDnsSupport", "enableDnsHostnames")
    answers = {name: ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name) for name in names}
    vpc = {name: answers[name][name[0].upper() + name[1:]]["Value"] for name in names}
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets, route_tables, endpoints = (
        [item for page in ec2.get_paginator(operation).paginate(Filters=inside) for item in page[key]]
        for operation, key in (
            ("describe_subnets", "Subnets"),
            ("describe_route_tables", "RouteTables"),
            ("describe_vpc_endpoints", "VpcEndpoints"),
        )
    )
    errors, warnings = subnet_findings(module.params, subnets, route_tables, endpoints)
    return vpc_findings(module.params, vpc) + errors, warnings


def ask_for_instance_type(module: LangfuseModule) -> Answer:
    """Whether the region has the instance type of ClickHouse's node, and what that is."""
    from botocore.exceptions import ClientError

    kind = module.params["clickhouse_instance_type"]
    if module.params["clickhouse_mode"] != "ec2" or not kind:
        return [], []
    try:
        found = connect(module, "ec2").describe_instance_types(InstanceTypes=[str(kind)])["InstanceTypes"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("InvalidInstanceType", "InvalidParameterValue"):
            raise
        found = []
    return instance_findings(module.params, found[0] if found else None), []


def ask_for_apprunner(module: LangfuseModule) -> Answer:
    """Whether App Runner answers this account, and whether it has a service there already."""
    if not on_apprunner(module.params):
        return [], []
    return [], customer_findings(module.params, connect(module, "apprunner").list_services()["ServiceSummaryList"])


def ask_for_secret(module: LangfuseModule) -> Answer:
    """The values that exist, judged here so that a wrong one is found before anything else is made."""
    from botocore.exceptions import ClientError

    name = module.params["secret_name"] or f"{module.params['langfuse_name']}/application"
    try:
        text = connect(module, "secretsmanager").get_secret_value(SecretId=name).get("SecretString") or ""
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFoundException", "InvalidRequestException"):
            # There is none yet, or it waits for its deletion and will be judged when it is restored.
            return [], []
        raise
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if isinstance(values, dict):
        module.no_log_values.update(value for value in values.values() if isinstance(value, str) and len(value) > 5)
    return secret_findings(name, values), []


RAW = (
    "langfuse_name",
    "langfuse_region",
    "langfuse_version",
    "langfuse_url",
    "langfuse_tags",
    "langfuse_settings",
    "langfuse_secret_settings",
    "langfuse_write_mode",
    "langfuse_sso",
    "langfuse_mail",
    "langfuse_queue_shards",
    "langfuse_init_org_id",
    "langfuse_init_org_name",
    "langfuse_init_project_id",
    "langfuse_init_project_name",
    "langfuse_init_user_email",
    "langfuse_init_user_name",
    "langfuse_cpu_architecture",
    "langfuse_allowed_cidrs",
    "network_cidr",
    "network_availability_zone_count",
    "network_availability_zones",
    "network_nat",
    "network_interface_endpoints",
    "network_needed_endpoints",
    "clickhouse_image",
    "migration_schema_check",
    "network_vpc_id",
    "network_private_subnet_ids",
    "network_public_subnet_ids",
    "langfuse_domain",
    "ingress_scheme",
    "ingress_hosted_zone",
    "ingress_certificate_alternative_names",
    "ingress_waf",
    "ingress_waf_rate_limit",
    "ingress_admin_cidrs",
    "ingress_listener",
    "ingress_certificate_arn",
    "ingress_cloudfront",
    "ingress_cloudfront_certificate_arn",
    "ingress_cloudfront_waf_arn",
    "compute_log_retention_days",
    "network_flow_logs_traffic",
    "network_flow_logs_interval",
    "network_flow_logs_retention_days",
    "ingress_waf_logging",
    "ingress_waf_logging_retention_days",
    "database_cloudwatch_logs_exports",
    "database_log_retention_days",
    "database_insights_mode",
    "database_performance_insights",
    "database_performance_insights_retention_days",
    "database_seconds_until_auto_pause",
    "database_mode",
    "database_host",
    "database_port",
    "database_ssl_mode",
    "database_engine_version",
    "database_database_name",
    "database_master_username",
    "database_min_capacity",
    "database_max_capacity",
    "database_instance_count",
    "storage_mode",
    "storage_bucket",
    "storage_kms_key_arn",
    "storage_events_prefix",
    "storage_media_prefix",
    "storage_exports_prefix",
    "storage_events_expiration_days",
    "storage_exports_expiration_days",
    "storage_access_log_bucket",
    "cache_mode",
    "cache_connection",
    "cache_engine_version",
    "cache_node_count",
    "cache_multi_az",
    "cache_automatic_failover",
    "clickhouse_mode",
    "clickhouse_version",
    "clickhouse_host",
    "clickhouse_user",
    "clickhouse_database",
    "clickhouse_cpu",
    "clickhouse_memory",
    "clickhouse_cpu_architecture",
    "clickhouse_replicas",
    "clickhouse_instance_type",
    "clickhouse_volume_size",
    "clickhouse_volume_iops",
    "clickhouse_volume_throughput",
    "web_platform",
    "web_apprunner_existing_customer",
    "web_cpu_architecture",
    "langfuse_admin_api",
    "web_cpu",
    "web_memory",
    "web_desired_count",
    "sign_in",
    "sign_in_domain_prefix",
    "grafana",
    "grafana_allowed_cidrs",
    "grafana_plugin_version",
    "grafana_clickhouse_user",
    "grafana_cpu",
    "grafana_memory",
    "worker_cpu",
    "worker_memory",
    "worker_desired_count",
    "langfuse_metric_publishing",
    "ingress_state",
    "compute_capacity_providers",
    "clickhouse_spot",
    "web_spot",
    "web_capacity_provider_strategy",
    "web_scaling_min",
    "web_scaling_max",
    "web_scaling_cpu_target",
    "web_scaling_requests_target",
    "web_ingestion",
    "web_ingestion_cpu",
    "web_ingestion_memory",
    "web_ingestion_desired_count",
    "web_ingestion_spot",
    "web_ingestion_capacity_provider_strategy",
    "web_ingestion_scaling_min",
    "web_ingestion_scaling_max",
    "web_ingestion_scaling_cpu_target",
    "web_ingestion_scaling_requests_target",
    "worker_spot",
    "worker_capacity_provider_strategy",
    "worker_scaling_min",
    "worker_scaling_max",
    "worker_scaling_cpu_target",
    "worker_scaling_backlog_target",
    "langfuse_image_registry",
    "compute_pull_through_cache",
    "compute_pull_through_cache_credential_arn",
    "migration_cpu",
    "migration_memory",
    "migration_v2_shared",
    "langfuse_v2_traffic",
    "monitoring_subscriptions",
    "monitoring_alarms",
    "monitoring_kms_key_id",
    "backup_retention_days",
    "backup_cold_storage_after_days",
    "backup_start_window_minutes",
    "backup_completion_window_minutes",
    "backup_copy_vault_arn",
    "clickhouse_backup_enabled",
    "clickhouse_backup_schedule",
    "clickhouse_backup_bucket",
    "clickhouse_backup_prefix",
    "clickhouse_backup_retention_days",
    "database_backup_retention_days",
)


def argument_spec() -> dict[str, Any]:
    names: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
    return {
        **{name: {"type": "raw", "no_log": False} for name in RAW},
        **{
            name: names
            for name in ("own_settings", "inventory_variables", "known_variables", "known_alarms", "own_variables")
        },
        "ask_aws": {"type": "bool", "default": True},
        "secret_name": {"type": "str", "no_log": False},
    }


def main() -> None:
    module = LangfuseModule(argument_spec=argument_spec(), supports_check_mode=True)
    judgement = judge(module.params)
    module.no_log_values.update(judgement.leaked)
    findings, doubts, account = judgement.errors, judgement.warnings, ""
    # Without a region nobody can be asked, and it is a finding already.
    if module.params["ask_aws"] and not any(finding.option == "langfuse_region" for finding in findings):
        answers, further, account = ask_aws(module)
        findings, doubts = findings + answers, doubts + further
    for warning in doubts:
        module.warn(str(warning))
    module.exit_json(
        changed=False,
        findings=[finding.as_dict() for finding in findings],
        messages=[str(finding) for finding in findings],
        warnings_list=[warning.as_dict() for warning in doubts],
        account_id=account,
    )


if __name__ == "__main__":
    main()
