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
      - Langfuse makes a URL of these parts without encoding anything, so user and password must be safe in a URL. For
        others use O(database.url_from_secret).
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
        description: User; letters, digits, V(_), V(.) and V(-) only.
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
      url_from_secret:
        description:
          - Whether the whole URL is key V(DATABASE_URL) of O(secret_arn), in place of the parts above.
          - M(llmops.langfuse.langfuse_secrets) makes that key from a password of any characters, with its option O(ignore:urls).
        type: bool
        default: false
      direct_url_from_secret:
        description:
          - Whether the migrations use a URL of their own, key V(DIRECT_URL) of O(secret_arn). Set it where the other URL leads
            to a connection pooler, which migrations cannot use.
        type: bool
        default: false
  cache:
    description:
      - Redis or Valkey. Its password is key V(REDIS_AUTH) of O(secret_arn).
      - Leave it out where O(settings) or O(secret_settings) describe the cache, such as with V(REDIS_CONNECTION_STRING).
    type: dict
    suboptions:
      mode:
        description:
          - V(standalone) is one address, also that of a primary with replicas.
          - V(cluster) and V(sentinel) need O(cache.nodes). A cluster needs O(queue_shards), too.
          - By default V(standalone), unless O(settings) say otherwise.
        type: str
        choices: [standalone, cluster, sentinel]
      host:
        description: Host name or address, for O(cache.mode=standalone).
        type: str
      port:
        description: Port.
        type: int
        default: 6379
      nodes:
        description: >-
          The cluster's nodes, or the sentinels, each as V(host:port). For ElastiCache its configuration endpoint is enough.
        type: list
        elements: str
      master_name:
        description: What the sentinels call the primary.
        type: str
      sentinel_username:
        description: User at the sentinels, where they have users.
        type: str
      sentinel_password_from_secret:
        description: Whether the sentinels have a password, key V(REDIS_SENTINEL_PASSWORD) of O(secret_arn).
        type: bool
        default: false
      sentinel_tls:
        description: Whether the sentinels, too, are reached with TLS.
        type: bool
      connection_string_from_secret:
        description: Whether the whole URL is key V(REDIS_CONNECTION_STRING) of O(secret_arn), in place of host and port.
        type: bool
        default: false
      username:
        description: User, where the cache has users.
        type: str
      password_from_secret:
        description: >-
          Whether the cache has a password. Where O(cache.mode=standalone) it must, for Langfuse sends one in any case.
        type: bool
        default: true
      tls:
        description: Whether the connection uses TLS.
        type: bool
        default: true
      tls_ca_path:
        description: File in the container with the authorities of the cache's certificate, where Node.js lacks them.
        type: str
      tls_cert_path:
        description: File in the container with a client's certificate.
        type: str
      tls_key_path:
        description: File in the container with the key of O(cache.tls_cert_path).
        type: str
      tls_server_name:
        description: Name that the certificate is expected to have, where it is not the host's.
        type: str
      tls_verify:
        description: Whether the certificate is verified. By default it is.
        type: bool
      tls_check_server_identity:
        description: Whether the certificate's name is verified. By default it is.
        type: bool
      key_prefix:
        description: Prefix of all keys, where several installations share a cache.
        type: str
      socket_timeout_ms:
        description: Milliseconds of silence after which a connection counts as dead; V(0) for never, and V(10000) at least.
        type: int
  clickhouse:
    description: ClickHouse. Its password is key V(CLICKHOUSE_PASSWORD) of O(secret_arn) and must be safe in a URL.
    type: dict
    suboptions:
      mode:
        description:
          - V(single) is one server, V(replicated) a cluster of replicas with Keeper, V(cloud) is ClickHouse Cloud.
          - Decides the defaults of O(clickhouse.secure), O(clickhouse.cluster_enabled) and O(clickhouse.user). By default they
            are those of V(single).
        type: str
        choices: [single, replicated, cloud]
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
      read_only_url:
        description: An HTTP URL of its own for queries that only read.
        type: str
      user:
        description: User of the application and of the migrations. By default V(langfuse), in ClickHouse Cloud V(default).
        type: str
      database:
        description: Database.
        type: str
        default: default
      secure:
        description:
          - Whether both connections use TLS. Langfuse's migrations then do not verify the certificate.
          - By default only with O(clickhouse.mode=cloud).
        type: bool
      cluster_enabled:
        description:
          - Whether ClickHouse is a cluster; decides which of Langfuse's two schemas is created, for good.
          - By default only with O(clickhouse.mode=replicated).
        type: bool
      cluster_name:
        description: Name of that cluster. Langfuse 3 works with V(default) only.
        type: str
        default: default
  storage:
    description:
      - The S3 bucket for events, media and exports. The task's role opens it; no keys are needed.
      - What O(storage.events), O(storage.media) and O(storage.exports) do not say is as said here.
    type: dict
    suboptions:
      bucket:
        description: Name of the bucket.
        type: str
      region:
        description: Its region.
        type: str
      endpoint:
        description: URL of another S3 than that of AWS.
        type: str
      force_path_style:
        description: Whether the bucket's name is part of the path, as other S3s than that of AWS may want it.
        type: bool
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
      events:
        description: What is different for events, which Langfuse keeps before it processes them.
        type: dict
        suboptions:
          bucket:
            description: Name of the bucket.
            type: str
          region:
            description: Its region.
            type: str
          prefix:
            description: Key prefix, ending with V(/).
            type: str
          endpoint:
            description: URL of another S3 than that of AWS.
            type: str
          force_path_style:
            description: Whether the bucket's name is part of the path.
            type: bool
          sse:
            description: Server-side encryption that Langfuse asks S3 for.
            type: str
            choices: [AES256, "aws:kms"]
          kms_key_id:
            description: KMS key for the encryption V(aws:kms).
            type: str
      media:
        description: What is different for media, which browsers and SDKs upload themselves.
        type: dict
        suboptions:
          bucket:
            description: Name of the bucket.
            type: str
          region:
            description: Its region.
            type: str
          prefix:
            description: Key prefix, ending with V(/).
            type: str
          endpoint:
            description: URL of another S3 than that of AWS, which browsers and SDKs must reach.
            type: str
          force_path_style:
            description: Whether the bucket's name is part of the path.
            type: bool
          sse:
            description: Server-side encryption that Langfuse asks S3 for.
            type: str
            choices: [AES256, "aws:kms"]
          kms_key_id:
            description: KMS key for the encryption V(aws:kms).
            type: str
      exports:
        description: What is different for batch exports.
        type: dict
        suboptions:
          bucket:
            description: Name of the bucket.
            type: str
          region:
            description: Its region.
            type: str
          prefix:
            description: Key prefix, ending with V(/).
            type: str
          endpoint:
            description: URL of another S3 than that of AWS.
            type: str
          force_path_style:
            description: Whether the bucket's name is part of the path.
            type: bool
          sse:
            description: Server-side encryption that Langfuse asks S3 for.
            type: str
            choices: [AES256, "aws:kms"]
          kms_key_id:
            description: KMS key for the encryption V(aws:kms).
            type: str
          external_endpoint:
            description: URL that stands in the links to finished exports, where it is not that of O(storage.exports.endpoint).
            type: str
  sso:
    description: Providers with which people sign in, besides or in place of e-mail address and password.
    type: dict
    suboptions:
      providers:
        description:
          - The providers, each once. The client's secret is key C(AUTH_<PROVIDER>_CLIENT_SECRET) of O(secret_arn), or in
            O(secret_settings).
          - The redirect URL to register there is C(<url>/api/auth/callback/<provider>), with V(-) for V(_), such as
            V(https://langfuse.example.com/api/auth/callback/azure-ad).
        type: list
        elements: dict
        suboptions:
          provider:
            description: Which it is; V(custom) is any other one that speaks OpenID Connect.
            type: str
            required: true
            choices:
              - auth0
              - authentik
              - azure_ad
              - cognito
              - custom
              - github
              - github_enterprise
              - gitlab
              - google
              - jumpcloud
              - keycloak
              - okta
              - onelogin
              - wordpress
              - workos
          client_id:
            description: Id of the client that was registered there for Langfuse.
            type: str
            required: true
          issuer:
            description: >-
              URL of the issuer; needed for Auth0, Authentik, Cognito, JumpCloud, Keycloak, Okta, OneLogin and a custom provider.
            type: str
          tenant_id:
            description: Directory, needed for V(azure_ad).
            type: str
          base_url:
            description: URL of the server, needed for V(github_enterprise).
            type: str
          url:
            description: URL of the server, for a V(gitlab) of one's own.
            type: str
          name:
            description: What the button says; needed for V(custom), possible for V(keycloak).
            type: str
          scope:
            description: Scopes to ask for, separated by spaces.
            type: str
          allowed_domains:
            description: Domains whose users may sign in, for V(google).
            type: list
            elements: str
          authorization_url:
            description: URL for browsers, where it is not that of the issuer, for V(authentik).
            type: str
          organization_id:
            description: Organisation that is chosen beforehand, for V(workos).
            type: str
          connection_id:
            description: Connection that is chosen beforehand, for V(workos).
            type: str
          allow_account_linking:
            description: >-
              Whether somebody who has an account of the same e-mail address gets that one. Only for providers that verify
              addresses.
            type: bool
          checks:
            description: Checks of the sign-in, in place of the provider's own.
            type: list
            elements: str
            choices: [nonce, none, pkce, state]
          client_auth_method:
            description: How Langfuse identifies itself, such as V(client_secret_post).
            type: str
          id_token:
            description: Whether the profile comes from the ID token, for V(custom) and V(keycloak). By default it does.
            type: bool
          id_token_signed_response_alg:
            description: How the ID token is signed, such as V(RS256).
            type: str
      password_login:
        description: Whether people may sign in with e-mail address and password. By default they may.
        type: bool
      enforced_domains:
        description: Domains of e-mail addresses that must sign in with a provider.
        type: list
        elements: str
      session_max_age_minutes:
        description: Minutes until people have to sign in again, more than V(5).
        type: int
  mail:
    description: >-
      Mail that Langfuse sends. The server is key V(SMTP_CONNECTION_URL) of O(secret_arn), or in O(secret_settings); a URL of
      SMTP, or C(ses://<region>), which the task's role opens. M(llmops.langfuse.langfuse_secrets) makes that key with its
      option O(ignore:urls).
    type: dict
    suboptions:
      from_address:
        description: Sender.
        type: str
      verification_required:
        description: Whether people must prove that the address they sign up with is theirs.
        type: bool
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
      project_retention:
        description: Days after which the project's data is deleted, V(3) at least; with an enterprise licence only.
        type: int
      user_name:
        description: Name of the first user.
        type: str
  queue_shards:
    description:
      - Into how many parts each of Langfuse's queues is split. In a cluster, set at least V(ingestion) and V(trace_upsert) to two
        or three times the number of the cluster's shards.
      - Never lower one; what lies in the parts that are gone is lost.
    type: dict
    suboptions:
      ingestion:
        description: Ingestion through Langfuse's own API.
        type: int
      ingestion_secondary:
        description: Ingestion of the projects that have a queue of their own.
        type: int
      otel_ingestion:
        description: Ingestion through OpenTelemetry.
        type: int
      otel_ingestion_secondary:
        description: OpenTelemetry of the projects that have a queue of their own.
        type: int
      trace_upsert:
        description: Traces that evaluators may act on.
        type: int
      eval_execution:
        description: Evaluations.
        type: int
      eval_execution_secondary:
        description: Evaluations of the projects that have a queue of their own.
        type: int
      llm_as_judge_execution:
        description: Evaluations by a model.
        type: int
      code_eval_execution:
        description: Evaluations by code.
        type: int
  secret_arn:
    description: ARN of the Secrets Manager secret whose JSON keys are the names of environment variables.
    type: str
  secret_keys:
    description:
      - Keys of O(secret_arn) that become variables, besides those that other options ask for. Those that the component does
        not read, or that O(init) does not need, are left out.
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
      - V(legacy) keeps the behaviour of Langfuse 3, V(dual) writes both. The backfill of what is older runs once, so both leave it off;
        with V(dual), O(settings) can turn it on (C(LANGFUSE_BACKGROUND_MIGRATION_V4_ENABLE_HISTORIC_BACKFILL)) as soon as all workers write
        that way.
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
  kubernetes_secret:
    description:
      - Name of the Kubernetes Secret that has every variable of RV(secrets) under its own name, for web and worker on
        Kubernetes. The External Secrets Operator can keep such a Secret from O(secret_arn).
      - With it, RV(helm_values) has the same environment for Langfuse's own Helm chart. What that chart cannot do is refused.
      - The chart has no migration job. Let web migrate with O(auto_migrations), or run the migration elsewhere first.
    type: str
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

- name: Assemble the worker's, with sign-on, mail, a Redis cluster and a database whose password needs encoding
  llmops.langfuse.langfuse_env:
    component: worker
    langfuse_version: 3.225.4
    url: https://langfuse.example.com
    database:
      url_from_secret: true
      direct_url_from_secret: true
    cache:
      mode: cluster
      nodes: [clustercfg.langfuse.abc.euc1.cache.amazonaws.com:6379]
    queue_shards:
      ingestion: 6
      trace_upsert: 6
    clickhouse:
      mode: cloud
      host: abc.eu-central-1.aws.clickhouse.cloud
    storage:
      bucket: langfuse-123456789012-eu-central-1
      region: eu-central-1
      sse: aws:kms
      kms_key_id: alias/langfuse
      media:
        bucket: langfuse-media-123456789012-eu-central-1
    sso:
      providers:
        - provider: azure_ad
          client_id: 00000000-0000-0000-0000-000000000000
          tenant_id: 00000000-0000-0000-0000-000000000000
      enforced_domains: [example.com]
    mail:
      from_address: langfuse@example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse/application-AbCdEf

- name: Describe web and worker for Langfuse's Helm chart
  llmops.langfuse.langfuse_env:
    component: "{{ item }}"
    langfuse_version: 4.16.0
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
    auto_migrations: true
    kubernetes_secret: langfuse
  loop: [web, worker]
  register: langfuse_containers

- name: Write the chart's values
  ansible.builtin.copy:
    content: >-
      {{ langfuse_containers.results | map(attribute='helm_values') | combine(recursive=true)
         | combine({'langfuse': {'serviceAccount': {'annotations':
             {'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/langfuse-task'}}}}, recursive=true)
         | to_nice_yaml }}
    dest: langfuse-values.yaml
    mode: "0644"

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
helm_values:
  description:
    - The same as values of Langfuse's Helm chart (C(charts/langfuse) 2 of langfuse/langfuse-k8s), with none of its own data
      stores. Those of web and of worker belong together, as C(combine(recursive=true)) joins them.
    - The service account's annotation, with the role that opens the bucket, is for you to add.
  returned: success, and O(kubernetes_secret) is set
  type: dict
  sample:
    postgresql: {deploy: false, host: "db.example:5432"}
    langfuse: {salt: {secretKeyRef: {name: langfuse, key: SALT}}}
catalogue:
  description: What the names were checked against.
  returned: always
  type: dict
  contains:
    release:
      description: The release of Langfuse whose variables the collection knows.
      returned: always
      type: str
      sample: 3.225.4
    date:
      description: The day on which that was released.
      returned: always
      type: str
      sample: "2026-08-20"
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

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.catalogue_data import SOURCES
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.components import (
    CACHE_MODES,
    CLICKHOUSE_MODES,
    QUEUE_SHARDS,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.environment import (
    DEFAULT_SECRET_KEYS,
    OPTIONS,
    assemble,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.rules import SSO_PROVIDERS

SSE = {"type": "str", "choices": ["AES256", "aws:kms"]}
CACHE = {
    "mode": {"type": "str", "choices": list(CACHE_MODES)},
    "host": {"type": "str"},
    "port": {"type": "int", "default": 6379},
    "nodes": {"type": "list", "elements": "str"},
    "master_name": {"type": "str"},
    "sentinel_username": {"type": "str"},
    "sentinel_password_from_secret": {"type": "bool", "default": False},
    "sentinel_tls": {"type": "bool"},
    "connection_string_from_secret": {"type": "bool", "default": False},
    "username": {"type": "str"},
    "password_from_secret": {"type": "bool", "default": True},
    "tls": {"type": "bool", "default": True},
    "tls_ca_path": {"type": "str"},
    "tls_cert_path": {"type": "str"},
    "tls_key_path": {"type": "str", "no_log": False},
    "tls_server_name": {"type": "str"},
    "tls_verify": {"type": "bool"},
    "tls_check_server_identity": {"type": "bool"},
    "key_prefix": {"type": "str", "no_log": False},
    "socket_timeout_ms": {"type": "int"},
}
CLICKHOUSE = {
    "mode": {"type": "str", "choices": list(CLICKHOUSE_MODES)},
    "host": {"type": "str"},
    "http_port": {"type": "int"},
    "native_port": {"type": "int"},
    "url": {"type": "str"},
    "migration_url": {"type": "str"},
    "read_only_url": {"type": "str"},
    "user": {"type": "str"},
    "database": {"type": "str", "default": "default"},
    "secure": {"type": "bool"},
    "cluster_enabled": {"type": "bool"},
    "cluster_name": {"type": "str", "default": "default"},
}
STORAGE_USE = {
    "bucket": {"type": "str"},
    "region": {"type": "str"},
    "prefix": {"type": "str"},
    "endpoint": {"type": "str"},
    "force_path_style": {"type": "bool"},
    "sse": SSE,
    "kms_key_id": {"type": "str", "no_log": False},
}
STORAGE = {
    "bucket": {"type": "str"},
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "force_path_style": {"type": "bool"},
    "event_prefix": {"type": "str", "default": "events/"},
    "media_prefix": {"type": "str", "default": "media/"},
    "export_prefix": {"type": "str", "default": "exports/"},
    "export_enabled": {"type": "bool", "default": True},
    "sse": SSE,
    "kms_key_id": {"type": "str", "no_log": False},
    "events": {"type": "dict", "options": STORAGE_USE},
    "media": {"type": "dict", "options": STORAGE_USE},
    "exports": {"type": "dict", "options": {**STORAGE_USE, "external_endpoint": {"type": "str"}}},
}
PROVIDER = {
    "provider": {"type": "str", "required": True, "choices": [name.lower() for name in SSO_PROVIDERS]},
    "client_id": {"type": "str", "required": True},
    "issuer": {"type": "str"},
    "tenant_id": {"type": "str"},
    "base_url": {"type": "str"},
    "url": {"type": "str"},
    "name": {"type": "str"},
    "scope": {"type": "str"},
    "allowed_domains": {"type": "list", "elements": "str"},
    "authorization_url": {"type": "str"},
    "organization_id": {"type": "str"},
    "connection_id": {"type": "str"},
    "allow_account_linking": {"type": "bool"},
    "checks": {"type": "list", "elements": "str", "choices": ["nonce", "none", "pkce", "state"]},
    "client_auth_method": {"type": "str"},
    "id_token": {"type": "bool", "no_log": False},
    "id_token_signed_response_alg": {"type": "str", "no_log": False},
}
SSO = {
    "providers": {"type": "list", "elements": "dict", "options": PROVIDER},
    "password_login": {"type": "bool", "no_log": False},
    "enforced_domains": {"type": "list", "elements": "str"},
    "session_max_age_minutes": {"type": "int"},
}


def main() -> None:
    module = LangfuseModule(argument_spec=argument_spec(), supports_check_mode=True)
    result = assemble({name: module.params[name] for name in OPTIONS})
    # What was given as a plain value and should not have been must not be repeated in the invocation either.
    module.no_log_values.update(result.leaked)
    release, date = SOURCES[result.catalogue]
    catalogue = {"release": release, "date": date}
    if result.errors:
        module.fail_json(
            msg="\n".join(
                [f"The environment of Langfuse's {module.params['component']} cannot be assembled:"]
                + [f"- {error}" for error in result.errors]
            ),
            errors=[error.as_dict() for error in result.errors],
            catalogue=catalogue,
        )
    for warning in result.warnings:
        module.warn(str(warning))
    chart = {} if result.helm_values is None else {"helm_values": result.helm_values}
    module.exit_json(
        changed=False,
        environment=result.environment,
        secrets=result.secrets,
        ecs=result.ecs(),
        dotenv=result.dotenv(),
        digest=result.digest(),
        catalogue=catalogue,
        warnings_list=[warning.as_dict() for warning in result.warnings],
        **chart,
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
                "url_from_secret": {"type": "bool", "default": False},
                "direct_url_from_secret": {"type": "bool", "default": False},
            },
        },
        "cache": {"type": "dict", "options": CACHE},
        "clickhouse": {"type": "dict", "options": CLICKHOUSE},
        "storage": {"type": "dict", "options": STORAGE},
        "sso": {"type": "dict", "options": SSO},
        "mail": {
            "type": "dict",
            "options": {"from_address": {"type": "str"}, "verification_required": {"type": "bool"}},
        },
        "init": {
            "type": "dict",
            "options": {
                "org_id": {"type": "str"},
                "org_name": {"type": "str"},
                "project_id": {"type": "str"},
                "project_name": {"type": "str"},
                "project_retention": {"type": "int"},
                "user_email": {"type": "str"},
                "user_name": {"type": "str"},
            },
        },
        "queue_shards": {"type": "dict", "options": {name: {"type": "int"} for name in QUEUE_SHARDS}},
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
        "kubernetes_secret": {"type": "str", "no_log": False},
    }


if __name__ == "__main__":
    main()
