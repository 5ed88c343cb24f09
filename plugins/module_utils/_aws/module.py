# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every AWS module of the collection does alike, private to the collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)

from .errors import BotoCoreError, ClientError, error_code, sentence

# Options of every module that tags. AWS's own tags (aws:*) are never touched.
TAG_OPTIONS: dict[str, dict[str, Any]] = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def run(module: AnsibleAWSModule, main: Callable[[AnsibleAWSModule], dict[str, Any]]) -> None:
    """Ends the module with what main returns, or with one sentence about what failed."""
    try:
        result = main(module)
    except AnsibleAWSError as error:
        cause = error.exception
        module.fail_json(msg=sentence(error.message or "AWS failed", cause), error_code=error_code(cause))
    except (BotoCoreError, ClientError) as error:
        module.fail_json(msg=sentence("AWS failed", error), error_code=error_code(error))
    module.exit_json(**result)


def tag_dict(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """boto3's list of tags as a dictionary."""
    return boto3_tag_list_to_ansible_dict(tags or [])


def tag_list(tags: dict[str, Any] | None) -> list[dict[str, str]]:
    """A dictionary of tags as boto3's list, in a fixed order."""
    return sorted(ansible_dict_to_boto3_tag_list(tags or {}), key=lambda tag: tag["Key"])


def tag_changes(
    active: dict[str, str], wanted: dict[str, Any] | None, purge: bool, keep: tuple[str, ...] = ()
) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to remove. A wanted None leaves all as they are.

    :param keep: keys that are the module's own and survive purging.
    """
    if wanted is None:
        return {}, []
    to_set, to_remove = compare_aws_tags(active, wanted, purge_tags=purge)
    return {key: str(value) for key, value in to_set.items()}, sorted(key for key in to_remove if key not in keep)


def merged_tags(
    active: dict[str, str], wanted: dict[str, Any] | None, purge: bool, keep: tuple[str, ...] = ()
) -> dict[str, str]:
    """The tags as they will be."""
    to_set, to_remove = tag_changes(active, wanted, purge, keep)
    return {key: value for key, value in {**active, **to_set}.items() if key not in to_remove}
