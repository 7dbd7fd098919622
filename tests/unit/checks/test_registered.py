"""An activity that the worker does not have is a finding; a failure over somebody who is not is none."""

from __future__ import annotations

from harness.records.plan import Plan, Strike

from .build import Story, nothing, only_finding, passes

NAME = "activities-registered"
UNKNOWN = (
    "Activity function review for workflow Agent is not registered on this worker, available activities: draft, send"
)


def test_an_activity_that_the_worker_does_not_have_is_told_once() -> None:
    story = Story()
    story.complete(story.activity("draft"))
    review = story.activity("review")
    story.fail(review, "NotFoundError", message=UNKNOWN)
    story.fail(story.again(review), "NotFoundError", message=UNKNOWN)
    finding = only_finding(NAME, story.evidence("stopped"))
    assert finding.subject == "review"
    assert finding.message == (
        "Agent starts review, and the worker that is given it has no such activity; it has draft, send"
    )


def test_an_activity_that_fails_over_somebody_who_is_not_registered() -> None:
    story = Story()
    review = story.activity("review")
    story.fail(review, "NotFoundError", message="the user is not registered")
    passes(NAME, story.complete(story.again(review)).close().evidence())


def test_nothing_is_said_of_code_that_was_changed_or_where_no_activity_ended() -> None:
    story = Story(plan=Plan(strikes=(Strike(fault="next-version", point="somewhere"),)))
    story.strike(fault="next-version")
    story.fail(story.activity("review"), "NotFoundError", message=UNKNOWN)
    assert nothing(NAME, story.close().evidence()).startswith("the code was changed")
    assert nothing(NAME, Story().close().evidence()) == "no activity ended"
