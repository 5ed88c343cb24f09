#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: langfuse_project
version_added: 0.1.0
short_description: Manage a project of Langfuse and its API keys
description:
  - Creates, changes and deletes a project of the organization whose API key is given, and registers API keys of the project.
  - The secret half of a key comes from Secrets Manager, or is made and stored there before Langfuse hears of it. It is never
    returned. A run that was interrupted therefore goes on with the same keys.
  - Needs an Enterprise licence (LANGFUSE_EE_LICENSE_KEY of the web service beginning with C(langfuse_ee_)) and Langfuse 3.121.0 or
    newer. Without a licence, declare the first project with the variables LANGFUSE_INIT_* in M(llmops.langfuse.langfuse_env).
options:
  public_key:
    description: Public half of an API key of the organization.
    type: str
  private_key:
    description: Secret half of an API key of the organization. O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description:
      - ARN of a JSON secret of Secrets Manager with an API key of the organization, as
        M(llmops.langfuse.langfuse_organization) stores it; the module reads it itself.
    type: str
  public_json_key:
    description: Key of the public half in O(secret_arn).
    type: str
    default: LANGFUSE_ORGANIZATION_PUBLIC_KEY
  private_json_key:
    description: Key of the secret half in O(secret_arn).
    type: str
    default: LANGFUSE_ORGANIZATION_SECRET_KEY
  name:
    description: Name of the project, 3 to 60 characters, unique in its organization.
    type: str
  project_id:
    description: Id of a project that exists. With O(name), the project is renamed.
    type: str
  state:
    description:
      - Whether the project exists.
      - Langfuse deletes a project later, through the worker. The module returns when it is marked as deleted, which hides it and
        closes its keys. Only its organization cannot be deleted until then.
    type: str
    choices: [present, absent]
    default: present
  metadata:
    description: Any JSON object, in place of what is there. Left as it is where this is not given.
    type: dict
  retention_days:
    description:
      - Days until data is deleted; V(0) keeps it for ever, otherwise at least 3.
      - Langfuse tells the retention to keys of the project alone. That of an existing project is compared and changed where one of
        O(api_keys) is registered already; otherwise the module warns and leaves it.
    type: int
  api_keys:
    description: API keys that the project has. Langfuse finds a key by its secret half, which therefore is unique.
    type: list
    elements: dict
    suboptions:
      secret_arn:
        description:
          - ARN of a JSON secret of Secrets Manager with the key.
          - Where it has neither half, a key is made and stored there; the secret's other keys stay as they are.
        type: str
      public_json_key:
        description: Key of the public half in O(api_keys[].secret_arn).
        type: str
        default: LANGFUSE_PUBLIC_KEY
      private_json_key:
        description: Key of the secret half in O(api_keys[].secret_arn).
        type: str
        default: LANGFUSE_SECRET_KEY
      public_key:
        description: Public half, beginning with V(pk-lf-), in place of O(api_keys[].secret_arn).
        type: str
      private_key:
        description: Secret half, beginning with V(sk-lf-).
        type: str
      note:
        description: Note of the key. Langfuse has no way to change that of a key that is registered.
        type: str
  purge_api_keys:
    description: Whether keys that are not in O(api_keys) are deleted. Needs O(api_keys), which may be empty.
    type: bool
    default: false
extends_documentation_fragment:
  - llmops.langfuse.api
  - llmops.langfuse.connection
  - llmops.langfuse.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: API keys show by their public halves.
  idempotent:
    support: full
seealso:
  - module: llmops.langfuse.langfuse_organization
author:
  - llmops.langfuse contributors (@llmops)
"""

EXAMPLES = r"""
- name: Have a project, and its API key in a secret for the application
  llmops.langfuse.langfuse_project:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/organization-AbCdEf
    name: Chat
    retention_days: 90
    metadata:
      team: assistants
    api_keys:
      - secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:chat/langfuse-GhIjKl
        note: chat in production

- name: Delete a project
  llmops.langfuse.langfuse_project:
    url: https://langfuse.example.com
    secret_arn: arn:aws:secretsmanager:eu-central-1:123456789012:secret:langfuse-staging/organization-AbCdEf
    name: Chat
    state: absent
"""

RETURN = r"""
project:
  description: The project as it is, or will be in check mode; empty where it does not exist.
  returned: always
  type: dict
  contains:
    id:
      description: Its id; empty where check mode would create it.
      type: str
      sample: cm1x2y3z40001abcd1234efgh
    name:
      description: Its name.
      type: str
      sample: Chat
    metadata:
      description: Its metadata.
      type: dict
      sample: {team: assistants}
    retention_days:
      description: Days until data is deleted, V(0) for never; null where Langfuse does not tell.
      type: int
      sample: 90
    api_keys:
      description: Its API keys, without their secret halves. One that check mode would register has its public half and note alone.
      type: list
      elements: dict
      sample: [{id: cm1x2, public_key: pk-lf-1b2c, note: chat in production, created_at: "2026-11-24T12:00:00.000Z",
                expires_at: null, last_used_at: null}]
status:
  description: HTTP status of the answer that was not expected; V(0) where there was none.
  returned: failure
  type: int
  sample: 403
"""

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse import tenancy
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.api import (
    API_OPTIONS,
    LangfuseApi,
    LangfuseError,
    basic,
    refuse,
    run,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.aws import (
    add_to_secret,
    secret_pair,
    secret_values,
)
from ansible_collections.llmops.langfuse.plugins.module_utils._langfuse.module import LangfuseModule

KEY_OPTIONS: dict[str, dict[str, Any]] = {
    "secret_arn": {"type": "str", "no_log": False},
    "public_json_key": {"type": "str", "default": "LANGFUSE_PUBLIC_KEY", "no_log": False},
    "private_json_key": {"type": "str", "default": "LANGFUSE_SECRET_KEY", "no_log": False},
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "note": {"type": "str"},
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **API_OPTIONS,
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "secret_arn": {"type": "str", "no_log": False},
    "public_json_key": {"type": "str", "default": "LANGFUSE_ORGANIZATION_PUBLIC_KEY", "no_log": False},
    "private_json_key": {"type": "str", "default": "LANGFUSE_ORGANIZATION_SECRET_KEY", "no_log": False},
    "name": {"type": "str"},
    "project_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "metadata": {"type": "dict"},
    "retention_days": {"type": "int"},
    "api_keys": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": KEY_OPTIONS,
        "mutually_exclusive": [("secret_arn", "public_key")],
        "required_one_of": [("secret_arn", "public_key")],
        "required_together": [("public_key", "private_key")],
    },
    "purge_api_keys": {"type": "bool", "default": False, "no_log": False},
}
# The public half of a key that check mode would make.
NOT_MADE = "pk-lf-... (to be made)"


@dataclass(frozen=True)
class Key:
    """An API key that the project is to have; its representation does not show the secret half.

    :ivar store: where a key that was made now goes: the secret, and the names of both halves in it.
    """

    public: str
    private: str = field(repr=False)
    note: str | None = None
    store: tuple[str, str, str] | None = None


@dataclass
class State:
    """The project as Langfuse has it."""

    id: str = ""
    name: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    retention_days: int | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    verified: set[str] = field(default_factory=set)

    def shown(self) -> dict[str, Any]:
        if not self.name:
            return {}
        return {
            "id": self.id,
            "name": self.name,
            "metadata": self.metadata,
            "retention_days": self.retention_days,
            "api_keys": tenancy.shown_keys(self.keys),
        }


def difference(before: dict[str, Any], after: dict[str, Any], replaced: list[str]) -> dict[str, Any]:
    """Both sides for C(diff): what the module manages, and keys by their public halves."""
    sides = []
    for side, marked in ((before, []), (after, replaced)):
        seen: dict[str, Any] = {name: side[name] for name in ("name", "metadata", "retention_days") if name in side}
        if side:
            seen["api_keys"] = sorted(key["public_key"] for key in side["api_keys"])
            if marked:
                seen["replaced_api_keys"] = sorted(marked)
        sides.append(seen)
    return {"before": sides[0], "after": sides[1]}


def result_of(before: dict[str, Any], after: dict[str, Any], replaced: list[str]) -> dict[str, Any]:
    """The module's result."""
    diff = difference(before, after, replaced)
    changed = diff["before"] != diff["after"]
    return {"changed": changed, "project": after} | ({"diff": diff} if changed else {})


class Project:
    """One project, with its organization's API and the options."""

    def __init__(self, module: LangfuseModule) -> None:
        self.module = module
        self.params = module.params
        pair = (self.params["public_key"], self.params["private_key"])
        if self.params["secret_arn"]:
            names = [self.params["public_json_key"], self.params["private_json_key"]]
            found = secret_values(module, self.params["secret_arn"], names)
            # The public half is no secret, and is returned.
            module.no_log_values.discard(found[names[0]])
            pair = (found[names[0]], found[names[1]])
        self.langfuse = LangfuseApi(self.params, basic(*pair))
        self.api = tenancy.OrganizationApi(self.langfuse)

    def wanted_keys(self) -> dict[str, Key]:
        """The API keys that the project is to have, by public half; those that no secret has yet are made."""
        keys: dict[str, Key] = {}
        for number, given in enumerate(self.params["api_keys"] or []):
            key = self.wanted_key(given)
            if problem := tenancy.problem_with_pair(key.public, key.private):
                raise LangfuseError(f"api_keys[{number}]: {problem}; give a key in the form of Langfuse's.")
            if key.public in keys:
                raise LangfuseError(f"api_keys[{number}] is the key {key.public} a second time; take one out.")
            keys[key.public] = key
        return keys

    def wanted_key(self, given: dict[str, Any]) -> Key:
        arn, note = given["secret_arn"], given["note"]
        if not arn:
            return Key(given["public_key"], given["private_key"], note)
        names = (given["public_json_key"], given["private_json_key"])
        pair = secret_pair(self.module, arn, names)
        if pair is not None:
            return Key(pair[0], pair[1], note)
        made = tenancy.new_pair()
        self.module.no_log_values.add(made[1])
        return Key(made[0], made[1], note, (arn, *names))

    def read(self, wanted: dict[str, Key], wanted_id: str | None = None) -> State:
        """The project as it is.

        :raises LangfuseError: also where a key that is to be the project's opens another.
        """
        found = tenancy.chosen(
            self.api.projects(), "project", self.params["name"], wanted_id or self.params["project_id"]
        )
        if found is None:
            return State()
        state = State(str(found["id"]), str(found.get("name", "")), found.get("metadata") or {})
        state.keys = self.api.keys(state.id)
        # Langfuse remembers for minutes that it does not know a key, so only those that it knows are tried.
        for public in {str(key.get("publicKey")) for key in state.keys} & set(wanted):
            self.verify(state, wanted[public])
        return state

    def verify(self, state: State, key: Key) -> None:
        """Notes whether the key opens the project, and the retention, which only such a key is told."""
        answer = LangfuseApi(self.params, basic(key.public, key.private)).ask("GET", "/api/public/projects")
        if answer.status == 401:
            return
        if answer.status != 200:
            raise refuse(self.langfuse.where, answer, f"say whether the API key {key.public} is valid")
        opened = tenancy.items(answer, "data", self.langfuse.where)
        if not opened or opened[0]["id"] != state.id:
            raise LangfuseError(
                f"The secret half of the API key {key.public} opens another project of {self.langfuse.where}; give each project "
                "keys of its own."
            )
        state.verified.add(key.public)
        state.retention_days = int(opened[0].get("retentionDays") or 0)

    def body(self, state: State) -> dict[str, Any]:
        """The request that brings the project's properties to what is wanted; with no more than its name where nothing is."""
        params = self.params
        wanted = {"name": params["name"], "metadata": params["metadata"], "retention_days": params["retention_days"]}
        if state.id and state.retention_days is None and params["retention_days"] is not None:
            self.module.warn(
                f"{self.langfuse.where} tells the retention of a project to its own keys alone, so retention_days is left as it is; "
                "name a key in api_keys, and run again."
            )
            wanted["retention_days"] = None
        active = {"name": state.name, "metadata": state.metadata, "retention_days": state.retention_days}
        changed = tenancy.changes(active, wanted)
        if "retention_days" in changed:
            changed["retention"] = changed.pop("retention_days")
        return {"name": state.name, **changed}

    def present(self) -> dict[str, Any]:
        wanted = self.wanted_keys()
        state = self.read(wanted)
        if not state.id and self.params["project_id"]:
            raise LangfuseError(
                f"The organization has no project with the id {self.params['project_id']} at {self.langfuse.where}; leave project_id "
                "out to create one by its name."
            )
        body = self.body(state)
        plan = tenancy.KeyPlan(state.keys, wanted, state.verified, self.params["purge_api_keys"])
        replaced = [key["publicKey"] for key in plan.to_replace]
        before = state.shown()
        if self.module.check_mode:
            return result_of(before, self.predicted(state, body, plan, wanted), replaced)
        made = None if state.id else self.api.create(body)
        if made is None and (len(body) > 1 or body["name"] != state.name):
            self.api.update(state.id, body)
        project = made["id"] if made else state.id
        self.apply_keys(project, plan, wanted)
        after = self.read(wanted, project).shown()
        if made and after["retention_days"] is None:
            after["retention_days"] = int(made.get("retentionDays") or 0)
        return result_of(before, after, replaced)

    def predicted(
        self, state: State, body: dict[str, Any], plan: tenancy.KeyPlan, wanted: dict[str, Key]
    ) -> dict[str, Any]:
        """The project as it will be."""
        after = State(state.id, body["name"], body.get("metadata", state.metadata)).shown()
        retention = body.get("retention", state.retention_days)
        # A new project keeps its data for ever where nothing else is said.
        after["retention_days"] = 0 if retention is None and not state.id else retention
        gone = {key["id"] for key in (*plan.to_purge, *plan.to_replace)}
        after["api_keys"] = tenancy.shown_keys([key for key in state.keys if key["id"] not in gone])
        for public in plan.to_add:
            key = wanted[public]
            after["api_keys"].append({"public_key": NOT_MADE if key.store else public, "note": key.note or ""})
        return after

    def apply_keys(self, project: str, plan: tenancy.KeyPlan, wanted: dict[str, Key]) -> None:
        for public in plan.to_add:
            if store := wanted[public].store:
                arn, public_name, private_name = store
                add_to_secret(self.module, arn, {public_name: public, private_name: wanted[public].private})
        for key in plan.to_replace:
            self.api.delete_key(project, key["id"])
        for public in plan.to_add:
            self.api.add_key(project, public, wanted[public].private, wanted[public].note)
        for key in plan.to_purge:
            self.api.delete_key(project, key["id"])

    def absent(self) -> dict[str, Any]:
        state = self.read({})
        if state.id and not self.module.check_mode:
            self.api.delete(state.id)
        return result_of(state.shown(), {}, [])


def main_of(module: LangfuseModule) -> dict[str, Any]:
    params = module.params
    if params["state"] == "absent":
        return Project(module).absent()
    problems = [] if params["name"] is None else [tenancy.problem_with_name(params["name"])]
    if params["retention_days"] is not None:
        problems.append(tenancy.problem_with_retention(params["retention_days"]))
    if found := [problem for problem in problems if problem]:
        raise LangfuseError(f"{'. '.join(found)}; give what it takes.")
    if params["purge_api_keys"] and params["api_keys"] is None:
        raise LangfuseError(
            "purge_api_keys without api_keys would delete every key; give api_keys, which may be empty."
        )
    return Project(module).present()


def main() -> None:
    module = LangfuseModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("public_key", "secret_arn")],
        required_one_of=[("public_key", "secret_arn"), ("name", "project_id")],
        required_together=[("public_key", "private_key")],
        supports_check_mode=True,
    )
    run(module, main_of)


if __name__ == "__main__":
    main()
