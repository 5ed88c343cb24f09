#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_upgrade_info
version_added: 0.1.0
short_description: Judge the step from the Langfuse that runs to the one that is wanted
description:
  - Compares releases and write modes, and says whether the step can be taken, what stands against it, and whether the migration job
    of the wanted release may run.
  - What runs is given; M(llmops.langfuse.langfuse_environment_info) finds it. Nothing is contacted and nothing is changed, and a step
    that is not allowed is an answer and no failure.
options:
  langfuse_version:
    description: The exact Langfuse version that is wanted.
    type: str
    required: true
  write_mode:
    description: >-
      The write mode that is wanted, as O(llmops.langfuse.langfuse_env#module:write_mode) has it; empty where none was chosen, which
      Langfuse 4 takes for V(events_only).
    type: str
    choices: ['', legacy, dual, events_only]
    default: ''
  running_images:
    description:
      - Images of the services that run, whose tags are exact versions. An empty text is a service that does not run.
      - An image whose tag is no version does not count.
    type: list
    elements: str
    default: []
  schema_image:
    description: Image of the migration that completed last; empty where none did.
    type: str
    default: ''
  running_write_mode:
    description: C(LANGFUSE_MIGRATION_V4_WRITE_MODE) of the workers that run; empty where they do not have it.
    type: str
    default: ''
  background_migrations:
    description: >-
      What M(llmops.langfuse.langfuse_background_migrations_info) returned for the version that runs. Without it nobody asks whether
      they are finished.
    type: dict
  accept:
    description: Codes of reasons that do not stand against the step any more.
    type: list
    elements: str
    choices: [background_migrations, write_mode_back, rollback, rollback_after_cutover, rollback_schema]
    default: []
extends_documentation_fragment:
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
  - llmops.langfuse.attributes.info_module
seealso:
  - module: llmops.langfuse.langfuse_environment_info
  - module: llmops.langfuse.langfuse_background_migrations_info
  - name: Migrate Langfuse v3 to v4
    description: Langfuse's guide, which has write modes, backfill and the way back.
    link: https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Judge the step from Langfuse 3 to Langfuse 4
  llmops.langfuse.langfuse_upgrade_info:
    langfuse_version: 4.16.0
    write_mode: legacy
    running_images:
      - docker.io/langfuse/langfuse:3.225.4
      - docker.io/langfuse/langfuse-worker:3.225.4
    schema_image: docker.io/langfuse/langfuse:3.225.4
  register: upgrade

- name: Go on only where nothing stands against it
  ansible.builtin.assert:
    that: upgrade.allowed
    fail_msg: "{{ upgrade.reasons | map(attribute='message') | join(' ') }}"
"""

RETURN = r"""
kind:
  description:
    - V(first) (nothing runs yet), V(none) (the same release), V(patch), V(minor), V(major), or V(rollback) (an older one).
    - Services of two releases are what a stopped run left; the step is then from the one that is further from the wanted.
  returned: success
  type: str
  sample: major
from_version:
  description: The release that the step begins at; empty where nothing runs.
  returned: success
  type: str
  sample: 3.225.4
to_version:
  description: The release that is wanted.
  returned: success
  type: str
  sample: 4.16.0
changes:
  description: Whether release or write mode change, so that a backup before is worth it.
  returned: success
  type: bool
  sample: true
migrate:
  description: Whether the migration job of the wanted release may run; it may not where ClickHouse's schema is further on.
  returned: success
  type: bool
  sample: true
allowed:
  description: Whether nothing stands against the step.
  returned: success
  type: bool
  sample: true
reasons:
  description: Everything that stands against it and was not accepted.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: V(write_mode_unset), V(write_mode_back), V(background_migrations), V(rollback), V(rollback_after_cutover) or
        V(rollback_schema).
      type: str
      sample: write_mode_unset
    message:
      description: What is the matter and what to do, as one sentence.
      type: str
      sample: From Langfuse 3.225.4 to 4.16.0 the write mode has to be chosen; set langfuse_write_mode to legacy, dual or events_only.
    acceptable:
      description: Whether O(accept) may have its code.
      type: bool
      sample: false
next:
  description: What is still to do until the environment has all of the newest Langfuse; empty for nothing.
  returned: success
  type: str
  sample: Upgrade SDKs and whatever reads the API, then set langfuse_write_mode to dual.
"""

from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import upgrade, versions
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule


def argument_spec() -> dict[str, Any]:
    return {
        "langfuse_version": {"type": "str", "required": True},
        "write_mode": {"type": "str", "choices": ["", *upgrade.WRITE_MODES], "default": ""},
        "running_images": {"type": "list", "elements": "str", "default": []},
        "schema_image": {"type": "str", "default": ""},
        "running_write_mode": {"type": "str", "default": ""},
        "background_migrations": {"type": "dict"},
        "accept": {"type": "list", "elements": "str", "choices": list(upgrade.ACCEPTABLE), "default": []},
    }


def main() -> None:
    module = LangfuseModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    release, findings = versions.judge("langfuse_version", params["langfuse_version"])
    if release is None:
        module.fail_json(msg=". ".join(map(str, findings)))
    now = upgrade.running(params["running_images"], params["schema_image"], params["running_write_mode"])
    judgement = upgrade.judge(now, upgrade.Wanted(release, params["write_mode"]), params["background_migrations"])
    module.exit_json(changed=False, **judgement.as_dict(params["accept"]))


if __name__ == "__main__":
    main()
