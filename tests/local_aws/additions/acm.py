# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ACM: certificates wait for their validation until the right CNAME is in a public hosted zone, and are signed by the local
authority, so that listeners can serve them; lists leave out keys that were not asked for; one in use says so.

moto issues a certificate by itself after a minute, gives all of them the same record, and never forgets a use.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto import settings
from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends
from moto.utilities.utils import get_partition

from ..engines.certificates import server_certificate
from ..rules import Call
from . import Addition, Forward, Shape, cloudfront, operation

if TYPE_CHECKING:
    from ..server import Context

# API ListCertificates, Filters.keyTypes: what is listed where nothing is asked for
USUAL_KEYS = ("RSA_1024", "RSA_2048")


@dataclass
class Requested:
    """What moto does not keep of a request."""

    names: list[str]
    algorithm: str
    method: str
    # Until then DescribeCertificate has no records (API DescribeCertificate: "several seconds")
    records_at: float


def record(account_id: str, domain: str) -> dict[str, str]:
    """The CNAME that proves a domain to ACM: the same for all certificates of an account."""
    name = domain.removeprefix("*.")
    first, second = (
        hashlib.sha256(f"{part}/{account_id}/{name}".encode()).hexdigest()[:32] for part in ("name", "value")
    )
    return {"Name": f"_{first}.{name}.", "Type": "CNAME", "Value": f"_{second}.jkddzztszm.acm-validations.aws."}


def users(account_id: str, region: str, arn: str) -> list[str]:
    """The load balancers whose listeners have the certificate, and the distributions."""
    balancers = elbv2_backends[account_id][region].load_balancers.values()
    distributions = cloudfront.DISTRIBUTIONS.values()
    return [
        *(
            balancer.arn
            for balancer in balancers
            if any(arn in (listener.certificates or []) for listener in balancer.listeners.values())
        ),
        *(item.arn for item in distributions if item.config["ViewerCertificate"].get("ACMCertificateArn") == arn),
    ]


class Certificates(Addition):
    """ACM's additions."""

    service = "acm"

    def __init__(self, context: Context) -> None:
        self.requested: dict[str, Requested] = {}
        settings.ACM_VALIDATION_WAIT = float("inf")  # type: ignore[assignment]
        super().__init__(context)

    def reset(self) -> None:
        self.requested.clear()

    @staticmethod
    def _bundle(call: Call, arn: str) -> Any | None:
        return acm_backends[call.account_id][call.region]._certificates.get(arn)

    @staticmethod
    def _proven(call: Call, domain: str) -> bool:
        """Whether the domain's record is where the world would find it."""
        wanted = record(call.account_id, domain)
        zones = route53_backends[call.account_id][get_partition(call.region)].zones.values()
        return any(
            (item.name.rstrip(".").lower(), item.type) == (wanted["Name"].rstrip("."), "CNAME")
            and [str(value).rstrip(".") for value in item.records] == [wanted["Value"].rstrip(".")]
            for zone in zones
            if not zone.private_zone
            for item in zone.rrsets
        )

    def _look(self, call: Call, arn: str) -> None:
        """What ACM does every now and then while a certificate waits."""
        bundle, request = self._bundle(call, arn), self.requested.get(arn)
        if bundle is None or request is None or bundle.status != "PENDING_VALIDATION":
            return
        if request.method == "DNS" and all(self._proven(call, name) for name in request.names):
            bundle.status = "ISSUED"
        elif self.lifecycle.scale:
            self.lifecycle.begin(
                ("certificate", arn), "certificate.validate", bundle.status, lambda: self._look(call, arn)
            )

    @operation("RequestCertificate")
    def request(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        params, arn = call.params, str(answer["CertificateArn"])
        if arn in self.requested:
            return answer
        names = list(dict.fromkeys([params["DomainName"], *(params.get("SubjectAlternativeNames") or [])]))
        self.requested[arn] = Requested(
            names,
            params.get("KeyAlgorithm") or "RSA_2048",
            params.get("ValidationMethod") or "EMAIL",
            time.monotonic() + self.lifecycle.seconds("certificate.records"),
        )
        pair, bundle = server_certificate(self.context.state_dir, names), self._bundle(call, arn)
        assert bundle is not None
        bundle.cert, bundle.key = pair.certificate.read_bytes(), pair.key.read_bytes()
        if self.lifecycle.scale:
            self._look(call, arn)
        return answer

    def _complete(self, call: Call, shape: Shape) -> Shape:
        """moto's description with what is true here."""
        arn = shape["CertificateArn"]
        request = self.requested.get(arn)
        if request is None:
            return shape
        shape |= {
            "DomainName": request.names[0],
            "SubjectAlternativeNames": request.names,
            "KeyAlgorithm": request.algorithm.replace("_", "-", 1) if "RSA" in request.algorithm else request.algorithm,
        }
        options = []
        for name in request.names:
            proven = shape["Status"] == "ISSUED"
            option: dict[str, Any] = {
                "DomainName": name,
                "ValidationDomain": name,
                "ValidationMethod": request.method,
                "ValidationStatus": "SUCCESS" if proven else "PENDING_VALIDATION",
            }
            if request.method == "DNS" and time.monotonic() >= request.records_at:
                option["ResourceRecord"] = record(call.account_id, name)
            options.append(option)
        shape["DomainValidationOptions"] = options
        if shape["Status"] != "ISSUED":
            for key in ("IssuedAt", "NotAfter", "NotBefore", "Serial"):
                shape.pop(key, None)
        return shape

    @operation("DescribeCertificate")
    def describe(self, call: Call, forward: Forward) -> Shape:
        arn = call.params.get("CertificateArn") or ""
        if not self.lifecycle.scale:
            self._look(call, arn)
        shape = forward()["Certificate"]
        shape["InUseBy"] = users(call.account_id, call.region, arn)
        return {"Certificate": self._complete(call, shape)}

    @operation("ListCertificates")
    def list(self, call: Call, forward: Forward) -> Shape:
        includes = call.params.get("Includes") or {}
        keys = includes.get("keyTypes") or USUAL_KEYS
        found = []
        for shape in forward({name: value for name, value in call.params.items() if name != "Includes"})[
            "CertificateSummaryList"
        ]:
            arn = shape["CertificateArn"]
            request = self.requested.get(arn)
            shape["InUse"] = bool(users(call.account_id, call.region, arn))
            if request is not None:
                shape |= {"DomainName": request.names[0], "SubjectAlternativeNameSummaries": request.names}
            algorithm = request.algorithm if request else shape["KeyAlgorithm"]
            shape["KeyAlgorithm"] = algorithm
            if algorithm in keys:
                found.append(shape)
        return {"CertificateSummaryList": found}

    @operation("DeleteCertificate")
    def delete(self, call: Call, forward: Forward) -> Shape:
        answer = forward()
        arn = call.params["CertificateArn"]
        self.requested.pop(arn, None)
        self.lifecycle.transitions.pop(("certificate", arn), None)
        return answer


def install(context: Context) -> None:
    Certificates(context)
