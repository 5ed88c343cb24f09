# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import string

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_forms import (
    DEFAULT_KEYS,
    FORMS,
    NEVER_ROTATED,
    ROTATION,
    make,
    plan,
    problem_with_value,
    with_derived,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.urls import Url
from hypothesis import given
from hypothesis import strategies as st


def test_new_values_have_their_own_form_and_differ() -> None:
    first, second = make(list(FORMS)), make(list(FORMS))
    assert set(first) == set(FORMS)
    for key, value in first.items():
        assert problem_with_value(key, value) is None
        assert value != second[key]


def test_new_values_break_no_url_and_are_taken_by_aws() -> None:
    values = make(list(DEFAULT_KEYS))
    assert re.fullmatch("[0-9a-f]{64}", values["ENCRYPTION_KEY"])
    for key in ("CLICKHOUSE_PASSWORD", "DATABASE_PASSWORD", "REDIS_AUTH"):
        assert values[key].isalnum()
        assert 16 <= len(values[key]) <= 41
    assert values["LANGFUSE_INIT_PROJECT_PUBLIC_KEY"].startswith("pk-lf-")
    assert values["LANGFUSE_INIT_PROJECT_SECRET_KEY"].startswith("sk-lf-")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ENCRYPTION_KEY", "0" * 63),
        ("ENCRYPTION_KEY", "g" * 64),
        ("ENCRYPTION_KEY", "0" * 64 + "\n"),
        ("DATABASE_PASSWORD", "a" * 42),
        ("DATABASE_PASSWORD", "pass@word"),
        ("CLICKHOUSE_PASSWORD", "pass&word"),
        ("REDIS_AUTH", "short"),
        ("REDIS_AUTH", "under_score_under_score"),
        ("LANGFUSE_INIT_USER_PASSWORD", "seven77"),
        ("SALT", 12345678),
        ("SOMETHING_ELSE", {"a": 1}),
    ],
)
def test_wrong_values_are_named_by_their_key_only(key: str, value: object) -> None:
    problem = problem_with_value(key, value)
    assert problem is not None
    assert problem.startswith(f"{key} is not ")
    assert str(value) not in problem


@given(st.text(st.sampled_from(string.punctuation + " äß\n"), min_size=1, max_size=4))
def test_a_character_that_breaks_a_url_is_refused(special: str) -> None:
    password = f"abcdefgh{special}abcdefgh"
    safe = set(special) <= set("_.~-")
    for key in ("CLICKHOUSE_PASSWORD", "DATABASE_PASSWORD"):
        assert (problem_with_value(key, password) is None) == safe


def test_an_empty_secret_gets_everything() -> None:
    result = plan({}, list(DEFAULT_KEYS), [])
    assert result.made == list(DEFAULT_KEYS)
    assert result.problems == []


def test_what_exists_is_not_made_again() -> None:
    document: dict[str, object] = {**make(list(DEFAULT_KEYS)), "OWN": "kept"}
    assert plan(document, list(DEFAULT_KEYS), []).made == []
    del document["SALT"]
    assert plan(document, list(DEFAULT_KEYS), []).made == ["SALT"]
    assert plan({**document, "SALT": ""}, list(DEFAULT_KEYS), []).made == ["SALT"]


def test_only_named_keys_are_rotated() -> None:
    document: dict[str, object] = dict(make(list(DEFAULT_KEYS)))
    result = plan(document, list(DEFAULT_KEYS), ["REDIS_AUTH"])
    assert (result.made, result.rotated, result.missing) == (["REDIS_AUTH"], ["REDIS_AUTH"], [])


def test_the_encryption_key_is_never_rotated() -> None:
    result = plan(dict(make(list(DEFAULT_KEYS))), list(DEFAULT_KEYS), ["ENCRYPTION_KEY"])
    assert "cannot re-encrypt" in result.problems[0]


@pytest.mark.parametrize("half", ["PUBLIC", "SECRET"])
def test_a_projects_keys_are_a_pair(half: str) -> None:
    document: dict[str, object] = dict(make(list(DEFAULT_KEYS)))
    key = f"LANGFUSE_INIT_PROJECT_{half}_KEY"
    assert "only made together" in plan(document, list(DEFAULT_KEYS), [key]).problems[0]
    del document[key]
    assert "only made together" in plan(document, list(DEFAULT_KEYS), []).problems[0]
    pair = ["LANGFUSE_INIT_PROJECT_PUBLIC_KEY", "LANGFUSE_INIT_PROJECT_SECRET_KEY"]
    assert plan(document, list(DEFAULT_KEYS), pair).problems == []


def test_a_wrong_value_may_be_rotated_away() -> None:
    document: dict[str, object] = {**make(list(DEFAULT_KEYS)), "REDIS_AUTH": "short"}
    assert "REDIS_AUTH is not" in plan(document, list(DEFAULT_KEYS), []).problems[0]
    assert plan(document, list(DEFAULT_KEYS), ["REDIS_AUTH"]).problems == []


def test_a_key_of_ones_own_must_exist() -> None:
    assert "no value can be made for OWN" in plan({}, ["OWN"], []).problems[0]
    assert plan({"OWN": "x"}, ["OWN"], []).problems == []
    assert "no value can be made for OWN" in plan({"OWN": "x"}, ["OWN"], ["OWN"]).problems[0]


def test_rotating_what_is_not_a_key_is_a_mistake() -> None:
    assert "add it to keys" in plan({}, ["SALT"], ["REDIS_AUTH"]).problems[0]


DATABASE_URL = Url("DATABASE_URL", "postgresql", "db", 5432, "langfuse", "langfuse", "DATABASE_PASSWORD")


def test_what_exists_elsewhere_is_adopted_and_not_made() -> None:
    result = plan({}, ["SALT", "REDIS_AUTH"], [], ["SALT", "OWN"])
    assert result.problems == []
    assert (result.made, result.adopted, result.generated) == (
        ["OWN", "REDIS_AUTH", "SALT"],
        ["OWN", "SALT"],
        ["REDIS_AUTH"],
    )
    there = plan({"SALT": "x" * 8, "OWN": "y", "REDIS_AUTH": "z" * 16}, ["SALT", "REDIS_AUTH"], [], ["SALT", "OWN"])
    assert (there.made, there.adopted) == ([], [])


def test_an_adopted_value_may_replace_another_when_it_is_rotated() -> None:
    result = plan({"SALT": "x" * 8}, ["SALT"], ["SALT"], ["SALT"])
    assert (result.rotated, result.adopted, result.generated) == (["SALT"], ["SALT"], [])


def test_a_projects_keys_are_adopted_both_or_not_at_all() -> None:
    public = "LANGFUSE_INIT_PROJECT_PUBLIC_KEY"
    assert "only adopted together" in plan({}, list(DEFAULT_KEYS), [], [public]).problems[0]
    assert plan({}, list(DEFAULT_KEYS), [], [public, public.replace("PUBLIC", "SECRET")]).problems == []


def test_a_password_within_a_url_may_have_any_characters() -> None:
    document: dict[str, object] = {"DATABASE_PASSWORD": "p@ss/wörd?#%"}
    assert plan(document, ["DATABASE_PASSWORD"], []).problems
    assert plan(document, ["DATABASE_PASSWORD"], [], (), [DATABASE_URL]).problems == []
    line = {"DATABASE_PASSWORD": "two\nlines"}
    assert plan({**line}, ["DATABASE_PASSWORD"], [], (), [DATABASE_URL]).problems
    # ClickHouse's migrations take no other URL, so there is nothing to encode it for.
    clickhouse = Url("OWN_URL", "clickhouse", "c", password_key="CLICKHOUSE_PASSWORD")
    assert plan({"CLICKHOUSE_PASSWORD": "p@ssword!"}, ["CLICKHOUSE_PASSWORD"], [], (), [clickhouse]).problems


def test_urls_follow_their_password() -> None:
    first, changed = with_derived({"DATABASE_PASSWORD": "one@"}, [DATABASE_URL])
    assert first["DATABASE_URL"] == "postgresql://langfuse:one%40@db:5432/langfuse"
    assert changed == ["DATABASE_URL"]
    assert with_derived(first, [DATABASE_URL]) == (first, [])
    second, changed = with_derived({**first, "DATABASE_PASSWORD": "two"}, [DATABASE_URL])
    assert (second["DATABASE_URL"], changed) == ("postgresql://langfuse:two@db:5432/langfuse", ["DATABASE_URL"])


def test_urls_that_cannot_be_made() -> None:
    assert "add it to keys" in plan({}, ["SALT"], [], (), [DATABASE_URL]).problems[0]
    twice = plan({}, ["DATABASE_PASSWORD"], [], (), [DATABASE_URL, DATABASE_URL]).problems
    assert twice == ["DATABASE_URL stands in urls twice; keep one"]
    assert "the host of X" in plan({}, [], [], (), [Url("X", "smtp", "https://mail")]).problems[0]


def test_every_key_that_can_be_rotated_says_what_it_needs_then() -> None:
    assert set(ROTATION) | set(NEVER_ROTATED) == set(FORMS)
    document: dict[str, object] = dict(make(list(DEFAULT_KEYS)))
    steps = plan(document, list(DEFAULT_KEYS), ["SALT", "DATABASE_PASSWORD", "REDIS_AUTH"]).next_steps()
    assert [step.partition(":")[0] for step in steps] == ["REDIS_AUTH", "DATABASE_PASSWORD", "SALT"]


def test_pair_of_the_data_api_follows_the_database_password() -> None:
    document, changed = with_derived({"DATABASE_PASSWORD": "one"}, [], "langfuse")
    assert document == {"DATABASE_PASSWORD": "one", "username": "langfuse", "password": "one"}
    assert changed == ["username", "password"]
    assert with_derived(document, [], "langfuse") == (document, [])
    assert with_derived({**document, "DATABASE_PASSWORD": "two"}, [], "langfuse")[1] == ["password"]
    # Nothing is taken away from those who put such keys into the secret themselves.
    assert with_derived(document, []) == (document, [])


def test_data_api_needs_the_database_password() -> None:
    assert not plan({}, ["DATABASE_PASSWORD"], [], data_api_username="langfuse").problems
    assert not plan({"DATABASE_PASSWORD": "x" * 20}, [], [], data_api_username="langfuse").problems
    (problem,) = plan({}, ["SALT"], [], data_api_username="langfuse").problems
    assert "DATABASE_PASSWORD is not in keys" in problem


def test_pair_of_the_data_api_comes_from_nowhere_else() -> None:
    keys = ["DATABASE_PASSWORD", "username", "password"]
    asked = plan({}, keys, [], ["password"], data_api_username="langfuse")
    assert (asked.problems, asked.made, asked.adopted) == ([], ["DATABASE_PASSWORD"], [])
    url = Url("password", "smtp", "mail")
    (problem,) = plan({}, keys[:1], [], (), [url], data_api_username="langfuse").problems
    assert "take it out of urls" in problem
    assert plan({}, keys[:1], [], (), [url]).problems == []
