"""A program that did all it was to do has ended well, also where its interpreter aborts at its own end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.doors.wire.known_runs import KnownRun
from harness.processes.process import Process
from harness.records.facts import NO_FACTS
from harness.records.message_facts import ActivityFailed, ReportedFailure
from harness.records.point import Point
from harness.records.tape import Entry
from harness.trial.ended_well import ended_well
from harness.trial.ending import begins_anew, fails_again, timer_started

ABORTS = "import os, sys; print('{}', file=sys.stderr, flush=True); os.abort()"


FAULTS = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


@pytest.mark.parametrize(
    ("code", "well", "after_goodbye"),
    [
        ("pass", True, True),
        ("raise SystemExit(1)", False, False),
        (ABORTS.format("Python runtime state: finalizing (tstate=0x1)"), True, True),
        (ABORTS.format("Python runtime state: initialized"), False, True),
        (FAULTS, False, True),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", False, False),
    ],
    ids=["done", "failed", "aborted at its end", "aborted at work", "memory fault", "terminated"],
)
async def test_a_process_has_ended_well(tmp_path: Path, code: str, well: bool, after_goodbye: bool) -> None:
    process = await Process.start([sys.executable, "-S", "-c", code], name="program", logs=tmp_path)
    assert not ended_well(process) or process.exit_status is not None
    await process.wait()
    assert ended_well(process) is well
    assert ended_well(process, said_goodbye=True) is after_goodbye


def test_where_the_last_timer_was_started_is_named_as_scenarios_do() -> None:
    point = Point(
        position="before",
        door="wire",
        operation="RespondWorkflowTaskCompleted",
        workflow="Order",
        subject="StartTimer-1",
        attempt=1,
    )
    entries = [Entry(at=1, kind="reply", door="wire", operation=point.operation, point=point)]
    assert timer_started(entries) == "after/RespondWorkflowTaskCompleted/Order/StartTimer-1"
    assert timer_started([]) == "start"


def test_work_that_begins_anew_whenever_it_ends_is_told_how_it_is_over() -> None:
    first, second, child = (
        KnownRun(workflow_id="w", run_id=run_id, path=path, root=root)
        for run_id, path, root in (("1", "Agent", True), ("2", "Agent+1", True), ("3", "Agent/Child+1", False))
    )
    assert begins_anew({"1": first, "3": child}) == ""
    assert "--over 'after/RespondWorkflowTaskCompleted/*+2*'" in begins_anew({"1": first, "2": second})


def test_an_activity_that_failed_until_the_deadline_is_told_with_its_failure() -> None:
    def said(at: float, activity_id: str, failure: str = "") -> Entry:
        operation = "RespondActivityTaskFailed" if failure else "RespondActivityTaskCompleted"
        point = Point(
            position="before", door="wire", operation=operation, workflow="Agent", subject=f"ask.{activity_id}"
        )
        facts = ActivityFailed(failure=ReportedFailure(message=failure)) if failure else NO_FACTS
        told = {"door": "wire", "run_id": "r", "activity_id": activity_id}
        return Entry(at=at, kind="request", operation=operation, point=point, facts=facts, **told)  # type: ignore[arg-type]

    entries = [said(1, "1", "no key"), said(2, "2", "refused"), said(3, "1", "no key given\nTraceback: ...")]
    assert fails_again(entries) == "ask.1 has failed 2 times, last with: no key given"
    assert fails_again([*entries, said(4, "1")]) == "ask.2 has failed once, last with: refused"
    assert fails_again([*entries, said(4, "1"), said(5, "2")]) == fails_again([]) == ""
    apart = [said(1, "1", "Connection error.")]
    assert fails_again(apart) == "ask.1 has failed once, last with: Connection error."
    assert "does it go where OPENAI_BASE_URL, ANTHROPIC_BASE_URL or EFFECTS_URL lead" in fails_again(
        apart, undisturbed=True
    )
    assert fails_again(entries, undisturbed=True) == fails_again(entries)
