"""Every action says what it means for the trial, and something carries it out."""

from __future__ import annotations

import pytest

from harness import faults
from harness.doors.model import faulty
from harness.faults import action, client_actions, transport
from harness.faults.action import (
    CHANGE_SECONDS,
    LONGEST_WAIT_SECONDS,
    PATIENCE_SECONDS,
    TERM_SECONDS,
    Impact,
    ModelError,
)
from harness.faults.model import actions
from harness.faults.model.actions import BreakStream, InTurn, Slow
from harness.trial import striking

ACTIONS = {type(fault.action).__name__: fault.action for fault in faults.listed()}


def test_every_action_is_one_of_a_fault() -> None:
    written = {
        name
        for module in (action, actions, client_actions, transport)
        for name, value in vars(module).items()
        if isinstance(value, type) and hasattr(value, "impact")
    }
    assert written - {"Action"} == ACTIONS.keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_carried_out_by_a_door_or_by_the_trial(name: str) -> None:
    carried_out = striking.carry_out.dispatch(type(ACTIONS[name])) is not striking.carry_out.dispatch(object)
    assert carried_out or faulty.is_answer(ACTIONS[name])


def test_the_impact_of_each() -> None:
    meeting_one_message = {name for name, each in ACTIONS.items() if each.impact == Impact()}
    assert meeting_one_message == {
        *("Refuse", "LoseReply", "Reset", "Truncate", "Duplicate"),
        *("BreakAnswer", "LeaveOut", "SayInstead", "BreakStream"),
        *("SendNow", "SendLate", "SendAgain", "AskQueries", "CancelWorkflow", "TerminateWorkflow", "StartAgain"),
        *("ResetWorkflow", "RunBySchedule"),
    }
    impacts = {name: each.impact for name, each in ACTIONS.items() if name not in meeting_one_message}
    assert impacts.pop("ModelError").fails_attempts
    assert impacts.pop("SendBody").fails_attempts
    assert impacts.pop("InTurn").fails_attempts
    assert impacts.pop("RefuseConnections").fails_attempts
    assert impacts.pop("TimeOut").fails_attempts
    assert impacts == {
        "Kill": Impact(worker="killed"),
        "ChangeCode": Impact(worker="killed", seconds=CHANGE_SECONDS),
        "ForgetName": Impact(worker="killed", fails_attempts=True),
        "Terminate": Impact(worker="asked to end", seconds=TERM_SECONDS),
        "Pause": Impact(worker="paused"),
        "KillServer": Impact(server="killed"),
        "Silence": Impact(seconds=PATIENCE_SECONDS),
        "Drip": Impact(seconds=PATIENCE_SECONDS),
        "Slow": Impact(seconds=Slow().most),
    }


def test_a_model_that_asks_to_wait_keeps_the_trial_as_long() -> None:
    assert ModelError(429, "rate_limit_exceeded", "no", retry_after=3.0).impact.seconds == 3.0
    hour = ModelError(429, "rate_limit_exceeded", "no", retry_after_text="3600")
    assert hour.impact.seconds == LONGEST_WAIT_SECONDS
    assert ModelError(429, "rate_limit_exceeded", "no", retry_after_text="NaN").impact.seconds == 0.0


def test_a_stall_keeps_the_trial_until_the_agent_gives_up() -> None:
    assert BreakStream("a stall").impact.seconds == PATIENCE_SECONDS
    assert BreakStream("reset midway").impact.seconds == 0


def test_several_in_turn_keep_the_trial_as_long_as_the_longest() -> None:
    waits = (ModelError(429, "rate_limit_exceeded", "no", retry_after=3.0), ModelError(500, "server_error", "no"))
    assert InTurn(waits).impact == Impact(seconds=3.0, fails_attempts=True)
