"""Actions of the people and programs around a workflow: what they send, when, how often, and what they never send.

Each is carried out by ``harness.trial.client_acts`` while a message is held, which then goes on as if nothing was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.faults.action import Impact


@dataclass(frozen=True)
class SendNow:
    """Send every signal and update that the scenario has still to send, and none of them again when it is due."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class SendLate:
    """Send no signal and no update of the scenario's until the workflow has ended; then send them all."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class SendAgain:
    """Send what was sent last once more.

    Attributes:
        request: ``another``: as a new request. ``same``: as the same one, as a client does that heard no answer.
    """

    request: Literal["another", "same"]
    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class AskQueries:
    """Ask the workflow all the queries that it answers without arguments, and those of the scenario."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class CancelWorkflow:
    """Ask for the cancellation of the workflow."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class TerminateWorkflow:
    """Terminate the workflow: it ends at once, and none of its code runs any more."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class StartAgain:
    """Start the same work with the same workflow id.

    Attributes:
        policy: What the starter says is to happen: ``fail`` and ``use existing`` while it is open; ``allow duplicate``
            and ``reject duplicate`` are asked for once it has ended.
    """

    policy: Literal["fail", "use existing", "allow duplicate", "reject duplicate"]
    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class ResetWorkflow:
    """Reset the workflow to the workflow task that was completed last: a new run takes the place of the one that was.

    Attributes:
        when: ``at once``: while the work is under way, so that the run is terminated. ``at the end``: once it has
            ended.
    """

    when: Literal["at once", "at the end"]
    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class RunBySchedule:
    """Have a schedule start the same work twice when it has ended, the second time while the first run is under way.

    Attributes:
        overlap: What becomes of the second run: ``skip``; ``buffer one``, until the first has ended; ``cancel other``,
            which is the first; ``allow all``.
    """

    overlap: Literal["skip", "buffer one", "cancel other", "allow all"]
    impact: ClassVar[Impact] = Impact()

    @property
    def runs(self) -> int:
        """How many runs the schedule starts."""
        return 1 if self.overlap == "skip" else 2


RUNS_ANEW = (StartAgain, ResetWorkflow, RunBySchedule)
"""The actions after which a further run does work of the scenario's that was done before."""


def begins_another_run(action: object) -> bool:
    """Tell whether an action begins a run that whoever started the work does not wait for."""
    return isinstance(action, ResetWorkflow | RunBySchedule) or action == StartAgain("allow duplicate")
