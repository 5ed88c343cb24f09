# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What langfuse_organization and langfuse_project make of answers that the doubles do not give."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import api
from module_runner import ModuleFailed, run_module
from web_servers import Reply, Request, closed_port, serving

ORGANIZATION = {"name": "Data science", "admin_api_key": "a-long-fake-admin-api-key-of-32-characters"}
PAIR = {"public_key": "pk-lf-a-fake-public-half", "private_key": "sk-lf-a-long-fake-secret-half"}
PROJECT = {"name": "Chat", "public_key": "pk-lf-org", "private_key": "sk-lf-org-long-fake-secret", "api_keys": [PAIR]}
MADE = {"id": "key", "publicKey": "pk-lf-of-its-own", "secretKey": "sk-lf-of-its-own-long-fake-secret"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "generate_jittered_backoff", lambda **_delays: [0.0] * api.RETRIES)


def failing(module: str, options: dict[str, Any], answer: Callable[[Request], Reply]) -> tuple[str, list[str]]:
    """The message of the failed module, and what it asked."""
    with serving(answer) as server, pytest.raises(ModuleFailed) as failure:
        run_module(f"langfuse_{module}", {"url": server.url, **options})
    assert server.url in failure.value.result["msg"]
    text = json.dumps(failure.value.result)
    assert not [value for value in (PAIR["private_key"], MADE["secretKey"], PROJECT["private_key"]) if value in text]
    return failure.value.result["msg"], [f"{request.method} {request.path}" for request in server.asked]


@pytest.mark.parametrize("module, options", [("organization", ORGANIZATION), ("project", PROJECT)])
@pytest.mark.parametrize(
    "reply, words",
    [
        (Reply(200, {"hello": "world"}), "not as Langfuse does; check that url"),
        (Reply(200, {"organizations": "none", "projects": {}}), "not as Langfuse does; check that url"),
        (Reply(200, {"organizations": [{}], "projects": ["x"]}), "not as Langfuse does; check that url"),
        (Reply(200, b"[1, 2"), "no JSON"),
        (Reply(200, [1, 2]), "not as Langfuse does"),
        (
            Reply(302, headers={"Location": "https://login.example.com/?x=1"}),
            "redirects to https://login.example.com/;",
        ),
        (Reply(503, b"<html>", {"Server": "awselb/2.0"}), "the load balancer has no target"),
        (Reply(404, b"<html>"), "does not list "),
    ],
)
def test_answers_that_are_not_langfuse_s(module: str, options: dict[str, Any], reply: Reply, words: str) -> None:
    message, _asked = failing(module, options, lambda _request: reply)
    assert words in message


@pytest.mark.parametrize("module, options", [("organization", ORGANIZATION), ("project", PROJECT)])
def test_nothing_listens(module: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModuleFailed, match="the connection is refused; check the port"):
        run_module(f"langfuse_{module}", {"url": f"http://127.0.0.1:{closed_port()}", **options})


def project_server(answer_to_key: Reply) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        if request.path.endswith("/organizations/projects"):
            return Reply(body={"projects": [{"id": "p", "name": "Chat", "metadata": None}]})
        if request.path.endswith("/apiKeys"):
            return Reply(body={"apiKeys": []}) if request.method == "GET" else answer_to_key
        return Reply(body={"success": True})

    return answer


def test_an_old_release_that_makes_keys_of_its_own() -> None:
    message, asked = failing("project", PROJECT, project_server(Reply(201, MADE)))
    assert "upgrade it to 3.121.0 or newer" in message
    assert asked[-1] == "DELETE /api/public/projects/p/apiKeys/key", "the key that nobody has is taken back"


@pytest.mark.parametrize(
    "reply, words",
    [
        (Reply(200, MADE), "HTTP 200, which is not how Langfuse answers this"),
        (Reply(409, {"message": "API key with the provided publicKey or secretKey already exists"}), "already exists"),
        (Reply(502, b"<html>"), "its task closed the connection"),
    ],
)
def test_a_key_that_is_not_registered(reply: Reply, words: str) -> None:
    message, asked = failing("project", PROJECT, project_server(reply))
    assert words in message
    assert asked.count("POST /api/public/projects/p/apiKeys") == 1, "what creates is not repeated"


def test_no_key_is_tried_that_langfuse_does_not_list() -> None:
    _message, asked = failing("project", PROJECT, project_server(Reply(500, {"message": "Internal server error"})))
    assert "GET /api/public/projects" not in asked


def test_a_created_project_without_an_id() -> None:
    def answer(request: Request) -> Reply:
        return Reply(body={"projects": []}) if request.method == "GET" else Reply(201, {"name": "Chat"})

    message, _asked = failing("project", PROJECT, answer)
    assert "not as Langfuse does" in message
