"""What is sent once all work has closed meets no work: it is no point to strike at."""

from __future__ import annotations

from math import inf

from harness import faults
from harness.checks.closing import closed_at, sent_while_open
from harness.records.evidence import Evidence
from harness.records.options import SweepOptions
from harness.sweeps.plans import first_plans, known_cuts

from .build import Story

KILL = faults.named("kill-worker")


def ended(*, closes: bool) -> Evidence:
    """A program whose worker gives an activity up as it ends, after its workflow has closed."""
    story = Story()
    endless = story.activity("endless")
    story.message("wire", "RespondWorkflowTaskCompleted", workflow_task=True)
    if closes:
        story.now -= 0.005  # the answer comes after the event
        story.close("CANCELED").wait(0.1)
    story.message("wire", "ShutdownWorker")
    story.fail(endless, "WorkerShutdown")
    return story.evidence("closed" if closes else "over")


def operations(evidence: Evidence) -> list[str]:
    cuts = known_cuts([KILL], [evidence, evidence], only=(), lacks=lambda fault: "").cuts
    plans = first_plans(cuts, baseline=evidence, options=SweepOptions())
    return list(dict.fromkeys(strike.point.split("/")[1] for plan in plans for strike in plan.strikes))


def test_an_attempt_that_is_given_up_after_the_close_is_not_struck() -> None:
    evidence = ended(closes=True)
    assert closed_at(evidence) < evidence.tape[-1].at
    assert [entry for entry in evidence.tape if entry not in sent_while_open(evidence)] == list(evidence.tape[-2:])
    assert operations(evidence) == ["RespondWorkflowTaskCompleted", "ShutdownWorker"]


def test_while_the_workflow_is_open_all_is_struck() -> None:
    evidence = ended(closes=False)
    assert closed_at(evidence) == inf
    assert sent_while_open(evidence) == list(evidence.tape)
    assert "RespondActivityTaskFailed" in operations(evidence)
