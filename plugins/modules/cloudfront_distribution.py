#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_distribution
version_added: 0.1.0
short_description: Manages a CloudFront distribution in front of an internal load balancer
description:
  - Creates, changes and removes a distribution together with the VPC origin through which it reaches an internal load balancer.
    The load balancer has no address on the internet, so nobody gets round CloudFront and no secret header is needed.
  - Nothing is cached but O(cached_paths), which are cached as long as the application's C(Cache-Control) says. All methods, bodies,
    headers, cookies and query strings of the viewer reach the application, HTTP is redirected to HTTPS, answers are compressed,
    and viewers may speak HTTP/2 and HTTP/3. CloudFront answers by IPv4.
  - M(community.aws.cloudfront_distribution) knows no VPC origins, has no check mode, and cannot remove what is enabled without
    being told twice.
  - CloudFront has no names for distributions. One is the module's own where its comment and its origin's id are O(name).
  - CloudFront is one for all regions; O(region) is not asked for more than AWS's address.
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
    details: Id and domain of a distribution that does not exist yet are not known.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of distribution and VPC origin, at most 64 characters.
    type: str
    required: true
  state:
    description:
      - Whether they exist. A distribution is disabled before it is deleted, and its VPC origin is deleted after it, each of which
        takes minutes and is waited for.
    type: str
    choices: [present, absent]
    default: present
  load_balancer_arn:
    description:
      - The internal application load balancer, which has to be active, in a VPC that has an internet gateway. Its security group has
        to let the prefix list C(com.amazonaws.global.cloudfront.origin-facing) in. Required with O(state=present).
    type: str
  origin_domain_name:
    description: DNS name of the load balancer. Required with O(state=present).
    type: str
  origin_protocol:
    description:
      - What the load balancer is spoken to by. With V(https) its certificate has to be for the name that viewers ask for, that is
        for each of O(aliases).
      - CloudFront changes no VPC origin that is in use, so this, O(origin_port) and O(load_balancer_arn) stay as they are once there
        is a distribution.
    type: str
    choices: [http, https]
    default: http
  origin_port:
    description: Port of the load balancer. Required with O(state=present).
    type: int
  origin_read_timeout:
    description: Seconds that CloudFront waits for an answer, V(1) to V(120).
    type: int
    default: 60
  aliases:
    description: Domains of yours that lead to the distribution. Without any it is reached by its own domain only.
    type: list
    elements: str
    default: []
  certificate_arn:
    description: Issued ACM certificate of the region us-east-1 for O(aliases).
    type: str
    default: ""
  minimum_protocol_version:
    description: The least that viewers speak. Of the distribution's own domain AWS decides it.
    type: str
    choices: [TLSv1.2_2021, TLSv1.2_2025, TLSv1.3_2025]
    default: TLSv1.2_2021
  cached_paths:
    description: Path patterns whose answers are cached, such as V(/_next/static/*).
    type: list
    elements: str
    default: []
  price_class:
    description: From where CloudFront serves.
    type: str
    choices: [PriceClass_100, PriceClass_200, PriceClass_All]
    default: PriceClass_All
  web_acl_arn:
    description: AWS WAF web ACL of the scope CLOUDFRONT, which lies in us-east-1.
    type: str
    default: ""
  log_bucket:
    description:
      - Bucket for standard logs by its domain name, such as V(logs.s3.amazonaws.com). It has to allow ACLs, by which CloudFront writes.
    type: str
    default: ""
  log_prefix:
    description: Prefix of the logs.
    type: str
    default: ""
  wait:
    description:
      - Whether to wait until CloudFront has the distribution everywhere. A new VPC origin is waited for in any case, because the
        distribution cannot be made before.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait, for the VPC origin and for the distribution each.
    type: int
    default: 1800
  tags:
    description: Tags of both.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Put CloudFront in front of a load balancer
  llmops.langfuse.cloudfront_distribution:
    name: langfuse-staging
    load_balancer_arn: >-
      arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/langfuse-staging/0123456789abcdef
    origin_domain_name: internal-langfuse-staging-123456789.eu-central-1.elb.amazonaws.com
    origin_port: 80
    aliases:
      - langfuse.example.com
    certificate_arn: arn:aws:acm:us-east-1:123456789012:certificate/5d0c1f0e-1f6c-4f6a-9d5c-0d6a2f6f0c11
    cached_paths:
      - /_next/static/*

- name: Remove it
  llmops.langfuse.cloudfront_distribution:
    name: langfuse-staging
    state: absent
"""

RETURN = r"""
distribution:
  description: The distribution as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: Its id; empty in check mode for a new one.
      type: str
      sample: EDFDVBD632BHDS
    arn:
      description: Its ARN; empty in check mode for a new one.
      type: str
      sample: arn:aws:cloudfront::123456789012:distribution/EDFDVBD632BHDS
    domain_name:
      description: Its own domain; empty in check mode for a new one.
      type: str
      sample: d111111abcdef8.cloudfront.net
    status:
      description: C(InProgress) or C(Deployed).
      type: str
      sample: Deployed
    enabled:
      description: Whether it serves.
      type: bool
    aliases:
      description: Further domains.
      type: list
      elements: str
    certificate_arn:
      description: Certificate of the aliases.
      type: str
    vpc_origin_id:
      description: Id of the VPC origin; empty in check mode for a new one.
      type: str
      sample: vo_0123456789abcdefghijkl
    origin_domain_name:
      description: DNS name of the load balancer.
      type: str
    origin_read_timeout:
      description: Seconds that CloudFront waits for an answer.
      type: int
    cached_paths:
      description: Paths whose answers are cached.
      type: list
      elements: str
    price_class:
      description: From where it serves.
      type: str
    web_acl_arn:
      description: The web ACL.
      type: str
    log_bucket:
      description: Bucket of the logs.
      type: str
    tags:
      description: Its tags.
      type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.difference import Difference
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.module import (
    TAG_OPTIONS,
    merged_tags,
    run,
    tag_changes,
    tag_dict,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import (
    ABSENT,
    Target,
    until_accepted,
    wait_for_state,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudfront import api
from ansible_collections.llmops.langfuse.plugins.module_utils._cloudfront.distribution import (
    config,
    covers,
    described,
    endpoint,
    is_own,
    other_endpoint,
    overlay,
)

Shape = dict[str, Any]

DEPLOYED = Target("deployed", done=("Deployed",))
GONE = Target("deleted", done=(ABSENT,))
# It takes minutes as a rule.
PACE = {"delay_max": 20.0}
TIMEOUT_RANGE = range(1, 121)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "load_balancer_arn": {"type": "str"},
    "origin_domain_name": {"type": "str"},
    "origin_protocol": {"type": "str", "choices": ["http", "https"], "default": "http"},
    "origin_port": {"type": "int"},
    "origin_read_timeout": {"type": "int", "default": 60},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "certificate_arn": {"type": "str", "default": ""},
    "minimum_protocol_version": {
        "type": "str",
        "choices": ["TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"],
        "default": "TLSv1.2_2021",
    },
    "cached_paths": {"type": "list", "elements": "str", "default": []},
    "price_class": {
        "type": "str",
        "choices": ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
        "default": "PriceClass_All",
    },
    "web_acl_arn": {"type": "str", "default": ""},
    "log_bucket": {"type": "str", "default": ""},
    "log_prefix": {"type": "str", "default": ""},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
    **TAG_OPTIONS,
}


def find_distribution(client: Any, name: str) -> Shape | None:
    summary = next((item for item in api.list_distributions(client) if is_own(item, name)), None)
    return api.get_distribution(client, summary["Id"]) if summary else None


def find_vpc_origin(client: Any, name: str) -> Shape | None:
    summary = next((item for item in api.list_vpc_origins(client) if item["Name"] == name), None)
    return api.get_vpc_origin(client, summary["Id"]) if summary else None


def until_deployed(client: Any, distribution: Shape, timeout: int) -> Shape:
    found = wait_for_state(
        lambda: api.get_distribution(client, distribution["Id"]),
        DEPLOYED,
        timeout,
        what=f"the distribution {distribution['Id']}",
        **PACE,
    )
    return found or distribution


def ensure_vpc_origin(module: AnsibleAWSModule, client: Any, origin: Shape | None) -> Shape:
    """The VPC origin, deployed; in check mode as it would be."""
    params, wanted = module.params, endpoint(module.params)
    if origin is not None:
        active = origin["VpcOriginEndpointConfig"]
        if differing := other_endpoint(wanted, active):
            raise AwsError(
                f"The VPC origin {wanted['Name']} has {', '.join(f'{key} {active.get(key)}' for key in differing)}, and CloudFront "
                f"changes none that is in use to {', '.join(str(wanted[key]) for key in differing)}; remove the distribution "
                "(state absent) and run again"
            )
    elif module.check_mode:
        return {"Id": ""}
    else:
        origin = api.create_vpc_origin(client, wanted, merged_tags({}, params["tags"], False), wanted["Name"])
    if module.check_mode or origin["Status"] == "Deployed":
        return origin
    identity = origin["Id"]
    found = wait_for_state(
        lambda: api.get_vpc_origin(client, identity),
        DEPLOYED,
        params["wait_timeout"],
        what=f"the VPC origin {wanted['Name']}",
        **PACE,
    )
    return found or origin


def create(module: AnsibleAWSModule, client: Any, origin: Shape) -> tuple[Shape, Shape, dict[str, Any]]:
    """A new distribution with its tags, and the diff; in check mode as it would be."""
    params = module.params
    tags = merged_tags({}, params["tags"], False)
    # A reference is taken once (API DistributionConfig), perhaps also by a distribution that is deleted. The VPC origin goes with that, so
    # its id is another one each time, and the same for two runs at once, which make one distribution.
    whole = {**overlay({}, config(params, origin["Id"])), "CallerReference": f"{params['name']}-{origin['Id']}"}
    if module.check_mode:
        made: Shape = {"DistributionConfig": whole}
    else:
        made = api.create_distribution(client, whole, tags, params["name"])
    return made, tags, {"before": {}, "after": described(made, tags)}


def update(
    module: AnsibleAWSModule, client: Any, found: Shape, origin: Shape
) -> tuple[Shape, dict[str, str], Difference]:
    params, active = module.params, found["DistributionConfig"]
    tags = tag_dict(api.list_tags(client, found["ARN"]))
    difference = Difference()
    for key, value in config(params, origin["Id"]).items():
        difference.add(key, value, active.get(key) or type(value)(), request={key: value}, same=covers)
    after = merged_tags(tags, params["tags"], params["purge_tags"])
    retagged = difference.add("tags", after, tags)
    if difference.request:
        whole = overlay(active, difference.request)
        if module.check_mode:
            found = {**found, "DistributionConfig": whole}
        else:
            found = api.update_distribution(client, found["Id"], found["ETag"], whole)
    if retagged and not module.check_mode:
        changes = tag_changes(tags, params["tags"], params["purge_tags"])
        for arn in (found["ARN"], origin["Arn"]):
            api.change_tags(client, arn, *changes)
    return found, after, difference


def present(module: AnsibleAWSModule, client: Any, found: Shape | None, vpc_origin: Shape | None) -> dict[str, Any]:
    params = module.params
    if params["origin_read_timeout"] not in TIMEOUT_RANGE:
        raise AwsError(
            f"origin_read_timeout is {params['origin_read_timeout']}, and CloudFront waits for 1 to 120 seconds; set one of these"
        )
    # Check mode may come before the run that requests the certificate.
    if params["aliases"] and not params["certificate_arn"] and not module.check_mode:
        raise AwsError(
            "aliases need certificate_arn, an issued ACM certificate of us-east-1 for them; give one, or no aliases"
        )
    origin = ensure_vpc_origin(module, client, vpc_origin)
    if found is None:
        state, tags, diff = create(module, client, origin)
        changed = True
    else:
        state, tags, difference = update(module, client, found, origin)
        changed, diff = difference.changed, difference.diff
    if params["wait"] and not module.check_mode and state["Status"] != "Deployed":
        state = until_deployed(client, state, params["wait_timeout"])
    return {"changed": changed, "distribution": described(state, tags), **({"diff": diff} if changed else {})}


def remove_distribution(client: Any, found: Shape, timeout: int) -> None:
    """Disables it, waits until it is that everywhere, and deletes it."""
    if found["DistributionConfig"]["Enabled"]:
        disabled = {**found["DistributionConfig"], "Enabled": False}
        found = api.update_distribution(client, found["Id"], found["ETag"], disabled)
    found = until_deployed(client, found, timeout)
    until_accepted(
        lambda: api.delete_distribution(client, found["Id"], found["ETag"]),
        lambda error: error.code == "DistributionNotDisabled",
        timeout,
        f"the distribution {found['Id']} to be disabled",
    )


def remove_vpc_origin(client: Any, origin: Shape, timeout: int) -> None:
    """Deletes it, and waits until its interfaces have left the VPC with it."""
    until_accepted(
        lambda: api.delete_vpc_origin(client, origin["Id"], origin["ETag"]),
        lambda error: error.code == "CannotDeleteEntityWhileInUse",
        timeout,
        f"the VPC origin {origin['Id']} to be used by nothing",
    )
    wait_for_state(
        lambda: api.get_vpc_origin(client, origin["Id"]), GONE, timeout, what=f"the VPC origin {origin['Id']}", **PACE
    )


def absent(module: AnsibleAWSModule, client: Any, found: Shape | None, origin: Shape | None) -> dict[str, Any]:
    before: Shape = {}
    timeout = module.params["wait_timeout"]
    if found is not None:
        before = described(found, tag_dict(api.list_tags(client, found["ARN"])))
        if not module.check_mode:
            remove_distribution(client, found, timeout)
    if origin is not None:
        before["vpc_origin_id"] = origin["Id"]
        if not module.check_mode:
            remove_vpc_origin(client, origin, timeout)
    result: dict[str, Any] = {"changed": bool(before), "distribution": {}}
    return {**result, "diff": {"before": before, "after": {}}} if before else result


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    client, name = module.client("cloudfront"), module.params["name"]
    found, origin = find_distribution(client, name), find_vpc_origin(client, name)
    return (present if module.params["state"] == "present" else absent)(module, client, found, origin)


def main() -> None:
    needed = ["load_balancer_arn", "origin_domain_name", "origin_port"]
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, required_if=[("state", "present", needed)], supports_check_mode=True
    )
    run(module, manage)


if __name__ == "__main__":
    main()
