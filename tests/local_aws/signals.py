# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server hears that it is to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable


def when_told_to_end(callback: Callable[[], object]) -> None:
    """Calls back on SIGTERM and SIGINT.

    In a thread of its own and not in the handler, which may interrupt the main thread where that holds the lock that the
    callback needs: an event's, on its way into wait().
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=callback, daemon=True).start())


def wait_for(ended: threading.Event) -> None:
    """Waits in the main thread. It looks up now and then, because a signal that comes just before it sleeps does not wake it."""
    while not ended.wait(0.5):
        pass
