"""Runs of a schedule: as many as its policy allows, and each ends as the work does when somebody starts it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.checks import masking, showing
from harness.checks.check import CannotTell, CannotTellUnderLoad, NothingToLookAt, check
from harness.faults.client_actions import RunBySchedule
from harness.records.evidence import Evidence, History
from harness.records.tape import acts, client_calls
from harness.records.verdict import Finding
from harness.temporal import event as events

_ENDS_OF_CANCELLED = tuple(f"WORKFLOW_EXECUTION_{how}" for how in ("CANCELED", "COMPLETED", "FAILED"))
_NAME = "scheduled-runs-end-alike"


def scheduled_at(evidence: Evidence) -> float | None:
    """Return when a schedule was made of the work, in seconds since the epoch; None where none was."""
    return next((entry.at for entry in acts(evidence.tape, "schedule")), None)


def scheduled_runs(evidence: Evidence) -> tuple[History, ...]:
    """Return the histories of the runs that a schedule of crashproof's has started, in order."""
    if scheduled_at(evidence) is None or not evidence.roots:
        return ()
    path = f"{evidence.roots[0].path}.scheduled"
    runs = [history for history in evidence.histories if history.path.startswith(path)]
    return tuple(sorted(runs, key=lambda history: events.at(history.events[0])))


@check(
    _NAME,
    why="What a schedule starts nobody looks at: a run that fails, or sees what another left, is found days later.",
    fix="Compare the two histories: what differs comes from what the runs share (a worker process, a service), or from "
    "a cancellation that is not heeded.",
)
def scheduled_runs_end_alike(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Each run that a schedule starts ends in the way and with the result of the undisturbed work, unless cancelled."""
    action = next((fault.action for fault in evidence.faults if isinstance(fault.action, RunBySchedule)), None)
    if action is None:
        raise NothingToLookAt("no schedule was made of the work")
    calls = client_calls(evidence.tape, "schedule")
    if not calls or calls[0].failure:
        raise CannotTell(f"the work was not scheduled: {calls[0].failure if calls else 'it had not ended'}")
    runs = scheduled_runs(evidence)
    if len(runs) < action.runs:  # of those that it would have left out, the first may have ended too soon for that
        raise CannotTellUnderLoad(f"the schedule started {len(runs)} runs in time, and was to start {action.runs}")
    for number, history in enumerate(runs, 1):
        cancelled = action.overlap == "cancel other" and number == 1
        if words := _wrong(history, evidence, baselines, cancelled=cancelled):
            close = events.close_of(history)
            shown = (showing.event(close),) if close else ()
            message = f"run {number} of a schedule {words}"
            yield Finding(check=_NAME, subject=history.path, message=message, evidence=shown)


def _wrong(history: History, evidence: Evidence, baselines: Sequence[Evidence], *, cancelled: bool) -> str:
    """Say what is wrong with the end of a run, or return an empty text."""
    close = events.close_of(history)
    if close is None:
        return "did not end in time"
    kind = events.kind(close)
    usual = [each for each in map(events.root_close, baselines) if each]
    if cancelled and kind in _ENDS_OF_CANCELLED:
        return ""
    if kind not in {events.kind(each) for each in usual}:
        return f"{kind.removeprefix('WORKFLOW_EXECUTION_').lower()}, which the work does not when somebody starts it"
    result = masking.nameless_result(replace(evidence, histories=(replace(history, root=True),)))
    undisturbed = [masking.nameless_result(baseline.executions[0]) for baseline in baselines]
    pattern = functools.reduce(masking.mask, undisturbed)
    if masking.agrees(result, pattern):
        return ""
    return f"ended with {showing.short(result)}; started by somebody, the work does with {showing.short(pattern)}"
