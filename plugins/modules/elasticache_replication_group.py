#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: elasticache_replication_group
version_added: 0.1.0
short_description: Manages an ElastiCache replication group with TLS and AUTH
description:
  - Creates, changes and deletes a Valkey or Redis OSS replication group (cluster mode disabled) of Amazon ElastiCache.
  - Only options that are given are compared and changed.
  - The AUTH token never passes through Ansible. The module reads it from AWS Secrets Manager itself, and remembers in
    the tag C(langfuse:auth-token-version) which version of the secret the token is from, because AWS does not tell
    what it was set to.
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
      - The token appears as changed, never as a value.
  idempotent:
    support: full
options:
  replication_group_id:
    description: The group's id, at most 40 lower-case letters, digits and single hyphens.
    type: str
    required: true
    aliases: [name]
  state:
    description: Whether the group exists.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: What the group is for. AWS requires it; a new group's default is its id.
    type: str
  engine:
    description:
      - The engine. A V(redis) group becomes a V(valkey) group in place; no other change of engine is possible.
    type: str
    choices: [valkey, redis]
    default: valkey
  engine_version:
    description:
      - The engine's version, as precise as it matters. V(8.0) is content with C(8.0.1), so that minor versions that AWS
        installs are no difference.
      - A version older than the active one is a warning and changes nothing, because AWS does not go back.
      - Required for a new group.
    type: str
  node_type:
    description: The nodes' type. Required for a new group.
    type: str
  num_cache_clusters:
    description: How many nodes there are, the primary among them. A new group's default is 1.
    type: int
  parameter_group_name:
    description: The cache parameter group.
    type: str
  subnet_group_name:
    description: The cache subnet group. AWS cannot change it.
    type: str
  security_group_ids:
    description: The VPC security groups, all of them.
    type: list
    elements: str
  port:
    description: The nodes' port. AWS cannot change it.
    type: int
  auth_token_secret_arn:
    description:
      - ARN or name of the Secrets Manager secret, a JSON object, that has the AUTH token.
      - Where the secret has a new version with another token, the module adds the new token to the group, waits, and
        then retires the old one (see O(auth_token_retire_previous)). Both are valid meanwhile. This always waits, whatever
        O(wait) says. Connections that are open stay open.
      - A group that has a token and no C(langfuse:auth-token-version) tag gets the token of the secret.
    type: str
  auth_token_secret_key:
    description: The secret's key that has the token.
    type: str
  auth_token_version_id:
    description:
      - The current version id of the secret, where it is known already. It spares asking Secrets Manager when nothing
        has changed.
    type: str
  auth_token_retire_previous:
    description:
      - Whether the old token ends once the new one was added. With V(false) the group accepts both, so that clients can
        be replaced one after the other, until the module runs with V(true) and the same token.
      - AWS keeps two tokens, and a third would end the oldest. So with V(false) the module refuses a third one; with V(true)
        it changes over to it, and the two before end.
    type: bool
    default: true
  transit_encryption:
    description:
      - Whether clients must use TLS. A token needs it. A new group has it unless this is V(false).
      - The module does not change it in place, since AWS needs two steps for that and gives the group other endpoints.
    type: bool
  at_rest_encryption:
    description: Whether data on disk is encrypted. A new group has it unless this is V(false). AWS cannot change it.
    type: bool
  kms_key_id:
    description: The KMS key for data on disk, by id, ARN or alias; the default is AWS's own. AWS cannot change it.
    type: str
  automatic_failover:
    description: Whether a replica takes over from a failed primary. Needs two nodes.
    type: bool
  multi_az:
    description: Whether the nodes are spread over availability zones. Needs O(automatic_failover).
    type: bool
  snapshot_retention_limit:
    description: For how many days AWS keeps daily snapshots; 0 turns them off.
    type: int
  snapshot_window:
    description: When the daily snapshot begins, in UTC, as C(hh24:mi-hh24:mi).
    type: str
  maintenance_window:
    description: When AWS may restart nodes, in UTC, as C(ddd:hh24:mi-ddd:hh24:mi).
    type: str
  auto_minor_version_upgrade:
    description: Whether AWS installs minor versions of the engine by itself.
    type: bool
  final_snapshot_identifier:
    description: With O(state=absent), the name of a snapshot to take first. The name must not be in use.
    type: str
  apply_immediately:
    description: Whether changes happen now rather than in the maintenance window.
    type: bool
    default: true
  tags:
    description: The group's tags. The module's own tags, C(langfuse:auth-token-*), come on top.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the group is available, or gone.
      - A group that has to change must be available first. Without O(wait) the module fails where it is not.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, for each step.
    type: int
    default: 1800
"""

EXAMPLES = r"""
- name: Run a cache with TLS, AUTH and one replica
  llmops.langfuse.elasticache_replication_group:
    replication_group_id: langfuse
    engine: valkey
    engine_version: "8.0"
    node_type: cache.t4g.small
    num_cache_clusters: 2
    automatic_failover: true
    multi_az: true
    subnet_group_name: langfuse
    parameter_group_name: langfuse-valkey8
    security_group_ids:
      - sg-0123456789abcdef0
    auth_token_secret_arn: langfuse/application
    auth_token_secret_key: REDIS_AUTH
    snapshot_retention_limit: 7
    tags:
      team: llmops

- name: Add the token that was rotated in the secret, and go on accepting the one before
  llmops.langfuse.elasticache_replication_group:
    replication_group_id: langfuse
    auth_token_secret_arn: langfuse/application
    auth_token_secret_key: REDIS_AUTH
    auth_token_retire_previous: false

- name: End the token before, after the clients were replaced
  llmops.langfuse.elasticache_replication_group:
    replication_group_id: langfuse
    auth_token_secret_arn: langfuse/application
    auth_token_secret_key: REDIS_AUTH

- name: Remove it, keeping a snapshot
  llmops.langfuse.elasticache_replication_group:
    replication_group_id: langfuse
    state: absent
    final_snapshot_identifier: langfuse-final
"""

RETURN = r"""
replication_group:
  description: The group as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    replication_group_id:
      description: The group's id.
      type: str
    arn:
      description: The group's ARN.
      type: str
    status:
      description: V(creating), V(available), V(modifying), V(deleting), V(snapshotting) or V(create-failed).
      type: str
    description:
      description: What the group is for.
      type: str
    engine:
      description: The engine.
      type: str
    engine_version:
      description: The engine's whole version.
      type: str
    node_type:
      description: The nodes' type.
      type: str
    num_cache_clusters:
      description: How many nodes there are.
      type: int
    member_clusters:
      description: The nodes' ids.
      type: list
      elements: str
    parameter_group_name:
      description: The cache parameter group.
      type: str
    subnet_group_name:
      description: The cache subnet group.
      type: str
    security_group_ids:
      description: The VPC security groups.
      type: list
      elements: str
    port:
      description: The nodes' port.
      type: int
    endpoint:
      description: Address and port of the primary; empty until the group is available.
      type: dict
    reader_endpoint:
      description: Address and port for reading from replicas; empty until the group is available.
      type: dict
    transit_encryption:
      description: Whether clients use TLS.
      type: bool
    at_rest_encryption:
      description: Whether data on disk is encrypted.
      type: bool
    kms_key_id:
      description: The KMS key for data on disk; empty for AWS's own.
      type: str
    auth_token_enabled:
      description: Whether the group wants a token.
      type: bool
    auth_token_rotating:
      description: Whether the group still accepts the token before the last one.
      type: bool
    automatic_failover:
      description: Whether a replica takes over from a failed primary.
      type: bool
    multi_az:
      description: Whether the nodes are spread over availability zones.
      type: bool
    snapshot_retention_limit:
      description: For how many days AWS keeps daily snapshots.
      type: int
    snapshot_window:
      description: When the daily snapshot begins.
      type: str
    maintenance_window:
      description: When AWS may restart nodes.
      type: str
    auto_minor_version_upgrade:
      description: Whether AWS installs minor versions of the engine by itself.
      type: bool
    tags:
      description: The group's tags.
      type: dict
"""

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.secret_value import (
    current_version_id,
    read_secret_value,
    same_value_in_version,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import Target, wait_for_state
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache import api
from ansible_collections.llmops.langfuse.plugins.module_utils._elasticache.replication_group import (
    AVAILABLE,
    CREATED,
    GONE,
    OWN_TAGS,
    TOKEN_ROTATING_TAG,
    TOKEN_VERSION_TAG,
    check_options,
    compare,
    create_request,
    describe,
    predicted,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "replication_group_id": {"type": "str", "required": True, "aliases": ["name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "description": {"type": "str"},
    "engine": {"type": "str", "choices": ["valkey", "redis"], "default": "valkey"},
    "engine_version": {"type": "str"},
    "node_type": {"type": "str"},
    "num_cache_clusters": {"type": "int"},
    "parameter_group_name": {"type": "str"},
    "subnet_group_name": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "port": {"type": "int"},
    "auth_token_secret_arn": {"type": "str", "no_log": False},
    "auth_token_secret_key": {"type": "str", "no_log": False},
    "auth_token_version_id": {"type": "str", "no_log": False},
    "auth_token_retire_previous": {"type": "bool", "default": True, "no_log": False},
    "transit_encryption": {"type": "bool"},
    "at_rest_encryption": {"type": "bool"},
    "kms_key_id": {"type": "str", "no_log": False},
    "automatic_failover": {"type": "bool"},
    "multi_az": {"type": "bool"},
    "snapshot_retention_limit": {"type": "int"},
    "snapshot_window": {"type": "str"},
    "maintenance_window": {"type": "str"},
    "auto_minor_version_upgrade": {"type": "bool"},
    "final_snapshot_identifier": {"type": "str"},
    "apply_immediately": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    **TAG_OPTIONS,
}

# What a new group has where the option is not given. AWS's own default for TLS is none.
CREATION_DEFAULTS: dict[str, Any] = {"num_cache_clusters": 1, "transit_encryption": True, "at_rest_encryption": True}


class Token:
    """The AUTH token of the secret, read only where it is needed."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.arn: str = module.params["auth_token_secret_arn"] or ""
        self.key: str = module.params["auth_token_secret_key"] or ""
        self._client: Any = None

    @property
    def wanted(self) -> bool:
        return bool(self.arn)

    @property
    def client(self) -> Any:
        if self._client is None:
            self._client = self.module.client("secretsmanager")
        return self._client

    def version_id(self) -> str:
        """The secret's current version, without reading the secret."""
        return self.module.params["auth_token_version_id"] or current_version_id(self.client, self.arn)

    def read(self) -> Any:
        return read_secret_value(self.module, self.client, self.arn, self.key)

    def same_in(self, secret: Any, version_id: str) -> bool:
        return same_value_in_version(self.module, self.client, secret, version_id)


class Group:
    """The replication group on AWS."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.params = module.params
        self.id: str = module.params["replication_group_id"]
        self.client = module.client("elasticache")

    def read_raw(self) -> dict[str, Any] | None:
        return api.describe_replication_group(self.client, self.id)

    def read(self, raw: dict[str, Any] | None = None) -> dict[str, Any] | None:
        raw = raw or self.read_raw()
        if raw is None:
            return None
        members = sorted(raw.get("MemberClusters") or [])
        node = api.describe_node(self.client, members[0]) if members else None
        return describe(raw, node, tag_dict(api.list_tags(self.client, raw["ARN"])))

    def wait(self, target: Target = AVAILABLE, delay_start: float = 1.0) -> None:
        wait_for_state(
            self.read_raw,
            target,
            self.params["wait_timeout"],
            what=f"the replication group {self.id}",
            delay_start=delay_start,
        )

    def must_be_available(self, state: dict[str, Any]) -> None:
        """A group that is busy refuses changes."""
        if state["status"] == "available":
            return
        if not self.params["wait"]:
            raise AwsError(
                f"The replication group {self.id} has to change and is {state['status']}; set wait, or run again later"
            )
        self.wait()

    def modify(self, **request: Any) -> None:
        api.modify_replication_group(self.client, ReplicationGroupId=self.id, **request)

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        if tags:
            api.add_tags(self.client, arn, tag_list(tags))

    def remove_tags(self, arn: str, keys: list[str]) -> None:
        if keys:
            api.remove_tags(self.client, arn, keys)


def create(module: AnsibleAWSModule, group: Group, token: Token) -> dict[str, Any]:
    options = {**CREATION_DEFAULTS, "description": group.id, **_given(module.params)}
    for name in ("engine_version", "node_type"):
        if not options.get(name):
            raise AwsError(f"The replication group {group.id} does not exist and {name} is missing; set it")
    check_options(options)
    tags = merged_tags({}, options.get("tags"), False)
    state = predicted(options, tags)
    if not module.check_mode:
        request = create_request(options)
        if token.wanted:
            secret = token.read()
            request["AuthToken"] = secret.value
            tags = {**tags, TOKEN_VERSION_TAG: secret.version_id}
        api.create_replication_group(group.client, **request, Tags=tag_list(tags))
        if module.params["wait"]:
            group.wait(CREATED)
        state = group.read() or state
    return {"changed": True, "replication_group": state, "diff": {"before": {}, "after": state}}


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


@dataclass(frozen=True)
class TokenPlan:
    """What is to be done about the token: add it, end the one before, or only remember another version of the secret."""

    secret: Any = None
    add: bool = False
    retire: bool = False
    # The token that is valid beside the added one.
    previous_version: str = ""
    remember: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return self.add or self.retire


def plan_token(token: Token, group_id: str, tags: dict[str, str], retire: bool) -> TokenPlan:
    """Compares the secret with what the group's tags remember; the secret is read only where that does not tell."""
    settled, rotating = tags.get(TOKEN_VERSION_TAG, ""), tags.get(TOKEN_ROTATING_TAG, "")
    newest = rotating or settled
    ends = bool(rotating) and retire
    if not token.wanted or (newest and token.version_id() == newest and not ends):
        return TokenPlan()
    secret = token.read()
    if token.same_in(secret, newest):
        # A rotation of another key makes a new version of the whole secret.
        tag = TOKEN_ROTATING_TAG if rotating else TOKEN_VERSION_TAG
        remember = {} if ends or secret.version_id == newest else {tag: secret.version_id}
        return TokenPlan(secret, retire=ends, remember=remember)
    if rotating and not retire and not token.same_in(secret, settled):
        raise AwsError(
            f"The replication group {group_id} still accepts the AUTH token before the last one, and the secret has a third "
            "one; AWS would end the oldest, with which clients may still run. Make the version of the secret that the tag "
            f"{TOKEN_ROTATING_TAG} names the current one again and end that rotation first, or set "
            "auth_token_retire_previous to change over at once"
        )
    return TokenPlan(secret, add=True, retire=retire, previous_version=newest)


def set_token(group: Group, arn: str, plan: TokenPlan) -> None:
    """Adds the new token, then retires the old one; a run that was stopped in between goes on where it was."""
    token, version = plan.secret.value, plan.secret.version_id
    if plan.add:
        group.modify(AuthToken=token, AuthTokenUpdateStrategy="ROTATE", ApplyImmediately=True)
        group.wait()
        previous = {TOKEN_VERSION_TAG: plan.previous_version} if plan.previous_version else {}
        group.set_tags(arn, {**previous, TOKEN_ROTATING_TAG: version})
    if plan.retire:
        group.modify(AuthToken=token, AuthTokenUpdateStrategy="SET", ApplyImmediately=True)
        group.wait()
        group.set_tags(arn, {TOKEN_VERSION_TAG: version})
        group.remove_tags(arn, [TOKEN_ROTATING_TAG])


def set_node_count(group: Group, wanted: int, active: int) -> None:
    api.set_replica_count(group.client, group.id, wanted - 1, wanted > active)
    group.wait()


def apply(
    module: AnsibleAWSModule, group: Group, state: dict[str, Any], difference: Difference, plan: TokenPlan
) -> None:
    """Makes the changes in the order in which AWS takes them: failover needs a second node before and while it is on."""
    params, arn = module.params, state["arn"]
    nodes = params["num_cache_clusters"] if "num_cache_clusters" in difference.names else None
    request = difference.request
    if request or nodes is not None or plan.changes:
        group.must_be_available(state)
    if nodes is not None and nodes > state["num_cache_clusters"]:
        set_node_count(group, nodes, state["num_cache_clusters"])
    if request:
        group.modify(**request, ApplyImmediately=params["apply_immediately"])
        if params["wait"] or plan.changes or nodes is not None:
            group.wait()
    if nodes is not None and nodes < state["num_cache_clusters"]:
        set_node_count(group, nodes, state["num_cache_clusters"])
    if plan.changes:
        set_token(group, arn, plan)


def update(module: AnsibleAWSModule, group: Group, token: Token, state: dict[str, Any]) -> dict[str, Any]:
    params = module.params
    check_options(params)
    difference, warnings = compare(params, state)
    for text in warnings:
        warn(text)
    plan = plan_token(token, group.id, state["tags"], params["auth_token_retire_previous"])
    if plan.add:
        difference.add("auth_token", "new", "old", secret=True)
    if plan.changes:
        difference.add("auth_token_rotating", not plan.retire, state["auth_token_rotating"])
    wanted_tags = params["tags"]
    if plan.remember:
        wanted_tags = {**(wanted_tags or {}), **plan.remember}
    purge = params["purge_tags"] and params["tags"] is not None
    to_set, to_remove = tag_changes(state["tags"], wanted_tags, purge, OWN_TAGS)
    difference.add("tags", merged_tags(state["tags"], wanted_tags, purge, OWN_TAGS), state["tags"])
    if not difference.changed:
        if params["wait"] and state["status"] != "available" and not module.check_mode:
            group.wait()
            state = group.read() or state
        return {"changed": False, "replication_group": state}
    after = difference.apply_to(state)
    if not module.check_mode:
        apply(module, group, state, difference, plan)
        group.set_tags(state["arn"], to_set)
        group.remove_tags(state["arn"], to_remove)
        after = group.read() or after
    return {"changed": True, "replication_group": after, "diff": difference.diff}


def ensure_present(module: AnsibleAWSModule, group: Group, raw: dict[str, Any] | None) -> dict[str, Any]:
    token = Token(module)
    if raw is not None and raw["Status"] == "deleting":
        if not module.params["wait"]:
            raise AwsError(f"The replication group {group.id} is being deleted; set wait, or run again later")
        if not module.check_mode:
            group.wait(GONE)
        raw = None
    if raw is None:
        return create(module, group, token)
    if raw["Status"] == "create-failed":
        raise AwsError(
            f"AWS could not create the replication group {group.id}; see its events in ElastiCache, delete it with "
            "state absent, and run again"
        )
    if raw["Status"] == "creating" and module.params["wait"] and not module.check_mode:
        group.wait()
        raw = None
    return update(module, group, token, group.read(raw) or {})


def ensure_absent(module: AnsibleAWSModule, group: Group, raw: dict[str, Any] | None) -> dict[str, Any]:
    if raw is None:
        return {"changed": False, "replication_group": {}}
    leaving = raw["Status"] == "deleting"
    before = describe(raw, None, {})
    if not module.check_mode:
        if not leaving:
            if raw["Status"] not in ("available", "create-failed"):
                # AWS refuses to delete a group that is being created or changed.
                group.must_be_available(before)
            snapshot = module.params["final_snapshot_identifier"]
            request = {"FinalSnapshotIdentifier": snapshot} if snapshot else {}
            api.delete_replication_group(group.client, ReplicationGroupId=group.id, **request)
        if module.params["wait"]:
            group.wait(GONE)
    result: dict[str, Any] = {"changed": not leaving, "replication_group": {}}
    return result if leaving else {**result, "diff": {"before": before, "after": {}}}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    group = Group(module)
    raw = group.read_raw()
    if module.params["state"] == "absent":
        return ensure_absent(module, group, raw)
    return ensure_present(module, group, raw)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        required_together=[("auth_token_secret_arn", "auth_token_secret_key")],
        supports_check_mode=True,
    )
    run(module, manage)


if __name__ == "__main__":
    main()
