# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process against a new interpreter: the same program through both must come out the same."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.llmops.langfuse.plugins.connection.warm_local import module_environment
from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as client


@pytest.fixture(scope="module", autouse=True)
def warm_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One warm process for this file, in a temporary folder of its own, ended by its process id."""
    folder = tmp_path_factory.mktemp("w")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.tempfile, "gettempdir", lambda: str(folder))
        client.connect().close()
        yield
        for pid in server_pids(folder):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(folder.iterdir()), "the warm process left its folder behind"


def server_pids(folder: Path) -> list[int]:
    found = subprocess.run(["pgrep", "-f", f"_warm_server.py {folder}"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def warm(program: str, environment: dict[str, str] | None = None, cwd: str | None = None) -> tuple[int, bytes, bytes]:
    return client.run(client.connect(), textwrap.dedent(program).encode(), environment or {}, cwd)


def cold(program: str, environment: dict[str, str] | None = None, cwd: str | None = None) -> tuple[int, bytes, bytes]:
    """What the connection local does: a shell starts the interpreter, and the program comes in through a pipe."""
    run = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.quote(sys.executable)} && sleep 0"],
        input=textwrap.dedent(program).encode(),
        env={**os.environ, **(environment or {})},
        cwd=cwd,
        capture_output=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


PROGRAMS = {
    "output on both streams": "import sys; print('out'); print('err', file=sys.stderr)",
    "exit code": "import sys; sys.exit(7)",
    "exit with a message": "import sys; sys.exit('that is why')",
    "exit without flushing": "import os; print('kept in the buffer'); os._exit(3)",
    "exception": "raise ValueError('broken')",
    "exception in a function": "def f():\n    raise ValueError('broken')\nf()",
    "syntax error": "this is not python",
    "killed by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "abort": "import os; os.abort()",
    "standard input at its end": "import sys; print(repr(sys.stdin.read()))",
    "arguments and name": "import sys; print(sys.argv, __name__, '__file__' in globals())",
    "path without the server's folder": "import sys; print(sys.path)",
    "working directory": "import os; print(os.getcwd())",
    "umask": "import os; print(os.umask(0))",
    "environment": "import os; print(sorted(os.environ.items()))",
    "encodings": "import sys; print(sys.stdout.encoding, sys.stdin.encoding, sys.stderr.errors, 'ä€')",
    "large output": "print('x' * 3_000_000)",
    "large error output": "import sys; sys.stderr.write('e' * 300_000); print('o' * 300_000)",
    "bytes that are no text": "import sys; sys.stdout.buffer.write(bytes(range(256)))",
    "exit handlers": "import atexit; atexit.register(lambda: print('last words'))",
    "thread that ends later": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('done'))).start()",
    "child process": "import subprocess; print(subprocess.run(['sh', '-c', 'echo child; exit 4'], capture_output=True))",
    "fork": "import os; pid = os.fork()\nif pid == 0:\n    os._exit(5)\nprint(os.waitpid(pid, 0)[1])",
    "multiprocessing": (
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print)\n"
        "p.start(); p.join(); print(p.exitcode)"
    ),
    "signals": "import signal; print([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)])",
    "open files": "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd'))[:3])",
    "temporary folder": "import tempfile; print(tempfile.gettempdir())",
    "modules that tests leave": "import sys; print('json' in sys.modules, 'pytest' in sys.modules)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_a_new_interpreter(name: str, tmp_path: Path) -> None:
    environment = {"WARM_TEST": "a value with 'quotes' and $signs", "TMPDIR": str(tmp_path)}
    if name == "modules that tests leave":
        # json is imported in the warm process, which programs may see; test tools never are.
        assert b"True False" in warm(PROGRAMS[name])[1]
        return
    assert warm(PROGRAMS[name], environment, str(tmp_path)) == cold(PROGRAMS[name], environment, str(tmp_path))


def test_large_program() -> None:
    program = "text = '" + "x" * 5_000_000 + "'\nprint(len(text))"
    assert warm(program) == (0, b"5000000\n", b"")


LEAKS = {
    "variable of the environment": ("import os; os.environ['LEAK'] = '1'", "import os; print('LEAK' in os.environ)"),
    "imported module": (
        "import sys, types; sys.modules['leak'] = types.ModuleType('leak')",
        "import sys; print('leak' in sys.modules)",
    ),
    "changed module": ("import json; json.loads = None", "import json; print(json.loads is None)"),
    "default session": (
        "import boto3; boto3.setup_default_session(aws_access_key_id='a' * 20, aws_secret_access_key='b' * 40)",
        "import boto3; print(boto3.DEFAULT_SESSION is not None)",
    ),
    "search path": ("import sys; sys.path.insert(0, '/leak')", "import sys; print('/leak' in sys.path)"),
    "working directory": ("import os; os.chdir('/')", "import os; print(os.getcwd() == '/')"),
    "signal handler": (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import signal; print(signal.getsignal(signal.SIGTERM) == signal.SIG_IGN)",
    ),
    "open file": (
        "f = open('/dev/zero'); import os; print(f.fileno())",
        "import os; print(os.path.exists('/proc/self/fd/9'))",
    ),
    "name in main": ("leak = 1", "print('leak' in globals())"),
}


@pytest.mark.parametrize("what", LEAKS)
def test_nothing_leaks_into_the_next_call(what: str) -> None:
    first, second = LEAKS[what]
    assert warm(first)[0] == 0
    assert warm(second) == (0, b"False\n", b"")


def test_forks_draw_different_random_numbers() -> None:
    assert warm("import random; print(random.random())") != warm("import random; print(random.random())")


def test_daemon_survives_its_call(tmp_path: Path) -> None:
    program = f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            for descriptor in range(3):
                os.close(descriptor)
            time.sleep(0.5)
            open({str(tmp_path / "written")!r}, "w").close()
            os._exit(0)
    """
    assert warm(program)[0] == 0
    deadline = time.monotonic() + 5
    while not (tmp_path / "written").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "written").exists()


def test_hanging_call_ends_with_its_worker(tmp_path: Path) -> None:
    connection = client.connect()
    pid_file = tmp_path / "pid"
    program = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    worker = os.fork()
    if worker == 0:
        client.run(connection, program.encode(), {}, None)
        os._exit(0)
    connection.close()
    deadline = time.monotonic() + 10
    while (not pid_file.exists() or not pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    call = int(pid_file.read_text())
    while os.path.exists(f"/proc/{call}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{call}")


def test_killed_server_is_reported_and_replaced() -> None:
    folder = Path(client.tempfile.gettempdir())
    (pid,) = server_pids(folder)
    with pytest.raises(client.Lost):
        warm(f"import os, signal, time; os.kill({pid}, signal.SIGKILL); time.sleep(0.2)")
    assert warm("print('new')") == (0, b"new\n", b"")
    assert server_pids(folder) != [pid]


def test_server_ends_with_its_controller(tmp_path: Path) -> None:
    controller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\n"
            "from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as c\n"
            "print(c.run(c.connect(), b'print(1)', {}, None), flush=True); time.sleep(600)",
        ],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
    )
    assert controller.stdout is not None
    assert b"(0, b'1\\n', b'')" in controller.stdout.readline()
    assert len(server_pids(tmp_path)) == 1
    controller.kill()
    controller.wait()
    deadline = time.monotonic() + 5
    while (server_pids(tmp_path) or list(tmp_path.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server_pids(tmp_path)
    assert not list(tmp_path.iterdir())


def test_folder_is_private() -> None:
    folder = client.private_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "socket").stat().st_mode & 0o777 == 0o600


def test_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    client.private_folder().chmod(0o755)
    with pytest.raises(client.CannotStart, match="not a private folder"):
        client.connect()


def test_socket_path_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: "/tmp/" + "x" * 100)
    with pytest.raises(client.CannotStart, match="too long"):
        client.connect()


PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (f"/bin/sh -c '{PYTHON} && sleep 0'", {}),
        (f"/bin/sh -c {PYTHON}", {}),
        (f"/bin/sh -c 'A=b C='\"'\"'d e'\"'\"' {PYTHON} && sleep 0'", {"A": "b", "C": "d e"}),
        ("/bin/sh -c '/other/python && sleep 0'", None),
        (f"/bin/sh -c 'A=$HOME {PYTHON} && sleep 0'", None),
        (f"/bin/sh -c 'A=`id` {PYTHON} && sleep 0'", None),
        (f"/bin/sh -c '{PYTHON} /tmp/module.py && sleep 0'", None),
        (f"/bin/sh -c 'cd /tmp; {PYTHON} && sleep 0'", None),
        (f"sudo /bin/sh -c '{PYTHON} && sleep 0'", None),
        (f"/bin/bash -c '{PYTHON} && sleep 0'", None),
        ("/bin/sh -c 'unbalanced", None),
    ],
)
def test_only_a_plain_module_call_is_taken(command: str, environment: dict[str, str] | None) -> None:
    assert module_environment(command, PYTHON) == environment
