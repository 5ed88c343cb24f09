# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-off tasks of the local ECS: what they get, what they leave, and how they fail."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import botocore.exceptions
import pytest
import requests

from .ecs_support import REGION, Local

SHOW = "import json, os; print('env ' + json.dumps(dict(os.environ)))"


def environment(local: Local, task: dict[str, Any]) -> dict[str, str]:
    line = next(line for line in local.log(task) if line.startswith("env "))
    return dict(json.loads(line[4:]))


def test_a_task_runs_and_leaves_its_exit_code_and_its_log(local: Local) -> None:
    definition = local.definition(local.container("print('one'); print('two'); raise SystemExit(3)"))
    arn = local.run(definition, startedBy="me", tags=[{"key": "a", "value": "b"}])
    first = local.task(arn)
    assert (first["lastStatus"], first["desiredStatus"], first["tags"]) == (
        "PROVISIONING",
        "RUNNING",
        [{"key": "a", "value": "b"}],
    )
    task = local.stopped(arn)
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert (task["containers"][0]["exitCode"], task["group"], task["startedBy"]) == (3, "family:f", "me")
    assert local.log(task) == ["one", "two"]
    times = [task[name] for name in ("createdAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt")]
    assert times == sorted(times)


def test_states_come_in_order(local: Local) -> None:
    arn = local.run(local.definition(local.container("import time; time.sleep(0.5)")))
    seen: list[str] = []

    def done() -> bool:
        status = local.task(arn)["lastStatus"]
        if not seen or seen[-1] != status:
            seen.append(status)
        return status == "STOPPED"

    local.wait(done)
    order = ["PROVISIONING", "PENDING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    assert [order.index(item) for item in seen] == sorted(order.index(item) for item in seen)
    assert {"PROVISIONING", "PENDING", "RUNNING", "STOPPED"} <= set(seen)


def test_the_environment_is_exactly_the_tasks(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERS_OWN", "secret")
    definition = local.definition(
        local.container(
            SHOW,
            environment=[{"name": "A", "value": "definition"}, {"name": "B", "value": "kept"}],
            portMappings=[{"containerPort": 3000}],
        )
    )
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "A", "value": "override"}]}]}
    task = local.stopped(local.run(definition, overrides=overrides))
    found = environment(local, task)
    assert (found["A"], found["B"], found["FROM_IMAGE"], found["IMAGE_TAG"]) == ("override", "kept", "yes", "3.2.1")
    assert (found["AWS_REGION"], found["AWS_ENDPOINT_URL"], found["LOCAL_AWS_BIND"]) == (
        REGION,
        local.endpoint,
        "127.0.0.1",
    )
    assert int(found["LOCAL_AWS_PORT_3000"]) != 3000
    assert set(found) <= {
        "A",
        "B",
        "FROM_IMAGE",
        "IMAGE_TAG",
        "PATH",
        "HOME",
        "HOSTNAME",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_ENDPOINT_URL",
        "ECS_CONTAINER_METADATA_URI_V4",
        "LOCAL_AWS_ROOT",
        "LOCAL_AWS_BIND",
        "LOCAL_AWS_PORT_3000",
        "LOCAL_AWS_TIME_SCALE",
        "LC_CTYPE",
    }
    assert all(part.startswith(found["LOCAL_AWS_ROOT"]) for part in found["PATH"].split(":"))


def test_entry_point_and_command_join_as_in_docker(local: Local) -> None:
    own = local.definition(local.container(), family="own")
    assert local.log(local.stopped(local.run(own))) == ["the own command of the image"]
    shell = local.definition(
        local.container(
            entryPoint=["bash", "-c"],
            command=[
                "mkdir -p /etc/app/config.d && echo '<x/>' > /etc/app/config.d/a.xml && exec /entrypoint.sh -c "
                "\"print(open('/etc/app/config.d/a.xml').read())\""
            ],
        ),
        family="shell",
    )
    assert "<x/>" in local.log(local.stopped(local.run(shell)))
    overridden = {"containerOverrides": [{"name": "main", "command": ["-c", "print('overridden')"]}]}
    assert local.log(local.stopped(local.run(own, overrides=overridden))) == ["overridden"]


def test_an_unknown_image_cannot_be_pulled(local: Local) -> None:
    task = local.stopped(local.run(local.definition(local.container("1", image="nobody/knows:1"))))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest")
    assert "nobody/knows:1: not found" in task["containers"][0]["reason"]
    assert "exitCode" not in task["containers"][0]


def test_stop_task_signals_and_reports_the_reason(local: Local) -> None:
    code = "import signal, sys, time\nsignal.signal(15, lambda *a: (print('term'), sys.exit(7)))\nprint('up')\ntime.sleep(60)"
    arn = local.run(local.definition(local.container(code)))
    local.wait(lambda: local.task(arn)["lastStatus"] == "RUNNING")
    local.lines(local.task(arn), "up")
    local.ecs.stop_task(cluster="c", task=arn, reason="enough")
    task = local.stopped(arn)
    assert (task["stopCode"], task["stoppedReason"], task["containers"][0]["exitCode"]) == (
        "UserInitiated",
        "enough",
        7,
    )
    assert local.log(task) == ["up", "term"]


def test_a_deaf_container_is_killed_after_its_stop_timeout(local: Local) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up')\ntime.sleep(60)"
    arn = local.run(local.definition(local.container(code, stopTimeout=2)))
    local.wait(lambda: local.task(arn)["lastStatus"] == "RUNNING")
    local.lines(local.task(arn), "up")
    local.ecs.stop_task(cluster="c", task=arn)
    began = time.monotonic()
    assert local.stopped(arn)["containers"][0]["exitCode"] == 137
    assert time.monotonic() - began > 1.5


def test_nothing_a_container_started_stays(local: Local) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '300'], stdout=subprocess.DEVNULL).pid)"
    task = local.stopped(local.run(local.definition(local.container(code))))
    with pytest.raises(ProcessLookupError):
        import os

        local.wait(lambda: os.kill(int(local.log(task)[0]), 0), timeout=2)


def test_a_task_with_two_containers_waits_for_its_dependency(local: Local) -> None:
    first = local.container("print('migrated')", name="first", essential=False)
    second = local.container("print('after')", dependsOn=[{"containerName": "first", "condition": "SUCCESS"}])
    task = local.stopped(local.run(local.definition(first, second)))
    assert {item["name"]: item["exitCode"] for item in task["containers"]} == {"first": 0, "main": 0}
    assert local.log(task, "first") == ["migrated"]


# --- secrets ---


def secret(local: Local, value: str = '{"PASSWORD": "s3", "OTHER": 5}') -> str:
    return str(local.client("secretsmanager").create_secret(Name="app/secret", SecretString=value)["ARN"])


def allow(local: Local, *statements: dict[str, Any]) -> None:
    local.client("iam").put_role_policy(
        RoleName="execution",
        PolicyName="more",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    )


def with_secret(local: Local, source: str) -> dict[str, Any]:
    return local.stopped(
        local.run(local.definition(local.container(SHOW, secrets=[{"name": "DATABASE_PASSWORD", "valueFrom": source}])))
    )


def test_secrets_are_resolved_with_the_execution_role(local: Local) -> None:
    arn = secret(local)
    allow(local, {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn})
    assert environment(local, with_secret(local, f"{arn}:PASSWORD::"))["DATABASE_PASSWORD"] == "s3"
    assert environment(local, with_secret(local, arn))["DATABASE_PASSWORD"].startswith("{")
    version = local.client("secretsmanager").describe_secret(SecretId=arn)["VersionIdsToStages"]
    local.client("secretsmanager").put_secret_value(SecretId=arn, SecretString='{"PASSWORD": "new"}')
    old = f"{arn}:PASSWORD::{next(iter(version))}"
    assert environment(local, with_secret(local, old))["DATABASE_PASSWORD"] == "s3"
    assert environment(local, with_secret(local, f"{arn}:PASSWORD::"))["DATABASE_PASSWORD"] == "new"


@pytest.mark.parametrize(
    ("statement", "key", "expected"),
    [
        (None, "PASSWORD", "AccessDeniedException"),
        (
            {
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "arn:aws:secretsmanager:*:*:secret:x",
            },
            "PASSWORD",
            "AccessDeniedException",
        ),
        (
            {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"},
            "MISSING",
            "did not contain json key MISSING",
        ),
    ],
)
def test_a_secret_that_cannot_be_read_stops_the_task(
    local: Local,
    statement: dict[str, Any] | None,
    key: str,
    expected: str,
) -> None:
    if statement:
        allow(local, statement)
    task = with_secret(local, f"{secret(local)}:{key}::")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth")
    assert expected in task["stoppedReason"]


def test_an_explicit_deny_wins(local: Local) -> None:
    allow(
        local,
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "*"},
    )
    assert "AccessDeniedException" in with_secret(local, f"{secret(local)}:PASSWORD::")["stoppedReason"]


# --- logs ---


def test_a_missing_log_group_stops_the_task(local: Local) -> None:
    local.client("logs").delete_log_group(logGroupName="/logs")
    task = local.stopped(local.run(local.definition(local.container("print(1)"))))
    assert "The specified log group does not exist." in task["stoppedReason"]


def test_logs_need_the_execution_roles_permission(local: Local) -> None:
    local.client("iam").delete_role_policy(RoleName="execution", PolicyName="own")
    task = local.stopped(local.run(local.definition(local.container("print(1)"))))
    assert "not authorized to perform: logs:CreateLogStream" in task["stoppedReason"]


# --- the way out ---


def test_a_private_subnet_needs_a_nat_gateway(local: Local) -> None:
    ec2 = local.client("ec2")
    private = local.network_of(local.subnets[:1], "DISABLED")
    definition = local.definition(local.container("print('out')"))
    task = local.stopped(local.run(definition, networkConfiguration=private))
    assert task["stoppedReason"].startswith("CannotPullContainerError") and "i/o timeout" in task["stoppedReason"]
    with_secret = local.container("1", secrets=[{"name": "A", "valueFrom": secret(local)}])
    task = local.stopped(local.run(local.definition(with_secret, family="g"), networkConfiguration=private))
    assert "Check your task network configuration" in task["stoppedReason"]

    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=local.subnets[1], AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=local.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=local.subnets[0])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert local.log(local.stopped(local.run(definition, networkConfiguration=private))) == ["out"]


# --- task role ---

S3_CODE = """
import botocore.session, botocore.config
client = botocore.session.get_session().create_client("s3", config=botocore.config.Config(s3={"addressing_style": "path"}))
for bucket in ("mine", "other"):
    try:
        client.put_object(Bucket=bucket, Key="events/a", Body=b"x")
        print(bucket, "written")
    except Exception as error:
        print(bucket, type(error).__name__, error)
"""


def test_a_task_role_decides_what_s3_lets_a_task_do(local: Local) -> None:
    for bucket in ("mine", "other"):
        local.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    role = local.role("task", [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::mine/events/*"}])
    task = local.stopped(local.run(local.definition(local.container(S3_CODE), taskRoleArn=role)))
    log = local.log(task)
    assert log[0] == "mine written"
    assert log[1].startswith("other AccessDenied")


def test_a_task_without_a_role_has_no_credentials(local: Local) -> None:
    local.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": REGION})
    task = local.stopped(local.run(local.definition(local.container(S3_CODE))))
    assert "NoCredentialsError" in local.log(task)[0]


def test_credentials_need_the_tasks_token(local: Local) -> None:
    role = local.role("task")
    arn = local.run(local.definition(local.container("import time; time.sleep(60)"), taskRoleArn=role))
    local.wait(lambda: local.task(arn)["lastStatus"] == "RUNNING")
    url = f"{local.endpoint}/_local/ecs/credentials/{arn.rsplit('/', 1)[1]}"
    assert requests.get(url, timeout=5).status_code == 403
    metadata = requests.get(f"{local.endpoint}/_local/ecs/metadata/{arn.rsplit('/', 1)[1]}/main/task", timeout=5).json()
    assert (metadata["Family"], metadata["TaskARN"]) == ("f", arn)


def test_a_role_that_ecs_may_not_assume_stops_the_task(local: Local) -> None:
    role = local.role(
        "task",
        trust={
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
    )
    task = local.stopped(local.run(local.definition(local.container("print(1)"), taskRoleArn=role)))
    assert task["stoppedReason"].startswith("ECS was unable to assume the role")


# --- file systems ---


def file_system(local: Local, *, admits: bool = True, zone: int = 0, path: str = "/data") -> dict[str, Any]:
    efs, ec2 = local.client("efs"), local.client("ec2")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    group = ec2.create_security_group(GroupName="nfs", Description="d", VpcId=local.vpc)["GroupId"]
    if admits:
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": local.group}]}
            ],
        )
    efs.create_mount_target(FileSystemId=system, SubnetId=local.subnets[zone], SecurityGroups=[group])
    point = efs.create_access_point(
        ClientToken="p",
        FileSystemId=system,
        PosixUser={"Uid": 101, "Gid": 101},
        RootDirectory={"Path": path, "CreationInfo": {"OwnerUid": 101, "OwnerGid": 101, "Permissions": "0755"}},
    )["AccessPointId"]
    return {
        "name": "data",
        "efsVolumeConfiguration": {
            "fileSystemId": system,
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": point},
        },
    }


WRITE = (
    "import os; p = '/data/n'; n = int(open(p).read()) if os.path.exists(p) else 0; "
    "open(p, 'w').write(str(n + 1)); print('run', n + 1)"
)
MOUNT = [{"sourceVolume": "data", "containerPath": "/data"}]


def mounted(local: Local, volume: dict[str, Any]) -> dict[str, Any]:
    definition = local.definition(local.container(WRITE, mountPoints=MOUNT), volumes=[volume])
    return local.stopped(local.run(definition, networkConfiguration=local.network_of(local.subnets[:1])))


def test_a_file_system_outlives_its_tasks(local: Local) -> None:
    volume = file_system(local)
    assert local.log(mounted(local, volume)) == ["run 1"]
    assert local.log(mounted(local, volume)) == ["run 2"]
    efs, system = local.client("efs"), volume["efsVolumeConfiguration"]["fileSystemId"]
    folder = local.local_ecs.runtime.state_dir / "ecs" / "efs" / system
    assert (folder / "data" / "n").read_text() == "2"
    for target in efs.describe_mount_targets(FileSystemId=system)["MountTargets"]:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    efs.delete_file_system(FileSystemId=system)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"admits": False}, "Connection timed out"),
        ({"zone": 1}, "Failed to resolve"),
    ],
)
def test_a_file_system_out_of_reach_stops_the_task(
    local: Local,
    changes: dict[str, Any],
    expected: str,
) -> None:
    task = mounted(local, file_system(local, **changes))
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to invoke EFS utils commands")
    assert expected in task["stoppedReason"]


# --- the API's own answers ---


def test_describe_and_list(local: Local) -> None:
    definition = local.definition(local.container("import time; time.sleep(60)"))
    arn = local.run(definition)
    assert local.ecs.list_tasks(cluster="c")["taskArns"] == [arn]
    assert local.ecs.list_tasks(cluster="c", desiredStatus="STOPPED")["taskArns"] == []
    assert local.ecs.list_tasks(cluster="c", family="other")["taskArns"] == []
    answer = local.ecs.describe_tasks(cluster="c", tasks=["0123"])
    assert (answer["tasks"], answer["failures"][0]["reason"]) == ([], "MISSING")
    local.wait(lambda: local.task(arn)["lastStatus"] == "RUNNING")
    cluster = local.ecs.describe_clusters(clusters=["c"])["clusters"][0]
    assert (cluster["runningTasksCount"], cluster["capacityProviders"]) == (1, [])
    with pytest.raises(botocore.exceptions.ClientError, match="ClusterContainsTasksException"):
        local.ecs.delete_cluster(cluster="c")


def test_interfaces_of_tasks_come_and_go(local: Local) -> None:
    ec2: Any = local.client("ec2")
    arn = local.run(local.definition(local.container("import time; time.sleep(1)")))
    local.wait(lambda: local.task(arn)["lastStatus"] == "RUNNING")
    details = {item["name"]: item["value"] for item in local.task(arn)["attachments"][0]["details"]}
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])[
        "NetworkInterfaces"
    ][0]
    assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
    assert interface["Groups"][0]["GroupId"] == local.group
    local.stopped(arn)
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_the_waiter_of_botocore_ends(local: Local) -> None:
    arn = local.run(local.definition(local.container("print(1)")))
    waiter = boto3.client(
        "ecs", region_name=REGION, endpoint_url=local.endpoint, aws_access_key_id="x", aws_secret_access_key="x"
    ).get_waiter("tasks_stopped")
    waiter.wait(cluster="c", tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 10})
