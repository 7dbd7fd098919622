"""SIGSTOP of the worker process until its work was given to another: it comes back as a zombie."""

from __future__ import annotations

from harness.faults.action import Pause
from harness.faults.fault import Fault

FAULT = Fault(
    name="pause-worker",
    family="process",
    what="The worker process is stopped with SIGSTOP until another one has been given its work; then it goes on.",
    right="Its late completion is refused by the server, and what it still does outside carries the same key.",
    action=Pause(),
    every="cut",
)
