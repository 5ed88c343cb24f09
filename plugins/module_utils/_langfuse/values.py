# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables as inventories write them, where a number or a switch may be a text."""

from __future__ import annotations

import math
from typing import Any


def whole_number(value: Any) -> int | None:
    """A whole number, also where it is written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value))
    except ValueError:
        return None


def decimal_number(value: Any) -> float | None:
    """A finite number, also where it is written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_true(value: Any) -> bool:
    """Whether a switch is on."""
    return str(value).lower() in ("true", "yes", "1")
