"""Each execution of the work is judged by itself, against the same one of the undisturbed runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.checks.executions import each_execution, name_of, never_started
from harness.records.evidence import Evidence
from harness.temporal import event as events

from .build import KILLED, Story, judged, nothing, only_finding, passes

ENDS = "workflow-ends-as-baseline"
ALIKE = "executions-alike"


def two(*, first: str = "fine", second: str = "fine", kind: str = "COMPLETED", end: str = "closed") -> Evidence:
    """Return the evidence of two executions: ``Agent`` ends well, ``Agent.2`` as it is said."""
    one, story = Story().close(result=first), Story(run_id="run-2").wait(1)
    other = (story if kind == "OPEN" else story.close(kind, result=second)).history
    beside = replace(other, workflow_id="agent-2", path="Agent.2")
    return replace(one.evidence(), histories=(one.history, beside), end=end)  # type: ignore[arg-type]


def test_each_is_compared_with_the_same_one() -> None:
    found = list(each_execution(two(), [two(), two()]))
    assert [(name_of(one), [name_of(each) for each in usual]) for one, usual in found] == [
        ("Agent", ["Agent", "Agent"]),
        ("Agent.2", ["Agent.2", "Agent.2"]),
    ]
    passes(ENDS, two(second="other"), two(second="other"))


def test_one_that_ends_otherwise_is_found_by_its_name() -> None:
    (finding,) = judged(ENDS, two(second="bad"), two()).findings
    assert finding.message == "Agent.2 ended with ['bad']; the baseline with ['fine']"


def test_one_that_does_not_end_is_found_and_the_other_is_not() -> None:
    (finding,) = judged(ENDS, two(kind="OPEN", end="deadline"), two()).findings
    assert finding.message.startswith("Agent.2 did not end in time")


def test_one_that_was_never_started_is_found() -> None:
    alone = Story().close().evidence()
    (finding,) = judged(ENDS, alone, two()).findings
    assert (finding.subject, finding.message) == ("Agent.2", "Agent.2 was never started; undisturbed it is")
    assert never_started(two(), [alone]) == []


def test_all_is_over_when_the_last_one_has_closed() -> None:
    last = events.root_close(two())
    assert last is not None
    assert last == events.close_of(two().histories[1])
    assert events.root_close(two(kind="OPEN")) is None


def test_a_fault_that_one_met_is_held_against_no_other() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-400").fail_for_good(book, "Refused", state="NON_RETRYABLE_FAILURE", non_retryable=True)
    story.fail_workflow("Refused")
    (beside,) = two().histories[1:]
    evidence = replace(story.evidence(), histories=(story.history, beside))
    passes(ENDS, evidence, two())
    passes("gives-up-cleanly", evidence, two())


def test_where_a_failure_is_declared_each_ends_as_it_does_undisturbed() -> None:
    story = Story().fail_workflow("Refused")
    declared = replace(two(), histories=(story.history, two().histories[1]), expects_failure="Refused")
    passes(ENDS, declared, declared)
    (finding,) = judged(ENDS, replace(two(), expects_failure="Refused"), declared).findings
    assert finding.message == "Agent completed; the baseline failed"


ALIKE = "executions-alike"


def test_the_same_work_side_by_side_comes_to_the_same() -> None:
    finding = only_finding(ALIKE, two(second="other"))
    assert finding.message == (
        "Agent and Agent.2 are the same work with the same input: one ended with ['fine'], the other with ['other']"
    )
    passes(ALIKE, two(), two(), two())
    assert nothing(ALIKE, Story().close().evidence()) == "no work was done twice with the same input"


def test_results_that_are_swapped_from_run_to_run_are_unlike_all_the_same() -> None:
    swapped = two(first="other", second="fine")
    (finding,) = judged(ALIKE, swapped, swapped, two(second="other")).findings
    assert finding.subject == "Agent"


def test_what_differs_from_run_to_run_is_no_difference_of_executions() -> None:
    first, second = two(first="at 12:01", second="at 12:02"), two(first="at 12:11", second="at 12:12")
    passes(ALIKE, first, first, second)


def test_an_execution_may_name_itself() -> None:
    passes(ALIKE, two(first="by agent", second="by agent-2"))


def in_sequence(*bodies: Any) -> Evidence:
    """Return the evidence of two executions in sequence, each with the effects of its own."""
    story, histories = Story(), []
    for number, of_one in enumerate(bodies, 1):
        path = "Agent" if number == 1 else f"Agent.{number}"
        for body in of_one:
            story.effect("mail", body, workflow=path)
        ended = Story(run_id=f"run-{number}").wait(number).close(result=None).history
        histories.append(replace(ended, workflow_id=f"agent-{number}", path=path))
    return replace(story.evidence(), histories=tuple(histories))


def test_executions_in_sequence_have_the_same_effects_ids_apart() -> None:
    alike = in_sequence([{"of": "agent-1", "n": 1}], [{"of": "agent-2", "n": 1}])
    passes(ALIKE, alike)
    counted = in_sequence([{"n": 1}], [{"n": 2}])
    assert only_finding(ALIKE, counted).message == (
        "Agent and Agent.2 are the same work with the same input: Agent had the effect mail with {'n': 1}; "
        "Agent.2 had the effect mail with {'n': 2}"
    )
    assert only_finding(ALIKE, in_sequence([{"n": 1}, {"n": 1}], [{"n": 1}])).message.endswith("the other had not")
    passes(ALIKE, counted, counted, in_sequence([{"n": 5}], [{"n": 6}]))


def test_what_one_execution_does_twice_does_not_stand_for_what_another_leaves_out() -> None:
    usual = in_sequence([{"n": 1}], [{"n": 1}])
    struck = replace(in_sequence([{"n": 1}, {"n": 1}], []), plan=KILLED)
    assert judged("effects-happen-once", struck, usual).findings
    assert "is missing" in judged("effects-as-baseline", struck, usual).findings[-1].message
