# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of what talks to Langfuse's API: connection options, keys, retries, and errors as one sentence.

Document the options with the fragment C(llmops.langfuse.api).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible.module_utils.api import generate_jittered_backoff, retry_with_delays_and_condition
from ansible.module_utils.urls import basic_auth_header

from . import web
from .module import LangfuseModule

API_OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
}

# Langfuse is behind a load balancer whose targets come and go, so what can be asked twice is asked again.
RETRIES = 4
PASSING_STATUSES = frozenset({429, 502, 503, 504})
PASSING_FAULTS = frozenset({"refused", "cut_off"})
REPEATABLE_METHODS = frozenset({"GET", "PUT", "DELETE"})

FAULT_STEPS = {
    "address": "set url to an address such as https://langfuse.example.com",
    "name": "check url, and that its DNS record exists where this machine asks",
    "refused": "check the port of url, and that the load balancer has a listener there",
    "timeout": "check that security groups and network let this machine reach it, and that its targets are healthy",
    "certificate": "set ca_path to the certificates that sign the server's, or url to a name that its certificate has",
    "tls": "check whether url has to begin with http:// or https://",
    "cut_off": "look at the log of the service and at the events of its tasks, which may have been stopped",
    "not_http": "check the port of url",
    "network": "check url and the network",
}
LOAD_BALANCER_STEPS = {
    403: "let the web ACL of the load balancer pass what goes to /api/",
    404: "add a rule to the load balancer's listener that leads to Langfuse",
    502: "look at the log of the service: its task closed the connection, or ended",
    503: "look at the service: the load balancer has no target",
    504: "look at the log of the service, and at the security groups between the load balancer and its tasks",
}
SERVER_STEPS = {
    401: "check the keys",
    403: "check that the key may do this",
    404: "check that url leads to Langfuse, with its base path where it has one",
    413: "raise the limit of what lies between",
    429: "run again in a minute",
}
NO_PLAN = "This feature is not available on your current plan"
NO_ADMIN_KEY = "ADMIN_API_KEY is not set"
NOT_ORGANIZATION = "Organization-scoped API key required"
# Answers whose words say more than their status. Source: langfuse v3.225.4 and v4.16.0, web/src/pages/api/public/projects/,
# web/src/pages/api/admin/organizations/ and web/src/ee/features/admin-api/server/adminApiAuth.ts.
KNOWN_WORDS = {
    NO_PLAN: (
        "its licence does not include the admin API",
        "set LANGFUSE_EE_LICENSE_KEY of the web service to an Enterprise key (langfuse_ee_...), or declare the first "
        "project with LANGFUSE_INIT_ORG_ID and LANGFUSE_INIT_PROJECT_ID, which needs no licence",
    ),
    NO_ADMIN_KEY: (
        "its web service has no ADMIN_API_KEY",
        "make the key with llmops.langfuse.langfuse_secrets, give it to the web service, and wait until it is deployed",
    ),
    NOT_ORGANIZATION: (
        "the keys are those of a project, or no organization's",
        "give the keys of an organization, which llmops.langfuse.langfuse_organization stores",
    ),
    "Are you using an organization key": (
        "the keys are those of an organization",
        "give the keys of a project",
    ),
    "Unauthorized: Invalid token": (
        "it refuses the admin API key",
        "check that the key is the value of ADMIN_API_KEY that the running web service has",
    ),
    "data-retention entitlement is required": (
        "its licence does not include data retention",
        "leave retention_days out or set it to 0, or set LANGFUSE_EE_LICENSE_KEY of the web service to an Enterprise key",
    ),
}


class LangfuseError(Exception):
    """What keeps a module from its work, as a sentence that names the server and the next step.

    :ivar answer: the answer behind it, where there is one.
    """

    def __init__(self, message: str, answer: web.Answer | None = None) -> None:
        super().__init__(message)
        self.answer = answer


class Passing(LangfuseError):
    """An answer that may be another one in a moment."""


def base_url(url: str) -> str:
    """The address without a slash at its end.

    :raises LangfuseError: where it is none, or has parts that do not belong into it.
    """
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or any(character.isspace() or not character.isprintable() for character in url):
        raise LangfuseError(f"url is no address; {FAULT_STEPS['address']}.")
    if parts.username is not None or parts.password is not None:
        raise LangfuseError("url holds a user name or password; take it out, and give keys in the options for keys.")
    if parts.query or parts.fragment:
        raise LangfuseError("url holds a query or fragment; end it with the host, or with Langfuse's base path.")
    return url.rstrip("/")


def basic(public_key: str, private_key: str) -> str:
    """The header for the keys of a project or organization."""
    header: bytes | str = basic_auth_header(public_key, private_key)
    return header.decode() if isinstance(header, bytes) else header


def bearer(admin_api_key: str) -> str:
    """The header for the admin API."""
    return f"Bearer {admin_api_key}"


def from_load_balancer(answer: web.Answer) -> bool:
    """Whether something before Langfuse wrote this answer: Langfuse's API answers with JSON, load balancers do not."""
    return answer.headers.get("server", "").startswith("awselb") or answer.document() is None


def explain(answer: web.Answer) -> tuple[str, str]:
    """What is wrong with an answer, and the next step."""
    if answer.fault:
        return answer.body, FAULT_STEPS[answer.fault]
    if 300 <= answer.status < 400:
        location = answer.headers.get("location", "another address")
        return (
            f"it redirects to {location.partition('?')[0]}",
            "set url to the address that answers itself; where that is a page to sign in, let /api/ pass without it",
        )
    known = next((known for words, known in KNOWN_WORDS.items() if words in answer.body), None)
    return known or _explain_status(answer)


def _explain_status(answer: web.Answer) -> tuple[str, str]:
    if from_load_balancer(answer):
        if answer.status in LOAD_BALANCER_STEPS:
            return (
                f"the load balancer or proxy before it answers HTTP {answer.status}",
                LOAD_BALANCER_STEPS[answer.status],
            )
        return f"it answers HTTP {answer.status} and no JSON", SERVER_STEPS[404]
    if answer.status < 300:
        # Its body may hold a key.
        return f"it answers HTTP {answer.status}, which is not how Langfuse answers this", SERVER_STEPS[404]
    return f"it answers {answer.said}", SERVER_STEPS.get(answer.status, "look at the log of the web service")


def refuse(where: str, answer: web.Answer, doing: str) -> LangfuseError:
    """The error of an answer that does not let the work go on."""
    what, step = explain(answer)
    return LangfuseError(f"{where} does not {doing}: {what}; {step}.", answer)


def pauses(first: float = 0.5, factor: float = 1.5, most: float = 10.0) -> Iterator[float]:
    """Seconds between polls, longer each time."""
    while True:
        yield min(first, most)
        first *= factor


class LangfuseApi:
    """Langfuse's API with one kind of key.

    :param params: a module's options, those of API_OPTIONS and C(validate_certs) among them.
    :param authorization: the value of the header, from `basic` or `bearer`; empty for none.
    :raises LangfuseError: where an option is wrong.
    """

    def __init__(self, params: Mapping[str, Any], authorization: str = "", name: str = "Langfuse") -> None:
        self.url = base_url(params["url"])
        self.where = f"{name} at {self.url}"
        if params["ca_path"] and not os.path.isfile(params["ca_path"]):
            raise LangfuseError(
                f"ca_path: there is no file {params['ca_path']}; give one with certificates in PEM form."
            )
        if params["timeout"] <= 0:
            raise LangfuseError("timeout is not above 0; give seconds.")
        self._params = params
        self._authorization = authorization

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> web.Answer:
        """One request, whatever comes of it.

        :param body: bytes with their own Content-Type in headers, or what JSON can hold.
        """
        given = {"Accept": "application/json", **(headers or {})}
        if self._authorization:
            given["Authorization"] = self._authorization
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        return web.ask(
            method,
            self.url + path + (f"?{urlencode(query)}" if query else ""),
            body=data,
            headers=given,
            timeout=self._params["timeout"],
            validate_certs=self._params["validate_certs"],
            ca_path=self._params["ca_path"],
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        expected: tuple[int, ...] = (200,),
        body: Any = None,
    ) -> web.Answer:
        """An answer of one of the expected statuses, and with a JSON document.

        Asks again while the load balancer or the server is not ready; what creates something is repeated only where the
        first request cannot have been heard.

        :param doing: goes into the error, as in C(list its organizations).
        :raises LangfuseError: for any other answer.
        """

        def once() -> web.Answer:
            answer = self.ask(method, path, body=body)
            if answer.status in expected and answer.document() is not None:
                return answer
            error = refuse(self.where, answer, doing)
            if self._passes(method, answer):
                raise Passing(str(error), answer)
            raise error

        delays = generate_jittered_backoff(retries=RETRIES, delay_base=1, delay_threshold=8)
        return retry_with_delays_and_condition(delays, lambda error: isinstance(error, Passing))(once)()

    @staticmethod
    def _passes(method: str, answer: web.Answer) -> bool:
        if method not in REPEATABLE_METHODS:
            return answer.status == 429 or answer.fault == "refused"
        # Langfuse itself says 503 in its health only, and those who ask for that wait themselves.
        return answer.status in PASSING_STATUSES or answer.fault in PASSING_FAULTS


def run(module: LangfuseModule, main: Callable[[LangfuseModule], dict[str, Any]]) -> None:
    """Ends the module with what main returns, or with one sentence about what failed."""
    try:
        result = main(module)
    except LangfuseError as error:
        module.fail_json(msg=str(error), status=error.answer.status if error.answer else 0)
    module.exit_json(**result)
