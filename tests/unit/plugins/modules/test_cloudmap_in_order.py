# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cloud Map refuses because of its order, and what it does later than it says; moto does neither."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import ClientError
from module_runner import ModuleFailed, run_module

NAMESPACE = {"name": "x.internal", "vpc_id": "vpc-1"}
SERVICE = {"name": "clickhouse", "namespace_id": "ns-1"}


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CloudMap")


class FakeCloudMap:
    """A namespace that takes two looks to come and go, with a service that may have instances."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] | None = None
        self.service: dict[str, Any] | None = None
        self.instances: list[str] = []
        self.operations: dict[str, dict[str, Any]] = {}
        self.fails = ""
        self.deregisters_after = 10**6
        self.calls: list[str] = []

    def get_paginator(self, name: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                return [getattr(client, name)(**request)]

        return Paginator()

    def _operation(self, kind: str) -> dict[str, Any]:
        operation = {"Id": f"op-{len(self.operations) + 1}", "Type": kind, "Status": "SUBMITTED", "looks": 0}
        self.operations[operation["Id"]] = operation
        return {"OperationId": operation["Id"]}

    def _finish(self, operation: dict[str, Any]) -> None:
        if self.fails:
            operation.update(Status="FAIL", ErrorCode="ACCESS_DENIED", ErrorMessage=self.fails)
            return
        operation["Status"] = "SUCCESS"
        if operation["Type"] == "CREATE_NAMESPACE":
            self.namespace = {"Id": "ns-1", "Arn": "arn:ns-1", "Name": "x.internal", "Type": "DNS_PRIVATE"}
            operation["Targets"] = {"NAMESPACE": "ns-1"}
        elif operation["Type"] == "DELETE_NAMESPACE":
            self.namespace = None

    def get_operation(self, OperationId: str) -> dict[str, Any]:
        operation = self.operations[OperationId]
        operation["looks"] += 1
        if operation["looks"] == 2:
            operation["Status"] = "PENDING"
        if operation["looks"] == 3:
            self._finish(operation)
        return {"Operation": operation}

    def list_operations(self, Filters: list[Any]) -> dict[str, Any]:
        return {"Operations": list(self.operations.values())}

    def list_namespaces(self, Filters: list[Any]) -> dict[str, Any]:
        return {"Namespaces": [self.namespace] if self.namespace else []}

    def get_namespace(self, Id: str) -> dict[str, Any]:
        return {"Namespace": self.namespace}

    def list_tags_for_resource(self, ResourceARN: str) -> dict[str, Any]:
        return {"Tags": []}

    def create_private_dns_namespace(self, **request: Any) -> dict[str, Any]:
        self.calls.append("create")
        if any(operation["Status"] in ("SUBMITTED", "PENDING") for operation in self.operations.values()):
            raise refusal("DuplicateRequest", "The operation is already in progress.")
        return self._operation("CREATE_NAMESPACE")

    def delete_namespace(self, Id: str) -> dict[str, Any]:
        if self.service:
            raise refusal("ResourceInUse", "Namespace contains services.")
        return self._operation("DELETE_NAMESPACE")

    def list_services(self, Filters: list[Any]) -> dict[str, Any]:
        return {"Services": [self.service] if self.service else []}

    def get_service(self, Id: str) -> dict[str, Any]:
        return {"Service": self.service}

    def list_instances(self, ServiceId: str) -> dict[str, Any]:
        return {"Instances": [{"Id": instance} for instance in self.instances]}

    def delete_service(self, Id: str) -> None:
        self.calls.append("delete service")
        if len(self.calls) > self.deregisters_after:
            self.instances.clear()
        if self.instances:
            raise refusal("ResourceInUse", "Service contains registered instances.")
        self.service = None


@pytest.fixture
def cloud_map(monkeypatch: pytest.MonkeyPatch) -> FakeCloudMap:
    fake = FakeCloudMap()
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service: fake)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return fake


def with_namespace(cloud_map: FakeCloudMap) -> None:
    run_module("cloudmap_namespace", NAMESPACE)
    cloud_map.service = {
        "Id": "srv-1",
        "Arn": "arn:srv-1",
        "Name": "clickhouse",
        "NamespaceId": "ns-1",
        "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}]},
    }


def test_creation_is_awaited(cloud_map: FakeCloudMap) -> None:
    result = run_module("cloudmap_namespace", NAMESPACE)
    assert result["namespace"]["id"] == "ns-1"
    assert cloud_map.operations["op-1"]["Status"] == "SUCCESS"


def test_what_aws_could_not_do_later(cloud_map: FakeCloudMap) -> None:
    cloud_map.fails = "Not authorized to make the hosted zone."
    with pytest.raises(ModuleFailed) as raised:
        run_module("cloudmap_namespace", NAMESPACE)
    said = "AWS could not create the namespace x.internal: Not authorized to make the hosted zone (ACCESS_DENIED)."
    assert raised.value.result["msg"] == said


def test_a_namespace_that_is_on_its_way_is_not_asked_for_twice(cloud_map: FakeCloudMap) -> None:
    assert run_module("cloudmap_namespace", {**NAMESPACE, "wait": False})["changed"]
    assert run_module("cloudmap_namespace", {**NAMESPACE, "wait": False})["changed"] is False
    result = run_module("cloudmap_namespace", NAMESPACE)
    assert (result["changed"], result["namespace"]["id"]) == (False, "ns-1")
    assert len(cloud_map.operations) == 1


def test_a_namespace_with_services_stays(cloud_map: FakeCloudMap) -> None:
    with_namespace(cloud_map)
    with pytest.raises(ModuleFailed, match="still has the services clickhouse; delete them first"):
        run_module("cloudmap_namespace", {"name": "x.internal", "state": "absent"})
    assert cloud_map.namespace


def test_deletion_is_awaited(cloud_map: FakeCloudMap) -> None:
    run_module("cloudmap_namespace", NAMESPACE)
    assert run_module("cloudmap_namespace", {"name": "x.internal", "state": "absent"})["changed"]
    assert cloud_map.namespace is None


def test_instances_are_awaited(cloud_map: FakeCloudMap) -> None:
    with_namespace(cloud_map)
    cloud_map.instances, cloud_map.deregisters_after = ["task-1"], 4
    assert run_module("cloudmap_service", {**SERVICE, "state": "absent"})["changed"]
    assert cloud_map.service is None


@pytest.mark.parametrize("options", [{"wait": False}, {"wait_timeout": 0}])
def test_instances_that_stay_are_named(cloud_map: FakeCloudMap, options: dict[str, Any]) -> None:
    with_namespace(cloud_map)
    cloud_map.instances = ["task-1", "task-2"]
    with pytest.raises(ModuleFailed, match=r"lose its instances \(task-1, task-2\), which the ECS service"):
        run_module("cloudmap_service", {**SERVICE, "state": "absent", **options})
    assert cloud_map.service


def test_two_namespaces_of_one_name(cloud_map: FakeCloudMap, monkeypatch: pytest.MonkeyPatch) -> None:
    with_namespace(cloud_map)
    two = {"Namespaces": [cloud_map.namespace, {**(cloud_map.namespace or {}), "Id": "ns-2"}]}
    monkeypatch.setattr(cloud_map, "list_namespaces", lambda Filters: two)
    with pytest.raises(ModuleFailed, match=r"There are 2 private DNS namespaces named x.internal \(ns-1, ns-2\)"):
        run_module("cloudmap_namespace", NAMESPACE)
