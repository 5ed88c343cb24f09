#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_secrets
version_added: 0.1.0
short_description: Keep the secrets of a Langfuse environment in one AWS Secrets Manager secret
description:
  - Keeps one secret whose value is a JSON object; its keys are the names of Langfuse's environment variables.
  - Makes the values that are missing, each in the form that Langfuse and the data stores take, and never changes one that
    exists, unless it is named in O(rotate).
  - Values of your own may be put into the secret before, or taken over from where they are with O(adopt). They are checked.
  - Several runs at the same time make each value once.
  - Values are made, read and written within the module. It never returns one.
options:
  name:
    description: Name of the secret.
    type: str
    required: true
  state:
    description:
      - V(present) makes the secret and what is missing in it. A secret that waits for its deletion is restored, with its
        values.
      - V(absent) deletes it, by default with a window in which it can be restored.
    type: str
    choices: [present, absent]
    default: present
  keys:
    description:
      - Keys that the secret must have. Other keys in it are left alone.
      - A value can be made for the default ones and for V(ADMIN_API_KEY). Any other key must exist, or be in O(adopt) or
        O(urls).
      - V(LANGFUSE_INIT_PROJECT_PUBLIC_KEY) and V(LANGFUSE_INIT_PROJECT_SECRET_KEY) are a pair and are made together.
    type: list
    elements: str
    default:
      - CLICKHOUSE_PASSWORD
      - DATABASE_PASSWORD
      - ENCRYPTION_KEY
      - LANGFUSE_INIT_PROJECT_PUBLIC_KEY
      - LANGFUSE_INIT_PROJECT_SECRET_KEY
      - LANGFUSE_INIT_USER_PASSWORD
      - NEXTAUTH_SECRET
      - REDIS_AUTH
      - SALT
  adopt:
    description:
      - Keys that have a value elsewhere, such as in an estate's own secrets, with the ARN to read it from, as ECS takes it
        too. It is an SSM parameter's (C(arn:aws:ssm:...:parameter/name)), or a Secrets Manager secret's, alone for its whole
        text, or with the key of its JSON (C(arn:aws:secretsmanager:...:secret:name-AbCdEf:json-key::)).
      - The value is copied where the key is missing here, or is in O(rotate) and has changed there. It is checked, and never
        looked at again afterwards.
      - The keys need not be in O(keys).
    type: dict
    default: {}
  urls:
    description:
      - Keys that are URLs, made from a password among the keys, percent-encoded as Langfuse needs it. They follow the
        password where it is rotated.
      - With a V(DATABASE_URL) here, V(DATABASE_PASSWORD) may have any characters. Then set O(ignore:database.url_from_secret) of
        M(llmops.langfuse.langfuse_env).
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description: >-
          The key to make, such as V(DATABASE_URL), V(DIRECT_URL), V(REDIS_CONNECTION_STRING) or V(SMTP_CONNECTION_URL).
        type: str
        required: true
      scheme:
        description: >-
          Such as V(postgresql), V(redis), V(rediss), V(smtp) or V(smtps); V(ses) for mail through Amazon SES, whose host is a
          region and which needs no password.
        type: str
        required: true
      host:
        description: Host name or address.
        type: str
        required: true
      port:
        description: Port.
        type: int
      path:
        description: What follows the host, such as the name of the database.
        type: str
        default: ""
      username:
        description: User, not encoded.
        type: str
        default: ""
      password_key:
        description: Key of the secret that has the password.
        type: str
        default: ""
      query:
        description: Parameters, such as V(sslmode).
        type: dict
        default: {}
  data_api_username:
    description:
      - The database user as whom the RDS Data API connects. The secret then also has the keys V(username) and V(password), which that API
        reads, and V(password) follows V(DATABASE_PASSWORD).
      - Without it, nothing is done about these keys.
    type: str
    default: ""
  rotate:
    description:
      - Keys that get a new value each time the module runs with this option.
      - The data stores and the running tasks do not follow by themselves. What each key needs, and in which order, is in
        RV(next_steps) and in the notes.
      - V(ENCRYPTION_KEY) is refused, because Langfuse cannot re-encrypt what it stored with the old one.
    type: list
    elements: str
    default: []
  description:
    description: Description of the secret.
    type: str
  kms_key_id:
    description:
      - Id, ARN or alias of the KMS key that encrypts the secret.
      - By default the account's C(aws/secretsmanager), or what an existing secret has. V(alias/aws/secretsmanager) goes back to
        it.
    type: str
  replica_regions:
    description:
      - Regions that have a copy of the secret, which AWS keeps the same. An empty list removes all copies; left out, they stay
        as they are.
      - Where another secret in the region has the name already, AWS makes no copy, and the module fails with what it says.
    type: list
    elements: dict
    suboptions:
      region:
        description: The region.
        type: str
        required: true
      kms_key_id:
        description: Id, ARN or alias of the KMS key in that region. By default that account's C(aws/secretsmanager).
        type: str
  recovery_window_in_days:
    description: Days in which a deleted secret can be restored, V(7) to V(30).
    type: int
    default: 30
  force_delete:
    description: Delete at once, without O(recovery_window_in_days), also where the secret already waits for its deletion.
    type: bool
    default: false
  tags:
    description: Tags of the secret.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that are not in O(tags) are removed, where O(tags) is given.
    type: bool
    default: true
  wait:
    description: Whether to wait until the copies in O(replica_regions) are the same.
    type: bool
    default: true
  wait_timeout:
    description: >-
      Seconds to wait for copies, and to try again where AWS has not finished deleting an earlier secret of this name.
    type: int
    default: 120
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
      - Shows the names of keys, never their values.
  idempotent:
    support: partial
    details:
      - With O(rotate), each run makes new values.
notes:
  - ECS reads the secret when a task starts, so running tasks keep what they have until they are replaced. After a rotation
    run C(llmops.langfuse.site), which converges the stores first and then replaces the tasks, or the components yourself in the
    order below. Rotate one store's password at a time. C(docs/secrets.md) has the details and the way back.
  - V(REDIS_AUTH) - ElastiCache takes the old and the new password while it changes over, then the new one alone. Connections
    that are open stay open.
  - V(DATABASE_PASSWORD) - Aurora has one password. Open connections stay open, and tasks that open a new one with the old
    password fail until they are replaced.
  - V(CLICKHOUSE_PASSWORD) - every request carries it, so this is the one rotation that the running tasks notice at once. The
    worker repeats what failed, from its queue in the cache.
  - V(NEXTAUTH_SECRET) - everybody has to sign in again. V(SALT) - each API key's first request is slow once.
    V(ADMIN_API_KEY) - only those who use the admin API notice.
  - V(LANGFUSE_INIT_PROJECT_PUBLIC_KEY) and V(LANGFUSE_INIT_PROJECT_SECRET_KEY) - the web server's next start adds the new key to
    the project; delete the old one in the project's settings. V(LANGFUSE_INIT_USER_PASSWORD) - Langfuse reads it only when it
    makes the user; afterwards change the password in Langfuse.
  - V(ENCRYPTION_KEY) - never. Langfuse has no tool to encrypt anew what it has stored.
seealso:
  - module: llmops.langfuse.langfuse_env
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Make what is missing
  llmops.langfuse.langfuse_secrets:
    name: langfuse-production/application
    tags:
      langfuse:environment: langfuse-production

- name: Give the cache a new password
  llmops.langfuse.langfuse_secrets:
    name: langfuse-production/application
    rotate: [REDIS_AUTH]

- name: Take over what an estate has, and make the rest
  llmops.langfuse.langfuse_secrets:
    name: langfuse-production/application
    adopt:
      ENCRYPTION_KEY: arn:aws:ssm:eu-central-1:123456789012:parameter/langfuse/encryption-key
      SALT: arn:aws:ssm:eu-central-1:123456789012:parameter/langfuse/salt
      DATABASE_PASSWORD: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-AbCdEf:password::"
    urls:
      - key: DATABASE_URL
        scheme: postgresql
        host: database.example.com
        port: 5432
        path: langfuse
        username: langfuse
        password_key: DATABASE_PASSWORD
        query:
          sslmode: require
      - key: SMTP_CONNECTION_URL
        scheme: ses
        host: eu-central-1

- name: Encrypt it with a key of one's own, with a copy in another region
  llmops.langfuse.langfuse_secrets:
    name: langfuse-production/application
    kms_key_id: alias/langfuse
    replica_regions:
      - region: eu-west-1
        kms_key_id: alias/langfuse

- name: Delete the secret; it can be restored for a week
  llmops.langfuse.langfuse_secrets:
    name: langfuse-production/application
    state: absent
    recovery_window_in_days: 7
"""

RETURN = r"""
arn:
  description: ARN of the secret; empty where it does not exist, and in check mode where it would be made.
  returned: always
  type: str
  sample: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-production/application-AbCdEf
name:
  description: Name of the secret.
  returned: always
  type: str
  sample: langfuse-production/application
version_id:
  description: Id of the current version. It changes exactly when a value does; empty as O(ignore:arn) is.
  returned: always
  type: str
  sample: 5a1c2f3e-7c4b-4f7e-8a57-0f2b9f0c6f11
secret_keys:
  description: Names of the keys that the secret has.
  returned: always
  type: list
  elements: str
  sample: [DATABASE_PASSWORD, REDIS_AUTH]
made:
  description: Names of the keys that got a value now, or would in check mode.
  returned: always
  type: list
  elements: str
  sample: [REDIS_AUTH]
rotated:
  description: Those of RV(made) that had a value before.
  returned: always
  type: list
  elements: str
  sample: [REDIS_AUTH]
adopted:
  description: Those of RV(made) that were taken from O(adopt).
  returned: always
  type: list
  elements: str
  sample: [ENCRYPTION_KEY]
next_steps:
  description: What each of RV(rotated) needs before everything uses it, in the order to do it.
  returned: always
  type: list
  elements: str
  sample: ["REDIS_AUTH: converge the cache, then web and worker"]
replicas:
  description: The copies in other regions. In check mode, what they will be.
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      returned: always
      type: str
      sample: eu-west-1
    kms_key_id:
      description: The KMS key there; empty for the account's C(aws/secretsmanager).
      returned: always
      type: str
      sample: alias/langfuse
    status:
      description: V(InSync), V(InProgress) or V(Failed).
      returned: always
      type: str
      sample: InSync
restored:
  description: Whether the secret waited for its deletion and was restored.
  returned: always
  type: bool
  sample: false
tags:
  description: Tags of the secret.
  returned: always
  type: dict
  sample: {"langfuse:environment": langfuse-production}
problems:
  description: What is wrong with existing values or with the options, without any value.
  returned: when values or options are wrong
  type: list
  elements: str
  sample: [ENCRYPTION_KEY is not 64 hexadecimal characters]
"""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError, AwsErrorHandler
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import wait_until
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_forms import (
    DATA_API_USERNAME,
    DEFAULT_KEYS,
    Plan,
    make,
    plan,
    problem_with_adopted,
    with_derived,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.secret_sources import SourceError, read_source
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.urls import Url

# Shorter values would turn every text with the same letters into asterisks.
MASKED_LENGTH = 6
# How often another writer may come between reading and writing.
ATTEMPTS = 5
# Ids of versions that follow from the version before, so that of two writers only one succeeds.
NAMESPACE = uuid.UUID("0d4d3f6b-58b0-4f0f-9f43-6d9f0f7f1c55")

URL = {
    "key": {"type": "str", "required": True, "no_log": False},
    "scheme": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int"},
    "path": {"type": "str", "default": ""},
    "username": {"type": "str", "default": ""},
    "password_key": {"type": "str", "default": "", "no_log": False},
    "query": {"type": "dict", "default": {}},
}


class SecretsErrorHandler(AwsErrorHandler):
    MISSING = ("ResourceNotFoundException",)


class Conflict(Exception):
    """Somebody else wrote in between; what was read is no longer true."""


@dataclass
class Secret:
    """The secret as it is now; values stay within this process."""

    arn: str = ""
    version_id: str = ""
    description: str = ""
    kms_key_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    # Region: KMS key (empty for the account's own) and AWS's status and message.
    replicas: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def exists(self) -> bool:
        return bool(self.arn)


@SecretsErrorHandler.list_error_handler("describe the secret {1}")
@AWSRetry.jittered_backoff()
def describe(client: Any, name: str) -> dict[str, Any] | None:
    return client.describe_secret(SecretId=name)


@SecretsErrorHandler.list_error_handler("read the secret {1}")
@AWSRetry.jittered_backoff()
def get_value(client: Any, name: str) -> dict[str, Any] | None:
    return client.get_secret_value(SecretId=name)


@SecretsErrorHandler.common_error_handler("restore the secret {1}")
@AWSRetry.jittered_backoff()
def restore(client: Any, name: str) -> None:
    client.restore_secret(SecretId=name)


@SecretsErrorHandler.common_error_handler("create the secret {1}")
@AWSRetry.jittered_backoff()
def create(client: Any, name: str, **settings: Any) -> dict[str, Any]:
    return client.create_secret(Name=name, **settings)


@SecretsErrorHandler.common_error_handler("write the secret {1}")
@AWSRetry.jittered_backoff()
def put_value(client: Any, name: str, text: str, token: str) -> dict[str, Any]:
    return client.put_secret_value(SecretId=name, SecretString=text, ClientRequestToken=token)


@SecretsErrorHandler.common_error_handler("change the secret {1}")
@AWSRetry.jittered_backoff()
def update(client: Any, name: str, **settings: Any) -> None:
    client.update_secret(SecretId=name, **settings)


@SecretsErrorHandler.common_error_handler("tag the secret {1}")
@AWSRetry.jittered_backoff()
def tag(client: Any, name: str, to_set: dict[str, str], to_remove: list[str]) -> None:
    if to_remove:
        client.untag_resource(SecretId=name, TagKeys=to_remove)
    if to_set:
        client.tag_resource(SecretId=name, Tags=tag_list(to_set))


@SecretsErrorHandler.common_error_handler("copy the secret {1} to other regions")
@AWSRetry.jittered_backoff()
def replicate(client: Any, name: str, regions: list[dict[str, str]]) -> None:
    client.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions)


@SecretsErrorHandler.common_error_handler("remove copies of the secret {1}")
@AWSRetry.jittered_backoff()
def remove_replicas(client: Any, name: str, regions: list[str]) -> None:
    client.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=regions)


@SecretsErrorHandler.deletion_error_handler("delete the secret {1}")
@AWSRetry.jittered_backoff()
def delete(client: Any, name: str, **settings: Any) -> None:
    client.delete_secret(SecretId=name, **settings)


def read(module: AnsibleAWSModule, client: Any) -> Secret:
    """The secret with its values, or without them while it waits for its deletion."""
    name = module.params["name"]
    description = describe(client, name)
    if not description:
        return Secret()
    secret = Secret(
        arn=description["ARN"],
        description=description.get("Description") or "",
        kms_key_id=own_key(description.get("KmsKeyId")),
        replicas=replicas_of(description),
        tags=tag_dict(description.get("Tags")),
        deleted="DeletedDate" in description,
    )
    if not secret.deleted:
        read_values(module, client, secret)
    return secret


def own_key(key: str | None) -> str:
    """A KMS key as AWS describes it, empty for the account's own, which it leaves out for a secret and names for a copy."""
    return "" if not key or key.endswith("alias/aws/secretsmanager") else key


def same_key(one: str, other: str) -> bool:
    """Whether two names are of the same KMS key, where one may be the ARN and the other its end."""
    if not one or not other:
        return one == other
    return one == other or one.endswith((f"/{other}", f":{other}")) or other.endswith((f"/{one}", f":{one}"))


def replicas_of(description: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        replica["Region"]: {
            "kms_key_id": own_key(replica.get("KmsKeyId")),
            "status": replica.get("Status", ""),
            "message": replica.get("StatusMessage") or "",
        }
        for replica in description.get("ReplicationStatus") or []
    }


def read_values(module: AnsibleAWSModule, client: Any, secret: Secret) -> None:
    name = module.params["name"]
    response = get_value(client, name)
    if not response:
        # A secret without any version, as CreateSecret makes it when it is given no value.
        return
    secret.version_id = response["VersionId"]
    try:
        values = json.loads(response.get("SecretString") or "")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise AwsError(f"The value of the secret {name} is not a JSON object; give another name, or mend or delete it")
    secret.values = values
    hide(module, values)


def hide(module: AnsibleAWSModule, values: dict[str, Any]) -> None:
    module.no_log_values.update(
        value
        for key, value in values.items()
        if isinstance(value, str) and len(value) >= MASKED_LENGTH and key != DATA_API_USERNAME
    )


def judged(module: AnsibleAWSModule, values: dict[str, Any]) -> Plan:
    """What has to be made; fails the module where it cannot be."""
    params = module.params
    result = plan(
        values,
        params["keys"],
        params["rotate"],
        list(params["adopt"]),
        urls(module),
        data_api_username=params["data_api_username"],
    )
    if result.problems:
        refuse(module, result.problems)
    return result


def refuse(module: AnsibleAWSModule, problems: list[str]) -> None:
    module.fail_json(
        msg=f"The secret {module.params['name']} cannot be used as it is: {'. '.join(problems)}.", problems=problems
    )


def urls(module: AnsibleAWSModule) -> list[Url]:
    return [Url(**url) for url in module.params["urls"]]


def completed(module: AnsibleAWSModule, values: dict[str, Any], to_make: Plan) -> dict[str, Any]:
    """The values with those that the plan asks for, and with what is made of them, which the plan then names too."""
    new: dict[str, Any] = dict(make(to_make.generated))
    problems = []
    for key in to_make.adopted:
        try:
            new[key] = read_source(module, module.params["adopt"][key])
        except SourceError as error:
            problems.append(f"{key} cannot be adopted: {error}")
            continue
        hide(module, new)
        if problem := problem_with_adopted(key, new[key], urls(module)):
            problems.append(
                f"{problem}; put a right value into {module.params['adopt'][key]}, or take {key} out of adopt"
            )
        if new[key] == values.get(key):
            # It was rotated there already, and is here.
            to_make.rotated.remove(key)
    to_make.adopted = [key for key in to_make.adopted if key in to_make.made]
    if problems:
        refuse(module, problems)
    complete, to_make.derived = with_derived({**values, **new}, urls(module), module.params["data_api_username"])
    hide(module, complete)
    return complete


def settings_to_change(module: AnsibleAWSModule, secret: Secret) -> dict[str, str]:
    """The part of UpdateSecret's request that is about what differs."""
    changes = {}
    description, key = module.params["description"], module.params["kms_key_id"]
    if description is not None and description != secret.description:
        changes["Description"] = description
    if key is not None and not same_key(own_key(key), secret.kms_key_id):
        changes["KmsKeyId"] = key
    return changes


def replica_changes(module: AnsibleAWSModule, secret: Secret) -> tuple[list[dict[str, str]], list[str]]:
    """The copies to make and the regions to remove one from. A copy with another key, or that failed, is made anew."""
    wanted = module.params["replica_regions"]
    if wanted is None:
        return [], []
    keys = {replica["region"]: own_key(replica["kms_key_id"]) for replica in wanted}
    right = {
        region
        for region, replica in secret.replicas.items()
        if region in keys and same_key(keys[region], replica["kms_key_id"]) and replica["status"] != "Failed"
    }
    to_add = [
        {"Region": region, **({"KmsKeyId": key} if key else {})} for region, key in keys.items() if region not in right
    ]
    return to_add, sorted(region for region in secret.replicas if region not in right)


def change_replicas(module: AnsibleAWSModule, client: Any, secret: Secret) -> None:
    """Makes the copies what they should be, and waits; in check mode says what they will be."""
    name = module.params["name"]
    to_add, to_remove = replica_changes(module, secret)
    if not module.check_mode:
        if to_remove:
            remove_replicas(client, name, to_remove)
        if to_add:
            replicate(client, name, to_add)
        if to_add or to_remove or (module.params["replica_regions"] and module.params["wait"]):
            secret.replicas = synchronised(module, client)
        return
    secret.replicas = {region: replica for region, replica in secret.replicas.items() if region not in to_remove}
    for replica in to_add:
        secret.replicas[replica["Region"]] = {
            "kms_key_id": replica.get("KmsKeyId", ""),
            "status": "InSync",
            "message": "",
        }


def synchronised(module: AnsibleAWSModule, client: Any) -> dict[str, dict[str, str]]:
    """The copies, once AWS has made them the same; as they are where nobody waits."""
    name = module.params["name"]

    def poll() -> dict[str, dict[str, str]] | None:
        replicas = replicas_of(describe(client, name) or {})
        for region, replica in replicas.items():
            if replica["status"] == "Failed":
                raise AwsError(
                    f"AWS made no copy of the secret {name} in {region}: {replica['message'].rstrip('. ')}; remove what is in "
                    "its way there, or take the region out of replica_regions"
                )
        waiting = any(replica["status"] != "InSync" for replica in replicas.values())
        return None if waiting and module.params["wait"] else replicas

    return wait_until(poll, module.params["wait_timeout"], describe=f"the copies of the secret {name}")


def ensure_present(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    for _attempt in range(ATTEMPTS):
        secret = read(module, client)
        try:
            if not secret.exists:
                return create_secret(module, client)
            return change_secret(module, client, secret)
        except Conflict:
            continue
    raise AwsError(f"The secret {module.params['name']} changes all the time; run again when nobody else writes it")


def create_secret(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    to_make = judged(module, {})
    values = completed(module, {}, to_make)
    tags = {key: str(value) for key, value in (params["tags"] or {}).items()}
    secret = Secret(description=params["description"] or "", kms_key_id=own_key(params["kms_key_id"]), tags=tags)
    if not module.check_mode:
        settings: dict[str, Any] = {"SecretString": json.dumps(values, sort_keys=True), "Tags": tag_list(tags)}
        if params["description"]:
            settings["Description"] = params["description"]
        if params["kms_key_id"]:
            settings["KmsKeyId"] = params["kms_key_id"]
        created = wait_until(
            lambda: try_to_create(client, params["name"], settings),
            params["wait_timeout"],
            describe=f"AWS to finish the deletion of an earlier secret {params['name']}",
        )
        secret.arn, secret.version_id = created["ARN"], created["VersionId"]
    secret.values = values
    change_replicas(module, client, secret)
    return result(module, Secret(), secret, to_make, restored=False)


def try_to_create(client: Any, name: str, settings: dict[str, Any]) -> dict[str, Any] | None:
    """None where AWS still deletes an earlier one."""
    try:
        return create(client, name, **settings)
    except AwsError as error:
        if error.code == "ResourceExistsException":
            raise Conflict from error
        if error.code == "InvalidRequestException" and "scheduled for deletion" in str(error):
            # Describe knows whether it waits for its deletion, and can be restored, or is on its way out.
            if describe(client, name):
                raise Conflict from error
            return None
        raise


def change_secret(module: AnsibleAWSModule, client: Any, secret: Secret) -> dict[str, Any]:
    params, name = module.params, module.params["name"]
    restored = secret.deleted
    before = Secret(**{**vars(secret), "values": dict(secret.values)})
    if restored and not module.check_mode:
        restore(client, name)
        secret.deleted = False
        read_values(module, client, secret)
        before.values = dict(secret.values)
    # Nobody can read the values of a secret that waits for its deletion, so check mode takes them for complete.
    to_make = Plan() if secret.deleted else judged(module, secret.values)
    changes = settings_to_change(module, secret)
    to_set, to_remove = tag_changes(secret.tags, params["tags"], params["purge_tags"])
    if not secret.deleted:
        values = completed(module, secret.values, to_make)
        # Where nothing is to be made, nothing is written, and the version stays.
        if to_make.made:
            secret.values = values
            if not module.check_mode:
                secret.version_id = write_values(client, name, secret)
    if not module.check_mode:
        if changes:
            update(client, name, **changes)
        tag(client, name, to_set, to_remove)
    change_replicas(module, client, secret)
    secret.tags = merged_tags(secret.tags, params["tags"], params["purge_tags"])
    secret.description = changes.get("Description", secret.description)
    secret.kms_key_id = own_key(changes.get("KmsKeyId", secret.kms_key_id))
    return result(module, before, secret, to_make, restored=restored)


def write_values(client: Any, name: str, secret: Secret) -> str:
    """Writes the values over the version that they were read from, and raises Conflict where there is another now."""
    token = str(uuid.uuid5(NAMESPACE, f"{secret.arn} {secret.version_id}"))
    text = json.dumps(secret.values, sort_keys=True)
    try:
        return put_value(client, name, text, token)["VersionId"]
    except AwsError as error:
        if error.code != "ResourceExistsException":
            raise
        current = get_value(client, name) or {}
        if current.get("VersionId") != secret.version_id:
            raise Conflict from error
        # The version that followed exists, and somebody made the one before it the current one again.
        return put_value(client, name, text, str(uuid.uuid4()))["VersionId"]


def ensure_absent(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    description = describe(client, params["name"])
    gone = not description or ("DeletedDate" in description and not params["force_delete"])
    secret = Secret()
    if not gone:
        tags, replicas = tag_dict(description.get("Tags")), replicas_of(description)
        secret = Secret(arn=description["ARN"], tags=tags, replicas=replicas)
    if secret.exists and not module.check_mode:
        if secret.replicas:
            # AWS deletes no secret that has copies.
            remove_replicas(client, params["name"], sorted(secret.replicas))
        if params["force_delete"]:
            delete(client, params["name"], ForceDeleteWithoutRecovery=True)
        else:
            delete(client, params["name"], RecoveryWindowInDays=params["recovery_window_in_days"])
    return result(module, secret, Secret(), Plan(), restored=False)


def shown(module: AnsibleAWSModule, secret: Secret) -> dict[str, Any]:
    """What may be seen of a secret."""
    if not secret.exists and not secret.values:
        return {}
    return {
        "name": module.params["name"],
        "secret_keys": sorted(secret.values),
        "description": secret.description,
        "kms_key_id": secret.kms_key_id,
        "tags": secret.tags,
        "replicas": shown_replicas(secret),
        "scheduled_for_deletion": secret.deleted,
    }


def shown_replicas(secret: Secret) -> list[dict[str, str]]:
    return [
        {"region": region, "kms_key_id": replica["kms_key_id"], "status": replica["status"]}
        for region, replica in sorted(secret.replicas.items())
    ]


def result(module: AnsibleAWSModule, before: Secret, after: Secret, made: Plan, restored: bool) -> dict[str, Any]:
    if restored:
        after.deleted, before.deleted = False, True
    difference = {"before": shown(module, before), "after": shown(module, after)}
    if made.rotated:
        difference["after"]["rotated"] = made.rotated
    elif made.derived:
        difference["after"]["rewritten"] = made.derived
    changed = difference["before"] != difference["after"]
    outcome: dict[str, Any] = {
        "changed": changed,
        "arn": after.arn,
        "name": module.params["name"],
        "version_id": after.version_id,
        "secret_keys": sorted(after.values),
        "made": made.made,
        "rotated": made.rotated,
        "adopted": made.adopted,
        "next_steps": made.next_steps(),
        "replicas": shown_replicas(after),
        "restored": restored,
        "tags": after.tags,
    }
    if changed:
        outcome["diff"] = difference
    return outcome


def ensure(module: AnsibleAWSModule) -> dict[str, Any]:
    if module.params["state"] == "absent" and not module.params["force_delete"]:
        days = module.params["recovery_window_in_days"]
        if not 7 <= days <= 30:
            module.fail_json(msg=f"recovery_window_in_days is {days}, and AWS takes 7 to 30; set one of those.")
    client = module.client("secretsmanager")
    return ensure_present(module, client) if module.params["state"] == "present" else ensure_absent(module, client)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "keys": {"type": "list", "elements": "str", "default": list(DEFAULT_KEYS), "no_log": False},
            "adopt": {"type": "dict", "default": {}, "no_log": False},
            "urls": {"type": "list", "elements": "dict", "default": [], "options": URL},
            "data_api_username": {"type": "str", "default": ""},
            "rotate": {"type": "list", "elements": "str", "default": []},
            "description": {"type": "str"},
            "kms_key_id": {"type": "str", "no_log": False},
            "replica_regions": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "region": {"type": "str", "required": True},
                    "kms_key_id": {"type": "str", "no_log": False},
                },
            },
            "recovery_window_in_days": {"type": "int", "default": 30},
            "force_delete": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 120},
            **TAG_OPTIONS,
        },
        supports_check_mode=True,
    )
    run(module, ensure)


if __name__ == "__main__":
    main()
