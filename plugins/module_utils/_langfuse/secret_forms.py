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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .urls import Url

ALPHANUMERIC = string.ascii_letters + string.digits
# What the RDS Data API reads of a secret. Other keys may stand beside them, as engine, host and port do in the secrets of the console
# (AWS Secrets Manager User Guide, "JSON structure of AWS Secrets Manager database credential secrets").
DATA_API_USERNAME, DATA_API_PASSWORD = "username", "password"
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
# Surrogates are halves of characters, which no encoding has.
ANY_TEXT = r"[^\x00-\x1f\x7f\ud800-\udfff]"
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
    "CLICKHOUSE_CLUSTER_SECRET": _form(
        r"[A-Za-z0-9_.~-]{16,}", "16 or more letters, digits, '_', '.', '~' or '-'", lambda: alphanumeric(40)
    ),
    "ADMIN_API_KEY": _form(rf"{ANY_TEXT}{{32,}}", "32 or more characters", lambda: alphanumeric(64)),
    "GRAFANA_ADMIN_PASSWORD": _form(rf"{ANY_TEXT}{{8,}}", "8 or more characters", lambda: alphanumeric(40)),
    "GRAFANA_CLICKHOUSE_PASSWORD": _form(
        r"[A-Za-z0-9_.~-]{8,}",
        "8 or more letters, digits, '_', '.', '~' or '-', for Grafana reads '$' in it as a variable",
        lambda: alphanumeric(40),
    ),
}
# The password of a store that is somebody else's.
PRINTABLE = _form(rf"{ANY_TEXT}+", "a text without control characters", lambda: alphanumeric(40))
# The migrations of ClickHouse put the password into a URL as it is, whatever else is in the secret.
NEVER_ENCODED = frozenset({"CLICKHOUSE_PASSWORD"})
ASKED_FOR = frozenset(
    {"ADMIN_API_KEY", "CLICKHOUSE_CLUSTER_SECRET", "GRAFANA_ADMIN_PASSWORD", "GRAFANA_CLICKHOUSE_PASSWORD"}
)
DEFAULT_KEYS = tuple(sorted(set(FORMS) - ASKED_FOR))
NEVER_ROTATED = {
    "ENCRYPTION_KEY": "Langfuse cannot re-encrypt what it stored with the old key, and would lose all LLM connections and "
    "integrations"
}


# What a new value needs before everything uses it, in the order in which several are best done: first the stores, whose
# passwords the running tasks keep until they are replaced, and last what only the tasks know.
ROTATION = {
    "REDIS_AUTH": "converge the cache, which takes both passwords before it gives the old one up, then web and worker",
    "DATABASE_PASSWORD": "converge the database and at once web and worker; connections that are open stay open, new ones of "
    "tasks with the old password fail",
    "CLICKHOUSE_PASSWORD": "converge clickhouse and at once web and worker; each request has the password in it, so tasks with "
    "the old one fail until they are replaced, and what they ingest waits in the cache",
    "CLICKHOUSE_CLUSTER_SECRET": "converge clickhouse; replicas with the old and the new one fetch nothing from each other until all "
    "have it, and then catch up",
    "GRAFANA_CLICKHOUSE_PASSWORD": "converge clickhouse and at once grafana, which sees nothing until it is replaced",
    "GRAFANA_ADMIN_PASSWORD": "converge grafana, which keeps nothing and so has the new one from its start",
    "NEXTAUTH_SECRET": "converge web; everybody has to sign in again",
    "SALT": "converge web and worker; the first request with each API key is slow once, for its hash is made anew",
    "ADMIN_API_KEY": "converge web, and give the new key to those who use the admin API",
    "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "converge web, which adds the new key to the project; the old one works until it is "
    "deleted in the project's settings",
    "LANGFUSE_INIT_PROJECT_SECRET_KEY": "as LANGFUSE_INIT_PROJECT_PUBLIC_KEY, with which it is one key",
    "LANGFUSE_INIT_USER_PASSWORD": "change the user's password in Langfuse, which reads this one only when it makes the user",
}


@dataclass
class Plan:
    """Names only: what is missing, what gets a new value, where from, and why it cannot be done."""

    missing: list[str] = field(default_factory=list)
    rotated: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    # Keys made of others (URLs, and the pair of the RDS Data API) that are not, or will not be, what those make.
    derived: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[str]:
        return sorted({*self.missing, *self.rotated, *self.derived})

    @property
    def generated(self) -> list[str]:
        return sorted({*self.missing, *self.rotated} - {*self.adopted})

    def next_steps(self) -> list[str]:
        """What the rotated keys need now, in the order to do it."""
        return [f"{key}: {step}" for key, step in ROTATION.items() if key in self.rotated]


def problem_with_value(key: str, value: object, encoded: bool = False) -> str | None:
    """Why this value cannot be used, without the value; None where it can, or where nothing is known of the key.

    :param encoded: whether Langfuse gets it percent-encoded, within a URL that is a key of its own.
    """
    form = FORMS.get(key)
    if form is None:
        return None if isinstance(value, str) and value else f"{key} is not a text"
    if encoded and key not in NEVER_ENCODED:
        form = PRINTABLE
    return None if form.holds(value) else f"{key} is not {form.words}"


def problem_with_adopted(key: str, value: object, urls: Sequence[Url] = ()) -> str | None:
    """As problem_with_value, where the value was read from elsewhere."""
    return problem_with_value(key, value, key in _encoded_keys(urls))


def plan(
    document: dict[str, object],
    keys: Sequence[str],
    rotate: Sequence[str],
    adopt: Sequence[str] = (),
    urls: Sequence[Url] = (),
    *,
    data_api_username: str = "",
) -> Plan:
    """What has to be made so that the document has these keys. What exists is only judged, and never changed.

    :param adopt: keys whose value is somewhere already, and is taken from there in place of a new one.
    :param urls: keys that are made from others.
    :param data_api_username: whose password is to be there for the RDS Data API too; empty for nobody's.
    """
    result = Plan()
    pair = {DATA_API_USERNAME, DATA_API_PASSWORD} if data_api_username else set()
    made_of_others = {url.key for url in urls} | pair
    result.problems += [
        f"{url.key} is in urls, and data_api_username makes it; take it out of urls" for url in urls if url.key in pair
    ]
    result.problems += [
        f"{key} cannot be rotated: {NEVER_ROTATED[key]}; take it out of rotate"
        for key in rotate
        if key in NEVER_ROTATED
    ]
    wanted = [key for key in dict.fromkeys([*keys, *adopt]) if key not in made_of_others]
    result.problems += [f"{key} is in rotate and not in keys; add it to keys" for key in rotate if key not in wanted]
    encoded = _encoded_keys(urls)
    for key in wanted:
        exists = document.get(key) not in (None, "")
        if key not in FORMS and key not in adopt and (not exists or key in rotate):
            result.problems.append(
                f"no value can be made for {key}; put one into the secret by hand, name where it is in adopt, or leave it out "
                "of keys and rotate"
            )
        elif not exists:
            result.missing.append(key)
        elif key in rotate:
            result.rotated.append(key)
        elif problem := problem_with_value(key, document[key], key in encoded):
            result.problems.append(f"{problem}; put a right value into the secret, or name {key} in rotate")
    result.adopted = [key for key in result.made if key in adopt]
    result.problems += [*_pair_problems(result, wanted), *_url_problems(urls, {*wanted, *document})]
    if data_api_username and "DATABASE_PASSWORD" not in {*wanted, *document}:
        result.problems.append(
            "the RDS Data API needs the password of the database, and DATABASE_PASSWORD is not in keys; add it to keys, or leave "
            "data_api_username out"
        )
    return result


def _encoded_keys(urls: Sequence[Url]) -> set[str]:
    """Keys that Langfuse does not read itself, because it reads a URL in their place."""
    return {url.password_key for url in urls if url.key in ("DATABASE_URL", "DIRECT_URL", "REDIS_CONNECTION_STRING")}


def _pair_problems(result: Plan, wanted: Sequence[str]) -> list[str]:
    public, secret = PROJECT_KEYS
    if public not in wanted and secret not in wanted:
        return []
    for names, doing in ((result.made, "made"), (result.adopted, "adopted")):
        if (public in names) != (secret in names):
            return [
                f"{public} and {secret} are only {doing} together; name both in keys, and both or none in adopt, and in rotate "
                "where one of them exists"
            ]
    return []


def _url_problems(urls: Sequence[Url], known: set[str]) -> list[str]:
    found = [problem for url in urls for problem in url.problems()]
    found += [
        f"the password of {url.key} is to be that of {url.password_key}, which is not in keys; add it to keys"
        for url in urls
        if url.password_key and url.password_key not in known
    ]
    twice = sorted({url.key for url in urls if [other.key for other in urls].count(url.key) > 1})
    return found + [f"{key} stands in urls twice; keep one" for key in twice]


def with_derived(
    document: dict[str, object], urls: Sequence[Url], data_api_username: str = ""
) -> tuple[dict[str, object], list[str]]:
    """The document with the keys that others make, and the names of those that were different."""
    made: dict[str, object] = {url.key: url.made(str(document.get(url.password_key) or "")) for url in urls}
    if data_api_username:
        made |= {DATA_API_USERNAME: data_api_username, DATA_API_PASSWORD: document.get("DATABASE_PASSWORD")}
    return {**document, **made}, [key for key, value in made.items() if document.get(key) != value]


def make(keys: Sequence[str]) -> dict[str, str]:
    """New values for these keys."""
    return {key: FORMS[key].make() for key in keys}
