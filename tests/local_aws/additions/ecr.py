# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECR: pull-through cache rules. What a task's pull does with one stands in ecs/resources.py."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from moto.secretsmanager.models import secretsmanager_backends

from .. import pull_through
from ..rules import Call, Refusal
from . import Addition, Forward, Shape, operation

if TYPE_CHECKING:
    from ..server import Context

# API CreatePullThroughCacheRule, and its model in botocore
PREFIX = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*/?|ROOT")
CREDENTIAL = re.compile(r"arn:aws(-\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+")
# The upstream registries, and whether AWS's guide (pull-through-cache-creating-rule) wants credentials for them
REGISTRIES = {
    "public.ecr.aws": ("ecr-public", False),
    "registry-1.docker.io": ("docker-hub", True),
    "ghcr.io": ("github-container-registry", True),
    "quay.io": ("quay", False),
    "registry.k8s.io": ("k8s", False),
}


class PullThroughCache(Addition):
    """ECR's additions."""

    service = "ecr"

    def reset(self) -> None:
        pull_through.RULES.clear()

    @staticmethod
    def _rule(call: Call) -> dict[str, Any]:
        prefix = call.params["ecrRepositoryPrefix"]
        found = pull_through.rules(call.account_id, call.region).get(prefix)
        if found is None:
            raise Refusal(
                "PullThroughCacheRuleNotFoundException",
                f"The pull through cache rule for prefix '{prefix}' was not found.",
            )
        return found

    @staticmethod
    def _credential(call: Call) -> str | None:
        arn = call.params.get("credentialArn")
        if arn is None:
            return None
        if not CREDENTIAL.fullmatch(arn):
            raise Refusal("InvalidParameterException", f"Invalid parameter at 'credentialArn': {arn}")
        if not any(item.arn == arn for item in secretsmanager_backends[call.account_id][call.region].secrets.values()):
            raise Refusal("SecretNotFoundException", f"The ARN of the secret specified does not exist: {arn}")
        return str(arn)

    @operation("CreatePullThroughCacheRule")
    def create(self, call: Call, _forward: Forward) -> Shape:
        prefix, url = call.params["ecrRepositoryPrefix"], call.params["upstreamRegistryUrl"]
        if not 2 <= len(prefix) <= 30 or not PREFIX.fullmatch(prefix):
            raise Refusal("InvalidParameterException", f"Invalid parameter at 'ecrRepositoryPrefix': {prefix}")
        if url not in REGISTRIES:
            raise Refusal("UnsupportedUpstreamRegistryException", f"The upstream registry is not supported: {url}")
        known = pull_through.rules(call.account_id, call.region)
        if prefix in known:
            raise Refusal(
                "PullThroughCacheRuleAlreadyExistsException",
                f"A pull through cache rule already exists for '{prefix}'.",
            )
        registry, guarded = REGISTRIES[url]
        credential = self._credential(call)
        if guarded and credential is None:
            raise Refusal("InvalidParameterException", f"A credential ARN is required for the upstream registry {url}.")
        known[prefix] = {
            "ecrRepositoryPrefix": prefix,
            "upstreamRegistryUrl": url,
            "upstreamRegistry": registry,
            "registryId": call.account_id,
            "createdAt": time.time(),
            **({"credentialArn": credential} if credential else {}),
        }
        return dict(known[prefix])

    @operation("UpdatePullThroughCacheRule")
    def update(self, call: Call, _forward: Forward) -> Shape:
        found = self._rule(call)
        found["credentialArn"] = self._credential(call)
        return dict(found)

    @operation("DeletePullThroughCacheRule")
    def delete(self, call: Call, _forward: Forward) -> Shape:
        found = self._rule(call)
        del pull_through.rules(call.account_id, call.region)[found["ecrRepositoryPrefix"]]
        return dict(found)

    @operation("DescribePullThroughCacheRules")
    def describe(self, call: Call, _forward: Forward) -> Shape:
        known = pull_through.rules(call.account_id, call.region)
        wanted = call.params.get("ecrRepositoryPrefixes")
        for prefix in wanted or []:
            if prefix not in known:
                raise Refusal(
                    "PullThroughCacheRuleNotFoundException",
                    f"The pull through cache rule for prefix '{prefix}' was not found.",
                )
        return {"pullThroughCacheRules": [dict(known[prefix]) for prefix in wanted or sorted(known)]}


def install(context: Context) -> None:
    PullThroughCache(context)
