# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four stores, as the Langfuse doubles connect to them."""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from local_aws.container import network, settings
from local_aws.engines.clickhouse_front import NATIVE_HEADER

QUEUE = "bull:ingestion-queue:wait"
OTEL_QUEUE = "bull:otel-ingestion-queue:wait"
PROJECT_QUEUE = "bull:project-delete:wait"


class StoreError(Exception):
    """A store refused, or is not reachable."""


class ClickHouseError(StoreError):
    """An error with ClickHouse's code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class ClickHouse:
    """ClickHouse over HTTP, or over the native port, which speaks HTTP with those who know (see clickhouse_front)."""

    def __init__(self, url: str, user: str, password: str, database: str = "default", verify: bool = True) -> None:
        parts = urlsplit(url)
        self.native = parts.scheme in ("clickhouse", "clickhouses")
        self.secure = parts.scheme in ("https", "clickhouses")
        if not parts.hostname:
            raise StoreError(f"{url} names no host")
        self.host = parts.hostname
        self.port = parts.port or {(False, False): 8123, (False, True): 8443, (True, False): 9000}.get(
            (self.native, self.secure), 9440
        )
        self.verify = verify
        self.database = database
        self.headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        if self.native:
            self.headers[NATIVE_HEADER] = "1"

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self.secure:
            context = network.tls_context(verify=self.verify)
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def execute(
        self,
        query: str,
        parameters: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> bytes:
        """Run one statement."""
        given = {"database": self.database, **(options or {})}
        given |= {f"param_{name}": value for name, value in (parameters or {}).items()}
        connection = self._connection(timeout)
        try:
            connection.request("POST", f"/?{urlencode(given)}", query.encode(), self.headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(f"ClickHouse at {self.host}:{self.port} does not answer: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            code = int(response.headers.get("X-ClickHouse-Exception-Code") or 0)
            text = body.decode(errors="replace").strip()
            raise ClickHouseError(code, text or f"HTTP status {response.status}")
        return body

    def rows(self, query: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The rows of a query."""
        options = {"default_format": "JSONEachRow", "output_format_json_quote_64bit_integers": "0"}
        return [json.loads(line) for line in self.execute(query, parameters, options).splitlines() if line]

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; the engine waits until they are written."""
        lines = "\n".join(json.dumps(row) for row in rows)
        options = {"date_time_input_format": "best_effort", "async_insert": "1", "wait_for_async_insert": "1"}
        self.execute(f"INSERT INTO {table} FORMAT JSONEachRow\n{lines}", options=options)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> ClickHouse:
        """As the application connects."""
        return cls(
            given["CLICKHOUSE_URL"],
            given["CLICKHOUSE_USER"],
            given["CLICKHOUSE_PASSWORD"],
            given.get("CLICKHOUSE_DB", "default"),
        )


def escape(text: str) -> str:
    """The value of a query parameter, in the form that ClickHouse reads it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


class InvalidDatabaseUrl(StoreError):
    """DATABASE_URL cannot be read, as with a password that is not percent-encoded."""


def database_parameters(url: str) -> dict[str, Any]:
    """What psycopg needs for a connection string of Prisma's.

    Prisma verifies no certificate unless `sslaccept=strict`; `sslcert` names the authority.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise InvalidDatabaseUrl("the URL must start with the protocol `postgresql://` or `postgres://`")
    if parts.fragment or not parts.hostname:
        raise InvalidDatabaseUrl("The provided database string is invalid. empty host in database URL")
    try:
        port = parts.port or 5432
    except ValueError:
        raise InvalidDatabaseUrl(
            "The provided database string is invalid. invalid port number in database URL. Please refer to the "
            "documentation in https://www.prisma.io/docs/reference/database-reference/connection-urls for constructing "
            "a correct connection string. In some cases, certain characters must be escaped."
        ) from None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    strict = options.get("sslaccept") == "strict"
    mode = options.get("sslmode", "prefer")
    parameters: dict[str, Any] = {
        "host": parts.hostname,
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": unquote(parts.path.lstrip("/")) or "postgres",
        "sslmode": "verify-full" if strict and mode != "disable" else mode,
        "connect_timeout": int(options.get("connect_timeout", "5")),
        "options": "-c TimeZone=UTC",
    }
    if strict:
        # Amazon's authority for RDS is in no system's trust store, nor is that of this local AWS.
        parameters["sslrootcert"] = options.get("sslcert") or os.environ.get("SSL_CERT_FILE") or "system"
    if parts.hostname != "localhost":
        parameters["hostaddr"] = network.resolve(parts.hostname)
    return parameters


def database(url: str) -> Any:
    """A connection to Postgres."""
    import psycopg

    try:
        return psycopg.connect(**database_parameters(url), autocommit=True)
    except (psycopg.Error, OSError) as error:
        raise StoreError(str(error).strip()) from error


def _redis_tls(given: Mapping[str, str]) -> dict[str, Any]:
    ca = given.get("REDIS_TLS_CA_PATH")
    verify = settings.enabled(given, "REDIS_TLS_REJECT_UNAUTHORIZED", True)
    named = settings.enabled(given, "REDIS_TLS_CHECK_SERVER_IDENTITY", True)
    options: dict[str, Any] = {
        "ssl": True,
        "ssl_cert_reqs": "required" if verify else "none",
        "ssl_check_hostname": verify and named,
        "ssl_certfile": given.get("REDIS_TLS_CERT_PATH"),
        "ssl_keyfile": given.get("REDIS_TLS_KEY_PATH"),
    }
    trusted = [ca] if ca else list(network.authorities())
    texts = []
    for name in trusted:
        with open(name, encoding="utf-8") as file:
            texts.append(file.read())
    if texts:
        options["ssl_ca_data"] = "\n".join(texts)
    return options


def _redis_address(given: Mapping[str, str]) -> tuple[str, int, dict[str, Any]]:
    """Host, port and credentials of the mode that the settings name, as packages/shared does it."""
    cluster = settings.enabled(given, "REDIS_CLUSTER_ENABLED")
    sentinel = settings.enabled(given, "REDIS_SENTINEL_ENABLED")
    if cluster and sentinel:
        raise StoreError("REDIS_CLUSTER_ENABLED and REDIS_SENTINEL_ENABLED are both true: no Redis client")
    auth: dict[str, Any] = {"username": given.get("REDIS_USERNAME"), "password": given.get("REDIS_AUTH")}
    if cluster or sentinel:
        name = "REDIS_CLUSTER_NODES" if cluster else "REDIS_SENTINEL_NODES"
        host, _, port = given.get(name, "").split(",")[0].rpartition(":")
        if not host:
            raise StoreError(f"{name} is required and holds host:port, separated by commas")
        return host, int(port), auth
    if "REDIS_CONNECTION_STRING" in given:
        parts = urlsplit(given["REDIS_CONNECTION_STRING"])
        user, password = parts.username, parts.password
        auth = {"username": unquote(user) if user else None, "password": unquote(password) if password else None}
        if parts.scheme == "rediss":
            auth |= _redis_tls(given)
        return parts.hostname or "localhost", parts.port or 6379, auth
    if "REDIS_HOST" not in given:
        raise StoreError("No Redis is configured: set REDIS_HOST or REDIS_CONNECTION_STRING")
    # String(undefined) is what Langfuse sends when REDIS_AUTH is missing in this mode.
    auth["password"] = given.get("REDIS_AUTH", "undefined")
    return given["REDIS_HOST"], int(float(given.get("REDIS_PORT", "6379"))), auth


def redis(given: Mapping[str, str]) -> Any:
    """A client of Valkey, as packages/shared/src/server/redis/redis.ts builds it."""
    import redis as library
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    host, port, options = _redis_address(given)
    if settings.enabled(given, "REDIS_TLS_ENABLED"):
        options |= _redis_tls(given)
    return library.Redis(
        host=host,
        port=port,
        protocol=2,
        socket_timeout=15,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 1),
        **options,
    )


def check_redis(client: Any, given: Mapping[str, str]) -> None:
    """Ping, and what the cluster and sentinel modes need from the server."""
    import redis as library

    try:
        client.ping()
        if settings.enabled(given, "REDIS_CLUSTER_ENABLED"):
            client.execute_command("CLUSTER SLOTS")
        if settings.enabled(given, "REDIS_SENTINEL_ENABLED"):
            client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", given.get("REDIS_SENTINEL_MASTER_NAME", ""))
    except (library.RedisError, OSError) as error:
        raise StoreError(f"Redis: {error}") from error


def eviction_warning(client: Any) -> str | None:
    """BullMQ's warning about the server's eviction policy."""
    policy = client.info("memory").get("maxmemory_policy")
    if policy == "noeviction":
        return None
    return f'IMPORTANT! Eviction policy is {policy}. It should be "noeviction"'


def queue_name(given: Mapping[str, str], name: str = QUEUE) -> str:
    """The list that holds a queue's jobs."""
    prefix = given.get("REDIS_KEY_PREFIX", "")
    return f"{prefix}:{name}" if prefix else name


class EventBucket:
    """The bucket of raw events."""

    def __init__(self, given: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        name = "LANGFUSE_S3_EVENT_UPLOAD_"
        pair = (given.get(f"{name}ACCESS_KEY_ID"), given.get(f"{name}SECRET_ACCESS_KEY"))
        options: dict[str, Any] = {}
        if all(pair):
            options = {"aws_access_key_id": pair[0], "aws_secret_access_key": pair[1]}
        if f"{name}ENDPOINT" in given:
            options["endpoint_url"] = given[f"{name}ENDPOINT"]
        # moto answers for every bucket under one host name, as AWS does in path style.
        style = "path" if settings.enabled(given, f"{name}FORCE_PATH_STYLE") or "AWS_ENDPOINT_URL" in given else "auto"
        self._client = boto3.client(
            "s3",
            region_name=given.get(f"{name}REGION") or given.get("AWS_REGION"),
            config=Config(
                s3={"addressing_style": style},  # type: ignore[arg-type]
                connect_timeout=5,
                retries={"total_max_attempts": 2},
            ),
            **options,
        )
        self.bucket = given[f"{name}BUCKET"]
        self.prefix = given.get(f"{name}PREFIX", "")
        self._encryption: dict[str, str] = {}
        if f"{name}SSE" in given:
            self._encryption["ServerSideEncryption"] = given[f"{name}SSE"]
            if given[f"{name}SSE"] == "aws:kms" and f"{name}SSE_KMS_KEY_ID" in given:
                self._encryption["SSEKMSKeyId"] = given[f"{name}SSE_KMS_KEY_ID"]

    def put(self, key: str, value: Any) -> None:
        """Write JSON."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.put_object(
                Bucket=self.bucket,
                Key=self.prefix + key,
                Body=json.dumps(value).encode(),
                ContentType="application/json",
                **self._encryption,
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"Failed to upload JSON to S3 {self.bucket}/{self.prefix}{key}: {error}") from error

    def get(self, key: str) -> Any:
        """Read JSON."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return json.loads(self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read())
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"Failed to read S3 {self.bucket}/{self.prefix}{key}: {error}") from error


def database_url(given: Mapping[str, str]) -> str | None:
    """DATABASE_URL as the entry points build it: without percent-encoding, without a port variable."""
    if "DATABASE_URL" in given:
        return given["DATABASE_URL"]
    parts = [given.get(f"DATABASE_{name}") for name in ("USERNAME", "PASSWORD", "HOST", "NAME")]
    if not all(parts):
        return None
    url = "postgresql://{}:{}@{}/{}".format(*parts)
    return f"{url}?{given['DATABASE_ARGS']}" if "DATABASE_ARGS" in given else url


def unencoded(url: str) -> bool:
    """Does the user part of the URL hold characters that must be percent-encoded?"""
    user_part = url.partition("://")[2].rpartition("@")[0]
    return bool(re.search(r"[^A-Za-z0-9._~:%!$&'()*+,;=-]", user_part))
