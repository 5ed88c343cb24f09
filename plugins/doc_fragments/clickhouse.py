# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How a module reaches ClickHouse: CONNECTION_OPTIONS of module_utils/_clickhouse/connection.py.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - ClickHouse's HTTP interface, such as V(https://clickhouse.example.com:8443), without user and password.
    type: str
  user:
    description: User of ClickHouse.
    type: str
    default: default
  password:
    description: Password of O(user). O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description: ARN of a JSON secret of Secrets Manager with the password; the module reads it itself.
    type: str
  secret_json_key:
    description: Key of the password in O(secret_arn).
    type: str
    default: CLICKHOUSE_PASSWORD
  database:
    description: Langfuse's database.
    type: str
    default: default
  ca_path:
    description: File with the certificates that sign the server's, where the system's do not.
    type: path
  timeout:
    description: Seconds to wait for the whole answer to one query.
    type: float
    default: 10
"""
