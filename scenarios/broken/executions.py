"""Two executions on one worker, side by side or in sequence: what the one leaves there reaches the other, or may."""

from dataclasses import replace

from harness import Scenario, start
from scenarios.broken.agents import side_by_side

WORKER = "python -m scenarios.broken.agents.side_by_side"

class_attribute_shared = Scenario(
    worker=WORKER, work=start(side_by_side.ClassAttributeShared.run, "Spring", executions=2)
)
default_argument_shared = Scenario(
    worker=WORKER, work=start(side_by_side.DefaultArgumentShared.run, "Spring", executions=2)
)
constants_cached = Scenario(worker=WORKER, work=start(side_by_side.ConstantsCached.run, "Spring", executions=2))
mails_numbered = Scenario(
    worker=WORKER,
    work=start(side_by_side.MailsNumbered.run, "Spring", executions=2, in_sequence=True),
    faults=["started-again"],
)
constants_cached_in_sequence = replace(
    constants_cached,
    work=start(side_by_side.ConstantsCached.run, "Spring", executions=2, in_sequence=True),
    faults=["started-again"],
)
class_attribute_by_schedule = Scenario(
    worker=WORKER, work=start(side_by_side.ClassAttributeShared.run, "Spring"), faults=["schedule-skips"]
)

PLANTED = {
    "class_attribute_shared": ("executions-alike", "baseline"),
    "default_argument_shared": ("executions-alike", "baseline"),
    "mails_numbered": ("executions-alike", "baseline"),
    "class_attribute_by_schedule": (
        "scheduled-runs-end-alike",
        "schedule-skips@before/RespondWorkflowTaskCompleted/ClassAttributeShared/"
        "ScheduleActivityTask-note_in_class.1/attempt-1",
    ),
}
LOOKALIKES = ("constants_cached", "constants_cached_in_sequence")
