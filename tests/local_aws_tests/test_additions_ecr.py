# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECR's pull-through cache rules: what is refused, what they become, and what a task's first pull needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from local_aws import pull_through

from .ecs_support import REGION, Local
from .server_support import Server

HUB = "registry-1.docker.io"


def secret(server: Server, prefix: str = "ecr-pullthroughcache/") -> str:
    name = prefix + server.name()
    return str(server.client("secretsmanager").create_secret(Name=name, SecretString="{}")["ARN"])


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"ecrRepositoryPrefix": "a"}, "InvalidParameterException"),
        ({"ecrRepositoryPrefix": "x" * 31}, "InvalidParameterException"),
        ({"ecrRepositoryPrefix": "Hub"}, "InvalidParameterException"),
        ({"upstreamRegistryUrl": "docker.io"}, "UnsupportedUpstreamRegistryException"),
        # Docker Hub lets nobody pull without a name.
        ({"credentialArn": None}, "InvalidParameterException"),
        ({"credentialArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hub-AbCdEf"}, "InvalidParameterException"),
        (
            {"credentialArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/x-AbCdEf"},
            "SecretNotFoundException",
        ),
    ],
)  # fmt: skip
def test_rules_that_aws_refuses(server: Server, changes: dict[str, Any], code: str) -> None:
    request = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": HUB, "credentialArn": secret(server), **changes}
    with server.refuses(code):
        server.client("ecr").create_pull_through_cache_rule(
            **{name: value for name, value in request.items() if value is not None}
        )


def test_life_of_a_rule(server: Server) -> None:
    ecr, prefix, credential = server.client("ecr"), server.name(), secret(server)
    request = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": HUB, "credentialArn": credential}
    assert ecr.create_pull_through_cache_rule(**request)["upstreamRegistry"] == "docker-hub"
    with server.refuses("PullThroughCacheRuleAlreadyExistsException"):
        ecr.create_pull_through_cache_rule(**request)
    other = secret(server)
    ecr.update_pull_through_cache_rule(ecrRepositoryPrefix=prefix, credentialArn=other)
    found = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    assert [(rule["credentialArn"], rule["upstreamRegistryUrl"]) for rule in found] == [(other, HUB)]
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix)
    for call in (
        lambda: ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=prefix),
        lambda: ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix]),
    ):
        with server.refuses("PullThroughCacheRuleNotFoundException"):
            call()


@pytest.fixture
def cache() -> Iterator[None]:
    rule = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": HUB}
    pull_through.rules("123456789012", REGION)["hub"] = rule
    yield
    pull_through.RULES.clear()


PULL = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]


def pull(local: Local, name: str, actions: list[str], image: str) -> dict[str, Any]:
    logs = ["logs:CreateLogStream", "logs:PutLogEvents"]
    role = local.role(name, [{"Effect": "Allow", "Action": [*logs, *actions], "Resource": "*"}])
    container = local.container("print('ran')", image=f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{image}")
    return local.stopped(local.run(local.definition(container, family=name, executionRoleArn=role)))


def test_the_first_pull_needs_more_than_the_others(local: Local, cache: None) -> None:
    image = "hub/test/python:3.2.1"
    refused = pull(local, "pulls-only", PULL, image)
    assert refused["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in refused["stoppedReason"]
    assert local.client("ecr").describe_repositories()["repositories"] == []
    assert pull(local, "imports", [*PULL, *IMPORT], image)["containers"][0]["exitCode"] == 0
    repositories = local.client("ecr").describe_repositories()["repositories"]
    assert [item["repositoryName"] for item in repositories] == ["hub/test/python"]
    assert pull(local, "pulls-again", PULL, image)["containers"][0]["exitCode"] == 0


def test_other_prefixes_are_no_cache(local: Local, cache: None) -> None:
    stopped = pull(local, "elsewhere", [*PULL, *IMPORT], "other/test/python:3.2.1")
    assert "CannotPullContainerError" in stopped["stoppedReason"]
