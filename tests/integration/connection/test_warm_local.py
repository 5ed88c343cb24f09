# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process against a new interpreter: the same program through both must come out the same."""

from __future__ import annotations

import importlib
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.llmops.langfuse.plugins.connection.warm_local import AsLocal, module_environment
from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as client
from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_server as server

GETTEMPDIR = tempfile.gettempdir
SHELLS = [path for path in (shutil.which(name) for name in ("sh", "dash", "bash")) if path]


def until(condition: Callable[[], object], seconds: float = 10) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder; pytest's own ones are too deep for a socket."""
    with tempfile.TemporaryDirectory(prefix="w-", dir=GETTEMPDIR(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module", autouse=True)
def warm_process() -> Iterator[None]:
    """One warm process for this file, in a temporary folder of its own, ended by its process id."""
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.tempfile, "gettempdir", lambda: str(folder))
        client.connect("/bin/sh").close()
        yield
        for pid in server_pids(folder):
            os.kill(pid, signal.SIGTERM)
        assert until(lambda: not server_pids(folder), 5)


def server_pids(folder: Path) -> list[int]:
    """The warm processes with their home below a folder, without their forks."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if len(words) > 2 and words[1].endswith(b"_warm_server.py") and words[2].startswith(bytes(folder)):
            found.append((int(path.name), parent))
    pids = {pid for pid, _parent in found}
    return sorted(pid for pid, parent in found if parent not in pids)


def warm(
    program: str, environment: dict[str, str] | None = None, cwd: str = "/", shell: str = "/bin/sh"
) -> tuple[int, bytes, bytes]:
    return client.run(textwrap.dedent(program).encode(), environment or {}, cwd, shell)


def cold(
    program: str, environment: dict[str, str] | None = None, cwd: str = "/", shell: str = "/bin/sh"
) -> tuple[int, bytes, bytes]:
    """What the connection local does: a shell starts the interpreter, and the program comes in through a pipe."""
    assignments = "".join(f"{name}={shlex.quote(value)} " for name, value in (environment or {}).items())
    run = subprocess.run(
        [shell, "-c", f"{assignments}{shlex.quote(sys.executable)} && sleep 0"],
        input=textwrap.dedent(program).encode(),
        env=dict(os.environ),  # without what libraries of the tests set behind Python's back
        cwd=cwd,
        capture_output=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


PROGRAMS = {
    "output on both streams": "import sys; print('out'); print('err', file=sys.stderr)",
    "exit code": "import sys; sys.exit(7)",
    "exit code below zero": "import sys; sys.exit(-1)",
    "exit code above 255": "import sys; sys.exit(300)",
    "exit without a code": "import sys; sys.exit(None)",
    "exit in a thread": "import threading, sys; threading.Thread(target=sys.exit, args=(3,)).start()",
    "exit in a daemon's child": "import os\nif os.fork() == 0:\n    os._exit(9)\nos.wait()\nraise SystemExit(4)",
    "exit with a message": "import sys; sys.exit('that is why')",
    "exit without flushing": "import os; print('kept in the buffer'); os._exit(3)",
    "exception": "raise ValueError('broken')",
    "exception in a function": "def f():\n    raise ValueError('broken')\nf()",
    "exception with a cause": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('broken') from e",
    "exception hook": "import sys; sys.excepthook = lambda *a: print('hook', a[0].__name__); raise ValueError('broken')",
    "exception in a thread": "import threading; threading.Thread(target=lambda: 1 / 0, name='t').start()",
    "keyboard interrupt": "print('before'); raise KeyboardInterrupt",
    "interrupted by a signal": "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "recursion without end": "def f(): f()\ntry:\n    f()\nexcept RecursionError as e:\n    print(e)",
    "syntax error": "this is not python",
    "killed by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "abort": "import os; os.abort()",
    "standard input at its end": "import sys; print(repr(sys.stdin.read()))",
    "program with an encoding of its own": "# -*- coding: utf-8 -*-\nprint(len('\u00e4'))",
    "replaced by another program": "import os; os.execv('/bin/echo', ['echo', 'another', 'program'])",
    "standard output closed": "import sys; sys.stdout.close()",
    "standard output that cannot be written": "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('lost')",
    "standard streams replaced": "import sys, io; sys.stdout = io.StringIO(); print('nowhere')",
    "interpreter": "import sys; print(sys.executable, sys.orig_argv, sys.prefix, sys.flags, sys.version)",
    "names of main": "print({k: v for k, v in globals().items() if k not in ('__builtins__',)})",
    "builtins of main": "print(type(__builtins__).__name__, __builtins__.__name__)",
    "main is in sys.modules": "import sys; print(vars(sys.modules['__main__']) is globals())",
    "arguments and name": "import sys; print(sys.argv, __name__, '__file__' in globals())",
    "path without the server's folder": "import sys; print(sys.path)",
    "working directory": "import os; print(os.getcwd())",
    "umask": "import os; print(os.umask(0))",
    "environment": "import os; print(sorted(os.environ.items()))",
    "encodings": "import sys; print(sys.stdout.encoding, sys.stdin.encoding, sys.stderr.errors, 'ä€')",
    "locale": "import locale; print(locale.getpreferredencoding(), locale.setlocale(locale.LC_ALL), locale.getlocale())",
    "time zone": "import time; print(time.tzname, time.localtime(0))",
    "limits": "import resource as r; print([r.getrlimit(getattr(r, n)) for n in dir(r) if n.startswith('RLIMIT_')])",
    "masked signals": "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))",
    "umask of a file": "import os; os.close(os.open('made', os.O_CREAT)); print(oct(os.stat('made').st_mode))",
    "large output": "print('x' * 3_000_000)",
    "large error output": "import sys; sys.stderr.write('e' * 300_000); print('o' * 300_000)",
    "bytes that are no text": "import sys; sys.stdout.buffer.write(bytes(range(256)))",
    "temporary file that nobody closed": (
        "import tempfile, os\nf = tempfile.NamedTemporaryFile(dir='.')\nd = tempfile.TemporaryDirectory(dir='.')\n"
        "import subprocess; subprocess.Popen(['sh', '-c', 'sleep 0.3; ls'])"
    ),
    "finalizer": (
        "class C:\n    def __del__(self): print('gone')\nc = C()\n"
        "class D:\n    def __del__(self): print('cycle')\nd = D(); d.d = d"
    ),
    "finalizer that fails": "class C:\n    def __del__(self): 1 / 0\nc = C()",
    "file that nobody closed": "f = open('written', 'w'); f.write('text'); import os, subprocess as s\n"
    "s.Popen(['sh', '-c', 'sleep 0.3; cat written'])",
    "exit handler that fails": "import atexit; atexit.register(lambda: 1 / 0)",
    "exit handler after an exception": "import atexit; atexit.register(lambda: print('last')); raise ValueError('broken')",
    "thread pool": (
        "from concurrent.futures import ThreadPoolExecutor as T\np = T(3)\nprint(list(p.map(lambda x: x * 2, [1, 2])))"
    ),
    "exit handlers": "import atexit; atexit.register(lambda: print('last words'))",
    "thread that ends later": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('done'))).start()",
    "child process": "import subprocess; print(subprocess.run(['sh', '-c', 'echo child; exit 4'], capture_output=True))",
    "fork": "import os; pid = os.fork()\nif pid == 0:\n    os._exit(5)\nprint(os.waitpid(pid, 0)[1])",
    "multiprocessing": (
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print)\n"
        "p.start(); p.join(); print(p.exitcode)"
    ),
    "multiprocessing that starts interpreters": (
        "import multiprocessing as m\np = m.get_context('spawn').Process(target=print, args=('child',))\n"
        "p.start(); p.join(); print(p.exitcode)"
    ),
    "event loop": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\nprint(asyncio.run(f()))",
    "signals": "import signal; print([signal.getsignal(s) for s in signal.valid_signals()])",
    "open files": "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd')))",
    "temporary folder": "import tempfile; print(tempfile.gettempdir())",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_a_new_interpreter(name: str, tmp_path: Path) -> None:
    environment = {"WARM_TEST": "a value with 'quotes' and $signs", "TMPDIR": str(tmp_path), "TZ": "Pacific/Apia"}
    results = []
    for run in (warm, cold):
        folder = tmp_path / "folder"
        folder.mkdir()
        results.append(run(PROGRAMS[name], environment, str(folder)))
        shutil.rmtree(folder)
    addresses = [tuple(re.sub(rb"0x[0-9a-f]+", b"0x", part) for part in result[1:]) for result in results]
    assert (results[0][0], *addresses[0]) == (results[1][0], *addresses[1])


@pytest.mark.parametrize("shell", SHELLS)
def test_environment_is_what_the_shell_makes_of_it(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; print(sorted(os.environb.items()))"
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for environment in (
        {},
        {"SHLVL": "7", "_": "/bin/other", "OLDPWD": "/", "EMPTY": ""},
        {"PWD": str(link), "LINES": "two\nof them", "UNTEXT": os.fsdecode(b"\xff\xfe")},
        {"PWD": "relative", "SHLVL": "none"},
    ):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            for cwd in (tmp_path, link, Path("/")):
                assert warm(program, {}, str(cwd), shell) == cold(program, {}, str(cwd), shell)
        assert warm(program, environment, "/", shell) == cold(program, environment, "/", shell)
    (pid,) = server_pids(tmp_path)
    os.kill(pid, signal.SIGTERM)
    assert until(lambda: not server_pids(tmp_path))


def test_locale_of_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    program = (
        "import sys, os, locale\n"
        "print(sys.stdout.encoding, sys.getfilesystemencoding(), locale.getpreferredencoding(), sorted(os.environ.items()))"
    )
    for settings in ({"LC_ALL": "C", "LANG": "C"}, {"LC_ALL": "C.UTF-8"}, {"PYTHONIOENCODING": "latin-1:replace"}):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            assert warm(program) == cold(program)
    pids = server_pids(tmp_path)
    assert len(pids) == 3, "what an interpreter heeds at its start only has its own warm process"
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    assert until(lambda: not server_pids(tmp_path))


def test_large_program_and_large_output() -> None:
    program = "text = '" + "x" * 20_000_000 + "'\nprint(len(text))\nprint(text)"
    code, output, error = warm(program)
    assert (code, error) == (0, b"")
    assert output == b"20000000\n" + b"x" * 20_000_000 + b"\n"


def test_many_calls_at_once() -> None:
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda n: warm(f"import time; time.sleep(0.2); print({n})"), range(60)))
    assert results == [(0, f"{n}\n".encode(), b"") for n in range(60)]


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
    "working directory": ("import os; os.chdir('/usr')", "import os; print(os.getcwd() == '/usr')"),
    "signal handler": (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import signal; print(signal.getsignal(signal.SIGTERM) == signal.SIG_IGN)",
    ),
    "open file": (
        "f = open('/dev/zero'); import os; print(f.fileno())",
        "import os; print(os.path.exists('/proc/self/fd/9'))",
    ),
    "time zone": (
        "import os, time; os.environ['TZ'] = 'Pacific/Apia'; time.tzset()",
        "import time; print('+13' in time.tzname)",
    ),
    "umask": ("import os; os.umask(0o777)", "import os; print(os.umask(0) == 0o777)"),
    "priority": ("import os; os.nice(5)", "import os; print(os.nice(0) >= 5 + int(os.environ['NICENESS']))"),
    "limit": (
        "import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, 0)); r.setrlimit(r.RLIMIT_NOFILE, (99, 99))",
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[0] == 99)",
    ),
    "cached session": (
        "import boto3, botocore.session as b; b.leak = boto3.Session(aws_access_key_id='a' * 20, aws_secret_access_key='b')",
        "import botocore.session as b; print(hasattr(b, 'leak'))",
    ),
    "client": (
        "import boto3, gc; leak = boto3.client('sts', 'us-east-1', aws_access_key_id='a', aws_secret_access_key='b' * 40)",
        "import gc; print(any(type(o).__name__ == 'STS' or 'b' * 40 == o for o in gc.get_objects()))",
    ),
    "credentials in memory": (
        "import boto3; s = boto3.Session(aws_access_key_id='AKIA' + 'Q' * 16, aws_secret_access_key='z' * 40)\n"
        "s.client('ec2', 'us-east-1')",
        "import re; needle = b'AKIA' + b'Q' * 16\n"
        "maps = [l.split()[0].split('-') for l in open('/proc/self/maps') if 'rw-p' in l]\n"
        "memory = open('/proc/self/mem', 'rb', 0); count = 0\n"
        "for a, b in maps:\n    memory.seek(int(a, 16)); count += memory.read(int(b, 16) - int(a, 16)).count(needle)\n"
        "print(count > 3)",  # this program itself holds it
    ),
    "model that was changed": (
        "import boto3; c = boto3.client('sts', 'us-east-1'); c.meta.service_model._service_description['leak'] = 1",
        "import boto3; print('leak' in boto3.client('sts', 'us-east-1').meta.service_model._service_description)",
    ),
    "logging": (
        "import logging; logging.getLogger('botocore').addHandler(logging.StreamHandler()); logging.disable(50)",
        "import logging; print(len(logging.getLogger('botocore').handlers) > 1 or logging.root.manager.disable == 50)",
    ),
    "exit handler": (
        "import atexit; atexit.register(lambda: None)",
        "import atexit; print(atexit._ncallbacks() > BEFORE)",
    ),
    "thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(0.1,), name='leak').start()",
        "import threading; print(threading.active_count() > 1)",
    ),
    "working file": (
        "open('leak', 'w').close(); import os; os.unlink('leak')",
        "import os; print(os.path.exists('leak'))",
    ),
    "name in main": ("leak = 1", "print('leak' in globals())"),
}


@pytest.mark.parametrize("what", LEAKS)
def test_nothing_leaks_into_the_next_call(what: str) -> None:
    first, second = LEAKS[what]
    before = int(warm("import atexit; print(atexit._ncallbacks())")[1])
    assert warm(first)[0] == 0
    niceness = {"NICENESS": str(os.nice(0))}
    assert warm(second.replace("BEFORE", str(before)), niceness) == (0, b"False\n", b"")


def test_nothing_leaks_between_calls_at_the_same_time() -> None:
    """The one holds its secret, while the other looks at everything that it can see of it."""
    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(
            warm, "import os, time; print(os.environ['SECRET'], os.getpid()); time.sleep(1)", {"SECRET": "held-by-one"}
        )
        time.sleep(0.3)
        seen = warm(
            "import os, gc; print('held-by-' in str(dict(os.environ)) or any(o == 'held-by-one' for o in gc.get_objects()))\n"
            "print(sorted(os.listdir('/proc/self/fd')))"
        )
        assert holder.result()[1].startswith(b"held-by-one ")
    assert seen[1].splitlines()[0] == b"False"
    assert seen[1].splitlines()[1] == b"['0', '1', '2', '3']"


def test_traceback_names_the_file_of_its_own_call(tmp_path: Path) -> None:
    """Code that one call compiled is that of the next, but not its path."""
    for name in ("first", "second", "third"):
        path = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("broken_module.py", "def f():\n    raise ValueError('broken')\n")
        program = f"import sys; sys.path.insert(0, {str(path)!r}); import broken_module; broken_module.f()"
        assert warm(program) == cold(program)
        assert str(path).encode() in warm(program)[2]


def test_changed_code_is_taken(tmp_path: Path) -> None:
    for value in ("1", "2", "1"):
        path = tmp_path / "code.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("changing_module.py", f"print({value})\n")
        assert (
            warm(f"import sys; sys.path.insert(0, {str(path)!r}); import changing_module")[1] == f"{value}\n".encode()
        )


def test_models_and_code_are_warm_after_their_first_use(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("warm_module.py", "x = 1\n")
    program = (
        f"import sys; sys.path.insert(0, {str(path)!r})\n"
        "import warm_module, boto3\n"
        "boto3.client('kms', 'us-east-1', aws_access_key_id='a', aws_secret_access_key='b')\n"
        "cache = sys.modules['zipimport']._compile_source.__closure__\n"
        "cache = next(c.cell_contents for c in cache if type(c.cell_contents).__name__ == 'Cache')\n"
        "print(len(cache.new_code), [m for m in cache.new_models if 'kms' in m and 'service-2' in m] != [])"
    )
    assert warm(program)[1] == b"1 True\n"
    assert until(lambda: warm(program)[1] == b"0 False\n", 5)


def test_service_models_of_the_user_are_seen(tmp_path: Path) -> None:
    """botocore's list of services is kept, but AWS_DATA_PATH adds to it."""
    folder = tmp_path / "ownservice" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text("{}")
    program = "import botocore.session as b; print('ownservice' in b.Session().get_available_services())"
    assert warm(program, {"AWS_DATA_PATH": str(tmp_path)})[1] == b"True\n"
    assert warm(program)[1] == b"False\n"
    count = "import botocore.session as b; print(b.Session().get_available_services())"
    assert warm(count) == cold(count)


def test_installed_packages_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A play that changes boto3 goes on with the changed one, as with new interpreters."""
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    site = tmp_path / "site"
    for name in ("boto3", "botocore"):
        installed = Path(importlib.import_module(name).__file__ or "").parent
        (site / name).mkdir(parents=True)
        for part in installed.iterdir():
            if part.name != "__init__.py":
                (site / name / part.name).symlink_to(part)
        (site / name / "__init__.py").write_bytes((installed / "__init__.py").read_bytes())
    monkeypatch.setenv("PYTHONPATH", str(site))
    program = "import boto3; print(boto3.__file__, boto3.__version__)"
    assert warm(program) == cold(program)
    (old,) = server_pids(tmp_path)
    changed = (site / "boto3/__init__.py").read_text().replace("__version__ = '", "__version__ = '9.")
    (site / "boto3/new").write_text(changed)
    (site / "boto3/new").rename(site / "boto3/__init__.py")
    assert warm(program) == cold(program)
    assert b" 9." in warm(program)[1]
    assert until(lambda: old not in server_pids(tmp_path))
    for pid in server_pids(tmp_path):
        os.kill(pid, signal.SIGTERM)
    assert until(lambda: not server_pids(tmp_path))


BROKEN = {
    "raises": "raise RuntimeError('boto3 is broken')",
    "exits": "import sys; sys.exit('boto3 is broken')",
    "is half there": "from botocore.nowhere import nothing",
    "ends the process": "import os; os._exit(3)",
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_boto3_is_the_modules_to_report(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "boto3").mkdir()
    (tmp_path / "boto3/__init__.py").write_text(BROKEN[how])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    if how == "ends the process":
        for _attempt in range(2):
            with pytest.raises(client.CannotStart, match="the warm process ended at its start: 3"):
                warm("pass")
        return
    for program in ("import boto3", "print('no AWS')", "import sys; print('botocore' in sys.modules)"):
        assert warm(program) == cold(program)
    (pid,) = server_pids(tmp_path)
    os.kill(pid, signal.SIGTERM)
    assert until(lambda: not server_pids(tmp_path))


def test_forks_draw_different_random_numbers() -> None:
    program = "import random, uuid, secrets, tempfile; print(random.random(), uuid.uuid4(), next(tempfile._RandomNameSequence()))"
    assert len({word for _ in range(3) for word in warm(program)[1].split()}) == 9


@pytest.mark.parametrize("run", [warm, cold])
def test_daemon_survives_its_call(run: Callable[..., tuple[int, bytes, bytes]], tmp_path: Path) -> None:
    program = f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            for descriptor in range(3):
                os.close(descriptor)
            time.sleep(0.5)
            open({str(tmp_path / "written")!r}, "w").close()
            os._exit(0)
        print("started")
    """
    assert run(program) == (0, b"started\n", b"")
    assert until((tmp_path / "written").exists)


@pytest.mark.parametrize("run", [warm, cold])
def test_child_that_holds_the_output_is_waited_for(run: Callable[..., tuple[int, bytes, bytes]]) -> None:
    assert run(
        "import subprocess; subprocess.Popen(['sh', '-c', 'sleep 0.5; echo late']); print('early', flush=True)"
    ) == (
        0,
        b"early\nlate\n",
        b"",
    )


@pytest.mark.parametrize("manners", ["default", "ignores interruptions", "cleans up"])
def test_hanging_call_ends_with_its_worker(manners: str, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = f"""
        import os, signal, subprocess, tempfile, time
        if {manners!r} == "ignores interruptions":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}):
            with open({str(pids)!r} + "_", "w") as f:
                f.write(f"{{os.getpid()}} {{child.pid}}")
            os.rename({str(pids)!r} + "_", {str(pids)!r})
            time.sleep(600)
    """
    worker = os.fork()
    if worker == 0:
        try:
            warm(program)
        finally:
            os._exit(0)
    assert until(pids.exists)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    for pid in pids.read_text().split():
        assert until(lambda pid=pid: not os.path.exists(f"/proc/{pid}")), f"{pid} is left"
    if manners != "ignores interruptions":
        assert [path.name for path in tmp_path.iterdir()] == ["pids"], "it could not clean up"


def test_interrupted_call_ends(tmp_path: Path) -> None:
    """As a task's timeout does: an exception in the worker, which lives on."""

    class Timeout(Exception):
        pass

    def alarm(*_: object) -> None:
        raise Timeout

    pid_file = tmp_path / "pid"
    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        with pytest.raises(Timeout):
            warm(f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert until(lambda: not os.path.exists(f"/proc/{pid_file.read_text()}"), 5)
    assert warm("print('next')") == (0, b"next\n", b"")


def test_killed_server_is_reported_and_replaced(tmp_path: Path) -> None:
    (pid,) = server_pids(Path(client.tempfile.gettempdir()))
    call = tmp_path / "call"
    with pytest.raises(client.Lost, match="it was killed"):
        warm(
            f"import os, signal, time; open({str(call)!r}, 'w').write(str(os.getpid()))\n"
            f"os.kill({pid}, signal.SIGKILL); time.sleep(600)"
        )
    assert until(lambda: not os.path.exists(f"/proc/{call.read_text()}")), "the call outlived its server and its worker"
    assert warm("print('new')") == (0, b"new\n", b"")
    assert server_pids(Path(client.tempfile.gettempdir())) != [pid]


def test_server_that_dies_between_calls_is_replaced() -> None:
    (pid,) = server_pids(Path(client.tempfile.gettempdir()))
    os.kill(pid, signal.SIGKILL)
    assert warm("print('new')") == (0, b"new\n", b"")


def test_removed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a system does that cleans its temporary folders: the next call has a new server, and the old one ends."""
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    assert warm("print(1)")[0] == 0
    (old,) = server_pids(tmp_path)
    shutil.rmtree(client.private_folder())
    assert warm("print(2)") == (0, b"2\n", b"")
    assert until(lambda: old not in server_pids(tmp_path))
    (new,) = server_pids(tmp_path)
    assert warm("print(3)") == (0, b"3\n", b"")
    os.kill(new, signal.SIGTERM)
    assert until(lambda: not list(tmp_path.iterdir()))


def test_server_ends_with_its_controller(tmp_path: Path) -> None:
    program = (
        "import time\n"
        "from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as c\n"
        "print(c.run(b'print(1)', {}, '/'), flush=True)\n"
        "c.run(b'import time; time.sleep(600)', {}, '/')"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
    )
    assert controller.stdout is not None
    assert b"(0, b'1\\n', b'')" in controller.stdout.readline()
    (pid,) = server_pids(tmp_path)
    assert until(lambda: (Path(f"/proc/{pid}/task/{pid}/children")).read_text().strip())
    (call,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    controller.kill()
    controller.wait()
    assert until(lambda: not server_pids(tmp_path) and not list(tmp_path.iterdir()), 5)
    assert not os.path.exists(f"/proc/{call}")


def test_folder_of_a_controller_that_is_gone_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in (
        f"ansible-warm-{gone.pid}-0123456789ab",
        f"ansible-warm-{os.getppid()}-0123456789ab",
        "ansible-warm-other",
    ):
        (tmp_path / name).mkdir()
    client.remove_old_folders(client.private_folder())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [client.private_folder().name, f"ansible-warm-{os.getppid()}-0123456789ab", "ansible-warm-other"]
    )


def test_folder_is_private() -> None:
    warm("pass")
    folder = client.private_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (folder / "socket").stat().st_mode & 0o777 == 0o600


def test_controllers_do_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    own = client.private_folder()
    monkeypatch.setattr(client, "controller", lambda: (1, server.start_time(1)))
    other = client.private_folder()
    assert own != other
    other.rmdir()


def test_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    client.private_folder().chmod(0o755)
    with pytest.raises(client.CannotStart, match="not a private folder of this user; remove it"):
        warm("pass")


def test_link_in_place_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = client.private_folder()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(client.CannotStart, match="not a private folder"):
        warm("pass")


def test_socket_path_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: "/tmp/" + "x" * 100)
    with pytest.raises(client.CannotStart, match="too long; set TMPDIR to a shorter one"):
        warm("pass")


def test_temporary_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: "/proc")
    with pytest.raises(client.CannotStart, match="cannot be made"):
        warm("pass")


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "tempdir", None)
    monkeypatch.setattr(client.tempfile, "_candidate_tempdir_list", lambda: ["/proc"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.tempfile, "gettempdir", GETTEMPDIR)
        with pytest.raises(client.CannotStart, match="no folder for temporary files"):
            warm("pass")


@pytest.mark.parametrize("size", [0, 4096])
def test_full_disk(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file may grow beyond a size: calls run all the same, or it is said why they do not run warm."""
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        assert warm("import boto3; boto3.client('sts', 'us-east-1'); print(1)") == (0, b"1\n", b"")
        assert warm("import boto3; boto3.client('sts', 'us-east-1'); print(2)") == (0, b"2\n", b"")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((client.private_folder() / "cache").iterdir()), "half a file is left"
    (pid,) = server_pids(tmp_path)
    os.kill(pid, signal.SIGTERM)
    assert until(lambda: not server_pids(tmp_path))


def test_start_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(client._warm_server, "__file__", "/nowhere/_warm_server.py")
    with pytest.raises(client.CannotStart, match=r"ended at its start: .*No such file"):
        warm("pass")
    monkeypatch.undo()
    monkeypatch.setattr(client.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(client.CannotStart, match=r"ended at its start: .*No such file"):
        warm("pass")


def test_start_time_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("ps"):
        pytest.skip("there is no ps")
    exists = os.path.exists
    monkeypatch.setattr(server, "Path", lambda path: Path("/nowhere"))
    monkeypatch.setattr(server.os.path, "exists", lambda path: path != "/proc/self/stat" and exists(path))
    assert re.search(r"\d\d:\d\d:\d\d", server.start_time(os.getpid()))
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert server.start_time(gone.pid) == ""


PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (f"/bin/sh -c '{PYTHON} && sleep 0'", {}),
        (f"/bin/sh -c {PYTHON}", {}),
        (f"/bin/sh -c 'A=b C='\"'\"'d e'\"'\"' {PYTHON} && sleep 0'", {"A": "b", "C": "d e"}),
        (f"/bin/sh -c 'A=1 A=2 {PYTHON} && sleep 0'", {"A": "2"}),
        ("/bin/sh -c " + shlex.quote(f"A='' {PYTHON} && sleep 0"), {"A": ""}),
    ],
)
def test_plain_module_call_is_taken(command: str, environment: dict[str, str]) -> None:
    assert module_environment(command, "/bin/sh", PYTHON) == environment


@pytest.mark.parametrize(
    "command",
    [
        "/bin/sh -c '/other/python && sleep 0'",
        f"/bin/sh -c 'A=$HOME {PYTHON} && sleep 0'",
        f"/bin/sh -c 'A=`id` {PYTHON} && sleep 0'",
        f"/bin/sh -c 'A=~ {PYTHON} && sleep 0'",
        f"/bin/sh -c 'A=\\x {PYTHON} && sleep 0'",
        f"/bin/sh -c 'A=\"x\" {PYTHON} && sleep 0'",
        f"/bin/sh -c 'a.b=1 {PYTHON} && sleep 0'",
        f"/bin/sh -c '\u00e4=1 {PYTHON} && sleep 0'",
        f"/bin/sh -c '1A=1 {PYTHON} && sleep 0'",
        f"/bin/sh -c '=1 {PYTHON} && sleep 0'",
        f"/bin/sh -c 'nohup {PYTHON} && sleep 0'",
        f"/bin/sh -c '{PYTHON} /tmp/module.py && sleep 0'",
        f"/bin/sh -c '{PYTHON}; id && sleep 0'",
        f"/bin/sh -c '{PYTHON} > /dev/null && sleep 0'",
        f"/bin/sh -c 'cd /tmp; {PYTHON} && sleep 0'",
        f"/bin/sh -c 'cd /tmp && {PYTHON} && sleep 0'",
        f"sudo /bin/sh -c '{PYTHON} && sleep 0'",
        f"/bin/bash -c '{PYTHON} && sleep 0'",
        "/bin/sh -c ''",
        "/bin/sh",
        "",
        "/bin/sh -c 'unbalanced",
    ],
)
def test_anything_else_is_not_taken(command: str) -> None:
    with pytest.raises(AsLocal):
        module_environment(command, "/bin/sh", PYTHON)
