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
  - It starts with the first call, belongs to one C(ansible-playbook) process, and ends with it, also when that is killed. It takes 45 MB of
    memory, and up to 90 MB with the service models of the collection's roles.
  - A call whose worker is gone (an interrupted playbook, a task's C(timeout)) is interrupted too, and killed after five seconds.
  - Whatever is not such a call runs as with P(ansible.builtin.local#connection) - raw commands, modules in other languages, C(async),
    C(become), another interpreter than the controller's own, variables in C(environment) that an interpreter heeds at its start only (such
    as E(LC_ALL) and E(PYTHONPATH)), everything while O(pipelining) is off, and everything where the warm process cannot be started, which
    is said once in a run.
author:
  - llmops.langfuse contributors (@llmops)
version_added: 0.1.0
options:
  pipelining:
    description:
      - A module reaches the warm process through a pipe. With V(false) every module goes the way of P(ansible.builtin.local#connection).
      - Other than with most connections, it is on where nothing is set.
    type: bool
    default: true
    ini:
      - section: connection
        key: pipelining
    env:
      - name: ANSIBLE_PIPELINING
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
  - Set C(ansible_python_interpreter) to C({{ ansible_playbook_python }}); only modules on the controller's own interpreter run warm.
  - With C(-vv) Ansible says of each module why it did not run warm, with C(-vvv) it shows C(WARM EXEC) for those that did.
"""

import os
import re
import shlex
import sys

import ansible.constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as LocalConnection
from ansible.utils.display import Display
from ansible_collections.llmops.langfuse.plugins.plugin_utils import _warm_client as client

display = Display()
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AsLocal(Exception):
    """A module's call that does not run warm; the text says why, as the end of a sentence."""


def module_environment(command: str, shell: str, interpreter: str) -> dict[str, str]:
    """The assignments before the interpreter, where the command is nothing but the start of a module through a pipe.

    :param command: what an action plugin asks a connection to run, such as
        ``/bin/sh -c 'A=b /usr/bin/python3 && sleep 0'``.
    :param shell: path of the shell in it.
    :param interpreter: path of the interpreter that the warm process runs on.
    :raises AsLocal: where the command is anything else, or where quoting leaves any doubt.
    """
    try:
        found, option, script = shlex.split(command)
        words = shlex.split(script)
    except ValueError:
        raise AsLocal("its command is no plain start of an interpreter") from None
    words, end = (words[:-3], " && sleep 0") if words[-3:] == ["&&", "sleep", "0"] else (words, "")
    if found != shell or option != "-c" or not words:
        raise AsLocal("its command is no plain start of an interpreter")
    if words[-1] != interpreter:
        raise AsLocal(f"its interpreter is not the controller's, {interpreter}")
    assignments = [word.partition("=") for word in words[:-1]]
    environment = {name: value for name, _separator, value in assignments}
    # Put together again it must be the same text: then the shell had nothing to expand.
    again = "".join(f"{name}={shlex.quote(value)} " for name, _separator, value in assignments) + interpreter + end
    if not all(map(VARIABLE.fullmatch, environment)) or again.split() != script.split():
        raise AsLocal("its command is no plain start of an interpreter")
    return environment


class Connection(LocalConnection):
    """Local connection whose modules run in forks of a warm process."""

    # Ansible's own word: it sets the working directory by it, and refuses to reboot the controller.
    transport = "local"
    has_pipelining = True

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        if in_data and isinstance(cmd, str) and not (self.become and sudoable):
            try:
                return self._run_warm(cmd, in_data)
            except AsLocal as reason:
                display.vv(
                    f"warm_local: this call runs as with the connection local, because {reason}.", host=self._host()
                )
            except client.CannotStart as problem:
                display.warning(f"warm_local: modules run as with the connection local, because {problem}.")
            except client.Lost as problem:
                raise AnsibleConnectionFailure(
                    f"The warm process ended while it ran a module ({problem}); what the module did is unknown. "
                    "The next call starts a new one: run the playbook again, or set ansible_connection to local."
                ) from problem
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def _run_warm(self, cmd: str, source: bytes) -> tuple[int, bytes, bytes]:
        if not sys.platform.startswith("linux") and not self.get_option("unsafe_fork"):
            raise client.CannotStart(
                "forking is not safe on this platform; the variable ansible_warm_local_unsafe_fork switches it on"
            )
        assignments = module_environment(cmd, C.DEFAULT_EXECUTABLE, sys.executable)
        for name, value in client.interpreter_settings(assignments).items():
            if os.environ.get(name) != value:
                raise AsLocal(f"{name} takes effect at an interpreter's start only")
        display.vvv(f"WARM EXEC {cmd}", host=self._host())
        # As local does: the folder of the play, which Ansible sets by the name of the transport.
        return client.run(source, assignments, os.fsdecode(self.cwd or os.getcwd()), C.DEFAULT_EXECUTABLE)

    def _host(self) -> str:
        return self._play_context.remote_addr
