# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One computation of what differs, private to the collection.

What a module reports as changed, what it shows with --diff and what it asks of AWS come from the same object, so they
cannot disagree::

    difference = Difference()
    difference.add("node_type", wanted, active, request={"CacheNodeType": wanted})
    difference.changed, difference.before, difference.after, difference.request
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HIDDEN = "VALUE_HIDDEN"


class Difference:
    """Collects the properties that are to have another value than they have."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        self._request: dict[str, Any] = {}

    def add(
        self,
        name: str,
        wanted: Any,
        active: Any,
        *,
        request: dict[str, Any] | None = None,
        unordered: bool = False,
        same: Callable[[Any, Any], bool] | None = None,
        secret: bool = False,
    ) -> bool:
        """Notes a property and says whether it differs. A wanted None means that the property is left as it is.

        :param request: what to add to the update request where it differs.
        :param unordered: compare two lists without regard to their order.
        :param same: says whether wanted and active mean the same, where == does not tell.
        :param secret: show that it changes, but neither value.
        """
        if wanted is None or self._equal(wanted, active, unordered, same):
            return False
        self._before[name] = HIDDEN if secret else active
        self._after[name] = HIDDEN + "_AND_CHANGED" if secret else wanted
        self._request.update(request or {})
        return True

    @staticmethod
    def _equal(wanted: Any, active: Any, unordered: bool, same: Callable[[Any, Any], bool] | None) -> bool:
        if same is not None and active is not None:
            return same(wanted, active)
        if unordered:
            return sorted(wanted, key=repr) == sorted(active or [], key=repr)
        return bool(wanted == active)

    @property
    def changed(self) -> bool:
        return bool(self._after)

    @property
    def names(self) -> list[str]:
        """The properties that differ, in the order they were added."""
        return list(self._after)

    @property
    def before(self) -> dict[str, Any]:
        return dict(self._before)

    @property
    def after(self) -> dict[str, Any]:
        return dict(self._after)

    @property
    def request(self) -> dict[str, Any]:
        """The parts of an update request that the differing properties need."""
        return dict(self._request)

    @property
    def diff(self) -> dict[str, Any]:
        """The value of a result's key C(diff)."""
        return {"before": self.before, "after": self.after}

    def apply_to(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state as it will be, for check mode; secrets stay out of it."""
        shown = {name: value for name, value in self._after.items() if not str(value).startswith(HIDDEN)}
        return {**state, **shown}
