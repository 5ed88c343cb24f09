# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What moto lacks, one module per service, faithful to AWS's documentation.

A module has ``install(context)``. It usually makes one ``Addition``: a class whose methods stand in for operations.
Such a method gets the ``Call`` and ``forward``, which passes the call (or one with other parameters) on to moto and
returns boto3's shape; it returns boto3's shape too, and refuses with ``Refusal``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..rules import Call

if TYPE_CHECKING:
    from ..server import Context

Shape = dict[str, Any]
Forward = Callable[..., Shape]
Handler = Callable[[Call, Forward], Shape]


def operation(*names: str) -> Callable[[Callable[[Any, Call, Forward], Shape]], Callable[[Any, Call, Forward], Shape]]:
    """Mark a method as the one that answers these operations."""

    def mark(method: Callable[[Any, Call, Forward], Shape]) -> Callable[[Any, Call, Forward], Shape]:
        method.__dict__["operations"] = names
        return method

    return mark


class Addition:
    """A service's additions."""

    service = ""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.lifecycle = context.lifecycle
        for name in dir(type(self)):
            method = getattr(self, name, None)
            for operation_name in getattr(method, "operations", ()):
                context.handle(self.service, operation_name, method)  # type: ignore[arg-type]
        context.on_reset(self.reset)

    def reset(self) -> None:
        """Forget everything: the account is empty again."""


def install(context: Context) -> None:
    """Install every module of additions."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}").install(context)
