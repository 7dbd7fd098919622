"""Execution: the workflow ends as it should, activities complete once, no workflow task fails, no signal is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from harness.checks import executions, faults_met, masking, showing, why_open
from harness.checks.attempts import attempts_of, by_execution, deaths
from harness.checks.check import CannotTell, CannotTellUnderLoad, NothingToLookAt, check
from harness.checks.ended_by_client import wrong_end_of_client
from harness.checks.lateness import Late
from harness.checks.refused_start import without_refused_start
from harness.checks.scheduled import scheduled_runs
from harness.checks.server_limits import TOO_LARGE
from harness.checks.still_at_work import still_at_work
from harness.checks.wrong_from_the_start import WHY, how_to_mend
from harness.records.act_facts import ClientCall
from harness.records.activity_account import why_no_history
from harness.records.evidence import Evidence, History
from harness.records.message_facts import WorkflowTask, WorkflowTaskFailed
from harness.records.tape import Entry, acts, executed
from harness.records.verdict import EvidenceEntry, Finding, Severity, clock
from harness.temporal import event as events
from harness.temporal.failure import failure_type, failures_of

_HARMLESS = (
    *("UNHANDLED_COMMAND", "UNHANDLED_UPDATE", "RESET_WORKFLOW", "RESET_STICKY_TASK_QUEUE"),
    *("FORCE_CLOSE_COMMAND", *TOO_LARGE),  # the run was ended from outside, or is too large: told as what it is
)
_DEADLOCK = "TMPRL1101"
_OWN_ENDS = ("WORKFLOW_EXECUTION_COMPLETED", "WORKFLOW_EXECUTION_FAILED")
"""The ends that a workflow comes to by itself."""


@check(
    "workflow-ends-as-baseline",
    why="Whoever waits for the workflow gets another answer than without the failure, or none.",
    fix="Find what the strike changed: the last events below show where the run went another way. State "
    "belongs into the workflow or behind a key, not into the worker process.",
)
def workflow_ends_as_baseline(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """The workflow ends in the way and with the result of the baseline; under a fault that nothing heals it fails."""
    if evidence.end == "stopped":
        raise NothingToLookAt(f"the trial was stopped: {evidence.end_reason or 'no reason given'}")
    if evidence.end == "closed":
        for name in executions.never_started(evidence, baselines):
            words = f"{name} was never started; undisturbed it is"
            yield _finding("workflow-ends-as-baseline", name, words, shown=_last(evidence))
    undisturbed = not evidence.plan.strikes
    for execution, usual in executions.each_execution(evidence, baselines):
        for finding in _wrong_end_told(execution, usual):
            yield replace(finding, why=WHY, fix=how_to_mend(evidence)) if undisturbed else finding


def _wrong_end_told(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    subject, close = executions.name_of(evidence), events.root_close(evidence)
    if evidence.end == "deadline" and close is None:
        if left := faults_met.still_retrying(evidence):
            raise CannotTell(left)
        severity = Severity.RISKY if faults_met.tried_for_ever(evidence) else None
        looping, unsent = why_open.loop(evidence, baselines), why_open.unsent(evidence)
        if severity is None and not looping and not unsent and (at_work := still_at_work(evidence, baselines)):
            raise CannotTell(f"{subject} is {at_work}")
        words = f"{subject} did not end in time{looping}{unsent}"
        yield _finding("workflow-ends-as-baseline", subject, words, shown=_last(evidence), severity=severity)
    elif evidence.end == "closed" and close is None:
        raise CannotTell("the trial says that the workflow closed, and no history shows it")
    elif evidence.end == "closed" and close is not None:
        wrong = wrong_end(evidence, baselines)
        if wrong:
            shown = (showing.event(close, more=_reason(close)),)
            yield _finding("workflow-ends-as-baseline", subject, f"{subject} {wrong}", shown=shown)


@check(
    "activities-complete-once",
    why="A result that is taken twice is work that was done twice.",
    fix="Nothing in the agent can cause this alone: look for a server that took both, and report it.",
)
def activities_complete_once(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No activity ends twice, and none is completed twice."""
    scheduled = [history for history in evidence.histories if events.scheduled_activities(history)]
    if not scheduled:
        raise NothingToLookAt("no activity was scheduled")
    for history in scheduled:
        yield from _closed_twice(history)
    for attempts in by_execution(attempts_of(evidence)).values():
        done = [each.ended for each in attempts if each.completed and each.ended]
        if len(done) > 1:
            message = f"{attempts[0].name} was completed {len(done)} times, expected once"
            shown = showing.entries(evidence, done)
            yield _finding("activities-complete-once", attempts[0].activity, message, shown=shown)


@check(
    "completed-activity-not-run-again",
    why="A result that was kept is what makes going on cheap and safe; work that runs again has its effects again.",
    fix="Nothing in the agent can cause this alone: look for a reset, a second run, or a defect of the "
    "server, and report it.",
)
def completed_activity_not_run_again(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """An activity whose result the server took is never handed out again."""
    groups = [each for each in by_execution(attempts_of(evidence)).values() if any(one.completed for one in each)]
    if not groups:
        raise NothingToLookAt("no activity completed")
    for attempts in groups:
        done = next(each.ended for each in attempts if each.completed)
        assert done is not None
        again = [entry for each in attempts for entry in each.entries if _handed_out(entry) and entry.at > done.at]
        if again:
            message = f"{attempts[0].name} was handed out again after it had completed"
            shown = showing.entries(evidence, (done, *again), saying="{operation}")
            yield _finding("completed-activity-not-run-again", attempts[0].activity, message, shown=shown)


@check(
    "no-workflow-task-failure",
    why="A workflow task that fails is tried for ever: the workflow is stuck until its code is mended and deployed.",
    fix="Read the failure below: raise ApplicationError for what shall fail the workflow, keep workflow code "
    "deterministic, and keep what blocks or needs the network in activities.",
)
def no_workflow_task_failure(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding | Late]:
    """No workflow task fails, and none times out except around a strike."""
    tasks = [event for history in evidence.histories for event in history.of_type("WORKFLOW_TASK_SCHEDULED")]
    if not tasks:
        raise NothingToLookAt(why_no_history(evidence) or "no workflow task was scheduled")
    deadlocked = yield from _failed_tasks(evidence, baselines)
    for history in evidence.histories:
        for event in history.of_type("WORKFLOW_TASK_TIMED_OUT"):
            if not _excused(event, history=history, evidence=evidence):
                timeout = str(events.attributes(event).get("timeoutType", "")).removeprefix("TIMEOUT_TYPE_").lower()
                message = f"a workflow task of {history.path} timed out ({timeout}) though its worker process was alive"
                shown = (showing.event(event),)
                finding = _finding("no-workflow-task-failure", f"{history.path} timeout", message, shown=shown)
                yield _timed_out(finding, event, history)
    if deadlocked:
        raise CannotTellUnderLoad(
            f"a workflow task took over 2 s ({_DEADLOCK}): a busy machine or a blocking call: {deadlocked}"
        )


def _timed_out(finding: Finding, event: dict[str, Any], history: History) -> Late:
    """Return a finding of a workflow task that timed out: lag explains it that took the better part of its time."""
    attributes = events.attributes(event)
    number = int(attributes.get("startedEventId") or attributes.get("scheduledEventId") or 0)
    since = next((events.at(each) for each in history.events if events.number(each) == number), events.at(event))
    return Late(finding=finding, over=(events.at(event) - since) / 2, since=since, until=events.at(event))


@check(
    "signals-once",
    why="A signal or update that is lost or counted twice is a decision of somebody that is lost or counted twice.",
    fix="Drain handlers before the workflow ends or continues as new (workflow.all_handlers_finished), and "
    "send updates with an id.",
)
def signals_once(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """Every signal and update that was sent is in the histories exactly once."""
    sent = _sent(evidence)
    if not sent:
        raise NothingToLookAt("no signal or update was sent")
    received = _received(evidence)
    failed, forgets = _sent(evidence, failed=True), _may_forget_updates(evidence)
    for (kind, name), entries in sent.items():
        usual = max(
            (_received(each)[kind, name] - len(_sent(each).get((kind, name), ())) for each in baselines), default=0
        )
        count, expected = received[kind, name], len(entries)
        most = expected + len(failed.get((kind, name), ())) + max(0, usual)
        if (count < expected and not (kind == "update" and forgets)) or count > most:
            message = f"{kind} {name} was sent {showing.times(expected)}, and is in the history {showing.times(count)}"
            shown = showing.entries(evidence, entries, saying="{operation}")
            yield _finding("signals-once", f"{kind} {name}", message, shown=shown)


def wrong_end(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Return what is wrong with the way in which the workflow closed, or an empty text where nothing is."""
    close = events.root_close(evidence)
    if evidence.end != "closed" or close is None or _gave_up(evidence, close):
        return ""
    return _ended_wrongly(evidence, close, baselines)


def _finding(
    check_name: str, subject: str, message: str, *, shown: tuple[EvidenceEntry, ...], severity: Severity | None = None
) -> Finding:
    return Finding(check=check_name, subject=subject, message=message, evidence=shown, severity=severity)


def _last(evidence: Evidence) -> tuple[EvidenceEntry, ...]:
    met = [entry for entry in evidence.tape if entry.point is not None][-3:]
    shown = [EvidenceEntry(clock(entry.at), entry.kind, (entry.point.text,)) for entry in met if entry.point]
    histories = [showing.event(history.events[-1]) for history in evidence.roots[-1:] if history.events]
    return (*shown, *histories, *([EvidenceEntry(words=(evidence.end_reason,))] if evidence.end_reason else []))


def _ended_wrongly(evidence: Evidence, close: dict[str, Any], baselines: Sequence[Evidence]) -> str:
    kind = events.kind(close)
    ended = kind.removeprefix("WORKFLOW_EXECUTION_").lower().replace("_", " ")
    by_client = wrong_end_of_client(evidence, close, baselines)
    if by_client != "" and (fault := faults_met.terminal(evidence)) and not evidence.beside:
        declared = "" if evidence.falls_back else ", or a declared fallback"
        return f"{ended} under {fault.name}, expected it to fail{declared}"
    if by_client is not None:
        return by_client
    if (accepted := without_refused_start(evidence)) and (earlier := events.root_close(accepted)):
        return _ended_wrongly(accepted, earlier, baselines)
    if faults_met.answered_otherwise(evidence) and kind in _OWN_ENDS:
        return ""
    one_of_several = evidence.beside and kind != "WORKFLOW_EXECUTION_FAILED"  # another one is to fail
    if evidence.expects_failure is not None and not one_of_several:
        return _failed_wrongly(evidence.expects_failure, close, ended)
    if kind in ("WORKFLOW_EXECUTION_FAILED", "WORKFLOW_EXECUTION_TIMED_OUT"):
        return f"{ended}, expected it to complete"
    usual = [each for each in map(events.root_close, baselines) if each]
    if not usual:
        return f"{ended}; the baseline did not close" if baselines else ""
    if kind not in {events.kind(each) for each in usual}:
        return f"{ended}; the baseline {events.kind(usual[0]).removeprefix('WORKFLOW_EXECUTION_').lower()}"
    ended_alike = [each for each in baselines if _closes_as(each, kind)]
    seen, pattern = masking.result_of(evidence), masking.result_pattern(ended_alike)
    if masking.agrees(seen, pattern):
        return ""
    return f"ended with {showing.short(seen)}; the baseline with {showing.short(pattern)}"


def _gave_up(evidence: Evidence, close: dict[str, Any]) -> bool:
    """Tell whether the workflow was given up, or fell back, as is right under its faults."""
    ends = ["WORKFLOW_EXECUTION_FAILED", *(["WORKFLOW_EXECUTION_COMPLETED"] if evidence.falls_back else [])]
    by_client = faults_met.decided_by_client(evidence) is not None
    return faults_met.may_give_up(evidence) and not by_client and events.kind(close) in ends


def _closes_as(evidence: Evidence, kind: str) -> bool:
    close = events.root_close(evidence)
    return close is not None and events.kind(close) == kind


def _failed_wrongly(expected: str, close: dict[str, Any], ended: str) -> str:
    if events.kind(close) != "WORKFLOW_EXECUTION_FAILED":
        return f"{ended}, expected it to fail" + (f" with {expected}" if expected else "")
    types = [each for each in map(failure_type, failures_of(close)) if each]
    if not expected or expected in types:
        return ""
    return f"failed with {' caused by '.join(types) or 'a failure without type'}, expected {expected}"


def _reason(close: dict[str, Any]) -> str:
    return ": ".join(str(failure.get("message", "")) for failure in failures_of(close))[:300]


def _closed_twice(history: History) -> Iterator[Finding]:
    scheduled = events.scheduled_activities(history)
    ends: dict[int, list[dict[str, Any]]] = {}
    for event in history.of_type(*events.ACTIVITY_ENDS):
        ends.setdefault(int(events.attributes(event).get("scheduledEventId", 0)), []).append(event)
    for event_id, closing in ends.items():
        if len(closing) > 1:
            name = events.activity_type(scheduled.get(event_id, {}))
            shown = tuple(showing.event(event) for event in closing)
            message = f"{name} of event {event_id} ended {len(closing)} times, expected once"
            yield _finding("activities-complete-once", name, message, shown=shown)


def _handed_out(entry: Entry) -> bool:
    return entry.kind == "reply" and entry.operation == "PollActivityTaskQueue"


def _failed_tasks(evidence: Evidence, baselines: Sequence[Evidence]) -> Generator[Finding, None, str]:
    """Yield the failed workflow tasks; return a deadlock message that shows nothing about the workflow."""
    failures: dict[tuple[str, str], list[EvidenceEntry]] = {}
    changed = any(fault.changes_code for fault in evidence.faults)  # told by a check of its own
    for path, cause, message, shown in _task_failures(evidence):
        if cause not in _HARMLESS and not changed:
            failures.setdefault((path, f"{cause}: {message}"), []).append(shown)
    usual = {message for each in baselines for _, _, message, _ in _task_failures(each)}
    deadlocked = ""
    for (path, words), entries in failures.items():
        if _DEADLOCK in words and len(entries) < 2 and not any(_DEADLOCK in message for message in usual):
            deadlocked = words
            continue
        message = f"a workflow task of {path} failed {showing.times(len(entries))}: {words[:400]}"
        yield _finding("no-workflow-task-failure", f"{path} {words.split(':')[0]}", message, shown=tuple(entries))
    return deadlocked


def _task_failures(evidence: Evidence) -> Iterator[tuple[str, str, str, EvidenceEntry]]:
    """Yield workflow, cause, message and what shows it: from the tape, and from histories what the tape does not have.

    A history holds the first failure of a workflow task only; the tape every one of them.
    """
    taped = set()
    for entry in evidence.tape:
        failed = entry.facts_as(WorkflowTaskFailed) if entry.kind == "request" else None
        if failed:
            taped.add(entry.run_id)
            path = entry.point.workflow if entry.point else entry.workflow_id
            yield path, _cause(failed.cause), failed.failure.message, showing.entries(evidence, [entry])[0]
    for history in evidence.histories:
        for event in history.of_type("WORKFLOW_TASK_FAILED"):
            attributes = events.attributes(event)
            cause = _cause(attributes.get("cause"))
            if history.run_id not in taped or cause in _HARMLESS:
                message = str((attributes.get("failure") or {}).get("message", ""))
                yield history.path, cause, message, showing.event(event, more=cause)


def _cause(cause: Any) -> str:
    return str(cause or "UNSPECIFIED").removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")


def _excused(event: dict[str, Any], *, history: History, evidence: Evidence) -> bool:
    when, attributes = events.at(event), events.attributes(event)
    struck = [strike for strike in evidence.strikes if strike.at <= when]
    if attributes.get("timeoutType") == "TIMEOUT_TYPE_SCHEDULE_TO_START":
        return any(faults_met.fault_of(strike).family not in ("model", "effect") for strike in struck)
    started_id = int(attributes.get("startedEventId") or 0)
    task = _task_of(started_id, history=history, evidence=evidence)
    if task is None:
        return True  # It never came through the door: a poll of a process that had just died, or the server, lost it.
    began = next((events.at(each) for each in history.events if events.number(each) == started_id), 0.0)
    if any(_disturbs(strike, task, since=min(began, task.at), evidence=evidence) for strike in struck):
        return True
    # A struck process may have been handed the task in the instant of its death.
    if deaths(evidence).get(task.worker, when) < when and struck:
        return True
    return evidence.task_timeout > 0 and _answered_late(task, evidence)


def _disturbs(strike: Entry, task: Entry, *, since: float, evidence: Evidence) -> bool:
    """Tell whether a strike kept the worker process from doing a workflow task that it was handed."""
    fault = faults_met.fault_of(strike)
    if fault.ends_server:
        return strike.at >= since
    if fault.stops_worker:
        return strike.at >= since and strike.worker in (0, task.worker)
    return fault.family == "wire" and _was_lost(task, evidence)


def _was_lost(task: Entry, evidence: Evidence) -> bool:
    """Tell whether the task was never heard of, or one of the answers of its process did not get through."""
    answers = {entry.message for entry in evidence.tape if _is_answer(entry, task)}
    return any(entry.kind == "dropped" and entry.message in (task.message, *answers) for entry in evidence.tape)


def _task_of(started_id: int, *, history: History, evidence: Evidence) -> Entry | None:
    """Return the message that handed the task out: a poll answer, or the answer to the completion of the one before."""
    for entry in executed(evidence.tape, door="wire"):
        task = entry.facts_as(WorkflowTask)
        if task and task.started_event_id == started_id and entry.run_id == history.run_id:
            return entry
    return None


def _answered_late(task: Entry, evidence: Evidence) -> bool:
    return any(_is_answer(entry, task) for entry in evidence.tape)


def _is_answer(entry: Entry, task: Entry) -> bool:
    return (
        entry.kind == "request"
        and entry.operation in ("RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed")
        and (entry.run_id, entry.worker) == (task.run_id, task.worker)
        and entry.at >= task.at
    )


def _sent(evidence: Evidence, *, failed: bool = False) -> dict[tuple[str, str], list[Entry]]:
    """Return the signals and updates that the server took, or those it may have taken although an error was told."""
    sent: dict[tuple[str, str], list[Entry]] = {}
    for kind in ("signal", "update"):
        for entry in acts(evidence.tape, kind):
            call = entry.facts_as(ClientCall)
            if call and failed == bool(call.failure):
                sent.setdefault((kind, call.name), []).append(entry)
    return sent


def _may_forget_updates(evidence: Evidence) -> bool:
    """Tell whether an update may be lost: the server keeps it in memory until the workflow has accepted it."""
    return any(fault.ends_server for fault in evidence.faults) or faults_met.may_give_up(evidence)


def _received(evidence: Evidence) -> Counter[tuple[str, str]]:
    received: Counter[tuple[str, str]] = Counter()
    reset = set(filter(None, map(events.reset_from, evidence.roots)))
    for history in (*evidence.roots, *scheduled_runs(evidence)):
        if history.run_id in reset:
            continue  # the run that took its place has all that it had, or was sent it anew
        for event in history.of_type("WORKFLOW_EXECUTION_SIGNALED"):
            received["signal", str(events.attributes(event).get("signalName", ""))] += 1
        for event in history.of_type("WORKFLOW_EXECUTION_UPDATE_ACCEPTED"):
            received["update", events.update_name(history, event)] += 1
    return received
