# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any password survives the way through a URL, as libpq, redis-py and Python's own parser read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg.conninfo
import pytest
import redis.connection
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_forms import problem_with_value
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.urls import Url
from hypothesis import assume, given
from hypothesis import strategies as st

passwords = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
hosts = st.one_of(st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,6}){0,2}", fullmatch=True), st.ip_addresses().map(str))


def url(**changes: Any) -> Url:
    return Url(**{"key": "DATABASE_URL", "scheme": "postgresql", "host": "db", "password_key": "P", **changes})


@given(passwords, names, names, hosts, st.integers(1, 65535))
def test_any_password_user_and_database_survive(password: str, username: str, path: str, host: str, port: int) -> None:
    subject = url(host=host, port=port, username=username, path=path.replace("/", "_"), query={"sslmode": "require"})
    assert subject.problems() == []
    parts = urlsplit(subject.made(password))
    assert unquote(parts.password or "", errors="strict") == password
    assert unquote(parts.username or "", errors="strict") == username
    assert (unquote(parts.path[1:]), parts.port) == (subject.path, port)
    assert (parts.hostname or "").lower() == host.lower()
    assert parse_qsl(parts.query) == [("sslmode", "require")]


@given(passwords.filter(lambda text: "\0" not in text), names)
def test_libpq_reads_what_was_meant(password: str, username: str) -> None:
    made = url(port=5432, username=username, path="langfuse", query={"sslmode": "require"}).made(password)
    read = psycopg.conninfo.conninfo_to_dict(made)
    assert (read["password"], read["user"], read["dbname"], read["host"]) == (password, username, "langfuse", "db")


@given(passwords)
def test_a_client_of_redis_reads_what_was_meant(password: str) -> None:
    made = url(key="REDIS_CONNECTION_STRING", scheme="rediss", host="cache", port=6379).made(password)
    read = redis.connection.parse_url(made)
    assert (read["password"], read["host"], read["port"]) == (password, "cache", 6379)


@given(st.text(max_size=80))
def test_what_the_form_accepts_can_be_encoded(password: str) -> None:
    assume(problem_with_value("DATABASE_PASSWORD", password, encoded=True) is None)
    made = url(port=5432, username="u", path="d").made(password)
    assert psycopg.conninfo.conninfo_to_dict(made)["password"] == password
    assert made.isascii()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scheme": "ses", "host": "eu-central-1", "password_key": ""}, "ses://eu-central-1"),
        ({"host": "2001:db8::1", "port": 5432, "username": "u"}, "postgresql://u:p%40@[2001:db8::1]:5432"),
        ({"username": "u@x", "path": "/d"}, "postgresql://u%40x:p%40@db/d"),
        (
            {"query": {"pgbouncer": True, "schema": "a&b", "hosts": "a:1,b:2"}},
            "postgresql://:p%40@db?pgbouncer=true&schema=a%26b&hosts=a:1,b:2",
        ),
    ],
)
def test_parts_are_put_together(changes: dict[str, Any], expected: str) -> None:
    assert url(**changes).made("p@") == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheme": "postgresql://"}, "scheme"),
        ({"host": "db:5432"}, "host"),
        ({"host": "https://db"}, "host"),
        ({"host": ""}, "host"),
        ({"port": 70000}, "port"),
    ],
)
def test_parts_that_make_no_url(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in url(**changes).problems())
