# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClickHouse over HTTP: connection options, errors and retries of every module that asks it directly."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from .._langfuse import web
from .._langfuse.aws import secret_values
from .._langfuse.module import LangfuseModule
from .answers import (
    AUTHENTICATION,
    MIGRATIONS_TABLE,
    Answers,
    Error,
    error_in,
    facts_statement,
    migration_statement,
    parse,
    server_statement,
)

# With the options of `LangfuseModule`; documented by the fragment llmops.langfuse.clickhouse.
CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "user": {"type": "str", "default": "default"},
    "password": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "secret_json_key": {"type": "str", "default": "CLICKHOUSE_PASSWORD", "no_log": False},
    "database": {"type": "str", "default": "default"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
}
# TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, KEEPER_EXCEPTION: over in a moment
TRANSIENT_CODES = frozenset((202, 209, 210, 999))
# What a load balancer says while no server is behind it
TRANSIENT_STATUS = frozenset((502, 503, 504))
PAUSES = (0.5, 1.0)


class ClickHouseError(Exception):
    """A statement had no answer; `error` says why."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.said)
        self.error = error


@dataclass(frozen=True)
class Connection:
    """Where ClickHouse is asked, as whom; timeout in seconds for one answer."""

    url: str
    user: str
    password: str = field(repr=False)
    timeout: float = 10
    validate_certs: bool = True
    ca_path: str | None = None

    @classmethod
    def of(cls, module: LangfuseModule) -> Connection:
        """From the module's options; reads the password from its secret. Fails the module where they cannot be used."""
        params = module.params
        parts = urlsplit(params["url"])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            module.fail_json(
                msg=f"url: '{params['url']}' is not an HTTP address; set one such as http://clickhouse.example.com:8123."
            )
        if parts.username or parts.password:
            module.fail_json(msg="url: it holds a user or password; set user, and password or secret_arn.")
        password = params["password"] or ""
        if params["secret_arn"]:
            key = params["secret_json_key"]
            password = secret_values(module, params["secret_arn"], [key])[key]
        return cls(
            params["url"].rstrip("/"),
            params["user"],
            password,
            params["timeout"],
            params["validate_certs"],
            params["ca_path"],
        )

    def _once(self, statement: str) -> str:
        # The server answers when the whole answer is there, so that its status tells of an error.
        answer = web.ask(
            "POST",
            f"{self.url}/?{urlencode({'wait_end_of_query': 1})}",
            body=statement.encode(),
            headers={"X-ClickHouse-User": self.user, "X-ClickHouse-Key": self.password},
            timeout=self.timeout,
            validate_certs=self.validate_certs,
            ca_path=self.ca_path,
        )
        if error := error_in(answer.body):
            raise ClickHouseError(error)
        if answer.status != 200:
            verb = "answers" if answer.status else "gives no answer:"
            raise _Transport(answer.status, f"{self.url} {verb} {answer.said}")
        return answer.body

    def ask(self, statement: str, sleep: Callable[[float], None] = time.sleep) -> list[str]:
        """The lines of the answer to one statement; it must be one that can run twice.

        :raises ClickHouseError: where ClickHouse refused it, or did not answer.
        """
        for pause in (*PAUSES, None):
            try:
                return self._once(statement).splitlines()
            except ClickHouseError as error:
                if pause is None or not _transient(error):
                    raise
            sleep(pause)
        raise AssertionError("the last pause is None")


class _Transport(ClickHouseError):
    """No answer of ClickHouse's: the network's, a proxy's, or somebody else's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(Error(0, text))
        self.status = status


def _transient(error: ClickHouseError) -> bool:
    if isinstance(error, _Transport):
        return error.status in TRANSIENT_STATUS
    return error.error.code in TRANSIENT_CODES


def read(connection: Connection, database: str, cluster: str = "", more: tuple[str, ...] = ()) -> Answers:
    """Asks for the facts, the state of the migrations, and `more`; what goes wrong is among the answers."""
    answers = Answers()

    def asked(statement: str) -> bool:
        try:
            parse(connection.ask(statement), answers)
        except ClickHouseError as error:
            answers.errors.append(error.error)
            return False
        return True

    if not asked(facts_statement(database, cluster)):
        error = answers.errors[-1]
        if error.code and error.code not in AUTHENTICATION:
            # An old server does not understand the question, but can say how old it is.
            asked(server_statement())
        return answers
    if MIGRATIONS_TABLE in (answers.objects or {}):
        asked(migration_statement(database))
    for statement in more:
        asked(statement)
    return answers
