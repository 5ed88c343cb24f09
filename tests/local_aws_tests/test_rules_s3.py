# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What S3 refuses, beside what it takes."""

from __future__ import annotations

import json
from typing import Any

from .server_support import REGION, Server
from .test_additions_s3 import bucket


def test_access_control_lists_are_off(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    for acl in ("public-read", "authenticated-read"):
        with server.refuses("AccessControlListNotSupported"):
            s3.put_object(Bucket=name, Key="k", Body=b"v", ACL=acl)
    s3.put_object(Bucket=name, Key="k", Body=b"v", ACL="bucket-owner-full-control")
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    with server.refuses("AccessControlListNotSupported"):
        s3.put_object_acl(Bucket=name, Key="k", ACL="private")
    with server.refuses("AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=name, ACL="private")


def test_access_control_lists_can_be_asked_for(server: Server) -> None:
    s3, name = server.client("s3"), server.name("bucket")
    where = {"LocationConstraint": REGION}
    with server.refuses("InvalidBucketAclWithObjectOwnership"):
        s3.create_bucket(Bucket=name, ACL="public-read", CreateBucketConfiguration=where)
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter", CreateBucketConfiguration=where)
    s3.put_object(Bucket=name, Key="k", Body=b"v", ACL="private")
    s3.put_object_acl(Bucket=name, Key="k", ACL="private")


def statement(name: str, **changes: Any) -> str:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow | changes]})


def test_policies_name_their_bucket(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    for policy in (statement(name, Effect="Deny", Resource="arn:aws:s3:::other/*"), "not JSON"):
        with server.refuses("MalformedPolicy"):
            s3.put_bucket_policy(Bucket=name, Policy=policy)
    s3.put_bucket_policy(Bucket=name, Policy=statement(name, Effect="Deny"))


def test_public_policies_are_blocked(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    for principal in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        with server.refuses("AccessDenied", "public"):
            s3.put_bucket_policy(Bucket=name, Policy=statement(name, Principal=principal))
    s3.put_bucket_policy(Bucket=name, Policy=statement(name, Principal={"AWS": "arn:aws:iam::123456789012:root"}))
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=statement(name))
