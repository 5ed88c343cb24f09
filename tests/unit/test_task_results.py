# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of two runs sees what differs, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import task_results

VPC = "vpc-0123456789abcdef0"
OTHER_VPC = "vpc-fedcba98765432100"


def compare(tmp_path: Path, one: list[Any], other: list[Any], action: str = "a") -> list[str]:
    for name, results in (("one", one), ("other", other)):
        entries = [{"host": "network", "task": "t", "action": action, "status": "ok", "result": r} for r in results]
        (tmp_path / name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return task_results.compare(tmp_path / "one", tmp_path / "other")[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"changed": True}, {"changed": True}),
        ({"vpc": VPC, "subnet": "in " + VPC}, {"vpc": OTHER_VPC, "subnet": "in " + OTHER_VPC}),
        ({"elapsed": 1, "start": "2026-01-01 10:00:00.1"}, {"elapsed": 2, "start": "2026-01-02 11:00:00.2"}),
        ({"created": "2026-01-01T10:00:00+00:00"}, {"created": "2027-01-01T10:00:00.5+00:00"}),
        ({"address": "10.42.10.5", "again": "10.42.10.5"}, {"address": "10.42.10.6", "again": "10.42.10.6"}),
        ({"address": "10.42.10.5", "dns": "ip-10-42-10-5.x"}, {"address": "10.42.10.6", "dns": "ip-10-42-10-6.x"}),
    ],
)
def test_what_differs_by_nature_is_the_same(one: Any, other: Any, tmp_path: Path) -> None:
    assert compare(tmp_path, [one], [other]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"changed": True}, {"changed": False}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": "1"}, {"a": 1}),
        ({"a": {"b": [{"c": "x"}]}}, {"a": {"b": [{"c": "y"}]}}),
        ({"vpc": VPC, "subnet": "in " + VPC}, {"vpc": OTHER_VPC, "subnet": "in " + VPC}),
        ({"vpc": VPC}, {"vpc": ""}),
        ({"start": "now"}, {"start": None}),
        ({"cidr": "10.42.0.0/16"}, {"cidr": "10.43.0.0/16"}),
        ({"address": "10.42.10.5", "again": "10.42.10.5"}, {"address": "10.42.10.6", "again": "10.42.10.7"}),
        ({"targets": ["10.42.10.5", "10.42.10.6"]}, {"targets": ["10.42.10.5", "10.42.10.5"]}),
        ({"address": "10.42.10.5", "dns": "ip-10-42-10-5.x"}, {"address": "10.42.10.5", "dns": "ip-10-42-10-6.x"}),
        ({"address": "10.42.10.5"}, {"address": "127.0.0.1"}),
    ],
)
def test_a_difference_is_seen(one: Any, other: Any, tmp_path: Path) -> None:
    assert compare(tmp_path, [one], [other])


def test_addresses_of_one_off_tasks_are_only_addresses(tmp_path: Path) -> None:
    """The second task may get what the first one had, or not."""
    one, other = ([{"address": "10.42.10.5"}, {"address": last}] for last in ("10.42.10.5", "10.42.10.6"))
    assert compare(tmp_path, one, other, "llmops.langfuse.ecs_run_task") == []
    assert compare(tmp_path, one, other)


def test_a_missing_result_is_seen(tmp_path: Path) -> None:
    assert compare(tmp_path, [{}, {}], [{}]) == ["only in one run: ('network', 't', 1)"]
