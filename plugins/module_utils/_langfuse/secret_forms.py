# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each secret of an environment looks like, how one is made, and which of them have to be made now.

No value appears in a message: a problem names the key and the form that its value must have.
Source: langfuse (packages/shared/src/env.ts, both entry points, up.sh), Aurora's and ElastiCache's rules for passwords.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

ALPHANUMERIC = string.ascii_letters + string.digits
PROJECT_KEYS = ("LANGFUSE_INIT_PROJECT_PUBLIC_KEY", "LANGFUSE_INIT_PROJECT_SECRET_KEY")


@dataclass(frozen=True)
class Form:
    """The form of a secret's value."""

    pattern: re.Pattern[str]
    words: str
    make: Callable[[], str]

    def holds(self, value: object) -> bool:
        return isinstance(value, str) and bool(self.pattern.fullmatch(value))


def alphanumeric(length: int) -> str:
    return "".join(secrets.choice(ALPHANUMERIC) for _position in range(length))


def _form(pattern: str, words: str, make: Callable[[], str]) -> Form:
    return Form(re.compile(pattern), words, make)


# Langfuse checks the length only, and then fails when it first encrypts something.
HEX_KEY = _form(r"[0-9a-fA-F]{64}", "64 hexadecimal characters", lambda: secrets.token_hex(32))
ANY_TEXT = r"[^\x00-\x1f\x7f]"
FORMS: dict[str, Form] = {
    "CLICKHOUSE_PASSWORD": _form(
        r"[A-Za-z0-9_.~-]{8,}",
        "8 or more letters, digits, '_', '.', '~' or '-', for Langfuse puts it into a URL as it is",
        lambda: alphanumeric(40),
    ),
    "DATABASE_PASSWORD": _form(
        r"[A-Za-z0-9_.~-]{8,41}",
        "8 to 41 letters, digits, '_', '.', '~' or '-', for Langfuse puts it into a URL as it is",
        lambda: alphanumeric(40),
    ),
    "ENCRYPTION_KEY": HEX_KEY,
    "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": _form(r"\S+", "a text without spaces", lambda: f"pk-lf-{uuid.uuid4()}"),
    "LANGFUSE_INIT_PROJECT_SECRET_KEY": _form(
        r"\S{16,}", "16 or more characters without spaces", lambda: f"sk-lf-{uuid.UUID(bytes=secrets.token_bytes(16))}"
    ),
    "LANGFUSE_INIT_USER_PASSWORD": _form(rf"{ANY_TEXT}{{8,}}", "8 or more characters", lambda: alphanumeric(24)),
    "NEXTAUTH_SECRET": _form(rf"{ANY_TEXT}{{8,}}", "8 or more characters", lambda: alphanumeric(44)),
    "REDIS_AUTH": _form(
        r"[A-Za-z0-9-]{16,128}", "16 to 128 letters, digits or '-', as ElastiCache takes it", lambda: alphanumeric(40)
    ),
    "SALT": _form(rf"{ANY_TEXT}{{8,}}", "8 or more characters", lambda: alphanumeric(44)),
    # Not made unless asked for.
    "ADMIN_API_KEY": _form(rf"{ANY_TEXT}{{32,}}", "32 or more characters", lambda: alphanumeric(64)),
}
DEFAULT_KEYS = tuple(sorted(set(FORMS) - {"ADMIN_API_KEY"}))
NEVER_ROTATED = {
    "ENCRYPTION_KEY": "Langfuse cannot re-encrypt what it stored with the old key, and would lose all LLM connections and "
    "integrations"
}


@dataclass
class Plan:
    """Names only: what is missing, what gets a new value, and why it cannot be done."""

    missing: list[str] = field(default_factory=list)
    rotated: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[str]:
        return sorted({*self.missing, *self.rotated})


def problem_with_value(key: str, value: object) -> str | None:
    """Why this value cannot be used, without the value; None where it can, or where nothing is known of the key."""
    form = FORMS.get(key)
    if form is None:
        return None if isinstance(value, str) and value else f"{key} is not a text"
    return None if form.holds(value) else f"{key} is not {form.words}"


def plan(document: dict[str, object], keys: list[str], rotate: list[str]) -> Plan:
    """What has to be made so that the document has these keys. What exists is only judged, and never changed."""
    result = Plan()
    result.problems += [
        f"{key} cannot be rotated: {NEVER_ROTATED[key]}; take it out of rotate"
        for key in rotate
        if key in NEVER_ROTATED
    ]
    result.problems += [f"{key} is in rotate and not in keys; add it to keys" for key in rotate if key not in keys]
    for key in dict.fromkeys(keys):
        exists = document.get(key) not in (None, "")
        if key not in FORMS and (not exists or key in rotate):
            result.problems.append(
                f"no value can be made for {key}; put one into the secret by hand, or leave it out of keys and rotate"
            )
        elif not exists:
            result.missing.append(key)
        elif key in rotate:
            result.rotated.append(key)
        elif problem := problem_with_value(key, document[key]):
            result.problems.append(f"{problem}; put a right value into the secret, or name {key} in rotate")
    public, secret = PROJECT_KEYS
    if (public in result.made) != (secret in result.made) and (public in keys or secret in keys):
        result.problems.append(
            f"{public} and {secret} are only made together; name both in keys, and in rotate where one of them exists"
        )
    return result


def make(keys: list[str]) -> dict[str, str]:
    """New values for these keys."""
    return {key: FORMS[key].make() for key in keys}
