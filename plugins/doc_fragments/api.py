# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How Langfuse is reached, as `API_OPTIONS` of module_utils/_langfuse/api.py declares it.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Where Langfuse is reached, such as V(https://langfuse.example.com), with its base path where it has one.
      - Redirects are not followed, for that would hand keys to another server; a redirect is an error that names its target.
    type: str
    required: true
  ca_path:
    description: File with the certificates that sign the server's, in place of those that the system trusts.
    type: path
  timeout:
    description: Seconds until one answer must be there as a whole.
    type: float
    default: 10
"""
