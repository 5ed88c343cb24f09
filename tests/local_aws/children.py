# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that the server starts, and their end: with the server, however it ends.

``spawn`` is Popen; each child leads a process group of its own. A guardian process knows the groups and holds the
reading end of a pipe: when the server is gone, killed or not, the pipe ends and the guardian kills what is left. That
works on every Unix, in contrast to Linux's PR_SET_PDEATHSIG, which also fires when the *thread* that forked ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

GRACE = 10.0

_GUARDIAN = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    word, number = line.split()
    (groups.add if word == "+" else groups.discard)(int(number))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Children:
    """All child processes of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: dict[int, subprocess.Popen[Any]] = {}
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARDIAN],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            env={"PATH": os.defpath},
        )

    @property
    def guardian(self) -> int:
        return self._guardian.pid

    def _tell(self, word: str, pid: int) -> None:
        assert self._guardian.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._guardian.stdin.write(f"{word} {pid}\n")
            self._guardian.stdin.flush()

    def spawn(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process as subprocess.Popen does, and end it when the server ends."""
        options.setdefault("start_new_session", True)
        process: subprocess.Popen[Any] = subprocess.Popen(command, **options)
        with self._lock:
            self._processes[process.pid] = process
            self._tell("+", process.pid)
        return process

    def forget_ended(self) -> None:
        """Reap what has ended, so that its number cannot be mistaken for another process."""
        with self._lock:
            for pid, process in list(self._processes.items()):
                if process.poll() is not None:
                    del self._processes[pid]
                    self._tell("-", pid)

    def running(self) -> list[int]:
        self.forget_ended()
        with self._lock:
            return sorted(self._processes)

    def end(self) -> None:
        """End everything: politely, then by force; the guardian last."""
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
            pids = self.running()
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.killpg(pid, number)
            limit = time.monotonic() + patience
            while self.running() and time.monotonic() < limit:
                time.sleep(0.02)
        assert self._guardian.stdin is not None
        with contextlib.suppress(OSError):
            self._guardian.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guardian.wait(5)
