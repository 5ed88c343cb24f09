# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import versions
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.versions import Version


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("v3.225.4", "not an exact", "set 3.225.4"),
        ("3", "not an exact", "3.225.4 or 4.16.0"),
        ("latest", "not an exact", "3.225.4 or 4.16.0"),
        ("", "not an exact", "3.225.4 or 4.16.0"),
        ("3.0.0-rc.1", "not an exact", "3.225.4 or 4.16.0"),
        ("2.95.11", "reached its end of life", "3.225.4 or 4.16.0"),
        ("5.0.0", "not known", "3.225.4 or 4.16.0"),
        ("3.226.0", "3.225 is the last minor release", "3.225.4 or 4.16.0"),
    ],
)
def test_versions_that_cannot_be_deployed(text: str, problem: str, fix: str) -> None:
    version, findings = versions.judge("langfuse_version", text)
    assert version is None
    assert len(findings) == 1
    assert problem in findings[0].problem
    assert fix in findings[0].fix


@pytest.mark.parametrize("text", ["3.0.0", "3.225.4", "3.225.9", "4.0.0", "4.39.1"])
def test_versions_that_can(text: str) -> None:
    assert versions.judge("langfuse_version", text) == (versions.parse(text), [])


@pytest.mark.parametrize(
    ("text", "head"),
    [("3.0.0", 6), ("3.28.2", 5), ("3.28.3", 7), ("3.222.9", 36), ("3.225.4", 37), ("4.0.0", 46), ("4.39.0", 46)],
)
def test_the_head_of_the_clickhouse_migrations(text: str, head: int) -> None:
    version = versions.parse(text)
    assert version is not None
    assert versions.clickhouse_head(version) == head


def test_heads_are_in_the_order_of_their_releases() -> None:
    releases = [release for release, _ in versions.CLICKHOUSE_HEADS]
    assert releases == sorted(releases)


def test_releases_whose_migrations_need_what_nfs_lacks() -> None:
    refused = [minor for minor in range(200, 226) if not versions.runs_on_efs(Version(3, minor, 1))]
    assert refused == [207, 208, 209, 210, 211, 212]


def test_release_of_a_server() -> None:
    assert versions.release("26.4") == (26, 4)
    assert versions.release("25.8.3.66-alpine") == (25, 8)
    assert versions.release("26") == (26, 0)
    assert versions.release("latest") is None
