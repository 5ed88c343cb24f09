# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook cost with each of the inventories, without credentials and with an endpoint that nothing listens on."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml
from playbook_runs import Run, play_in

REPOSITORY = Path(__file__).resolve().parents[2]


def run(inventory: str, *options: str) -> tuple[Run, dict[str, Any]]:
    """The playbook without credentials and with an endpoint that nothing listens on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "LOCAL_AWS_PORT": "9",
        "ANSIBLE_VERBOSITY": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_CALLBACK_FORMAT_PRETTY": "false",
    }
    done = play_in(REPOSITORY, environment, "-i", f"inventories/{inventory}", "playbooks/cost.yml", *options)
    shown = re.search(r"TASK \[Estimate\].*?=> (\{.*?\})$", done.output, re.DOTALL | re.MULTILINE)
    return done, json.loads(shown.group(1)) if shown else {}


def test_every_inventory_has_an_estimate_and_staging_is_the_cheaper() -> None:
    found = {}
    for inventory in ("local", "staging", "production"):
        done, found[inventory] = run(inventory)
        assert done.ok, done.output[-3000:]
        assert done.says(f"List prices of {found[inventory]['region']}"), done.output[-3000:]
    assert found["staging"]["low"] < found["production"]["low"]
    assert found["staging"]["high"] < found["production"]["high"]
    items = " ".join(line["item"] for line in found["production"]["lines"])
    # From the inventory and, where it is silent, from the roles' defaults.
    for item in (
        "3 NAT gateways",
        "2 nodes cache.m7g.large",
        "2 to 6 Fargate tasks of 2 vCPU, ARM64",
        "4 rules of the web ACL",
    ):
        assert item in items


def test_another_region_is_refused() -> None:
    done, _none = run("staging", "-e", "langfuse_region=mars-1")
    assert not done.ok
    assert done.says("No prices of the region mars-1 are known, only of eu-central-1 and us-east-1")


def test_variables_of_a_component_s_own_host_count(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"langfuse": {"hosts": {"web": {"web_cpu": 4096}}}}))
    done, found = run("staging", "-i", str(tmp_path / "hosts.yml"))
    assert done.ok, done.output[-3000:]
    assert "1 Fargate tasks of 4 vCPU, ARM64" in [line["item"] for line in found["lines"]]
