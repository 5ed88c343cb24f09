# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of secrets and parameters that somebody else keeps, by the ARN with which ECS would read them.

Source of the form: Amazon ECS, "Specifying sensitive data" (valueFrom).
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .._aws.errors import AwsError, AwsErrorHandler
from .references import VALUE_FROM


class SourceError(Exception):
    """Why there is no value, without one."""


@AwsErrorHandler.common_error_handler("read {1}")
@AWSRetry.jittered_backoff()
def _secret(client: Any, arn: str, **version: str) -> dict[str, Any]:
    return client.get_secret_value(SecretId=arn, **version)


@AwsErrorHandler.common_error_handler("read {1}")
@AWSRetry.jittered_backoff()
def _parameter(client: Any, arn: str) -> object:
    return client.get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"]


def read_source(module: AnsibleAWSModule, reference: object) -> str:
    """The text at an ARN, from the ARN's own region.

    :raises SourceError: where it is no such ARN, AWS does not give it, or there is no text.
    """
    arn = str(reference)
    if not VALUE_FROM.fullmatch(arn):
        # It may be the value itself, by mistake.
        module.no_log_values.add(arn)
        raise SourceError("where to read it is not the ARN of an SSM parameter or a Secrets Manager secret")
    service, region = arn.split(":")[2:4]
    client = module.client(service, region=region)
    try:
        value = _parameter(client, arn) if service == "ssm" else _from_secret(client, arn)
    except AwsError as error:
        raise SourceError(str(error).rstrip(".")) from error
    if not isinstance(value, str) or not value:
        raise SourceError(f"{arn} has no text")
    return value


def _from_secret(client: Any, arn: str) -> object:
    parts = arn.split(":")
    secret, (key, stage, version) = ":".join(parts[:7]), (*parts[7:10], "", "", "")[:3]
    chosen = {"VersionStage": stage} if stage else {}
    text = _secret(client, secret, **chosen, **({"VersionId": version} if version else {})).get("SecretString")
    if not key:
        return text
    try:
        document = json.loads(text or "")
    except ValueError:
        document = None
    if not isinstance(document, dict) or key not in document:
        raise SourceError(f"{secret} has no JSON object with the key {key}")
    return document[key]
