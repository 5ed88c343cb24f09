# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDS Data API: ExecuteStatement on the real PostgreSQL server of an Aurora cluster, with AWS's checks and errors.

moto only has canned answers. Sources: API reference of ExecuteStatement; Amazon Aurora User Guide, "Using the Amazon RDS
Data API", its limitations and its troubleshooting. There are no transactions and no blobs; a paused cluster is injected as
a fault (DatabaseResumingException).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

ROW_LIMIT = 64 * 1024
RESPONSE_LIMIT = 1024 * 1024
PARAMETER = re.compile(r"(?<!:):([A-Za-z_]\w*)|('(?:[^']|'')*')|(%)")


# A type of Python, the member of the Data API's union, and how the value is written there; the first that fits counts.
FIELDS: tuple[tuple[type | tuple[type, ...], str, Callable[[Any], Any]], ...] = (
    (bool, "booleanValue", bool),
    (int, "longValue", int),
    (float, "doubleValue", float),
    (datetime, "stringValue", lambda value: value.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".")),
    ((str, Decimal, UUID, date, time), "stringValue", str),
    ((dict, list), "stringValue", json.dumps),
)


def _field(value: Any) -> Shape:
    """A value in the shape of the Data API."""
    if value is None:
        return {"isNull": True}
    for kinds, member, write in FIELDS:
        if isinstance(value, kinds):
            return {member: write(value)}
    raise Refusal("UnsupportedResultException", f"The result contains the unsupported data type {type(value).__name__}")


def _argument(parameter: Shape) -> Any:
    value = parameter.get("value") or {}
    if value.get("isNull"):
        return None
    if "arrayValue" in value:
        raise Refusal("ValidationException", "Array parameters are not supported.")
    return next(iter(value.values()), None)


def _psycopg(statement: str) -> str:
    """Named parameters as psycopg has them; text in quotes and casts are left alone."""

    def replace(found: re.Match[str]) -> str:
        if found[1]:
            return f"%({found[1]})s"
        return (found[2] or "%").replace("%", "%%")

    return PARAMETER.sub(replace, statement)


def _database_error(error: Any) -> Refusal:
    """PostgreSQL's error in the words of the driver behind the Data API."""
    diagnostic = error.diag
    if diagnostic.sqlstate:
        place = f"; Position: {diagnostic.statement_position}" if diagnostic.statement_position else ""
        text = f"{diagnostic.severity}: {diagnostic.message_primary}{place}; SQLState: {diagnostic.sqlstate}"
        return Refusal("DatabaseErrorException", text)
    found = re.search(r"FATAL:\s+(.*)", str(error))
    if found is None:
        return Refusal("DatabaseUnavailableException", "The writer instance in the DB cluster isn't available.", 504)
    state = "28P01" if "password authentication" in found[1] else "3D000" if "does not exist" in found[1] else "08004"
    return Refusal("DatabaseErrorException", f"FATAL: {found[1]}; SQLState: {state}")


class RdsData(Addition):
    """The Data API's additions."""

    service = "rds-data"

    def _ask(self, call: Call, service: str, name: str, **params: Any) -> Shape:
        """A call to another service of this AWS, with what is added to moto there."""
        other = Call(service, name, params, call.region, call.account_id, call.context)
        handler = self.context.handlers.get((service, name))
        return (
            handler(other, lambda _params=None: self.context.forward(other)) if handler else self.context.forward(other)
        )

    def _cluster(self, call: Call) -> Shape:
        arn = call.params["resourceArn"]
        name = arn.rpartition(":")[2]
        try:
            cluster = self._ask(call, "rds", "DescribeDBClusters", DBClusterIdentifier=name)["DBClusters"][0]
        except Refusal:
            cluster = {}
        # A cluster that does not exist, or has another ARN, has no endpoint either.
        if cluster.get("DBClusterArn") != arn or not cluster.get("HttpEndpointEnabled"):
            raise Refusal("HttpEndpointNotEnabledException", f"HttpEndpoint isn't enabled for cluster {name}")
        if not cluster.get("DBClusterMembers"):
            raise Refusal("DatabaseNotFoundException", "The DB cluster doesn't have a DB instance.", 404)
        if cluster["Status"] in ("creating", "deleting", "stopped", "failed") or "Port" not in cluster:
            raise Refusal("InvalidResourceStateException", f"The DB cluster is in the state {cluster['Status']}.")
        return cluster

    def _credentials(self, call: Call) -> tuple[str, str]:
        try:
            text = self._ask(call, "secretsmanager", "GetSecretValue", SecretId=call.params["secretArn"])[
                "SecretString"
            ]
        except (Refusal, KeyError) as error:
            raise Refusal("SecretsErrorException", "Secrets Manager can't find the specified secret.") from error
        try:
            document = json.loads(text)
            user, password = document["username"], document["password"]
        except (ValueError, KeyError, TypeError):
            raise Refusal("InvalidSecretException", "The secret has no username or password.") from None
        return str(user), str(password)

    @operation("ExecuteStatement")
    def execute_statement(self, call: Call, _forward: Forward) -> Shape:
        params = call.params
        for name in ("transactionId", "schema"):
            if params.get(name):
                raise Refusal("ValidationException", f"The {name} parameter isn't supported.")
        cluster = self._cluster(call)
        user, password = self._credentials(call)
        given = {item["name"]: _argument(item) for item in params.get("parameters") or []}
        # Without a database the driver takes the user's name for one.
        options: dict[str, Any] = {"user": user, "password": password, "dbname": params.get("database") or user}
        return self._run(call, cluster, options, given)

    @staticmethod
    def _run(call: Call, cluster: Shape, options: dict[str, Any], given: dict[str, Any]) -> Shape:
        import psycopg

        try:
            with psycopg.connect(
                host=cluster["Endpoint"],
                port=cluster["Port"],
                **options,
                sslmode="require",
                connect_timeout=10,
                # The Data API prepares statements, so that it takes one at a time.
                prepare_threshold=0,
            ) as connection:
                cursor = connection.execute(_psycopg(call.params["sql"]), given)
                if cursor.description is None:
                    return {"numberOfRecordsUpdated": max(cursor.rowcount, 0)}
                rows = [[_field(value) for value in row] for row in cursor.fetchall()]
                described = [(column.name, column.type_display) for column in cursor.description]
        except psycopg.Error as error:
            if "multiple commands" in str(error):
                raise Refusal("ValidationException", "Multistatements aren't supported.") from error
            raise _database_error(error) from error
        sizes = [len(json.dumps(row)) for row in rows]
        if max(sizes, default=0) > ROW_LIMIT:
            raise Refusal("UnsupportedResultException", "Packet for query is too large.")
        if sum(sizes) > RESPONSE_LIMIT:
            raise Refusal("UnsupportedResultException", "Database response exceeded size limit")
        answer: Shape = {"records": rows, "numberOfRecordsUpdated": 0}
        if call.params.get("includeResultMetadata"):
            answer["columnMetadata"] = [{"name": name, "label": name, "typeName": kind} for name, kind in described]
        return answer


def install(context: Context) -> None:
    RdsData(context)
