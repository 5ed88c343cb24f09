# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles clickhouse and grafana write, read by the doubles: ClickHouse's user that can only read, on the real engine, and the
dashboard's statements on Langfuse's tables. Grants of a user are not checked here, for the engine has none."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from local_aws.container import grafana, migrations
from local_aws.ports import free_port

from .container_stack import Stack, request, wait_until

ROLES = Path(__file__).resolve().parents[2] / "roles"
PASSWORD = "a-long-password-of-grafana"
READER = ("grafana", PASSWORD)
WRITES = (
    "INSERT INTO traces (id, project_id) VALUES ('t2', 'p')",
    "CREATE TABLE mine (id String) ENGINE = MergeTree ORDER BY id",
    "ALTER TABLE traces DELETE WHERE 1",
    "TRUNCATE TABLE traces",
    "DROP TABLE traces",
    "SET readonly = 0",
)


def rendered(template: str, **variables: Any) -> str:
    """A template of a role, as Ansible renders it."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["to_json"] = json.dumps
    return environment.from_string((ROLES / template).read_text()).render(**variables)


def statements(tables: str) -> dict[str, str]:
    """The dashboard's statements by their panels, with the plugin's macros as it fills them in: for a minute each, and the last hour."""
    board = yaml.safe_load(rendered("grafana/templates/dashboard.yml.j2", grafana_tables=tables))
    found = {}
    for panel in board["panels"]:
        text = panel["targets"][0]["rawSql"].replace("$__interval_s", "60")
        text = re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 60 second)", text)
        text = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 >= now() - 3600 AND \1 <= now() + 60", text)
        assert "$__" not in text
        found[panel["title"]] = text
    return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("grafana"))
    users = made.root / "etc/clickhouse-server/users.d"
    users.mkdir(parents=True)
    (users / "langfuse.xml").write_text(
        rendered("clickhouse/templates/users.xml.j2", clickhouse_reader_user="grafana", clickhouse_database="default")
    )
    try:
        with made.clickhouse(**made.clickhouse_settings, CLICKHOUSE_READER_PASSWORD=PASSWORD):
            # Version 4 has the tables of both.
            migrations.clickhouse(made.settings, (4, 16, 0))
            now = "now64(3)"
            for text in (
                f"INSERT INTO traces (id, project_id, timestamp, created_at, event_ts) SELECT 't', 'p', {now}, {now}, {now}",
                "INSERT INTO observations (id, trace_id, project_id, type, level, provided_model_name, total_cost, start_time, "
                f"created_at, event_ts) SELECT 'o', 't', 'p', 'GENERATION', 'ERROR', 'model', 0.5, {now}, {now}, {now}",
                f"INSERT INTO scores (id, project_id, timestamp, event_ts) SELECT 's', 'p', {now}, {now}",
                "INSERT INTO events_core (span_id, trace_id, project_id, type, level, provided_model_name, total_cost, start_time, "
                f"created_at, event_ts) SELECT 'o', 't', 'p', 'GENERATION', 'ERROR', 'model', 0.5, {now}, {now}, {now}",
            ):
                answer = made.query(text)
                assert answer.status == 200, answer.body
            yield made
    finally:
        made.close()


def test_grafana_s_user_can_read_and_not_write(stack: Stack) -> None:
    assert stack.query("SELECT count() FROM traces", *READER).body == b"1\n"
    for text in WRITES:
        answer = stack.query(text, *READER)
        assert answer.headers["X-ClickHouse-Exception-Code"] == "164", (text, answer.body)
        assert b"READONLY" in answer.body
    assert stack.query("SELECT count() FROM traces").body == b"1\n"


def test_its_password_is_its_own(stack: Stack) -> None:
    for password in ("clickhouse-password", ""):
        assert stack.query("SELECT 1", "grafana", password).headers["X-ClickHouse-Exception-Code"] == "516"


@pytest.mark.parametrize("tables", ["traces", "events"])
def test_every_panel_has_a_statement_that_its_user_may_ask(stack: Stack, tables: str) -> None:
    asked = statements(tables)
    assert len(asked) == 6
    for title, text in asked.items():
        answer = stack.query(text + " FORMAT JSON", *READER)
        assert answer.status == 200, (title, answer.body)
        values = [
            float(value)
            for row in answer.json["data"]
            for key, value in row.items()
            if key not in ("time", "type", "model")
        ]
        wanted = (
            2.0 if (tables, title.partition(" ")[0]) == ("traces", "Ingestion") else 0.5 if "Cost" in title else 1.0
        )
        assert values == [wanted], title


def provision(stack: Stack) -> None:
    """Writes what the role's start command writes."""
    given = yaml.safe_load((ROLES / "grafana/vars/main.yml").read_text())
    sources = given["__grafana_datasources"]
    sources["datasources"][0]["jsonData"] = {
        "host": "127.0.0.1",
        "port": stack.http_port,
        "protocol": "http",
        "secure": False,
        "username": "grafana",
        "defaultDatabase": "default",
    }
    board = yaml.safe_load(rendered("grafana/templates/dashboard.yml.j2", grafana_tables="traces"))
    for name, content in (
        ("etc/grafana/provisioning/datasources/langfuse.yaml", sources),
        ("etc/grafana/provisioning/dashboards/langfuse.yaml", given["__grafana_providers"]),
        ("var/lib/grafana/dashboards/langfuse.json", board),
    ):
        path = stack.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


SETTINGS = {
    "GF_SERVER_ROOT_URL": "https://langfuse.example.com/grafana/",
    "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
    "GF_SECURITY_ADMIN_PASSWORD": "a-long-password-of-admin",
    "GF_PLUGINS_PREINSTALL_SYNC": f"{grafana.PLUGIN}@4.22.1",
}


def test_it_serves_what_it_is_provisioned_with(stack: Stack) -> None:
    provision(stack)
    port = free_port()
    with stack.start("grafana.py", "13.2.2", ports={3000: port}, **SETTINGS, CLICKHOUSE_PASSWORD=PASSWORD) as container:
        wait_until(lambda: request(f"{container.url}/grafana/api/health").status == 200, tell=lambda: container.output)
        listed = f"{container.url}/grafana/api/datasources"
        assert request(listed).status == 401
        admin = base64.b64encode(b"admin:a-long-password-of-admin").decode()
        (source,) = request(listed, Authorization=f"Basic {admin}").json
        assert (source["uid"], source["jsonData"]["username"]) == ("langfuse", "grafana")
        assert PASSWORD not in json.dumps(source) + container.output


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"CLICKHOUSE_PASSWORD": "another-long-password"}, "grafana: Authentication failed"),
        ({"GF_PLUGINS_PREINSTALL_SYNC": ""}, f"plugin {grafana.PLUGIN} is not installed"),
    ],
)
def test_it_does_not_start_with_what_is_wrong(stack: Stack, changes: dict[str, str], said: str) -> None:
    provision(stack)
    ended: subprocess.CompletedProcess[str] = stack.run(
        "grafana.py", "13.2.2", **{**SETTINGS, "CLICKHOUSE_PASSWORD": PASSWORD, **changes}
    )
    assert ended.returncode == 1
    assert said in ended.stderr


def test_variables_are_put_in_as_grafana_does() -> None:
    environment = {"NAME": "value"}
    assert grafana.interpolated({"a": ["$NAME", "${NAME}s", "$$NAME", 1, "$OTHER"]}, environment) == {
        "a": ["value", "values", "$NAME", 1, ""]
    }
