# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the bucket, judged before anything is written to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .findings import Finding

Findings = Iterator[Finding]
Shape = dict[str, Any]

MODES = ("own", "external")
# S3 user guide, bucketnamingrules. Names with dots are left out: the certificate of S3 does not cover them.
BUCKET = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!--x-s3)"
)
# IAM takes no alias of a key as a resource (KMS developer guide, cmks-in-iam-policies).
KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
PREFIXES = ("storage_events_prefix", "storage_media_prefix", "storage_exports_prefix")
EXPIRY = {
    "storage_events_prefix": "storage_events_expiration_days",
    "storage_exports_prefix": "storage_exports_expiration_days",
}


def storage(given: Shape) -> Findings:
    """Which bucket it is, and what its keys begin with."""
    mode, bucket = given.get("storage_mode"), given.get("storage_bucket") or ""
    if mode is not None and mode not in MODES:
        yield Finding("storage_mode", f"'{mode}' is not a way to have a bucket", f"set {' or '.join(MODES)}")
    if mode == "external" and not bucket:
        yield Finding(
            "storage_bucket", "an external bucket has no name", "set the name of yours, or storage_mode to own"
        )
    elif bucket and not BUCKET.fullmatch(str(bucket)):
        yield Finding(
            "storage_bucket",
            f"'{bucket}' is not a bucket's name, or one that TLS does not cover",
            "set 3 to 63 lower-case letters, digits and '-', a letter or digit first and last",
        )
    key = given.get("storage_kms_key_arn") or ""
    if key and not KEY.fullmatch(str(key)):
        yield Finding(
            "storage_kms_key_arn",
            f"'{key}' is not the ARN of a KMS key, which the tasks' permissions need",
            "set its ARN (arn:aws:kms:<region>:<account>:key/<id>), not an alias",
        )
    yield from _prefixes(given)
    yield from _access_logs(given)


def _prefixes(given: Shape) -> Findings:
    prefixes = {name: str(given[name]) for name in PREFIXES if given.get(name) is not None}
    for name, prefix in prefixes.items():
        if prefix.startswith("/") or not prefix.endswith("/"):
            yield Finding(
                name, f"the prefix '{prefix}' does not end, or begins, with '/'", "set one such as langfuse/events/"
            )
    if given.get("storage_mode") == "external":
        # Its lifecycle is its owner's.
        return
    for name, days in EXPIRY.items():
        if given.get(days) in (None, 0, "0"):
            continue
        for other, prefix in prefixes.items():
            if other != name and name in prefixes and prefix.startswith(prefixes[name]):
                yield Finding(
                    other,
                    f"what is below '{prefix}' would expire with what is below '{prefixes[name]}' ({days})",
                    f"set a prefix that does not begin with {name}",
                )


def _access_logs(given: Shape) -> Findings:
    logs = str(given.get("storage_access_log_bucket") or "")
    if not logs:
        return
    if given.get("storage_mode") == "external":
        yield Finding(
            "storage_access_log_bucket",
            "nothing of an external bucket is changed, so its logs are its owner's",
            "leave it out, or set storage_mode to own",
        )
    default = rf"{re.escape(str(given.get('langfuse_name')))}-\d{{12}}-{re.escape(str(given.get('langfuse_region')))}"
    if logs == given.get("storage_bucket") or re.fullmatch(default, logs):
        yield Finding(
            "storage_access_log_bucket",
            "it is the bucket whose requests are logged, so that every log would make another",
            "set another bucket",
        )
