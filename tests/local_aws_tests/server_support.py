# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole local AWS in a process of its own, one for all tests of a session, and boto3 clients for it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from local_aws.ports import free_port

REGION = "eu-central-1"
TESTS = Path(__file__).resolve().parents[1]


def command(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `python -m local_aws`."""
    done = subprocess.run(
        [sys.executable, "-m", "local_aws", *arguments],
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


class Server:
    """The endpoint and its clients."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state
        self.endpoint: str = state["endpoint"]
        self._clients: dict[str, Any] = {}

    def client(self, name: str) -> Any:
        if name not in self._clients:
            connect: Any = boto3.client
            self._clients[name] = connect(
                name,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id="local-aws-access-key-id",
                aws_secret_access_key="x",
                config=Config(
                    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False
                ),
            )
        return self._clients[name]

    def local(self, path: str, method: str = "GET", body: Any = None) -> Any:
        asked = urllib.request.Request(
            f"{self.endpoint}/_local/{path}", method=method, data=None if body is None else json.dumps(body).encode()
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    @contextmanager
    def refuses(self, code: str, text: str = "") -> Iterator[None]:
        """The call inside is refused with this error."""
        with pytest.raises(ClientError) as caught:
            yield
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        assert text in error["Message"], error

    @staticmethod
    def wait(check: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Wait for something true and return it."""
        end = time.monotonic() + timeout
        while True:
            found = check()
            if found:
                return found
            assert time.monotonic() < end, "nothing came in time"
            time.sleep(0.05)

    @staticmethod
    def gone(describe: Callable[[], Any]) -> bool:
        """Whether a description fails because there is nothing any more."""
        try:
            found = describe()
        except ClientError as error:
            assert "NotFound" in error.response["Error"]["Code"], error
            return True
        return not found

    @staticmethod
    def accepted(call: Callable[[], Any]) -> bool:
        """Whether a call is no longer refused."""
        try:
            call()
        except ClientError:
            return False
        return True

    @staticmethod
    def name(prefix: str = "t") -> str:
        """A name that no other test has."""
        return f"{prefix}-{uuid.uuid4().hex[:10]}"

    def network(self, zones: str = "ab") -> tuple[str, list[str], str]:
        """A VPC, a subnet in each zone, and a security group."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
                "SubnetId"
            ]
            for number, zone in enumerate(zones)
        ]
        group = ec2.create_security_group(GroupName=self.name(), Description="d", VpcId=vpc)["GroupId"]
        return vpc, subnets, group


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server; every transition takes its shortest time."""
    state_dir = tmp_path_factory.mktemp("aws")
    command("start", "--state-dir", str(state_dir), "--port", str(free_port()), "--time-scale", "0.0001")
    state = json.loads((state_dir / "state.json").read_text())
    yield Server(state)
    command("stop", "--state-dir", str(state_dir))
