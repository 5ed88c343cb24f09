# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the converges of the local environment: `make bench` prints the table of docs/performance.md.

Runs site.yml on a fresh local AWS once, and then --repeat times more, each also through the connection local, by turns;
prints wall and CPU seconds, API calls, and the slowest component with its share of all components' task time. Seconds
are wall-clock; CPU is of ansible-playbook, its children and the warm process, so without the local AWS itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from local_aws.ports import free_port
from measure import adopt_orphans, children_cpu, machine, tools


@dataclass
class Measurement:
    wall: float
    cpu: float
    calls: int
    slowest: str
    share: float
    tasks: int


def api_calls(environment: dict[str, str]) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{environment['LOCAL_AWS_PORT']}/_local/stats") as answer:
        return int(json.load(answer)["total"])


def converge(environment: dict[str, str], extra: list[str]) -> Measurement:
    calls, cpu, started = api_calls(environment), children_cpu(), time.monotonic()
    subprocess.run(
        ["ansible-playbook", "-i", "inventories/local", "playbooks/site.yml", *extra],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall = time.monotonic() - started
    cpu = children_cpu() - cpu
    figures = json.loads(Path(environment["COMPONENT_SECONDS"]).read_text())
    slowest = max(figures["seconds"], key=figures["seconds"].__getitem__)
    return Measurement(
        wall=wall,
        cpu=cpu,
        calls=api_calls(environment) - calls,
        slowest=slowest,
        share=figures["seconds"][slowest] / sum(figures["seconds"].values()),
        tasks=sum(figures["tasks"].values()),
    )


def row(name: str, measurements: list[Measurement]) -> str:
    wall = statistics.median(m.wall for m in measurements)
    cpu = statistics.median(m.cpu for m in measurements)
    last = measurements[-1]
    return f"| {name} | {wall:.1f} | {cpu:.1f} | {last.calls} | {last.tasks} | {last.slowest} ({last.share:.0%}) |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="second converges to take the median of")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = tools() | {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "component_seconds",
            "COMPONENT_SECONDS": f"{folder}/seconds.json",
            "LOCAL_AWS_PORT": str(free_port()),
            "LOCAL_AWS_INGRESS_PORT": str(free_port()),
            "LOCAL_AWS_CLICKHOUSE_HTTP_PORT": str(free_port()),
            "LOCAL_AWS_CLICKHOUSE_NATIVE_PORT": str(free_port()),
        }
        command = [sys.executable, "-m", "local_aws"]
        state = ["--state-dir", f"{folder}/state"]
        subprocess.run(
            [*command, "start", *state, "--port", environment["LOCAL_AWS_PORT"]], env=environment, check=True
        )
        try:
            adopt_orphans()
            first = converge(environment, [])
            second, local = [], []
            for _ in range(options.repeat):
                second.append(converge(environment, []))
                local.append(converge(environment, ["-e", "ansible_connection=local"]))
            check = [converge(environment, ["--check"])]
        finally:
            subprocess.run([*command, "stop", *state], env=environment, check=True)
    print(f"{machine()}; medians of {options.repeat} second converges\n")
    print("| run | wall s | CPU s | API calls | tasks | slowest component (share of task time) |")
    print("|---|---|---|---|---|---|")
    print(row("first converge", [first]))
    print(row("second converge", second))
    print(row("second converge, connection `local`", local))
    print(row("check mode", check))


if __name__ == "__main__":
    main()
