# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules wait here as elsewhere, and for less."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def local_aws_time_scale() -> float:
    return 0.002
