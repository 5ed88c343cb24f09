# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that AWS enforces and moto does not: one small function each, run before moto sees the request.

A rule is registered with ``@rule(service, operation)``, gets a ``Call`` and raises ``Refusal`` with AWS's own error
code. Where the rule comes from stands beside it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rule = Callable[["Call"], None]


@dataclass
class Call:
    """A request as botocore shapes it."""

    service: str
    operation: str
    params: dict[str, Any]
    region: str
    account_id: str = "123456789012"
    # the server's context; rules that depend on time ask its lifecycle
    context: Any = None


class Refusal(Exception):
    """AWS's answer to a request that it does not take."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


RULES: dict[tuple[str, str], list[Rule]] = {}


def rule(service: str, operation: str) -> Callable[[Rule], Rule]:
    """Register a rule for one operation; it can be given several times."""

    def register(function: Rule) -> Rule:
        RULES.setdefault((service, operation), []).append(function)
        return function

    return register


def load() -> None:
    """Import every module of rules."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def check(call: Call) -> None:
    """Raise the first refusal."""
    for function in RULES.get((call.service, call.operation), []):
        function(call)
