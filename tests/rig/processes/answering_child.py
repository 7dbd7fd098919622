"""The program of a child process that answers as its messages say: for the tests of its channel."""

from __future__ import annotations

import importlib
import json
import os
import random
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
        elif word == b"see":
            channel.answer(json.dumps(_seen()).encode())
        elif word == b"import":
            sys.path.insert(0, os.getcwd())
            channel.answer(importlib.import_module(rest.decode()).__name__.encode())
        elif word == b"loaded":
            channel.answer(str(rest.decode() in sys.modules).encode())
        elif word == b"random":
            channel.answer(str(random.random()).encode())
        elif word == b"start":
            if os.fork() == 0:
                time.sleep(600)
            channel.answer(str(os.getpid()).encode())
        else:
            channel.answer(message)


def _seen() -> dict[str, object]:
    """Return what a program can see of how it was started, without what is another each time."""
    return {
        "argv": sys.argv,
        "environment": {**os.environ},
        "flags": repr(sys.flags),
        "folder": os.getcwd(),
        "hash": hash("a text"),
        "leads": os.getpid() == os.getpgid(0) == os.getsid(0),
        "open": [os.readlink(f"/proc/self/fd/{name}") for name in ("0", "1", "2")],
        "path": sys.path,
        "streams": [sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors],
        "time zone": time.tzname,
    }
