"""Agents whose workflow depends on something that no history holds, or forgets what the history told it."""

from harness import Scenario, signal, start
from scenarios.broken.agents.conversation_in_memory import ResearchInMemory
from scenarios.broken.agents.draft_in_memory import DraftInMemory
from scenarios.broken.agents.early_approval_lost import ApprovalReset
from scenarios.broken.agents.set_order import TripInSetOrder

set_order = Scenario(
    worker="python -m scenarios.broken.agents.set_order", work=start(TripInSetOrder.run, "Rome"), time_limit=15
)
early_approval_lost = Scenario(
    worker="python -m scenarios.broken.agents.early_approval_lost",
    work=start(ApprovalReset.run, "Spring"),
    sends=[signal("approve", at="before/RespondActivityTaskCompleted/ApprovalReset/draft.1")],
    time_limit=15,
)
draft_in_memory = Scenario(
    worker="python -m scenarios.broken.agents.draft_in_memory", work=start(DraftInMemory.run, "Spring")
)
conversation_in_memory = Scenario(
    worker="python -m scenarios.broken.agents.conversation_in_memory",
    work=start(ResearchInMemory.run, "transformer attention"),
    model="scripts/two_notes.py",
    faults=["terminate-worker"],
)

PLANTED = {
    "set_order": ("replays", "baseline"),
    "early_approval_lost": ("workflow-ends-as-baseline", "baseline"),
    "draft_in_memory": (
        "workflow-ends-as-baseline",
        "kill-worker@before/effect.publish/DraftInMemory/publish.1/attempt-1",
    ),
    "conversation_in_memory": (
        "workflow-ends-as-baseline",
        "terminate-worker@before/RespondActivityTaskCompleted/ResearchInMemory/take_step.1/attempt-1",
    ),
}
