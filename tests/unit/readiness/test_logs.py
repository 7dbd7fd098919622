"""Logs say whose each line is, are written once, and hold no key."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.judging import judge
from harness.processes.command import KEYS
from harness.readiness.logs import WorkerLog, log_checks, read_logs
from harness.records.evidence import Evidence
from harness.records.message_facts import WorkflowTask
from harness.records.verdict import Judgement, Outcome
from tests.unit.checks.build import Story

START = "12:00:00 worker 4711 polls"


def decide(story: Story, *, executed: bool = True) -> None:
    """Hand the worker process of now a workflow task, and let it complete it."""
    story.message("wire", "PollWorkflowTaskQueue", told=WorkflowTask(attempt=1, started_event_id=3), workflow_task=True)
    story.message("wire", "RespondWorkflowTaskCompleted", executed=executed, workflow_task=True)


def told(*, second: bool = False, key: str = "") -> tuple[Evidence, str]:
    """Return a trial with one activity attempt, and what the SDK's logger adds to a line of it.

    Args:
        second: Whether a second process is given a workflow task, and nothing else.
        key: What the activity returns.
    """
    story = Story()
    decide(story)
    task = story.activity("book")
    story.complete(task, key or "done")
    if second:
        story.start_worker()
        decide(story)
    evidence = story.close().evidence()
    history = evidence.histories[0]
    return evidence, f"'attempt': 1, 'workflow_id': '{history.workflow_id}', 'workflow_run_id': '{history.run_id}'"


def said(name: str, evidence: Evidence, *logs: WorkerLog) -> Judgement:
    checks = log_checks({evidence.trial: logs})
    verdict = judge(evidence, baselines=(evidence,), checks=checks)
    return next(each for each in verdict.judgements if each.check == name)


def test_a_line_with_all_three_ids_says_whose_it_is() -> None:
    evidence, ids = told()
    assert said("logs-say-whose", evidence, WorkerLog(1, (START, f"booking ({{{ids}}})"))).outcome is Outcome.PASS


@pytest.mark.parametrize("missing", ["workflow_id", "workflow_run_id", "attempt"])
def test_a_line_that_lacks_one_of_them_does_not(missing: str) -> None:
    evidence, ids = told()
    line = ", ".join(part for part in ids.split(", ") if f"'{missing}'" not in part)
    found = said("logs-say-whose", evidence, WorkerLog(1, (line,))).findings
    assert [each.subject for each in found] == ["book"]


def test_no_log_at_all_says_nothing_of_anybody() -> None:
    evidence, _ = told()
    assert said("logs-say-whose", evidence).findings


def test_a_line_that_a_replay_writes_again_is_found() -> None:
    evidence, ids = told(second=True)
    line = f"booking ({{{ids}}})"
    found = said("logs-not-repeated", evidence, WorkerLog(1, (START, line)), WorkerLog(2, (START, line))).findings
    assert len(found) == 1
    assert "booking" in found[0].message


def test_what_every_process_writes_at_its_start_is_no_repetition() -> None:
    evidence, ids = told(second=True)
    logs = (WorkerLog(1, (START, f"booking ({{{ids}}})")), WorkerLog(2, ("12:00:09 worker 4712 polls",)))
    assert said("logs-not-repeated", evidence, *logs).outcome is Outcome.PASS


def test_a_line_without_ids_is_known_as_repeated_by_a_process_that_was_given_nothing() -> None:
    evidence, _ = told(second=True)
    logs = [WorkerLog(1, (START, "booking")), WorkerLog(2, (START, "booking"))]
    assert said("logs-not-repeated", evidence, *logs).outcome is Outcome.PASS  # it could be written at each start
    assert said("logs-not-repeated", evidence, *logs, WorkerLog(3, (START,))).findings


def test_a_workflow_task_that_was_never_completed_is_rightly_written_of_once_more() -> None:
    story = Story()
    decide(story, executed=False)
    story.start_worker()
    decide(story)
    evidence = story.close().evidence()
    line = f"decides for {evidence.histories[0].run_id}"
    assert said("logs-not-repeated", evidence, WorkerLog(1, (line,)), WorkerLog(2, (line,))).outcome is None


def test_one_process_alone_repeats_nothing() -> None:
    evidence, _ = told()
    assert said("logs-not-repeated", evidence, WorkerLog(1, (START,))).outcome is None


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_found_in_logs_and_in_histories(name: str) -> None:
    evidence, _ = told()
    assert said("secrets-kept", evidence, WorkerLog(1, ("no key here",))).outcome is Outcome.PASS
    assert said("secrets-kept", evidence, WorkerLog(1, (f"key={KEYS[name]}",))).outcome is Outcome.FAIL
    leaking, _ = told(key=KEYS[name])
    assert said("secrets-kept", leaking).outcome is Outcome.FAIL


def test_logs_are_read_by_process(tmp_path: Path) -> None:
    for name, text in {"worker-2.err": "c\n", "worker-1.out": "a\n", "worker-1.err": "b\n", "starter.out": "d"}.items():
        (tmp_path / name).write_text(text)
    assert read_logs(tmp_path) == (WorkerLog(1, ("a", "b")), WorkerLog(2, ("c",)))
    assert read_logs(tmp_path / "none") == ()
