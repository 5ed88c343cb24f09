# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment costs in a month of 730 hours, from its settings and AWS's list prices. Asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.cost_prices import PRICES, Price

HOURS = 730
# gp3 has so many I/O operations and MiB per second without charge (Amazon EBS pricing).
FREE_IOPS = 3000
FREE_MIBPS = 125
# Root volume of a node, in GiB: what the ECS-optimized Amazon Linux 2023 image asks for (Amazon ECS, "Amazon ECS-optimized Linux AMIs").
NODE_ROOT_GIB = 30
# Web ACL of the role ingress: three rule groups of AWS, each of which counts as one rule (AWS WAF pricing), and the limit by address.
RULE_GROUPS = 3

NEVER_ESTIMATED = (
    "data transfer, and the data that NAT gateways, interface endpoints and the load balancer (LCU) process",
    "requests: S3, EFS throughput, Aurora I/O, KMS, Secrets Manager, Route 53, AWS WAF",
    "one-off tasks: migrations and schema checks",
    "tax, support plans, Savings Plans, reserved capacity, free tiers",
)


# What is read of the roles' variables, and as what.
NUMBERS = (
    "network_availability_zone_count",
    "database_instance_count",
    "cache_node_count",
    "clickhouse_cpu",
    "clickhouse_memory",
    "clickhouse_replicas",
    "clickhouse_volume_size",
    "clickhouse_volume_iops",
    "clickhouse_volume_throughput",
    "ingress_waf_rate_limit",
    *(
        f"{component}_{what}"
        for component in ("web", "web_ingestion", "worker")
        for what in ("desired_count", "scaling_min", "scaling_max", "cpu", "memory")
    ),
)
DECIMALS = ("database_min_capacity", "database_max_capacity")
SWITCHES = ("clickhouse_running", "ingress_cloudfront", "ingress_waf", "web_ingestion")
LISTS = (
    "network_private_subnet_ids",
    "network_public_subnet_ids",
    "network_needed_endpoints",
    "secrets_replica_regions",
    "web_capacity_provider_strategy",
    "web_ingestion_capacity_provider_strategy",
    "worker_capacity_provider_strategy",
)
TEXTS = (
    "langfuse_region",
    "network_vpc_id",
    "network_nat",
    "network_namespace_name",
    "secrets_kms_key_arn",
    "storage_kms_key_arn",
    "storage_mode",
    "compute_container_insights",
    "compute_log_kms_key_arn",
    "database_mode",
    "database_kms_key_arn",
    "cache_mode",
    "cache_node_type",
    "cache_kms_key_arn",
    "clickhouse_mode",
    "clickhouse_cpu_architecture",
    "clickhouse_instance_type",
    "clickhouse_kms_key_arn",
    "ingress_scheme",
    "ingress_hosted_zone",
    "web_cpu_architecture",
    "web_platform",
    "worker_cpu_architecture",
)
# Those of components that are a choice.
CHOSEN = ("monitoring_kms_key_id", "backup_kms_key_arn")
GRAFANA = ("grafana_cpu", "grafana_memory", "grafana_cpu_architecture")
SETTINGS = (*NUMBERS, *DECIMALS, *SWITCHES, *LISTS, *TEXTS, "network_interface_endpoints")


class Refused(Exception):
    """What the estimate cannot be made of, in a sentence."""


def typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in their types, for an inventory may have numbers as text.

    :raises Refused: where one is missing or no number.
    """
    missing = [name for name in SETTINGS if name not in settings]
    if missing:
        raise Refused(f"The estimate needs {', '.join(missing)}, which settings does not have; add what the role has.")
    result = dict(settings)
    kinds: list[tuple[tuple[str, ...], Any]] = [(NUMBERS, int), (DECIMALS, float), (SWITCHES, boolean), (LISTS, list)]
    for names, kind in kinds:
        for name in names:
            try:
                result[name] = kind(settings[name])
            except (TypeError, ValueError):
                raise Refused(f"{name} is {settings[name]!r}, of which no cost can be told; correct it.") from None
    for name in (*TEXTS, *CHOSEN):
        result[name] = str(settings.get(name) or "")
    if all(name in settings for name in GRAFANA):
        result |= {name: int(settings[name]) for name in GRAFANA[:2]}
    return result


@dataclass(frozen=True)
class Line:
    """A part of the bill: USD a month at the least and at the most capacity."""

    component: str
    item: str
    low: float
    high: float


class Estimate:
    """Collects the parts of a bill. A part without a known price is left out and named."""

    def __init__(self, region: str) -> None:
        if region not in PRICES:
            raise Refused(
                f"No prices of the region {region} are known, only of {' and '.join(sorted(PRICES))}; set langfuse_region to one of "
                "them for an estimate, or add the region's prices as docs/cost.md says."
            )
        self.region = region
        self.prices = PRICES[region]
        self.used: dict[str, Price] = {}
        self.lines: list[Line] = []
        self.left_out: list[str] = []

    def add(self, component: str, item: str, price: str, low: float, high: float | None = None) -> None:
        """Adds `low` to `high` units of a price; per hour they are units that are there all the month."""
        high = low if high is None else high
        if high <= 0:
            return
        known = self.prices.get(price)
        if known is None:
            self.left_out.append(f"{component}: {item} (no price of {price} is known in {self.region})")
            return
        self.used[price] = known
        month = known.usd * (HOURS if price.partition("/")[0].endswith("_hour") else 1)
        self.lines.append(Line(component, item, low * month, high * month))


def on_spot(strategy: list[Mapping[str, Any]], tasks: float) -> float:
    """How many of the tasks a capacity provider strategy puts on Fargate Spot: after the bases, by weight.

    Source: Amazon ECS API reference, CapacityProviderStrategyItem.
    """
    rest, spot = float(tasks), 0.0
    for item in strategy:
        base = min(rest, float(item.get("base") or 0))
        rest -= base
        spot += base if item.get("capacity_provider") == "FARGATE_SPOT" else 0
    weights = sum(float(item.get("weight") or 0) for item in strategy)
    for item in strategy:
        if weights and item.get("capacity_provider") == "FARGATE_SPOT":
            spot += rest * float(item.get("weight") or 0) / weights
    return spot


def add_tasks(
    estimate: Estimate, prefix: str, settings: Mapping[str, Any], counts: tuple[float, float], spot_percent: float
) -> None:
    """Fargate tasks: vCPU and GB by the hour, those on Spot at a share of the price. Their variables begin with the prefix."""
    component = prefix.partition("_")[0]
    strategy = settings.get(f"{prefix}_capacity_provider_strategy") or []
    full = [count - (1 - spot_percent / 100) * on_spot(strategy, count) for count in counts]
    architecture = settings[f"{component}_cpu_architecture"].lower()
    vcpu, gib = settings[f"{prefix}_cpu"] / 1024, settings[f"{prefix}_memory"] / 1024
    numbers = f"{counts[0]:g}" if counts[0] == counts[1] else f"{counts[0]:g} to {counts[1]:g}"
    spot = ", some on Spot" if any(on_spot(strategy, count) for count in counts) else ""
    for unit, size in (("vcpu", vcpu), ("gb", gib)):
        name = "vCPU" if unit == "vcpu" else "GB"
        what = "Fargate tasks for ingestion" if prefix == "web_ingestion" else "Fargate tasks"
        item = f"{numbers} {what} of {size:g} {name}, {settings[f'{component}_cpu_architecture']}{spot}"
        estimate.add(component, item, f"fargate_{architecture}_{unit}_hour", size * full[0], size * full[1])


def scaled(settings: Mapping[str, Any], prefix: str) -> tuple[int, int]:
    """The least and the most tasks of a service."""
    least, most = settings[f"{prefix}_scaling_min"], settings[f"{prefix}_scaling_max"]
    if most > least:
        return least, most
    return settings[f"{prefix}_desired_count"], settings[f"{prefix}_desired_count"]


def add_services(estimate: Estimate, settings: Mapping[str, Any], spot_percent: float) -> None:
    """Web, what it has for ingestion, and the worker."""
    if settings["web_platform"] == "apprunner":
        estimate.left_out.append("web: App Runner, billed by the instances that are busy and those that are kept ready")
        running = ["worker"]
    else:
        running = ["web", *(["web_ingestion"] if settings["web_ingestion"] else []), "worker"]
    for prefix in running:
        add_tasks(estimate, prefix, settings, scaled(settings, prefix), spot_percent)


def add_network(estimate: Estimate, settings: Mapping[str, Any]) -> None:
    given = bool(settings["network_vpc_id"])
    zones = settings["network_availability_zone_count"]
    nat = settings["network_nat"]
    gateways = 0 if given or nat == "none" else 1 if nat == "single" else zones
    estimate.add("network", f"{gateways} NAT gateways", "nat_gateway_hour", gateways)
    estimate.add("network", f"{gateways} public IPv4 addresses of NAT gateways", "public_ipv4_hour", gateways)
    wanted = settings["network_interface_endpoints"]
    if wanted == "auto":
        wanted = settings["network_needed_endpoints"] if nat == "none" and not given else []
    services = 0 if wanted == "none" else len(wanted)
    # In a VPC that is given, an endpoint has one subnet in each zone; each private subnet is taken for one.
    places = len(settings["network_private_subnet_ids"]) if given else zones
    estimate.add(
        "network", f"{services} interface endpoints in {places} zones", "interface_endpoint_hour", services * places
    )
    if settings["network_namespace_name"]:
        estimate.add("network", "hosted zone of the private DNS namespace", "hosted_zone_month", 1)


def add_ingress(estimate: Estimate, settings: Mapping[str, Any]) -> None:
    estimate.add("ingress", "load balancer", "load_balancer_hour", 1)
    if settings["ingress_scheme"] == "internet-facing":
        zones = len(settings["network_public_subnet_ids"]) or settings["network_availability_zone_count"]
        estimate.add("ingress", f"{zones} public IPv4 addresses of the load balancer", "public_ipv4_hour", zones)
    if settings["ingress_hosted_zone"]:
        estimate.add("ingress", "hosted zone of the domain, which others may share", "hosted_zone_month", 1)
    if settings["ingress_waf"]:
        rules = RULE_GROUPS + (settings["ingress_waf_rate_limit"] > 0)
        estimate.add("ingress", "web ACL", "web_acl_month", 1)
        estimate.add("ingress", f"{rules} rules of the web ACL", "web_acl_rule_month", rules)
    if settings["ingress_cloudfront"]:
        estimate.left_out.append("ingress: CloudFront, billed by requests and data")


def add_database(estimate: Estimate, settings: Mapping[str, Any], assumptions: Mapping[str, float]) -> None:
    if settings["database_mode"] != "aurora":
        estimate.left_out.append("database: the PostgreSQL that exists")
        return
    count = settings["database_instance_count"]
    low, high = settings["database_min_capacity"], settings["database_max_capacity"]
    item = f"{count} Aurora Serverless v2 instances of {low:g} to {high:g} ACU"
    estimate.add("database", item, "aurora_acu_hour", count * low, count * high)
    size = assumptions["database_gb"]
    estimate.add("database", f"storage, {size:g} GB assumed", "aurora_gb_month", size)


def add_clickhouse(estimate: Estimate, settings: Mapping[str, Any], assumptions: Mapping[str, float]) -> None:
    mode = settings["clickhouse_mode"]
    if mode == "external":
        estimate.left_out.append("clickhouse: the ClickHouse that exists")
        return
    running = 1 if settings["clickhouse_running"] else 0
    if mode == "fargate":
        add_tasks(estimate, "clickhouse", settings, (running, running), 100)
        size = assumptions["clickhouse_gb"]
        estimate.add("clickhouse", f"EFS, {size:g} GB assumed", "file_system_gb_month", size)
        return
    kind, nodes = settings["clickhouse_instance_type"], settings["clickhouse_replicas"]
    each = f"{nodes} times " if nodes > 1 else ""
    # The instance stays where the server is stopped.
    estimate.add("clickhouse", f"{each}EC2 instance {kind}", f"instance_hour/{kind}", nodes)
    size = settings["clickhouse_volume_size"]
    item = f"{each}gp3 volumes of {size} and {NODE_ROOT_GIB} GiB"
    estimate.add("clickhouse", item, "volume_gb_month", nodes * (size + NODE_ROOT_GIB))
    iops = max(settings["clickhouse_volume_iops"] - FREE_IOPS, 0)
    estimate.add("clickhouse", f"{each}{iops} I/O operations of the volume a second", "volume_iops_month", nodes * iops)
    throughput = max(settings["clickhouse_volume_throughput"] - FREE_MIBPS, 0)
    item = f"{each}{throughput} MiB of the volume a second"
    estimate.add("clickhouse", item, "volume_mibps_month", nodes * throughput)
    if nodes > 1:
        estimate.add("clickhouse", "network load balancer", "network_load_balancer_hour", 1)


def add_cache(estimate: Estimate, settings: Mapping[str, Any]) -> None:
    if settings["cache_mode"] == "external":
        estimate.left_out.append("cache: the Redis or Valkey that exists")
        return
    count, kind = settings["cache_node_count"], settings["cache_node_type"]
    estimate.add("cache", f"{count} nodes {kind}, Valkey", f"cache_node_hour/{kind}", count)


def add_secrets(estimate: Estimate, settings: Mapping[str, Any], components: list[str]) -> None:
    count = (1 + ("sign_in" in components)) * (1 + len(settings["secrets_replica_regions"]))
    estimate.add("secrets", f"{count} secrets", "secret_month", count)
    keys = {key for name, key in settings.items() if name.endswith(("_kms_key_arn", "_kms_key_id")) and key}
    estimate.add(
        "secrets", f"{len(keys)} customer-managed KMS keys, which others may share", "kms_key_month", len(keys)
    )


def add_operations(
    estimate: Estimate, settings: Mapping[str, Any], components: list[str], assumptions: Mapping[str, float]
) -> None:
    logs = assumptions["log_gb"]
    estimate.add("compute", f"logs, {logs:g} GB assumed", "log_gb_month", logs)
    if settings["compute_container_insights"] in ("enabled", "enhanced"):
        estimate.left_out.append("compute: Container Insights, billed by the metrics that it makes")
    if "monitoring" in components:
        alarms = assumptions["alarms"]
        estimate.add("monitoring", f"{alarms:g} alarms assumed", "alarm_month", alarms)
    if "backup" in components:
        size = assumptions["clickhouse_gb"]
        if settings["clickhouse_mode"] == "fargate":
            estimate.add("backup", f"of EFS, {size:g} GB assumed", "backup_file_system_gb_month", size)
        elif settings["clickhouse_mode"] == "ec2":
            size = min(size, settings["clickhouse_volume_size"]) * settings["clickhouse_replicas"]
            estimate.add("backup", f"of the volumes, {size:g} GB assumed", "backup_volume_gb_month", size)
        if settings["database_mode"] == "aurora":
            estimate.left_out.append("backup: recovery points of the database")
    if "grafana" in components:
        add_tasks(estimate, "grafana", settings, (1, 1), 100)
    if "sign_in" in components:
        estimate.left_out.append("sign_in: Cognito, billed by the people who sign in")


def estimate_of(settings: Mapping[str, Any], components: list[str], assumptions: Mapping[str, float]) -> Estimate:
    """The bill of a month.

    :param settings: The roles' variables, by their names.
    :param components: Components that the environment has.
    :param assumptions: What no setting says: GB of data and logs, number of alarms, price of Spot in percent.
    :raises Refused: where there are no prices of the region.
    """
    estimate = Estimate(str(settings["langfuse_region"]))
    add_network(estimate, settings)
    if "ingress" in components:
        add_ingress(estimate, settings)
    add_services(estimate, settings, assumptions["spot_percent"])
    add_clickhouse(estimate, settings, assumptions)
    add_database(estimate, settings, assumptions)
    add_cache(estimate, settings)
    size = assumptions["bucket_gb"]
    if settings["storage_mode"] == "external":
        estimate.left_out.append("storage: the bucket that exists")
    else:
        estimate.add("storage", f"S3, {size:g} GB assumed", "bucket_gb_month", size)
    add_secrets(estimate, settings, components)
    add_operations(estimate, settings, components, assumptions)
    estimate.left_out += NEVER_ESTIMATED
    return estimate


def as_answer(estimate: Estimate) -> dict[str, Any]:
    """What the module returns: amounts rounded to cents, the total of what is not rounded."""
    dates = sorted(price.as_of for price in estimate.used.values())
    return {
        "region": estimate.region,
        "lines": [{**asdict(line), "low": round(line.low, 2), "high": round(line.high, 2)} for line in estimate.lines],
        "low": round(sum(line.low for line in estimate.lines), 2),
        "high": round(sum(line.high for line in estimate.lines), 2),
        "price_dates": [dates[0], dates[-1]],
        "sources": sorted({price.source for price in estimate.used.values()}),
        "left_out": estimate.left_out,
    }


def as_table(answer: Mapping[str, Any]) -> list[str]:
    """The same as text, a line each."""
    width = max(len(line["item"]) for line in answer["lines"])
    rows = [
        f"{'Component':<12} {'Item':<{width}} {'low':>10} {'high':>10}",
        *(
            f"{line['component']:<12} {line['item']:<{width}} {line['low']:>10.2f} {line['high']:>10.2f}"
            for line in answer["lines"]
        ),
        f"{'Total':<12} {'USD a month of 730 hours':<{width}} {answer['low']:>10.2f} {answer['high']:>10.2f}",
        "",
        f"List prices of {answer['region']}, on demand, of {answer['price_dates'][0]} to {answer['price_dates'][1]}.",
        "Low is the least capacity, high the most, all month. Left out:",
        *(f"- {item}" for item in answer["left_out"]),
    ]
    return rows
