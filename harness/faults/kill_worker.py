"""SIGKILL of the worker process: it gets no chance to say or save anything."""

from __future__ import annotations

from harness.faults.action import Kill
from harness.faults.fault import Fault

FAULT = Fault(
    name="kill-worker",
    family="process",
    what="The worker process is killed with SIGKILL while the message waits at the door, and then started again.",
    right="The next worker process goes on where the history ends; nothing is lost and nothing is done twice.",
    action=Kill(),
    every="cut",
)
