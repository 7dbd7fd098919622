"""A second start that the work itself refuses: what was done is left as it is, and who starts it is told so at once.

Temporal refuses a second start only as long as it keeps the first run, or is asked to. Work that is to be done once
refuses it by itself: a receiver that knows the order answers 409, and the activity that hears it fails for good.
"""

from __future__ import annotations

from dataclasses import replace

from harness.checks.lasting_effects import effects_since
from harness.faults.client_actions import StartAgain
from harness.records.evidence import Evidence, History
from harness.records.tape import client_calls
from harness.temporal import event as events
from harness.temporal.failure import failures_of, is_final


def without_refused_start(evidence: Evidence) -> Evidence | None:
    """Return the evidence as if the work had not been started once more after its end, where it refused that.

    It did where the run that came of it failed by a failure that is not to be tried again, and had no effect. None
    where nobody started it again, or where it did something, or tried for as long as it could.
    """
    if not any(isinstance(fault.action, StartAgain) for fault in evidence.faults):
        return None
    if not any(not call.failure for call in client_calls(evidence.tape, "start-again")) or len(evidence.roots) < 2:
        return None
    again = evidence.roots[-1]
    begun = events.at(again.events[0]) if again.events else 0.0
    if not begun or not _failed_for_good(again) or effects_since(evidence, begun):
        return None
    return replace(evidence, histories=tuple(each for each in evidence.histories if each.run_id != again.run_id))


def _failed_for_good(run: History) -> bool:
    close = events.close_of(run)
    if close is None or events.kind(close) != "WORKFLOW_EXECUTION_FAILED":
        return False
    return any(map(is_final, failures_of(close)))
