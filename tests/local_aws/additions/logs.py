# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch Logs: a log group that was just deleted cannot be made again at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules import Call
from ..rules.logs import deleting_key
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class Logs(Addition):
    """CloudWatch Logs' additions."""

    service = "logs"

    @operation("DeleteLogGroup")
    def delete(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        self.lifecycle.begin(deleting_key(call, call.params["logGroupName"]), "log_group.delete", "deleting")
        return answer


def install(context: Context) -> None:
    Logs(context)
