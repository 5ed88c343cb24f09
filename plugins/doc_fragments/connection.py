# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The action group's options, as `LangfuseModule` of module_utils/_langfuse/module.py declares them.
    DOCUMENTATION = r"""
options:
  region:
    description:
      - The AWS region, where an option makes this module ask AWS for something.
      - The E(AWS_REGION) environment variable may also be used.
    type: str
    aliases: [aws_region]
  access_key:
    description:
      - AWS access key ID, where an option makes this module ask AWS for something.
      - The E(AWS_ACCESS_KEY_ID) environment variable may also be used.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - AWS secret access key, where an option makes this module ask AWS for something.
      - The E(AWS_SECRET_ACCESS_KEY) environment variable may also be used.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - AWS STS session token, for temporary credentials.
      - The E(AWS_SESSION_TOKEN) environment variable may also be used.
    type: str
    aliases: [aws_session_token]
  profile:
    description:
      - A named AWS profile.
      - The E(AWS_PROFILE) environment variable may also be used.
    type: str
    aliases: [aws_profile]
  endpoint_url:
    description:
      - URL of the AWS API, in place of AWS's own.
      - The E(AWS_URL) environment variable may also be used.
    type: str
    aliases: [aws_endpoint_url]
  aws_ca_bundle:
    description:
      - File of the certificate authorities that the AWS API's certificate is checked with.
      - The E(AWS_CA_BUNDLE) environment variable may also be used.
    type: path
  validate_certs:
    description:
      - Whether TLS certificates are checked.
    type: bool
    default: true
  aws_config:
    description:
      - Changes to botocore's configuration.
    type: dict
  debug_botocore_endpoint_logs:
    description:
      - Accepted because the action group may set it; this module does not log AWS calls.
      - The E(ANSIBLE_DEBUG_BOTOCORE_LOGS) environment variable may also be used.
    type: bool
    default: false
"""
