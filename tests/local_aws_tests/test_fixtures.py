# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ground for tests: made once, found again, and gone without a trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from local_aws import fixtures

from .server_support import REGION, Server


def run(server: Server, name: str, *arguments: str) -> int:
    return fixtures.main(["--name", name, "--endpoint", server.endpoint, "--region", REGION, *arguments])


def left(server: Server, name: str) -> dict[str, Any]:
    """What of an environment AWS still shows."""
    ec2 = server.client("ec2")
    owned = [{"Name": "tag:langfuse:environment", "Values": [name]}]
    gateways = ec2.describe_nat_gateways(Filters=owned)["NatGateways"]
    endpoints = ec2.describe_vpc_endpoints(Filters=owned)["VpcEndpoints"]
    found = {
        "vpcs": ec2.describe_vpcs(Filters=owned)["Vpcs"],
        "addresses": ec2.describe_addresses(Filters=owned)["Addresses"],
        "gateways": [item for item in gateways if item["State"] != "deleted"],
        "endpoints": [item for item in endpoints if item["State"] != "deleted"],
        "buckets": [
            item for item in server.client("s3").list_buckets()["Buckets"] if item["Name"].startswith(f"{name}-")
        ],
        "secrets": server.client("secretsmanager").list_secrets(Filters=[{"Key": "name", "Values": [name]}])[
            "SecretList"
        ],
        "logs": server.client("logs").describe_log_groups(logGroupNamePrefix=f"/langfuse/{name}/")["logGroups"],
        "roles": [item for item in server.client("iam").list_roles()["Roles"] if item["RoleName"].startswith(name)],
        "namespaces": server.client("servicediscovery").list_namespaces(
            Filters=[{"Name": "NAME", "Values": [f"{name}.internal"]}]
        )["Namespaces"],
    }
    return {kind: items for kind, items in found.items() if items}


def test_ground_without_data_stores(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    name, components = server.name("fx"), ("network", "secrets", "storage", "compute")
    assert run(server, name, *components) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(server, name, *components) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert len(left(server, name)) == 9

    network = first["network"]
    tables = server.client("ec2").describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": network["private_subnet_ids"]}]
    )["RouteTables"]
    ways_out = [
        route.get("NatGatewayId")
        for table in tables
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    assert ways_out == network["nat_gateway_ids"] * 2
    assert len(set(network["security_group_ids"].values())) == 7
    secret = server.client("secretsmanager").get_secret_value(SecretId=first["secrets"]["arn"])
    value = json.loads(secret["SecretString"])
    assert set(value) == set(fixtures.MAKERS)
    assert not any(text in json.dumps(first) for text in value.values())
    # what stands on it is what it takes: an object that has versions
    s3 = server.client("s3")
    s3.put_bucket_versioning(Bucket=first["storage"]["bucket"], VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=first["storage"]["bucket"], Key="k", Body=b"v")

    for _ in range(2):
        assert run(server, name, "--delete", *components) == 0
    assert left(server, name) == {}
    # the name is free again
    assert run(server, name, "secrets", "compute") == 0
    assert run(server, name, "--delete", "secrets", "compute") == 0


def test_data_stores_bring_what_they_need(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    name = server.name("fx")
    assert run(server, name, "database", "cache") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["database"]["engine_version"].startswith("16.")
    assert found["database"]["port"] > 0
    assert found["cache"]["tls"] is True
    assert run(server, name, "--delete", "network", "secrets", "database", "cache") == 0
    assert left(server, name) == {}
    with server.refuses("DBClusterNotFoundFault"):
        server.client("rds").describe_db_clusters(DBClusterIdentifier=name)


@pytest.mark.parametrize("endpoint", ["https://ec2.amazonaws.com", "http://192.0.2.1:24566"])
def test_only_a_local_aws(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fixtures.main(["--name", "x", "--endpoint", endpoint, "--delete", "network"])
    assert "is not on this machine" in capsys.readouterr().err
