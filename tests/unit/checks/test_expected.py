"""What the user expects is held in every trial, and where the work may give up, that what was done is undone."""

from __future__ import annotations

from typing import Any

import pytest

from harness import checks
from harness.checks.judging import judge
from harness.errors import UsageError
from harness.records.evidence import Evidence
from harness.records.plan import Plan, Strike
from harness.records.verdict import Outcome

from .build import Story, judged, killed, nothing, only_finding, passes

PAID = "expect-effect:charge=1 per order.id"
UNDONE = "undone:book=cancel per trip"


def charged(*orders: str, result: Any = "fine", how: str = "COMPLETED") -> Evidence:
    story = Story()
    pay = story.activity("pay")
    for number, order in enumerate(orders):
        story.effect("charge", {"order": {"id": order}, "n": number}, task=pay)
    return story.complete(pay).close(how, result=result).evidence()


def test_result_that_is_expected() -> None:
    passes('expect-result:{"paid": 1}', charged(result={"paid": 1}))
    finding = only_finding('expect-result:{"paid": true}', charged(result={"paid": 1}))
    assert finding.message == "Agent ended with [{'paid': 1}], expected [{'paid': True}]"
    assert nothing("expect-result:3", charged(how="FAILED")) == "the workflow did not complete"


def test_effect_that_happens_as_often_as_is_expected() -> None:
    passes(PAID, charged("a", "b"))
    passes("expect-effect:charge=3", charged("a", "b", "b"))
    passes("expect-effect:mail=0", charged("a"))
    assert only_finding(PAID, charged("a", "b", "b")).message == (
        "charge of order.id b happened 2 times, expected once"
    )
    assert only_finding(PAID, charged()).message == "charge happened 0 times, expected once"
    assert only_finding("expect-effect:charge=1", charged("a", "b")).message == "charge happened 2 times, expected once"


def test_an_effect_is_expected_by_its_name_with_or_without_the_id_in_it() -> None:
    evidence = Story().effect("orders/ID/charge", {}).close().evidence()
    passes("expect-effect:orders/ID/charge=1", evidence)
    passes("expect-effect:orders/0b0f5f7e-6a44-4a4c-9c0d-1f0e6f2a9d21/charge=1", evidence)
    only_finding("expect-effect:orders/0b0f5f7e-6a44-4a4c-9c0d-1f0e6f2a9d21/charge=2", evidence)


def test_wrong_from_the_start_is_told_with_the_baseline_alone() -> None:
    story = killed().strike()
    pay = story.activity("pay")
    struck = story.complete(pay).close().evidence()
    undisturbed = charged()
    assert judge(undisturbed, baselines=[undisturbed], checks=[checks.named(PAID)]).outcome is Outcome.FAIL
    assert judge(struck, baselines=[undisturbed], checks=[checks.named(PAID)]).findings == ()


def trip(*done: tuple[str, str], how: str = "FAILED", may_fail: bool = True) -> Evidence:
    """Return the evidence of a trip under a kill: effects and the trips that they belong to, in order."""
    story = killed().strike()
    for name, which in done:
        task = story.activity(f"do_{name}")
        story.effect(name, {"trip": which}, key=f"{name}-{which}", task=task).complete(task)
    return story.close(how).evidence(may_fail=may_fail)


def undisturbed() -> Evidence:
    story = Story()
    for name in ("book", "pay"):
        task = story.activity(f"do_{name}")
        story.effect(name, {"trip": "x"}, key=f"{name}-x", task=task).complete(task)
    return story.close().evidence(may_fail=True)


def test_saga_that_gives_up_and_undoes_what_it_did_passes() -> None:
    undone = trip(("book", "x"), ("cancel", "x"))
    assert checks.named(UNDONE).property == "Where the workflow gives up, each book is undone by cancel."
    passes(UNDONE, undone, undisturbed())
    verdict = judge(undone, baselines=[undisturbed()], checks=[*checks.standard, checks.named(UNDONE)])
    assert verdict.findings == ()


def test_undoing_that_cannot_be_ascribed_is_no_effect_too_many() -> None:
    def gave_up(*, undoing: bool) -> Evidence:
        story = killed()
        task = story.activity("do_book")
        story.effect("book", {"trip": "x"}, key="book-x", task=task).strike()
        undo = story.activity("do_cancel") if undoing else None
        story.effect("cancel", {"trip": "x"}, key="cancel-x")
        if undo:
            story.complete(undo)
        return story.close("FAILED").evidence(may_fail=True)

    passes("effects-as-baseline", gave_up(undoing=True), undisturbed())
    assert (
        "is not in the baseline" in only_finding("effects-as-baseline", gave_up(undoing=False), undisturbed()).message
    )


@pytest.mark.parametrize(("fault", "is_looked_at"), [("terminate-workflow", False), ("cancel-workflow", True)])
def test_a_workflow_that_a_client_terminates_undoes_nothing_and_one_that_is_cancelled_does(
    fault: str, is_looked_at: bool
) -> None:
    story = Story()
    task = story.activity("do_book")
    story.effect("book", {"trip": "x"}, key="book-x", task=task)
    story.strike(fault=fault, restart=False).complete(task)
    evidence = story.close("CANCELED" if is_looked_at else "TERMINATED").evidence(may_fail=True)
    if is_looked_at:
        assert "cancel never did" in only_finding(UNDONE, evidence, undisturbed()).message
    else:
        assert "none of its code runs then" in nothing(UNDONE, evidence, undisturbed())


def test_saga_that_gives_up_half_done_fails_by_name() -> None:
    finding = only_finding(UNDONE, trip(("book", "x")), undisturbed())
    assert finding.message == "book of trip x happened, and cancel never did, though Agent gave up"
    # What is cancelled first, or for another trip, undoes nothing.
    for done in ((("cancel", "x"), ("book", "x")), (("book", "x"), ("cancel", "y"))):
        assert "cancel never did" in only_finding(UNDONE, trip(*done), undisturbed()).message
    twice = trip(("book", "x"), ("cancel", "x"), ("book", "y"))
    assert only_finding("undone:book=cancel", twice, undisturbed()).message == (
        "book happened 2 times, and cancel only did once, though Agent gave up"
    )


@pytest.mark.parametrize("tried", [True, False])
@pytest.mark.parametrize("fault", ["effect-outage", "effect-silent-always", "effect-unknown-name"])
def test_what_no_service_does_any_more_need_only_be_tried(fault: str, tried: bool) -> None:
    story = Story(plan=Plan((Strike(fault, "before/effect.pay/Agent/do_pay.1/attempt-1"),)))
    book, pay = story.activity("do_book"), story.activity("do_pay")
    story.effect("book", {"trip": "x"}, key="book-x", task=book).complete(book)
    story.strike(fault=fault, restart=False).fail_for_good(pay, state="MAXIMUM_ATTEMPTS_REACHED")
    if tried:
        cancel = story.activity("do_cancel")
        if fault != "effect-unknown-name":
            story.effect("cancel", {"trip": "x"}, task=cancel, executed=False)
        story.fail_for_good(cancel, state="MAXIMUM_ATTEMPTS_REACHED")
    evidence = story.close("FAILED").evidence()
    if tried:
        passes(UNDONE, evidence, undisturbed())
    else:
        assert "cancel never did" in only_finding(UNDONE, evidence, undisturbed()).message


def test_where_one_effect_alone_fails_what_undoes_another_one_is_not_only_tried() -> None:
    story = Story(plan=Plan((Strike("effect-500-once", "before/effect.cancel/Agent/do_cancel.1/attempt-1"),)))
    book = story.activity("do_book")
    story.effect("book", {"trip": "x"}, key="book-x", task=book).complete(book)
    cancel = story.strike(fault="effect-500-once", restart=False).activity("do_cancel")
    story.effect("cancel", {"trip": "x"}, task=cancel, executed=False)
    story.fail_for_good(cancel, state="MAXIMUM_ATTEMPTS_REACHED")
    assert "cancel never did" in only_finding(UNDONE, story.close("FAILED").evidence(), undisturbed()).message


def test_an_effect_of_another_name_than_any_that_happens_is_not_taken_for_undone() -> None:
    verdict = judged("undone:shop=cancel", trip(("book/shop", "x")), undisturbed())
    assert (verdict.outcome, verdict.reason) == (
        Outcome.UNKNOWN,
        "whether shop is undone cannot be told: what happens is book, book/shop, pay (did you mean 'book/shop'?)",
    )
    # One that was not come to yet is known undisturbed.
    passes(UNDONE, trip(("pay", "x")), undisturbed())


def test_giving_up_is_right_only_where_it_is_said() -> None:
    gave_up = trip(("book", "x"), ("cancel", "x"), may_fail=False)
    finding = only_finding("workflow-ends-as-baseline", gave_up, undisturbed())
    assert "failed, expected it to complete" in finding.message
    assert nothing(UNDONE, trip(("book", "x"), ("pay", "x"), how="COMPLETED"), undisturbed())


@pytest.mark.parametrize(
    "name", ["expect-result:{", "expect-effect:charge", "expect-effect:a=b", "undone:book", "undone:"]
)
def test_what_cannot_be_understood_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checks.named(name)
