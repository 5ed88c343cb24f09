# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map: creating and deleting namespaces and changing services are operations that take time; private namespaces have
a hosted zone of their name for their VPC; lists are filtered.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.route53.models import route53_backends
from moto.servicediscovery.models import Namespace, servicediscovery_backends
from moto.utilities.utils import get_partition

from .. import interfaces
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


def passes(filters: list[dict[str, Any]] | None, values: dict[str, str | None]) -> bool:
    """Whether all filters that concern these values let them through; API NamespaceFilter, ServiceFilter."""
    for item in filters or []:
        found = values.get(item["Name"])
        if item["Name"] not in values:
            continue
        begins = item.get("Condition") == "BEGINS_WITH"
        if not any(fnmatch.fnmatchcase(found or "", wanted + "*" if begins else wanted) for wanted in item["Values"]):
            return False
    return True


class CloudMap(Addition):
    """Cloud Map's additions."""

    service = "servicediscovery"

    @staticmethod
    def _backend(call: Call) -> Any:
        return servicediscovery_backends[call.account_id][call.region]

    @staticmethod
    def _zones(call: Call) -> Any:
        return route53_backends[call.account_id][get_partition(call.region)]

    def _begin(self, answer: Shape, kind: str, then: Callable[[], object] | None = None) -> Shape:
        self.lifecycle.begin(("operation", answer["OperationId"]), kind, "PENDING", then)
        return answer

    # --- namespaces ---

    @operation("CreatePrivateDnsNamespace")
    def create_namespace(self, call: Call, _forward: Forward) -> Shape:
        """moto lets a VPC have one namespace; it may have many, but two of one name."""
        params, backend = call.params, self._backend(call)
        name, vpc = params["Name"], params["Vpc"]
        if vpc not in interfaces.backend(call.account_id, call.region).vpcs:
            raise Refusal("InvalidInput", f"The VPC {vpc} does not exist in {call.region}")
        for other in backend.namespaces.values():
            if other.vpc == vpc and other.name == name:
                raise Refusal("ConflictingDomainExists", f"The VPC {vpc} has a private namespace {name} already.")
        zone = self._zones(call).create_hosted_zone(
            name, private_zone=True, vpcid=vpc, vpcregion=call.region, comment="Created by AWS Cloud Map"
        )
        properties = (params.get("Properties") or {}).get("DnsProperties") or {}
        made = Namespace(
            account_id=call.account_id,
            region=call.region,
            name=name,
            ns_type="DNS_PRIVATE",
            creator_request_id=params.get("CreatorRequestId") or "",
            description=params.get("Description"),  # type: ignore[arg-type]
            dns_properties={**properties, "HostedZoneId": zone.id},
            http_properties={"HttpName": name},
            vpc=vpc,
        )
        backend.namespaces[made.id] = made
        backend.tagger.tag_resource(made.arn, params.get("Tags") or [])
        operation_id = backend._create_operation("CREATE_NAMESPACE", targets={"NAMESPACE": made.id})
        return self._begin({"OperationId": operation_id}, "namespace.create")

    @operation("DeleteNamespace")
    def delete_namespace(self, call: Call, _forward: Forward) -> Shape:
        """It can be seen until the operation is through; its hosted zone goes with it."""
        wanted, backend = call.params["Id"], self._backend(call)
        namespace = backend.namespaces.get(wanted)
        if namespace is None:
            raise Refusal("NamespaceNotFound", wanted)
        for operation_id, running in backend.operations.items():
            if running.targets.get("NAMESPACE") == wanted and self.lifecycle.busy(("operation", operation_id)):
                raise Refusal("DuplicateRequest", f"The operation {operation_id} on the namespace {wanted} still runs.")
        operation_id = backend._create_operation("DELETE_NAMESPACE", targets={"NAMESPACE": wanted})

        def gone() -> None:
            backend.namespaces.pop(wanted, None)
            backend.tagger.delete_all_tags_for_resource(namespace.arn)
            zone = (namespace.dns_properties or {}).get("HostedZoneId")
            self._zones(call).zones.pop(str(zone).rpartition("/")[2], None)

        return self._begin({"OperationId": operation_id}, "namespace.delete", gone)

    @operation("ListNamespaces")
    def list_namespaces(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        answer["Namespaces"] = [
            item
            for item in answer["Namespaces"]
            if passes(call.params.get("Filters"), {"TYPE": item.get("Type"), "NAME": item.get("Name")})
        ]
        return answer

    # --- services ---

    @operation("ListServices")
    def list_services(self, call: Call, forward: Forward) -> Shape:
        answer, known = forward(), self._backend(call).services
        answer["Services"] = [
            item
            for item in answer["Services"]
            if passes(call.params.get("Filters"), {"NAMESPACE_ID": known[item["Id"]].namespace_id})
        ]
        return answer

    @operation("UpdateService", "UpdatePrivateDnsNamespace")
    def update_service(self, _call: Call, forward: Forward) -> Shape:
        return self._begin(forward(), "cloudmap_service.update")

    # --- operations ---

    def _status(self, operation_id: str, settled: str) -> str:
        return self.lifecycle.state(("operation", operation_id), settled)

    @operation("GetOperation")
    def get_operation(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        shape = answer["Operation"]
        shape["Status"] = self._status(call.params["OperationId"], shape["Status"])
        return answer

    @operation("ListOperations")
    def list_operations(self, call: Call, _forward: Forward) -> Shape:
        """moto forgets a namespace's operations when it lists them after its deletion."""
        found = []
        for operation_id, item in self._backend(call).operations.items():
            status = self._status(operation_id, item.status)
            values = {
                "NAMESPACE_ID": item.targets.get("NAMESPACE"),
                "SERVICE_ID": item.targets.get("SERVICE"),
                "TYPE": item.operation_type,
                "STATUS": status,
            }
            if passes(call.params.get("Filters"), values):
                found.append({"Id": operation_id, "Status": status})
        return {"Operations": found}


def install(context: Context) -> None:
    CloudMap(context)
