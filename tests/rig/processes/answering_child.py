"""The program of a child process that answers as its messages say: for the tests of its channel."""

from __future__ import annotations

import os
import sys
import threading
import time

from harness.processes.child_channel import open_channel


def main() -> None:
    """Answer until there are no more messages."""
    channel = open_channel()
    while message := channel.read():
        word, _, rest = message.partition(b" ")
        if word == b"end":
            os._exit(int(rest))
        elif word == b"wait":
            threading.Event().wait()
        elif word == b"take":
            channel.answer(str(len(bytearray(int(rest)))).encode())
        elif word == b"print":
            print(rest.decode(), file=sys.stdout, flush=True)
            channel.answer(sys.stdin.read().encode() or b"nothing to read")
        elif word == b"start":
            if os.fork() == 0:
                time.sleep(600)
            channel.answer(str(os.getpid()).encode())
        else:
            channel.answer(message)
