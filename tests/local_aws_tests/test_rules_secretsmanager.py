# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager: what it refuses, beside what it takes."""

from __future__ import annotations

from .server_support import Server


def test_names_and_sizes(server: Server) -> None:
    secrets = server.client("secretsmanager")
    with server.refuses("ValidationException", "Invalid name"):
        secrets.create_secret(Name="a b", SecretString="x")
    name = server.name("s/app")
    with server.refuses("ValidationException", "65536"):
        secrets.create_secret(Name=name, SecretString="x" * 65537)
    secrets.create_secret(Name=name, SecretString="x" * 65536)
    with server.refuses("ValidationException", "65536"):
        secrets.put_secret_value(SecretId=name, SecretString="ä" * 32769)
    secrets.put_secret_value(SecretId=name, SecretString="ä" * 32768)


def test_a_secret_that_waits_for_its_deletion_can_only_be_described_or_restored(server: Server) -> None:
    secrets, name = server.client("secretsmanager"), server.name("s")
    arn = secrets.create_secret(Name=name, SecretString="x")["ARN"]
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert secrets.describe_secret(SecretId=name)["DeletedDate"]
    with server.refuses("InvalidRequestException", "already scheduled for deletion"):
        secrets.create_secret(Name=name, SecretString="x")
    with server.refuses("InvalidRequestException", "marked for deletion"):
        secrets.get_secret_value(SecretId=arn)
    with server.refuses("InvalidRequestException", "marked for deletion"):
        secrets.put_secret_value(SecretId=name, SecretString="x")
    with server.refuses("InvalidRequestException", "marked for deletion"):
        secrets.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "b"}])
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "x"


def test_a_name_is_not_free_at_once(server: Server) -> None:
    secrets, name = server.client("secretsmanager"), server.name("s")
    secrets.create_secret(Name=name, SecretString="x")
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with server.refuses("InvalidRequestException", "already scheduled for deletion"):
        secrets.create_secret(Name=name, SecretString="x")

    def taken() -> bool:
        try:
            secrets.create_secret(Name=name, SecretString="y")
        except secrets.exceptions.InvalidRequestException:
            return False
        return True

    server.wait(taken)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "y"


def test_a_copy_takes_its_time_and_keeps_its_key(server: Server) -> None:
    secrets, name = server.client("secretsmanager"), server.name("s")
    created = secrets.create_secret(
        Name=name, SecretString="x", AddReplicaRegions=[{"Region": "eu-west-1", "KmsKeyId": "alias/own"}]
    )
    assert created["ReplicationStatus"][0]["Status"] == "InProgress"

    def status() -> list[tuple[str, str, str]]:
        copies = secrets.describe_secret(SecretId=name)["ReplicationStatus"]
        return [(copy["Region"], copy["KmsKeyId"], copy["Status"]) for copy in copies]

    server.wait(lambda: status() == [("eu-west-1", "alias/own", "InSync")])
    with server.refuses("InvalidParameterException", "replica regions"):
        secrets.delete_secret(SecretId=name)
    copies = secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": "eu-west-3"}])
    assert [copy["Status"] for copy in copies["ReplicationStatus"]] == ["InSync", "InProgress"]
    server.wait(lambda: ("eu-west-3", "alias/aws/secretsmanager", "InSync") in status())
    secrets.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=["eu-west-1", "eu-west-3"])
    secrets.delete_secret(SecretId=name)
