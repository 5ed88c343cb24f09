# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waiting, private to the collection.

botocore's own waiters ask at a fixed pace of 15 to 60 seconds. These begin fast and slow down, which suits both a
parameter group (seconds) and a database (minutes), and say what they waited for when time runs out.

What to wait for is data::

    AVAILABLE = Target("available", done=("available",), failed=("create-failed",))
    state = wait_for_state(read, AVAILABLE, timeout=1800, what="the replication group x")
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import AwsError

T = TypeVar("T")

# The state of what does not exist, in a Target and in messages.
ABSENT = "absent"


@dataclass(frozen=True)
class Target:
    """A state to wait for: its name in messages, the values that reach it, and those from which it is out of reach."""

    name: str
    done: tuple[str, ...]
    failed: tuple[str, ...] = ()


def wait_until(
    poll: Callable[[], T | None],
    timeout: float,
    *,
    describe: str | Callable[[], str],
    delay_start: float = 1.0,
    delay_max: float = 10.0,
    sleep: Callable[[float], None] | None = None,
    clock: Callable[[], float] | None = None,
) -> T:
    """Calls poll until it returns something else than None, and returns that.

    :param describe: what is waited for, as the end of "... waiting for"; a function is asked when time is out.
    :param delay_start: the first pause in seconds; each further one is half as long again, up to delay_max.
    :raises AwsError: when timeout seconds have passed.
    """
    sleep = sleep or time.sleep
    clock = clock or time.monotonic
    deadline = clock() + timeout
    delay = delay_start
    while True:
        result = poll()
        if result is not None:
            return result
        left = deadline - clock()
        if left <= 0:
            what = describe() if callable(describe) else describe
            raise AwsError(
                f"Time is out after {timeout:g} seconds waiting for {what}; "
                "AWS goes on working on it, so run again to wait longer, or raise wait_timeout."
            )
        # A little noise keeps components that converge in parallel from asking in step.
        sleep(min(delay * random.uniform(0.9, 1.1), max(left, 0.01)))  # noqa: S311
        delay = min(delay * 1.5, delay_max)


def wait_for_state(
    read: Callable[[], dict[str, Any] | None],
    target: Target,
    timeout: float,
    *,
    what: str,
    key: str = "Status",
    **pace: Any,
) -> dict[str, Any] | None:
    """Reads until the object's state is one of the target's, and returns the object (None where it is gone).

    :param key: where the object has its state; an object that read returns as None is in the state ABSENT.
    """
    seen = ABSENT

    def poll() -> tuple[dict[str, Any] | None] | None:
        nonlocal seen
        found = read()
        seen = ABSENT if found is None else str(found.get(key, ""))
        if seen in target.failed:
            raise AwsError(f"Gave up waiting for {what} to become {target.name}, because it is {seen}")
        return (found,) if seen in target.done else None

    return wait_until(
        poll, timeout, describe=lambda: f"{what} to become {target.name} (it is {seen or 'without a state'})", **pace
    )[0]


def until_accepted(call: Callable[[], T], passing: Callable[[AwsError], bool], timeout: float, what: str) -> T:
    """Calls until AWS no longer refuses with something that passes by itself; then the refusal is raised."""
    refusal: AwsError | None = None

    def attempt() -> tuple[T] | None:
        nonlocal refusal
        try:
            return (call(),)
        except AwsError as error:
            if not passing(error):
                raise
            refusal = error
            return None

    try:
        return wait_until(attempt, timeout, describe=what, delay_start=2.0)[0]
    except AwsError as error:
        raise (refusal if refusal is not None and error.exception is None else error) from error
