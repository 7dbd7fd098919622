"""A heartbeat never reaches the server."""

from __future__ import annotations

from harness.faults.action import Refuse
from harness.faults.fault import Fault

FAULT = Fault(
    name="heartbeat-lost",
    family="wire",
    what="One heartbeat is lost on its way: the worker is told DEADLINE_EXCEEDED and the server never hears of it.",
    right="The activity goes on, and a later heartbeat brings the progress.",
    action=Refuse("DEADLINE_EXCEEDED"),
    doors=("wire",),
    positions=("before",),
    operations=("RecordActivityTaskHeartbeat",),
)
