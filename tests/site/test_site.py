# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, whole: site.yml twice, check mode, injected faults, destroy. Each test goes on from the last one."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
import task_results
from local_aws.engines import certificates
from playbook_runs import Run, aws_client, play_in

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("site")
NAME = "langfuse-local"
COMPONENTS = {
    "network", "secrets", "storage", "compute", "database", "cache",
    "clickhouse", "ingress", "migration", "web", "worker", "monitoring", "backup", "verify",
}  # fmt: skip


@pytest.fixture(scope="module")
def play(local_aws: dict[str, str]):
    def run(playbook: str, *options: str) -> Run:
        return play_in(REPOSITORY, local_aws, "-i", "inventories/local", f"playbooks/{playbook}.yml", *options)

    return run


@pytest.fixture
def task_log(local_aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the results of this test's runs are written, field by field."""
    folder = tmp_path_factory.getbasetemp()
    settings = {
        "ANSIBLE_CALLBACKS_ENABLED": "task_results",
        "TASK_RESULTS": str(folder / "task_results"),
    }
    local_aws.update(settings)
    yield folder / "task_results"
    for name in settings:
        del local_aws[name]


@pytest.fixture(scope="module")
def aws(local_aws: dict[str, str]):
    return partial(aws_client, local_aws)


@pytest.fixture(scope="module")
def secret_values(aws):
    """The values of the environment's secret, as AWS has them."""

    def read() -> dict[str, str]:
        secret = aws("secretsmanager").get_secret_value(SecretId=f"{NAME}/application")
        return dict(json.loads(secret["SecretString"]))

    return read


def test_bad_settings_are_refused_all_at_once_before_any_write(play, local_aws) -> None:
    run = play(
        "site",
        "-e",
        json.dumps(
            {
                "langfuse_name": "Far_Too_Long_And_With_Capitals",
                "langfuse_version": "2.95.0",
                "network_cidr": "10.42.0.0/33",
                "web_cpu": 2048,
                "web_memory": 1024,
                "langfuse_settings": {"LANGFUSE_ADMIN_API_KEY": "x" * 40},
            }
        ),
    )
    assert not run.ok
    for variable in ("langfuse_name", "langfuse_version", "network_cidr", "web_memory", "ADMIN_API_KEY"):
        assert variable in run.output, run.output[-6000:]
    writes = [
        call
        for call in local(local_aws, "stats")["calls"]
        if re.match(r"[\w-]+\.(Create|Put|Run|Register|Delete|Modify)", call)
    ]
    assert writes == []


def local(local_aws: dict[str, str], path: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    """Asks the local AWS itself, on its endpoints below /_local."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{local_aws['LOCAL_AWS_PORT']}/_local/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request) as answer:
        return dict(json.load(answer))


def test_a_component_that_fails_holds_back_the_next_stage(play, local_aws) -> None:
    fault = {
        "service": "elasticache",
        "operation": "CreateReplicationGroup",
        "error": "InsufficientCacheClusterCapacity",
        "message": "The requested cache node type is not available in the specified Availability Zone.",
        "status": 400,
    }
    local(local_aws, "faults", "POST", fault)
    run = play("site")
    local(local_aws, "faults", "DELETE")
    assert not run.ok
    assert run.failed >= {"cache"}
    assert run.says("InsufficientCacheClusterCapacity")
    assert run.says('The stage "schema" does not begin, because cache failed earlier in this run')


def test_a_run_that_is_killed_half_way(play, local_aws) -> None:
    killed = subprocess.Popen(
        ["ansible-playbook", "-i", "inventories/local", "playbooks/site.yml"],
        cwd=REPOSITORY,
        env=local_aws,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    before = local(local_aws, "stats")["calls"].get("elasticache.CreateReplicationGroup", 0)
    deadline = time.monotonic() + 300
    while local(local_aws, "stats")["calls"].get("elasticache.CreateReplicationGroup", 0) == before:
        assert killed.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """The command lines of all processes that run meanwhile (where there is /proc)."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended
                    seen.add(path.read_bytes())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        ended.set()
        looking.join()


def test_first_run_completes_what_the_killed_one_left(play, secret_values) -> None:
    with command_lines() as seen:
        run = play("site", "-vvvv")
    assert run.ok, run.output[-6000:]
    assert set(run.changed) == COMPONENTS
    assert run.says("written, processed and read back in")
    assert run.says("Background finished")
    assert not Path("/proc").exists() or any(b"ansible-playbook" in line for line in seen)
    values = secret_values()
    assert values.pop("username") == "langfuse", "what the RDS Data API wants beside the password is no secret"
    for key, value in values.items():
        assert value not in run.output, f"the value of {key} is in the output"
        assert not [line for line in seen if value.encode() in line], f"the value of {key} is a process's argument"


def test_second_run_changes_nothing(play, task_log) -> None:
    run = play("site")
    assert run.ok, run.output[-6000:]
    assert run.changed == dict.fromkeys(COMPONENTS, 0)
    task_log.rename(task_log.with_suffix(".warm"))


def test_connection_local_returns_the_same(play, task_log) -> None:
    """The run before went through llmops.langfuse.warm_local; every field of every result is the same."""
    run = play("site", "-e", "ansible_connection=local")
    assert run.ok, run.output[-6000:]
    assert run.changed == dict.fromkeys(COMPONENTS, 0)
    results, fields, differences = task_results.compare(task_log, task_log.with_suffix(".warm"))
    assert (results > 100, fields > 5000) == (True, True), (results, fields)
    assert differences == []


def test_status_tells_of_a_failed_background_migration(play, aws) -> None:
    """Through the RDS Data API, with the pair of keys that the environment's secret has for it."""
    cluster = aws("rds").describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    secret = aws("secretsmanager").describe_secret(SecretId=f"{NAME}/application")["ARN"]

    def write(statement: str) -> None:
        aws("rds-data").execute_statement(
            resourceArn=cluster["DBClusterArn"], secretArn=secret, database="langfuse", sql=statement
        )

    write(
        "INSERT INTO background_migrations (id, name, script, args, failed_at, failed_reason)"
        " VALUES ('x', 'a_migration_of_the_test', 'x', '{}', now(), 'Timeout of ClickHouse')"
    )
    try:
        run = play("status")
        assert run.ok, run.output[-6000:]
        assert run.says("failed: Background migration a_migration_of_the_test failed (Timeout of ClickHouse)")
        assert run.says("langfuse_background_migration_retry")
    finally:
        write("DELETE FROM background_migrations WHERE id = 'x'")


def test_the_database_is_restored_to_a_time(play, aws) -> None:
    """The projects of then are back, with which a trace is written and read; the database before is kept and counted."""
    rds, ecs = aws("rds"), aws("ecs")
    secret = aws("secretsmanager").describe_secret(SecretId=f"{NAME}/application")["ARN"]

    def ask(statement: str) -> list[str]:
        cluster = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
        answer = aws("rds-data").execute_statement(
            resourceArn=cluster["DBClusterArn"], secretArn=secret, database="langfuse", sql=statement
        )
        return [next(iter(row[0].values())) for row in answer.get("records", [])]

    def counts() -> set[int]:
        found = ecs.describe_services(cluster=NAME, services=["web", "worker"])["services"]
        return {service["desiredCount"] for service in found}

    ask("CREATE TABLE of_the_test AS SELECT 'before' AS word")
    time.sleep(1)
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1)
    ask("UPDATE of_the_test SET word = 'after'")
    confirmed = ("-e", f"database_restore_confirm={NAME}")
    assert play("database_restore", "-e", f"database_restore_time={moment}").says("Nothing was restored")
    refused = play("database_restore", *confirmed, "-e", "database_restore_snapshot=not-there")
    assert not refused.ok
    assert refused.says("the snapshot not-there is not in this account and region")
    assert counts() == {1}, "what is refused stops nothing"

    run = play("database_restore", *confirmed, "-e", f"database_restore_time={moment}")
    assert run.ok, run.output[-6000:]
    assert run.says("The database is restored; web and worker are stopped")
    assert counts() == {0}
    assert ask("SELECT word FROM of_the_test") == ["before"]
    ask("DROP TABLE of_the_test")
    run = play("site")
    assert run.ok, run.output[-6000:]
    assert run.says("written, processed and read back in")
    assert run.changed["migration"] >= 1, "a restored database is migrated"
    assert counts() == {1}
    replaced = [item["DBClusterIdentifier"] for item in rds.describe_db_clusters()["DBClusters"]]
    assert [name for name in replaced if name.startswith(f"{NAME}-replaced-")], "destroy at the end counts it"


@pytest.fixture
def installed(local_aws: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment in which Ansible finds the installed artifact of the collection, and nothing of the checkout."""
    subprocess.run(
        ["ansible-galaxy", "collection", "build", "--output-path", str(tmp_path)],
        cwd=REPOSITORY,
        env=local_aws,
        check=True,
    )
    environment = local_aws | {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")}
    artifact = next(tmp_path.glob("llmops-langfuse-*.tar.gz"))
    subprocess.run(
        ["ansible-galaxy", "collection", "install", "--no-deps", "-p", str(tmp_path / "collections"), str(artifact)],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    return environment


def test_check_mode_of_the_installed_artifact_predicts_no_change(installed, tmp_path) -> None:
    run = play_in(
        tmp_path, installed, "-i", str(REPOSITORY / "inventories/local"), "llmops.langfuse.site", "--check", "--diff"
    )
    assert run.ok, run.output[-6000:]
    assert run.changed == dict.fromkeys(COMPONENTS, 0)


def test_no_secret_is_on_disk(secret_values, local_aws) -> None:
    values = [value.encode() for key, value in secret_values().items() if key != "username"]
    folders = [REPOSITORY / "inventories", Path(os.path.expanduser("~/.ansible/tmp"))]
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not [value for value in values if value in content], path


@pytest.fixture
def cache_accepts(aws, local_aws):
    """Says whether the cache lets a new connection in with a password."""
    group = aws("elasticache").describe_replication_groups(ReplicationGroupId=NAME)["ReplicationGroups"][0]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    options = {"ssl": True, "ssl_ca_certs": str(certificates.ca_file(Path(local_aws["LOCAL_AWS_STATE"])))}

    def accepts(password: str) -> bool:
        with redis.Redis(host=endpoint["Address"], port=endpoint["Port"], password=password, **options) as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError:
                return False

    return accepts


def test_rotation_that_did_not_reach_the_tasks_keeps_their_password(play, secret_values, cache_accepts) -> None:
    """As when a run was stopped after the data stores; one more rotation would end what the tasks have."""
    rotate = ("-e", json.dumps({"secrets_rotate": ["REDIS_AUTH"]}))
    old = secret_values()["REDIS_AUTH"]
    run = play("site", "--limit", "secrets,cache", *rotate)
    assert run.ok, run.output[-6000:]
    assert run.changed == {"secrets": 1, "cache": 1}
    assert run.says("The cache still accepts the REDIS_AUTH before")
    new = secret_values()["REDIS_AUTH"]
    assert new != old
    assert (cache_accepts(old), cache_accepts(new)) == (True, True)
    run = play("site", "--limit", "secrets,cache", *rotate)
    assert not run.ok
    assert run.says("secrets_rotate has REDIS_AUTH, whose last rotation is not finished")
    assert secret_values()["REDIS_AUTH"] == new


def test_next_run_ends_the_rotation_after_the_tasks_were_replaced(play, aws, secret_values, cache_accepts) -> None:
    """While it runs, a client with the old password can connect until no task that has it is left."""
    client = aws("secretsmanager")
    new = secret_values()["REDIS_AUTH"]
    before = json.loads(
        client.get_secret_value(SecretId=f"{NAME}/application", VersionStage="AWSPREVIOUS")["SecretString"]
    )
    old_definitions = {
        service["taskDefinition"]
        for service in aws("ecs").describe_services(cluster=NAME, services=["web", "worker"])["services"]
    }

    def old_tasks() -> set[str]:
        ecs = aws("ecs")
        arns = [arn for name in ("web", "worker") for arn in ecs.list_tasks(cluster=NAME, serviceName=name)["taskArns"]]
        return {
            task["taskDefinitionArn"] for task in ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"]
        } & old_definitions

    seen: list[tuple[bool, set[str]]] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            tasks = old_tasks()  # first, so that a task that is seen after the end of its password was really there
            seen.append((cache_accepts(before["REDIS_AUTH"]), tasks))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        run = play("site")
    finally:
        ended.set()
        looking.join()
    assert run.ok, run.output[-6000:]
    assert (run.changed["web"], run.changed["worker"]) == (2, 2)
    assert run.changed["cache"] == 1
    assert (cache_accepts(before["REDIS_AUTH"]), cache_accepts(new)) == (False, True)
    assert len([tasks for _accepted, tasks in seen if tasks]) > 5, "the old tasks were watched"
    assert [tasks for accepted, tasks in seen if tasks and not accepted] == []
    run = play("site", "--limit", "secrets,cache,web,worker")
    assert run.changed == dict.fromkeys(("secrets", "cache", "web", "worker"), 0)


def test_wrong_cache_password_stops_the_rollout_and_is_explained(play, aws, secret_values) -> None:
    right = secret_values()
    before = aws("ecs").describe_services(cluster=NAME, services=["worker"])["services"][0]["taskDefinition"]
    wrong = right | {"REDIS_AUTH": "a-password-that-this-cache-has-never-had"}
    aws("secretsmanager").put_secret_value(SecretId=f"{NAME}/application", SecretString=json.dumps(wrong))
    try:
        run = play("site", "--limit", "worker")
        assert not run.ok
        assert "worker" in run.failed
        assert run.says("invalid username-password pair"), run.output[-6000:]
        # The deployment went back to what ran before.
        service = aws("ecs").describe_services(cluster=NAME, services=["worker"])["services"][0]
        assert service["taskDefinition"] == before
    finally:
        aws("secretsmanager").put_secret_value(SecretId=f"{NAME}/application", SecretString=json.dumps(right))


def test_missing_bucket_is_caught_by_the_trace(play) -> None:
    missing = json.dumps({"application_storage": {"bucket": "a-bucket-that-nobody-made", "region": "us-east-1"}})
    run = play("site", "--limit", "web,worker,verify", "-e", missing)
    assert not run.ok
    assert run.failed & {"verify", "web"}


def test_migration_that_fails_keeps_services_from_rolling(play) -> None:
    run = play(
        "site",
        "--limit",
        "migration,web,worker",
        "-e",
        '{"langfuse_version": "4.16.0", "langfuse_write_mode": "legacy", "clickhouse_user": "nobody-that-clickhouse-knows"}',
    )
    assert not run.ok
    assert "migration" in run.failed
    assert "Authentication failed" in run.output or "516" in run.output, run.output[-6000:]
    assert "web" not in run.failed


def test_dropped_column_is_named(play, aws, local_aws, secret_values) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{local_aws['LOCAL_AWS_CLICKHOUSE_HTTP_PORT']}/",
        data=b"ALTER TABLE traces DROP COLUMN user_id",
        headers={"X-ClickHouse-User": "langfuse", "X-ClickHouse-Key": secret_values()["CLICKHOUSE_PASSWORD"]},
    )
    urllib.request.urlopen(request).read()
    run = play("site", "--limit", "migration")
    assert not run.ok
    assert run.says("user_id")
    request.data = b"ALTER TABLE traces ADD COLUMN user_id Nullable(String)"
    urllib.request.urlopen(request).read()


FOUR = ("-e", "langfuse_version=4.16.0")


def trace_of(run: Run) -> str:
    """The trace that a run has written and read back."""
    found = re.search(r"Trace +([0-9a-f]{32}): written", run.output)
    assert found, run.output[-3000:]
    return found[1]


@pytest.fixture(scope="module")
def read(local_aws, secret_values):
    """What Langfuse's public API returns."""

    def get(path: str) -> Any:
        pair = ":".join(secret_values()[f"LANGFUSE_INIT_PROJECT_{half}_KEY"] for half in ("PUBLIC", "SECRET"))
        request = urllib.request.Request(
            f"http://127.0.0.1:{local_aws['LOCAL_AWS_INGRESS_PORT']}/api/public/{path}",
            headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return get


@pytest.fixture(scope="module")
def older() -> list[str]:
    """Traces that were written before the cut-over."""
    return []


@pytest.fixture(scope="module")
def snapshots(aws):
    def named() -> list[str]:
        found = aws("rds").describe_db_cluster_snapshots(DBClusterIdentifier=NAME, SnapshotType="manual")[
            "DBClusterSnapshots"
        ]
        return sorted(snapshot["DBClusterSnapshotIdentifier"].rpartition("-")[0] for snapshot in found)

    return named


def test_upgrade_is_refused_before_anything_where_it_would_reject_data(play, snapshots) -> None:
    run = play("upgrade", *FOUR)
    assert not run.ok
    assert run.says("From Langfuse 3.225.4 to 4.16.0 the write mode has to be chosen")
    assert run.says("set langfuse_write_mode to legacy")
    assert set(run.changed.values()) == {0}
    assert snapshots() == []


def test_upgrade_backs_up_and_goes_to_langfuse_4_with_all_as_it_is(play, snapshots, read, older) -> None:
    run = play("upgrade", *FOUR, "-e", "langfuse_write_mode=legacy")
    assert run.ok, run.output[-6000:]
    assert run.says("From Langfuse 3.225.4 to 4.16.0 (major)")
    assert run.says("Not backed up: ClickHouse, which has no backups of its own")
    assert run.says("then set langfuse_write_mode to dual")
    assert snapshots() == [f"{NAME}-before-4-16-0"]
    older.append(trace_of(run))
    assert read(f"traces/{older[0]}")["name"] == "llmops.langfuse roundtrip"


def test_way_back_to_langfuse_3_leaves_the_schema(play, snapshots, read, older) -> None:
    run = play("site", "--limit", "migration,web,worker")
    assert not run.ok
    assert run.says("put rollback into langfuse_upgrade_accept")
    run = play("upgrade", "-e", '{"langfuse_upgrade_accept": ["rollback"]}')
    assert run.ok, run.output[-6000:]
    assert run.says("Nothing is migrated: the schema is that of docker.io/langfuse/langfuse:4.16.0")
    assert (run.changed["migration"], run.changed["web"], run.changed["worker"]) == (0, 2, 2)
    assert snapshots() == [f"{NAME}-before-3-225-4", f"{NAME}-before-4-16-0"]
    older.append(trace_of(run))
    for trace in older:
        assert read(f"traces/{trace}")["id"] == trace


def test_cut_over_brings_what_is_older_along(play, read, older) -> None:
    cut_over = (*FOUR, "-e", "langfuse_write_mode=events_only")
    run = play("upgrade", *cut_over, "-e", "langfuse_upgrade_backup=false")
    assert run.ok, run.output[-6000:]
    assert run.says("Background finished")
    for trace in (*older, trace_of(run)):
        assert {row["traceId"] for row in read(f"v2/observations?traceId={trace}")["data"]} == {trace}
    run = play("upgrade", *cut_over)
    assert run.ok, run.output[-6000:]
    assert run.says("Nothing is to be upgraded")
    assert set(run.changed.values()) == {0}


def test_no_way_back_after_the_cut_over(play) -> None:
    run = play("upgrade", *FOUR, "-e", "langfuse_write_mode=dual")
    assert not run.ok
    assert run.says("is in the new tables alone")
    run = play("upgrade")
    assert not run.ok
    assert run.says("so 3.225.4 would show nothing that came in since the cut-over")


def test_destroy_refuses_without_confirmation(play) -> None:
    run = play("destroy")
    assert not run.ok
    assert run.says("langfuse_destroy_confirm")


def test_destroy_refuses_where_deletion_protection_is_on(play, aws) -> None:
    aws("rds").modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=True, ApplyImmediately=True)
    run = play("destroy", "-e", f"langfuse_destroy_confirm={NAME}")
    assert not run.ok
    assert run.says("database_deletion_protection")
    aws("rds").modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=False, ApplyImmediately=True)


def test_alarms_watch_what_there_is(aws) -> None:
    """With other dimensions than what is published an alarm never gets any data."""
    alarms = {
        alarm["AlarmName"].removeprefix(f"{NAME}/"): {item["Name"]: item["Value"] for item in alarm["Dimensions"]}
        for alarm in aws("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}/")["MetricAlarms"]
    }
    balancer = aws("elbv2").describe_load_balancers(Names=[NAME])["LoadBalancers"][0]["LoadBalancerArn"]
    targets = aws("elbv2").describe_target_groups(Names=[f"{NAME}-web"])["TargetGroups"][0]["TargetGroupArn"]
    assert f":loadbalancer/{alarms['web-5xx']['LoadBalancer']}" in balancer
    assert targets.endswith(f":{alarms['web-5xx']['TargetGroup']}")
    nodes = aws("elasticache").describe_replication_groups(ReplicationGroupId=NAME)["ReplicationGroups"][0]
    assert [alarms["cache-memory"]["CacheClusterId"]] == nodes["MemberClusters"]
    files = aws("efs").describe_file_systems(CreationToken=f"{NAME}-clickhouse")["FileSystems"][0]["FileSystemId"]
    assert alarms["file-system-io"] == {"FileSystemId": files}
    assert alarms["worker-tasks"] == {"ClusterName": NAME, "ServiceName": "worker"}
    assert alarms["database-capacity"] == {"DBClusterIdentifier": NAME}
    assert alarms["backup-failed"] == {"BackupVaultName": NAME}


def test_destroy_leaves_nothing(play, aws) -> None:
    backup = aws("backup")
    backup.start_backup_job(
        BackupVaultName=NAME,
        ResourceArn=f"arn:aws:rds:us-east-1:123456789012:cluster:{NAME}",
        IamRoleArn=f"arn:aws:iam::123456789012:role/{NAME}-us-east-1-backup",
    )
    deadline = time.monotonic() + 60
    while (
        backup.list_recovery_points_by_backup_vault(BackupVaultName=NAME)["RecoveryPoints"][0]["Status"] == "CREATING"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    run = play("destroy", "-e", f"langfuse_destroy_confirm={NAME}")
    assert run.ok, run.output[-6000:]
    assert run.says(f"Nothing is left of {NAME}: 0 resources.")
