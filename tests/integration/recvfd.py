#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Receive what a runtime sends to a console or pidfd socket, as an engine would.

    recvfd.py tty SOCKET OUT      the master of a terminal: OUT gets what the terminal shows, and
                                  OUT.name the data that came with it
    recvfd.py pidfd SOCKET OUT    OUT gets "pid N", and "ended" when that process has ended

Ends when the terminal's other side is closed, or the process has ended.
"""
import array
import os
import select
import socket
import sys


def receive(path):
    """The one fd that arrives at the socket, and the data with it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The name appears only when the socket listens: whoever waits for it can connect.
    listener.bind(path + ".new")
    listener.listen(1)
    os.rename(path + ".new", path)
    connection, _ = listener.accept()
    fds = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16 * fds.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content)
    if len(fds) != 1:
        sys.exit(f"recvfd: {len(fds)} fds arrived, not 1")
    return fds[0], data


def terminal(fd, data, out):
    with open(out + ".name", "wb") as name:
        name.write(data)
    with open(out, "wb", buffering=0) as shown:
        while True:
            try:
                text = os.read(fd, 4096)
            except OSError:  # EIO: nobody holds the other side any more
                return
            if not text:
                return
            shown.write(text)


def pidfd(fd, _data, out):
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
        fields = dict(line.split(":", 1) for line in info if ":" in line)
    with open(out, "w", encoding="ascii", buffering=1) as report:
        report.write(f"pid {fields['Pid'].strip()}\n")
        select.select([fd], [], [])
        report.write("ended\n")


def main():
    kind, path, out = sys.argv[1:]
    fd, data = receive(path)
    {"tty": terminal, "pidfd": pidfd}[kind](fd, data, out)


main()
