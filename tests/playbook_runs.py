# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook, for tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

RECAP = re.compile(r"^(\w+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
SENTENCE = re.compile(r"\s+")


class Run:
    """One run of ansible-playbook: its output, and per component the changed and failed tasks of the recap."""

    def __init__(self, finished: subprocess.CompletedProcess[str]) -> None:
        self.output = finished.stdout
        self.ok = finished.returncode == 0
        recap = RECAP.findall(finished.stdout)
        self.changed = {host: int(changed) for host, _ok, changed, _unreachable, _failed in recap}
        self.failed = {host for host, _ok, _changed, _unreachable, failed in recap if int(failed)}

    def says(self, sentence: str) -> bool:
        """Whether the output has the sentence, however it is folded."""
        return SENTENCE.sub(" ", sentence) in SENTENCE.sub(" ", self.output)


def aws_client(local: Mapping[str, str], service: str, region: str = "us-east-1") -> Any:
    """A client of the local AWS that `local` leads to."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{local['LOCAL_AWS_PORT']}",
        region_name=region,
        aws_access_key_id="local-aws-access-key-id",
        aws_secret_access_key="local-aws-secret-access-key",
    )


def play_in(folder: Path, environment: dict[str, str], *arguments: str) -> Run:
    """Runs ansible-playbook in a folder."""
    return Run(
        subprocess.run(
            ["ansible-playbook", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
    )
