# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of what talks to Langfuse: what it makes of each misbehaving server, and what it asks again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import api, web
from local_aws.engines import certificates
from web_servers import Reply, closed_port, raw, serving

WORD = {"data": [{"id": "a"}]}


def params(url: str, **changes: Any) -> dict[str, Any]:
    return {"url": url, "timeout": 5.0, "validate_certs": True, "ca_path": None, **changes}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "generate_jittered_backoff", lambda **_delays: [0.0] * api.RETRIES)


def fault(url: str, **changes: Any) -> api.LangfuseError:
    with pytest.raises(api.LangfuseError) as failure:
        api.LangfuseApi(params(url, **changes)).call("POST", "/api/x", doing="do it", body={})
    return failure.value


def send(content: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(content)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "content, kind, words",
    [
        (HEAD + b'Content-Length: 500\r\n\r\n{"data"', "cut_off", "closed before the answer was complete"),
        (HEAD + b'Transfer-Encoding: chunked\r\n\r\n50\r\n{"data"', "cut_off", "closed before the answer was complete"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 500\r\n\r\n{", "cut_off", "closed before the answer was complete"),
        (b"HTTP/1.1 200 OK\r\n", "", "no JSON"),
        (b"", "cut_off", "closed before the answer was complete"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not_http", "does not speak HTTP"),
        (b"220 mail ESMTP\r\n" * 200, "not_http", "does not speak HTTP"),
    ],
)
def test_answers_that_are_broken(content: bytes, kind: str, words: str) -> None:
    with raw(send(content)) as url:
        error = fault(url)
    assert words in str(error)
    assert f"Langfuse at {url} does not do it: " in str(error)
    assert error.answer is not None
    assert error.answer.fault == kind


def test_a_hang_ends_at_the_timeout() -> None:
    done = threading.Event()
    with raw(lambda _connection: bool(done.wait(5)) and None) as url:  # type: ignore[arg-type, return-value]
        begun = time.monotonic()
        error = fault(url, timeout=0.3)
        done.set()
    assert time.monotonic() - begun < 2
    assert "no whole answer within 0.3 seconds" in str(error)
    assert "security groups" in str(error)


def test_a_server_that_trickles_is_a_hang_too() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _byte in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    with raw(answer) as url:
        begun = time.monotonic()
        error = fault(url, timeout=0.3)
    assert time.monotonic() - begun < 2
    assert "no whole answer within 0.3 seconds" in str(error)


def test_nothing_listens() -> None:
    error = fault(f"http://127.0.0.1:{closed_port()}")
    assert "the connection is refused; check the port" in str(error)


def test_a_name_that_does_not_exist() -> None:
    error = fault("http://langfuse.invalid")
    assert "the name cannot be resolved; check url, and that its DNS record exists" in str(error)


@pytest.mark.parametrize(
    "url, words",
    [
        ("langfuse.example.com", "url is no address"),
        ("ftp://langfuse.example.com", "url is no address"),
        ("http://", "url is no address"),
        ("http://langfuse.example.com:port", "url is no address"),
        ("http://lang fuse", "url is no address"),
        ("http://langfuse\n.example.com", "url is no address"),
        ("http://user:long-fake-password@host", "holds a user name or password"),
        ("https://host/?a=b", "query or fragment"),
        ("https://host/#a", "query or fragment"),
    ],
)
def test_addresses_that_are_none(url: str, words: str) -> None:
    with pytest.raises(api.LangfuseError, match=words) as failure:
        api.LangfuseApi(params(url))
    assert "long-fake-password" not in str(failure.value)


@pytest.mark.parametrize("url", ["https://h", "https://h/", "http://h:3000/base/"])
def test_addresses(url: str) -> None:
    assert api.base_url(url) == url.rstrip("/")


def test_options_that_are_wrong() -> None:
    with pytest.raises(api.LangfuseError, match=r"ca_path: there is no file /nowhere/ca\.pem"):
        api.LangfuseApi(params("https://h", ca_path="/nowhere/ca.pem"))
    with pytest.raises(api.LangfuseError, match="timeout is not above 0"):
        api.LangfuseApi(params("https://h", timeout=0.0))


def test_tls_with_an_own_authority(tmp_path: Path) -> None:
    pair = certificates.server_certificate(tmp_path)
    other = certificates.ca_file(tmp_path / "other")
    no_certificate = tmp_path / "text.pem"
    no_certificate.write_text("no certificate")
    with serving(lambda _request: Reply(body=WORD), (pair.certificate, pair.key)) as server:
        assert "set ca_path" in str(fault(server.url))
        assert "the certificate is not accepted" in str(fault(server.url, ca_path=str(other)))
        assert "no TLS connection" in str(fault(server.url, ca_path=str(no_certificate)))
        assert not server.asked
        for options in ({"ca_path": str(certificates.ca_file(tmp_path))}, {"validate_certs": False}):
            langfuse = api.LangfuseApi(params(server.url, **options))
            assert langfuse.call("GET", "/", doing="do it").json() == WORD
        plain = fault(server.url.replace("https", "http"))
        assert plain.answer is not None and plain.answer.fault in ("cut_off", "not_http")
    with serving(lambda _request: Reply(body=WORD)) as server:
        assert "https://" in str(fault(server.url.replace("http", "https")))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_no_key_goes_there(method: str, status: int) -> None:
    with serving(lambda _request: Reply(body=WORD)) as target:
        location = f"{target.url}/login?state=secret"
        with serving(lambda _request: Reply(status, headers={"Location": location})) as server:
            langfuse = api.LangfuseApi(params(server.url), api.bearer("a-long-fake-admin-key"))
            with pytest.raises(api.LangfuseError, match="it redirects to") as failure:
                langfuse.call(method, "/api/x", doing="do it")
        assert not target.asked
    assert f"{target.url}/login;" in str(failure.value)
    assert "set url to the address that answers itself" in str(failure.value)


HTML = b"<html><head><title>503</title></head></html>"


@pytest.mark.parametrize(
    "reply, words",
    [
        (Reply(502, HTML, {"Server": "awselb/2.0"}), "look at the log of the service: its task closed the connection"),
        (Reply(503, HTML, {"Server": "awselb/2.0"}), "the load balancer has no target"),
        (Reply(504, HTML, {"Server": "awselb/2.0"}), "security groups between the load balancer and its tasks"),
        (Reply(403, HTML, {"Server": "awselb/2.0"}), "let the web ACL of the load balancer pass"),
        (Reply(404, b"Not found", {"Server": "awselb/2.0"}), "add a rule to the load balancer's listener"),
        (Reply(200, HTML), "it answers HTTP 200 and no JSON; check that url leads to Langfuse"),
        (Reply(200, b'{"data": '), "it answers HTTP 200 and no JSON"),
        (
            Reply(500, {"message": "Internal server error"}),
            "HTTP 500 .*Internal server error.*; look at the log of the web",
        ),
        (Reply(401, {"message": "Invalid credentials"}), "HTTP 401 .*; check the keys"),
        (Reply(401, {"error": "Unauthorized: Invalid token"}), "it refuses the admin API key"),
        (Reply(403, {"error": "ADMIN_API_KEY is not set"}), "its web service has no ADMIN_API_KEY; make the key with"),
        (
            Reply(403, {"error": "This feature is not available on your current plan."}),
            "licence does not include the admin API; set LANGFUSE_EE_LICENSE_KEY .* or declare .* LANGFUSE_INIT_ORG_ID",
        ),
        (
            Reply(403, {"message": "Invalid API key. Organization-scoped API key required for this operation."}),
            "give the keys of an organization",
        ),
        (Reply(403, {"message": "Invalid API key. Are you using an organization key?"}), "give the keys of a project"),
        (Reply(429, {"message": "Rate limit exceeded"}), "run again in a minute"),
    ],
)
def test_what_answers_mean(reply: Reply, words: str) -> None:
    with serving(lambda _request: reply) as server, pytest.raises(api.LangfuseError, match=words) as failure:
        api.LangfuseApi(params(server.url)).call("POST", "/api/x", doing="do it", expected=(201,), body={})
    assert str(failure.value).startswith(f"Langfuse at {server.url} does not do it: ")
    assert str(failure.value).endswith(".")


def test_the_body_of_an_unexpected_success_is_not_shown() -> None:
    reply = Reply(200, {"secretKey": "sk-lf-long-fake-secret"})
    with serving(lambda _request: reply) as server, pytest.raises(api.LangfuseError) as failure:
        api.LangfuseApi(params(server.url)).call("POST", "/api/x", doing="do it", expected=(201,), body={})
    assert "sk-lf-long-fake-secret" not in str(failure.value)


@pytest.mark.parametrize(
    "method, status, requests",
    [
        ("GET", 503, api.RETRIES + 1),
        ("PUT", 502, api.RETRIES + 1),
        ("DELETE", 504, api.RETRIES + 1),
        ("GET", 429, api.RETRIES + 1),
        ("GET", 500, 1),
        ("GET", 401, 1),
        # It may have been heard.
        ("POST", 503, 1),
        ("POST", 429, api.RETRIES + 1),
    ],
)
def test_what_is_asked_again(method: str, status: int, requests: int) -> None:
    with serving(lambda _request: Reply(status, HTML)) as server, pytest.raises(api.LangfuseError):
        api.LangfuseApi(params(server.url)).call(method, "/api/x", doing="do it")
    assert len(server.asked) == requests


def test_a_passing_fault_passes() -> None:
    replies = [Reply(503, HTML), Reply(502, HTML), Reply(body=WORD)]
    with serving(lambda _request: replies.pop(0)) as server:
        langfuse = api.LangfuseApi(params(server.url + "/base/"), api.basic("pk-lf-a", "sk-lf-b"))
        assert langfuse.call("GET", "/api/x", doing="do it").json() == WORD
    assert [request.path for request in server.asked] == ["/base/api/x"] * 3
    assert server.asked[0].headers["authorization"] == "Basic cGstbGYtYTpzay1sZi1i"


def test_credentials_of_a_netrc_do_not_replace_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(lambda _request: Reply(body=WORD)) as server:
        api.LangfuseApi(params(server.url), api.bearer("a-long-fake-admin-key")).call("GET", "/", doing="do it")
    assert server.asked[0].headers["authorization"] == "Bearer a-long-fake-admin-key"


def test_pauses_grow_to_a_limit() -> None:
    found = api.pauses(first=1, factor=2, most=5)
    assert [next(found) for _pause in range(5)] == [1, 2, 4, 5, 5]


def test_every_fault_has_a_next_step() -> None:
    kinds = {web._fault(error, 1)[0] for error in (ValueError(), OSError(), TimeoutError(), web.CutOff())}
    assert kinds <= set(api.FAULT_STEPS)
