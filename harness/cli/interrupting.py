"""Interrupting a command: Ctrl-C and SIGTERM end its work with everything cleaned up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.errors import first_error

T = TypeVar("T")


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work so that Ctrl-C and SIGTERM end it with everything cleaned up.

    Raises:
        KeyboardInterrupt: It was interrupted.
        UsageError, RigError: As the work raised them, out of whatever group they came in.
    """

    async def interruptible_work() -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(interruptible_work())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    except BaseExceptionGroup as error:
        raise first_error(error) from error


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end work that is not asynchronous as Ctrl-C does, with its processes."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
