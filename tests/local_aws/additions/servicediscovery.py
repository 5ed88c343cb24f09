# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud Map: creating and deleting namespaces are operations that take time, and so is changing a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules import Call
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class CloudMap(Addition):
    """Cloud Map's additions."""

    service = "servicediscovery"

    def _begin(self, answer: Shape, kind: str) -> Shape:
        self.lifecycle.begin(("operation", answer["OperationId"]), kind, "PENDING")
        return answer

    @operation("CreatePrivateDnsNamespace")
    def create_namespace(self, _call: Call, forward: Forward) -> Shape:
        return self._begin(forward(), "namespace.create")

    @operation("DeleteNamespace")
    def delete_namespace(self, _call: Call, forward: Forward) -> Shape:
        return self._begin(forward(), "namespace.delete")

    @operation("UpdateService", "UpdatePrivateDnsNamespace")
    def update_service(self, _call: Call, forward: Forward) -> Shape:
        return self._begin(forward(), "cloudmap_service.update")

    @operation("GetOperation")
    def get_operation(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        state = self.lifecycle.state(("operation", call.params["OperationId"]), "")
        if state:
            answer["Operation"]["Status"] = state
        return answer


def install(context: Context) -> None:
    CloudMap(context)
