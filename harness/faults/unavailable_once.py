"""The server cannot be reached for one request."""

from __future__ import annotations

from harness.faults.action import Refuse
from harness.faults.fault import Fault

FAULT = Fault(
    name="unavailable-once",
    family="wire",
    what="One request is refused with UNAVAILABLE and not executed.",
    right="The client of the SDK sends it again; the agent sees nothing of it.",
    action=Refuse("UNAVAILABLE"),
    doors=("wire",),
    positions=("before",),
)
