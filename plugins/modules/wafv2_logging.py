#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wafv2_logging
version_added: 0.1.0
short_description: Manages where a web ACL of AWS WAF writes its logs
description:
  - A web ACL has one destination. A filter that somebody set on its logs stays as it is.
  - Redacted headers are left out of the logs and not of sampled requests, which the web ACL's own settings turn off.
author:
  - llmops.langfuse contributors (@llmops)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  web_acl_arn:
    description: ARN of the web ACL.
    type: str
    required: true
  state:
    description: Whether it writes logs.
    type: str
    choices: [present, absent]
    default: present
  destination_arn:
    description:
      - ARN of a log group, a bucket or a delivery stream, whose name AWS wants to begin with C(aws-waf-logs-).
      - Required with O(state=present).
    type: str
  redacted_headers:
    description: Headers whose values are kept out of the logs.
    type: list
    elements: str
    default: [authorization, cookie]
  wait:
    description: Whether to go on trying while AWS does not know a new web ACL everywhere.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to go on trying.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Log what the firewall sees
  llmops.langfuse.wafv2_logging:
    web_acl_arn: arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/langfuse/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111
    destination_arn: arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-langfuse
"""

RETURN = r"""
logging:
  description: The logging as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    web_acl_arn:
      description: ARN of the web ACL.
      type: str
    destination_arn:
      description: Where it writes.
      type: str
    redacted_headers:
      description: Headers whose values are kept out of the logs, in small letters.
      type: list
      elements: str
      sample: [authorization, cookie]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted

Shape = dict[str, Any]

# Errors of a web ACL that is not known everywhere yet (API AssociateWebACL: "wait a few minutes and try again").
UNKNOWN_YET = ("WAFNonexistentItemException", "WAFUnavailableEntityException")
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "web_acl_arn": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "destination_arn": {"type": "str"},
    "redacted_headers": {"type": "list", "elements": "str", "default": ["authorization", "cookie"]},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}


class WafErrorHandler(AwsErrorHandler):
    MISSING = ("WAFNonexistentItemException",)


@WafErrorHandler.list_error_handler("read the logging of the web ACL {1}")
@AWSRetry.jittered_backoff()
def read(client: Any, web_acl_arn: str) -> Shape | None:
    found: Shape = client.get_logging_configuration(ResourceArn=web_acl_arn)["LoggingConfiguration"]
    return found


@WafErrorHandler.common_error_handler("set the logging of the web ACL {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["WAFOptimisticLockException"])
def write(client: Any, web_acl_arn: str, configuration: Shape) -> None:
    client.put_logging_configuration(LoggingConfiguration={"ResourceArn": web_acl_arn, **configuration})


@WafErrorHandler.deletion_error_handler("delete the logging of the web ACL {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["WAFOptimisticLockException"])
def delete(client: Any, web_acl_arn: str) -> None:
    client.delete_logging_configuration(ResourceArn=web_acl_arn)


def without_star(arn: str) -> str:
    """A log group's ARN as WAF takes it; CloudWatch Logs also writes it with a star at its end."""
    return arn.removesuffix(":*")


def describe(web_acl_arn: str, configuration: Shape) -> Shape:
    """The logging with the module's names."""
    fields = configuration.get("RedactedFields") or []
    return {
        "web_acl_arn": web_acl_arn,
        "destination_arn": without_star(configuration["LogDestinationConfigs"][0]),
        "redacted_headers": sorted(item["SingleHeader"]["Name"].lower() for item in fields if "SingleHeader" in item),
    }


def configuration_for(params: Shape, found: Shape) -> Shape:
    """The whole configuration, since AWS replaces all of it: what is not the module's own comes along."""
    others = [item for item in found.get("RedactedFields") or [] if "SingleHeader" not in item]
    headers = sorted({name.lower() for name in params["redacted_headers"]})
    return {
        "LogDestinationConfigs": [without_star(params["destination_arn"])],
        "RedactedFields": [{"SingleHeader": {"Name": name}} for name in headers] + others,
        **{key: found[key] for key in ("LoggingFilter",) if found.get(key)},
    }


def ensure(module: AnsibleAWSModule, client: Any, found: Shape | None) -> Shape:
    params = module.params
    arn = params["web_acl_arn"]
    configuration = configuration_for(params, found or {})
    wanted = describe(arn, configuration)
    active = describe(arn, found) if found else {}
    difference = Difference()
    for name in ("destination_arn", "redacted_headers"):
        difference.add(name, wanted[name], active.get(name))
    if not difference.changed:
        return {"changed": False, "logging": active}
    if not module.check_mode:
        until_accepted(
            lambda: write(client, arn, configuration),
            lambda error: error.code in UNKNOWN_YET,
            params["wait_timeout"] if params["wait"] else 0,
            f"AWS WAF to know the web ACL {arn}",
        )
    return {"changed": True, "logging": wanted, "diff": difference.diff}


def manage(module: AnsibleAWSModule) -> Shape:
    arn, client = module.params["web_acl_arn"], module.client("wafv2")
    found = read(client, arn)
    if found and found.get("ManagedByFirewallManager"):
        raise AwsError(
            f"The logging of the web ACL {arn} is Firewall Manager's, and only it can change that; ask its owner"
        )
    if module.params["state"] == "present":
        return ensure(module, client, found)
    if not found:
        return {"changed": False, "logging": {}}
    if not module.check_mode:
        delete(client, arn)
    return {"changed": True, "logging": {}, "diff": {"before": describe(arn, found), "after": {}}}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["destination_arn"])],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
