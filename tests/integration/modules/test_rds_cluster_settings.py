# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster shows of itself: on, changed, off, and what AWS takes only together."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.modules import rds_cluster_settings
from module_runner import ModuleFailed

MODULE = "rds_cluster_settings"
ADVANCED = {
    "database_insights_mode": "advanced",
    "performance_insights": True,
    "performance_insights_retention_days": 465,
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(scope="module")
def cluster() -> str:
    return f"t-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def wanted(server: Any, cluster: str) -> Iterator[dict[str, Any]]:
    """A cluster that may pause, the same one for all tests: each begins with everything off."""
    rds, ec2 = server.client("rds"), server.client("ec2")
    if not [item for item in rds.describe_db_clusters()["DBClusters"] if item["DBClusterIdentifier"] == cluster]:
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
            for index, zone in enumerate("ab")
        ]
        rds.create_db_subnet_group(
            DBSubnetGroupName=cluster,
            DBSubnetGroupDescription="d",
            SubnetIds=[subnet["SubnetId"] for subnet in subnets],
        )
        rds.create_db_cluster(
            DBClusterIdentifier=cluster,
            Engine="aurora-postgresql",
            EngineVersion="16.11",
            MasterUsername="langfuse",
            MasterUserPassword="p" * 30,
            DBSubnetGroupName=cluster,
            ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 2},
        )
    yield {"cluster_id": cluster}
    off = {"database_insights_mode": "standard", "performance_insights": False, "cloudwatch_logs_exports": []}
    server.run(MODULE, {"cluster_id": cluster, **off})


def test_on_changed_and_off(server: Any, wanted: dict[str, Any]) -> None:
    on = server.cycle(MODULE, {**wanted, "performance_insights": True, "performance_insights_retention_days": 93})
    assert on["cluster"]["performance_insights_retention_days"] == 93
    assert on["cluster"]["database_insights_mode"] == "standard"

    more = {
        **wanted,
        **ADVANCED,
        "cloudwatch_logs_exports": ["postgresql", "instance"],
        "seconds_until_auto_pause": 900,
    }
    changed = server.cycle(MODULE, more)["cluster"]
    assert changed["database_insights_mode"] == "advanced"
    assert changed["cloudwatch_logs_exports"] == ["instance", "postgresql"]
    assert changed["seconds_until_auto_pause"] == 900
    # What is not given stays.
    assert server.run(MODULE, {**wanted, "seconds_until_auto_pause": 900})["changed"] is False

    off = {
        "database_insights_mode": "standard",
        "performance_insights": False,
        "cloudwatch_logs_exports": ["postgresql"],
    }
    less = server.cycle(MODULE, {**wanted, **off, "performance_insights_retention_days": 7})["cluster"]
    assert (less["performance_insights"], less["performance_insights_retention_days"]) == (False, 0)
    assert less["cloudwatch_logs_exports"] == ["postgresql"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({**ADVANCED, "performance_insights_retention_days": 7}, "465"),
        ({"performance_insights": True, "performance_insights_retention_days": 94}, "retention"),
        ({"cloudwatch_logs_exports": ["slowquery"]}, "slowquery"),
        ({"seconds_until_auto_pause": 60}, "300"),
    ],
)
def test_what_aws_refuses_is_told(server: Any, wanted: dict[str, Any], change: dict[str, Any], said: str) -> None:
    with pytest.raises(ModuleFailed, match=said):
        server.run(MODULE, {**wanted, **change})


def test_the_key_of_a_record_stays(server: Any, wanted: dict[str, Any]) -> None:
    recorded = {**wanted, "performance_insights": True, "performance_insights_kms_key_arn": KEY}
    assert server.cycle(MODULE, recorded)["cluster"]["performance_insights_kms_key_arn"] == KEY
    with pytest.raises(ModuleFailed, match="only while it is off"):
        server.run(MODULE, {**recorded, "performance_insights_kms_key_arn": KEY.replace("1234abcd", "0000abcd")})


def test_a_cluster_that_never_pauses(server: Any, wanted: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rds_cluster_settings, "SHOWN_AFTER", 1)
    rds, name = server.client("rds"), wanted["cluster_id"]
    server.run(MODULE, wanted)

    def least(capacity: float) -> None:
        rds.modify_db_cluster(
            DBClusterIdentifier=name,
            ServerlessV2ScalingConfiguration={"MinCapacity": capacity, "MaxCapacity": 2},
            ApplyImmediately=True,
        )

    least(0.5)
    try:
        with pytest.raises(ModuleFailed, match="never pauses, because its least capacity"):
            server.run(MODULE, {**wanted, "seconds_until_auto_pause": 600})
    finally:
        rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=name)
        least(0)


def test_the_data_api_goes_on_and_off(server: Any, wanted: dict[str, Any]) -> None:
    for on in (True, False):
        assert server.cycle(MODULE, {**wanted, "data_api": on})["cluster"]["data_api"] is on


def test_a_restored_cluster_gets_a_capacity(server: Any, wanted: dict[str, Any]) -> None:
    """Which amazon.aws.rds_cluster cannot give it: it looks for the old one."""
    rds, source = server.client("rds"), wanted["cluster_id"]
    snapshot, name = f"{source}-taken", f"{source}-restored"
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=source, WaiterConfig={"Delay": 1})
    rds.create_db_cluster_snapshot(DBClusterIdentifier=source, DBClusterSnapshotIdentifier=snapshot)
    rds.get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=snapshot, WaiterConfig={"Delay": 1}
    )
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier=name,
        SnapshotIdentifier=snapshot,
        Engine="aurora-postgresql",
        EngineVersion="16.11",
        DBSubnetGroupName=source,
    )
    capacity = {"cluster_id": name, "min_capacity": 0, "max_capacity": 2}
    assert server.cycle(MODULE, capacity)["cluster"]["max_capacity"] == 2
    paused = server.cycle(MODULE, {**capacity, "max_capacity": 3, "seconds_until_auto_pause": 600})["cluster"]
    assert (paused["max_capacity"], paused["seconds_until_auto_pause"]) == (3, 600)
    with pytest.raises(ModuleFailed, match="never pauses, because its least capacity"):
        server.run(MODULE, {**capacity, "min_capacity": 1, "seconds_until_auto_pause": 600})
    with pytest.raises(ModuleFailed, match="required together"):
        server.run(MODULE, {"cluster_id": name, "min_capacity": 1})


def test_a_cluster_that_is_not_there(server: Any) -> None:
    absent = {"cluster_id": "not-there", "performance_insights": True}
    assert server.run(MODULE, absent, check=True)["changed"] is True
    with pytest.raises(ModuleFailed, match="no cluster not-there"):
        server.run(MODULE, absent)
