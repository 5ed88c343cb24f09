# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which local command stands for which container image: the loader of images.yml.

An entry:

    - match: docker.io/langfuse/langfuse:*      # glob on the full reference
      entrypoint: ["{python}", "{package}/container/web.py"]
      command: []                               # the image's CMD, optional
      env: {NODE_ENV: production}               # the image's ENV
      root_map: ["/entrypoint.sh", "/var/lib/x"]  # absolute paths that live below LOCAL_AWS_ROOT
      files: {"/entrypoint.sh": ["{python}", "..."]}  # programs of the image that a task definition may call
      bin: [bash, wget, curl]                   # commands of the image, or a mapping of command to argv

Placeholders: {python}, {image_tag}, {root} (the container's root folder), {package} (the folder of local_aws).
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).resolve().parents[1]
FETCH = Path(__file__).resolve().parent / "shims" / "fetch.py"

# What any small Linux image has. Everything else an image must list under `bin`.
# fmt: off
BASIC_COMMANDS = (
    "sh", "cat", "chmod", "chown", "cp", "cut", "date", "dirname", "basename", "echo", "env", "expr", "false",
    "grep", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mktemp", "mv", "printenv", "printf", "pwd",
    "rm", "rmdir", "sed", "seq", "sleep", "sort", "stat", "tail", "tee", "test", "touch", "tr", "true", "uname",
    "uniq", "wc", "whoami", "xargs", "[", "od",
)
# fmt: on
FETCHERS = ("wget", "curl")
FILE_SUFFIXES = (".conf", ".js", ".json", ".pem", ".crt", ".sh", ".txt", ".xml", ".yaml", ".yml")


def normalise(reference: str) -> str:
    """The full form of an image reference, as Docker reads the short ones."""
    first, _, rest = reference.partition("/")
    if not rest:
        return f"docker.io/library/{reference}"
    if "." not in first and ":" not in first and first != "localhost":
        return f"docker.io/{reference}"
    return reference


def tag_of(reference: str) -> str:
    name = reference.partition("@")[0]
    last = name.rsplit("/", 1)[-1]
    return last.partition(":")[2] or "latest"


@dataclass(frozen=True)
class Image:
    """One entry of images.yml."""

    match: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    root_map: tuple[str, ...] = ()
    files: dict[str, list[str]] = field(default_factory=dict)
    bin: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, entry: dict[str, Any]) -> Image:
        commands = entry.get("bin", ["bash", *FETCHERS])
        if not isinstance(commands, dict):
            commands = {name: [] for name in commands}
        return cls(
            match=normalise(entry["match"]),
            entrypoint=tuple(entry.get("entrypoint") or ()),
            command=tuple(entry.get("command") or ()),
            env={name: str(value) for name, value in (entry.get("env") or {}).items()},
            root_map=tuple(sorted(entry.get("root_map") or (), key=len, reverse=True)),
            files=dict(entry.get("files") or {}),
            bin={name: list(argv) for name, argv in commands.items()},
        )


@dataclass
class Images:
    """All entries, in order: the first match wins."""

    entries: list[Image]
    python: str

    @classmethod
    def load(cls, path: Path, python: str) -> Images:
        loaded = (yaml.safe_load(path.read_text()) if path.exists() else None) or []
        entries = loaded.get("images", []) if isinstance(loaded, dict) else loaded
        return cls([Image.load(entry) for entry in entries], python)

    def find(self, reference: str) -> Image | None:
        full = normalise(reference).partition("@")[0]
        if ":" not in full.rsplit("/", 1)[-1]:
            full += ":latest"
        for image in self.entries:
            if fnmatch.fnmatchcase(full, image.match):
                return image
        return None

    def fill(self, text: str, reference: str, root: Path) -> str:
        values = {"python": self.python, "image_tag": tag_of(reference), "root": str(root), "package": str(PACKAGE)}
        return re.sub(r"\{(python|image_tag|root|package)\}", lambda found: values[found[1]], text)


def rewrite(text: str, image: Image, root: Path) -> str:
    """Let absolute paths of the image in a shell script point below the container's root folder."""
    if not image.root_map:
        return text
    # in one pass and the longest first: the root folder's own path may hold one of them, such as /tmp
    paths = "|".join(re.escape(path) for path in image.root_map)
    return re.sub(rf"(?<![\w./-])(?:{paths})(?=$|[^\w.-])", lambda found: f"{root}{found[0]}", text)


def _script(path: Path, argv: list[str]) -> None:
    words = " ".join("'" + word.replace("'", "'\\''") + "'" for word in argv)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def unpack(images: Images, image: Image, reference: str, root: Path) -> list[str]:
    """Make the container's root folder; returns its PATH."""
    for folder in (*image.root_map, "/tmp", "/root"):
        if folder not in image.files and folder != "/" and Path(folder).suffix not in FILE_SUFFIXES:
            (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for name, argv in image.files.items():
        _script(root / name.lstrip("/"), [images.fill(word, reference, root) for word in argv])
    basics = root / "bin"
    basics.mkdir(parents=True, exist_ok=True)
    own = root / "usr" / "local" / "bin"
    own.mkdir(parents=True, exist_ok=True)
    for name in BASIC_COMMANDS:
        _link(basics / name, name)
    for name, argv in image.bin.items():
        if argv:
            _script(own / name, [images.fill(word, reference, root) for word in argv])
        elif name in FETCHERS:
            _script(own / name, [images.python, "-I", "-S", str(FETCH), name])
        else:
            _link(own / name, name)
    return [str(own), str(basics)]


def _link(path: Path, command: str) -> None:
    program = shutil.which(command, path="/usr/local/bin:/usr/bin:/bin")
    if program and not os.path.lexists(path):
        path.symlink_to(program)
