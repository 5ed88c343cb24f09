# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doubles with all four stores, started as the platform starts them, without the platform."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from local_aws.engines import postgres, valkey
from local_aws.ports import free_port
from moto.server import ThreadedMotoServer

from .engine_context import EngineContext

PACKAGE = Path(__file__).resolve().parents[1] / "local_aws"
KEYS = ("pk-lf-11111111", "sk-lf-22222222")
BUCKET = "demo-events"
VERSION = "3.225.4"


class Reply:
    """An HTTP answer."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def request(url: str, body: Any = None, keys: tuple[str, str] | None = None, **headers: str) -> Reply:
    """One request; statuses are no exceptions."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if keys:
        given["Authorization"] = "Basic " + base64.b64encode(":".join(keys).encode()).decode()
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    if data is not None:
        given.setdefault("Content-Type", "application/json")
    asked = urllib.request.Request(url, data=data, headers=given)
    try:
        with urllib.request.urlopen(asked, timeout=30) as response:
            return Reply(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.headers, error.read())


def wait_until(check: Any, timeout: float = 20.0, tell: Callable[[], object] = lambda: "") -> Any:
    """Wait for something true and return it; where it does not come, `tell` says what there is instead."""
    deadline = time.monotonic() + timeout
    last: object = None
    while True:
        try:
            found = check()
            if found:
                return found
            last = found
        except OSError as error:
            last = error
        assert time.monotonic() < deadline, f"nothing came in time, last was {last!r}; {tell()}"
        time.sleep(0.03)


class Container:
    """A running double."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self.process = process
        self.log = log
        self.port = port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it has said."""
        return self.log.read_text(errors="replace")


class Stack:
    """Engines, and what tasks get to reach them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = EngineContext(folder)
        self.root = folder / "ecs/tasks/one/container"
        self.root.mkdir(parents=True)
        self.http_port, self.native_port = free_port(), free_port()
        self.moto = ThreadedMotoServer(port=0, verbose=False)
        self.moto.start()
        self.endpoint = "http://{}:{}".format(*self.moto.get_host_and_port())
        self.s3 = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        # One moto serves every stack of this process.
        with contextlib.suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
            self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        try:
            self.postgres_port = postgres.start(self.context, "demo", "langfuse", "database-password", "langfuse")
            self.valkey_port = valkey.start(self.context, "demo", "cache-token", {"maxmemory-policy": "noeviction"})
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End everything."""
        self.moto.stop()
        self.context.close()

    def platform(self, **ports: int) -> dict[str, str]:
        """What the platform adds to a task's environment."""
        return {
            "PATH": os.defpath,
            "HOSTNAME": "ip-10-0-0-5.eu-central-1.compute.internal",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LOCAL_AWS_ROOT": str(self.root),
            "LOCAL_AWS_BIND": "127.0.0.1",
            "LOCAL_AWS_TIME_SCALE": "0.001",
            **{f"LOCAL_AWS_PORT_{name.removeprefix('port_')}": str(port) for name, port in ports.items()},
        }

    @property
    def clickhouse_settings(self) -> dict[str, str]:
        """The environment of the ClickHouse task."""
        return {"CLICKHOUSE_USER": "langfuse", "CLICKHOUSE_PASSWORD": "clickhouse-password"}

    @property
    def settings(self) -> dict[str, str]:
        """The environment of web, worker and migration."""
        return {
            **self.clickhouse_settings,
            "DATABASE_HOST": f"127.0.0.1:{self.postgres_port}",
            "DATABASE_USERNAME": "langfuse",
            "DATABASE_PASSWORD": "database-password",
            "DATABASE_NAME": "langfuse",
            "DATABASE_ARGS": "sslmode=require",
            "CLICKHOUSE_URL": f"http://127.0.0.1:{self.http_port}",
            "CLICKHOUSE_MIGRATION_URL": f"clickhouse://127.0.0.1:{self.native_port}",
            "CLICKHOUSE_CLUSTER_ENABLED": "false",
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.valkey_port),
            "REDIS_AUTH": "cache-token",
            "REDIS_TLS_ENABLED": "true",
            "LANGFUSE_S3_EVENT_UPLOAD_BUCKET": BUCKET,
            "LANGFUSE_S3_EVENT_UPLOAD_REGION": "eu-central-1",
            "LANGFUSE_S3_EVENT_UPLOAD_PREFIX": "events/",
            "NEXTAUTH_URL": "http://localhost:3000",
            "NEXTAUTH_SECRET": "a-secret",
            "SALT": "a-salt",
            "ENCRYPTION_KEY": "0" * 64,
            "NODE_ENV": "production",
            "HOSTNAME": "0.0.0.0",
        }

    @property
    def service_settings(self) -> dict[str, str]:
        """The environment of the services: no migrations, and what web provisions."""
        return self.settings | {
            "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED": "true",
            "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED": "true",
            "LANGFUSE_INIT_ORG_ID": "organization",
            "LANGFUSE_INIT_ORG_NAME": "Organization",
            "LANGFUSE_INIT_PROJECT_ID": "project",
            "LANGFUSE_INIT_PROJECT_NAME": "Project",
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": KEYS[0],
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": KEYS[1],
            "LANGFUSE_INIT_USER_EMAIL": "Owner@Example.com",
            "LANGFUSE_INIT_USER_PASSWORD": "long-enough",
        }

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a double to its end."""
        return subprocess.run(
            [sys.executable, "-I", str(PACKAGE / "container" / program), *arguments],
            env=self.platform() | environment,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @contextlib.contextmanager
    def start(self, program: str, *arguments: str, ports: dict[int, int], **environment: str) -> Iterator[Container]:
        """Run a double that serves."""
        log = self.folder / f"{program}-{time.monotonic_ns()}.log"
        added = {f"port_{port}": local for port, local in ports.items()}
        with log.open("wb") as output:
            process = self.context.spawn(
                [sys.executable, "-I", str(PACKAGE / "container" / program), *arguments],
                env=self.platform(**added) | environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield Container(process, log, next(iter(ports.values())))
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(20)

    def write_configuration(self, text: str, name: str = "local.xml") -> Path:
        """A snippet of ClickHouse's configuration."""
        folder = self.root / "etc/clickhouse-server/config.d"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text)
        return path

    @contextlib.contextmanager
    def clickhouse(self, **environment: str) -> Iterator[Container]:
        """The ClickHouse double, listening."""
        ports = {self.http_port: self.http_port, self.native_port: self.native_port}
        self.write_configuration(
            f"<clickhouse><http_port>{self.http_port}</http_port><tcp_port>{self.native_port}</tcp_port>"
            "<timezone>UTC</timezone><trace_log remove='1'/><text_log remove='1'/>"
            "<query_log><ttl>event_date + INTERVAL 30 DAY DELETE</ttl></query_log></clickhouse>"
        )
        given = environment or self.clickhouse_settings
        with self.start("clickhouse.py", "26.9", ports=ports, **given) as container:
            wait_until(lambda: container.process.poll() is not None or request(f"{container.url}/ping").status == 200)
            assert container.process.poll() is None, container.output
            yield container

    def query(self, text: str, user: str = "langfuse", password: str = "clickhouse-password") -> Reply:
        """Ask ClickHouse."""
        return request(
            f"http://127.0.0.1:{self.http_port}/", text.encode(), X_ClickHouse_User=user, X_ClickHouse_Key=password
        )
