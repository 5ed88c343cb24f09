# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ElastiCache: parameter groups, and replication groups that are real Valkey servers.

moto keeps the replication groups for their tags only; what is described is kept here, in AWS's own shape.
"""

from __future__ import annotations

import copy
import datetime
import importlib
import sys
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import TaggedResource
from moto.elasticache.models import ElastiCacheBackend, elasticache_backends

from .. import elasticache_parameters as tables
from .. import interfaces
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

HOST = "127.0.0.1"
MAX_TOKENS = 2
MAX_REPLICAS = 5


def _valkey() -> Any:
    return importlib.import_module("local_aws.engines.valkey")


def _arn(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:elasticache:{call.region}:{call.account_id}:{kind}:{name}"


@dataclass
class ParameterGroup:
    """A cache parameter group."""

    name: str
    family: str
    description: str
    arn: str
    changed: dict[str, str] = field(default_factory=dict)

    @property
    def is_default(self) -> bool:
        return self.name.startswith("default.")

    def shape(self) -> Shape:
        return {
            "CacheParameterGroupName": self.name,
            "CacheParameterGroupFamily": self.family,
            "Description": self.description,
            "IsGlobal": False,
            "ARN": self.arn,
        }

    def parameters(self) -> dict[str, Shape]:
        found = tables.parameters(self.family)
        for name, value in self.changed.items():
            found[name]["ParameterValue"] = value
            found[name]["Source"] = "user"
        if self.name.endswith(".cluster.on"):
            found["cluster-enabled"]["ParameterValue"] = "yes"
        return found

    def values(self) -> dict[str, str]:
        """What the engine gets: what nobody can modify belongs to the size of AWS's own nodes."""
        return {name: item["ParameterValue"] for name, item in self.parameters().items() if item["IsModifiable"]}


@dataclass
class Group:
    """A replication group and its engine."""

    shape: Shape
    node: Shape
    call: Call
    tokens: list[str]
    interfaces: list[str] = field(default_factory=list)
    work: Future[int] | None = None
    port: int | None = None

    @property
    def id(self) -> str:
        return str(self.shape["ReplicationGroupId"])

    @property
    def tls(self) -> bool:
        return bool(self.shape["TransitEncryptionEnabled"])


class ElastiCache(Addition):
    """ElastiCache's additions."""

    service = "elasticache"

    def __init__(self, context: Context) -> None:
        self.parameter_groups: dict[tuple[str, str], ParameterGroup] = {}
        self.groups: dict[tuple[str, str], Group] = {}
        super().__init__(context)
        self._patch_tags()

    def reset(self) -> None:
        for group in self.groups.values():
            _valkey().stop(self.context, group.id)
        self.groups.clear()
        self.parameter_groups.clear()

    # --- parameter groups ---

    def parameter_group(self, call: Call, name: str) -> ParameterGroup:
        stored = self.parameter_groups.get((call.region, name.lower()))
        if stored:
            return stored
        family = name.removeprefix("default.").removesuffix(".cluster.on")
        if name.startswith("default.") and family in tables.FAMILIES:
            return ParameterGroup(
                name, family, f"Default parameter group for {family}", _arn(call, "parametergroup", name)
            )
        raise Refusal("CacheParameterGroupNotFound", f"CacheParameterGroup not found: {name}", 404)

    @operation("CreateCacheParameterGroup")
    def create_parameter_group(self, call: Call, _forward: Forward) -> Shape:
        name, family = call.params["CacheParameterGroupName"].lower(), call.params["CacheParameterGroupFamily"]
        if family not in tables.FAMILIES:
            raise Refusal(
                "InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            )
        if (call.region, name) in self.parameter_groups:
            raise Refusal("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        group = ParameterGroup(name, family, call.params["Description"], _arn(call, "parametergroup", name))
        self.parameter_groups[call.region, name] = group
        self._backend(call).tagging_service.tag_resource(group.arn, call.params.get("Tags") or [])
        return {"CacheParameterGroup": group.shape()}

    @operation("DescribeCacheParameterGroups")
    def describe_parameter_groups(self, call: Call, _forward: Forward) -> Shape:
        name = call.params.get("CacheParameterGroupName")
        if name:
            return {"CacheParameterGroups": [self.parameter_group(call, name).shape()]}
        defaults = [f"default.{family}{suffix}" for family in tables.FAMILIES for suffix in ("", ".cluster.on")]
        own = [group for (region, _), group in self.parameter_groups.items() if region == call.region]
        return {
            "CacheParameterGroups": [
                group.shape() for group in [*(self.parameter_group(call, item) for item in defaults), *own]
            ]
        }

    @operation("DescribeCacheParameters")
    def describe_parameters(self, call: Call, _forward: Forward) -> Shape:
        found = self.parameter_group(call, call.params["CacheParameterGroupName"]).parameters().values()
        source = call.params.get("Source")
        return _page("Parameters", [item for item in found if source in (None, item["Source"])], call.params)

    @operation("DescribeEngineDefaultParameters")
    def describe_engine_defaults(self, call: Call, _forward: Forward) -> Shape:
        family = call.params["CacheParameterGroupFamily"]
        if family not in tables.FAMILIES:
            raise Refusal(
                "InvalidParameterValue", f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            )
        page = _page("Parameters", list(tables.parameters(family).values()), call.params)
        return {"EngineDefaults": {"CacheParameterGroupFamily": family, **page}}

    def _changeable(self, call: Call) -> ParameterGroup:
        group = self.parameter_group(call, call.params["CacheParameterGroupName"])
        if group.is_default:
            raise Refusal("InvalidCacheParameterGroupState", "Default CacheParameterGroup cannot be modified.")
        return group

    @operation("ModifyCacheParameterGroup")
    def modify_parameter_group(self, call: Call, _forward: Forward) -> Shape:
        group = self._changeable(call)
        known = group.parameters()
        for item in call.params["ParameterNameValues"]:
            name, value = item["ParameterName"], item.get("ParameterValue", "")
            parameter = known.get(name)
            if parameter is None:
                raise Refusal(
                    "InvalidParameterValue", f"The parameter {name} is not a valid parameter for family {group.family}."
                )
            if not parameter["IsModifiable"]:
                raise Refusal("InvalidParameterValue", f"The parameter {name} cannot be modified.")
            if not tables.allows(parameter["AllowedValues"], parameter["DataType"], value):
                raise Refusal(
                    "InvalidParameterValue",
                    f"The parameter value {value} is not valid for {name}; allowed are {parameter['AllowedValues']}.",
                )
        group.changed.update(
            {item["ParameterName"]: item["ParameterValue"] for item in call.params["ParameterNameValues"]}
        )
        self._apply(call.region, group)
        return {"CacheParameterGroupName": group.name}

    @operation("ResetCacheParameterGroup")
    def reset_parameter_group(self, call: Call, _forward: Forward) -> Shape:
        group = self._changeable(call)
        names = [item["ParameterName"] for item in call.params.get("ParameterNameValues") or []]
        if bool(names) == bool(call.params.get("ResetAllParameters")):
            raise Refusal("InvalidParameterCombination", "Give either parameters, or ResetAllParameters.")
        for name in names or list(group.changed):
            group.changed.pop(name, None)
        self._apply(call.region, group)
        return {"CacheParameterGroupName": group.name}

    @operation("DeleteCacheParameterGroup")
    def delete_parameter_group(self, call: Call, _forward: Forward) -> Shape:
        group = self._changeable(call)
        names = [item.node["CacheParameterGroup"]["CacheParameterGroupName"] for item in self._groups(call.region)]
        if group.name in names or self.lifecycle.busy(self._held(call, "parameters", group.name)):
            raise Refusal(
                "InvalidCacheParameterGroupState",
                f"One or more cache clusters are still members of this parameter group {group.name}, so the group "
                "cannot be deleted.",
            )
        del self.parameter_groups[call.region, group.name]
        return {}

    def _apply(self, region: str, group: ParameterGroup) -> None:
        """Changed parameters reach the engines that use the group."""
        for item in self._groups(region):
            used = item.node["CacheParameterGroup"]["CacheParameterGroupName"] == group.name
            if used and item.port is not None:
                self.context.background(_valkey().set_parameters, self.context, item.id, group.values())

    # --- subnet groups ---

    @operation("CreateCacheSubnetGroup")
    def create_subnet_group(self, call: Call, forward: Forward) -> Shape:
        name = call.params["CacheSubnetGroupName"].lower()
        if name in self._backend(call).cache_subnet_groups:
            raise Refusal("CacheSubnetGroupAlreadyExists", f"Cache subnet group {name} already exists.")
        self._check_subnets(call)
        return forward({**call.params, "CacheSubnetGroupName": name})

    @staticmethod
    def _check_subnets(call: Call) -> None:
        wanted = call.params.get("SubnetIds") or []
        known = interfaces.zones(call.account_id, call.region, wanted)
        missing = [subnet for subnet in wanted if subnet not in known]
        if missing or not wanted:
            raise Refusal("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")

    def _subnet_group(self, call: Call, name: str) -> Any:
        found = self._backend(call).cache_subnet_groups.get(name.lower())
        if found is None:
            raise Refusal("CacheSubnetGroupNotFoundFault", f"CacheSubnetGroup {name} not found.")
        return found

    @operation("ModifyCacheSubnetGroup")
    def modify_subnet_group(self, call: Call, _forward: Forward) -> Shape:
        name = call.params["CacheSubnetGroupName"].lower()
        group = self._subnet_group(call, name)
        if call.params.get("SubnetIds"):
            self._check_subnets(call)
            kept = set(call.params["SubnetIds"])
            for item in self._groups(call.region):
                if item.node["CacheSubnetGroupName"] == name and not self._subnets_of(item) <= kept:
                    raise Refusal("SubnetInUse", "Some of the subnets to remove are in use by a cache cluster.")
        made = type(group)(
            call.account_id,
            call.region,
            name,
            call.params.get("CacheSubnetGroupDescription") or group.cache_subnet_group_description,
            call.params.get("SubnetIds") or group.subnet_ids,
            group.tags,
        )
        self._backend(call).cache_subnet_groups[name] = made
        described = self.context.forward(
            Call("elasticache", "DescribeCacheSubnetGroups", {"CacheSubnetGroupName": name}, call.region)
        )
        return {"CacheSubnetGroup": described["CacheSubnetGroups"][0]}

    def _subnets_of(self, group: Group) -> set[str]:
        enis = interfaces.backend(group.call.account_id, group.call.region).enis
        return {enis[item].subnet.id for item in group.interfaces if item in enis}

    @operation("DeleteCacheSubnetGroup")
    def delete_subnet_group(self, call: Call, _forward: Forward) -> Shape:
        name = call.params["CacheSubnetGroupName"].lower()
        group = self._subnet_group(call, name)
        used = any(item.node["CacheSubnetGroupName"] == name for item in self._groups(call.region))
        if used or self.lifecycle.busy(self._held(call, "subnets", name)):
            raise Refusal("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
        del self._backend(call).cache_subnet_groups[group.cache_subnet_group_name]
        return {}

    # --- replication groups ---

    def _backend(self, call: Call) -> Any:
        return elasticache_backends[call.account_id][call.region]

    def _groups(self, region: str) -> list[Group]:
        return [group for (where, _), group in self.groups.items() if where == region]

    def group(self, call: Call) -> Group:
        name = call.params["ReplicationGroupId"].lower()
        found = self.groups.get((call.region, name))
        if found is None:
            raise Refusal("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
        return found

    def _key(self, group: Group) -> tuple[str, str, str]:
        return "replication_group", group.call.region, group.id

    def _status(self, group: Group) -> str:
        status = self.lifecycle.state(self._key(group))
        if status == "available" and group.work is not None and group.work.exception() is not None:
            return "create-failed"
        return status

    def _available(self, group: Group) -> None:
        status = self._status(group)
        if status != "available":
            raise Refusal(
                "InvalidReplicationGroupState",
                f"Replication group {group.id} is not in a valid state: its status is {status}, it must be available.",
            )

    @operation("CreateReplicationGroup")
    def create_group(self, call: Call, forward: Forward) -> Shape:
        name = call.params["ReplicationGroupId"].lower()
        if (call.region, name) in self.groups:
            raise Refusal("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
        group = self._new_group(call, name)
        # moto keeps it for its tags; the token stays here
        forward({**{key: call.params[key] for key in call.params if key != "AuthToken"}, "ReplicationGroupId": name})
        self.groups[call.region, name] = group
        parameters = self.parameter_group(call, group.node["CacheParameterGroup"]["CacheParameterGroupName"]).values()
        group.work = self.context.background(
            _valkey().start, self.context, name, group.tokens[0] if group.tokens else None, parameters, group.tls
        )
        self.lifecycle.begin(
            self._key(group), "replication_group.create", "creating", lambda: self._created(group), group.work
        )
        return {"ReplicationGroup": self._describe(group)}

    @staticmethod
    def _created(group: Group) -> None:
        assert group.work is not None
        error = group.work.exception()
        if error is None:
            group.port = group.work.result()
        else:
            print(f"the cache {group.id} did not start: {error}", file=sys.stderr)

    def _new_group(self, call: Call, name: str) -> Group:
        params = call.params
        engine = (params.get("Engine") or "redis").lower()
        version = tables.resolve_version(engine, params.get("EngineVersion"))
        if version is None:
            raise Refusal(
                "InvalidParameterCombination", f"Cannot find version {params.get('EngineVersion')} for {engine}"
            )
        family = tables.family_of(engine, version)
        parameter_group = self.parameter_group(call, params.get("CacheParameterGroupName") or f"default.{family}")
        if parameter_group.family != family:
            raise Refusal(
                "InvalidParameterCombination",
                f"Expected a parameter group of family {family} but found one of family {parameter_group.family}",
            )
        subnet_group = self._subnet_group(call, params.get("CacheSubnetGroupName") or "default")
        count = int(params.get("NumCacheClusters") or int(params.get("ReplicasPerNodeGroup") or 0) + 1)
        zones = interfaces.zones(call.account_id, call.region, subnet_group.subnet_ids)
        if params.get("MultiAZEnabled") and len(set(zones.values())) < 2:
            raise Refusal("InvalidParameterCombination", "Multi-AZ needs a subnet group with subnets in two zones.")
        token = params.get("AuthToken")
        group = Group(
            shape={
                "ReplicationGroupId": name,
                "Description": params["ReplicationGroupDescription"],
                "GlobalReplicationGroupInfo": {},
                "PendingModifiedValues": {},
                "MemberClusters": [f"{name}-{number:03}" for number in range(1, count + 1)],
                "AutomaticFailover": "enabled" if params.get("AutomaticFailoverEnabled") else "disabled",
                "MultiAZ": "enabled" if params.get("MultiAZEnabled") else "disabled",
                "SnapshotRetentionLimit": int(params.get("SnapshotRetentionLimit") or 0),
                "SnapshotWindow": params.get("SnapshotWindow") or "03:30-04:30",
                "ClusterEnabled": False,
                "CacheNodeType": params.get("CacheNodeType") or "cache.r7g.large",
                "AuthTokenEnabled": bool(token),
                "TransitEncryptionEnabled": bool(params.get("TransitEncryptionEnabled")),
                # on by default for Valkey
                "AtRestEncryptionEnabled": bool(params.get("AtRestEncryptionEnabled", engine == "valkey")),
                "ARN": _arn(call, "replicationgroup", name),
                "LogDeliveryConfigurations": [],
                "ReplicationGroupCreateTime": datetime.datetime.now(datetime.UTC),
                "DataTiering": "disabled",
                "AutoMinorVersionUpgrade": bool(params.get("AutoMinorVersionUpgrade", True)),
                "NetworkType": "ipv4",
                "IpDiscovery": "ipv4",
                "ClusterMode": "disabled",
                "Engine": engine,
            },
            node={
                "Engine": engine,
                "EngineVersion": version,
                "CacheParameterGroup": {
                    "CacheParameterGroupName": parameter_group.name,
                    "ParameterApplyStatus": "in-sync",
                    "CacheNodeIdsToReboot": [],
                },
                "CacheSubnetGroupName": subnet_group.cache_subnet_group_name,
                "SecurityGroups": self._security_groups(call, params.get("SecurityGroupIds")),
                "PreferredMaintenanceWindow": params.get("PreferredMaintenanceWindow") or "sun:05:00-sun:06:00",
                "Zones": [sorted(set(zones.values()))[number % len(set(zones.values()))] for number in range(count)],
            },
            call=call,
            tokens=[token] if token else [],
        )
        if params.get("KmsKeyId"):
            group.shape["KmsKeyId"] = params["KmsKeyId"]
        if token:
            group.shape["AuthTokenLastModifiedDate"] = datetime.datetime.now(datetime.UTC)
        if group.tls:
            group.shape["TransitEncryptionMode"] = params.get("TransitEncryptionMode") or "required"
        for number in range(count):
            self._add_interface(group, subnet_group, number)
        return group

    @staticmethod
    def _add_interface(group: Group, subnet_group: Any, number: int) -> None:
        call = group.call
        zones = interfaces.zones(call.account_id, call.region, subnet_group.subnet_ids)
        subnet = next(item for item, zone in zones.items() if zone == group.node["Zones"][number])
        groups = [item["SecurityGroupId"] for item in group.node["SecurityGroups"]]
        description = f"ElastiCache {group.shape['MemberClusters'][number]}"
        group.interfaces.append(interfaces.create(call.account_id, call.region, subnet, groups, description))

    @staticmethod
    def _security_groups(call: Call, wanted: list[str] | None) -> list[Shape]:
        ec2 = interfaces.backend(call.account_id, call.region)
        for item in wanted or []:
            if ec2.get_security_group_from_id(item) is None:
                raise Refusal("InvalidParameterValue", f"The security group '{item}' does not exist")
        return [{"SecurityGroupId": item, "Status": "active"} for item in wanted or []]

    def _describe(self, group: Group) -> Shape:
        status = self._status(group)
        shape = copy.deepcopy(group.shape)
        shape["Status"] = status
        node_group: Shape = {"NodeGroupId": "0001", "Status": status, "NodeGroupMembers": []}
        if group.port is not None:
            endpoint = {"Address": HOST, "Port": group.port}
            node_group |= {"PrimaryEndpoint": endpoint, "ReaderEndpoint": endpoint}
            for number, member in enumerate(shape["MemberClusters"]):
                node_group["NodeGroupMembers"].append(
                    {
                        "CacheClusterId": member,
                        "CacheNodeId": "0001",
                        "ReadEndpoint": endpoint,
                        "PreferredAvailabilityZone": group.node["Zones"][number],
                        "CurrentRole": "replica" if number else "primary",
                    }
                )
        if status not in ("creating", "create-failed"):
            shape["NodeGroups"] = [node_group]
        return shape

    @operation("DescribeReplicationGroups")
    def describe_groups(self, call: Call, _forward: Forward) -> Shape:
        if call.params.get("ReplicationGroupId"):
            return {"ReplicationGroups": [self._describe(self.group(call))]}
        return _page("ReplicationGroups", [self._describe(group) for group in self._groups(call.region)], call.params)

    @operation("DescribeCacheClusters")
    def describe_nodes(self, call: Call, _forward: Forward) -> Shape:
        nodes = [node for group in self._groups(call.region) for node in self._nodes(group)]
        wanted = call.params.get("CacheClusterId")
        if wanted:
            nodes = [node for node in nodes if node["CacheClusterId"] == wanted.lower()]
            if not nodes:
                raise Refusal("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
        if not call.params.get("ShowCacheNodeInfo"):
            for node in nodes:
                node.pop("CacheNodes")
        return _page("CacheClusters", nodes, call.params)

    def _nodes(self, group: Group) -> list[Shape]:
        status = self._status(group)
        shape = group.shape
        nodes = []
        for number, member in enumerate(shape["MemberClusters"]):
            cache_node: Shape = {"CacheNodeId": "0001", "CacheNodeStatus": status, "ParameterGroupStatus": "in-sync"}
            if group.port is not None:
                cache_node["Endpoint"] = {"Address": HOST, "Port": group.port}
            node = copy.deepcopy({name: value for name, value in group.node.items() if name != "Zones"})
            nodes.append(
                {
                    "PendingModifiedValues": {},
                    **node,
                    "CacheClusterId": member,
                    "CacheNodeType": shape["CacheNodeType"],
                    "CacheClusterStatus": status,
                    "NumCacheNodes": 1,
                    "PreferredAvailabilityZone": group.node["Zones"][number],
                    "CacheClusterCreateTime": shape["ReplicationGroupCreateTime"],
                    "AutoMinorVersionUpgrade": shape["AutoMinorVersionUpgrade"],
                    "ReplicationGroupId": group.id,
                    "SnapshotRetentionLimit": shape["SnapshotRetentionLimit"] if number else 0,
                    "SnapshotWindow": shape["SnapshotWindow"],
                    "AuthTokenEnabled": shape["AuthTokenEnabled"],
                    "TransitEncryptionEnabled": shape["TransitEncryptionEnabled"],
                    "AtRestEncryptionEnabled": shape["AtRestEncryptionEnabled"],
                    "ARN": _arn(group.call, "cluster", member),
                    "ReplicationGroupLogDeliveryEnabled": False,
                    "NetworkType": "ipv4",
                    "IpDiscovery": "ipv4",
                    "CacheNodes": [cache_node],
                }
            )
        return nodes

    # --- changes ---

    @operation("ModifyReplicationGroup")
    def modify_group(self, call: Call, _forward: Forward) -> Shape:
        group = self.group(call)
        self._available(group)
        params = call.params
        self._check_modification(call, group)
        shape, node = group.shape, group.node
        for name, target in {
            "ReplicationGroupDescription": "Description",
            "SnapshotRetentionLimit": "SnapshotRetentionLimit",
            "SnapshotWindow": "SnapshotWindow",
            "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
            "TransitEncryptionMode": "TransitEncryptionMode",
        }.items():
            if name in params:
                shape[target] = params[name]
        for name, target in {"AutomaticFailoverEnabled": "AutomaticFailover", "MultiAZEnabled": "MultiAZ"}.items():
            if name in params:
                shape[target] = "enabled" if params[name] else "disabled"
        if "PreferredMaintenanceWindow" in params:
            node["PreferredMaintenanceWindow"] = params["PreferredMaintenanceWindow"]
        if params.get("SecurityGroupIds"):
            node["SecurityGroups"] = self._security_groups(call, params["SecurityGroupIds"])
            for item in group.interfaces:
                interfaces.set_groups(call.account_id, call.region, item, params["SecurityGroupIds"])
        self._modify_at_once_or_later(call, group)
        then = self._new_tokens(call, group)
        self.lifecycle.begin(self._key(group), "replication_group.modify", "modifying", then)
        return {"ReplicationGroup": self._describe(group)}

    def _check_modification(self, call: Call, group: Group) -> None:
        params, shape = call.params, group.shape
        failover = params.get("AutomaticFailoverEnabled", shape["AutomaticFailover"] == "enabled")
        multi_az = params.get("MultiAZEnabled", shape["MultiAZ"] == "enabled")
        if multi_az and not failover:
            raise Refusal("InvalidParameterCombination", "Automatic failover must be enabled when Multi-AZ is enabled.")
        if failover and len(shape["MemberClusters"]) < 2:
            raise Refusal("InvalidParameterCombination", "Automatic failover needs at least one replica.")
        if params.get("AuthToken") and not params.get("ApplyImmediately"):
            raise Refusal("InvalidParameterCombination", "The AUTH token can only be changed with ApplyImmediately.")
        if params.get("AuthToken") and not group.tls:
            raise Refusal("InvalidParameterCombination", "An AUTH token needs encryption in transit.")
        version = params.get("EngineVersion")
        if version:
            resolved = tables.resolve_version(group.node["Engine"], version)
            if resolved is None:
                raise Refusal(
                    "InvalidParameterCombination", f"Cannot find version {version} for {group.node['Engine']}"
                )
            if _numbers(resolved) < _numbers(group.node["EngineVersion"]):
                raise Refusal(
                    "InvalidParameterCombination",
                    f"Cannot modify the engine version from {group.node['EngineVersion']} to {version}: there is no way back.",
                )
        name = params.get("CacheParameterGroupName")
        if name:
            self.parameter_group(call, name)

    def _modify_at_once_or_later(self, call: Call, group: Group) -> None:
        params = call.params
        pending = group.node.setdefault("PendingModifiedValues", {})
        version = params.get("EngineVersion")
        resolved = tables.resolve_version(group.node["Engine"], version) if version else None
        for value, target, where, name in (
            (resolved, "EngineVersion", group.node, "EngineVersion"),
            (params.get("CacheNodeType"), "CacheNodeType", group.shape, "CacheNodeType"),
        ):
            if not value or where[name] == value:
                continue
            if params.get("ApplyImmediately"):
                where[name] = value
                pending.pop(target, None)
            else:
                pending[target] = value
        wanted = params.get("CacheParameterGroupName")
        if wanted:
            parameter_group = self.parameter_group(call, wanted)
            family = tables.family_of(group.node["Engine"], pending.get("EngineVersion") or group.node["EngineVersion"])
            if parameter_group.family != family:
                raise Refusal(
                    "InvalidParameterCombination",
                    f"Expected a parameter group of family {family} but found one of family {parameter_group.family}",
                )
            group.node["CacheParameterGroup"]["CacheParameterGroupName"] = parameter_group.name
            self._apply(call.region, parameter_group)

    def _new_tokens(self, call: Call, group: Group) -> Any:
        """ROTATE adds a token and ends the one before the last, SET leaves the last alone; docs .../dg/auth.html."""
        token, strategy = call.params.get("AuthToken"), call.params.get("AuthTokenUpdateStrategy") or "ROTATE"
        if strategy == "DELETE":
            if not call.params.get("UserGroupIdsToAdd"):
                raise Refusal("InvalidParameterCombination", "AUTH can only be deleted in favour of a user group.")
            wanted: list[str] = []
        elif not token:
            return None
        elif strategy == "ROTATE":
            wanted = [*[item for item in group.tokens if item != token], token][-MAX_TOKENS:]
        elif group.tokens and token != group.tokens[-1]:
            # API ModifyReplicationGroup.AuthTokenUpdateStrategy: "SET - allowed only after ROTATE"
            raise Refusal("InvalidParameterValue", "SET takes only the token to which the group was rotated last.")
        else:
            wanted = [token]

        def apply() -> None:
            _valkey().set_auth_tokens(self.context, group.id, wanted)
            group.tokens = wanted
            group.shape["AuthTokenEnabled"] = bool(wanted)
            group.shape["AuthTokenLastModifiedDate"] = datetime.datetime.now(datetime.UTC)

        return apply

    @operation("IncreaseReplicaCount", "DecreaseReplicaCount")
    def change_replicas(self, call: Call, _forward: Forward) -> Shape:
        group = self.group(call)
        self._available(group)
        count, wanted = len(group.shape["MemberClusters"]) - 1, int(call.params.get("NewReplicaCount", -1))
        grows = call.operation == "IncreaseReplicaCount"
        if not 0 <= wanted <= MAX_REPLICAS or (wanted > count) != grows or wanted == count:
            raise Refusal("InvalidParameterValue", f"NewReplicaCount {wanted} is not possible with {count} replicas.")
        if wanted == 0 and "enabled" in (group.shape["AutomaticFailover"], group.shape["MultiAZ"]):
            raise Refusal("InvalidParameterCombination", "Automatic failover needs at least one replica.")
        subnet_group = self._subnet_group(call, group.node["CacheSubnetGroupName"])
        zones = sorted(set(interfaces.zones(call.account_id, call.region, subnet_group.subnet_ids).values()))
        while len(group.shape["MemberClusters"]) > wanted + 1:
            group.shape["MemberClusters"].pop()
            group.node["Zones"].pop()
            interfaces.delete(call.account_id, call.region, group.interfaces.pop())
        for number in range(len(group.shape["MemberClusters"]), wanted + 1):
            group.shape["MemberClusters"].append(f"{group.id}-{number + 1:03}")
            group.node["Zones"].append(zones[number % len(zones)])
            self._add_interface(group, subnet_group, number)
        self.lifecycle.begin(self._key(group), "replication_group.modify", "modifying")
        return {"ReplicationGroup": self._describe(group)}

    @operation("DeleteReplicationGroup")
    def delete_group(self, call: Call, _forward: Forward) -> Shape:
        group = self.group(call)
        if self._status(group) != "create-failed":
            self._available(group)
        snapshot = call.params.get("FinalSnapshotIdentifier")
        if snapshot:
            self.context.forward(
                Call(
                    "elasticache",
                    "CreateSnapshot",
                    {"SnapshotName": snapshot, "ReplicationGroupId": group.id},
                    call.region,
                )
            )
        work = self.context.background(_valkey().stop, self.context, group.id)
        group.port = None
        self.lifecycle.begin(
            self._key(group), "replication_group.delete", "deleting", lambda: self._deleted(group), work
        )
        return {"ReplicationGroup": self._describe(group)}

    @staticmethod
    def _held(call: Call, kind: str, name: str) -> tuple[str, str, str]:
        """A group that a replication group had which was deleted a moment ago."""
        return (f"cache_{kind}", call.region, name)

    def _deleted(self, group: Group) -> None:
        call = group.call
        self.groups.pop((call.region, group.id), None)
        self._backend(call).replication_groups.pop(group.id, None)
        # AWS does not list it any more, but its groups do not know that yet
        parameters = group.node["CacheParameterGroup"]["CacheParameterGroupName"]
        for held in (
            self._held(call, "parameters", parameters),
            self._held(call, "subnets", group.node["CacheSubnetGroupName"]),
        ):
            self.lifecycle.begin(held, "cache_groups.release", "in-use")
        for item in group.interfaces:
            interfaces.delete(call.account_id, call.region, item)

    # --- tags ---

    def _patch_tags(self) -> None:
        """The Resource Groups Tagging API sees every resource under the type in its ARN, parameter groups too."""
        addition = self

        def resources(backend: Any) -> Any:
            own = [
                group.arn for (region, _), group in addition.parameter_groups.items() if region == backend.region_name
            ]
            stored = (
                backend.cache_clusters,
                backend.cache_subnet_groups,
                backend.replication_groups,
                backend.snapshots,
            )
            for arn in [*(item.arn for items in stored for item in items.values()), *own]:
                tags = backend.tagging_service.get_tag_dict_for_resource(arn)
                if tags:
                    yield TaggedResource(arn=arn, tags=tags, resource_type=f"elasticache:{arn.split(':')[5]}")

        ElastiCacheBackend.iter_tagged_resources = resources  # type: ignore[assignment,method-assign]

    @operation("ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
    def tags(self, call: Call, _forward: Forward) -> Shape:
        arn = call.params["ResourceName"]
        kind, _, name = arn.partition(f":{call.account_id}:")[2].partition(":")
        if kind == "replicationgroup":
            group = self.group(Call("elasticache", "", {"ReplicationGroupId": name}, call.region))
            if call.operation != "ListTagsForResource":
                self._available(group)
        elif kind == "parametergroup":
            self.parameter_group(call, name)
        elif kind == "subnetgroup":
            self._subnet_group(call, name)
        elif kind not in ("cluster", "snapshot", "user", "usergroup"):
            raise Refusal("InvalidARN", f"{arn} is not an ARN of ElastiCache")
        tagging = self._backend(call).tagging_service
        if call.operation == "AddTagsToResource":
            if any(tag["Key"].startswith("aws:") for tag in call.params["Tags"]):
                raise Refusal("InvalidParameterValue", "Tag keys must not begin with aws:")
            tagging.tag_resource(arn, call.params["Tags"])
        elif call.operation == "RemoveTagsFromResource":
            tagging.untag_resource_using_names(arn, call.params["TagKeys"])
        tags = tagging.get_tag_dict_for_resource(arn)
        return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _page(name: str, items: list[Shape], params: Shape) -> Shape:
    """One page of a list; the marker is the position."""
    start, size = int(params.get("Marker") or 0), int(params.get("MaxRecords") or 100)
    page: Shape = {name: items[start : start + size]}
    if start + size < len(items):
        page["Marker"] = str(start + size)
    return page


def install(context: Context) -> None:
    ElastiCache(context)
