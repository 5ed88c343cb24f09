# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/features.md names exists: a test that was renamed proves nothing, a variable that is gone switches nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SCENARIOS = {path.parent.name for path in REPOSITORY.glob("extensions/molecule/*/molecule.yml")}
TEXT = (REPOSITORY / "docs/features.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/\S+?\.py)::(\w+)(?:\[(\w+)\])?`", TEXT)))
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| feature ")]


def known_variables() -> set[str]:
    specs = [yaml.safe_load(path.read_text()) for path in REPOSITORY.glob("roles/*/meta/argument_specs.yml")]
    of_environments = yaml.safe_load((REPOSITORY / "roles/preflight/vars/main.yml").read_text())
    return {name for spec in specs for name in spec["argument_specs"]["main"]["options"]} | set(
        of_environments["__preflight_environment_variables"]
    )


@pytest.mark.parametrize(("file", "name", "case"), TESTS)
def test_tests_exist(file: str, name: str, case: str) -> None:
    source = (REPOSITORY / file).read_text()
    assert f"def {name}(" in source
    if name == "test_scenario":
        assert case in SCENARIOS
    elif case:
        assert f"{name}(environment" in source
        assert f'"{case}"' in source


def test_variables_exist() -> None:
    named = set(re.findall(r"`((?!tests/)[a-z]+(?:_[a-z0-9]+)+)`", TEXT)) - {"sign_in"}
    assert named, "the table names variables"
    assert named - known_variables() == set()


def test_each_row_has_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if "`tests/" not in row.split(" | ")[-1]] == []
