# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request, and what came of it: for Langfuse's API and ClickHouse's HTTP interface.

Nothing raises here. Whatever a network, a load balancer or a wrong server does is an answer, and says so in words.
"""

from __future__ import annotations

import functools
import http.client
import json
import socket
import ssl
import time
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import Request, make_context

CHUNK_BYTES = 65536


class CutOff(Exception):
    """The answer ended before its end."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of any status; status 0, the reason as body and the kind of fault where there was none.

    :ivar fault: empty, or one of C(address), C(name), C(refused), C(timeout), C(certificate), C(tls), C(cut_off), C(not_http)
        and C(network).
    :ivar headers: names in lower case.
    """

    status: int
    body: str
    fault: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        found = self.document()
        return found if isinstance(found, dict) else {}

    def document(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def said(self) -> str:
        """What an error message says about it."""
        text = " ".join(self.body.split())[:300]
        return text if self.status == 0 else f"HTTP {self.status}" + (f" {text}" if text else "")


def _fault(error: Exception, timeout: float) -> tuple[str, str]:
    """The kind of a fault, and the reason in words."""
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "certificate", f"the certificate is not accepted ({cause.verify_message})"
    kinds: list[tuple[type[Exception] | tuple[type[Exception], ...], str, str]] = [
        (TimeoutError, "timeout", f"no whole answer within {timeout:g} seconds"),
        (socket.gaierror, "name", "the name cannot be resolved"),
        (ConnectionRefusedError, "refused", "the connection is refused"),
        (
            (CutOff, http.client.IncompleteRead, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError),
            "cut_off",
            "the connection was closed before the answer was complete",
        ),
        (ssl.SSLError, "tls", f"no TLS connection comes about ({getattr(cause, 'reason', None) or cause})"),
        (http.client.InvalidURL, "address", f"the address is none ({cause})"),
        (http.client.HTTPException, "not_http", "what answers there does not speak HTTP"),
        (ValueError, "address", f"the address is none ({cause})"),
    ]
    for kind, name, words in kinds:
        if isinstance(cause, kind):
            return name, words
    return "network", str(reason or cause)


@functools.lru_cache
def _context(secure: bool, validate_certs: bool, ca_path: str | None) -> ssl.SSLContext:
    """TLS settings, made once: to load the system's authorities takes longer than an answer."""
    if not secure:
        # Never used, for redirects are not followed; without one, each request would make one.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return make_context(cafile=ca_path, validate_certs=validate_certs)


def _content(response: Any, deadline: float) -> bytes:
    """The body, read until the deadline: a server that sends a byte now and then is a hang, too."""
    parts = []
    while part := response.read1(CHUNK_BYTES):
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    content = b"".join(parts)
    announced = response.headers.get("Content-Length") or ""
    if announced.isdigit() and len(content) < int(announced):
        raise CutOff
    return content


def ask(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    user: str | None = None,
    password: str | None = None,
    timeout: float = 10,
    validate_certs: bool = True,
    ca_path: str | None = None,
) -> Answer:
    """Sends one request.

    Redirects are answers: to follow one would hand keys to another server, and lose the body of what is written.

    :param timeout: seconds until the whole answer must be there.
    :param ca_path: file of the certificate authorities that alone are trusted.
    """
    deadline = time.monotonic() + timeout
    try:
        try:
            response = Request().open(
                method,
                url,
                data=body,
                headers=headers,
                url_username=user,
                url_password=password,
                force_basic_auth=user is not None,
                timeout=timeout,
                context=_context(url.startswith("https:"), validate_certs, ca_path),
                http_agent="llmops.langfuse",
                follow_redirects="none",
                # Credentials of a .netrc would take the place of those that are given.
                use_netrc=False,
                decompress=False,
            )
        except urllib.error.HTTPError as error:
            response = error
        content = _content(response, deadline).decode("utf-8", errors="replace")
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.code, content, headers=found)
    except (OSError, ValueError, http.client.HTTPException, UrlsError, CutOff) as error:
        fault, words = _fault(error, timeout)
        return Answer(0, words, fault)
