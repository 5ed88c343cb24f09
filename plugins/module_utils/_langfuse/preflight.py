# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of an environment, judged before anything is written to AWS. Findings name the variable to set."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._cognito.shapes import problem_with_prefix, problem_with_url
from . import preflight_observability, v2_database, versions
from .aws_limits import (
    AURORA_POSTGRESQL,
    CAPACITY,
    FARGATE_SIZES,
    GP3_IOPS,
    GP3_IOPS_PER_GIB,
    GP3_SIZE,
    GP3_THROUGHPUT,
    GP3_THROUGHPUT_PER_IOPS,
    NODE_MEMORY_SHARE,
    SMALLEST_SUBNET,
    SUBNET_BITS,
    VALKEY,
    VPC_PREFIXES,
    ZONES,
    sizes_text,
)
from .catalogue import variables
from .environment import assemble
from .findings import Finding
from .names import nearest, of_the_platform
from .preflight_apprunner import apprunner, on_apprunner
from .preflight_apprunner import cautions as apprunner_cautions
from .preflight_backup import cautions as backup_cautions
from .preflight_backup import clickhouse_backups
from .preflight_network import given_network, interface_endpoints
from .preflight_storage import storage
from .secret_forms import FORMS, problem_with_value
from .values import decimal_number, is_true, whole_number

Findings = Iterator[Finding]
Variables = dict[str, Any]

NAME = re.compile(r"[a-z][a-z0-9-]{1,18}[a-z0-9]")
REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,3}-\d")
CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/\S+")
EDGE_FIREWALL = re.compile(r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/\S+")
REGISTRY = re.compile(r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)*")
# The model of ECR's CreatePullThroughCacheRule in botocore.
PULL_THROUGH_SECRET = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache/[\w/+=.@-]+"
)
DATABASE_MODES = ("aurora", "external")
CACHE_MODES = ("elasticache", "external")
DOMAIN = re.compile(r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\.?")
ZONE_ID = re.compile(r"Z[A-Z0-9]+")
# ACM user guide, gs-acm-request-public; guide of application load balancers, listener rules.
MAX_CERTIFICATE_DOMAIN, MAX_SOURCE_RANGES = 64, 3
CLICKHOUSE_MODES = ("fargate", "ec2", "external")
ARCHITECTURES = ("ARM64", "X86_64")
SSL_MODES = ("require", "prefer", "disable")
INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\d[a-z0-9-]*\.[a-z0-9-]+")
RESERVED_USERS = ("admin", "postgres", "rdsadmin", "user")
# How people can be told; the others of SNS are for machines, and http shows alarms to everybody on the way.
PROTOCOLS = ("email", "email-json", "https", "sms", "sqs", "lambda")
MAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
VAULT = re.compile(r"arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_-]{2,50}")
# AWS Backup: minutes in which a job has to begin at least; what is in cold storage stays there for so many days.
START_WINDOW, COLD_DAYS = 60, 90
ALARM_SETTINGS = ("enabled", "threshold", "period", "evaluation_periods", "datapoints_to_alarm")
# An element of XML and a user of ClickHouse.
READER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# The variables of tasks begin so.
TASKS = ("web", "web_ingestion", "worker", "migration", "clickhouse", "grafana")
# What Langfuse's documentation asks for, as CPU units and MiB.
RECOMMENDED_SIZES = {
    "web": (2048, 4096),
    "web_ingestion": (2048, 4096),
    "worker": (2048, 4096),
    "clickhouse": (2048, 8192),
}

# What web and worker are scaled by besides CPU, and how many tasks a service of ECS has at most (quota "Tasks per service").
SCALING_TARGETS: dict[str, tuple[str, ...]] = {
    "web": ("scaling_requests_target",),
    "web_ingestion": ("scaling_requests_target",),
    "worker": ("scaling_backlog_target",),
}
TASKS_OF_A_SERVICE = 5000
SPOT = "FARGATE_SPOT"

# The rest of a description, so that the settings can be judged in a whole one.
EXAMPLE_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:example-AbCdEf"
EXAMPLE = {
    "component": "web",
    "database": {"host": "database.example", "name": "langfuse", "username": "langfuse"},
    "cache": {"host": "cache.example"},
    "storage": {"bucket": "example", "region": "us-east-1"},
    "secret_arn": EXAMPLE_ARN,
}


@dataclass
class Judgement:
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    # Values that must not be shown.
    leaked: set[str] = field(default_factory=set)


def judge(given: Variables) -> Judgement:
    """Everything that is wrong with these variables; one that is None was not given and is not judged."""
    judgement = Judgement()
    for check in CHECKS:
        judgement.errors += check(given)
    _settings(given, judgement)
    judgement.warnings += [*recommended_sizes(given), *misspelt_prefixes(given), *needless_firewall(given)]
    judgement.warnings += [*apprunner_cautions(given), *backup_cautions(given)]
    judgement.warnings += preflight_observability.insights_in_little_memory(given)
    judgement.errors.sort(key=lambda finding: finding.option)
    return judgement


def name(given: Variables) -> Findings:
    value = given.get("langfuse_name")
    if not value:
        yield Finding("langfuse_name", "it is missing", "set a short name in lower case, such as langfuse-staging")
        return
    text = str(value)
    reasons = []
    if len(text) > 20:
        reasons.append(f"has {len(text)} characters, and 20 is the most")
    if len(text) < 3:
        reasons.append("is shorter than 3 characters")
    if text != text.lower():
        reasons.append("has capitals")
    if "--" in text:
        reasons.append("has '--', which ElastiCache refuses")
    if not reasons and not NAME.fullmatch(text):
        reasons.append(
            "does not begin with a letter, end with a letter or digit, or has other characters than those and '-'"
        )
    if reasons:
        fix = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9-]", "-", text.lower())).lstrip("-0123456789")[:20].rstrip("-")
        suggestion = f", such as {fix}" if NAME.fullmatch(fix) else ""
        yield Finding(
            "langfuse_name",
            f"'{text}' {', and '.join(reasons)}",
            f"set 3 to 20 lower-case letters, digits and single '-'{suggestion}",
        )


def region(given: Variables) -> Findings:
    value = given.get("langfuse_region")
    if not value:
        yield Finding("langfuse_region", "it is missing", "set an AWS region, such as eu-central-1")
    elif not REGION.fullmatch(str(value)):
        yield Finding("langfuse_region", f"'{value}' is not an AWS region", "set one such as eu-central-1")


def tags(given: Variables) -> Findings:
    value = given.get("langfuse_tags")
    if value is None:
        return
    if not isinstance(value, dict):
        yield Finding("langfuse_tags", "it is not a dictionary", "set keys and values, such as {team: data}")
        return
    for key in value:
        if str(key).startswith(("aws:", "langfuse:")):
            yield Finding(f"langfuse_tags.{key}", "the prefix is taken by AWS or by this collection", "use another key")
    if len(value) > 45:
        yield Finding("langfuse_tags", f"it has {len(value)} tags, and AWS allows 50 with ours", "set 45 at most")


def cidr(given: Variables) -> Findings:
    value = given.get("network_cidr")
    if value is None:
        return
    try:
        network = ipaddress.IPv4Network(str(value))
    except ValueError as error:
        try:
            fix = f"set {ipaddress.IPv4Network(str(value), strict=False)}"
        except ValueError:
            fix = "set an IPv4 range such as 10.42.0.0/16"
        yield Finding("network_cidr", f"'{value}' is not an IPv4 range ({error})", fix)
        return
    if network.prefixlen not in VPC_PREFIXES:
        yield Finding("network_cidr", f"a VPC cannot have the range {value}", "set a range of /16 to /23")
    elif network.prefixlen + SUBNET_BITS > SMALLEST_SUBNET:
        yield Finding(
            "network_cidr",
            f"a sixteenth of {value} is too small for a load balancer's subnet (/{SMALLEST_SUBNET})",
            f"set a range of /{SMALLEST_SUBNET - SUBNET_BITS} or larger",
        )


def zones(given: Variables) -> Findings:
    count = given.get("network_availability_zone_count")
    if count is not None and whole_number(count) not in ZONES:
        yield Finding(
            "network_availability_zone_count",
            f"{count} is not a number of zones that works: the load balancer and the database need two",
            f"set {ZONES[0]} to {ZONES[-1]}",
        )
    named = given.get("network_availability_zones")
    if named:
        names = [str(zone) for zone in (named if isinstance(named, list) else [named])]
        if len(set(names)) < max(ZONES[0], whole_number(count) or 0):
            yield Finding(
                "network_availability_zones",
                f"it names {len(set(names))} zones, fewer than network_availability_zone_count",
                "name as many zones, or leave it out",
            )


def allowed_ranges(given: Variables) -> Findings:
    value = given.get("langfuse_allowed_cidrs")
    if value is None:
        return
    for entry in value if isinstance(value, list) else [value]:
        try:
            ipaddress.ip_network(str(entry))
        except ValueError as error:
            yield Finding(
                "langfuse_allowed_cidrs", f"'{entry}' is not a range ({error})", "set ranges such as 203.0.113.0/24"
            )


def listener(given: Variables) -> Findings:
    value = given.get("ingress_listener")
    if value is None:
        return
    if value not in ("http", "https"):
        yield Finding("ingress_listener", f"'{value}' is not a listener", "set http or https")
    certificate = str(given.get("ingress_certificate_arn") or "")
    if certificate and not CERTIFICATE.fullmatch(certificate):
        yield Finding(
            "ingress_certificate_arn",
            f"'{certificate}' is not the ARN of a certificate",
            "set the ARN of an issued ACM certificate of the same region, or leave it out and set langfuse_domain and "
            "ingress_hosted_zone, so that one is requested",
        )
    elif certificate and given.get("langfuse_region") and certificate.split(":")[3] != str(given["langfuse_region"]):
        yield Finding(
            "ingress_certificate_arn",
            f"the certificate is in {certificate.split(':')[3]}, and a load balancer takes one of its own region only",
            f"set one of {given['langfuse_region']}",
        )
    if value == "https" and not certificate and not is_true(given.get("ingress_cloudfront")):
        yield from _certificate_request(given)


def cloudfront(given: Variables) -> Findings:
    """What cannot be behind CloudFront, and what CloudFront cannot have."""
    if not is_true(given.get("ingress_cloudfront")):
        return
    region = str(given.get("langfuse_region") or "")
    if region.startswith(("cn-", "us-gov-", "us-iso")):
        yield Finding(
            "ingress_cloudfront", f"CloudFront cannot stand in front of what is in {region}", "set it to false"
        )
    if given.get("ingress_scheme") not in (None, "internal"):
        yield Finding(
            "ingress_scheme",
            f"CloudFront reaches an internal load balancer, and this one is {given['ingress_scheme']}",
            "leave it out, or set ingress_cloudfront to false",
        )
    if given.get("ingress_admin_cidrs"):
        yield Finding(
            "ingress_admin_cidrs",
            "the load balancer compares them with the address that opens the connection, which is CloudFront's for everybody",
            "leave it empty: behind CloudFront the admin API is closed",
        )
    if is_true(given.get("grafana")):
        yield Finding(
            "ingress_cloudfront",
            "the load balancer compares grafana_allowed_cidrs with the address that opens the connection, which is CloudFront's "
            "for everybody",
            "set it to false, or leave out the host grafana",
        )
    ranges = given.get("langfuse_allowed_cidrs")
    if ranges is not None and "0.0.0.0/0" not in ranges:
        yield Finding(
            "langfuse_allowed_cidrs",
            "nobody but CloudFront reaches the load balancer, and CloudFront answers everybody",
            "leave it out, and set ingress_cloudfront_waf_arn to a web ACL that lets these ranges in",
        )
    if is_true(given.get("ingress_waf")):
        yield Finding(
            "ingress_waf",
            "AWS WAF at the load balancer would judge and count CloudFront's addresses",
            "set it to false, and ingress_cloudfront_waf_arn to a web ACL of the scope CLOUDFRONT",
        )
    if given.get("ingress_listener") == "https" and not (
        given.get("ingress_certificate_arn") and given.get("langfuse_domain")
    ):
        yield Finding(
            "ingress_listener",
            "behind CloudFront no certificate is requested for the load balancer",
            "leave it out (CloudFront ends the viewers' HTTPS and reaches the load balancer inside AWS's network), or set "
            "ingress_certificate_arn and langfuse_domain",
        )
    yield from _cloudfront_arns(given)


def _cloudfront_arns(given: Variables) -> Findings:
    certificate = str(given.get("ingress_cloudfront_certificate_arn") or "")
    if certificate and not (CERTIFICATE.fullmatch(certificate) and certificate.split(":")[3] == "us-east-1"):
        yield Finding(
            "ingress_cloudfront_certificate_arn",
            f"'{certificate}' is not the ARN of an ACM certificate in us-east-1, where CloudFront has them all",
            "set one of us-east-1, or leave it out and set langfuse_domain and ingress_hosted_zone, so that one is requested",
        )
    if given.get("langfuse_domain") and not certificate and not given.get("ingress_hosted_zone"):
        yield Finding(
            "ingress_hosted_zone",
            "CloudFront's certificate is proved by records in the domain's hosted zone, which is not given",
            "set the name or id of the public Route 53 hosted zone that the domain lies in, or "
            "ingress_cloudfront_certificate_arn",
        )
    firewall = str(given.get("ingress_cloudfront_waf_arn") or "")
    if firewall and not EDGE_FIREWALL.fullmatch(firewall):
        yield Finding(
            "ingress_cloudfront_waf_arn",
            f"'{firewall}' is not the ARN of a web ACL of the scope CLOUDFRONT",
            "set one such as arn:aws:wafv2:us-east-1:<account>:global/webacl/<name>/<id>",
        )


def _certificate_request(given: Variables) -> Findings:
    """Whether a certificate can be requested, where HTTPS is wanted and none is given."""
    name, zone = str(given.get("langfuse_domain") or ""), str(given.get("ingress_hosted_zone") or "")
    if not name:
        yield Finding(
            "ingress_certificate_arn",
            "HTTPS needs a certificate, and none is given nor can be requested without a domain",
            "set the ARN of an issued ACM certificate of the same region, or langfuse_domain and ingress_hosted_zone, or "
            "ingress_listener to http",
        )
    elif not zone:
        yield Finding(
            "ingress_hosted_zone",
            "a certificate is proved by records in the domain's hosted zone, which is not given",
            "set the name or id of the public Route 53 hosted zone that the domain lies in, or ingress_certificate_arn",
        )
    elif len(name) > MAX_CERTIFICATE_DOMAIN:
        yield Finding(
            "langfuse_domain",
            f"it has {len(name)} characters, and ACM takes {MAX_CERTIFICATE_DOMAIN} in a certificate's first name",
            "set a shorter one, or ingress_certificate_arn",
        )
    further = given.get("ingress_certificate_alternative_names") or []
    for other in further if isinstance(further, list) else [further]:
        if not DOMAIN.fullmatch(str(other).removeprefix("*.")):
            yield Finding(
                "ingress_certificate_alternative_names", f"'{other}' is not a domain", "set names such as a.example.com"
            )
        elif not _in_zone(str(other), zone):
            yield Finding(
                "ingress_certificate_alternative_names",
                f"'{other}' does not lie in {zone}, where its record would be made",
                "leave it out, or give a certificate of your own in ingress_certificate_arn",
            )


def domain(given: Variables) -> Findings:
    value = given.get("langfuse_domain")
    if not value:
        return
    zone = str(given.get("ingress_hosted_zone") or "")
    if not DOMAIN.fullmatch(str(value)):
        yield Finding(
            "langfuse_domain",
            f"'{value}' is not a domain",
            "set one such as langfuse.example.com, without https:// and without a path",
        )
    elif zone and not _in_zone(str(value), zone):
        yield Finding(
            "ingress_hosted_zone",
            f"{value} does not lie in {zone}",
            f"set the hosted zone of {value}, such as {str(value).partition('.')[2]}",
        )


def _in_zone(name: str, zone: str) -> bool:
    """Whether a name lies in a zone; a zone that is given by its id is not judged."""
    if not zone or ZONE_ID.fullmatch(zone):
        return True
    inside, outside = name.lower().rstrip("."), zone.lower().rstrip(".")
    return inside == outside or inside.endswith(f".{outside}")


def admin_ranges(given: Variables) -> Findings:
    yield from _source_ranges("ingress_admin_cidrs", given.get("ingress_admin_cidrs") or [])


def grafana(given: Variables) -> Findings:
    """Grafana, where the inventory has it."""
    if not is_true(given.get("grafana")):
        return
    ranges = given.get("grafana_allowed_cidrs") or []
    if not ranges:
        yield Finding(
            "grafana_allowed_cidrs",
            "it is empty, so that nobody reaches Grafana",
            "set ranges such as 203.0.113.0/24, or leave out the host grafana",
        )
    yield from _source_ranges("grafana_allowed_cidrs", ranges)
    plugin = given.get("grafana_plugin_version")
    if plugin and given.get("network_nat") == "none" and not given.get("network_vpc_id"):
        yield Finding(
            "grafana_plugin_version",
            "Grafana downloads its data source from grafana.com, and without NAT it cannot",
            "set network_nat, or grafana_image to an image that has the plugin and grafana_plugin_version to ''",
        )
    user = str(given.get("grafana_clickhouse_user") or "")
    if not READER.fullmatch(user):
        yield Finding(
            "grafana_clickhouse_user",
            f"'{user}' is no name that ClickHouse's configuration takes",
            "set letters, digits and '_', a letter first",
        )
    elif user in (given.get("clickhouse_user"), "default"):
        yield Finding("grafana_clickhouse_user", f"'{user}' may do more than read", "set another user, such as grafana")


def _source_ranges(option: str, value: Any) -> Findings:
    """Ranges of a listener rule's condition on the source."""
    ranges = value if isinstance(value, list) else [value]
    for entry in ranges:
        try:
            ipaddress.ip_network(str(entry))
        except ValueError as error:
            yield Finding(option, f"'{entry}' is not a range ({error})", "set ranges such as 203.0.113.0/24")
    if len(ranges) > MAX_SOURCE_RANGES:
        yield Finding(
            option,
            f"a listener rule takes {MAX_SOURCE_RANGES} ranges, not {len(ranges)}",
            f"set {MAX_SOURCE_RANGES} at most, wider ones or that of a VPN",
        )


def sign_in(given: Variables) -> Findings:
    """Sign-in with Cognito, where the inventory has it."""
    if not is_true(given.get("sign_in")):
        return
    url = str(given.get("langfuse_url") or "")
    if not url:
        yield Finding(
            "langfuse_url", "it is missing, and Cognito sends people back to it", "set Langfuse's https:// URL"
        )
    elif problem := problem_with_url(url):
        yield Finding(
            "langfuse_url",
            f"Cognito sends people back to it, and {problem}",
            "set an https:// URL, or leave out sign_in",
        )
    prefix = str(given.get("sign_in_domain_prefix") or given.get("langfuse_name") or "")
    if prefix and (problem := problem_with_prefix(prefix)):
        yield Finding("sign_in_domain_prefix", problem, "set another one, which no account of the region uses")
    sso = given.get("langfuse_sso")
    providers = sso.get("providers") if isinstance(sso, dict) else None
    listed = providers if isinstance(providers, list) else []
    if any(isinstance(each, dict) and each.get("provider") == "cognito" for each in listed):
        yield Finding(
            "langfuse_sso.providers", "'cognito' stands there, and the host sign_in makes it too", "keep one of the two"
        )


def ingestion(given: Variables) -> Findings:
    """A service of its own for ingestion, which only the load balancer's rules lead requests to."""
    if is_true(given.get("web_ingestion")) and given.get("ingress_state") == "absent":
        yield Finding(
            "web_ingestion",
            "without a load balancer no request is led to the service for ingestion",
            "set it to false, or ingress_state to present",
        )


def firewall(given: Variables) -> Findings:
    value = given.get("ingress_waf_rate_limit")
    if value is not None and not (
        (number := whole_number(value)) is not None and (number == 0 or 10 <= number <= 2_000_000_000)
    ):
        yield Finding(
            "ingress_waf_rate_limit", f"WAF has no limit of {value}", "set 10 to 2000000000 requests, or 0 for no limit"
        )


def needless_firewall(given: Variables) -> Findings:
    behind = is_true(given.get("ingress_cloudfront"))
    if is_true(given.get("ingress_waf")) and given.get("ingress_scheme") == "internal" and not behind:
        yield Finding(
            "ingress_waf",
            "the load balancer is internal, where attacks from the internet do not come",
            "set it to false, unless your rules ask for it: it costs by the rule and the request",
        )


def fargate_sizes(given: Variables) -> Findings:
    for task in TASKS:
        if task == "clickhouse" and given.get("clickhouse_mode") in ("ec2", "external"):
            continue
        if task == "grafana" and not is_true(given.get("grafana")):
            continue
        if task == "web" and on_apprunner(given):
            continue
        cpu, memory = given.get(f"{task}_cpu"), given.get(f"{task}_memory")
        if cpu is None or memory is None:
            continue
        units, mib = whole_number(cpu), whole_number(memory)
        if units not in FARGATE_SIZES:
            known = ", ".join(map(str, FARGATE_SIZES))
            yield Finding(f"{task}_cpu", f"Fargate has no tasks of {cpu} CPU units", f"set one of {known}")
        elif mib not in FARGATE_SIZES[units]:
            fix = f"set {sizes_text(units)} for {units} CPU units"
            larger = [other for other, sizes in FARGATE_SIZES.items() if mib in sizes]
            if larger:
                fix += f", or {task}_cpu to {' or '.join(map(str, larger))}"
            yield Finding(f"{task}_memory", f"Fargate has no tasks of {units} CPU units and {memory} MiB", fix)


def recommended_sizes(given: Variables) -> Findings:
    for task, (cpu, memory) in RECOMMENDED_SIZES.items():
        if task == "clickhouse" and given.get("clickhouse_mode") == "external":
            continue
        for part, least in (("cpu", cpu), ("memory", memory)):
            if task == "clickhouse" and part == "cpu" and given.get("clickhouse_mode") == "ec2":
                continue
            value = whole_number(given.get(f"{task}_{part}"))
            if value is not None and value < least:
                yield Finding(
                    f"{task}_{part}", f"Langfuse asks for {least} at least, not {value}", f"set {least} or more"
                )


def counts(given: Variables) -> Findings:
    for variable, most in (
        ("web_desired_count", None),
        ("web_ingestion_desired_count", None),
        ("worker_desired_count", None),
        ("database_instance_count", 16),
        ("cache_node_count", 6),
    ):
        value = given.get(variable)
        if value is None:
            continue
        number = whole_number(value)
        if number is None or number < 1 or (most is not None and number > most):
            yield Finding(variable, f"{value} is not a number of them", f"set 1 to {most}" if most else "set 1 or more")
    nodes = whole_number(given.get("cache_node_count"))
    if nodes == 1:
        for variable in ("cache_multi_az", "cache_automatic_failover"):
            if is_true(given.get(variable)):
                yield Finding(
                    variable, "one node cannot fail over to another", "set it to false, or cache_node_count to 2"
                )


def scaling(given: Variables) -> Findings:
    """Limits and targets of Application Auto Scaling; equal limits mean that nothing is scaled."""
    for task, others in SCALING_TARGETS.items():
        if task == "web" and on_apprunner(given):
            continue
        numbers = {name: given.get(f"{task}_{name}") for name in ("scaling_min", "scaling_max", "desired_count")}
        least, most = whole_number(numbers["scaling_min"]), whole_number(numbers["scaling_max"])
        if numbers["scaling_min"] is None or numbers["scaling_max"] is None:
            continue
        if least is None or least < 1:
            problem = f"{numbers['scaling_min']} tasks publish no metric by which they could become more"
            yield Finding(f"{task}_scaling_min", problem, "set 1 or more")
        elif most is None or not least <= most <= TASKS_OF_A_SERVICE:
            problem = f"{numbers['scaling_max']} is not a number of tasks above {task}_scaling_min, or AWS's quota"
            fix = f"set {least} to {TASKS_OF_A_SERVICE}, where {least} switches scaling off"
            yield Finding(f"{task}_scaling_max", problem, fix)
        elif most > least:
            count = whole_number(numbers["desired_count"])
            if count is not None and not least <= count <= most:
                problem = f"{count} is not between {task}_scaling_min and {task}_scaling_max"
                yield Finding(f"{task}_desired_count", problem, f"set {least} to {most}")
            yield from _scaling_targets(given, task, others)


def _scaling_targets(given: Variables, task: str, others: tuple[str, ...]) -> Findings:
    wanted = []
    for target, most in (("scaling_cpu_target", 100), *((name, None) for name in others)):
        value = given.get(f"{task}_{target}")
        number = decimal_number(value)
        if value is not None and (number is None or number < 0 or (most is not None and number > most)):
            fix = f"set 1 to {most}, or 0 for none" if most else "set 1 or more, or 0 for none"
            yield Finding(f"{task}_{target}", f"{value} is not a target to scale by", fix)
        elif value is None or number:
            wanted.append(target)
    if not wanted:
        yield Finding(
            f"{task}_scaling_max", "no target is set to scale by", f"set {task}_scaling_cpu_target, to 50 say"
        )
    if "scaling_requests_target" in wanted and given.get("ingress_state") == "absent":
        problem = "without a load balancer nobody counts requests"
        yield Finding(f"{task}_scaling_requests_target", problem, "set 0, or ingress_state to present")
    if "scaling_backlog_target" in wanted:
        yield from _queue_metrics(given)


def scaled_by_backlog(given: Variables) -> bool:
    """Whether the workers are to be scaled by Langfuse's own metrics."""
    least, most = whole_number(given.get("worker_scaling_min")), whole_number(given.get("worker_scaling_max"))
    return bool(least and most and most > least and decimal_number(given.get("worker_scaling_backlog_target")))


def _queue_metrics(given: Variables) -> Findings:
    """What keeps the workers from publishing the lengths of their queues."""
    fix = "remove it, or set worker_scaling_backlog_target to 0 to scale by CPU only"
    settings = given.get("langfuse_settings")
    publishing = given.get("langfuse_metric_publishing")
    if publishing not in (None, "") and not is_true(publishing):
        yield Finding("langfuse_metric_publishing", "workers are scaled by a metric that they do not publish", fix)
    for name in ("ENABLE_AWS_CLOUDWATCH_METRIC_PUBLISHING", "LANGFUSE_QUEUE_METRICS_ENABLED"):
        value = settings.get(name) if isinstance(settings, dict) else None
        if value is not None and not is_true(value):
            problem = "workers are scaled by a metric that they do not publish"
            yield Finding(f"langfuse_settings.{name}", problem, fix)
    version = versions.parse(str(given.get("langfuse_version") or ""))
    if version and version < versions.QUEUE_METRICS:
        yield Finding(
            "langfuse_version",
            f"Langfuse {version} does not publish the queues' lengths, by which the workers are scaled",
            f"set {versions.QUEUE_METRICS} or later, or worker_scaling_backlog_target to 0",
        )


def capacity_providers(given: Variables) -> Findings:
    for task in SCALING_TARGETS:
        used = given.get(f"{task}_capacity_provider_strategy") or []
        items = used if isinstance(used, list) else []
        names = {str(item.get("capacity_provider")) for item in items if isinstance(item, dict)}
        names |= {SPOT} if is_true(given.get(f"{task}_spot")) else set()
        associated = given.get("compute_capacity_providers")
        for missing in sorted(names - set(map(str, associated))) if isinstance(associated, list) else ():
            problem = f"it uses the capacity provider {missing}, which the cluster does not have"
            option = f"{task}_spot" if missing == SPOT and not items else f"{task}_capacity_provider_strategy"
            yield Finding(option, problem, f"add {missing} to compute_capacity_providers")
        bases = [item for item in items if isinstance(item, dict) and (whole_number(item.get("base")) or 0) > 0]
        if len(bases) > 1:
            yield Finding(f"{task}_capacity_provider_strategy", "more than one has a base", "set one base")
    if is_true(given.get("clickhouse_spot")):
        yield Finding(
            "clickhouse_spot",
            "AWS takes Spot tasks away with two minutes' notice, and ClickHouse is the one server of its data",
            "remove it; use worker_spot or web_spot",
        )


def images(given: Variables) -> Findings:
    registry, cached = given.get("langfuse_image_registry"), is_true(given.get("compute_pull_through_cache"))
    if registry and not REGISTRY.fullmatch(str(registry)):
        yield Finding(
            "langfuse_image_registry",
            f"'{registry}' does not stand before an image's name",
            "set a host and path such as registry.example.com/mirror, without https:// and without a slash at the end",
        )
    elif registry and cached:
        problem = "images come from it, and compute_pull_through_cache is for nothing"
        yield Finding("langfuse_image_registry", problem, "remove one of the two")
    credential = given.get("compute_pull_through_cache_credential_arn") or ""
    if cached and not PULL_THROUGH_SECRET.fullmatch(str(credential)):
        yield Finding(
            "compute_pull_through_cache_credential_arn",
            f"'{credential}' is not the ARN of a secret whose name begins with ecr-pullthroughcache/, which ECR needs for Docker Hub",
            "make one with the keys username and accessToken and set its ARN, or compute_pull_through_cache to false",
        )


def capacity(given: Variables) -> Findings:
    numbers = {}
    for variable in ("database_min_capacity", "database_max_capacity"):
        value = given.get(variable)
        if value is None:
            continue
        number = decimal_number(value)
        least, most = CAPACITY
        if number is None or not least <= number <= most or (number * 2) % 1:
            yield Finding(
                variable, f"Aurora has no capacity of {value} ACU", f"set {least:g} to {most:g} in half steps"
            )
        else:
            numbers[variable] = number
    if len(numbers) == 2 and numbers["database_max_capacity"] < max(1.0, numbers["database_min_capacity"]):
        yield Finding(
            "database_max_capacity",
            f"{numbers['database_max_capacity']:g} ACU are less than 1 or than database_min_capacity",
            "set 1 or more, and not less than database_min_capacity",
        )


def database_names(given: Variables) -> Findings:
    value = given.get("database_database_name")
    if value is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", str(value)):
        yield Finding(
            "database_database_name",
            f"'{value}' is not a database's name",
            "set up to 63 letters, digits and '_', a letter first",
        )
    if given.get("database_mode") == "external":
        # Of a server of somebody else; what langfuse_env cannot write into a URL it refuses itself.
        return
    value = given.get("database_master_username")
    if value is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,15}", str(value)):
        yield Finding(
            "database_master_username",
            f"'{value}' is not a user's name",
            "set up to 16 letters, digits and '_', a letter first",
        )
    elif str(value).lower() in RESERVED_USERS:
        yield Finding(
            "database_master_username", f"Aurora keeps the name '{value}' to itself", "set another, such as langfuse"
        )


def external_database(given: Variables) -> Findings:
    mode = given.get("database_mode")
    if mode is not None and mode not in DATABASE_MODES:
        yield Finding(
            "database_mode", f"'{mode}' is not a way to run the database", f"set {' or '.join(DATABASE_MODES)}"
        )
    if mode == "external" and not given.get("database_host"):
        yield Finding(
            "database_host", "an external database has no host", "set its host name, or database_mode to aurora"
        )
    elif mode == "aurora" and given.get("database_host"):
        yield Finding(
            "database_host",
            "it names a server, but database_mode is aurora",
            "set database_mode to external, or leave it out",
        )
    port = whole_number(given.get("database_port"))
    if given.get("database_port") is not None and not 1 <= (port or 0) <= 65535:
        yield Finding("database_port", f"{given['database_port']} is not a port", "set the server's, such as 5432")
    value = given.get("database_ssl_mode")
    if value is not None and value not in SSL_MODES:
        yield Finding("database_ssl_mode", f"'{value}' is not a use of TLS", f"set {', '.join(SSL_MODES)}")


def version_2(given: Variables) -> Findings:
    """Whether the release may take over from a Langfuse 2; its database itself is judged before it is migrated."""
    traffic, release = given.get("langfuse_v2_traffic"), versions.parse(str(given.get("langfuse_version")))
    ways = (v2_database.BESIDE, v2_database.MOVED)
    if traffic and traffic not in ways:
        yield Finding(
            "langfuse_v2_traffic",
            f"'{traffic}' does not say who has the traffic",
            f"set {ways[0]} while Langfuse 2 has it, {ways[1]} after, or leave it out where there is none",
        )
    elif traffic and release:
        shared = given.get("migration_v2_shared")
        fault = v2_database.release_fault(v2_database.Wanted(release, traffic, shared is None or is_true(shared)))
        if fault:
            yield Finding("langfuse_version", *fault[1:])


def external_cache(given: Variables) -> Findings:
    """How the cache runs; what is wrong with the connection itself is found by the rules of langfuse_env."""
    mode, connection = given.get("cache_mode"), given.get("cache_connection")
    if mode is not None and mode not in CACHE_MODES:
        yield Finding("cache_mode", f"'{mode}' is not a way to run the cache", f"set {' or '.join(CACHE_MODES)}")
    if mode == "external" and not connection:
        yield Finding(
            "cache_connection",
            "an external cache has no connection",
            "set host (or mode and nodes) of your Redis or Valkey, or cache_mode to elasticache",
        )
    elif mode == "elasticache" and connection:
        yield Finding(
            "cache_connection",
            "it names a server, but cache_mode is elasticache",
            "set cache_mode to external, or leave it out",
        )


def engine_versions(given: Variables) -> Findings:
    value = given.get("database_engine_version")
    if value is not None and given.get("database_mode") != "external":
        match = re.fullmatch(r"(\d+)(?:\.(\d+))?", str(value))
        major, minor = (int(match[1]), match[2]) if match else (0, None)
        if major not in AURORA_POSTGRESQL:
            newest = max(AURORA_POSTGRESQL)
            majors = f"{min(AURORA_POSTGRESQL)} to {newest}"
            yield Finding(
                "database_engine_version",
                f"AWS has no Aurora PostgreSQL {value}, or no longer",
                f"set a major version of {majors}, or a minor one such as 16.{AURORA_POSTGRESQL[16][-1]}",
            )
        elif minor is not None and int(minor) not in AURORA_POSTGRESQL[major]:
            known = ", ".join(f"{major}.{number}" for number in AURORA_POSTGRESQL[major])
            yield Finding(
                "database_engine_version", f"AWS has no Aurora PostgreSQL {value}, or no longer", f"set one of {known}"
            )
    value = given.get("cache_engine_version")
    if value is not None and given.get("cache_mode") != "external" and str(value) not in VALKEY:
        yield Finding(
            "cache_engine_version", f"AWS has no Valkey {value}, or no longer", f"set one of {', '.join(VALKEY)}"
        )


def clickhouse(given: Variables) -> Findings:
    mode = given.get("clickhouse_mode")
    if mode is not None and mode not in CLICKHOUSE_MODES:
        yield Finding(
            "clickhouse_mode", f"'{mode}' is not a way to run ClickHouse", f"set {' or '.join(CLICKHOUSE_MODES)}"
        )
    if mode == "external" and not given.get("clickhouse_host"):
        yield Finding(
            "clickhouse_host", "an external ClickHouse has no host", "set its host name, or clickhouse_mode to fargate"
        )
    langfuse = versions.parse(str(given.get("langfuse_version") or ""))
    line = versions.LINES.get(langfuse.major) if langfuse else None
    if mode == "fargate" and langfuse and not versions.runs_on_efs(langfuse):
        first, mended = versions.EFS_REFUSED
        yield Finding(
            "langfuse_version",
            f"the migrations of Langfuse {first} to {mended.major}.{mended.minor - 1} fail on EFS, where clickhouse_mode "
            "fargate keeps its data",
            f"set {mended} or later, or clickhouse_mode to ec2 or external",
        )
    value = given.get("clickhouse_version")
    if value is None:
        return
    server = versions.release(str(value))
    recommended = line.clickhouse_recommended if line else "26.4"
    if server is None:
        yield Finding("clickhouse_version", f"'{value}' is not a ClickHouse version", f"set one such as {recommended}")
    elif line and server < line.clickhouse:
        least = ".".join(map(str, line.clickhouse))
        yield Finding(
            "clickhouse_version",
            f"Langfuse {langfuse} needs ClickHouse {least} or later, not {value}",
            f"set {least} or later; {recommended} is recommended",
        )


def clickhouse_replicas(given: Variables) -> Findings:
    """How many nodes, and that each has a zone."""
    value = given.get("clickhouse_replicas")
    count = whole_number(value)
    if value is None or count == 1:
        return
    if count != 3:
        problem = (
            "of two nodes the majority that ClickHouse Keeper needs is both, so that the loss of either stops ClickHouse"
            if count == 2
            else f"'{value}' is not a number of nodes that the role runs"
        )
        yield Finding("clickhouse_replicas", problem, "set 3, or 1 for a single server")
    elif given.get("clickhouse_mode") != "ec2":
        yield Finding(
            "clickhouse_replicas",
            f"with clickhouse_mode {given.get('clickhouse_mode')} the role runs no replicas",
            "set clickhouse_mode to ec2, or clickhouse_replicas to 1",
        )
    elif not given.get("network_vpc_id") and (whole_number(given.get("network_availability_zone_count")) or 3) < count:
        yield Finding(
            "network_availability_zone_count",
            f"each of {count} replicas of ClickHouse needs a zone of its own",
            f"set {count}, or clickhouse_replicas to 1",
        )


def clickhouse_volume(given: Variables) -> Findings:
    """The numbers of the volume, and that the instance type is one."""
    if given.get("clickhouse_mode") != "ec2":
        return
    numbers = {}
    for part, unit, (low, high) in (
        ("size", "GiB", GP3_SIZE),
        ("iops", "operations per second", GP3_IOPS),
        ("throughput", "MiB per second", GP3_THROUGHPUT),
    ):
        value = given.get(f"clickhouse_volume_{part}")
        numbers[part] = whole_number(value)
        if value is not None and (numbers[part] is None or not low <= (numbers[part] or 0) <= high):
            yield Finding(f"clickhouse_volume_{part}", f"gp3 has no volumes of {value} {unit}", f"set {low} to {high}")
            return
    size, iops, throughput = numbers["size"], numbers["iops"], numbers["throughput"]
    if size and iops and iops > max(GP3_IOPS[0], size * GP3_IOPS_PER_GIB):
        yield Finding(
            "clickhouse_volume_iops",
            f"gp3 has {GP3_IOPS_PER_GIB} operations per second for each GiB at most, and {iops} are more than {size} GiB allow",
            f"set {max(GP3_IOPS[0], size * GP3_IOPS_PER_GIB)} at most, or a larger clickhouse_volume_size",
        )
    if iops and throughput and throughput > iops * GP3_THROUGHPUT_PER_IOPS:
        yield Finding(
            "clickhouse_volume_throughput",
            f"gp3 has a MiB per second for every four operations, and {throughput} are more than {iops} operations allow",
            f"set {int(iops * GP3_THROUGHPUT_PER_IOPS)} at most, or clickhouse_volume_iops to {throughput * 4}",
        )


def clickhouse_instance(given: Variables) -> Findings:
    value = given.get("clickhouse_instance_type")
    if given.get("clickhouse_mode") == "ec2" and value is not None and not INSTANCE_TYPE.fullmatch(str(value)):
        yield Finding("clickhouse_instance_type", f"'{value}' is not an EC2 instance type", "set one such as r7g.large")


def architecture(given: Variables) -> Findings:
    value = given.get("langfuse_cpu_architecture")
    if value is not None and value not in ARCHITECTURES:
        yield Finding("langfuse_cpu_architecture", f"Fargate has no '{value}'", f"set {' or '.join(ARCHITECTURES)}")


def subscriptions(given: Variables) -> Findings:
    value = given.get("monitoring_subscriptions")
    if value is None:
        return
    for place, entry in enumerate(value if isinstance(value, list) else [value]):
        option = f"monitoring_subscriptions[{place}]"
        protocol = entry.get("protocol") if isinstance(entry, dict) else None
        if protocol not in PROTOCOLS:
            yield Finding(
                f"{option}.protocol", f"'{protocol}' is not a way to tell anybody", f"set one of {', '.join(PROTOCOLS)}"
            )
            continue
        endpoint = str(entry.get("endpoint") or "")
        if protocol.startswith("email") and not MAIL.fullmatch(endpoint):
            yield Finding(f"{option}.endpoint", f"'{endpoint}' is not an e-mail address", "set one address")
        elif protocol == "https" and not endpoint.startswith("https://"):
            yield Finding(
                f"{option}.endpoint", "it is not a URL that begins with https://", "set one, or another protocol"
            )
        elif not endpoint:
            yield Finding(f"{option}.endpoint", "it is missing", "set the number or ARN that is told")


def alarms(given: Variables) -> Findings:
    value, known = given.get("monitoring_alarms"), given.get("known_alarms") or []
    if not value:
        return
    if not isinstance(value, dict):
        yield Finding(
            "monitoring_alarms", "it is not a dictionary", "set alarms by name, such as {web-5xx: {threshold: 50}}"
        )
        return
    for alarm, settings in value.items():
        if known and alarm not in known:
            close = nearest(str(alarm), known, cutoff=0.6)
            fix = f"did you mean {close}?" if close else f"use some of {', '.join(known)}"
            yield Finding(f"monitoring_alarms.{alarm}", "no alarm is called so", fix)
        unknown = sorted(set(settings) - set(ALARM_SETTINGS)) if isinstance(settings, dict) else ["its value"]
        if unknown:
            yield Finding(
                f"monitoring_alarms.{alarm}",
                f"{', '.join(map(str, unknown))} cannot be set",
                f"set some of {', '.join(ALARM_SETTINGS)}",
            )


def topic_key(given: Variables) -> Findings:
    if str(given.get("monitoring_kms_key_id") or "").endswith("alias/aws/sns"):
        yield Finding(
            "monitoring_kms_key_id",
            "CloudWatch may not use AWS's own key for SNS, so that alarms would be lost",
            "set a key of your own whose policy allows cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey*, or leave it out",
        )


def backups(given: Variables) -> Findings:
    kept = whole_number(given.get("backup_retention_days"))
    if given.get("backup_retention_days") is not None:
        snapshots = whole_number(given.get("database_backup_retention_days")) or 0
        if kept is None or kept < 1:
            yield Finding(
                "backup_retention_days", f"{given['backup_retention_days']} is not a number of days", "set 1 or more"
            )
        elif kept < snapshots:
            yield Finding(
                "backup_retention_days",
                f"after {kept} days AWS Backup has less than Aurora itself, which keeps {snapshots} days",
                f"set {snapshots} or more, or lower database_backup_retention_days",
            )
    cold = whole_number(given.get("backup_cold_storage_after_days")) or 0
    if cold and kept and kept < cold + COLD_DAYS:
        yield Finding(
            "backup_cold_storage_after_days",
            f"recovery points have to stay in cold storage for {COLD_DAYS} days, and go after {kept}",
            f"set backup_retention_days to {cold + COLD_DAYS} or more, or leave cold storage out (0)",
        )
    start, end = (whole_number(given.get(f"backup_{name}_window_minutes")) for name in ("start", "completion"))
    if start is not None and start < START_WINDOW:
        yield Finding(
            "backup_start_window_minutes",
            f"AWS Backup gives a job {START_WINDOW} minutes to begin at least",
            "set 60 or more",
        )
    elif start is not None and end is not None and end < start + START_WINDOW:
        yield Finding(
            "backup_completion_window_minutes",
            f"a job that may begin after {start} minutes cannot end within {end}",
            f"set {start + START_WINDOW} or more",
        )
    copy = given.get("backup_copy_vault_arn")
    if copy and not VAULT.fullmatch(str(copy)):
        yield Finding(
            "backup_copy_vault_arn",
            f"'{copy}' is not the ARN of a backup vault",
            "set one such as arn:aws:backup:eu-west-1:123456789012:backup-vault:langfuse, or leave it out",
        )


def _unknown_variables(given: Variables) -> tuple[set[str], set[str]]:
    """The inventory's variables that no role reads and that nobody named as their own, and those that roles read."""
    known = set(given.get("known_variables") or [])
    return set(given.get("inventory_variables") or []) - known - set(given.get("own_variables") or []), known


def _prefix(variable: str) -> str:
    return variable.partition("_")[0]


def misspelt_prefixes(given: Variables) -> Findings:
    """Variables of the inventory that would be a role's but for their prefix; a warning, for they may be somebody else's."""
    unknown, known = _unknown_variables(given)
    prefixes = {_prefix(variable) for variable in known}
    for variable in sorted(unknown):
        prefix, _separator, rest = variable.partition("_")
        close = None if prefix in prefixes else nearest(prefix, prefixes)
        if close and f"{close}_{rest}" in known:
            yield Finding(
                variable,
                "no role reads this variable",
                f"did you mean {close}_{rest}? If it is your own, name it in preflight_own_variables",
            )


def misspelt_variables(given: Variables) -> Findings:
    """Variables of the inventory with a role's prefix that are nearly, but not quite, those of the role."""
    unknown, known = _unknown_variables(given)
    for variable in sorted(unknown):
        close = nearest(variable, known, cutoff=0.88) if _prefix(variable) in map(_prefix, known) else None
        if close:
            yield Finding(
                variable,
                "no role reads this variable",
                f"did you mean {close}? If it is your own, name it in preflight_own_variables",
            )


CHECKS = (
    name,
    region,
    tags,
    cidr,
    zones,
    given_network,
    interface_endpoints,
    apprunner,
    allowed_ranges,
    listener,
    cloudfront,
    sign_in,
    domain,
    admin_ranges,
    ingestion,
    grafana,
    firewall,
    fargate_sizes,
    counts,
    scaling,
    capacity_providers,
    images,
    capacity,
    database_names,
    external_database,
    version_2,
    external_cache,
    storage,
    *preflight_observability.CHECKS,
    engine_versions,
    clickhouse,
    clickhouse_replicas,
    clickhouse_volume,
    clickhouse_instance,
    architecture,
    subscriptions,
    alarms,
    topic_key,
    backups,
    clickhouse_backups,
    misspelt_variables,
)


def _settings(given: Variables, judgement: Judgement) -> None:
    """Langfuse's own variables, by the same rules as those of langfuse_env."""
    settings, references = given.get("langfuse_settings") or {}, given.get("langfuse_secret_settings") or {}
    groups = {name: given.get(f"langfuse_{name}") or {} for name in ("sso", "mail", "queue_shards")}
    connection = given.get("cache_connection") or {}
    for variable, value in (
        ("langfuse_settings", settings),
        ("langfuse_secret_settings", references),
        *((f"langfuse_{name}", value) for name, value in groups.items()),
        ("cache_connection", connection),
    ):
        if not isinstance(value, dict):
            judgement.errors.append(Finding(variable, "it is not a dictionary", "set names and values"))
            return
    assembly = assemble(
        {
            **EXAMPLE,
            "langfuse_version": str(given.get("langfuse_version") or ""),
            "url": given.get("langfuse_url") or "https://langfuse.example.com",
            "clickhouse": {
                "host": given.get("clickhouse_host") or "clickhouse.example",
                "user": given.get("clickhouse_user"),
                "database": given.get("clickhouse_database"),
            },
            **({"cache": connection} if given.get("cache_mode") == "external" and connection else {}),
            "init": {
                key.removeprefix("langfuse_init_"): value for key, value in given.items() if "langfuse_init_" in key
            },
            **groups,
            "write_mode": given.get("langfuse_write_mode") or None,
            "settings": settings,
            "secret_settings": references,
        }
    )
    judgement.leaked |= assembly.leaked
    judgement.errors += [_of_the_inventory(finding, settings) for finding in assembly.errors]
    allowed = set(given.get("own_settings") or [])
    for finding in assembly.warnings:
        translated = _of_the_inventory(finding, settings)
        setting = finding.option.rpartition(".")[2]
        if setting in allowed:
            continue
        # A name that nobody knows is most likely misspelt, and before a deployment that is worth an answer.
        own_name = finding.option.startswith(("settings.", "secret_settings."))
        known = (
            not own_name
            or any(setting in variables(major) for major in versions.NEWEST_READ)
            or of_the_platform(setting)
        )
        (judgement.warnings if known else judgement.errors).append(translated)


def _of_the_inventory(finding: Finding, settings: Variables) -> Finding:
    """A finding of langfuse_env in the names of the inventory's variables."""
    option, problem, fix = (_in_inventory_names(text) for text in (finding.option, finding.problem, finding.fix))
    setting = option.removeprefix("langfuse_settings.")
    if setting in FORMS and setting in settings and (form := problem_with_value(setting, settings[setting])):
        problem = f"{form}, and as a setting it would be readable in the task definition"
    return Finding(option, problem, fix)


def _in_inventory_names(text: str) -> str:
    text = re.sub(r"(?<![\w.-])(secret_settings|settings|write_mode)(?!\w)", r"langfuse_\1", text)
    text = re.sub(r"(?<![\w.-])(sso|mail|queue_shards)\.(?=\w)", r"langfuse_\1.", text)
    text = re.sub(r"(?<![\w.-])cache\.(?=\w)", "cache_connection.", text)
    text = re.sub(r"\binit\.(\w+)", r"langfuse_init_\1", text)
    text = re.sub(r"\bclickhouse\.(host|user|database|secure)\b", r"clickhouse_\1", text)
    return "langfuse_url" if text == "url" else text


def secret_findings(secret_name: str, values: object) -> list[Finding]:
    """What is wrong with the values that an existing secret has, which its owner may have put there."""
    if not isinstance(values, dict):
        return [Finding(f"the secret {secret_name}", "its value is not a JSON object", "mend it or delete the secret")]
    # With a URL in the secret, Langfuse does not read the password itself.
    encoded = {"DATABASE_PASSWORD"} if values.get("DATABASE_URL") else set()
    return [
        Finding(f"the secret {secret_name}", problem, f"put a right value there, or rotate {key} with langfuse_secrets")
        if key != "ENCRYPTION_KEY"
        else Finding(f"the secret {secret_name}", problem, "put 64 hexadecimal characters there (openssl rand -hex 32)")
        for key in sorted(FORMS)
        if values.get(key) and (problem := problem_with_value(key, values[key], encoded=key in encoded))
    ]


def zone_findings(given: Variables, available: Iterable[str]) -> list[Finding]:
    """What is wrong with the zones, once the region's are known."""
    names = sorted(available)
    wanted = whole_number(given.get("network_availability_zone_count"))
    findings = []
    if wanted is not None and wanted > len(names):
        findings.append(
            Finding(
                "network_availability_zone_count",
                f"the region has {len(names)} zones, not {wanted}",
                f"set {len(names)} at most" if len(names) >= ZONES[0] else "use another langfuse_region",
            )
        )
    named = given.get("network_availability_zones") or []
    unknown = [str(zone) for zone in (named if isinstance(named, list) else [named]) if str(zone) not in names]
    if unknown:
        findings.append(
            Finding("network_availability_zones", f"the region has no {', '.join(unknown)}", f"use {', '.join(names)}")
        )
    return findings


def shared_metrics(name: str, policies: list[dict[str, Any]]) -> list[Finding]:
    """A warning where another environment of the account and region is scaled by Langfuse's metrics, which have no dimensions.

    :param name: the environment's name, which is its cluster's.
    :param policies: the scaling policies of all ECS services, as AWS describes them.
    """
    others = {
        policy["ResourceId"].split("/")[1]
        for policy in policies
        for query in _queries(policy)
        if query.get("MetricStat", {}).get("Metric", {}).get("Namespace") == "Langfuse"
    }
    return [
        Finding(
            "worker_scaling_backlog_target",
            f"{other} is scaled by Langfuse's metrics too, which do not tell environments in one account and region apart",
            "put one of them elsewhere, or set 0 to scale by CPU only",
        )
        for other in sorted(others - {name})
    ]


def _queries(policy: dict[str, Any]) -> list[dict[str, Any]]:
    configuration = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    return (configuration.get("CustomizedMetricSpecification") or {}).get("Metrics") or []


def instance_findings(given: Variables, offered: Variables | None) -> list[Finding]:
    """What is wrong with the instance type of ClickHouse's node, once AWS has described it.

    :param offered: the element of ec2:DescribeInstanceTypes; None where the region does not have the type.
    """
    kind = given.get("clickhouse_instance_type")
    if offered is None:
        region = given.get("langfuse_region")
        problem = f"the region {region} has no instance type '{kind}'"
        return [Finding("clickhouse_instance_type", problem, "set one that it has, such as m7g.xlarge")]
    findings = []
    architecture = str(given.get("clickhouse_cpu_architecture") or given.get("langfuse_cpu_architecture") or "ARM64")
    known = {"ARM64": "arm64", "X86_64": "x86_64"}
    has = offered.get("ProcessorInfo", {}).get("SupportedArchitectures") or []
    if known.get(architecture) not in has:
        fitting = [name for name, theirs in known.items() if theirs in has]
        findings.append(
            Finding(
                "clickhouse_instance_type",
                f"{kind} has the architecture {' or '.join(fitting) or 'of another kind'}, not {architecture}",
                f"set {'a Graviton type such as r7g.large' if architecture == 'ARM64' else 'a type such as r7i.large'}, or "
                "clickhouse_cpu_architecture to what it has",
            )
        )
    memory, size = whole_number(given.get("clickhouse_memory")), offered.get("MemoryInfo", {}).get("SizeInMiB", 0)
    most = int(size * NODE_MEMORY_SHARE)
    if memory is not None and memory > most:
        findings.append(
            Finding(
                "clickhouse_memory",
                f"{memory} MiB are more than {kind} can give to a task of its {size} MiB",
                f"set {most} at most, or a larger clickhouse_instance_type",
            )
        )
    if offered.get("EbsInfo", {}).get("NvmeSupport") == "unsupported":
        problem = f"{kind} does not show its volumes as NVMe devices, by which the node finds its own"
        findings.append(
            Finding("clickhouse_instance_type", problem, "set a type of the Nitro system, such as r7g.large")
        )
    return findings
