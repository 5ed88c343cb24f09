# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a container as a local process: its environment, its folder, its output, its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from ..ports import free_port
from . import resources
from .images import Image, rewrite, unpack
from .model import LiveContainer, LiveTask
from .runtime import Runtime

FIRST_SIGNAL_EXIT = 128
OUTPUT_GRACE = 1.0


class Process:
    """A running container: the process group, and the lines it wrote."""

    def __init__(
        self, runtime: Runtime, argv: list[str], environment: dict[str, str], root: Path, sink: resources.LogSink | None
    ) -> None:
        self.environment = environment
        self.root = root
        self.sink = sink
        self.lines: deque[tuple[int, str]] = deque()
        self.kill_at: float | None = None
        self.signalled = False
        self.killed = False
        self.ended_at: float | None = None
        self.popen = runtime.spawn(
            argv,
            env=environment,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pump = threading.Thread(target=self._pump, name=f"log-{self.popen.pid}", daemon=True)
        self.pump.start()

    def _pump(self) -> None:
        assert self.popen.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for raw in self.popen.stdout:
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                # CloudWatch Logs takes no empty event
                self.lines.append((int(time.time() * 1000), text or " "))

    def flush(self) -> None:
        """Hand what was written to CloudWatch Logs; the caller holds the lock."""
        lines = []
        while self.lines:
            lines.append(self.lines.popleft())
        if lines and self.sink:
            self.sink.write(lines)

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)

    def terminate(self, patience: float) -> None:
        if not self.signalled:
            self.signalled = True
            self.kill_at = time.monotonic() + patience
            with contextlib.suppress(ProcessLookupError):
                # as ECS does: the signal goes to the container's first process only
                self.popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.killed = True
        self.send(signal.SIGKILL)

    def ended(self, moment: float) -> bool:
        """Whether it is over, its output read to the end; whatever it left running goes with it."""
        if self.popen.poll() is None:
            if self.kill_at is not None and moment >= self.kill_at and not self.killed:
                self.kill()
            return False
        if self.ended_at is None:
            self.ended_at = moment
            self.send(signal.SIGKILL)
        if self.pump.is_alive() and moment - self.ended_at < OUTPUT_GRACE:
            return False
        self.flush()
        return True

    @property
    def exit_code(self) -> int:
        code = self.popen.returncode
        return FIRST_SIGNAL_EXIT - code if code < 0 else int(code)


def container_root(runtime: Runtime, task: LiveTask, container: LiveContainer) -> Path:
    return runtime.folder("tasks", task.id, container.name)


def assign_ports(task: LiveTask) -> None:
    """Tasks that Cloud Map names are reached on the ports they listen on; all others get ports of their own.

    Several tasks behind a load balancer cannot have the same port of one machine. Where they have names too, these lead to the load
    balancer here, which listens on the ports.
    """
    named = bool(task.deployment and task.deployment.registries and not task.deployment.load_balancers)
    for container in task.containers:
        for mapping in container.definition.get("portMappings") or []:
            port = int(mapping["containerPort"])
            task.ports.setdefault(port, port if named else free_port())


def environment_of(
    runtime: Runtime,
    task: LiveTask,
    container: LiveContainer,
    *,
    image: Image,
    path: list[str],
    secrets: dict[str, str],
) -> dict[str, str]:
    """Exactly what the container gets: nothing of the server's own environment passes."""
    root = container_root(runtime, task, container)
    environment = {
        "PATH": ":".join(path),
        "HOME": str(root / "root"),
        "HOSTNAME": f"ip-{task.address.replace('.', '-')}.{task.region}.compute.internal",
    }
    for name, value in image.env.items():
        environment[name] = runtime.images.fill(value, container.definition["image"], root)
    for item in [*container.definition.get("environment", []), *container.override.get("environment", [])]:
        environment[item["name"]] = item["value"]
    environment.update(secrets)
    environment.update(
        {
            "AWS_REGION": task.region,
            "AWS_DEFAULT_REGION": task.region,
            "AWS_EXECUTION_ENV": "AWS_ECS_EC2" if task.container_instance_arn else "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": runtime.endpoint,
            "ECS_CONTAINER_METADATA_URI_V4": f"{runtime.endpoint}/_local/ecs/metadata/{task.id}/{container.name}",
            "LOCAL_AWS_ROOT": str(root),
            "LOCAL_AWS_BIND": "127.0.0.1",
            "LOCAL_AWS_TIME_SCALE": str(runtime.clock.scale),
        }
    )
    if task.credentials:
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{runtime.endpoint}{task.credentials['path']}"
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = task.credentials["authorization"]
    for port, local in task.ports.items():
        environment[f"LOCAL_AWS_PORT_{port}"] = str(local)
    return environment


def _mount(task: LiveTask, container: LiveContainer, root: Path) -> None:
    for point in container.definition.get("mountPoints") or []:
        folder = task.volumes[point["sourceVolume"]]
        place = root / point["containerPath"].strip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.symlink_to(folder, target_is_directory=True)


def command_line(runtime: Runtime, container: LiveContainer, image: Image, root: Path) -> list[str]:
    """Entry point and command, as Docker joins them; the image's paths below the container's root."""
    definition = container.definition
    reference = definition["image"]
    given = definition.get("entryPoint") or []
    command = container.override.get("command") or definition.get("command")
    if given:
        entry = [rewrite(word, image, root) for word in given]
    else:
        entry = [runtime.images.fill(rewrite(word, image, root), reference, root) for word in image.entrypoint]
    if command is None:
        # an entry point of the task definition's own drops the image's command
        default = () if given else image.command
        words = [runtime.images.fill(rewrite(word, image, root), reference, root) for word in default]
    else:
        words = [rewrite(word, image, root) for word in command]
    return [*entry, *words]


def start(runtime: Runtime, task: LiveTask, container: LiveContainer) -> None:
    """Start the container's process; raises InitializationError where Fargate would not get that far."""
    # in Fargate's order
    secrets = resources.secrets_of(task, container)
    image = resources.image_of(runtime, task, container)
    sink = resources.log_sink(task, container)
    root = container_root(runtime, task, container)
    path = unpack(runtime.images, image, container.definition["image"], root)
    _mount(task, container, root)
    environment = environment_of(runtime, task, container, image=image, path=path, secrets=secrets)
    argv = command_line(runtime, container, image, root)
    program = shutil.which(argv[0], path=environment["PATH"]) if argv else None
    if program is None:
        word = argv[0] if argv else ""
        raise resources.InitializationError(
            f'CannotStartContainerError: failed to create containerd task: exec: "{word}": executable file not found '
            "in $PATH",
            container,
        )
    container.process = Process(runtime, [program, *argv[1:]], environment, root, sink)
    container.started = time.monotonic()
    container.last_status = "RUNNING"
    container.runtime_id = f"{task.id}-{container.process.popen.pid}"


def check_health(container: LiveContainer, argv: list[str], timeout: float) -> tuple[bool, str]:
    """Run the health check's command as ECS does: inside the container."""
    process = container.process
    program = shutil.which(argv[0], path=process.environment["PATH"])
    if program is None:
        return False, f"{argv[0]}: not found"
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            env=process.environment,
            cwd=process.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, (done.stderr or done.stdout)[-200:]


def health_command(runtime: Runtime, container: LiveContainer) -> list[str]:
    check: dict[str, Any] = container.health_check or {}
    image = runtime.images.find(container.definition["image"])
    words = [rewrite(word, image, container.process.root) if image else word for word in check["command"]]
    if words[0] == "CMD-SHELL":
        return ["sh", "-c", " ".join(words[1:])]
    if words[0] == "CMD":
        return words[1:]
    return words


def remove(runtime: Runtime, task: LiveTask) -> None:
    shutil.rmtree(runtime.state_dir / "ecs" / "tasks" / task.id, ignore_errors=True)
