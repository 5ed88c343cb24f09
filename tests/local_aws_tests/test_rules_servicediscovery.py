# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Cloud Map refuses, beside what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from .server_support import Server
from .test_additions_servicediscovery import finish

A: dict[str, Any] = {"DnsRecords": [{"Type": "A", "TTL": 10}]}


@pytest.fixture
def namespace(server: Server) -> str:
    vpc, _, _ = server.network()
    operation = server.client("servicediscovery").create_private_dns_namespace(
        Name=f"{server.name()}.internal", Vpc=vpc
    )["OperationId"]
    return str(finish(server, operation)["Targets"]["NAMESPACE"])


def test_what_is_in_use_stays(server: Server, namespace: str) -> None:
    cloud_map = server.client("servicediscovery")
    service = cloud_map.create_service(Name="s", NamespaceId=namespace, DnsConfig=A)["Service"]["Id"]
    with server.refuses("ServiceAlreadyExists"):
        cloud_map.create_service(Name="s", NamespaceId=namespace, DnsConfig=A)
    cloud_map.register_instance(ServiceId=service, InstanceId="i", Attributes={"AWS_INSTANCE_IPV4": "10.8.0.5"})
    with server.refuses("ResourceInUse", "instances"):
        cloud_map.delete_service(Id=service)
    with server.refuses("ResourceInUse", "services"):
        cloud_map.delete_namespace(Id=namespace)
    cloud_map.deregister_instance(ServiceId=service, InstanceId="i")
    cloud_map.delete_service(Id=service)
    with server.refuses("ServiceNotFound"):
        cloud_map.delete_service(Id=service)
    finish(server, cloud_map.delete_namespace(Id=namespace)["OperationId"])


@pytest.mark.parametrize(
    "options",
    [
        {"DnsConfig": {"DnsRecords": [{"Type": "CNAME", "TTL": 10}]}},
        {
            "DnsConfig": {
                "RoutingPolicy": "WEIGHTED",
                "DnsRecords": [{"Type": "CNAME", "TTL": 10}, {"Type": "A", "TTL": 1}],
            }
        },
        {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": -1}]}},
        {"DnsConfig": A, "HealthCheckConfig": {"Type": "TCP"}},
        {
            "DnsConfig": A,
            "HealthCheckConfig": {"Type": "TCP"},
            "HealthCheckCustomConfig": {"FailureThreshold": 1},
        },
    ],
)
def test_services_that_cannot_be(server: Server, namespace: str, options: dict[str, Any]) -> None:
    cloud_map = server.client("servicediscovery")
    with server.refuses("InvalidInput"):
        cloud_map.create_service(Name="s", NamespaceId=namespace, **options)
    cloud_map.create_service(
        Name="s", NamespaceId=namespace, DnsConfig=A, HealthCheckCustomConfig={"FailureThreshold": 1}
    )
    cloud_map.create_service(
        Name="c",
        NamespaceId=namespace,
        DnsConfig={"RoutingPolicy": "WEIGHTED", "DnsRecords": [{"Type": "CNAME", "TTL": 10}]},
    )


def test_services_belong_to_a_namespace(server: Server) -> None:
    with server.refuses("NamespaceNotFound"):
        server.client("servicediscovery").create_service(Name="s", NamespaceId="ns-none", DnsConfig=A)
