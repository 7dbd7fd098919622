"""Ctrl-C and SIGTERM end work with everything cleaned up, and errors come out of the groups that hold them."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from harness.cli.interrupting import interruptible, terminable
from harness.errors import UsageError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_asynchronous_work_and_lets_it_clean_up(number: signal.Signals) -> None:
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            cleaned.append(number)

    with pytest.raises(KeyboardInterrupt):
        interruptible(work())
    assert cleaned == [number]


def test_an_error_comes_out_of_its_groups() -> None:
    async def work() -> None:
        raise ExceptionGroup("a", [ExceptionGroup("b", [UsageError("no such thing")])])

    with pytest.raises(UsageError, match="no such thing"):
        interruptible(work())


def test_sigterm_ends_other_work_as_ctrl_c_does_and_only_meanwhile() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
