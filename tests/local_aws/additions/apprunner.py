# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TEST DOUBLE of AWS App Runner, of which moto has nothing: services from images, and VPC connectors.

A service is one process of the image's double (ecs/images.py), with exactly the environment and the secrets of the service, behind a
front that speaks HTTPS. It has the operations' and the services' states, the rollback of a deployment that fails its health checks, the
two roles and who may assume them, and the service's logs. Not here: source code, more than one instance, scaling, custom domains,
private services, and what a VPC connector keeps a service from reaching.

Other than on AWS, a service's URL has a port, since all services share 127.0.0.1; its certificate is of this local AWS's authority.

Sources: API reference of each operation; developer guide ("Deploying", "Health checks", "Viewing logs", "IAM"); what AWS refuses with
which words: pulumi/pulumi-aws 5364 (security groups of a connector), aws/apprunner-roadmap 161 (a connector in use) and 95 (states),
hashicorp/terraform-provider-aws internal/service/apprunner ("Error in assuming instance role"). Other wordings are ours.
"""

from __future__ import annotations

import copy
import http.client
import shlex
import shutil
import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.ec2 import ec2_backends
from moto.logs.models import logs_backends

from ..ecs import balancer, identity, policy, resources, runner
from ..ecs.images import unpack
from ..ecs.model import LiveContainer
from ..ports import free_port
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

IN_PROGRESS, RUNNING, CREATE_FAILED, PAUSED, DELETED = (
    "OPERATION_IN_PROGRESS",
    "RUNNING",
    "CREATE_FAILED",
    "PAUSED",
    "DELETED",
)
DEFAULT_CHECK = {
    "Protocol": "TCP",
    "Path": "/",
    "Interval": 5,
    "Timeout": 2,
    "HealthyThreshold": 1,
    "UnhealthyThreshold": 5,
}
# Members of UpdateService that replace the service's own.
CHANGEABLE = ("SourceConfiguration", "InstanceConfiguration", "HealthCheckConfiguration", "NetworkConfiguration")
# Guide, "Supported vCPU and memory configurations".
SIZES = {256: (512, 1024), 512: (1024,), 1024: (2048, 3072, 4096), 2048: (4096, 6144), 4096: (8192, 10240, 12288)}
# Seconds between two looks at a process that starts, and in which one has to.
PAUSE = 0.2
PATIENCE = 30.0


def invalid(message: str) -> Refusal:
    return Refusal("InvalidRequestException", message)


def size(value: Any) -> int:
    amount, _, unit = str(value).partition(" ")
    return int(float(amount) * 1024) if unit else int(amount)


@dataclass
class Instance:
    """A running container, as the parts of the local ECS know a task."""

    region: str
    task_role_arn: str
    execution_role_arn: str
    port: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    address: str = "127.0.0.1"
    container_instance_arn: str | None = None
    credentials: Any = None
    network: dict[str, Any] = field(default_factory=dict)
    process: Any = None

    def __post_init__(self) -> None:
        self.ports = {self.port: free_port()}

    @property
    def place(self) -> tuple[str, int]:
        return "127.0.0.1", self.ports[self.port]


class Front:
    """The public side of a service: HTTPS on a port of its own, to the instance that serves now."""

    def __init__(self, runtime: Any, state_dir: Any, region: str) -> None:
        from ..engines import certificates

        self.instance: Instance | None = None
        self.port = free_port()
        choosing = SimpleNamespace(
            runtime=runtime, choose=lambda _region, _action: self.instance and self.instance.place
        )
        listener = SimpleNamespace(protocol="HTTPS", port=self.port)
        handler = type(
            "Handler",
            (balancer.ProxyHandler,),
            {
                "proxy": SimpleNamespace(
                    balancer=choosing, region=region, listener=listener, action=lambda *_request: {"Type": "forward"}
                ),
                "server_version": "envoy",
            },
        )
        self.server = balancer._Server(("127.0.0.1", self.port), handler)
        pair = certificates.server_certificate(state_dir)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(
            target=self.server.serve_forever, args=(0.2,), daemon=True, name=f"apprunner-{self.port}"
        ).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Service:
    """What the API shows, and what runs."""

    shape: Shape
    front: Front
    tags: dict[str, str]
    operations: list[Shape] = field(default_factory=list)
    # log lines that CloudWatch Logs has not got yet are in the instance's process
    instance: Instance | None = None

    @property
    def arn(self) -> str:
        return str(self.shape["ServiceArn"])


class AppRunner(Addition):
    """App Runner, whole."""

    service = "apprunner"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # by ARN; a service that is deleted is still described
        self.services: dict[str, Service] = {}
        self.connectors: dict[str, Shape] = {}
        self.connector_tags: dict[str, dict[str, str]] = {}
        context.on_shutdown(self.reset)

    def reset(self) -> None:
        for service in self.services.values():
            self._end(service.instance)
            if service.shape["Status"] != DELETED:
                service.front.stop()
        self.services.clear()
        self.connectors.clear()
        self.connector_tags.clear()

    # --- look-ups ---

    def _found(self, call: Call) -> Service:
        found = self.services.get(call.params["ServiceArn"])
        if found is None:
            raise Refusal("ResourceNotFoundException", f"Service does not exist for ARN: {call.params['ServiceArn']}")
        self._flush(found)
        return found

    def _free(self, call: Call, *states: str) -> Service:
        """A service that may be changed now."""
        found = self._found(call)
        if found.shape["Status"] not in states:
            raise Refusal(
                "InvalidStateException",
                f"Service cannot be changed in the current state: {found.shape['Status']}. Expected: {', '.join(states)}.",
            )
        return found

    @staticmethod
    def _flush(service: Service) -> None:
        if service.instance and service.instance.process:
            service.instance.process.flush()

    # --- what AWS refuses ---

    def _check(self, call: Call, shape: Shape) -> None:
        repository = shape["SourceConfiguration"]["ImageRepository"]
        private = ".dkr.ecr." in repository["ImageIdentifier"]
        if not private and not repository["ImageIdentifier"].startswith("public.ecr.aws/"):
            raise invalid(f"Invalid image identifier: {repository['ImageIdentifier']}.")
        if private and f".ecr.{call.region}." not in repository["ImageIdentifier"]:
            raise invalid("The image's repository must be in the same region as the service.")
        access = (shape["SourceConfiguration"].get("AuthenticationConfiguration") or {}).get("AccessRoleArn")
        if private and not access:
            raise invalid("Authentication configuration is required for an ECR repository.")
        instance = shape["InstanceConfiguration"]
        cpu, memory = size(instance["Cpu"]), size(instance["Memory"])
        if memory not in SIZES.get(cpu, ()):
            raise invalid(f"Invalid combination of Cpu {cpu} and Memory {memory}.")
        image = repository.get("ImageConfiguration") or {}
        for name in (*image.get("RuntimeEnvironmentVariables", {}), *image.get("RuntimeEnvironmentSecrets", {})):
            if name.startswith("AWSAPPRUNNER"):
                raise invalid(f"The environment variable {name} is reserved.")
        both = set(image.get("RuntimeEnvironmentVariables") or {}) & set(image.get("RuntimeEnvironmentSecrets") or {})
        if both:
            raise invalid(f"Environment variables and secrets have names in common: {', '.join(sorted(both))}.")
        for kind, arn, principal in (
            ("access", access, "build.apprunner.amazonaws.com"),
            ("instance", instance.get("InstanceRoleArn"), "tasks.apprunner.amazonaws.com"),
        ):
            role = policy.role_of(arn, call.account_id, call.region) if arn else None
            if arn and (role is None or not policy.trusts(role, principal) or not policy.visible(role)):
                raise invalid(f"Error in assuming {kind} role {arn}")
        egress = (shape["NetworkConfiguration"] or {}).get("EgressConfiguration") or {}
        connector = self.connectors.get(egress.get("VpcConnectorArn", ""))
        if egress.get("EgressType") == "VPC" and (connector is None or connector["Status"] != "ACTIVE"):
            raise invalid(f"VPC connector does not exist or is inactive: {egress.get('VpcConnectorArn')}")

    # --- services ---

    @operation("CreateService")
    def create(self, call: Call, _forward: Forward) -> Shape:
        params = call.params
        name = params["ServiceName"]
        if any(
            item.shape["ServiceName"] == name and item.shape["Status"] != DELETED for item in self.services.values()
        ):
            raise invalid(f"Service with the provided name already exists: {name}.")
        ident = uuid.uuid4().hex
        arn = f"arn:aws:apprunner:{call.region}:{call.account_id}:service/{name}/{ident}"
        default = f"arn:aws:apprunner:{call.region}:{call.account_id}:autoscalingconfiguration/DefaultConfiguration/1/{'0' * 31}1"
        moment = time.time()
        shape = {
            "ServiceName": name,
            "ServiceId": ident,
            "ServiceArn": arn,
            "CreatedAt": moment,
            "UpdatedAt": moment,
            "Status": IN_PROGRESS,
            "SourceConfiguration": params["SourceConfiguration"],
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048", **params.get("InstanceConfiguration", {})},
            "HealthCheckConfiguration": DEFAULT_CHECK | params.get("HealthCheckConfiguration", {}),
            "NetworkConfiguration": {
                "IngressConfiguration": {"IsPubliclyAccessible": True},
                "EgressConfiguration": {"EgressType": "DEFAULT"},
                "IpAddressType": "IPV4",
                **params.get("NetworkConfiguration", {}),
            },
            "AutoScalingConfigurationSummary": {
                "AutoScalingConfigurationArn": params.get("AutoScalingConfigurationArn", default)
            },
        }
        if "EncryptionConfiguration" in params:
            shape["EncryptionConfiguration"] = params["EncryptionConfiguration"]
        self._check(call, shape)
        front = Front(self.context.ecs.runtime, self.context.state_dir, call.region)
        shape["ServiceUrl"] = f"127.0.0.1:{front.port}"
        tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
        service = self.services[arn] = Service(shape, front, tags)
        for kind in ("service", "application"):
            logs_backends[call.account_id][call.region].create_log_group(f"/aws/apprunner/{name}/{ident}/{kind}", {})
        return self._begin(call, service, "CREATE_SERVICE", None)

    @operation("UpdateService")
    def update(self, call: Call, _forward: Forward) -> Shape:
        service = self._free(call, RUNNING, PAUSED, CREATE_FAILED)
        before = copy.deepcopy(service.shape)
        changed = copy.deepcopy(service.shape)
        for member in CHANGEABLE:
            if member in call.params:
                merged = member in ("InstanceConfiguration", "NetworkConfiguration")
                changed[member] = {**changed[member], **call.params[member]} if merged else call.params[member]
        changed["HealthCheckConfiguration"] = DEFAULT_CHECK | changed["HealthCheckConfiguration"]
        if "AutoScalingConfigurationArn" in call.params:
            changed["AutoScalingConfigurationSummary"] = {
                "AutoScalingConfigurationArn": call.params["AutoScalingConfigurationArn"]
            }
        self._check(call, changed)
        service.shape = {**changed, "UpdatedAt": time.time()}
        return self._begin(call, service, "UPDATE_SERVICE", before)

    @operation("ResumeService")
    def resume(self, call: Call, _forward: Forward) -> Shape:
        service = self._free(call, PAUSED)
        return self._begin(call, service, "RESUME_SERVICE", copy.deepcopy(service.shape))

    @operation("PauseService")
    def pause(self, call: Call, _forward: Forward) -> Shape:
        service = self._free(call, RUNNING)
        return self._after(service, "PAUSE_SERVICE", PAUSED)

    @operation("DeleteService")
    def delete(self, call: Call, _forward: Forward) -> Shape:
        service = self._free(call, RUNNING, PAUSED, CREATE_FAILED)
        return self._after(service, "DELETE_SERVICE", DELETED)

    @operation("DescribeService")
    def describe(self, call: Call, _forward: Forward) -> Shape:
        return {"Service": copy.deepcopy(self._found(call).shape)}

    @operation("ListServices")
    def list_services(self, call: Call, _forward: Forward) -> Shape:
        keys = ("ServiceName", "ServiceId", "ServiceArn", "ServiceUrl", "CreatedAt", "UpdatedAt", "Status")
        found = [item.shape for item in self.services.values() if item.arn.split(":")[3] == call.region]
        living = [{key: shape[key] for key in keys} for shape in found if shape["Status"] != DELETED]
        return self._page(call, "ServiceSummaryList", living, 20)

    @operation("ListOperations")
    def list_operations(self, call: Call, _forward: Forward) -> Shape:
        return self._page(call, "OperationSummaryList", [dict(item) for item in self._found(call).operations], 20)

    @staticmethod
    def _page(call: Call, key: str, items: list[Shape], most: int) -> Shape:
        start, count = int(call.params.get("NextToken") or 0), int(call.params.get("MaxResults") or most)
        rest = {"NextToken": str(start + count)} if start + count < len(items) else {}
        return {key: items[start : start + count], **rest}

    # --- operations ---

    def _start(self, service: Service, kind: str) -> Shape:
        task = {
            "Id": str(uuid.uuid4()),
            "Type": kind,
            "Status": "IN_PROGRESS",
            "TargetArn": service.arn,
            "StartedAt": time.time(),
            "UpdatedAt": time.time(),
        }
        service.operations.insert(0, task)
        service.shape["Status"] = IN_PROGRESS
        self._tell(service, f"{kind.replace('_', ' ').capitalize()} started.")
        return task

    def _finish(self, service: Service, task: Shape, outcome: str, status: str) -> None:
        task.update(Status=outcome, EndedAt=time.time(), UpdatedAt=time.time())
        service.shape["Status"] = status
        self._tell(service, f"Service status is set to {status}.")

    def _tell(self, service: Service, message: str) -> None:
        """Into the service's own log."""
        region = service.arn.split(":")[3]
        group = f"/aws/apprunner/{service.shape['ServiceName']}/{service.shape['ServiceId']}/service"
        resources.LogSink(region, group, "events", True).write([(int(time.time() * 1000), f"[AppRunner] {message}")])

    def _after(self, service: Service, kind: str, status: str) -> Shape:
        """An operation that ends what runs."""
        task = self._start(service, kind)

        def done() -> None:
            self._end(service.instance)
            service.instance = service.front.instance = None
            if status == DELETED:
                service.shape["DeletedAt"] = time.time()
                self.context.background(service.front.stop)
            self._finish(service, task, "SUCCEEDED", status)

        self.lifecycle.begin(("apprunner", service.arn), "apprunner_service.delete", IN_PROGRESS, then=done)
        return {"OperationId": task["Id"], "Service": copy.deepcopy(service.shape)}

    def _begin(self, call: Call, service: Service, kind: str, before: Shape | None) -> Shape:
        """A deployment; what was before comes back where it fails."""
        paused = before is not None and before["Status"] == PAUSED and kind != "RESUME_SERVICE"
        task = self._start(service, kind)
        answer = {"OperationId": task["Id"], "Service": copy.deepcopy(service.shape)}
        if paused:
            self._finish(service, task, "SUCCEEDED", PAUSED)
        else:
            self.lifecycle.begin(
                ("apprunner", service.arn),
                "apprunner_service.deploy",
                IN_PROGRESS,
                then=lambda: self.context.background(self._deploy, call, service, task, before),
            )
        return answer

    def _deploy(self, call: Call, service: Service, task: Shape, before: Shape | None) -> None:
        """Outside of the lock but for moments: a process takes its time to start."""
        failure = ""
        instance = None
        with self.context.lock:
            if service.arn not in self.services:
                return
            try:
                instance = self._launch(call, service)
            except resources.InitializationError as error:
                failure = error.reason
        if instance is not None:
            failure = self._wait(instance, service.shape["HealthCheckConfiguration"])
        with self.context.lock:
            if service.arn not in self.services:
                self._end(instance)
                return
            if not failure:
                old, service.instance, service.front.instance = service.instance, instance, instance
                self._end(old)
                self._finish(service, task, "SUCCEEDED", RUNNING)
                return
            self._end(instance)
            self._tell(service, f"Deployment failed. Failure reason: {failure}")
            if before is None or before["Status"] == CREATE_FAILED:
                self._finish(service, task, "FAILED", CREATE_FAILED)
            else:
                service.shape = before
                self._finish(service, task, "ROLLBACK_SUCCEEDED", before["Status"])

    def _launch(self, call: Call, service: Service) -> Instance:
        """A process of the image, with exactly what the service says.

        :raises InitializationError: where App Runner would not get that far.
        """
        runtime, shape = self.context.ecs.runtime, service.shape
        source = shape["SourceConfiguration"]
        repository = source["ImageRepository"]
        image = repository.get("ImageConfiguration") or {}
        port = int(image.get("Port") or 8080)
        role = shape["InstanceConfiguration"].get("InstanceRoleArn") or ""
        access = (source.get("AuthenticationConfiguration") or {}).get("AccessRoleArn") or ""
        instance = Instance(call.region, role, role, port)
        variables = {"PORT": str(port), **(image.get("RuntimeEnvironmentVariables") or {})}
        definition = {
            "name": "web",
            "image": repository["ImageIdentifier"],
            "environment": [{"name": name, "value": value} for name, value in variables.items()],
            "command": shlex.split(image["StartCommand"]) if image.get("StartCommand") else None,
        }
        container = LiveContainer("web", definition, service.arn, service.arn)
        # App Runner reads secrets with the role of the instance, and pulls with the other one, both outside of the VPC.
        secrets = {
            name: resources._secret(instance, reference)  # type: ignore[arg-type]
            for name, reference in (image.get("RuntimeEnvironmentSecrets") or {}).items()
        }
        pulling: Any = SimpleNamespace(**{**vars(instance), "execution_role_arn": access})
        double = resources.image_of(runtime, pulling, container)
        task: Any = instance
        if role:
            identity.issue(runtime, task)
        root = runner.container_root(runtime, task, container)
        path = unpack(runtime.images, double, definition["image"], root)
        environment = runner.environment_of(runtime, task, container, image=double, path=path, secrets=secrets)
        argv = runner.command_line(runtime, container, double, root)
        program = shutil.which(argv[0], path=environment["PATH"]) if argv else None
        if program is None:
            raise resources.InitializationError(f"Failed to start the container: {argv[:1]} is not in the image.")
        group = f"/aws/apprunner/{shape['ServiceName']}/{shape['ServiceId']}/application"
        sink = resources.LogSink(call.region, group, f"instance/{instance.id}", True)
        instance.process = runner.Process(runtime, [program, *argv[1:]], environment, root, sink)
        return instance

    def _wait(self, instance: Instance, check: Shape) -> str:
        """Until the health check passes as often as it has to; what is wrong where it does not."""
        wanted = int(check["HealthyThreshold"])
        # A process starts no faster on a faster clock, and is not waited for longer than it can need.
        patience = min(float(check["Interval"]) * int(check["UnhealthyThreshold"]), PATIENCE)
        deadline = time.monotonic() + patience
        passed = 0
        while time.monotonic() < deadline:
            if instance.process.popen.poll() is not None:
                return f"The container exited with code {instance.process.popen.returncode}."
            passed = passed + 1 if self._healthy(instance, check) else 0
            if passed >= wanted:
                return ""
            time.sleep(PAUSE)
        return f"Health check failed on protocol `{check['Protocol']}` [Path: '{check['Path']}'], [Port: '{instance.port}']."

    @staticmethod
    def _healthy(instance: Instance, check: Shape) -> bool:
        connection = http.client.HTTPConnection(*instance.place, timeout=float(check["Timeout"]))
        try:
            if check["Protocol"] == "TCP":
                connection.connect()
                return True
            connection.request("GET", check["Path"])
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _end(self, instance: Instance | None) -> None:
        """At once: App Runner documents no time in which a container may finish."""
        if instance is None:
            return
        task: Any = instance
        identity.revoke(self.context.ecs.runtime, task)
        if instance.process:
            instance.process.flush()
            instance.process.kill()
        runner.remove(self.context.ecs.runtime, task)

    # --- VPC connectors ---

    @operation("CreateVpcConnector")
    def create_connector(self, call: Call, _forward: Forward) -> Shape:
        params = call.params
        ec2 = ec2_backends[call.account_id][call.region]
        known = {subnet.id: subnet.vpc_id for subnets in ec2.subnets.values() for subnet in subnets.values()}
        for subnet in params["Subnets"]:
            if subnet not in known:
                raise invalid(f"Subnet does not exist: {subnet}")
        if len({known[subnet] for subnet in params["Subnets"]}) > 1:
            raise invalid("Subnets must be of one VPC.")
        groups = sorted(params.get("SecurityGroups") or [])
        for group in groups:
            if ec2.get_security_group_from_id(group) is None:
                raise invalid(f"Security group does not exist: {group}")
        for other in self.connectors.values():
            if other["Status"] == "ACTIVE" and sorted(other["SecurityGroups"]) == groups:
                raise invalid(
                    "The security groups combination provided in the request already exists on existing vpc connector. "
                    f"Existing VPC connector arn: {other['VpcConnectorArn']}, Security Groups: {groups}"
                )
        name = params["VpcConnectorName"]
        arn = f"arn:aws:apprunner:{call.region}:{call.account_id}:vpcconnector/{name}/1/{uuid.uuid4().hex}"
        self.connectors[arn] = {
            "VpcConnectorName": name,
            "VpcConnectorArn": arn,
            "VpcConnectorRevision": 1,
            "Subnets": list(params["Subnets"]),
            "SecurityGroups": groups,
            "Status": "ACTIVE",
            "CreatedAt": time.time(),
        }
        self.connector_tags[arn] = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
        return {"VpcConnector": dict(self.connectors[arn])}

    @operation("ListVpcConnectors")
    def list_connectors(self, call: Call, _forward: Forward) -> Shape:
        found = [dict(item) for arn, item in self.connectors.items() if arn.split(":")[3] == call.region]
        return self._page(call, "VpcConnectors", found, 100)

    @operation("DeleteVpcConnector")
    def delete_connector(self, call: Call, _forward: Forward) -> Shape:
        arn = call.params["VpcConnectorArn"]
        if arn not in self.connectors:
            raise Refusal("ResourceNotFoundException", f"VPC connector does not exist: {arn}")
        users = [
            item
            for item in self.services.values()
            if (item.shape["NetworkConfiguration"].get("EgressConfiguration") or {}).get("VpcConnectorArn") == arn
        ]
        # For a while also by a service that is gone.
        if any(item.shape["Status"] != DELETED or time.time() - item.shape["DeletedAt"] < PAUSE for item in users):
            raise invalid(f"Provided VPC connector arn is being used by other services. ARN: {arn}")
        self.connectors[arn].update(Status="INACTIVE", DeletedAt=time.time())
        return {"VpcConnector": dict(self.connectors[arn])}

    # --- tags ---

    def _tags(self, call: Call) -> dict[str, str]:
        arn = call.params["ResourceArn"]
        if arn in self.services:
            return self.services[arn].tags
        if arn in self.connector_tags:
            return self.connector_tags[arn]
        raise Refusal("ResourceNotFoundException", f"Resource does not exist for ARN: {arn}")

    def _taggable(self, call: Call) -> dict[str, str]:
        found = self.services.get(call.params["ResourceArn"])
        if found is not None and found.shape["Status"] == IN_PROGRESS:
            raise Refusal("InvalidStateException", "Service cannot be tagged while an operation is in progress.")
        return self._tags(call)

    @operation("ListTagsForResource")
    def list_tags(self, call: Call, _forward: Forward) -> Shape:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags(call).items()]}

    @operation("TagResource")
    def tag(self, call: Call, _forward: Forward) -> Shape:
        self._taggable(call).update({tag["Key"]: tag["Value"] for tag in call.params["Tags"]})
        return {}

    @operation("UntagResource")
    def untag(self, call: Call, _forward: Forward) -> Shape:
        for key in call.params["TagKeys"]:
            self._taggable(call).pop(key, None)
        return {}


def install(context: Context) -> None:
    AppRunner(context)
