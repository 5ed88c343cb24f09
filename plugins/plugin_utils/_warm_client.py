# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of the connection warm_local: finds or starts the warm process and hands it calls.

One warm process belongs to one controller process (`ansible-playbook`). Its folder's name is made of the user, the
controller's process id and start time, so that every worker of the controller finds it and nobody else's is taken.
"""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import selectors
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import _warm_server

START_SECONDS = 30.0
# sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with a NUL at the end.
SOCKET_PATH_BYTES = 103


class CannotStart(Exception):
    """The warm process cannot be had; the text says why, as the end of a sentence."""


class Lost(Exception):
    """The warm process ended in the middle of a call."""


def interpreter_settings(environment: dict[str, str]) -> dict[str, str]:
    """The part of an environment that an interpreter heeds at its start only, and a fork cannot change any more."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(("PYTHON", "LC_", "LD_", "MALLOC_")) or name in ("LANG", "LANGUAGE")
    }


def controller() -> tuple[int, str]:
    """Process id and start time (clock ticks since boot, where the platform tells) of the controller process."""
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent is not None and parent.pid else os.getpid()
    return pid, _warm_server.start_time(pid)


def private_folder() -> Path:
    """The folder of this controller's warm process, made with mode 0700 where it is not there yet.

    :raises CannotStart: where it cannot be made, or is somebody else's.
    """
    pid, started = controller()
    folder = Path(tempfile.gettempdir()) / f"ansible-warm-{os.getuid()}-{pid}-{started}"
    if len(os.fsencode(folder / "socket")) > SOCKET_PATH_BYTES:
        raise CannotStart(f"the path of a socket in {folder} is too long; set TMPDIR to a shorter one.")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise CannotStart(f"the folder {folder} cannot be made: {problem.strerror}.") from problem
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise CannotStart(f"{folder} is not a private folder of this user; remove it.")
    return folder


def connect() -> socket.socket:
    """A connection to the warm process of this controller, which is started where it does not run.

    :raises CannotStart: where it cannot be started.
    """
    folder = private_folder()
    found = _try_connect(folder)
    if found is not None:
        return found
    try:
        with open(folder / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another worker may have started it while this one waited for the lock.
            found = _try_connect(folder) or _start(folder)
    except OSError as problem:
        raise CannotStart(f"{folder} cannot be written: {problem.strerror}.") from problem
    return found


def _try_connect(folder: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(folder / "socket"))
    except OSError:
        connection.close()
        return None
    return connection


def _start(folder: Path) -> socket.socket:
    # Standard output and error are the folder's log: the warm process must not hold the controller's terminal or pipes.
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, _warm_server.__file__, str(folder), *map(str, controller())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        connection = _try_connect(folder)
        if connection is not None:
            # It outlives this worker on purpose; the controller's end is what ends it.
            process.returncode = 0
            return connection
        if process.poll() is not None:
            lines = (folder / "log").read_text(errors="replace").strip().splitlines()
            raise CannotStart(f"the warm process ended at its start: {lines[-1] if lines else process.returncode}.")
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise CannotStart(f"the warm process was not ready within {START_SECONDS:.0f} s.")


def run(
    connection: socket.socket, source: bytes, assignments: dict[str, str], cwd: str | None
) -> tuple[int, bytes, bytes]:
    """Runs a module's source as ``python`` would from its standard input.

    :param assignments: what the task adds to this process's environment.
    :param cwd: working directory, or None for this process's own.
    :returns: exit code as a shell gives it (128 + signal where a signal ended it), standard output, standard error.
    :raises Lost: where the warm process ends before it tells the exit code.
    """
    request_read, request_write = os.pipe()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        socket.send_fds(connection, [b"c"], [request_read, out_write, err_write])
    except OSError as problem:
        for descriptor in (request_write, out_read, err_read):
            os.close(descriptor)
        raise Lost(str(problem)) from problem
    finally:
        for descriptor in (request_read, out_write, err_write):
            os.close(descriptor)
    with connection, os.fdopen(out_read, "rb") as out, os.fdopen(err_read, "rb") as err:
        _send_request(request_write, source, assignments, cwd)
        output, error = _drain(out, err)
        status = connection.recv(4)
    if len(status) < 4:
        raise Lost("it gave no exit code")
    code = struct.unpack("!i", status)[0]
    if code >= 0:
        return code, output, error
    # A shell tells how its command ended.
    told = "" if -code in (signal.SIGINT, signal.SIGPIPE) else f"{signal.strsignal(-code)}\n"
    return 128 - code, output, error + told.encode()


def _send_request(descriptor: int, source: bytes, assignments: dict[str, str], cwd: str | None) -> None:
    umask = os.umask(0o077)
    os.umask(umask)
    folder = cwd or os.getcwd()
    environment = {**os.environ, **assignments, "PWD": _shell_pwd(folder)}
    header = {"environment": environment, "cwd": folder, "umask": umask}
    text = json.dumps(header).encode()  # surrogates of undecodable bytes survive as \\udcXX
    try:
        with os.fdopen(descriptor, "wb") as request:
            request.write(struct.pack("!I", len(text)) + text + source)
    except BrokenPipeError:
        pass  # the call ended before it had read its request; its exit code tells


def _shell_pwd(folder: str) -> str:
    """PWD as a shell sets it when it starts: the one it finds, where that leads to the folder it is in (POSIX, cd)."""
    found = os.environ.get("PWD", "")
    try:
        same = os.path.isabs(found) and os.path.samefile(found, folder)
    except OSError:
        same = False
    return found if same else os.path.realpath(folder)


def _drain(*streams: object) -> tuple[bytes, bytes]:
    """Both streams to their ends, which come when the call and whatever it started have closed them."""
    chunks: dict[object, list[bytes]] = {stream: [] for stream in streams}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]
        while selector.get_map():
            for key, _events in selector.select():
                chunk = os.read(key.fd, 1 << 16)
                if chunk:
                    chunks[key.fileobj].append(chunk)
                else:
                    selector.unregister(key.fileobj)
    output, error = (b"".join(parts) for parts in chunks.values())
    return output, error
