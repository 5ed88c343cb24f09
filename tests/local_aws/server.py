# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: one process, one lock, moto inside; rules before it and additions in place of what it lacks.

A request passes: local endpoints -> statistics -> the task role's policy -> injected faults -> rules -> addition or
moto. Dispatch is serial (moto is not made for threads); engines and tasks run in processes of their own.

Extensions (``additions.*``, ``ecs``) have ``install(context)`` and use what ``Context`` offers.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import threading
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
# moto itself must never look for credentials or another endpoint
for _name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
    os.environ.pop(_name, None)

from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import ThreadedWSGIServer

from . import additions, rules, wire
from .children import Children
from .ecs import identity
from .lifecycle import Lifecycle
from .rules import Call, Refusal
from .signals import wait_for, when_told_to_end

# moto warns of error codes that a service's model does not list; AWS has many of them
warnings.filterwarnings("ignore", message="Exception.*does not match an error shape")

TICK = 0.1
SERVER_KEY = "AKIALOCALAWSSERVER00"
Answer = tuple[int, Any]
Route = Callable[[Request], Answer]


@dataclass
class Fault:
    """Calls that fail on purpose: the next ``count``, or a share of ``rate``."""

    service: str
    operation: str
    error: str
    message: str = "Injected by a test."
    status: int = 400
    count: int | None = None
    rate: float = 1.0
    hits: int = 0

    def strikes(self, call: Call) -> bool:
        if self.service not in ("*", call.service) or self.operation not in ("*", call.operation):
            return False
        if self.count is not None and self.hits >= self.count:
            return False
        if random.random() >= self.rate:
            return False
        self.hits += 1
        return True


class Context:
    """What the server offers to its extensions."""

    def __init__(self, state_dir: Path, port: int, time_scale: float, floor: float = 0.3) -> None:
        self.state_dir = Path(state_dir).resolve()
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self.time_scale = time_scale
        self.lock = threading.RLock()
        self.lifecycle = Lifecycle(time_scale, floor)
        self.children = Children()
        self.spawn = self.children.spawn
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="engine")
        self.routes: dict[str, Route] = {}
        self.handlers: dict[tuple[str, str], additions.Handler] = {}
        self.application: wire.Wsgi | None = None
        # the local ECS, whose processes App Runner's are like
        self.ecs: Any = None
        self._shutdown: list[Callable[[], object]] = []
        self._reset: list[Callable[[], object]] = []

    def add_route(self, path: str, function: Route) -> None:
        """Answer below /_local/: ``function(request) -> (status, JSON)``; a path that ends in / takes all below it."""
        self.routes[path] = function

    def handle(self, service: str, operation: str, handler: additions.Handler) -> None:
        """Answer an operation in moto's place."""
        self.handlers[service, operation] = handler

    def on_shutdown(self, callback: Callable[[], object]) -> None:
        """Call this when the server ends, before its processes are ended."""
        self._shutdown.append(callback)

    def on_reset(self, callback: Callable[[], object]) -> None:
        """Call this before moto forgets everything."""
        self._reset.append(callback)

    def background(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run something slow outside of the lock."""
        return self.pool.submit(function, *arguments)

    def forward(self, call: Call) -> dict[str, Any]:
        """Let moto answer a call; returns what boto3 would."""
        assert self.application is not None
        environ = wire.environ_for(call, self.endpoint, SERVER_KEY)
        decoded = wire.decode(wire.buffer(environ))
        if decoded is None:
            raise Refusal("InternalFailure", f"{call.service} {call.operation} cannot be passed on", 500)
        wire.rewind(environ)
        with self.lock:
            return wire.read(decoded, wire.send(self.application, environ))

    def reset(self) -> None:
        with self.lock:
            self.lifecycle.clear()
            _run_all(self._reset)
            from moto.moto_api._internal.models import moto_api_backend

            moto_api_backend.reset()

    def close(self) -> None:
        _run_all(self._shutdown)
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.children.end()


def _run_all(callbacks: list[Callable[[], object]]) -> None:
    """One broken callback does not keep the others from running."""
    for callback in reversed(callbacks):
        try:
            callback()
        except Exception:
            traceback.print_exc()


class Application:
    """The WSGI application."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.calls: Counter[str] = Counter()
        # Who asked for what: operations by access key, for tests that ask which permissions a role needs.
        self.callers: dict[str, set[str]] = defaultdict(set)
        self.requests = 0
        self.seconds: dict[str, float] = defaultdict(float)
        self.faults: list[Fault] = []
        self.ecs: Any = None
        self.moto: wire.Wsgi = DomainDispatcherApplication(create_backend_app)
        context.application = self.moto
        self.started = time.time()
        for path, function in {
            "/_local/health": self._health,
            "/_local/callers": self._callers,
            "/_local/stats": self._stats,
            "/_local/stats/reset": self._stats_reset,
            "/_local/faults": self._faults,
            "/_local/reset": self._reset,
        }.items():
            context.add_route(path, function)

    # --- local endpoints ---

    def _health(self, _request: Request) -> Answer:
        return 200, {"status": "ok", "pid": os.getpid(), "children": self.context.children.running()}

    def _stats(self, _request: Request) -> Answer:
        rounded = {name: round(value, 4) for name, value in sorted(self.seconds.items())}
        return 200, {"total": self.requests, "calls": dict(sorted(self.calls.items())), "seconds": rounded}

    def _callers(self, _request: Request) -> Answer:
        return 200, {key: sorted(operations) for key, operations in sorted(self.callers.items())}

    def _stats_reset(self, _request: Request) -> Answer:
        self.calls.clear()
        self.seconds.clear()
        self.requests = 0
        return 200, {"total": 0, "calls": {}}

    def _faults(self, request: Request) -> Answer:
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            given = json.loads(request.get_data() or b"{}")
            try:
                self.faults.append(Fault(**given))
            except TypeError as error:
                return 400, {"error": f"{error}; give service, operation, error, and count or rate"}
        return 200, {"faults": [vars(fault) for fault in self.faults]}

    def _reset(self, request: Request) -> Answer:
        if request.method != "POST":
            return 405, {"error": "send POST"}
        self.faults.clear()
        self.context.reset()
        return 200, {"status": "empty"}

    def _local(self, request: Request) -> wire.Reply:
        routes = self.context.routes
        exact = routes.get(request.path)
        function = exact or next(
            (routes[path] for path in routes if path[-1] == "/" and request.path.startswith(path)), None
        )
        status, answer = function(request) if function else (404, {"error": f"there is no {request.path}"})
        return wire.Reply(status, [("Content-Type", "application/json")], json.dumps(answer, default=str).encode())

    # --- AWS ---

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = wire.buffer(environ)
        if request.path.startswith("/_local/"):
            reply = self._local(request)
        elif request.path.startswith(("/moto-api", "/latest/", "/favicon.ico")):
            wire.rewind(environ)
            with self.context.lock:
                reply = wire.send(self.moto, environ)
        else:
            reply = self._aws(request, environ)
        return reply(environ, start_response)

    def _aws(self, request: Request, environ: dict[str, Any]) -> wire.Reply:
        begun = time.perf_counter()
        decoded = wire.decode(request)
        name = f"{decoded.call.service}.{decoded.call.operation}" if decoded else f"unknown.{request.method}"
        try:
            if decoded is None:
                return self._pass(environ)
            decoded.call.context = self.context
            with self.context.lock:
                self.context.lifecycle.settle()
                return self._answer(request, environ, decoded)
        except Refusal as error:
            assert decoded is not None
            return wire.encode_error(decoded, error)
        except Exception:
            print(f"{name} failed:", file=sys.stderr)
            traceback.print_exc()
            text = traceback.format_exc().splitlines()[-1]
            if decoded is None:
                return wire.Reply(500, [], text.encode())
            return wire.encode_error(decoded, Refusal("InternalFailure", text, 500))
        finally:
            with self.context.lock:
                self.requests += 1
                self.calls[name] += 1
                if signed := identity.signer(dict(request.headers), request.args):
                    self.callers[signed[0]].add(name)
                self.seconds[name] += time.perf_counter() - begun

    def _answer(self, request: Request, environ: dict[str, Any], decoded: wire.Decoded) -> wire.Reply:
        call = decoded.call
        self._check_task_role(request, call)
        for fault in self.faults:
            if fault.strikes(call):
                raise Refusal(fault.error, fault.message, fault.status)
        rules.check(call)
        handler = self.context.handlers.get((call.service, call.operation))
        if handler is None:
            return self._pass(environ)

        def forward(params: dict[str, Any] | None = None) -> dict[str, Any]:
            if params is not None:
                return self.context.forward(replace(call, params=params))
            return wire.read(decoded, self._pass(environ))

        return wire.encode(decoded, handler(call, forward))

    def _check_task_role(self, request: Request, call: Call) -> None:
        """A task may do what its role allows, and nothing else."""
        if self.ecs is None:
            return
        refused = self.ecs.refusal(request.method, request.path, request.args, request.headers, call.operation)
        if refused:
            action, resource, principal = refused
            code = "AccessDenied" if call.service in ("s3", "iam", "sts", "rds") else "AccessDeniedException"
            message = (
                f"User: {principal} is not authorized to perform: {action} on resource: {resource} because no "
                f"identity-based policy allows the {action} action"
            )
            raise Refusal(code, message, 403 if call.service == "s3" else 400)

    def _pass(self, environ: dict[str, Any]) -> wire.Reply:
        wire.rewind(environ)
        with self.context.lock:
            return wire.send(self.moto, environ)


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    # `start` must see that a port is taken, not share it
    allow_reuse_address = True
    request_queue_size = 256


class _Handler(MotoRequestHandler):
    # One connection can carry many calls; without this each boto3 call opens its own.
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted, not logged."""


class LocalAws:
    """A server in this process."""

    def __init__(self, state_dir: Path, port: int = 0, time_scale: float = 0.01, floor: float = 0.3) -> None:
        self.state_dir = Path(state_dir).resolve()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.server = _Server("127.0.0.1", port, _refuse_early, handler=_Handler)
        self.context = Context(self.state_dir, self.server.server_port, time_scale, floor)
        self.application = Application(self.context)
        self._ended = threading.Event()
        try:
            self._install()
        except BaseException:
            self.close()
            raise
        self.server.app = self.application
        self._threads = [
            threading.Thread(target=self.server.serve_forever, name="http", daemon=True),
            threading.Thread(target=self._tick, name="lifecycle", daemon=True),
        ]

    def _install(self) -> None:
        from . import ecs

        rules.load()
        self.application.ecs = self.context.ecs = local_ecs = ecs.install(self.context)
        self.context.on_reset(local_ecs.reset)

        def answer(request: Request) -> Answer:
            status, body = local_ecs.answer(request.path, request.args, dict(request.headers))
            return int(status), body

        self.context.add_route("/_local/ecs/", answer)
        self.context.add_route("/_local/resolve", answer)
        additions.install(self.context)

    @property
    def endpoint(self) -> str:
        return self.context.endpoint

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            with self.context.lock:
                try:
                    self.context.lifecycle.settle()
                except Exception:
                    traceback.print_exc()
            self.context.children.forget_ended()

    def close(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        if getattr(self, "_threads", None) and self._threads[0].is_alive():
            self.server.shutdown()
        self.server.server_close()
        self.context.close()


def _refuse_early(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("503 -", [("Content-Length", "0")])
    return [b""]


def ca_file(state_dir: Path) -> str:
    """The authority that signs the engines' certificates; made when it is not there yet."""
    from .engines import certificates

    return str(certificates.ca_file(state_dir))


def serve(state_dir: Path, port: int, time_scale: float) -> None:
    """Run until SIGTERM or SIGINT; state.json is there as long as the server is ready."""
    ended = threading.Event()
    when_told_to_end(ended.set)
    local = LocalAws(state_dir, port, time_scale)
    state_file = local.state_dir / "state.json"
    try:
        local.start()
        state = {
            "pid": os.getpid(),
            "guardian_pid": local.context.children.guardian,
            "port": local.context.port,
            "endpoint": local.endpoint,
            "ca_file": ca_file(local.state_dir),
            "state_dir": str(local.state_dir),
            "time_scale": time_scale,
            "started": time.time(),
        }
        temporary = state_file.with_suffix(".new")
        temporary.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        temporary.replace(state_file)
        wait_for(ended)
    finally:
        with contextlib.suppress(FileNotFoundError):
            state_file.unlink()
        local.close()
