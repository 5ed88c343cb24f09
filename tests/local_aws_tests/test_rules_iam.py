# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM refuses, beside what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .server_support import Server

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def role(server: Server) -> str:
    name = server.name("role")
    server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


def policy(size: int) -> str:
    """An inline policy of so many characters, white space apart."""
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::"]}],
    }
    bare = len(json.dumps(document, separators=(",", ":")))
    document["Statement"][0]["Resource"] = ["arn:aws:s3:::" + "a" * (size - bare)]  # type: ignore[index]
    return json.dumps(document, indent=1)


@pytest.mark.parametrize("name", ["a" * 65, "with space", "a/b"])
def test_names(server: Server, name: str) -> None:
    with server.refuses("ValidationError", "roleName"):
        server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    longest = server.name("r").ljust(64, "x")
    server.client("iam").create_role(RoleName=longest, AssumeRolePolicyDocument=json.dumps(TRUST))


def test_trust(server: Server) -> None:
    iam = server.client("iam")
    with server.refuses("MalformedPolicyDocument", "Resource"):
        iam.create_role(
            RoleName=server.name("role"),
            AssumeRolePolicyDocument=json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], "Resource": "*"}]}),
        )
    name = role(server)
    with server.refuses("LimitExceeded", "ACLSizePerRole"):
        iam.update_assume_role_policy(
            RoleName=name,
            PolicyDocument=json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], "Sid": "a" * 2048}]}),
        )
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(TRUST))


def test_inline_policies_have_a_size(server: Server) -> None:
    iam, name = server.client("iam"), role(server)
    iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=policy(10000))
    with server.refuses("LimitExceeded", "10240"):
        iam.put_role_policy(RoleName=name, PolicyName="b", PolicyDocument=policy(241))
    iam.put_role_policy(RoleName=name, PolicyName="b", PolicyDocument=policy(240))
    # another text for the same policy counts once
    iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=policy(9999))


def test_managed_policies_have_a_number(server: Server) -> None:
    iam, name = server.client("iam"), role(server)
    arns = [
        iam.create_policy(PolicyName=server.name("p"), PolicyDocument=policy(200))["Policy"]["Arn"] for _ in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    with server.refuses("LimitExceeded", "PoliciesPerRole"):
        iam.attach_role_policy(RoleName=name, PolicyArn=arns[10])
    iam.attach_role_policy(RoleName=name, PolicyArn=arns[0])
