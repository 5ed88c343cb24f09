# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull-through cache rules: their whole life in twelve steps, and what goes with them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "ecr_pull_through_cache_rule"


@pytest.fixture
def prefix() -> str:
    return f"t-{uuid.uuid4().hex[:8]}-hub"


def secret(server: Any) -> str:
    name = f"ecr-pullthroughcache/{uuid.uuid4().hex}"
    return str(server.client("secretsmanager").create_secret(Name=name, SecretString="{}")["ARN"])


def test_life(server: Any, prefix: str) -> None:
    first, second = secret(server), secret(server)
    made = server.cycle(MODULE, {"prefix": prefix, "credential_arn": first})
    assert made["rule"] == {"prefix": prefix, "upstream_registry_url": "registry-1.docker.io", "credential_arn": first}
    assert made["predicted"]["rule"] == made["rule"]
    changed = server.cycle(MODULE, {"prefix": prefix, "credential_arn": second})
    assert changed["diff"] == {"before": {"credential_arn": first}, "after": {"credential_arn": second}}
    # A credential that is not given is left alone.
    assert server.run(MODULE, {"prefix": prefix})["changed"] is False
    gone = server.cycle(MODULE, {"prefix": prefix, "state": "absent", "delete_repositories": True})
    assert (gone["rule"], gone["deleted_repositories"]) == ({}, [])


def test_what_the_rule_fetched_goes_with_it_and_nothing_else(server: Any, prefix: str) -> None:
    ecr = server.client("ecr")
    names = [f"{prefix}/langfuse/langfuse", f"{prefix}/clickhouse/clickhouse-server", f"{prefix}-of-mine/langfuse"]
    for name in names:
        ecr.create_repository(repositoryName=name)

    def left() -> set[str]:
        return {item["repositoryName"] for item in ecr.describe_repositories()["repositories"]} & set(names)

    absent = {"prefix": prefix, "state": "absent", "delete_repositories": True}
    # Without a rule nobody knows whose they are.
    assert server.run(MODULE, absent)["changed"] is False
    assert left() == set(names)
    server.run(MODULE, {"prefix": prefix, "credential_arn": secret(server)})
    assert sorted(server.run(MODULE, absent, check=True)["deleted_repositories"]) == sorted(names[:2])
    assert left() == set(names)
    assert sorted(server.run(MODULE, absent)["deleted_repositories"]) == sorted(names[:2])
    assert left() == {names[2]}


def test_another_registry_needs_another_rule(server: Any, prefix: str) -> None:
    server.run(MODULE, {"prefix": prefix, "credential_arn": secret(server)})
    with pytest.raises(ModuleFailed, match="choose another prefix"):
        server.run(MODULE, {"prefix": prefix, "upstream_registry_url": "public.ecr.aws"})


def test_docker_hub_needs_a_credential(server: Any, prefix: str) -> None:
    with pytest.raises(ModuleFailed, match="credential"):
        server.run(MODULE, {"prefix": prefix})
