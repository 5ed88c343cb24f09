#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_health_info
version_added: 0.1.0
short_description: Ask Langfuse's web server or worker how it is
description:
  - Asks the health endpoint of a component, and compares the version where one is expected.
  - An unhealthy component is an answer and no failure, except where O(wait) is set and time is out.
options:
  url:
    description: Where the component is reached, such as V(https://langfuse.example.com), or with its port.
    type: str
    required: true
  component:
    description: The component; C(web) answers at C(/api/public/health), C(worker) at C(/api/health).
    type: str
    choices: [web, worker]
    default: web
  expected_version:
    description: The version that must answer. The worker does not tell its own.
    type: str
  check_database:
    description: Whether the web server must reach its database, too. The worker always says that.
    type: bool
    default: false
  ca_path:
    description: File with the certificates that sign the server's.
    type: path
  timeout:
    description: Seconds to wait for an answer.
    type: float
    default: 10
  wait:
    description: Whether to wait until the component is healthy, and to fail where it does not become so.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Wait until the new version answers and reaches its database
  llmops.langfuse.langfuse_health_info:
    url: https://langfuse.example.com
    expected_version: 3.225.4
    check_database: true
    wait: true
"""

RETURN = r"""
healthy:
  description: Whether the component answers, is well and has the expected version.
  returned: success
  type: bool
  sample: true
version:
  description: The version that answered; empty where none did.
  returned: success
  type: str
  sample: 3.225.4
status:
  description: HTTP status; V(0) where nothing answered.
  returned: success
  type: int
  sample: 200
reasons:
  description: What speaks against it.
  returned: success
  type: list
  elements: str
  sample: [The version is 3.225.3 instead of 3.225.4.]
"""

import time
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import web
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

PATHS = {"web": "/api/public/health", "worker": "/api/health"}
PAUSE = 1.0

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "component": {"type": "str", "choices": ["web", "worker"], "default": "web"},
    "expected_version": {"type": "str"},
    "check_database": {"type": "bool", "default": False},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
}


def judge(answer: web.Answer, expected_version: str | None) -> dict[str, Any]:
    """What an answer of the health endpoint means."""
    version = str(answer.json().get("version", ""))
    reasons = []
    if answer.status != 200:
        reasons.append(f"It answers {answer.said}.")
    elif expected_version and version and version != expected_version:
        reasons.append(f"The version is {version} instead of {expected_version}.")
    return {"healthy": not reasons, "version": version, "status": answer.status, "reasons": reasons}


def main() -> None:
    module = LangfuseModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    url = params["url"].rstrip("/") + PATHS[params["component"]]
    if params["check_database"] and params["component"] == "web":
        url += "?failIfDatabaseUnavailable=true"
    deadline = time.monotonic() + (params["wait_timeout"] if params["wait"] else 0)
    while True:
        answer = web.ask(
            "GET",
            url,
            timeout=params["timeout"],
            validate_certs=params["validate_certs"],
            ca_path=params["ca_path"],
        )
        result = judge(answer, params["expected_version"])
        left = deadline - time.monotonic()
        if result["healthy"] or left <= 0:
            break
        time.sleep(min(PAUSE, left))
    if params["wait"] and not result["healthy"]:
        module.fail_json(
            msg=f"The {params['component']} at {url} did not become healthy within {params['wait_timeout']} seconds: "
            f"{' '.join(result['reasons'])} Look at the tasks of the service and at their log.",
            **result,
        )
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
