# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of Langfuse's environment variables: the nearest real one, and those that are known to mislead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Names that people use and Langfuse does not read, with the one it reads instead.
# Source: langfuse docker-compose.yml (REDIS_TLS_*), its issues, and its SDKs' own variables.
KNOWN_WRONG = {
    "LANGFUSE_ADMIN_API_KEY": ("Langfuse reads it without the prefix", "ADMIN_API_KEY"),
    "LANGFUSE_ENCRYPTION_KEY": ("Langfuse reads it without the prefix", "ENCRYPTION_KEY"),
    "LANGFUSE_SALT": ("Langfuse reads it without the prefix", "SALT"),
    "ENCRIPTION_KEY": ("it is misspelt", "ENCRYPTION_KEY"),
    "REDIS_TLS_CA": ("Langfuse reads the path of a file, and no text", "REDIS_TLS_CA_PATH"),
    "REDIS_TLS_CERT": ("Langfuse reads the path of a file, and no text", "REDIS_TLS_CERT_PATH"),
    "REDIS_TLS_KEY": ("Langfuse reads the path of a file, and no text", "REDIS_TLS_KEY_PATH"),
    "REDIS_PASSWORD": ("Langfuse calls the cache's password otherwise", "REDIS_AUTH"),
    "REDIS_URL": ("Langfuse calls the cache's URL otherwise", "REDIS_CONNECTION_STRING"),
    "DATABASE_USER": ("Langfuse calls the database's user otherwise", "DATABASE_USERNAME"),
    "DATABASE_PORT": ("the port is part of the host, as host:port", "DATABASE_HOST"),
    "CLICKHOUSE_HOST": ("Langfuse reads a URL", "CLICKHOUSE_URL"),
    "CLICKHOUSE_PORT": ("Langfuse reads a URL", "CLICKHOUSE_URL"),
    "CLICKHOUSE_USERNAME": ("Langfuse calls ClickHouse's user otherwise", "CLICKHOUSE_USER"),
    "CLICKHOUSE_DATABASE": ("Langfuse calls ClickHouse's database otherwise", "CLICKHOUSE_DB"),
    "LANGFUSE_LICENSE_KEY": ("Langfuse calls the licence otherwise", "LANGFUSE_EE_LICENSE_KEY"),
    "LANGFUSE_PUBLIC_KEY": ("SDKs read it, and no server", "LANGFUSE_INIT_PROJECT_PUBLIC_KEY"),
    "LANGFUSE_SECRET_KEY": ("SDKs read it, and no server", "LANGFUSE_INIT_PROJECT_SECRET_KEY"),
    "LANGFUSE_HOST": ("SDKs read it, and no server", "NEXTAUTH_URL"),
    "LANGFUSE_BASE_URL": ("SDKs read it, and no server", "NEXTAUTH_URL"),
}

# Variables that are part of the image, with the one that does the same when the container starts.
AT_RUN_TIME = {"NEXT_PUBLIC_SIGN_UP_DISABLED": "AUTH_DISABLE_SIGNUP"}
BUILD_TIME_PREFIX = "NEXT_PUBLIC_"

# Variables of the platform and of libraries, which no catalogue of Langfuse lists.
PLATFORM_PREFIXES = ("AWS_", "DD_", "ECS_", "NODE_", "OTEL_", "PRISMA_", "UV_")


def nearest(name: str, known: Iterable[str], cutoff: float = 0.8) -> str | None:
    """The known name that this one was probably meant to be."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return matches[0] if matches else None


def of_the_platform(name: str) -> bool:
    return name.startswith(PLATFORM_PREFIXES)
