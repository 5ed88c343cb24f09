# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security group opens the ports that the load balancer listens on: three roles derive the listener from the same variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

REPOSITORY = Path(__file__).resolve().parents[3]
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/x"


def role(name: str, folder: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / f"roles/{name}/{folder}/main.yml").read_text(encoding="utf-8"))
    return found


def rendered(text: str, given: dict[str, Any]) -> Any:
    environment = NativeEnvironment()
    environment.filters["bool"] = bool
    value = environment.from_string(text).render(given)
    return value.strip() if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("given", "listener", "ports"),
    [
        ({}, "http", [80]),
        ({"langfuse_domain": "a.example.com"}, "https", [80, 443]),
        ({"ingress_certificate_arn": ARN}, "https", [80, 443]),
        ({"langfuse_domain": "a.example.com", "ingress_listener": "http"}, "http", [80]),
        ({"langfuse_domain": "a.example.com", "ingress_cloudfront": True}, "http", [80]),
        (
            {"langfuse_domain": "a.example.com", "ingress_cloudfront": True, "ingress_certificate_arn": ARN},
            "https",
            [443],
        ),
        ({"ingress_http_port": 8080, "ingress_https_port": 8443, "ingress_listener": "https"}, "https", [8080, 8443]),
    ],
)
def test_ports_of_the_listener(given: dict[str, Any], listener: str, ports: list[int]) -> None:
    cloudfront = given.get("ingress_cloudfront", False)
    network = {**given, "network_cloudfront": cloudfront}
    network["__network_listener"] = rendered(role("network", "vars")["__network_listener"], network)
    assert rendered(role("network", "defaults")["network_ingress_ports"], network) == ports
    judged = rendered(
        role("preflight", "defaults")["preflight_ingress_listener"],
        {**given, "preflight_ingress_cloudfront": cloudfront},
    )
    made = given.get("ingress_listener") or rendered(
        role("ingress", "defaults")["ingress_listener"],
        {
            "ingress_certificate_arn": "",
            "ingress_domain": given.get("langfuse_domain", ""),
            "ingress_cloudfront": False,
            **given,
        },
    )
    assert (network["__network_listener"], judged, made) == (listener,) * 3
