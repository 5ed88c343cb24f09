# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of clickhouse-client, without its interactive mode.

It reaches the server on its native port, as the real client does; the engine's front speaks HTTP there.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.container import network
from local_aws.engines import statements
from local_aws.engines.clickhouse_front import LOOPBACK_NAMES, NATIVE_HEADER

NETWORK_ERROR = 210
DNS_ERROR = 198
_RECEIVED = re.compile(r"\ACode: (\d+)\. DB::Exception: (.*?)(?: \(version [^)]*\))?\s*\Z", re.S)


class ClientError(Exception):
    """An error that ends the client with ClickHouse's code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Client:
    """One session with a server."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.host = options.host
        self.port = options.port or (9440 if options.secure else 9000)
        self.session = uuid.uuid4().hex
        self.database = options.database

    def _connection(self) -> http.client.HTTPConnection:
        port = self.port
        if self.host in LOOPBACK_NAMES:
            port = int(os.environ.get(f"LOCAL_AWS_PORT_{port}", port))
        if not self.options.secure:
            return http.client.HTTPConnection(self.host, port, timeout=self.options.receive_timeout)
        context = network.tls_context(verify=not self.options.accept_invalid_certificate)
        return http.client.HTTPSConnection(self.host, port, timeout=self.options.receive_timeout, context=context)

    def run(self, query: str, parameters: dict[str, str]) -> bytes:
        """Run one statement."""
        given = {f"param_{name}": value for name, value in parameters.items()}
        given |= {"session_id": self.session, "default_format": self.options.format}
        if self.database:
            given["database"] = self.database
        headers = {
            "X-ClickHouse-User": self.options.user,
            "X-ClickHouse-Key": self.options.password,
            NATIVE_HEADER: "1",
        }
        place = f"{self.host}:{self.port}"
        connection = self._connection()
        try:
            connection.request("POST", f"/?{urlencode(given)}", query.encode(), headers)
            response = connection.getresponse()
            body = response.read()
        except socket.gaierror as error:
            raise ClientError(DNS_ERROR, f"Not found address of host: {self.host}: ({place}). (DNS_ERROR)") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ClientError(NETWORK_ERROR, f"DB::NetException: {reason} ({place}). (NETWORK_ERROR)") from error
        finally:
            connection.close()
        # The session remembers it; a later USE of the text's own must hold.
        self.database = ""
        if response.status != 200:
            text = body.decode(errors="replace")
            found = _RECEIVED.match(text)
            code = int(found[1]) if found else int(response.headers.get("X-ClickHouse-Exception-Code") or 1)
            message = found[2] if found else text.strip()
            raise ClientError(code, f"DB::Exception: Received from {place}. DB::Exception: {message}")
        return body


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clickhouse-client", add_help=False, allow_abbrev=False)
    environment = os.environ
    parser.add_argument("--host", "-h", default=environment.get("CLICKHOUSE_HOST") or "localhost")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", "-u", default=environment.get("CLICKHOUSE_USER") or "default")
    parser.add_argument("--password", default=environment.get("CLICKHOUSE_PASSWORD") or "")
    parser.add_argument("--database", "-d", default="")
    parser.add_argument("--secure", "-s", action="store_true")
    parser.add_argument("--accept-invalid-certificate", action="store_true")
    parser.add_argument("--query", "-q", action="append", default=[])
    parser.add_argument("--queries-file", action="append", default=[])
    parser.add_argument("--multiquery", "-n", action="store_true")
    parser.add_argument("--multiline", "-m", action="store_true")
    parser.add_argument("--ignore-error", action="store_true")
    parser.add_argument("--format", "-f", default="TabSeparated")
    parser.add_argument("--connect-timeout", "--connect_timeout", type=float, default=10)
    parser.add_argument("--receive-timeout", "--receive_timeout", type=float, default=300)
    parser.add_argument("--config-file", "-C")
    return parser


def _texts(options: argparse.Namespace) -> Iterator[str]:
    yield from options.query
    for name in options.queries_file:
        yield Path(name).read_text(encoding="utf-8")
    if not options.query and not options.queries_file:
        yield sys.stdin.read()


def main(arguments: list[str]) -> int:
    """Run statements; the exit code is ClickHouse's error code, as far as exit codes reach."""
    options, rest = _parser().parse_known_args(arguments)
    parameters = {}
    for word in rest:
        name, _, value = word.removeprefix("--").partition("=")
        if not word.startswith("--param_"):
            print(f"Code: 552. DB::Exception: Unrecognized option '{word}'. (UNRECOGNIZED_ARGUMENTS)", file=sys.stderr)
            return 552 % 256
        parameters[name.removeprefix("param_")] = value
    client = Client(options)
    for text in _texts(options):
        for statement in statements.split(text):
            try:
                sys.stdout.buffer.write(client.run(statement, parameters))
                sys.stdout.buffer.flush()
            except ClientError as error:
                sys.stdout.buffer.flush()
                print(f"Code: {error.code}. {error}\n(query: {statement})", file=sys.stderr, flush=True)
                # Without a connection there is nothing to go on with.
                if not options.ignore_error or error.code in (NETWORK_ERROR, DNS_ERROR, 516):
                    return error.code % 256 or 1
    return 0


if __name__ == "__main__":
    network.install()
    sys.exit(main(sys.argv[1:]))
