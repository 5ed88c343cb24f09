# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection in this process, as Ansible would, and returns what Ansible would read.

The result is parsed from what the module prints, so that masking of secrets is part of the test::

    result = run_module("efs_access_point", {"file_system_id": "fs-1", "name": "x"}, check=True)
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from types import ModuleType
from typing import Any
from unittest import mock

from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

COLLECTION = "ansible_collections.llmops.langfuse.plugins.modules"


class ModuleFailed(Exception):
    """The module ended with fail_json; `result` is what it returned."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("msg", ""))
        self.result = result


def run_module(
    module: str | ModuleType, args: dict[str, Any] | None = None, check: bool = False, diff: bool = True
) -> dict[str, Any]:
    """Runs a module's main() and returns its result.

    :param module: the module's short name, or the imported Python module.
    :raises ModuleFailed: where the module failed.
    """
    code = importlib.import_module(f"{COLLECTION}.{module}") if isinstance(module, str) else module
    arguments = {**(args or {}), "_ansible_check_mode": check, "_ansible_diff": diff}
    # A real run is a process of its own; here notices of the run before would appear again.
    for notices in ("_global_warnings", "_global_deprecations"):
        getattr(warnings, notices).clear()
    printed = io.StringIO()
    status: Any = None
    # A test that imported Ansible's own side in this process made it a controller, which shows warnings instead of returning them.
    module_process = mock.patch("ansible.module_utils._internal.is_controller", False)
    with module_process, patch_module_args(arguments), contextlib.redirect_stdout(printed):
        try:
            code.main()
        except SystemExit as ended:
            status = ended.code
    output = printed.getvalue().strip()
    if not output:
        raise AssertionError(f"{code.__name__} ended without exit_json or fail_json.")
    result = json.loads(output.splitlines()[-1])
    if status or result.get("failed"):
        raise ModuleFailed(result)
    return result
