#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_env
version_added: 0.1.0
short_description: Assemble and check the environment variables of a Langfuse container
description:
  - Turns one description of a Langfuse installation into the environment of its web server, its worker or its migration
    job. Give the same description for each, and what must match between them does.
  - Every variable is checked against what the given version of Langfuse reads, and every rule that Langfuse applies
    between variables is checked too. All that is wrong comes in one failure, as text and as the list RV(errors).
  - Secrets are references, never values. A variable that Langfuse treats as secret is refused in O(settings).
  - Nothing is contacted and nothing changes, so the answer in check mode is the same.
options:
  component:
    description:
      - Which container the environment is for.
      - V(migration) is the web image run once to migrate both databases; it gets only what the migrations read, so that
        a change to anything else does not make them run again.
    type: str
    choices: [web, worker, migration]
    required: true
  langfuse_version:
    description: Langfuse's exact version, such as V(3.225.4).
    type: str
    required: true
  url:
    description: Where people and SDKs reach Langfuse, with V(https://) or V(http://) (E(NEXTAUTH_URL)).
    type: str
  database:
    description:
      - PostgreSQL. Its password is key V(DATABASE_PASSWORD) of O(secret_arn).
      - Leave it out where O(secret_settings) has V(DATABASE_URL), a whole URL with the password percent-encoded.
    type: dict
    suboptions:
      host:
        description: Host name or address.
        type: str
      port:
        description: Port.
        type: int
        default: 5432
      name:
        description: Name of the database.
        type: str
      username:
        description: User. Langfuse puts it into a URL as it is, so letters, digits, V(_), V(.) and V(-) only.
        type: str
      ssl_mode:
        description: Whether the connection uses TLS; V(require) refuses to go without.
        type: str
        choices: [disable, prefer, require]
        default: require
      arguments:
        description: More parameters of Prisma's connection URL, such as V(connection_limit).
        type: dict
        default: {}
  cache:
    description:
      - Redis or Valkey, one primary. Its password is key V(REDIS_AUTH) of O(secret_arn).
      - Leave it out where O(settings) or O(secret_settings) describe the cache (V(REDIS_CONNECTION_STRING), cluster,
        sentinel).
    type: dict
    suboptions:
      host:
        description: Host name or address.
        type: str
      port:
        description: Port.
        type: int
        default: 6379
      tls:
        description: Whether the connection uses TLS.
        type: bool
        default: true
      username:
        description: User, where the cache has users.
        type: str
      tls_ca_path:
        description: File in the container with the authorities of the cache's certificate, where Node.js lacks them.
        type: str
  clickhouse:
    description: ClickHouse. Its password is key V(CLICKHOUSE_PASSWORD) of O(secret_arn) and must be safe in a URL.
    type: dict
    suboptions:
      host:
        description: Host name, from which both URLs are made.
        type: str
      http_port:
        description: HTTP port; V(8123), or V(8443) with O(clickhouse.secure).
        type: int
      native_port:
        description: Native protocol's port, which the migrations use; V(9000), or V(9440) with O(clickhouse.secure).
        type: int
      url:
        description: The HTTP URL, in place of the one made from O(clickhouse.host).
        type: str
      migration_url:
        description: The C(clickhouse://) URL, in place of the one made from O(clickhouse.host).
        type: str
      user:
        description: User of the application and of the migrations.
        type: str
        default: langfuse
      database:
        description: Database.
        type: str
        default: default
      secure:
        description: Whether both connections use TLS. Langfuse's migrations then do not verify the certificate.
        type: bool
        default: false
      cluster_enabled:
        description: Whether ClickHouse is a cluster; decides which of Langfuse's two schemas is created, for good.
        type: bool
        default: false
      cluster_name:
        description: Name of that cluster. Langfuse 3 works with V(default) only.
        type: str
        default: default
  storage:
    description: The S3 bucket for events, media and exports. The task's role opens it; no keys are needed.
    type: dict
    suboptions:
      bucket:
        description: Name of the bucket.
        type: str
      region:
        description: Its region.
        type: str
      event_prefix:
        description: Key prefix of events, ending with V(/).
        type: str
        default: events/
      media_prefix:
        description: Key prefix of media, ending with V(/).
        type: str
        default: media/
      export_prefix:
        description: Key prefix of batch exports, ending with V(/).
        type: str
        default: exports/
      export_enabled:
        description: Whether Langfuse may write batch exports.
        type: bool
        default: true
      sse:
        description: Server-side encryption that Langfuse asks S3 for; by default the bucket's own setting applies.
        type: str
        choices: [AES256, "aws:kms"]
      kms_key_id:
        description: KMS key for O(storage.sse=aws:kms).
        type: str
  init:
    description:
      - The first organisation, project and user, made when the web server starts and never changed afterwards.
      - The user's password and the project's keys are keys of O(secret_arn) (V(LANGFUSE_INIT_USER_PASSWORD),
        V(LANGFUSE_INIT_PROJECT_PUBLIC_KEY), V(LANGFUSE_INIT_PROJECT_SECRET_KEY)).
    type: dict
    suboptions:
      org_id:
        description: Id of the organisation. Langfuse ignores everything else here without it.
        type: str
      org_name:
        description: Name of the organisation.
        type: str
      project_id:
        description: Id of the project.
        type: str
      project_name:
        description: Name of the project.
        type: str
      user_email:
        description: E-mail address of the first user, who owns the organisation.
        type: str
      user_name:
        description: Name of the first user.
        type: str
  secret_arn:
    description: ARN of the Secrets Manager secret whose JSON keys are the names of environment variables.
    type: str
  secret_keys:
    description:
      - Keys of O(secret_arn) that become variables. Those that the component does not read, or that O(init) does not
        need, are left out.
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
  auto_migrations:
    description:
      - Whether the web image migrates both databases when it starts.
      - By default only for O(component=migration).
    type: bool
  write_mode:
    description:
      - Which tables Langfuse writes while v3 turns into v4. It decides all of Langfuse's settings that have to agree on
        this.
      - By default V(events_only) for Langfuse 4, and Langfuse's own default for Langfuse 3.
      - V(legacy) keeps the behaviour of Langfuse 3, V(dual) writes both.
    type: str
    choices: [legacy, dual, events_only]
  keep_alive_timeout_ms:
    description: >-
      Milliseconds that the web server keeps an idle connection open; must be longer than the load balancer's idle
      timeout, or clients see an occasional 502.
    type: int
  node_heap_mib:
    description: Size of V8's old space in MiB. Node.js does not derive it from the task's memory.
    type: int
  sign_up_disabled:
    description: Whether nobody new can sign up. By default Langfuse's own default applies, and everybody can.
    type: bool
  telemetry:
    description: Whether Langfuse reports usage statistics to its makers. By default it does.
    type: bool
  settings:
    description:
      - Any other variable of Langfuse, by its own name. Booleans and numbers are written as Langfuse reads them; an
        empty value leaves the variable unset, as Langfuse itself has it.
      - One list serves all components; a variable that a component does not read is left out there.
      - A name that this version does not know gives a warning with the nearest real name.
    type: dict
    default: {}
  secret_settings:
    description: >-
      Variables by their own name, with the ARN from which ECS reads the value: an SSM parameter's, or a Secrets Manager
      secret's, alone or with its three more parts (C(arn:...:secret:name-AbCdEf:json-key:version-stage:version-id)).
    type: dict
    default: {}
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_secrets
  - module: llmops.langfuse.ecs_task_definition
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Assemble the web server's environment
  llmops.langfuse.langfuse_env:
    component: web
    langfuse_version: 3.225.4
    url: https://langfuse.example.com
    database:
      host: langfuse.cluster-abc.eu-central-1.rds.amazonaws.com
      name: langfuse
      username: langfuse
    cache:
      host: master.langfuse.abc.euc1.cache.amazonaws.com
    clickhouse:
      host: clickhouse.langfuse.internal
    storage:
      bucket: langfuse-123456789012-eu-central-1
      region: eu-central-1
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse/application-AbCdEf
    settings:
      LANGFUSE_LOG_LEVEL: warn
      AUTH_GOOGLE_CLIENT_ID: 1234.apps.googleusercontent.com
    secret_settings:
      AUTH_GOOGLE_CLIENT_SECRET: arn:aws:ssm:eu-central-1:123456789012:parameter/langfuse/google
  register: web_environment

- name: Use it in a task definition
  llmops.langfuse.ecs_task_definition:
    family: langfuse-web
    cpu: 2048
    memory: 4096
    execution_role_arn: arn:aws:iam::123456789012:role/langfuse-execution
    containers:
      - name: web
        image: docker.io/langfuse/langfuse:3.225.4
        environment: "{{ web_environment.ecs.environment }}"
        secrets: "{{ web_environment.ecs.secrets }}"
"""

RETURN = r"""
environment:
  description: The plain variables, by name.
  returned: success
  type: dict
  sample: {HOSTNAME: 0.0.0.0, NEXTAUTH_URL: https://langfuse.example.com}
secrets:
  description: The secret variables, by name, with the reference that ECS resolves.
  returned: success
  type: dict
  sample: {SALT: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse/application-AbCdEf:SALT::"}
ecs:
  description: The same as an ECS container definition takes it, sorted by name.
  returned: success
  type: dict
  contains:
    environment:
      description: The plain variables.
      returned: success
      type: list
      elements: dict
      sample: [{name: HOSTNAME, value: 0.0.0.0}]
    secrets:
      description: The references.
      returned: success
      type: list
      elements: dict
      sample:
        - name: SALT
          valueFrom: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-AbCdEf:SALT::"
dotenv:
  description: The plain variables as a C(.env) file, which a shell reads too; the secret ones stand there as comments.
  returned: success
  type: str
  sample: |
    HOSTNAME=0.0.0.0
    # SALT is a secret: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-AbCdEf:SALT::
digest:
  description: A hash of all of it, which changes exactly when something of it does.
  returned: success
  type: str
  sample: 0f343b0931126a20f133d67c2b018a3b5a1cbb4f1d6e0c4c0e3f2e2a0c1c7a52
warnings_list:
  description: What is allowed but looks wrong; also given as warnings.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option it is about, with its place inside the option.
      returned: always
      type: str
      sample: settings.LANGFUSE_LOG_LEVL
    problem:
      description: What is wrong.
      returned: always
      type: str
      sample: Langfuse 3.225.4 does not read LANGFUSE_LOG_LEVL
    fix:
      description: What to do about it.
      returned: always
      type: str
      sample: did you mean LANGFUSE_LOG_LEVEL?
errors:
  description: Everything that is wrong, each with the same keys as in RV(warnings_list).
  returned: failure
  type: list
  elements: dict
  sample:
    - option: settings.LANGFUSE_LOG_LEVEL
      problem: "'loud' is not a value of LANGFUSE_LOG_LEVEL"
      fix: set one of trace, debug, info, warn, error, fatal
"""

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import (
    DEFAULT_SECRET_KEYS,
    OPTIONS,
    assemble,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule


def main() -> None:
    module = LangfuseModule(argument_spec=argument_spec(), supports_check_mode=True)
    result = assemble({name: module.params[name] for name in OPTIONS})
    # What was given as a plain value and should not have been must not be repeated in the invocation either.
    module.no_log_values.update(result.leaked)
    if result.errors:
        module.fail_json(
            msg="\n".join(
                [f"The environment of Langfuse's {module.params['component']} cannot be assembled:"]
                + [f"- {error}" for error in result.errors]
            ),
            errors=[error.as_dict() for error in result.errors],
        )
    for warning in result.warnings:
        module.warn(str(warning))
    module.exit_json(
        changed=False,
        environment=result.environment,
        secrets=result.secrets,
        ecs=result.ecs(),
        dotenv=result.dotenv(),
        digest=result.digest(),
        warnings_list=[warning.as_dict() for warning in result.warnings],
    )


def argument_spec() -> dict:
    return {
        "component": {"type": "str", "choices": ["web", "worker", "migration"], "required": True},
        "langfuse_version": {"type": "str", "required": True},
        "url": {"type": "str"},
        "database": {
            "type": "dict",
            "options": {
                "host": {"type": "str"},
                "port": {"type": "int", "default": 5432},
                "name": {"type": "str"},
                "username": {"type": "str"},
                "ssl_mode": {"type": "str", "choices": ["disable", "prefer", "require"], "default": "require"},
                "arguments": {"type": "dict", "default": {}},
            },
        },
        "cache": {
            "type": "dict",
            "options": {
                "host": {"type": "str"},
                "port": {"type": "int", "default": 6379},
                "tls": {"type": "bool", "default": True},
                "username": {"type": "str"},
                "tls_ca_path": {"type": "str"},
            },
        },
        "clickhouse": {
            "type": "dict",
            "options": {
                "host": {"type": "str"},
                "http_port": {"type": "int"},
                "native_port": {"type": "int"},
                "url": {"type": "str"},
                "migration_url": {"type": "str"},
                "user": {"type": "str", "default": "langfuse"},
                "database": {"type": "str", "default": "default"},
                "secure": {"type": "bool", "default": False},
                "cluster_enabled": {"type": "bool", "default": False},
                "cluster_name": {"type": "str", "default": "default"},
            },
        },
        "storage": {
            "type": "dict",
            "options": {
                "bucket": {"type": "str"},
                "region": {"type": "str"},
                "event_prefix": {"type": "str", "default": "events/"},
                "media_prefix": {"type": "str", "default": "media/"},
                "export_prefix": {"type": "str", "default": "exports/"},
                "export_enabled": {"type": "bool", "default": True},
                "sse": {"type": "str", "choices": ["AES256", "aws:kms"]},
                "kms_key_id": {"type": "str"},
            },
        },
        "init": {
            "type": "dict",
            "options": {
                "org_id": {"type": "str"},
                "org_name": {"type": "str"},
                "project_id": {"type": "str"},
                "project_name": {"type": "str"},
                "user_email": {"type": "str"},
                "user_name": {"type": "str"},
            },
        },
        "secret_arn": {"type": "str", "no_log": False},
        "secret_keys": {"type": "list", "elements": "str", "default": list(DEFAULT_SECRET_KEYS), "no_log": False},
        "auto_migrations": {"type": "bool"},
        "write_mode": {"type": "str", "choices": ["legacy", "dual", "events_only"]},
        "keep_alive_timeout_ms": {"type": "int"},
        "node_heap_mib": {"type": "int"},
        "sign_up_disabled": {"type": "bool"},
        "telemetry": {"type": "bool"},
        "settings": {"type": "dict", "default": {}},
        "secret_settings": {"type": "dict", "default": {}, "no_log": False},
    }


if __name__ == "__main__":
    main()
