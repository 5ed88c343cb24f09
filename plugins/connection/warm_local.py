# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: warm_local
short_description: Runs modules on the controller in forks of a process that has boto3 imported already
description:
  - The ordinary P(ansible.builtin.local#connection) connection, except that Python modules run in forks of one warm process instead of a
    new interpreter each. Results are the same; an AWS module call costs a fraction.
  - The warm process has imported boto3 and botocore, and keeps compiled module code and botocore's service models. Each call is a fork of
    its own with the environment, working directory and umask of its task; nothing of one call is left for the next, and credentials are
    resolved in each call.
  - It starts with the first call, belongs to one C(ansible-playbook) process, and ends with it, also when that is killed.
  - Whatever is not such a call runs as with P(ansible.builtin.local#connection) - raw commands, modules in other languages,
    C(async), C(become), another interpreter than the controller's own, and everything while O(pipelining) is off.
author:
  - llmops.langfuse contributors (@llmops)
version_added: 0.1.0
options:
  pipelining:
    description:
      - A module reaches the warm process through a pipe. With V(false) every module goes the way of P(ansible.builtin.local#connection).
    type: bool
    default: true
    vars:
      - name: ansible_warm_local_pipelining
      - name: ansible_pipelining
  unsafe_fork:
    description:
      - Forks on platforms where system libraries do not survive a fork of a process that has used them (macOS), instead of running
        modules as P(ansible.builtin.local#connection) does there.
    type: bool
    default: false
    vars:
      - name: ansible_warm_local_unsafe_fork
  become_success_timeout:
    description:
      - Number of seconds to wait for become to succeed, as in P(ansible.builtin.local#connection).
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description:
      - Strip internal become output preceding command execution, as in P(ansible.builtin.local#connection).
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
notes:
  - The remote user is ignored, the user with which Ansible was executed is used instead.
"""

import shlex
import sys

import ansible.constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible.utils.display import Display
from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as client

display = Display()


def module_environment(command: str, interpreter: str) -> dict[str, str] | None:
    """The assignments before the interpreter, where the command is nothing but the start of a module through a pipe.

    :param command: what an action plugin asks a connection to run, such as
        ``/bin/sh -c 'A=b /usr/bin/python3 && sleep 0'``.
    :param interpreter: path of the interpreter that the warm process runs on.
    :returns: None where the command is anything else, or where quoting leaves any doubt.
    """
    try:
        shell, option, script = shlex.split(command)
        words = shlex.split(script)
    except ValueError:
        return None
    if shell != C.DEFAULT_EXECUTABLE or option != "-c":
        return None
    if words[-3:] == ["&&", "sleep", "0"]:
        words, end = words[:-3], " && sleep 0"
    else:
        end = ""
    if not words or words[-1] != interpreter:
        return None
    assignments = [word.partition("=") for word in words[:-1]]
    if not all(separator and name.isidentifier() for name, separator, _value in assignments):
        return None
    environment = {name: value for name, _separator, value in assignments}
    # Put together again it must be the same text: then the shell had nothing to expand.
    plain = " ".join([*(f"{name}={shlex.quote(value)}" for name, value in environment.items()), interpreter]) + end
    return environment if plain.split() == script.split() else None


class Connection(LocalConnection):
    """Local connection whose modules run in forks of a warm process."""

    transport = "llmops.langfuse.warm_local"
    has_pipelining = True

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        environment = self._warm_environment(cmd, in_data, sudoable)
        if environment is None or in_data is None:
            return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        try:
            warm = client.connect()
        except client.CannotStart as problem:
            display.warning(f"warm_local: modules run as with the connection local, because {problem}")
            return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        display.vvv(f"WARM EXEC {cmd}", host=self._play_context.remote_addr)
        try:
            return client.run(warm, in_data, environment, self.cwd)
        except client.Lost as problem:
            raise AnsibleConnectionFailure(
                f"The warm process ended while it ran a module ({problem}); what the module did is unknown. "
                "The next call starts a new one: run the playbook again, or set ansible_connection to local."
            ) from problem

    def _warm_environment(self, cmd: str, in_data: bytes | None, sudoable: bool) -> dict[str, str] | None:
        if not in_data or not isinstance(cmd, str) or (self.become and sudoable):
            return None
        if not sys.platform.startswith("linux") and not self.get_option("unsafe_fork"):
            display.warning(
                "warm_local: modules run as with the connection local, because forking is not safe on this platform; "
                "ansible_warm_local_unsafe_fork switches it on."
            )
            return None
        environment = module_environment(cmd, sys.executable)
        if environment is not None and client.interpreter_settings(environment):
            return None  # these take effect at an interpreter's start only
        return environment
