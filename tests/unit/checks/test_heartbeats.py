from __future__ import annotations

from dataclasses import replace

from harness.records.evidence import Evidence, Sample

from .build import NOON, POLICY, Story, judged, killed, nothing, only_finding, passes

TIMED_OUT = {"timeoutFailureInfo": {"timeoutType": "TIMEOUT_TYPE_HEARTBEAT"}}


def test_beats_without_a_declared_timeout() -> None:
    story = Story()
    book = story.activity("book")
    story.beat(book, 1).complete(book)
    finding = only_finding("heartbeat-declared", story.close().evidence())
    assert finding.message == "book 1 beats but declares no heartbeat timeout: the beats do nothing"


def test_long_activity_without_heartbeats() -> None:
    story = Story()
    book = story.activity("book")
    story.wait(12).complete(book)
    assert "ran 12 s and declares no heartbeat timeout" in only_finding("heartbeat-declared", story.evidence()).message


def test_attempt_that_may_take_hours_before_anybody_notices_that_its_worker_died() -> None:
    story = Story()
    book = story.activity("book", startToCloseTimeout="14400s")
    finding = only_finding("heartbeat-declared", story.complete(book).close().evidence())
    assert finding.message == (
        "book 1 may take 4 h and declares no heartbeat timeout: that its worker died is noticed only when they are over"
    )


def test_nothing_is_declared_wrong_where_a_worker_that_dies_is_not_waited_for() -> None:
    story = Story()
    for declared in (
        {"startToCloseTimeout": "14400s", "heartbeatTimeout": "30s"},
        {"startToCloseTimeout": "14400s", "scheduleToCloseTimeout": "600s"},
        {"startToCloseTimeout": "14400s", "retryPolicy": {**POLICY, "maximumAttempts": 1}},
        {"startToCloseTimeout": "1800s"},
    ):
        story.complete(story.activity("book", **declared))
    approved = story.activity("approve", startToCloseTimeout="259200s")
    story.complete(replace(approved, worker=0))  # somebody else's program has the task token
    passes("heartbeat-declared", story.close().evidence())


def test_short_bounded_or_killed_activities_are_no_finding() -> None:
    story = killed()
    short = story.activity("short")
    story.wait(3).complete(short)
    bounded = story.activity("bounded", startToCloseTimeout="20s")
    story.wait(15).complete(bounded)
    beating = story.activity("beating", heartbeatTimeout="5s")
    story.beat(beating, 1).complete(beating)
    lost = story.activity("lost")
    story.strike().wait(300).complete(story.again(lost))
    passes("heartbeat-declared", story.close().evidence())
    assert nothing("heartbeat-declared", Story().close().evidence()) == "no activity was handed out"


def test_gap_longer_than_the_timeout() -> None:
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    story.beat(book, 1).wait(4).beat(book, 2).complete(book)
    finding = only_finding("heartbeat-in-time", story.close().evidence())
    assert finding.message == "book 1 sent nothing for 4.0 s; its heartbeat timeout is 2 s"


def test_gap_before_the_next_attempt_of_a_living_worker() -> None:
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    story.beat(book, 1).wait(5).complete(story.again(book))
    only_finding("heartbeat-in-time", story.close().evidence())


def test_timed_out_by_the_server_while_alive() -> None:
    def seen_in_samples(story: Story) -> Evidence:
        book = story.activity("book", heartbeatTimeout="2s")
        story.wait(2.2)
        pending = {"activityId": book.activity_id, "attempt": 2, "lastFailure": TIMED_OUT}
        story.samples.append(Sample(at=story.now, workflow_id="agent", run_id="run-1", pending=(pending,)))
        return story.complete(story.again(book)).close().evidence()

    assert "attempt 1 was timed out" in only_finding("heartbeat-in-time", seen_in_samples(Story())).message
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    book = story.wait(2.2).again(book)
    story.ends(book, "COMPLETED", last_failure=TIMED_OUT)
    only_finding("heartbeat-in-time", story.close().evidence())
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    story.ends(book, "TIMED_OUT", failure=TIMED_OUT)
    only_finding("heartbeat-in-time", story.close().evidence())


def test_killed_or_hurried_attempts_and_regular_beats_are_no_finding() -> None:
    story = killed()
    book = story.activity("book", heartbeatTimeout="2s")
    story.wait(1.6).beat(book, 1).wait(1.9).beat(book, 2).strike().wait(30)
    book = story.again(book)
    story.ends(book, "COMPLETED", last_failure=TIMED_OUT)
    passes("heartbeat-in-time", story.close().evidence())
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    story.act("accelerate", what="activity", activity_id=book.activity_id).ends(book, "TIMED_OUT", failure=TIMED_OUT)
    passes("heartbeat-in-time", story.close().evidence())
    assert nothing("heartbeat-in-time", Story().close().evidence()) == "no activity declares a heartbeat timeout"


def detected_after(seconds: float, *, real_time: bool = True) -> Evidence:
    story = killed(real_time=real_time)
    book = story.activity("book", heartbeatTimeout="5s")
    story.strike().wait(seconds).complete(story.again(book))
    return story.close().evidence()


def test_detected_only_at_start_to_close() -> None:
    finding = only_finding("heartbeat-detected-in-time", detected_after(300))
    assert "attempt 2 began 300.0 s after the strike, expected within 16.0 s" in finding.message
    passes("heartbeat-detected-in-time", detected_after(7))
    passes("heartbeat-detected-in-time", detected_after(300, real_time=False))


def test_never_detected() -> None:
    story = killed()
    story.activity("book", heartbeatTimeout="5s")
    story.strike().wait(100)
    finding = only_finding("heartbeat-detected-in-time", story.evidence("deadline"))
    assert "there was no attempt 2" in finding.message
    passes("heartbeat-detected-in-time", story.close().evidence())


def test_detection_with_nothing_to_look_at() -> None:
    story = killed()
    book = story.activity("book", heartbeatTimeout="5s")
    story.complete(book).strike()
    assert nothing("heartbeat-detected-in-time", story.close().evidence())


def resumed(*, details: list[object] | None, last_executed: bool = True, fails: bool = False) -> Evidence:
    story = killed()
    book = story.activity("book", heartbeatTimeout="5s")
    story.beat(book, 1).beat(book, 2, executed=last_executed)
    if fails:
        story.fail(book)
    else:
        story.strike()
    story.complete(story.again(book, details=details))
    return story.close().evidence()


def test_details_not_delivered() -> None:
    name = "heartbeat-details-delivered"
    assert "was handed the details None, expected [2]" in only_finding(name, resumed(details=None)).message
    only_finding(name, resumed(details=[1]))
    passes(name, resumed(details=[2]))
    passes(name, resumed(details=[1], last_executed=False))
    passes(name, resumed(details=[3], fails=True))
    assert nothing(name, Story().close().evidence()) == "no attempt followed one that had beaten"


def steps(story: Story, *, done: int, resume: int, beats: int = 0) -> Evidence:
    """Four steps; the strike comes after ``done`` of them, and the next attempt resumes at ``resume``."""
    book = story.activity("book", heartbeatTimeout="5s")
    for step in range(1, done + 1):
        story.model({"ask": step}, task=book).effect("note", {"step": step}, key=f"k{step}", task=book)
        if step <= (beats or done):
            story.beat(book, step)
    if done < 4:
        book = story.strike().again(book, details=[done])
        for step in range(resume, 5):
            story.model({"ask": step}, task=book).effect("note", {"step": step}, key=f"k{step}", task=book)
    return story.complete(book).close().evidence()


def test_checkpoint_off_by_one() -> None:
    usual = steps(Story(), done=4, resume=0)
    finding = only_finding("no-work-redone", steps(killed(), done=2, resume=2), usual)
    assert finding.message == (
        "book 1 attempt 2 was handed the checkpoint [2] and did chat.completions again, which was done before it"
    )
    assert finding.evidence[0].at.startswith("12:00:0")
    passes("no-work-redone", steps(killed(), done=2, resume=3), usual)


def test_work_after_the_last_beat_may_be_done_again() -> None:
    usual = steps(Story(), done=4, resume=0)
    passes("no-work-redone", steps(killed(), done=2, resume=2, beats=1), usual)


def test_same_question_asked_often_is_no_finding() -> None:
    def polls(story: Story, *, strike: bool) -> Evidence:
        book = story.activity("book", heartbeatTimeout="5s")
        story.model({"ask": "ready?"}, task=book).beat(book, 1)
        if strike:
            book = story.strike().again(book, details=[1])
        story.model({"ask": "ready?"}, task=book).complete(book)
        return story.close().evidence()

    passes("no-work-redone", polls(killed(), strike=True), polls(Story(), strike=False))


def test_no_checkpoint_was_handed_out() -> None:
    assert nothing("no-work-redone", steps(Story(), done=4, resume=0)) == "no attempt was handed a checkpoint"
    assert judged("no-work-redone", Story(now=NOON).close().evidence()).outcome is None


def test_asking_again_with_the_key_of_an_effect_is_no_finding() -> None:
    def notes(story: Story, *, strike: bool) -> Evidence:
        book = story.activity("book", heartbeatTimeout="5s")
        story.effect("note", {"step": 1}, key="k1", task=book).beat(book, "answer")
        if strike:
            book = story.strike().again(book, details=["answer"])
        return story.effect("note", {"step": 1}, key="k1", task=book).complete(book).close().evidence()

    usual = notes(Story(), strike=False)
    passes("no-work-redone", notes(killed(), strike=True), usual)


def test_beat_made_before_a_call_and_seen_after_it_is_no_checkpoint() -> None:
    def thinks(story: Story, *, strike: bool, early: bool) -> Evidence:
        book = story.activity("book", heartbeatTimeout="5s")
        if early:
            story.beat(book, "thinking")
        story.model({"ask": 1}, task=book)
        if not early:
            story.beat(book, "thinking")
        if strike:
            book = story.strike().again(book, details=["thinking"])
            story.model({"ask": 1}, task=book)
        return story.complete(book).close().evidence()

    usual = thinks(Story(), strike=False, early=True)
    passes("no-work-redone", thinks(killed(), strike=True, early=False), usual)
    late = thinks(Story(), strike=False, early=False)
    only_finding("no-work-redone", thinks(killed(), strike=True, early=False), late)


def test_empty_details_are_no_checkpoint() -> None:
    story = killed()
    book = story.activity("book", heartbeatTimeout="5s")
    story.model({"ask": 1}, task=book).beat(book, "")
    book = story.strike().again(book, details=[""])
    evidence = story.model({"ask": 1}, task=book).complete(book).close().evidence()
    assert nothing("no-work-redone", evidence) == "no attempt was handed a checkpoint"


def struck_and_timed_out(fault: str, *, refused: bool = False, unheard: bool = False) -> Evidence:
    """Let the first attempt be timed out by its heartbeat timeout around a fault."""
    story = Story()
    book = story.activity("book", heartbeatTimeout="2s")
    if unheard:
        story.drop(status="UNAVAILABLE")
    if refused:
        story.beat(book, 1, executed=False).drop(status="DEADLINE_EXCEEDED")
    story.strike(fault=fault, restart=False)
    story.wait(3.5)
    book = story.again(book)
    story.ends(book, "COMPLETED", last_failure=TIMED_OUT)
    return story.close().evidence()


def test_timeouts_that_a_fault_made_are_no_finding() -> None:
    passes("heartbeat-in-time", struck_and_timed_out("heartbeat-lost", refused=True))
    passes("heartbeat-in-time", struck_and_timed_out("reply-lost", unheard=True))
    passes("heartbeat-in-time", struck_and_timed_out("kill-server"))
    passes("heartbeat-in-time", struck_and_timed_out("pause-worker"))


def test_timeouts_beside_a_fault_are_findings() -> None:
    only_finding("heartbeat-in-time", struck_and_timed_out("model-silent"))
    only_finding("heartbeat-in-time", struck_and_timed_out("reply-lost"))


def test_time_that_a_fault_took_is_not_the_activity_s() -> None:
    story = Story()
    book = story.activity("book")
    story.no_answer(book, "model-silent").wait(12).fail(book)
    passes("heartbeat-declared", story.close().evidence())


def test_refused_call_is_no_work() -> None:
    def redone(*, refused: bool) -> Evidence:
        story = Story()
        book = story.activity("book", heartbeatTimeout="5s")
        if refused:
            story.error(book, "model-429", ask=1)
        else:
            story.model({"ask": 1}, task=book)
        story.beat(book, 1).fail(book)
        book = story.again(book, details=[1])
        return story.model({"ask": 1}, task=book).complete(book).close().evidence()

    usual = Story()
    book = usual.activity("book", heartbeatTimeout="5s")
    baseline = usual.model({"ask": 1}, task=book).beat(book, 1).complete(book).close().evidence()
    passes("no-work-redone", redone(refused=True), baseline)
    only_finding("no-work-redone", redone(refused=False), baseline)


def test_a_worker_that_heard_that_its_attempt_is_over_need_not_beat() -> None:
    def silent_after(status: str) -> Evidence:
        story = Story()
        task = story.activity("book", heartbeatTimeout="1s")
        story.beat(task, status=status).wait(5)
        again = story.again(task)
        return story.beat(again).complete(again).close().evidence()

    passes("heartbeat-in-time", silent_after("NOT_FOUND"))
    only_finding("heartbeat-in-time", silent_after("OK"))
