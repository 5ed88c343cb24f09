# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "s3_bucket_lifecycle"
EVENTS = {"id": "events", "prefix": "events/", "expiration_days": 30}
UPLOADS = {"id": "uploads", "abort_incomplete_multipart_upload_days": 7}
OTHER = {"ID": "other", "Status": "Disabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}


@pytest.fixture
def bucket(aws: Any) -> str:
    aws.client("s3").create_bucket(Bucket="x-bucket")
    return "x-bucket"


def rules(aws: Any, bucket: str) -> dict[str, Any]:
    found = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {rule["ID"]: rule for rule in found}


def test_twelve_steps(aws: Any, bucket: str) -> None:
    aws.cycle(MODULE, {"name": bucket, "rules": [EVENTS, UPLOADS]})
    found = rules(aws, bucket)
    assert found["events"]["Expiration"] == {"Days": 30}
    assert found["uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert "Expiration" not in found["uploads"]

    aws.cycle(MODULE, {"name": bucket, "rules": [{**EVENTS, "expiration_days": 60}, UPLOADS]})
    assert rules(aws, bucket)["events"]["Expiration"] == {"Days": 60}

    absent = [{**EVENTS, "state": "absent"}, {**UPLOADS, "state": "absent"}]
    assert aws.cycle(MODULE, {"name": bucket, "rules": absent})["rules"] == []


def test_rules_of_others_stay(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [OTHER]})
    aws.run(MODULE, {"name": bucket, "rules": [EVENTS]})
    assert set(rules(aws, bucket)) == {"other", "events"}
    aws.run(MODULE, {"name": bucket, "rules": [{**EVENTS, "state": "absent"}]})
    assert rules(aws, bucket) == {"other": OTHER}


def test_check_mode_before_there_is_a_bucket(aws: Any) -> None:
    assert aws.run(MODULE, {"name": "x-none", "rules": [EVENTS]}, check=True)["changed"] is True


def test_a_rule_without_days_is_refused(aws: Any, bucket: str) -> None:
    with pytest.raises(ModuleFailed, match="The rule empty has nothing to do"):
        aws.run(MODULE, {"name": bucket, "rules": [{"id": "empty"}]})
