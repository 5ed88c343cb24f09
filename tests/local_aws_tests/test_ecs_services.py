# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services of the local ECS: deployments, load balancing, naming, failing and going away."""

from __future__ import annotations

import concurrent.futures
import time
from typing import Any

import botocore.exceptions
import pytest
import requests
from local_aws.ports import free_port

from .ecs_support import SERVER, Local

SLEEP = "import time; print('up'); time.sleep(600)"
CHECKED: dict[str, Any] = {
    "command": ["CMD-SHELL", "wget -q -O - http://localhost:3000/ | grep -q hello || exit 1"],
    "interval": 5,
    "timeout": 2,
    "retries": 2,
}


def server(
    local: Local,
    *,
    code: str = SERVER,
    env: dict[str, str] | None = None,
    check: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    container = local.container(
        code,
        portMappings=[{"containerPort": 3000, "protocol": "tcp"}],
        environment=[{"name": name, "value": value} for name, value in (env or {}).items()],
        **({"healthCheck": check} if check else {}),
    )
    return local.definition(container, **changes)


def balanced(local: Local, port: int | None = None) -> dict[str, Any]:
    """A load balancer with one listener and one target group."""
    elb, ec2 = local.client("elbv2"), local.client("ec2")
    outside = ec2.create_security_group(GroupName="lb", Description="d", VpcId=local.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=local.group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "UserIdGroupPairs": [{"GroupId": outside}]}
        ],
    )
    balancer = elb.create_load_balancer(Name="lb", Subnets=local.subnets, SecurityGroups=[outside])["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="tg",
        Protocol="HTTP",
        Port=3000,
        VpcId=local.vpc,
        TargetType="ip",
        HealthCheckPath="/",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    )
    port = port or free_port()
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]
    return {
        "arn": balancer["LoadBalancerArn"],
        "dns": balancer["DNSName"],
        "group": group,
        "port": port,
        "outside": outside,
        "listener": listener["ListenerArn"],
        "url": f"http://{balancer['DNSName']}:{port}/",
        "service": {"loadBalancers": [{"targetGroupArn": group, "containerName": "main", "containerPort": 3000}]},
    }


def tasks(local: Local, status: str = "RUNNING") -> list[dict[str, Any]]:
    arns = local.ecs.list_tasks(cluster="c", serviceName="s", desiredStatus=status)["taskArns"]
    return local.ecs.describe_tasks(cluster="c", tasks=arns, include=["TAGS"])["tasks"] if arns else []


def test_a_service_reaches_its_steady_state(local: Local) -> None:
    created = local.create_service(
        local.definition(local.container(SLEEP)),
        desiredCount=2,
        propagateTags="SERVICE",
        tags=[{"key": "a", "value": "b"}],
    )
    primary = created["deployments"][0]
    assert (created["status"], primary["status"], primary["rolloutState"]) == ("ACTIVE", "PRIMARY", "IN_PROGRESS")
    assert (created["runningCount"], primary["desiredCount"]) == (0, 2)
    assert created["deploymentConfiguration"]["maximumPercent"] == 200
    assert created["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    assert (created["availabilityZoneRebalancing"], created["schedulingStrategy"]) == ("ENABLED", "REPLICA")
    assert "healthCheckGracePeriodSeconds" not in created
    service = local.settled()
    primary = service["deployments"][0]
    assert primary["rolloutStateReason"] == f"ECS deployment {primary['id']} completed."
    assert (service["pendingCount"], primary["failedTasks"], service["tags"]) == (0, 0, [{"key": "a", "value": "b"}])
    assert service["events"][0]["message"] == "(service s) has reached a steady state."
    running = tasks(local)
    assert {task["startedBy"] for task in running} == {primary["id"]}
    assert {task["group"] for task in running} == {"service:s"}
    assert running[0]["tags"] == [{"key": "a", "value": "b"}]
    assert len({task["availabilityZone"] for task in running}) == 2
    without = local.ecs.describe_services(cluster="c", services=["s"])["services"][0]
    assert "tags" not in without


def test_a_stopped_task_is_replaced(local: Local) -> None:
    local.create_service(local.definition(local.container(SLEEP)))
    local.settled()
    first = tasks(local)[0]["taskArn"]
    local.ecs.stop_task(cluster="c", task=first)
    local.wait(lambda: [task for task in tasks(local) if task["taskArn"] != first and task["lastStatus"] == "RUNNING"])
    assert local.service()["deployments"][0]["failedTasks"] == 0


def test_scaling_starts_and_stops_tasks(local: Local) -> None:
    local.create_service(local.definition(local.container(SLEEP)), desiredCount=0)
    assert local.settled()["runningCount"] == 0
    local.ecs.update_service(cluster="c", service="s", desiredCount=2)
    local.wait(lambda: local.service()["runningCount"] == 2)
    assert len(local.service()["deployments"]) == 1
    local.ecs.update_service(cluster="c", service="s", desiredCount=1)
    local.wait(lambda: local.service()["runningCount"] == 1)
    stopped = local.wait(lambda: [task for task in tasks(local, "STOPPED") if task["lastStatus"] == "STOPPED"])
    assert stopped[0]["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped[0]["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")


def overlap(local: Local, **configuration: int) -> int:
    """The most processes at once during a deployment."""
    local.create_service(local.definition(local.container(SLEEP)), deploymentConfiguration=configuration)
    local.settled()
    second = local.definition(local.container(SLEEP))
    local.ecs.update_service(cluster="c", service="s", taskDefinition=second)
    most = 0

    def done() -> bool:
        nonlocal most
        backend = next(iter(local.local_ecs.scheduler._backends()))
        live = [
            container.process.popen.poll() is None
            for task in backend.tasks["c"].values()
            for container in task.containers
            if container.process
        ]
        most = max(most, sum(live))
        service = local.service()
        return (
            service["deployments"][0]["rolloutState"] == "COMPLETED"
            and len(service["deployments"]) == 1
            and service["taskDefinition"] == second
        )

    local.wait(done, 30)
    return most


def test_a_rolling_deployment_starts_the_new_task_first(local: Local) -> None:
    assert overlap(local, minimumHealthyPercent=100, maximumPercent=200) == 2


def test_nought_and_hundred_stops_the_old_task_first(local: Local) -> None:
    assert overlap(local, minimumHealthyPercent=0, maximumPercent=100) == 1


def test_hundred_and_hundred_is_stuck_and_says_so(local: Local) -> None:
    local.create_service(
        local.definition(local.container(SLEEP)),
        availabilityZoneRebalancing="DISABLED",
        deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 100},
    )
    local.settled()
    local.ecs.update_service(cluster="c", service="s", forceNewDeployment=True)
    local.wait(lambda: any("because of the service deployment configuration" in text for text in local.messages()))
    assert local.service()["deployments"][0]["runningCount"] == 0


def test_the_same_task_definition_is_no_deployment(local: Local) -> None:
    definition = local.definition(local.container(SLEEP))
    first = local.create_service(definition)["deployments"][0]["id"]
    local.settled()
    local.ecs.update_service(cluster="c", service="s", taskDefinition=definition, networkConfiguration=local.network)
    assert [item["id"] for item in local.service()["deployments"]] == [first]
    local.ecs.update_service(cluster="c", service="s", forceNewDeployment=True)
    assert len(local.service()["deployments"]) == 2


# --- failing ---

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def test_the_circuit_breaker_rolls_back(local: Local) -> None:
    good = local.definition(local.container(SLEEP))
    local.create_service(good, deploymentConfiguration=BREAKER)
    first = local.settled()["deployments"][0]["id"]
    bad = local.definition(local.container("raise SystemExit(1)"))
    local.ecs.update_service(cluster="c", service="s", taskDefinition=bad)
    local.wait(lambda: any("rolling back to (deployment" in text for text in local.messages()))
    failed = next(item for item in local.service()["deployments"] if item["taskDefinition"] == bad)
    assert (failed["rolloutState"], failed["status"]) == ("FAILED", "ACTIVE")
    assert failed["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    service = local.settled()
    assert (service["taskDefinition"], service["deployments"][0]["id"]) == (good, first)
    assert any(text.endswith("deployment failed: tasks failed to start.") for text in local.messages())


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to(local: Local) -> None:
    local.create_service(local.definition(local.container("raise SystemExit(1)")), deploymentConfiguration=BREAKER)
    local.wait(lambda: local.service()["deployments"][0]["rolloutState"] == "FAILED")
    service = local.wait(lambda: local.service() if not tasks(local) else None)
    assert (service["status"], service["deployments"][0]["status"], service["runningCount"]) == ("ACTIVE", "PRIMARY", 0)
    assert service["deployments"][0]["failedTasks"] == 3


def test_without_a_breaker_a_deployment_goes_on_for_ever(local: Local) -> None:
    local.create_service(local.definition(local.container("raise SystemExit(1)")))
    local.wait(lambda: local.service()["deployments"][0]["failedTasks"] > 3)
    assert local.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_role_without_trust_is_an_event(local: Local) -> None:
    role = local.role("task", trust={"Version": "2012-10-17", "Statement": []})
    local.create_service(local.definition(local.container(SLEEP), taskRoleArn=role))
    local.wait(lambda: any("ECS was unable to assume the role" in text for text in local.messages()))


def test_container_health_decides(local: Local) -> None:
    local.create_service(server(local, check=CHECKED))
    service = local.settled()
    task = tasks(local)[0]
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")
    sick = server(local, env={"BROKEN": "1"}, check=CHECKED)
    local.ecs.update_service(cluster="c", service="s", taskDefinition=sick)
    local.wait(lambda: any("failed container health checks" in text for text in local.messages()), 30)
    assert local.service()["deployments"][0]["failedTasks"] >= 1
    assert tasks(local)[0]["taskDefinitionArn"] or service
    stopped = local.wait(lambda: tasks(local, "STOPPED"))
    assert stopped[0]["stoppedReason"] == "Task failed container health checks"


# --- load balancer ---


def test_the_load_balancer_reaches_the_task(local: Local) -> None:
    front = balanced(local)
    assert front["dns"] == "127.0.0.1"
    assert requests.get(front["url"], timeout=5).status_code == 503
    local.create_service(server(local, env={"ANSWER": "first"}), **front["service"])
    service = local.settled()
    assert service["healthCheckGracePeriodSeconds"] == 0
    assert requests.get(front["url"], timeout=5).text == "first"
    health = local.client("elbv2").describe_target_health(TargetGroupArn=front["group"])["TargetHealthDescriptions"]
    address = next(
        item["value"] for item in tasks(local)[0]["attachments"][0]["details"] if item["name"] == "privateIPv4Address"
    )
    assert [(item["Target"], item["TargetHealth"]["State"]) for item in health] == [
        ({"Id": address, "Port": 3000}, "healthy")
    ]
    assert any("registered 1 targets in (target-group" in text for text in local.messages())


def test_a_network_load_balancer_keeps_to_the_first_service(local: Local) -> None:
    elb, port = local.client("elbv2"), free_port()
    local.client("ec2").authorize_security_group_ingress(
        GroupId=local.group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )
    balancer = elb.create_load_balancer(Name="net", Type="network", Scheme="internal", Subnets=local.subnets)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert {"Key": "load_balancing.cross_zone.enabled", "Value": "false"} in attributes
    settings = {"Protocol": "TCP", "Port": 3000, "VpcId": local.vpc, "TargetType": "ip"}
    checks = {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/", "HealthCheckIntervalSeconds": 6}
    made = elb.create_target_group(Name="net", HealthCheckTimeoutSeconds=2, **settings, **checks)
    group = made["TargetGroups"][0]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=port, DefaultActions=[action])
    targets = [{"targetGroupArn": group, "containerName": "main", "containerPort": 3000}]
    for name in ("b", "a"):
        local.create_service(server(local, env={"ANSWER": name}), name, loadBalancers=targets)
        local.settled(name)

    def answer() -> str:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).text

    assert {answer() for _ in range(4)} == {"a"}
    local.ecs.update_service(cluster="c", service="a", desiredCount=0)
    local.settled("a")
    assert answer() == "b"


def test_a_rolling_deployment_drops_no_request(local: Local) -> None:
    front = balanced(local)
    local.create_service(server(local, env={"ANSWER": "first"}), **front["service"])
    local.settled()
    going = True

    def ask() -> list[tuple[int, str]]:
        seen = []
        with requests.Session() as session:
            while going:
                answer = session.get(front["url"], timeout=5)
                seen.append((answer.status_code, answer.text))
                time.sleep(0.02)
        return seen

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asking = pool.submit(ask)
        local.ecs.update_service(cluster="c", service="s", taskDefinition=server(local, env={"ANSWER": "second"}))
        local.settled()
        going = False
        seen = asking.result()
    assert {status for status, _ in seen} == {200}
    assert (seen[0][1], seen[-1][1]) == ("first", "second")


def test_an_unhealthy_target_is_replaced(local: Local) -> None:
    front = balanced(local)
    local.create_service(server(local, env={"BROKEN": "1"}), **front["service"])
    local.wait(lambda: any("(port 3000) is unhealthy in (target-group" in text for text in local.messages()), 30)
    message = next(text for text in local.messages() if "is unhealthy" in text)
    assert message.endswith("due to (reason Health checks failed with these codes: [500]).")
    stopped = local.wait(lambda: tasks(local, "STOPPED"))
    assert stopped[0]["stoppedReason"].startswith("Task failed ELB health checks in (target-group")
    assert requests.get(front["url"], timeout=5).status_code == 503


def test_a_closed_security_group_times_out(local: Local) -> None:
    front = balanced(local)
    local.client("ec2").revoke_security_group_ingress(
        GroupId=local.group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "UserIdGroupPairs": [{"GroupId": front["outside"]}]}
        ],
    )
    local.create_service(server(local), **front["service"])

    def timed_out() -> bool:
        found = local.client("elbv2").describe_target_health(TargetGroupArn=front["group"])["TargetHealthDescriptions"]
        return any(item["TargetHealth"].get("Reason") == "Target.Timeout" for item in found)

    local.wait(timed_out, 30)


def test_a_listeners_port_opens_and_closes(local: Local) -> None:
    front = balanced(local)
    elb = local.client("elbv2")
    with pytest.raises(botocore.exceptions.ClientError, match="cannot listen on port"):
        other = elb.create_load_balancer(Name="other", Subnets=local.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        elb.create_listener(
            LoadBalancerArn=other,
            Protocol="HTTP",
            Port=front["port"],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": front["group"]}],
        )
    assert elb.describe_listeners(LoadBalancerArn=other)["Listeners"] == []
    elb.delete_listener(ListenerArn=front["listener"])
    with pytest.raises(requests.ConnectionError):
        requests.get(front["url"], timeout=5)


def test_rules_of_a_listener(local: Local) -> None:
    front = balanced(local)
    local.client("elbv2").create_rule(
        ListenerArn=front["listener"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/admin/*"]}],
        Actions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no", "ContentType": "text/plain"},
            }
        ],
    )
    answer = requests.get(front["url"] + "admin/x", timeout=5)
    assert (answer.status_code, answer.text) == (403, "no")
    assert requests.get(front["url"], timeout=5).status_code == 503


def test_a_target_group_without_weight_gets_nothing(local: Local) -> None:
    front, elb = balanced(local), local.client("elbv2")
    other = elb.create_target_group(Name="other", Protocol="HTTP", Port=3000, VpcId=local.vpc, TargetType="ip")
    arn = other["TargetGroups"][0]["TargetGroupArn"]

    def shared(first: int, second: int) -> list[dict[str, Any]]:
        groups = [{"TargetGroupArn": front["group"], "Weight": first}, {"TargetGroupArn": arn, "Weight": second}]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]

    def statuses(path: str) -> list[int]:
        return [requests.get(front["url"] + path, timeout=5).status_code for _ in range(4)]

    local.create_service(server(local), **front["service"])
    local.wait(lambda: requests.get(front["url"], timeout=5).status_code == 200, what="a healthy target")
    rule = elb.create_rule(
        ListenerArn=front["listener"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/shared*"]}],
        Actions=shared(1, 0),
    )["Rules"][0]["RuleArn"]
    assert 503 not in statuses("shared")
    # ECS takes a group that a load balancer knows.
    taken = {"targetGroupArn": arn, "containerName": "main", "containerPort": 3000}
    local.create_service(server(local), "second", desiredCount=0, loadBalancers=[taken])
    # Half of the requests go where nobody is.
    elb.modify_rule(RuleArn=rule, Actions=shared(1, 1))
    assert statuses("shared").count(503) == 2
    elb.modify_rule(RuleArn=rule, Actions=shared(0, 1))
    assert set(statuses("shared")) == {503}


@pytest.mark.parametrize(
    ("ranges", "pattern", "path", "status"),
    [
        (["192.0.2.0/24", "127.0.0.0/8"], "/x*", "x/y", 418),
        (["192.0.2.0/24"], "/x*", "x/y", 503),
        # Brackets stand for themselves, and capitals for capitals.
        (["127.0.0.1/32"], "/[x]*", "x", 503),
        (["127.0.0.1/32"], "/x*", "X", 503),
    ],
)
def test_sources_and_patterns(local: Local, ranges: list[str], pattern: str, path: str, status: int) -> None:
    front = balanced(local)
    local.client("elbv2").create_rule(
        ListenerArn=front["listener"],
        Priority=1,
        Conditions=[
            {"Field": "path-pattern", "Values": [pattern]},
            {"Field": "source-ip", "SourceIpConfig": {"Values": ranges}},
        ],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}],
    )
    assert requests.get(front["url"] + path, timeout=5).status_code == status


# --- Cloud Map ---


def named(local: Local) -> dict[str, Any]:
    cloud_map = local.client("servicediscovery")
    operation = cloud_map.create_private_dns_namespace(Name="x.internal", Vpc=local.vpc)["OperationId"]
    space = cloud_map.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"]
    return dict(
        cloud_map.create_service(
            Name="db",
            NamespaceId=space,
            DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
            HealthCheckCustomConfig={"FailureThreshold": 1},
        )["Service"]
    )


def test_cloud_map_names_tasks_that_are_well(local: Local) -> None:
    service = named(local)
    resolve = f"{local.endpoint}/_local/resolve?name=db.x.internal"
    assert requests.get(resolve, timeout=5).status_code == 404
    port = free_port()
    code = SERVER.replace("LOCAL_AWS_PORT_3000", f"LOCAL_AWS_PORT_{port}")
    container = local.container(
        code,
        portMappings=[{"containerPort": port}],
        healthCheck={**CHECKED, "command": ["CMD", "wget", "-qO-", f"http://127.0.0.1:{port}/"]},
    )
    local.create_service(local.definition(container), serviceRegistries=[{"registryArn": service["Arn"]}])
    local.settled()
    assert requests.get(resolve, timeout=5).json() == {"addresses": ["127.0.0.1"]}
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).text == "hello"
    instance = local.client("servicediscovery").list_instances(ServiceId=service["Id"])["Instances"][0]
    assert instance["Attributes"]["ECS_SERVICE_NAME"] == "s"
    assert instance["Attributes"]["AWS_INSTANCE_IPV4"].startswith("10.7.")
    local.ecs.delete_service(cluster="c", service="s", force=True)
    local.wait(lambda: requests.get(resolve, timeout=5).status_code == 404)
    assert local.client("servicediscovery").list_instances(ServiceId=service["Id"])["Instances"] == []


# --- going away, coming again ---


def test_a_deleted_service_drains_and_becomes_inactive(local: Local) -> None:
    definition = local.definition(local.container(SLEEP))
    local.create_service(definition)
    local.settled()
    with pytest.raises(botocore.exceptions.ClientError, match="cannot be stopped while it is scaled above 0"):
        local.ecs.delete_service(cluster="c", service="s")
    deleted = local.ecs.delete_service(cluster="c", service="s", force=True)["service"]
    assert (deleted["status"], deleted["desiredCount"]) == ("DRAINING", 0)
    with pytest.raises(botocore.exceptions.ClientError, match="Unable to Start a service that is still Draining"):
        local.create_service(definition)
    with pytest.raises(botocore.exceptions.ClientError, match="ServiceNotActiveException"):
        local.ecs.update_service(cluster="c", service="s", desiredCount=1)
    with pytest.raises(botocore.exceptions.ClientError, match="ClusterContainsServicesException"):
        local.ecs.delete_cluster(cluster="c")
    local.wait(lambda: local.service()["status"] == "INACTIVE")
    assert tasks(local) == []
    assert local.ecs.list_services(cluster="c")["serviceArns"] == []
    with pytest.raises(botocore.exceptions.ClientError, match="ServiceNotFoundException"):
        local.ecs.delete_service(cluster="c", service="s")
    assert local.ecs.delete_cluster(cluster="c")["cluster"]["status"] == "INACTIVE"
    with pytest.raises(botocore.exceptions.ClientError, match="ClusterNotFoundException"):
        local.ecs.list_services(cluster="c")
    local.ecs.create_cluster(clusterName="c")
    assert local.create_service(definition)["status"] == "ACTIVE"


def test_a_second_create_must_be_the_same(local: Local) -> None:
    definition = local.definition(local.container(SLEEP))
    first = local.create_service(definition)
    assert local.create_service(definition)["deployments"][0]["id"] == first["deployments"][0]["id"]
    with pytest.raises(botocore.exceptions.ClientError, match="Creation of service was not idempotent"):
        local.create_service(definition, desiredCount=3)


def test_services_come_in_pages_of_ten(local: Local) -> None:
    definition = local.definition(local.container(SLEEP))
    for number in range(11):
        local.create_service(definition, name=f"s{number}", desiredCount=0)
    first = local.ecs.list_services(cluster="c")
    assert len(first["serviceArns"]) == 10
    assert len(local.ecs.list_services(cluster="c", nextToken=first["nextToken"])["serviceArns"]) == 1
    with pytest.raises(botocore.exceptions.ClientError, match="cannot have more than 10 elements"):
        local.ecs.describe_services(cluster="c", services=[f"s{number}" for number in range(11)])


def test_capacity_providers(local: Local) -> None:
    definition = local.definition(local.container(SLEEP))
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    with pytest.raises(botocore.exceptions.ClientError, match="capacity provider 'FARGATE_SPOT' was not found"):
        local.ecs.create_service(
            cluster="c",
            serviceName="s",
            taskDefinition=definition,
            desiredCount=1,
            capacityProviderStrategy=strategy,
            networkConfiguration=local.network,
        )
    local.ecs.put_cluster_capacity_providers(
        cluster="c", capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    with pytest.raises(botocore.exceptions.ClientError, match="UpdateInProgressException"):
        local.ecs.put_cluster_capacity_providers(
            cluster="c", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
        )
    service = local.ecs.create_service(
        cluster="c",
        serviceName="s",
        taskDefinition=definition,
        desiredCount=1,
        capacityProviderStrategy=strategy,
        networkConfiguration=local.network,
    )["service"]
    assert "launchType" not in service
    assert service["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"
    local.settled()
    assert tasks(local)[0]["capacityProviderName"] == "FARGATE_SPOT"


def test_the_tagging_api_lists_what_exists(local: Local) -> None:
    local.create_service(local.definition(local.container(SLEEP)), tags=[{"key": "a", "value": "b"}], desiredCount=0)
    tagging = local.client("resourcegroupstaggingapi")

    def listed() -> list[str]:
        found = tagging.get_resources(TagFilters=[{"Key": "a"}], ResourceTypeFilters=["ecs:service"])
        return [item["ResourceARN"] for item in found["ResourceTagMappingList"]]

    assert listed() == [local.service()["serviceArn"]]
    local.ecs.tag_resource(resourceArn=local.service()["serviceArn"], tags=[{"key": "c", "value": "d"}])
    assert {"key": "c", "value": "d"} in local.service()["tags"]
    local.ecs.delete_service(cluster="c", service="s", force=True)
    local.wait(lambda: local.service()["status"] == "INACTIVE")
    assert listed() == []
