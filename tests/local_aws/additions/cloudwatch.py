# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch: dashboards have tags, as alarms have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rules import Call
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class CloudWatch(Addition):
    """CloudWatch's additions."""

    service = "cloudwatch"

    def __init__(self, context: Context) -> None:
        self._tags: dict[str, dict[str, str]] = {}
        super().__init__(context)

    def reset(self) -> None:
        self._tags.clear()

    @staticmethod
    def _arn(call: Call, name: str) -> str:
        # API TagResource: dashboards are of no region.
        return f"arn:aws:cloudwatch::{call.account_id}:dashboard/{name}"

    @operation("PutDashboard")
    def put_dashboard(self, call: Call, forward: Forward) -> Shape:
        """API PutDashboard: tags count for a new dashboard only."""
        answer = forward()
        arn = self._arn(call, call.params["DashboardName"])
        if arn not in self._tags:
            self._tags[arn] = _as_dict(call.params.get("Tags"))
        return answer

    @operation("DeleteDashboards")
    def delete_dashboards(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        for name in call.params["DashboardNames"]:
            self._tags.pop(self._arn(call, name), None)
        return answer

    @operation("ListTagsForResource")
    def list_tags(self, call: Call, forward: Forward) -> Shape:
        found = self._tags.get(call.params["ResourceARN"])
        if found is None:
            return forward()
        return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}

    @operation("TagResource")
    def tag(self, call: Call, forward: Forward) -> Shape:
        found = self._tags.get(call.params["ResourceARN"])
        if found is None:
            return forward()
        found |= _as_dict(call.params["Tags"])
        return {}

    @operation("UntagResource")
    def untag(self, call: Call, forward: Forward) -> Shape:
        found = self._tags.get(call.params["ResourceARN"])
        if found is None:
            return forward()
        for key in call.params["TagKeys"]:
            found.pop(key, None)
        return {}


def _as_dict(tags: list[dict[str, Any]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def install(context: Context) -> None:
    CloudWatch(context)
