"""Work that is not over at its deadline is told with what it did instead, and with what it may have waited for."""

from __future__ import annotations

from .build import Story, only_finding

ENDS = "workflow-ends-as-baseline"


def test_an_endless_loop_is_named_as_one() -> None:
    def booked(times: int) -> Story:
        story = Story()
        for _ in range(times):
            story.complete(story.activity("book"))
        return story

    usual = booked(2).close().evidence()
    assert only_finding(ENDS, booked(12).evidence("deadline"), usual).message == (
        "Agent did not end in time: it goes round in a loop, in which book is scheduled 12 times; "
        "undisturbed that is 2 times"
    )
    assert only_finding(ENDS, booked(5).evidence("deadline"), usual).message == "Agent did not end in time"


def test_what_was_never_sent_is_told_where_the_work_did_not_end() -> None:
    story = Story().act("unsent", name="approve", args=[], workflow_id="", failure="its point after/Op did not come")
    finding = only_finding(ENDS, story.evidence("deadline"), Story().close().evidence())
    expected = "Agent did not end in time; approve was never sent, since its point after/Op did not come"
    assert finding.message == expected
