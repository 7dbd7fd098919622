"""Agents that look suspicious and are right: no check may find anything in them."""

from dataclasses import replace
from datetime import timedelta

from temporalio.common import RetryPolicy

from harness import Scenario, signal, start, start_activity
from scenarios.broken.agents.right_answers_remembered import ResearchRemembered
from scenarios.broken.agents.right_bounded_by_time import ChargeBoundedByTime
from scenarios.broken.agents.right_breaker import AskWithBreaker
from scenarios.broken.agents.right_charge_alone import charge_alone as charge_of_its_own
from scenarios.broken.agents.right_checkpoint import PagesResumed
from scenarios.broken.agents.right_early_approval import ApprovalKept
from scenarios.broken.agents.right_failure_told import AskAndTell
from scenarios.broken.agents.right_fallback import MailFallingBack
from scenarios.broken.agents.right_form_in_activity import PlanFromForm
from scenarios.broken.agents.right_memory_cache import DraftCached
from scenarios.broken.agents.right_outage_bounded_by_time import AskForAWhile
from scenarios.broken.agents.right_rare_beats import ArchiveRareBeats
from scenarios.broken.agents.right_rate_limit import SumUpWhenAsked
from scenarios.broken.agents.right_reservation_released import TripUndone
from scenarios.broken.agents.right_same_key_twice import ChargeConfirmed
from scenarios.broken.agents.right_sorted_set import TripInSortedOrder
from scenarios.broken.agents.right_stream import DescribeToTheEnd
from scenarios.broken.agents.right_timer_beats import AskForSeconds
from scenarios.broken.agents.right_tool_once import BookOnce
from scenarios.broken.agents.right_workflow_time import AskByItsOwnTime
from scenarios.broken.agents.right_zombie import ReportSameKey

OF_EACH_KIND = (
    *("model-429", "model-429-seconds", "model-429-milliseconds", "model-429-date", "model-429-zero", "model-429-nan"),
    *("model-429-tokens-date", "model-429-quota", "model-429-quota-seconds"),
    *("model-400", "model-401", "model-408", "model-409", "model-413"),
    *("model-500-once", "model-500-until-healed", "model-500-no-retry", "model-503-retry", "model-529", "model-outage"),
    *("model-reset", "model-short", "model-reply-lost", "model-silent", "model-slow"),
    *("model-truncated", "model-empty", "model-html", "model-null", "model-null-text", "model-no-usage"),
    *("model-length", "answer-refusal", "answer-empty-always"),
)
"""Faults of a model, one of each kind of what its caller hears; the research agent meets all that there are."""

same_key_twice = Scenario(
    worker="python -m scenarios.broken.agents.right_same_key_twice", work=start(ChargeConfirmed.run, "order-1")
)
same_key_twice_by_schedule = replace(same_key_twice, faults=["schedule-waits"])
charge_alone = Scenario(
    worker="python -m scenarios.broken.agents.right_charge_alone",
    work=start_activity(
        charge_of_its_own,
        "order-1",
        start_to_close_timeout=timedelta(minutes=5),
        heartbeat_timeout=30,
        retry_policy=RetryPolicy(maximum_attempts=5),
    ),
    faults=["kill-worker", "cancel-workflow", "started-after-end"],
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
rate_limit = Scenario(
    worker="python -m scenarios.broken.agents.right_rate_limit",
    work=start(SumUpWhenAsked.run, "the minutes"),
    faults=OF_EACH_KIND,
)
fallback = Scenario(
    worker="python -m scenarios.broken.agents.right_fallback",
    work=start(MailFallingBack.run, "the picnic"),
    faults=["model-400", "model-429-quota", "model-outage", "model-truncated"],
    falls_back=True,
)
zombie = Scenario(
    worker="python -m scenarios.broken.agents.right_zombie",
    work=start(ReportSameKey.run, "owls"),
    faults=["pause-worker", "effect-reply-lost"],
)
failure_told = Scenario(
    worker="python -m scenarios.broken.agents.right_failure_told",
    work=start(AskAndTell.run, "why?"),
    faults=["model-400", "model-outage"],
)
outage_bounded_by_time = Scenario(
    worker="python -m scenarios.broken.agents.right_outage_bounded_by_time",
    work=start(AskForAWhile.run, "why?"),
    faults=["model-429-seconds", "model-500-until-healed", "model-outage"],
)
answers_remembered = Scenario(
    worker="python -m scenarios.broken.agents.right_answers_remembered",
    work=start(ResearchRemembered.run, "transformer attention"),
    model="scripts/two_notes.py",
    faults=["terminate-worker", "pause-worker"],
)
reservation_released = Scenario(
    worker="python -m scenarios.broken.agents.right_reservation_released",
    work=start(TripUndone.run, "Rome"),
    faults=["model-400", "model-outage"],
)
stream = Scenario(
    worker="python -m scenarios.broken.agents.right_stream",
    work=start(DescribeToTheEnd.run, "lamp"),
    faults=["stream-half-line", "stream-unfinished"],
)
form_in_activity = Scenario(
    worker="python -m scenarios.broken.agents.right_form_in_activity",
    work=start(PlanFromForm.run, "three days in Rome"),
    model="scripts/fills_the_form.py",
    faults=["answer-prose", "answer-prose-always"],
)
tool_once = Scenario(
    worker="python -m scenarios.broken.agents.right_tool_once",
    work=start(BookOnce.run, "a table for four"),
    model="scripts/books_a_table.py",
    faults=["tool-same-id", "tool-repeated", "answer-tool-call-always"],
)
breaker = Scenario(
    worker="python -m scenarios.broken.agents.right_breaker",
    work=start(AskWithBreaker.run, "why does it rain?"),
    model="scripts/usual_model_out.py",
)
workflow_time = Scenario(
    worker="python -m scenarios.broken.agents.right_workflow_time",
    work=start(AskByItsOwnTime.run, "why does it rain?"),
    model="scripts/usual_model_out.py",
    faults=["model-502"],
)
timer_beats = Scenario(
    worker="python -m scenarios.broken.agents.right_timer_beats",
    work=start(AskForSeconds.run, "why?"),
    faults=["model-silent"],
)

LOOKALIKES = (
    "same_key_twice",
    "same_key_twice_by_schedule",
    "charge_alone",
    "rare_beats",
    "checkpoint",
    "sorted_set",
    "bounded_by_time",
    "early_approval",
    "memory_cache",
    "rate_limit",
    "fallback",
    "zombie",
    "failure_told",
    "outage_bounded_by_time",
    "answers_remembered",
    "reservation_released",
    "stream",
    "form_in_activity",
    "tool_once",
    "breaker",
    "workflow_time",
    "timer_beats",
)
