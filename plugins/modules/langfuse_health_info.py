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
  - Asks the health or readiness endpoint of a component, and compares the version where one is expected.
  - An unhealthy component is an answer and no failure, except where O(wait) is set and time is out.
  - With O(wait), asks again after pauses that grow from one to ten seconds. What no waiting mends, such as a redirect or a
    certificate that is not accepted, ends it at once.
options:
  component:
    description:
      - The component.
      - C(web) listens on port 3000, mostly behind a load balancer; C(worker) on port 3030, which only the VPC reaches.
    type: str
    choices: [web, worker]
    default: web
  endpoint:
    description:
      - What is asked. V(health) says whether the component is well, V(ready) also says when it is about to end.
      - Readiness of C(web) looks at nothing else.
    type: str
    choices: [health, ready]
    default: health
  expected_version:
    description: The version that must answer. The worker tells none, so it cannot be expected of it.
    type: str
  check_database:
    description: Whether the web server must reach Postgres, too. The worker always says that, and of Redis as well.
    type: bool
    default: false
  check_recent_events:
    description:
      - Whether the web server must find a trace and an observation of the last three minutes in ClickHouse.
      - The verdict V(clickhouse_unavailable) makes it a probe of ClickHouse, even where nothing was sent.
    type: bool
    default: false
  check_event_propagation:
    description: Whether the worker's copying into version 4's tables must be going on. Read since Langfuse 3.203.2.
    type: bool
    default: false
  check_queue_consumption:
    description: Whether the worker must have taken a job from a queue lately. Read since Langfuse 4.0.0.
    type: bool
    default: false
  wait:
    description: Whether to wait until the component is healthy, and to fail where it does not become so.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 300
  wait_successes:
    description:
      - How many healthy answers in a row end the wait. During a deployment, old and new tasks answer in turn behind a load
        balancer; more than one answer tells that the new one has replaced the old.
    type: int
    default: 1
extends_documentation_fragment:
  - llmops.langfuse.api
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_trace_roundtrip
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Wait until the new version alone answers and reaches its database
  llmops.langfuse.langfuse_health_info:
    url: https://langfuse.example.com
    expected_version: 3.225.4
    check_database: true
    wait: true
    wait_successes: 5

- name: Ask a worker inside the VPC whether it still takes jobs
  llmops.langfuse.langfuse_health_info:
    url: http://worker.langfuse-staging.internal:3030
    component: worker
    check_queue_consumption: true
  register: worker

- name: Say what is wrong with it
  ansible.builtin.debug:
    var: worker.reasons
  when: not worker.healthy
"""

RETURN = r"""
healthy:
  description: Whether the component answers, is well and has the expected version.
  returned: always
  type: bool
  sample: true
verdict:
  description:
    - The answer in one word. V(healthy);
      V(database_unavailable), V(clickhouse_unavailable), V(no_recent_events), V(store_unavailable) (the worker's Postgres or
      Redis), V(event_propagation_stuck), V(queue_consumption_stuck), V(shutting_down), V(other_version) and V(unhealthy) are
      what Langfuse says;
      V(no_target) is what a load balancer says; V(redirected) and V(not_langfuse) tell that somebody else answers;
      V(address), V(name), V(refused), V(timeout), V(certificate), V(tls), V(cut_off), V(not_http) and V(network) tell why
      nobody does.
  returned: always
  type: str
  sample: healthy
reasons:
  description: What speaks against it, each with the next step.
  returned: always
  type: list
  elements: str
  sample: ["The version is 3.225.3 instead of 3.225.4; wait for the deployment, or look at why it was rolled back."]
version:
  description: The version that answered; empty where none did, and always for the worker.
  returned: always
  type: str
  sample: 3.225.4
status:
  description: HTTP status; V(0) where nothing answered.
  returned: always
  type: int
  sample: 200
details:
  description: What the worker tells of RV(details.event_propagation) and RV(details.queue_consumption), where it was asked.
  returned: always
  type: dict
  contains:
    event_propagation:
      description: State of the copying into version 4's tables.
      type: dict
      sample: {enabled: true, seconds_since_last_run: 12, stuck: false, threshold_seconds: 600}
    queue_consumption:
      description: State of the worker's queues.
      type: dict
      sample: {enabled: true, registered_worker_count: 30, stuck: false, threshold_seconds: 7200}
attempts:
  description: How often it was asked.
  returned: always
  type: int
  sample: 1
elapsed_seconds:
  description: Seconds that asking and waiting took.
  returned: always
  type: float
  sample: 0.042
"""

import time
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import health
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import (
    API_OPTIONS,
    LangfuseApi,
    LangfuseError,
    pauses,
    run,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **API_OPTIONS,
    "component": {"type": "str", "choices": ["web", "worker"], "default": "web"},
    "endpoint": {"type": "str", "choices": ["health", "ready"], "default": "health"},
    "expected_version": {"type": "str"},
    **{check: {"type": "bool", "default": False} for check in health.CHECKS},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
    "wait_successes": {"type": "int", "default": 1},
}


def wait_until_healthy(langfuse: LangfuseApi, params: dict[str, Any]) -> tuple[health.Health, int]:
    """The last health, and how often it was asked."""
    component, endpoint = params["component"], params["endpoint"]
    checks = [check for check in health.CHECKS if params[check]]
    if problem := health.problem_with_checks(component, endpoint, checks, params["expected_version"]):
        raise LangfuseError(f"{problem}.")
    if params["wait_successes"] < 1:
        raise LangfuseError("wait_successes is below 1; give how many healthy answers end the wait.")
    deadline = time.monotonic() + params["wait_timeout"]
    successes, attempts = 0, 0
    for pause in pauses(first=1.0):
        answer = langfuse.ask("GET", health.PATHS[component, endpoint], query=health.query(component, endpoint, checks))
        attempts += 1
        found = health.judge(component, answer, params["expected_version"])
        successes = successes + 1 if found.healthy else 0
        left = deadline - time.monotonic()
        if not params["wait"] or found.final or successes >= params["wait_successes"] or left <= 0:
            break
        # A row of answers is counted at an even pace.
        time.sleep(min(1.0 if found.healthy else pause, left))
    if params["wait"] and found.healthy and successes < params["wait_successes"]:
        found.verdict = "unhealthy"
        found.reasons = [f"Only {successes} of {params['wait_successes']} answers in a row were healthy."]
    return found, attempts


def main_of(module: LangfuseModule) -> dict[str, Any]:
    params = module.params
    begun = time.monotonic()
    langfuse = LangfuseApi(params, name=f"The {params['component']} service")
    found, attempts = wait_until_healthy(langfuse, params)
    result = {
        "changed": False,
        "healthy": found.healthy,
        "verdict": found.verdict,
        "reasons": found.reasons,
        "version": found.version,
        "status": found.status,
        "details": found.details,
        "attempts": attempts,
        "elapsed_seconds": round(time.monotonic() - begun, 3),
    }
    if params["wait"] and not found.healthy:
        within = "and cannot become so" if found.final else f"within {params['wait_timeout']} seconds"
        module.fail_json(msg=f"{langfuse.where} is not healthy {within}. {' '.join(found.reasons)}", **result)
    return result


def main() -> None:
    run(LangfuseModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), main_of)


if __name__ == "__main__":
    main()
