# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the role clickhouse that take and measure a node's volume, run with stand-ins of the programs that they call."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
TEMPLATE = REPOSITORY / "roles/clickhouse/templates/node.sh.j2"
CLICKHOUSE, MONITORING = (
    yaml.safe_load((REPOSITORY / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))
    for role in ("clickhouse", "monitoring")
)
DEVICE = "nvme-Amazon_Elastic_Block_Store_vol0123"
# Each program writes down how it was called; what it answers is in files that a test makes.
PROGRAM = """#!/bin/bash
echo "$(basename "$0") $*" >> "$STATE/calls"
case "$(basename "$0") $*" in
  "curl "*/api/token) echo token ;;
  "curl "*/instance-id) echo i-1 ;;
  "curl "*/availability-zone) echo eu-central-1b ;;
  "mountpoint "*) [ -e "$STATE/mounted" ] ;;
  "aws ec2 describe-volumes"*--volume-ids*) cat "$STATE/holder" ;;
  "aws ec2 describe-volumes"*) cat "$STATE/volumes" ;;
  "aws ec2 attach-volume"*) touch "$STATE/devices/@DEVICE@" ;;
  "aws cloudwatch put-metric-data"*) [ ! -e "$STATE/silent" ] || { echo "Could not connect" >&2; exit 254; } ;;
  "df "*) printf 'Use%%\n %s%%\n' "$(cat "$STATE/used")" ;;
  "blkid "*) exit "$(cat "$STATE/blkid")" ;;
esac
""".replace("@DEVICE@", DEVICE)


def rendered() -> str:
    return jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), undefined=jinja2.StrictUndefined).render(
        __clickhouse_node={"name": "staging-clickhouse-1", "attribute": "clickhouse-1"},
        __clickhouse_mount_point="/mnt/clickhouse",
        __clickhouse_uid=101,
        clickhouse_cluster="staging",
        __clickhouse_metric_namespace="Langfuse/staging",
        __clickhouse_volume_metric=CLICKHOUSE["__clickhouse_volume_metric"],
        clickhouse_region="eu-central-1",
    )


class Host:
    """An instance as the script sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = re.findall(
            r"^cat > /usr/local/sbin/(\S+) <<'SCRIPT'\n(.*?)^SCRIPT$", rendered(), re.DOTALL | re.MULTILINE
        )
        assert [name for name, _ in found] == ["langfuse-volume", "langfuse-volume-used"]
        for name, script in found:
            (folder / name).write_text(script)
        (folder / "bin").mkdir()
        (folder / "devices").mkdir()
        names = (
            "curl",
            "mountpoint",
            "aws",
            "blkid",
            "mkfs.xfs",
            "mount",
            "mkdir",
            "chown",
            "xfs_growfs",
            "dnf",
            "sleep",
            "seq",
            "df",
        )
        for name in names:
            (folder / "bin" / name).write_text(PROGRAM)
            (folder / "bin" / name).chmod(0o755)
        self.has(volumes="vol-0123", holder="", blkid="2")

    def has(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def run(self, script: str = "langfuse-volume") -> tuple[int, list[str], str]:
        """Exit code, the calls without the questions to the metadata, and what was said."""
        # Without what this machine has of the AWS CLI.
        path = [item for item in os.environ["PATH"].split(":") if not Path(item, "aws").exists()]
        environment = {
            "PATH": ":".join([f"{self.folder}/bin", *path]),
            "STATE": str(self.folder),
            "LANGFUSE_DEVICES": str(self.folder / "devices"),
        }
        done = subprocess.run(
            ["bash", str(self.folder / script)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        calls = (self.folder / "calls").read_text().splitlines()
        return done.returncode, [call for call in calls if not call.startswith("curl")], done.stderr


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def names(calls: list[str]) -> list[str]:
    """The programs, with the operation for the AWS CLI."""
    return [call.split()[2] if call.startswith("aws ec2") and "wait" not in call else call.split()[0] for call in calls]


def test_a_new_volume_is_attached_formatted_and_mounted(host: Host) -> None:
    code, calls, _ = host.run()
    assert code == 0
    wanted = [call for call in calls if not call.startswith(("seq", "sleep"))]
    assert names(wanted) == [
        *("mountpoint", "describe-volumes", "describe-volumes", "aws", "attach-volume", "aws"),
        *("blkid", "mkfs.xfs", "mkdir", "mount", "chown", "xfs_growfs"),
    ]
    assert "aws ec2 wait volume-available --volume-ids vol-0123" in calls
    assert "aws ec2 attach-volume --volume-id vol-0123 --instance-id i-1 --device /dev/sdf" in calls
    device = host.folder / "devices" / DEVICE
    assert f"mkfs.xfs {device}" in calls
    assert f"mount -t xfs -o noatime {device} /mnt/clickhouse" in calls
    assert "chown 101:101 /mnt/clickhouse" in calls
    assert "Name=tag:Name,Values=staging-clickhouse-1" in calls[1]
    assert "Name=availability-zone,Values=eu-central-1b" in calls[1]


def test_a_volume_with_data_is_not_formatted(host: Host) -> None:
    host.has(blkid="0")
    code, calls, _ = host.run()
    assert code == 0
    assert not any(call.startswith("mkfs") for call in calls)
    assert any(call.startswith("mount -t xfs") for call in calls)


@pytest.mark.parametrize("status", ["1", "4", "8"])
def test_what_blkid_cannot_tell_is_not_formatted_either(host: Host, status: str) -> None:
    host.has(blkid=status)
    code, calls, said = host.run()
    assert code == 1
    assert f"exit code {status}" in said
    assert not any(call.startswith(("mkfs", "mount -t")) for call in calls)


@pytest.mark.parametrize("volumes", ["", "vol-0123 vol-4567"])
def test_one_volume_and_no_other_number(host: Host, volumes: str) -> None:
    host.has(volumes=volumes)
    code, calls, said = host.run()
    assert code == 1
    assert "There must be one volume staging-clickhouse-1 in eu-central-1b" in said
    assert not any("attach-volume" in call for call in calls)


def test_after_a_reboot_the_volume_is_there_already(host: Host) -> None:
    host.has(holder="i-1", blkid="0")
    (host.folder / "devices" / DEVICE).touch()
    code, calls, _ = host.run()
    assert code == 0
    assert not any("attach-volume" in call or "wait volume-available" in call for call in calls)
    assert any(call.startswith("mount -t xfs") for call in calls)


def test_every_five_minutes_it_only_grows(host: Host) -> None:
    (host.folder / "mounted").touch()
    assert host.run()[:2] == (0, ["mountpoint -q /mnt/clickhouse", "xfs_growfs -d /mnt/clickhouse"])


def test_a_device_that_does_not_appear_is_an_error(host: Host) -> None:
    host.has(holder="i-1")
    code, calls, said = host.run()
    assert code == 1
    assert "does not appear" in said
    assert not any(call.startswith(("blkid", "mkfs")) for call in calls)


def test_how_full_the_volume_is_goes_to_cloudwatch(host: Host) -> None:
    host.has(mounted="", used="81")
    code, calls, _ = host.run("langfuse-volume-used")
    assert code == 0
    assert calls == [
        "mountpoint -q /mnt/clickhouse",
        "df --output=pcent /mnt/clickhouse",
        "aws cloudwatch put-metric-data --namespace Langfuse/staging --metric-name ClickHouseVolumeUsed --unit Percent "
        "--value 81 --dimensions Node=staging-clickhouse-1",
    ]


def test_the_alarm_watches_what_is_published() -> None:
    """CloudWatch takes another name, namespace or dimension for another metric, and the alarm would never get any data."""
    alarm = MONITORING["__monitoring_catalogue"]["clickhouse-disk"]
    assert alarm["metric_name"] == CLICKHOUSE["__clickhouse_volume_metric"]
    assert alarm["namespace"] == "{{ __monitoring_clickhouse_namespace }}"
    assert MONITORING["__monitoring_clickhouse_namespace"] == CLICKHOUSE["__clickhouse_metric_namespace"]
    assert jinja2.Template(MONITORING["__monitoring_clickhouse_volumes"]).render(
        monitoring_clickhouse_nodes=["staging-clickhouse-1"]
    ) == str([{"Node": "staging-clickhouse-1"}])


def test_where_nothing_is_mounted_nothing_is_published(host: Host) -> None:
    """The folder below would be measured, which is on the instance's own disk."""
    host.has(used="12")
    code, calls, said = host.run("langfuse-volume-used")
    assert (code, calls) == (1, ["mountpoint -q /mnt/clickhouse"])
    assert "/mnt/clickhouse is not mounted" in said


def test_the_cli_is_there_for_a_volume_that_is_mounted_already(host: Host) -> None:
    host.has(mounted="", used="12")
    (host.folder / "bin" / "aws").rename(host.folder / "bin" / "aws-to-come")
    (host.folder / "bin" / "dnf").write_text(
        f'#!/bin/bash\necho "dnf $*" >> "$STATE/calls"\nmv {host.folder}/bin/aws-to-come {host.folder}/bin/aws\n'
    )
    code, calls, _ = host.run("langfuse-volume-used")
    assert code == 0
    assert [call.split()[0] for call in calls] == ["mountpoint", "dnf", "df", "aws"]


def test_a_cloudwatch_that_does_not_answer_keeps_no_volume_from_being_mounted(host: Host) -> None:
    host.has(silent="", used="12")
    code, calls, _ = host.run()
    assert code == 0
    assert any(call.startswith("mount -t xfs") for call in calls)
    assert not any("put-metric-data" in call for call in calls)
    host.has(mounted="")
    code, _, said = host.run("langfuse-volume-used")
    # What a unit says and how it ends stands in the journal.
    assert code == 254
    assert "Could not connect" in said


def test_it_is_measured_after_every_round_by_a_unit_that_nobody_waits_for() -> None:
    text = rendered()
    volume = text[text.index("system/langfuse-volume.service") : text.index("system/langfuse-volume-used.service")]
    assert "OnSuccess=langfuse-volume-used.service" in volume
    assert "langfuse-volume-used" not in volume.split("[Service]")[1].split("UNIT")[0]
    drop_in = text[text.index("ecs.service.d/langfuse.conf") :]
    assert "langfuse-volume-used" not in drop_in


def test_the_agent_waits_for_the_volume() -> None:
    text = rendered()
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
    drop_in = text[text.index("ecs.service.d/langfuse.conf") :]
    assert "ExecStartPre=/usr/bin/mountpoint -q /mnt/clickhouse" in drop_in
    assert "After=langfuse-volume.service" in drop_in
    assert 'ECS_INSTANCE_ATTRIBUTES={"langfuse.node":"clickhouse-1"}' in text
    assert "ECS_AWSVPC_BLOCK_IMDS=true" in text
