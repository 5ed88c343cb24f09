# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of the images langfuse/langfuse and langfuse/langfuse-worker: their entry points.

    python langfuse.py web|worker VERSION [COMMAND...]

It is not Langfuse. It reads the settings that Langfuse reads, refuses those that Langfuse refuses, connects to the same
four stores, migrates both databases as web/entrypoint.sh does, then runs COMMAND, or serves when there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.container import network, settings, stores

PROGRAMS = {"web": "server.js", "worker": "index.js"}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _migrate(name: str, step: Callable[[], None]) -> bool:
    from local_aws.container.migrations import MigrationError

    try:
        step()
    except MigrationError as error:
        _say(str(error))
        _say(f"Applying {name} migrations failed. This is mostly caused by the database being unavailable.")
        return False
    return True


def _entry_point_web(version: tuple[int, int, int], given: dict[str, str]) -> int:
    """web/entrypoint.sh up to its `exec`."""
    if "CLICKHOUSE_URL" not in given:
        _say(
            "Error: CLICKHOUSE_URL is not configured. Migrating from V2? Check out migration guide: "
            "https://langfuse.com/self-hosting/upgrade-guides/upgrade-v2-to-v3"
        )
        return 1
    direct = given.get("DIRECT_URL", given["DATABASE_URL"])
    # Imported late: a service with both migrations off does not need it.
    from local_aws.container import migrations

    steps: dict[str, Callable[[], None]] = {}
    if given.get("LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED") != "true":
        steps["database"] = lambda: migrations.postgres(direct, version)
    if given.get("LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED") != "true":
        steps["clickhouse"] = lambda: migrations.clickhouse(given, version)
    for name, step in steps.items():
        if not _migrate(name, step):
            if name == "database" and stores.unencoded(direct):
                _say("The database URL holds characters that must be percent-encoded. Exiting...")
            return 1
    return 0


def _serves(component: str, command: list[str]) -> bool:
    """No command, or the image's own."""
    return not command or (command[0] == "node" and any(word.endswith(PROGRAMS[component]) for word in command))


def run(component: str, tag: str, command: list[str]) -> int:
    """The entry point."""
    network.install()
    version = settings.parse_version(tag)
    given = settings.read()
    url = stores.database_url(given)
    if url is None:
        _say("Error: Required database environment variables are not set. Provide a postgres url for DATABASE_URL.")
        return 1
    given["DATABASE_URL"] = os.environ["DATABASE_URL"] = url
    if component == "web":
        status = _entry_point_web(version, given)
        if status:
            return status
    if not _serves(component, command):
        sys.stdout.flush()
        os.execvp(command[0], command)
    given = settings.load(component, version)
    if component == "web":
        from local_aws.container import web

        try:
            return web.serve(tag, given)
        except web.StartError as error:
            _say(str(error))
            return 1
    from local_aws.container import worker

    return worker.serve(tag, given)


def main(arguments: list[str]) -> int:
    """Read the component and the image's tag."""
    if len(arguments) < 2 or arguments[0] not in PROGRAMS:
        _say("usage: langfuse.py web|worker VERSION [COMMAND...]")
        return 2
    try:
        return run(arguments[0], arguments[1], arguments[2:])
    except (settings.SettingsError, stores.StoreError) as error:
        _say(str(error))
        return 1
    except FileNotFoundError as error:
        _say(f"{error.filename}: not found")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
