#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_cost_info
version_added: 0.1.0
short_description: Estimate what a Langfuse environment costs in a month
description:
  - Multiplies what the settings of an environment make by AWS's list prices, for a month of 730 hours, at the least and at the most
    capacity.
  - The prices are a dated table of the collection, of V(us-east-1) and V(eu-central-1). AWS is not asked.
  - What has no known price, and what no setting tells, is not guessed but named in RV(left_out).
  - The playbook C(llmops.langfuse.cost) gives it an inventory's values and the roles' defaults.
options:
  components:
    description: Components that the environment has, of which C(monitoring), C(backup), C(grafana) and C(sign_in) are a
      choice.
    type: list
    elements: str
    required: true
  settings:
    description:
      - Variables of the roles by their own names, with the values that the roles have; a missing one is named.
      - Of the components that are a choice only C(monitoring_kms_key_id), C(backup_kms_key_arn), C(grafana_cpu), C(grafana_memory)
        and C(grafana_cpu_architecture) count, and they may be missing where the component is.
    type: dict
    required: true
  assumptions:
    description: What no setting tells.
    type: dict
    default: {}
    suboptions:
      spot_percent:
        description: Price of Fargate Spot as a share of the price on demand, in percent. AWS speaks of 30 at best; it changes with demand.
        type: float
        default: 30
      database_gb:
        description: Data in Aurora, in GB.
        type: float
        default: 20
      clickhouse_gb:
        description: Data of ClickHouse on EFS, and in the backups, in GB.
        type: float
        default: 100
      bucket_gb:
        description: Data in S3, in GB.
        type: float
        default: 100
      log_gb:
        description: Logs that CloudWatch takes in a month, in GB.
        type: float
        default: 10
      alarms:
        description: Number of CloudWatch alarms.
        type: float
        default: 26
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_preflight_info
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Estimate what the environment costs, where all the roles' variables are at hand
  llmops.langfuse.langfuse_cost_info:
    components: [network, secrets, storage, compute, database, cache, clickhouse, ingress, web, worker]
    settings: "{{ langfuse_cost_settings }}"
    assumptions:
      bucket_gb: 500
  register: cost

- name: Show it
  ansible.builtin.debug:
    msg: "{{ cost.table }}"
"""

RETURN = r"""
region:
  description: Region of the prices.
  returned: always
  type: str
  sample: eu-central-1
lines:
  description: The parts of the bill.
  returned: always
  type: list
  elements: dict
  contains:
    component:
      description: Component that makes it.
      returned: always
      type: str
      sample: network
    item:
      description: What it is.
      returned: always
      type: str
      sample: 3 NAT gateways
    low:
      description: USD a month at the least capacity.
      returned: always
      type: float
      sample: 113.88
    high:
      description: USD a month at the most capacity.
      returned: always
      type: float
      sample: 113.88
low:
  description: Sum of all parts at the least capacity, in USD a month.
  returned: always
  type: float
  sample: 408.51
high:
  description: Sum of all parts at the most capacity, in USD a month.
  returned: always
  type: float
  sample: 561.81
price_dates:
  description: Days of the oldest and of the newest price among those used.
  returned: always
  type: list
  elements: str
  sample: ["2024-07-18", "2026-10-07"]
sources:
  description: Where AWS publishes the prices.
  returned: always
  type: list
  elements: str
  sample: ["https://aws.amazon.com/vpc/pricing/"]
left_out:
  description: What the estimate does not have.
  returned: always
  type: list
  elements: str
  sample: ["one-off tasks: migrations and schema checks"]
table:
  description: All of it as text, a line each.
  returned: always
  type: list
  elements: str
  sample: ["Component    Item                 low       high"]
"""

from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.cost import (
    Refused,
    as_answer,
    as_table,
    estimate_of,
    typed,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ASSUMPTIONS: dict[str, float] = {
    "spot_percent": 30,
    "database_gb": 20,
    "clickhouse_gb": 100,
    "bucket_gb": 100,
    "log_gb": 10,
    "alarms": 26,
}


def argument_spec() -> dict[str, Any]:
    return {
        "components": {"type": "list", "elements": "str", "required": True},
        "settings": {"type": "dict", "required": True},
        "assumptions": {
            "type": "dict",
            "default": {},
            "options": {name: {"type": "float", "default": value} for name, value in ASSUMPTIONS.items()},
        },
    }


def main() -> None:
    module = LangfuseModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    # A default of {} keeps the defaults of its options out.
    assumptions = {**ASSUMPTIONS, **(params["assumptions"] or {})}
    try:
        estimate = estimate_of(typed(params["settings"]), params["components"], assumptions)
    except Refused as error:
        module.fail_json(msg=str(error))
    answer = as_answer(estimate)
    module.exit_json(changed=False, **answer, table=as_table(answer))


if __name__ == "__main__":
    main()
