# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process of the connection warm_local: imports what every AWS module imports, and forks for each call.

A connection to its socket is one call. One byte with three descriptors (request, standard output, standard error) comes
in; four bytes with the fork's process id go out as soon as the call is taken, and four with its exit code when it has
ended. A connection that its caller closes before that ends the call. The fork reads the request itself and becomes
``python <stdin``.

Warm are boto3 and botocore, botocore's service models, and the compiled code of what modules bring in their zip files
(by the hash of the source, so that no code is taken for other code). The process itself runs no module, makes no client
and resolves no credentials.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import importlib
import io
import json
import marshal
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import types
import zipimport
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

# What ansible.module_utils.basic and the wrapper around every module import of the standard library.
ANSIBLE_IMPORTS = (
    "argparse", "base64", "ctypes", "datetime", "encodings.cp437", "encodings.idna", "gettext", "grp", "locale", "logging",
    "pkgutil", "platform", "pwd", "runpy", "shlex", "stringprep", "syslog", "tempfile", "unicodedata", "zipfile",
)  # fmt: skip
# How long a call that nobody waits for any more has to clean up, before it is killed.
GRACE_SECONDS = 5.0
EVERY_DESCRIPTOR = 1 << 20


def start_time(pid: int) -> str:
    """When a process started, as text that differs between two processes with the same id; empty where there is none."""
    try:
        # proc(5): field 22, in clock ticks since boot; the second field may hold blanks and parentheses.
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        if os.path.exists("/proc/self/stat"):
            return ""
    told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return told.stdout.strip()


class Cache:
    """What calls found and later calls need not find again: a fork leaves it in a file, the process takes it in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cache"
        self.folder.mkdir(mode=0o700, exist_ok=True)  # it is there where one process replaces another
        self.code: dict[str, types.CodeType] = {}
        self.models: dict[str, Any] = {}
        self.new_code: dict[str, types.CodeType] = {}
        self.new_models: list[str] = []
        self.pending: list[str] = []
        self.load_model: Callable[[str], Any] = lambda path: None  # botocore's own, where there is botocore

    def leave(self) -> None:
        """Called in a fork at its end; a full disk costs the next call time and nothing else."""
        if not self.new_code and not self.new_models:
            return
        path = self.folder / str(os.getpid())
        try:
            path.with_suffix(".part").write_bytes(marshal.dumps({"code": self.new_code, "models": self.new_models}))
            path.with_suffix(".part").rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                path.with_suffix(".part").unlink()

    def learn(self, pid: int) -> None:
        """Takes in what the fork with this process id left."""
        path = self.folder / str(pid)
        with contextlib.suppress(OSError, ValueError, EOFError):
            found = marshal.loads(path.read_bytes())  # noqa: S302 - our own fork wrote it into the private folder
            path.unlink()
            self.code.update(found["code"])
            self.pending += [name for name in found["models"] if name not in self.models and name not in self.pending]

    def load_pending(self) -> None:
        """Parses one model of those that calls asked for; the largest, EC2's, takes a quarter of a second."""
        path = self.pending.pop()
        with contextlib.suppress(OSError, ValueError):
            self.models[path] = self.load_model(path)


def keep_compiled_code(cache: Cache) -> None:
    """Modules come as zip files without bytecode; compiling them is most of what a call costs besides boto3."""
    import _imp

    compile_source = zipimport._compile_source  # type: ignore[attr-defined]

    def compile_once(pathname: str, source: bytes) -> types.CodeType:
        place = pathname.partition(".zip")[2]  # one code object has one file name, so equal files are not one
        key = hashlib.sha256(place.encode() + b"\0" + source).hexdigest()
        if key not in cache.code:
            cache.code[key] = cache.new_code[key] = compile_source(pathname, source)
        code = cache.code[key]
        # Tracebacks name this call's file, not that of the call which compiled it.
        _imp._fix_co_filename(code, pathname)  # type: ignore[attr-defined]
        return code

    zipimport._compile_source = compile_once  # type: ignore[attr-defined]


def keep_service_models(cache: Cache) -> None:
    """botocore reads its data folder and parses a service's model for each first client of a process."""
    import boto3.session  # noqa: F401
    import botocore.client
    from botocore.loaders import JSONFileLoader, Loader

    load_file = JSONFileLoader.load_file
    cache.load_model = JSONFileLoader().load_file
    list_available_services = Loader.list_available_services
    data = str(Path(botocore.client.__file__).parent / "data")
    services: dict[str, list[str]] = {}

    def load_once(self: Any, path: str) -> Any:
        if path in cache.models:
            return cache.models[path]
        loaded = load_file(self, path)
        if loaded is not None and path.startswith(data):
            cache.new_models.append(path)
        return loaded

    def list_once(self: Any, type_name: str) -> list[str]:
        own = [path for path in self.search_paths if path != data and os.path.isdir(path)]
        return (
            list(services[type_name]) if type_name in services and not own else list_available_services(self, type_name)
        )

    botocores = Loader(extra_search_paths=[data], include_default_search_paths=False)
    for type_name in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
        services[type_name] = botocores.list_available_services(type_name)
    for name in ("partitions", "endpoints", "sdk-default-configuration", "_retry"):
        with contextlib.suppress(OSError, ValueError):
            cache.models[f"{data}/{name}"] = cache.load_model(f"{data}/{name}")
    JSONFileLoader.load_file = load_once  # type: ignore[method-assign,assignment]
    Loader.list_available_services = list_once  # type: ignore[method-assign,assignment]


def packages() -> dict[str, int]:
    """The folders that the warm packages were imported from, with their times; installing packages changes those."""
    homes = {Path(module.__file__).parent.parent for name, module in sys.modules.items() if name in ("boto3", "botocore")
             and module.__file__}  # fmt: skip
    times = {}
    for home in homes:
        for folder in (home, home / "boto3", home / "botocore"):
            with contextlib.suppress(OSError):
                times[str(folder)] = folder.stat().st_mtime_ns
    return times


def set_by_shell(shell: str) -> set[str]:
    """The environment variables that a shell gives its commands by itself: PWD, and SHLVL and _ where it is bash."""
    told = subprocess.run([shell, "-c", "env && sleep 0"], env={}, capture_output=True, text=True, check=False)
    return {line.partition("=")[0] for line in told.stdout.splitlines()}


def shell_environment(environment: dict[str, str], assignments: dict[str, str], names: set[str]) -> dict[str, str]:
    """What a command with these assignments before it finds, where a shell was started with an environment right here."""
    result = dict(environment)
    if "PWD" in names:
        found = environment.get("PWD", "")
        same = os.path.isabs(found) and os.path.isdir(found) and os.path.samefile(found, ".")
        # POSIX: a shell keeps the PWD it finds, where that leads to the folder it is in.
        result["PWD"] = found if same else os.getcwd()
    if "SHLVL" in names:
        level = environment.get("SHLVL", "")
        result["SHLVL"] = str(int(level) + 1 if level.isdecimal() else 1)
    result.update(assignments)
    if "_" in names:
        result["_"] = sys.executable
    return result


def run_call(request: int, out: int, err: int, shell_names: set[str], cache: Cache) -> int:
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
    os.closerange(3, EVERY_DESCRIPTOR)
    os.umask(header["umask"])
    os.chdir(header["cwd"])
    environment = shell_environment(header["environment"], header["assignments"], shell_names)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]
    open_streams()
    sys.argv = [""]
    sys.orig_argv = [sys.executable]
    sys.path[0] = ""
    return execute(source, cache)


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


def main_module() -> types.ModuleType:
    """``__main__`` as an interpreter has it that reads its program from standard input."""
    main = types.ModuleType("__main__")
    own = sys.modules["__main__"]
    main.__dict__.update(
        __annotations__={}, __builtins__=__builtins__, __file__="<stdin>", __cached__=None,
        __loader__=importlib.machinery.BuiltinImporter, __spec__=None,
    )  # fmt: skip
    for name in set(main.__dict__) - set(own.__dict__):
        del main.__dict__[name]  # newer interpreters set fewer of them
    sys.modules["__main__"] = main
    return main


def execute(source: bytes, cache: Cache) -> int:
    """Runs the program and ends as an interpreter ends: exit code, traceback, threads, exit handlers, finalizers."""
    warm = set(sys.modules)
    main = main_module()
    code = 0
    interrupted = False
    try:
        exec(compile(source, "<stdin>", "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit as leaving:
        code = exit_code(leaving)
    except BaseException as problem:
        # Without the frames of this file, as python prints it.
        problem.__traceback__ = problem.__traceback__.tb_next if problem.__traceback__ else None
        sys.excepthook(type(problem), problem, problem.__traceback__)
        code = 1
        interrupted = isinstance(problem, KeyboardInterrupt)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    code = flush(code)
    cache.leave()
    # Objects that clean up when they go, such as temporary files, do so at an interpreter's end.
    main.__dict__.clear()
    del main
    for name in [name for name in sys.modules if name not in warm or name == "__main__"]:
        del sys.modules[name]
    gc.collect()
    code = flush(code)
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code


def flush(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
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

    def __init__(self, folder: Path, controller: int, started: str, shell: str) -> None:
        self.folder = folder
        self.controller = controller
        self.started = started
        self.shell_names = set_by_shell(shell)
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.calls: dict[int, socket.socket] = {}
        self.abandoned: dict[int, float] = {}  # process group: when it is killed
        self.outdated = False
        self.cache = Cache(folder)
        self.packages: dict[str, int] = {}

    def serve(self, with_boto3: bool) -> None:
        for name in ANSIBLE_IMPORTS:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        keep_compiled_code(self.cache)
        if with_boto3:
            keep_service_models(self.cache)
            self.packages = packages()
        self.watch_controller()
        self.watch_children()
        self.listen()
        gc.collect()
        gc.freeze()
        while start_time(self.controller) == self.started and (self.calls or not self.outdated):
            idle = not self.cache.pending
            events = self.selector.select(timeout=(0.1 if self.abandoned else 1.0) if idle else 0)
            for key, _events in events:
                key.data(key.fileobj)
            self.kill_overdue()
            if not idle and not events:
                self.cache.load_pending()
                gc.freeze()  # so that garbage collections in forks leave these pages shared
            if not self.current():
                self.retire()

    def listen(self) -> None:
        place = self.folder / "starting"
        place.unlink(missing_ok=True)
        # Bound under another name, so that nobody can connect before it listens.
        self.listener.bind(str(place))
        place.chmod(0o600)
        self.listener.listen(64)
        self.identity = place.stat().st_ino
        place.rename(self.folder / "socket")
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def current(self) -> bool:
        """Whether callers still find this process: somebody may have removed the folder, or started another one."""
        try:
            return (self.folder / "socket").stat().st_ino == self.identity
        except OSError:
            return False

    def retire(self) -> None:
        """Takes no call any more; those that run come to their end."""
        if self.outdated:
            return
        self.outdated = True
        if self.current():
            (self.folder / "socket").unlink(missing_ok=True)
        self.selector.unregister(self.listener)
        self.listener.close()

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
        """Ends the calls, and this process with them."""
        for pid in self.calls:
            self.interrupt(pid)
        while self.abandoned:
            time.sleep(0.02)
            self.reap_children()
            self.kill_overdue()
        if self.current() or start_time(self.controller) != self.started:
            shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    def interrupt(self, pid: int) -> None:
        """Once: where worker and controller end together, a second interruption would break off the cleaning up."""
        if pid not in self.abandoned:
            self.abandoned[pid] = time.monotonic() + GRACE_SECONDS
            self.signal_call(pid, signal.SIGINT)

    @staticmethod
    def signal_call(pid: int, number: int) -> None:
        for target in (os.killpg, os.kill):  # before it has a group of its own, the fork is signalled alone
            with contextlib.suppress(ProcessLookupError, PermissionError):
                return target(pid, number)

    def kill_overdue(self) -> None:
        now = time.monotonic()
        for pid in [pid for pid, deadline in self.abandoned.items() if deadline <= now]:
            del self.abandoned[pid]
            self.signal_call(pid, signal.SIGKILL)

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _address = listener.accept()
            self.selector.register(connection, selectors.EVENT_READ, self.begin)

    def begin(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        try:
            word, descriptors, _flags, _address = socket.recv_fds(connection, 1, 3)
        except OSError:
            word, descriptors = b"", []
        if word and self.packages != packages():
            self.retire()  # the caller starts another process, with the packages as they are now
        pid = -1
        if len(descriptors) == 3 and not self.outdated:
            with contextlib.suppress(OSError):  # too many processes: the caller does without
                pid = os.fork()
        if pid == 0:
            self.become_call(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid < 0:
            connection.close()
            return
        self.calls[pid] = connection
        with contextlib.suppress(OSError):
            connection.sendall(struct.pack("!i", pid))
        # Nothing more is sent to us: what can be read now is the end of the connection.
        self.selector.register(connection, selectors.EVENT_READ, self.abandon)

    def become_call(self, request: int, out: int, err: int) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            code = run_call(request, out, err, self.shell_names, self.cache)
        except BaseException:
            # Of the call's making, not of its program's, which execute() reports: where its standard error is by now.
            os.write(2, traceback.format_exc().encode(errors="replace"))
        finally:
            os._exit(code)

    def abandon(self, connection: socket.socket) -> None:
        """Nobody waits for this call any more: it is interrupted as by Ctrl-C, and killed where that does not end it."""
        for pid, caller in self.calls.items():
            if caller is connection:
                self.interrupt(pid)
        self.selector.unregister(connection)

    def reap(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            wake.recv(4096)
        self.reap_children()

    def reap_children(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.abandoned:
                self.abandoned[pid] = 0.0  # what it started and left in its group ends at once
            connection = self.calls.pop(pid, None)
            if connection is None:
                continue
            self.cache.learn(pid)
            with contextlib.suppress(KeyError):
                self.selector.unregister(connection)
            with connection, contextlib.suppress(OSError):
                connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))


def main() -> None:
    folder, controller, started, shell, *without_boto3 = sys.argv[1:]
    os.umask(0o077)
    # The scripts of this folder are not what a module may import.
    sys.path[0] = ""
    server = Server(Path(folder), int(controller), started, shell)
    try:
        server.serve(with_boto3=not without_boto3)
    except BaseException as problem:
        if without_boto3 or "socket" in os.listdir(folder):
            raise
        # A broken or absent boto3 is the module's to report, in its own words, and from an untouched interpreter.
        print(f"boto3 is not warm: {problem!r}", file=sys.stderr, flush=True)
        os.execv(sys.executable, [sys.executable, *sys.argv, "without boto3"])  # noqa: S606
    server.end()


if __name__ == "__main__":
    main()
