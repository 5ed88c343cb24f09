# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A description of a Langfuse installation that langfuse_env accepts, for tests that change something of it."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue import problem_with, variables
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import Assembly, assemble

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:demo/application-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-central-1:123456789012:parameter/demo/value"
BASE: dict[str, Any] = {
    "component": "web",
    "langfuse_version": "3.225.4",
    "url": "https://langfuse.example.com",
    "database": {"host": "db.example", "port": 5432, "name": "langfuse", "username": "langfuse", "ssl_mode": "require"},
    "cache": {"host": "cache.example", "port": 6379, "tls": True},
    "clickhouse": {"host": "clickhouse.demo.internal"},
    "storage": {"bucket": "demo-bucket", "region": "eu-central-1"},
    "secret_arn": ARN,
}


def described(**changes: Any) -> Assembly:
    """The assembly of BASE with some options changed; None removes one, a dictionary is merged into one."""
    options = copy.deepcopy(BASE)
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(options.get(name), dict):
            options[name].update(value)
        else:
            options[name] = value
    return assemble(options)


def problems(**changes: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for finding in described(**changes).errors:
        found[finding.option] = f"{found.get(finding.option, '')}{finding.problem}; {finding.fix}\n"
    return found


def accepted(**changes: Any) -> Assembly:
    assembly = described(**changes)
    assert assembly.errors == []
    return assembly


# Values that nothing else would make sense for.
FIXED = {"TZ": "UTC", "NODE_ENV": "production"}


def example(name: str, major: int) -> str:
    """A value that the variable takes, and that is not its default where it has others."""
    variable = variables(major)[name]
    if name.startswith("LANGFUSE_MIGRATION_V4_"):
        return variable.default or "2026-01-01"
    if variable.choices:
        return next(choice for choice in reversed(variable.choices) if choice != "lambda-microvm")
    candidates = [
        "a",
        "100",
        "20000",
        "https://a.example/application/o/a/",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "0.5",
        "7",
    ]
    candidates += ["a@b.example", "p:0.5", "pkce", "clickhouse://a:9000"]
    if name.endswith("_PREFIX"):
        return "a/"
    if name.endswith("_NODES"):
        return "a:6379,b:6379"
    if name in FIXED:
        return FIXED[name]
    return next(value for value in candidates if not problem_with(variable, value))
