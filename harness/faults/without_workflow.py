"""Which faults are made to an activity that no workflow scheduled, and at which of its messages."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.action import ChangeCode
from harness.faults.client_actions import CancelWorkflow, StartAgain, TerminateWorkflow
from harness.faults.fault import Fault

_OF_CLIENTS = (CancelWorkflow, TerminateWorkflow, StartAgain)
_END = "RespondActivityTaskCompleted"
_ON_ITS_WAY = ("PollActivityTaskQueue", "RecordActivityTaskHeartbeat", _END)


def is_made_to_activities(fault: Fault) -> bool:
    """Tell whether a fault can be made where there is no workflow: it has no signals, queries, resets or schedules."""
    if fault.family == "client":
        return isinstance(fault.action, _OF_CLIENTS)
    return not (isinstance(fault.action, ChangeCode) and fault.action.back)


def at_activity(fault: Fault) -> Fault:
    """Return a fault of clients as it is made to an activity without a workflow; any other as it is.

    Its cancellation is asked for as soon as it is handed out and at each heartbeat, by whose answer it hears of it.
    """
    if isinstance(fault.action, CancelWorkflow):
        return replace(fault, operations=_ON_ITS_WAY, positions=("before", "after"))
    return replace(fault, operations=(_END,)) if isinstance(fault.action, StartAgain) else fault
