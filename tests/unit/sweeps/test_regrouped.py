"""A workflow task whose commands came in others is told from one whose commands did not come."""

from __future__ import annotations

import pytest

from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTaskCompleted
from harness.records.plan import Plan
from harness.records.point import Point
from harness.records.tape import Entry
from harness.sweeps.regrouped import DecidedPoints

ANSWER, FIRST, SECOND = "ProtocolMessage", "ScheduleActivityTask-reply.1", "ScheduleActivityTask-reply.2"
DONE = "CompleteWorkflowExecution"


def point(subject: str, *, workflow: str = "Chat") -> Point:
    return Point(
        position="before",
        door="wire",
        operation="RespondWorkflowTaskCompleted",
        workflow=workflow,
        subject=subject,
        attempt=1,
    )


def trial(*tasks: tuple[str, ...], workflow: str = "Chat") -> Evidence:
    """Return the evidence of a trial whose workflow tasks had these commands, of which points name three."""
    tape = []
    for number, commands in enumerate(tasks):
        more = f"+{len(commands) - 3}-more-0f04c5" if len(commands) > 3 else ""
        types = [each.partition("-")[0] for each in commands]
        tape.append(
            Entry(
                at=float(number),
                kind="request",
                door="wire",
                operation="RespondWorkflowTaskCompleted",
                point=point("+".join(commands[:3]) + more, workflow=workflow),
                facts=WorkflowTaskCompleted(commands=types),
            )
        )
    return Evidence(trial="t", scenario="chat", plan=Plan(()), tape=tuple(tape), end="closed")


TOGETHER = trial((ANSWER, FIRST, ANSWER, SECOND), (ANSWER, ANSWER, DONE))
APART = trial((ANSWER, FIRST), (ANSWER, SECOND), (ANSWER,), (ANSWER, DONE))
LOST = trial((ANSWER, FIRST), (ANSWER, DONE))


@pytest.mark.parametrize(
    ("shown", "subject", "later", "expected"),
    [
        (APART, f"{ANSWER}+{SECOND}", TOGETHER, True),
        (TOGETHER, f"{ANSWER}+{ANSWER}+{DONE}", APART, True),
        (TOGETHER, f"{ANSWER}+{FIRST}+{ANSWER}+1-more-0f04c5", APART, True),
        (APART, f"{ANSWER}+{SECOND}", LOST, False),
        (APART, f"{ANSWER}+{SECOND}", trial((ANSWER, SECOND), workflow="Other"), False),
        (LOST, f"{ANSWER}+{SECOND}", TOGETHER, False),
    ],
)
def test_commands_that_came_in_others(shown: Evidence, subject: str, later: Evidence, *, expected: bool) -> None:
    decided = DecidedPoints()
    decided.learn(shown)
    for position in ("before", "after"):
        assert decided.came_in_others(f"{position}/{point(subject).id.partition('/')[2]}", later) is expected
