# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of Langfuse's admin API, its API for organization keys, and its view of the queues.

Statuses, words and order of checks are read from langfuse v3.225.4 and v4.16.0, which do not differ here:
web/src/pages/api/admin/{organizations,bullmq}/, web/src/pages/api/public/{projects,organizations}/,
web/src/ee/features/admin-api/server/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.container import keys
from local_aws.container.service import Answer, Asked, Database

HTML = re.compile(r"<[^<>]*>")
BAD_NAME = Answer(400, {"message": "Invalid project name. Should be between 3 and 60 characters."})
NO_PROJECT = Answer(404, {"message": "Project not found or you don't have access to it"})
NO_ORGANIZATION = Answer(404, {"error": "Organization not found"})
NOT_ALLOWED = Answer(405, {"message": "Method not allowed"})
# QueueName of packages/shared/src/server/queues.ts, those that this double has.
QUEUES = ("ingestion-queue", "otel-ingestion-queue", "project-delete")


def good_name(name: Any) -> bool:
    """Three to sixty characters without HTML."""
    return isinstance(name, str) and 3 <= len(name) <= 60 and not HTML.search(name)


def body_of(asked: Asked) -> dict[str, Any]:
    """The body as Next.js gives it to a handler."""
    try:
        found = asked.json() if asked.body else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class AdminApi:
    """All of it, over the double's own database.

    :param redis: gives the client of Valkey.
    :param push: puts a job into a queue.
    :param waiting: how many jobs wait in a queue.
    """

    def __init__(
        self,
        database: Database,
        given: Mapping[str, str],
        redis: Callable[[], Any],
        push: Callable[[str, dict[str, Any]], None],
        waiting: Callable[[str], int],
    ) -> None:
        self.database = database
        self.given = given
        self.redis = redis
        self.push = push
        self.waiting = waiting

    def answer(self, asked: Asked) -> Answer | None:
        """The answer; None where the path is none of these."""
        key = r"/apiKeys(?:/(?P<key>[^/]+))?"
        for pattern, handler in (
            (r"/api/admin/bullmq", self.bullmq),
            (r"/api/admin/organizations", self.organizations),
            (r"/api/admin/organizations/(?P<organization>[^/]+)", self.organization),
            (rf"/api/admin/organizations/(?P<organization>[^/]+){key}", self.organization_keys),
            (r"/api/public/organizations/projects", self.projects_of_key),
            (r"/api/public/organizations/apiKeys", self.keys_of_key),
            (r"/api/public/projects/(?P<project>[^/]+)", self.project),
            (rf"/api/public/projects/(?P<project>[^/]+){key}", self.project_keys),
        ):
            found = re.fullmatch(pattern, asked.path)
            if found:
                return handler(asked, **found.groupdict())
        return None

    # -- admin key ----------------------------------------------------------------------------------------------------

    def bullmq(self, asked: Asked) -> Answer:
        """Job counts by queue; no licence is asked for. Of BullMQ's states, this double knows the waiting ones."""
        if fault := keys.admin_fault(self.given, asked):
            return fault
        states = ("active", "completed", "delayed", "failed", "paused", "prioritized", "waiting", "waiting-children")
        return Answer(
            200,
            [
                {"queueName": name, "jobCount": dict.fromkeys(states, 0) | {"waiting": self.waiting(name)}}
                for name in QUEUES
            ],
        )

    def _admin_fault(self, asked: Asked) -> Answer | None:
        return keys.admin_fault(self.given, asked) or (None if keys.entitled(self.given) else keys.NO_PLAN)

    def _organizations(self, organization: str | None = None) -> list[dict[str, Any]]:
        rows = self.database.run(
            "SELECT id, name, created_at, metadata FROM organizations WHERE %s::text IS NULL OR id = %s",
            (organization, organization),
        )
        return [
            {
                "id": row[0],
                "name": row[1],
                "createdAt": keys.timestamp(row[2]),
                "metadata": row[3] or {},
                "projects": self._projects(row[0]),
            }
            for row in rows
        ]

    def _projects(self, organization: str) -> list[dict[str, Any]]:
        rows = self.database.run(
            "SELECT id, name, metadata, created_at, updated_at FROM projects WHERE org_id = %s AND deleted_at IS NULL",
            (organization,),
        )
        names = ("id", "name", "metadata", "createdAt", "updatedAt")
        return [dict(zip(names, (*row[:3], *map(keys.timestamp, row[3:])), strict=True)) for row in rows]

    def organizations(self, asked: Asked) -> Answer:
        """All, or a new one. Names need not be unique."""
        if fault := self._admin_fault(asked):
            return fault
        if asked.method == "GET":
            return Answer(200, {"organizations": self._organizations()})
        body = body_of(asked)
        if not good_name(body.get("name")):
            return Answer(400, {"error": "Invalid request body", "details": {"name": {"_errors": ["Invalid"]}}})
        rows = self.database.run(
            "INSERT INTO organizations (id, name, metadata) VALUES (md5(random()::text), %s, %s::jsonb) RETURNING id",
            (body["name"], json.dumps(body["metadata"]) if "metadata" in body else None),
        )
        return Answer(201, self._organizations(rows[0][0])[0])

    def organization(self, asked: Asked, organization: str) -> Answer:
        """One of them."""
        if fault := self._admin_fault(asked):
            return fault
        if asked.method == "PUT" and not good_name(body_of(asked).get("name")):
            return Answer(400, {"error": "Invalid request body"})
        found = self._organizations(organization)
        if not found:
            return NO_ORGANIZATION
        if asked.method == "GET":
            return Answer(200, found[0])
        if asked.method == "PUT":
            self._update("organizations", organization, body_of(asked))
            return Answer(200, self._organizations(organization)[0])
        return self._delete_organization(organization) if asked.method == "DELETE" else NOT_ALLOWED

    def _update(self, table: str, row: str, body: Mapping[str, Any], *columns: tuple[str, Any]) -> None:
        changes = [("name", body["name"]), *columns]
        if "metadata" in body:
            changes.append(("metadata", json.dumps(body["metadata"])))
        names = ", ".join(f"{name} = %s" for name, _value in changes)
        values = tuple(value for _name, value in changes)
        self.database.run(f"UPDATE {table} SET {names}, updated_at = now() WHERE id = %s", (*values, row))

    def _delete_organization(self, organization: str) -> Answer:
        total, deleted = self.database.run(
            "SELECT count(*), count(deleted_at) FROM projects WHERE org_id = %s", (organization,)
        )[0]
        error = "Cannot delete organization with existing projects"
        if total > deleted:
            message = "Please delete or transfer all projects before deleting the organization."
            return Answer(400, {"error": error, "message": message})
        if total:
            message = "Deletion of your projects is still being processed, please try deleting the organization later"
            return Answer(400, {"error": error, "message": message})
        self.database.run("DELETE FROM organizations WHERE id = %s", (organization,))
        return Answer(200, {"success": True})

    def organization_keys(self, asked: Asked, organization: str, key: str | None) -> Answer:
        """Keys of an organization; they cannot be predefined."""
        if fault := self._admin_fault(asked):
            return fault
        if not self._organizations(organization):
            return NO_ORGANIZATION
        if key is not None:
            gone = keys.remove(self.database, "organization_id", organization, key)
            return Answer(200, {"success": True}) if gone else Answer(404, {"error": "API key not found"})
        if asked.method == "GET":
            return Answer(200, {"apiKeys": keys.listed(self.database, "organization_id", organization)})
        note = body_of(asked).get("note")
        return Answer(201, keys.add(self.database, self.given, organization=organization, note=note))

    # -- organization key ---------------------------------------------------------------------------------------------

    def _organization(self, asked: Asked, word: str = "message") -> str | Answer:
        """The organization that the keys open; an answer where they open none, or may not."""
        scope, error = keys.verify(self.database, self.given, self.redis(), asked)
        if scope is None:
            return Answer(401, {word: error})
        if scope.project is not None:
            text = "Invalid API key. Organization-scoped API key required for this operation."
            return Answer(403, {word: text})
        return scope.organization if keys.entitled(self.given) else keys.NO_PLAN

    def projects_of_key(self, asked: Asked) -> Answer:
        """The organization's projects, without their retention."""
        found = self._organization(asked, "error")
        return found if isinstance(found, Answer) else Answer(200, {"projects": self._projects(found)})

    def keys_of_key(self, asked: Asked) -> Answer:
        """The organization's own keys."""
        found = self._organization(asked, "error")
        if isinstance(found, Answer):
            return found
        return Answer(200, {"apiKeys": keys.listed(self.database, "organization_id", found)})

    def create_project(self, asked: Asked) -> Answer:
        """A project of the organization; names are unique among those that are not deleted."""
        organization = self._organization(asked)
        if isinstance(organization, Answer):
            return organization
        body = body_of(asked)
        if fault := self._project_fault(body):
            return fault
        if any(project["name"] == body["name"] for project in self._projects(organization)):
            return Answer(409, {"message": "A project with this name already exists in your organization"})
        rows = self.database.run(
            "INSERT INTO projects (id, name, org_id, retention_days, metadata)"
            " VALUES (md5(random()::text), %s, %s, %s, %s::jsonb) RETURNING id",
            (
                *(body["name"], organization, body.get("retention")),
                json.dumps(body["metadata"]) if "metadata" in body else None,
            ),
        )
        return Answer(201, self._shown(rows[0][0]))

    def _project_fault(self, body: Mapping[str, Any]) -> Answer | None:
        if not good_name(body.get("name")):
            return BAD_NAME
        if not isinstance(body.get("metadata", {}), dict):
            return Answer(400, {"message": "Invalid metadata. Should be a valid JSON object."})
        retention = body.get("retention", 0)
        if not isinstance(retention, int) or not (retention == 0 or retention >= 3):
            return Answer(400, {"message": "Invalid retention value. Must be 0 or at least 3 days."})
        return None

    def _shown(self, project: str) -> dict[str, Any]:
        name, retention, metadata = self.database.run(
            "SELECT name, retention_days, metadata FROM projects WHERE id = %s", (project,)
        )[0]
        shown = {"id": project, "name": name, "metadata": metadata or {}}
        return shown | ({"retentionDays": retention} if retention else {})

    def project(self, asked: Asked, project: str) -> Answer:
        """Change or delete a project; its deletion is a job of the worker."""
        if asked.method not in ("PUT", "DELETE"):
            return NOT_ALLOWED
        organization = self._organization(asked)
        if isinstance(organization, Answer):
            return organization
        if not any(each["id"] == project for each in self._projects(organization)):
            return NO_PROJECT
        if asked.method == "DELETE":
            self.database.run("DELETE FROM api_keys WHERE project_id = %s", (project,))
            self.database.run("UPDATE projects SET deleted_at = now() WHERE id = %s", (project,))
            job = {"fileKey": project, "type": "project-delete", "projectId": project, "orgId": organization}
            self.push("project-delete", job)
            text = "Project deletion has been initiated and is being processed asynchronously"
            return Answer(202, {"success": True, "message": text})
        body = body_of(asked)
        if fault := self._project_fault(body):
            return fault
        columns = [("retention_days", body["retention"])] if "retention" in body else []
        self._update("projects", project, body, *columns)
        return Answer(200, self._shown(project))

    def project_keys(self, asked: Asked, project: str, key: str | None) -> Answer:
        """Keys of a project; both halves may be given."""
        organization = self._organization(asked)
        if isinstance(organization, Answer):
            return organization
        rows = self.database.run("SELECT 1 FROM projects WHERE id = %s AND org_id = %s", (project, organization))
        if not rows:
            return NO_PROJECT
        if key is not None:
            gone = keys.remove(self.database, "project_id", project, key)
            return Answer(200, {"success": True}) if gone else Answer(404, {"message": "API key not found"})
        if asked.method == "GET":
            return Answer(200, {"apiKeys": keys.listed(self.database, "project_id", project)})
        return self._create_project_key(project, body_of(asked))

    def _create_project_key(self, project: str, body: Mapping[str, Any]) -> Answer:
        public, secret = body.get("publicKey"), body.get("secretKey")
        if fault := self._pair_fault(public, secret):
            return Answer(400, {"message": fault})
        pair = (str(public), str(secret)) if public and secret else None
        made = keys.add(self.database, self.given, project=project, note=body.get("note"), pair=pair)
        if made is None:
            return Answer(409, {"message": "API key with the provided publicKey or secretKey already exists"})
        return Answer(201, made)

    @staticmethod
    def _pair_fault(public: Any, secret: Any) -> str | None:
        if not public and not secret:
            return None
        if not public or not secret:
            return "Both publicKey and secretKey must be provided together when specifying predefined keys"
        if not public.startswith("pk-lf-"):
            return "publicKey must start with 'pk-lf-'"
        return None if secret.startswith("sk-lf-") else "secretKey must start with 'sk-lf-'"
