#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_environment_info
version_added: 0.1.0
short_description: Find everything that a Langfuse environment owns
description:
  - Reads a Langfuse environment from AWS, by the names and tags that the roles of this collection give to everything. There is
    no other record of it.
  - The answer has one shape at all times. What does not exist is an empty string, an empty list, V(0) or V(false), so the
    defaults of roles can be evaluated on an empty account as well.
notes:
  - For all components it needs the IAM actions sts:GetCallerIdentity, ec2:DescribeVpcs, ec2:DescribeSubnets,
    ec2:DescribeSecurityGroups, ec2:DescribeNatGateways, ec2:DescribeRouteTables, ec2:DescribeVpcEndpoints,
    ec2:DescribeInternetGateways, ec2:DescribeAddresses, servicediscovery:ListNamespaces, servicediscovery:ListServices,
    servicediscovery:ListTagsForResource, secretsmanager:DescribeSecret, s3:ListBucket, s3:GetBucketTagging, ecs:DescribeClusters,
    ecs:DescribeServices, ecs:DescribeTaskDefinition, iam:GetRole, logs:DescribeLogGroups, rds:DescribeDBClusters,
    rds:DescribeDBInstances, rds:DescribeDBSubnetGroups, rds:DescribeDBClusterParameterGroups,
    elasticache:DescribeReplicationGroups, elasticache:DescribeCacheClusters, elasticache:DescribeCacheSubnetGroups,
    elasticache:DescribeCacheParameterGroups, elasticache:ListTagsForResource, elasticfilesystem:DescribeFileSystems,
    elasticfilesystem:DescribeAccessPoints, elasticfilesystem:DescribeMountTargets, autoscaling:DescribeAutoScalingGroups,
    ec2:DescribeLaunchTemplates, ec2:DescribeVolumes, iam:GetInstanceProfile,
    elasticloadbalancing:DescribeLoadBalancers, elasticloadbalancing:DescribeListeners,
    elasticloadbalancing:DescribeLoadBalancerAttributes, elasticloadbalancing:DescribeTags,
    elasticloadbalancing:DescribeTargetGroups, elasticloadbalancing:DescribeRules, ecr:DescribePullThroughCacheRules,
    ecr:DescribeRepositories,
    application-autoscaling:DescribeScalableTargets, cloudwatch:DescribeAlarms, cloudwatch:GetDashboard, sns:GetTopicAttributes,
    sns:ListTagsForResource, backup:ListBackupVaults, backup:ListBackupPlans, backup:ListBackupSelections, backup:ListTags,
    cognito-idp:ListUserPools, cognito-idp:DescribeUserPool and cognito-idp:ListUserPoolClients. Where the environment has the roles
    for App Runner, also apprunner:ListServices, apprunner:DescribeService, apprunner:ListVpcConnectors and
    apprunner:ListTagsForResource.
options:
  name:
    description: Name of the environment.
    type: str
    required: true
  components:
    description:
      - The components to read. The others look as if they were absent, and are not counted as missing.
      - A component costs between one and nine calls of AWS's API.
    type: list
    elements: str
    choices: &components
      - network
      - secrets
      - storage
      - compute
      - database
      - cache
      - clickhouse
      - ingress
      - sign_in
      - migration
      - web
      - ingestion
      - worker
      - monitoring
      - backup
      - grafana
    default: *components
  wait_for:
    description:
      - Components to wait for until they are available. They must stand in O(components) too.
      - The module fails as soon as one of them has failed.
    type: list
    elements: str
    choices: *components
    default: []
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 1800
  storage_bucket:
    description: Name of the bucket, where it is not C(<name>-<account>-<region>).
    type: str
    default: ""
  storage_mode:
    description:
      - Whether the bucket is the environment's own, or one that somebody else made for more than this environment (V(external)), which is
        not counted among RV(environment.resources). The latter is named by O(storage_bucket).
    type: str
    choices: [own, external]
    default: own
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Find what the environment owns
  llmops.langfuse.langfuse_environment_info:
    name: langfuse-staging
  register: discovery

- name: Show what is not there yet
  ansible.builtin.debug:
    var: discovery.environment.missing

- name: Wait for the data stores that were started
  llmops.langfuse.langfuse_environment_info:
    name: langfuse-staging
    components: [database, cache]
    wait_for: [database, cache]
"""

RETURN = r"""
environment:
  description:
    - The environment. C(state) of each component is V(absent), V(incomplete) (a part of it is missing), V(creating), V(updating),
      V(available), V(deleting) or V(failed).
  returned: success
  type: dict
  contains:
    name:
      description: Name of the environment.
      type: str
      sample: langfuse-staging
    region:
      description: AWS region.
      type: str
      sample: eu-central-1
    account_id:
      description: Account of the credentials.
      type: str
      sample: "123456789012"
    partition:
      description: AWS partition.
      type: str
      sample: aws
    network:
      description: The VPC and what is in it; C(existing_vpc) where it is somebody else's, and the environment owns only what it made there.
      type: dict
      sample:
        state: available
        vpc_id: vpc-0123456789abcdef0
        existing_vpc: false
        cidr: 10.20.0.0/16
        public_subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
        private_subnet_ids: [subnet-0123456789abcdef2, subnet-0123456789abcdef3]
        availability_zones: [eu-central-1a, eu-central-1b]
        security_group_ids:
          load_balancer: sg-0123456789abcdef0
          web: sg-0123456789abcdef1
          worker: sg-0123456789abcdef2
          clickhouse: sg-0123456789abcdef3
          file_system: sg-0123456789abcdef4
          database: sg-0123456789abcdef5
          cache: sg-0123456789abcdef6
        nat_gateway_ids: [nat-0123456789abcdef0]
        interface_endpoint_ids: []
        cloudfront_prefix_list_id: pl-a3a144ca
        flow_log_ids: []
    secrets:
      description: The secret. One that waits for its deletion is V(deleting), and does not stand in RV(environment.resources).
      type: dict
      sample:
        state: available
        name: langfuse-staging/application
        arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
        version_id: 5b3d2f8e-7d0a-4a80-9d1d-7a8a3c1f2b6e
    storage:
      description:
        - The bucket; its name is the one it would have where it does not exist. C(external) says that somebody else made it, and
          C(own_bucket) names one that the environment has of its own.
      type: dict
      sample:
        state: available
        bucket: langfuse-staging-123456789012-eu-central-1
        region: eu-central-1
        external: false
        own_bucket: langfuse-staging-123456789012-eu-central-1
    compute:
      description: Cluster, roles, log groups, private DNS namespace, and where ECR's pull-through cache keeps images, or would.
      type: dict
      sample:
        state: available
        cluster_name: langfuse-staging
        cluster_arn: arn:aws:ecs:eu-central-1:123456789012:cluster/langfuse-staging
        container_insights: disabled
        namespace_id: ns-0123456789abcdef
        namespace_name: langfuse-staging.internal
        role_arns:
          execution: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-execution
          web: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-web
          worker: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-worker
          clickhouse: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-clickhouse
        apprunner_role_arns:
          instance: ""
          access: ""
        image_registry: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/langfuse-staging-hub
        log_groups:
          web: /langfuse/langfuse-staging/web
          worker: /langfuse/langfuse-staging/worker
          clickhouse: /langfuse/langfuse-staging/clickhouse
          migration: /langfuse/langfuse-staging/migration
    database:
      description:
        - The Aurora cluster. C(resource_id) is another one after a restore.
        - C(replaced_cluster_ids) are those whose place a restore has taken, the oldest first.
        - C(deletion_protection) is true where any of them is protected.
      type: dict
      sample:
        state: available
        endpoint: langfuse-staging.cluster-abcdefghijkl.eu-central-1.rds.amazonaws.com
        port: 5432
        database_name: langfuse
        username: langfuse
        engine_version: "16.11"
        cluster_id: langfuse-staging
        cluster_arn: arn:aws:rds:eu-central-1:123456789012:cluster:langfuse-staging
        resource_id: cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ
        data_api: true
        instance_ids: [langfuse-staging-1]
        capacity: [0.5, 4.0]
        replaced_cluster_ids: []
        deletion_protection: true
    cache:
      description:
        - The replication group. C(auth_token_rotating) says that it still accepts the AUTH token before the last one.
      type: dict
      sample:
        state: available
        endpoint: master.langfuse-staging.abcdef.euc1.cache.amazonaws.com
        port: 6379
        tls: true
        auth_token_rotating: false
        engine_version: 8.0.1
        replication_group_id: langfuse-staging
        node_ids: [langfuse-staging-001]
    clickhouse:
      description:
        - ClickHouse on ECS; absent where it runs elsewhere. C(nodes) are those on EC2.
        - Of several replicas, the counts are those of all together, and C(host) is the load balancer in front of them.
      type: dict
      sample:
        state: available
        host: clickhouse.langfuse-staging.internal
        file_system_id: fs-0123456789abcdef0
        throughput_mode: elastic
        access_point_id: fsap-0123456789abcdef0
        load_balancer_arn: ""
        target_group_arns: {}
        nodes:
          - name: langfuse-staging-clickhouse-1
            service_name: clickhouse
            running: true
            instance_id: i-0123456789abcdef0
            volume_id: vol-0123456789abcdef0
            volume_size: 100
            availability_zone: eu-central-1a
        backup_schedule: cron(0 1 * * ? *)
        backup_schedule_arn: arn:aws:scheduler:eu-central-1:123456789012:schedule/default/langfuse-staging-clickhouse-backup
        backup_task_definition_arn: >-
          arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-clickhouse-backup:1
        registry_arn: arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-0123456789abcdef
        service_name: clickhouse
        task_definition_arn: arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-clickhouse:1
        image: docker.io/clickhouse/clickhouse-server:25.8
        secret_version_id: 5b3d2f8e-7d0a-4a80-9d1d-7a8a3c1f2b6e
        running_count: 1
        desired_count: 1
    ingress:
      description:
        - The load balancer; C(url) is HTTPS where it listens to that, and CloudFront's where that stands in front. C(certificates) are
          those that were requested for either.
        - C(distribution_id) is that of CloudFront, or of the VPC origin where only that is left.
        - C(ingestion_routed) says whether a rule leads requests to the target group of ingestion.
      type: dict
      sample:
        state: available
        dns_name: langfuse-staging-123456789.eu-central-1.elb.amazonaws.com
        url: http://langfuse-staging-123456789.eu-central-1.elb.amazonaws.com
        load_balancer_arn: >-
          arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/langfuse-staging/0123456789abcdef
        target_group_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/langfuse-staging-web/0123456789abcdef
        ingestion_target_group_arn: >-
          arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/langfuse-staging-ingestion/0123456789abcdef
        ingestion_routed: true
        grafana_target_group_arn: ""
        scheme: internet-facing
        access_logs_bucket: langfuse-staging-123456789012-eu-central-1-logs
        web_acl_arn: arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/langfuse-staging/0b3d9b4c-9e1f-4f5e-8a55-1f2a3b4c5d6e
        waf_log_group: aws-waf-logs-langfuse-staging
        own_logs_bucket: langfuse-staging-123456789012-eu-central-1-logs
        certificates:
          - arn: arn:aws:acm:eu-central-1:123456789012:certificate/5d0c1f0e-1f6c-4f6a-9d5c-0d6a2f6f0c11
            domain_name: langfuse.example.com
            status: ISSUED
        listeners:
          - port: 80
            protocol: HTTP
        certificate_arn: ""
        deletion_protection: false
        distribution_id: ""
        distribution_domain: ""
    migration:
      description: The newest migration, and whether it was completed.
      type: dict
      sample:
        state: available
        task_definition_arn: arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-migration:1
        image: docker.io/langfuse/langfuse:3.225.4
        completed: true
    sign_in:
      description: Sign-in with Amazon Cognito. An environment may do without, so it is never missing.
      type: dict
      sample:
        state: available
        user_pool_id: eu-central-1_AbCdEfGhI
        issuer: https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI
        domain_prefix: langfuse-staging-123456789012
        client_id: 1h57kf5cpq17m0eml12EXAMPLE
        secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/sign-in-AbCdEf
        deletion_protection: true
    web:
      description:
        - The web service. C(secret_version_id) is the version of the secret with which its tasks started; empty where the service
          runs another revision than the newest, as after a deployment that went back.
        - The web service. C(scaling) has the least and the most tasks where Application Auto Scaling sets their number, and is
          empty otherwise. C(platforms) says where it runs, of V(ecs) and V(apprunner), and C(url) where App Runner serves it, as
          C(apprunner_service_arn); a worker has none of them. App Runner tells no counts.
      type: dict
      sample: &service
        state: available
        service_name: web
        task_definition_arn: arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-web:1
        image: docker.io/langfuse/langfuse:3.225.4
        secret_version_id: 5b3d2f8e-7d0a-4a80-9d1d-7a8a3c1f2b6e
        running_count: 2
        desired_count: 2
        scaling: [2, 6]
        platforms: [ecs]
        url: ""
        apprunner_service_arn: ""
    ingestion:
      description:
        - The web server's service for ingestion, in the same form as RV(environment.web). An environment may do without, so it is
          never missing.
      type: dict
      sample: *service
    worker:
      description: The worker service, in the same form as RV(environment.web); and C(write_mode), in which its tasks write where Langfuse
        was told one, empty otherwise.
      type: dict
      sample: *service
    grafana:
      description: Grafana's service, without C(scaling). An environment may do without, so it is never missing.
      type: dict
      sample:
        state: available
        service_name: grafana
        task_definition_arn: arn:aws:ecs:eu-central-1:123456789012:task-definition/langfuse-staging-grafana:1
        image: docker.io/grafana/grafana:13.2.2
        secret_version_id: 5b3d2f8e-7d0a-4a80-9d1d-7a8a3c1f2b6e
        running_count: 1
        desired_count: 1
    monitoring:
      description: Alarms, their topic, and the dashboard.
      type: dict
      sample:
        state: available
        topic_arn: arn:aws:sns:eu-central-1:123456789012:langfuse-staging-alarms
        alarm_names: [langfuse-staging/web-5xx, langfuse-staging/web-tasks]
        firing: []
        dashboard_name: langfuse-staging-eu-central-1
        subscriptions_pending: 0
    backup:
      description: Vault and plan of AWS Backup, and the role for them.
      type: dict
      sample:
        state: available
        vault_name: langfuse-staging
        vault_arn: arn:aws:backup:eu-central-1:123456789012:backup-vault:langfuse-staging
        recovery_points: 14
        plan_id: 01234567-89ab-cdef-0123-456789abcdef
        selections: [clickhouse, database]
        role_arn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-backup
    resources:
      description: Everything that the environment owns and that costs or blocks something, each with its component.
      type: list
      elements: dict
      contains:
        component:
          description: The component it belongs to.
          type: str
          sample: network
        type:
          description: What it is.
          type: str
          sample: vpc
        id:
          description: Its id, name or ARN.
          type: str
          sample: vpc-0123456789abcdef0
    foreign:
      description:
        - What bears the environment's names without its tag C(langfuse:environment), in the form of RV(environment.resources), so
          somebody else made it. The playbooks refuse to touch it.
      type: list
      elements: dict
      sample: []
    missing:
      description: The components that are absent, of those in O(components).
      type: list
      elements: str
      sample: [web, worker]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._discovery import readings
from ansible_collections.llmops.langfuse.plugins.module_utils._discovery.components import COMPONENTS
from ansible_collections.llmops.langfuse.plugins.module_utils._discovery.environment import (
    discover,
    services_of,
    wait_for,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "components": {"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": list(COMPONENTS)},
    "wait_for": {"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": []},
    "wait_timeout": {"type": "int", "default": 1800},
    "storage_bucket": {"type": "str", "default": ""},
    "storage_mode": {"type": "str", "choices": ["own", "external"], "default": "own"},
}


class Clients(dict[str, Any]):
    """Clients by service; C(<service>@<region>) is one of another region. What few environments have is made when it is asked for."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        super().__init__()
        self._module = module

    def __missing__(self, name: str) -> Any:
        service, _at, region = name.partition("@")
        self[name] = self._module.client(service, **({"region": region} if region else {}))
        return self[name]


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    components, awaited = params["components"], params["wait_for"]
    unread = [name for name in awaited if name not in components]
    if unread:
        raise AwsError(f"wait_for names {', '.join(unread)}, which components does not have; add it there")
    # What readings need to know of a component stands where its part will.
    storage = {"bucket": params["storage_bucket"], "external": params["storage_mode"] == "external"}
    if storage["external"] and not storage["bucket"]:
        raise AwsError(
            "storage_mode is external, but storage_bucket is empty; name the bucket there, or set storage_mode to own"
        )
    clients = Clients(module)
    for service in ("sts", *sorted(services_of(components))):
        clients[service] = module.client(service)
    region = clients["sts"].meta.region_name
    identity = {"name": params["name"], "region": region, **readings.identity(clients), "storage": storage}
    if awaited:
        wait_for(clients, identity, awaited, params["wait_timeout"])
    return {"changed": False, "environment": discover(clients, identity, components)}


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
