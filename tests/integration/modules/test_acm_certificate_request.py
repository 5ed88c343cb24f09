# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import uuid
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "acm_certificate_request"
IDENTITY = {"langfuse:environment": "x"}


def prove(server: Any, zone: str, records: list[dict[str, str]]) -> None:
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": record["name"],
                "Type": record["type"],
                "TTL": 300,
                "ResourceRecords": [{"Value": record["value"]}],
            },
        }
        for record in records
    ]
    server.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


@pytest.fixture
def domain() -> str:
    """One that no other test has; the account is shared."""
    return f"{uuid.uuid4().hex[:10]}.example.com"


@pytest.fixture
def zone(server: Any, domain: str) -> str:
    made = server.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
    return str(made["HostedZone"]["Id"])


@pytest.fixture
def wanted(domain: str) -> dict[str, Any]:
    return {
        "domain_name": f"langfuse.{domain}",
        "subject_alternative_names": [f"*.langfuse.{domain}", f"other.{domain}"],
        "identity_tags": IDENTITY,
        "tags": {"team": "llmops"},
    }


def test_twelve_steps(server: Any, zone: str, wanted: dict[str, Any]) -> None:
    created = server.cycle(MODULE, wanted)
    certificate = created["certificate"]
    assert certificate["status"] == "PENDING_VALIDATION"
    assert certificate["tags"] == {"team": "llmops", **IDENTITY}
    # langfuse and its wildcard have one record
    assert len(certificate["validation_records"]) == 2
    assert created["predicted"]["certificate"]["subject_alternative_names"] == certificate["subject_alternative_names"]

    prove(server, zone, certificate["validation_records"])
    waited = server.run(MODULE, {**wanted, "wait": True})
    assert (waited["changed"], waited["certificate"]["status"]) == (False, "ISSUED")
    assert waited["certificate"]["arn"] == certificate["arn"]

    changed = server.cycle(MODULE, {**wanted, "tags": {"team": "other"}})
    assert changed["certificate"]["tags"] == {"team": "other", **IDENTITY}
    assert changed["certificate"]["arn"] == certificate["arn"]

    gone = server.cycle(MODULE, {**wanted, "state": "absent"})
    assert gone["predicted"]["unneeded_records"] == certificate["validation_records"]
    listed = server.client("acm").list_certificates()["CertificateSummaryList"]
    assert certificate["arn"] not in [item["CertificateArn"] for item in listed]


def test_another_key_is_another_certificate_and_found_again(server: Any, zone: str, wanted: dict[str, Any]) -> None:
    first = server.run(MODULE, wanted)["certificate"]
    elliptic = {**wanted, "key_algorithm": "EC_prime256v1"}
    second = server.run(MODULE, elliptic)["certificate"]
    assert second["arn"] != first["arn"]
    assert second["superseded"] == [first["arn"]]
    # Without asking ACM for keys of this kind it would not be found, and requested anew.
    assert server.run(MODULE, elliptic)["changed"] is False

    removed = server.run(MODULE, {**elliptic, "state": "absent", "certificate_arn": first["arn"]})
    assert removed["changed"] is True
    assert removed["unneeded_records"] == []
    left = server.run(MODULE, elliptic)
    assert (left["changed"], left["certificate"]["superseded"]) == (False, [])


def test_one_of_another_environment_is_left_alone(server: Any, zone: str, wanted: dict[str, Any]) -> None:
    theirs = {**wanted, "identity_tags": {"langfuse:environment": "y"}}
    other = server.run(MODULE, theirs)["certificate"]
    assert server.run(MODULE, wanted)["certificate"]["arn"] != other["arn"]
    gone = server.run(MODULE, {**wanted, "state": "absent"})
    # The other certificate is renewed by the same records.
    assert gone["unneeded_records"] == []
    assert server.run(MODULE, theirs)["certificate"]["arn"] == other["arn"]


def test_time_is_out_where_nobody_sees_the_records(server: Any, zone: str, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match=r"NS records") as failed:
        server.run(MODULE, {**wanted, "wait": True, "wait_timeout": 1})
    assert "acm-validations.aws" in failed.value.result["msg"]
    assert wanted["domain_name"] in failed.value.result["msg"]


def test_a_domain_that_is_too_long(server: Any, zone: str, wanted: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="64 at most"):
        server.run(MODULE, {**wanted, "domain_name": f"{'a' * 60}.example.com"})
