"""Agents that are wrong when those around them come early, late, twice, cancel, ask or start again; and their twins."""

from harness import Scenario, expects, explores, let_pass, signal, start, update
from scenarios.broken.agents import approvals, right_approvals
from scenarios.broken.agents.approval_as_published import ApprovalAsPublished
from scenarios.broken.agents.started_twice_pays_twice import StartedTwicePaysTwice

WRONG = "python -m scenarios.broken.agents.approvals"
RIGHT = "python -m scenarios.broken.agents.right_approvals"
DRAFTED = "before/RespondActivityTaskCompleted/{}/draft.1"

approval_forgotten = Scenario(
    worker=WRONG,
    work=start(approvals.ApprovalForgotten.run, "Spring"),
    sends=[signal("approve", at="after/RespondWorkflowTaskCompleted/ApprovalForgotten/no-commands")],
    faults=["sent-early"],
    time_limit=15,
)
approval_counted = Scenario(
    worker=WRONG,
    work=start(approvals.ApprovalCounted.run, "Spring"),
    sends=[signal("approve", at=DRAFTED.format("ApprovalCounted"))],
    faults=["sent-again"],
)
approval_overdue = Scenario(
    worker=WRONG,
    work=start(approvals.ApprovalOverdue.run, "Spring"),
    sends=[let_pass(hours=1, at=DRAFTED.format("ApprovalOverdue")), signal("approve", at="then")],
    faults=["sent-late"],
    time_limit=30,
)
cancel_swallowed = Scenario(
    worker=WRONG, work=start(approvals.CancelSwallowed.run, "Spring"), faults=["cancel-workflow"]
)
cancel_not_undone = Scenario(
    worker=WRONG,
    work=start(approvals.CancelNotUndone.run, "Spring"),
    faults=["cancel-workflow"],
    expects=expects(undone="publish=withdraw"),
)
query_counts = Scenario(worker=WRONG, work=start(approvals.QueryCounts.run, "Spring"), faults=["query-workflow"])
started_twice_pays_twice = Scenario(
    worker="python -m scenarios.broken.agents.started_twice_pays_twice",
    work=start(StartedTwicePaysTwice.run, "Spring"),
    faults=["started-after-end", "started-after-end-refused", "reset-workflow"],
)
update_cut_off = Scenario(
    worker=WRONG,
    work=start(approvals.UpdateCutOff.run, "Spring"),
    sends=[update("approve", "Spring", at="after/RespondWorkflowTaskCompleted/UpdateCutOff/no-commands")],
    faults=["sent-early"],
)
approval_as_published = Scenario(
    worker="python -m scenarios.broken.agents.approval_as_published",
    work=start(ApprovalAsPublished.run, "a picnic"),
    sends=[
        let_pass(hours=1, at="before/RespondActivityTaskCompleted/ApprovalAsPublished/persist_checkpoint.1"),
        signal("human_approve", "go", at="then"),
    ],
    faults=["sent-late", "effect-reply-lost"],
    time_limit=30,
)

approval_once = Scenario(
    worker=RIGHT,
    work=start(right_approvals.ApprovalOnce.run, "Spring"),
    sends=[let_pass(hours=1, at=DRAFTED.format("ApprovalOnce")), signal("approve", at="then")],
    faults=["sent-late", "sent-again", "request-repeated", "query-workflow", "started-again-to-use"],
)
approval_for_ever = Scenario(
    worker=RIGHT,
    work=start(right_approvals.ApprovalForEver.run, "Spring"),
    sends=[update("approve", "Spring", at=DRAFTED.format("ApprovalForEver"))],
    faults=["sent-early", "sent-late"],
)
cancel_undone = Scenario(
    worker=RIGHT,
    work=start(right_approvals.CancelUndone.run, "Spring"),
    faults=["cancel-workflow", "schedule-cancels", "schedule-overlaps"],
    expects=expects(undone="publish=withdraw"),
)
cancel_told = Scenario(
    worker=RIGHT,
    work=start(right_approvals.CancelTold.run, "Spring"),
    faults=["cancel-workflow", "terminate-workflow", "started-after-end", "reset-workflow", "reset-under-way"],
    explores=explores(completes_cancelled=True),
)

PLANTED = {
    "approval_forgotten": (
        "workflow-ends-as-baseline",
        "sent-early@before/RespondActivityTaskCompleted/ApprovalForgotten/draft.1/attempt-1",
    ),
    "approval_counted": (
        "workflow-ends-as-baseline",
        "sent-again@after/RespondActivityTaskCompleted/ApprovalCounted/publish.1/attempt-1",
    ),
    "approval_overdue": (
        "no-workflow-task-failure",
        "sent-late@before/RespondWorkflowTaskCompleted/ApprovalOverdue/ScheduleActivityTask-draft.1/attempt-1",
    ),
    "cancel_swallowed": (
        "workflow-ends-as-baseline",
        "cancel-workflow@before/RespondActivityTaskCompleted/CancelSwallowed/draft.1/attempt-1",
    ),
    "cancel_not_undone": (
        "undone:publish=withdraw",
        "cancel-workflow@before/RespondWorkflowTaskCompleted/CancelNotUndone/StartTimer-1/attempt-1",
    ),
    "query_counts": (
        "workflow-ends-as-baseline",
        "query-workflow@after/RespondWorkflowTaskCompleted/QueryCounts/ScheduleActivityTask-draft.1/attempt-1",
    ),
    "started_twice_pays_twice": (
        "effects-happen-once",
        "started-after-end@before/RespondWorkflowTaskCompleted/StartedTwicePaysTwice/"
        "ScheduleActivityTask-publish_by_run.1/attempt-1",
    ),
    "update_cut_off": ("updates-finished", "baseline"),
    "approval_as_published": (
        "no-workflow-task-failure",
        "sent-late@before/RespondWorkflowTaskCompleted/ApprovalAsPublished/ScheduleActivityTask-search_web.1/attempt-1",
    ),
}
ALSO_PLANTED = {
    "query_counts": tuple(
        ("workflow-ends-as-baseline", f"query-workflow@after/{answered}/attempt-1")
        for answered in (
            "RespondActivityTaskCompleted/QueryCounts/draft.1",
            "RespondWorkflowTaskCompleted/QueryCounts/ScheduleActivityTask-publish.1",
        )
    ),
    "approval_as_published": (
        (
            "effects-happen-once",
            "effect-reply-lost@after/effect.checkpoint/ApprovalAsPublished/persist_checkpoint.1/attempt-1",
        ),
    ),
    "started_twice_pays_twice": (
        (
            "effects-happen-once",
            "reset-workflow@after/RespondWorkflowTaskCompleted/StartedTwicePaysTwice/"
            "ScheduleActivityTask-publish_by_run.1/attempt-1",
        ),
    ),
}
LOOKALIKES = ("approval_once", "approval_for_ever", "cancel_undone", "cancel_told")
