# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of psql for statements given with --command, as PostgreSQL's reference of psql has it.

Each is run by itself; one that fails is reported and does not keep the next from running, and the exit code is 1 where the last one
failed, 2 where the connection did. Without the interactive mode, and without psql's own commands.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_aws.container import network


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="psql", allow_abbrev=False)
    parser.add_argument("--command", "-c", action="append", default=[])
    parser.add_argument("--no-psqlrc", "-X", action="store_true")
    parser.add_argument("--tuples-only", "-t", action="store_true")
    parser.add_argument("--no-align", "-A", action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    return parser


def connect() -> Any:
    """A connection as libpq's variables say."""
    import psycopg

    given = os.environ
    host = given.get("PGHOST", "localhost")
    return psycopg.connect(
        host=host,
        hostaddr=network.resolve(host),
        port=int(given.get("PGPORT", "5432")),
        user=given.get("PGUSER", "postgres"),
        password=given.get("PGPASSWORD", ""),
        dbname=given.get("PGDATABASE", given.get("PGUSER", "postgres")),
        sslmode=given.get("PGSSLMODE", "prefer"),
        connect_timeout=int(given.get("PGCONNECT_TIMEOUT", "10")),
        autocommit=True,
    )


def main(arguments: list[str]) -> int:
    """Run the statements."""
    import psycopg

    options = _parser().parse_args(arguments)
    if not (options.tuples_only and options.no_align):
        print("This double prints with --tuples-only --no-align only.", file=sys.stderr)
        return 1
    try:
        connection = connect()
    except (psycopg.Error, OSError) as error:
        print(f"psql: error: {str(error).strip()}", file=sys.stderr)
        return 2
    status = 0
    with connection:
        for statement in options.command:
            try:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
                for row in rows:
                    print("|".join("" if value is None else str(value) for value in row), flush=True)
                if not cursor.description and not options.quiet:
                    print(cursor.statusmessage, flush=True)
                status = 0
            except psycopg.Error as error:
                print(f"ERROR:  {str(error).strip()}", file=sys.stderr, flush=True)
                status = 1
    return status


if __name__ == "__main__":
    network.install()
    sys.exit(main(sys.argv[1:]))
