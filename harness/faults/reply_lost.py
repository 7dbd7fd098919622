"""The server executes a request and its answer never arrives."""

from __future__ import annotations

from harness.faults.action import LoseReply
from harness.faults.fault import Fault

FAULT = Fault(
    name="reply-lost",
    family="wire",
    what="The server executes the request, and the worker sees the connection break instead of the answer.",
    right="Sent again the request changes nothing; a task that was handed out unheard comes again after its timeout.",
    action=LoseReply(),
    doors=("wire",),
    positions=("after",),
)
