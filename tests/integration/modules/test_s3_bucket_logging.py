# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "s3_bucket_logging"
BUCKET, TARGET, OTHER = "x-bucket", "x-logs", "x-other-logs"


@pytest.fixture(autouse=True)
def buckets(aws: Any) -> None:
    s3 = aws.client("s3")
    for name in (BUCKET, TARGET, OTHER):
        s3.create_bucket(Bucket=name)
    for name in (TARGET, OTHER):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": f"arn:aws:s3:::{name}/*",
        }
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def active(aws: Any) -> dict[str, Any]:
    return dict(aws.client("s3").get_bucket_logging(Bucket=BUCKET).get("LoggingEnabled") or {})


def test_twelve_steps(aws: Any) -> None:
    aws.cycle(MODULE, {"name": BUCKET, "target_bucket": TARGET, "target_prefix": "langfuse/"})
    assert active(aws) == {"TargetBucket": TARGET, "TargetPrefix": "langfuse/"}
    aws.cycle(MODULE, {"name": BUCKET, "target_bucket": OTHER, "target_prefix": "langfuse/"})
    assert active(aws)["TargetBucket"] == OTHER
    aws.cycle(MODULE, {"name": BUCKET, "state": "absent"})
    assert active(aws) == {}


def test_logs_of_somebody_else_go_on(aws: Any) -> None:
    theirs = {"TargetBucket": OTHER, "TargetPrefix": "audit/"}
    aws.client("s3").put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus={"LoggingEnabled": theirs})
    result = aws.run(MODULE, {"name": BUCKET, "state": "absent", "target_prefix": "langfuse/"})
    assert result["changed"] is False
    assert active(aws) == theirs


def test_check_mode_before_there_is_a_bucket(aws: Any) -> None:
    options = {"name": "x-none", "target_bucket": TARGET}
    assert aws.run(MODULE, options, check=True)["changed"] is True
    assert aws.run(MODULE, {"name": "x-none", "state": "absent"}, check=True)["changed"] is False


def test_target_that_does_not_let_s3_in(aws: Any) -> None:
    aws.client("s3").delete_bucket_policy(Bucket=TARGET)
    with pytest.raises(ModuleFailed, match=f"access logs of the bucket {BUCKET} go"):
        aws.run(MODULE, {"name": BUCKET, "target_bucket": TARGET})


def test_target_is_needed(aws: Any) -> None:
    with pytest.raises(ModuleFailed, match="target_bucket"):
        aws.run(MODULE, {"name": BUCKET})
