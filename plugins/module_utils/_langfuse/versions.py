# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of Langfuse: which are supported, what they need, where their ClickHouse schema ends.

Source: langfuse/langfuse up to v3.225.4 (2026-08-20) and v4.16.0 (2026-08-21), and its self-hosting documentation
(versioning, upgrade-v3-to-v4). tools/catalogue/README.md says how to take in a new release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from .findings import Finding


class Version(NamedTuple):
    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class ReleaseLine:
    """What all releases of one major version have in common; minimum versions as (major, minor)."""

    supported: bool
    note: str
    clickhouse: tuple[int, int] = (0, 0)
    clickhouse_recommended: str = ""
    postgres: tuple[int, int] = (0, 0)
    redis: tuple[int, int] = (0, 0)
    # The last minor release, where the line takes patches only.
    last_minor: int | None = None


LINES = {
    1: ReleaseLine(supported=False, note="has reached its end of life"),
    2: ReleaseLine(supported=False, note="has reached its end of life"),
    3: ReleaseLine(
        supported=True,
        note="gets security patches until the end of January 2027",
        clickhouse=(24, 3),
        clickhouse_recommended="26.4",
        postgres=(12, 0),
        redis=(7, 0),
        last_minor=225,
    ),
    4: ReleaseLine(
        supported=True,
        note="is current",
        clickhouse=(25, 12),
        clickhouse_recommended="26.4",
        postgres=(15, 0),
        redis=(7, 0),
    ),
}
# The first release whose workers publish the length of each sharded queue to CloudWatch.
QUEUE_METRICS = Version(3, 170, 0)

NEWEST_READ = {3: "3.225.4", 4: "4.16.0"}

# The first release with each head of the ClickHouse migrations.
CLICKHOUSE_HEADS: tuple[tuple[Version, int], ...] = (
    (Version(3, 0, 0), 6),
    (Version(3, 27, 0), 7),
    (Version(3, 28, 2), 5),
    (Version(3, 28, 3), 7),
    (Version(3, 29, 0), 8),
    (Version(3, 38, 0), 9),
    (Version(3, 49, 0), 10),
    (Version(3, 53, 0), 16),
    (Version(3, 55, 0), 18),
    (Version(3, 63, 1), 21),
    (Version(3, 90, 0), 22),
    (Version(3, 93, 0), 23),
    (Version(3, 98, 0), 24),
    (Version(3, 99, 0), 26),
    (Version(3, 115, 0), 29),
    (Version(3, 119, 0), 30),
    (Version(3, 135, 0), 31),
    (Version(3, 140, 0), 32),
    (Version(3, 141, 0), 33),
    (Version(3, 143, 0), 34),
    (Version(3, 204, 0), 35),
    (Version(3, 207, 0), 36),
    (Version(3, 223, 0), 37),
    (Version(4, 0, 0), 46),
)

# Their migrations call renameat2, which NFS does not have (langfuse issue 14906, mended in pull request 14951).
EFS_REFUSED = (Version(3, 207, 0), Version(3, 213, 0))


def parse(text: str) -> Version | None:
    """The version that an image tag such as 3.225.4 names, or None where it is not an exact one."""
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,5})\.(\d{1,5})", text)
    return Version(*(int(part) for part in match.groups())) if match else None


def newest_read() -> Version:
    """The newest release that this collection knows."""
    return max(version for text in NEWEST_READ.values() if (version := parse(text)))


def judge(option: str, text: str) -> tuple[Version | None, list[Finding]]:
    """The version where this collection can deploy it, and otherwise why not."""
    newest = " or ".join(NEWEST_READ.values())
    version = parse(text)
    if version is None:
        hint = f"set {text[1:]}" if text[:1] in "vV" and parse(text[1:]) else f"set a release such as {newest}"
        return None, [Finding(option, f"'{text}' is not an exact Langfuse version (major.minor.patch)", hint)]
    line = LINES.get(version.major)
    if line is None:
        return None, [Finding(option, f"Langfuse {version} is not known", f"set a release such as {newest}")]
    if not line.supported:
        return None, [Finding(option, f"Langfuse {version.major} {line.note}", f"set a release such as {newest}")]
    if line.last_minor is not None and version.minor > line.last_minor:
        return None, [
            Finding(
                option,
                f"Langfuse {version} is not known: {version.major}.{line.last_minor} is the last minor release of"
                f" Langfuse {version.major}, which {line.note}",
                f"set a release such as {newest}",
            )
        ]
    return version, []


def clickhouse_head(version: Version) -> int:
    """The number of the last ClickHouse migration that the release has."""
    heads = [head for first, head in CLICKHOUSE_HEADS if first <= version]
    return heads[-1] if heads else 0


def runs_on_efs(version: Version) -> bool:
    first, mended = EFS_REFUSED
    return not first <= version < mended


def release(text: str) -> tuple[int, int] | None:
    """Major and minor of a server's version, such as 25.8 or 25.8.3.66-alpine; a missing minor is 0."""
    match = re.match(r"(\d+)(?:\.(\d+))?(?:[.\-].*)?$", text)
    return (int(match[1]), int(match[2] or 0)) if match else None
