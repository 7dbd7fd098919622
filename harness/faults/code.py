"""Faults of changed code: the next version of the worker takes over in mid-run, and is rolled back."""

from __future__ import annotations

from harness.faults.action import ChangeCode
from harness.faults.fault import Fault

NEXT_VERSION = Fault(
    name="next-version",
    family="code",
    what="The worker process is killed while the message waits at the door, and its next version takes its place.",
    right="What was recorded under the one goes on under the other: a change of what is recorded is behind a patch.",
    action=ChangeCode(),
    every="cut",
)

ROLLED_BACK = Fault(
    name="rolled-back",
    family="code",
    what="The next version takes the worker's place, does one workflow task, and is replaced by the worker again.",
    right="What the next version has recorded goes on under the version before it.",
    action=ChangeCode(back=True),
    every="cut",
)
