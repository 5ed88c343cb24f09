#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_logging
version_added: 0.1.0
short_description: Manages the access logs of an S3 bucket
description:
  - Has S3 write a log of the requests to a bucket into another bucket, or stops that.
  - M(community.aws.s3_logging) gives the log delivery group a permission in the target's access control list first, which S3 refuses for
    every bucket that has no such lists, as new ones do not. This module leaves the target alone.
  - The target's policy must let the service C(logging.s3.amazonaws.com) do C(s3:PutObject) there, the target must be in the same region
    and account, and must not be encrypted with a KMS key of AWS's own.
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
    details:
      - A bucket that does not exist yet has no logs. What S3 refuses of the target is seen in a real run only.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: The bucket.
    type: str
    required: true
  state:
    description: Whether its requests are logged.
    type: str
    choices: [present, absent]
    default: present
  target_bucket:
    description: The bucket that gets the logs. Required with O(state=present).
    type: str
  target_prefix:
    description:
      - What the keys of the logs begin with.
      - With O(state=absent), only logs with this prefix are stopped, since others may be somebody else's; leave it out to stop any.
    type: str
  wait:
    description: Whether to wait until S3 shows the setting as it was made.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Log the requests to Langfuse's bucket
  llmops.langfuse.s3_bucket_logging:
    name: langfuse-staging-123456789012-eu-central-1
    target_bucket: access-logs-123456789012-eu-central-1
    target_prefix: langfuse-staging/

- name: Stop that
  llmops.langfuse.s3_bucket_logging:
    name: langfuse-staging-123456789012-eu-central-1
    target_prefix: langfuse-staging/
    state: absent
"""

RETURN = r"""
logging:
  description: Where the logs go, or in check mode as it would be, as C(LoggingEnabled) of the S3 API; empty where there are none.
  returned: always
  type: dict
  sample:
    TargetBucket: access-logs-123456789012-eu-central-1
    TargetPrefix: langfuse-staging/
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until

Logging = dict[str, Any]

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "target_bucket": {"type": "str"},
    "target_prefix": {"type": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
}


class S3ErrorHandler(AwsErrorHandler):
    # In check mode the bucket may still have to be made; otherwise one that was just made is not everywhere yet.
    MISSING = ("NoSuchBucket",)


@S3ErrorHandler.list_error_handler("read where the access logs of the bucket {1} go", default_value={})
@AWSRetry.jittered_backoff()
def read(client: Any, bucket: str) -> Logging:
    answer: Logging = client.get_bucket_logging(Bucket=bucket).get("LoggingEnabled") or {}
    return answer


# Right after a bucket was made, and while another change of it goes on, S3 asks to come again.
@S3ErrorHandler.common_error_handler("set where the access logs of the bucket {1} go")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["NoSuchBucket", "OperationAborted"])
def write(client: Any, bucket: str, logging: Logging) -> None:
    status = {"LoggingEnabled": logging} if logging else {}
    client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=status)


def wanted(active: Logging, params: dict[str, Any]) -> Logging:
    """Where the logs are to go, as the API takes it; grants and the keys' form, which this module has no option for, stay."""
    prefix = params["target_prefix"]
    if params["state"] == "absent":
        theirs = prefix is not None and active.get("TargetPrefix", "") != prefix
        return active if theirs else {}
    return {**active, "TargetBucket": params["target_bucket"], "TargetPrefix": prefix or ""}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params, client = module.params, module.client("s3")
    bucket = params["name"]
    active = read(client, bucket)
    logging = wanted(active, params)
    difference = Difference()
    difference.add("logging", logging, active)
    if not difference.changed:
        return {"changed": False, "logging": active}
    if not module.check_mode:
        write(client, bucket, logging)
        if params["wait"]:
            wait_until(
                lambda: True if read(client, bucket) == logging else None,
                params["wait_timeout"],
                describe=f"S3 to show where the access logs of the bucket {bucket} go",
                delay_start=0.5,
            )
    return {"changed": True, "logging": logging, "diff": difference.diff}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ("target_bucket",))],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
