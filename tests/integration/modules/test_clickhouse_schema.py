# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""clickhouse_schema_info and clickhouse_schema_repair on the real ClickHouse engine (chDB behind the HTTP front).

The servers that no engine at hand can be are doubles here, and say so: one of 2018, and ones that break off or hang.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._clickhouse import answers, migrations
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions
from local_aws.container.migrations import ClickHouseMigration, MigrationError
from local_aws.container.stores import ClickHouse
from local_aws.engines import certificates
from local_aws.ports import free_port
from module_runner import ModuleFailed, run_module

V3, V4 = "3.225.4", "4.16.0"
USER, PASSWORD = "langfuse", "a-password-of-clickhouse"
TESTS = Path(__file__).resolve().parents[2]
NEWEST = migrations.NEWEST


@dataclass
class Server:
    """A running front."""

    port: int
    native_port: int

    def client(self, database: str) -> ClickHouse:
        return ClickHouse(f"http://127.0.0.1:{self.port}", USER, PASSWORD, database)

    def arguments(self, database: str) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{self.port}", "user": USER, "password": PASSWORD, "database": database}


@contextmanager
def front(folder: Path, *options: str, scheme: str = "http") -> Iterator[Server]:
    server = Server(free_port(), free_port())
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local_aws.engines.clickhouse_front", "--data-dir", str(folder), "--user", USER),
            *(f"--{scheme}-port", str(server.port), "--native-port", str(server.native_port)),
            *("--log-table", "query_log", "--log-table", "trace_log", *options),
        ],
        env=os.environ | {"PYTHONPATH": str(TESTS), "CLICKHOUSE_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with front(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


_names = count(1)


@dataclass
class Database:
    """A database in the engine, and the modules on it."""

    server: Server
    name: str
    client: ClickHouse

    def info(self, version: str = V3, **options: Any) -> dict[str, Any]:
        return run_module(
            "clickhouse_schema_info",
            {**self.server.arguments(self.name), "langfuse_version": version, "wait_timeout": 3, **options},
        )

    def repair(self, check: bool = False, **options: Any) -> dict[str, Any]:
        return run_module("clickhouse_schema_repair", {**self.server.arguments(self.name), **options}, check=check)

    def migrate(self, head: int) -> None:
        ClickHouseMigration(self.client, head).run()

    def stop_inside(self, number: int, share: float = 0) -> None:
        """As a migrating container that is killed leaves it, after a share of the migration's statements."""
        if number > 1:
            self.migrate(number - 1)
        ClickHouseMigration(self.client, number).interrupt(number, share)

    def state(self) -> tuple[int, bool]:
        return ClickHouseMigration(self.client, 0).state()


def make(server: Server) -> Database:
    name = f"langfuse_{next(_names)}"
    server.client("default").execute(f"CREATE DATABASE {name}")
    return Database(server, name, server.client(name))


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    made = make(server)
    yield made
    made.client.execute(f"DROP DATABASE {made.name} SYNC")


@pytest.fixture(scope="module")
def migrated(server: Server) -> Database:
    """At the head of version 3; tests that change it change it back."""
    made = make(server)
    made.migrate(versions.clickhouse_head(versions.parse(V3)))
    return made


def codes(result: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in result["reasons"]]


# -- Heads ------------------------------------------------------------------------------------------------------------


def test_every_head_of_every_release_is_ready_at_it_and_behind_before_it(database: Database) -> None:
    assert database.info("3.0.0")["verdict"] == "empty"
    # 3.28.2 took two migrations back for one patch release; the schema cannot go back with it.
    heads = [(str(first), head) for first, head in versions.CLICKHOUSE_HEADS if str(first) != "3.28.2"]
    for first, head in sorted(heads, key=lambda item: item[1]):
        if head > 6 and database.state()[0] == head - 1:
            assert database.info(first)["verdict"] == "behind"
        database.migrate(head)
        after = database.info(first)
        assert (after["verdict"], after["version"]) == ("ready", head), (first, after["reasons"])
    assert database.info("3.28.2")["reasons"][0]["code"] == "ahead"


def test_version_3_is_behind_for_4_and_4_ahead_of_3(migrated: Database, database: Database) -> None:
    found = migrated.info(V4)
    assert (found["verdict"], found["reasons"][0]["wanted"], found["reasons"][0]["found"]) == ("behind", 46, 37)
    database.migrate(46)
    assert database.info(V4)["ready"] is True
    found = database.info(V3, wait=True)
    assert (found["verdict"], found["reasons"][0]["found"]) == ("ahead", 46)


def test_the_newest_row_counts_and_not_the_highest_number(migrated: Database) -> None:
    rows = migrated.client.rows("SELECT max(sequence) AS newest FROM schema_migrations")
    insert = "INSERT INTO schema_migrations (version, dirty, sequence) VALUES"
    migrated.client.execute(f"{insert} (99, 1, 1)")
    assert migrated.info()["ready"] is True
    migrated.client.execute(f"{insert} (36, 0, {rows[0]['newest'] + 1})")
    assert migrated.info()["verdict"] == "behind"
    migrated.client.execute(f"{insert} (37, 0, {rows[0]['newest'] + 2})")
    assert migrated.info()["ready"] is True


def test_the_verdict_takes_three_queries(migrated: Database) -> None:
    asked = count()
    with relay(migrated.server.port, lambda _body: next(asked)) as port:
        assert migrated.info(url=f"http://127.0.0.1:{port}")["ready"] is True
    assert next(asked) == 3


# -- Objects ----------------------------------------------------------------------------------------------------------

DAMAGE = {
    "column_missing": (
        "ALTER TABLE observations DROP COLUMN tool_calls",
        "ALTER TABLE observations ADD COLUMN tool_calls Array(String)",
        {"table": "observations", "column": "tool_calls", "wanted": "Array(String)"},
    ),
    "column_type": (
        "ALTER TABLE scores MODIFY COLUMN comment String DEFAULT ''",
        "ALTER TABLE scores MODIFY COLUMN comment Nullable(String)",
        {"table": "scores", "column": "comment", "wanted": "Nullable(String)", "found": "String"},
    ),
    "table_missing": ("RENAME TABLE traces TO hidden", "RENAME TABLE hidden TO traces", {"table": "traces"}),
    "view_missing": (
        "RENAME TABLE analytics_traces TO hidden",
        "RENAME TABLE hidden TO analytics_traces",
        {"table": "analytics_traces"},
    ),
    "engine": (
        "CREATE TABLE hidden ENGINE = MergeTree ORDER BY (project_id, toDate(timestamp), id) AS SELECT * FROM traces;"
        " EXCHANGE TABLES hidden AND traces",
        "EXCHANGE TABLES hidden AND traces; DROP TABLE hidden SYNC",
        {"table": "traces", "wanted": "ReplacingMergeTree", "found": "MergeTree"},
    ),
    "sorting_key": (
        "CREATE TABLE hidden ENGINE = ReplacingMergeTree(event_ts, is_deleted) ORDER BY (project_id, id)"
        " AS SELECT * FROM traces; EXCHANGE TABLES hidden AND traces",
        "EXCHANGE TABLES hidden AND traces; DROP TABLE hidden SYNC",
        {"table": "traces", "wanted": "project_id, toDate(timestamp), id", "found": "project_id, id"},
    ),
}


@pytest.mark.parametrize("code", DAMAGE)
def test_damage_is_named(migrated: Database, code: str) -> None:
    damage, mend, details = DAMAGE[code]
    for statement in damage.split("; "):
        migrated.client.execute(statement)
    try:
        found = migrated.info()
    finally:
        for statement in mend.split("; "):
            migrated.client.execute(statement)
    assert (found["verdict"], codes(found)) == ("damaged", [code])
    assert found["reasons"][0].items() >= details.items()
    assert re.search(r"; .+\.$", found["reasons"][0]["message"]), "it says what to do"
    assert migrated.info()["ready"] is True


def test_a_database_that_is_not_there(server: Server) -> None:
    found = Database(server, "not_there", server.client("default")).info()
    assert (found["verdict"], codes(found)) == ("empty", ["empty", "database_missing"])


# -- The server -------------------------------------------------------------------------------------------------------


def test_another_time_zone(tmp_path: Path) -> None:
    with front(tmp_path, "--timezone", "Europe/Berlin") as running:
        found = make(running).info()
        assert (codes(found), found["timezone"]) == (["empty", "timezone"], "Europe/Berlin")


def test_etc_utc_is_utc(tmp_path: Path) -> None:
    with front(tmp_path, "--timezone", "Etc/UTC") as running:
        assert codes(make(running).info()) == ["empty"]


def test_https_needs_the_authority_that_signed(tmp_path: Path) -> None:
    pair = certificates.server_certificate(tmp_path, [])
    options = ("--certificate", str(pair.certificate), "--key", str(pair.key))
    with front(tmp_path / "data", *options, scheme="https") as running:
        at = {"url": f"https://localhost:{running.port}", "database": "default"}
        made = Database(running, "default", running.client("default"))
        assert made.info(**at, ca_path=str(certificates.ca_file(tmp_path)))["verdict"] == "empty"
        found = made.info(**at)
        assert found["verdict"] == "unreachable"
        assert "the certificate is not accepted" in found["reasons"][0]["message"]
        assert made.info(**at, validate_certs=False)["verdict"] == "empty"


def test_a_wrong_password_is_denied_at_once_and_not_shown(migrated: Database) -> None:
    begun = time.monotonic()
    found = migrated.info(password="a-wrong-password-of-clickhouse", wait=True, wait_timeout=60)
    assert time.monotonic() - begun < 10
    assert (found["verdict"], codes(found)) == ("denied", ["authentication"])
    assert "a-wrong-password" not in str(found)


def test_a_cluster_that_the_server_does_not_know(migrated: Database) -> None:
    found = migrated.info(cluster="default")
    assert found["verdict"] == "damaged"
    assert set(codes(found)) == {"not_replicated", "cluster_missing"}
    assert {"event_log", "dataset_run_items"}.isdisjoint(reason.get("table") for reason in found["reasons"])
    assert "cluster_name" in codes(migrated.info(cluster="langfuse"))


def test_notice_of_disk_and_logs(migrated: Database) -> None:
    migrated.client.execute(
        "INSERT INTO system.trace_log (hostname, event_date, event_time) SELECT 'x', today(), now()"
    )
    found = migrated.info(disk_free_min_percent=100, system_logs_max_gib=0)
    assert found["ready"] is True
    assert [notice["code"] for notice in found["notices"]] == ["disk_low", "system_logs"]
    assert found["notices"][1]["table"] == "trace_log"
    assert len(found["warnings"]) == 2
    assert migrated.info()["notices"] == []


# -- Servers that no engine at hand can be: doubles -------------------------------------------------------------------

Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def double(reply: Reply) -> Iterator[int]:
    """An HTTP server that answers as told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            reply(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield served.server_address[1]
    finally:
        served.shutdown()
        served.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


@contextmanager
def relay(
    port: int, seen: Callable[[bytes], object], change: Callable[[bytes], bytes] = lambda body: body
) -> Iterator[int]:
    """In front of the real engine: counts, or changes what it answers."""
    import urllib.error
    import urllib.request

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen(body)
        headers = {name: handler.headers[name] for name in ("X-ClickHouse-User", "X-ClickHouse-Key")}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{handler.path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                send(handler, answer.status, change(answer.read()))
        except urllib.error.HTTPError as error:
            send(handler, error.code, error.read())

    with double(reply) as own:
        yield own


def server_of_2018(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Double of Debian's clickhouse-server 18.16.1: what it answers to the module's questions, word for word."""
    if b"currentUser()" in body:
        error = "Code: 46, e.displayText() = DB::Exception: Unknown function currentUser, e.what() = DB::Exception\n"
        send(handler, 404, error.encode())
    else:
        line = r'{"reading":"server","name":"18.16.1","engine":"","sorting_key":"","items":[["timezone","Etc\/UTC"]]}'
        send(handler, 200, f"{line}\n".encode())


def judge_double(reply: Reply, **options: Any) -> dict[str, Any]:
    with double(reply) as port:
        return run_module(
            "clickhouse_schema_info",
            {"langfuse_version": V3, "url": f"http://127.0.0.1:{port}", "timeout": 1, "wait_timeout": 2, **options},
        )


def test_a_server_of_2018_is_too_old() -> None:
    found = judge_double(server_of_2018)
    assert (found["verdict"], codes(found), found["server_version"]) == ("unsuitable", ["server_too_old"], "18.16.1")
    assert found["reasons"][0]["wanted"] == "24.3"
    assert judge_double(server_of_2018, langfuse_version=V4)["reasons"][0]["wanted"] == "25.12"


def test_an_answer_that_is_cut_off_is_none(migrated: Database) -> None:
    found = judge_double(lambda handler, _body: send(handler, 200, b'{"reading":"server"', 5000))
    assert (found["verdict"], "closed before" in found["reasons"][0]["message"]) == ("unreachable", True)
    # A proxy that ends the body as if it were whole: lines are missing, and no table is taken for dropped.
    with relay(migrated.server.port, len, lambda body: body[: len(body) // 2]) as port:
        found = migrated.info(url=f"http://127.0.0.1:{port}")
    assert (found["verdict"], codes(found)) == ("incomplete", ["incomplete"])
    assert found["reasons"][0]["found"] < found["reasons"][0]["wanted"]


def test_a_server_that_hangs_or_drips_is_waited_for_with_bounds() -> None:
    def drip(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(200):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.1)

    for reply in (lambda _handler, _body: time.sleep(20), drip):
        begun = time.monotonic()
        found = judge_double(reply)
        assert 0.9 < time.monotonic() - begun < 8
        assert (found["verdict"], codes(found)) == ("unreachable", ["unreachable"])
    begun = time.monotonic()
    assert judge_double(drip, wait=True)["verdict"] == "unreachable"
    assert 1.9 < time.monotonic() - begun < 15


def test_what_is_no_clickhouse() -> None:
    found = judge_double(lambda handler, _body: send(handler, 404, b"<html>nothing here</html>"))
    assert (found["verdict"], "HTTP 404" in found["reasons"][0]["message"]) == ("unreachable", True)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = run_module("clickhouse_schema_info", {"langfuse_version": V3, "url": f"http://127.0.0.1:{port}"})
    assert (found["verdict"], "refused" in found["reasons"][0]["message"]) == ("unreachable", True)


def test_a_moment_s_refusal_is_tried_again(migrated: Database) -> None:
    refusals = iter((503, 202))

    def reply(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        status = next(refusals, None)
        if status == 503:
            send(handler, 503, b"no server is behind it")
        elif status == 202:
            send(handler, 500, b"Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY...)")
        else:
            server_of_2018(handler, _body)

    assert codes(judge_double(reply)) == ["server_too_old"]


def test_waiting_ends_when_the_schema_is_ready(database: Database) -> None:
    timer = threading.Timer(0.5, database.migrate, (37,))
    timer.start()
    begun = time.monotonic()
    assert database.info(wait=True, wait_timeout=120)["ready"] is True
    assert time.monotonic() - begun < 60
    timer.join()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "clickhouse.example.com:8123"}, "is not an HTTP address; set one such as"),
        ({"url": "http://user:secret-in-url@127.0.0.1:1"}, "set user, and password or secret_arn"),
        ({"langfuse_version": "3"}, "not an exact Langfuse version"),
    ],
)
def test_bad_options_are_named(migrated: Database, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ModuleFailed, match=text):
        migrated.info(**options)


# -- From the output of a one-off task --------------------------------------------------------------------------------


def ask_inside(database: Database, query: str, *options: str, password: str = PASSWORD) -> list[str]:
    """What the container's log holds: both streams of clickhouse-client (its double, on the engine)."""
    done = subprocess.run(
        [
            *(sys.executable, "-I", str(TESTS / "local_aws/container/clickhouse.py"), "26.9", "clickhouse-client"),
            *("--host", "127.0.0.1", "--port", str(database.server.native_port), "--user", USER),
            *("--multiquery", "--ignore-error", *options, "--query", query),
        ],
        env={"PATH": os.defpath, "CLICKHOUSE_PASSWORD": password, "LOCAL_AWS_BIND": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout.splitlines()


def of_task(output: list[str], database: str, version: str = V3) -> dict[str, Any]:
    return run_module(
        "clickhouse_schema_info", {"langfuse_version": version, "database": database, "task_output": output}
    )


def test_the_output_of_a_task_is_judged_alike(migrated: Database, database: Database) -> None:
    for made in (migrated, database):
        asked = run_module(
            "clickhouse_schema_info", {"langfuse_version": V3, "database": made.name, "queries_only": True}
        )
        output = ask_inside(made, asked["query"])
        found, direct = of_task(output, made.name), made.info()
        same = ("verdict", "ready", "version", "dirty", "reasons", "tables", "server_version", "timezone")
        assert {key: found[key] for key in same} == {key: direct[key] for key in same}
    assert of_task(output, database.name)["verdict"] == "empty"
    refused = ask_inside(migrated, asked["query"], password="wrong")
    assert of_task(refused, migrated.name)["verdict"] == "denied"
    assert of_task(["Code: 210. DB::NetException: Connection refused (a:9000). (NETWORK_ERROR)"], "default")[
        "verdict"
    ] == ("unreachable")
    assert of_task([], "default")["verdict"] == "unreachable"


def test_a_log_that_lost_lines_is_not_a_damaged_schema(migrated: Database) -> None:
    output = ask_inside(migrated, "; ".join(answers.statements(migrated.name)))
    for kept in range(1, len(output)):
        for rest in (output[:kept], output[kept:]):
            found = of_task(rest, migrated.name)
            assert found["verdict"] in ("ready", "incomplete", "unreachable"), rest
    assert of_task(output[1:], migrated.name)["ready"] is True


# -- Dirty, at each step, and its repair ------------------------------------------------------------------------------


EVERY = range(1, NEWEST + 1)
UNSAFE = [number for number in EVERY if not migrations.rerunnable(number)]


@pytest.mark.parametrize(("share", "numbers"), [(0.5, EVERY), (1, UNSAFE)], ids=["half", "whole"])
def test_dirty_at_each_step_is_repaired_and_migrated_on(
    database: Database, share: float, numbers: Iterable[int]
) -> None:
    """Migrations are interrupted among or after their statements; what the modules then say is carried out."""
    for number in numbers:
        database.stop_inside(number, share)
        found = database.info(V4)
        assert (found["verdict"], found["dirty"], found["version"]) == ("dirty", True, number)
        reason = found["reasons"][0]
        assert reason["rerunnable"] is migrations.rerunnable(number)
        applied = None
        if not reason["rerunnable"]:
            with pytest.raises(ModuleFailed) as refused:
                database.repair()
            said = {"all": "set migration_applied to true", "none": "set migration_applied to false"}
            assert said.get(reason["effect"], "complete it or take it back") in str(refused.value)
            applied = reason["effect"] == "all"
            if reason["effect"] == "partly":
                take_back(database, number)
        repaired = database.repair(migration_applied=applied)
        assert (repaired["changed"], repaired["repaired"], repaired["migration"]) == (True, True, number)
        assert database.state() == (number if applied else number - 1 or -1, False)
    database.migrate(NEWEST)
    assert database.info(V4)["ready"] is True


def take_back(database: Database, number: int) -> None:
    """What the refusal says: remove what is there of it."""
    found = answers.Answers()
    for line in database.client.execute(answers.facts_statement(database.name)).decode().splitlines():
        answers.parse([line], found)
    for step in migrations.steps(number, found.objects or {}):
        if step.done:
            database.client.execute(step.undo)


def test_check_mode_predicts_and_the_second_run_changes_nothing(database: Database) -> None:
    database.stop_inside(33, 0.5)
    with pytest.raises(MigrationError, match="Dirty database version"):
        database.migrate(33)
    predicted = database.repair(check=True)
    assert (predicted["changed"], predicted["repaired"], database.state()) == (True, False, (33, True))
    assert predicted["diff"]["before"] == {"version": 33, "dirty": True}
    assert predicted["diff"]["after"] == {"version": 32, "dirty": False, "statement": predicted["statement"]}
    assert (predicted["effect"], predicted["migration_name"]) == ("partly", "add_tool_call_columns")
    done = database.repair()
    assert {**done, "repaired": False} == predicted
    assert database.state() == (32, False)
    again = database.repair()
    assert (again["changed"], again["dirty"], again["statement"], again["version"]) == (False, False, "", 32)


def test_what_is_said_must_not_contradict_what_is_there(database: Database) -> None:
    database.stop_inside(8, 0.34)
    with pytest.raises(
        ModuleFailed, match="column environment of observations is there, column environment of scores is missing"
    ):
        database.repair()
    with pytest.raises(ModuleFailed, match="did not take effect: column environment of scores"):
        database.repair(migration_applied=True)
    with pytest.raises(ModuleFailed, match=r"ALTER TABLE .* DROP COLUMN environment"):
        database.repair(migration_applied=False)
    assert database.state() == (8, True)
    for table in ("observations", "scores", "traces"):
        database.client.execute(
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS environment LowCardinality(String) DEFAULT 'default'"
        )
    with pytest.raises(ModuleFailed, match="all that it changes is there: set migration_applied to true"):
        database.repair()
    assert database.repair(migration_applied=True)["version"] == 8
    assert database.state() == (8, False)


def test_repair_through_a_task_inside_the_vpc(database: Database) -> None:
    database.stop_inside(30)
    query = "; ".join(answers.statements(database.name))
    before = ask_inside(database, query)
    planned = run_module("clickhouse_schema_repair", {"database": database.name, "task_output": before})
    assert (planned["changed"], planned["repaired"], planned["version"]) == (False, False, 29)
    assert database.state() == (30, True)
    rows = "SELECT count() AS rows FROM schema_migrations"
    written = database.client.rows(rows)[0]["rows"]
    for _ in range(2):
        assert ask_inside(database, planned["statement"]) == []
    assert database.client.rows(rows)[0]["rows"] == written + 1, "the statement can run twice"
    after = run_module(
        "clickhouse_schema_repair", {"database": database.name, "task_output": ask_inside(database, query)}
    )
    assert (after["dirty"], after["version"]) == (False, 29)


def test_repair_says_why_it_cannot(database: Database) -> None:
    with pytest.raises(ModuleFailed, match="does not let the user in"):
        database.repair(password="a-wrong-password-of-clickhouse")
    assert database.repair()["changed"] is False
    database.migrate(37)
    newest = ClickHouseMigration(database.client, 37)
    newest._record(NEWEST + 1, True)
    with pytest.raises(ModuleFailed, match="is newer than what this collection knows"):
        database.repair()
    assert database.repair(migration_applied=False)["version"] == NEWEST


def test_repair_notices_a_migration_that_runs(database: Database) -> None:
    database.stop_inside(33)

    def meanwhile(body: bytes) -> None:
        if b"INSERT" in body:
            ClickHouseMigration(database.client, 33)._record(33, False)

    with (
        relay(database.server.port, meanwhile) as port,
        pytest.raises(ModuleFailed, match="changed while it was repaired"),
    ):
        database.repair(url=f"http://127.0.0.1:{port}")
    assert database.state() == (33, False)
