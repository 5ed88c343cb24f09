# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of modules that act on Langfuse rather than on AWS.

They belong to the collection's action group, so they take its options; but they import no boto3, which keeps them quick
and lets them run where it is not installed. A module with an option that reads AWS uses `aws.py`. Document the options
with the fragment `llmops.langfuse.connection`.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback

ACTION_GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "region": {
        "type": "str",
        "aliases": ["aws_region"],
        "fallback": (env_fallback, ["AWS_REGION", "AWS_DEFAULT_REGION"]),
    },
    "access_key": {
        "type": "str",
        "aliases": ["aws_access_key_id", "aws_access_key"],
        "fallback": (env_fallback, ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]),
        "no_log": False,
    },
    "secret_key": {
        "type": "str",
        "aliases": ["aws_secret_access_key", "aws_secret_key"],
        "fallback": (env_fallback, ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]),
        "no_log": True,
    },
    "session_token": {
        "type": "str",
        "aliases": ["aws_session_token"],
        "fallback": (env_fallback, ["AWS_SESSION_TOKEN"]),
        "no_log": True,
    },
    "profile": {
        "type": "str",
        "aliases": ["aws_profile"],
        "fallback": (env_fallback, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]),
    },
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"], "fallback": (env_fallback, ["AWS_URL"])},
    "aws_ca_bundle": {"type": "path", "fallback": (env_fallback, ["AWS_CA_BUNDLE"])},
    "validate_certs": {"type": "bool", "default": True},
    "aws_config": {"type": "dict"},
    "debug_botocore_endpoint_logs": {
        "type": "bool",
        "default": False,
        "fallback": (env_fallback, ["ANSIBLE_DEBUG_BOTOCORE_LOGS"]),
    },
}

RESERVED_NAMES = frozenset(ACTION_GROUP_OPTIONS) | {
    alias for option in ACTION_GROUP_OPTIONS.values() for alias in option.get("aliases", [])
}


class LangfuseModule(AnsibleModule):
    """AnsibleModule with the action group's options. Options of a module's own must not take their names."""

    def __init__(self, argument_spec: dict[str, Any], **settings: Any) -> None:
        if taken := RESERVED_NAMES & set(argument_spec):
            raise ValueError(f"These names belong to the action group: {', '.join(sorted(taken))}.")
        # By service; `aws.py` fills it.
        self.aws_clients: dict[str, Any] = {}
        super().__init__(argument_spec={**ACTION_GROUP_OPTIONS, **argument_spec}, **settings)
