# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys of the Langfuse double: what they open, and how they are kept.

Read from langfuse v3.225.4 and v4.16.0: packages/shared/src/server/auth/apiKeys.ts,
web/src/features/public-api/server/apiAuth.ts, web/src/ee/features/admin-api/server/adminApiAuth.ts,
web/src/features/entitlements/server/getPlan.ts.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.container.service import Answer, Asked, Database, new_id

HINT = ". Confirm that you've configured the correct host."
NO_PLAN = Answer(403, {"error": "This feature is not available on your current plan."})


@dataclass(frozen=True)
class Scope:
    """What a pair of keys opens: a project, or an organization."""

    organization: str
    project: str | None


def hash_secret(secret: str, salt: str) -> str:
    """The fast hash of a secret key: packages/shared, createShaHash."""
    return hashlib.sha256((secret + hashlib.sha256(salt.encode()).hexdigest()).encode()).hexdigest()


def verify(database: Database, given: Mapping[str, str], redis: Any, asked: Asked) -> tuple[Scope | None, str]:
    """What the header Authorization opens, or why nothing.

    As in Langfuse, the secret key alone decides; a public key that is not its own only makes a line in the log. A pair of
    which both halves are unknown is remembered as such, and each time it is tried the memory lasts as long again: who asks
    with a key before it exists shuts it out.
    """
    if "authorization" not in asked.headers:
        return None, "No authorization header"
    pair = asked.basic()
    if pair is None:
        return None, "Invalid authorization header"
    if not all(pair):
        return None, "Invalid authorization header" + HINT
    hashed = hash_secret(pair[1], given["SALT"])
    if _remembered_as_unknown(given, redis, hashed):
        return None, "Invalid credentials" + HINT
    rows = database.run(
        "SELECT coalesce(k.organization_id, p.org_id), k.project_id FROM api_keys k"
        " LEFT JOIN projects p ON p.id = k.project_id WHERE k.fast_hashed_secret_key = %s",
        (hashed,),
    )
    if rows:
        return Scope(*rows[0]), ""
    if not database.run("SELECT 1 FROM api_keys WHERE public_key = %s", (pair[0],)):
        _remember_as_unknown(given, redis, hashed)
    return None, "Invalid credentials" + HINT


def _cached(given: Mapping[str, str], hashed: str) -> tuple[str, int] | None:
    """Where a key is remembered, and for how many seconds; None where that is switched off."""
    if given.get("LANGFUSE_CACHE_API_KEY_ENABLED", "true") != "true":
        return None
    prefix = given.get("REDIS_KEY_PREFIX", "")
    name = f"api-key:{hashed}"
    seconds = int(given.get("LANGFUSE_CACHE_API_KEY_TTL_SECONDS", "300"))
    return (f"{prefix}:{name}" if prefix else name), seconds


def _remembered_as_unknown(given: Mapping[str, str], redis: Any, hashed: str) -> bool:
    from redis import RedisError

    cached = _cached(given, hashed)
    try:
        return cached is not None and redis.getex(cached[0], ex=cached[1]) is not None
    except (RedisError, OSError):
        return False


def _remember_as_unknown(given: Mapping[str, str], redis: Any, hashed: str) -> None:
    from redis import RedisError

    if cached := _cached(given, hashed):
        with contextlib.suppress(RedisError, OSError):
            redis.set(cached[0], "api-key-non-existent", ex=cached[1])


def add(
    database: Database,
    given: Mapping[str, str],
    *,
    project: str | None = None,
    organization: str | None = None,
    note: str | None = None,
    pair: tuple[str, str] | None = None,
) -> dict[str, Any] | None:
    """A key with its secret, which is shown this once; None where one of its halves exists already."""
    public, secret = pair or (f"pk-lf-{uuid.uuid4()}", f"sk-lf-{uuid.uuid4()}")
    hashed = hash_secret(secret, given["SALT"])
    display = f"{secret[:6]}...{secret[-4:]}"
    rows = database.run(
        "INSERT INTO api_keys (id, project_id, organization_id, scope, note, public_key, hashed_secret_key,"
        " fast_hashed_secret_key, display_secret_key) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING RETURNING id, created_at",
        (
            *(new_id(), project, organization, "PROJECT" if project else "ORGANIZATION", note, public),
            # bcrypt in Langfuse, which reads it for keys of old versions only.
            *(f"bcrypt-in-langfuse:{hashed}", hashed, display),
        ),
    )
    if not rows:
        return None
    return {
        "id": rows[0][0],
        "createdAt": timestamp(rows[0][1]),
        "note": note,
        "publicKey": public,
        "secretKey": secret,
        "displaySecretKey": display,
    }


def listed(database: Database, column: str, owner: str) -> list[dict[str, Any]]:
    """The keys of a project or organization."""
    rows = database.run(
        "SELECT id, created_at, expires_at, last_used_at, note, public_key, display_secret_key FROM api_keys"
        f" WHERE {column} = %s AND scope = %s ORDER BY created_at",
        (owner, "PROJECT" if column == "project_id" else "ORGANIZATION"),
    )
    names = ("id", "createdAt", "expiresAt", "lastUsedAt", "note", "publicKey", "displaySecretKey")
    return [dict(zip(names, (row[0], *map(timestamp, row[1:4]), *row[4:]), strict=True)) for row in rows]


def remove(database: Database, column: str, owner: str, key: str) -> bool:
    """Whether there was such a key."""
    return bool(database.run(f"DELETE FROM api_keys WHERE id = %s AND {column} = %s RETURNING id", (key, owner)))


def admin_fault(given: Mapping[str, str], asked: Asked) -> Answer | None:
    """Why the admin API is closed to this request: adminApiAuth.ts."""
    header = asked.headers.get("authorization")
    if not header:
        return Answer(401, {"error": "Unauthorized: No authorization header provided"})
    expected = given.get("ADMIN_API_KEY")
    if not expected:
        return Answer(403, {"error": "ADMIN_API_KEY is not set"})
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(token.encode(), expected.encode()):
        return Answer(401, {"error": "Unauthorized: Invalid token"})
    return None


def entitled(given: Mapping[str, str]) -> bool:
    """Does the licence include the admin API and data retention? A `langfuse_pro_` key does not."""
    return given.get("LANGFUSE_EE_LICENSE_KEY", "").startswith("langfuse_ee_")


def timestamp(moment: Any) -> str | None:
    """A time of Postgres as JSON has it."""
    return None if moment is None else moment.isoformat(timespec="milliseconds") + "Z"
