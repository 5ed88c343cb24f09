# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of an environment through local and through warm_local, each on a fresh local AWS: every field of every
result, the recaps, and what AWS has in the end. `make differential` runs it; `make test` compares second converges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import task_results

REPOSITORY = Path(__file__).resolve().parents[2]
CONNECTIONS = ["local", "llmops.langfuse.warm_local"]
RUNS = {
    "check mode before": ["site", "--check"],
    "first converge": ["site"],
    "second converge": ["site"],
    "check mode": ["site", "--check", "--diff"],
    "changed settings": ["site", "-e", json.dumps({"web_desired_count": 2, "langfuse_tags": {"team": "other"}})],
    "status": ["status"],
    "destroy": ["destroy", "-e", "langfuse_destroy_confirm=langfuse-local"],
}


@pytest.fixture(scope="module")
def lives(local_aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the results and the recap of each run, by connection."""
    folders = {}
    for connection in CONNECTIONS:
        folders[connection] = folder = tmp_path_factory.mktemp("life")
        state = ["--state-dir", local_aws["LOCAL_AWS_STATE"]]
        # The same ports, so that settings and addresses are the same.
        for command in (["stop", *state], ["start", *state, "--port", local_aws["LOCAL_AWS_PORT"]]):
            subprocess.run([sys.executable, "-m", "local_aws", *command], env=local_aws, check=True, timeout=120)
        for name, (playbook, *options) in RUNS.items():
            environment = local_aws | {
                "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/callback_plugins"),
                "ANSIBLE_CALLBACKS_ENABLED": "task_results",
                "TASK_RESULTS": str(folder / name),
            }
            connected = ["-e", f"ansible_connection={connection}"]
            run = subprocess.run(
                ["ansible-playbook", "-i", "inventories/local", f"playbooks/{playbook}.yml", *connected, *options],
                cwd=REPOSITORY,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=900,
                check=False,
            )
            (folder / f"{name}.recap").write_text(run.stdout[run.stdout.find("PLAY RECAP") :])
            assert run.returncode == 0, f"{name} through {connection}: {run.stdout[-6000:]}"
    return folders


@pytest.mark.parametrize("run", RUNS)
def test_every_field_of_every_result_is_the_same(run: str, lives: dict[str, Path]) -> None:
    local, warm = (lives[connection] / run for connection in CONNECTIONS)
    results, fields, differences = task_results.compare(local, warm, same_environment=False)
    print(f"{run}: {results} results, {fields} fields")
    assert results >= (2 if run == "status" else 80)
    assert differences == []


@pytest.mark.parametrize("run", RUNS)
def test_the_recap_is_the_same(run: str, lives: dict[str, Path]) -> None:
    local, warm = ((lives[connection] / f"{run}.recap").read_text() for connection in CONNECTIONS)
    assert "changed=" in local
    assert local == warm


def test_every_module_of_the_roles_was_called(lives: dict[str, Path]) -> None:
    """So that none goes without comparison."""
    called = {
        entry["action"]
        for run in RUNS
        for entry in task_results.read(lives[CONNECTIONS[1]] / run).values()
        if entry["status"] == "ok"
    }
    used = set()
    for path in (REPOSITORY / "roles").rglob("tasks/*.yml"):
        for line in path.read_text().splitlines():
            word = line.strip().removesuffix(":")
            if line.strip().endswith(":") and word.startswith(("amazon.aws.", "community.aws.", "llmops.langfuse.")):
                used.add(word)
    assert len(used) > 40
    print("modules of the roles:", len(used), "called:", len(used & called))
    assert sorted(used - called) == []
