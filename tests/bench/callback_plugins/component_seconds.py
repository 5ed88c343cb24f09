# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how long each host's tasks took to the file that COMPONENT_SECONDS names."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: component_seconds
type: aggregate
short_description: seconds and module calls of each host
description:
  - Sums the time from start to end of each host's tasks, for the project's own measurements.
requirements:
  - enabled in the configuration
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "component_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.started: dict[tuple[str, str], float] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.tasks: dict[str, int] = defaultdict(int)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self.started[host.get_name(), task._uuid] = time.monotonic()

    def _ended(self, result: Any) -> None:
        host = result._host.get_name()
        started = self.started.pop((host, result._task._uuid), None)
        if started is not None:
            self.seconds[host] += time.monotonic() - started
            self.tasks[host] += 1

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = _ended

    def v2_playbook_on_stats(self, stats: Any) -> None:
        with open(os.environ["COMPONENT_SECONDS"], "w", encoding="utf-8") as output:
            json.dump({"seconds": self.seconds, "tasks": self.tasks}, output)
