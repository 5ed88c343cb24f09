# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from ansible_collections.llmops.langfuse.plugins.module_utils._aws.errors import AwsError
from ansible_collections.llmops.langfuse.plugins.module_utils._ecs.shapes import fit, short, snake, tag_dict, tag_list

SHAPE = botocore.session.get_session().get_service_model("ecs").shape_for("ContainerDefinition")


def test_templates_make_text_of_everything() -> None:
    given = {
        "name": "a",
        "essential": "True",
        "memory": "512",
        "portMappings": [{"containerPort": "80"}, None],
        "environment": [{"name": "N", "value": 1}, {"name": "B", "value": True}, {"name": "T", "value": ""}],
        "dockerLabels": {"l": 2, "none": None},
        "image": None,
    }
    assert fit(SHAPE, given, "x") == {
        "name": "a",
        "essential": True,
        "memory": 512,
        "portMappings": [{"containerPort": 80}],
        "environment": [{"name": "N", "value": "1"}, {"name": "B", "value": "true"}, {"name": "T", "value": ""}],
        "dockerLabels": {"l": "2"},
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"enviroment": []}, "x has no enviroment in AWS's API; write environment"),
        ({"health_check": {}}, "x has no health_check in AWS's API; write healthCheck"),
        ({"zzzz": 1}, "x has no zzzz in AWS's API; its names are command, cpu"),
        ({"portMappings": [{"containerPort": "http"}]}, "x.portMappings[0].containerPort must be a whole number"),
        ({"memory": True}, "x.memory must be a whole number, but is True"),
        ({"command": "true"}, "x.command must be a list, but is 'true'; put it in brackets"),
        ({"image": {"a": 1}}, "x.image must be text"),
        ({"dockerLabels": ["a"]}, "x.dockerLabels must be a dictionary"),
        ({"essential": "perhaps"}, "x.essential must be true or false"),
        ("text", "x must be a dictionary"),
    ],
)
def test_what_does_not_fit_is_named(given: Any, said: str) -> None:
    with pytest.raises(AwsError) as raised:
        fit(SHAPE, given, "x")
    assert str(raised.value).startswith(said)


def test_numbers_with_a_fraction() -> None:
    model = botocore.session.get_session().get_service_model("application-autoscaling")
    shape = model.shape_for("TargetTrackingScalingPolicyConfiguration").members["TargetValue"]
    assert [fit(shape, value, "x") for value in ("50", 50, 0.5)] == [50.0, 50.0, 0.5]
    for wrong in ("many", True, None):
        with pytest.raises(AwsError, match="x must be a number"):
            fit(shape, wrong, "x")


def test_snake_leaves_names_that_users_chose() -> None:
    given = {"dockerLabels": {"myLabel": "x"}, "logConfiguration": {"logDriver": "d", "options": {"someOption": "x"}}}
    assert snake([given]) == [
        {"docker_labels": {"myLabel": "x"}, "log_configuration": {"log_driver": "d", "options": {"someOption": "x"}}}
    ]


def test_tags_there_and_back() -> None:
    assert tag_list({"b": 1, "a": True}) == [{"key": "a", "value": "True"}, {"key": "b", "value": "1"}]
    assert tag_dict([{"key": "a", "value": "x"}, {"key": "b"}]) == {"a": "x", "b": ""}
    assert (tag_list(None), tag_dict(None)) == ([], {})


def test_short() -> None:
    assert short("arn:aws:ecs:eu-central-1:123456789012:task-definition/x:1") == "x:1"
    assert (short("x"), short(None)) == ("x", "")
