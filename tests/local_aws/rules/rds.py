# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What RDS refuses and moto takes, before any state is looked at.

Source, where no other stands: the API reference (CreateDBCluster, CreateDBInstance, CreateDBSubnetGroup, and the restores,
whose parameters have the rules of CreateDBCluster's). The codes are
AWS's; a wording that was not found is ours.
"""

from __future__ import annotations

import re
from typing import Any

from moto.rds import rds_backends

from .. import interfaces
from ..ecs import policy
from . import Call, Refusal, rule

# every printable ASCII character but these
PASSWORD = re.compile(r"[!-~]{8,41}")
NOT_IN_PASSWORD = frozenset('/"@ ')
IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
USER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")
# PostgreSQL's, and AWS's own
RESERVED_USERS = frozenset(("admin", "postgres_superuser", "rdsadmin", "rds_superuser", "user", "public"))
MAX_CAPACITY = 256.0
# Guide AuroraUserGuide/aurora-serverless-v2-auto-pause: the first minor version of a major one that pauses; from 17 on, all do
PAUSING = {13: 15, 14: 12, 15: 7, 16: 3}
PAUSE = (300, 86400)
# Aurora PostgreSQL's, of API ModifyDBCluster.CloudwatchLogsExportConfiguration
LOG_TYPES = frozenset(("instance", "postgresql", "iam-db-auth-error"))
INSIGHTS_DAYS = frozenset((7, 731, *(31 * month for month in range(1, 24))))
ADVANCED_DAYS = 465


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _password(value: str | None) -> None:
    if value is not None and (not PASSWORD.fullmatch(value) or NOT_IN_PASSWORD & set(value)):
        raise invalid(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', "
            "'\"', ' ' may be used, 8 to 41 of them."
        )


@rule("rds", "CreateDBCluster")
@rule("rds", "ModifyDBCluster")
def password(call: Call) -> None:
    _password(call.params.get("MasterUserPassword"))


@rule("rds", "CreateDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def names(call: Call) -> None:
    params = call.params
    identifier = params.get("DBClusterIdentifier") or ""
    if not IDENTIFIER.fullmatch(identifier) or len(identifier) > 63:
        raise invalid("The parameter DBClusterIdentifier is not a valid identifier.")
    user = params.get("MasterUsername")
    if user is not None and (not USER.fullmatch(user) or user.lower() in RESERVED_USERS):
        raise invalid(f"MasterUsername {user} cannot be used as it is a reserved word used by the engine or not a name")
    name = params.get("DatabaseName")
    if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,62}", name):
        raise invalid("DatabaseName must begin with a letter and contain only alphanumeric characters.")


@rule("rds", "ModifyDBCluster")
@rule("rds", "ModifyDBInstance")
def new_names(call: Call) -> None:
    for parameter in ("NewDBClusterIdentifier", "NewDBInstanceIdentifier"):
        name = call.params.get(parameter)
        if name is not None and (not IDENTIFIER.fullmatch(name) or len(name) > 63):
            raise invalid(f"The parameter {parameter} is not a valid identifier.")


@rule("rds", "CreateDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def engine_mode(call: Call) -> None:
    # Aurora Serverless v1 has ended
    if call.params.get("EngineMode") not in (None, "provisioned"):
        raise Refusal("InvalidParameterCombination", f"The engine mode {call.params['EngineMode']} is not available.")


@rule("rds", "CreateDBCluster")
@rule("rds", "ModifyDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def scaling(call: Call) -> None:
    given = call.params.get("ServerlessV2ScalingConfiguration")
    if given is None:
        return
    least, most = float(given.get("MinCapacity", 0.5)), float(given.get("MaxCapacity", 1.0))
    if (
        any(value * 2 != int(value * 2) for value in (least, most))
        or not 0 <= least <= most <= MAX_CAPACITY
        or most < 1
    ):
        raise invalid("Serverless v2 capacities are half units, from 0 or 0.5 to 256, the least not above the most.")


@rule("rds", "CreateDBCluster")
@rule("rds", "ModifyDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def pauses(call: Call) -> None:
    given = call.params.get("ServerlessV2ScalingConfiguration") or {}
    least, seconds = float(given.get("MinCapacity", 0.5)), given.get("SecondsUntilAutoPause")
    major, _, minor = str(call.params.get("EngineVersion") or "").partition(".")
    if least == 0 and minor.isdigit() and int(minor) < PAUSING.get(int(major), 0):
        raise invalid(f"The engine version {major}.{minor} does not support a least capacity of 0.")
    if seconds is not None and (least != 0 or not PAUSE[0] <= int(seconds) <= PAUSE[1]):
        raise invalid(
            f"SecondsUntilAutoPause is {PAUSE[0]} to {PAUSE[1]}, and is given only with a least capacity of 0; not {seconds}."
        )


@rule("rds", "CreateDBCluster")
@rule("rds", "ModifyDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def shown(call: Call) -> None:
    params = call.params
    export = params.get("CloudwatchLogsExportConfiguration") or {}
    for kind in [*(params.get("EnableCloudwatchLogsExports") or []), *(export.get("EnableLogTypes") or [])]:
        if kind not in LOG_TYPES:
            raise Refusal(
                "InvalidParameterCombination",
                f"You cannot use the log types '{kind}' with engine version aurora-postgresql.",
            )
    days = params.get("PerformanceInsightsRetentionPeriod")
    if days is not None and int(days) not in INSIGHTS_DAYS:
        raise invalid(f"Invalid Performance Insights retention period. {days} is not 7, 731 or a multiple of 31.")
    on = str(params.get("EnablePerformanceInsights")).lower() == "true"
    if params.get("DatabaseInsightsMode") == "advanced" and not (on and int(days or 7) >= ADVANCED_DAYS):
        raise Refusal(
            "InvalidParameterCombination",
            "To enable the Advanced mode of Database Insights, Performance Insights must be enabled and its retention period "
            f"set to {ADVANCED_DAYS} days.",
        )


@rule("rds", "CreateDBCluster")
@rule("rds", "ModifyDBCluster")
@rule("rds", "RestoreDBClusterFromSnapshot")
@rule("rds", "RestoreDBClusterToPointInTime")
def backup(call: Call) -> None:
    days = call.params.get("BackupRetentionPeriod")
    if days is not None and not 1 <= int(days) <= 35:
        raise invalid(f"Invalid backup retention period: {days}. Must be between 1 and 35.")


@rule("rds", "CreateDBInstance")
def serverless(call: Call) -> None:
    # cloudposse/terraform-aws-rds-cluster #181
    params = call.params
    cluster = rds_backends[call.account_id][call.region].clusters.get(params.get("DBClusterIdentifier") or "")
    if cluster is None or params.get("DBInstanceClass") != "db.serverless":
        return
    if not cluster.serverless_v2_scaling_configuration:
        raise Refusal(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
        )


@rule("rds", "CreateDBInstance")
@rule("rds", "ModifyDBInstance")
def settings_of_the_cluster(call: Call) -> None:
    params: dict[str, Any] = call.params
    backend = rds_backends[call.account_id][call.region]
    instance = backend.databases.get(params.get("DBInstanceIdentifier") or "")
    if not params.get("DBClusterIdentifier") and getattr(instance, "db_cluster_identifier", None) is None:
        return
    for name in ("MasterUserPassword", "BackupRetentionPeriod", "StorageEncrypted", "VpcSecurityGroupIds", "DBName"):
        if params.get(name) not in (None, []):
            raise Refusal(
                "InvalidParameterCombination",
                f"The requested {name} is a setting of the DB cluster, not of its instances.",
            )


@rule("rds", "CreateDBInstance")
@rule("rds", "ModifyDBInstance")
def role_of_enhanced_monitoring(call: Call) -> None:
    """Guide USER_Monitoring.OS.Enabling: a role that RDS's monitoring may assume; a new one is not known at once."""
    arn = call.params.get("MonitoringRoleArn")
    role = policy.role_of(arn) if arn else None
    source = f"arn:aws:rds:{call.region}:{call.account_id}:db:{call.params.get('DBInstanceIdentifier')}"
    trusted = role is not None and policy.trusts(role, "monitoring.rds.amazonaws.com", source)
    if arn and not (trusted and policy.visible(role)):
        raise invalid(
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING"
        )


@rule("rds", "CreateDBSubnetGroup")
@rule("rds", "ModifyDBSubnetGroup")
def two_zones(call: Call) -> None:
    wanted = call.params.get("SubnetIds") or []
    zones = interfaces.zones(call.account_id, call.region, wanted)
    missing = [item for item in wanted if item not in zones]
    if missing:
        raise Refusal("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")
    if len(set(zones.values())) < 2:
        raise Refusal(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(sorted(set(zones.values())))}. Add subnets to cover at least 2 AZs.",
        )
