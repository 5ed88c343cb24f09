# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager: a name that was just deleted without recovery is not free at once, and copies take their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.secretsmanager.models import secretsmanager_backends

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

    @operation("CreateSecret", "ReplicateSecretToRegions")
    def replicate(self, call: Call, forward: Forward) -> Shape:
        """API ReplicationStatusType: a copy is InProgress before it is InSync, and names the key that it was given."""
        answer = forward()
        regions = {each["Region"]: each.get("KmsKeyId") for each in call.params.get("AddReplicaRegions") or []}
        if regions:
            secret: Any = secretsmanager_backends[call.account_id][call.region].secrets[answer["ARN"]]
            for replica in secret.replicas:
                if replica.region in regions:
                    self._copy(replica, regions[replica.region])
            answer["ReplicationStatus"] = [dict(replica.config) for replica in secret.replicas]
        return answer

    def _copy(self, replica: Any, key: str | None) -> None:
        if key:
            replica.config["KmsKeyId"] = key
        if replica.config["Status"] != "InSync":
            return
        replica.config.update(Status="InProgress", StatusMessage="Replication in progress")

        def done() -> None:
            replica.config.update(Status="InSync", StatusMessage="Replication succeeded")

        self.lifecycle.begin(("replica", replica.arn), "secret.replicate", "InProgress", done)


def install(context: Context) -> None:
    SecretsManager(context)
