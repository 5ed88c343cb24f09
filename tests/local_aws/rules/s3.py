# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What S3 refuses and moto takes.

Sources: "Guide" the S3 user guide, page named; "API" the reference's list of error codes.
"""

from __future__ import annotations

import json
from typing import Any

from moto.s3.models import s3_backends

from . import Call, Refusal, rule

GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def bucket(call: Call) -> Any:
    for partition in s3_backends[call.account_id].values():
        if call.params.get("Bucket") in partition.buckets:
            return partition.buckets[call.params["Bucket"]]
    return None


def _no_acls(call: Call) -> bool:
    found = bucket(call)
    return found is not None and "BucketOwnerEnforced" in str(found.ownership_rule)


@rule("s3", "PutObject")
@rule("s3", "CopyObject")
@rule("s3", "CreateMultipartUpload")
@rule("s3", "PutBucketAcl")
@rule("s3", "PutObjectAcl")
def no_access_control_lists(call: Call) -> None:
    # Guide about-object-ownership: with BucketOwnerEnforced only an ACL that gives the owner everything is taken; for an
    # upload of the owner's own account "private" is the same (ansible-collections/amazon.aws#863: PutObject with it passes,
    # PutObjectAcl does not)
    setting = call.operation.endswith("Acl")
    harmless = ("bucket-owner-full-control",) if setting else ("bucket-owner-full-control", "private", None)
    grants = any(call.params.get(name) for name in GRANTS)
    if (grants or call.params.get("ACL") not in harmless) and _no_acls(call):
        raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")


@rule("s3", "CreateBucket")
def no_lists_for_a_new_bucket(call: Call) -> None:
    # Guide object-ownership-new-bucket
    if call.params.get("ObjectOwnership", "BucketOwnerEnforced") != "BucketOwnerEnforced":
        return
    if call.params.get("ACL", "private") != "private" or any(call.params.get(name) for name in GRANTS):
        raise Refusal(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _document(call: Call) -> dict[str, Any]:
    try:
        document = json.loads(call.params["Policy"])
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    return document


@rule("s3", "PutBucketPolicy")
def a_policy_names_its_bucket(call: Call) -> None:
    # Guide bucket-policies "Policy has invalid resource"
    name = call.params["Bucket"]
    for statement in _list(_document(call).get("Statement")):
        for resource in _list(statement.get("Resource")):
            named = str(resource).rpartition(":::")[2]
            if named != name and not named.startswith(f"{name}/"):
                raise Refusal("MalformedPolicy", "Policy has invalid resource")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise Refusal("MalformedPolicy", "Missing required field Principal")


@rule("s3", "PutBucketPolicy")
def no_public_policy(call: Call) -> None:
    # Guide access-control-block-public-access: BlockPublicPolicy refuses a policy that lets anybody in
    found = bucket(call)
    if found is None or found.public_access_block is None or not found.public_access_block.block_public_policy:
        return
    for statement in _list(_document(call).get("Statement")):
        principal = statement.get("Principal")
        anybody = principal == "*" or (isinstance(principal, dict) and "*" in _list(principal.get("AWS")))
        if statement.get("Effect") == "Allow" and anybody and not statement.get("Condition"):
            raise Refusal(
                "AccessDenied",
                "User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the "
                "BlockPublicPolicy block public access setting.",
                403,
            )
