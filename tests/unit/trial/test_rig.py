"""Messages of the shared HTTP doors go to the trial whose slot they came by."""

from __future__ import annotations

from typing import Any

from harness.doors.decision import Decision
from harness.doors.http.channel import Notice
from harness.doors.http.doors import HttpMessage
from harness.records.act_facts import DoorNotice
from harness.trial.live_tape import LiveTape
from harness.trial.rig import HttpRoutes


def message(slot: str) -> HttpMessage:
    what: dict[str, Any] = {"door": "effect", "operation": "pay", "number": 1, "position": "before"}
    return HttpMessage(slot=slot, worker=1, method="POST", path="/pay", **what)


async def let_go(message: HttpMessage) -> Decision:
    return "go"


async def test_each_slot_has_its_own_decider_as_long_as_it_is_led_there() -> None:
    routes, tape = HttpRoutes(), LiveTape()
    with routes.leading("a", decide=let_go, note=tape.note):
        assert await routes.decide(message("a")) == "go"
        assert await routes.decide(message("b")) == "drop"
    assert await routes.decide(message("a")) == "drop"


def test_a_notice_is_on_the_tape_of_the_trial_that_it_is_about() -> None:
    routes, tape = HttpRoutes(), LiveTape()
    with routes.leading("a", decide=let_go, note=tape.note):
        routes.notice(Notice("a", "no such path"))
        routes.notice(Notice("b", "another one's"))
        routes.notice(Notice("", "nobody's"))
    assert [(entry.operation, entry.facts) for entry in tape.entries] == [
        ("notice", DoorNotice(text="no such path", unserved=True))
    ]
