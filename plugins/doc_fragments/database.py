# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # How a module reaches Langfuse's database: CONNECTION_OPTIONS of module_utils/_langfuse/database.py.
    DOCUMENTATION = r"""
options:
  cluster_arn:
    description:
      - ARN of the Aurora cluster that is asked through the RDS Data API, which needs no network path to the database. The cluster's
        HTTP endpoint must be enabled (the role C(llmops.langfuse.database) does so), and the credentials must be allowed
        C(rds-data:ExecuteStatement) and, on O(secret_arn), C(secretsmanager:GetSecretValue).
      - Give this, or O(host).
    type: str
  host:
    description: Host name of the database, to connect directly. The controller needs the Python library C(psycopg).
    type: str
  port:
    description: Port of O(host).
    type: int
    default: 5432
  user:
    description: User of the database at O(host).
    type: str
    default: langfuse
  password:
    description: Password of O(user). O(secret_arn) keeps it out of playbooks.
    type: str
  secret_arn:
    description:
      - With O(cluster_arn), ARN of the secret from which the Data API takes the credentials. It is a JSON object that has the keys
        C(username) and C(password); AWS ignores its others.
      - With O(host), ARN of a JSON secret with the password at O(secret_json_key); the module reads it itself.
    type: str
  secret_json_key:
    description: Key of the password in O(secret_arn), with O(host).
    type: str
    default: DATABASE_PASSWORD
  database:
    description: Name of Langfuse's database.
    type: str
    default: langfuse
  ssl_mode:
    description: How the connection to O(host) is encrypted and checked, as libpq does.
    type: str
    choices: [disable, require, verify-ca, verify-full]
    default: require
  ca_path:
    description: File with the certificates that O(ssl_mode) checks the server's with.
    type: path
  timeout:
    description: Seconds to wait for the database, also for a paused cluster to resume.
    type: int
    default: 60
"""
