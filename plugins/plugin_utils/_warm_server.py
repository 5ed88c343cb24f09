# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process of the connection warm_local: imports what every AWS module imports, and forks for each call.

A connection to its socket is one call: one byte with three descriptors (request, standard output, standard error) comes
in, four bytes with the exit code go out, and a connection that is closed before that ends the call. The fork reads the
request itself and becomes ``python <stdin``.

Warm are boto3 and botocore, botocore's service models, and the compiled code of what modules bring in their zip files
(by the hash of the source, so that code is never taken for other code). The process itself runs no module, makes no
client and resolves no credentials.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import io
import json
import marshal
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import types
import zipimport
from pathlib import Path
from typing import Any, NoReturn

CODE: dict[str, types.CodeType] = {}
MODELS: dict[str, Any] = {}


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot (proc(5), field 22); "0" where the platform does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


class Cache:
    """What calls found and later calls need not find again; forks write it to the folder, the process reads it there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cache"
        self.folder.mkdir(mode=0o700, exist_ok=True)  # there, where one server replaces another

    def learn(self) -> None:
        """Takes in what forks left since the last time."""
        for path in list(self.folder.glob("*.code")):
            with contextlib.suppress(OSError, ValueError, EOFError):
                CODE[path.stem] = marshal.loads(path.read_bytes())  # noqa: S302 - our own fork wrote it
            path.unlink(missing_ok=True)
        for path in list(self.folder.glob("*.model")):
            with contextlib.suppress(OSError, ValueError):
                load_model(path.read_text(encoding="utf-8"))
            path.unlink(missing_ok=True)

    def leave(self, name: str, content: bytes) -> None:
        """Called in a fork; a full disk costs the next call time and nothing else."""
        with contextlib.suppress(OSError):
            temporary = self.folder / f"{name}.{os.getpid()}"
            temporary.write_bytes(content)
            temporary.rename(self.folder / name)


def load_model(path: str) -> None:
    """Parses one of botocore's model files (JSON, without its suffix, as botocore's loader names it) into the cache."""
    from botocore.loaders import JSONFileLoader

    if path not in MODELS:
        MODELS[path] = JSONFileLoader().load_file(path)


def keep_compiled_code(cache: Cache) -> None:
    """Modules come as zip files without bytecode; compiling them is most of what a call costs besides boto3."""
    compile_source = zipimport._compile_source  # type: ignore[attr-defined]

    def compile_once(pathname: str, source: bytes) -> types.CodeType:
        key = hashlib.sha256(source).hexdigest()
        if key not in CODE:
            CODE[key] = compile_source(pathname, source)
            cache.leave(f"{key}.code", marshal.dumps(CODE[key]))
        return CODE[key]

    zipimport._compile_source = compile_once  # type: ignore[attr-defined]


def keep_service_models(cache: Cache) -> None:
    """botocore parses a service's JSON model for each first client of a process; EC2's takes a quarter of a second."""
    try:
        import boto3.session  # noqa: F401
        import botocore.client
        from botocore.loaders import JSONFileLoader
    except Exception as problem:  # a broken SDK is the module's to report, in its own words
        print(f"boto3 is not warm: {problem}", file=sys.stderr, flush=True)
        return
    load_file = JSONFileLoader.load_file

    def load_once(self: Any, path: str) -> Any:
        if path in MODELS:
            return MODELS[path]
        loaded = load_file(self, path)
        if loaded is not None:
            name = hashlib.sha256(path.encode()).hexdigest()
            cache.leave(f"{name}.model", path.encode())
        return loaded

    JSONFileLoader.load_file = load_once  # type: ignore[method-assign,assignment]
    root = Path(botocore.client.__file__).parent / "data"
    for name in ("partitions", "endpoints", "sdk-default-configuration", "_retry"):
        with contextlib.suppress(Exception):
            load_model(str(root / name))


def run_call(request: int, out: int, err: int) -> int:
    """In the fork: becomes the interpreter that reads its program from standard input, and returns its exit code."""
    with os.fdopen(request, "rb") as stream:
        length = struct.unpack("!I", stream.read(4))[0]
        header = json.loads(stream.read(length))
        source = stream.read()
    os.dup2(out, 1)
    os.dup2(err, 2)
    # The program was read to its end, so that is what the module finds on its standard input.
    empty_read, empty_write = os.pipe()
    os.close(empty_write)
    os.dup2(empty_read, 0)
    os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 1 << 16 else 1 << 16)
    os.environ.clear()
    os.environ.update(header["environment"])
    time.tzset()
    os.umask(header["umask"])
    os.chdir(header["cwd"])
    open_streams()
    sys.argv = [""]
    sys.path[0] = ""
    main = types.ModuleType("__main__")
    main.__file__ = "<stdin>"
    sys.modules["__main__"] = main
    main.__dict__["__builtins__"] = __builtins__
    return execute(source, main)


def open_streams() -> None:
    """Standard streams as this interpreter made its own at its start, on the descriptors that are there now."""
    encoding = sys.stdout.encoding

    def writer(descriptor: int, errors: str | None, line_buffering: bool, unbuffered: bool) -> io.TextIOWrapper:
        raw = io.FileIO(descriptor, "w")
        return io.TextIOWrapper(
            raw if unbuffered else io.BufferedWriter(raw),  # type: ignore[arg-type]
            encoding=encoding,
            errors=errors,
            line_buffering=line_buffering,
            write_through=unbuffered,
        )

    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), encoding, sys.stdin.errors)  # type: ignore[misc]
    unbuffered = sys.stdout.write_through  # type: ignore[union-attr]
    sys.stdout = sys.__stdout__ = writer(1, sys.stdout.errors, False, unbuffered)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = writer(2, sys.stderr.errors, True, unbuffered)  # type: ignore[misc]


def execute(source: bytes, main: types.ModuleType) -> int:
    """Runs the program and ends as an interpreter ends: exit code, traceback, threads, exit handlers, flushed streams."""
    code = 0
    try:
        exec(compile(source, "<stdin>", "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit as leaving:
        code = exit_code(leaving)
    except BaseException as problem:
        # Without the frames of this file, as python prints it.
        trace = problem.__traceback__
        traceback.print_exception(type(problem), problem, trace.tb_next if trace else None)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 120  # as CPython does where standard output cannot be flushed
    return code


def exit_code(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)
    return 1


class Server:
    """One thread: takes calls, forks, reaps, and ends with its controller."""

    def __init__(self, folder: Path, controller: int, started: str) -> None:
        self.folder = folder
        self.controller = controller
        self.started = started
        self.selector = selectors.DefaultSelector()
        self.calls: dict[int, socket.socket] = {}
        self.cache = Cache(folder)

    def serve(self) -> None:
        keep_compiled_code(self.cache)
        keep_service_models(self.cache)
        self.watch_controller()
        self.watch_children()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        (self.folder / "starting").unlink(missing_ok=True)
        # Bound under another name, so that nobody can connect before it listens.
        listener.bind(str(self.folder / "starting"))
        os.chmod(self.folder / "starting", 0o600)
        listener.listen(64)
        os.rename(self.folder / "starting", self.folder / "socket")
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        gc.collect()
        gc.freeze()
        while start_time(self.controller) == self.started:
            for key, _events in self.selector.select(timeout=1.0):
                key.data(key.fileobj)
            if not self.calls:
                self.cache.learn()

    def watch_controller(self) -> None:
        if hasattr(os, "pidfd_open"):  # elsewhere the loop looks every second
            with contextlib.suppress(OSError):
                self.selector.register(os.pidfd_open(self.controller), selectors.EVENT_READ, self.end)

    def watch_children(self) -> None:
        wake_read, self.wake_write = socket.socketpair()
        wake_read.setblocking(False)
        self.wake_write.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self.end)
        self.selector.register(wake_read, selectors.EVENT_READ, self.reap)

    def end(self, *_: Any) -> NoReturn:
        for pid in self.calls:
            self.kill(pid)
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    @staticmethod
    def kill(pid: int) -> None:
        for target in (os.killpg, os.kill):  # before it has a group of its own, the fork is killed alone
            with contextlib.suppress(ProcessLookupError, PermissionError):
                target(pid, signal.SIGKILL)

    def accept(self, listener: socket.socket) -> None:
        connection, _address = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, self.begin)

    def begin(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        try:
            word, descriptors, _flags, _address = socket.recv_fds(connection, 1, 3)
        except OSError:
            word, descriptors = b"", []
        if not word or len(descriptors) != 3:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self.become_call(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self.calls[pid] = connection
        # Nothing more is sent to us: what can be read now is the end of the connection.
        self.selector.register(connection, selectors.EVENT_READ, self.abandon)

    def become_call(self, request: int, out: int, err: int) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            code = run_call(request, out, err)
        except BaseException:
            # Of the call's making, not of its program's, which execute() reports: where its standard error is by now.
            os.write(2, traceback.format_exc().encode(errors="replace"))
        finally:
            os._exit(code)

    def abandon(self, connection: socket.socket) -> None:
        for pid, caller in self.calls.items():
            if caller is connection:
                self.kill(pid)
        self.selector.unregister(connection)

    def reap(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            connection = self.calls.pop(pid, None)
            if connection is None:
                continue
            with contextlib.suppress(KeyError):
                self.selector.unregister(connection)
            with connection, contextlib.suppress(OSError):
                connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))


def main() -> None:
    folder, controller, started = sys.argv[1:]
    os.umask(0o077)
    # The scripts of this folder are not what a module may import.
    sys.path[0] = ""
    server = Server(Path(folder), int(controller), started)
    try:
        server.serve()
    finally:
        server.end()


if __name__ == "__main__":
    main()
