# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of the estimate, against small cases by hand."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.cost import (
    CHOSEN,
    GRAFANA,
    SETTINGS,
    Refused,
    as_answer,
    as_table,
    estimate_of,
    on_spot,
    typed,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.cost_prices import PRICES
from ansible_collections.llmops.langfuse.plugins.modules.langfuse_cost_info import ASSUMPTIONS

REPOSITORY = Path(__file__).resolve().parents[5]
COMPONENTS = ["network", "secrets", "storage", "compute", "database", "cache", "clickhouse", "ingress", "web", "worker"]
SPOT = {"capacity_provider": "FARGATE_SPOT", "weight": 1}
SMALL: dict[str, Any] = {
    "langfuse_region": "us-east-1",
    "network_vpc_id": "",
    "network_private_subnet_ids": [],
    "network_public_subnet_ids": [],
    "network_availability_zone_count": 2,
    "network_nat": "single",
    "network_interface_endpoints": "auto",
    "network_needed_endpoints": ["ecr.api", "ecr.dkr", "logs", "secretsmanager"],
    "network_namespace_name": "demo.internal",
    "secrets_replica_regions": [],
    "secrets_kms_key_arn": "",
    "storage_kms_key_arn": "",
    "storage_mode": "own",
    "compute_container_insights": "",
    "compute_log_kms_key_arn": "",
    "database_mode": "aurora",
    "database_instance_count": 1,
    "database_min_capacity": 0.5,
    "database_max_capacity": 4,
    "database_kms_key_arn": "",
    "cache_node_type": "cache.t4g.medium",
    "cache_node_count": 1,
    "cache_kms_key_arn": "",
    "cache_mode": "elasticache",
    "clickhouse_mode": "fargate",
    "clickhouse_replicas": 1,
    "clickhouse_running": True,
    "clickhouse_cpu": 2048,
    "clickhouse_memory": 8192,
    "clickhouse_cpu_architecture": "ARM64",
    "clickhouse_instance_type": "r7g.large",
    "clickhouse_volume_size": 100,
    "clickhouse_volume_iops": 3000,
    "clickhouse_volume_throughput": 125,
    "clickhouse_kms_key_arn": "",
    "ingress_scheme": "internet-facing",
    "ingress_hosted_zone": "",
    "ingress_cloudfront": False,
    "ingress_waf": False,
    "ingress_waf_rate_limit": 20000,
    "web_desired_count": 1,
    "web_scaling_min": 1,
    "web_scaling_max": 1,
    "web_cpu": 2048,
    "web_memory": 4096,
    "web_cpu_architecture": "X86_64",
    "web_capacity_provider_strategy": [],
    "web_platform": "ecs",
    "web_ingestion": False,
    "web_ingestion_desired_count": 2,
    "web_ingestion_scaling_min": 2,
    "web_ingestion_scaling_max": 2,
    "web_ingestion_cpu": 1024,
    "web_ingestion_memory": 2048,
    "web_ingestion_capacity_provider_strategy": [],
    "worker_desired_count": 1,
    "worker_scaling_min": 1,
    "worker_scaling_max": 1,
    "worker_cpu": 2048,
    "worker_memory": 4096,
    "worker_cpu_architecture": "ARM64",
    "worker_capacity_provider_strategy": [],
}


def answer(components: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    return as_answer(estimate_of(typed({**SMALL, **changes}), components or COMPONENTS, ASSUMPTIONS))


def part(found: dict[str, Any], component: str) -> tuple[float, float]:
    lines = [line for line in found["lines"] if line["component"] == component]
    return round(sum(line["low"] for line in lines), 2), round(sum(line["high"] for line in lines), 2)


def test_replicas_cost_three_times_and_their_load_balancer_is_named() -> None:
    one = answer(clickhouse_mode="ec2", clickhouse_volume_iops=4000)
    three = answer(clickhouse_mode="ec2", clickhouse_volume_iops=4000, clickhouse_replicas=3)
    assert part(three, "clickhouse") == pytest.approx(tuple(3 * usd for usd in part(one, "clickhouse")), abs=0.02)
    named = "clickhouse: network load balancer"
    assert [any(item.startswith(named) for item in found["left_out"]) for found in (one, three)] == [False, True]


def test_ingestion_of_its_own_is_a_part_of_web() -> None:
    found = answer(web_ingestion=True)
    # 72.08 of web, and 2 x 730 x 0.04048 + 4 x 730 x 0.004445
    assert part(found, "web") == pytest.approx((144.16, 144.16), abs=0.02)


@pytest.mark.parametrize(
    ("changes", "component", "named"),
    [
        ({"cache_mode": "external"}, "cache", "cache: the Redis or Valkey that exists"),
        ({"storage_mode": "external"}, "storage", "storage: the bucket that exists"),
        ({"web_platform": "apprunner"}, "web", "web: App Runner"),
    ],
)
def test_what_is_somebody_elses_or_has_no_known_price_is_named(
    changes: dict[str, Any], component: str, named: str
) -> None:
    found = answer(**changes)
    assert part(found, component) == (0, 0)
    assert [item for item in found["left_out"] if item.startswith(named)]


def test_cloudfront_is_named_and_no_load_balancer_is_counted_where_there_is_none() -> None:
    assert "ingress: CloudFront, billed by requests and data" in answer(ingress_cloudfront=True)["left_out"]
    assert part(answer([name for name in COMPONENTS if name != "ingress"]), "ingress") == (0, 0)


def test_parts_are_what_they_are_by_hand() -> None:
    found = answer()
    # 730 x 0.045 + 730 x 0.005 + 0.50
    assert part(found, "network") == (37.0, 37.0)
    # 730 x 0.0225 (16.425) + 2 x 730 x 0.005
    assert part(found, "ingress") == pytest.approx((23.73, 23.73), abs=0.01)
    # 730 x 0.12 x 0.5 to 4, and 20 GB x 0.10
    assert part(found, "database") == (45.8, 352.4)
    # 730 x 0.052
    assert part(found, "cache") == (37.96, 37.96)
    # 2 x 730 x 0.04048 + 4 x 730 x 0.004445
    assert part(found, "web") == pytest.approx((72.08, 72.08), abs=0.01)
    # 2 x 730 x 0.03237984 + 4 x 730 x 0.00356004
    assert part(found, "worker") == pytest.approx((57.67, 57.67), abs=0.01)
    # 2 x 730 x 0.03237984 + 8 x 730 x 0.00356004 + 100 GB x 0.30
    assert part(found, "clickhouse") == pytest.approx((98.07, 98.07), abs=0.01)
    assert part(found, "storage") == (2.3, 2.3)
    assert part(found, "compute") == (5.0, 5.0)
    assert part(found, "secrets") == (0.4, 0.4)
    assert (found["low"], found["high"]) == pytest.approx(
        (
            sum(line["low"] for line in found["lines"]),
            sum(line["high"] for line in found["lines"]),
        ),
        abs=0.05,
    )


def test_scaled_services_range_from_the_least_to_the_most() -> None:
    found = answer(web_scaling_min=2, web_scaling_max=6)
    low, high = part(found, "web")
    assert high == pytest.approx(3 * low, abs=0.05)
    assert low == pytest.approx(2 * part(answer(), "web")[0], abs=0.05)


def test_spot_counts_by_base_and_weight() -> None:
    assert on_spot([], 3) == 0
    assert on_spot([SPOT], 3) == 3
    assert on_spot([{"capacity_provider": "FARGATE", "base": 2, "weight": 0}, SPOT], 8) == 6
    assert on_spot([{"capacity_provider": "FARGATE", "base": 2, "weight": 0}, SPOT], 1) == 0
    assert on_spot([{"capacity_provider": "FARGATE", "weight": 1}, {**SPOT, "weight": 3}], 4) == 3
    spot = part(answer(worker_capacity_provider_strategy=[SPOT]), "worker")
    assert spot[0] == pytest.approx(0.3 * part(answer(), "worker")[0], abs=0.02)


def test_ways_out_of_the_network() -> None:
    assert part(answer(network_nat="none"), "network") == (
        58.9,
        58.9,
    )  # 4 endpoints in 2 zones at 730 x 0.01, and the zone
    assert part(answer(network_nat="per_zone"), "network") == (73.5, 73.5)
    given = {
        "network_vpc_id": "vpc-1",
        "network_private_subnet_ids": ["a", "b"],
        "network_public_subnet_ids": ["c", "d"],
    }
    assert part(answer(**given), "network") == (0.5, 0.5)
    assert part(answer(ingress_scheme="internal"), "ingress") == pytest.approx((16.43, 16.43), abs=0.01)


def test_clickhouse_on_ec2_has_an_instance_and_volumes() -> None:
    found = answer(clickhouse_mode="ec2", clickhouse_volume_iops=4000, clickhouse_volume_throughput=225)
    # 730 x 0.1071 + 130 x 0.08 + 1000 x 0.005 + 100 x 0.04
    assert part(found, "clickhouse") == pytest.approx((97.58, 97.58), abs=0.01)


def test_choices_cost_where_they_are_chosen() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    found = answer(
        [*COMPONENTS, "monitoring", "backup", "sign_in"],
        ingress_waf=True,
        ingress_hosted_zone="example.com",
        storage_kms_key_arn=key,
        secrets_kms_key_arn=key,
        secrets_replica_regions=["eu-west-1"],
        compute_container_insights="enabled",
    )
    assert part(found, "ingress") == pytest.approx((33.23, 33.23), abs=0.01)  # 9.00 for the firewall, 0.50 for the zone
    assert part(found, "secrets") == (2.6, 2.6)  # two secrets in two regions, one key
    assert part(found, "monitoring") == (2.6, 2.6)
    assert part(found, "backup") == (5.0, 5.0)
    text = " ".join(found["left_out"])
    for word in ("Container Insights", "Cognito", "recovery points", "data transfer", "tax"):
        assert word in text


def test_grafana_is_a_task_of_its_own() -> None:
    size = {"grafana_cpu": "512", "grafana_memory": 1024, "grafana_cpu_architecture": "ARM64"}
    # 730 x (0.5 x 0.03237984 + 0.00356004)
    assert part(answer([*COMPONENTS, "grafana"], **size), "grafana") == pytest.approx((14.42, 14.42), abs=0.01)
    assert part(answer(**size), "grafana") == (0, 0)


def test_what_has_no_known_price_is_named_and_not_guessed() -> None:
    found = answer(cache_node_type="cache.x9.huge")
    assert part(found, "cache") == (0, 0)
    assert (
        "cache: 1 nodes cache.x9.huge, Valkey (no price of cache_node_hour/cache.x9.huge is known in us-east-1)"
        in found["left_out"]
    )
    external = answer(database_mode="external", clickhouse_mode="external")
    assert part(external, "database") == part(external, "clickhouse") == (0, 0)
    assert {"database: the PostgreSQL that exists", "clickhouse: the ClickHouse that exists"} <= set(
        external["left_out"]
    )


def test_refusals_are_one_sentence() -> None:
    with pytest.raises(Refused, match=r"region mars-1 .* eu-central-1 and us-east-1; set langfuse_region"):
        answer(langfuse_region="mars-1")
    with pytest.raises(Refused, match="needs web_cpu, which"):
        typed({name: value for name, value in SMALL.items() if name != "web_cpu"})
    with pytest.raises(Refused, match="web_cpu is 'many'"):
        typed({**SMALL, "web_cpu": "many"})


def test_table_has_every_part_its_prices_day_and_what_is_left_out() -> None:
    found = answer()
    table = as_table(found)
    assert len({len(row) for row in table[: len(found["lines"]) + 2]}) == 1
    assert f"{found['low']:.2f}" in table[len(found["lines"]) + 1]
    assert found["price_dates"][0] in "\n".join(table)
    assert [row[2:] for row in table if row.startswith("- ")] == found["left_out"]


@pytest.mark.parametrize("region", sorted(PRICES))
def test_every_price_has_a_day_and_a_source_of_aws(region: str) -> None:
    for name, price in PRICES[region].items():
        assert price.usd > 0, name
        assert date.fromisoformat(price.as_of) <= date(2026, 11, 26), name
        assert re.match(
            r"https://(aws\.amazon\.com|pricing\.us-east-1\.amazonaws\.com|b0\.p\.awsstatic\.com)/", price.source
        ), name


def test_the_playbook_asks_for_what_the_estimate_reads() -> None:
    (play,) = yaml.safe_load((REPOSITORY / "playbooks/cost.yml").read_text())
    asked = [name for names in play["vars"]["__langfuse_cost_variables"].values() for name in names]
    assert sorted(asked) == sorted([*SETTINGS, *CHOSEN, *GRAFANA])
