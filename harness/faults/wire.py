"""Faults of the RPCs between worker and server: a request is refused, or its reply is lost."""

from __future__ import annotations

from harness.faults.action import LoseReply, Refuse
from harness.faults.fault import Fault

UNAVAILABLE_ONCE = Fault(
    name="unavailable-once",
    family="wire",
    what="One request is refused with UNAVAILABLE and not executed.",
    right="The client of the SDK sends it again; the agent sees nothing of it.",
    action=Refuse("UNAVAILABLE"),
    doors=("wire",),
    positions=("before",),
)

UNAVAILABLE_UNTIL_HEALED = Fault(
    name="unavailable-until-healed",
    family="wire",
    what="A request is refused with UNAVAILABLE, and so are the next two tries of it; then it is healed.",
    right="The client of the SDK goes on sending it until it is taken.",
    action=Refuse("UNAVAILABLE"),
    doors=("wire",),
    positions=("before",),
    times=3,
)

RESOURCE_EXHAUSTED_ONCE = Fault(
    name="resource-exhausted-once",
    family="wire",
    what="One request is refused with RESOURCE_EXHAUSTED and not executed.",
    right="The client of the SDK sends it again; the agent sees nothing of it.",
    action=Refuse("RESOURCE_EXHAUSTED"),
    doors=("wire",),
    positions=("before",),
)

RESOURCE_EXHAUSTED_UNTIL_HEALED = Fault(
    name="resource-exhausted-until-healed",
    family="wire",
    what="A request is refused with RESOURCE_EXHAUSTED, and so are the next two tries of it; then it is healed.",
    right="The client of the SDK goes on sending it until it is taken.",
    action=Refuse("RESOURCE_EXHAUSTED"),
    doors=("wire",),
    positions=("before",),
    times=3,
)

REPLY_LOST = Fault(
    name="reply-lost",
    family="wire",
    what="The server executes the request, and the worker sees the connection break instead of the answer.",
    right="Sent again the request changes nothing; a task that was handed out unheard comes again after its timeout.",
    action=LoseReply(),
    doors=("wire",),
    positions=("after",),
)

HEARTBEAT_LOST = Fault(
    name="heartbeat-lost",
    family="wire",
    what="One heartbeat is lost on its way: the worker is told DEADLINE_EXCEEDED and the server never hears of it.",
    right="The activity goes on, and a later heartbeat brings the progress.",
    action=Refuse("DEADLINE_EXCEEDED"),
    doors=("wire",),
    positions=("before",),
    operations=("RecordActivityTaskHeartbeat",),
)
