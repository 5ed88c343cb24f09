# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails the run of `absent_again.yml` where a task changed something.

Molecule checks idempotence of its converge playbook only; the absent path deserves the same.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: unchanged
type: aggregate
short_description: fails a second removal that changes something
description:
  - Ends the run of C(absent_again.yml) with code 3 where a task reported a change.
requirements:
  - enabled in the configuration
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "unchanged"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.watching = False
        self.changed: list[str] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self.watching = os.path.basename(playbook._file_name) == "absent_again.yml"

    def v2_runner_on_ok(self, result: Any) -> None:
        if result._result.get("changed", False):
            self.changed.append(result._task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self.watching and self.changed:
            self._display.error(f"The second removal changed something: {', '.join(self.changed)}")
            sys.exit(3)
