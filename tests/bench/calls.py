# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures module calls through the connections local and warm_local: `make bench` prints the table.

Playbooks of amazon.aws calls (VPCs, subnets, buckets, roles) on one host and on several parallel ones, each through both
connections by turns, against the local AWS. Seconds are those of ansible-playbook as a whole, its start included; CPU is
of ansible-playbook, the modules and the warm process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from local_aws.ports import free_port
from measure import adopt_orphans, children_cpu, machine, tools

MODULES = [
    "amazon.aws.ec2_vpc_net_info",
    "amazon.aws.ec2_vpc_subnet_info",
    "amazon.aws.s3_bucket_info",
    "amazon.aws.iam_role_info",
]
CONNECTIONS = ["local", "llmops.langfuse.warm_local"]
# Hosts, and calls of each.
RUNS = {
    "one call": (1, 1),
    "100 calls on one host": (1, 100),
    "6 parallel hosts": (6, 20),
    "12 parallel hosts": (12, 10),
}


def write(folder: Path, hosts: int, calls: int) -> None:
    names = {f"host{number}": {} for number in range(hosts)}
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": names, "vars": variables}}))  # JSON is YAML
    tasks: list[dict[str, Any]] = [
        {"name": f"Call {number}", MODULES[number % len(MODULES)]: {}} for number in range(calls)
    ]
    play = {"hosts": "all", "gather_facts": False, "strategy": "free", "tasks": tasks}
    (folder / "play.yml").write_text(json.dumps([play]))


def run(folder: Path, environment: dict[str, str], connection: str, hosts: int) -> tuple[float, float]:
    """Wall and CPU seconds."""
    cpu, started = children_cpu(), time.monotonic()
    subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "inventory.yml",
            "play.yml",
            "-f",
            str(hosts),
            "-e",
            f"ansible_connection={connection}",
        ],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started, children_cpu() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind to take the median of")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        environment = tools() | {
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "local-aws-access-key-id",
            "AWS_SECRET_ACCESS_KEY": "local-aws-secret-access-key",
            "AWS_REGION": "us-east-1",
        }
        local_aws = [sys.executable, "-m", "local_aws"]
        state = ["--state-dir", f"{folder}/state"]
        subprocess.run([*local_aws, "start", *state, "--port", str(port)], env=environment, check=True)
        print(f"{machine()}; medians of {options.repeat} runs\n")
        print(
            "| run | `local` wall s | warm wall s | times faster | `local` CPU s | warm CPU s | warm wall s per call |"
        )
        print("|---|---|---|---|---|---|---|")
        try:
            adopt_orphans()
            for what, (hosts, calls) in RUNS.items():
                write(folder, hosts, calls)
                figures: dict[str, list[tuple[float, float]]] = {connection: [] for connection in CONNECTIONS}
                for _ in range(options.repeat):
                    for connection in CONNECTIONS:
                        figures[connection].append(run(folder, environment, connection, hosts))
                wall, cpu = (
                    [statistics.median(figure[part] for figure in figures[connection]) for connection in CONNECTIONS]
                    for part in (0, 1)
                )
                print(
                    f"| {what}{f', {calls} calls each' if hosts > 1 else ''} | {wall[0]:.1f} | {wall[1]:.1f} "
                    f"| {wall[0] / wall[1]:.1f} | {cpu[0]:.1f} | {cpu[1]:.1f} | {wall[1] / hosts / calls:.2f} |",
                    flush=True,
                )
        finally:
            subprocess.run([*local_aws, "stop", *state], env=environment, check=True)


if __name__ == "__main__":
    main()
