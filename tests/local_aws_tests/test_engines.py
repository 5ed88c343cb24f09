# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines behind the local AWS, started for real."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from local_aws.engines import certificates, postgres, processes, valkey
from redis.backoff import NoBackoff
from redis.retry import Retry

from .engine_context import EngineContext

PASSWORD = "Tr0ub4dor-database"
TOKEN = "first-token-of-the-cache"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineContext]:
    made = EngineContext(tmp_path_factory.mktemp("engines"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def database(context: EngineContext) -> int:
    return postgres.start(context, "demo", "langfuse", PASSWORD, "langfuse")


@pytest.fixture(scope="module")
def cache(context: EngineContext) -> int:
    return valkey.start(context, "demo", TOKEN, {"maxmemory-policy": "noeviction", "reserved-memory-percent": "25"})


def connect(context: EngineContext, port: int, password: str = PASSWORD, **options: str) -> psycopg.Connection:
    given: dict[str, Any] = {
        "sslmode": "verify-full",
        "sslrootcert": str(certificates.ca_file(context.state_dir)),
    } | options
    return psycopg.connect(
        host="localhost", port=port, user="langfuse", password=password, dbname="langfuse", connect_timeout=5, **given
    )


def client(context: EngineContext, port: int, password: str | None = TOKEN, tls: bool = True) -> redis.Redis:
    options: dict[str, Any] = {"ssl": True, "ssl_ca_certs": str(certificates.ca_file(context.state_dir))} if tls else {}
    retry = Retry(NoBackoff(), 0)
    return redis.Redis(
        host="localhost", port=port, password=password, socket_timeout=5, protocol=2, retry=retry, **options
    )


def test_postgres_serves_the_master_user_over_verified_tls(context: EngineContext, database: int) -> None:
    with connect(context, database) as connection:
        row = connection.execute(
            "SELECT current_user, current_database(), current_setting('TimeZone'), rolsuper"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        connection.execute("CREATE TABLE made_by_the_master (id int)")
    assert row == ("langfuse", "langfuse", "UTC", False)


def test_postgres_refuses_a_connection_without_tls(context: EngineContext, database: int) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry for host .* no encryption"):
        connect(context, database, sslmode="disable", sslrootcert="")


def test_postgres_refuses_a_wrong_password(context: EngineContext, database: int) -> None:
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "langfuse"'):
        connect(context, database, "wrong")


def test_postgres_certificate_is_of_this_local_aws_only(context: EngineContext, database: int, tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect(context, database, sslrootcert=str(certificates.ca_file(tmp_path)))


def test_postgres_password_changes(context: EngineContext, database: int) -> None:
    postgres.set_password(context, "demo", "langfuse", "it's changed")
    with connect(context, database, "it's changed") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(context, database)
    postgres.set_password(context, "demo", "langfuse", PASSWORD)


def test_postgres_keeps_its_data_when_only_the_server_ends(context: EngineContext) -> None:
    port = postgres.start(context, "restarted", "langfuse", PASSWORD, "langfuse")
    with connect(context, port) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    postgres.stop(context, "restarted", remove=False)
    with pytest.raises(psycopg.OperationalError):
        connect(context, port)
    port = postgres.start(context, "restarted", "langfuse", PASSWORD, "langfuse", reuse=True)
    with connect(context, port) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    postgres.stop(context, "restarted")


def test_a_new_cluster_never_finds_the_data_of_an_old_one(context: EngineContext) -> None:
    port = postgres.start(context, "again", "langfuse", PASSWORD, "langfuse")
    with connect(context, port) as connection:
        connection.execute("CREATE TABLE old (id int)")
    postgres.stop(context, "again", remove=False)
    port = postgres.start(context, "again", "langfuse", PASSWORD, "langfuse")
    with connect(context, port) as connection:
        assert connection.execute("SELECT to_regclass('old')").fetchone() == (None,)
    postgres.stop(context, "again")


def numbers(context: EngineContext, port: int, password: str = PASSWORD) -> list[int]:
    with connect(context, port, password) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM written ORDER BY number")]


def test_postgres_is_restored_from_a_snapshot_and_to_a_moment(context: EngineContext) -> None:
    port = postgres.start(context, "source", "langfuse", PASSWORD, "langfuse")
    with connect(context, port) as connection:
        connection.execute("CREATE TABLE written (number int)")
    moments, password, later = [], PASSWORD, "another-password-after-it"
    for number in (1, 2, 3):
        with connect(context, port, password) as connection:
            connection.execute("INSERT INTO written VALUES (%s)", [number])
        moments.append(datetime.now(UTC))
        if number == 2:
            taken = postgres.snapshot(context, "source", "snapshot-taken")
            postgres.set_password(context, "source", "langfuse", password := later)
    # A restore leaves the source as it is, and can be restored itself.
    restored = postgres.restore(context, "restored", taken)
    assert numbers(context, restored) == [1, 2], "what was written after the snapshot is not there"
    with connect(context, restored) as connection:
        connection.execute("INSERT INTO written VALUES (20)")
    again = postgres.restore(context, "again", postgres.snapshot(context, "restored", "snapshot-again"))
    assert numbers(context, again) == [1, 2, 20]
    latest = postgres.snapshot(context, "source", "snapshot-latest")
    moment = postgres.restore(context, "moment", latest, moment=moments[0])
    assert numbers(context, moment) == [1]
    assert numbers(context, port, later) == [1, 2, 3]
    for name in ("source", "restored", "again", "moment"):
        postgres.stop(context, name)
    for name in ("taken", "again", "latest"):
        postgres.discard(context, f"snapshot-{name}")
    assert not taken.exists()


def test_postgres_moves_to_another_port(context: EngineContext) -> None:
    old = postgres.start(context, "moved", "langfuse", PASSWORD, "langfuse")
    new = postgres.expose(context, "moved", force_ssl=False)
    connect(context, new, sslmode="disable").close()
    with pytest.raises(psycopg.OperationalError):
        connect(context, old)
    postgres.stop(context, "moved")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts engines as another user")
def test_postgres_runs_below_a_private_home_as_root(context: EngineContext, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    private = EngineContext(home)
    try:
        port = postgres.start(private, "private", "langfuse", PASSWORD, "langfuse")
        with connect(private, port) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        folder = processes.runtime_folder(home)
        assert list((folder / "clusters").iterdir())
    finally:
        private.close()
    assert not folder.exists()


def test_reachable_looks_at_every_folder_on_the_way(tmp_path: Path) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    assert processes.reachable(Path("/"), nobody)
    private = tmp_path / "private"
    (private / "below").mkdir(parents=True)
    private.chmod(0o700)
    assert not processes.reachable(private / "below", nobody)


def test_valkey_applies_parameters(context: EngineContext, cache: int) -> None:
    with client(context, cache) as connection:
        assert connection.info("memory")["maxmemory_policy"] == "noeviction"
        valkey.set_parameters(context, "demo", {"maxmemory-policy": "allkeys-lru"})
        assert connection.info("memory")["maxmemory_policy"] == "allkeys-lru"
        valkey.set_parameters(context, "demo", {"maxmemory-policy": "noeviction"})
    with pytest.raises(processes.EngineError, match="maxmemory-policy=never"):
        valkey.set_parameters(context, "demo", {"maxmemory-policy": "never"})


def test_valkey_wants_tls(context: EngineContext, cache: int) -> None:
    with pytest.raises(redis.ConnectionError):
        client(context, cache, tls=False).ping()


@pytest.mark.parametrize(("password", "refusal"), [("undefined", "WRONGPASS"), (None, "Authentication required")])
def test_valkey_wants_the_token(context: EngineContext, cache: int, password: str | None, refusal: str) -> None:
    with pytest.raises((redis.AuthenticationError, redis.ResponseError), match=f"(?i){refusal}|invalid username"):
        client(context, cache, password).ping()


def test_valkey_has_no_restricted_commands(context: EngineContext, cache: int) -> None:
    with client(context, cache) as connection, pytest.raises(redis.ResponseError, match=r"(?i)unknown command"):
        connection.config_get("maxmemory-policy")


def test_valkey_rotates_tokens(context: EngineContext, cache: int) -> None:
    valkey.set_auth_tokens(context, "demo", [TOKEN, "second-token"])
    assert client(context, cache).ping()
    assert client(context, cache, "second-token").ping()
    valkey.set_auth_tokens(context, "demo", ["second-token"])
    with pytest.raises(redis.AuthenticationError):
        client(context, cache).ping()
    valkey.set_auth_tokens(context, "demo", [TOKEN])
    assert client(context, cache).ping()


def test_valkey_without_encryption_in_transit(context: EngineContext) -> None:
    port = valkey.start(context, "plain", tls=False)
    assert client(context, port, None, tls=False).ping()
    valkey.stop(context, "plain")
    with pytest.raises(redis.ConnectionError):
        client(context, port, None, tls=False).ping()


def test_valkey_tells_which_parameter_it_refuses(context: EngineContext) -> None:
    with pytest.raises(processes.EngineError, match="no-such-parameter"):
        valkey.start(context, "refused", TOKEN, {"no-such-parameter": "1"})
    assert valkey.start(context, "refused", TOKEN)
    valkey.stop(context, "refused")


def test_server_certificates_hold_the_names_given(tmp_path: Path) -> None:
    pair = certificates.server_certificate(tmp_path, ["clickhouse.demo.internal"])
    assert pair == certificates.server_certificate(tmp_path, ["clickhouse.demo.internal"])
    assert pair != certificates.server_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.certificate, pair.key)
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file(tmp_path)))
    for name in ("clickhouse.demo.internal", "localhost", "127.0.0.1"):
        here, there = socket.socketpair()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        accepting = server.wrap_bio(incoming, outgoing, server_side=True)
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        asking = trusting.wrap_bio(received, sent, server_hostname=name)
        for _ in range(4):
            for side, mine, theirs in ((asking, sent, incoming), (accepting, outgoing, received)):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                theirs.write(mine.read())
        assert asking.version() == "TLSv1.3"
        here.close()
        there.close()
