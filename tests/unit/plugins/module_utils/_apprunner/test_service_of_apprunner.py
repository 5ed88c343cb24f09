# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An App Runner service as AWS describes it, and the pure difference to what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._apprunner import service as apprunner
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from hypothesis import given
from hypothesis import strategies as st

PARAMS: dict[str, Any] = dict.fromkeys(
    ("image", "access_role_arn", "port", "start_command", "environment", "secrets", "auto_deployments", "cpu", "memory",
     "instance_role_arn", "vpc_connector_arn", "health_check", "auto_scaling_configuration_arn", "kms_key_arn", "url_variables")
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2 vCPU", 2048), ("0.25 vCPU", 256), ("2048", 2048), ("4 GB", 4096), ("0.5 GB", 512), (1024, 1024)],
)
def test_both_notations_of_a_size(text: Any, expected: int) -> None:
    assert apprunner.number(text) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("public.ecr.aws/x/langfuse:3", "ECR_PUBLIC"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/langfuse:3", "ECR"),
    ],
)
def test_kinds_of_repositories(image: str, expected: str) -> None:
    assert apprunner.repository_type(image) == expected


def test_a_service_that_aws_describes_sparsely_has_the_defaults_of_the_api() -> None:
    state = apprunner.described({"ServiceName": "x"}, {})
    assert (state["port"], state["cpu"], state["memory"]) == (8080, 1024, 2048)
    assert state["health_check"] == {
        "protocol": "TCP", "path": "/", "interval": 5, "timeout": 2, "healthy_threshold": 1, "unhealthy_threshold": 5
    }  # fmt: skip
    assert (state["vpc_connector_arn"], state["url"], state["environment"]) == ("", "", {})


def test_egress_that_is_public_has_no_connector() -> None:
    network = {"EgressConfiguration": {"EgressType": "DEFAULT", "VpcConnectorArn": "left-over"}}
    assert apprunner.described({"ServiceName": "x", "NetworkConfiguration": network}, {})["vpc_connector_arn"] == ""


def test_the_url_stands_in_for_a_value_and_the_other_variables_are_text() -> None:
    params = {**PARAMS, "environment": {"A": 1, "URL": "http://mine"}, "url_variables": ["URL"]}
    assert apprunner.wanted(params, "https://own")["environment"] == {"A": "1", "URL": "https://own"}
    assert apprunner.wanted(params, "")["environment"]["URL"] == apprunner.URL_TO_COME
    assert apprunner.wanted(PARAMS, "https://own")["environment"] is None


def test_a_path_of_a_check_by_tcp_counts_for_nothing() -> None:
    assert apprunner.health_check({"protocol": "TCP", "path": "/ready"})["path"] == "/"
    assert apprunner.health_check({"protocol": "HTTP", "path": "/ready"})["path"] == "/ready"


sizes = st.sampled_from([256, 512, 1024, 2048, 4096])
texts = st.dictionaries(st.text("AB_", min_size=1, max_size=3), st.text(max_size=3), max_size=3)


@given(cpu=sizes, memory=sizes, environment=texts, port=st.integers(1, 65535), connector=st.sampled_from(["", "arn:c"]))
def test_what_was_created_as_wanted_does_not_differ(
    cpu: int, memory: int, environment: dict[str, str], port: int, connector: str
) -> None:
    params = {**PARAMS, "image": "i", "cpu": cpu, "memory": memory, "environment": environment, "port": port}
    target = apprunner.wanted({**params, "vpc_connector_arn": connector}, "")
    request = apprunner.creation(apprunner.new("x", target, {}))
    active = apprunner.described({**request, "Status": "RUNNING"}, {})
    assert not apprunner.differences(target, active).changed


@pytest.mark.parametrize(
    ("operations", "expected"), [([], {}), ([{"Id": "b"}, {"Id": "a", "Status": "FAILED"}], "FAILED")]
)
def test_an_operation_is_found_by_its_id(operations: list[dict[str, Any]], expected: Any) -> None:
    found = apprunner.newest(operations, "a")
    assert found.get("Status", {}) == expected


def test_what_is_set_at_the_creation_cannot_change() -> None:
    active = apprunner.described({"ServiceName": "x", "Status": "RUNNING"}, {})
    with pytest.raises(AwsError, match="the key of AWS"):
        apprunner.differences(apprunner.wanted({**PARAMS, "kms_key_arn": "arn:key"}, ""), active)
