#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Play the service manager at a NOTIFY_SOCKET.

    recvnotify.py SOCKET OUT

SOCKET is a path, or "@" and a name in the abstract namespace. OUT gets "listening", and then each
message as one line, with "|" for the newlines in it.
"""
import socket
import sys


def main():
    path, out = sys.argv[1:]
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind("\0" + path[1:] if path[0] == "@" else path)
    with open(out, "w", encoding="utf-8", buffering=1) as report:
        report.write("listening\n")
        while True:
            message = receiver.recv(4096).decode()
            report.write("|".join(message.splitlines()) + "\n")


main()
