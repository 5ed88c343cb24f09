# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doubles of Langfuse's images: settings, migrations, and a trace from ingestion to reading back."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import traces
from local_aws.container import migrations, network, settings, stores, web, worker
from local_aws.container.service import DOUBLE, DOUBLE_HEADER
from local_aws.engines import certificates, postgres, valkey
from local_aws.ports import free_port

from .container_stack import BUCKET, KEYS, VERSION, Container, Stack, request, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("langfuse"))
    with made.clickhouse():
        yield made
    made.close()


@pytest.fixture(scope="module")
def migrated(stack: Stack) -> Stack:
    done = stack.run("langfuse.py", "web", VERSION, "true", **stack.settings)
    assert done.returncode == 0, done.stderr
    return stack


@pytest.fixture(scope="module")
def web_container(migrated: Stack) -> Iterator[Container]:
    with started(migrated, "web") as container:
        yield container


@pytest.fixture(scope="module")
def worker_container(migrated: Stack) -> Iterator[Container]:
    with started(migrated, "worker") as container:
        yield container


class started:
    """Web or worker, answering."""

    def __init__(self, stack: Stack, component: str, version: str = VERSION, **changes: str) -> None:
        port = {"web": 3000, "worker": 3030}[component]
        environment = {**stack.service_settings, **changes}
        self._started = stack.start("langfuse.py", component, version, ports={port: free_port()}, **environment)
        self._path = {"web": "/api/public/health", "worker": "/api/health"}[component]

    def __enter__(self) -> Container:
        container = self._started.__enter__()
        began = time.monotonic()
        wait_until(lambda: container.process.poll() is not None or request(container.url + self._path).status)
        container.seconds = time.monotonic() - began  # type: ignore[attr-defined]
        assert container.process.poll() is None, container.output
        return container

    def __exit__(self, *exception: Any) -> None:
        self._started.__exit__(*exception)


def rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    url = f"postgresql://langfuse:database-password@localhost:{stack.postgres_port}/langfuse?sslmode=require"
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


def event(kind: str, **body: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, "timestamp": now(), "body": body}


# -- migration --------------------------------------------------------------------------------------------------------


def test_migration_reaches_the_head_of_the_version(migrated: Stack) -> None:
    state = migrated.query("SELECT version, dirty FROM schema_migrations ORDER BY sequence DESC LIMIT 1")
    assert state.body == b"37\t0\n"
    assert migrated.query("SELECT count() FROM schema_migrations").body == b"74\n"
    assert rows(migrated, "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL") == [(0,)]
    gated = rows(migrated, "SELECT count(*) FROM background_migrations WHERE args ? 'envGate'")
    assert gated == [(5,)]


def test_the_schema_is_the_recorded_one(migrated: Stack) -> None:
    recorded = settings.data("clickhouse_migrations")["final"]["37"]
    lines = migrated.query(
        "SELECT name, engine, sorting_key FROM system.tables WHERE database = 'default' FORMAT JSONEachRow"
    ).body.splitlines()
    tables = {row["name"]: row for row in map(json.loads, lines)}
    assert set(tables) == {*recorded, "schema_migrations"}
    for name, wanted in recorded.items():
        found = tables[name]
        assert (found["engine"], found["sorting_key"]) == (wanted["engine"], wanted["sorting_key"])
        columns = migrated.query(
            f"SELECT name, type FROM system.columns WHERE table = '{name}' AND database = 'default' FORMAT JSONEachRow"
        ).body.splitlines()
        assert {row["name"]: row["type"] for row in map(json.loads, columns)} == wanted["columns"]


def test_migration_again_changes_nothing(migrated: Stack) -> None:
    done = migrated.run("langfuse.py", "web", VERSION, "true", **migrated.settings)
    assert (done.returncode, done.stderr.strip()) == (0, "no change")


def test_command_gets_its_exit_status(migrated: Stack) -> None:
    done = migrated.run("langfuse.py", "web", VERSION, "sh", "-c", "exit 7", **migrated.service_settings)
    assert done.returncode == 7


def test_version_4_and_no_way_back(tmp_path: Path) -> None:
    own = Stack(tmp_path)
    try:
        with own.clickhouse():
            done = own.run("langfuse.py", "web", "4.16.0", "true", **own.settings)
            assert done.returncode == 0, done.stderr
            assert own.query("SELECT max(version) FROM schema_migrations").body == b"46\n"
            names = own.query("SHOW TABLES").body.decode().split()
            assert "events_core" in names
            assert "event_log" not in names
            done = own.run("langfuse.py", "web", VERSION, "true", **own.settings)
            assert done.returncode == 1
            assert "no migration found for version 46" in done.stderr
            with started(own, "web", "4.16.0") as served, started(own, "worker", "4.16.0") as working:
                trace = uuid.uuid4().hex
                body = {"batch": [event("trace-create", id=trace, name="four")]}
                refused = request(f"{served.url}/api/public/ingestion", body, KEYS)
                assert (refused.status, refused.json["successes"]) == (207, [])
                assert "events_only" in refused.json["errors"][0]["error"]
                sent = traces.message("otlp", "protobuf", trace, "four", datetime.datetime.now(datetime.UTC))
                answer = request(f"{served.url}{sent.path}", sent.body, KEYS, Content_Type=sent.content_type)
                assert answer.status == 200, answer.body
                url = f"{served.url}/api/public/v2/observations?traceId={trace}"
                found = wait_until(lambda: request(url, keys=KEYS).json["data"])
                assert {each["traceId"] for each in found} == {trace}
                assert "ping" in [each["input"] for each in found]
                gone = request(f"{served.url}/api/public/traces/{trace}", keys=KEYS)
                assert (gone.status, "events_only mode" in gone.json["message"]) == (404, True)
                assert own.query("SELECT count() FROM traces").body == b"0\n"
                # All but the one that drops the scratch table, which waits for a variable of its own.
                waiting = "SELECT name FROM background_migrations WHERE finished_at IS NULL"
                wait_until(lambda: rows(own, waiting) == [("20260701_v4_step_5_drop_pid_tid_sorting_tables",)])
                assert working.process.poll() is None
    finally:
        own.close()


def test_a_dirty_schema_stops_the_migration(migrated: Stack) -> None:
    sequence = time.time_ns()
    migrated.query(f"INSERT INTO schema_migrations VALUES (31, 1, {sequence})")
    done = migrated.run("langfuse.py", "web", VERSION, "true", **migrated.settings)
    assert done.returncode == 1
    assert "Dirty database version 31. Fix and force version." in done.stderr
    migrated.query(f"INSERT INTO schema_migrations VALUES (37, 0, {sequence + 1})")


def test_a_failing_migration_leaves_the_schema_dirty(tmp_path: Path) -> None:
    own = Stack(tmp_path)
    try:
        with own.clickhouse():
            own.query("CREATE TABLE observations (id String) ENGINE = MergeTree ORDER BY id")
            done = own.run("langfuse.py", "web", VERSION, "true", **own.settings)
            assert done.returncode == 1
            assert "TABLE_ALREADY_EXISTS" in done.stderr
            assert "Applying clickhouse migrations failed" in done.stderr
            state = own.query("SELECT version, dirty FROM schema_migrations ORDER BY sequence DESC LIMIT 1")
            assert state.body == b"2\t1\n"
    finally:
        own.close()


def test_a_failed_prisma_migration_stops_the_next(migrated: Stack) -> None:
    url = f"postgresql://langfuse:database-password@localhost:{migrated.postgres_port}/langfuse?sslmode=require"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '20990101_broken')"
        )
        done = migrated.run("langfuse.py", "web", VERSION, "true", **migrated.settings)
        connection.execute("DELETE FROM _prisma_migrations WHERE id = 'x'")
    assert done.returncode == 1
    assert "P3009" in done.stderr
    assert "`20990101_broken` migration failed" in done.stderr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DATABASE_HOST": ""}, "Required database environment variables are not set"),
        ({"DATABASE_PASSWORD": "wrong"}, "P1000: Authentication failed"),
        ({"DATABASE_PASSWORD": "a/b#c"}, "P1013"),
        ({"DATABASE_NAME": "nowhere"}, "P1003"),
        ({"DATABASE_ARGS": "sslmode=disable"}, "no encryption"),
        ({"DATABASE_HOST": "127.0.0.1:1"}, "P1001: Can't reach database server"),
        ({"CLICKHOUSE_URL": ""}, "CLICKHOUSE_URL is not configured"),
        ({"CLICKHOUSE_MIGRATION_URL": ""}, "CLICKHOUSE_MIGRATION_URL is not set"),
        ({"CLICKHOUSE_PASSWORD": "wrong"}, "Code: 516"),
        ({"CLICKHOUSE_PASSWORD": "clickhouse-password&x"}, ""),
        ({"CLICKHOUSE_CLUSTER_ENABLED": ""}, "CLUSTER_DOESNT_EXIST"),
    ],
)
def test_what_stops_a_migration(migrated: Stack, changes: dict[str, str], message: str) -> None:
    environment = migrated.settings | changes
    # With `&`, the migration still reads the right password from its address; the application would not.
    expected = 0 if message == "" else 1
    done = migrated.run("langfuse.py", "web", VERSION, "true", **environment)
    assert done.returncode == expected, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "changes", "message"),
    [
        ("web", {"SALT": ""}, "SALT"),
        ("web", {"NEXTAUTH_SECRET": ""}, "NEXTAUTH_SECRET"),
        ("web", {"NEXTAUTH_URL": "somewhere"}, "Invalid URL"),
        ("web", {"ENCRYPTION_KEY": "abc"}, "ENCRYPTION_KEY must be 256 bits"),
        ("web", {"REDIS_TLS_ENABLED": "yes"}, "REDIS_TLS_ENABLED"),
        ("web", {"LANGFUSE_INIT_USER_PASSWORD": "short", "LANGFUSE_INIT_USER_EMAIL": "a@b.c"}, "at least 8 characters"),
        ("worker", {"LANGFUSE_S3_EVENT_UPLOAD_BUCKET": ""}, "LANGFUSE_S3_EVENT_UPLOAD_BUCKET"),
        ("worker", {"REDIS_PORT": "6_379"}, "expected number"),
        ("worker", {"LANGFUSE_MIGRATION_V4_NATIVE_OTEL_BEHAVIOUR": "direct"}, "cannot be used with"),
        ("worker", {"LANGFUSE_LOG_LEVEL": "loud"}, "LANGFUSE_LOG_LEVEL"),
    ],
)
def test_settings_with_which_langfuse_does_not_start(
    migrated: Stack, component: str, changes: dict[str, str], message: str
) -> None:
    done = migrated.run("langfuse.py", component, VERSION, **migrated.service_settings | changes)
    assert done.returncode == 1
    assert message in done.stderr


def test_an_image_without_an_exact_version(migrated: Stack) -> None:
    done = migrated.run("langfuse.py", "worker", "latest", **migrated.settings)
    assert (done.returncode, "'latest'" in done.stderr) == (1, True)


def test_numbers_are_javascript_s() -> None:
    given = {"REDIS_PORT": "1e3", "LANGFUSE_S3_CONCURRENT_READS": "0"}
    found = dict(settings.faults("worker", (3, 225, 4), given))
    assert "REDIS_PORT" not in found
    assert found["LANGFUSE_S3_CONCURRENT_READS"].startswith("Too small")


@pytest.mark.parametrize(
    ("version", "head"), [("3.0.0", 6), ("3.28.2", 5), ("3.143.0", 34), ("3.225.4", 37), ("4.0.0", 46), ("4.16.0", 46)]
)
def test_heads_of_releases(version: str, head: int) -> None:
    assert migrations.head_of(settings.parse_version(version)) == head


# -- web and worker ---------------------------------------------------------------------------------------------------


def test_web_says_its_health_and_that_it_is_a_double(web_container: Container) -> None:
    answer = request(f"{web_container.url}/api/public/health?failIfDatabaseUnavailable=true")
    assert (answer.status, answer.json["status"], answer.json["version"]) == (200, "OK", VERSION)
    assert answer.headers[DOUBLE_HEADER] == DOUBLE
    assert "not Langfuse" in answer.json["double"]
    assert request(f"{web_container.url}/api/public/ready").status == 200


def test_starting_is_fast(web_container: Container, worker_container: Container) -> None:
    assert web_container.seconds < 3  # type: ignore[attr-defined]
    assert worker_container.seconds < 3  # type: ignore[attr-defined]


def test_the_key_of_the_environment_opens_its_project(web_container: Container) -> None:
    answer = request(f"{web_container.url}/api/public/projects", keys=KEYS)
    assert answer.status == 200
    assert answer.json["data"][0]["id"] == "project"
    assert answer.json["data"][0]["organization"] == {"id": "organization", "name": "Organization"}


@pytest.mark.parametrize("keys", [None, (KEYS[0], "sk-lf-wrong"), ("pk-lf-wrong", "sk-lf-wrong"), (KEYS[0], "")])
@pytest.mark.parametrize("path", ["projects", "traces/x", "ingestion", "otel/v1/traces"])
def test_other_keys_do_not(web_container: Container, keys: tuple[str, str] | None, path: str) -> None:
    body: dict[str, list[Any]] | None = {"batch": []} if path in ("ingestion", "otel/v1/traces") else None
    assert request(f"{web_container.url}/api/public/{path}", body, keys).status == 401


def test_a_trace_goes_through_all_four_stores(
    migrated: Stack, web_container: Container, worker_container: Container
) -> None:
    trace, span = uuid.uuid4().hex, uuid.uuid4().hex
    url = f"{web_container.url}/api/public/traces/{trace}"
    assert request(url, keys=KEYS).status == 404
    batch = [
        event("trace-create", id=trace, name="checkout", userId="u", metadata={"k": "v"}, tags=["a"], input="in"),
        event("generation-create", id=span, traceId=trace, name="call", model="m", usageDetails={"input": 3}),
        {"id": "bad", "type": "no-such-event", "timestamp": now(), "body": {}},
    ]
    answer = request(f"{web_container.url}/api/public/ingestion", {"batch": batch}, KEYS)
    assert answer.status == 207
    assert [each["status"] for each in answer.json["successes"]] == [201, 201]
    assert answer.json["errors"][0]["id"] == "bad"
    wait_until(lambda: request(url, keys=KEYS).status == 200 and request(url, keys=KEYS).json["observations"])
    found = request(url, keys=KEYS).json
    assert (found["name"], found["userId"], found["input"], found["tags"]) == ("checkout", "u", "in", ["a"])
    assert found["metadata"] == {"k": "v"}
    assert [(each["id"], each["type"], each["usageDetails"]) for each in found["observations"]] == [
        (span, "GENERATION", {"input": 3})
    ]
    listed = migrated.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"events/project/trace/{trace}/")
    assert listed["KeyCount"] == 1
    query = f"SELECT bucket_path FROM blob_storage_file_log WHERE entity_id = '{trace}'"
    wait_until(lambda: migrated.query(query).body.decode().strip() == listed["Contents"][0]["Key"])
    # An update keeps what it does not name.
    batch = [event("trace-create", id=trace, output={"x": 1}), event("span-update", id=span, level="ERROR")]
    assert request(f"{web_container.url}/api/public/ingestion", {"batch": batch}, KEYS).status == 207
    wait_until(lambda: request(url, keys=KEYS).json["output"] == '{"x": 1}')
    wait_until(lambda: request(url, keys=KEYS).json["observations"][0]["level"] == "ERROR")
    found = request(url, keys=KEYS).json
    assert (found["name"], found["observations"][0]["name"]) == ("checkout", "call")
    recent = request(f"{web_container.url}/api/public/health?failIfNoRecentEvents=true")
    assert recent.status == 200


def test_opentelemetry_as_json(web_container: Container, worker_container: Container) -> None:
    trace = uuid.uuid4().hex
    nanoseconds = str(time.time_ns())
    span = {
        "traceId": trace,
        "spanId": trace[:16],
        "name": "root",
        "startTimeUnixNano": nanoseconds,
        "endTimeUnixNano": nanoseconds,
        "attributes": [{"key": "langfuse.trace.name", "value": {"stringValue": "otel"}}],
    }
    body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]}
    url = f"{web_container.url}/api/public/otel/v1/traces"
    assert request(url, body, KEYS).status == 200
    readable = f"{web_container.url}/api/public/traces/{trace}"
    wait_until(lambda: request(readable, keys=KEYS).status == 200 and request(readable, keys=KEYS).json["observations"])
    assert request(readable, keys=KEYS).json["name"] == "otel"
    for content, kind, error in (
        (b"\xff", "application/x-protobuf", "Failed to parse OTel Protobuf Trace"),
        (b"{", "application/json", "Failed to parse OTel JSON Trace"),
        (b"{}", "text/plain", "Invalid content type"),
    ):
        refused = request(url, content, KEYS, Content_Type=kind)
        assert (refused.status, refused.json["error"]) == (400, error)
    refused = request(url, body, KEYS, x_langfuse_ingestion_version="5")
    assert (refused.status, "Maximum supported" in refused.json["error"]) == (400, True)


def test_worker_health_and_background_migrations(migrated: Stack, worker_container: Container) -> None:
    answer = request(f"{worker_container.url}/api/health")
    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.headers[DOUBLE_HEADER] == DOUBLE
    assert "version" not in answer.json
    asked = request(
        f"{worker_container.url}/api/health?failIfEventPropagationStuck=true&failIfQueueConsumptionStuck=true"
    )
    assert asked.json["eventPropagation"]["stuck"] is False
    assert "queueConsumption" not in asked.json, "version 4 brought it"
    query = (
        "SELECT count(*) FILTER (WHERE finished_at IS NULL AND args->>'envGate' IS NULL),"
        " count(*) FILTER (WHERE finished_at IS NULL AND args->>'envGate' IS NOT NULL) FROM background_migrations"
    )
    # The gated rows stay unfinished on version 3.
    wait_until(lambda: rows(migrated, query) == [(0, 5)])


@pytest.mark.parametrize(
    "changes",
    [
        {"REDIS_AUTH": "wrong"},
        {"REDIS_AUTH": ""},
        {"REDIS_TLS_ENABLED": "false"},
        {"REDIS_HOST": ""},
        {"REDIS_CLUSTER_ENABLED": "true", "REDIS_CLUSTER_NODES": "valkey"},
        {"DATABASE_PASSWORD": "wrong"},
    ],
)
def test_a_worker_that_cannot_reach_its_stores_is_unhealthy(migrated: Stack, changes: dict[str, str]) -> None:
    if "REDIS_CLUSTER_NODES" in changes:
        changes = changes | {"REDIS_CLUSTER_NODES": f"127.0.0.1:{migrated.valkey_port}"}
    with started(migrated, "worker", **changes) as container:
        answer = request(f"{container.url}/api/health")
        assert (answer.status, answer.json["status"]) == (500, "error")


def test_the_policy_of_the_queue_s_server_is_looked_at(migrated: Stack) -> None:
    valkey.set_parameters(migrated.context, "demo", {"maxmemory-policy": "allkeys-lru"})
    try:
        with started(migrated, "worker") as container:
            wait_until(lambda: "Eviction policy is allkeys-lru" in container.output)
    finally:
        valkey.set_parameters(migrated.context, "demo", {"maxmemory-policy": "noeviction"})


def test_web_ends_gracefully(migrated: Stack) -> None:
    with started(migrated, "web", LOCAL_AWS_TIME_SCALE="0.05") as container:
        container.process.terminate()
        wait_until(
            lambda: request(f"{container.url}/api/public/ready").status == 500,
            tell=lambda: f"ended with {container.process.poll()}, output {container.output}",
        )
        assert request(f"{container.url}/api/public/health").status == 200
        assert container.process.wait(10) == 0


def test_a_hostname_of_its_own_is_not_localhost(migrated: Stack) -> None:
    port = free_port()
    environment = {name: value for name, value in migrated.service_settings.items() if name != "HOSTNAME"}
    with migrated.start("langfuse.py", "web", VERSION, ports={3000: port}, **environment) as container:
        wait_until(lambda: "listens on ip-10-0-0-5" in container.output)
        with pytest.raises(OSError, match="refused"):
            request(container.url)


def test_provisioning_creates_and_never_updates(migrated: Stack) -> None:
    changes = {"LANGFUSE_INIT_PROJECT_NAME": "Renamed", "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf-changed"}
    with started(migrated, "web", **changes) as container:
        answer = request(f"{container.url}/api/public/projects", keys=KEYS)
        assert (answer.status, answer.json["data"][0]["name"]) == (200, "Project")
        assert request(f"{container.url}/api/public/projects", keys=(KEYS[0], "sk-lf-changed")).status == 401
    assert rows(migrated, "SELECT email FROM users") == [("owner@example.com",)]


def test_health_without_database(migrated: Stack) -> None:
    with started(migrated, "web", LANGFUSE_INIT_ORG_ID="", DATABASE_PASSWORD="wrong") as container:
        assert request(f"{container.url}/api/public/health").status == 200
        answer = request(f"{container.url}/api/public/health?failIfDatabaseUnavailable=true")
        assert (answer.status, answer.json["status"]) == (503, "Database not available")


def test_health_without_clickhouse(migrated: Stack) -> None:
    with started(migrated, "web", CLICKHOUSE_PASSWORD="wrong") as container:
        answer = request(f"{container.url}/api/public/health?failIfNoRecentEvents=true")
        assert (answer.status, answer.json["status"]) == (503, "Couldn't fetch recent events")


def test_ingestion_without_bucket(migrated: Stack) -> None:
    with started(migrated, "web", LANGFUSE_S3_EVENT_UPLOAD_BUCKET="no-such-bucket") as container:
        body = {"batch": [event("trace-create", id="x")]}
        answer = request(f"{container.url}/api/public/ingestion", body, KEYS)
        assert answer.status == 500
        assert "Failed to upload events to blob storage" in answer.json["message"]


def test_a_job_waits_until_the_bucket_can_be_read(migrated: Stack, web_container: Container) -> None:
    trace = uuid.uuid4().hex
    with started(migrated, "worker", LANGFUSE_S3_EVENT_UPLOAD_PREFIX="elsewhere/", REDIS_KEY_PREFIX="own") as container:
        client = stores.redis(migrated.settings | {"REDIS_TLS_CA_PATH": str(certificates.ca_file(migrated.folder))})
        job = {
            "fileKey": f"project/trace/{trace}/e.json",
            "type": "trace",
            "eventBodyId": trace,
            "projectId": "project",
        }
        client.lpush("own:" + stores.QUEUE, json.dumps(job))
        wait_until(lambda: "failed (attempt 1)" in container.output)
        content = json.dumps([event("trace-create", id=trace, name="late")])
        migrated.s3.put_object(Bucket=BUCKET, Key=f"elsewhere/{job['fileKey']}", Body=content)
        wait_until(lambda: migrated.query(f"SELECT name FROM traces WHERE id = '{trace}'").body == b"late\n")


# -- pieces -----------------------------------------------------------------------------------------------------------


def test_redis_without_auth_sends_undefined() -> None:
    host, port, options = stores._redis_address({"REDIS_HOST": "cache", "REDIS_PORT": "1e3"})
    assert (host, port, options["password"]) == ("cache", 1000, "undefined")


def test_redis_connection_string_wins() -> None:
    given = {"REDIS_CONNECTION_STRING": "redis://u:p%40@there:7000", "REDIS_HOST": "cache"}
    host, port, options = stores._redis_address(given)
    assert (host, port, options["username"], options["password"]) == ("there", 7000, "u", "p@")


def test_prisma_verifies_certificates_only_when_strict(migrated: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    base = f"postgresql://langfuse:database-password@127.0.0.1:{migrated.postgres_port}/langfuse?sslmode=require"
    stores.database(base).close()
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(stores.StoreError, match="certificate"):
        stores.database(f"{base}&sslaccept=strict")
    stores.database(f"{base}&sslaccept=strict&sslcert={certificates.ca_file(migrated.folder)}").close()


def test_private_names_are_asked_at_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    import http.server
    import threading

    class Platform(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/_local/resolve?name=clickhouse.demo.internal"
            body = json.dumps({"addresses": ["127.0.0.1"] if known else []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    found = network._getaddrinfo("clickhouse.demo.internal", 8123)
    assert {each[4] for each in found} == {("127.0.0.1", 8123)}
    assert network.ask_platform("other.demo.internal") == []
    server.shutdown()
    server.server_close()


def test_otel_spans_become_events() -> None:
    span = {"traceId": "t", "spanId": "child", "parentSpanId": "root", "name": "n", "startTimeUnixNano": "1000000000"}
    events = worker.otel_events([{"scopeSpans": [{"spans": [span]}]}])
    assert [each["type"] for each in events] == ["observation-create"]
    assert events[0]["body"]["parentObservationId"] == "root"
    assert events[0]["body"]["startTime"] == "1970-01-01T00:00:01.000+00:00"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"id": "a", "type": "trace-create", "timestamp": now(), "body": {}}, None),
        ({"id": "a", "type": "trace-create", "timestamp": "yesterday", "body": {}}, "timestamp: invalid ISO datetime"),
        ({"id": "a", "type": "trace-create", "timestamp": now()}, "body: expected object"),
        ({"type": "trace-create"}, "id: expected string"),
        ("text", "expected object"),
    ],
)
def test_event_faults(given: Any, fault: str | None) -> None:
    assert web.event_fault(given) == fault


def test_password_rotation_is_felt(migrated: Stack) -> None:
    postgres.set_password(migrated.context, "demo", "langfuse", "rotated")
    valkey.set_auth_tokens(migrated.context, "demo", ["rotated"])
    try:
        with started(migrated, "worker") as container:
            assert request(f"{container.url}/api/health").status == 500
        with started(migrated, "worker", DATABASE_PASSWORD="rotated", REDIS_AUTH="rotated") as container:
            assert request(f"{container.url}/api/health").status == 200
    finally:
        postgres.set_password(migrated.context, "demo", "langfuse", "database-password")
        valkey.set_auth_tokens(migrated.context, "demo", ["cache-token"])
