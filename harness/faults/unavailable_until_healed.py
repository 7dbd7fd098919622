"""The server cannot be reached for three requests in a row."""

from __future__ import annotations

from harness.faults.action import Refuse
from harness.faults.fault import Fault

FAULT = Fault(
    name="unavailable-until-healed",
    family="wire",
    what="A request is refused with UNAVAILABLE, and so are the next two tries of it; then it is healed.",
    right="The client of the SDK goes on sending it until it is taken.",
    action=Refuse("UNAVAILABLE"),
    doors=("wire",),
    positions=("before",),
    times=3,
)
