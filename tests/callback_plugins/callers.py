# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives every role an access key of its own, by which the local AWS can tell who called what."""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: callers
type: aggregate
short_description: an access key for each role
description:
  - For the tests that compare what the roles call with the policies that they ship. The local AWS takes any key.
"""
DISCOVERY = "llmops.langfuse.langfuse_environment_info"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "callers"

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if task._role is not None:
            caller = task._role.get_name().rpartition(".")[2]
        elif task.resolved_action == DISCOVERY:
            caller = "playbooks"
        else:  # a test's own
            return
        task.environment = [*task.environment, {"AWS_ACCESS_KEY_ID": f"CALLER{caller.upper()}"}]

    v2_playbook_on_handler_task_start = v2_playbook_on_task_start
