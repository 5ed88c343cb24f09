# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret values for modules of `LangfuseModule`, read by the module itself so that they pass through no playbook."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .module import LangfuseModule


def connect(module: LangfuseModule, service: str) -> Any:
    """A boto3 client made from the action group's options; raises what boto3 raises where they are wrong."""
    # Only a module whose option asks for AWS pays for this import.
    from ansible_collections.amazon.aws.plugins.module_utils.botocore import (
        HAS_BOTO3,
        boto3_inventory_conn,
        get_aws_connection_info,
    )

    if not HAS_BOTO3:
        module.fail_json(msg=missing_required_lib("boto3", reason="to ask AWS"))
    region, endpoint, connection = get_aws_connection_info(module)
    return boto3_inventory_conn(conn_type="client", resource=service, region=region, endpoint=endpoint, **connection)


def client(module: LangfuseModule, service: str) -> Any:
    """A boto3 client made from the action group's options; fails the module where they are wrong."""
    try:
        return connect(module, service)
    except Exception as error:
        # boto3 raises ValueError, BotoCoreError and others, and all mean that the options do not fit.
        module.fail_json(msg=f"AWS cannot be asked: {error}; check region, profile and endpoint_url.")


def secret_values(module: LangfuseModule, arn: str, keys: list[str]) -> dict[str, str]:
    """The values of these keys of a JSON secret; none of them can appear in the module's output afterwards."""
    secrets_manager = client(module, "secretsmanager")
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        text = secrets_manager.get_secret_value(SecretId=arn)["SecretString"]
    except ClientError as error:
        details = error.response.get("Error", {})
        module.fail_json(
            msg=f"The secret {arn} cannot be read ({details.get('Code')}: {details.get('Message')}); "
            "check the ARN and that the credentials may call secretsmanager:GetSecretValue."
        )
    except (BotoCoreError, KeyError) as error:
        module.fail_json(msg=f"The secret {arn} cannot be read: {error}")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        module.fail_json(msg=f"The secret {arn} is not a JSON object; make it with llmops.langfuse.langfuse_secrets.")
    if missing := [key for key in keys if not document.get(key)]:
        module.fail_json(
            msg=f"The secret {arn} has no value for {', '.join(missing)}; "
            "run llmops.langfuse.langfuse_secrets, which adds what is missing."
        )
    values = {key: str(document[key]) for key in keys}
    module.no_log_values.update(values.values())
    return values
