# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role through its molecule scenario: check, converge, idempotence, verify, absent, absent again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in REPOSITORY.glob("extensions/molecule/*/molecule.yml"))
# They share one environment and so one local AWS, in this order.
ON_ONE_ENVIRONMENT = ["application", "migration", "web", "worker", "verify"]


def test_every_role_has_a_scenario() -> None:
    roles = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    assert roles == set(SCENARIOS)


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(name, marks=pytest.mark.xdist_group("environment")) for name in ON_ONE_ENVIRONMENT]
    + [
        pytest.param(name, marks=pytest.mark.xdist_group("single"))
        for name in SCENARIOS
        if name not in ON_ONE_ENVIRONMENT
    ],
)
def test_scenario(scenario: str, local_aws: dict[str, str], tmp_path: Path) -> None:
    run = subprocess.run(
        ["molecule", "test", "-s", scenario],
        cwd=REPOSITORY,
        # What molecule remembers of an earlier run is of another local AWS.
        env=local_aws | {"MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20000:].replace("\\n", "\n").replace('", "', "\n")
