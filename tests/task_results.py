# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the results of two runs of a playbook field by field, as the callback plugin task_results wrote them.

What differs by nature between two runs is replaced by what it is: times, process ids, random names. Where both ran in
one environment, ids of AWS and private addresses are numbered in the order in which results bring them, so that a wrong one
among right ones is still seen. Between two environments all ids and addresses differ, with them the order of lists that AWS
sorts by id, and free ports: there ids are only ids, and lists are compared without their order.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

# Fields that hold a time, a duration, a process id, or a count of bytes that grows.
VOLATILE = {
    "start", "end", "delta", "elapsed", "atime", "mtime", "ctime", "birthtime", "inode", "pid", "ansible_job_id", "results_file",
    "at", "readable_seconds", "accepted_seconds", "write_seconds", "elapsed_seconds",
    "stored_bytes", "date", "request_id", "x-amzn-requestid", "x-amz-request-id",
    "creation_time", "host_id", "x-amz-id-2", "last_event_timestamp", "first_event_timestamp", "last_ingestion_time",
    "upload_sequence_token", "frame", "attempts", "disk_free_bytes",
}  # fmt: skip
# Text that is drawn anew in each run, or a time.
RANDOM = [
    (re.compile(r"ansible-(module)?tmp-[\d.]+-\w+(-\d+)?"), "ansible-tmp"),
    (re.compile(r"ansible-local-\w+"), "ansible-local"),
    (re.compile(r"ansible_[\w.]+_payload_\w{8}"), "payload"),
    (re.compile(r"(?<=/)(?:ansible\.|tmp)[\w.]{6,10}(?=/|$|')"), "temporary"),
    (re.compile(r"\.source-[\w.]+|\.ansible_tmp[\w.]+"), "temporary"),
    (re.compile(r"^\.[a-z0-9_]{8}$"), "temporary"),
    (re.compile(r"\b0x[0-9a-f]{8,}"), "address"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"), "time"),
    (re.compile(r"\b\d+:\d\d:\d\d\.\d{6}\b"), "duration"),
    (re.compile(r"(?<=\s)\d+\.\d+(?= s\b|$)"), "seconds"),
    (re.compile(r"(?<=[0-9a-f]{32}-)\d+"), "number"),
    (re.compile(r"\b\d+\.\d+ms\b"), "milliseconds"),
    (re.compile(r'(?<="disk_free",")\d+'), "bytes"),
]
# Private addresses, also in names as AWS gives them (ip-10-42-0-5).
ADDRESSES = re.compile(r"\b(?:10|ip-10|127)(?!\.0\.0\.1\b)[.-]\d+[.-]\d+[.-]\d+\b(?!/)")
# Its tasks live for one result only and get any free address, which an earlier one may have had.
ONE_OFF = "llmops.langfuse.ecs_run_task"
# Ids of AWS and UUIDs: each has its number.
IDENTITIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b"
    r"|\b(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{17}|[0-9a-f]{16}|[0-9a-f]{8})\b"
    r"|\b(?:ns|srv)-[a-z0-9]{8,20}\b"
    r"|\becs-svc/\d+|(?<=/)\d{15}\b"
    r"|\b[A-Z0-9]{13,26}\b"
    r"|(?<=/application-)[A-Za-z0-9]{6}\b"
    r"|\b[3-6]\d{4}\b"  # a free port
)


def read(path: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    """The results of a run by host, task and number of that task on that host."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    results = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        key = (entry["host"], entry["task"])
        results[(*key, counts[key])] = entry
        counts[key] += 1
    return results


Naming = Callable[[re.Match[str]], str]


class Numbers:
    """Numbers for ids, or for addresses, in the order in which they come."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.seen: dict[str, str] = {}

    def __call__(self, found: re.Match[str]) -> str:
        name = found.group().removeprefix("ip-").replace("-", ".") if self.kind == "address" else found.group()
        return self.seen.setdefault(name, f"{self.kind} {len(self.seen) + 1}")


def only(kind: str) -> Naming:
    """No number: any is as good as another."""
    return lambda _found: kind


def plain(value: Any, name_id: Naming, name_address: Naming) -> Any:
    """A value without what differs by nature between two runs, with what stands for an id and for an address."""
    if isinstance(value, dict):
        # Keys can be ids themselves; sorted, two runs bring the same ones in the same order.
        return {
            plain(key, name_id, name_address): (
                "volatile" if key in VOLATILE and item else plain(item, name_id, name_address)
            )
            for key, item in sorted(value.items())
        }
    if isinstance(value, list):
        # ClickHouse answers the parts of a UNION ALL in any order.
        if any(isinstance(item, str) and item.startswith('{"reading"') for item in value):
            value = sorted(value, key=str)
        return [plain(item, name_id, name_address) for item in value]
    if isinstance(value, int) and 30000 <= value < 65536:
        return plain(str(value), name_id, name_address)
    if isinstance(value, str):
        for pattern, name in RANDOM:
            value = pattern.sub(name, value)
        return IDENTITIES.sub(name_id, ADDRESSES.sub(name_address, value))
    return value


def without_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(without_order, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Every field that two values differ in, as lines of text."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys(), key=str)
        absent = object()
        return [
            line for key in keys for line in differences(one.get(key, absent), other.get(key, absent), f"{where}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for number, (a, b) in pairs for line in differences(a, b, f"{where}[{number}]")]
    # True and 1 are not the same result.
    same = one == other and type(one) is type(other)
    return [] if same else [f"{where}: {str(one)[:500]!r} != {str(other)[:500]!r}"]


def fields(value: Any) -> int:
    """How many single values a value is made of."""
    if isinstance(value, dict):
        return sum(map(fields, value.values()))
    if isinstance(value, list):
        return sum(map(fields, value))
    return 1


def compare(one: Path, other: Path, same_environment: bool = True) -> tuple[int, int, list[str]]:
    """Number of results and of fields compared, and what differs."""
    first, second = read(one), read(other)
    found = [f"only in one run: {key}" for key in first.keys() ^ second.keys()]
    kinds = ("id", "address")
    names: list[list[Naming]] = [[Numbers(k) if same_environment else only(k) for k in kinds] for _run in range(2)]
    count = 0
    for key in sorted(first.keys() & second.keys()):
        one_off = first[key]["action"] == ONE_OFF
        a, b = (
            plain(results[key], name_id, only("address") if one_off else name_address)
            for results, (name_id, name_address) in zip((first, second), names, strict=True)
        )
        if not same_environment:
            a, b = without_order(a), without_order(b)
        count += fields(a)
        found += differences(a, b, " / ".join(map(str, key)))
    return len(first), count, found
