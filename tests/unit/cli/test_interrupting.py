"""An interrupt ends work with everything cleaned up, a second one at once; errors come out of their groups."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.cli.interrupting import INTERRUPTS, interruptible, terminable
from harness.errors import UsageError

TWICE = """
import asyncio, os, signal
from pathlib import Path
from harness.cli.interrupting import interruptible
from harness.processes import scratch

async def work():
    print(scratch.new_folder("tried"), flush=True)
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.Event().wait()
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        while True:  # what is to be cleaned up hangs, and so does the loop
            pass

interruptible(work())
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    yield
    for number, heeded in before.items():
        signal.signal(number, heeded)


@pytest.mark.parametrize("number", INTERRUPTS)
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


@pytest.mark.parametrize("number", INTERRUPTS)
def test_other_work_ends_as_by_ctrl_c(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), terminable():
        os.kill(os.getpid(), number)


def test_signals_are_heeded_as_before_once_other_work_is_done() -> None:
    before = [signal.getsignal(number) for number in INTERRUPTS]
    with terminable():
        pass
    assert [signal.getsignal(number) for number in INTERRUPTS] == before


def test_a_second_interrupt_ends_everything_at_once() -> None:
    ended = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 130
    assert ended.stderr == "crashproof: interrupted again, and ended at once\n"
    assert not os.path.exists(ended.stdout.strip())
