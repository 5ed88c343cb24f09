# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of all containers together, as it grows from the options of langfuse_env."""

from __future__ import annotations

from typing import Any

from .catalogue import variables
from .findings import Finding
from .versions import Version


def as_text(value: Any) -> str | None:
    """A value of YAML as Langfuse reads it; None where it has no such form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, str)):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, (int, float, str)) for part in value):
        return ",".join(as_text(part) or "" for part in value)
    return None


class Draft:
    """Variables with the options that they come from, and what was found wrong on the way."""

    def __init__(self, options: dict[str, Any], version: Version) -> None:
        self.options = options
        self.version = version
        self.catalogue = variables(version.major)
        self.plain: dict[str, str] = {}
        self.secret: dict[str, str] = {}
        # The option that each variable comes from.
        self.origin: dict[str, str] = {}
        # Keys of the environment's secret that become variables, with the option that asks for each.
        self.wanted: dict[str, str] = dict.fromkeys(options["secret_keys"], "secret_keys")
        # Variables that settings may replace without contradicting anybody.
        self.replaceable: set[str] = set()
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        # Values that stand in plain text and must not be shown.
        self.leaked: set[str] = set()

    def put(self, name: str, value: Any, option: str, replaceable: bool = False) -> None:
        """Writes a variable that an option stands for. Nothing and the empty text leave it unset."""
        text = as_text(value)
        if not text:
            return
        self.plain[name] = text
        self.origin[name] = option
        if replaceable:
            self.replaceable.add(name)

    def want(self, name: str, option: str) -> None:
        """Asks for a key of the environment's secret, unless secret_settings say where the value is."""
        if not self.options["secret_settings"].get(name):
            self.wanted.setdefault(name, option)

    def given(self, name: str) -> bool:
        """Whether settings, secret_settings or the environment's secret have the variable."""
        in_settings = as_text(self.options["settings"].get(name)) or self.options["secret_settings"].get(name)
        return bool(in_settings) or name in self.wanted

    def error(self, option: str, problem: str, fix: str) -> None:
        self.errors.append(Finding(option, problem, fix))

    def warning(self, option: str, problem: str, fix: str) -> None:
        self.warnings.append(Finding(option, problem, fix))
