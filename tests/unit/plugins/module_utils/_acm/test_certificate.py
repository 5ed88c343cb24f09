# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._acm import certificate as acm

RECORD = {"Name": "_a.example.com.", "Type": "CNAME", "Value": "_b.acm-validations.aws."}


def described(**changes: Any) -> dict[str, Any]:
    return {
        "CertificateArn": "arn:1",
        "DomainName": "a.example.com",
        "SubjectAlternativeNames": ["a.example.com"],
        "KeyAlgorithm": "RSA-2048",
        "Status": "ISSUED",
        **changes,
    }


def test_names_are_compared_in_one_form() -> None:
    assert acm.domains("B.example.com.", ["a.Example.com", "b.example.com"]) == ["a.example.com", "b.example.com"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"Status": "PENDING_VALIDATION"}, True),
        ({"Status": "VALIDATION_TIMED_OUT"}, False),
        ({"KeyAlgorithm": "EC_prime256v1"}, False),
        ({"SubjectAlternativeNames": ["a.example.com", "b.example.com"]}, False),
    ],
)
def test_what_can_serve(changes: dict[str, Any], wanted: bool) -> None:
    assert acm.is_wanted(described(**changes), ["a.example.com"], "RSA_2048") is wanted


def test_an_issued_one_comes_before_a_newer_one_that_waits() -> None:
    waiting = described(CertificateArn="arn:2", Status="PENDING_VALIDATION", CreatedAt="2026-02-01")
    old, new = described(CreatedAt="2026-01-01"), described(CertificateArn="arn:3", CreatedAt="2026-01-02")
    assert acm.choose([waiting, old, new], ["a.example.com"], "RSA_2048") is new
    assert acm.choose([waiting], ["a.example.com"], "RSA_2048") is waiting
    assert acm.choose([], ["a.example.com"], "RSA_2048") is None


def test_token_is_the_same_for_the_same_wish_only() -> None:
    identity, names = {"langfuse:environment": "x"}, ["a.example.com"]
    first = acm.token(identity, names, "RSA_2048", [])
    assert re.fullmatch(r"\w{1,32}", first)
    assert acm.token(identity, names, "RSA_2048", []) == first
    others = (
        acm.token({"langfuse:environment": "y"}, names, "RSA_2048", []),
        acm.token(identity, [*names, "b.example.com"], "RSA_2048", []),
        acm.token(identity, names, "EC_prime256v1", []),
        # After a failed one the same wish is another request, or AWS would return the failed one for an hour.
        acm.token(identity, names, "RSA_2048", [described(Status="FAILED")]),
    )
    assert len({first, *others}) == 5


def test_a_name_and_its_wildcard_have_one_record() -> None:
    options = [{"DomainName": name, "ResourceRecord": RECORD} for name in ("example.com", "*.example.com")]
    assert acm.validation_records(described(DomainValidationOptions=options)) == [
        {"name": RECORD["Name"], "type": "CNAME", "value": RECORD["Value"]}
    ]


def test_records_are_there_when_each_domain_has_one() -> None:
    assert not acm.has_all_records(described())
    assert not acm.has_all_records(
        described(DomainValidationOptions=[{"DomainName": "a", "ResourceRecord": RECORD}, {"DomainName": "b"}])
    )
    assert acm.has_all_records(described(DomainValidationOptions=[{"DomainName": "a", "ResourceRecord": RECORD}]))
