#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_cluster_master_password
version_added: 0.1.0
short_description: Sets an Aurora cluster's master password from Secrets Manager
description:
  - Sets the master password of an RDS or Aurora cluster to a value of a secret in AWS Secrets Manager, so that the
    password never passes through Ansible.
  - AWS does not tell what the password is. The module remembers in the cluster's tag
    C(langfuse:master-password-version) from which version of the secret the password is, and sets it again where the
    secret's current version is another one.
  - Where the new version has the same password and the old version can still be read, only the tag changes. Where it
    cannot, the same password is set once more, which does no harm.
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
    details:
      - The password appears as changed, never as a value.
  idempotent:
    support: partial
    details:
      - A password that was changed by other means is not noticed. O(force) sets it again, and always reports a change.
options:
  cluster_id:
    description: The cluster's identifier.
    type: str
    required: true
    aliases: [db_cluster_identifier]
  secret_arn:
    description: ARN or name of the Secrets Manager secret, a JSON object, that has the password.
    type: str
    required: true
  secret_json_key:
    description: The secret's key that has the password.
    type: str
    required: true
  secret_version_id:
    description:
      - The current version id of the secret, where it is known already. It spares asking Secrets Manager when nothing
        has changed.
    type: str
  force:
    description: Whether to set the password even where the tag says that it is set.
    type: bool
    default: false
  wait:
    description: Whether to wait until the new password is in force.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, before and after.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Give the database the password that the application has
  llmops.langfuse.rds_cluster_master_password:
    cluster_id: langfuse
    secret_arn: langfuse/application
    secret_json_key: DATABASE_PASSWORD
"""

RETURN = r"""
cluster:
  description: What the password belongs to.
  returned: always
  type: dict
  contains:
    cluster_id:
      description: The cluster's identifier.
      type: str
    arn:
      description: The cluster's ARN.
      type: str
    status:
      description: The cluster's status.
      type: str
    password_version_id:
      description: The version id of the secret that the password is from.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import run, tag_dict, tag_list
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.secret_value import (
    SecretValue,
    current_version_id,
    read_secret_value,
    same_value_in_version,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import ABSENT, wait_until

VERSION_TAG = "langfuse:master-password-version"
# States that end only with somebody's help.
STUCK = ("failed", "inaccessible-encryption-credentials", "incompatible-parameters", "stopped", "deleting", ABSENT)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "cluster_id": {"type": "str", "required": True, "aliases": ["db_cluster_identifier"]},
    "secret_arn": {"type": "str", "required": True, "no_log": False},
    "secret_json_key": {"type": "str", "required": True, "no_log": False},
    "secret_version_id": {"type": "str", "no_log": False},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
}


class RdsErrorHandler(AwsErrorHandler):
    MISSING = ("DBClusterNotFoundFault", "DBClusterNotFound")


@RdsErrorHandler.list_error_handler("describe the cluster {1}")
@AWSRetry.jittered_backoff()
def describe_cluster(client: Any, cluster_id: str) -> dict[str, Any] | None:
    clusters = client.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
    return clusters[0] if clusters else None


@RdsErrorHandler.common_error_handler("set the master password of the cluster {1}")
@AWSRetry.jittered_backoff(catch_extra_error_codes=["InvalidDBClusterStateFault"])
def modify_password(client: Any, cluster_id: str, password: str) -> None:
    client.modify_db_cluster(DBClusterIdentifier=cluster_id, MasterUserPassword=password, ApplyImmediately=True)


@RdsErrorHandler.common_error_handler("tag the cluster {1}")
@AWSRetry.jittered_backoff()
def add_tags(client: Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags_to_resource(ResourceName=arn, Tags=tags)


def wait_for_cluster(client: Any, cluster_id: str, timeout: int) -> None:
    """Until the cluster is available and has no password to apply."""
    seen = ""

    def poll() -> bool | None:
        nonlocal seen
        cluster = describe_cluster(client, cluster_id) or {"Status": ABSENT}
        seen = cluster["Status"]
        if seen in STUCK:
            raise AwsError(f"The cluster {cluster_id} is {seen} and takes no password; mend that first")
        pending = cluster.get("PendingModifiedValues") or {}
        return True if seen == "available" and not pending.get("MasterUserPassword") else None

    wait_until(poll, timeout, describe=lambda: f"the cluster {cluster_id} to become available (it is {seen})")


def set_password(module: AnsibleAWSModule, client: Any, arn: str, secret: SecretValue) -> None:
    params = module.params
    wait_for_cluster(client, params["cluster_id"], params["wait_timeout"])
    modify_password(client, params["cluster_id"], secret.value)
    if params["wait"]:
        wait_for_cluster(client, params["cluster_id"], params["wait_timeout"])
    # Last, so that a run that was stopped before is repeated.
    add_tags(client, arn, tag_list({VERSION_TAG: secret.version_id}))


def describe(params: dict[str, Any], cluster: dict[str, Any] | None, version_id: str) -> dict[str, Any]:
    found = cluster or {}
    return {
        "cluster_id": params["cluster_id"],
        "arn": found.get("DBClusterArn", ""),
        "status": found.get("Status", ABSENT),
        "password_version_id": version_id,
    }


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    client = module.client("rds")
    cluster = describe_cluster(client, params["cluster_id"])
    if cluster is None:
        if not module.check_mode:
            raise AwsError(
                f"There is no cluster {params['cluster_id']}; create it first, with a password that is thrown away"
            )
        return {"changed": True, "cluster": describe(params, None, params["secret_version_id"] or "")}
    remembered = tag_dict(cluster.get("TagList")).get(VERSION_TAG, "")
    secrets = None
    wanted = params["secret_version_id"]
    if not wanted:
        secrets = module.client("secretsmanager")
        wanted = current_version_id(secrets, params["secret_arn"])
    if wanted == remembered and not params["force"]:
        return {"changed": False, "cluster": describe(params, cluster, remembered)}
    secrets = secrets or module.client("secretsmanager")
    secret = read_secret_value(module, secrets, params["secret_arn"], params["secret_json_key"])
    if secret.version_id == remembered and not params["force"]:
        return {"changed": False, "cluster": describe(params, cluster, remembered)}
    same = not params["force"] and same_value_in_version(module, secrets, secret, remembered)
    difference = Difference()
    difference.add("password_version_id", secret.version_id, remembered)
    if not same:
        difference.add("master_password", "new", "old", secret=True)
    if not module.check_mode:
        if same:
            add_tags(client, cluster["DBClusterArn"], tag_list({VERSION_TAG: secret.version_id}))
        else:
            set_password(module, client, cluster["DBClusterArn"], secret)
            cluster = describe_cluster(client, params["cluster_id"]) or cluster
    return {"changed": True, "cluster": describe(params, cluster, secret.version_id), "diff": difference.diff}


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
