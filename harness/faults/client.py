"""Faults of those around a workflow: they come early, late, twice or never, cancel it, and start it again."""

from __future__ import annotations

from typing import Literal

from harness.faults.action import Action
from harness.faults.client_actions import (
    AskQueries,
    CancelWorkflow,
    ResetWorkflow,
    RunBySchedule,
    SendAgain,
    SendLate,
    SendNow,
    StartAgain,
    TerminateWorkflow,
)
from harness.faults.fault import Ends, Every, Fault, Need, When
from harness.records.point import Position

_TASK, _ACTIVITY = "RespondWorkflowTaskCompleted", "RespondActivityTaskCompleted"


def _done(
    name: str,
    what: str,
    action: Action,
    *,
    right: str,
    every: Every = "message",
    positions: tuple[Position, ...] = ("before", "after"),
    ends: Ends = "as baseline",
    needs: tuple[Need, ...] = (),
    when: When = "at any time",
    at: Literal["both", "workflow tasks", "activities"] = "both",
) -> Fault:
    """Return a fault that somebody makes while a workflow task or an activity ends."""
    return Fault(
        name=name,
        family="client",
        what=what,
        right=right,
        action=action,
        every=every,
        doors=("wire",),
        positions=positions,
        operations={"both": (_TASK, _ACTIVITY), "workflow tasks": (_TASK,), "activities": (_ACTIVITY,)}[at],
        ends=ends,
        needs_more=needs,
        when=when,
    )


SENT_EARLY = _done(
    "sent-early",
    "The signals and updates that are still to come are sent now, before the agent waits for them.",
    SendNow(),
    right="They count from the moment at which the server took them, and the work ends as if they had come in time.",
    when="before sends",
)

SENT_LATE = _done(
    "sent-late",
    "The signals and updates are sent only when the workflow has ended, or never, where it does not end without them.",
    SendLate(),
    right="The workflow waits for them, or gives up in its own time with an end of its own; who comes late is told.",
    every="once",
    positions=("before",),
    ends="its own way",
    when="before sends",
    at="workflow tasks",
)

SENT_AGAIN = _done(
    "sent-again",
    "A signal or update comes a second time, as when somebody clicks twice.",
    SendAgain("another"),
    right="The second one changes nothing; where each is to count, a key in its arguments tells them apart.",
    positions=("after",),
    when="after sends",
)

REQUEST_REPEATED = _done(
    "request-repeated",
    "The request of a signal or update comes a second time, as from a client that heard no answer.",
    SendAgain("same"),
    right="The server knows the request, and the agent sees it once.",
    every="activity",
    positions=("after",),
    needs=("requests known by their ids",),
    when="after sends",
    at="activities",
)

QUERY_WORKFLOW = _done(
    "query-workflow",
    "The agent is asked all its queries.",
    AskQueries(),
    right="A query only reads: the work goes on and ends as if nobody had asked.",
    positions=("after",),
)

CANCEL_WORKFLOW = _done(
    "cancel-workflow",
    "Somebody asks for the cancellation of the workflow.",
    CancelWorkflow(),
    right="It undoes what has to be undone and ends as cancelled, or in an end of its own; it does not go on working.",
    positions=("before",),
    ends="cancelled",
)

TERMINATE_WORKFLOW = _done(
    "terminate-workflow",
    "Somebody terminates the workflow: none of its code runs any more.",
    TerminateWorkflow(),
    right="Nothing more happens in its name than what was under way, and no worker stumbles over its end.",
    every="activity",
    positions=("before",),
    ends="terminated",
    at="activities",
)

STARTED_AGAIN = _done(
    "started-again",
    "The same work is started with the same workflow id while it is under way; whoever does it is to be refused.",
    StartAgain("fail"),
    right="The second start is refused, and the work goes on as if nobody had tried.",
    every="activity",
    positions=("before",),
    at="activities",
)

STARTED_AGAIN_TO_USE = _done(
    "started-again-to-use",
    "The same work is started with the same workflow id while it is under way, to use the one that there is.",
    StartAgain("use existing"),
    right="Whoever starts it is given the one that is under way, which goes on as if nobody had tried.",
    every="activity",
    positions=("before",),
    at="activities",
)

STARTED_AFTER_END = _done(
    "started-after-end",
    "The same work is started with the same workflow id once more when it has ended, as the default policy allows.",
    StartAgain("allow duplicate"),
    right="What it does outside carries keys of the work and not of the run, so that it happens once; or the work "
    "refuses: it fails by an error that is not to be tried again, and does nothing.",
    every="once",
    positions=("before",),
    at="workflow tasks",
)

STARTED_AFTER_END_REFUSED = _done(
    "started-after-end-refused",
    "The same work is started with the same workflow id when it has ended, under a policy that rejects duplicates.",
    StartAgain("reject duplicate"),
    right="The second start is refused, and the work was done once.",
    every="once",
    positions=("before",),
    at="workflow tasks",
)

RESET_WORKFLOW = _done(
    "reset-workflow",
    "When the work has ended, it is reset to this workflow task, as after a mistake that was found too late.",
    ResetWorkflow("at the end"),
    right="What was done before that task is not done again; what came after it is, under the same keys, so that it "
    "happens once; and the new run ends with an equal result.",
    positions=("after",),
    at="workflow tasks",
    needs=("reset",),
)

RESET_UNDER_WAY = _done(
    "reset-under-way",
    "The workflow is reset to its last workflow task while an activity is under way, whose answer nobody takes then.",
    ResetWorkflow("at once"),
    right="The run that takes its place does that activity again under the same keys, and ends with an equal result.",
    every="activity",
    positions=("before",),
    at="activities",
    needs=("reset",),
)


def _schedule(name: str, overlap: RunBySchedule, *, what: str, right: str) -> Fault:
    """Return a fault by which a schedule runs the work twice."""
    what = f"When the work has ended a schedule starts it twice; the second time, while the first is under way, {what}."
    return _done(
        name,
        what,
        overlap,
        right=right,
        every="once",
        positions=("before",),
        at="workflow tasks",
        needs=("schedules",),
    )


SCHEDULE_SKIPS = _schedule(
    "schedule-skips",
    RunBySchedule("skip"),
    what="is skipped",
    right="The one run of the schedule ends as the work does when somebody starts it.",
)

SCHEDULE_WAITS = _schedule(
    "schedule-waits",
    RunBySchedule("buffer one"),
    what="waits until then",
    right="Both runs end as the work does when somebody starts it.",
)

SCHEDULE_CANCELS = _schedule(
    "schedule-cancels",
    RunBySchedule("cancel other"),
    what="cancels the first",
    right="The first run ends as cancelled, or by itself; the second as the work does when somebody starts it.",
)

SCHEDULE_OVERLAPS = _schedule(
    "schedule-overlaps",
    RunBySchedule("allow all"),
    what="comes beside it",
    right="Both runs end as the work does when somebody starts it: neither sees anything of the other.",
)
