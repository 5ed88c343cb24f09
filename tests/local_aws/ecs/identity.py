# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials and metadata of tasks, and what their role lets them do.

A task with a task role finds credentials behind AWS_CONTAINER_CREDENTIALS_FULL_URI. Requests signed with such keys
are evaluated against the role's policies, as AWS does; all other requests are the operator's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from . import policy
from .model import LiveTask
from .runtime import ACCOUNT_ID, Runtime

SESSION_SECONDS = 6 * 3600
CREDENTIALS = "/_local/ecs/credentials/"
METADATA = "/_local/ecs/metadata/"
_SCOPE = re.compile(r"Credential=([A-Z0-9_]+)/\d+/([^/]+)/([^/]+)/aws4_request")

# Query string names that make another S3 operation of the same method; value: what IAM calls it.
_S3_SUBRESOURCES = {
    "acl": "Acl",
    "cors": "CORS",
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "Location",
    "logging": "Logging",
    "policy": "Policy",
    "tagging": "Tagging",
    "versioning": "Versioning",
}


def issue(runtime: Runtime, task: LiveTask) -> None:
    """Give the task keys of its role."""
    role = task.task_role_arn
    if not role:
        return
    session = sts_backends[ACCOUNT_ID][get_partition(task.region)].assume_role(
        region_name=task.region,
        role_session_name=task.id,
        role_arn=role,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    path = f"{CREDENTIALS}{task.id}"
    task.credentials = {"path": path, "authorization": secrets.token_urlsafe(32), "key": session.access_key_id}
    runtime.credentials[path] = {
        "authorization": task.credentials["authorization"],
        "answer": {
            "RoleArn": role,
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    runtime.keys[session.access_key_id] = task


def revoke(runtime: Runtime, task: LiveTask) -> None:
    if task.credentials:
        runtime.credentials.pop(task.credentials["path"], None)
        runtime.keys.pop(task.credentials["key"], None)


def answer_credentials(runtime: Runtime, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
    entry = runtime.credentials.get(path)
    if entry is None:
        return 404, {"code": "InvalidTaskId", "message": "no credentials for this task"}
    if not secrets.compare_digest(entry["authorization"], authorization):
        return 403, {"code": "AccessDenied", "message": "wrong authorization token"}
    return 200, entry["answer"]


def answer_metadata(task: LiveTask | None, rest: list[str]) -> tuple[int, dict[str, Any]]:
    """The task metadata endpoint, version 4: …/<task>/<container> and …/<task>/<container>/task."""
    container = next((item for item in task.containers if item.name == rest[0]), None) if task and rest else None
    if task is None or container is None:
        return 404, {"message": "no such task or container"}
    family, _, revision = task.task_definition_arn.rpartition("/")[2].rpartition(":")
    shown = {
        "DockerId": container.runtime_id,
        "Name": container.name,
        "DockerName": container.name,
        "Image": container.definition["image"],
        "DesiredStatus": task.desired_status,
        "KnownStatus": container.last_status,
        "Type": "NORMAL",
        "ContainerARN": container.arn,
        "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [task.address]}],
    }
    if rest[1:] != ["task"]:
        return 200, shown
    return 200, {
        "Cluster": task.cluster_arn,
        "TaskARN": task.task_arn,
        "Family": family,
        "Revision": revision,
        "DesiredStatus": task.desired_status,
        "KnownStatus": task.last_status,
        "LaunchType": "FARGATE",
        "AvailabilityZone": task.availability_zone,
        "Containers": [shown],
    }


def signer(headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[str, str] | None:
    """Access key id and service of a signed request, from its header or its query string."""
    found = _SCOPE.search(headers.get("Authorization", "") or "")
    if found:
        return found[1], found[3]
    parts = (query.get("X-Amz-Credential") or "").split("/")
    return (parts[0], parts[3]) if len(parts) >= 5 else None


def s3_action(method: str, path: str, query: Mapping[str, str], host: str) -> tuple[str, str]:
    """The IAM action and resource of an S3 request."""
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    virtual = re.match(r"(.+)\.s3[.-]", host)
    if virtual:
        bucket, key = virtual[1], unquote(path).lstrip("/")
    if not bucket:
        return "s3:ListAllMyBuckets", "*"
    sub = next((name for name in _S3_SUBRESOURCES if name in query), None)
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}.get(method, "Get")
    if key:
        return _object_action(method, verb, sub, query), f"arn:aws:s3:::{bucket}/{key}"
    if method == "POST" and "delete" in query:
        return "s3:DeleteObject", f"arn:aws:s3:::{bucket}/*"
    return _bucket_action(method, verb, sub, query), f"arn:aws:s3:::{bucket}"


def _object_action(method: str, verb: str, sub: str | None, query: Mapping[str, str]) -> str:
    if "uploads" in query or method == "POST":
        return "s3:PutObject"
    if "uploadId" in query:
        actions = {"DELETE": "s3:AbortMultipartUpload", "GET": "s3:ListMultipartUploadParts"}
        return actions.get(method, "s3:PutObject")
    version = "Version" if "versionId" in query and verb != "Put" else ""
    return f"s3:{verb}Object{version}{_S3_SUBRESOURCES[sub] if sub else ''}"


def _bucket_action(method: str, verb: str, sub: str | None, query: Mapping[str, str]) -> str:
    if sub:
        kind = _S3_SUBRESOURCES[sub]
        return f"s3:{verb}{kind if kind.endswith('Configuration') else 'Bucket' + kind}"
    if "versions" in query:
        return "s3:ListBucketVersions"
    if "uploads" in query:
        return "s3:ListBucketMultipartUploads"
    return {"PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}.get(method, "s3:ListBucket")


def refused(
    runtime: Runtime,
    method: str,
    path: str,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    operation: str | None,
    context: policy.Context | None = None,
) -> tuple[str, str, str] | None:
    """(action, resource, principal) of a task's request that its role does not allow; None when it may pass."""
    signed = signer(headers, query)
    if signed is None:
        return None
    key, service = signed
    task = runtime.keys.get(key)
    if task is None:
        return None
    resource: str | None
    if service == "s3":
        action, resource = s3_action(method, path, query, headers.get("Host", "") or "")
    elif operation and (service, operation) != ("sts", "GetCallerIdentity"):
        action, resource = f"{'cloudwatch' if service == 'monitoring' else service}:{operation}", None
    else:
        return None
    conditions = {"aws:SecureTransport": "true", "aws:RequestedRegion": task.region, **(context or {})}
    if action == "s3:ListBucket" and "prefix" in query:
        conditions["s3:prefix"] = query["prefix"]
    if policy.allows(task.task_role_arn, action, resource, conditions):
        return None
    principal = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{task.task_role_arn.rsplit('/', 1)[-1]}/{task.id}"
    return action, resource or "*", principal
