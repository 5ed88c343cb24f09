# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3: bucket policies whose conditions count (moto denies what such a statement names in any case), and what a new bucket
has today: no access control lists, no public access, encryption with S3's keys; and lifecycle rules that settle.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

from ..ecs import policy

if TYPE_CHECKING:
    from ..server import Context

# Nobody talks to the real S3 without TLS either; the local endpoint stands for it.
CONTEXT = {"aws:SecureTransport": "true"}


def permission(bucket: Any, action: str, resource: str) -> Any:
    """What the bucket's policy says, with the statements whose conditions hold."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    document["Statement"] = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in document["Statement"]
        if policy.conditions_hold(statement, CONTEXT)
    ]
    if not document["Statement"]:
        return PermissionResult.NEUTRAL
    decision = IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)
    if decision == PermissionResult.DENIED and action != "s3:DeleteObject":
        # moto answers an object's request with nothing but the number; several objects are deleted with an answer for each
        raise S3AccessDeniedError
    return decision


def new_bucket(bucket: Any, *arguments: Any, **options: Any) -> None:
    """User guide: object-ownership-new-bucket, access-control-block-public-access, default-bucket-encryption."""
    _new_bucket(bucket, *arguments, **options)
    bucket.ownership_rule = "BucketOwnerEnforced"
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    default = {"SSEAlgorithm": "AES256"}
    bucket.encryption = {"Rule": {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": "false"}}


_new_bucket = FakeBucket.__init__


def lifecycle_rules_settle(context: Context) -> None:
    """S3 goes on showing a bucket's lifecycle rules for a moment as they were before the last change.

    User guide, data consistency model: "Bucket configurations have an eventual consistency model."
    """
    shown: dict[str, list[Any]] = {}

    def settling(change: Callable[..., None]) -> Callable[..., None]:
        def changed(bucket: Any, *arguments: Any) -> None:
            before = shown.get(bucket.name, bucket.rules)
            change(bucket, *arguments)
            shown[bucket.name] = before
            key = ("bucket_lifecycle", bucket.name)
            context.lifecycle.begin(
                key, "bucket_configuration.settle", "settling", lambda: shown.pop(bucket.name, None)
            )

        return changed

    def rules_of(backend: Any, bucket_name: str) -> list[Any]:
        bucket = backend.get_bucket(bucket_name)
        return shown.get(bucket.name, bucket.rules)

    FakeBucket.set_lifecycle = settling(_set_lifecycle)  # type: ignore[method-assign]
    FakeBucket.delete_lifecycle = settling(_delete_lifecycle)  # type: ignore[method-assign]
    S3Backend.get_bucket_lifecycle = rules_of  # type: ignore[method-assign,assignment]


_set_lifecycle, _delete_lifecycle = FakeBucket.set_lifecycle, FakeBucket.delete_lifecycle


def install(context: Context) -> None:
    lifecycle_rules_settle(context)
    FakeBucket.__init__ = new_bucket  # type: ignore[method-assign,assignment]
    FakeBucket.get_permission = permission  # type: ignore[method-assign,assignment]
