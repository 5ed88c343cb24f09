# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map: operations that take time, hosted zones, and lists that are filtered."""

from __future__ import annotations

from typing import Any

from .server_support import Server


def finish(server: Server, operation: str) -> dict[str, Any]:
    cloud_map = server.client("servicediscovery")
    assert cloud_map.get_operation(OperationId=operation)["Operation"]["Status"] == "PENDING"

    def done() -> Any:
        found = cloud_map.get_operation(OperationId=operation)["Operation"]
        return found if found["Status"] == "SUCCESS" else None

    return dict(server.wait(done))


def test_life_of_a_namespace(server: Server) -> None:
    cloud_map, dns = server.client("servicediscovery"), server.client("route53")
    vpc, _, _ = server.network()
    name, second = f"{server.name()}.internal", f"{server.name()}.internal"
    operation = finish(server, cloud_map.create_private_dns_namespace(Name=name, Vpc=vpc)["OperationId"])
    wanted = operation["Targets"]["NAMESPACE"]
    zone = cloud_map.get_namespace(Id=wanted)["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"]
    found = dns.get_hosted_zone(Id=zone)
    assert (found["HostedZone"]["Name"].rstrip("."), found["HostedZone"]["Config"]["PrivateZone"]) == (name, True)
    assert [item["VPCId"] for item in found["VPCs"]] == [vpc]
    with server.refuses("ConflictingDomainExists"):
        cloud_map.create_private_dns_namespace(Name=name, Vpc=vpc)
    # another name in the same VPC, and the same name in another VPC
    for other_name, other_vpc in ((second, vpc), (name, server.network()[0])):
        finish(server, cloud_map.create_private_dns_namespace(Name=other_name, Vpc=other_vpc)["OperationId"])
    listed = cloud_map.list_namespaces(Filters=[{"Name": "NAME", "Values": [second], "Condition": "EQ"}])["Namespaces"]
    assert [item["Name"] for item in listed] == [second]

    deletion = cloud_map.delete_namespace(Id=wanted)["OperationId"]
    assert cloud_map.get_namespace(Id=wanted)["Namespace"]["Name"] == name
    with server.refuses("DuplicateRequest"):
        cloud_map.delete_namespace(Id=wanted)
    finish(server, deletion)
    assert server.gone(lambda: cloud_map.get_namespace(Id=wanted))
    with server.refuses("NoSuchHostedZone"):
        dns.get_hosted_zone(Id=zone)
    filters = [{"Name": "NAMESPACE_ID", "Values": [wanted]}, {"Name": "TYPE", "Values": ["DELETE_NAMESPACE"]}]
    operations = cloud_map.list_operations(Filters=filters)["Operations"]
    assert operations == [{"Id": deletion, "Status": "SUCCESS"}]


def test_services_are_listed_by_namespace_and_change_in_time(server: Server) -> None:
    cloud_map = server.client("servicediscovery")
    services = []
    for _ in range(2):
        vpc, _, _ = server.network()
        operation = cloud_map.create_private_dns_namespace(Name=f"{server.name()}.internal", Vpc=vpc)["OperationId"]
        namespace = finish(server, operation)["Targets"]["NAMESPACE"]
        made = cloud_map.create_service(
            Name="clickhouse", NamespaceId=namespace, DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]}
        )["Service"]
        services.append((namespace, made["Id"]))
    for namespace, service in services:
        found = cloud_map.list_services(Filters=[{"Name": "NAMESPACE_ID", "Values": [namespace]}])["Services"]
        assert [item["Id"] for item in found] == [service]
    change = {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 20}]}}
    finish(server, cloud_map.update_service(Id=services[0][1], Service=change)["OperationId"])
    changed = cloud_map.get_service(Id=services[0][1])["Service"]
    assert changed["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 20}]
