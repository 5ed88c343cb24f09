# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each call of the ACM API, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsErrorHandler
from .certificate import KEY_ALGORITHMS

# Without them, ACM lists certificates with RSA keys of 1024 and 2048 bits only (API ListCertificates, Filters.keyTypes).
ALL_KEYS = {"keyTypes": list(KEY_ALGORITHMS)}


class AcmErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


@AcmErrorHandler.common_error_handler("list the certificates")
@AWSRetry.jittered_backoff()
def list_requested(client: Any) -> list[dict[str, Any]]:
    """Summaries of the public certificates that were requested from ACM, with any key."""
    pages = client.get_paginator("list_certificates").paginate(Includes=ALL_KEYS)
    found = [certificate for page in pages for certificate in page["CertificateSummaryList"]]
    return [certificate for certificate in found if certificate.get("Type", "AMAZON_ISSUED") == "AMAZON_ISSUED"]


@AcmErrorHandler.list_error_handler("describe the certificate {1}")
@AWSRetry.jittered_backoff()
def describe(client: Any, arn: str) -> dict[str, Any] | None:
    return client.describe_certificate(CertificateArn=arn)["Certificate"]


@AcmErrorHandler.list_error_handler("list the tags of the certificate {1}", default_value=[])
@AWSRetry.jittered_backoff()
def list_tags(client: Any, arn: str) -> list[dict[str, str]]:
    return client.list_tags_for_certificate(CertificateArn=arn)["Tags"]


@AcmErrorHandler.common_error_handler("request a certificate for {DomainName}")
@AWSRetry.jittered_backoff()
def request(client: Any, **asked: Any) -> str:
    """The ARN of the new certificate; of the same one where an equal request with the same token came within an hour."""
    return client.request_certificate(**asked)["CertificateArn"]


@AcmErrorHandler.common_error_handler("tag the certificate {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags_to_certificate(CertificateArn=arn, Tags=tags)


@AcmErrorHandler.common_error_handler("remove tags from the certificate {1}")
@AWSRetry.jittered_backoff()
def remove_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.remove_tags_from_certificate(CertificateArn=arn, Tags=tags)


@AcmErrorHandler.deletion_error_handler("delete the certificate {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, arn: str) -> None:
    client.delete_certificate(CertificateArn=arn)
