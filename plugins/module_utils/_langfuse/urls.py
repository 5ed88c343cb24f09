# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs with a password in them, as Prisma, ioredis and nodemailer read them: each part percent-encoded on its own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
HOST = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Url:
    """A URL that is the value of one key of a secret, with the password of another."""

    key: str
    scheme: str
    host: str
    port: int | None = None
    path: str = ""
    username: str = ""
    password_key: str = ""
    query: dict[str, Any] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What is wrong with the parts, without the password."""
        found = []
        if not SCHEME.fullmatch(self.scheme):
            found.append(f"the scheme of {self.key} is not one such as postgresql, rediss or smtps")
        if not HOST.fullmatch(self.host) and not _is_ipv6(self.host):
            found.append(f"the host of {self.key} is not a host name or address; set it without scheme, port and path")
        if self.port is not None and not 0 < self.port < 65536:
            found.append(f"the port of {self.key} is not one from 1 to 65535")
        return found

    def made(self, password: str) -> str:
        """The URL with this password.

        :raises UnicodeEncodeError: where the password is no text that can be encoded.
        """
        credentials = quote(self.username, safe="")
        if self.password_key:
            credentials += f":{quote(password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = host if self.port is None else f"{host}:{self.port}"
        pairs = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in self.query.items())
        path = f"/{quote(self.path.lstrip('/'), safe='/')}" if self.path else ""
        return f"{self.scheme}://{credentials}{'@' if credentials else ''}{place}{path}{'?' if pairs else ''}{pairs}"


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _encoded(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # Left as they are, because readers split at & and = only, and people read paths and lists more easily.
    return quote(text, safe="/,:")
