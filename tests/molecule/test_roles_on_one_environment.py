# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that need a whole environment below them. A file of their own, because one worker runs a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from molecule_scenarios import ON_ONE_ENVIRONMENT, run_scenario


@pytest.mark.parametrize("scenario", ON_ONE_ENVIRONMENT)
def test_scenario(scenario: str, local_aws: dict[str, str], tmp_path: Path) -> None:
    run_scenario(scenario, local_aws, tmp_path)
