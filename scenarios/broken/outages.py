"""Agents that do not end, or do not end cleanly, where the model is of no use any more."""

from harness import Scenario, start
from scenarios.broken.agents.child_left_running import TripWithReminder
from scenarios.broken.agents.outage_without_end import AskThroughOutage
from scenarios.broken.agents.plain_error_in_workflow import AskAndHang
from scenarios.broken.agents.reservation_left import TripHalfDone
from scenarios.broken.agents.timeout_unexpected import AskAndSayWhyNot

plain_error_in_workflow = Scenario(
    worker="python -m scenarios.broken.agents.plain_error_in_workflow",
    work=start(AskAndHang.run, "why?"),
    faults=["model-400"],
    time_limit=15,
)
outage_without_end = Scenario(
    worker="python -m scenarios.broken.agents.outage_without_end",
    work=start(AskThroughOutage.run, "why?"),
    faults=["model-outage"],
    time_limit=15,
)
reservation_left = Scenario(
    worker="python -m scenarios.broken.agents.reservation_left",
    work=start(TripHalfDone.run, "Rome"),
    faults=["model-400"],
)
child_left_running = Scenario(
    worker="python -m scenarios.broken.agents.child_left_running",
    work=start(TripWithReminder.run, "Rome"),
    faults=["model-400"],
)
timeout_unexpected = Scenario(
    worker="python -m scenarios.broken.agents.timeout_unexpected",
    work=start(AskAndSayWhyNot.run, "why?"),
    faults=["model-silent-always"],
)

ASKED = "before/model.chat.completions"
PLANTED = {
    "plain_error_in_workflow": (
        "no-workflow-task-failure",
        f"model-400@{ASKED}/AskAndHang/ask_model.1/attempt-1",
    ),
    "timeout_unexpected": (
        "no-workflow-task-failure",
        f"model-silent-always@{ASKED}/AskAndSayWhyNot/ask_model.1/attempt-1",
    ),
    "outage_without_end": (
        "outage-ends-at-cap",
        f"model-outage@{ASKED}/AskThroughOutage/ask_model.1/attempt-1",
    ),
    "reservation_left": (
        "gives-up-cleanly",
        f"model-400@{ASKED}/TripHalfDone/book.1/attempt-1",
    ),
    "child_left_running": (
        "gives-up-cleanly",
        f"model-400@{ASKED}/TripWithReminder/plan_trip.1/attempt-1",
    ),
}
