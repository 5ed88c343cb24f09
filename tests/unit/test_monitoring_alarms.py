# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's alarms: each tells people something, and its README has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/monitoring"
CATALOGUE: dict[str, dict[str, Any]] = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__monitoring_catalogue"]
README = (ROLE / "README.md").read_text()


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_alarm_says_what_it_means_and_what_to_do(name: str) -> None:
    description = CATALOGUE[name]["description"].strip()
    sentences = [part for part in description.replace("site.yml", "site").split(". ") if part]
    assert len(sentences) >= 2, "what it means, and what to do"
    assert description.endswith(".")
    # API PutMetricAlarm, AlarmDescription.
    assert len(description) <= 1024
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
    assert CATALOGUE[name]["metric_name"] in row
    assert description in row


@pytest.mark.parametrize("name", CATALOGUE)
def test_missing_data_are_decided_on(name: str) -> None:
    """An alarm that is left to CloudWatch's default would show INSUFFICIENT_DATA, which nobody is told of."""
    assert CATALOGUE[name]["treat_missing_data"] in ("breaching", "notBreaching", "ignore")


def test_the_readme_has_no_alarm_that_there_is_not() -> None:
    table = README.split("## Alarms")[1].split("## Outputs")[0]
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert rows == list(CATALOGUE)
