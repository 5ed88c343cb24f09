# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the worker's settings the background migrations are judged with, by the role verify and by status.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.filter.core import combine
from jinja2.nativetypes import NativeEnvironment

REPOSITORY = Path(__file__).resolve().parents[3]
GATE = "LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL"
SWITCH = "LANGFUSE_ENABLE_BACKGROUND_MIGRATIONS"
MODE = "LANGFUSE_MIGRATION_V4_WRITE_MODE"


def expressions() -> list[str]:
    role = yaml.safe_load((REPOSITORY / "roles/verify/defaults/main.yml").read_text(encoding="utf-8"))
    (play,) = yaml.safe_load((REPOSITORY / "playbooks/status.yml").read_text(encoding="utf-8"))
    tasks = [inner for task in play["tasks"] for inner in task.get("block", [])]
    module = "llmops.langfuse.langfuse_background_migrations_info"
    (asked,) = (task[module] for task in tasks if module in task)
    return [role["verify_worker_settings"], asked["environment"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"langfuse_write_mode": "events_only"}, {}),
        # langfuse_env shuts the backfill's gate for these modes, so its rows are dormant and not stalled.
        ({"langfuse_write_mode": "legacy"}, {GATE: "false"}),
        ({"langfuse_settings": {MODE: "legacy"}}, {MODE: "legacy", GATE: "false"}),
        ({"langfuse_write_mode": "dual"}, {GATE: "false"}),
        ({"langfuse_write_mode": "dual", "langfuse_settings": {GATE: "true"}}, {GATE: "true"}),
        # As the role application has it.
        ({"langfuse_v2_traffic": "v2"}, {SWITCH: "false"}),
        ({"langfuse_v2_traffic": "moved"}, {}),
    ],
)
def test_migrations_are_judged_with_the_settings_that_the_worker_has(
    given: dict[str, Any], expected: dict[str, str]
) -> None:
    environment = NativeEnvironment()
    environment.filters["combine"] = combine
    assert [environment.from_string(text).render(given) for text in expressions()] == [expected, expected]
