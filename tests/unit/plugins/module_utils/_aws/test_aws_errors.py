# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import (
    AwsError,
    AwsErrorHandler,
    error_code,
    sentence,
)
from botocore.exceptions import ClientError, NoCredentialsError


def refusal(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeThings")


class ThingErrorHandler(AwsErrorHandler):
    MISSING = ("ThingNotFound",)


def call(error: Exception | None, handler: Any) -> Any:
    @handler
    def describe(client: Any, name: str, *, kind: str) -> str:
        if error:
            raise error
        return "found"

    return describe("client", "blue", kind="wheel")


class TestHandlers:
    def test_result_passes(self) -> None:
        assert call(None, ThingErrorHandler.common_error_handler("describe {1}")) == "found"

    def test_description_names_the_arguments(self) -> None:
        with pytest.raises(AwsError) as raised:
            call(refusal("ThingBroken"), ThingErrorHandler.common_error_handler("describe the {kind} {1}"))
        assert raised.value.message == "Failed to describe the wheel blue"
        assert raised.value.code == "ThingBroken"
        assert str(raised.value) == "Failed to describe the wheel blue: No (ThingBroken)."

    def test_missing_is_the_default_of_a_list_handler(self) -> None:
        assert call(refusal("ThingNotFound"), ThingErrorHandler.list_error_handler("describe {1}", [])) == []

    def test_missing_is_false_for_a_deletion_handler(self) -> None:
        assert call(refusal("ThingNotFound"), ThingErrorHandler.deletion_error_handler("delete {1}")) is False

    def test_other_errors_are_raised_by_a_list_handler(self) -> None:
        with pytest.raises(AwsError, match="Failed to describe blue"):
            call(refusal("AccessDenied"), ThingErrorHandler.list_error_handler("describe {1}", []))

    def test_a_handler_without_codes_finds_nothing_missing(self) -> None:
        with pytest.raises(AwsError):
            call(refusal("ThingNotFound"), AwsErrorHandler.list_error_handler("describe {1}", []))


class TestSentence:
    def test_no_cause(self) -> None:
        assert sentence("It is broken.") == "It is broken."

    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            ("AccessDeniedException", "allow it in the policies of the credentials in use."),
            ("ThrottlingException", "AWS limits the rate of calls, so run again in a minute."),
            ("ExpiredTokenException", "renew the credentials."),
        ],
    )
    def test_advice(self, code: str, advice: str) -> None:
        assert sentence("Failed to read", refusal(code, "No")) == f"Failed to read: No ({code}); {advice}"

    def test_botocore_error(self) -> None:
        text = sentence("Failed to read", NoCredentialsError())
        assert text.startswith("Failed to read: Unable to locate credentials; set profile")

    def test_error_without_a_message(self) -> None:
        assert sentence("Failed to read", refusal("Odd", "")) == "Failed to read: Odd."


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refusal("A"), "A"),
        (AwsError("x", refusal("B")), "B"),
        (AwsError("x"), ""),
        (NoCredentialsError(), "NoCredentialsError"),
    ],
)
def test_error_code(error: Exception, code: str) -> None:
    assert error_code(error) == code
