"""Agents that look suspicious and are right: no check may find anything in them."""

from harness import Scenario, signal, start
from scenarios.broken.agents.right_bounded_by_time import ChargeBoundedByTime
from scenarios.broken.agents.right_checkpoint import PagesResumed
from scenarios.broken.agents.right_early_approval import ApprovalKept
from scenarios.broken.agents.right_memory_cache import DraftCached
from scenarios.broken.agents.right_rare_beats import ArchiveRareBeats
from scenarios.broken.agents.right_same_key_twice import ChargeConfirmed
from scenarios.broken.agents.right_sorted_set import TripInSortedOrder

same_key_twice = Scenario(
    worker="python -m scenarios.broken.agents.right_same_key_twice", work=start(ChargeConfirmed.run, "order-1")
)
rare_beats = Scenario(
    worker="python -m scenarios.broken.agents.right_rare_beats", work=start(ArchiveRareBeats.run, "report")
)
checkpoint = Scenario(worker="python -m scenarios.broken.agents.right_checkpoint", work=start(PagesResumed.run, 2))
sorted_set = Scenario(
    worker="python -m scenarios.broken.agents.right_sorted_set", work=start(TripInSortedOrder.run, "Rome")
)
bounded_by_time = Scenario(
    worker="python -m scenarios.broken.agents.right_bounded_by_time", work=start(ChargeBoundedByTime.run, "order-1")
)
early_approval = Scenario(
    worker="python -m scenarios.broken.agents.right_early_approval",
    work=start(ApprovalKept.run, "Spring"),
    sends=[signal("approve", at="before/RespondActivityTaskCompleted/ApprovalKept/draft.1")],
)
memory_cache = Scenario(
    worker="python -m scenarios.broken.agents.right_memory_cache", work=start(DraftCached.run, "Spring")
)

LOOKALIKES = (
    "same_key_twice",
    "rare_beats",
    "checkpoint",
    "sorted_set",
    "bounded_by_time",
    "early_approval",
    "memory_cache",
)
