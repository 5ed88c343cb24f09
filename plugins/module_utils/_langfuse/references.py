# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ARNs by which ECS reads secret values. Source: Amazon ECS, "Specifying sensitive data"."""

from __future__ import annotations

import re

SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+")
# A parameter's, or a secret's alone or with its three more parts: JSON key, version stage, version id.
VALUE_FROM = re.compile(
    r"arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+(:[^:\s]*:[^:\s]*:[^:\s]*)?"
    r"|ssm:[a-z0-9-]+:\d{12}:parameter/[^:\s]+)"
)
