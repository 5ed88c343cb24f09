# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of ClickHouse with its own BACKUP: their variables, judged before anything is written to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .findings import Finding
from .values import is_true

Findings = Iterator[Finding]
Shape = dict[str, Any]

# Amazon EventBridge Scheduler User Guide, "Schedule types": five fields and the year, of which one of the two days is "?".
CRON = re.compile(r"cron\(([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+)\)")
RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
MINUTES = {"minute": 1, "hour": 60, "day": 1440}
# Amazon S3 User Guide, "General purpose bucket naming rules"; without the dots that certificates for virtual hosts do not match.
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9_.=-]+/)+")
# What the role clickhouse keeps them for in the environment's own bucket.
DAYS = 14
# What Langfuse and the role storage keep in the same bucket.
TAKEN = ("events/", "exports/", "media/")


def clickhouse_backups(given: Shape) -> Findings:
    """All of them, where they are wanted."""
    if not is_true(given.get("clickhouse_backup_enabled")):
        return
    if given.get("clickhouse_mode") == "external":
        yield Finding(
            "clickhouse_backup_enabled",
            "ClickHouse is external, and whoever runs it has the disk that BACKUP writes to in its configuration",
            "set it to false, and have the backups made there; ClickHouse Cloud makes its own",
        )
    days = given.get("clickhouse_backup_retention_days")
    kept = _days(days)
    if days not in (None, "") and not kept:
        yield Finding("clickhouse_backup_retention_days", f"{days} is not a number of days", "set 1 or more")
    yield from _schedule(str(given.get("clickhouse_backup_schedule") or ""), kept)
    yield from _place(given, bool(kept))


def _days(value: Any) -> int:
    return int(value) if re.fullmatch(r"[1-9][0-9]*", str(value)) else 0


def _schedule(expression: str, kept: int) -> Findings:
    """
    :param kept: days that a backup is kept; 0 where that is not known.
    """
    cron, rate = CRON.fullmatch(expression), RATE.fullmatch(expression)
    if cron and (cron[3] == "?") == (cron[5] == "?"):
        yield Finding(
            "clickhouse_backup_schedule",
            f"'{expression}' says both or neither of the day of the month and the day of the week",
            "set one of the two to ?, as in cron(0 1 * * ? *)",
        )
    elif rate and kept and int(rate[1]) * MINUTES[rate[2]] > kept * MINUTES["day"]:
        yield Finding(
            "clickhouse_backup_retention_days",
            f"after {kept} days a backup is gone, and the next one is made later ({expression})",
            "set more days, or a shorter clickhouse_backup_schedule",
        )
    elif not cron and not rate:
        reason = "makes one backup only" if expression.startswith("at(") else "is not a schedule"
        yield Finding(
            "clickhouse_backup_schedule",
            f"'{expression}' {reason}",
            "set an expression of EventBridge Scheduler, such as cron(0 1 * * ? *) or rate(12 hours)",
        )


def _of_somebody_else(given: Shape) -> str:
    """The bucket of the backups, where the role storage sets no lifecycle rules for it; else ""."""
    bucket = str(given.get("clickhouse_backup_bucket") or "")
    if given.get("storage_mode") != "external" and bucket == given.get("storage_bucket"):
        return ""
    own = rf"{re.escape(str(given.get('langfuse_name')))}-\d{{12}}-{re.escape(str(given.get('langfuse_region')))}"
    return "" if re.fullmatch(own, bucket) else bucket


def cautions(given: Shape) -> Findings:
    """What is allowed but easily forgotten."""
    bucket = _of_somebody_else(given)
    if is_true(given.get("clickhouse_backup_enabled")) and bucket:
        prefix = given.get("clickhouse_backup_prefix") or "clickhouse-backups/"
        yield Finding(
            "clickhouse_backup_bucket",
            f"nothing here deletes old backups from {bucket}, of which every one is whole",
            f"have its owner set a lifecycle rule there that expires what begins with {prefix} after {DAYS} days, or as many as you want, "
            "as clickhouse_backup_retention_days does in the environment's own bucket",
        )


def _place(given: Shape, retention: bool) -> Findings:
    bucket = str(given.get("clickhouse_backup_bucket") or "")
    if not bucket and given.get("storage_mode") == "external":
        yield Finding(
            "clickhouse_backup_bucket",
            "the environment has no bucket of its own in which backups could be kept and expire",
            "set one in the same region, whose lifecycle rules delete old backups",
        )
    if bucket and not BUCKET.fullmatch(bucket):
        yield Finding(
            "clickhouse_backup_bucket",
            f"'{bucket}' is not a bucket that ClickHouse reaches by its name",
            "set 3 to 63 lower-case letters, digits and '-'",
        )
    elif retention and _of_somebody_else(given):
        yield Finding(
            "clickhouse_backup_retention_days",
            f"the lifecycle rules of {bucket} are those of its owner, and nothing here would delete old backups",
            "leave it out and set the rule there, or leave clickhouse_backup_bucket out",
        )
    prefix = given.get("clickhouse_backup_prefix")
    if prefix is None:
        return
    if not PREFIX.fullmatch(str(prefix)):
        yield Finding(
            "clickhouse_backup_prefix",
            f"'{prefix}' is not a folder of a bucket",
            "set one that does not begin with a slash and ends with one, such as clickhouse-backups/",
        )
    elif str(prefix).startswith(TAKEN):
        yield Finding(
            "clickhouse_backup_prefix",
            f"{prefix} is among Langfuse's own objects, some of which expire",
            "set another one, such as clickhouse-backups/",
        )
