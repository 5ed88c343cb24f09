# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Langfuse's PostgreSQL database for modules: through the RDS Data API, or direct with psycopg.

The Data API needs no network path to the database; it takes the credentials from a secret that has the keys `username`
and `password` (Amazon Aurora User Guide, "Using the Amazon RDS Data API"). Statements name their parameters as the Data
API does, `:name`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Protocol

from ansible.module_utils.basic import missing_required_lib

from .aws import client, secret_values
from .module import LangfuseModule

Row = dict[str, Any]

# With the options of `LangfuseModule`; documented by the fragment llmops.langfuse.database.
CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "cluster_arn": {"type": "str"},
    "host": {"type": "str"},
    "port": {"type": "int", "default": 5432},
    "user": {"type": "str", "default": "langfuse"},
    "password": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "secret_json_key": {"type": "str", "default": "DATABASE_PASSWORD", "no_log": False},
    "database": {"type": "str", "default": "langfuse"},
    "ssl_mode": {"type": "str", "default": "require", "choices": ["disable", "require", "verify-ca", "verify-full"]},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 60},
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [("cluster_arn", "host"), ("password", "secret_arn")],
    "required_one_of": [("cluster_arn", "host")],
    "required_by": {"cluster_arn": ["secret_arn"]},
}
# API reference of ExecuteStatement: what passes by itself. A paused cluster takes some seconds to resume.
TRANSIENT = (
    "DatabaseResumingException",
    "DatabaseUnavailableException",
    "InternalServerErrorException",
    "ServiceUnavailableError",
    "Throttling",
)
PAUSE = 2.0
UNDEFINED_TABLE = "42P01"
# By the beginning of the error's code, or of what the message holds (until 2023 every error was a BadRequestException).
ADVICE = (
    ("HttpEndpointNotEnabled", "enable it with `aws rds enable-http-endpoint`, or give host to connect directly"),
    ("HttpEndpoint is not enabled", "enable it with `aws rds enable-http-endpoint`, or give host to connect directly"),
    ("InvalidSecret", "give the ARN of a secret with the keys username and password"),
    ("SecretsError", "see that the secret exists and that the credentials may read and decrypt it"),
    ("password authentication failed", "see that username and password of the secret are the database's"),
    ("AccessDenied", "allow rds-data:ExecuteStatement on the cluster and secretsmanager:GetSecretValue on the secret"),
    ("Forbidden", "allow rds-data:ExecuteStatement on the cluster and secretsmanager:GetSecretValue on the secret"),
    ("DatabaseResuming", "the cluster was paused: run again, or set a longer timeout"),
    ("DatabaseNotFound", "see that the cluster has an instance"),
    ("NotFound", "see that cluster_arn and secret_arn are right"),
)


class DatabaseError(Exception):
    """A statement failed; `undefined_table` where the table is not there (yet)."""

    def __init__(self, text: str, undefined_table: bool = False) -> None:
        super().__init__(text)
        self.undefined_table = undefined_table


class Database(Protocol):
    """Runs one statement and returns its rows."""

    def run(self, statement: str, parameters: dict[str, str] | None = None) -> list[Row]: ...


def _value(field: dict[str, Any]) -> Any:
    """A value of the Data API, which is a union with one member."""
    return None if field.get("isNull") else next(iter(field.values()), None)


def data_api_error(code: str, text: str) -> DatabaseError:
    """What an error of the Data API says, and what to do."""
    advice = next((what for sign, what in ADVICE if code.startswith(sign) or sign in text), "")
    message = f"The RDS Data API refuses ({code}: {' '.join(text.split())})"
    return DatabaseError(f"{message}; {advice}." if advice else f"{message}.", UNDEFINED_TABLE in text)


class DataApi:
    """Through the RDS Data API."""

    def __init__(
        self,
        connection: Any,
        cluster_arn: str,
        secret_arn: str,
        database: str,
        *,
        timeout: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.target = {"resourceArn": cluster_arn, "secretArn": secret_arn, "database": database}
        self.timeout = timeout
        self.sleep = sleep

    def run(self, statement: str, parameters: dict[str, str] | None = None) -> list[Row]:
        """:raises DatabaseError: where it failed, also after what passes by itself was waited for."""
        from botocore.exceptions import BotoCoreError, ClientError

        given = [{"name": name, "value": {"stringValue": value}} for name, value in (parameters or {}).items()]
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                answer = self.connection.execute_statement(
                    **self.target, sql=statement, parameters=given, includeResultMetadata=True
                )
                break
            except ClientError as error:
                details = error.response.get("Error", {})
                code, text = str(details.get("Code")), str(details.get("Message"))
                if not code.startswith(TRANSIENT) or time.monotonic() + PAUSE > deadline:
                    raise data_api_error(code, text) from error
            except BotoCoreError as error:
                raise DatabaseError(
                    f"The RDS Data API cannot be asked: {error}; check region, profile and network."
                ) from error
            self.sleep(PAUSE)
        names = [column.get("label") or column["name"] for column in answer.get("columnMetadata", [])]
        return [dict(zip(names, map(_value, record), strict=True)) for record in answer.get("records", [])]


class Direct:
    """Over the network."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def run(self, statement: str, parameters: dict[str, str] | None = None) -> list[Row]:
        """:raises DatabaseError: where it failed."""
        import psycopg
        from psycopg.rows import dict_row

        # A colon of a cast stands before or behind another one.
        text = re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))
        try:
            with psycopg.connect(**self.options, row_factory=dict_row) as connection:
                cursor = connection.execute(text, parameters)
                return list(cursor.fetchall()) if cursor.description else []
        except psycopg.errors.UndefinedTable as error:
            raise DatabaseError(f"PostgreSQL says: {error}", undefined_table=True) from error
        except psycopg.Error as error:
            place = f"{self.options['host']}:{self.options['port']}"
            said = " ".join(str(error).split())
            raise DatabaseError(
                f"PostgreSQL at {place} cannot be asked: {said}; check host, user, password, ssl_mode and the network."
            ) from error


def connect(module: LangfuseModule) -> Database:
    """The database of the module's options. Fails the module where they cannot be used."""
    params = module.params
    if params["cluster_arn"]:
        service = client(module, "rds-data")
        return DataApi(
            service, params["cluster_arn"], params["secret_arn"], params["database"], timeout=params["timeout"]
        )
    try:
        import psycopg  # noqa: F401
    except ImportError:
        module.fail_json(
            msg=missing_required_lib("psycopg", reason="to connect to PostgreSQL; cluster_arn works without it")
        )
    password = params["password"] or ""
    if params["secret_arn"]:
        key = params["secret_json_key"]
        password = secret_values(module, params["secret_arn"], [key])[key]
    options = {
        "host": params["host"],
        "port": params["port"],
        "user": params["user"],
        "password": password,
        "dbname": params["database"],
        "sslmode": params["ssl_mode"],
        "connect_timeout": params["timeout"],
    }
    if params["ca_path"]:
        options["sslrootcert"] = params["ca_path"]
    return Direct(**options)
