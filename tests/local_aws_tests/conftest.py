# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the local AWS's own tests."""

from __future__ import annotations

from .ecs_support import ecs_process, local
from .server_support import server

__all__ = ["ecs_process", "local", "server"]
