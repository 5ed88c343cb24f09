# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every part of the local ECS shares: the lock, the clock, the folders and the running pieces."""

from __future__ import annotations

import datetime
import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .images import Images

ACCOUNT_ID = "123456789012"


def now() -> datetime.datetime:
    """The time as moto keeps it: UTC, without a zone."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


@dataclass
class Clock:
    """Turns AWS's seconds into local seconds.

    What only the platform does (placing, pulling, draining) shrinks with the scale. What a real process does does not
    shrink: a server needs its two seconds to start on any scale. Patience with a process is therefore AWS's own,
    up to a limit, and it only costs time where something fails.
    """

    scale: float = 0.01
    floor: float = 0.3
    patience: float = 30.0

    def platform(self, seconds: float) -> float:
        return max(self.floor, seconds * self.scale)

    def interval(self, seconds: float) -> float:
        return max(min(seconds, 0.5), seconds * self.scale)

    def process(self, seconds: float, limit: float | None = None) -> float:
        """How long to give a real process that AWS would give this many seconds."""
        return max(seconds * self.scale, min(seconds, self.patience if limit is None else limit))


# the clock of this process's local AWS, for rules that depend on time
CLOCK = Clock()


@dataclass
class Runtime:
    """One per server process."""

    lock: Any
    clock: Clock
    state_dir: Path
    endpoint: str
    images: Images
    python: str
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(12, thread_name_prefix="ecs-probe"))
    wake: threading.Event = field(default_factory=threading.Event)
    # (task's private address, container port) -> local port where the process listens
    addresses: dict[tuple[str, int], int] = field(default_factory=dict)
    # paths under /_local/ecs/credentials/ -> what is answered there
    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)
    # access key id -> task that it was made for
    keys: dict[str, Any] = field(default_factory=dict)
    # the EC2 instances that have joined a cluster
    machines: Any = None
    health: dict[tuple[str, str, int], Any] = field(default_factory=dict)
    spawn: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
    serial: itertools.count[int] = field(default_factory=itertools.count)

    def kick(self) -> None:
        self.wake.set()

    def folder(self, *parts: str) -> Path:
        path = self.state_dir.joinpath("ecs", *parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def monotonic(self) -> float:
        return time.monotonic()
