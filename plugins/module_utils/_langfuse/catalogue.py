# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment variables of each major version, and what Langfuse accepts as their values."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from .catalogue_data import SINCE, V3, V4_ADDED, V4_CHANGED, V4_GONE, Row

# What the containers read that no schema of Langfuse names: Next.js's server, Node.js and the C library.
BESIDES: tuple[Row, ...] = (
    ("KEEP_ALIVE_TIMEOUT", "web", "runtime", "number", "", "integer; >0", "", False),
    ("HTTP_PROXY", "both", "network", "string", "", "", "", False),
    ("NO_PROXY", "both", "network", "string", "", "", "", False),
    ("TZ", "both", "runtime", "string", "", "", "", False),
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# JavaScript's Number() takes hexadecimal and surrounding space too; nobody means those.
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BOUND = re.compile(r"(>=|<=|>|<)(\d+(?:\.\d+)?)")
RATES = re.compile(r"[^:,\s]+:(0(\.\d+)?|1(\.0+)?)(,[^:,\s]+:(0(\.\d+)?|1(\.0+)?))*")


@dataclass(frozen=True)
class Variable:
    name: str
    container: str
    component: str
    type: str
    default: str
    validation: str
    required: str
    secret: bool

    def read_by(self, container: str) -> bool:
        return self.container in ("both", container)

    @property
    def inlined(self) -> bool:
        """Whether the value became part of the image when that was built."""
        return "inlined at image build" in self.validation

    @property
    def choices(self) -> list[str]:
        if self.type == "bool-string":
            return ["true", "false"]
        first = self.validation.split("; ")[0]
        return first.split("|") if self.type == "enum" and "|" in first else []


@functools.cache
def variables(major: int) -> dict[str, Variable]:
    """Everything that releases of this major version read, by name."""
    rows = {row[0]: row for row in (*BESIDES, *V3)}
    if major >= 4:
        rows.update((row[0], row) for row in (*V4_ADDED, *V4_CHANGED))
        for name in V4_GONE:
            del rows[name]
    return {name: Variable(*row) for name, row in sorted(rows.items())}


def read_since(name: str, version: tuple[int, int, int]) -> str | None:
    """The first release of this major version that reads the variable, where that is a later one than this."""
    first = SINCE.get((name, version[0]))
    return ".".join(map(str, first)) if first and first > version else None


def problem_with(variable: Variable, value: str) -> tuple[str, str] | None:
    """Why Langfuse would not take this value, and what it takes; None where it does."""
    if variable.choices:
        if value in variable.choices:
            return None
        return f"{value!r} is not a value of {variable.name}", f"set one of {', '.join(variable.choices)}"
    return _CHECKS.get(variable.type, _string)(variable, value)


def _number(variable: Variable, value: str) -> tuple[str, str] | None:
    if not NUMBER.fullmatch(value):
        return f"{value!r} is not a number", "set a number in digits, without separators or unit"
    number = float(value)
    if "0 or " in variable.validation and number == 0:
        return None
    if "integer" in variable.validation and not number.is_integer():
        return f"{value} is not a whole number", "set a whole number"
    for comparison, limit in BOUND.findall(variable.validation):
        bound = float(limit)
        holds = {
            ">=": number >= bound,
            "<=": number <= bound,
            ">": number > bound,
            "<": number < bound,
        }[comparison]
        if not holds:
            return f"{value} is outside of what {variable.name} allows", f"set a number {comparison} {limit}"
    return None


def _url(variable: Variable, value: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(value)
        complete = bool(parts.scheme and parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete or re.search(r"\s", value):
        return f"{value!r} is not a URL", "set a whole URL, with its scheme, such as https://host"
    if variable.name == "CLICKHOUSE_MIGRATION_URL":
        if parts.scheme != "clickhouse" or parts.query or parts.username:
            return f"{value!r} is not a URL for ClickHouse's migrations", "set clickhouse://host:port and nothing more"
    elif parts.scheme not in ("http", "https"):
        return f"{value!r} is not an HTTP URL", "set a URL that begins with https:// or http://"
    return None


def _date(variable: Variable, value: str) -> tuple[str, str] | None:
    pattern = r"\d{4}-\d\d-\d\d" + (r"T\d\d:\d\d:\d\d(\.\d+)?Z" if variable.type == "iso-datetime" else "")
    if re.fullmatch(pattern, value):
        return None
    example = "2026-08-20T00:00:00Z" if variable.type == "iso-datetime" else "2026-08-20"
    return f"{value!r} is not a date as {variable.name} takes it", f"set one such as {example}"


def _string(variable: Variable, value: str) -> tuple[str, str] | None:
    rule = variable.validation
    if rule.startswith("regex /"):
        pattern = rule[len("regex /") : -1].replace("\\/", "/")
        if not re.search(pattern, value):
            return f"{value!r} does not have the form of {variable.name}", f"set a text that matches {pattern}"
    elif rule.startswith("comma list of valid e-mail"):
        if not all(EMAIL.fullmatch(part.strip()) for part in value.split(",")):
            return f"{value!r} is not a list of e-mail addresses", "set addresses separated by commas"
    elif rule.startswith("comma list of "):
        choices = rule[len("comma list of ") :].split("|")
        if not all(part.strip() in choices for part in value.split(",")):
            return f"{value!r} has an entry that {variable.name} does not know", f"set some of {', '.join(choices)}"
    elif rule.startswith("union: email"):
        if not EMAIL.fullmatch(value):
            return f"{value!r} is not an e-mail address", "set one such as admin@example.com"
    elif rule.startswith("projectId:rate") and not RATES.fullmatch(value):
        return f"{value!r} is not a list of rates, and Langfuse ignores it", "set project-id:0.5,other-id:1"
    return None


_CHECKS = {"number": _number, "url": _url, "iso-date": _date, "iso-datetime": _date}
