# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager: a name that was just deleted without recovery is not free at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules import Call
from ..rules.secretsmanager import deleting_key
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context


class SecretsManager(Addition):
    """Secrets Manager's additions."""

    service = "secretsmanager"

    @operation("DeleteSecret")
    def delete(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        if call.params.get("ForceDeleteWithoutRecovery"):
            self.lifecycle.begin(deleting_key(call, answer["Name"]), "secret.delete", "deleting")
        return answer


def install(context: Context) -> None:
    SecretsManager(context)
