# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch Logs: what it refuses, beside what it takes."""

from __future__ import annotations

import pytest

from .server_support import Server


def test_retention(server: Server) -> None:
    logs, name = server.client("logs"), f"/t/{server.name()}"
    logs.create_log_group(logGroupName=name)
    with server.refuses("InvalidParameterException", "retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=42)
    logs.put_retention_policy(logGroupName=name, retentionInDays=30)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 30


@pytest.mark.parametrize("name", ["aws/mine", "a group", "a:b"])
def test_names(server: Server, name: str) -> None:
    with server.refuses("InvalidParameterException"):
        server.client("logs").create_log_group(logGroupName=name)


def test_a_group_is_not_made_again_at_once(server: Server) -> None:
    logs, name = server.client("logs"), f"/t/{server.name()}"
    logs.create_log_group(logGroupName=name)
    logs.delete_log_group(logGroupName=name)
    with server.refuses("OperationAbortedException"):
        logs.create_log_group(logGroupName=name)

    def taken() -> bool:
        try:
            logs.create_log_group(logGroupName=name)
        except logs.exceptions.OperationAbortedException:
            return False
        return True

    server.wait(taken)
