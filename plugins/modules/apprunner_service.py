#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apprunner_service
version_added: 0.1.0
short_description: Manages an AWS App Runner service that runs a container image
description:
  - Creates, changes and deletes a service of AWS App Runner, and waits for the deployment. A deployment that fails is rolled back by
    App Runner, and the service is V(RUNNING) as before, so the module looks at the operation and not at the service's status.
  - App Runner takes no new customers since 2026-04-30. Accounts that used it before can go on, also with new services.
  - App Runner pulls images from Amazon ECR and ECR Public only, and runs them on x86_64.
  - A service that could not be created (V(CREATE_FAILED)) is built anew, and a paused one is resumed.
notes:
  - The IAM actions are apprunner:ListServices, apprunner:DescribeService, apprunner:ListOperations, apprunner:ListTagsForResource,
    apprunner:CreateService, apprunner:UpdateService, apprunner:ResumeService, apprunner:DeleteService, apprunner:TagResource,
    apprunner:UntagResource, iam:PassRole for C(apprunner.amazonaws.com), iam:CreateServiceLinkedRole, and logs:GetLogEvents to tell
    why a deployment failed.
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
    details: The ARN and the URL of a service that is not created yet are not known.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the service, 4 to 40 letters, digits, C(-) and C(_).
    type: str
    required: true
  state:
    description: Whether the service exists.
    type: str
    choices: [present, absent]
    default: present
  image:
    description:
      - The image, such as C(123456789012.dkr.ecr.eu-central-1.amazonaws.com/langfuse:3) or C(public.ecr.aws/...). A private repository has
        to be in the service's region. Required with O(state=present).
    type: str
  access_role_arn:
    description:
      - Role with which App Runner pulls the image, trusted by C(build.apprunner.amazonaws.com). Private repositories need one.
    type: str
  port:
    description: Port that the container listens on. A new service has 8080 where it is not given.
    type: int
  start_command:
    description: Command in place of the image's own; an empty text for that.
    type: str
  environment:
    description: Environment variables. All of them; others are removed.
    type: dict
  secrets:
    description:
      - Environment variables with the ARN that App Runner reads the value from. All of them; others are removed.
      - As with ECS, the ARN of a secret can be followed by a key of its JSON object, a stage and a version,
        C(arn:aws:secretsmanager:...:secret:name-AbCdEf:key::). The role in O(instance_role_arn) reads them, at each deployment.
    type: dict
  url_variables:
    description:
      - Names of environment variables that get the service's own URL, C(https://) with its default domain, in place of a value in
        O(environment).
      - AWS tells the URL only once the service exists, so a new service is created with a name that leads nowhere
        (C(https://url-to-come.invalid)) and updated when it runs. With O(wait=false) the next run updates it.
    type: list
    elements: str
    default: []
  auto_deployments:
    description: Whether App Runner deploys what is pushed to the repository. AWS's own default is V(true).
    type: bool
    default: false
  cpu:
    description: CPU units of each instance. A new service has 1024 where it is not given.
    type: int
    choices: [256, 512, 1024, 2048, 4096]
  memory:
    description: Memory of each instance in MiB. A new service has 2048 where it is not given.
    type: int
    choices: [512, 1024, 2048, 3072, 4096, 6144, 8192, 10240, 12288]
  instance_role_arn:
    description: Role of the container itself, trusted by C(tasks.apprunner.amazonaws.com).
    type: str
  vpc_connector_arn:
    description:
      - VPC connector that all outgoing traffic of the container takes; an empty text for the public network. See
        M(llmops.langfuse.apprunner_vpc_connector).
    type: str
  health_check:
    description: How App Runner tells whether an instance is healthy.
    type: dict
    suboptions:
      protocol:
        description: Whether the port has to open or the path has to answer with 200.
        type: str
        choices: [TCP, HTTP]
        default: TCP
      path:
        description: Path that is asked for, with V(HTTP).
        type: str
        default: /
      interval:
        description: Seconds between two checks, 1 to 20.
        type: int
        default: 5
      timeout:
        description: Seconds until a check has failed, 1 to 20.
        type: int
        default: 2
      healthy_threshold:
        description: Checks in a row that make an instance healthy, 1 to 20.
        type: int
        default: 1
      unhealthy_threshold:
        description: Checks in a row that make an instance unhealthy, 1 to 20.
        type: int
        default: 5
  auto_scaling_configuration_arn:
    description:
      - Auto scaling configuration, which says how many instances there are. Without a revision in the ARN it is the latest one.
      - A new service has the account's default (1 to 25 instances) where it is not given.
    type: str
  kms_key_arn:
    description:
      - KMS key of the service's logs and its copy of the image, AWS's own where it is not given. It cannot be changed, and
        another one than the service has is refused.
    type: str
  tags:
    description: The service's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until the deployment is done, or the service is gone. Where an operation runs already, the module waits for its end
        first, because App Runner refuses another one until then.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait, for each operation.
    type: int
    default: 1800
seealso:
  - module: llmops.langfuse.apprunner_vpc_connector
  - name: App Runner availability change
    description: AWS on who can use App Runner, and what it recommends in its place.
    link: https://docs.aws.amazon.com/apprunner/latest/dg/apprunner-availability-change.html
"""

EXAMPLES = r"""
- name: Run a web server in reach of a VPC
  llmops.langfuse.apprunner_service:
    name: langfuse-staging-web
    image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/langfuse-staging-hub/langfuse/langfuse:3.225.4
    access_role_arn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-apprunner-access
    instance_role_arn: arn:aws:iam::123456789012:role/langfuse-staging-eu-central-1-apprunner-instance
    port: 3000
    cpu: 2048
    memory: 4096
    environment:
      HOSTNAME: 0.0.0.0
    url_variables: [NEXTAUTH_URL]
    secrets:
      SALT: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf:SALT::"
    vpc_connector_arn: arn:aws:apprunner:eu-central-1:123456789012:vpcconnector/langfuse-staging-web/1/0123456789abcdef0123456789abcdef
    health_check:
      protocol: HTTP
      path: /api/public/ready
      interval: 10
      timeout: 5
      unhealthy_threshold: 12

- name: Delete it
  llmops.langfuse.apprunner_service:
    name: langfuse-staging-web
    state: absent
"""

RETURN = r"""
service:
  description: The service as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: Name of the service.
      type: str
    arn:
      description: Its ARN; empty where check mode predicts the service.
      type: str
    id:
      description: Its id.
      type: str
    url:
      description: C(https://) with its default domain.
      type: str
      sample: https://psbqam834h.eu-central-1.awsapprunner.com
    status:
      description: Its status.
      type: str
      sample: RUNNING
    image:
      description: The image.
      type: str
    access_role_arn:
      description: Role with which App Runner pulls the image; empty for none.
      type: str
    port:
      description: Port of the container.
      type: int
    start_command:
      description: Command in place of the image's own; empty for that.
      type: str
    environment:
      description: Environment variables.
      type: dict
    secrets:
      description: Environment variables with the ARN that the value is read from.
      type: dict
    auto_deployments:
      description: Whether App Runner deploys what is pushed to the repository.
      type: bool
    cpu:
      description: CPU units of each instance.
      type: int
    memory:
      description: Memory of each instance in MiB.
      type: int
    instance_role_arn:
      description: Role of the container; empty for none.
      type: str
    vpc_connector_arn:
      description: VPC connector of the outgoing traffic; empty for none.
      type: str
    health_check:
      description: The health check, with the keys of the option O(health_check).
      type: dict
    auto_scaling_configuration_arn:
      description: The auto scaling configuration, with its revision.
      type: str
    kms_key_arn:
      description: KMS key; empty for AWS's own.
      type: str
    tags:
      description: The service's tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._apprunner import api
from ansible_collections.llmops.langfuse.plugins.module_utils._apprunner import service as apprunner
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.logs import read_log
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
    tag_list,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import (
    ABSENT,
    Target,
    until_accepted,
    wait_for_state,
    wait_until,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "image": {"type": "str"},
    "access_role_arn": {"type": "str"},
    "port": {"type": "int"},
    "start_command": {"type": "str"},
    "environment": {"type": "dict"},
    # References, and no values.
    "secrets": {"type": "dict", "no_log": False},
    "url_variables": {"type": "list", "elements": "str", "default": []},
    "auto_deployments": {"type": "bool", "default": False},
    "cpu": {"type": "int", "choices": [256, 512, 1024, 2048, 4096]},
    "memory": {"type": "int", "choices": [512, 1024, 2048, 3072, 4096, 6144, 8192, 10240, 12288]},
    "instance_role_arn": {"type": "str"},
    "vpc_connector_arn": {"type": "str"},
    "health_check": {
        "type": "dict",
        "options": {
            "protocol": {"type": "str", "choices": ["TCP", "HTTP"], "default": "TCP"},
            "path": {"type": "str", "default": "/"},
            "interval": {"type": "int", "default": 5},
            "timeout": {"type": "int", "default": 2},
            "healthy_threshold": {"type": "int", "default": 1},
            "unhealthy_threshold": {"type": "int", "default": 5},
        },
    },
    "auto_scaling_configuration_arn": {"type": "str"},
    "kms_key_arn": {"type": "str", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    **TAG_OPTIONS,
}
SETTLED = Target(
    "settled",
    done=(
        apprunner.RUNNING,
        apprunner.PAUSED,
        apprunner.CREATE_FAILED,
        apprunner.DELETE_FAILED,
        apprunner.DELETED,
        ABSENT,
    ),
)
GONE = Target("deleted", done=(apprunner.DELETED, ABSENT), failed=(apprunner.DELETE_FAILED,))
# IAM's roles are known everywhere only after a while.
ROLE_TIMEOUT = 120
# Of the service's own log, which tells in a few lines why a deployment failed.
MESSAGES = 6
PACE = {"delay_start": 2.0, "delay_max": 15.0}


def what(module: AnsibleAWSModule) -> str:
    return f"the App Runner service {module.params['name']}"


def settled(module: AnsibleAWSModule, client: Any) -> apprunner.Shape | None:
    """The service, once nothing is done to it; without O(wait) as it is."""
    found = api.find_service(client, module.params["name"])
    if found is None or found["Status"] != apprunner.IN_PROGRESS or not module.params["wait"] or module.check_mode:
        return found
    arn = found["ServiceArn"]
    after = wait_for_state(
        lambda: api.describe_service(client, arn), SETTLED, module.params["wait_timeout"], what=what(module), **PACE
    )
    return None if after is None or after["Status"] == apprunner.DELETED else after


def reasons(module: AnsibleAWSModule, service: apprunner.Shape) -> str:
    """What App Runner wrote about a service last. Who may not read logs is told where they are."""
    group = apprunner.log_group(service, "service")
    try:
        said = read_log(module.client("logs"), group, "events", MESSAGES)
    except AwsError:
        said = []
    shown = f"its last events are: {' | '.join(said)}" if said else f"look at the log group {group}"
    return f"{shown}; what the container printed is in {apprunner.log_group(service, 'application')}"


def until_done(module: AnsibleAWSModule, client: Any, service: apprunner.Shape, operation_id: str) -> apprunner.Shape:
    """The service after an operation.

    :raises AwsError: where that failed, also where App Runner rolled it back.
    """
    arn = service["ServiceArn"]
    seen = "not listed yet"

    def poll() -> str | None:
        nonlocal seen
        operation = apprunner.newest(api.list_operations(client, arn), operation_id)
        seen = operation.get("Status", seen)
        return seen if seen == apprunner.OPERATION_DONE or seen in apprunner.OPERATION_FAILED else None

    status = wait_until(
        poll,
        module.params["wait_timeout"],
        describe=lambda: f"the deployment of {what(module)} (it is {seen})",
        **PACE,
    )
    if status != apprunner.OPERATION_DONE:
        outcome = "it runs as before" if status == "ROLLBACK_SUCCEEDED" else "it may not run"
        raise AwsError(
            f"The deployment of {what(module)} failed ({status}) and {outcome}; {reasons(module, service)}; mend what they say and "
            "run again"
        )
    # The status follows the operation within moments, and until then another operation is refused.
    after = wait_for_state(
        lambda: api.describe_service(client, arn), SETTLED, module.params["wait_timeout"], what=what(module), **PACE
    )
    return after if after is not None else service


def role_is_unknown(error: AwsError) -> bool:
    return error.code == "InvalidRequestException" and "assuming" in str(error)


def create(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    tags = merged_tags({}, params["tags"], False)
    state = apprunner.new(params["name"], apprunner.wanted(params, ""), tags)
    if module.check_mode:
        state["status"] = apprunner.RUNNING
        return {"changed": True, "service": state, "diff": {"before": {}, "after": state}}
    request = {**apprunner.creation(state), **({"Tags": tag_list(tags)} if tags else {})}
    answer = until_accepted(
        lambda: api.create_service(client, **request),
        role_is_unknown,
        ROLE_TIMEOUT,
        f"AWS to know the roles of {what(module)}",
    )
    service = answer["Service"]
    if params["wait"]:
        service = until_done(module, client, service, answer["OperationId"])
        if params["url_variables"]:
            # Now that AWS has given it a URL, it can be told.
            active = apprunner.described(service, tags)
            target = apprunner.wanted(params, apprunner.own_url(service))
            service = change(module, client, service, apprunner.differences(target, active))
    state = apprunner.described(service, tags)
    return {"changed": True, "service": state, "diff": {"before": {}, "after": state}}


def change(module: AnsibleAWSModule, client: Any, service: apprunner.Shape, difference: Difference) -> apprunner.Shape:
    """Applies a difference of the service itself, and returns the service as it is then."""
    arn, waits = service["ServiceArn"], module.params["wait"]
    if difference.request:
        answer = until_accepted(
            lambda: api.update_service(client, ServiceArn=arn, **difference.request),
            role_is_unknown,
            ROLE_TIMEOUT,
            f"AWS to know the roles of {what(module)}",
        )
        service = answer["Service"]
        if waits:
            service = until_done(module, client, service, answer["OperationId"])
    if service["Status"] == apprunner.PAUSED:
        answer = api.resume_service(client, arn)
        service = answer["Service"]
        if waits:
            service = until_done(module, client, service, answer["OperationId"])
    return service


def update(module: AnsibleAWSModule, client: Any, service: apprunner.Shape) -> dict[str, Any]:
    params, arn = module.params, service["ServiceArn"]
    if service["Status"] == apprunner.DELETE_FAILED:
        raise AwsError(
            f"A deletion of {what(module)} failed, and AWS changes it no more; delete it with state absent and run again"
        )
    tags = tag_dict(api.list_tags(client, arn))
    before = apprunner.described(service, tags)
    difference = apprunner.differences(apprunner.wanted(params, before["url"]), before)
    changes = bool(difference.request) or before["status"] == apprunner.PAUSED
    after_tags = merged_tags(tags, params["tags"], params["purge_tags"])
    difference.add("tags", after_tags, tags)
    if not difference.changed:
        return {"changed": False, "service": before}
    if module.check_mode:
        return {"changed": True, "service": difference.apply_to(before), "diff": difference.diff}
    # Before the deployment, during which AWS refuses tags.
    api.change_tags(client, arn, *tag_changes(tags, params["tags"], params["purge_tags"]))
    if changes:
        service = change(module, client, service, difference)
    return {"changed": True, "service": apprunner.described(service, after_tags), "diff": difference.diff}


def delete(module: AnsibleAWSModule, client: Any, service: apprunner.Shape) -> dict[str, Any]:
    arn = service["ServiceArn"]
    diff = {"before": apprunner.described(service, tag_dict(api.list_tags(client, arn))), "after": {}}
    if not module.check_mode:
        api.delete_service(client, arn)
        if module.params["wait"]:
            wait_for_state(
                lambda: api.describe_service(client, arn),
                GONE,
                module.params["wait_timeout"],
                what=what(module),
                **PACE,
            )
    return {"changed": True, "service": {}, "diff": diff}


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client = module.client("apprunner")
    service = settled(module, client)
    if module.params["state"] == "absent":
        return {"changed": False, "service": {}} if service is None else delete(module, client, service)
    return create(module, client) if service is None else update(module, client, service)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", ["image"])], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
