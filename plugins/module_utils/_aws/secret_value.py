# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a JSON secret, read in the module's own process, private to the collection.

AWS does not return the passwords and tokens of its data stores, so what they were set to cannot be compared. Modules
remember the secret's version id in a tag instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import AwsError, AwsErrorHandler


class SecretErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


@dataclass(frozen=True)
class SecretValue:
    """A value and the version of the secret that it is from; its representation does not show it."""

    arn: str
    key: str
    version_id: str
    value: str = field(repr=False)


@SecretErrorHandler.common_error_handler("read the secret {1}")
@AWSRetry.jittered_backoff()
def _get(client: Any, arn: str) -> dict[str, Any]:
    return client.get_secret_value(SecretId=arn)


@SecretErrorHandler.list_error_handler("read an earlier version of the secret {1}")
@AWSRetry.jittered_backoff()
def _get_version(client: Any, arn: str, version_id: str) -> dict[str, Any] | None:
    return client.get_secret_value(SecretId=arn, VersionId=version_id)


@SecretErrorHandler.common_error_handler("describe the secret {1}")
@AWSRetry.jittered_backoff()
def _describe(client: Any, arn: str) -> dict[str, Any]:
    return client.describe_secret(SecretId=arn)


def _value(module: AnsibleAWSModule, response: dict[str, Any], key: str) -> str | None:
    try:
        document = json.loads(response.get("SecretString") or "")
    except ValueError:
        return None
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        return None
    module.no_log_values.add(value)
    return value


def current_version_id(client: Any, arn: str) -> str:
    """The id of the secret's current version, without reading the secret."""
    versions = _describe(client, arn).get("VersionIdsToStages") or {}
    return next((version for version, stages in versions.items() if "AWSCURRENT" in stages), "")


def read_secret_value(module: AnsibleAWSModule, client: Any, arn: str, key: str) -> SecretValue:
    """The current value of a key; whatever the module returns afterwards has it masked.

    :param client: a client of Secrets Manager.
    """
    response = _get(client, arn)
    value = _value(module, response, key)
    if value is None:
        raise AwsError(
            f"The secret {arn} has no text under the key {key}; "
            "give the name of a key of its JSON object, or add the key with llmops.langfuse.langfuse_secrets"
        )
    return SecretValue(arn=response.get("ARN", arn), key=key, version_id=response["VersionId"], value=value)


def same_value_in_version(module: AnsibleAWSModule, client: Any, secret: SecretValue, version_id: str) -> bool:
    """Whether the secret's key had the same value in an earlier version.

    A rotation of another key makes a new version of the whole secret. False also where that version is gone: Secrets
    Manager removes versions without a stage after a while.
    """
    if not version_id:
        return False
    if version_id == secret.version_id:
        return True
    response = _get_version(client, secret.arn, version_id)
    return response is not None and _value(module, response, secret.key) == secret.value
