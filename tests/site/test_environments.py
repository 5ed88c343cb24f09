# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories that people begin with, whole, each on a local AWS of its own. Each test goes on from the last one."""

from __future__ import annotations

import datetime
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import local_aws_at
from local_aws.engines import certificates
from local_aws.ports import free_port
from playbook_runs import Run, aws_client, play_in

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORIES = REPOSITORY / "inventories"
LOGIN = {
    "AWS_ACCESS_KEY_ID": "local-aws-access-key-id",
    "AWS_SECRET_ACCESS_KEY": "local-aws-secret-access-key",
    "AWS_EC2_METADATA_DISABLED": "true",
}
# The waits of the roles are what test_site.py exercises; here AWS hardly takes any time.
TIME_SCALE = 0.002
# What the inventories leave to choose and a whole environment has to prove.
CHOSEN: dict[str, dict[str, Any]] = {"staging": {}, "production": {"web_ingestion": True}}
UNPROTECTED = json.dumps({"database_deletion_protection": False, "ingress_deletion_protection": False})


@dataclass
class Environment:
    """One of the inventories, on its local AWS."""

    inventory: str
    values: dict[str, Any]
    local: dict[str, str]
    # What makes it local, for -e; the inventory knows nothing of it.
    extra: Path

    @property
    def name(self) -> str:
        return str(self.values["langfuse_name"])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.local['LOCAL_AWS_PORT']}"

    def play(self, playbook: str, *options: str) -> Run:
        inventory = f"inventories/{self.inventory}"
        return play_in(
            REPOSITORY, self.local, "-i", inventory, f"playbooks/{playbook}.yml", "-e", f"@{self.extra}", *options
        )

    def aws(self, service: str) -> Any:
        return aws_client(self.local, service, self.values["langfuse_region"])


def values_of(inventory: str) -> dict[str, Any]:
    return dict(yaml.safe_load((INVENTORIES / inventory / "group_vars/langfuse/main.yml").read_text()))


def components_of(inventory: str) -> set[str]:
    return set(yaml.safe_load((INVENTORIES / inventory / "hosts.yml").read_text())["langfuse"]["hosts"])


# Each inventory has an AWS of its own, so that two workers can have one each.
@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("staging", "production")],
)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    folder = tmp_path_factory.mktemp(request.param)
    with local_aws_at(folder / "local_aws", TIME_SCALE) as local:
        environment = Environment(request.param, values_of(request.param), local, folder / "local.json")
        environment.aws("route53").create_hosted_zone(
            Name=environment.values["ingress_hosted_zone"], CallerReference="test_environments"
        )
        # So that the zone is not among what a run wrote.
        urllib.request.urlopen(f"{environment.endpoint}/_local/stats/reset", data=b"{}").close()
        https_port = free_port()
        extra = {
            **CHOSEN[request.param],
            "langfuse_aws_endpoint_url": environment.endpoint,
            "langfuse_aws_environment": LOGIN,
            # The certificate is for this address too; no DNS of this machine knows the domain.
            "langfuse_url": f"https://127.0.0.1:{https_port}",
            "verify_ca_path": str(certificates.ca_file(local["LOCAL_AWS_STATE"])),
            "ingress_http_port": int(local["LOCAL_AWS_INGRESS_PORT"]),
            "ingress_https_port": https_port,
            "clickhouse_http_port": int(local["LOCAL_AWS_CLICKHOUSE_HTTP_PORT"]),
            "clickhouse_native_port": int(local["LOCAL_AWS_CLICKHOUSE_NATIVE_PORT"]),
        }
        environment.extra.write_text(json.dumps(extra))
        yield environment


def test_inventories_differ_in_values_only() -> None:
    first, *others = (INVENTORIES / name / "hosts.yml" for name in ("local", "staging", "production"))
    assert [path for path in others if path.read_text() != first.read_text()] == []


def test_check_mode_on_the_empty_account_writes_nothing(environment: Environment) -> None:
    run = environment.play("site", "--check", "--diff")
    assert run.ok, run.output[-6000:]
    preflight, *stages = run.output.split("PLAY [Gate of the stage")
    assert stages
    assert "[WARNING]" not in preflight, preflight
    with urllib.request.urlopen(f"{environment.endpoint}/_local/stats") as answer:
        calls = json.load(answer)["calls"]
    assert calls, "AWS was asked"
    assert [call for call in calls if re.match(r"[\w-]+\.(Create|Put|Run|Register|Delete|Modify)", call)] == []


def test_first_run(environment: Environment) -> None:
    run = environment.play("site")
    assert run.ok, run.output[-6000:]
    assert set(run.changed) == components_of(environment.inventory)
    assert run.says("written, processed and read back in")


def test_second_run_changes_nothing(environment: Environment) -> None:
    run = environment.play("site")
    assert run.ok, run.output[-6000:]
    assert run.changed == dict.fromkeys(components_of(environment.inventory), 0)


def test_check_mode_predicts_no_change(environment: Environment) -> None:
    run = environment.play("site", "--check", "--diff")
    assert run.ok, run.output[-6000:]
    assert run.changed == dict.fromkeys(components_of(environment.inventory), 0)


def shape(environment: Environment) -> dict[str, Any]:
    """What AWS has of each part that could be a single point of failure, or cost more than staging should."""
    name, aws = environment.name, environment.aws
    bucket = f"{name}-123456789012-{environment.values['langfuse_region']}"
    cluster = aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    cache = aws("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    balancer = aws("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]
    attributes = {
        item["Key"]: item["Value"]
        for item in aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])[
            "Attributes"
        ]
    }
    gateways = aws("ec2").describe_nat_gateways()["NatGateways"]
    services = aws("ecs").describe_services(cluster=name, services=["web", "ingestion", "worker"])["services"]
    volumes = aws("ec2").describe_volumes(Filters=[{"Name": "tag:langfuse:component", "Values": ["clickhouse"]}])[
        "Volumes"
    ]
    targets = aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return {
        "balancer zones": len(balancer["AvailabilityZones"]),
        "balancer protected": attributes["deletion_protection.enabled"],
        "ways out": len({gateway["SubnetId"] for gateway in gateways if gateway["State"] == "available"}),
        "database instances": len(cluster["DBClusterMembers"]),
        "database protected": cluster["DeletionProtection"],
        "cache nodes": len(cache["MemberClusters"]),
        "cache": (cache["AutomaticFailover"], cache["MultiAZ"]),
        "zones with data of ClickHouse": len({volume["AvailabilityZone"] for volume in volumes}),
        "tasks": {service["serviceName"]: service["runningCount"] for service in services},
        "scaled": {target["ResourceId"].split("/")[-1]: target["MinCapacity"] for target in targets},
        "worker on": [
            (item["capacityProvider"], item["base"])
            for service in services
            if service["serviceName"] == "worker"
            for item in service["capacityProviderStrategy"]
        ],
        "protocols": sorted(
            listener["Protocol"]
            for listener in aws("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        ),
        "certificates": [
            certificate["DomainName"] for certificate in aws("acm").list_certificates()["CertificateSummaryList"]
        ],
        "firewalls": len(aws("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]),
        "access logs": attributes["access_logs.s3.enabled"],
        "snapshots": (cluster["BackupRetentionPeriod"], cache["SnapshotRetentionLimit"]),
        "versioning": aws("s3").get_bucket_versioning(Bucket=bucket).get("Status", "never"),
    }


SHAPES: dict[str, dict[str, Any]] = {
    "staging": {
        "balancer zones": 2,
        "balancer protected": "false",
        "ways out": 1,
        "database instances": 1,
        "database protected": False,
        "cache nodes": 1,
        "cache": ("disabled", "disabled"),
        "zones with data of ClickHouse": 0,
        "tasks": {"web": 1, "worker": 1},
        "scaled": {},
        "worker on": [("FARGATE_SPOT", 0)],
        "protocols": ["HTTP", "HTTPS"],
        "certificates": ["langfuse-staging.example.com"],
        "firewalls": 0,
        "access logs": "false",
        "snapshots": (1, 0),
        "versioning": "never",
    },
    "production": {
        "balancer zones": 3,
        "balancer protected": "true",
        "ways out": 3,
        "database instances": 2,
        "database protected": True,
        "cache nodes": 2,
        "cache": ("enabled", "enabled"),
        "zones with data of ClickHouse": 3,
        "tasks": {"web": 2, "ingestion": 2, "worker": 2},
        "scaled": {"web": 2, "worker": 2},
        "worker on": [("FARGATE", 2), ("FARGATE_SPOT", 0)],
        "protocols": ["HTTP", "HTTPS"],
        "certificates": ["langfuse.example.com"],
        "firewalls": 1,
        "access logs": "true",
        "snapshots": (14, 3),
        "versioning": "Enabled",
    },
}


def test_it_is_as_large_as_it_says(environment: Environment) -> None:
    assert shape(environment) == SHAPES[environment.inventory]


def test_ingestion_goes_to_tasks_of_its_own(environment: Environment) -> None:
    extra = json.loads(environment.extra.read_text())
    trust = ssl.create_default_context(cafile=extra["verify_ca_path"])

    def family(path: str, data: bytes | None = None) -> str:
        try:
            answer = urllib.request.urlopen(f"{extra['langfuse_url']}{path}", data, context=trust)
        except urllib.error.HTTPError as error:
            # Without keys it is refused, which is an answer too.
            answer = error
        with answer:
            return str(answer.headers["x-langfuse-double-family"]).removeprefix(f"{environment.name}-")

    expected = "ingestion" if CHOSEN[environment.inventory].get("web_ingestion") else "web"
    assert {family("/api/public/ingestion", b"{}"), family("/api/public/otel/v1/traces", b"{}")} == {expected}
    assert family("/api/public/health") == "web"


def test_each_volume_has_an_alarm_on_what_its_node_publishes(environment: Environment) -> None:
    """With another namespace, name or dimension an alarm never gets any data."""
    cloudwatch = environment.aws("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{environment.name}/clickhouse-disk")["MetricAlarms"]
    assert len(alarms) == SHAPES[environment.inventory]["zones with data of ClickHouse"]
    now = datetime.datetime.now(datetime.UTC)
    for alarm in alarms:
        found = cloudwatch.get_metric_statistics(
            **{name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")},
            StartTime=now - datetime.timedelta(hours=2),
            EndTime=now + datetime.timedelta(minutes=1),
            Period=300,
            Statistics=[alarm["Statistic"]],
        )
        assert found["Datapoints"]


def test_destroy_leaves_nothing(environment: Environment) -> None:
    confirmed = ("-e", f"langfuse_destroy_confirm={environment.name}")
    protected = environment.values["database_deletion_protection"]
    if protected:
        run = environment.play("destroy", *confirmed)
        assert not run.ok
        assert run.says("deletion protection is on for database and ingress"), run.output[-6000:]
        run = environment.play("site", "--limit", "database,ingress", "-e", UNPROTECTED)
        assert run.ok, run.output[-6000:]
        assert run.changed == {"database": 1, "ingress": 1}
    run = environment.play("destroy", *confirmed)
    assert run.ok, run.output[-6000:]
    assert run.says(f"Nothing is left of {environment.name}: 0 resources.")
    assert left(environment) == ({"last snapshots": 1} if protected else {})


def left(environment: Environment) -> dict[str, int]:
    """What AWS lists after the removal, counted without the collection's own discovery: all that is not gone."""
    aws = environment.aws
    lists: dict[str, Callable[[], list[Any]]] = {
        "gateways": lambda: [
            gateway for gateway in aws("ec2").describe_nat_gateways()["NatGateways"] if gateway["State"] != "deleted"
        ],
        "addresses": lambda: aws("ec2").describe_addresses()["Addresses"],
        "networks": lambda: [vpc for vpc in aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "interfaces": lambda: aws("ec2").describe_network_interfaces()["NetworkInterfaces"],
        "buckets": lambda: aws("s3").list_buckets()["Buckets"],
        "secrets": lambda: aws("secretsmanager").list_secrets()["SecretList"],
        "databases": lambda: aws("rds").describe_db_clusters()["DBClusters"],
        "last snapshots": lambda: aws("rds").describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"],
        "caches": lambda: aws("elasticache").describe_replication_groups()["ReplicationGroups"],
        "file systems": lambda: aws("efs").describe_file_systems()["FileSystems"],
        "volumes": lambda: aws("ec2").describe_volumes()["Volumes"],
        "scaling groups": lambda: aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
        "target groups": lambda: aws("elbv2").describe_target_groups()["TargetGroups"],
        "load balancers": lambda: aws("elbv2").describe_load_balancers()["LoadBalancers"],
        "services": lambda: aws("ecs").list_clusters()["clusterArns"],
        "log groups": lambda: aws("logs").describe_log_groups()["logGroups"],
        "roles": lambda: [
            role
            for role in aws("iam").list_roles()["Roles"]
            if not role["Path"].startswith("/aws-service-role/") and role["RoleName"].startswith(environment.name)
        ],
        "scalable targets": lambda: aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
            "ScalableTargets"
        ],
        "alarms": lambda: aws("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": lambda: aws("sns").list_topics()["Topics"],
        "certificates": lambda: aws("acm").list_certificates()["CertificateSummaryList"],
        "firewalls": lambda: aws("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"],
        "records": lambda: [
            record
            for zone in aws("route53").list_hosted_zones()["HostedZones"]
            if not zone["Config"]["PrivateZone"]
            for record in aws("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
            if record["Type"] not in ("NS", "SOA")
        ],
        "vaults": lambda: aws("backup").list_backup_vaults()["BackupVaultList"],
    }
    counted = {kind: len(look()) for kind, look in lists.items()}
    return {kind: number for kind, number in counted.items() if number}
