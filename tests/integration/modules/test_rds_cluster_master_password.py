# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "rds_cluster_master_password"
WANTED = {"cluster_id": "x", "secret_arn": "x/application", "secret_json_key": "DATABASE_PASSWORD"}
TAG = "langfuse:master-password-version"


@pytest.fixture
def cluster(aws: Any) -> Any:
    aws.client("rds").create_db_cluster(
        DBClusterIdentifier="x",
        Engine="aurora-postgresql",
        EngineVersion="16.8",
        MasterUsername="langfuse",
        MasterUserPassword="thrown-away-password",
    )
    put(aws, DATABASE_PASSWORD="first-database-password", SALT="salt")
    return aws


def put(aws: Any, **values: str) -> str:
    client, text = aws.client("secretsmanager"), json.dumps(values)
    if client.list_secrets()["SecretList"]:
        return client.put_secret_value(SecretId="x/application", SecretString=text)["VersionId"]
    return client.create_secret(Name="x/application", SecretString=text)["VersionId"]


def tags(aws: Any) -> dict[str, str]:
    found = aws.client("rds").describe_db_clusters(DBClusterIdentifier="x")["DBClusters"][0]
    return {tag["Key"]: tag["Value"] for tag in found["TagList"]}


def passwords(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that the module sets from now on."""
    seen: list[str] = []
    import importlib

    code = importlib.import_module(f"ansible_collections.llmops.langfuse.plugins.modules.{MODULE}")
    original = code.modify_password

    def modify_password(client: Any, cluster_id: str, password: str) -> None:
        seen.append(password)
        original(client, cluster_id, password)

    monkeypatch.setattr(code, "modify_password", modify_password)
    return seen


def test_cycle(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = passwords(monkeypatch)
    first = cluster.cycle(MODULE, WANTED)
    assert seen == ["first-database-password"]
    assert tags(cluster)[TAG] == first["cluster"]["password_version_id"]
    second_version = put(cluster, DATABASE_PASSWORD="second-database-password", SALT="salt")
    second = cluster.cycle(MODULE, WANTED)
    assert seen == ["first-database-password", "second-database-password"]
    assert tags(cluster)[TAG] == second["cluster"]["password_version_id"] == second_version
    assert "database-password" not in json.dumps([first, second])
    assert second["diff"]["after"]["master_password"] != second["diff"]["before"]["master_password"]


def test_rotation_of_another_key_sets_no_password(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.run(MODULE, WANTED)
    version = put(cluster, DATABASE_PASSWORD="first-database-password", SALT="other")
    seen = passwords(monkeypatch)
    result = cluster.cycle(MODULE, WANTED)
    assert seen == []
    assert list(result["diff"]["after"]) == ["password_version_id"]
    assert tags(cluster)[TAG] == version


def test_a_known_version_spares_the_secret(cluster: Any) -> None:
    version = cluster.run(MODULE, WANTED)["cluster"]["password_version_id"]
    elsewhere = {**WANTED, "secret_arn": "nowhere", "secret_version_id": version}
    assert cluster.run(MODULE, elsewhere)["changed"] is False


def test_a_stale_known_version_changes_nothing(cluster: Any) -> None:
    cluster.run(MODULE, WANTED)
    assert cluster.run(MODULE, {**WANTED, "secret_version_id": "stale"})["changed"] is False


def test_force(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.run(MODULE, WANTED)
    seen = passwords(monkeypatch)
    assert cluster.run(MODULE, {**WANTED, "force": True})["changed"] is True
    assert seen == ["first-database-password"]


def test_no_cluster(aws: Any) -> None:
    assert aws.run(MODULE, WANTED, check=True)["changed"] is True
    with pytest.raises(ModuleFailed, match="There is no cluster x; create it first"):
        aws.run(MODULE, WANTED)


def test_no_such_key(cluster: Any) -> None:
    with pytest.raises(ModuleFailed, match="has no text under the key NOTHING"):
        cluster.run(MODULE, {**WANTED, "secret_json_key": "NOTHING"})
    assert TAG not in tags(cluster)
