# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret values for modules of `LangfuseModule`, read by the module itself so that they pass through no playbook."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .api import LangfuseError
from .module import LangfuseModule

WRITE_ATTEMPTS = 5
NAMESPACE = uuid.UUID("b9bd53a4-53f5-4a0e-8d0f-9a4cb7a3e2b1")


def connect(module: LangfuseModule, service: str) -> Any:
    """A boto3 client made from the action group's options; raises what boto3 raises where they are wrong.

    Making one takes longer than most calls, so a module has one for each service.
    """
    if service in module.aws_clients:
        return module.aws_clients[service]
    # Only a module whose option asks for AWS pays for this import.
    from ansible_collections.amazon.aws.plugins.module_utils.botocore import (
        HAS_BOTO3,
        boto3_inventory_conn,
        get_aws_connection_info,
    )

    if not HAS_BOTO3:
        module.fail_json(msg=missing_required_lib("boto3", reason="to ask AWS"))
    region, endpoint, connection = get_aws_connection_info(module)
    module.aws_clients[service] = boto3_inventory_conn(
        conn_type="client", resource=service, region=region, endpoint=endpoint, **connection
    )
    return module.aws_clients[service]


def client(module: LangfuseModule, service: str) -> Any:
    """A boto3 client made from the action group's options; fails the module where they are wrong."""
    try:
        return connect(module, service)
    except Exception as error:
        # boto3 raises ValueError, BotoCoreError and others, and all mean that the options do not fit.
        module.fail_json(msg=f"AWS cannot be asked: {error}; check region, profile and endpoint_url.")


@dataclass(frozen=True)
class Document:
    """The current version of a JSON secret; its representation does not show the values."""

    version_id: str = ""
    values: dict[str, Any] = field(default_factory=dict, repr=False)


def read_document(secrets_manager: Any, arn: str) -> Document:
    """The secret as it is; empty where it has no version yet.

    :raises LangfuseError: where it cannot be read, or is no JSON object.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        response = secrets_manager.get_secret_value(SecretId=arn)
        text, version_id = response["SecretString"], response["VersionId"]
    except ClientError as error:
        details = error.response.get("Error", {})
        if details.get("Code") == "ResourceNotFoundException" and "staging label" in details.get("Message", ""):
            return Document()
        raise LangfuseError(
            f"The secret {arn} cannot be read ({details.get('Code')}: {details.get('Message')}); "
            "check the ARN and that the credentials may call secretsmanager:GetSecretValue."
        ) from error
    except (BotoCoreError, KeyError) as error:
        raise LangfuseError(f"The secret {arn} cannot be read: {error}") from error
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise LangfuseError(f"The secret {arn} is not a JSON object; make it with llmops.langfuse.langfuse_secrets.")
    return Document(version_id, values)


def secret_values(module: LangfuseModule, arn: str, keys: list[str]) -> dict[str, str]:
    """The values of these keys of a JSON secret; none of them can appear in the module's output afterwards."""
    try:
        document = read_document(client(module, "secretsmanager"), arn).values
    except LangfuseError as error:
        module.fail_json(msg=str(error))
    if missing := [key for key in keys if not document.get(key)]:
        module.fail_json(
            msg=f"The secret {arn} has no value for {', '.join(missing)}; "
            "run llmops.langfuse.langfuse_secrets, which adds what is missing."
        )
    values = {key: str(document[key]) for key in keys}
    module.no_log_values.update(values.values())
    return values


def secret_pair(module: LangfuseModule, arn: str, keys: tuple[str, str]) -> tuple[str, str] | None:
    """Both halves of a pair of API keys, of which the second is masked from now on; None where the secret has neither.

    :raises LangfuseError: where it has one of them, or cannot be read.
    """
    document = read_document(client(module, "secretsmanager"), arn).values
    halves = tuple(str(document.get(key) or "") for key in keys)
    if not any(halves):
        return None
    if not all(halves):
        there, gone = keys if halves[0] else keys[::-1]
        raise LangfuseError(
            f"The secret {arn} has {there} without {gone}; add the other half, or remove {there} to have a new pair made."
        )
    module.no_log_values.add(halves[1])
    return halves[0], halves[1]


def add_to_secret(module: LangfuseModule, arn: str, values: dict[str, str]) -> None:
    """Writes these keys into a JSON secret and leaves its others as they are, whoever else writes meanwhile.

    :raises LangfuseError: where that is not possible.
    """
    secrets_manager = client(module, "secretsmanager")
    from botocore.exceptions import BotoCoreError, ClientError

    for _attempt in range(WRITE_ATTEMPTS):
        document = read_document(secrets_manager, arn)
        # An id that follows from the version before lets one of two writers succeed.
        token = str(uuid.uuid5(NAMESPACE, f"{arn} {document.version_id}"))
        text = json.dumps({**document.values, **values}, sort_keys=True)
        try:
            secrets_manager.put_secret_value(SecretId=arn, SecretString=text, ClientRequestToken=token)
            return
        except ClientError as error:
            details = error.response.get("Error", {})
            if details.get("Code") == "ResourceExistsException":
                continue
            raise LangfuseError(
                f"The secret {arn} cannot be written ({details.get('Code')}: {details.get('Message')}); "
                "check that the credentials may call secretsmanager:PutSecretValue."
            ) from error
        except BotoCoreError as error:
            raise LangfuseError(f"The secret {arn} cannot be written: {error}") from error
    raise LangfuseError(f"The secret {arn} changes all the time; run again when nobody else writes it.")
