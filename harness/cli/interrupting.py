"""Interrupting a command: Ctrl-C, SIGTERM and SIGHUP end its work with everything cleaned up; a second one at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.cli import leave_nothing
from harness.errors import first_error

T = TypeVar("T")

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a command to end: the user at the terminal, whoever started it, and a terminal that is closed."""

_SHOW_CURSOR = b"\x1b[?25h"


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work so that an interrupt ends it with everything cleaned up.

    A second interrupt does not wait for that: the command ends at once, and so do all its processes.

    Raises:
        KeyboardInterrupt: It was interrupted.
        UsageError, RigError: As the work raised them, out of whatever group they came in.
    """

    async def interruptible_work() -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            for number in INTERRUPTS:
                loop.remove_signal_handler(number)
                signal.signal(number, _end_at_once)
            task.cancel()

        for number in INTERRUPTS:
            loop.add_signal_handler(number, interrupt)
        return await work

    try:
        return asyncio.run(interruptible_work())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    except BaseExceptionGroup as error:
        raise first_error(error) from error


@contextmanager
def terminable() -> Iterator[None]:
    """Let an interrupt end work that is not asynchronous as Ctrl-C does, with its processes; a second one at once."""

    def interrupt(number: int, frame: object) -> None:
        for each in INTERRUPTS:
            signal.signal(each, _end_at_once)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handle in before.items():
            if signal.getsignal(number) is interrupt:
                signal.signal(number, handle)


def _end_at_once(number: int, frame: object) -> None:
    """Leave, and leave nothing behind, whatever is under way."""
    leave_nothing()
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os.write(sys.stderr.fileno(), b"crashproof: interrupted again, and ended at once\n")
    os._exit(130)
