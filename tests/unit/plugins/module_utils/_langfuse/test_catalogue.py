# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import (
    problem_with,
    read_since,
    variables,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue_data import SINCE, SOURCES
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.versions import NEWEST_READ, parse

TABLES = Path(__file__).resolve().parents[5] / "tools/catalogue"


def test_the_generated_data_is_what_the_tables_say() -> None:
    result = subprocess.run(
        [sys.executable, TABLES / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_every_variable_of_the_table_is_in_the_catalogue() -> None:
    with (TABLES / "langfuse_env_3.225.4.csv").open(encoding="utf-8", newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert len(names) == 572
    assert names <= set(variables(3))


def test_langfuse_4_differs_as_its_table_says() -> None:
    three, four = variables(3), variables(4)
    assert "LANGFUSE_QUEUE_METRICS_SAMPLE_RATE" in three
    assert "LANGFUSE_QUEUE_METRICS_SAMPLE_RATE" not in four
    assert "CLICKHOUSE_DISABLE_TOP_K_THROUGH_JOIN" in four
    assert "CLICKHOUSE_DISABLE_TOP_K_THROUGH_JOIN" not in three
    assert (three["LANGFUSE_S3_BATCH_EXPORT_BUCKET"].container, four["LANGFUSE_S3_BATCH_EXPORT_BUCKET"].container) == (
        "worker",
        "both",
    )
    assert three["LANGFUSE_MIGRATION_V4_WRITE_MODE"].default == "legacy"
    assert four["LANGFUSE_MIGRATION_V4_WRITE_MODE"].default == "events_only"


def test_the_catalogue_is_of_the_releases_that_the_versions_name() -> None:
    assert {major: release for major, (release, _date) in SOURCES.items()} == NEWEST_READ


def test_every_first_release_is_one_that_the_catalogue_covers() -> None:
    assert len(SINCE) > 400
    for (name, major), first in SINCE.items():
        assert name in variables(major)
        newest = parse(NEWEST_READ[major])
        assert newest is not None
        assert (major, 0, 0) < first <= newest


@pytest.mark.parametrize(
    ("name", "version", "since"),
    [
        ("REDIS_CLUSTER_ENABLED", (3, 69, 0), "3.70.0"),
        ("REDIS_CLUSTER_ENABLED", (3, 70, 0), None),
        ("REDIS_CLUSTER_ENABLED", (4, 0, 0), None),
        ("DATABASE_URL", (3, 0, 0), None),
        ("LANGFUSE_IN_APP_AGENT_ENABLED", (4, 14, 0), "4.15.0"),
        ("NO_SUCH_VARIABLE", (3, 0, 0), None),
    ],
)
def test_the_first_release_that_reads_a_variable(name: str, version: tuple[int, int, int], since: str | None) -> None:
    assert read_since(name, version) == since


def test_secrets_are_marked_also_where_only_the_name_says_so() -> None:
    catalogue = variables(4)
    assert catalogue["ENCRYPTION_KEY"].secret
    assert catalogue["PYLON_API_KEY"].secret
    assert not catalogue["AUTH_DISABLE_USERNAME_PASSWORD"].secret
    assert not catalogue["LANGFUSE_INIT_PROJECT_PUBLIC_KEY"].secret


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("AUTH_DISABLE_SIGNUP", ["true", "false"], ["yes", "True", "1"]),
        ("LANGFUSE_LOG_LEVEL", ["warn"], ["WARN", "loud"]),
        ("REDIS_PORT", ["6379", "1e3"], ["0", "65537", "1_000", "6379 ", "0x10", "port"]),
        ("REDIS_SOCKET_TIMEOUT_MS", ["0", "10000"], ["5000", "10000.5", "-1", "1e999"]),
        ("LANGFUSE_S3_EVENT_KEY_MAX_SEGMENT_BYTES", ["64", "2048"], ["63", "2049"]),
        ("AUTH_SESSION_MAX_AGE", ["6"], ["5"]),
        (
            "NEXTAUTH_URL",
            ["https://langfuse.example.com", "http://127.0.0.1:3000"],
            ["localhost:3000", "ftp://x", "https://"],
        ),
        (
            "CLICKHOUSE_MIGRATION_URL",
            ["clickhouse://c:9000"],
            ["clickhouse://c:9000?x=1", "http://c", "clickhouse://u:p@c"],
        ),
        ("NEXTAUTH_COOKIE_NAME_SUFFIX", ["a-b_1"], ["a b"]),
        ("AUTH_AUTHENTIK_ISSUER", ["https://a/application/o/x/"], ["https://a/x"]),
        ("AUTH_AUTH0_CHECKS", ["pkce,state"], ["pkce,magic"]),
        ("LANGFUSE_ALLOWED_ORGANIZATION_CREATORS", ["a@b.c,d@e.f"], ["a@b.c,d"]),
        ("LANGFUSE_INIT_USER_EMAIL", ["admin@example.com"], ["admin"]),
    ],
)
def test_values_are_judged_as_langfuse_judges_them(name: str, good: list[str], bad: list[str]) -> None:
    variable = variables(3)[name]
    assert [value for value in good if problem_with(variable, value)] == []
    assert [value for value in bad if not problem_with(variable, value)] == []


def test_dates_of_langfuse_4() -> None:
    variable = variables(4)["LANGFUSE_MIGRATION_V4_OTEL_DIRECT_WRITE_ORG_CREATED_CUTOFF"]
    assert problem_with(variable, "2026-08-20") is None
    assert problem_with(variable, "20 August") is not None


def test_the_default_of_every_variable_is_a_value_it_takes() -> None:
    for major in (3, 4):
        for variable in variables(major).values():
            # A default that differs by container is a sentence.
            if variable.default and "=" not in variable.default and variable.default != "DATABASE_URL":
                assert problem_with(variable, variable.default) is None, variable
