# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations, projects and their API keys: what Langfuse accepts, what is there, and what has to change.

Source: langfuse v3.225.4 and v4.16.0, web/src/pages/api/{admin/organizations,public/projects,public/organizations}/,
web/src/ee/features/admin-api/server/, packages/shared/src/server/auth/apiKeys.ts and packages/shared/src/utils/zod.ts.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from . import web
from .api import LangfuseApi, LangfuseError

HTML = re.compile(r"<[^<>]*>")
NAME_LENGTHS = range(3, 61)
PUBLIC_PREFIX, PRIVATE_PREFIX = "pk-lf-", "sk-lf-"
# A secret key of Langfuse's is longer. The shortest that is taken, so that nobody declares one that can be guessed.
PRIVATE_KEY_LENGTH = 22
KEY_TIMES = {"createdAt": "created_at", "expiresAt": "expires_at", "lastUsedAt": "last_used_at"}


def problem_with_name(name: str) -> str | None:
    """Why Langfuse would refuse the name; None where it takes it."""
    if len(name) not in NAME_LENGTHS:
        return f"name has {len(name)} characters, and Langfuse takes {NAME_LENGTHS[0]} to {NAME_LENGTHS[-1]}"
    return "name holds what looks like an HTML tag, which Langfuse refuses" if HTML.search(name) else None


def problem_with_retention(days: int) -> str | None:
    """Why Langfuse would refuse the retention; None where it takes it."""
    return (
        None if days == 0 or days >= 3 else f"retention_days is {days}, and Langfuse takes 0 (for ever) or at least 3"
    )


def problem_with_pair(public_key: str, private_key: str) -> str | None:
    """Why the pair cannot be a project's, without the secret half; None where it can."""
    if not public_key.startswith(PUBLIC_PREFIX):
        return f"the public key does not begin with {PUBLIC_PREFIX}"
    if not private_key.startswith(PRIVATE_PREFIX) or len(private_key) < PRIVATE_KEY_LENGTH:
        return (
            f"the secret key does not begin with {PRIVATE_PREFIX}, or is shorter than {PRIVATE_KEY_LENGTH} characters"
        )
    return None


def new_pair() -> tuple[str, str]:
    """A pair as Langfuse makes them."""
    return f"{PUBLIC_PREFIX}{uuid.uuid4()}", f"{PRIVATE_PREFIX}{uuid.uuid4()}"


def items(answer: web.Answer, name: str, where: str) -> list[dict[str, Any]]:
    """The list under a name of an answer.

    :raises LangfuseError: where it is not there.
    """
    found = answer.json().get(name)
    if not isinstance(found, list) or not all(isinstance(item, dict) and item.get("id") for item in found):
        raise LangfuseError(f"{where} answers, but not as Langfuse does; check that url leads to Langfuse.", answer)
    return found


def chosen(found: list[dict[str, Any]], kind: str, name: str | None, wanted_id: str | None) -> dict[str, Any] | None:
    """The one with the id, else the one with the name; None where there is none.

    :raises LangfuseError: where several have the name.
    """
    if wanted_id:
        return next((item for item in found if item["id"] == wanted_id), None)
    named = [item for item in found if item.get("name") == name]
    if len(named) > 1:
        ids = ", ".join(sorted(item["id"] for item in named))
        raise LangfuseError(f"{len(named)} {kind}s have the name {name!r} ({ids}); say which with {kind}_id.")
    return named[0] if named else None


def shown_keys(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """API keys as they are returned: nothing of the secret half, of which Langfuse tells first and last letters."""
    return [
        {"id": key["id"], "public_key": key.get("publicKey", ""), "note": key.get("note") or ""}
        | {ours: key.get(theirs) for theirs, ours in KEY_TIMES.items()}
        for key in found
    ]


def changes(active: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted properties that differ. A wanted None leaves as it is."""
    return {name: value for name, value in wanted.items() if value is not None and value != active.get(name)}


class KeyPlan:
    """What has to happen to the API keys of a project.

    :param wanted: pairs by public key.
    :param verified: public keys of pairs that Langfuse has accepted for this project.
    """

    def __init__(self, found: list[dict[str, Any]], wanted: Mapping[str, Any], verified: set[str], purge: bool) -> None:
        there = {key.get("publicKey"): key for key in found}
        self.to_add = [public for public in wanted if public not in there or public not in verified]
        # The same public key with another secret half.
        self.to_replace = [there[public] for public in self.to_add if public in there]
        self.to_purge = [key for key in found if purge and key.get("publicKey") not in wanted]

    @property
    def changed(self) -> bool:
        return bool(self.to_add or self.to_purge)


class OrganizationApi:
    """What the keys of an organization open."""

    def __init__(self, langfuse: LangfuseApi) -> None:
        self.langfuse = langfuse

    def projects(self) -> list[dict[str, Any]]:
        answer = self.langfuse.call(
            "GET", "/api/public/organizations/projects", doing="list the projects of the organization"
        )
        return items(answer, "projects", self.langfuse.where)

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.langfuse.call(
            "POST", "/api/public/projects", doing=f"create the project {body['name']}", expected=(201,), body=body
        )
        return self._with_id(answer)

    def update(self, project: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.langfuse.call(
            "PUT", f"/api/public/projects/{project}", doing=f"change the project {body['name']}", body=body
        )
        return self._with_id(answer)

    def delete(self, project: str) -> None:
        self.langfuse.call(
            "DELETE", f"/api/public/projects/{project}", doing="delete the project", expected=(200, 202, 404)
        )

    def keys(self, project: str) -> list[dict[str, Any]]:
        answer = self.langfuse.call(
            "GET", f"/api/public/projects/{project}/apiKeys", doing="list the API keys of the project"
        )
        return items(answer, "apiKeys", self.langfuse.where)

    def add_key(self, project: str, public_key: str, private_key: str, note: str | None) -> None:
        """Registers a pair.

        :raises LangfuseError: also where an old release has made a pair of its own instead, which is taken back.
        """
        body = {"publicKey": public_key, "secretKey": private_key} | ({"note": note} if note else {})
        answer = self.langfuse.call(
            "POST",
            f"/api/public/projects/{project}/apiKeys",
            doing=f"register the API key {public_key}, which may be a key of another project",
            expected=(201,),
            body=body,
        )
        made = answer.json()
        if made.get("publicKey") != public_key:
            self.delete_key(project, str(made.get("id")))
            raise LangfuseError(
                f"{self.langfuse.where} makes API keys of its own only; upgrade it to 3.121.0 or newer.", answer
            )

    def delete_key(self, project: str, key: str) -> None:
        self.langfuse.call(
            "DELETE", f"/api/public/projects/{project}/apiKeys/{key}", doing="delete an API key", expected=(200, 404)
        )

    def _with_id(self, answer: web.Answer) -> dict[str, Any]:
        return items(web.Answer(answer.status, f'{{"made": [{answer.body}]}}'), "made", self.langfuse.where)[0]


class AdminApi:
    """What ADMIN_API_KEY opens."""

    PATH = "/api/admin/organizations"

    def __init__(self, langfuse: LangfuseApi) -> None:
        self.langfuse = langfuse

    def organizations(self) -> list[dict[str, Any]]:
        answer = self.langfuse.call("GET", self.PATH, doing="list its organizations")
        return items(answer, "organizations", self.langfuse.where)

    def create(self, body: Mapping[str, Any]) -> str:
        answer = self.langfuse.call(
            "POST", self.PATH, doing=f"create the organization {body['name']}", expected=(201,), body=body
        )
        return str(answer.json().get("id", ""))

    def update(self, organization: str, body: Mapping[str, Any]) -> None:
        self.langfuse.call(
            "PUT", f"{self.PATH}/{organization}", doing=f"change the organization {body['name']}", body=body
        )

    def delete(self, organization: str) -> web.Answer:
        """The answer, for projects may be in the way: 200, 404 or 400."""
        return self.langfuse.call(
            "DELETE", f"{self.PATH}/{organization}", doing="delete the organization", expected=(200, 400, 404)
        )

    def keys(self, organization: str) -> list[dict[str, Any]]:
        answer = self.langfuse.call(
            "GET", f"{self.PATH}/{organization}/apiKeys", doing="list the API keys of the organization"
        )
        return items(answer, "apiKeys", self.langfuse.where)

    def create_key(self, organization: str, note: str | None) -> dict[str, Any]:
        """A new pair of Langfuse's making, with its secret half."""
        answer = self.langfuse.call(
            "POST",
            f"{self.PATH}/{organization}/apiKeys",
            doing="create an API key of the organization",
            expected=(201,),
            body={"note": note} if note else {},
        )
        made = answer.json()
        if not all(isinstance(made.get(name), str) for name in ("id", "publicKey", "secretKey")):
            raise LangfuseError(f"{self.langfuse.where} answers, but without the API key that it made.", None)
        return made

    def delete_key(self, organization: str, key: str) -> None:
        self.langfuse.call(
            "DELETE",
            f"{self.PATH}/{organization}/apiKeys/{key}",
            doing="delete an API key of the organization",
            expected=(200, 404),
        )
