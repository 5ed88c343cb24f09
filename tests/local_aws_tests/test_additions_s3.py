# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3: what a new bucket has, and policies whose conditions count."""

from __future__ import annotations

import json

from .server_support import REGION, Server


def bucket(server: Server) -> str:
    name = server.name("bucket")
    server.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def policy(name: str, transport: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": transport}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_new_bucket_is_closed_and_encrypted(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    rules = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    other = server.name("bucket")
    s3.create_bucket(
        Bucket=other, ObjectOwnership="ObjectWriter", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    rules = s3.get_bucket_ownership_controls(Bucket=other)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "ObjectWriter"}]


def test_conditions_of_a_policy_count(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    # only for those who come without TLS
    s3.put_bucket_policy(Bucket=name, Policy=policy(name, "false"))
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"v"
    s3.put_bucket_policy(Bucket=name, Policy=policy(name, "true"))
    with server.refuses("AccessDenied"):
        s3.put_object(Bucket=name, Key="k", Body=b"v")


def test_lifecycle_rules_are_shown_a_moment_later(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    with server.refuses("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=name)
    server.wait(lambda: server.accepted(lambda: s3.get_bucket_lifecycle_configuration(Bucket=name)))
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [rule]


def test_a_bucket_with_versions_is_not_empty(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    s3.delete_object(Bucket=name, Key="k")
    with server.refuses("BucketNotEmpty"):
        s3.delete_bucket(Bucket=name)
    listed = s3.list_object_versions(Bucket=name)
    for item in listed["Versions"] + listed["DeleteMarkers"]:
        s3.delete_object(Bucket=name, Key="k", VersionId=item["VersionId"])
    s3.delete_bucket(Bucket=name)


def test_the_size_of_an_object_without_its_content(server: Server) -> None:
    s3, name = server.client("s3"), bucket(server)
    s3.put_object(Bucket=name, Key="media/x", Body=b"x" * 36)
    assert s3.head_object(Bucket=name, Key="media/x")["ContentLength"] == 36
