"""Each run that a schedule starts ends as the undisturbed work, unless the schedule cancels it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.evidence import Evidence

from .build import Story, judged, nothing, only_finding, passes

NAME = "scheduled-runs-end-alike"
USUAL = Story().close(result="published").evidence()


def scheduled(*ends: tuple[str, str], fault: str = "schedule-waits", failure: str = "") -> Evidence:
    """Return a trial in which a schedule starts runs that end so, each with a type of event and a result."""
    story = Story()
    story.strike(fault=fault, restart=False)
    story.effect("mail", {"n": 1}).close(result="published")
    story.act("schedule", name="", args=[], workflow_id="agent", failure=failure)
    runs = []
    for number, (kind, result) in enumerate(ends, 1):
        story.effect("mail", {"n": 1})
        run = Story(run_id=f"scheduled-{number}").wait(number)
        ended = run.close(kind, result=result) if kind == "COMPLETED" else run.close(kind)
        runs.append(replace(ended.history, path=f"Agent.scheduled.{number}", workflow_id=f"s-{number}", root=False))
    return replace(story.evidence(), histories=(story.history, *runs))


def test_all_runs_end_as_the_work_does() -> None:
    passes(NAME, scheduled(("COMPLETED", "published"), ("COMPLETED", "published")), USUAL)
    bad = only_finding(NAME, scheduled(("COMPLETED", "published"), ("COMPLETED", "published twice")), USUAL)
    assert bad.message == (
        "run 2 of a schedule ended with ['published twice']; started by somebody, the work does with ['published']"
    )
    failed = only_finding(NAME, scheduled(("FAILED", ""), fault="schedule-skips"), USUAL)
    assert failed.message == "run 1 of a schedule failed, which the work does not when somebody starts it"


def test_the_first_one_may_end_as_cancelled_where_the_schedule_cancels_it() -> None:
    ends = (("CANCELED", ""), ("COMPLETED", "published"))
    passes(NAME, scheduled(*ends, fault="schedule-cancels"), USUAL)
    assert "run 1 of a schedule canceled" in only_finding(NAME, scheduled(*ends), USUAL).message
    only_finding(NAME, scheduled(*reversed(ends), fault="schedule-cancels"), USUAL)


@pytest.mark.parametrize(("failure", "words"), [("", "started 1 runs in time, and was to start 2"), ("no", "no")])
def test_what_was_not_scheduled_shows_nothing(failure: str, words: str) -> None:
    told = judged(NAME, scheduled(("COMPLETED", "published"), failure=failure), USUAL)
    assert (told.outcome, told.excused) == ("UNKNOWN", not failure)  # a run that came too late is looked for in quiet
    assert words in told.reason
    assert nothing(NAME, USUAL) == "no schedule was made of the work"


def test_what_the_runs_of_a_schedule_do_is_no_effect_of_the_work() -> None:
    usual = Story().effect("mail", {"n": 1}).close(result="published").evidence()
    evidence = scheduled(("COMPLETED", "published"), ("COMPLETED", "published"))
    passes("effects-happen-once", evidence, usual)
    passes("effects-as-baseline", evidence, usual)
