#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""userns.py CMD [ARG...]: run CMD as root of a new user and mount namespace, as podman does for an
ordinary user before it starts a runtime: 0 is the caller, 1 and up are all its subordinate ids.
"""
import ctypes
import os
import pwd
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def ranges(path):
    owners = {str(os.getuid())}
    try:
        owners.add(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        pass
    with open(path, encoding="utf-8") as file:
        fields = [line.strip().split(":") for line in file]
    return [field[1:3] for field in fields if field[0] in owners]


def write_map(helper, pid, own, path):
    arguments, inside = ["0", str(own), "1"], 1
    for start, count in ranges(path):
        arguments += [str(inside), start, count]
        inside += int(count)
    subprocess.run([helper, str(pid)] + arguments, check=True)


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    ready_r, ready_w = os.pipe()
    mapped_r, mapped_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
            os._exit(125)
        os.write(ready_w, b"r")
        os.close(mapped_w)
        if os.read(mapped_r, 1) != b"m":
            os._exit(125)
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        # Changing ids has cleared it, if it was set before.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.execvp(sys.argv[1], sys.argv[1:])
    os.close(ready_w)
    if os.read(ready_r, 1) == b"r":
        write_map("newuidmap", pid, os.getuid(), "/etc/subuid")
        write_map("newgidmap", pid, os.getgid(), "/etc/subgid")
        os.write(mapped_w, b"m")
    os.close(mapped_w)
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
