# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ClickHouse server of one process: ClickHouse's HTTP interface in front of the real engine (PyPI `chdb-core`).

    python -m local_aws.engines.clickhouse_front --http-port 8123 --native-port 9000 --data-dir DIR \
        --user langfuse --password-env CLICKHOUSE_PASSWORD --timezone UTC

The engine, its tables, its errors and the lock on the data directory are ClickHouse's own. The limits:

- The engine has no native protocol. The native port therefore speaks HTTP, and only with clients that say so in the
  header `X-Native-Port-Double` (the doubles in `container/`). Everybody else is told there what ClickHouse tells
  whoever confuses the two ports.
- There are no clusters, Keeper, macros, users or grants in it: users and passwords are checked by the front, which asks the engine
  with the settings of a user's profile, as `readonly`. Where the server's
  configuration names a cluster, `ON CLUSTER` runs on this server alone, tables of a replicated engine are of the plain one with
  a comment by which `system.tables` calls it replicated, and `system.clusters` tells what is configured. Nothing is replicated.
- Statements run one after another. `currentUser()` is always `default`.
- Binary formats in the body of an INSERT must be valid UTF-8.
- The tables of `system.*_log` exist when asked for, and stay empty.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import fcntl
import gzip
import hmac
import json
import os
import re
import shutil
import socket
import ssl
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.engines import statements
from local_aws.signals import wait_for, when_told_to_end

NATIVE_HEADER = "X-Native-Port-Double"
LOG_TABLES = "log_tables_of_the_double.json"
ALREADY_RUNNING = 76
NETWORK_ERROR = 210
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
# Parameters of the interface itself; every other one is a setting of the engine.
# https://clickhouse.com/docs/interfaces/http
INTERFACE_PARAMETERS = frozenset(
    {
        *("query", "database", "default_format", "user", "password", "query_id", "session_id", "session_timeout"),
        *("session_check", "compress", "decompress", "buffer_size", "wait_end_of_query", "quota_key", "role"),
        *("stacktrace", "client_protocol_version", "close_session"),
    }
)
# HTTP status by error code: HTTPHandler's exceptionCodeToHTTPStatus.
STATUS = {
    **dict.fromkeys((194,), 401),
    **dict.fromkeys((192, 193, 516), 403),
    **dict.fromkeys((6, 25, 26, 27, 36, 38, 41, 53, 62, 72, 117, 130, 427), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115), 404),
    159: 408,
    48: 501,
    **dict.fromkeys((76, 209, 439), 503),
}
_CODE = re.compile(r"Code: (\d+)\. DB::Exception: ")
_NESTED = re.compile(r"\ACode: \d+\. DB::Exception: (?=Code: \d+\. )")
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.I)
_ON_CLUSTER = re.compile(r"\s+ON\s+CLUSTER\s+['`\"]?(\w+)['`\"]?", re.I)
_REPLICATED = re.compile(r"(\bENGINE\s*=\s*)Replicated(?=\w*MergeTree\b)", re.I)
_TABLES = re.compile(r"\bFROM\s+system\.tables\b", re.I)
# Stands in the place of the replicated engine.
REPLICATED_COMMENT = "of a replicated engine"
_CLUSTERS = re.compile(r"\bFROM\s+system\.clusters\b", re.I)
_WRITING = re.compile(r"\A\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*INSERT\s+INTO\b", re.I | re.S)


class ServerError(Exception):
    """An answer with an error code of ClickHouse."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Answer:
    """What a query gave."""

    body: bytes
    format: str
    summary: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A query as it came."""

    query: str
    database: str
    format: str
    query_id: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    session_id: str = ""


class Engine:
    """The engine: one per process and data directory, one statement at a time."""

    def __init__(
        self, data_dir: Path, options: Mapping[str, str], clusters: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        from chdb import session

        self._clusters = clusters or {}
        data_dir.mkdir(parents=True, exist_ok=True)
        arguments = "&".join(f"{name}={value}" for name, value in options.items())
        self._path = str(data_dir)
        self._new = session.Session
        self._lock = threading.Lock()
        self._main = session.Session(self._path + (f"?{arguments}" if arguments else ""))
        self._sessions: dict[str, Any] = {}
        self.version = self._main.query("SELECT version()", "TabSeparated").bytes().decode().strip()
        self.timezone = self._main.query("SELECT timezone()", "TabSeparated").bytes().decode().strip()

    def run(self, request: Request) -> Answer:
        """Run one statement in a session of its own, or in the session that the client names."""
        with self._lock:
            session = self._sessions.get(request.session_id) or self._new(self._path)
            if request.session_id:
                self._sessions[request.session_id] = session
            try:
                return self._run(session, request)
            except RuntimeError as error:
                raise self._error(str(error)) from error
            finally:
                if not request.session_id:
                    session.close()

    def _run(self, session: Any, request: Request) -> Answer:
        if request.database:
            session.query(f"USE `{request.database.replace('`', '``')}`")
        # The engine's own default is that of clickhouse-local.
        settings = {"implicit_select": "0", **request.settings}
        session.query("SET " + ", ".join(f"{name} = {_literal(value)}" for name, value in settings.items()))
        options = {"params": dict(request.parameters)} if request.parameters else {}
        result = session.query(of_one_server(request.query, self._clusters), request.format, **options)
        summary = {
            "read_rows": str(result.storage_rows_read()),
            "read_bytes": str(result.storage_bytes_read()),
            "written_rows": str(result.rows_written()),
            "written_bytes": str(result.bytes_written()),
            "result_rows": str(result.rows_read()),
            "elapsed_ns": str(int(result.elapsed() * 1e9)),
        }
        clause = _FORMAT.search(request.query)
        return Answer(result.bytes() or b"", clause.group(1) if clause else request.format, summary)

    @staticmethod
    def _error(text: str) -> ServerError:
        while _NESTED.match(text):
            text = _NESTED.sub("", text)
        found = _CODE.search(text)
        code = int(found.group(1)) if found else 1002
        return ServerError(code, text[found.end() :] if found else f"{text} (UNKNOWN_EXCEPTION)")

    def close(self) -> None:
        """Close the data directory."""
        with self._lock:
            for session in (*self._sessions.values(), self._main):
                session.close()


def of_one_server(query: str, clusters: Mapping[str, tuple[str, ...]]) -> str:
    """A statement for a cluster as one for this server alone.

    :param clusters: the hosts of each cluster that the configuration names; without any, a statement stays as it is.
    """
    if not clusters or _WRITING.match(query):
        return query
    for name in _ON_CLUSTER.findall(query):
        if name not in clusters:
            raise ServerError(701, f"Requested cluster '{name}' not found. (CLUSTER_DOESNT_EXIST)")
    rows = " UNION ALL ".join(
        f"SELECT {_literal(name)} AS cluster, 1 AS shard_num, arrayJoin([{', '.join(map(_literal, hosts))}]) AS host_name"
        for name, hosts in sorted(clusters.items())
    )
    query, replicated = _REPLICATED.subn(r"\1", _ON_CLUSTER.sub("", query))
    if replicated:
        query = f"{query.rstrip().rstrip(';')} COMMENT '{REPLICATED_COMMENT}'"
    tables = (
        f"FROM (SELECT * REPLACE (if(comment = '{REPLICATED_COMMENT}', concat('Replicated', engine), engine) AS engine)"
        " FROM system.tables)"
    )
    return _CLUSTERS.sub(f"FROM ({rows})", _TABLES.sub(tables, query))


def _literal(value: str) -> str:
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True)
class Access:
    """Who may ask. `default` is open to nobody, to this host, or to everybody, as the image's entry point decides."""

    user: str
    password: str
    default: str = "nobody"
    # Users of users.d: password, and the settings of their profile. Their grants are not looked at.
    others: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def check(self, user: str, password: str, local: bool) -> Mapping[str, str]:
        """Refuse as ClickHouse does; returns the settings of the user's profile."""
        if self.user and user == self.user and hmac.compare_digest(password.encode(), self.password.encode()):
            return {}
        if user in self.others and hmac.compare_digest(password.encode(), self.others[user][0].encode()):
            return self.others[user][1]
        open_to_client = self.default == "everybody" or (self.default == "localhost" and local)
        if user == "default" and user != self.user and not password and open_to_client:
            return {}
        raise ServerError(
            516,
            f"{user}: Authentication failed: password is incorrect, or there is no user with such name. "
            "(AUTHENTICATION_FAILED)",
        )


def credentials(headers: Message[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    """User and password from the headers, basic authentication or the address, in this order."""
    if headers.get("X-ClickHouse-User") is not None or headers.get("X-ClickHouse-Key") is not None:
        return headers.get("X-ClickHouse-User") or "default", headers.get("X-ClickHouse-Key") or ""
    scheme, _, value = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ServerError(516, "Invalid HTTP basic authentication header (AUTHENTICATION_FAILED)") from None
        return user or "default", password
    return parameters.get("user") or "default", parameters.get("password") or ""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout = 120

    def setup(self) -> None:
        """TLS is negotiated here, in the connection's own thread: a slow client keeps nobody waiting."""
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def version_string(self) -> str:
        """As the server calls itself."""
        return "ClickHouse"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged."""

    def do_GET(self) -> None:
        """Answer a GET: reading only, as in ClickHouse."""
        self._handle(b"", {"readonly": "2"})

    def do_POST(self) -> None:
        """Answer a POST."""
        length = self.headers.get("Content-Length")
        body = self._chunks() if length is None else self.rfile.read(int(length))
        self._handle(body, {})

    do_HEAD = do_GET

    def _chunks(self) -> bytes:
        body = b""
        if (self.headers.get("Transfer-Encoding") or "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return body

    def _handle(self, body: bytes, settings: dict[str, str]) -> None:
        if self.server.native != (self.headers.get(NATIVE_HEADER) is not None):
            self._wrong_port()
            return
        parts = urlsplit(self.path)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        greeting = parts.path == "/" and self.command != "POST" and "query" not in parameters
        if parts.path in ("/ping", "/replicas_status") or greeting:
            self._send(200, b"Ok.\n", {"Content-Type": "text/html; charset=UTF-8"})
            return
        if parts.path != "/":
            self._send(404, _no_handle(parts.path).encode(), {"Content-Type": "text/plain; charset=UTF-8"})
            return
        query_id = parameters.get("query_id") or str(uuid.uuid4())
        headers = {
            "X-ClickHouse-Server-Display-Name": socket.gethostname(),
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self.server.engine.timezone,
        }
        try:
            user, password = credentials(self.headers, parameters)
            host = (self.headers.get("Host") or "").lower()
            profile = self.server.access.check(user, password, re.sub(r":\d+\Z", "", host) in LOOPBACK_NAMES)
            if "readonly" in profile and "readonly" in parameters:
                raise ServerError(164, "Cannot modify 'readonly' setting in readonly mode. (READONLY)")
            answer = self.server.engine.run(self._request(parameters, body, {**settings, **profile}, query_id))
        except ServerError as error:
            self._refuse(error, headers)
            return
        headers |= {
            "Content-Type": _content_type(answer.format),
            "X-ClickHouse-Format": answer.format,
            "X-ClickHouse-Summary": json.dumps(answer.summary, separators=(",", ":")),
        }
        self._send(200, answer.body, headers)

    def _request(self, parameters: Mapping[str, str], body: bytes, settings: dict[str, str], query_id: str) -> Request:
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        query = "\n".join(part for part in (parameters.get("query", ""), body.decode("utf-8", "replace")) if part)
        if not query.strip():
            raise ServerError(62, "Empty query. (SYNTAX_ERROR)")
        if not _WRITING.match(query) and sum(1 for _ in statements.split(query)) > 1:
            raise ServerError(62, "Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)")
        return Request(
            query=query,
            database=parameters.get("database") or self.headers.get("X-ClickHouse-Database") or "",
            format=parameters.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated",
            query_id=query_id,
            settings=settings
            | {
                name: value
                for name, value in parameters.items()
                if name not in INTERFACE_PARAMETERS and not name.startswith("param_")
            },
            parameters={
                name.removeprefix("param_"): value for name, value in parameters.items() if name.startswith("param_")
            },
            session_id=parameters.get("session_id", ""),
        )

    def _refuse(self, error: ServerError, headers: dict[str, str]) -> None:
        text = f"Code: {error.code}. DB::Exception: {error.text} (version {self.server.engine.version})\n"
        headers |= {"X-ClickHouse-Exception-Code": str(error.code), "Content-Type": "text/plain; charset=UTF-8"}
        self._send(STATUS.get(error.code, 500), text.encode(), headers)

    def _wrong_port(self) -> None:
        self.close_connection = True
        if self.server.native:
            text = (
                f"Port {self.server.server_port} is for clickhouse-client program\r\n"
                "You must use the HTTP port for HTTP.\r\n"
            )
            self._send(400, text.encode(), {"Content-Type": "text/plain"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _no_handle(path: str) -> str:
    return (
        f"There is no handle {path}\n\nUse / or /ping for health checks.\n"
        "Or /replicas_status for more sophisticated health checks.\n\n"
        "Send queries from your program with POST method or GET /?query=...\n\nUse clickhouse-client:\n"
    )


def _content_type(name: str) -> str:
    if name.startswith("JSON") and "EachRow" not in name:
        return "application/json; charset=UTF-8"
    return {"CSV": "text/csv; charset=UTF-8", "JSONEachRow": "application/x-ndjson; charset=UTF-8"}.get(
        name, "text/tab-separated-values; charset=UTF-8"
    )


class Server(ThreadingHTTPServer):
    """One listening port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], engine: Engine, access: Access, native: bool, tls: ssl.SSLContext | None
    ) -> None:
        self.engine = engine
        self.access = access
        self.native = native
        self.tls = tls
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Without the look-up of the host's name, which can take seconds."""
        self.allow_reuse_address = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are the client's affair; everything else is told."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            print(f"<Error> {client_address}: {error!r}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Options:
    """How to serve."""

    data_dir: Path
    access: Access
    bind: str = "127.0.0.1"
    http_port: int = 0
    native_port: int = 0
    https_port: int = 0
    native_tls_port: int = 0
    certificate: str = ""
    key: str = ""
    timezone: str = ""
    database: str = ""
    log_tables: Mapping[str, str] = field(default_factory=dict)
    engine_options: Mapping[str, str] = field(default_factory=dict)
    top_level: tuple[str, ...] = ()
    # The hosts of each cluster that the configuration names.
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _locked(data_dir: Path) -> bool:
    """Does another process hold the data directory?"""
    try:
        with (data_dir / "status").open("rb+") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _open_engine(options: Options) -> Engine:
    try:
        return Engine(options.data_dir, options.engine_options, options.clusters)
    except RuntimeError as error:
        if _locked(options.data_dir):
            # The engine has said so on standard error, in ClickHouse's words.
            sys.exit(ALREADY_RUNNING)
        print(error, file=sys.stderr)
        sys.exit(getattr(error, "code", 0) or 1)


def _check_top_level(engine: Engine, names: tuple[str, ...]) -> None:
    """Settings of users do not belong into the server's configuration: Settings::checkNoSettingNamesAtTopLevel."""
    listed = ", ".join(_literal(name) for name in names)
    query = (
        f"SELECT name FROM system.settings WHERE name IN ({listed})"
        " AND name NOT IN (SELECT name FROM system.server_settings) ORDER BY name LIMIT 1"
    )
    name = engine.run(Request(query, "", "TabSeparated", "", {}, {})).body.decode().strip()
    if name:
        raise ServerError(
            137,
            f"A setting '{name}' appeared at top level in config. But it is user-level setting that should be located "
            "in users.xml inside <profiles> section for specific profile. (UNKNOWN_ELEMENT_IN_CONFIG)",
        )


def _remembered_log_tables(options: Options) -> dict[str, str]:
    """The log tables that exist, and what they were made with.

    A server keeps them, whatever its configuration says later. The engine keeps no table of `system` in its
    catalogue, so they are remembered here, and made again over their empty directories.
    """
    file = options.data_dir / LOG_TABLES
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known = {**options.log_tables, **known}
    for name in known:
        shutil.rmtree(options.data_dir / "data/system" / name, ignore_errors=True)
    file.write_text(json.dumps(known), encoding="utf-8")
    return known


def _prepare(engine: Engine, options: Options) -> None:
    def run(query: str) -> None:
        engine.run(Request(query, "", "TabSeparated", "", {}, {}))

    if options.top_level:
        _check_top_level(engine, options.top_level)
    if options.database:
        run(f"CREATE DATABASE IF NOT EXISTS `{options.database}`")
    for name, lifetime in _remembered_log_tables(options).items():
        run(
            f"CREATE TABLE IF NOT EXISTS system.`{name}` (hostname LowCardinality(String), event_date Date,"
            " event_time DateTime) ENGINE = MergeTree PARTITION BY toYYYYMM(event_date)"
            " ORDER BY (event_date, event_time)" + (f" TTL {lifetime}" if lifetime else "")
        )


def serve(options: Options, ready: Callable[[], None] | None = None) -> int:
    """Serve until told to end; returns the exit code."""
    if options.timezone:
        os.environ["TZ"] = options.timezone
    engine = _open_engine(options)
    try:
        _prepare(engine, options)
    except ServerError as error:
        print(f"Code: {error.code}. DB::Exception: {error.text}", file=sys.stderr)
        engine.close()
        return error.code % 256 or 1
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate, options.key or None)
    servers = []
    ended = threading.Event()
    for port, native, secure in (
        (options.http_port, False, None),
        (options.native_port, True, None),
        (options.https_port, False, tls),
        (options.native_tls_port, True, tls),
    ):
        if not port:
            continue
        try:
            servers.append(Server((options.bind, port), engine, options.access, native, secure))
        except OSError as error:
            print(
                f"Code: {NETWORK_ERROR}. DB::NetException: Listen [{options.bind}]:{port} failed: {error.strerror}."
                " (NETWORK_ERROR)",
                file=sys.stderr,
            )
            engine.close()
            return NETWORK_ERROR
    when_told_to_end(ended.set)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    ports = ", ".join(str(server.server_port) for server in servers)
    print(f"<Information> Application: Ready for connections. ({engine.version}, ports {ports})", flush=True)
    if ready is not None:
        ready()
    wait_for(ended)
    print("<Information> Application: Received termination signal", flush=True)
    for server in servers:
        server.shutdown()
        server.server_close()
    engine.close()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="clickhouse_front", description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--bind", default="127.0.0.1")
    for name in ("http", "native", "https", "native-tls"):
        parser.add_argument(f"--{name}-port", type=int, default=0)
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--user", default="default")
    parser.add_argument("--password-env", default="CLICKHOUSE_PASSWORD", help="the environment variable it is in")
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("--database", default="", help="created when it is missing")
    parser.add_argument("--log-table", action="append", default=[], help="a table of system, as query_log")
    given = parser.parse_args(arguments)
    if (given.https_port or given.native_tls_port) and not given.certificate:
        parser.error("--https-port and --native-tls-port need --certificate")
    return serve(
        Options(
            data_dir=given.data_dir,
            access=Access(given.user, os.environ.get(given.password_env, "")),
            bind=given.bind,
            http_port=given.http_port,
            native_port=given.native_port,
            https_port=given.https_port,
            native_tls_port=given.native_tls_port,
            certificate=given.certificate,
            key=given.key,
            timezone=given.timezone,
            database=given.database,
            log_tables=dict.fromkeys(given.log_table, ""),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
