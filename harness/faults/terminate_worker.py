"""SIGTERM of the worker process: a deploy, a scale-in, an eviction."""

from __future__ import annotations

from harness.faults.action import Terminate
from harness.faults.fault import Fault

FAULT = Fault(
    name="terminate-worker",
    family="process",
    what="The worker process gets SIGTERM while the message is on its way, ends in its own time, and is started again.",
    right="It ends in time, by itself, and what it had in hand is finished by it or by the next worker process.",
    action=Terminate(),
    every="cut",
)
