# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ClickHouse is asked about itself, and the answers as data.

Pure: whoever asks (HTTP from the controller, or clickhouse-client in a task inside the VPC) hands in the lines that came.
Every statement answers with lines of JSON of one shape: `reading` says what the line is about, `name` whom, `items` are
pairs of texts.

What any user may read without a grant comes first: system.tables, columns, databases and settings, and functions
(ClickHouse, src/Access/ContextAccess.cpp, always_accessible_tables). Only a cluster needs more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MIGRATIONS_TABLE = "schema_migrations"
# Langfuse sets these with its queries; a profile must not fix them.
NEEDED_SETTINGS = ("readonly", "max_execution_time", "join_algorithm")
# To read system.clusters and system.replicas; a cluster alone needs it.
CLUSTER_TABLES = ("system.clusters", "system.replicas")
_COLUMNS = "'' AS engine, '' AS sorting_key"
# Also servers of 2018 say "e.displayText() = DB::Exception".
_ERROR = re.compile(r"Code: (\d+)[.,].*?DB::(?:Net)?Exception: (?:Received from \S+ DB::Exception: )?(.*)", re.S)
_GRANT = re.compile(r"(GRANT|REVOKE) ")

UNKNOWN_TABLE = 60
UNKNOWN_DATABASE = 81
ACCESS_DENIED = 497
# No answer at all, and what clickhouse-client says then: DNS_ERROR, SOCKET_TIMEOUT, NETWORK_ERROR, ALL_CONNECTION_TRIES_FAILED
UNREACHED = frozenset((0, 198, 209, 210, 279))
# UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED
AUTHENTICATION = frozenset((192, 193, 194, 516))


def text_literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(value: str) -> str:
    return "`" + value.replace("\\", "\\\\").replace("`", "\\`") + "`"


def server_statement() -> str:
    """Version and time zone alone, as servers of any age answer them."""
    return f"SELECT 'server' AS reading, version() AS name, {_COLUMNS}, [['timezone', timezone()]] AS items FORMAT JSONEachRow"


def facts_statement(database: str, cluster: str = "") -> str:
    """Server, disk, settings, log tables, the database's objects with their columns, and the cluster."""
    name = text_literal(database)
    settings = ", ".join(text_literal(setting) for setting in NEEDED_SETTINGS)
    parts = [
        f"SELECT 'server' AS reading, version() AS name, {_COLUMNS}, [['timezone', timezone()], ['user', currentUser()],"
        " ['disk_free', toString(filesystemAvailable())], ['disk_total', toString(filesystemCapacity())],"
        f" ['databases', toString((SELECT count() FROM system.databases AS d WHERE d.name = {name}))],"
        f" ['objects', toString((SELECT count() FROM system.tables AS o WHERE o.database = {name}))]] AS items",
        "SELECT 'object', t.name, t.engine, t.sorting_key, c.items FROM system.tables AS t LEFT JOIN"
        " (SELECT table, groupArray([name, type]) AS items FROM system.columns"
        f" WHERE database = {name} GROUP BY table) AS c ON c.table = t.name WHERE t.database = {name}",
        "SELECT 'log', name, engine, '', [['bytes', toString(coalesce(total_bytes, 0))]] FROM system.tables"
        " WHERE database = 'system' AND match(name, '_log(_[0-9]+)?$') AND total_bytes > 0",
        "SELECT 'setting', name, '', '', [['value', value], ['fixed', toString(readonly)]] FROM system.settings"
        f" WHERE name IN ({settings})",
    ]
    if cluster:
        parts += [
            "SELECT 'cluster', cluster, '', '', groupArray([toString(shard_num), host_name]) FROM system.clusters"
            " GROUP BY cluster",
            "SELECT 'replica', table, '', '', [['readonly', toString(is_readonly)], ['delay', toString(absolute_delay)],"
            " ['queue', toString(queue_size)], ['active', toString(active_replicas)], ['total', toString(total_replicas)]]"
            f" FROM system.replicas WHERE database = {name}",
        ]
    return " UNION ALL ".join(parts) + " FORMAT JSONEachRow"


def migration_statement(database: str) -> str:
    """The state of the migrations: their table is append-only, and its newest row by sequence counts."""
    return (
        f"SELECT 'migration' AS reading, toString(version) AS name, {_COLUMNS}, [['dirty', toString(dirty)]] AS items"
        f" FROM {identifier(database)}.{MIGRATIONS_TABLE} ORDER BY sequence DESC LIMIT 1 FORMAT JSONEachRow"
    )


def grants_statement() -> str:
    """What the user may do."""
    return "SHOW GRANTS FORMAT JSONEachRow"


def statements(database: str, cluster: str = "") -> list[str]:
    """All that clickhouse-client is given at once: the verdict comes from its output as from direct answers."""
    # Between two lines of the server, so that a log of which the beginning or the end is lost shows it.
    return [
        server_statement(),
        grants_statement(),
        facts_statement(database, cluster),
        migration_statement(database),
    ]


@dataclass(frozen=True)
class Error:
    """An exception of ClickHouse (code and text), or with code 0 what kept it from answering."""

    code: int
    text: str

    @property
    def said(self) -> str:
        return f"code {self.code}: {self.text}" if self.code else self.text


@dataclass
class Object:
    """A table or view: engine, sorting key, and the type of each column."""

    engine: str
    sorting_key: str
    columns: dict[str, str]


@dataclass
class Answers:
    """What ClickHouse said of itself.

    version: the state of the migrations, None where none ran. objects: None as long as it was not asked for them, or
    could not tell. announced: how many objects it said there are. grants: None where it did not tell.
    """

    server_version: str = ""
    timezone: str = ""
    user: str = ""
    database_exists: bool = True
    disk_free: int = 0
    disk_total: int = 0
    objects: dict[str, Object] | None = None
    announced: int = 0
    version: int | None = None
    dirty: bool = False
    migration_read: bool = False
    logs: dict[str, int] = field(default_factory=dict)
    settings: dict[str, tuple[str, bool]] = field(default_factory=dict)
    clusters: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    replicas: dict[str, dict[str, int]] = field(default_factory=dict)
    grants: list[str] | None = None
    errors: list[Error] = field(default_factory=list)

    def error(self, *codes: int) -> Error | None:
        """The first error with one of these codes; without codes, the first."""
        return next((error for error in self.errors if not codes or error.code in codes), None)

    @property
    def complete(self) -> bool:
        """Whether every object that was announced came, and the state of the migrations where there is any."""
        if self.objects is None or len(self.objects) != self.announced:
            return False
        return self.migration_read or MIGRATIONS_TABLE not in self.objects


def error_in(text: str) -> Error | None:
    """The exception in a line, or in the body of an HTTP answer."""
    found = _ERROR.search(text)
    if found is None:
        return None
    # What follows is the server's version and the name of the code, or in 2018 what the exception is.
    said = re.split(r"\s*\(version |, e\.what\(\) =", " ".join(found[2].split()), maxsplit=1)[0]
    return Error(int(found[1]), said)


def _server(answers: Answers, name: str, items: dict[str, str]) -> None:
    answers.server_version, answers.timezone = name, items.get("timezone", "")
    if "objects" in items:
        answers.user = items.get("user", "")
        answers.disk_free, answers.disk_total = int(items["disk_free"]), int(items["disk_total"])
        answers.database_exists = items["databases"] != "0"
        answers.announced = int(items["objects"])
        answers.objects = answers.objects or {}


def _take(answers: Answers, line: dict[str, Any]) -> None:
    """One line of an answer."""
    kind, name, pairs = line["reading"], str(line["name"]), [(str(key), str(value)) for key, value in line["items"]]
    items = dict(pairs)
    if kind == "server":
        _server(answers, name, items)
    elif kind == "object":
        answers.objects = answers.objects or {}
        answers.objects[name] = Object(line["engine"], line["sorting_key"], items)
    elif kind == "migration":
        # golang-migrate writes -1 where a force has taken back the first migration.
        version = int(name)
        answers.version, answers.dirty = (version if version > 0 else None), items["dirty"] == "1"
        answers.migration_read = True
    elif kind == "log":
        answers.logs[name] = int(items["bytes"])
    elif kind == "setting":
        answers.settings[name] = (items["value"], items["fixed"] == "1")
    elif kind == "cluster":
        answers.clusters[name] = [(int(shard), host) for shard, host in pairs]
    elif kind == "replica":
        answers.replicas[name] = {key: int(value) for key, value in items.items()}


def _grants(answers: Answers, line: dict[str, Any]) -> bool:
    """SHOW GRANTS names its one column after itself."""
    grants = [value for value in line.values() if isinstance(value, str) and _GRANT.match(value)]
    if len(line) != 1 or not grants:
        return False
    # Without the server's line before them, some can be lost.
    if answers.server_version:
        answers.grants = [*(answers.grants or []), *grants]
    return True


def parse(lines: Iterable[str], answers: Answers | None = None) -> Answers:
    """The answers among lines that can hold other things too, such as a client's errors; adds to answers given."""
    answers = answers or Answers()
    for line in lines:
        text = line.strip()
        if not text.startswith("{"):
            if error := error_in(text):
                answers.errors.append(error)
            continue
        try:
            reading = json.loads(text)
            if isinstance(reading, dict) and not _grants(answers, reading) and "reading" in reading:
                _take(answers, reading)
        except (ValueError, KeyError, TypeError):
            # A line that was cut off; what it should have said is found missing.
            continue
    if answers.error(UNKNOWN_TABLE, UNKNOWN_DATABASE) or (
        answers.objects is not None and MIGRATIONS_TABLE not in answers.objects
    ):
        answers.migration_read = True
    return answers
