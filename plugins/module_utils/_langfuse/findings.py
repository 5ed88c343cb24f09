# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found: where, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    option: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.option}: {self.problem}; {self.fix}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
