# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as ACM describes them: which is the one that is wanted, and what proves its domains. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

Shape = dict[str, Any]

KEY_ALGORITHMS = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
PENDING, ISSUED = "PENDING_VALIDATION", "ISSUED"
# The common name of a certificate; further names may be longer (API RequestCertificate, DomainName).
MAX_DOMAIN = 64
MAX_TOKEN = 32


def domains(domain_name: str, alternative_names: Iterable[str] | None) -> list[str]:
    """All names of a certificate in ACM's form: lower case, the domain itself among them, in a fixed order."""
    return sorted({name.lower().rstrip(".") for name in (domain_name, *(alternative_names or []))})


def key_algorithm(certificate: Shape) -> str:
    """DescribeCertificate writes RSA-2048 where a request says RSA_2048."""
    return str(certificate.get("KeyAlgorithm", "")).replace("-", "_")


def is_for(summary: Shape, domain_name: str) -> bool:
    return str(summary.get("DomainName", "")).lower() == domain_name.lower().rstrip(".")


def is_wanted(certificate: Shape, names: list[str], algorithm: str) -> bool:
    """Whether it can serve as the certificate that is asked for; AWS can change neither its names nor its key."""
    own = domains(str(certificate["DomainName"]), certificate.get("SubjectAlternativeNames"))
    return certificate["Status"] in (PENDING, ISSUED) and own == names and key_algorithm(certificate) == algorithm


def choose(certificates: list[Shape], names: list[str], algorithm: str) -> Shape | None:
    """The one to use: an issued one before one that waits, the newest first."""
    fitting = [item for item in certificates if is_wanted(item, names, algorithm)]
    fitting.sort(key=lambda item: (item["Status"] == ISSUED, str(item.get("CreatedAt", ""))), reverse=True)
    return next(iter(fitting), None)


def token(identity: dict[str, Any], names: list[str], algorithm: str, certificates: list[Shape]) -> str:
    """The idempotency token of a request: the same for the same wish, so that a request whose answer was lost makes no second
    certificate; another one where earlier certificates cannot serve.

    ACM remembers it for an hour, takes 32 word characters, and ignores it where other parts of the request differ.
    """
    wish = repr((sorted(identity.items()), names, algorithm, sorted(item["CertificateArn"] for item in certificates)))
    return hashlib.sha256(wish.encode()).hexdigest()[:MAX_TOKEN]


def validation_records(certificate: Shape | None) -> list[dict[str, str]]:
    """The CNAME records that prove the domains to ACM, each once: a name and its wildcard have the same one."""
    options = (certificate or {}).get("DomainValidationOptions") or []
    found = {
        (record["Name"], record["Type"], record["Value"])
        for option in options
        if (record := option.get("ResourceRecord"))
    }
    return [{"name": name, "type": kind, "value": value} for name, kind, value in sorted(found)]


def has_all_records(certificate: Shape) -> bool:
    """Whether ACM has made the record of each domain yet; it takes some seconds (API DescribeCertificate)."""
    options = certificate.get("DomainValidationOptions") or []
    return bool(options) and all(option.get("ResourceRecord") for option in options)


def names_of(summary: Shape) -> set[str]:
    """The names in a summary, without the wildcard, for which the same record proves them."""
    names = (summary.get("DomainName", ""), *(summary.get("SubjectAlternativeNameSummaries") or []))
    return {str(name).lower().removeprefix("*.") for name in names}


def described(certificate: Shape, tags: dict[str, str]) -> Shape:
    """A certificate as the module returns it."""
    return {
        "arn": certificate.get("CertificateArn", ""),
        "domain_name": certificate["DomainName"],
        "subject_alternative_names": domains(
            str(certificate["DomainName"]), certificate.get("SubjectAlternativeNames")
        ),
        "key_algorithm": key_algorithm(certificate),
        "status": certificate["Status"],
        "in_use": bool(certificate.get("InUseBy")),
        "validation_records": validation_records(certificate),
        "tags": tags,
    }
