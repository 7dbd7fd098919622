from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness import checks
from harness.records.evidence import Evidence
from harness.records.message_facts import HttpCall

from .build import Story, judged, killed, nothing, only_finding, passes


def saves(run_id: str = "run-1", *, key: str = "", at: str = "") -> Evidence:
    story = Story(run_id=run_id)
    book = story.activity("book")
    story.effect("note", {"step": 1, **({"at": at} if at else {})}, key=key, task=book).complete(book)
    return story.close().evidence()


def struck_after_effect(*keys: str, bodies: tuple[object, object] = ({"step": 1}, {"step": 1})) -> Evidence:
    story = killed()
    book = story.activity("book")
    story.effect("note", bodies[0], key=keys[0] if keys else "", task=book).strike()
    book = story.again(book)
    story.effect("note", bodies[1], key=keys[1] if keys else "", task=book).complete(book)
    return story.close().evidence()


def test_effect_without_key_happens_twice() -> None:
    finding = only_finding("effects-happen-once", struck_after_effect(), saves())
    assert finding.message == "note of book 1 happened 2 times, expected once"
    assert finding.subject == "note"
    assert str(finding.evidence[0]).endswith("worker 22863  attempt 1")
    assert "worker 22864  attempt 2  (after the strike at 12:00:" in str(finding.evidence[1])


def test_effect_asked_twice_with_one_key_happens_once() -> None:
    evidence, usual = struck_after_effect("k1", "k1"), saves(key="k1")
    passes("effects-happen-once", evidence, usual, usual)
    passes("effect-key-stable", evidence, usual, usual)
    passes("effects-as-baseline", evidence, usual, usual)


def keyed(key: str) -> dict[str, object]:
    return {"step": 1, "idempotencyKey": key}


def test_a_key_in_the_body_is_a_key() -> None:
    story = Story()
    book = story.activity("book")
    usual = story.effect("note", keyed("k1"), task=book).complete(book).close().evidence()
    same = struck_after_effect(bodies=(keyed("k1"), keyed("k1")))
    for name in ("effects-happen-once", "effect-key-stable", "effects-as-baseline"):
        passes(name, same, usual, usual)
    assert judged(checks.HappensOnce("note", key="idempotencyKey"), same, usual).findings == ()
    finding = only_finding("effect-key-stable", struck_after_effect(bodies=(keyed("k1"), keyed("k2"))), usual, usual)
    assert "had 2 keys over its attempts, expected 1: 'k1', 'k2'" in finding.message


def arrived_twice(evidence: Evidence) -> Evidence:
    """Execute the effect of a trial twice, though it was asked for once."""
    (reply,) = (entry for entry in evidence.tape if entry.kind == "reply" and entry.door == "effect")
    return replace(evidence, tape=tuple(each for entry in evidence.tape for each in [entry] * (1 + (entry is reply))))


def test_a_request_without_a_key_that_arrives_twice_happens_twice() -> None:
    finding = only_finding("effects-happen-once", arrived_twice(saves()), saves(), saves())
    assert finding.message == "note of book 1 happened 2 times, expected once"
    keyed = saves(key="k1")
    passes("effects-happen-once", arrived_twice(keyed), keyed, keyed)


def test_key_made_new_per_attempt() -> None:
    evidence, baselines = struck_after_effect("a", "b"), (saves(key="x"), saves("run-2", key="y"))
    assert only_finding("effects-happen-once", evidence, *baselines).subject == "note"
    finding = only_finding("effect-key-stable", evidence, *baselines)
    assert finding.subject == "note of book"
    assert "had 2 keys over its attempts, expected 1: 'a', 'b'" in finding.message
    passes("effects-as-baseline", evidence, *baselines)


def test_key_of_the_attempt_number_is_found_where_the_effect_happens_once() -> None:
    story = killed()
    book = story.activity("book")
    story.strike()
    book = story.again(book)
    story.effect("note", {"step": 1}, key="book-attempt-2", task=book).complete(book)
    usual = saves(key="book-attempt-1")
    assert only_finding("effects-as-baseline", story.close().evidence(), usual, usual).subject == "note key"


def test_several_keys_in_one_attempt_are_no_finding() -> None:
    def evidence(*, strike: bool) -> Evidence:
        story = killed() if strike else Story()
        book = story.activity("book")
        story.effect("charge", {}, key="a", task=book).effect("charge", {}, key="b", task=book)
        if strike:
            book = story.strike().again(book)
        story.effect("charge", {}, key="c", task=book).complete(book)
        return story.close().evidence()

    passes("effect-key-stable", evidence(strike=True), evidence(strike=False))


def test_key_shared_by_two_executions() -> None:
    story = Story()
    for step in (1, 2):
        book = story.activity("book")
        story.effect("note", {"step": step}, key="constant", task=book).complete(book)
    finding = only_finding("effect-key-stable", story.close().evidence())
    assert "book 1 and of book 2 had the same key 'constant'" in finding.message


@pytest.mark.parametrize(
    ("keys", "shared"),
    [
        pytest.param(["constant", "constant"], True, id="one key for both"),
        pytest.param(["agent-1", "agent-2"], False, id="one key each"),
        pytest.param(["agent-1", "agent-1", "agent-2", "agent-2"], False, id="each asks twice"),
        pytest.param(["seldom"], False, id="one of them alone asks"),
    ],
)
def test_key_shared_by_executions_side_by_side_whose_calls_nobody_can_tell_apart(keys: list[str], shared: bool) -> None:
    story, other = Story(), Story(run_id="run-2").close()
    for key in keys:
        story.effect("charge", {"amount": 40}, key=key)
    beside = replace(other.history, workflow_id="agent-2", path="Agent.2")
    evidence = replace(story.close().evidence(), histories=(story.history, beside))
    if shared:
        assert only_finding("effect-key-stable", evidence).message == (
            "charge was asked for by 2 executions with 'constant' alone as key: that of one of them never happens"
        )
    else:
        passes("effect-key-stable", evidence)
    passes("effect-key-stable", story.evidence())  # what it shares, it shares with itself


def test_key_shared_with_an_execution_that_failed_is_no_finding() -> None:
    story = Story()
    book = story.activity("book")
    story.effect("note", {}, key="same", task=book).fail(book)
    book = story.activity("book")
    story.effect("note", {}, key="same", task=book).complete(book)
    passes("effect-key-stable", story.close().evidence())


def test_time_in_the_body_is_masked() -> None:
    baselines = (saves(at="12:00"), saves("run-2", at="12:01"))
    bodies = ({"step": 1, "at": "12:05"}, {"step": 1, "at": "12:06"})
    finding = only_finding("effects-happen-once", struck_after_effect(bodies=bodies), *baselines)
    assert "happened 2 times" in finding.message
    passes("effects-as-baseline", saves(at="12:09"), *baselines)


def test_run_id_in_the_key_is_no_difference_even_to_one_baseline() -> None:
    passes("effects-as-baseline", saves("run-7", key="run-7/1"), saves("run-1", key="run-1/1"))


def test_effect_missing_and_extra() -> None:
    story = killed()
    book = story.activity("book")
    story.strike().effect("note", {"step": 9}, task=story.again(book))
    findings = judged("effects-as-baseline", story.close().evidence(), saves()).findings
    assert [finding.subject for finding in findings] == ["note extra", "note missing"]
    assert len({finding.id for finding in findings}) == 2


def test_loop_that_is_stopped_sooner_or_later_is_no_finding() -> None:
    def pings(count: int) -> Evidence:
        story = Story()
        for _ in range(count):
            book = story.activity("ping")
            story.effect("ping", {}, task=book).complete(book)
        return story.evidence("over")

    for name in ("effects-happen-once", "effects-as-baseline"):
        passes(name, pings(5), pings(3), pings(4))
        passes(name, pings(1), pings(3), pings(3))


def test_reads_and_refused_effects_do_not_count() -> None:
    story = Story()
    book = story.activity("book")
    read, effect = (HttpCall(method=method, path="/search") for method in ("GET", "POST"))
    story.message("effect", "search", task=book, asked=read, status="200")
    story.message("effect", "search", task=book, asked=effect, status="503")
    assert nothing("effects-happen-once", story.complete(book).close().evidence()) == "no effect was executed"


def test_nothing_to_look_at() -> None:
    empty = Story().close().evidence()
    assert nothing("effects-happen-once", empty)
    assert nothing("effect-key-stable", saves())
    assert nothing("effects-as-baseline", empty)


def test_happens_once_by_a_field_of_the_body() -> None:
    check = checks.HappensOnce("note", key="step")
    passes(check, saves(), saves())
    finding = only_finding(check, struck_after_effect(), saves())
    assert finding.message == "note 1 happened 2 times, expected once"
    assert finding.check == "happens-once:note:step"
    assert checks.named(finding.check).property == check.property
    story = killed()
    story.strike(restart=False)
    assert "happened 0 times" in only_finding(check, story.close().evidence(), saves()).message


def test_happens_once_by_the_key_header() -> None:
    passes(checks.HappensOnce("note"), struck_after_effect("k", "k"), saves(key="k"))


def test_happens_once_with_nothing_to_look_at_is_unknown() -> None:
    assert judged(checks.HappensOnce("payment"), saves()).outcome == "UNKNOWN"


def once(body: Any = "x", *, key: str = "") -> Evidence:
    story = Story()
    book = story.activity("book")
    return story.effect("note", body, key=key, task=book).complete(book).close().evidence()


def reply_lost(*keys: str) -> Evidence:
    story = Story()
    book = story.activity("book")
    for key in keys[:-1]:
        story.effect("note", "x", key=key, task=book).drop(injected="effect-reply-lost")
        story.strike(fault="effect-reply-lost").fail(book).wait(1)
        book = story.again(book)
    return story.effect("note", "x", key=keys[-1], task=book).complete(book).close().evidence()


def test_effect_whose_reply_was_lost_happens_once() -> None:
    passes("effects-happen-once", reply_lost("k", "k"), once(key="k"))
    only_finding("effects-happen-once", reply_lost("", ""), once())
    only_finding("effects-happen-once", reply_lost("k", "other"), once(key="k"))
    only_finding("effect-key-stable", reply_lost("k", "other"), once(key="k"))


def test_effect_happens_once_though_the_completion_was_not_heard() -> None:
    def completion_lost(*, again: bool) -> Evidence:
        story = Story()
        book = story.activity("book")
        story.effect("note", "x", task=book).complete(book).drop(status="UNAVAILABLE").strike(fault="reply-lost")
        if again:
            story.effect("note", "x", task=book)
        return story.complete(book, status="NOT_FOUND").close().evidence()

    passes("effects-happen-once", completion_lost(again=False), once())
    only_finding("effects-happen-once", completion_lost(again=True), once())


def given_up(*effects: tuple[str, str, Any], fault: str = "model-400", close: str = "FAILED", **more: Any) -> Evidence:
    """Let effects of activities, by name and body, happen in a workflow that is given up."""
    story = Story()
    story.strike(fault=fault)
    for activity, name, body in effects:
        task = story.activity(activity)
        story.effect(name, body, task=task).complete(task)
    return (story.fail_workflow("NoAnswer") if close == "FAILED" else story.close()).evidence(**more)


def test_effects_may_be_missing_where_the_work_is_given_up() -> None:
    passes("effects-as-baseline", given_up(), once())
    passes(checks.HappensOnce("note"), given_up(), once())
    only_finding("effects-as-baseline", given_up(fault="model-429", close="COMPLETED"), once())
    only_finding(checks.HappensOnce("note"), given_up(fault="model-429", close="COMPLETED"), once())


def test_effects_on_the_way_out_of_a_failure() -> None:
    passes("effects-as-baseline", given_up(("book", "note", "x"), ("undo", "release", "x")), once())
    finding = only_finding("effects-as-baseline", given_up(("book", "note", "other")), once())
    assert "is not in the baseline" in finding.message
    fallback = given_up(("book", "note", "plan b"), close="COMPLETED", falls_back=True)
    passes("effects-as-baseline", fallback, once())


def under(fault: str, said: str) -> Evidence:
    story = Story()
    story.strike(fault=fault)
    book = story.activity("book")
    story.effect("note", {"step": said}, key="k", task=book).complete(book)
    return story.close().evidence()


def test_what_another_answer_of_the_model_leads_to_is_no_finding() -> None:
    usual = saves(key="k")
    passes("effects-as-baseline", under("answer-prose", "a long story"), usual, usual)
    assert {
        found.subject for found in judged("effects-as-baseline", under("model-slow", "a long story"), usual).findings
    } == {
        "note extra",
        "note missing",
    }
