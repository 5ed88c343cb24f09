# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of the connection warm_local: finds or starts the warm process and hands it calls.

One warm process belongs to one controller process (`ansible-playbook`). Its folder's name is made of the controller's
process id, its start time, the user, and those environment variables that a fork cannot change any more, so that every
worker of the controller finds it and nobody else's is taken.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import multiprocessing
import os
import re
import selectors
import shutil
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
FOLDER = re.compile(r"ansible-warm-(\d+)-[0-9a-f]+")


class CannotStart(Exception):
    """The warm process cannot be had; the text says why, as the end of a sentence."""


class Lost(Exception):
    """The warm process ended in the middle of a call; the text says what it last said."""


class NotTaken(Exception):
    """The warm process ended, or was about to end, before it began the call."""


def interpreter_settings(environment: dict[str, str]) -> dict[str, str]:
    """The part of an environment that an interpreter and its libraries heed at their start only."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(("PYTHON", "LC_", "LD_", "DYLD_", "MALLOC_", "GLIBC_", "OPENSSL_"))
        or name in ("LANG", "LANGUAGE")
    }


def controller() -> tuple[int, str]:
    """Process id and start time of the controller process."""
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent is not None and parent.pid else os.getpid()
    return pid, _warm_server.start_time(pid)


def private_folder() -> Path:
    """The folder of this controller's warm process, made with mode 0700 where it is not there yet.

    :raises CannotStart: where it cannot be made, or is somebody else's.
    """
    pid, started = controller()
    identity = json.dumps(
        [os.getuid(), started, sys.executable, sorted(interpreter_settings(dict(os.environ)).items())]
    )
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as problem:
        raise CannotStart(f"there is no folder for temporary files: {problem.strerror}") from problem
    folder = temporary / f"ansible-warm-{pid}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    if len(os.fsencode(folder / "starting")) > SOCKET_PATH_BYTES:
        raise CannotStart(f"the path of a socket in {temporary} is too long; set TMPDIR to a shorter one")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise CannotStart(f"the folder {folder} cannot be made: {problem.strerror}") from problem
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise CannotStart(f"{folder} is not a private folder of this user; remove it")
    return folder


def remove_old_folders(beside: Path) -> None:
    """Removes the folders of controllers that are gone, whose warm process was killed before it could."""
    for path in beside.parent.glob("ansible-warm-*"):
        named = FOLDER.fullmatch(path.name)
        if not named or path == beside:
            continue
        try:
            os.kill(int(named.group(1)), 0)
        except ProcessLookupError:
            with contextlib.suppress(OSError):
                if path.lstat().st_uid == os.getuid():
                    shutil.rmtree(path, ignore_errors=True)
        except OSError:
            pass


def connect(shell: str) -> socket.socket:
    """A connection to the warm process of this controller, which is started where it does not run.

    :param shell: path of the shell that the connection local starts commands with.
    :raises CannotStart: where it cannot be started. It is tried once in a run of Ansible.
    """
    folder = private_folder()
    found = _try_connect(folder)
    if found is not None:
        return found
    failed = folder / "failed"
    try:
        if failed.exists():
            raise CannotStart(failed.read_text(encoding="utf-8"))
        with open(folder / "lock", "w", encoding="ascii", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another worker may have started it, or tried to, while this one waited for the lock.
            found = _try_connect(folder)
            if found is None and failed.exists():
                raise CannotStart(failed.read_text(encoding="utf-8"))
            if found is None:
                try:
                    remove_old_folders(folder)
                    found = _start(folder, shell)
                except CannotStart as problem:
                    with open(failed, "w", encoding="utf-8", opener=_private) as reason:
                        reason.write(str(problem))
                    raise
    except OSError as problem:
        raise CannotStart(f"{folder} cannot be written: {problem.strerror}") from problem
    return found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _try_connect(folder: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(folder / "socket"))
    except OSError:
        connection.close()
        return None
    return connection


def _start(folder: Path, shell: str) -> socket.socket:
    # Standard output and error are the folder's log: the warm process must not hold the controller's terminal or pipes.
    with open(folder / "log", "wb", opener=_private) as log:
        process = subprocess.Popen(
            [sys.executable, _warm_server.__file__, str(folder), *map(str, controller()), shell],
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
            raise CannotStart(f"the warm process ended at its start: {_last_words(folder) or process.returncode}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise CannotStart(f"the warm process was not ready within {START_SECONDS:.0f} s")


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""


def run(source: bytes, assignments: dict[str, str], cwd: str, shell: str = "/bin/sh") -> tuple[int, bytes, bytes]:
    """Runs a module's source as ``python`` would from its standard input, started by a shell.

    :param assignments: what the task adds to this process's environment.
    :param cwd: working directory.
    :param shell: path of that shell.
    :returns: exit code as the shell gives it (128 + signal where a signal ended it), standard output, standard error.
    :raises CannotStart: where the warm process cannot be started, or does not take the call; nothing has run.
    :raises Lost: where the warm process ends before the call has; the call was killed.
    """
    for _attempt in range(2):
        # Whatever ends this worker closes the connection, and that ends the call.
        with connect(shell) as connection:
            try:
                return _call(connection, source, assignments, cwd)
            except NotTaken:
                continue
    raise CannotStart("the warm process does not take calls")


def _call(connection: socket.socket, source: bytes, assignments: dict[str, str], cwd: str) -> tuple[int, bytes, bytes]:
    request_read, request_write = os.pipe()
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    with os.fdopen(request_write, "wb") as request, os.fdopen(out_read, "rb") as out, os.fdopen(err_read, "rb") as err:
        try:
            socket.send_fds(connection, [b"c"], [request_read, out_write, err_write])
            taken = connection.recv(4)
        except OSError as problem:
            raise NotTaken from problem
        finally:
            for descriptor in (request_read, out_write, err_write):
                os.close(descriptor)
        if len(taken) < 4:
            raise NotTaken
        # A call that ends before it has read its request tells by its exit code.
        with contextlib.suppress(BrokenPipeError), request:
            request.write(_request(assignments, cwd) + source)
        status, output, error = _drain(connection, out, err)
    if len(status) < 4:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(struct.unpack("!i", taken)[0], signal.SIGKILL)
        raise Lost(_last_words(private_folder()) or "it was killed")
    code = struct.unpack("!i", status)[0]
    if code >= 0:
        return code, output, error
    # A shell tells how its command ended.
    told = "" if -code in (signal.SIGINT, signal.SIGPIPE) else f"{signal.strsignal(-code)}\n"
    return 128 - code, output, error + told.encode()


def _request(assignments: dict[str, str], cwd: str) -> bytes:
    umask = os.umask(0o077)
    os.umask(umask)
    header = {"environment": dict(os.environ), "assignments": assignments, "cwd": cwd, "umask": umask}
    text = json.dumps(header).encode()  # surrogates of undecodable bytes survive as \\udcXX
    return struct.pack("!I", len(text)) + text


def _drain(connection: socket.socket, *streams: object) -> tuple[bytes, bytes, bytes]:
    """Exit code and both streams to their ends, which come when the call and whatever it started have closed them.

    Where the connection ends without an exit code, there is nothing to wait for.
    """
    chunks: dict[object, list[bytes]] = {stream: [] for stream in (connection, *streams)}
    with selectors.DefaultSelector() as selector:
        for stream in chunks:
            selector.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]
        while selector.get_map():
            for key, _events in selector.select():
                chunk = os.read(key.fd, 1 << 16)
                if chunk:
                    chunks[key.fileobj].append(chunk)
                    continue
                selector.unregister(key.fileobj)
                if key.fileobj is connection and not chunks[connection]:
                    return b"", b"", b""
    status, output, error = (b"".join(parts) for parts in chunks.values())
    return status, output, error
