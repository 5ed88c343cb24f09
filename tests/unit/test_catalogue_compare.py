# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/catalogue/compare.py, against a repository with schemas as Langfuse writes them."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools/catalogue/compare.py"
TABLES = TOOL.parent
WEB = """export const env = createEnv({
  server: {
    DATABASE_URL: z.url(),
    // NOT_A_VARIABLE: z.string(),
    TELEMETRY_ENABLED: z.enum(["true", "false"]).optional(),
    %s
  },
  runtimeEnv: {
    DATABASE_URL: process.env.DATABASE_URL,
  },
});
"""
SHARED = """const EnvSchema = z.object({
  REDIS_PORT: z.coerce
    .number()
    .default(6379),
});
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def repository(folder: Path) -> Path:
    """Two releases, the second with a variable more."""
    git(folder, "init", "--quiet")
    for path, text in {"worker/src/env.ts": "", "packages/shared/src/env.ts": SHARED}.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "web/src").mkdir(parents=True)
    for tag, more in (("v3.0.0", ""), ("v3.1.0", "LANGFUSE_BRAND_NEW: z.string(),"), ("v3.2.0", "SALT: z.string(),")):
        (folder / "web/src/env.mjs").write_text(WEB % more, encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", tag)
        git(folder, "tag", tag)
    return folder


def compare(folder: Path, argument: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, TOOL, folder, argument], capture_output=True, text=True, check=False)


def test_names_what_is_new(tmp_path: Path) -> None:
    repository(tmp_path)
    same = compare(tmp_path, "v3.0.0")
    assert (same.returncode, same.stdout.splitlines()[0]) == (
        0,
        "The tables have all 3 variables of the schemas of v3.0.0.",
    )
    new = compare(tmp_path, "v3.1.0")
    assert (new.returncode, new.stdout.splitlines()[0]) == (1, "LANGFUSE_BRAND_NEW: new, of web")
    assert "NOT_A_VARIABLE" not in new.stdout


def test_the_table_of_first_releases_is_sorted_and_of_the_catalogue() -> None:
    with (TABLES / "langfuse_env_since.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["name"], int(row["major"])) for row in csv.DictReader(file)]
    assert rows == sorted(set(rows))
