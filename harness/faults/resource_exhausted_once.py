"""The server limits the rate for one request."""

from __future__ import annotations

from harness.faults.action import Refuse
from harness.faults.fault import Fault

FAULT = Fault(
    name="resource-exhausted-once",
    family="wire",
    what="One request is refused with RESOURCE_EXHAUSTED and not executed.",
    right="The client of the SDK sends it again; the agent sees nothing of it.",
    action=Refuse("RESOURCE_EXHAUSTED"),
    doors=("wire",),
    positions=("before",),
)
