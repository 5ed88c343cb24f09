# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS that runs its tasks: as local processes, with the environment that ECS would give them.

``LocalEcs`` is the whole of it: it patches moto's ECS and load balancer in this process, runs the service scheduler,
the task processes and the load balancers' proxies, and ends all of them with ``stop()``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import api, balancer, discovery, identity, machines, resources, runtime
from .images import PACKAGE, Images
from .lifecycle import Tasks
from .model import LiveTask
from .runtime import Runtime
from .scheduler import Scheduler

IMAGES_FILE = PACKAGE / "images.yml"


class LocalEcs:
    """One per process."""

    def __init__(
        self,
        *,
        lock: Any,
        state_dir: Path,
        endpoint: str,
        time_scale: float = 0.01,
        images_file: Path = IMAGES_FILE,
        python: str = sys.executable,
        patience: float = 30.0,
        floor: float = 0.3,
        spawn: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        runtime.CLOCK.scale, runtime.CLOCK.patience, runtime.CLOCK.floor = time_scale, patience, floor
        self.runtime = Runtime(
            lock=lock,
            clock=runtime.CLOCK,
            state_dir=Path(state_dir).resolve(),
            endpoint=endpoint,
            images=Images.load(images_file, python),
            python=python,
            spawn=spawn,
        )
        self.balancer = balancer.Balancer(self.runtime)
        self.tasks = Tasks(self.runtime, self.balancer)
        self.runtime.machines = machines.Machines(self.runtime, self.tasks)
        self.scheduler = Scheduler(self.runtime, self.balancer, self.tasks)
        self.api = api.Api(self.runtime, self.tasks)

    def start(self) -> None:
        api.patch(self.api)
        balancer.patch(self.balancer)
        resources.patch(self.runtime)
        machines.patch(self.runtime)
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.stop()

    def reset(self) -> None:
        """End everything that runs; the caller resets moto."""
        with self.runtime.lock:
            self.scheduler.clear()
            self.api.tokens.clear()
        shutil.rmtree(self.runtime.state_dir / "ecs", ignore_errors=True)

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Requests below /_local/ecs/ and /_local/resolve."""
        if path == "/_local/resolve":
            with self.runtime.lock:
                addresses = discovery.resolve(query.get("name", ""))
            return (200, {"addresses": addresses}) if addresses else (404, {"error": "NXDOMAIN", "addresses": []})
        if path.startswith(identity.CREDENTIALS):
            return identity.answer_credentials(self.runtime, path, headers.get("Authorization", "") or "")
        if path.startswith(identity.METADATA):
            task_id, *rest = path.removeprefix(identity.METADATA).split("/")
            with self.runtime.lock:
                return identity.answer_metadata(self.task(task_id), rest)
        return 404, {"error": "not found"}

    def task(self, task_id: str) -> LiveTask | None:
        for backend in self.scheduler._backends():
            for stored in backend.tasks.values():
                for task in stored.values():
                    if isinstance(task, LiveTask) and task.id == task_id:
                        return task
        return None

    def refusal(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], operation: str | None
    ) -> tuple[str, str, str] | None:
        """(action, resource, principal) when a task's role does not allow its request."""
        with self.runtime.lock:
            return identity.refused(self.runtime, method, path, query=query, headers=headers, operation=operation)


def new_lock() -> Any:
    """The scheduler and the API's threads take it in turns, and one thread more than once."""
    return threading.RLock()


def install(context: Any) -> LocalEcs:
    """Put ECS into a server: ``context`` has lock (re-entrant), state_dir, endpoint, time_scale, spawn and on_shutdown.

    The server passes requests below /_local/ecs/ and /_local/resolve to ``answer``, asks ``refusal`` before each AWS
    request, and calls ``reset`` before it resets moto.
    """
    ecs = LocalEcs(
        lock=context.lock,
        state_dir=Path(context.state_dir),
        endpoint=context.endpoint,
        time_scale=context.time_scale,
        spawn=context.spawn,
    )
    context.on_shutdown(ecs.stop)
    ecs.start()
    return ecs
