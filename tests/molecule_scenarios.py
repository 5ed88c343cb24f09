# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' molecule scenarios, and how one is run: check, converge, idempotence, verify, absent, absent again."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SCENARIOS = sorted(path.parent.name for path in REPOSITORY.glob("extensions/molecule/*/molecule.yml"))
# They need a whole environment below them and share one, so one worker runs them, in this order.
ON_ONE_ENVIRONMENT = ["application", "migration", "web", "worker", "verify"]


def run_scenario(scenario: str, local_aws: dict[str, str], folder: Path) -> None:
    """Runs the scenario of a role, and shows what molecule printed where it fails.

    :param local_aws: the environment that leads Ansible to the local AWS.
    :param folder: where molecule may keep its state; what it remembers of an earlier run is of another local AWS.
    """
    run = subprocess.run(
        ["molecule", "test", "-s", scenario],
        cwd=REPOSITORY,
        env=local_aws | {"MOLECULE_EPHEMERAL_DIRECTORY": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20000:].replace("\\n", "\n").replace('", "', "\n")
