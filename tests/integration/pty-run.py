#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command on a terminal of its own, and play the user in front of it.

    pty-run.py [STEP…] -- COMMAND [ARGUMENT…]

Steps, in the order given:

    --size ROWSxCOLUMNS    set the window size (as the first step: before the command starts)
    --expect TEXT          wait until the terminal has shown TEXT (after what the last one found)
    --send TEXT            type TEXT; escapes such as \\n, \\x03 and \\x04 work
    --signal NAME          send a signal to the command
    --hangup               close the terminal, as when its window is closed

Then what the terminal shows is copied to stdout until the command ends; the exit status is the
command's, 128 + n for a signal, and 124 when --timeout (10 seconds unless given) is over. The
last line on stderr is "terminal restored" or "terminal changed": whether the command has left the
terminal's settings as it found them.
"""
import codecs
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time


class Terminal:
    def __init__(self):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.shown = b""
        self.seen = 0  # how much of it --expect has gone through
        self.pid = 0
        self.deadline = 0

    def start(self, command):
        executed, in_child = os.pipe()  # closed by exec
        self.pid = os.fork()
        if self.pid:
            os.close(in_child)
            os.read(executed, 1)
            os.close(executed)
            return
        os.close(self.master)
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(self.slave, fd)
        os.close(self.slave)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"pty-run: {command[0]}: {error.strerror}")
        os._exit(127)

    def read(self, seconds):
        """Take what the terminal shows within so many seconds. False when there is nothing."""
        if self.master < 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        text = os.read(self.master, 65536)
        self.shown += text
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
        return bool(text)

    def check_time(self, what):
        if time.monotonic() < self.deadline:
            return
        print(f"pty-run: waited in vain for {what}", file=sys.stderr)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(124)

    def size(self, text):
        rows, columns = map(int, text.split("x"))
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, text):
        wanted = text.encode()
        while (found := self.shown.find(wanted, self.seen)) < 0:
            self.check_time(repr(text))
            self.read(0.05)
        self.seen = found + len(wanted)

    def send(self, text):
        os.write(self.master, codecs.decode(text, "unicode_escape").encode("latin-1"))

    def signal(self, name):
        os.kill(self.pid, getattr(signal, name))

    def hangup(self, _):
        os.close(self.master)
        os.close(self.slave)
        self.master = self.slave = -1

    def wait(self):
        """Copy until the command has ended; its status."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            self.check_time("the end of the command")
            if not self.read(0.05) and self.master < 0:
                time.sleep(0.05)
        while self.read(0):
            pass
        return os.waitstatus_to_exitcode(status)


def parse(arguments):
    steps, timeout = [], 10.0
    while arguments and arguments[0] != "--":
        option = arguments.pop(0)
        if option == "--timeout":
            timeout = float(arguments.pop(0))
        elif option == "--hangup":
            steps.append(("hangup", ""))
        elif option in ("--size", "--expect", "--send", "--signal"):
            steps.append((option[2:], arguments.pop(0)))
        else:
            sys.exit(f"pty-run: what is {option}?")
    return steps, timeout, arguments[1:]


def main():
    steps, timeout, command = parse(sys.argv[1:])
    terminal = Terminal()
    if steps and steps[0][0] == "size":
        terminal.size(steps.pop(0)[1])
    terminal.deadline = time.monotonic() + timeout
    terminal.start(command)
    for step, text in steps:
        getattr(terminal, step)(text)
    status = terminal.wait()
    if terminal.slave >= 0:
        same = termios.tcgetattr(terminal.slave) == terminal.before
        print("terminal restored" if same else "terminal changed", file=sys.stderr)
    sys.exit(status if status >= 0 else 128 - status)


main()
