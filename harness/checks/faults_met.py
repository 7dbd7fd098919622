"""Faults met: which model calls met a fault, and whether the faults of a trial make it right that the work fails."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from harness import faults
from harness.checks.attempts import Attempt, attempts_of, by_execution
from harness.faults.action import TimeOut
from harness.faults.fault import Fault
from harness.records.evidence import Evidence
from harness.records.message_facts import MadeUpReply
from harness.records.tape import Entry, acts, client_calls
from harness.temporal import event as events
from harness.temporal.duration import in_words

ACTS = {"cancelled": "cancel", "terminated": "terminate"}
"""The act on the tape by which a client makes a workflow end so."""

_DUE_SLACK = 10.0  # seconds for a due attempt to begin


@dataclass(frozen=True)
class FaultedCall:
    """One model call that met a fault of the model: its answer is no answer.

    Attributes:
        attempt: The attempt that made it.
        request: What it asked.
        fault: The fault.
        instead: What came in place of its answer: a made-up reply, or an entry of kind ``dropped``.
        whole: The model's own reply, where it was cut off on its way.
    """

    attempt: Attempt
    request: Entry
    fault: Fault
    instead: Entry
    whole: Entry | None = None

    @property
    def status(self) -> int:
        """HTTP status of a made-up reply; 0 where the connection broke or the answer was cut off."""
        return int(self.instead.status) if self.instead.kind == "reply" and self.instead.status.isdigit() else 0

    @property
    def error(self) -> dict[str, object]:
        """The ``error`` part of a made-up reply in the provider's format."""
        made_up = self.instead.facts_as(MadeUpReply)
        answer = made_up.answer if made_up else None
        error = answer.get("error") if isinstance(answer, dict) else None
        return error if isinstance(error, dict) else {}

    @property
    def final(self) -> bool:
        """Whether the model says that asking again is of no use: a 4xx that is no rate limit, or no quota left."""
        if self.status == 429:
            return "insufficient_quota" in (self.error.get("code"), self.error.get("type"))
        return 400 <= self.status < 500 and self.status not in (408, 409)


def fault_of(entry: Entry) -> Fault:
    """Return the fault of a strike or hit."""
    return faults.named(entry.fault)


def faulted_calls(evidence: Evidence) -> list[FaultedCall]:
    """Return every model call of an activity that met a fault of the model, in order of attempts."""
    return [met for attempt in attempts_of(evidence) for met in faulted_calls_of(attempt)]


def faulted_calls_of(attempt: Attempt) -> list[FaultedCall]:
    """Return the model calls of one attempt that met a fault of the model, in order."""
    met = []
    for call in attempt.calls("model"):
        reply, dropped = attempt.replies.get(call.message), attempt.dropped.get(call.message)
        for instead in (reply, dropped):
            fault = _of_model(instead)
            if instead is not None and fault is not None:
                whole = reply if instead is dropped else None
                met.append(FaultedCall(attempt, call, fault, instead, whole))
                break
    return met


def terminal(evidence: Evidence) -> Fault | None:
    """Return the fault under which the work cannot succeed any more, or None."""
    return next((fault for fault in evidence.faults if fault.terminal), None)


def outlasted(evidence: Evidence) -> Fault | None:
    """Return the fault that lasted until an activity had used up its declared attempts, or None.

    It heals, but too late for that activity: that the work fails is then right, and that it ends well is so too.
    """
    for group in by_execution(attempts_of(evidence)).values():
        cap = group[0].options.retry.attempts
        hit = {met.attempt.number: met.fault for attempt in group for met in faulted_calls_of(attempt)}
        lasting = next((fault for fault in hit.values() if fault.times != 1), None)
        if lasting is not None and 0 < cap <= len(hit) and not any(attempt.completed for attempt in group):
            return lasting
    return None


def answered_otherwise(evidence: Evidence) -> Fault | None:
    """Return the fault under which the work may rightly end otherwise: by another answer, or by what somebody did."""
    return _heard_otherwise(evidence) or decided_by_client(evidence)


def _heard_otherwise(evidence: Evidence) -> Fault | None:
    return next((fault for fault in evidence.faults if fault.heard == "another answer"), None)


def decided_by_client(evidence: Evidence) -> Fault | None:
    """Return the fault under which what somebody around the workflow did decides how it rightly ends, or None.

    Where one execution of several was cancelled or terminated, it decides nothing for the others.
    """
    return next(
        (fault for fault in evidence.faults if fault.ends != "as baseline" and not _met_another(fault, evidence)), None
    )


def _met_another(fault: Fault, evidence: Evidence) -> bool:
    """Tell whether the evidence is of one execution of several, and the client ended another one."""
    met = {call.workflow_id for call in client_calls(evidence.tape, ACTS.get(fault.ends, ""))}
    return evidence.beside and bool(met) and met.isdisjoint(history.workflow_id for history in evidence.roots)


def may_fail(evidence: Evidence) -> Fault | None:
    """Return the fault under which it is right that the workflow fails, or None."""
    return terminal(evidence) or outlasted(evidence) or _heard_otherwise(evidence)


def may_give_up(evidence: Evidence) -> bool:
    """Tell whether it is right that the workflow fails: by its faults, or since its scenario says so of any strike."""
    by_fault = may_fail(evidence) or decided_by_client(evidence)
    return by_fault is not None or (evidence.may_fail and bool(evidence.strikes))


def tried_for_ever(evidence: Evidence) -> bool:
    """Tell whether the trial did not end because what met a lasting outage is declared to be tried for ever.

    That is one fact, the same one that ``retry-bounded`` tells of without any fault, and no worse than that.
    """
    return evidence.end == "deadline" and any(
        not (group[0].options.retry.attempts or group[0].options.schedule_to_close)
        and not any(attempt.completed for attempt in group)
        and any(met.fault.times == 0 and not met.final for attempt in group for met in faulted_calls_of(attempt))
        for group in by_execution(attempts_of(evidence)).values()
    )


def still_retrying(evidence: Evidence) -> str:
    """Say which declared attempts under a lasting fault were still to come when the deadline ended the trial.

    As long as the next one is not due, that the work has not ended shows nothing; where no number is declared, as long
    as the time for all attempts is not over. An empty text where none was. Effects that are out for good may let any
    attempt fail, that of a compensation, too: its call need not come to a door.
    """
    out = terminal(evidence)
    effects_out = out is not None and out.family == "effect"
    until = next((entry.at for entry in acts(evidence.tape, "deadline")), inf)
    for group in by_execution(attempts_of(evidence)).values():
        last, cap, in_all = group[-1], group[-1].options.retry.attempts, group[-1].options.schedule_to_close
        lasting = effects_out or any(
            met.fault.times == 0 and not met.final for attempt in group for met in faulted_calls_of(attempt)
        )
        if not lasting or last.ended is None or _is_over(last, evidence):
            continue
        if in_all and not cap and until < group[0].began + in_all + _DUE_SLACK:
            return f"{last.name} has {in_words(in_all)} declared for all attempts, which were not over at the deadline"
        if last.number < cap:
            due = last.ended.at + last.options.retry.delay(last.number)
            if until < due + _DUE_SLACK:
                return (
                    f"{last.name} has {cap} attempts declared, and {last.number} of them were made until the deadline"
                )
    return ""


def _is_over(last: Attempt, evidence: Evidence) -> bool:
    """Tell whether an activity has ended, well or badly, so that no attempt follows its last one."""
    return last.completed or any(
        events.attributes(scheduled).get("activityId") == last.activity_id
        for history in evidence.histories
        if history.run_id == last.run_id
        for number in events.ended_activities(history)
        for scheduled in [events.by_number(history, number)]
    )


def met_at(evidence: Evidence) -> list[float]:
    """Return when messages met a fault, in seconds since the epoch."""
    return sorted(entry.at for entry in (*evidence.strikes, *acts(evidence.tape, "hit")))


def _of_model(instead: Entry | None) -> Fault | None:
    fault = faults.named(instead.injected) if instead is not None and instead.injected else None
    return fault if fault is not None and fault.family == "model" and fault.heard == "no answer" else None


def lets_time_out(dropped: Entry | None) -> bool:
    """Tell whether a call was dropped by a fault that lets its attempt time out before its client could give up."""
    injected = dropped.injected if dropped else ""
    return bool(injected) and isinstance(faults.named(injected).action, TimeOut)
