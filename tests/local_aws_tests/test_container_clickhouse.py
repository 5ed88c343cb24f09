# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of ClickHouse's image and its front, with the real engine behind them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_aws.container import clickhouse as image
from local_aws.engines import certificates, clickhouse_front, statements
from local_aws.ports import free_port

from .container_stack import PACKAGE, Container, Stack, request, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("clickhouse"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(stack: Stack) -> Iterator[Container]:
    with stack.clickhouse() as container:
        yield container


def client(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {
        "CLICKHOUSE_HOST": "localhost",
        "CLICKHOUSE_USER": "langfuse",
        "CLICKHOUSE_PASSWORD": "clickhouse-password",
    } | environment
    port = () if "--port" in arguments else ("--port", str(stack.native_port))
    return stack.run("clickhouse.py", "26.9", "clickhouse-client", *port, *arguments, **given)


def test_it_answers_queries_in_utc(stack: Stack, server: Container) -> None:
    answer = stack.query("SELECT timezone(), currentDatabase() FORMAT JSONEachRow")
    assert answer.json == {"timezone()": "UTC", "currentDatabase()": "default"}
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"


def test_parameters_formats_and_data_in_the_body(stack: Stack, server: Container) -> None:
    assert stack.query("CREATE TABLE rows (id UInt32, name String) ENGINE = MergeTree ORDER BY id").status == 200
    insert = "query=INSERT%20INTO%20rows%20FORMAT%20JSONEachRow&user=langfuse&password=clickhouse-password"
    assert request(f"{server.url}/?{insert}", b'{"id": 1, "name": "a;b"}\n{"id": 2, "name": "c"}').status == 200
    options = "default_format=JSONEachRow&param_wanted=2&max_threads=1"
    answer = request(
        f"{server.url}/?{options}",
        b"SELECT name FROM rows WHERE id = {wanted:UInt32}",
        keys=("langfuse", "clickhouse-password"),
    )
    assert answer.json == {"name": "c"}
    assert stack.query("SELECT name FROM rows WHERE id = 1").body == b"a;b\n"


@pytest.mark.parametrize(
    ("query", "status", "code", "text"),
    [
        ("SELECT * FROM no_such_table", 404, "60", "UNKNOWN_TABLE"),
        ("SELECT 1; SELECT 2", 400, "62", "Multi-statements are not allowed"),
        ("NONSENSE", 400, "62", "SYNTAX_ERROR"),
        ("", 400, "62", "Empty query"),
    ],
)
@pytest.mark.usefixtures("server")
def test_errors_are_clickhouse_s(stack: Stack, query: str, status: int, code: str, text: str) -> None:
    answer = stack.query(query)
    assert answer.status == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    assert answer.body.decode().startswith(f"Code: {code}. DB::Exception: ")
    assert text in answer.body.decode()


@pytest.mark.parametrize(("user", "password"), [("langfuse", "wrong"), ("nobody", ""), ("default", "")])
def test_wrong_credentials(stack: Stack, server: Container, user: str, password: str) -> None:
    answer = stack.query("SELECT 1", user, password)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert f"{user}: Authentication failed" in answer.body.decode()


def test_get_reads_only(stack: Stack, server: Container) -> None:
    query = "query=CREATE%20TABLE%20never%20(id%20Int8)%20ENGINE=Memory"
    answer = request(f"{server.url}/?{query}", keys=("langfuse", "clickhouse-password"))
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_the_native_port_is_not_for_http(stack: Stack, server: Container) -> None:
    answer = request(f"http://127.0.0.1:{stack.native_port}/ping")
    assert answer.status == 400
    assert "is for clickhouse-client program" in answer.body.decode()


def test_system_logs_follow_the_configuration(stack: Stack, server: Container) -> None:
    answer = stack.query("SELECT name, engine_full LIKE '%TTL%' FROM system.tables WHERE name LIKE '%\\_log'")
    tables = dict(line.split("\t") for line in answer.body.decode().splitlines())
    assert "trace_log" not in tables
    assert "text_log" not in tables
    assert tables["query_log"] == "1"
    assert tables["part_log"] == "0"


def test_the_data_directory_has_one_server(stack: Stack, server: Container) -> None:
    second = stack.run("clickhouse.py", "26.9", **stack.clickhouse_settings)
    assert second.returncode == 76
    assert "Another server instance in same directory is already running" in second.stderr


def test_client_runs_every_statement_in_one_session(stack: Stack, server: Container) -> None:
    text = "CREATE DATABASE IF NOT EXISTS other; USE other; SELECT currentDatabase(); SELECT 'a;b' -- ; comment"
    done = client(stack, "--multiquery", "--query", text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "other\na;b\n", "")


def test_client_stops_at_an_error_with_its_code(stack: Stack, server: Container) -> None:
    done = client(stack, "-q", "SELECT 1; SELECT * FROM nowhere; SELECT 2")
    assert (done.returncode, done.stdout) == (60, "1\n")
    assert done.stderr.startswith("Code: 60. DB::Exception: Received from localhost:")
    done = client(stack, "--ignore-error", "-q", "SELECT 1; SELECT * FROM nowhere; SELECT 2")
    assert (done.returncode, done.stdout) == (0, "1\n2\n")
    assert "Code: 60" in done.stderr


def test_client_tells_what_it_cannot_reach(stack: Stack, server: Container) -> None:
    done = client(stack, "--port", str(free_port()), "-q", "SELECT 1")
    assert done.returncode == 210
    assert "Connection refused" in done.stderr
    done = client(stack, "--port", str(stack.http_port), "-q", "SELECT 1")
    assert done.returncode == 210
    done = client(stack, "-q", "SELECT 1", CLICKHOUSE_PASSWORD="wrong")
    assert done.returncode == 516 % 256
    assert "Code: 516" in done.stderr
    done = client(stack, "--host", "clickhouse.demo.internal", "-q", "SELECT 1", AWS_ENDPOINT_URL="")
    assert done.returncode == 198


def test_client_reads_files_and_parameters(stack: Stack, server: Container, tmp_path: Path) -> None:
    file = tmp_path / "queries.sql"
    file.write_text("SELECT {name:String} AS name FORMAT JSONEachRow;\n-- nothing more\n")
    done = client(stack, "--queries-file", str(file), "--param_name=value")
    assert json.loads(done.stdout) == {"name": "value"}


def test_other_commands_replace_the_server(stack: Stack) -> None:
    done = stack.run("clickhouse.py", "26.9", "sh", "-c", "echo $CLICKHOUSE_USER", **stack.clickhouse_settings)
    assert (done.returncode, done.stdout) == (0, "langfuse\n")


def test_without_user_and_password_only_localhost_comes_in(tmp_path: Path) -> None:
    own = Stack(tmp_path)
    try:
        with own.clickhouse(CLICKHOUSE_DB="application") as container:
            assert "disabling network access for user 'default'" in container.output
            databases = request(f"http://localhost:{own.http_port}/", b"SHOW DATABASES").body.decode().split()
            assert "application" in databases
            table = b"CREATE TABLE application.kept ENGINE = MergeTree ORDER BY id AS SELECT 7 AS id"
            assert request(f"http://localhost:{own.http_port}/", table).status == 200
            from_elsewhere = request(f"{container.url}/", b"SELECT 1", Host="clickhouse.demo.internal:8123")
            assert from_elsewhere.status == 403
        # Its data stay.
        with own.clickhouse(CLICKHOUSE_SKIP_USER_SETUP="1") as container:
            answer = request(f"{container.url}/", b"SELECT id FROM application.kept", Host="clickhouse.demo.internal")
            assert (answer.status, answer.body) == (200, b"7\n")
            logs = request(container.url, b"SELECT name FROM system.tables WHERE name LIKE '%\\_log' AND engine != ''")
            assert {"query_log", "part_log"} <= set(logs.body.decode().split())
    finally:
        own.close()


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("<clickhouse><http_port>1</clickhouse>", 70, "SAXParseException"),
        ("<config><http_port>1</http_port></config>", 70, "It must be <clickhouse>"),
        ("<clickhouse><http_port>many</http_port></clickhouse>", 70, "Not a valid number"),
        ("<clickhouse><timezone>Mars/Olympus</timezone></clickhouse>", 70, "Cannot load time zone"),
        ("<clickhouse><max_memory_usage>1</max_memory_usage></clickhouse>", 137, "appeared at top level"),
    ],
)
def test_bad_configuration_stops_the_server(tmp_path: Path, text: str, status: int, message: str) -> None:
    folder = tmp_path / "etc/clickhouse-server/config.d"
    folder.mkdir(parents=True)
    (folder / "local.xml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-I", str(PACKAGE / "container/clickhouse.py"), "26.9"],
        env={"PATH": os.defpath, "LOCAL_AWS_ROOT": str(tmp_path), "CLICKHOUSE_PASSWORD": "x"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == status, done.stderr
    assert message in done.stderr


def test_configuration_merges_files_and_options(tmp_path: Path) -> None:
    folder = tmp_path / "config.d"
    folder.mkdir()
    (folder / "a.xml").write_text("<clickhouse><http_port>1</http_port><part_log remove='remove'/></clickhouse>")
    (folder / "b.xml").write_text("<yandex><http_port>2</http_port><logger><level>warning</level></logger></yandex>")
    merged = image.configuration(tmp_path, ["--", "--max_server_memory_usage_to_ram_ratio=0.8"])
    assert merged["http_port"] == "2"
    assert merged["tcp_port"] == "9000"
    assert merged["logger"] == {"level": "warning"}
    assert merged["max_server_memory_usage_to_ram_ratio"] == "0.8"
    assert "part_log" not in merged
    with pytest.raises(image.ConfigurationError, match="Unexpected argument"):
        image.configuration(tmp_path, ["--", "http_port"])


def test_the_hosts_of_a_cluster(tmp_path: Path) -> None:
    folder = tmp_path / "config.d"
    folder.mkdir()
    assert image.clusters_of(tmp_path) == {}
    replicas = "".join(f"<replica><host>{host}</host></replica>" for host in ("one", "two"))
    text = f"<clickhouse><remote_servers><default><shard>{replicas}</shard></default></remote_servers></clickhouse>"
    (folder / "a.xml").write_text(text)
    assert image.clusters_of(tmp_path) == {"default": ("one", "two")}


def test_a_statement_for_a_cluster_becomes_one_for_this_server() -> None:
    clusters = {"default": ("one", "two")}
    text = "CREATE TABLE t ON CLUSTER default (id Int8) ENGINE = ReplicatedReplacingMergeTree(e, d) ORDER BY id"
    wanted = "CREATE TABLE t (id Int8) ENGINE = ReplacingMergeTree(e, d) ORDER BY id"
    assert clickhouse_front.of_one_server(text, clusters) == f"{wanted} COMMENT 'of a replicated engine'"
    assert clickhouse_front.of_one_server(text, {}) == text
    data = "INSERT INTO t VALUES ('DROP TABLE t ON CLUSTER default')"
    assert clickhouse_front.of_one_server(data, clusters) == data
    with pytest.raises(clickhouse_front.ServerError, match="'other' not found"):
        clickhouse_front.of_one_server("DROP TABLE t ON CLUSTER other", clusters)
    told = clickhouse_front.of_one_server("SELECT host_name FROM system.clusters", clusters)
    assert "arrayJoin(['one', 'two']) AS host_name" in told


def test_the_engine_takes_what_becomes_of_statements_for_a_cluster(tmp_path: Path) -> None:
    engine = clickhouse_front.Engine(tmp_path / "data", {}, {"default": ("one", "two")})

    def run(query: str) -> str:
        return engine.run(clickhouse_front.Request(query, "", "TabSeparated", "", {}, {})).body.decode()

    run(
        "CREATE TABLE t ON CLUSTER default (id Int8) ENGINE = ReplicatedMergeTree ORDER BY id SETTINGS index_granularity = 1;"
    )
    run("CREATE TABLE u (id Int8) ENGINE = MergeTree ORDER BY id")
    found = run("SELECT x.name, x.engine FROM system.tables AS x WHERE x.database = currentDatabase() ORDER BY x.name")
    assert found == "t\tReplicatedMergeTree\nu\tMergeTree\n"
    assert run("SELECT cluster, shard_num, host_name FROM system.clusters") == "default\t1\tone\ndefault\t1\ttwo\n"
    engine.close()


def test_front_alone_with_tls(tmp_path: Path) -> None:
    pair = certificates.server_certificate(tmp_path, ["clickhouse.example.org"])
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local_aws.engines.clickhouse_front", "--https-port", str(port)),
            *("--data-dir", str(tmp_path / "data"), "--user", "external", "--password-env", "SECRET"),
            *("--certificate", str(pair.certificate), "--key", str(pair.key), "--database", "langfuse"),
        ],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent), "SECRET": "secret"},
    )
    try:
        import ssl
        import urllib.request

        context = ssl.create_default_context(cafile=str(certificates.ca_file(tmp_path)))
        asked = urllib.request.Request(f"https://localhost:{port}/?query=SHOW%20DATABASES")
        asked.add_header("X-ClickHouse-User", "external")
        asked.add_header("X-ClickHouse-Key", "secret")
        found = wait_until(lambda: urllib.request.urlopen(asked, timeout=5, context=context).read())
        assert b"langfuse\n" in found
    finally:
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT ';'; -- a;b\nSELECT \"x;y\";;", ["SELECT ';'", '-- a;b\nSELECT "x;y"']),
        ("/* ; */ ; SELECT 'it''s;' ", ["SELECT 'it''s;'"]),
        ('INSERT INTO t FORMAT JSONEachRow {"a": ";"}; x', ['INSERT INTO t FORMAT JSONEachRow {"a": ";"}; x']),
        ("INSERT INTO t VALUES (1); SELECT 2", ["INSERT INTO t VALUES (1)", "SELECT 2"]),
        ("INSERT INTO t SELECT 1 FORMAT Null; SELECT 2", ["INSERT INTO t SELECT 1 FORMAT Null", "SELECT 2"]),
        ("", []),
    ],
)
def test_statements_split(text: str, parts: list[str]) -> None:
    assert list(statements.split(text)) == parts
