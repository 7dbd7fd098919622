"""Fallbacks: whether a model that is out of service is left in peace, and the work goes on with another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.checks import showing
from harness.checks.attempts import requests
from harness.checks.check import CannotTell, Check, NothingToLookAt, check
from harness.records.evidence import Evidence
from harness.records.tape import Entry
from harness.records.verdict import Finding
from harness.temporal import event as events

_NO_OUTAGE = "no model was out of service while another one answered"


@dataclass(frozen=True)
class ModelCall:
    """A call of a model that was answered by its script.

    Attributes:
        model: The model that was asked.
        refused: Whether it is out of service: its script answers with a status of 500 or more.
        request: The call.
    """

    model: str
    refused: bool
    request: Entry


def model_out(evidence: Evidence) -> str:
    """Return the model that answers nothing in a trial while another one does, by their scripts; empty for none."""
    answers: dict[str, set[bool]] = {}
    for call in _calls(evidence):
        answers.setdefault(call.model, set()).add(call.refused)
    if {False} not in answers.values():
        return ""
    return next((model for model, refused in answers.items() if refused == {True}), "")


def _calls(evidence: Evidence) -> list[ModelCall]:
    """Return the calls of models that were answered as their script says, in the order in which they were made."""
    asked = requests(evidence.tape)
    calls = []
    for reply in evidence.tape:
        if reply.kind == "reply" and reply.door == "model" and not reply.injected and reply.message in asked:
            request = asked[reply.message]
            body = request.http.body
            model = str(body.get("model", "")) if isinstance(body, dict) else ""
            calls.append(ModelCall(model, reply.status.isdigit() and int(reply.status) >= 500, request))
    return sorted(calls, key=lambda call: call.request.at)


@check(
    "breaker-opens",
    why="A model that is out of service is asked again and again by every step: that keeps it down, and each step "
    "waits for it in vain.",
    fix="Count in the workflow how often the model has failed, and ask another one first for a while.",
)
def breaker_opens(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """A model that is out of service is left in peace after some failures: a later call goes to another one at once."""
    out = model_out(evidence)
    if not out:
        raise NothingToLookAt(_NO_OUTAGE)
    calls = _calls(evidence)
    answered = [index for index, call in enumerate(calls) if not call.refused]
    if any(later == earlier + 1 for earlier, later in pairwise(answered)):
        return
    refused = [call.request for call in calls if call.model == out]
    if len(answered) < 2:
        raise CannotTell("the work asks a model for one answer alone: two are needed to see whether a breaker opens")
    yield Finding(
        check="breaker-opens",
        subject=out,
        message=f"{out} is out of service and was asked before each of {len(answered)} answers of another model, "
        f"{showing.times(len(refused))} in all: no breaker opened",
        evidence=showing.entries(evidence, refused),
    )


@check(
    "degraded-answer",
    why="A fallback is there so that somebody gets an answer, if a lesser one.",
    fix="Ask another model, or answer without one, before the workflow gives up.",
)
def degraded_answer(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """With the usual model out of service the workflow still completes."""
    out = model_out(evidence)
    if not out:
        raise NothingToLookAt(_NO_OUTAGE)
    close = events.root_close(evidence)
    if close is None or events.kind(close) != "WORKFLOW_EXECUTION_COMPLETED":
        ended = events.kind(close) if close else "nothing: it is open"
        yield Finding(
            check="degraded-answer",
            subject=out,
            message=f"{out} is out of service, and the workflow ended in {ended}, expected an answer",
        )


@check(
    "recovers-without-burst",
    why="Who comes back from a crash and asks a model that is down once more for each thing that it has forgotten "
    "keeps it down.",
    fix="Keep the state of the breaker in the workflow and not in the memory of the worker process.",
)
def recovers_without_burst(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """After a strike a model that is out of service is asked no more often than undisturbed, and once a strike."""
    usual = [sum(call.refused for call in _calls(each)) for each in baselines]
    if not evidence.strikes or not any(model_out(each) for each in baselines):
        raise NothingToLookAt(_NO_OUTAGE if evidence.strikes else "nothing was struck")
    refused = [call.request for call in _calls(evidence) if call.refused]
    most = max(usual) + len(evidence.strikes)
    if len(refused) > most:
        yield Finding(
            check="recovers-without-burst",
            subject="the model that is out of service",
            message=f"the model that is out of service was asked {showing.times(len(refused))}, expected {most} at "
            f"most: {max(usual)} undisturbed, and one for each strike",
            evidence=showing.entries(evidence, refused),
        )


CHECKS: tuple[Check, ...] = (breaker_opens, degraded_answer, recovers_without_burst)
"""The checks of fallbacks."""
