# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from module_runner import ModuleFailed

MODULE = "ecs_cluster_settings"


def test_container_insights(aws: Any) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="x")
    aws.cycle(MODULE, {"cluster": "x", "container_insights": "enabled"})
    found = ecs.describe_clusters(clusters=["x"], include=["SETTINGS"])["clusters"][0]["settings"]
    assert found == [{"name": "containerInsights", "value": "enabled"}]
    changed = aws.cycle(MODULE, {"cluster": "x", "container_insights": "disabled"})
    assert changed["diff"]["before"] == {"container_insights": "enabled"}


def test_a_cluster_that_there_is_not(aws: Any) -> None:
    wanted = {"cluster": "none", "container_insights": "enabled"}
    assert aws.run(MODULE, wanted, check=True)["changed"] is True
    with pytest.raises(ModuleFailed, match="There is no ECS cluster none; create it first"):
        aws.run(MODULE, wanted)
