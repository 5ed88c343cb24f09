# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import upgrade, versions

WEB, WORKER = (
    "docker.io/langfuse/langfuse",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/langfuse/langfuse-worker",
)
FINISHED: dict[str, Any] = {"finished": True, "reasons": []}
RUNNING = {"finished": False, "reasons": [{"code": "running", "message": "Background migration x is running; wait."}]}


def step(
    *releases: str,
    to: str,
    schema: str = "",
    was: str = "",
    mode: str = "",
    background: dict[str, Any] | None = None,
    accept: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The judgement of a step; the schema is that of the last release that runs unless it is given."""
    images = [f"{name}:{release}" for name, release in zip((WEB, WORKER), releases, strict=False)]
    now = upgrade.running(images, f"{WEB}:{schema or releases[-1]}" if releases else "", was)
    release = versions.parse(to)
    assert release
    return upgrade.judge(now, upgrade.Wanted(release, mode), background).as_dict(accept)


def codes(judged: dict[str, Any]) -> list[str]:
    assert judged["allowed"] == (not judged["reasons"])
    return [reason["code"] for reason in judged["reasons"]]


@pytest.mark.parametrize(
    ("releases", "to", "kind", "start"),
    [
        ((), "4.16.0", "first", ""),
        (("3.225.4", "3.225.4"), "3.225.4", "none", "3.225.4"),
        (("3.225.3", "3.225.3"), "3.225.4", "patch", "3.225.3"),
        (("3.150.0", "3.150.0"), "3.225.4", "minor", "3.150.0"),
        # A stopped run: its end is the step that is still to do.
        (("3.225.4", "3.150.0"), "3.225.4", "minor", "3.150.0"),
        (("4.15.0", "4.15.0"), "4.16.0", "minor", "4.15.0"),
        (("latest", "latest"), "3.225.4", "first", ""),
    ],
)
def test_steps_that_nothing_stands_against(releases: tuple[str, ...], to: str, kind: str, start: str) -> None:
    judged = step(*releases, to=to, was="events_only" if to[0] == "4" else "")
    assert (judged["kind"], judged["from_version"], judged["to_version"]) == (kind, start, to)
    assert (judged["allowed"], judged["migrate"], judged["changes"]) == (True, True, kind not in ("first", "none"))


def test_to_langfuse_4_the_write_mode_is_chosen() -> None:
    refused = step("3.225.4", to="4.16.0", background=FINISHED)
    assert (refused["kind"], codes(refused)) == ("major", ["write_mode_unset"])
    assert not refused["reasons"][0]["acceptable"]
    for mode in upgrade.WRITE_MODES:
        assert step("3.225.4", to="4.16.0", mode=mode, background=FINISHED)["allowed"]


def test_to_langfuse_4_the_background_migrations_are_finished() -> None:
    refused = step("3.225.4", to="4.16.0", mode="dual", background=RUNNING)
    assert codes(refused) == ["background_migrations"]
    assert "x is running" in refused["reasons"][0]["message"]
    accepted = step("3.225.4", to="4.16.0", mode="dual", background=RUNNING, accept=("background_migrations",))
    assert accepted["allowed"]
    assert step("3.150.0", to="3.225.4", background=RUNNING)["allowed"], (
        "within a major version Langfuse goes on with them"
    )


@pytest.mark.parametrize(
    ("was", "mode", "refused"),
    [
        ("legacy", "legacy", False),
        ("legacy", "dual", False),
        ("legacy", "events_only", False),
        ("dual", "events_only", False),
        ("dual", "legacy", True),
        ("events_only", "dual", True),
        ("events_only", "legacy", True),
        ("", "dual", True),
        ("events_only", "", False),
    ],
)
def test_writing_goes_one_way(was: str, mode: str, refused: bool) -> None:
    judged = step("4.16.0", to="4.16.0", was=was, mode=mode)
    assert codes(judged) == (["write_mode_back"] if refused else [])
    assert judged["changes"] == ((was or "events_only") != (mode or "events_only"))


def test_back_to_the_last_line_of_langfuse_3_while_the_old_tables_are_written() -> None:
    refused = step("4.16.0", to="3.225.4", was="dual")
    assert (refused["kind"], codes(refused), refused["migrate"]) == ("rollback", ["rollback"], False)
    assert step("4.16.0", to="3.225.4", was="dual", accept=("rollback",))["allowed"]
    assert codes(step("4.16.0", to="3.225.4", was="events_only", accept=("rollback",))) == ["rollback_after_cutover"]
    # Once the services are back, it is no step any more, and the schema stays.
    after = step("3.225.4", to="3.225.4", schema="4.16.0")
    assert (after["kind"], after["allowed"], after["migrate"]) == ("none", True, False)


@pytest.mark.parametrize(("start", "to"), [("4.16.0", "3.200.0"), ("3.225.4", "3.206.0")])
def test_no_way_back_over_migrations(start: str, to: str) -> None:
    judged = step(start, to=to, was="legacy", accept=("rollback", "rollback_after_cutover"))
    assert (codes(judged), judged["migrate"]) == (["rollback_schema"], False)
    assert "3.225.4" in judged["reasons"][0]["message"]
    restored = step(start, to=to, was="legacy", accept=("rollback_schema",))
    assert (restored["allowed"], restored["migrate"]) == (True, True)


def test_back_within_the_same_migrations_has_to_be_wanted() -> None:
    assert codes(step("3.225.4", to="3.225.3")) == ["rollback"]
    judged = step("3.225.4", to="3.225.3", accept=("rollback",))
    assert (judged["allowed"], judged["migrate"]) == (True, True)


def test_a_migration_that_ran_ahead_can_be_left() -> None:
    """It ran, and then somebody thought better of it before a service rolled."""
    judged = step("3.225.4", "3.225.4", to="3.225.4", schema="4.16.0")
    assert (judged["kind"], judged["allowed"], judged["migrate"]) == ("none", True, False)


def test_what_is_next() -> None:
    assert "January 2027" in step("3.225.3", to="3.225.4")["next"]
    assert "dual" in step("3.225.4", to="4.16.0", mode="legacy")["next"]
    assert "events_only" in step("3.225.4", to="4.16.0", mode="dual")["next"]
    assert step("4.16.0", to="4.16.0", was="dual", mode="events_only")["next"] == ""
