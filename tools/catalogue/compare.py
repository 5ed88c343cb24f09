# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which variables a release of Langfuse has that the tables lack, and the other way round.

git clone --bare https://github.com/langfuse/langfuse.git
python tools/catalogue/compare.py langfuse.git v4.16.0     what differs; ends with 1 where anything does
python tools/catalogue/compare.py langfuse.git --since     writes langfuse_env_since.csv from all releases

It reads names and containers only, from the text of the schemas; types, defaults and checks stand there.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from generate import BASE, CHANGES, HERE, SINCE, read

# The schemas, and the containers that load each.
SCHEMAS = {
    "web/src/env.mjs": {"web"},
    "worker/src/env.ts": {"worker"},
    "packages/shared/src/env.ts": {"web", "worker"},
}
KEY = re.compile(r"^  {1,3}([A-Z][A-Z0-9_]+):(?! process\.env)", re.MULTILINE)


def schema_names(repository: str, tag: str) -> dict[str, set[str]]:
    """The containers whose schemas name each variable, at this tag."""
    found: dict[str, set[str]] = {}
    for path, containers in SCHEMAS.items():
        command = ["git", "-C", repository, "show", f"{tag}:{path}"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for name in KEY.findall(text):
            found.setdefault(name, set()).update(containers)
    return found


def table_names(major: int) -> dict[str, set[str]]:
    """The containers that read each variable, as the tables have it."""
    rows = {row["name"]: row["container"] for row in read(BASE)}
    if major >= 4:
        for row in read(CHANGES):
            rows[row["name"]] = row["container"]
            if row["change"].startswith("gone"):
                del rows[row["name"]]
    return {name: {"web", "worker"} if container == "both" else {container} for name, container in rows.items()}


def differences(schemas: dict[str, set[str]], tables: dict[str, set[str]]) -> list[str]:
    """One line each. What only the tables have may be read elsewhere than by the schemas, so it is not in the list."""
    found = [f"{name}: new, of {' and '.join(sorted(schemas[name]))}" for name in sorted(set(schemas) - set(tables))]
    for name in sorted(set(schemas) & set(tables)):
        if not schemas[name] <= tables[name]:
            found.append(
                f"{name}: of {' and '.join(sorted(schemas[name]))} now, and of {' and '.join(sorted(tables[name]))} in the table"
            )
    return found


def releases(repository: str) -> list[tuple[int, ...]]:
    """The releases of the majors that the tables are about, oldest first."""
    command = ["git", "-C", repository, "tag"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(
        tuple(int(part) for part in tag[1:].split(".")) for tag in text.split() if re.fullmatch(r"v[34](\.\d+){2}", tag)
    )


def first_releases(repository: str) -> dict[tuple[str, int], str]:
    """The first release of each major that has a variable, where that is a later one than the major's first."""
    first: dict[tuple[str, int], str] = {}
    for release in releases(repository):
        version = ".".join(str(part) for part in release)
        for name in schema_names(repository, f"v{version}"):
            first.setdefault((name, release[0]), version)
    return {key: version for key, version in first.items() if not version.endswith(".0.0")}


def write_since(repository: str) -> None:
    first = first_releases(repository)
    with (HERE / SINCE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "major", "since"])
        writer.writerows(
            [name, major, version]
            for (name, major), version in sorted(first.items())
            # What a later release dropped again is not in the catalogue.
            if name in table_names(major)
        )


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    repository, tag = sys.argv[1:]
    if tag == "--since":
        write_since(repository)
        return
    schemas, tables = schema_names(repository, tag), table_names(int(tag.lstrip("v").split(".")[0]))
    lines = differences(schemas, tables)
    print("\n".join(lines) or f"The tables have all {len(schemas)} variables of the schemas of {tag}.")
    if elsewhere := sorted(set(tables) - set(schemas)):
        print(f"Not in the schemas; look whether anything still reads them: {', '.join(elsewhere)}")
    raise SystemExit(bool(lines))


if __name__ == "__main__":
    main()
