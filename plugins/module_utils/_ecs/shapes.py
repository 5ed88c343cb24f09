# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in the API's own shape, and back, private to the collection.

Options that are written in the API's own form come from templates, so a port may arrive as text and an environment
value as a number. They are fitted to botocore's description of the API, which also finds misspelt names before AWS does.
"""

from __future__ import annotations

import difflib
from typing import Any

from ansible.module_utils.common.dict_transformations import _camel_to_snake

from .._aws.errors import AwsError

# Dictionaries whose keys are the user's own.
USER_KEYS = ("dockerLabels", "options", "tags")


def fit(shape: Any, value: Any, path: str) -> Any:
    """The value in the shape's types, without what is None.

    :param shape: a botocore shape.
    :param path: where the value stands, for messages.
    """
    fitters = {"structure": _structure, "list": _list, "map": _map, "boolean": _boolean}
    if shape.type_name in ("integer", "long"):
        return _integer(value, path)
    if shape.type_name in ("double", "float"):
        return _number(value, path)
    if shape.type_name == "string":
        return _string(value, path)
    return fitters[shape.type_name](shape, value, path) if shape.type_name in fitters else value


def _structure(shape: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AwsError(f"{path} must be a dictionary, but is {value!r}; write it as AWS's API does")
    for name in value:
        if name not in shape.members:
            close = difflib.get_close_matches(str(name).replace("_", ""), shape.members, n=1, cutoff=0.6)
            raise AwsError(
                f"{path} has no {name} in AWS's API; "
                + (f"write {close[0]}" if close else f"its names are {', '.join(sorted(shape.members))}")
            )
    return {name: fit(shape.members[name], item, f"{path}.{name}") for name, item in value.items() if item is not None}


def _list(shape: Any, value: Any, path: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise AwsError(f"{path} must be a list, but is {value!r}; put it in brackets")
    return [fit(shape.member, item, f"{path}[{number}]") for number, item in enumerate(value) if item is not None]


def _map(shape: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AwsError(f"{path} must be a dictionary, but is {value!r}")
    return {str(key): fit(shape.value, item, f"{path}.{key}") for key, item in value.items() if item is not None}


def _boolean(_shape: Any, value: Any, path: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "yes", "no"):
        raise AwsError(f"{path} must be true or false, but is {value!r}")
    return text in ("true", "yes")


def _integer(value: Any, path: str) -> int:
    try:
        if isinstance(value, bool):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise AwsError(f"{path} must be a whole number, but is {value!r}") from None


def _number(value: Any, path: str) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError):
        raise AwsError(f"{path} must be a number, but is {value!r}") from None


def _string(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        raise AwsError(f"{path} must be text, but is {value!r}; put it in quotes")
    return str(value)


def snake(value: Any) -> Any:
    """An answer of the API with the module's names; keys that users chose stay as they are."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if isinstance(value, dict):
        return {_camel_to_snake(key): item if key in USER_KEYS else snake(item) for key, item in value.items()}
    return value


def tag_list(tags: dict[str, Any] | None) -> list[dict[str, str]]:
    """A dictionary of tags as ECS takes it, in a fixed order."""
    return [{"key": str(key), "value": str(value)} for key, value in sorted((tags or {}).items())]


def tag_dict(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """Tags as ECS returns them as a dictionary."""
    return {tag["key"]: tag.get("value", "") for tag in tags or []}


def short(reference: str | None) -> str:
    """The last part of an ARN: family:revision of a task definition, the name of a cluster or a service."""
    return str(reference or "").rsplit("/", 1)[-1]
