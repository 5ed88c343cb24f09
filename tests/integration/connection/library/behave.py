#!/usr/bin/python
# Copyright: (c) 2026, llmops.langfuse contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that does what modules should not, for tests of connections."""

from __future__ import annotations

import atexit
import locale
import os
import signal
import subprocess
import sys
import time

from ansible.module_utils.basic import AnsibleModule


def crash(module: AnsibleModule) -> None:
    raise ValueError("broken in the middle")


def surroundings(module: AnsibleModule) -> None:
    umask = os.umask(0)
    os.umask(umask)
    module.exit_json(
        cwd=os.getcwd(),
        environment=dict(os.environ),
        umask=umask,
        locale=[locale.setlocale(locale.LC_ALL), locale.getpreferredencoding()],
        stdin=sys.stdin.read(),
        argv=sys.argv,
        interpreter=sys.executable,
        path=sys.path[1:],  # the first is the module's own zip file
        descriptors=sorted(os.listdir("/proc/self/fd")),
        tmpdir_mode=oct(os.stat(module.tmpdir).st_mode),
        check_mode=module.check_mode,
        signals=[str(signal.getsignal(number)).partition(" at 0x")[0] for number in signal.valid_signals()],
        niceness=os.nice(0),
        groups=os.getgroups(),
        user=[os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
    )


def noisy(module: AnsibleModule) -> None:
    print("before the result")
    print("on the other stream", file=sys.stderr)
    atexit.register(lambda: print("after the result"))
    module.exit_json(msg="in the middle")


def os_exit(module: AnsibleModule) -> None:
    print('{"changed": false, "msg": "the buffer was flushed"}', flush=True)
    os._exit(3)


def os_exit_without_result(module: AnsibleModule) -> None:
    os._exit(0)


def killed(module: AnsibleModule) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def segmentation_fault(module: AnsibleModule) -> None:
    import ctypes

    ctypes.string_at(0)


def large(module: AnsibleModule) -> None:
    module.exit_json(text=module.params["text"] * 2, length=len(module.params["text"]))


def fork(module: AnsibleModule) -> None:
    reads, writes = os.pipe()
    if os.fork() == 0:
        os.write(writes, b"from the child")
        os._exit(0)
    os.wait()
    module.exit_json(said=os.read(reads, 100).decode())


def daemon(module: AnsibleModule) -> None:
    subprocess.Popen(
        ["sh", "-c", 'sleep 1; echo done > "$1"', "sh", module.params["path"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    module.exit_json(changed=True)


def hang(module: AnsibleModule) -> None:
    with open(module.params["path"], "w", encoding="ascii") as output:
        output.write(str(os.getpid()))
    subprocess.run(["sleep", "600"], check=False)
    time.sleep(600)


def kill_parent(module: AnsibleModule) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def warn(module: AnsibleModule) -> None:
    module.warn("a warning")
    module.deprecate("a deprecation", version="9.9.9", collection_name="llmops.langfuse")
    module.exit_json(secret=module.params["secret"])


def bytes_that_are_no_text(module: AnsibleModule) -> None:
    sys.stdout.buffer.write(b'{"msg": "\xff\xfe"}')
    sys.exit(0)


BEHAVIOURS = {
    function.__name__: function
    for function in (
        crash, surroundings, noisy, os_exit, os_exit_without_result, killed, segmentation_fault, large, fork, daemon, hang,
        kill_parent, warn, bytes_that_are_no_text,
    )
}  # fmt: skip


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "how": {"choices": list(BEHAVIOURS), "required": True},
            "path": {"type": "path"},
            "text": {"type": "str", "default": ""},
            "secret": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    BEHAVIOURS[module.params["how"]](module)


if __name__ == "__main__":
    main()
