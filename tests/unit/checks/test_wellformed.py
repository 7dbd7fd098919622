from __future__ import annotations

from .build import Story, judged, nothing, only_finding, passes


def test_history_that_is_not_well_formed() -> None:
    story = Story()
    book = story.activity("book")
    story.complete(book).close()
    passes("history-well-formed", story.evidence())
    good = list(story.events)
    story.events = [*good[:2], *good[3:]]
    messages = [finding.message for finding in judged("history-well-formed", story.evidence()).findings]
    assert messages[0] == "history of Agent: event 4 where event 3 was expected"
    assert "startedEventId 3 of event 4 is no earlier event, not WORKFLOW_TASK_STARTED" in messages[1]
    story.events = good
    story.event("TIMER_STARTED")
    assert "events after the close event" in only_finding("history-well-formed", story.evidence()).message
    story.close()
    assert "2 close events" in only_finding("history-well-formed", story.evidence()).message
    assert nothing("history-well-formed", story.evidence(histories=())) == "there is no history"


def test_histories_of_the_time_skipping_server_are_not_judged() -> None:
    evidence = Story().close().evidence(engine="time-skipping")
    assert "test server writes histories" in nothing("history-well-formed", evidence)
