# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of ElastiCache's parameter group families, as DescribeCacheParameters lists them.

Source: docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html (Valkey 7.2 and 8.0, Redis 6.x and 7).
"""

from __future__ import annotations

from typing import Any

FAMILIES = {
    "valkey7": ("valkey", ("7.2",)),
    "valkey8": ("valkey", ("8.0", "8.1", "8.2")),
    "valkey9": ("valkey", ("9.0", "9.1")),
    "redis7": ("redis", ("7.0", "7.1")),
    "redis6.x": ("redis", ("6.0", "6.2")),
}
PATCHES = {"7.2": "7.2.6", "8.0": "8.0.1", "7.0": "7.0.7", "6.2": "6.2.6", "6.0": "6.0.5"}

POLICIES = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"
# name, default, allowed values, type, modifiable, change type
_TABLE: tuple[tuple[str, str, str, str, bool, str], ...] = (
    ("acllog-max-len", "128", "1-10000", "integer", True, "immediate"),
    ("activedefrag", "no", "yes,no", "string", True, "immediate"),
    ("active-defrag-cycle-max", "75", "1-75", "integer", True, "immediate"),
    ("active-defrag-cycle-min", "5", "1-75", "integer", True, "immediate"),
    ("active-defrag-ignore-bytes", "104857600", "1048576-", "integer", True, "immediate"),
    ("active-defrag-max-scan-fields", "1000", "1-1000000", "integer", True, "immediate"),
    ("active-defrag-threshold-lower", "10", "1-100", "integer", True, "immediate"),
    ("active-defrag-threshold-upper", "100", "1-100", "integer", True, "immediate"),
    ("active-expire-effort", "1", "1-10", "integer", True, "immediate"),
    ("activerehashing", "yes", "yes,no", "string", True, "requires-reboot"),
    ("appendfsync", "everysec", "always,everysec,no", "string", False, "immediate"),
    ("appendonly", "no", "yes,no", "string", False, "immediate"),
    ("client-output-buffer-limit-normal-hard-limit", "0", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-normal-soft-limit", "0", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-normal-soft-seconds", "0", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-pubsub-hard-limit", "33554432", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-pubsub-soft-limit", "8388608", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-pubsub-soft-seconds", "60", "0-", "integer", True, "immediate"),
    ("client-output-buffer-limit-replica-soft-seconds", "60", "0-", "integer", False, "immediate"),
    ("client-query-buffer-limit", "1073741824", "1048576-1073741824", "integer", True, "immediate"),
    ("close-on-replica-write", "yes", "yes,no", "string", True, "immediate"),
    ("cluster-allow-pubsubshard-when-down", "yes", "yes,no", "string", True, "immediate"),
    ("cluster-allow-reads-when-down", "no", "yes,no", "string", True, "immediate"),
    ("cluster-enabled", "no", "yes,no", "string", True, "requires-reboot"),
    ("cluster-require-full-coverage", "no", "yes,no", "string", True, "immediate"),
    ("databases", "16", "1-1200000", "integer", True, "requires-reboot"),
    ("hash-max-listpack-entries", "512", "0-", "integer", True, "immediate"),
    ("hash-max-listpack-value", "64", "0-", "integer", True, "immediate"),
    ("hll-sparse-max-bytes", "3000", "1-16000", "integer", True, "immediate"),
    ("latency-tracking", "no", "yes,no", "string", True, "immediate"),
    ("lazyfree-lazy-eviction", "yes", "yes,no", "string", False, "immediate"),
    ("lazyfree-lazy-expire", "yes", "yes,no", "string", False, "immediate"),
    ("lazyfree-lazy-server-del", "yes", "yes,no", "string", False, "immediate"),
    ("lazyfree-lazy-user-del", "yes", "yes,no", "string", False, "immediate"),
    ("lfu-decay-time", "1", "0-", "integer", True, "immediate"),
    ("lfu-log-factor", "10", "1-", "integer", True, "immediate"),
    ("list-compress-depth", "0", "0-", "integer", True, "requires-reboot"),
    ("list-max-listpack-size", "-2", "-5,-4,-3,-2,-1,1-", "integer", False, "requires-reboot"),
    ("lua-time-limit", "5000", "5000", "integer", False, "immediate"),
    ("maxclients", "65000", "1-65000", "integer", False, "requires-reboot"),
    ("maxmemory-policy", "volatile-lru", POLICIES, "string", True, "immediate"),
    ("maxmemory-samples", "3", "1-", "integer", True, "immediate"),
    ("min-replicas-max-lag", "10", "0-", "integer", True, "immediate"),
    ("min-replicas-to-write", "0", "0-", "integer", True, "immediate"),
    ("notify-keyspace-events", "", "", "string", True, "immediate"),
    ("proto-max-bulk-len", "536870912", "1048576-536870912", "integer", True, "immediate"),
    ("replica-allow-chaining", "yes", "yes,no", "string", False, "immediate"),
    ("reserved-memory-percent", "25", "0-100", "integer", True, "immediate"),
    ("set-max-intset-entries", "512", "0-", "integer", True, "immediate"),
    ("slowlog-log-slower-than", "10000", "-1-", "integer", True, "immediate"),
    ("slowlog-max-len", "128", "0-", "integer", True, "immediate"),
    ("stream-node-max-bytes", "4096", "0-", "integer", True, "immediate"),
    ("stream-node-max-entries", "100", "0-", "integer", True, "immediate"),
    ("tcp-keepalive", "300", "0-", "integer", True, "requires-reboot"),
    ("timeout", "0", "0,20-", "integer", True, "immediate"),
    ("tracking-table-max-keys", "1000000", "1-100000000", "integer", True, "immediate"),
    ("zset-max-listpack-entries", "128", "0-", "integer", True, "immediate"),
    ("zset-max-listpack-value", "64", "0-", "integer", True, "immediate"),
)


def parameters(family: str) -> dict[str, dict[str, Any]]:
    """The parameters of a family with their defaults."""
    versions = FAMILIES[family][1]
    return {
        name: {
            "ParameterName": name,
            "ParameterValue": default,
            "Description": name.replace("-", " "),
            "Source": "system",
            "DataType": kind,
            "AllowedValues": allowed,
            "IsModifiable": modifiable,
            "MinimumEngineVersion": f"{versions[0]}.0",
            "ChangeType": change,
        }
        for name, default, allowed, kind, modifiable, change in _TABLE
    }


def allows(allowed: str, kind: str, value: str) -> bool:
    """Whether a value is in AllowedValues: words and numbers, and ranges with or without an end."""
    if not allowed:
        return True
    options = allowed.split(",")
    if value in options:
        return True
    if kind != "integer" or not value.lstrip("-").isdigit():
        return False
    for option in options:
        low, dash, high = option[1:].partition("-")
        low = option[0] + low
        if dash and int(low) <= int(value) and (not high or int(value) <= int(high)):
            return True
    return False


def resolve_version(engine: str, version: str | None) -> str | None:
    """The version that runs when this one is asked for; None when there is none."""
    known = [item for name, items in FAMILIES.values() if name == engine for item in items]
    if not known:
        return None
    wanted = version or ("7.2" if engine == "valkey" else "7.1")
    for item in known:
        if wanted in (item, PATCHES.get(item, f"{item}.0")):
            return PATCHES.get(item, f"{item}.0")
    return None


def family_of(engine: str, version: str) -> str:
    """The family of a version as DescribeCacheClusters reports it."""
    minor = ".".join(version.split(".")[:2])
    return next(family for family, (name, items) in FAMILIES.items() if name == engine and minor in items)
