# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS of the local AWS in one process with the test: the same parts as the server, without its daemon."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from local_aws import rules
from werkzeug.serving import make_server

REGION = "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# Programs that stand for images in these tests: real commands, no doubles of anything.
IMAGES = """
- match: docker.io/test/python:*
  entrypoint: ["{python}", "-u"]
  command: ["-c", "print('the own command of the image')"]
  env: {IMAGE_TAG: "{image_tag}", FROM_IMAGE: "yes"}
  root_map: ["/entrypoint.sh", "/data", "/etc/app"]
  files: {"/entrypoint.sh": ["{python}", "-u"]}
  bin: [bash, wget, curl]
"""
SERVER = """
import http.server, os, sys, signal
print("listening", flush=True)
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        broken = os.path.exists(os.path.join(os.environ["LOCAL_AWS_ROOT"], "broken"))
        body = os.environ.get("ANSWER", "hello").encode()
        self.send_response(500 if broken or os.environ.get("BROKEN") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
port = int(os.environ["LOCAL_AWS_PORT_3000"])
http.server.HTTPServer(("127.0.0.1", port), H).serve_forever()
"""


class Local:
    """The endpoint, its clients, and short ways to make what a task needs."""

    def __init__(self, ecs: Any, endpoint: str) -> None:
        self.local_ecs = ecs
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, name: str) -> Any:
        if name not in self._clients:
            connect: Any = boto3.client
            self._clients[name] = connect(
                name,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id="AKIAOPERATOR00000000",
                aws_secret_access_key="x",
                config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._clients[name]

    @property
    def ecs(self) -> Any:
        return self.client("ecs")

    def role(self, name: str, statements: list[dict[str, Any]] | None = None, trust: Any = None) -> str:
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(
                RoleName=name,
                PolicyName="own",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
            )
        time.sleep(0.11)  # until the role is known elsewhere
        return str(arn)

    def wait(self, check: Callable[[], Any], timeout: float = 20.0, what: str = "") -> Any:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = check()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {timeout} s: {what or check}")

    def task(self, arn: str, cluster: str = "c") -> dict[str, Any]:
        return self.ecs.describe_tasks(cluster=cluster, tasks=[arn], include=["TAGS"])["tasks"][0]  # type: ignore[no-any-return]

    def stopped(self, arn: str, timeout: float = 20.0) -> dict[str, Any]:
        def check() -> dict[str, Any] | None:
            task = self.task(arn)
            return task if task["lastStatus"] == "STOPPED" else None

        return self.wait(check, timeout, f"{arn} STOPPED")  # type: ignore[no-any-return]

    def service(self, name: str = "s", cluster: str = "c") -> dict[str, Any]:
        return self.ecs.describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"][0]  # type: ignore[no-any-return]

    def settled(self, name: str = "s", timeout: float = 30.0) -> dict[str, Any]:
        """The service, once its primary deployment is decided and nothing else is left."""

        def check() -> dict[str, Any] | None:
            service = self.service(name)
            primary = service["deployments"][0]
            done = primary["rolloutState"] == "COMPLETED" and len(service["deployments"]) == 1
            return service if done and service["runningCount"] == service["desiredCount"] else None

        return self.wait(check, timeout, f"{name} settled")  # type: ignore[no-any-return]

    def messages(self, name: str = "s") -> list[str]:
        return [event["message"] for event in self.service(name)["events"]]

    def log(self, task: dict[str, Any], container: str = "main", group: str = "/logs") -> list[str]:
        stream = f"p/{container}/{task['taskArn'].rsplit('/', 1)[1]}"
        events = self.client("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]

    def lines(self, task: dict[str, Any], expected: str, container: str = "main") -> list[str]:
        """The log, once it has a line; CloudWatch Logs is not immediate."""
        return self.wait(  # type: ignore[no-any-return]
            lambda: [line for line in self.log(task, container) if expected in line] and self.log(task, container),
            what=f"a log line with {expected!r}",
        )

    # --- what a task needs ---

    def ground(self) -> dict[str, Any]:
        """VPC, subnets, roles, log group and cluster."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
                "SubnetId"
            ]
            for number, zone in ((1, "a"), (2, "b"))
        ]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        group = ec2.create_security_group(GroupName="tasks", Description="d", VpcId=vpc)["GroupId"]
        self.client("logs").create_log_group(logGroupName="/logs")
        execution = self.role(
            "execution",
            [
                {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"},
            ],
        )
        self.ecs.create_cluster(clusterName="c")
        self.vpc, self.subnets, self.group, self.execution = vpc, subnets, group, execution
        return {"vpc": vpc, "subnets": subnets, "group": group, "execution": execution}

    @property
    def network(self) -> dict[str, Any]:
        return self.network_of(self.subnets)

    def network_of(self, subnets: list[str], public: str = "ENABLED") -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [self.group], "assignPublicIp": public}}

    def container(self, code: str | None = None, **changes: Any) -> dict[str, Any]:
        container: dict[str, Any] = {
            "name": "main",
            "image": "test/python:3.2.1",
            "essential": True,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/logs", "awslogs-region": REGION, "awslogs-stream-prefix": "p"},
            },
        }
        if code is not None:
            container["command"] = ["-c", code]
        container.update(changes)
        return container

    def definition(self, *containers: dict[str, Any], family: str = "f", **changes: Any) -> str:
        arguments: dict[str, Any] = {
            "family": family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.execution,
            "containerDefinitions": list(containers),
        }
        arguments.update(changes)
        shape = {name: value for name, value in arguments.items() if value is not None}
        return str(self.ecs.register_task_definition(**shape)["taskDefinition"]["taskDefinitionArn"])

    def run(self, definition: str, **changes: Any) -> str:
        arguments: dict[str, Any] = {
            "cluster": "c",
            "taskDefinition": definition,
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
        }
        answer = self.ecs.run_task(**{**arguments, **changes})
        return str(answer["tasks"][0]["taskArn"])

    def create_service(self, definition: str, name: str = "s", **changes: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "cluster": "c",
            "serviceName": name,
            "taskDefinition": definition,
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
        }
        return self.ecs.create_service(**{**arguments, **changes})["service"]  # type: ignore[no-any-return]


_JSON_SERVICES = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "Route53AutoNaming_v20170314": "servicediscovery",
}


class _App:
    """moto's own server application, the rules before it, and the local endpoints beside it."""

    def __init__(self, lock: Any) -> None:
        rules.load()
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.moto = DomainDispatcherApplication(create_backend_app)
        self.lock = lock
        self.ecs: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        if request.path.startswith("/_local/"):
            status, answer = self.ecs.answer(request.path, request.args, request.headers)
            return Response(json.dumps(answer), status, content_type="application/json")(environ, start_response)
        refusal = self.ecs.refusal(request.method, request.path, request.args, request.headers, None)
        if refusal:
            body = f"<Error><Code>AccessDenied</Code><Message>{refusal[2]} {refusal[0]} {refusal[1]}</Message></Error>"
            return Response(body, 403, content_type="application/xml")(environ, start_response)
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if service in _JSON_SERVICES:
            content = request.get_data()
            environ["wsgi.input"] = io.BytesIO(content)
            try:
                with self.lock:
                    rules.check(rules.Call(_JSON_SERVICES[service], operation, json.loads(content or b"{}"), REGION))
            except rules.Refusal as error:
                answer = {"__type": error.code, "message": error.message}
                return Response(json.dumps(answer), error.status, content_type="application/x-amz-json-1.1")(
                    environ, start_response
                )
        with self.lock:
            return self.moto(environ, start_response)


@pytest.fixture(scope="session")
def ecs_process() -> Iterator[Local]:
    """One local ECS for all tests of the process: moto is patched once."""
    from local_aws.ecs import LocalEcs, new_lock
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    lock = new_lock()
    app = _App(lock)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    folder = Path(tempfile.mkdtemp(prefix="local-ecs-"))
    images = folder / "images.yml"
    images.write_text(IMAGES)
    ecs = LocalEcs(
        lock=lock, state_dir=folder, endpoint=endpoint, time_scale=0.002, images_file=images, patience=3.0, floor=0.1
    )
    app.ecs = ecs
    ecs.start()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Local(ecs, endpoint)
    ecs.stop()
    server.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def local(ecs_process: Local) -> Iterator[Local]:
    """A fresh account with the ground that tasks stand on."""
    from moto.moto_api._internal.models import moto_api_backend

    def reset() -> None:
        with ecs_process.local_ecs.runtime.lock:
            ecs_process.local_ecs.reset()
            moto_api_backend.reset()

    reset()
    ecs_process.ground()
    yield ecs_process
    reset()
