"""The end of a run as recorded: updates, signals and activities that it left behind."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.histories.recorded_run import RecordedRun
from harness.audit.histories.sighting import Sighting
from harness.records.audit_result import Certainty
from harness.temporal.event import attributes, number, unfinished_updates, update_name

_OWN_ENDS = ("COMPLETED", "CONTINUED_AS_NEW")


def left_behind(run: RecordedRun) -> Iterator[Sighting]:
    """Yield what was asked of a run that ended by itself, and that it never finished."""
    if run.closed_as in _OWN_ENDS:
        yield from _updates(run)
        yield from _signals(run)
        yield from _activities(run)


def _updates(run: RecordedRun) -> Iterator[Sighting]:
    for event in unfinished_updates(run.history):
        name = update_name(run.history, event) or "an update"
        yield _sighting(run, name, f"the update {name!r} was accepted and never finished", number(event))


def _signals(run: RecordedRun) -> Iterator[Sighting]:
    """Yield signals that no workflow task showed to the workflow."""
    seen = max((number(event) for event in run.history.of_type("WORKFLOW_TASK_STARTED")), default=0)
    for event in run.history.of_type("WORKFLOW_EXECUTION_SIGNALED"):
        if number(event) > seen:
            name = str(attributes(event).get("signalName", ""))
            yield _sighting(run, name, f"the signal {name!r} came and was never seen", number(event))


def _activities(run: RecordedRun) -> Iterator[Sighting]:
    asked = {
        int(attributes(event).get("scheduledEventId") or 0)
        for event in run.history.of_type("ACTIVITY_TASK_CANCEL_REQUESTED")
    }
    for each in run.executions:
        if not each.end and each.event not in asked:
            what = f"{each.activity!r} was still under way, and nobody hears what becomes of it"
            yield _sighting(run, each.activity, what, each.event, certainty=Certainty.LOOK)


def _sighting(
    run: RecordedRun, subject: str, what: str, event: int, *, certainty: Certainty = Certainty.CERTAIN
) -> Sighting:
    how = "continued as new" if run.closed_as == "CONTINUED_AS_NEW" else "completed"
    return Sighting(
        rule="CP205",
        certainty=certainty,
        subject=subject,
        message=f"When {run.workflow} {how}, {what}.",
        fix="Wait for workflow.all_handlers_finished() and for your own tasks, or cancel them, before the run ends.",
        event=event,
    )
