# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command, and what the server offers under /_local/."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_aws import cli
from local_aws.ports import free_port

from .server_support import TESTS, Server, command


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A folder and a port for a server of the test's own, which is ended afterwards."""
    yield str(tmp_path), free_port()
    command("stop", "--state-dir", str(tmp_path))


def start(own: tuple[str, int]) -> subprocess.CompletedProcess[str]:
    return command("start", "--state-dir", own[0], "--port", str(own[1]), "--time-scale", "0.0001", check=False)


def test_from_start_to_stop(own: tuple[str, int]) -> None:
    state_dir, port = own
    assert command("status", "--state-dir", state_dir, check=False).returncode == 1
    assert start(own).stdout.strip() == f"ready: http://127.0.0.1:{port}"
    assert "runs already" in start(own).stdout
    elsewhere = command("start", "--state-dir", state_dir, "--port", str(free_port()), check=False)
    assert elsewhere.returncode == 1
    assert f"runs already on port {port}" in elsewhere.stderr
    state = json.loads(command("status", "--state-dir", state_dir).stdout)
    assert (state["port"], state["time_scale"]) == (port, 0.0001)
    assert Path(state["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    variables = command("env", "--state-dir", state_dir).stdout
    assert f"export AWS_ENDPOINT_URL='http://127.0.0.1:{port}'" in variables

    _with_an_engine(Server(state))
    children = Server(state).local("health")["children"]
    assert children
    assert command("stop", "--state-dir", state_dir).stdout.strip() == "stopped"
    assert not cli.alive(state["pid"])
    assert not any(cli.alive(int(child)) for child in children)
    assert not (Path(state_dir) / "state.json").exists()
    assert command("stop", "--state-dir", state_dir).stdout.strip() == "does not run"


def _with_an_engine(server: Server) -> None:
    """A process that must end with the server: a cache."""
    cache = server.client("elasticache")
    _, subnets, _ = server.network()
    cache.create_cache_subnet_group(CacheSubnetGroupName="g", CacheSubnetGroupDescription="d", SubnetIds=subnets)
    cache.create_replication_group(
        ReplicationGroupId="g",
        ReplicationGroupDescription="d",
        Engine="valkey",
        EngineVersion="8.0",
        CacheSubnetGroupName="g",
        TransitEncryptionEnabled=False,
    )
    describe = cache.describe_replication_groups
    server.wait(lambda: describe(ReplicationGroupId="g")["ReplicationGroups"][0]["Status"] == "available")


def test_a_port_that_is_taken(own: tuple[str, int]) -> None:
    with socket.create_server(("127.0.0.1", own[1])):
        refused = start(own)
    assert refused.returncode == 1
    assert f"Port {own[1]} of 127.0.0.1 is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_server_that_was_killed_leaves_nothing_in_the_way(own: tuple[str, int]) -> None:
    start(own)
    state = json.loads(command("status", "--state-dir", own[0]).stdout)
    _with_an_engine(Server(state))
    children = Server(state).local("health")["children"]
    os.kill(state["pid"], signal.SIGKILL)
    Server.wait(lambda: not cli.alive(state["pid"]))
    Server.wait(lambda: not any(cli.alive(int(child)) for child in children))
    assert command("status", "--state-dir", own[0], check=False).returncode == 1
    assert start(own).stdout.startswith("ready")


def test_a_stale_state_of_a_foreign_process_is_left_alone(own: tuple[str, int]) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as foreign:
        state = {
            "pid": foreign.pid,
            "guardian_pid": foreign.pid,
            "port": own[1],
            "endpoint": f"http://127.0.0.1:{own[1]}",
        }
        file = Path(own[0]) / "state.json"
        file.write_text(json.dumps(state))
        refused = command("stop", "--state-dir", own[0], check=False)
        assert refused.returncode == 1
        assert "is not a local AWS that answers" in refused.stderr
        assert foreign.poll() is None
        foreign.kill()
    file.unlink()


def test_an_empty_account_after_a_reset(own: tuple[str, int]) -> None:
    start(own)
    state = json.loads(command("status", "--state-dir", own[0]).stdout)
    server = Server(state)
    _with_an_engine(server)
    server.client("logs").create_log_group(logGroupName="/g")
    server.client("efs").create_file_system(CreationToken="t")
    assert command("reset", "--state-dir", own[0]).stdout.strip() == "empty"
    assert server.client("logs").describe_log_groups()["logGroups"] == []
    assert server.client("efs").describe_file_systems()["FileSystems"] == []
    assert server.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    server.wait(lambda: not server.local("health")["children"])
    # the same again
    server.client("efs").create_file_system(CreationToken="t")
    _with_an_engine(server)


def test_statistics(server: Server) -> None:
    server.local("stats/reset", "POST", {})
    server.client("sts").get_caller_identity()
    for _ in range(2):
        server.client("elbv2").describe_load_balancers()
    found = server.local("stats")
    assert found["calls"] == {"sts.GetCallerIdentity": 1, "elbv2.DescribeLoadBalancers": 2}
    assert found["total"] == 3
    assert set(found["seconds"]) == set(found["calls"])


def test_faults(server: Server) -> None:
    sts = server.client("sts")
    fault = {
        "service": "sts",
        "operation": "GetCallerIdentity",
        "error": "Throttling",
        "message": "Slow down",
        "count": 2,
    }
    server.local("faults", "POST", fault)
    for _ in range(2):
        with server.refuses("Throttling", "Slow down"):
            sts.get_caller_identity()
    assert sts.get_caller_identity()["Account"] == "123456789012"
    server.local("faults", "POST", {"service": "*", "operation": "*", "error": "ServiceUnavailable", "status": 503})
    with server.refuses("ServiceUnavailable"):
        sts.get_caller_identity()
    server.local("faults", "DELETE")
    sts.get_caller_identity()
    with pytest.raises(urllib.error.HTTPError) as wrong:
        server.local("faults", "POST", {"service": "sts"})
    assert wrong.value.code == 400


def test_unknown_local_paths(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        server.local("nothing")
    assert missing.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.local("reset")
    assert refused.value.code == 405


def test_the_help_names_every_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "local_aws", "--help"], cwd=TESTS, capture_output=True, text=True, check=True
    ).stdout
    for name in ("start", "stop", "status", "reset", "env"):
        assert name in shown
