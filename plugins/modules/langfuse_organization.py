#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_organization
version_added: 0.1.0
short_description: Manage an organization of Langfuse and its API key
description:
  - Creates, changes and deletes an organization through Langfuse's admin API.
  - Stores an API key of the organization in Secrets Manager, with which M(llmops.langfuse.langfuse_project) declares projects. The
    key is never returned.
  - The admin API needs an Enterprise licence (LANGFUSE_EE_LICENSE_KEY of the web service beginning with C(langfuse_ee_)) and the
    variable ADMIN_API_KEY there. Without a licence, declare the first organization and project with the variables LANGFUSE_INIT_*
    in M(llmops.langfuse.langfuse_env).
options:
  name:
    description:
      - Name of the organization, 3 to 60 characters.
      - Langfuse lets several have the same name; then O(organization_id) must say which.
    type: str
  organization_id:
    description: Id of an organization that exists. With O(name), the organization is renamed.
    type: str
  state:
    description: Whether the organization exists. Langfuse deletes none that has projects.
    type: str
    choices: [present, absent]
    default: present
  metadata:
    description: Any JSON object, in place of what is there. Left as it is where this is not given.
    type: dict
  admin_api_key:
    description: Value of ADMIN_API_KEY of the web service. O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description: ARN of a JSON secret of Secrets Manager with that value; the module reads it itself.
    type: str
  admin_json_key:
    description: Key of the value in O(secret_arn).
    type: str
    default: ADMIN_API_KEY
  api_key_secret_arn:
    description:
      - ARN of a JSON secret of Secrets Manager that exists, and that is to have an API key of the organization.
      - Where it has none that the organization knows, one is made and stored there; its other keys stay as they are.
      - Take another secret than the services', for they are deployed again when theirs changes.
    type: str
  api_key_public_json_key:
    description: Key of the public half in O(api_key_secret_arn).
    type: str
    default: LANGFUSE_ORGANIZATION_PUBLIC_KEY
  api_key_private_json_key:
    description: Key of the secret half in O(api_key_secret_arn).
    type: str
    default: LANGFUSE_ORGANIZATION_SECRET_KEY
  api_key_note:
    description: Note of an API key that is made.
    type: str
    default: llmops.langfuse
  wait:
    description: With O(state=absent), whether to wait while Langfuse still deletes projects of the organization.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - llmops.langfuse.api
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: llmops.langfuse.langfuse_project
  - module: llmops.langfuse.langfuse_secrets
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Make a secret for the organization's API key
  llmops.langfuse.langfuse_secrets:
    name: langfuse-staging/organization
    keys: []
  register: organization_secret

- name: Have an organization, and its API key in the secret
  llmops.langfuse.langfuse_organization:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    name: Data science
    metadata:
      cost_center: "4711"
    api_key_secret_arn: "{{ organization_secret.arn }}"

- name: Delete an organization without projects
  llmops.langfuse.langfuse_organization:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/application-AbCdEf
    name: Data science
    state: absent
"""

RETURN = r"""
organization:
  description: The organization as it is, or will be in check mode; empty where it does not exist.
  returned: always
  type: dict
  contains:
    id:
      description: Its id; empty where check mode would create it.
      type: str
      sample: cm1x2y3z40000abcd1234efgh
    name:
      description: Its name.
      type: str
      sample: Data science
    metadata:
      description: Its metadata.
      type: dict
      sample: {cost_center: "4711"}
    projects:
      description: Its projects, each with C(id) and C(name).
      type: list
      elements: dict
      sample: [{id: cm1x2y3z40001abcd1234efgh, name: Chat}]
    api_keys:
      description: Its API keys, without their secret halves.
      type: list
      elements: dict
      sample: [{id: cm1x2, public_key: pk-lf-1b2c, note: llmops.langfuse, created_at: "2026-11-24T12:00:00.000Z",
                expires_at: null, last_used_at: null}]
api_key_made:
  description: Whether an API key was made and stored in O(api_key_secret_arn), or would be in check mode.
  returned: always
  type: bool
  sample: false
status:
  description: HTTP status of the answer that was not expected; V(0) where there was none.
  returned: failure
  type: int
  sample: 403
"""

import time
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import tenancy
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import (
    API_OPTIONS,
    LangfuseApi,
    LangfuseError,
    basic,
    bearer,
    pauses,
    refuse,
    run,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import (
    add_to_secret,
    secret_pair,
    secret_values,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **API_OPTIONS,
    "name": {"type": "str"},
    "organization_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "metadata": {"type": "dict"},
    "admin_api_key": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "admin_json_key": {"type": "str", "default": "ADMIN_API_KEY", "no_log": False},
    "api_key_secret_arn": {"type": "str", "no_log": False},
    "api_key_public_json_key": {"type": "str", "default": "LANGFUSE_ORGANIZATION_PUBLIC_KEY", "no_log": False},
    "api_key_private_json_key": {"type": "str", "default": "LANGFUSE_ORGANIZATION_SECRET_KEY", "no_log": False},
    "api_key_note": {"type": "str", "default": "llmops.langfuse", "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}
DELETION_GOES_ON = "still being processed"


def shown(found: dict[str, Any] | None, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """The organization as it is returned."""
    if found is None:
        return {}
    projects = [{"id": each.get("id", ""), "name": each.get("name", "")} for each in found.get("projects") or []]
    return {
        "id": found.get("id", ""),
        "name": found.get("name", ""),
        "metadata": found.get("metadata") or {},
        "projects": sorted(projects, key=lambda project: project["name"]),
        "api_keys": tenancy.shown_keys(keys),
    }


def outcome(before: dict[str, Any], after: dict[str, Any], made: bool) -> dict[str, Any]:
    """The module's result. An API key that is made shows in the difference by that, since its name is not known before."""
    sides: list[dict[str, Any]] = []
    for side in (before, after):
        seen: dict[str, Any] = {name: side[name] for name in ("name", "metadata") if name in side}
        if made and seen:
            seen["api_key_stored"] = side is after
        sides.append(seen)
    changed = sides[0] != sides[1]
    result: dict[str, Any] = {"changed": changed, "organization": after, "api_key_made": made}
    if changed:
        result["diff"] = {"before": sides[0], "after": sides[1]}
    return result


class Organization:
    """One organization, with the admin API and the options."""

    def __init__(self, module: LangfuseModule) -> None:
        self.module = module
        self.params = module.params
        key = self.params["admin_api_key"]
        if self.params["secret_arn"]:
            name = self.params["admin_json_key"]
            key = secret_values(module, self.params["secret_arn"], [name])[name]
        self.langfuse = LangfuseApi(self.params, bearer(key))
        self.api = tenancy.AdminApi(self.langfuse)

    def read(self, wanted_id: str | None = None) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """The organization and its API keys."""
        found = tenancy.chosen(
            self.api.organizations(), "organization", self.params["name"], wanted_id or self.params["organization_id"]
        )
        return found, self.api.keys(found["id"]) if found else []

    def key_is_missing(self, keys: list[dict[str, Any]]) -> tuple[bool, str | None]:
        """Whether the secret lacks a pair that opens the organization, and the id of the key whose secret half it lacks."""
        arn = self.params["api_key_secret_arn"]
        if not arn:
            return False, None
        pair = secret_pair(
            self.module, arn, (self.params["api_key_public_json_key"], self.params["api_key_private_json_key"])
        )
        known = {key.get("publicKey"): key["id"] for key in keys}
        # Langfuse remembers for minutes that it does not know a key, so only one that it knows is tried.
        if pair is None or pair[0] not in known:
            return True, None
        answer = LangfuseApi(self.params, basic(*pair)).ask("GET", "/api/public/organizations/projects")
        if answer.status not in (200, 401):
            raise refuse(self.langfuse.where, answer, "say whether the stored API key is valid")
        return answer.status == 401, known[pair[0]]

    def store_key(self, organization: str) -> None:
        """Makes an API key and stores it; takes it back where it cannot be stored, for nobody could ever use it."""
        made = self.api.create_key(organization, self.params["api_key_note"])
        self.module.no_log_values.add(made["secretKey"])
        values = {
            self.params["api_key_public_json_key"]: made["publicKey"],
            self.params["api_key_private_json_key"]: made["secretKey"],
        }
        try:
            add_to_secret(self.module, self.params["api_key_secret_arn"], values)
        except LangfuseError:
            self.api.delete_key(organization, made["id"])
            raise

    def present(self) -> dict[str, Any]:
        params = self.params
        found, keys = self.read()
        if found is None and params["organization_id"]:
            raise LangfuseError(
                f"{self.langfuse.where} has no organization with the id {params['organization_id']}; "
                "leave organization_id out to create one by its name."
            )
        before = shown(found, keys)
        missing, stale = self.key_is_missing(keys)
        wanted = {"name": params["name"], "metadata": params["metadata"]}
        body = {"name": before.get("name", ""), **tenancy.changes(before, wanted)}
        if self.module.check_mode:
            base: dict[str, Any] = before or {"id": "", "metadata": {}, "projects": [], "api_keys": []}
            return outcome(before, {**base, **body}, missing)
        organization = before.get("id", "")
        if found is None:
            organization = self.api.create(body)
        elif len(body) > 1 or body["name"] != before["name"]:
            self.api.update(organization, body)
        if missing:
            self.store_key(organization)
            if stale:
                self.api.delete_key(organization, stale)
        return outcome(before, shown(*self.read(organization)), missing)

    def absent(self) -> dict[str, Any]:
        found, keys = self.read()
        before = shown(found, keys)
        if found is not None:
            if before["projects"]:
                names = ", ".join(project["name"] for project in before["projects"])
                raise LangfuseError(
                    f"{self.langfuse.where} deletes no organization with projects, and {before['name']} has {names}; delete them "
                    "with llmops.langfuse.langfuse_project first."
                )
            if not self.module.check_mode:
                self.delete(found["id"])
        return outcome(before, {}, False)

    def delete(self, organization: str) -> None:
        deadline = time.monotonic() + (self.params["wait_timeout"] if self.params["wait"] else 0)
        for pause in pauses(first=1.0):
            answer = self.api.delete(organization)
            if answer.status != 400:
                return
            left = deadline - time.monotonic()
            if DELETION_GOES_ON not in answer.body or left <= 0:
                what = answer.json().get("message") or answer.said
                raise LangfuseError(
                    f"{self.langfuse.where} does not delete the organization: {str(what).rstrip('.')}; where that goes on, look at "
                    "the worker, which deletes projects, and raise wait_timeout.",
                    answer,
                )
            time.sleep(min(pause, left))


def main_of(module: LangfuseModule) -> dict[str, Any]:
    name = module.params["name"]
    if name is not None and module.params["state"] == "present" and (problem := tenancy.problem_with_name(name)):
        raise LangfuseError(f"{problem}; give another name.")
    organization = Organization(module)
    return organization.present() if module.params["state"] == "present" else organization.absent()


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("admin_api_key", "secret_arn")],
        required_one_of=[("admin_api_key", "secret_arn"), ("name", "organization_id")],
        supports_check_mode=True,
    )
    run(module, main_of)


if __name__ == "__main__":
    main()
