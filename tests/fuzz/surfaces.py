"""What the surfaces of the fuzz share: their time, texts that parsers trip over, and mutations of real content."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("CRASHPROOF_FUZZ_SECONDS", "20"))

PIECES: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud83d", b"[" * 2000, b"{" * 2000, b'{"a":' * 2000, b"9" * 5000,
    b"-1", b"1e999", b"NaN", b"null", b"true", b'""', b"[]", b"{}", b"\n", b"\r\n", b"=", b"'''", b'"""', b"..", b"/",
    b"2027-01-31T00:00:00Z", b"%s", b"${x}", "\u202e\u2028\U0001f389".encode(), b"\x1b[2J", b"<script>", b"(" * 500,
)  # fmt: skip
"""What parsers trip over, by experience."""


def mutated(content: bytes) -> SearchStrategy[bytes]:
    """Return changes of a real content: bytes flipped, parts cut, doubled and moved, and hostile pieces put in."""
    return st.tuples(st.integers(0, 2**32), st.integers(1, 6)).map(lambda drawn: _mutate(content, *drawn))


def _mutate(content: bytes, seed: int, times: int) -> bytes:
    drawn = random.Random(seed)
    for _ in range(times):
        start = drawn.randrange(len(content) + 1)
        end = min(len(content), start + drawn.choice((0, 1, 4, 20, 200, len(content))))
        part = drawn.choice((b"", bytes([drawn.randrange(256)]), content[start:end] * 2, drawn.choice(PIECES)))
        content = content[:start] + part + content[end:]
    return content


def fuzz(**strategies: Any) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a surface of a function: it is called with what Hypothesis draws until its share of the time is over."""

    def make(surface: Callable[..., None]) -> Callable[[], None]:
        def within_time() -> None:
            share = SECONDS / surface.__globals__["SURFACES"]
            deadline = time.monotonic() + share

            @settings(
                max_examples=1_000_000,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(**strategies)
            def run(**drawn: Any) -> None:
                if time.monotonic() > deadline:
                    raise _OverError
                surface(**drawn)

            try:
                run()
            except _OverError:
                return

        within_time.__name__ = surface.__name__
        within_time.__doc__ = surface.__doc__
        return within_time

    return make


class _OverError(BaseException):
    """The time is over: no failure of an example, and nothing to shrink."""
