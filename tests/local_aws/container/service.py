# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side that both Langfuse doubles share. Every answer says that it comes from a test double."""

from __future__ import annotations

import base64
import binascii
import datetime
import gzip
import json
import os
import socket
import sys
import threading
import traceback
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from local_aws.container import network, settings, stores
from local_aws.signals import wait_for, when_told_to_end

DOUBLE_HEADER = "x-langfuse-double"
FAMILY_HEADER = "x-langfuse-double-family"
DOUBLE = "llmops.langfuse local AWS"
SAYS = "test double of the llmops.langfuse collection, not Langfuse"


@dataclass(frozen=True)
class Answer:
    """Status, JSON and headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    options: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)

    def basic(self) -> tuple[str, str] | None:
        """User and password."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, password


def task_family() -> str:
    """The family of the task that this runs in, by ECS's task metadata endpoint, version 4; "" outside a task."""
    place = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if not place:
        return ""
    try:
        with urllib.request.urlopen(f"{place}/task", timeout=10) as answer:
            return str(json.load(answer)["Family"])
    except (OSError, ValueError, KeyError):
        return ""


class Log:
    """Lines as Langfuse's logger writes them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._json = given.get("LANGFUSE_LOG_FORMAT") == "json"

    def write(self, level: str, message: str) -> None:
        """Write a line."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"level": level, "message": message, "timestamp": now})
        print(line if self._json else f"{now} {level}  {message}", flush=True)

    def info(self, message: str) -> None:
        """For information."""
        self.write("info", message)

    def warn(self, message: str) -> None:
        """A warning."""
        self.write("warn", message)

    def error(self, message: str) -> None:
        """An error."""
        self.write("error", message)


class Database:
    """One connection to Postgres, opened again after it broke."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: Any = None

    def run(self, query: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """Run a statement and return its rows."""
        import psycopg

        with self._lock:
            for attempt in (1, 2):
                fresh = self._connection is None
                try:
                    if fresh:
                        self._connection = stores.database(self._url)
                    cursor = self._connection.execute(query, parameters)
                    return list(cursor.fetchall()) if cursor.description else []
                except psycopg.OperationalError as error:
                    self._connection = None
                    if fresh or attempt == 2:
                        raise stores.StoreError(str(error).strip()) from error
                except psycopg.Error as error:
                    raise stores.StoreError(str(error).strip()) from error
        return []


class Application:
    """What web and worker have in common."""

    component = ""
    default_port = 0

    def __init__(self, version: str, given: Mapping[str, str]) -> None:
        self.version = version.removeprefix("v")
        self.numbers = settings.parse_version(version)
        self.given = given
        self.flags = settings.migration_flags(self.numbers, given)
        self.log = Log(given)
        self.database = Database(given["DATABASE_URL"])
        self.clickhouse = stores.ClickHouse.of(given)
        self.stopping = threading.Event()
        self.family = ""
        self._redis: Any = None
        self._bucket: stores.EventBucket | None = None
        self._lock = threading.Lock()

    @property
    def redis(self) -> Any:
        """The client of Valkey; made once."""
        with self._lock:
            if self._redis is None:
                self._redis = stores.redis(self.given)
            return self._redis

    @property
    def bucket(self) -> stores.EventBucket:
        """The bucket of events; its library takes a moment to load."""
        with self._lock:
            if self._bucket is None:
                self._bucket = stores.EventBucket(self.given)
            return self._bucket

    @property
    def legacy(self) -> bool:
        """Are the tables traces and observations written?"""
        return self.flags["write_mode"] != "events_only"

    @property
    def events(self) -> bool:
        """Are version 4's events tables written?"""
        return self.numbers[0] >= 4 and self.flags["write_mode"] != "legacy"

    def routes(self) -> dict[tuple[str, str], Callable[[Asked], Answer]]:
        """Handlers by method and path."""
        raise NotImplementedError

    def other(self, asked: Asked) -> Answer:
        """What is answered where no route fits."""
        return Answer(404, {"message": f"No such endpoint in this double: {asked.path}"})

    def answer(self, asked: Asked) -> Answer:
        """Answer a request."""
        handler = self.routes().get((asked.method, asked.path), self.other)
        try:
            return handler(asked)
        except Exception as error:
            self.log.error(f"{asked.method} {asked.path}: {error}\n{traceback.format_exc()}")
            return Answer(500, {"message": "Internal Server Error", "error": "An unknown error occurred"})

    def prepare(self) -> None:
        """What happens before requests are answered."""

    def background(self) -> None:
        """What runs beside."""

    def drain(self) -> None:
        """What happens between the signal and the end."""

    def serve(self) -> int:
        """Run until told to end."""
        self.prepare()
        self.family = task_family()
        port = int(float(self.given.get("PORT", str(self.default_port))))
        hostname = os.environ.get("HOSTNAME") or "0.0.0.0"
        try:
            server = Server(network.listening_address(port, hostname), self)
        except OSError as error:
            self.log.error(f"listen {error.strerror}: {hostname}:{port}")
            return 1
        when_told_to_end(self.stopping.set)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        self.log.info(f"Langfuse {self.component} {self.version} ({SAYS}) listens on {hostname}:{port}")
        runner = threading.Thread(target=self.background, daemon=True)
        runner.start()
        wait_for(self.stopping)
        self.log.info("SIGTERM / SIGINT received. Shutting down in 110 seconds.")
        self.drain()
        runner.join(10)
        server.shutdown()
        self.log.info("Shutdown complete, exiting process...")
        return 0


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server
    timeout = 120

    def version_string(self) -> str:
        """The name in the header Server."""
        return "langfuse-double"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.server.application.answer(Asked(self.command, unquote(parts.path), options, headers, body))
        content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(content)),
            DOUBLE_HEADER: DOUBLE,
            FAMILY_HEADER: self.server.application.family,
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = _handle


class Server(ThreadingHTTPServer):
    """The listening port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Without the look-up of the host's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are the client's affair."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.application.log.error(f"{client_address}: {error!r}")


def new_id() -> str:
    """An id."""
    return uuid.uuid4().hex
