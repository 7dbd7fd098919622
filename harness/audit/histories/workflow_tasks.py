"""Workflow tasks as recorded: those that failed, by what the failure says, and those that timed out again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.audit.histories.recorded_run import Event, RecordedRun
from harness.audit.histories.sighting import Sighting
from harness.audit.histories.sizes import EXCEEDED
from harness.records.audit_result import Certainty
from harness.temporal.event import attributes, kind, number
from harness.temporal.failure import causes, failure_type

_TIMES = 3
_LONGEST = 160

HARMLESS = {
    "UNHANDLED_COMMAND",
    "UNHANDLED_UPDATE",
    "RESET_WORKFLOW",
    "RESET_STICKY_TASK_QUEUE",
    "FORCE_CLOSE_COMMAND",
    "FAILOVER_CLOSE_COMMAND",
    "WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED",
}
"""Causes by which the server itself ends a workflow task, and that harm nothing."""


@dataclass(frozen=True, kw_only=True)
class _FailureKind:
    """One kind of failed workflow tasks: what it means, by its cause and what the failure says."""

    rule: str
    says: re.Pattern[str]
    message: str
    fix: str
    certainty: Certainty = Certainty.CERTAIN


_FAILURE_KINDS = (
    _FailureKind(
        rule="CP601",
        says=EXCEEDED,
        message="what it sends is too large",
        fix="Keep it in a store of your own, and pass a reference to it.",
    ),
    _FailureKind(
        rule="CP702",
        says=re.compile("NON_DETERMINISTIC_ERROR|TMPRL1100|Nondeterminism"),
        message="the code does not decide any more as it is recorded",
        fix="Find the decision with `crashproof replay`, and put changes of code behind workflow.patched().",
    ),
    _FailureKind(
        rule="CP105",
        says=re.compile("TMPRL1101|[Pp]otential deadlock|deadlocked"),
        message="workflow code held its thread for more than 2 s: it blocks, or the machine was very busy",
        fix="Move what blocks into an activity.",
        certainty=Certainty.LIKELY,
    ),
    _FailureKind(
        rule="CP401",
        says=re.compile("must have start_to_close_timeout or schedule_to_close_timeout|Timeout is not set on command"),
        message="an activity is started without start_to_close_timeout and schedule_to_close_timeout",
        fix="Pass start_to_close_timeout.",
    ),
    _FailureKind(
        rule="CP405",
        says=re.compile(r"(Initial|Maximum) ?[iI]nterval cannot|Backoff ?[cC]oefficient cannot|Maximum ?[aA]ttempts c"),
        message="a retry policy contradicts itself",
        fix="backoff_coefficient >= 1, maximum_interval >= initial_interval, nothing negative.",
    ),
    _FailureKind(
        rule="CP402",
        says=re.compile("^BAD_SCHEDULE_ACTIVITY_ATTRIBUTES .*[Tt]imeout"),
        message="the server refuses the timeouts of an activity",
        fix="heartbeat_timeout < start_to_close_timeout < schedule_to_close_timeout, all above zero.",
    ),
    _FailureKind(
        rule="CP702",
        says=re.compile("from inside a workflow|RestrictedWorkflowAccess"),
        message="the sandbox stopped a call that a replay would answer otherwise",
        fix="Use what temporalio.workflow gives instead, or an activity.",
    ),
)


def failed_tasks(run: RecordedRun) -> Iterator[Sighting]:
    """Yield workflow tasks that failed by the workflow's own doing."""
    last = max((number(event) for event in run.history.of_type("WORKFLOW_TASK_COMPLETED")), default=0)
    for event in run.history.of_type("WORKFLOW_TASK_FAILED"):
        cause = str(attributes(event).get("cause", "")).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")
        if cause not in HARMLESS:
            yield _failed(event, cause, run, stuck=number(event) > last and run.close is None)


def timed_out_tasks(run: RecordedRun) -> Iterator[Sighting]:
    """Yield runs in which workflow tasks were begun and never answered, several times in a row."""
    row: list[Event] = []
    for event in run.history.of_type("WORKFLOW_TASK_TIMED_OUT", "WORKFLOW_TASK_COMPLETED"):
        if kind(event) == "WORKFLOW_TASK_COMPLETED":
            row = []
        elif str(attributes(event).get("timeoutType", "")).endswith("START_TO_CLOSE"):
            row.append(event)
        if len(row) == _TIMES:
            yield Sighting(
                rule="CP702",
                certainty=Certainty.LOOK,
                subject=run.workflow,
                aspect="timed out",
                message=f"Workflow tasks of {run.workflow} timed out {_TIMES} times in a row: its worker dies of them, "
                "or workflow code blocks.",
                fix="Look into the worker's log; `crashproof audit` and `crashproof replay` of the code tell more.",
                event=number(event),
            )


def _failed(event: Event, cause: str, run: RecordedRun, *, stuck: bool) -> Sighting:
    failures = list(causes(attributes(event).get("failure")))
    types = [name for name in map(failure_type, failures) if name]
    said = next((str(each["message"]) for each in failures if each.get("message")), "")
    whole = " ".join([cause, *types, *(str(each.get("message", "")) for each in failures)])
    failure_kind = next((each for each in _FAILURE_KINDS if each.says.search(whole)), None)
    what = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
    what = f"{types[0]}: {what}" if types and types[0] not in what else what or cause
    if failure_kind is None and types and cause == "WORKFLOW_WORKER_UNHANDLED_FAILURE":
        failure_kind = _plain_error(types[0])
    sentence, fix = (failure_kind.message, failure_kind.fix) if failure_kind else ("", "Look into the worker's log.")
    certainty = failure_kind.certainty if failure_kind else Certainty.LIKELY
    return Sighting(
        rule=failure_kind.rule if failure_kind else "CP702",
        certainty=Certainty.CERTAIN if stuck else certainty,
        subject=run.workflow,
        aspect=types[0] if types else cause,
        message=f"A workflow task of {run.workflow} failed{f', for {sentence}' if sentence else ''} ({what})."
        f"{' The workflow hangs there.' if stuck else ''}",
        fix=fix,
        event=number(event),
        weight=stuck,
    )


def _plain_error(name: str) -> _FailureKind:
    return _FailureKind(
        rule="CP208",
        says=re.compile(""),
        message=(
            f"{name} is no failure of Temporal's: it fails the task, which is tried again for ever, not the workflow"
        ),
        fix="Raise ApplicationError, or give workflow_failure_exception_types.",
        certainty=Certainty.LIKELY,
    )
