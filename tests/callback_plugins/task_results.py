# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every task's whole result to the file that TASK_RESULTS names, one JSON object a line."""

from __future__ import annotations

import json
import os
from functools import partialmethod
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_results
type: aggregate
short_description: results of tasks as JSON lines
description:
  - For tests that compare two runs. The file holds what the modules returned, so it belongs into a test's own folder.
requirements:
  - enabled in the configuration
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, status: str, result: Any, **_options: Any) -> None:
        host, task = (
            (result.host, result.task) if hasattr(result, "host") else (result._host, result._task)
        )  # the latter before ansible-core 2.19
        values = result.result if hasattr(result, "result") else result._result
        entry = {
            "host": host.get_name(),
            "task": task.get_name(),
            "action": task.action,
            "status": status,
            "result": values,
        }
        with open(
            os.environ["TASK_RESULTS"], "a", encoding="utf-8", opener=lambda *a: os.open(*a, mode=0o600)
        ) as output:
            output.write(json.dumps(entry, default=str) + "\n")

    v2_runner_on_ok = partialmethod(_write, "ok")
    v2_runner_on_failed = partialmethod(_write, "failed")
    v2_runner_on_skipped = partialmethod(_write, "skipped")
    v2_runner_on_unreachable = partialmethod(_write, "unreachable")
