"""Agents whose time is the wrong clock's, or never called off, or not enough, or cut off; and their twins."""

from harness import Scenario, expects, let_pass, signal, start
from scenarios.broken.agents import deadlines, right_deadlines

WRONG = "python -m scenarios.broken.agents.deadlines"
RIGHT = "python -m scenarios.broken.agents.right_deadlines"
DRAFTED = "before/RespondActivityTaskCompleted/{}/draft.1"
WAITING = "after/RespondWorkflowTaskCompleted/{}/StartTimer-1"

deadline_not_called_off = Scenario(
    worker=WRONG,
    work=start(deadlines.DeadlineNotCalledOff.run, "Spring"),
    sends=[let_pass(minutes=10, at=DRAFTED.format("DeadlineNotCalledOff")), signal("approve", at="then")],
    faults=["effect-500-once"],
)
deadline_by_wall_clock = Scenario(
    worker=WRONG,
    work=start(deadlines.DeadlineByWallClock.run, "Spring"),
    sends=[signal("approve", at=WAITING.format("DeadlineByWallClock"))],
    faults=["effect-500-once"],
)
ladder_too_long = Scenario(worker=WRONG, work=start(deadlines.LadderTooLong.run, "Spring"), faults=["effect-500-once"])
undo_not_shielded = Scenario(
    worker=WRONG,
    work=start(deadlines.UndoNotShielded.run, "Spring"),
    fails="TextRefused",
    faults=["cancel-workflow"],
    expects=expects(undone="publish=withdraw per text"),
)

deadline_called_off = Scenario(
    worker=RIGHT,
    work=start(right_deadlines.DeadlineCalledOff.run, "Spring"),
    sends=[let_pass(minutes=10, at=DRAFTED.format("DeadlineCalledOff")), signal("approve", at="then")],
    faults=["effect-500-once"],
)
deadline_by_workflow_time = Scenario(
    worker=RIGHT,
    work=start(right_deadlines.DeadlineByWorkflowTime.run, "Spring"),
    sends=[signal("approve", at=WAITING.format("DeadlineByWorkflowTime"))],
    faults=["effect-500-once"],
)
ladder_that_fits = Scenario(
    worker=RIGHT,
    work=start(right_deadlines.LadderThatFits.run, "Spring"),
    sends=[let_pass(minutes=1, at=DRAFTED.format("LadderThatFits"))],
    faults=["effect-500-once"],
)
undo_shielded = Scenario(
    worker=RIGHT,
    work=start(right_deadlines.UndoShielded.run, "Spring"),
    fails="TextRefused",
    faults=["cancel-workflow"],
    expects=expects(undone="publish=withdraw per text"),
)

PUBLISHED = "effect-500-once@before/effect.publish/{}/publish.1/attempt-1"
PLANTED = {
    "deadline_not_called_off": ("workflow-ends-as-baseline", PUBLISHED.format("DeadlineNotCalledOff")),
    "deadline_by_wall_clock": ("replays", "baseline"),
    "ladder_too_long": ("workflow-ends-as-baseline", PUBLISHED.format("LadderTooLong")),
    "undo_not_shielded": (
        "undone:publish=withdraw per text",
        "cancel-workflow@before/RespondActivityTaskCompleted/UndoNotShielded/withdraw.1/attempt-1",
    ),
}
LOOKALIKES = ("deadline_called_off", "deadline_by_workflow_time", "ladder_that_fits", "undo_shielded")
