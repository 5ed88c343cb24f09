# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: CPU seconds of everything that a run starts, and a line about the machine."""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import resource
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def tools() -> dict[str, str]:
    """The environment in which ansible-playbook is that of this interpreter, and knows the checkout as a collection."""
    return os.environ | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
    }


def adopt_orphans() -> None:
    """Makes this process the parent of what outlives its own parent, such as the warm process, so that its CPU counts."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_cpu() -> float:
    """User and system seconds of all ended children, after waiting for those that are about to end."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine() -> str:
    """Cores and versions, for the line above a table."""
    import ansible_collections.amazon.aws as amazon_aws

    manifest = json.loads((Path(next(iter(amazon_aws.__path__))) / "MANIFEST.json").read_text())
    return (
        f"{len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, "
        f"ansible-core {importlib.metadata.version('ansible-core')}, "
        f"amazon.aws {manifest['collection_info']['version']}, boto3 {importlib.metadata.version('boto3')}; "
        f"load before: {os.getloadavg()[0]:.1f}"
    )
