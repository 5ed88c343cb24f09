# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network as a container on Fargate sees it, for the test doubles.

Private names (Cloud Map) do not exist in this machine's DNS: the platform is asked for them. Ports are those that the
platform gave the task. What the image's trust store would hold on AWS, the authority of this local AWS holds here.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import os
import socket
import ssl
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

EVERYWHERE = ("0.0.0.0", "::")
# An address of the loopback interface that nothing connects to.
UNREACHABLE = "127.0.0.2"
_real_getaddrinfo = socket.getaddrinfo


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def ask_platform(name: str) -> list[str]:
    """The addresses of a private name."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return []
    url = f"{endpoint.rstrip('/')}/_local/resolve?name={urllib.parse.quote(name)}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    # As a resolver does: a server that is busy is asked again.
    for _attempt in range(3):
        try:
            with opener.open(url, timeout=10) as response:
                answer: Any = json.loads(response.read())
        except (OSError, ValueError):
            continue
        found = answer.get("addresses", []) if isinstance(answer, dict) else answer
        return [str(address) for address in found]
    return []


def _getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> list[Any]:
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost") or _is_address(name):
        return _real_getaddrinfo(host, port, *arguments, **options)
    addresses = ask_platform(name)
    if addresses:
        return [found for address in addresses for found in _real_getaddrinfo(address, port, *arguments, **options)]
    return _real_getaddrinfo(host, port, *arguments, **options)


def install() -> None:
    """Let every look-up of this process ask the platform for private names."""
    socket.getaddrinfo = _getaddrinfo  # type: ignore[assignment]


def resolve(name: str) -> str:
    """One address of a name, for libraries that look names up themselves."""
    return str(socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])


def listening_address(port: int, hostname: str = "0.0.0.0") -> tuple[str, int]:
    """Where a server that wants to listen on HOSTNAME:port listens here.

    A server that listens on anything but all addresses (Docker sets HOSTNAME to the container's own name) is not
    reached through the container's localhost, so its health check fails.
    """
    if hostname not in EVERYWHERE:
        return UNREACHABLE, port
    return os.environ.get("LOCAL_AWS_BIND", "127.0.0.1"), int(os.environ.get(f"LOCAL_AWS_PORT_{port}", port))


def _image_authority() -> str | None:
    """The authority of this local AWS, as part of the image's trust store."""
    root = os.environ.get("LOCAL_AWS_ROOT")
    for folder in Path(root).resolve().parents if root else ():
        candidate = folder / "certificates" / "ca.pem"
        if candidate.exists():
            return str(candidate)
    return None


@functools.cache
def authorities() -> tuple[str, ...]:
    """Files with certificate authorities that this container trusts besides the system's."""
    named = (os.environ.get("NODE_EXTRA_CA_CERTS"), os.environ.get("SSL_CERT_FILE"), _image_authority())
    return tuple(dict.fromkeys(name for name in named if name and Path(name).exists()))


def tls_context(extra: str | None = None, verify: bool = True, check_name: bool = True) -> ssl.SSLContext:
    """A client's context: the system's authorities, those of the container, and the one named."""
    context = ssl.create_default_context()
    for authority in (*authorities(), *((extra,) if extra else ())):
        context.load_verify_locations(authority)
    if not (verify and check_name):
        context.check_hostname = False
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    return context
