# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ACM refuses and moto takes.

Sources: "API" the API reference, "Guide" the user guide, page named. The codes are AWS's; a wording that was not found is ours.
"""

from __future__ import annotations

import re

from . import Call, Refusal, rule

NAME = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")


@rule("acm", "RequestCertificate")
def names(call: Call) -> None:
    # API RequestCertificate.DomainName, its pattern; Guide gs-acm-request-public: 64 characters in the first, 253 in others
    params = call.params
    further = params.get("SubjectAlternativeNames") or []
    for name, most in ((params["DomainName"], 64), *((name, 253) for name in further)):
        if not NAME.fullmatch(name):
            raise Refusal("ValidationException", f"'{name}' is not a domain name")
        if len(name) > most:
            raise Refusal("ValidationException", f"The domain name '{name}' is longer than {most} characters")


@rule("acm", "RequestCertificate")
def token(call: Call) -> None:
    # API RequestCertificate.IdempotencyToken
    value = call.params.get("IdempotencyToken")
    if value is not None and not re.fullmatch(r"\w{1,32}", value):
        raise Refusal(
            "ValidationException", f"Value '{value}' at 'idempotencyToken' failed to satisfy constraint: \\w+, 1 to 32"
        )


@rule("acm", "DeleteCertificate")
def in_use(call: Call) -> None:
    # API DeleteCertificate, error ResourceInUseException
    from ..additions.acm import users

    arn = call.params["CertificateArn"]
    if users(call.account_id, call.region, arn):
        raise Refusal("ResourceInUseException", f"Certificate {arn} in account {call.account_id} is in use.")
