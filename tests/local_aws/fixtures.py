# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ground that a test stands on, straight with boto3: what the roles would make, with their names and tags, in seconds.

``python -m local_aws.fixtures --name NAME [--endpoint URL] network secrets storage compute [database cache]`` makes what is
missing of these components, waits, and prints their part of ``langfuse_environment`` as JSON; ``--delete`` removes them. It
only talks to this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

Shape = dict[str, Any]

ZONES = "ab"
CIDR = "10.42.0.0/16"
GROUPS = ("load-balancer", "web", "worker", "clickhouse", "file-system", "database", "cache")
ROLES = ("execution", "web", "worker", "clickhouse")
LOG_GROUPS = ("web", "worker", "clickhouse", "migration")
TIMEOUT = 120.0
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MAKERS: dict[str, Callable[[], str]] = {
    "CLICKHOUSE_PASSWORD": lambda: secrets.token_hex(20),
    "DATABASE_PASSWORD": lambda: secrets.token_hex(20),
    "ENCRYPTION_KEY": lambda: secrets.token_hex(32),
    "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": lambda: f"pk-lf-{uuid.uuid4()}",
    "LANGFUSE_INIT_PROJECT_SECRET_KEY": lambda: f"sk-lf-{uuid.uuid4()}",
    "LANGFUSE_INIT_USER_PASSWORD": lambda: secrets.token_hex(12),
    "NEXTAUTH_SECRET": lambda: secrets.token_hex(22),
    "REDIS_AUTH": lambda: secrets.token_hex(20),
    "SALT": lambda: secrets.token_hex(22),
}


class FixtureError(Exception):
    """What the user is told."""


def wait(check: Callable[[], Any], what: str) -> Any:
    """Wait for something true and return it."""
    end = time.monotonic() + TIMEOUT
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise FixtureError(f"{what} did not come about within {TIMEOUT:.0f} s; see the server's log.")
        time.sleep(0.1)


@contextmanager
def unless(*codes: str) -> Iterator[None]:
    """Let errors with these codes pass: it is so already."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


class Environment:
    """One environment in the account."""

    def __init__(self, name: str, endpoint: str, region: str) -> None:
        self.name = name
        self.region = region
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self.account_id = str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        if service not in self._clients:
            connect: Any = boto3.client
            self._clients[service] = connect(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                aws_access_key_id="local-aws-access-key-id",
                aws_secret_access_key="local-aws-secret-access-key",
                config=Config(s3={"addressing_style": "path"}),
            )
        return self._clients[service]

    def tags(self, component: str, name: str | None = None) -> list[Shape]:
        given = {"langfuse:environment": self.name, "langfuse:component": component}
        if name:
            given["Name"] = name
        return [{"Key": key, "Value": value} for key, value in given.items()]

    # --- network ---

    def _owned(self, operation: str, key: str) -> list[Shape]:
        """What of a kind the network has."""
        filters = [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in self.tags("network")]
        return list(getattr(self.client("ec2"), operation)(Filters=filters)[key])

    def _make(self, kind: str, name: str, operation: str, key: str, **request: Any) -> Shape:
        given = [{"ResourceType": kind, "Tags": self.tags("network", name)}]
        return dict(getattr(self.client("ec2"), operation)(**request, TagSpecifications=given)[key])

    @staticmethod
    def _named(items: Iterable[Shape]) -> dict[str, Shape]:
        return {tag["Value"]: item for item in items for tag in item["Tags"] if tag["Key"] == "Name"}

    def network(self) -> Shape:
        ec2, name = self.client("ec2"), self.name
        found = self._owned("describe_vpcs", "Vpcs")
        vpc = (found[0] if found else self._make("vpc", name, "create_vpc", "Vpc", CidrBlock=CIDR))["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        namespace = self._start_namespace(vpc)
        subnets = self._subnets(vpc)
        public, private = ([subnets[f"{name}-{kind}-{zone}"] for zone in ZONES] for kind in ("public", "private"))
        gateway = self._internet_gateway(vpc)
        nat = self._nat_gateway(public[0])
        groups = self._security_groups(vpc)
        self._route_table(vpc, f"{name}-public", public, {"GatewayId": gateway})
        wait(lambda: self._nat_state(nat) == "available", f"The NAT gateway {nat}")
        endpoints = self._named(self._owned("describe_vpc_endpoints", "VpcEndpoints"))
        for zone, subnet in zip(ZONES, private, strict=True):
            table = self._route_table(vpc, f"{name}-private-{zone}", [subnet], {"NatGatewayId": nat})
            if endpoints.get(f"{name}-s3-{zone}", {"State": "deleted"})["State"] == "deleted":
                request = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{self.region}.s3", "RouteTableIds": [table]}
                self._make("vpc-endpoint", f"{name}-s3-{zone}", "create_vpc_endpoint", "VpcEndpoint", **request)
        if namespace:
            self._operation(namespace)
        return {
            "vpc_id": vpc,
            "cidr": CIDR,
            "public_subnet_ids": public,
            "private_subnet_ids": private,
            "availability_zones": [f"{self.region}{zone}" for zone in ZONES],
            "security_group_ids": groups,
            "nat_gateway_ids": [nat],
        }

    def _subnets(self, vpc: str) -> dict[str, str]:
        """Sixteen parts of the range: the first ones are private, the ninth and following public."""
        existing = self._named(self._owned("describe_subnets", "Subnets"))
        for first, kind in ((0, "private"), (8, "public")):
            for number, zone in enumerate(ZONES):
                name = f"{self.name}-{kind}-{zone}"
                if name not in existing:
                    existing[name] = self._make(
                        "subnet",
                        name,
                        "create_subnet",
                        "Subnet",
                        VpcId=vpc,
                        CidrBlock=f"10.42.{(first + number) * 16}.0/20",
                        AvailabilityZone=f"{self.region}{zone}",
                    )
        return {name: item["SubnetId"] for name, item in existing.items()}

    def _internet_gateway(self, vpc: str) -> str:
        found = self._owned("describe_internet_gateways", "InternetGateways")
        made = (
            found[0]
            if found
            else self._make("internet-gateway", self.name, "create_internet_gateway", "InternetGateway")
        )
        with unless("Resource.AlreadyAssociated"):
            self.client("ec2").attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=vpc)
        return str(made["InternetGatewayId"])

    def _nat_gateway(self, subnet: str) -> str:
        for item in self._owned("describe_nat_gateways", "NatGateways"):
            if item["State"] in ("pending", "available"):
                return str(item["NatGatewayId"])
        name = f"{self.name}-a"
        given = [{"ResourceType": "elastic-ip", "Tags": self.tags("network", name)}]
        address = self.client("ec2").allocate_address(Domain="vpc", TagSpecifications=given)["AllocationId"]
        made = self._make("natgateway", name, "create_nat_gateway", "NatGateway", SubnetId=subnet, AllocationId=address)
        return str(made["NatGatewayId"])

    def _nat_state(self, nat: str) -> str:
        found = self.client("ec2").describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
        return str(found[0]["State"]) if found else "deleted"

    def _route_table(self, vpc: str, name: str, subnets: list[str], way_out: Shape) -> str:
        ec2 = self.client("ec2")
        existing = self._named(self._owned("describe_route_tables", "RouteTables"))
        table = existing.get(name) or self._make("route-table", name, "create_route_table", "RouteTable", VpcId=vpc)
        if not any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in table["Routes"]):
            ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", **way_out)
        associated = {item.get("SubnetId") for item in table["Associations"]}
        for subnet in subnets:
            if subnet not in associated:
                ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=subnet)
        return str(table["RouteTableId"])

    def _security_groups(self, vpc: str) -> dict[str, str]:
        """Open within the VPC, and the load balancer's to everybody."""
        existing = {
            item["GroupName"]: item["GroupId"] for item in self._owned("describe_security_groups", "SecurityGroups")
        }
        for kind in GROUPS:
            name = f"{self.name}-{kind}"
            if name in existing:
                continue
            given = [{"ResourceType": "security-group", "Tags": self.tags("network", name)}]
            existing[name] = self.client("ec2").create_security_group(
                GroupName=name, Description=f"Langfuse {kind}", VpcId=vpc, TagSpecifications=given
            )["GroupId"]
            source = "0.0.0.0/0" if kind == "load-balancer" else CIDR
            self.client("ec2").authorize_security_group_ingress(
                GroupId=existing[name], IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": source}]}]
            )
        return {kind.replace("-", "_"): existing[f"{self.name}-{kind}"] for kind in GROUPS}

    def _namespace(self) -> str | None:
        pages = self.client("servicediscovery").get_paginator("list_namespaces").paginate()
        found = [item["Id"] for page in pages for item in page["Namespaces"] if item["Name"] == f"{self.name}.internal"]
        return str(found[0]) if found else None

    def _start_namespace(self, vpc: str) -> str | None:
        if self._namespace():
            return None
        made = self.client("servicediscovery").create_private_dns_namespace(
            Name=f"{self.name}.internal", Vpc=vpc, Tags=self.tags("network")
        )
        return str(made["OperationId"])

    def _operation(self, operation: str) -> None:
        def done() -> bool:
            found = self.client("servicediscovery").get_operation(OperationId=operation)["Operation"]
            if found["Status"] == "FAIL":
                raise FixtureError(f"Cloud Map: {found.get('ErrorMessage')}")
            return bool(found["Status"] == "SUCCESS")

        wait(done, f"Cloud Map's operation {operation}")

    def delete_network(self) -> None:
        ec2 = self.client("ec2")
        namespace = self._namespace()
        if namespace:
            self._operation(self.client("servicediscovery").delete_namespace(Id=namespace)["OperationId"])
        gateways = [item["NatGatewayId"] for item in self._owned("describe_nat_gateways", "NatGateways")]
        for item in gateways:
            if self._nat_state(item) in ("pending", "available"):
                ec2.delete_nat_gateway(NatGatewayId=item)
        for item in gateways:
            wait(lambda item=item: self._nat_state(item) == "deleted", f"The end of {item}")  # type: ignore[misc]
        for address in self._owned("describe_addresses", "Addresses"):
            ec2.release_address(AllocationId=address["AllocationId"])
        endpoints = [
            item["VpcEndpointId"]
            for item in self._owned("describe_vpc_endpoints", "VpcEndpoints")
            if item["State"] not in ("deleting", "deleted")
        ]
        if endpoints:
            ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
        for table in self._owned("describe_route_tables", "RouteTables"):
            for association in table["Associations"]:
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
            ec2.delete_route_table(RouteTableId=table["RouteTableId"])
        self._delete_parts()

    def _delete_parts(self) -> None:
        """What interfaces of services that are on their way out may hold for a while."""
        ec2 = self.client("ec2")

        def gone(call: Callable[..., Any], **what: str) -> Callable[[], bool]:
            def attempt() -> bool:
                try:
                    call(**what)
                except ClientError as error:
                    if error.response["Error"]["Code"] != "DependencyViolation":
                        raise
                    return False
                return True

            return attempt

        for group in self._owned("describe_security_groups", "SecurityGroups"):
            wait(gone(ec2.delete_security_group, GroupId=group["GroupId"]), f"The end of {group['GroupName']}")
        for subnet in self._owned("describe_subnets", "Subnets"):
            wait(gone(ec2.delete_subnet, SubnetId=subnet["SubnetId"]), f"The end of {subnet['SubnetId']}")
        for gateway in self._owned("describe_internet_gateways", "InternetGateways"):
            for attached in gateway["Attachments"]:
                ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=attached["VpcId"])
            ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
        for vpc in self._owned("describe_vpcs", "Vpcs"):
            wait(gone(ec2.delete_vpc, VpcId=vpc["VpcId"]), f"The end of {vpc['VpcId']}")

    # --- secrets ---

    @property
    def secret_name(self) -> str:
        return f"{self.name}/application"

    def secrets(self) -> Shape:
        manager = self.client("secretsmanager")
        try:
            found = manager.describe_secret(SecretId=self.secret_name)
        except manager.exceptions.ResourceNotFoundException:
            document = json.dumps({key: make() for key, make in MAKERS.items()})
            request = {"Name": self.secret_name, "SecretString": document, "Tags": self.tags("secrets")}

            def made() -> Shape | None:
                with unless("InvalidRequestException"):
                    return dict(manager.create_secret(**request))
                return None

            found = wait(made, f"The secret {self.secret_name}")
        else:
            if found.get("DeletedDate"):
                manager.restore_secret(SecretId=self.secret_name)
        value = manager.get_secret_value(SecretId=self.secret_name)
        return {"name": self.secret_name, "arn": found["ARN"], "version_id": value["VersionId"]}

    def secret_value(self, key: str) -> str:
        found = self.client("secretsmanager").get_secret_value(SecretId=self.secret_name)
        return str(json.loads(found["SecretString"])[key])

    def delete_secrets(self) -> None:
        with unless("ResourceNotFoundException"):
            self.client("secretsmanager").delete_secret(SecretId=self.secret_name, ForceDeleteWithoutRecovery=True)

    # --- storage ---

    @property
    def bucket(self) -> str:
        return f"{self.name}-{self.account_id}-{self.region}"

    def storage(self) -> Shape:
        s3 = self.client("s3")
        where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        with unless("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            s3.create_bucket(Bucket=self.bucket, **where)
        s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": self.tags("storage")})
        return {"bucket": self.bucket, "region": self.region}

    def delete_storage(self) -> None:
        s3 = self.client("s3")
        with unless("NoSuchBucket"):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
                for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    s3.delete_object(Bucket=self.bucket, Key=item["Key"], VersionId=item["VersionId"])
            s3.delete_bucket(Bucket=self.bucket)

    # --- compute ---

    def _role_name(self, kind: str) -> str:
        return f"{self.name}-{self.region}-{kind}"

    def _statements(self, kind: str) -> list[Shape]:
        arn = f"{self.region}:{self.account_id}"

        def allow(actions: list[str], resource: Any) -> Shape:
            return {"Effect": "Allow", "Action": actions, "Resource": resource}

        if kind == "execution":
            groups = [f"arn:aws:logs:{arn}:log-group:/langfuse/{self.name}/{item}:*" for item in LOG_GROUPS]
            return [
                allow(
                    ["secretsmanager:GetSecretValue"], f"arn:aws:secretsmanager:{arn}:secret:{self.secret_name}-??????"
                ),
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], groups),
            ]
        if kind == "clickhouse":
            actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
            return [allow(actions, f"arn:aws:elasticfilesystem:{arn}:file-system/*")]
        objects = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        return [
            allow(objects, f"arn:aws:s3:::{self.bucket}/*"),
            allow(["s3:ListBucket"], f"arn:aws:s3:::{self.bucket}"),
            allow(["cloudwatch:PutMetricData"], "*"),
        ]

    def compute(self) -> Shape:
        ecs, iam, logs = self.client("ecs"), self.client("iam"), self.client("logs")
        tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in self.tags("compute")]
        # one that exists is answered as it is
        cluster = ecs.create_cluster(
            clusterName=self.name,
            tags=tags,
            capacityProviders=["FARGATE", "FARGATE_SPOT"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        )["cluster"]
        for kind in ROLES:
            with unless("EntityAlreadyExists"):
                iam.create_role(
                    RoleName=self._role_name(kind),
                    AssumeRolePolicyDocument=json.dumps(TRUST),
                    Tags=self.tags("compute"),
                )
            document = {"Version": "2012-10-17", "Statement": self._statements(kind)}
            iam.put_role_policy(
                RoleName=self._role_name(kind), PolicyName="langfuse", PolicyDocument=json.dumps(document)
            )
        for kind in LOG_GROUPS:
            group = f"/langfuse/{self.name}/{kind}"
            self._log_group(group)
            logs.put_retention_policy(logGroupName=group, retentionInDays=30)
        return {
            "cluster_name": self.name,
            "cluster_arn": cluster["clusterArn"],
            "namespace_id": self._namespace() or "",
            "namespace_name": f"{self.name}.internal",
            "role_arns": {kind: iam.get_role(RoleName=self._role_name(kind))["Role"]["Arn"] for kind in ROLES},
            "log_groups": {kind: f"/langfuse/{self.name}/{kind}" for kind in LOG_GROUPS},
        }

    def _log_group(self, name: str) -> None:
        def there() -> bool:
            with unless("OperationAbortedException"), unless("ResourceAlreadyExistsException"):
                self.client("logs").create_log_group(
                    logGroupName=name, tags={tag["Key"]: tag["Value"] for tag in self.tags("compute")}
                )
            found = self.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
            return any(item["logGroupName"] == name for item in found)

        wait(there, f"The log group {name}")

    def delete_compute(self) -> None:
        def cluster_gone() -> bool:
            with unless(
                "ClusterContainsTasksException", "ClusterContainsServicesException", "UpdateInProgressException"
            ):
                with unless("ClusterNotFoundException"):
                    self.client("ecs").delete_cluster(cluster=self.name)
                return True
            return False

        wait(cluster_gone, f"The end of the cluster {self.name}")
        for kind in ROLES:
            with unless("NoSuchEntity"):
                self.client("iam").delete_role_policy(RoleName=self._role_name(kind), PolicyName="langfuse")
            with unless("NoSuchEntity"):
                self.client("iam").delete_role(RoleName=self._role_name(kind))
        for kind in LOG_GROUPS:
            with unless("ResourceNotFoundException"):
                self.client("logs").delete_log_group(logGroupName=f"/langfuse/{self.name}/{kind}")

    # --- database ---

    def database(self) -> Shape:
        rds, name = self.client("rds"), self.name
        network, tags, parameters = self.network(), self.tags("database"), f"{name}-postgresql16"
        self.secrets()
        with unless("DBSubnetGroupAlreadyExists"):
            rds.create_db_subnet_group(
                DBSubnetGroupName=name,
                DBSubnetGroupDescription="Langfuse",
                SubnetIds=network["private_subnet_ids"],
                Tags=tags,
            )
        with unless("DBParameterGroupAlreadyExists"):
            rds.create_db_cluster_parameter_group(
                DBClusterParameterGroupName=parameters,
                DBParameterGroupFamily="aurora-postgresql16",
                Description="Langfuse",
                Tags=tags,
            )
        with unless("DBClusterAlreadyExistsFault"):
            rds.create_db_cluster(
                DBClusterIdentifier=name,
                Engine="aurora-postgresql",
                EngineVersion="16",
                DatabaseName="langfuse",
                MasterUsername="langfuse",
                MasterUserPassword=self.secret_value("DATABASE_PASSWORD"),
                DBSubnetGroupName=name,
                DBClusterParameterGroupName=parameters,
                VpcSecurityGroupIds=[network["security_group_ids"]["database"]],
                ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
                StorageEncrypted=True,
                Tags=tags,
            )
        with unless("DBInstanceAlreadyExists"):
            rds.create_db_instance(
                DBInstanceIdentifier=f"{name}-1",
                DBClusterIdentifier=name,
                Engine="aurora-postgresql",
                DBInstanceClass="db.serverless",
                Tags=tags,
            )

        def ready() -> Shape | None:
            cluster = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
            instance = rds.describe_db_instances(DBInstanceIdentifier=f"{name}-1")["DBInstances"][0]
            return cluster if cluster["Status"] == instance["DBInstanceStatus"] == "available" else None

        cluster = wait(ready, f"The database {name}")
        return {
            "endpoint": cluster["Endpoint"],
            "port": cluster["Port"],
            "database_name": "langfuse",
            "username": "langfuse",
            "engine_version": cluster["EngineVersion"],
            "cluster_id": name,
            "instance_ids": [f"{name}-1"],
            "deletion_protection": bool(cluster.get("DeletionProtection")),
        }

    @staticmethod
    def _delete(what: str, delete: Callable[..., Any], missing: str, busy: str, **name: str | bool) -> None:
        """Asks for it until there is nothing left; what is busy, or still held by what went before it, takes a moment."""

        def gone() -> bool:
            try:
                delete(**name)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in (missing, busy):
                    raise
                return bool(code == missing)
            return False

        wait(gone, f"The end of {what}")

    def delete_database(self) -> None:
        rds, name = self.client("rds"), self.name
        self._delete(
            f"the instance {name}-1",
            rds.delete_db_instance,
            "DBInstanceNotFound",
            "InvalidDBInstanceState",
            DBInstanceIdentifier=f"{name}-1",
            SkipFinalSnapshot=True,
        )
        self._delete(
            f"the cluster {name}",
            rds.delete_db_cluster,
            "DBClusterNotFoundFault",
            "InvalidDBClusterStateFault",
            DBClusterIdentifier=name,
            SkipFinalSnapshot=True,
        )
        self._delete(
            f"the parameter group {name}-postgresql16",
            rds.delete_db_cluster_parameter_group,
            "DBParameterGroupNotFound",
            "InvalidDBParameterGroupState",
            DBClusterParameterGroupName=f"{name}-postgresql16",
        )
        self._delete(
            f"the subnet group {name}",
            rds.delete_db_subnet_group,
            "DBSubnetGroupNotFoundFault",
            "InvalidDBSubnetGroupStateFault",
            DBSubnetGroupName=name,
        )

    # --- cache ---

    def cache(self) -> Shape:
        client, name, tags = self.client("elasticache"), self.name, self.tags("cache")
        network, parameters = self.network(), f"{name}-valkey8"
        self.secrets()
        with unless("CacheSubnetGroupAlreadyExists"):
            client.create_cache_subnet_group(
                CacheSubnetGroupName=name,
                CacheSubnetGroupDescription="Langfuse",
                SubnetIds=network["private_subnet_ids"],
                Tags=tags,
            )
        with unless("CacheParameterGroupAlreadyExists"):
            client.create_cache_parameter_group(
                CacheParameterGroupName=parameters,
                CacheParameterGroupFamily="valkey8",
                Description="Langfuse",
                Tags=tags,
            )
        client.modify_cache_parameter_group(
            CacheParameterGroupName=parameters,
            ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}],
        )
        with unless("ReplicationGroupAlreadyExists"):
            client.create_replication_group(
                ReplicationGroupId=name,
                ReplicationGroupDescription="Langfuse",
                Engine="valkey",
                EngineVersion="8.0",
                CacheNodeType="cache.t4g.medium",
                NumCacheClusters=1,
                CacheParameterGroupName=parameters,
                CacheSubnetGroupName=name,
                SecurityGroupIds=[network["security_group_ids"]["cache"]],
                TransitEncryptionEnabled=True,
                AtRestEncryptionEnabled=True,
                AuthToken=self.secret_value("REDIS_AUTH"),
                Tags=tags,
            )

        def ready() -> Shape | None:
            found = client.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
            return found if found["Status"] == "available" else None

        endpoint = wait(ready, f"The cache {name}")["NodeGroups"][0]["PrimaryEndpoint"]
        return {"endpoint": endpoint["Address"], "port": endpoint["Port"], "tls": True, "replication_group_id": name}

    def delete_cache(self) -> None:
        client, name = self.client("elasticache"), self.name
        self._delete(
            f"the cache {name}",
            client.delete_replication_group,
            "ReplicationGroupNotFoundFault",
            "InvalidReplicationGroupState",
            ReplicationGroupId=name,
        )
        self._delete(
            f"the parameter group {name}-valkey8",
            client.delete_cache_parameter_group,
            "CacheParameterGroupNotFound",
            "InvalidCacheParameterGroupState",
            CacheParameterGroupName=f"{name}-valkey8",
        )
        self._delete(
            f"the subnet group {name}",
            client.delete_cache_subnet_group,
            "CacheSubnetGroupNotFoundFault",
            "CacheSubnetGroupInUse",
            CacheSubnetGroupName=name,
        )


# in the order in which they can be made
COMPONENTS = ("network", "secrets", "storage", "compute", "database", "cache")


def make(environment: Environment, components: Iterable[str]) -> Shape:
    """Make what is missing; returns the components' parts."""
    wanted = set(components)
    made = {item: getattr(environment, item)() for item in COMPONENTS if item in wanted}
    return {"name": environment.name, "region": environment.region, "account_id": environment.account_id, **made}


def delete(environment: Environment, components: Iterable[str]) -> None:
    wanted = set(components)
    for item in reversed(COMPONENTS):
        if item in wanted:
            getattr(environment, f"delete_{item}")()


def main(arguments: list[str] | None = None) -> int:
    default = os.environ.get("AWS_ENDPOINT_URL") or f"http://127.0.0.1:{os.environ.get('LOCAL_AWS_PORT', '24566')}"
    parser = argparse.ArgumentParser(prog="python -m local_aws.fixtures", description="What a test stands on.")
    parser.add_argument("--name", required=True, help="the environment's name")
    parser.add_argument("--endpoint", default=default, help="the local AWS (default: %(default)s)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    parser.add_argument("--delete", action="store_true", help="remove them")
    parser.add_argument("components", nargs="+", choices=COMPONENTS, metavar="component", help=", ".join(COMPONENTS))
    options = parser.parse_args(arguments)
    if urlsplit(options.endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        parser.error(f"{options.endpoint} is not on this machine; fixtures are made and deleted on a local AWS only")
    try:
        environment = Environment(options.name, options.endpoint, options.region)
        if options.delete:
            delete(environment, options.components)
        else:
            print(json.dumps(make(environment, options.components), indent=2))
    except FixtureError as error:
        print(f"fixtures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
