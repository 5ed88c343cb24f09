# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""start, stop, status, reset, env: the local AWS from the shell."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PORT = 24566
STATE_DIR = Path(".cache/local_aws")
START_TIMEOUT = 50.0
STOP_TIMEOUT = 40.0
PACKAGE = Path(__file__).resolve().parent


class CliError(Exception):
    """What the user is told."""


def read_state(state_dir: Path) -> dict[str, Any] | None:
    """What a running server has written; None when none has."""
    try:
        state: dict[str, Any] = json.loads((state_dir / "state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return state


def request(endpoint: str, path: str, method: str = "GET", timeout: float = 5.0) -> dict[str, Any]:
    """Ask a server's local endpoint."""
    asked = urllib.request.Request(endpoint + path, method=method, data=b"{}" if method == "POST" else None)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=timeout) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return True


def running(state_dir: Path) -> dict[str, Any] | None:
    """The state of this folder's server, when that very server answers."""
    state = read_state(state_dir)
    if state is None or not alive(state["pid"]):
        return None
    try:
        healthy = request(state["endpoint"], "/_local/health")["pid"] == state["pid"]
    except (OSError, ValueError, KeyError):
        return None
    return state if healthy else None


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def start(options: argparse.Namespace) -> str:
    state_dir: Path = options.state_dir.resolve()
    found = running(state_dir)
    if found:
        if options.port and found["port"] != options.port:
            raise CliError(f"A local AWS of {state_dir} runs already on port {found['port']}; stop it first.")
        return f"runs already: {found['endpoint']}"
    if options.port and not port_is_free(options.port):
        raise CliError(
            f"Port {options.port} of 127.0.0.1 is taken by another program; choose another with --port (and "
            "LOCAL_AWS_PORT), or end that program."
        )
    state_dir.mkdir(parents=True, exist_ok=True)
    (state_dir / "state.json").unlink(missing_ok=True)
    log = state_dir / "server.log"
    command = [sys.executable, "-m", "local_aws", "serve", "--state-dir", str(state_dir)]
    command += ["--port", str(options.port), "--time-scale", str(options.time_scale)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
            cwd=state_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    limit = time.monotonic() + START_TIMEOUT
    while time.monotonic() < limit:
        state = running(state_dir)
        if state and state["pid"] == process.pid:
            return f"ready: {state['endpoint']}"
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.terminate()
    process.wait(STOP_TIMEOUT)
    raise CliError(f"The local AWS did not start; {log} says:\n{log.read_text(errors='replace')[-2000:]}")


def stop(options: argparse.Namespace) -> str:
    state_dir: Path = options.state_dir.resolve()
    state = read_state(state_dir)
    if state is None or not alive(state["pid"]):
        (state_dir / "state.json").unlink(missing_ok=True)
        return "does not run"
    if running(state_dir) is None:
        raise CliError(
            f"Process {state['pid']} of {state_dir / 'state.json'} is not a local AWS that answers; end it yourself if "
            "it is one, and remove the file."
        )
    os.kill(state["pid"], signal.SIGTERM)
    limit = time.monotonic() + STOP_TIMEOUT
    waiting = [state["pid"], state["guardian_pid"]]
    while any(alive(pid) for pid in waiting):
        if time.monotonic() > limit:
            # the guardian ends the server's processes when the server is gone
            with contextlib.suppress(ProcessLookupError):
                os.kill(state["pid"], signal.SIGKILL)
            limit = time.monotonic() + STOP_TIMEOUT
        time.sleep(0.05)
    (state_dir / "state.json").unlink(missing_ok=True)
    return "stopped"


def _required(options: argparse.Namespace) -> dict[str, Any]:
    state = running(options.state_dir.resolve())
    if state is None:
        raise CliError(f"No local AWS of {options.state_dir} runs; start one with `python -m local_aws start`.")
    return state


def status(options: argparse.Namespace) -> str:
    return json.dumps(_required(options), indent=2)


def reset(options: argparse.Namespace) -> str:
    request(_required(options)["endpoint"], "/_local/reset", "POST", timeout=60)
    return "empty"


def env(options: argparse.Namespace) -> str:
    state = _required(options)
    variables = {
        "AWS_ENDPOINT_URL": state["endpoint"],
        "AWS_ACCESS_KEY_ID": "local-aws-access-key-id",
        "AWS_SECRET_ACCESS_KEY": "local-aws-secret-access-key",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOCAL_AWS_CA_FILE": state["ca_file"],
    }
    return "\n".join(f"export {name}='{value}'" for name, value in variables.items())


def serve(options: argparse.Namespace) -> str:
    from .server import serve as run

    run(options.state_dir, options.port, options.time_scale)
    return ""


COMMANDS = {
    "start": (start, "start a server and return when it answers"),
    "stop": (stop, "end exactly what was started, children included"),
    "status": (status, "what runs, as JSON"),
    "reset": (reset, "empty the account"),
    "env": (env, "shell lines that lead AWS tools to it"),
    "serve": (serve, "run in the foreground"),
}


def parser() -> argparse.ArgumentParser:
    built = argparse.ArgumentParser(prog="python -m local_aws", description="A local AWS for tests and demos.")
    commands = built.add_subparsers(dest="command", required=True)
    for name, (_, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--state-dir", type=Path, default=STATE_DIR, help="its files (default: %(default)s)")
        if name in ("start", "serve"):
            command.add_argument("--port", type=int, default=PORT, help="port of 127.0.0.1 (default: %(default)s)")
            command.add_argument(
                "--time-scale",
                type=float,
                default=0.01,
                help="share of the time that AWS takes to create, change and delete; 0 is instant (default: 0.01)",
            )
    return built


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        said = COMMANDS[options.command][0](options)
    except CliError as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 1
    if said:
        print(said)
    return 0
