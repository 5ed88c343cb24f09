# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local AWS for the tests that run Ansible, apart from the one of `make demo`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import permissions
import pytest
from local_aws.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[1]

# Under nohup, or in the background of a script, these are ignored, and every process that a test starts would inherit that.
for _number, _handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

# Enough examples for every run; HYPOTHESIS_PROFILE=thorough looks further.
hypothesis.settings.register_profile("quick", max_examples=40, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def local_aws_time_scale() -> float:
    """How long things take on the local AWS, as a share of what they take on AWS."""
    return 0.01


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory, local_aws_time_scale: float) -> Iterator[dict[str, str]]:
    """Starts a local AWS on free ports and yields the environment that leads Ansible to it."""
    with local_aws_at(tmp_path_factory.mktemp("local_aws"), local_aws_time_scale) as environment:
        yield environment


@contextmanager
def local_aws_at(state_dir: Path, time_scale: float) -> Iterator[dict[str, str]]:
    """A local AWS on free ports; the environment that leads Ansible to it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
        "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/callback_plugins"),
        "NO_COLOR": "1",
        "LOCAL_AWS_STATE": str(state_dir),
        "LOCAL_AWS_PORT": str(free_port()),
        "LOCAL_AWS_INGRESS_PORT": str(free_port()),
        "LOCAL_AWS_CLICKHOUSE_HTTP_PORT": str(free_port()),
        "LOCAL_AWS_CLICKHOUSE_NATIVE_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "local_aws"]
    options = ["--state-dir", str(state_dir)]
    start = ["start", *options, "--port", environment["LOCAL_AWS_PORT"], "--time-scale", str(time_scale)]
    subprocess.run([*command, *start], env=environment, check=True, timeout=60)
    try:
        yield environment
        with urllib.request.urlopen(f"http://127.0.0.1:{environment['LOCAL_AWS_PORT']}/_local/callers") as answer:
            callers = json.load(answer)
    finally:
        subprocess.run([*command, "stop", *options], env=environment, check=True, timeout=60)
    if record := os.environ.get(permissions.RECORD):
        permissions.add_to_record(Path(record), callers)
    else:
        permissions.refuse_more_than_policies_allow(callers)
