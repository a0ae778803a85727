#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Play the seccomp agent.

    agent.py SOCKET OUT ANSWER [CONNECTIONS]

For each connection OUT gets a line with the container process state and "fds N eof", N being how many
fds came with it and eof whether the connection was closed after it. ANSWER is what each notified
system call returns: a number, an errno when it is negative, or "continue". Ends when all that
have the filter are gone.
"""
import array
import fcntl
import os
import select
import socket
import struct
import sys
import threading

RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, …_SEND
CONTINUE = 1


def serve(fd, answer, report):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        if poll.poll()[0][1] & select.POLLHUP:
            return
        request = bytearray(80)
        try:
            fcntl.ioctl(fd, RECEIVE, request)
            number = struct.unpack_from("=QIIi", request)[3]
            report.write(f"call {number}\n")
            code = 0 if answer == "continue" else int(answer)
            response = struct.pack("=QqiI", struct.unpack_from("=Q", request)[0], max(code, 0),
                                   min(code, 0), CONTINUE if answer == "continue" else 0)
            fcntl.ioctl(fd, SEND, response)
        except FileNotFoundError:
            pass  # the caller was killed meanwhile


def main():
    path, out, answer = sys.argv[1:4]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    with open(out, "w", encoding="utf-8", buffering=1) as report:
        threads = []
        for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 1):
            connection = listener.accept()[0]
            room = socket.CMSG_SPACE(16 * 4)
            message, control, _, _ = connection.recvmsg(65536, room)
            fds = array.array("i")
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(data)
            end = "eof" if connection.recv(1) == b"" else "more"
            report.write(message.decode().strip() + f"\nfds {len(fds)} {end}\n")
            threads.append(threading.Thread(target=serve, args=(fds[0], answer, report)))
            threads[-1].start()
        for thread in threads:
            thread.join()


main()
