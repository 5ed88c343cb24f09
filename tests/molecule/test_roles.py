# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' molecule scenarios, and that no role is without one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in REPOSITORY.glob("extensions/molecule/*/molecule.yml"))
# They need a whole environment below them and share one, so one worker runs them, in this order.
ON_ONE_ENVIRONMENT = ["application", "migration", "web", "worker", "verify", "grafana"]


def test_every_role_has_a_scenario() -> None:
    roles = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    # What follows a role's name is a variant of it.
    of_role = {role: [name for name in SCENARIOS if name == role or name.startswith(f"{role}_")] for role in roles}
    assert not [role for role, scenarios in of_role.items() if not scenarios]
    assert sorted(name for scenarios in of_role.values() for name in scenarios) == SCENARIOS


@pytest.mark.parametrize(
    "scenario",
    [
        *(pytest.param(name, marks=pytest.mark.xdist_group("one environment")) for name in ON_ONE_ENVIRONMENT),
        *(name for name in SCENARIOS if name not in ON_ONE_ENVIRONMENT),
    ],
)
def test_scenario(scenario: str, local_aws: dict[str, str], tmp_path: Path) -> None:
    """Check, converge, idempotence, verify, absent, absent again; shows what molecule printed where one fails."""
    run = subprocess.run(
        ["molecule", "test", "-s", scenario],
        cwd=REPOSITORY,
        # What molecule remembers of an earlier run is of another local AWS.
        env=local_aws | {"MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20000:].replace("\\n", "\n").replace('", "', "\n")
