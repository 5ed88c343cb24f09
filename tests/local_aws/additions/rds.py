# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDS: Aurora PostgreSQL clusters that are real PostgreSQL servers, with the states that AWS shows.

moto keeps clusters, instances, groups and snapshots; what it describes is completed here. A cluster's endpoint is
127.0.0.1 and its server's own port, known as soon as the server runs; a cluster that is renamed gets another one.

A snapshot is what the cluster's server had written when it was asked for, and a restore is PostgreSQL's own recovery of
that, to its end or to the moment that was asked for. AWS's latest restorable time is some minutes ago, here it is now.
Nothing runs behind an instance of RDS for PostgreSQL, so that a cluster from a snapshot of one has an empty database.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.rds import rds_backends

from .. import interfaces
from .. import rds_engines as tables
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

HOST = "127.0.0.1"
ENGINE = "aurora-postgresql"
# Of which a cluster of this engine can be restored.
SOURCES = (ENGINE, "postgres")
# What a restore takes over from the source where it is not given.
KEPT = ("BackupRetentionPeriod", "PreferredBackupWindow", "DatabaseName", "StorageEncrypted", "KmsKeyId")
# What moto's CreateDBCluster does not know of a restore.
RESTORE_ONLY = frozenset(
    ("SnapshotIdentifier", "SourceDBClusterIdentifier", "RestoreToTime", "RestoreType", "UseLatestRestorableTime")
)


def _postgres() -> Any:
    return importlib.import_module("local_aws.engines.postgres")


@dataclass
class Cluster:
    """What moto does not keep of a cluster."""

    region: str
    name: str
    # of its server, which a new name leaves as it is
    engine: str
    work: Future[int]
    http_endpoint: bool
    parameter_group: str
    subnet_group: str
    force_ssl: bool
    restored: bool = False
    pending: Shape = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    log_exports: set[str] = field(default_factory=set)
    insights: Shape = field(default_factory=lambda: {"DatabaseInsightsMode": "standard"})


class Rds(Addition):
    """RDS's additions."""

    service = "rds"

    def __init__(self, context: Context) -> None:
        self.clusters: dict[tuple[str, str], Cluster] = {}
        # where the data of each cluster snapshot lie
        self.snapshots: dict[tuple[str, str], Path] = {}
        # of instances that belong to no cluster
        self.passwords: dict[tuple[str, str], str] = {}
        self.engines = 0
        super().__init__(context)

    def reset(self) -> None:
        for cluster in self.clusters.values():
            _postgres().stop(self.context, cluster.engine)
        for folder in self.snapshots.values():
            _postgres().discard(self.context, folder.name)
        self.clusters.clear()
        self.snapshots.clear()

    def _engine(self, name: str) -> str:
        """A name for a server: that of its cluster can have another cluster later."""
        self.engines += 1
        return f"{name}-{self.engines}"

    # --- lookups ---

    @staticmethod
    def _backend(call: Call) -> Any:
        return rds_backends[call.account_id][call.region]

    def cluster(self, call: Call, name: str | None = None) -> Cluster:
        wanted = (name or call.params["DBClusterIdentifier"]).rpartition(":")[2].lower()
        found = self.clusters.get((call.region, wanted))
        if found is None:
            raise Refusal("DBClusterNotFoundFault", f"DBCluster {wanted} not found.", 404)
        return found

    @staticmethod
    def _held(call: Call, kind: str, group: str) -> tuple[str, str, str]:
        """A group that a cluster had which was deleted a moment ago."""
        return (f"db_{kind}", call.region, group)

    @staticmethod
    def _key(cluster: Cluster) -> tuple[str, str, str]:
        return "db_cluster", cluster.region, cluster.name

    @staticmethod
    def _instance_key(call: Call, name: str) -> tuple[str, str, str]:
        return "db_instance", call.region, name

    def _status(self, cluster: Cluster) -> str:
        status = self.lifecycle.state(self._key(cluster))
        failed = cluster.work.done() and cluster.work.exception() is not None
        return "failed" if failed and status == "available" else status

    def _available(self, cluster: Cluster) -> None:
        status = self._status(cluster)
        if status != "available":
            raise Refusal(
                "InvalidDBClusterStateFault", f"DB cluster is not available for modification with status {status}"
            )

    def _complete(self, call: Call, shape: Shape) -> Shape:
        """A cluster as AWS describes it."""
        cluster = self.clusters.get((call.region, shape["DBClusterIdentifier"]))
        if cluster is None:
            return shape
        status = self._status(cluster)
        shape["Status"] = status
        shape["HttpEndpointEnabled"] = cluster.http_endpoint
        shape["DBClusterParameterGroup"] = cluster.parameter_group
        shape["DBSubnetGroup"] = cluster.subnet_group
        shape["PendingModifiedValues"] = dict(cluster.pending)
        for name in ("Endpoint", "ReaderEndpoint", "Port"):
            shape.pop(name, None)
        if cluster.port is not None:
            shape |= {"Endpoint": HOST, "ReaderEndpoint": HOST, "Port": cluster.port}
        for member in shape.get("DBClusterMembers") or []:
            member["DBClusterParameterGroupStatus"] = "in-sync"
        # AWS shows the whole range only
        scaling = shape.get("ServerlessV2ScalingConfiguration")
        if not scaling:
            shape.pop("ServerlessV2ScalingConfiguration", None)
        elif float(scaling.get("MinCapacity") or 0) == 0:
            # API ServerlessV2ScalingConfigurationInfo: shown with a least capacity of 0 only, 300 by default
            scaling.setdefault("SecondsUntilAutoPause", 300)
        shape |= cluster.insights
        shape.pop("EnabledCloudwatchLogsExports", None)
        if cluster.log_exports:
            shape["EnabledCloudwatchLogsExports"] = sorted(cluster.log_exports)
        for window in ("PreferredBackupWindow", "PreferredMaintenanceWindow"):
            if shape.get(window):
                shape[window] = shape[window].lower()
        return shape

    def _complete_instance(self, call: Call, shape: Shape) -> Shape:
        name = shape["DBInstanceIdentifier"]
        cluster = self.clusters.get((call.region, shape.get("DBClusterIdentifier") or ""))
        if cluster is None:
            return shape
        status = self.lifecycle.state(self._instance_key(call, name))
        shape["DBInstanceStatus"] = status
        groups = call_result(self.context, call, "DescribeDBSubnetGroups", DBSubnetGroupName=cluster.subnet_group)
        shape["DBSubnetGroup"] = groups["DBSubnetGroups"][0]
        shape.pop("Endpoint", None)
        if cluster.port is not None and status != "creating":
            shape["Endpoint"] = {"Address": HOST, "Port": cluster.port, "HostedZoneId": "Z2R2ITUGPM61AM"}
        return shape

    # --- clusters ---

    @operation("CreateDBCluster")
    def create_cluster(self, call: Call, forward: Forward) -> Shape:
        params = call.params
        name = params["DBClusterIdentifier"].lower()
        if (call.region, name) in self.clusters:
            raise Refusal("DBClusterAlreadyExistsFault", "DB Cluster already exists")
        if params.get("Engine") != ENGINE:
            return forward()
        version = tables.resolve_version(params.get("EngineVersion"))
        if version is None:
            raise Refusal(
                "InvalidParameterCombination",
                f"Cannot find version {params.get('EngineVersion')} for {ENGINE}",
            )
        group, force_ssl = self._group(call, version)
        answer = forward(
            {
                # AWS's defaults that moto does not know
                "BackupRetentionPeriod": 1,
                "PreferredBackupWindow": "03:00-03:30",
                "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
                **params,
                "DBClusterIdentifier": name,
                "EngineVersion": version,
            }
        )
        engine = self._engine(name)
        work = self.context.background(
            lambda: _postgres().start(
                self.context,
                engine,
                params["MasterUsername"],
                params["MasterUserPassword"],
                params.get("DatabaseName"),
                force_ssl=force_ssl,
            )
        )
        cluster = Cluster(
            *(call.region, name, engine, work, bool(params.get("EnableHttpEndpoint"))),
            *(group, params.get("DBSubnetGroupName") or "default", force_ssl),
        )
        return self._begin(call, cluster, answer)

    def _group(self, call: Call, version: str) -> tuple[str, bool]:
        """The parameter group of a new cluster and whether it asks for TLS, once all that a cluster is given is there."""
        params, family = call.params, f"{ENGINE}{version.partition('.')[0]}"
        group = params.get("DBClusterParameterGroupName") or f"default.{family}"
        force_ssl = self._parameters(call, group, family)["rds.force_ssl"]["ParameterValue"] == "1"
        subnet_group = params.get("DBSubnetGroupName") or "default"
        call_result(self.context, call, "DescribeDBSubnetGroups", DBSubnetGroupName=subnet_group)
        self._check_security_groups(call)
        return group, force_ssl

    @staticmethod
    def _drop_automated(snapshots: dict[str, Any]) -> None:
        """moto's first one has no data, and a name that the next cluster or instance of this name and minute would have too."""
        for name in [name for name, item in snapshots.items() if item.snapshot_type == "automated"]:
            del snapshots[name]

    def _begin(self, call: Call, cluster: Cluster, answer: Shape) -> Shape:
        self._drop_automated(self._backend(call).cluster_snapshots)
        self._show(call, cluster)
        self.clusters[call.region, cluster.name] = cluster
        self.lifecycle.begin(
            self._key(cluster), "db_cluster.create", "creating", lambda: self._created(call, cluster), cluster.work
        )
        return {"DBCluster": self._complete(call, answer["DBCluster"])}

    @staticmethod
    def _show(call: Call, cluster: Cluster) -> list[str]:
        """What a cluster shows of itself, which moto does not keep; the names of these parameters."""
        params, insights = call.params, cluster.insights
        export = params.get("CloudwatchLogsExportConfiguration") or {}
        cluster.log_exports |= set(params.get("EnableCloudwatchLogsExports") or export.get("EnableLogTypes") or [])
        cluster.log_exports -= set(export.get("DisableLogTypes") or [])
        insights["DatabaseInsightsMode"] = params.get("DatabaseInsightsMode") or insights["DatabaseInsightsMode"]
        on = params.get("EnablePerformanceInsights")
        if on is not None:
            insights["PerformanceInsightsEnabled"] = str(on).lower() == "true"
        if insights.get("PerformanceInsightsEnabled"):
            # API CreateDBCluster: 7 days and the account's own key where none are given
            own = f"arn:aws:kms:{call.region}:{call.account_id}:key/aws-rds"
            for name, default in (("PerformanceInsightsRetentionPeriod", 7), ("PerformanceInsightsKMSKeyId", own)):
                insights[name] = params.get(name) or insights.get(name) or default
        else:
            insights.pop("PerformanceInsightsRetentionPeriod", None)
            insights.pop("PerformanceInsightsKMSKeyId", None)
        return [
            *("CloudwatchLogsExportConfiguration", "DatabaseInsightsMode", "EnablePerformanceInsights"),
            *("PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId"),
        ]

    def _created(self, call: Call, cluster: Cluster) -> None:
        error = cluster.work.exception()
        if error is None:
            cluster.port = cluster.work.result()
            self._moto_cluster(call, cluster).earliest_restorable_time = datetime.now(UTC)
        else:
            print(f"the database {cluster.name} did not start: {error}", file=sys.stderr)

    @staticmethod
    def _check_security_groups(call: Call) -> None:
        ec2 = interfaces.backend(call.account_id, call.region)
        for item in call.params.get("VpcSecurityGroupIds") or []:
            if ec2.get_security_group_from_id(item) is None:
                raise Refusal("InvalidParameterValue", f"The security group '{item}' does not exist")

    @operation("DescribeDBClusters")
    def describe_clusters(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        answer["DBClusters"] = [self._complete(call, shape) for shape in answer["DBClusters"]]
        return answer

    @operation("ModifyDBCluster")
    def modify_cluster(self, call: Call, forward: Forward) -> Shape:
        cluster, params = self.cluster(call), dict(call.params)
        self._available(cluster)
        self._check_security_groups(call)
        now = bool(params.get("ApplyImmediately"))
        new_name = self._new_name(call, cluster, params.pop("NewDBClusterIdentifier", None))
        version = params.pop("EngineVersion", None)
        if version is not None:
            self._check_version(call, cluster, version)
        group = params.get("DBClusterParameterGroupName")
        if group:
            current = self._moto_cluster(call, cluster).engine_version.partition(".")[0]
            force_ssl = self._parameters(call, group, f"{ENGINE}{current}")["rds.force_ssl"]["ParameterValue"] == "1"
            cluster.parameter_group = group
            if force_ssl != cluster.force_ssl:
                cluster.force_ssl = force_ssl
                _postgres().expose(self.context, cluster.engine, port=cluster.port, force_ssl=force_ssl)
        password = params.pop("MasterUserPassword", None)
        # the HTTP endpoint of such clusters has calls of its own: EnableHttpEndpoint, DisableHttpEndpoint
        params.pop("EnableHttpEndpoint", None)
        for name in self._show(call, cluster):
            params.pop(name, None)
        answer = forward(params)
        for item in cluster.interfaces.values():
            if params.get("VpcSecurityGroupIds"):
                interfaces.set_groups(call.account_id, call.region, item, params["VpcSecurityGroupIds"])
        if new_name and not now:
            cluster.pending["DBClusterIdentifier"] = new_name
        if new_name and now:
            self.lifecycle.begin(
                self._key(cluster), "db_cluster.modify", "renaming", lambda: self._rename(call, cluster, new_name)
            )
        elif password is not None:
            self._set_password(call, cluster, password, now)
        else:
            self.lifecycle.begin(self._key(cluster), "db_cluster.modify", "modifying")
        return {"DBCluster": self._complete(call, answer["DBCluster"])}

    def _new_name(self, call: Call, cluster: Cluster, asked: str | None) -> str:
        name = (asked or "").lower()
        if name in ("", cluster.name):
            return ""
        if (call.region, name) in self.clusters:
            raise Refusal("DBClusterAlreadyExistsFault", "DB Cluster already exists")
        return name

    def _rename(self, call: Call, cluster: Cluster, name: str) -> None:
        """The cluster under its new name: with another endpoint, and all else as it was."""
        members = list(self._moto_cluster(call, cluster).members)
        call_result(
            self.context, call, "ModifyDBCluster", DBClusterIdentifier=cluster.name, NewDBClusterIdentifier=name
        )
        for member in members:
            member.db_cluster_identifier = name
        self.clusters[cluster.region, name] = self.clusters.pop((cluster.region, cluster.name))
        cluster.name = name
        cluster.port = _postgres().expose(self.context, cluster.engine, force_ssl=cluster.force_ssl)

    def _moto_cluster(self, call: Call, cluster: Cluster) -> Any:
        return self._backend(call).clusters[cluster.name]

    def _check_version(self, call: Call, cluster: Cluster, version: str) -> None:
        moto_cluster = self._moto_cluster(call, cluster)
        resolved = tables.resolve_version(version)
        if resolved is None:
            raise Refusal("InvalidParameterCombination", f"Cannot find version {version} for {ENGINE}")
        old, new = moto_cluster.engine_version, resolved
        if old.partition(".")[0] == version:
            return
        if tables.numbers(new) < tables.numbers(old):
            raise Refusal("InvalidParameterCombination", f"Cannot upgrade {ENGINE} from {old} to {new}")
        if old.partition(".")[0] != new.partition(".")[0] and not call.params.get("AllowMajorVersionUpgrade"):
            raise Refusal(
                "InvalidParameterCombination",
                "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
            )
        if call.params.get("ApplyImmediately"):
            moto_cluster.engine_version = new
        else:
            cluster.pending["EngineVersion"] = new

    def _set_password(self, call: Call, cluster: Cluster, password: str, now: bool) -> None:
        """Asynchronous, as the API reference of ModifyDBCluster says; pending until it is done."""
        cluster.pending["MasterUserPassword"] = "****"
        if not now:
            self.lifecycle.begin(self._key(cluster), "db_cluster.modify", "modifying")
            return
        user = self._moto_cluster(call, cluster).master_username
        work = self.context.background(_postgres().set_password, self.context, cluster.engine, user, password)

        def done() -> None:
            cluster.pending.pop("MasterUserPassword", None)
            work.result()

        self.lifecycle.begin(self._key(cluster), "db_cluster.modify", "resetting-master-credentials", done, work)

    @operation("EnableHttpEndpoint", "DisableHttpEndpoint")
    def http_endpoint(self, call: Call, _forward: Forward) -> Shape:
        arn = call.params["ResourceArn"]
        cluster = self.cluster(call, arn)
        cluster.http_endpoint = call.operation == "EnableHttpEndpoint"
        return {"ResourceArn": arn, "HttpEndpointEnabled": cluster.http_endpoint}

    @operation("DeleteDBCluster")
    def delete_cluster(self, call: Call, _forward: Forward) -> Shape:
        cluster, params = self.cluster(call), call.params
        moto_cluster = self._moto_cluster(call, cluster)
        if moto_cluster.deletion_protection:
            raise Refusal(
                "InvalidParameterCombination",
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            )
        if bool(params.get("SkipFinalSnapshot")) == bool(params.get("FinalDBSnapshotIdentifier")):
            raise Refusal(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and not allowed with it.",
            )
        left = [
            item.db_instance_identifier
            for item in moto_cluster.members
            if self.lifecycle.state(self._instance_key(call, item.db_instance_identifier)) != "deleting"
        ]
        if left:
            raise Refusal(
                "InvalidDBClusterStateFault",
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            )
        if self._status(cluster) not in ("available", "failed"):
            raise Refusal("InvalidDBClusterStateFault", f"DB cluster is in status {self._status(cluster)}")
        snapshot = params.get("FinalDBSnapshotIdentifier")
        if snapshot:
            params = {"DBClusterSnapshotIdentifier": snapshot, "DBClusterIdentifier": cluster.name}
            taken = replace(call, operation="CreateDBClusterSnapshot", params=params)
            self.snapshot(taken, lambda: self.context.forward(taken))
        work = self.context.background(_postgres().stop, self.context, cluster.engine)
        members = [item.db_instance_identifier for item in moto_cluster.members]

        def gone() -> None:
            for member in members:
                self._remove_instance(call, cluster, member)
            del self.clusters[cluster.region, cluster.name]
            call_result(self.context, call, "DeleteDBCluster", DBClusterIdentifier=cluster.name, SkipFinalSnapshot=True)
            # AWS does not list the cluster any more, but its groups do not know that yet
            for held in (
                self._held(call, "parameters", cluster.parameter_group),
                self._held(call, "subnets", cluster.subnet_group),
            ):
                self.lifecycle.begin(held, "db_groups.release", "in-use")

        self.lifecycle.begin(self._key(cluster), "db_cluster.delete", "deleting", gone, work)
        shown = call_result(self.context, call, "DescribeDBClusters", DBClusterIdentifier=cluster.name)
        return {"DBCluster": self._complete(call, shown["DBClusters"][0])}

    # --- snapshots ---

    @staticmethod
    def _snapshot_name(identifier: str) -> str:
        """Of a name or an ARN; the names of automated ones have a colon."""
        return identifier.split(":", 6)[-1] if identifier.startswith("arn:") else identifier

    @staticmethod
    def _snapshot_key(call: Call, name: str) -> tuple[str, str, str]:
        return "db_cluster_snapshot", call.region, name

    def _complete_snapshot(self, call: Call, shape: Shape) -> Shape:
        state = self.lifecycle.state(self._snapshot_key(call, shape["DBClusterSnapshotIdentifier"]))
        return shape | {"Status": state, "PercentProgress": 100 if state == "available" else 0}

    @operation("CreateDBClusterSnapshot")
    def snapshot(self, call: Call, forward: Forward) -> Shape:
        # API CreateDBClusterSnapshot, error InvalidDBClusterStateFault
        cluster, name = self.cluster(call), call.params["DBClusterSnapshotIdentifier"].lower()
        self._available(cluster)
        shape = forward()["DBClusterSnapshot"]
        # now, since what is written later is not in it
        self.snapshots[call.region, name] = _postgres().snapshot(
            self.context, cluster.engine, self._engine(f"snapshot-{name}".replace(":", "-"))
        )
        self.lifecycle.begin(self._snapshot_key(call, name), "db_snapshot.create", "creating")
        return {"DBClusterSnapshot": self._complete_snapshot(call, shape)}

    @operation("DescribeDBClusterSnapshots")
    def describe_snapshots(self, call: Call, forward: Forward) -> Shape:
        params = dict(call.params)
        if params.get("DBClusterSnapshotIdentifier"):
            params["DBClusterSnapshotIdentifier"] = self._snapshot_name(params["DBClusterSnapshotIdentifier"])
        found = forward(params)["DBClusterSnapshots"]
        return {"DBClusterSnapshots": [self._complete_snapshot(call, shape) for shape in found]}

    @operation("DescribeDBSnapshots")
    def describe_instance_snapshots(self, call: Call, forward: Forward) -> Shape:
        params = dict(call.params)
        if params.get("DBSnapshotIdentifier"):
            params["DBSnapshotIdentifier"] = self._snapshot_name(params["DBSnapshotIdentifier"])
        return forward(params)

    @operation("DeleteDBClusterSnapshot")
    def delete_snapshot(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBClusterSnapshotIdentifier"].lower()
        if self.lifecycle.busy(self._snapshot_key(call, name)):
            raise Refusal("InvalidDBClusterSnapshotStateFault", f"The snapshot {name} is being created.")
        answer = forward()
        folder = self.snapshots.pop((call.region, name), None)
        if folder:
            _postgres().discard(self.context, folder.name)
        return answer

    # --- restores ---

    @operation("RestoreDBClusterFromSnapshot")
    def restore_from_snapshot(self, call: Call, _forward: Forward) -> Shape:
        identifier = call.params["SnapshotIdentifier"]
        self._refuse_existing(call)
        # by its ARN only, says the API
        of_instance = identifier.startswith("arn:") and identifier.split(":")[5] == "snapshot"
        source = self._instance_snapshot(call) if of_instance else self._cluster_snapshot(call)
        if source["Engine"] not in SOURCES or call.params.get("Engine") != ENGINE:
            raise Refusal(
                "InvalidParameterCombination",
                f"The engine {call.params.get('Engine')} is not compatible with the snapshot's, {source['Engine']}",
            )
        version = self._restored_version(call, source)
        if of_instance:
            user, password, database = self._instance_credentials(call, identifier)
            source |= {"DatabaseName": database}

            def empty(engine: str, force_ssl: bool) -> int:
                port: int = _postgres().start(
                    self.context, engine, user, password, source["DatabaseName"], force_ssl=force_ssl
                )
                return port

            return self._restore(call, source, version, empty)
        folder = self.snapshots.get((call.region, source["DBClusterSnapshotIdentifier"]))
        if folder is None:
            raise Refusal("InvalidRestoreFault", "This local AWS has no data of that snapshot.")
        then = self._backend(call).cluster_snapshots[source["DBClusterSnapshotIdentifier"]].cluster
        source |= {
            "DatabaseName": then.database_name,
            "BackupRetentionPeriod": then.backup_retention_period,
            "PreferredBackupWindow": then.preferred_backup_window,
        }
        return self._restore(call, source, version, self._recover(folder))

    def _refuse_existing(self, call: Call) -> None:
        if (call.region, call.params["DBClusterIdentifier"].lower()) in self.clusters:
            raise Refusal("DBClusterAlreadyExistsFault", "DB Cluster already exists")

    def _cluster_snapshot(self, call: Call) -> Shape:
        identifier = call.params["SnapshotIdentifier"]
        asked = replace(
            call, operation="DescribeDBClusterSnapshots", params={"DBClusterSnapshotIdentifier": identifier}
        )
        found = self.describe_snapshots(asked, lambda params: self.context.forward(replace(asked, params=params)))
        shape: Shape = found["DBClusterSnapshots"][0]
        if shape["Status"] != "available":
            raise Refusal("InvalidDBClusterSnapshotStateFault", f"The snapshot {identifier} is {shape['Status']}.")
        return shape

    def _instance_snapshot(self, call: Call) -> Shape:
        name = self._snapshot_name(call.params["SnapshotIdentifier"])
        found = call_result(self.context, call, "DescribeDBSnapshots", DBSnapshotIdentifier=name)["DBSnapshots"]
        shape: Shape = found[0]
        return shape | {"StorageEncrypted": shape.get("Encrypted", False), "TagList": shape.get("TagList") or []}

    def _instance_credentials(self, call: Call, identifier: str) -> tuple[str, str, str | None]:
        instance = self._backend(call).database_snapshots[self._snapshot_name(identifier)].database
        password = self.passwords[call.region, instance.db_instance_identifier]
        return instance.master_username, password, instance.db_name

    @staticmethod
    def _restored_version(call: Call, source: Shape) -> str:
        asked = call.params.get("EngineVersion")
        version = tables.resolve_version(asked)
        if version is None:
            raise Refusal("InvalidParameterCombination", f"Cannot find version {asked} for {ENGINE}")
        old = source["EngineVersion"]
        if version.partition(".")[0] != old.partition(".")[0]:
            raise Refusal("InvalidParameterCombination", f"Cannot restore a snapshot of version {old} to {version}")
        if tables.numbers(version) < tables.numbers(old):
            # in AWS's words: aws-samples/redcap-on-aws 99
            raise Refusal(
                "InvalidParameterCombination",
                f"The engine version you requested for your restored DB cluster ({version}) is earlier than the engine "
                f"version of the DB cluster snapshot ({old}).",
            )
        return version

    def _recover(self, folder: Path, moment: datetime | None = None) -> Callable[[str, bool], int]:
        def work(engine: str, force_ssl: bool) -> int:
            port: int = _postgres().restore(self.context, engine, folder, moment=moment, force_ssl=force_ssl)
            return port

        return work

    @operation("RestoreDBClusterToPointInTime")
    def restore_to_point_in_time(self, call: Call, _forward: Forward) -> Shape:
        params = call.params
        self._refuse_existing(call)
        source = self.cluster(call, params["SourceDBClusterIdentifier"])
        self._available(source)
        latest = str(params.get("UseLatestRestorableTime")).lower() == "true"
        moment = as_moment(params.get("RestoreToTime"))
        if latest == (moment is not None):
            raise Refusal(
                "InvalidParameterCombination", "Either RestoreToTime or UseLatestRestorableTime must be specified."
            )
        if moment and params.get("RestoreType") == "copy-on-write":
            raise Refusal("InvalidParameterCombination", "RestoreToTime cannot be specified with copy-on-write.")
        shown = call_result(self.context, call, "DescribeDBClusters", DBClusterIdentifier=source.name)["DBClusters"][0]
        kept = self._moto_cluster(call, source)
        earliest = max(
            kept.earliest_restorable_time, datetime.now(UTC) - timedelta(days=int(shown["BackupRetentionPeriod"]))
        )
        if moment and not earliest <= moment <= datetime.now(UTC):
            # the API names no code for it
            raise Refusal("InvalidRestoreFault", f"The cluster {source.name} cannot be restored to {moment}.")
        # what is written from here on is not in it; its folder goes once the new server has its copy
        folder = _postgres().snapshot(self.context, source.engine, self._engine("moment"))
        recover = self._recover(folder, moment)

        def work(engine: str, force_ssl: bool) -> int:
            try:
                return recover(engine, force_ssl)
            finally:
                _postgres().discard(self.context, folder.name)

        # API: "with the same configuration as the original", tags excepted
        scaling = shown.get("ServerlessV2ScalingConfiguration")
        same = {"ServerlessV2ScalingConfiguration": scaling} if scaling else {}
        return self._restore(call, shown | {"TagList": []}, kept.engine_version, work, **same)

    def _restore(
        self, call: Call, source: Shape, version: str, start: Callable[[str, bool], int], **same: Any
    ) -> Shape:
        """A cluster from a source, with the settings that are given, the source's, or AWS's defaults."""
        params, name = call.params, call.params["DBClusterIdentifier"].lower()
        group, force_ssl = self._group(call, version)
        kept = {key: source[key] for key in KEPT if source.get(key) is not None}
        wanted = same | kept | {key: value for key, value in params.items() if key not in RESTORE_ONLY}
        wanted["StorageEncrypted"] = bool(source.get("StorageEncrypted")) or bool(params.get("KmsKeyId"))
        answer = call_result(
            self.context,
            call,
            "CreateDBCluster",
            **{
                "BackupRetentionPeriod": 1,
                "PreferredBackupWindow": "03:00-03:30",
                "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
                # whether tags of a snapshot come along where none are given is not documented: the harder case
                "Tags": source.get("TagList") or [],
                **wanted,
                "DBClusterIdentifier": name,
                "Engine": ENGINE,
                "EngineVersion": version,
                "MasterUsername": source["MasterUsername"],
                # moto wants one; the server's are those of then
                "MasterUserPassword": "not-that-of-the-server",
            },
        )
        engine = self._engine(name)
        work = self.context.background(start, engine, force_ssl)
        subnet_group = params.get("DBSubnetGroupName") or "default"
        cluster = Cluster(
            *(call.region, name, engine, work, False, group, subnet_group, force_ssl),
            restored=True,
        )
        return self._begin(call, cluster, answer)

    # --- instances ---

    @operation("CreateDBInstance")
    def create_instance(self, call: Call, forward: Forward) -> Shape:
        params = call.params
        if not params.get("DBClusterIdentifier"):
            self.passwords[call.region, params["DBInstanceIdentifier"].lower()] = params.get("MasterUserPassword") or ""
            return forward()
        cluster, name = self.cluster(call), params["DBInstanceIdentifier"].lower()
        if name in self._backend(call).databases:
            raise Refusal("DBInstanceAlreadyExists", f"DB instance already exists: {name}")
        if self._status(cluster) in ("deleting", "failed"):
            raise Refusal(
                "InvalidDBClusterStateFault", f"The DB cluster {cluster.name} is in status {self._status(cluster)}"
            )
        if cluster.restored and self._status(cluster) == "creating":
            # API RestoreDBClusterFromSnapshot: only after it has completed and the cluster is available
            self._available(cluster)
        shape = forward({"StorageType": "aurora", **params, "DBInstanceIdentifier": name})["DBInstance"]
        self._drop_automated(self._backend(call).database_snapshots)
        subnets = call_result(self.context, call, "DescribeDBSubnetGroups", DBSubnetGroupName=cluster.subnet_group)
        zones = subnets["DBSubnetGroups"][0]["Subnets"]
        subnet = zones[len(cluster.interfaces) % len(zones)]["SubnetIdentifier"]
        groups = self._moto_cluster(call, cluster).vpc_security_group_ids or []
        cluster.interfaces[name] = interfaces.create(
            call.account_id, call.region, subnet, groups, "RDSNetworkInterface"
        )
        self.lifecycle.begin(self._instance_key(call, name), "db_instance.create", "creating", None, cluster.work)
        return {"DBInstance": self._complete_instance(call, shape)}

    @operation("DescribeDBInstances")
    def describe_instances(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        answer["DBInstances"] = [self._complete_instance(call, shape) for shape in answer["DBInstances"]]
        return answer

    @operation("ModifyDBInstance")
    def modify_instance(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBInstanceIdentifier"].lower()
        key = self._instance_key(call, name)
        if self.lifecycle.busy(key):
            raise Refusal(
                "InvalidDBInstanceState",
                f"Database instance is not in available state: {self.lifecycle.state(key)}",
            )
        new_name = (call.params.get("NewDBInstanceIdentifier") or name).lower()
        if new_name != name:
            return self._rename_instance(call, forward, name, new_name)
        shape = forward()["DBInstance"]
        self.lifecycle.begin(key, "db_instance.modify", "modifying")
        return {"DBInstance": self._complete_instance(call, shape)}

    def _rename_instance(self, call: Call, forward: Forward, name: str, new_name: str) -> Shape:
        """AWS reboots it under its new name at once, or in the maintenance window."""
        if new_name in self._backend(call).databases:
            raise Refusal("DBInstanceAlreadyExists", f"DB instance already exists: {new_name}")
        shown = call_result(self.context, call, "DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"][0]
        if not call.params.get("ApplyImmediately"):
            shown["PendingModifiedValues"] = {"DBInstanceIdentifier": new_name}
            return {"DBInstance": self._complete_instance(call, shown)}
        cluster = self.clusters.get((call.region, shown.get("DBClusterIdentifier") or ""))

        def renamed() -> None:
            forward()
            if cluster and name in cluster.interfaces:
                cluster.interfaces[new_name] = cluster.interfaces.pop(name)

        self.lifecycle.begin(self._instance_key(call, name), "db_instance.modify", "renaming", renamed)
        return {"DBInstance": self._complete_instance(call, shown)}

    @operation("DeleteDBInstance")
    def delete_instance(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBInstanceIdentifier"].lower()
        found = self._backend(call).databases.get(name)
        cluster = self.clusters.get((call.region, getattr(found, "db_cluster_identifier", None) or ""))
        if found is None or cluster is None:
            return forward()
        key = self._instance_key(call, name)
        if self.lifecycle.state(key) == "deleting":
            raise Refusal("InvalidDBInstanceState", f"Instance {name} is already being deleted.")
        if found.deletion_protection:
            raise Refusal(
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, please disable deletion protection and try again.",
            )
        self.lifecycle.begin(key, "db_instance.delete", "deleting", lambda: self._remove_instance(call, cluster, name))
        shown = call_result(self.context, call, "DescribeDBInstances", DBInstanceIdentifier=name)
        return {"DBInstance": self._complete_instance(call, shown["DBInstances"][0])}

    def _remove_instance(self, call: Call, cluster: Cluster, name: str) -> None:
        self.lifecycle.transitions.pop(self._instance_key(call, name), None)
        interface = cluster.interfaces.pop(name, None)
        if interface:
            interfaces.delete(call.account_id, call.region, interface)
        if name in self._backend(call).databases:
            call_result(self.context, call, "DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)

    # --- groups ---

    @operation("ModifyDBSubnetGroup")
    def modify_subnet_group(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBSubnetGroupName"].lower()
        if name not in self._backend(call).subnet_groups:
            raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist", 404)
        return forward()

    @operation("DeleteDBSubnetGroup")
    def delete_subnet_group(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBSubnetGroupName"].lower()
        used = any(item.subnet_group == name for item in self.clusters.values() if item.region == call.region)
        if used or self.lifecycle.busy(self._held(call, "subnets", name)):
            raise Refusal(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database cluster uses it.",
            )
        return forward()

    def _parameters(self, call: Call, name: str, family: str | None = None) -> dict[str, Shape]:
        """Every parameter of a group, and what was changed."""
        if name.startswith("default."):
            own, found = name.removeprefix("default."), None
        else:
            found = self._backend(call).db_cluster_parameter_groups.get(name.lower())
            if found is None:
                raise Refusal("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}", 404)
            own = found.db_parameter_group_family
        if family is not None and own != family:
            raise Refusal(
                "InvalidParameterCombination",
                f"The Parameter Group {name} with DBParameterGroupFamily {own} can't be used for this instance. Please "
                f"use a Parameter Group with DBParameterGroupFamily {family}",
            )
        known = tables.parameters(own)
        for changed, values in (found.parameters if found else {}).items():
            known[changed] |= {key: value for key, value in values.items() if key in ("ParameterValue", "ApplyMethod")}
            known[changed]["Source"] = "user"
        return known

    @operation("DescribeDBClusterParameters")
    def describe_parameters(self, call: Call, _forward: Forward) -> Shape:
        found = list(self._parameters(call, call.params["DBClusterParameterGroupName"]).values())
        source = call.params.get("Source")
        return {"Parameters": [item for item in found if source in (None, item["Source"])]}

    @operation("ModifyDBClusterParameterGroup")
    def modify_parameters(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBClusterParameterGroupName"]
        known = self._parameters(call, name)
        if len(call.params["Parameters"]) > tables.MAX_CHANGES:
            raise Refusal("InvalidParameterValue", "At most 20 parameters can be modified in one request.")
        for item in call.params["Parameters"]:
            parameter = known.get(item["ParameterName"])
            if parameter is None:
                raise Refusal("InvalidParameterValue", f"Could not find parameter with name: {item['ParameterName']}")
            if not parameter["IsModifiable"]:
                raise Refusal("InvalidParameterValue", f"The parameter {item['ParameterName']} cannot be modified.")
            if parameter["ApplyType"] == "static" and item.get("ApplyMethod") == "immediate":
                raise Refusal(
                    "InvalidParameterCombination",
                    "cannot use immediate apply method for static parameter",
                )
            if not tables.allows(parameter["AllowedValues"], item.get("ParameterValue", "")):
                raise Refusal(
                    "InvalidParameterValue",
                    f"Invalid parameter value: {item.get('ParameterValue')} for: {item['ParameterName']} allowed "
                    f"values are: {parameter['AllowedValues']}",
                )
        return forward()

    @operation("DeleteDBClusterParameterGroup")
    def delete_parameter_group(self, call: Call, forward: Forward) -> Shape:
        name = call.params["DBClusterParameterGroupName"].lower()
        used = any(item.parameter_group == name for item in self.clusters.values() if item.region == call.region)
        if used or self.lifecycle.busy(self._held(call, "parameters", name)):
            raise Refusal(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group, so it cannot be deleted.",
            )
        return forward()


def as_moment(value: Any) -> datetime | None:
    """A time of a request, with or without a zone; AWS means UTC."""
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def call_result(context: Context, call: Call, operation_name: str, **params: Any) -> Shape:
    """What moto answers to another call of the same service."""
    return context.forward(Call("rds", operation_name, params, call.region, call.account_id))


def install(context: Context) -> None:
    Rds(context)
