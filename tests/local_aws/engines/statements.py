# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits SQL text of ClickHouse into statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKENS = re.compile(
    r"""
    (?P<quoted> '(?:[^'\\]|\\.|'')*(?:'|\Z) | "(?:[^"\\]|\\.|"")*(?:"|\Z) | `(?:[^`\\]|\\.|``)*(?:`|\Z) )
    | (?P<comment> --[^\n]* | \#[!\ ][^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<end> ; )
    | (?P<text> . )
    """,
    re.VERBOSE | re.DOTALL,
)
# Data in the statement's own text runs to the end of the text: it may hold anything.
_INLINE_DATA = re.compile(r"\A\s*INSERT\s+INTO\b(?:(?!\bSELECT\b).)*?\bFORMAT\s+(?!Values\b)\w+\s", re.I | re.S)


def split(text: str) -> Iterator[str]:
    """The statements of a text, without their semicolons, without empty ones."""
    start = 0
    substance = False
    for found in _TOKENS.finditer(text):
        kind = found.lastgroup
        if kind == "end":
            if substance:
                yield text[start : found.start()].strip()
            start, substance = found.end(), False
        elif kind == "quoted" or (kind == "text" and not found.group().isspace()):
            if not substance and _INLINE_DATA.match(text, found.start()):
                yield text[start:].strip()
                return
            substance = True
    if substance:
        yield text[start:].strip()
