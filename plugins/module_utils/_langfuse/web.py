# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request, and what came of it: for Langfuse's public API and ClickHouse's HTTP interface."""

from __future__ import annotations

import json
import urllib.error
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.urls import open_url


@dataclass
class Answer:
    """An HTTP answer of any status; status 0 and the reason where there was none."""

    status: int
    body: str

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """What an error message says about it."""
        text = " ".join(self.body.split())[:300]
        return text if self.status == 0 else f"HTTP {self.status}" + (f" {text}" if text else "")


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
    """Sends one request. Redirects are followed for reading only; an error of the network is an answer with status 0."""
    try:
        response = open_url(
            url,
            method=method,
            data=body,
            headers=headers,
            url_username=user,
            url_password=password,
            force_basic_auth=user is not None,
            timeout=timeout,
            validate_certs=validate_certs,
            ca_path=ca_path,
            http_agent="llmops.langfuse",
            follow_redirects="safe",
        )
        return Answer(response.getcode(), response.read().decode("utf-8", errors="replace"))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode("utf-8", errors="replace"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return Answer(0, str(reason))
