# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doubles as tasks of the local ECS: images.yml, secrets, Cloud Map, roles, and a trace through all of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_aws.ecs import IMAGES_FILE
from local_aws.ecs.images import Images
from local_aws.engines import postgres, valkey
from local_aws.ports import free_port

from .container_stack import KEYS, request, wait_until
from .ecs_support import REGION, Local
from .engine_context import EngineContext

CONFIGURE = """
set -e
printf '%s' "$CLICKHOUSE_SNIPPET" > /etc/clickhouse-server/config.d/langfuse.xml
exec /entrypoint.sh
"""
VERSION = "3.225.4"
PASSWORDS = {
    "CLICKHOUSE_PASSWORD": "clickhouse-password",
    "DATABASE_PASSWORD": "database-password",
    "REDIS_AUTH": "cache-token-0123456789",
    "SALT": "salt",
    "ENCRYPTION_KEY": "0" * 64,
    "NEXTAUTH_SECRET": "secret",
    "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": KEYS[0],
    "LANGFUSE_INIT_PROJECT_SECRET_KEY": KEYS[1],
}


class Environment:
    """What the roles would have made."""

    def __init__(self, aws: Local, context: EngineContext) -> None:
        self.aws = aws
        self.http, self.native = free_port(), free_port()
        self.postgres = postgres.start(context, "e", "langfuse", PASSWORDS["DATABASE_PASSWORD"], "langfuse")
        self.valkey = valkey.start(context, "e", PASSWORDS["REDIS_AUTH"], {"maxmemory-policy": "noeviction"})
        aws.client("s3").create_bucket(Bucket="e-events", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.secret = aws.client("secretsmanager").create_secret(
            Name="e/application", SecretString=json.dumps(PASSWORDS)
        )["ARN"]
        read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": self.secret}
        write = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        aws.execution = aws.role("e-execution", [read, write])
        self.role = aws.role(
            "e-web",
            [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:GetObject"],
                    "Resource": "arn:aws:s3:::e-events/events/*",
                }
            ],
        )
        cloud_map = aws.client("servicediscovery")
        operation = cloud_map.create_private_dns_namespace(Name="e.internal", Vpc=aws.vpc)["OperationId"]
        space = cloud_map.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"]
        self.registry = cloud_map.create_service(
            Name="clickhouse", NamespaceId=space, DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]}
        )["Service"]["Arn"]

    def secrets(self, *names: str) -> list[dict[str, str]]:
        return [{"name": name, "valueFrom": f"{self.secret}:{name}::"} for name in names]

    def container(self, image: str, **changes: Any) -> dict[str, Any]:
        return self.aws.container(image=f"docker.io/{image}", **changes)

    def clickhouse(self) -> None:
        snippet = (
            f"<clickhouse><http_port>{self.http}</http_port><tcp_port>{self.native}</tcp_port>"
            "<timezone>UTC</timezone><trace_log remove='1'/></clickhouse>"
        )
        definition = self.aws.definition(
            self.container(
                "clickhouse/clickhouse-server:26.4",
                entryPoint=["bash", "-c"],
                command=[CONFIGURE],
                user="101:101",
                environment=[
                    {"name": "CLICKHOUSE_USER", "value": "langfuse"},
                    {"name": "CLICKHOUSE_SNIPPET", "value": snippet},
                ],
                secrets=self.secrets("CLICKHOUSE_PASSWORD"),
                portMappings=[{"containerPort": self.http}, {"containerPort": self.native}],
                healthCheck={
                    "command": ["CMD-SHELL", f"wget -q -O /dev/null http://localhost:{self.http}/ping || exit 1"],
                    "interval": 5,
                    "timeout": 3,
                },
            ),
            family="clickhouse",
        )
        self.aws.create_service(definition, "clickhouse", serviceRegistries=[{"registryArn": self.registry}])
        self.aws.settled("clickhouse")

    def langfuse(self, image: str, **changes: Any) -> dict[str, Any]:
        plain = {
            "DATABASE_HOST": f"127.0.0.1:{self.postgres}",
            "DATABASE_USERNAME": "langfuse",
            "DATABASE_NAME": "langfuse",
            "DATABASE_ARGS": "sslmode=require",
            "CLICKHOUSE_URL": f"http://clickhouse.e.internal:{self.http}",
            "CLICKHOUSE_MIGRATION_URL": f"clickhouse://clickhouse.e.internal:{self.native}",
            "CLICKHOUSE_USER": "langfuse",
            "CLICKHOUSE_CLUSTER_ENABLED": "false",
            "REDIS_HOST": "localhost",
            "REDIS_PORT": str(self.valkey),
            "REDIS_TLS_ENABLED": "true",
            "LANGFUSE_S3_EVENT_UPLOAD_BUCKET": "e-events",
            "LANGFUSE_S3_EVENT_UPLOAD_REGION": REGION,
            "LANGFUSE_S3_EVENT_UPLOAD_PREFIX": "events/",
            "LANGFUSE_INIT_ORG_ID": "o",
            "LANGFUSE_INIT_PROJECT_ID": "p",
            "NEXTAUTH_URL": "http://localhost",
            "HOSTNAME": "0.0.0.0",
            **changes.pop("plain", {}),
        }
        return self.container(
            f"langfuse/{image}:{VERSION}",
            environment=[{"name": name, "value": value} for name, value in plain.items()],
            secrets=self.secrets(*PASSWORDS),
            **changes,
        )

    def serve(self, image: str, port: int, path: str) -> str:
        disabled = {
            "LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED": "true",
            "LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED": "true",
        }
        check = f"wget -q -O /dev/null http://127.0.0.1:{port}{path} || exit 1"
        definition = self.aws.definition(
            self.langfuse(
                image,
                plain=disabled,
                portMappings=[{"containerPort": port}],
                healthCheck={"command": ["CMD-SHELL", check], "interval": 5, "timeout": 3},
            ),
            family=image,
            taskRoleArn=self.role,
        )
        arn = self.aws.run(definition)
        self.aws.wait(lambda: self.aws.task(arn).get("healthStatus") == "HEALTHY", what=f"{image} healthy")
        live = self.aws.local_ecs.task(arn.rsplit("/", 1)[-1])
        return f"http://127.0.0.1:{live.ports[port]}"


@pytest.fixture
def environment(local: Local) -> Iterator[Environment]:
    runtime = local.local_ecs.runtime
    before = list(runtime.images.entries)
    runtime.images.entries.extend(Images.load(IMAGES_FILE, runtime.python).entries)
    context = EngineContext(Path(runtime.state_dir))
    yield Environment(local, context)
    local.local_ecs.reset()
    runtime.images.entries[:] = before
    context.close()


def test_a_trace_through_tasks_of_the_local_ecs(environment: Environment) -> None:
    aws = environment.aws
    environment.clickhouse()
    migration = aws.definition(environment.langfuse("langfuse", command=["true"]), family="migration")
    task = aws.stopped(aws.run(migration))
    assert task["containers"][0]["exitCode"] == 0, aws.log(task)
    assert any("37/u add_created_at_indexes" in line for line in aws.lines(task, "37/u"))
    check = aws.definition(
        environment.container(
            "clickhouse/clickhouse-server:26.4",
            entryPoint=["clickhouse-client"],
            command=[
                *("--host", "clickhouse.e.internal", "--port", str(environment.native), "--user", "langfuse"),
                *("--multiquery", "--ignore-error", "--query"),
                "SELECT 'head', version FROM schema_migrations ORDER BY sequence DESC LIMIT 1; SELECT * FROM missing",
            ],
            secrets=environment.secrets("CLICKHOUSE_PASSWORD"),
        ),
        family="check",
    )
    task = aws.stopped(aws.run(check))
    assert task["containers"][0]["exitCode"] == 0
    assert "head\t37" in aws.lines(task, "head")
    assert any("UNKNOWN_TABLE" in line for line in aws.lines(task, "UNKNOWN_TABLE"))
    web = environment.serve("langfuse", 3000, "/api/public/health")
    environment.serve("langfuse-worker", 3030, "/api/health")
    trace = uuid.uuid4().hex
    event = {"id": "e", "type": "trace-create", "timestamp": "2026-01-01T00:00:00Z", "body": {"id": trace, "name": "n"}}
    assert request(f"{web}/api/public/ingestion", {"batch": [event]}, KEYS).status == 207
    wait_until(lambda: request(f"{web}/api/public/traces/{trace}", keys=KEYS).status == 200)


def test_a_role_without_the_bucket_fails_the_ingestion(environment: Environment) -> None:
    aws = environment.aws
    environment.clickhouse()
    migration = aws.definition(environment.langfuse("langfuse", command=["true"]), family="migration")
    assert aws.stopped(aws.run(migration))["containers"][0]["exitCode"] == 0
    environment.role = aws.role("e-nothing")
    web = environment.serve("langfuse", 3000, "/api/public/health")
    event = {"id": "e", "type": "trace-create", "timestamp": "2026-01-01T00:00:00Z", "body": {"id": "t"}}
    answer = request(f"{web}/api/public/ingestion", {"batch": [event]}, KEYS)
    assert (answer.status, "blob storage" in answer.json["message"]) == (500, True)


def test_a_migration_that_fails_stops_with_its_status(environment: Environment) -> None:
    aws = environment.aws
    # No ClickHouse runs: its name is known to nobody.
    definition = aws.definition(environment.langfuse("langfuse", command=["true"]), family="migration")
    task = aws.stopped(aws.run(definition))
    assert task["containers"][0]["exitCode"] == 1
    assert any("clickhouse.e.internal" in line for line in aws.lines(task, "clickhouse.e.internal"))
