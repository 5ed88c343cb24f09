# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A local AWS for tests and demos: moto in one process, the real engines behind it, and AWS's own refusals.

It listens on 127.0.0.1 only. ``python -m local_aws start`` begins, ``python -m local_aws stop`` ends it.
"""
