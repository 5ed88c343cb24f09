# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engines need from the server that starts them, and the small things they share."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from . import certificates

SOCKET_PREFIXES = ("pg-", "vk-")
TLS_FRONT = Path(__file__).with_name("tls_front.py")


class Context(Protocol):
    """The part of the server's context that engines use."""

    @property
    def state_dir(self) -> Path:
        """Where this local AWS keeps its files."""

    def spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process as subprocess.Popen does, and end it when the server ends."""

    def on_shutdown(self, callback: Callable[[], object]) -> None:
        """Call this when the server ends, before its processes are ended."""


class EngineError(RuntimeError):
    """An engine did not start, or refused what was asked of it."""


def unprivileged_user() -> pwd.struct_passwd | None:
    """The user for engines that refuse to run as root; None when this process is not root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """May this user enter the folder? (Every folder on the way needs its execute bit.)"""
    path = path.resolve()
    for folder in (path, *path.parents):
        try:
            status = folder.stat()
        except FileNotFoundError:
            continue
        if status.st_uid == user.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def runtime_folder(state_dir: Path) -> Path:
    """A folder outside the state directory, for what another user must reach and for short socket paths."""
    digest = hashlib.sha256(str(Path(state_dir).resolve()).encode()).hexdigest()[:10]
    folder = Path(tempfile.gettempdir()) / f"local-aws-{os.geteuid()}-{digest}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
        raise EngineError(f"{folder} belongs to somebody else; remove it or set TMPDIR to another folder")
    folder.chmod(0o755)
    return folder


def tidy(state_dir: Path) -> None:
    """Remove the folder outside the state directory, once no engine uses it."""
    folder = runtime_folder(state_dir)
    if not any(path.name.startswith(SOCKET_PREFIXES) for path in folder.iterdir()):
        remove(folder)


def identity(name: str) -> str:
    """A short name for sockets (their paths are limited to about 100 characters)."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def engine_folder(state_dir: Path, kind: str, name: str) -> Path:
    """Where an engine keeps its data and logs."""
    return Path(state_dir) / "engines" / kind / name


@contextmanager
def listener(port: int = 0) -> Iterator[socket.socket]:
    """A listening socket of 127.0.0.1, closed here after the process that serves it has inherited it."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("127.0.0.1", port))
        opened.listen(256)
        yield opened
    finally:
        opened.close()


def start_tls_front(
    context: Context, protocol: str, backend: Path, log: Path, *, port: int = 0, plain: bool = False
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the TLS in front of an engine and return it with its port."""
    pair = certificates.server_certificate(context.state_dir)
    with listener(port) as opened, log.open("ab") as output:
        bound = int(opened.getsockname()[1])
        process = context.spawn(
            [
                *(sys.executable, "-I", "-S", str(TLS_FRONT), "--protocol", protocol, "--backend", str(backend)),
                *("--listen-fd", str(opened.fileno())),
                *("--certificate", str(pair.certificate), "--key", str(pair.key)),
                *(("--allow-plain",) if plain else ()),
            ],
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(opened.fileno(),),
        )
    return process, bound


def end(process: subprocess.Popen[bytes], number: int, timeout: float = 10.0) -> None:
    """Send a signal, wait, and kill what did not end."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout)


def wait_for(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, timeout: float = 30.0) -> None:
    """Wait until the engine answers; its log's end is the reason when it does not."""
    deadline = time.monotonic() + timeout
    while not ready():
        ended = process.poll()
        if ended is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            what = f"ended with {ended}" if ended is not None else f"did not answer within {timeout:.0f} s"
            raise EngineError(f"{Path(str(process.args[0])).name} {what}: {tail}")  # type: ignore[index]
        time.sleep(0.02)


def remove(folder: Path) -> None:
    """Remove a folder, present or not."""
    shutil.rmtree(folder, ignore_errors=True)
