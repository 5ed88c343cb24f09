# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection in ansible-playbook: the same results as with local, and nothing left after any end of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import task_results

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
WARM = "llmops.langfuse.warm_local"


class Ansible:
    """Runs ansible-playbook in a folder of its own, with a mark on every process that comes from it."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder = folder
        self.temporary = temporary
        self.mark = f"WARM_TEST_RUN={uuid.uuid4()}"
        (folder / "ansible.cfg").touch()
        name, _, value = self.mark.partition("=")
        self.environment = {
            name_: value_ for name_, value_ in os.environ.items() if not name_.startswith(("ANSIBLE_", "PYTEST_"))
        } | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_results",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),  # neither the checkout's nor the user's
            "NO_COLOR": "1",
            "TMPDIR": str(self.temporary),
            name: value,
        }

    def start(self, playbook: Path, connection: str, results: Path, variables: dict[str, Any], *options: str):
        settings = {"ansible_connection": connection, "ansible_python_interpreter": sys.executable} | variables
        inventory = self.folder / "inventory.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {"controller": settings}}}))  # JSON is YAML
        return subprocess.Popen(
            ["ansible-playbook", "-i", str(inventory), str(playbook), *options],
            cwd=HERE,
            env=self.environment | {"TASK_RESULTS": str(results)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(
        self, playbook: Path, connection: str = WARM, results: Path | None = None, **variables: Any
    ) -> tuple[int, str]:
        results = results or self.folder / "results"
        results.unlink(missing_ok=True)
        process = self.start(playbook, connection, results, variables, "-vvv")
        output, _ = process.communicate(timeout=240)
        return process.returncode, output

    def results(self) -> list[dict[str, Any]]:
        return [entry["result"] for entry in task_results.read(self.folder / "results").values()]

    def processes(self) -> dict[int, str]:
        """What still runs of all that was started here, by process id."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                    found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def kill_all(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def nothing_is_left(self, seconds: float = 5) -> bool:
        def warm_folders() -> list[Path]:
            return list(self.temporary.glob("ansible-warm-*"))

        return until(lambda: not self.processes() and not warm_folders(), seconds)


def until(condition: Callable[[], object], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def ansible(tmp_path: Path) -> Iterator[Ansible]:
    # pytest's own folders are too deep for a socket.
    with tempfile.TemporaryDirectory(prefix="warm-") as temporary:
        ansible = Ansible(tmp_path, Path(temporary))
        yield ansible
        ansible.kill_all()  # where a test failed


@pytest.fixture
def play(ansible: Ansible, tmp_path: Path):
    """Runs tasks of a test; the playbook stands beside the test's own modules."""
    (tmp_path / "library").symlink_to(HERE / "library")

    def run(*tasks: dict[str, Any], **variables: Any) -> tuple[int, str]:
        return ansible.run(write(tmp_path, *tasks), **variables)

    return run


def write(folder: Path, *tasks: dict[str, Any]) -> Path:
    path = folder / "play.yml"
    path.write_text(json.dumps([{"hosts": "controller", "gather_facts": False, "tasks": list(tasks)}]))  # JSON is YAML
    return path


def test_modules_return_what_they_return_with_local(ansible: Ansible, tmp_path: Path) -> None:
    """modules.yml through local, and warm with and without pipelining set by the user."""
    outputs = {}
    for name, connection, pipelining in (("local", "local", "true"), ("warm", WARM, ""), ("files", WARM, "false")):
        (tmp_path / "ansible.cfg").write_text(f"[connection]\npipelining = {pipelining}\n" if pipelining else "")
        folder = tmp_path / "folder"
        folder.mkdir()
        code, outputs[name] = ansible.run(
            HERE / "modules.yml",
            connection,
            folder=str(folder),
            other_python=str(Path(sys.executable).resolve()),
        )
        assert code == 0, outputs[name][-6000:]
        (tmp_path / "results").rename(tmp_path / name)
        shutil.rmtree(folder)
        if name != "warm":
            ansible.kill_all()  # with local, a module goes on after its task's timeout
        assert ansible.nothing_is_left()
    # Equal results are not those of local twice.
    assert outputs["warm"].count("WARM EXEC") > 60
    assert "because LC_ALL takes effect at an interpreter's start only" in outputs["warm"]
    assert "because its interpreter is not the controller's" in outputs["warm"]
    assert "WARM EXEC" not in outputs["files"]
    for name in ("warm", "files"):
        results, fields, differences = task_results.compare(tmp_path / "local", tmp_path / name)
        print(f"{name}: {results} results, {fields} fields")
        assert results > 40
        assert fields > 5000
        if name == "files":  # tracebacks name the file that a module came in
            differences = [line for line in differences if not re.search(r"\.(exception|module_stderr): ", line)]
        assert differences == []
        recaps = [outputs[run][outputs[run].index("PLAY RECAP") :] for run in ("local", name)]
        assert recaps[0] == recaps[1]


BEHAVIOUR = {"name": "Behave", "behave": {"how": "hang", "path": "{{ pid_file }}"}}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("target", ["group", "controller"])
def test_nothing_is_left_when_the_playbook_is_ended(
    target: str, number: int, ansible: Ansible, tmp_path: Path, play
) -> None:
    pid_file = tmp_path / "pid"
    process = ansible.start(write(tmp_path, BEHAVIOUR), WARM, tmp_path / "results", {"pid_file": str(pid_file)})
    assert until(lambda: pid_file.exists() and pid_file.read_text(), 30)
    assert len(ansible.processes()) >= 4, "controller, worker, warm process, module and its child"
    if target == "group":  # as a terminal does
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    process.communicate(timeout=30)
    assert ansible.nothing_is_left(), ansible.processes()


def test_nothing_is_left_when_a_task_times_out(ansible: Ansible, tmp_path: Path, play) -> None:
    pid_file = tmp_path / "pid"
    tasks = (
        BEHAVIOUR | {"timeout": 6, "ignore_errors": True},
        {"name": "The module is gone", "ansible.builtin.wait_for": {"path": "/proc/{{ lookup('file', pid_file) }}",
                                                                   "state": "absent", "timeout": 5}},
    )  # fmt: skip
    code, output = play(*tasks, pid_file=str(pid_file))
    assert code == 0, output
    assert "timed out" in json.dumps(ansible.results()[0]).lower() or "timedout" in ansible.results()[0]
    assert ansible.nothing_is_left(), ansible.processes()


def test_killed_warm_process_is_reported_and_replaced(ansible: Ansible, play) -> None:
    tasks = (
        {"name": "Kill the warm process", "behave": {"how": "kill_parent"}, "ignore_unreachable": True},
        {"name": "Go on", "ansible.builtin.ping": {}},
    )
    code, output = play(*tasks)
    killed, next_one = ansible.results()
    assert code == 0, output
    assert killed["unreachable"]
    assert "The warm process ended while it ran a module" in killed["msg"]
    assert "run the playbook again, or set ansible_connection to local" in killed["msg"]
    assert next_one["ping"] == "pong"
    assert output.count("WARM EXEC") == 2
    assert ansible.nothing_is_left(), ansible.processes()


PING = {"name": "Ping", "ansible.builtin.ping": {}}


def test_other_platform_says_once_that_it_behaves_as_local(ansible: Ansible, tmp_path: Path, play) -> None:
    """A callback plugin stands in for macOS: from the start of the play the platform has its name."""
    (tmp_path / "callback").mkdir()
    (tmp_path / "callback/darwin.py").write_text(
        "import sys\nfrom ansible.plugins.callback import CallbackBase\nDOCUMENTATION = 'name: darwin\\ntype: aggregate\\n"
        "short_description: x\\ndescription: x\\n'\n"
        "class CallbackModule(CallbackBase):\n    CALLBACK_VERSION = 2.0\n    CALLBACK_NAME = 'darwin'\n"
        "    def v2_playbook_on_play_start(self, play):\n        sys.platform = 'darwin'\n"
    )
    ansible.environment["ANSIBLE_CALLBACK_PLUGINS"] += f":{tmp_path / 'callback'}"
    code, output = play(PING, PING, PING)
    assert code == 0, output
    said = "warm_local: modules run as with the connection local, because forking is not safe on this platform"
    assert " ".join(output.split()).count(said) == 1, output
    assert "WARM EXEC" not in output
    code, output = play(PING, ansible_warm_local_unsafe_fork=True)
    assert code == 0, output
    assert "WARM EXEC" in output


def test_folder_for_temporary_files_that_is_too_deep(ansible: Ansible, tmp_path: Path, play) -> None:
    # Deep enough for this socket, and not yet for those that ansible-core makes from 2.21 on.
    deep = ansible.temporary / ("x" * (69 - len(str(ansible.temporary))))
    deep.mkdir()
    ansible.environment["TMPDIR"] = str(deep)
    code, output = play(PING, PING)
    assert code == 0, output
    text = " ".join(output.split())
    assert text.count("modules run as with the connection local, because the path of a socket in") == 1, output
    assert "is too long; set TMPDIR to a shorter one." in text


def test_boto3_that_ends_the_process(ansible: Ansible, tmp_path: Path, play) -> None:
    """It cannot be kept warm at all: said once, tried once, and modules run as with local."""
    (tmp_path / "path/boto3").mkdir(parents=True)
    started = tmp_path / "started"
    (tmp_path / "path/boto3/__init__.py").write_text(
        f"import os\nopen({str(started)!r}, 'a').write('x')\nos._exit(3)\n"
    )
    ansible.environment["PYTHONPATH"] = str(tmp_path / "path")
    code, output = play(PING, PING, PING)
    assert code == 0, output
    assert " ".join(output.split()).count("because the warm process ended at its start: 3.") == 1, output
    assert started.read_text() == "x"
    assert not ansible.processes()


def test_broken_boto3_is_reported_as_with_local(ansible: Ansible, tmp_path: Path, play) -> None:
    (tmp_path / "path/boto3").mkdir(parents=True)
    (tmp_path / "path/boto3/__init__.py").write_text("raise ImportError('boto3 was built for another machine')\n")
    ansible.environment["PYTHONPATH"] = str(tmp_path / "path")
    call = {"name": "Ask AWS", "amazon.aws.aws_caller_info": {"region": "us-east-1"}, "ignore_errors": True}
    found = []
    for connection in ("local", WARM):
        code, output = play(call, PING, connection=connection)
        assert code == 0, output
        found.append(task_results.plain(ansible.results(), task_results.Numbers("id"), task_results.Numbers("address")))
    assert found[0] == found[1]
    assert "boto3" in found[0][0]["msg"]


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("mount"), reason="only root mounts a full disk")
def test_full_disk(ansible: Ansible, tmp_path: Path, play) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,nr_inodes=4", "none", str(full)], check=False)
    if mount.returncode:
        pytest.skip("this machine does not let us mount")
    try:
        with open(full / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        (full / "one").touch()
        (full / "two").touch()
        # Both ways it comes to the same: Python finds another folder, or modules cannot run at all.
        ansible.environment["TMPDIR"] = str(full)
        outcomes = [play(PING, connection=connection)[0] for connection in ("local", WARM)]
        assert outcomes[0] == outcomes[1]
        assert not ansible.processes() or until(lambda: not ansible.processes(), 5)
    finally:
        subprocess.run(["umount", str(full)], check=True)
