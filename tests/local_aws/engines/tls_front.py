# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of an engine whose build has none. Standard library only, so that it starts at once.

`--protocol tls`: every connection is TLS from its first byte (Valkey, as ElastiCache with encryption in transit).
`--protocol postgres`: PostgreSQL's own negotiation; a client that does not ask for TLS gets the answer of a server
whose pg_hba.conf holds `hostssl` lines only, as Aurora's with rds.force_ssl=1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import ssl
import struct
import sys

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
CHUNK = 65536
STARTUP_LIMIT = 10000


class Front:
    """Accepts connections and carries bytes between client and engine."""

    def __init__(self, protocol: str, backend: str, context: ssl.SSLContext, allow_plain: bool) -> None:
        self.protocol = protocol
        self.backend = backend
        self.context = context
        self.allow_plain = allow_plain

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        try:
            first = await self.negotiate(reader, writer) if self.protocol == "postgres" else b""
            if first is not None:
                await self.carry(reader, writer, first)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def negotiate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """PostgreSQL's start: returns the start-up packet for the engine, or None when the client is refused."""
        encrypted = False
        while True:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            if code == GSSENC_REQUEST:
                writer.write(b"N")
            elif code == SSL_REQUEST and not encrypted:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self.context)
                encrypted = True
            elif not 8 <= length <= STARTUP_LIMIT:
                return None
            else:
                packet = head + await reader.readexactly(length - 8)
                if encrypted or self.allow_plain or code == CANCEL_REQUEST:
                    return packet
                writer.write(refusal(packet, writer))
                await writer.drain()
                return None

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        """Carry bytes both ways until both sides have ended."""
        engine_reader, engine_writer = await asyncio.open_unix_connection(self.backend)
        if first:
            engine_writer.write(first)
        tasks = [
            asyncio.create_task(pump(reader, engine_writer)),
            asyncio.create_task(pump(engine_reader, writer)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine_writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


def refusal(packet: bytes, writer: asyncio.StreamWriter) -> bytes:
    """PostgreSQL's ErrorResponse for a connection that no pg_hba.conf line allows."""
    words = packet[8:].split(b"\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    given = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in pairs}
    user = given.get("user", "")
    host = writer.get_extra_info("peername")[0]
    text = (
        f'no pg_hba.conf entry for host "{host}", user "{user}", '
        f'database "{given.get("database", user)}", no encryption'
    )
    fields = (b"SFATAL", b"VFATAL", b"C28000", b"M" + text.encode(), b"Fauth.c", b"RClientAuthentication")
    body = b"\0".join(fields) + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


async def run(options: argparse.Namespace) -> None:
    """Serve until told to end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.certificate, options.key)
    opened = socket.socket(fileno=options.listen_fd)
    front = Front(options.protocol, options.backend, context, options.allow_plain)
    implicit = context if options.protocol == "tls" else None
    server = await asyncio.start_server(front.serve, sock=opened, ssl=implicit)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    # Connections that fail their handshake are the client's affair.
    loop.set_exception_handler(lambda _loop, told: print(told.get("message"), file=sys.stderr))
    async with server:
        await ended.wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=("tls", "postgres"), required=True)
    parser.add_argument("--backend", required=True, help="path of the engine's unix socket")
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--allow-plain", action="store_true")
    asyncio.run(run(parser.parse_args()))
    # Connections still open end with the process.
    sys.exit(0)


if __name__ == "__main__":
    main()
