# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Cloud Map refuses and moto takes.

Source: the API reference of each operation.
"""

from __future__ import annotations

from typing import Any

from moto.servicediscovery.models import servicediscovery_backends

from . import Call, Refusal, rule

MAX_TTL = 2147483647


def _backend(call: Call) -> Any:
    return servicediscovery_backends[call.account_id][call.region]


@rule("servicediscovery", "DeleteService")
def a_service_with_instances(call: Call) -> None:
    # DeleteService, error ResourceInUse
    service = _backend(call).services.get(call.params["Id"])
    if service is not None and service.instances:
        raise Refusal(
            "ResourceInUse", "Service contains registered instances; delete the instances before deleting the service"
        )


@rule("servicediscovery", "DeleteService")
def no_such_service(call: Call) -> None:
    if call.params["Id"] not in _backend(call).services:
        raise Refusal("ServiceNotFound", call.params["Id"])


@rule("servicediscovery", "DeleteNamespace")
def a_namespace_with_services(call: Call) -> None:
    # DeleteNamespace, error ResourceInUse
    if any(service.namespace_id == call.params["Id"] for service in _backend(call).services.values()):
        raise Refusal(
            "ResourceInUse", "Namespace has associated services; delete the services before deleting the namespace"
        )


@rule("servicediscovery", "CreateService")
def services_belong_to_a_namespace(call: Call) -> None:
    # CreateService, errors NamespaceNotFound and ServiceAlreadyExists
    backend, wanted = _backend(call), call.params.get("NamespaceId")
    if wanted is None:
        return
    if wanted not in backend.namespaces:
        raise Refusal("NamespaceNotFound", wanted)
    if any(item.namespace_id == wanted and item.name == call.params["Name"] for item in backend.services.values()):
        raise Refusal("ServiceAlreadyExists", f"Service already exists: {call.params['Name']}")


@rule("servicediscovery", "CreateService")
def records(call: Call) -> None:
    # DnsRecord: CNAME stands alone and only with WEIGHTED; TTL
    config = call.params.get("DnsConfig") or {}
    found = config.get("DnsRecords") or []
    types = [record["Type"] for record in found]
    if "CNAME" in types and (len(types) > 1 or config.get("RoutingPolicy", "MULTIVALUE") != "WEIGHTED"):
        raise Refusal("InvalidInput", "CNAME must be the only record of a service, and its routing policy WEIGHTED")
    if any(not 0 <= int(record["TTL"]) <= MAX_TTL for record in found):
        raise Refusal("InvalidInput", f"TTL must be between 0 and {MAX_TTL}")


@rule("servicediscovery", "CreateService")
def one_kind_of_health_check(call: Call) -> None:
    # CreateService.HealthCheckCustomConfig; a check by Route 53 cannot reach a private namespace
    params = call.params
    if params.get("HealthCheckConfig") and params.get("HealthCheckCustomConfig"):
        raise Refusal("InvalidInput", "Specify either HealthCheckConfig or HealthCheckCustomConfig, not both")
    namespace = _backend(call).namespaces.get(params.get("NamespaceId") or "")
    if params.get("HealthCheckConfig") and namespace is not None and namespace.type == "DNS_PRIVATE":
        raise Refusal("InvalidInput", "HealthCheckConfig cannot be used in a private DNS namespace")
