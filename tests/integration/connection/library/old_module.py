#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# WANT_JSON
"""A Python module of the old style: it imports nothing of Ansible and reads its arguments from a file."""

from __future__ import annotations

import json
import sys

with open(sys.argv[1], encoding="utf-8") as arguments:
    print(json.dumps({"changed": False, "word": json.load(arguments)["word"]}))
