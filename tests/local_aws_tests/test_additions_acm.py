# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are issued when the world can see their records, and what ACM refuses."""

from __future__ import annotations

from typing import Any

import pytest

from .server_support import Server


@pytest.fixture
def domain(server: Server) -> str:
    return f"{server.name()}.example.com"


def ask(server: Server, domain: str, **options: Any) -> str:
    asked = {"DomainName": domain, "ValidationMethod": "DNS", **options}
    return str(server.client("acm").request_certificate(**asked)["CertificateArn"])


def describe(server: Server, arn: str) -> dict[str, Any]:
    return dict(server.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def records(server: Server, arn: str) -> list[dict[str, str]]:
    options = server.wait(lambda: _with_records(describe(server, arn)))
    return [option["ResourceRecord"] for option in options]


def _with_records(certificate: dict[str, Any]) -> list[dict[str, Any]]:
    options = certificate["DomainValidationOptions"]
    return options if all("ResourceRecord" in option for option in options) else []


def put(server: Server, zone: str, record: dict[str, str], value: str = "") -> None:
    record_set = {**record, "TTL": 300, "ResourceRecords": [{"Value": value or record["Value"]}]}
    record_set.pop("Value")
    server.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record_set}]}
    )


def test_records_take_seconds_and_validation_needs_the_right_ones(server: Server, domain: str) -> None:
    dns = server.client("route53")
    public, private = (
        dns.create_hosted_zone(Name=domain, CallerReference=f"{domain}-{kind}", HostedZoneConfig={"PrivateZone": kind})[
            "HostedZone"
        ]["Id"]
        for kind in (False, True)
    )
    arn = ask(server, domain, SubjectAlternativeNames=[f"*.{domain}", f"other.{domain}"])
    assert "ResourceRecord" not in describe(server, arn)["DomainValidationOptions"][0]
    first, wildcard, other = records(server, arn)
    assert first == wildcard != other
    # A private zone and another value prove nothing.
    put(server, private, first)
    put(server, public, other)
    put(server, public, first, value="_other.acm-validations.aws.")
    with pytest.raises(AssertionError, match="in time"):
        server.wait(lambda: describe(server, arn)["Status"] == "ISSUED", timeout=1.5)
    put(server, public, first)
    server.wait(lambda: describe(server, arn)["Status"] == "ISSUED")
    assert {option["ValidationStatus"] for option in describe(server, arn)["DomainValidationOptions"]} == {"SUCCESS"}


def test_lists_leave_out_keys_that_were_not_asked_for(server: Server, domain: str) -> None:
    acm, arn = server.client("acm"), ask(server, domain, KeyAlgorithm="EC_prime256v1")

    def listed(**includes: Any) -> bool:
        return arn in [item["CertificateArn"] for item in acm.list_certificates(**includes)["CertificateSummaryList"]]

    assert not listed()
    assert listed(Includes={"keyTypes": ["EC_prime256v1"]})
    assert describe(server, ask(server, f"rsa.{domain}"))["KeyAlgorithm"] == "RSA-2048"


@pytest.mark.parametrize("name", [f"{'a' * 60}.example.com", "a_b.example.com", "example", "-a.example.com"])
def test_names_that_are_none(server: Server, name: str) -> None:
    with server.refuses("ValidationException"):
        ask(server, name)


def test_only_the_first_name_is_short(server: Server, domain: str) -> None:
    assert ask(server, domain, SubjectAlternativeNames=[f"{'a' * 60}.{domain}"])


@pytest.mark.parametrize("token", ["with-hyphen", "a" * 33])
def test_tokens_that_are_none(server: Server, domain: str, token: str) -> None:
    with server.refuses("ValidationException"):
        ask(server, domain, IdempotencyToken=token)
