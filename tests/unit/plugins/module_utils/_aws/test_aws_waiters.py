# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import (
    ABSENT,
    Target,
    wait_for_state,
    wait_until,
)

AVAILABLE = Target("available", done=("available",), failed=("create-failed",))
GONE = Target("gone", done=(ABSENT,))


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def pace(self) -> dict[str, Any]:
        return {"sleep": self.sleep, "clock": lambda: self.now}


def answers(*values: Any) -> Any:
    remaining = list(values)
    return lambda: remaining.pop(0) if len(remaining) > 1 else remaining[0]


class TestWaitUntil:
    def test_no_pause_where_it_is_done_already(self) -> None:
        clock = Clock()
        assert wait_until(lambda: "done", 10, describe="x", **clock.pace) == "done"
        assert clock.pauses == []

    def test_a_false_result_is_a_result(self) -> None:
        assert wait_until(answers(None, False), 10, describe="x", **Clock().pace) is False

    def test_pauses_grow_to_their_limit(self) -> None:
        clock = Clock()
        wait_until(answers(*[None] * 12, 1), 600, describe="x", delay_start=1, delay_max=10, **clock.pace)
        assert clock.pauses[0] == pytest.approx(1, rel=0.11)
        assert clock.pauses[1] == pytest.approx(1.5, rel=0.11)
        assert max(clock.pauses) <= 11
        assert clock.pauses[-1] == pytest.approx(10, rel=0.11)

    def test_time_runs_out_with_one_sentence(self) -> None:
        clock = Clock()
        with pytest.raises(AwsError) as raised:
            wait_until(lambda: None, 30, describe=lambda: "the thing (it is slow)", **clock.pace)
        assert clock.now == pytest.approx(30, abs=1)
        assert str(raised.value).startswith(
            "Time is out after 30 seconds waiting for the thing (it is slow); AWS goes on"
        )
        assert "wait_timeout" in str(raised.value)

    def test_it_asks_once_more_at_the_end(self) -> None:
        clock = Clock()
        assert wait_until(lambda: "late" if clock.now >= 5 else None, 5, describe="x", **clock.pace) == "late"


class TestWaitForState:
    def test_returns_the_object(self) -> None:
        read = answers({"Status": "creating"}, {"Status": "available", "Id": 1})
        assert wait_for_state(read, AVAILABLE, 60, what="x", **Clock().pace) == {"Status": "available", "Id": 1}

    def test_another_key(self) -> None:
        found = wait_for_state(lambda: {"LifeCycleState": "available"}, AVAILABLE, 1, what="x", key="LifeCycleState")
        assert found == {"LifeCycleState": "available"}

    def test_gone(self) -> None:
        assert wait_for_state(answers({"Status": "deleting"}, None), GONE, 60, what="x", **Clock().pace) is None

    def test_gives_up_at_once_on_a_failed_state(self) -> None:
        clock = Clock()
        with pytest.raises(AwsError, match=r"the thing x to become available, because it is create-failed\.$"):
            wait_for_state(lambda: {"Status": "create-failed"}, AVAILABLE, 600, what="the thing x", **clock.pace)
        assert clock.pauses == []

    def test_time_runs_out_naming_the_last_state(self) -> None:
        with pytest.raises(AwsError, match=r"waiting for x to become available \(it is creating\)"):
            wait_for_state(lambda: {"Status": "creating"}, AVAILABLE, 5, what="x", **Clock().pace)
