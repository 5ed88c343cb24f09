# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A context for engines without a server."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any


class EngineContext:
    """Starts processes and ends exactly those."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.processes: list[subprocess.Popen[bytes]] = []
        self.callbacks: list[Callable[[], object]] = []

    def spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process."""
        process = subprocess.Popen(command, **options)
        self.processes.append(process)
        return process

    def on_shutdown(self, callback: Callable[[], object]) -> None:
        """Remember what to do at the end."""
        self.callbacks.append(callback)

    def close(self) -> None:
        """End everything."""
        for callback in reversed(self.callbacks):
            with contextlib.suppress(Exception):
                callback()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
