"""What replays came to, written by hand: the samples that the tests of every form of their report share."""

from __future__ import annotations

from harness.records.replay_result import (
    Difference,
    LeftOut,
    NondeterministicCall,
    ReplayedHistory,
    ReplayFinding,
    ReplayResult,
)
from harness.records.verdict import Outcome

CHANGE = ReplayFinding(
    check="replays-as-recorded",
    workflow="Order",
    message='ScheduleActivityTask book: input.0 was "Graz", is "Wien"',
    subject="ScheduleActivityTask book input.0",
    line="app/order.py:7 in run",
    difference=Difference(
        event_id=5,
        workflow_task=3,
        kind="ScheduleActivityTask",
        subject="book",
        field="input.0",
        old="Graz",
        new="Wien",
        line="app/order.py:7 in run",
        callers=("app/order.py:3 in main", "app/order.py:5 in step"),
        tolerated=True,
        rule="of activities id and type are compared alone",
    ),
    histories=("h/one.json",),
)
DEPENDS = ReplayFinding(
    check="replays-under-every-condition",
    workflow="Order",
    message="StartTimer 1 depends on the time zone",
    subject="StartTimer 1: time zone",
    conditions=("time zone east",),
    causes=tuple(
        NondeterministicCall(
            function=f"time.time{number}", stack=("app/order.py:7 in run", "app/now.py:2 in now"), workflow="Order"
        )
        for number in range(5)
    ),
    histories=("h/one.json",),
)
FAILED = ReplayedHistory(
    file="h/one.json",
    workflow="Order",
    workflow_id="one",
    run_id="r",
    events=34,
    outcome=Outcome.FAIL,
    commands=6,
    tasks=5,
    prefixes=4,
    left_out=(LeftOut(workflow_task=30, why="open"),),
    conditions=("plain", "time zone east"),
    findings=(CHANGE, DEPENDS),
)
PASSED = ReplayedHistory(
    file="h/two.json",
    workflow="Order",
    outcome=Outcome.PASS,
    events=9,
    commands=2,
    tasks=1,
    unseen=1,
    conditions=("plain",),
    note="no workflow id is kept with it",
)
UNKNOWN = ReplayedHistory(file="h/\x1b[31mcut.json", reason="it is empty")
REPLAYED = ReplayResult(
    against="app.workflows",
    histories=(FAILED, PASSED, UNKNOWN),
    stale=("accepted, but no history shows it any more: x",),
    unusable=("app.other cannot be used: ImportError: no",),
    seconds=1.25,
)
