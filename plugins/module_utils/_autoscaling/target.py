# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scalable target is and where it differs from the wanted one; pure functions, private to the collection."""

from __future__ import annotations

from typing import Any

from .._aws.difference import Difference

TARGET_TRACKING = "TargetTrackingScaling"
CONFIGURATION = "TargetTrackingScalingPolicyConfiguration"
# What AWS takes a member for that nobody gave.
DEFAULTS = {"DisableScaleIn": False, "ReturnData": True}


def identity(params: dict[str, Any]) -> dict[str, str]:
    """What names the target in every call."""
    return {
        "ServiceNamespace": params["service_namespace"],
        "ResourceId": params["resource_id"],
        "ScalableDimension": params["scalable_dimension"],
    }


def configurations(policies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """AWS's policies as {name: configuration}; one of another kind has an empty configuration."""
    return {policy["PolicyName"]: policy.get(CONFIGURATION) or {} for policy in policies}


def same_configuration(wanted: Any, active: Any) -> bool:
    """Whether a configuration is as wanted, as far as the wanted one says; AWS adds its defaults.

    Metrics and dimensions are compared by their names, for AWS does not promise their order.
    """
    if isinstance(wanted, dict):
        active = active if isinstance(active, dict) else {}
        return all(same_configuration(value, active.get(key, DEFAULTS.get(key))) for key, value in wanted.items())
    if isinstance(wanted, list):
        left, right = _by_name(wanted), _by_name(active or [])
        return left.keys() == right.keys() and all(same_configuration(left[name], right[name]) for name in left)
    return bool(wanted == active)


def _by_name(items: list[Any]) -> dict[str, Any]:
    return {str(item.get("Id") or item.get("Name")): item for item in items}


def changed_policies(
    wanted: dict[str, dict[str, Any]] | None, active: dict[str, dict[str, Any]], purge: bool
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The policies to put and the names of those to delete. A wanted None leaves all as they are."""
    if wanted is None:
        return {}, []
    to_put = {
        name: configuration
        for name, configuration in wanted.items()
        if not active.get(name) or not same_configuration(configuration, active[name])
    }
    # A policy's type cannot change, so one of another kind goes first.
    other_kind = [name for name in to_put if name in active and not active[name]]
    surplus = [name for name in active if name not in wanted] if purge else []
    return to_put, sorted(other_kind + surplus)


def compare(
    params: dict[str, Any],
    target: dict[str, Any],
    wanted: dict[str, dict[str, Any]] | None,
    active: dict[str, dict[str, Any]],
) -> Difference:
    """The difference of limits and policies; its request is that of RegisterScalableTarget. Tags are not part of it."""
    difference = Difference()
    for option, key in (("min_capacity", "MinCapacity"), ("max_capacity", "MaxCapacity")):
        difference.add(option, params[option], target.get(key), request={key: params[option]})
    to_put, to_delete = changed_policies(wanted, active, params["purge_policies"])
    if to_put or to_delete:
        after = {name: value for name, value in active.items() if name not in to_delete} | to_put
        difference.add("policies", after, active)
    return difference


def describe(
    target: dict[str, Any], policies: list[dict[str, Any]], tags: dict[str, str], wanted: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A target with the module's names.

    :param wanted: {name: configuration} of the policies as they will be, for check mode.
    """
    known = {policy["PolicyName"]: policy for policy in policies}
    shown = configurations(policies) if wanted is None else wanted
    return {
        "scalable_target_arn": target.get("ScalableTargetARN", ""),
        "service_namespace": target["ServiceNamespace"],
        "resource_id": target["ResourceId"],
        "scalable_dimension": target["ScalableDimension"],
        "min_capacity": target.get("MinCapacity"),
        "max_capacity": target.get("MaxCapacity"),
        "policies": [
            {
                "name": name,
                "configuration": configuration,
                "alarms": [alarm["AlarmName"] for alarm in known.get(name, {}).get("Alarms") or []],
            }
            for name, configuration in sorted(shown.items())
        ],
        "tags": tags,
    }
