"""Faults of the worker process: it is killed, asked to end, or stopped for longer than the server waits for it."""

from __future__ import annotations

from harness.faults.action import Kill, Pause, Terminate
from harness.faults.fault import Fault

KILL_WORKER = Fault(
    name="kill-worker",
    family="process",
    what="The worker process is killed with SIGKILL while the message waits at the door, and then started again.",
    right="The next worker process goes on where the history ends; nothing is lost and nothing is done twice.",
    action=Kill(),
    every="cut",
)

TERMINATE_WORKER = Fault(
    name="terminate-worker",
    family="process",
    what="The worker process gets SIGTERM while the message is on its way, ends in its own time, and is started again.",
    right="It ends in time, by itself, and what it had in hand is finished by it or by the next worker process.",
    action=Terminate(),
    every="cut",
)

PAUSE_WORKER = Fault(
    name="pause-worker",
    family="process",
    what="The worker process is stopped with SIGSTOP until another one has been given its work; then it goes on.",
    right="Its late completion is refused by the server, and what it still does outside carries the same key.",
    action=Pause(),
    every="cut",
)
