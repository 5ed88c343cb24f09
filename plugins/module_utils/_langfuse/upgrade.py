# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an environment may go from the Langfuse that it runs to the one that is wanted.

Pure. Source: Langfuse's guide "Migrate Langfuse v3 to v4" (langfuse-docs, self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4:
write modes, backfill, point of commitment, rollback), and langfuse/langfuse v4.16.0, packages/shared/clickhouse/scripts (migrations
go up only; golang-migrate refuses a database whose number it does not know).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import versions
from .versions import Version

FIRST, NONE, PATCH, MINOR, MAJOR, ROLLBACK = "first", "none", "patch", "minor", "major", "rollback"
WRITE_MODES = LEGACY, DUAL, EVENTS_ONLY = "legacy", "dual", "events_only"

# What somebody may take upon himself, by the codes of the reasons.
ACCEPTABLE = ("background_migrations", "write_mode_back", "rollback", "rollback_after_cutover", "rollback_schema")


@dataclass(frozen=True)
class Running:
    """What an environment runs: releases of its services, the one whose migration completed last, how its workers write."""

    services: tuple[Version, ...]
    schema: Version | None
    write_mode: str

    @property
    def head(self) -> int:
        """The number of the last ClickHouse migration that has been applied, as far as releases tell."""
        known = [self.schema] if self.schema else list(self.services)
        return max(map(versions.clickhouse_head, known), default=0)


@dataclass(frozen=True)
class Wanted:
    """The release that is wanted, and its write mode; "" where none was chosen."""

    release: Version
    write_mode: str


@dataclass(frozen=True)
class Reason:
    code: str
    message: str

    @property
    def acceptable(self) -> bool:
        return self.code in ACCEPTABLE


@dataclass(frozen=True)
class Judgement:
    """A step: `changes` is whether release or write mode change, `migrate` whether the migration job of the wanted release may run, as
    it may not where the schema is further on."""

    kind: str
    from_version: str
    to_version: str
    changes: bool
    migrate: bool
    reasons: tuple[Reason, ...]
    next: str

    def as_dict(self, accepted: Collection[str]) -> dict[str, Any]:
        # Whoever accepts that has restored the databases, to which the record of the last migration does not belong any more.
        restored = "rollback_schema" in accepted and any(reason.code == "rollback_schema" for reason in self.reasons)
        standing = [reason for reason in self.reasons if not (reason.acceptable and reason.code in accepted)]
        return {
            "kind": self.kind,
            "from_version": self.from_version,
            "to_version": self.to_version,
            "changes": self.changes,
            "migrate": self.migrate or restored,
            "allowed": not standing,
            "reasons": [asdict(reason) | {"acceptable": reason.acceptable} for reason in standing],
            "next": self.next,
        }


def version_of(image: str) -> Version | None:
    """The release in an image's tag; None where it is no exact one, as with images of one's own."""
    return versions.parse(image.partition("@")[0].rpartition(":")[2])


def running(images: Iterable[str], schema_image: str, write_mode: str) -> Running:
    """
    :param images: images of the services; "" for one that does not run.
    :param schema_image: image of the migration job that completed last; "" for none.
    :param write_mode: LANGFUSE_MIGRATION_V4_WRITE_MODE of the workers; "" where they do not have it.
    """
    services = sorted({version for image in images if (version := version_of(image))})
    return Running(tuple(services), version_of(schema_image), write_mode)


def judge(now: Running, wanted: Wanted, background: Mapping[str, Any] | None = None) -> Judgement:
    """
    :param background: the result of `langfuse_background_migrations_info` for the release that runs; None where it is not known.
    """
    kind, start = _kind(now, wanted.release)
    return Judgement(
        kind=kind,
        from_version=str(start) if start else "",
        to_version=str(wanted.release),
        changes=kind not in (FIRST, NONE)
        or (kind == NONE and _mode(start, now.write_mode) != _mode(start, wanted.write_mode)),
        migrate=now.head <= versions.clickhouse_head(wanted.release),
        reasons=tuple(_reasons(kind, start, now, wanted, background)),
        next=_next(wanted),
    )


def _mode(release: Version | None, write_mode: str) -> str:
    """The write mode that a release has where none was chosen."""
    return write_mode or (EVENTS_ONLY if release and release.major >= 4 else LEGACY)


def _kind(now: Running, release: Version) -> tuple[str, Version | None]:
    """The kind of step, and from where; services of two releases are what a stopped run left."""
    # A migration that ran ahead of the services is the start of an upgrade, which can still be left.
    if not now.services:
        return FIRST, None
    oldest, newest = now.services[0], now.services[-1]
    if release < newest:
        return ROLLBACK, newest
    if release == oldest:
        return NONE, oldest
    if release.major > oldest.major:
        return MAJOR, oldest
    return (MINOR if release.minor > oldest.minor else PATCH), oldest


def _reasons(
    kind: str, start: Version | None, now: Running, wanted: Wanted, background: Mapping[str, Any] | None
) -> Iterator[Reason]:
    if start is None:
        return
    if kind == ROLLBACK:
        yield from _rollback(start, now, wanted)
    if kind == MAJOR:
        yield from _major(start, wanted, background)
    if start.major >= 4 and wanted.release.major >= 4:
        yield from _write_mode(now, wanted)


def _rollback(start: Version, now: Running, wanted: Wanted) -> Iterator[Reason]:
    release, head = wanted.release, versions.clickhouse_head(wanted.release)
    line = versions.LINES[release.major]
    if now.head > head and not (start.major == release.major + 1 and release.minor == line.last_minor):
        newest = (
            f", or langfuse_version to {versions.NEWEST_READ[3]}, which knows how to live with it"
            if start.major == 4
            else ""
        )
        yield Reason(
            "rollback_schema",
            f"ClickHouse is at migration {now.head} and Langfuse {release} knows {head} of them, and Langfuse has no way back; set"
            f" langfuse_version to {start}{newest}, or restore both databases from before the upgrade, and then put rollback_schema into"
            " langfuse_upgrade_accept.",
        )
    elif start.major > release.major and _mode(start, now.write_mode) == EVENTS_ONLY:
        yield Reason(
            "rollback_after_cutover",
            f"Langfuse {start} writes events_only, so {release} would show nothing that came in since the cut-over; stay on {start}, or"
            " take that upon yourself with rollback_after_cutover in langfuse_upgrade_accept.",
        )
    else:
        yield Reason(
            "rollback",
            f"The environment runs Langfuse {start} and would go back to {release}; set langfuse_version to {start} or newer, or, where"
            " you want to go back, put rollback into langfuse_upgrade_accept.",
        )


def _major(start: Version, wanted: Wanted, background: Mapping[str, Any] | None) -> Iterator[Reason]:
    if not wanted.write_mode:
        yield Reason(
            "write_mode_unset",
            f"From Langfuse {start} to {wanted.release} the write mode has to be chosen, since the default, events_only, rejects what"
            " Python SDKs before 3 and JS SDKs before 4 send and ends the read API of Langfuse 3; set langfuse_write_mode to legacy (all"
            " stays as it is), dual (old and new tables) or events_only.",
        )
    if background is not None and not background["finished"]:
        found = " ".join(str(reason["message"]) for reason in background["reasons"])
        yield Reason(
            "background_migrations",
            f"Background migrations of Langfuse {start} are not finished, and {wanted.release} drops tables that they read: {found}",
        )


def _write_mode(now: Running, wanted: Wanted) -> Iterator[Reason]:
    before, after = _mode(now.services[0], now.write_mode), _mode(wanted.release, wanted.write_mode)
    if before == EVENTS_ONLY != after:
        yield Reason(
            "write_mode_back",
            f"The environment writes events_only, and what came in since is in the new tables alone, which {after} does not read first;"
            " set langfuse_write_mode to events_only, or take the gap upon yourself with write_mode_back in langfuse_upgrade_accept.",
        )
    elif before == DUAL and after == LEGACY:
        yield Reason(
            "write_mode_back",
            "The environment writes dual, and what comes in with legacy would never reach the new tables once the backfill has run; set"
            " langfuse_write_mode to dual, or take the gap upon yourself with write_mode_back in langfuse_upgrade_accept.",
        )


def _next(wanted: Wanted) -> str:
    """What is still to do until Langfuse 4 is all there is; "" for nothing."""
    if wanted.release.major < 4:
        note = versions.LINES[wanted.release.major].note
        return (
            f"Langfuse {wanted.release.major} {note}; docs/upgrading.md has the way to Langfuse {max(versions.LINES)}."
        )
    return {
        LEGACY: "Upgrade SDKs and whatever reads the API, then set langfuse_write_mode to dual.",
        DUAL: (
            "Let the backfill bring in what is older (LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL in langfuse_settings), or"
            " wait for as long as data are kept; then set langfuse_write_mode to events_only, from where there is no way back."
        ),
        EVENTS_ONLY: "",
    }[_mode(wanted.release, wanted.write_mode)]
