"""The server limits the rate for three requests in a row."""

from __future__ import annotations

from harness.faults.action import Refuse
from harness.faults.fault import Fault

FAULT = Fault(
    name="resource-exhausted-until-healed",
    family="wire",
    what="A request is refused with RESOURCE_EXHAUSTED, and so are the next two tries of it; then it is healed.",
    right="The client of the SDK goes on sending it until it is taken.",
    action=Refuse("RESOURCE_EXHAUSTED"),
    doors=("wire",),
    positions=("before",),
    times=3,
)
