"""Each run of a schedule does outside what the work does; a key that is no run's own need not be used again."""

from __future__ import annotations

from dataclasses import replace

from harness.records.evidence import Evidence

from .build import Story, nothing, only_finding, passes

NAME = "scheduled-runs-do-alike"
RUN_KEY, ORDER_KEY = "agent/mail", "order-1"


def usual(key: str = RUN_KEY, *, receiver: str = "ann") -> Evidence:
    return Story().effect("mail", {"to": receiver}, key=key).close().evidence()


def scheduled(*effects: tuple[str, str], ends: tuple[str, ...] = ("COMPLETED", "COMPLETED")) -> Evidence:
    """Return a trial in which runs of a schedule mail to these receivers, each under a key."""
    story = Story()
    story.strike(fault="schedule-waits", restart=False)
    story.effect("mail", {"to": "ann"}, key=RUN_KEY).close()
    story.act("schedule", name="", args=[], workflow_id="agent")
    for receiver, key in effects:
        story.effect("mail", {"to": receiver}, key=key)
    runs = []
    for number, kind in enumerate(ends, 1):
        run = Story(run_id=f"scheduled-{number}").wait(number).close(kind)
        runs.append(replace(run.history, path=f"Agent.scheduled.{number}", workflow_id=f"s-{number}", root=False))
    return replace(story.evidence(), histories=(story.history, *runs))


def test_each_run_has_the_effect_under_a_key_of_its_own() -> None:
    passes(NAME, scheduled(("ann", "s-1/mail"), ("ann", "s-2/mail")), usual())
    passes(NAME, scheduled(("ann", ""), ("ann", "")), usual(""))


def test_one_that_a_run_leaves_out_is_found() -> None:
    left_out = only_finding(NAME, scheduled(("ann", "s-1/mail")), usual())
    assert left_out.message == ("mail happened once in 2 runs of a schedule; started by somebody, the work has it once")
    never = only_finding(NAME, scheduled(ends=("COMPLETED",)), usual(""))
    assert never.message == "mail happened 0 times in the one run of a schedule; started by somebody, the work has it"


def test_one_that_happens_once_more_is_found() -> None:
    more = only_finding(NAME, scheduled(*[("ann", f"s-{number}/mail") for number in (1, 2, 3)]), usual())
    assert "mail happened 3 times in 2 runs" in more.message


def test_under_a_key_that_is_no_run_s_own_it_may_have_happened_before() -> None:
    passes(NAME, scheduled(), usual(ORDER_KEY))
    passes(NAME, scheduled(("ann", ORDER_KEY), ("ann", ORDER_KEY)), usual(ORDER_KEY))


def test_another_effect_is_found_unless_a_run_was_cancelled() -> None:
    effects = (("ann", "s-1/mail"), ("ann", "s-2/mail"), ("bob", "s-2/more"))
    assert "had the effect mail with {'to': 'bob'}" in only_finding(NAME, scheduled(*effects), usual()).message
    passes(NAME, scheduled(*effects, ends=("CANCELED", "COMPLETED")), usual())


def test_a_run_that_was_asked_to_end_and_completes_may_have_done_less() -> None:
    evidence = scheduled(("ann", "s-2/mail"))
    work, asked, other = evidence.histories
    *before, close = asked.events
    request = {**close, "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED"}
    asked = replace(asked, events=(*before, request, close))
    passes(NAME, replace(evidence, histories=(work, asked, other)), usual())
    only_finding(NAME, evidence, usual())


def test_where_nothing_was_scheduled_or_done_there_is_nothing_to_look_at() -> None:
    assert nothing(NAME, usual()) == "no schedule started a run"
    silent = Story().close().evidence()
    assert "neither the work nor a run" in nothing(NAME, scheduled(), silent)
    assert "no run of the schedule ended as the work does" in nothing(NAME, scheduled(ends=("FAILED",)), usual())


def test_work_that_fails_rightly_has_its_effects_in_each_run_too() -> None:
    failing = Story().effect("mail", {"to": "ann"}, key=RUN_KEY).close("FAILED").evidence()
    passes(NAME, scheduled(("ann", "s-1/mail"), ends=("FAILED",)), failing)
    only_finding(NAME, scheduled(ends=("FAILED",)), failing)
