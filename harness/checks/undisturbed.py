"""Undisturbed runs: whether trials with a strike can be compared with them, and if not, what is in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.execution import wrong_end
from harness.checks.lost_tasks import lost_task
from harness.checks.server_limits import terminated_by_server
from harness.checks.still_at_work import still_at_work
from harness.records.act_facts import DoorNotice
from harness.records.evidence import Evidence
from harness.records.tape import acts
from harness.temporal import event as events
from harness.temporal.failure import failures_of

_LONGEST = 300


def notices_of(evidence: Evidence) -> list[str]:
    """Return what the doors said in a trial: a request of a shape that no server there knows, a script that raised."""
    return [notice.text for notice in _notices(evidence)]


def bad_end(evidence: Evidence) -> str:
    """Return how an undisturbed run ended that should have ended well, with its cause; or an empty text."""
    if at_work := still_at_work(evidence, [evidence]):
        return f"the work is not over: {at_work}"
    if evidence.end in ("deadline", "stopped"):
        return f"the work is already not over: {evidence.end_reason}"
    return next(filter(None, map(_bad_end, evidence.executions)), "")


def _bad_end(evidence: Evidence) -> str:
    if wrong := wrong_end(evidence, [evidence]):
        ended = events.root_close(evidence)
        causes = [str(failure.get("message", "")) for failure in failures_of(ended)] if ended else []
        cause = ": ".join(dict.fromkeys(filter(None, causes)))[:_LONGEST]
        return f"{evidence.roots[0].path} already {wrong}" + (f": {cause}" if cause else "")
    for history in evidence.roots[-1:]:
        if (close := terminated_by_server(history)) is not None:
            return f"{history.path} is already terminated by the server: {events.attributes(close).get('reason', '')}"
    return ""


def unserved(evidence: Evidence, baselines: Sequence[Evidence]) -> str:
    """Return what crashproof could not serve in a trial that went wrong, so that it may be no fault of the worker's.

    A run without a strike that ends well got along without it. One that ends otherwise may do so since its input, or
    what it is sent, was made up; where its workflow task fails again and again it is the code. Under a strike only what
    no undisturbed run asked for counts.
    """
    lacking = _unserved(evidence)
    if evidence.plan.strikes:
        usual = {text for baseline in baselines for text in _unserved(baseline)}
        lacking = [text for text in lacking if text not in usual]
    elif not (words := bad_end(evidence)):
        return ""
    elif not lacking and evidence.made_up and evidence.end != "stopped":
        return f"undisturbed, {words}; crashproof made up {evidence.made_up}: where that does not fit, say what does"
    return f"crashproof could not serve what the worker asked for: {lacking[0]}" if lacking else ""


def why_not_compared(baselines: Sequence[Evidence]) -> str:
    """Return why nothing can be compared with these undisturbed runs, or an empty text."""
    for baseline in baselines:
        if words := bad_end(baseline):
            return unserved(baseline, baselines) or lost_task(baseline) or f"undisturbed, {words}"
    return ""


def _unserved(evidence: Evidence) -> list[str]:
    return [notice.text for notice in _notices(evidence) if notice.unserved]


def _notices(evidence: Evidence) -> Iterator[DoorNotice]:
    notices = (entry.facts_as(DoorNotice) for entry in acts(evidence.tape, "notice"))
    return (notice for notice in notices if notice)
