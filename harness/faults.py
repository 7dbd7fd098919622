"""The faults: what can be done at a point. Plain data; the nemesis in ``harness.rig`` carries them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.errors import UsageError, nearest


@dataclass(frozen=True)
class KillWorker:
    """SIGKILL the worker process, with all it started, while the message waits at the door; then start it again.

    A message struck *before* is never executed; one struck *after* was executed and its answer is never heard.
    """

    name: ClassVar[str] = "kill-worker"
    family: ClassVar[str] = "process"


Fault = KillWorker

ALL: tuple[type[Fault], ...] = (KillWorker,)


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        UsageError: No fault has that name.
    """
    for fault in ALL:
        if fault.name == name:
            return fault()
    known = [fault.name for fault in ALL]
    raise UsageError(f"no fault is called {name!r}{nearest(name, known)}; known: {', '.join(known)}")
