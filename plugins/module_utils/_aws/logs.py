# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a log stream of CloudWatch Logs, private to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import AwsErrorHandler

# An answer of GetLogEvents has at most 10,000 events or 1 MB, and may be empty though there are more.
LOG_PAGE, LOG_PAGES = 10000, 100


class LogsErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


@LogsErrorHandler.list_error_handler("read the log stream {2} of {1}", default_value={"events": []})
@AWSRetry.jittered_backoff()
def log_events(client: Any, group: str, stream: str, limit: int, token: str | None) -> dict[str, Any]:
    following = {"nextToken": token} if token else {}
    return client.get_log_events(
        logGroupName=group, logStreamName=stream, limit=limit, startFromHead=False, **following
    )


def read_log(client: Any, group: str, stream: str, lines: int) -> list[str]:
    """The last lines of a log stream; none where it does not exist."""
    found: list[str] = []
    token: str | None = None
    for _page in range(LOG_PAGES):
        answer = log_events(client, group, stream, min(max(lines - len(found), 1), LOG_PAGE), token)
        found = [event["message"].rstrip("\n") for event in answer["events"]] + found
        following = answer.get("nextBackwardToken")
        # The same token again is AWS's way to say that there is nothing before.
        if len(found) >= lines or not following or following == token:
            break
        token = following
    return found[-lines:] if lines else []
