# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""langfuse_env as a task of a playbook: how long it takes, and what a user can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
MODULE = "llmops.langfuse.langfuse_env"
OPTIONS = {
    "component": "web",
    "langfuse_version": "3.225.4",
    "url": "https://langfuse.example.com",
    "database": {"host": "db.example", "name": "langfuse", "username": "langfuse"},
    "cache": {"host": "cache.example"},
    "clickhouse": {"host": "clickhouse.example"},
    "storage": {"bucket": "demo-bucket", "region": "eu-central-1"},
    "sso": {"providers": [{"provider": "google", "client_id": "x"}]},
    "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:demo/application-AbCdEf",
    "settings": {"LANGFUSE_LOG_LEVL": "warn"},
}


def playbook(folder: Path, tasks: list[dict[str, Any]], *options: str, **environment: str) -> str:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks,
    }
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **environment,
    }
    command = ["ansible-playbook", "-i", "localhost,", *options, str(path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_a_task_takes_less_than_a_second(tmp_path: Path) -> None:
    """Whole, with the plain connection. Other work on the machine takes time too, so the quickest of five counts."""
    tasks = [{"name": f"Assemble {number}", MODULE: OPTIONS} for number in range(5)]
    output = playbook(tmp_path, tasks, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    durations = [task["task"]["duration"] for task in json.loads(output)["plays"][0]["tasks"]]
    seconds = [
        (datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["start"])).total_seconds()
        for each in durations
    ]
    assert len(seconds) == 5
    assert min(seconds) < 1.0, seconds


def test_what_was_given_by_mistake_is_in_no_output_and_all_that_is_wrong_is(tmp_path: Path) -> None:
    mistakes = {"SALT": "a-secret-by-mistake", "DATABSE_PASSWORD": "another-by-mistake", "AUTH_DISABLE_SIGNUP": "yes"}
    references = {"ADMIN_API_KEY": "a-third-by-mistake"}
    task = {MODULE: {**OPTIONS, "url": None, "settings": mistakes, "secret_settings": references}}
    output = playbook(tmp_path, [{"block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]}], "-vvvv")
    for value in ("a-secret-by-mistake", "another-by-mistake", "a-third-by-mistake"):
        assert value not in output
    for option in ("settings.SALT", "settings.DATABSE_PASSWORD", "settings.AUTH_DISABLE_SIGNUP", "url: it is missing"):
        assert option in output
    assert "secret_settings.ADMIN_API_KEY" in output
