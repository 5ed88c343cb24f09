#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate_request
version_added: 0.1.0
short_description: Requests a public certificate from ACM, to be validated through DNS
description:
  - Requests a certificate from AWS Certificate Manager, returns the DNS records that prove its domains, and waits until it is
    issued where that is asked for. M(community.aws.acm_certificate) can only import certificates.
  - The records are not made here; M(amazon.aws.route53) does that. They must stay, because ACM renews by them.
  - A certificate is the module's own where its domain is O(domain_name) and it has the tags O(identity_tags). AWS cannot change
    the names or the key of a certificate, so other ones mean another request. The earlier certificate stays, since something may use
    it, and is listed in RV(certificate.superseded).
  - A certificate that failed, expired, was revoked or timed out does not count, and a new one is requested.
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
    details: The ARN and the records of a certificate that is not requested yet are not known.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  domain_name:
    description: The certificate's domain, at most 64 characters; V(*.example.com) is possible.
    type: str
    required: true
  subject_alternative_names:
    description: Further domains.
    type: list
    elements: str
    default: []
  key_algorithm:
    description: The kind of key.
    type: str
    choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
    default: RSA_2048
  identity_tags:
    description: Tags by which the certificate is told from others of the same domain. They are set besides O(tags).
    type: dict
    default: {}
  certificate_arn:
    description: With O(state=absent), delete only this one of the module's own certificates.
    type: str
  state:
    description:
      - Whether the certificate exists.
      - With V(absent), all of the module's own certificates of the domain are deleted. One that is in use cannot be; the module
        waits for O(wait_timeout), since AWS notices only after a while that a listener is gone.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: The certificate's tags.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
    default: true
  wait:
    description: Whether to wait until the certificate is issued. The records must be in the DNS before.
    type: bool
    default: false
  wait_timeout:
    description: For how many seconds to wait, for each step.
    type: int
    default: 900
seealso:
  - module: amazon.aws.route53
"""

EXAMPLES = r"""
- name: Request a certificate
  llmops.langfuse.acm_certificate_request:
    domain_name: langfuse.example.com
    identity_tags:
      langfuse:environment: langfuse-staging
  register: requested

- name: Prove the domain
  amazon.aws.route53:
    zone: example.com
    record: "{{ item.name }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    ttl: 300
    overwrite: true
    state: present
  loop: "{{ requested.certificate.validation_records }}"

- name: Wait for the certificate
  llmops.langfuse.acm_certificate_request:
    domain_name: langfuse.example.com
    identity_tags:
      langfuse:environment: langfuse-staging
    wait: true

- name: Delete it
  llmops.langfuse.acm_certificate_request:
    domain_name: langfuse.example.com
    identity_tags:
      langfuse:environment: langfuse-staging
    state: absent
"""

RETURN = r"""
certificate:
  description: The certificate as it is, or in check mode as it would be. Empty where it is absent.
  returned: always
  type: dict
  contains:
    arn:
      description: The certificate's ARN; empty where check mode predicts it.
      type: str
    domain_name:
      description: The certificate's domain.
      type: str
    subject_alternative_names:
      description: All domains, that of the certificate among them.
      type: list
      elements: str
    key_algorithm:
      description: The kind of key.
      type: str
    status:
      description: ACM's status, V(PENDING_VALIDATION) or V(ISSUED).
      type: str
    in_use:
      description: Whether something uses it.
      type: bool
    validation_records:
      description: The DNS records that prove the domains, each with name, type and value.
      type: list
      elements: dict
    superseded:
      description: ARNs of the module's own certificates of the domain that this one stands for.
      type: list
      elements: str
    tags:
      description: The certificate's tags.
      type: dict
unneeded_records:
  description:
    - With O(state=absent), also in check mode, the DNS records that prove no other certificate of the account and region, in the
      form of RV(certificate.validation_records).
  returned: always
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.llmops.langfuse.plugins.module_utils._acm import api
from ansible_collections.llmops.langfuse.plugins.module_utils._acm import certificate as acm
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
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.waiters import until_accepted, wait_until

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "domain_name": {"type": "str", "required": True},
    "subject_alternative_names": {"type": "list", "elements": "str", "default": []},
    "key_algorithm": {
        "type": "str",
        "choices": ["RSA_2048", "EC_prime256v1", "EC_secp384r1"],
        "default": "RSA_2048",
        "no_log": False,
    },
    "identity_tags": {"type": "dict", "default": {}},
    "certificate_arn": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 900},
    **TAG_OPTIONS,
}
# ACM calls records "made" within seconds; minutes mean that something else is wrong.
RECORDS_TIMEOUT = 120

Own = list[tuple[acm.Shape, dict[str, str]]]


def identity(module: AnsibleAWSModule) -> dict[str, str]:
    return {key: str(value) for key, value in module.params["identity_tags"].items()}


def own_certificates(module: AnsibleAWSModule, client: Any, summaries: list[acm.Shape]) -> Own:
    """The module's own certificates of the domain, each with its tags."""
    found: Own = []
    for summary in summaries:
        if not acm.is_for(summary, module.params["domain_name"]):
            continue
        tags = tag_dict(api.list_tags(client, summary["CertificateArn"]))
        if identity(module).items() <= tags.items():
            certificate = api.describe(client, summary["CertificateArn"])
            found += [(certificate, tags)] if certificate else []
    return found


def wanted_tags(module: AnsibleAWSModule) -> dict[str, str] | None:
    tags = module.params["tags"]
    return None if tags is None else {**tags, **identity(module)}


def with_records(client: Any, arn: str) -> acm.Shape:
    """The certificate, once ACM has made the record of each of its domains."""

    def poll() -> acm.Shape | None:
        found = api.describe(client, arn)
        if found is not None and found["Status"] not in (acm.PENDING, acm.ISSUED):
            raise AwsError(given_up(found))
        return found if found is not None and acm.has_all_records(found) else None

    return wait_until(poll, RECORDS_TIMEOUT, describe=f"the DNS records of the certificate {arn}", delay_max=5.0)


def given_up(certificate: acm.Shape) -> str:
    reason = certificate.get("FailureReason")
    return (
        f"ACM does not issue the certificate for {certificate['DomainName']}: it is {certificate['Status']}"
        f"{f' ({reason})' if reason else ''}; mend what that says (a CAA record that does not allow amazon.com, a domain that "
        "ACM refuses, records that were not found in time), and run again for a new request"
    )


def until_issued(client: Any, arn: str, timeout: int) -> acm.Shape:
    """The certificate, once it is issued."""
    last: acm.Shape = {}

    def poll() -> acm.Shape | None:
        found = api.describe(client, arn)
        if found is None:
            raise AwsError(f"The certificate {arn} was deleted while it was waited for; run again for a new request")
        last.update(found)
        if found["Status"] not in (acm.PENDING, acm.ISSUED):
            raise AwsError(given_up(found))
        return found if found["Status"] == acm.ISSUED else None

    def describe() -> str:
        open_domains = [
            option["DomainName"]
            for option in last.get("DomainValidationOptions") or []
            if option.get("ValidationStatus") != "SUCCESS"
        ]
        records = "; ".join(f"{item['name']} {item['type']} {item['value']}" for item in acm.validation_records(last))
        return (
            f"ACM to find the DNS records of {', '.join(open_domains) or last.get('DomainName', arn)} ({records}). Check that they "
            "are in the public hosted zone, and that the parent domain's NS records name that zone's name servers (dig NS), "
            "without which nobody sees them"
        )

    return wait_until(poll, timeout, describe=describe, delay_start=2.0)


def request(module: AnsibleAWSModule, client: Any, names: list[str], own: Own) -> tuple[acm.Shape, dict[str, str]]:
    """A new certificate with its tags; in check mode as it would be."""
    params = module.params
    tags = merged_tags({}, {**(params["tags"] or {}), **identity(module)}, False)
    domain = params["domain_name"].lower().rstrip(".")
    asked = {
        "DomainName": domain,
        "SubjectAlternativeNames": names,
        "KeyAlgorithm": params["key_algorithm"],
    }
    if module.check_mode:
        return {**asked, "Status": acm.PENDING}, tags
    others = [certificate for certificate, _tags in own]
    arn = api.request(
        client,
        **asked,
        ValidationMethod="DNS",
        IdempotencyToken=acm.token(identity(module), names, params["key_algorithm"], others),
        **({"Tags": tag_list(tags)} if tags else {}),
    )
    return with_records(client, arn), tags


def update_tags(
    module: AnsibleAWSModule, client: Any, certificate: acm.Shape, active: dict[str, str]
) -> tuple[Difference, dict[str, str]]:
    wanted, purge = wanted_tags(module), module.params["purge_tags"]
    to_set, to_remove = tag_changes(active, wanted, purge)
    after = merged_tags(active, wanted, purge)
    difference = Difference()
    if difference.add("tags", after, active) and not module.check_mode:
        arn = certificate["CertificateArn"]
        # Set before others go: a certificate has 50 tags at most, but never too few.
        if to_set:
            api.add_tags(client, arn, tag_list(to_set))
        if to_remove:
            api.remove_tags(client, arn, [{"Key": key} for key in to_remove])
    return difference, after


def ensure(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    names = acm.domains(params["domain_name"], params["subject_alternative_names"])
    own = own_certificates(module, client, api.list_requested(client))
    chosen = acm.choose([certificate for certificate, _tags in own], names, params["key_algorithm"])
    if chosen is None:
        chosen, tags = request(module, client, names, own)
        changed, diff = True, {"before": {}, "after": acm.described(chosen, tags)}
    else:
        tags = next(tags for certificate, tags in own if certificate is chosen)
        difference, tags = update_tags(module, client, chosen, tags)
        changed, diff = difference.changed, difference.diff
        if not acm.has_all_records(chosen) and not module.check_mode:
            chosen = with_records(client, chosen["CertificateArn"])
    if params["wait"] and not module.check_mode and chosen["Status"] != acm.ISSUED:
        chosen = until_issued(client, chosen["CertificateArn"], params["wait_timeout"])
    others = [item["CertificateArn"] for item, _tags in own if item["CertificateArn"] != chosen.get("CertificateArn")]
    state = {**acm.described(chosen, tags), "superseded": sorted(others)}
    return {"changed": changed, "certificate": state, "unneeded_records": [], **({"diff": diff} if changed else {})}


def unneeded(leaving: Own, summaries: list[acm.Shape]) -> list[dict[str, str]]:
    """The records of certificates that leave, but for those of domains that other certificates have too."""
    arns = {certificate["CertificateArn"] for certificate, _tags in leaving}
    staying = [acm.names_of(summary) for summary in summaries if summary["CertificateArn"] not in arns]
    needed: set[str] = set().union(*staying)
    found = []
    for certificate, _tags in leaving:
        options = certificate.get("DomainValidationOptions") or []
        gone = [item for item in options if item["DomainName"].lower().removeprefix("*.") not in needed]
        found += acm.validation_records({"DomainValidationOptions": gone})
    return [dict(pairs) for pairs in sorted({tuple(record.items()) for record in found})]


def remove(module: AnsibleAWSModule, client: Any) -> dict[str, Any]:
    params = module.params
    summaries = api.list_requested(client)
    leaving = own_certificates(module, client, summaries)
    if params["certificate_arn"]:
        leaving = [item for item in leaving if item[0]["CertificateArn"] == params["certificate_arn"]]
    records = unneeded(leaving, summaries)
    for certificate, _tags in [] if module.check_mode else leaving:
        arn = certificate["CertificateArn"]
        until_accepted(
            lambda arn=arn: api.delete(client, arn),
            lambda error: error.code == "ResourceInUseException",
            params["wait_timeout"],
            f"the certificate {arn} to be used by nothing",
        )
    result = {"changed": bool(leaving), "certificate": {}, "unneeded_records": records}
    before = [acm.described(certificate, tags) for certificate, tags in leaving]
    return {**result, "diff": {"before": {"certificates": before}, "after": {}}} if leaving else result


def manage(module: AnsibleAWSModule) -> dict[str, Any]:
    domain = module.params["domain_name"].rstrip(".")
    if len(domain) > acm.MAX_DOMAIN:
        raise AwsError(
            f"domain_name {domain} has {len(domain)} characters, and a certificate's domain has {acm.MAX_DOMAIN} at most; request "
            "it for a shorter one, and give this one in subject_alternative_names"
        )
    client = module.client("acm")
    return remove(module, client) if module.params["state"] == "absent" else ensure(module, client)


def main() -> None:
    run(AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), manage)


if __name__ == "__main__":
    main()
