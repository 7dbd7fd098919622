"""Faults of the Temporal server: it is killed, and comes back on its own database."""

from __future__ import annotations

from harness.faults.action import KillServer
from harness.faults.fault import Fault

KILL_SERVER = Fault(
    name="kill-server",
    family="server",
    what="The server is killed with SIGKILL and started again on the same database and port; the worker lives on.",
    right="All that the server acknowledged is still there, and the worker goes on with it.",
    action=KillServer(),
)
