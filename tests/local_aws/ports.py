# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports for what does not listen yet."""

from __future__ import annotations

import random
import socket

# Below the ports that the kernel gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): one of those could be taken
# between the choice and its use. Above the privileged ones, and apart from the defaults of `make demo`.
RANGE = range(10000, 20000)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now.

    :raises OSError: where no port of the range is free.
    """
    for port in random.sample(RANGE, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"No port between {RANGE.start} and {RANGE.stop} of 127.0.0.1 is free.")
