# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS for module tests, and the cycle that every module goes through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from ecs_ground import ecs
from module_runner import run_module
from moto import mock_aws

REGION = "us-east-1"

__all__ = ["ecs"]


@dataclass
class Aws:
    """An empty AWS account, for boto3 and for modules."""

    arguments: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.arguments.get("endpoint_url"))

    def run(self, module: str, args: dict[str, Any], check: bool = False) -> dict[str, Any]:
        return run_module(module, {"region": REGION, **self.arguments, **args}, check=check)

    def cycle(self, module: str, args: dict[str, Any], *, changed: bool = True) -> dict[str, Any]:
        """Four of the twelve steps: in check mode, really, in check mode again, really again. Returns the second's."""
        predicted = self.run(module, args, check=True)
        assert predicted["changed"] is changed, "check mode predicts"
        result = self.run(module, args)
        assert result["changed"] is changed, "the run does what check mode predicted, which had done nothing"
        if changed:
            assert result["diff"]["before"] != result["diff"]["after"]
            assert predicted["diff"]["after"].keys() == result["diff"]["after"].keys()
        assert self.run(module, args, check=True)["changed"] is False, "check mode finds nothing left"
        assert self.run(module, args)["changed"] is False, "a second run changes nothing"
        return {**result, "predicted": predicted}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS as moto has it, in this process."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "local-aws-access-key-id",
        "AWS_SECRET_ACCESS_KEY": "local-aws-secret-access-key",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield Aws()


@pytest.fixture
def server(local_aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS as tests/local_aws has it: with its rules, its waits and its engines."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "local-aws-access-key-id",
        "AWS_SECRET_ACCESS_KEY": "local-aws-secret-access-key",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    aws = Aws({"endpoint_url": f"http://127.0.0.1:{local_aws['LOCAL_AWS_PORT']}"})
    state = json.loads((Path(local_aws["LOCAL_AWS_STATE"]) / "state.json").read_text())
    aws.ca_file = state["ca_file"]  # type: ignore[attr-defined]
    return aws
