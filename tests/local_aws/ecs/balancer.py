# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The load balancer: target registration, health checks, and behind each listener a small HTTP proxy, or a TCP one."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import re
import select
import socket
import socketserver
import ssl
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from moto.ec2 import ec2_backends
from moto.elbv2.exceptions import InvalidConfigurationRequest, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, elbv2_backends

from .model import LiveTask, Probe
from .resources import admits
from .runtime import ACCOUNT_ID, Runtime

HOP_HEADERS = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
CHUNK = 65536
IDLE_TIMEOUT = 60
DNS_NAME = "127.0.0.1"


@dataclass
class TargetState:
    """One registered target, as DescribeTargetHealth tells it."""

    state: str = "initial"
    reason: str | None = "Elb.RegistrationInProgress"
    description: str | None = "Target registration is in progress"
    since: float = field(default_factory=time.monotonic)
    drained_at: float | None = None
    probe: Probe = field(default_factory=Probe)
    task: LiveTask | None = None

    def turn(self, state: str, reason: str | None = None, description: str | None = None) -> None:
        self.state, self.reason, self.description = state, reason, description


class Balancer:
    """Keeps what is true about targets; the API's answers and the proxies read it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.targets: dict[tuple[str, str, int], TargetState] = {}
        self.proxies: dict[str, Proxy | Forwarder] = {}
        self.turns: dict[str, int] = {}

    # --- targets ---

    @staticmethod
    def group(region: str, arn: str) -> Any | None:
        return elbv2_backends[ACCOUNT_ID][region].target_groups.get(arn)

    @staticmethod
    def balancers_of(region: str, arn: str) -> list[Any]:
        """Load balancers whose listeners or rules forward to the target group."""
        backend = elbv2_backends[ACCOUNT_ID][region]
        return [
            balancer
            for balancer in backend.load_balancers.values()
            if any(
                arn in backend._get_target_group_arns_from(action_data=action.data)
                for listener in balancer.listeners.values()
                for rule in listener.rules.values()
                for action in rule.actions
            )
        ]

    def register(self, task: LiveTask, arn: str, port: int) -> bool:
        group = self.group(task.region, arn)
        if group is None:
            return False
        group.register([{"Id": task.address, "Port": port}])
        self.targets[(arn, task.address, port)] = TargetState(task=task)
        return True

    def deregister(self, task: LiveTask, arn: str, port: int) -> float:
        """Take the target out; returns the seconds AWS keeps it draining."""
        group = self.group(task.region, arn)
        state = self.targets.get((arn, task.address, port))
        if group is None or state is None:
            return 0.0
        group.targets.pop(task.address, None)
        delay = float(group.attributes.get("deregistration_delay.timeout_seconds", 300))
        state.turn("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        state.drained_at = time.monotonic() + self.runtime.clock.platform(delay)
        return delay

    def state(self, task: LiveTask, arn: str, port: int) -> TargetState | None:
        return self.targets.get((arn, task.address, port))

    def describe(self, group: Any, target: dict[str, Any]) -> FakeHealthStatus:
        address = target["Id"]
        registered = group.targets.get(address)
        port = int(target.get("Port") or (registered or {}).get("Port") or group.port)
        state = self.targets.get((group.arn, address, port))
        if registered is None and (state is None or state.state != "draining"):
            return FakeHealthStatus(
                address,
                str(port),
                str(port),
                "unused",
                "Target.NotRegistered",
                "Target is not registered to the target group",
            )
        if state is None:
            state = self.targets[(group.arn, address, port)] = TargetState()
        if state.state != "draining" and not self.balancers_of(group.region_name, group.arn):
            return FakeHealthStatus(
                address,
                str(port),
                str(port),
                "unused",
                "Target.NotInUse",
                "Target group is not configured to receive traffic from the load balancer",
            )
        check_port = str(port) if group.health_check_port in (None, "traffic-port") else str(group.health_check_port)
        return FakeHealthStatus(address, str(port), check_port, state.state, state.reason, state.description)

    def describe_all(self, group: Any) -> list[FakeHealthStatus]:
        wanted = [dict(item) for item in group.targets.values()]
        draining = [
            {"Id": address, "Port": port}
            for (arn, address, port), state in self.targets.items()
            if arn == group.arn and state.state == "draining" and address not in group.targets
        ]
        return [self.describe(group, item) for item in [*wanted, *draining]]

    def local(self, address: str, port: int) -> tuple[str, int] | None:
        """Where a target listens on this machine."""
        if (address, port) in self.runtime.addresses:
            return "127.0.0.1", self.runtime.addresses[(address, port)]
        try:
            return (address, port) if ipaddress.ip_address(address).is_loopback else None
        except ValueError:
            return None

    def tick(self, moment: float) -> None:
        """Start the health checks that are due; the caller holds the lock."""
        for key, state in list(self.targets.items()):
            arn, _, port = key
            group = self.group(arn.split(":")[3], arn)
            if group is None or (state.drained_at is not None and moment >= state.drained_at):
                del self.targets[key]
                continue
            if state.state == "draining" or state.probe.busy or moment < state.probe.due:
                continue
            balancers = self.balancers_of(group.region_name, arn)
            if not balancers:
                continue
            state.probe.busy = True
            blocked = not any(self._admitted(state, balancer, port) for balancer in balancers)
            self.runtime.pool.submit(self._check, key, group, state, blocked)

    def _admitted(self, state: TargetState, balancer: Any, port: int) -> bool:
        """Whether the task's security groups let the load balancer in."""
        if state.task is None:
            return True
        ec2 = ec2_backends[ACCOUNT_ID][state.task.region]
        groups = list(state.task.network.get("securityGroups") or [])
        if not groups:
            return True
        source = next((str(ipaddress.ip_network(subnet.cidr_block)[10]) for subnet in balancer.subnets), "")
        return admits(ec2, groups, list(balancer.security_groups or []), source, port)

    def _check(self, key: tuple[str, str, int], group: Any, state: TargetState, blocked: bool) -> None:
        _, address, port = key
        timeout = self.runtime.clock.process(float(group.health_check_timeout_seconds), limit=5.0)
        result = ("Target.Timeout", "Request timed out") if blocked else self._probe(group, address, port, timeout)
        with self.runtime.lock:
            state.probe.busy = False
            interval = float(group.health_check_interval_seconds)
            state.probe.due = time.monotonic() + self.runtime.clock.interval(interval)
            if state.state != "draining" and self.targets.get(key) is state:
                self._judge(group, state, result)
        self.runtime.kick()

    def _probe(self, group: Any, address: str, port: int, timeout: float) -> tuple[str, str] | None:
        """None when the target is well, else the reason code and description."""
        if group.health_check_port not in (None, "traffic-port"):
            port = int(group.health_check_port)
        place = self.local(address, port)
        if place is None:
            return "Target.Timeout", "Request timed out"
        connection = http.client.HTTPConnection(*place, timeout=timeout)
        try:
            headers = {"Host": f"{address}:{port}", "User-Agent": "ELB-HealthChecker/2.0"}
            connection.request("GET", group.health_check_path or "/", headers=headers)
            status = connection.getresponse().status
        except TimeoutError:
            return "Target.Timeout", "Request timed out"
        except (OSError, http.client.HTTPException):
            return "Target.FailedHealthChecks", "Health checks failed"
        finally:
            connection.close()
        if matches(status, str((group.matcher or {}).get("HttpCode") or "200")):
            return None
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"

    def _judge(self, group: Any, state: TargetState, failure: tuple[str, str] | None) -> None:
        probe = state.probe
        if failure is None:
            probe.successes, probe.failures = probe.successes + 1, 0
            # AWS takes a newly registered target in after one success
            if state.state == "initial" or probe.successes >= int(group.healthy_threshold_count):
                state.turn("healthy")
            return
        probe.successes, probe.failures, probe.detail = 0, probe.failures + 1, failure[1]
        if probe.failures >= int(group.unhealthy_threshold_count):
            state.turn("unhealthy", *failure)

    # --- traffic ---

    def _healthy(self, arn: str) -> list[tuple[str, tuple[str, int]]]:
        """The healthy targets of a group: whose they are, and where."""
        found = []
        for (owner, address, port), state in self.targets.items():
            place = self.local(address, port)
            if owner == arn and state.state == "healthy" and place:
                service = state.task.service if state.task else None
                found.append((service.name if service else "", place))
        return found

    def first(self, region: str, action: dict[str, Any]) -> tuple[str, int] | None:
        """The healthy target whose service comes first by its name: nothing here is replicated, so that the same one answers as long
        as it can.
        """
        groups = [arn for arn, _weight in weights(action) if arn in elbv2_backends[ACCOUNT_ID][region].target_groups]
        return min((target for arn in groups for target in self._healthy(arn)), default=("", None))[1]

    def choose(self, region: str, action: dict[str, Any]) -> tuple[str, int] | None:
        """The next healthy target, in turn, of the group whose turn it is by its weight."""
        key = json.dumps(action, sort_keys=True, default=str)
        self.turns[key] = turn = self.turns.get(key, -1) + 1
        # Guide load-balancer-listeners "Forward actions": a group without healthy targets gets its share all the same
        shares = [arn for arn, weight in weights(action) for _ in range(weight)]
        if not shares:
            return None
        arn, turn = shares[turn % len(shares)], turn // len(shares)
        if arn not in elbv2_backends[ACCOUNT_ID][region].target_groups:
            return None
        places = [place for _service, place in self._healthy(arn)]
        return places[turn % len(places)] if places else None

    # --- listeners ---

    def open(self, listener: Any) -> None:
        region = listener.arn.split(":")[3]
        try:
            proxy = Forwarder(self, region, listener) if listener.protocol == "TCP" else Proxy(self, region, listener)
        except OSError as error:
            raise InvalidConfigurationRequest(
                f"The local load balancer cannot listen on port {listener.port}: {error.strerror or error}. "
                "Choose another listener port, or free this one.",
            ) from error
        self.proxies[listener.arn] = proxy
        proxy.start()

    def close(self, arn: str) -> None:
        proxy = self.proxies.pop(arn, None)
        if proxy:
            proxy.stop()

    def reset(self) -> None:
        for arn in list(self.proxies):
            self.close(arn)
        self.targets.clear()
        self.turns.clear()


def weights(action: dict[str, Any]) -> list[tuple[str, int]]:
    """The target groups of a forward action, each with its weight (API TargetGroupTuple: 0 to 999)."""
    several = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    # moto has the only group of an action in both places, or in one
    groups = several or [{"TargetGroupArn": action["TargetGroupArn"]}] if action["Type"] == "forward" else []
    return [(group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups]


def matches(status: int, codes: str) -> bool:
    """Whether a status is among the codes of a matcher: 200, 200,302 or 200-299."""
    for part in codes.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= status <= int(high or low):
            return True
    return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def server_bind(self) -> None:
        # HTTPServer asks DNS for the machine's name here; a proxy on the loopback interface has no use for it
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        # SO_REUSEADDR would let a second listener share the port of a process in another state
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise OSError(98, "Address already in use")


class _ForwardServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no news."""


class ForwardHandler(socketserver.BaseRequestHandler):
    """Passes the bytes of one connection on, both ways."""

    forwarder: Forwarder

    def handle(self) -> None:
        place = self.forwarder.place()
        if place is None:
            return
        with socket.create_connection(place, timeout=IDLE_TIMEOUT) as target:
            ways = {self.request: target, target: self.request}
            while readable := select.select(list(ways), [], [], IDLE_TIMEOUT)[0]:
                for source in readable:
                    data = source.recv(CHUNK)
                    if not data:
                        return
                    ways[source].sendall(data)


class Forwarder:
    """The TCP server behind one listener of a network load balancer."""

    def __init__(self, balancer: Balancer, region: str, listener: Any) -> None:
        self.balancer = balancer
        self.region = region
        self.listener = listener
        handler = type("Handler", (ForwardHandler,), {"forwarder": self})
        _refuse_taken(int(listener.port))
        self.server = _ForwardServer(("127.0.0.1", int(listener.port)), handler)
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.2,), daemon=True, name=f"listener-{listener.port}"
        )

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def place(self) -> tuple[str, int] | None:
        with self.balancer.runtime.lock:
            rule = next(iter(self.listener._default_rule.values()))
            return self.balancer.first(self.region, dict(rule.actions[-1].data)) if rule.actions else None


class Proxy:
    """The HTTP server behind one listener."""

    def __init__(self, balancer: Balancer, region: str, listener: Any) -> None:
        self.balancer = balancer
        self.region = region
        self.listener = listener
        handler = type("Handler", (ProxyHandler,), {"proxy": self})
        _refuse_taken(int(listener.port))
        self.server = _Server(("127.0.0.1", int(listener.port)), handler)
        if listener.protocol == "HTTPS":
            self.server.socket = self._tls().wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.2,), daemon=True, name=f"listener-{listener.port}"
        )

    def _tls(self) -> ssl.SSLContext:
        from moto.acm.models import acm_backends

        bundle = acm_backends[ACCOUNT_ID][self.region].get_certificate(self.listener.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain, key = os.path.join(folder, "chain.pem"), os.path.join(folder, "key.pem")
            for path, content in ((chain, bundle.cert), (key, bundle.key)):
                with open(path, "wb") as stream:
                    stream.write(content if isinstance(content, bytes) else str(content).encode())
            context.load_cert_chain(chain, key)
        return context

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        # waits for serve_forever's poll only: requests run in threads of their own
        self.server.shutdown()
        self.server.server_close()

    def action(self, host: str, path: str, method: str, source: str) -> dict[str, Any] | None:
        """What the listener's rules say about a request."""
        rules = sorted(self.listener._non_default_rules.values(), key=lambda rule: int(rule.priority))
        for rule in [*rules, *self.listener._default_rule.values()]:
            if all(_condition(item, host, path, method, source) for item in rule.conditions):
                # of several actions the last one answers; authentication comes before it
                return dict(rule.actions[-1].data) if rule.actions else None
        return None


def _condition(condition: dict[str, Any], host: str, path: str, method: str, source: str) -> bool:
    if condition["Field"] == "source-ip":
        address = ipaddress.ip_address(source)
        ranges = (condition.get("SourceIpConfig") or {}).get("Values") or []
        return any(address in ipaddress.ip_network(item, strict=False) for item in ranges)
    subject = {"path-pattern": path, "host-header": host, "http-request-method": method}.get(condition["Field"])
    if subject is None:
        return False
    values = list(condition.get("Values") or [])
    for name in ("PathPatternConfig", "HostHeaderConfig", "HttpRequestMethodConfig"):
        values += (condition.get(name) or {}).get("Values") or []
    return any(_matches(subject, value) for value in values)


def _matches(subject: str, pattern: str) -> bool:
    """API PathPatternConditionConfig: * is any number of characters, ? is one; nothing else is special."""
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(letter) or re.escape(letter) for letter in pattern)
    return re.fullmatch(expression, subject, re.DOTALL) is not None


class ProxyHandler(BaseHTTPRequestHandler):
    """Forwards one request."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"
    server_version = "awselb/2.0"
    sys_version = ""
    timeout = IDLE_TIMEOUT

    def log_message(self, format: str, *args: Any) -> None:
        """Access logs go nowhere, as with a load balancer whose logs are off."""

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "text/html"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _error(self, status: int) -> None:
        text = f"{status} {self.responses.get(status, ('Error',))[0]}"
        self.close_connection = True
        self._answer(
            status,
            f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n<center><h1>{text}</h1>"
            "</center>\r\n</body>\r\n</html>\r\n".encode(),
            {"Content-Type": "text/html", "Connection": "close"},
        )

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _handle(self) -> None:
        body = self._body()
        parts = urlsplit(self.path)
        host = (self.headers.get("Host") or "").partition(":")[0]
        balancer = self.proxy.balancer
        with balancer.runtime.lock:
            action = self.proxy.action(host, parts.path, self.command, self.client_address[0])
            place = balancer.choose(self.proxy.region, action) if action and action["Type"] == "forward" else None
        if action is None:
            self._error(503)
        elif action["Type"] == "fixed-response":
            fixed = action["FixedResponseConfig"]
            self._answer(
                int(fixed["StatusCode"]),
                str(fixed.get("MessageBody") or "").encode(),
                {"Content-Type": fixed.get("ContentType") or "text/plain"},
            )
        elif action["Type"] == "redirect":
            self._redirect(action["RedirectConfig"], host, parts)
        elif place is None:
            self._error(503)
        else:
            self._forward(place, body)

    def _redirect(self, redirect: dict[str, Any], host: str, parts: Any) -> None:
        values = {
            "protocol": self.proxy.listener.protocol.lower(),
            "host": host,
            "port": str(self.proxy.listener.port),
            "path": parts.path.lstrip("/"),
            "query": parts.query,
        }

        def fill(name: str, default: str) -> str:
            text = str(redirect.get(name) or default)
            for key, value in values.items():
                text = text.replace(f"#{{{key}}}", value)
            return text

        protocol, port = fill("Protocol", "#{protocol}").lower(), fill("Port", "#{port}")
        shown = "" if (protocol, port) in (("https", "443"), ("http", "80")) else f":{port}"
        query = fill("Query", "#{query}")
        location = f"{protocol}://{fill('Host', '#{host}')}{shown}{fill('Path', '/#{path}')}" + (
            f"?{query}" if query else ""
        )
        self._answer(301 if redirect.get("StatusCode") == "HTTP_301" else 302, b"", {"Location": location})

    def _forward(self, place: tuple[str, int], body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_HEADERS}
        client = self.client_address[0]
        seen = self.headers.get("X-Forwarded-For")
        headers["X-Forwarded-For"] = f"{seen}, {client}" if seen else client
        headers["X-Forwarded-Proto"] = self.proxy.listener.protocol.lower()
        headers["X-Forwarded-Port"] = str(self.proxy.listener.port)
        headers.setdefault("X-Amzn-Trace-Id", f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}")
        if body or self.command in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(*place, timeout=IDLE_TIMEOUT)
        try:
            connection.request(self.command, self.path, body=body or None, headers=headers)
            answer = connection.getresponse()
        except TimeoutError:
            connection.close()
            self._error(504)
            return
        except (OSError, http.client.HTTPException):
            connection.close()
            self._error(502)
            return
        try:
            self._relay(answer)
        finally:
            connection.close()

    def _relay(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        length = answer.getheader("Content-Length")
        bodiless = self.command == "HEAD" or answer.status in (204, 304) or answer.status < 200
        for name, value in answer.getheaders():
            if name.lower() not in HOP_HEADERS:
                self.send_header(name, value)
        chunked = length is None and not bodiless
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if bodiless:
            return
        while data := answer.read1(CHUNK):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle


def patch(balancer: Balancer) -> None:
    """Let moto's load balancers open real ports and tell the truth about targets."""
    create_load_balancer = ELBv2Backend.create_load_balancer
    create_listener = ELBv2Backend.create_listener
    delete_listener = ELBv2Backend.delete_listener
    delete_load_balancer = ELBv2Backend.delete_load_balancer
    modify_listener = ELBv2Backend.modify_listener

    def created(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = create_load_balancer(self, *args, **kwargs)
        result.dns_name = DNS_NAME
        return result

    def listening(self: Any, load_balancer_arn: str, *args: Any, **kwargs: Any) -> Any:
        listener = create_listener(self, load_balancer_arn, *args, **kwargs)
        owner = self.load_balancers[load_balancer_arn]
        if owner.type == "application" or listener.protocol == "TCP":
            try:
                balancer.open(listener)
            except InvalidConfigurationRequest:
                owner.listeners.pop(listener.arn, None)
                raise
        return listener

    def modified(self: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
        known = balancer.proxies.get(arn)
        before = (known.listener.port, known.listener.protocol, known.listener.certificate) if known else None
        listener = modify_listener(self, arn, *args, **kwargs)
        if known and before != (listener.port, listener.protocol, listener.certificate):
            balancer.close(arn)
            balancer.open(listener)
        return listener

    def stopped(self: Any, listener_arn: str) -> Any:
        listener = delete_listener(self, listener_arn)
        balancer.close(listener_arn)
        return listener

    def removed(self: Any, arn: str) -> None:
        for listener_arn in list(getattr(self.load_balancers.get(arn), "listeners", {})):
            balancer.close(listener_arn)
        delete_load_balancer(self, arn)

    def health(self: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        if not targets:
            return balancer.describe_all(group)
        return [balancer.describe(group, target) for target in targets]

    methods = {
        "create_load_balancer": created,
        "create_listener": listening,
        "modify_listener": modified,
        "delete_listener": stopped,
        "delete_load_balancer": removed,
        "describe_target_health": health,
    }
    for name, method in methods.items():
        setattr(ELBv2Backend, name, method)
