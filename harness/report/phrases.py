"""Phrases that every form of the report shares: a plan, a point, a number of things, why something is unknown."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records.plan import Plan
from harness.records.verdict import Outcome, Verdict


def plan_text(plan: Plan) -> str:
    """Return a plan as a phrase: ``kill-worker before RespondActivityTaskCompleted of book 1, attempt 1``."""
    if not plan.strikes:
        return "undisturbed"
    words = ", then ".join(f"{strike.fault} {point_text(strike.point)}" for strike in plan.strikes)
    return words + (" (in real time)" if plan.real_time else "")


def point_text(point_id: str) -> str:
    """Return a point id as a phrase: ``before RespondActivityTaskCompleted of book 1, attempt 1``."""
    position, _, rest = point_id.partition("/")
    operation, *words = rest.split("/")
    told = f"{position} {operation}"
    named = [word for word in words if not word.startswith(("attempt-", "nth-"))]
    told += _whose(operation, named) if named else ""
    for word in words:
        if word.startswith("attempt-"):
            told += f", attempt {word.removeprefix('attempt-')}"
        elif word.startswith("nth-"):
            told += f", occurrence {word.removeprefix('nth-')}"
    return told


def reproduce(trial: str) -> str:
    """Return the command that runs a trial again."""
    return f"crashproof reproduce {trial}"


def number(count: int, word: str, words: str = "") -> str:
    """Return ``1 trial`` or ``2 trials``; ``words`` where the plural has no plain s."""
    return f"{count} {word if count == 1 else words or f'{word}s'}"


def not_tried(count: int, why: str) -> str:
    """Return how many points were left when a limit ended a sweep: ``2 points were not tried: …``."""
    return f"{number(count, 'point')} {'was' if count == 1 else 'were'} not tried" + (f": {why}" if why else "")


def why_unknown(verdict: Verdict) -> list[str]:
    """Return why a trial is UNKNOWN, one line for each reason: its own, then those of its checks."""
    told = verdict.reason.strip().splitlines()
    for judgement in verdict.judgements:
        if judgement.outcome is Outcome.UNKNOWN:
            last = judgement.reason.strip().splitlines()[-1:] or ["no reason given"]
            told.append(f"{judgement.check}: {last[0]}")
    return told


def _whose(operation: str, named: Sequence[str]) -> str:
    """Say whose message it is: that of an activity's execution, or that of a workflow and what it decided."""
    *workflow, last = named
    activity, dot, execution = last.rpartition(".")
    if not workflow or "WorkflowTask" in operation or not (dot and execution.isdigit()):
        decided = f" ({last})" if workflow else ""
        return f" of {'/'.join(workflow) or last}{decided}"
    path = "/".join(workflow)
    return f" of {activity} {execution}" + (f" in {path}" if "/" in path or "+" in path else "")
