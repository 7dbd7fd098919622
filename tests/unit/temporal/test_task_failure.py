"""Messages of failed workflow tasks are understood by the marks that the SDKs put into them."""

from __future__ import annotations

import pytest

from harness.temporal.task_failure import is_blocked, is_nondeterminism


@pytest.mark.parametrize(
    ("message", "blocked", "nondeterminism"),
    [
        ("[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s).", True, False),
        ("Potential deadlock detected: workflow goroutine 'root' didn't yield for over a second", True, False),
        ("[TMPRL1100] Nondeterminism error: Timer machine does not handle this event", False, True),
        ("ValueError: no", False, False),
        ("", False, False),
    ],
)
def test_a_message_tells_why_a_task_failed(message: str, blocked: bool, nondeterminism: bool) -> None:
    assert (is_blocked(message), is_nondeterminism(message)) == (blocked, nondeterminism)
