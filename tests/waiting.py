"""Waiting for a condition, without a sleep that is too short on one machine and too long on another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

LIMIT = 120.0
"""Seconds after which a condition is taken for one that never holds."""


def until(condition: Callable[[], object], what: str = "the condition holds") -> None:
    """Wait until a condition holds, in a test that is not asynchronous."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT:.0f} s: {what}"
        time.sleep(0.01)


async def until_async(condition: Callable[[], object], what: str = "the condition holds") -> None:
    """Wait until a condition holds, while the event loop goes on."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT:.0f} s: {what}"
        await asyncio.sleep(0.01)
