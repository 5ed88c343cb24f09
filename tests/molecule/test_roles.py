# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that need little or nothing below them, and that no role is without a scenario."""

from __future__ import annotations

from pathlib import Path

import pytest
from molecule_scenarios import ON_ONE_ENVIRONMENT, REPOSITORY, SCENARIOS, run_scenario


def test_every_role_has_a_scenario() -> None:
    roles = {path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir()}
    # What follows a role's name is a variant of it.
    of_role = {role: [name for name in SCENARIOS if name == role or name.startswith(f"{role}_")] for role in roles}
    assert not [role for role, scenarios in of_role.items() if not scenarios]
    assert sorted(name for scenarios in of_role.values() for name in scenarios) == SCENARIOS


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name not in ON_ONE_ENVIRONMENT])
def test_scenario(scenario: str, local_aws: dict[str, str], tmp_path: Path) -> None:
    run_scenario(scenario, local_aws, tmp_path)
