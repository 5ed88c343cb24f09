# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the AWS API as one sentence, private to the collection.

Functions that call the API are decorated, outermost the handler and inside it the retries::

    class EfsErrorHandler(AwsErrorHandler):
        MISSING = ("AccessPointNotFound",)

    @EfsErrorHandler.list_error_handler("describe the access point {1}", default_value=None)
    @AWSRetry.jittered_backoff()
    def describe(client, access_point_id): ...

`{1}` is the call's second positional argument, `{name}` a keyword argument.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError
except ImportError:
    # AnsibleAWSModule says that boto3 is missing before anything here is called.
    class BotoCoreError(Exception):  # type: ignore[no-redef]
        pass

    class ClientError(Exception):  # type: ignore[no-redef]
        response: dict[str, Any] = {}

    class WaiterError(Exception):  # type: ignore[no-redef]
        pass


from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

# What to do about errors that any call can return. The keys are the beginnings of AWS's error codes.
ADVICE = {
    "AccessDenied": "allow it in the policies of the credentials in use",
    "AuthorizationError": "allow it in the policies of the credentials in use",
    "UnauthorizedOperation": "allow it in the policies of the credentials in use",
    "ExpiredToken": "renew the credentials",
    "InvalidClientTokenId": "check the credentials in use and that the region is enabled",
    "UnrecognizedClient": "check the credentials in use and that the region is enabled",
    "SignatureDoesNotMatch": "check the secret key and this machine's clock",
    "Throttling": "AWS limits the rate of calls, so run again in a minute",
    "RequestLimitExceeded": "AWS limits the rate of calls, so run again in a minute",
    "NoCredentialsError": "set profile, or the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "EndpointConnectionError": "check region, endpoint_url and the network",
}


class AwsError(AnsibleAWSError):
    """Something that AWS refused, or a state that a module cannot work with."""

    def __init__(self, message: str, exception: BaseException | None = None) -> None:
        super().__init__(message=message, exception=exception)
        self.message: str = message
        self.exception: BaseException | None = exception

    @property
    def code(self) -> str:
        return error_code(self.exception)

    def __str__(self) -> str:
        return sentence(self.message, self.exception)


def error_code(error: BaseException | None) -> str:
    """AWS's code of an error; the class's name where botocore itself gave up; empty where neither did."""
    if isinstance(error, AnsibleAWSError):
        return error_code(error.exception)
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__ if isinstance(error, BotoCoreError) else ""


def sentence(message: str, error: BaseException | None = None) -> str:
    """What failed, what AWS said about it, and what to do where that is known."""
    text = message.rstrip(". ")
    code = error_code(error)
    if isinstance(error, ClientError):
        said = str(error.response.get("Error", {}).get("Message", "")).rstrip(". ")
        text += f": {said} ({code})" if said else f": {code}"
    elif error is not None:
        text += f": {str(error).rstrip('. ')}"
    advice = next((hint for start, hint in ADVICE.items() if code.startswith(start)), "")
    return f"{text}; {advice}." if advice else f"{text}."


class AwsErrorHandler(AWSErrorHandler):
    """Decorators that turn botocore's exceptions into AwsError; a subclass names its service's not-found codes."""

    _CUSTOM_EXCEPTION = AwsError
    MISSING: tuple[str, ...] = ()

    @classmethod
    def _is_missing(cls) -> type[Exception]:
        return is_boto3_error_code(list(cls.MISSING))

    @classmethod
    def common_error_handler(cls, description: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def wrapper(func: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(func)
            def handler(*args: Any, **kwargs: Any) -> Any:
                try:
                    return func(*args, **kwargs)
                except WaiterError as error:
                    doing = description.format(*args, **kwargs)
                    raise cls._CUSTOM_EXCEPTION(f"Timeout trying to {doing}", error) from error
                except (ClientError, BotoCoreError) as error:
                    doing = description.format(*args, **kwargs)
                    raise cls._CUSTOM_EXCEPTION(f"Failed to {doing}", error) from error

            return handler

        return wrapper
