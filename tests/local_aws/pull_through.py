# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pull-through cache rules of ECR, which its API writes and a task's pull reads."""

from __future__ import annotations

import re
from typing import Any

# (account, region) -> prefix -> rule
RULES: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
REFERENCE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<path>.+)")
# What an image's reference says where the registry's URL is another
NAMES = {"registry-1.docker.io": "docker.io"}


def rules(account_id: str, region: str) -> dict[str, dict[str, Any]]:
    return RULES.setdefault((account_id, region), {})


def upstream(reference: str) -> tuple[str, str] | None:
    """The image that a reference to the private registry stands for, and the repository that keeps it."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        return None
    for prefix, rule in rules(found["account"], found["region"]).items():
        if found["path"].startswith(f"{prefix}/"):
            image = found["path"].removeprefix(f"{prefix}/")
            registry = rule["upstreamRegistryUrl"]
            return f"{NAMES.get(registry, registry)}/{image}", found["path"].partition("@")[0].rpartition(":")[0]
    return None
