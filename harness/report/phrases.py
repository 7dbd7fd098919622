"""Phrases that every form of the report shares: a plan, a point, a number of things, why something is unknown."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.records.audit_result import AuditFinding, CodePlace
from harness.records.plan import Plan
from harness.records.store import EXPLORATIONS, RUNS
from harness.records.verdict import Outcome, Verdict


def plan_text(plan: Plan) -> str:
    """Return a plan as a phrase: ``kill-worker before RespondActivityTaskCompleted of book 1, attempt 1``."""
    if not plan.strikes:
        return "undisturbed"
    words = ", then ".join(f"{strike.fault} {strike.at.text}" for strike in plan.strikes)
    return words + (" (in real time)" if plan.real_time else "")


def place_text(place: CodePlace) -> str:
    """Return a place in the code as ``path.py:12:5``; where only the line is known as ``path.py:12 in run``."""
    if place.column:
        return f"{place.file}:{place.line}:{place.column}"
    return f"{place.file}:{place.line}" + (f" in {place.function}" if place.function else "")


def code_text(finding: AuditFinding) -> str:
    """Return a line of code with its place and its rule: ``path.py:12 in charge (CP306): await client.post(...)``."""
    return ": ".join(filter(None, [code_place(finding), finding.text.strip()]))


def code_place(finding: AuditFinding) -> str:
    """Return where a line of code stands, and the rule that says what is wrong with it."""
    return f"{place_text(replace(finding.place, column=0))} ({finding.rule})"


def step_text(step: CodePlace) -> str:
    """Return a step of the way to a place: ``path.py:12 calls pick()``."""
    return f"{step.file}:{step.line} {step.what}"


def reproduce_trial(trial: str, *, folder: str = "") -> str:
    """Return the command that runs a trial again, or walks a path again that an exploration found.

    Args:
        trial: Id of the trial.
        folder: The evidence folder, as the user would type it; it is named where such folders usually are not.
    """
    is_found = not folder or Path(folder).parent in (RUNS, EXPLORATIONS)
    return f"crashproof reproduce {trial}" + ("" if is_found else f" --run {shlex.quote(folder)}")


def reproducing(folder: str) -> Callable[[str], str]:
    """Return what returns the command that runs a trial of a run again, whose evidence folder this is."""
    return partial(reproduce_trial, folder=folder)


def number(count: int, word: str, words: str = "") -> str:
    """Return ``1 trial`` or ``2 trials``; ``words`` where the plural has no plain s."""
    return f"{count} {word if count == 1 else words or f'{word}s'}"


def not_tried(count: int, why: str) -> str:
    """Return how many points were left when a limit ended a sweep: ``2 points were not tried: …``."""
    return f"{number(count, 'point')} {'was' if count == 1 else 'were'} not tried" + (f": {why}" if why else "")


def why_unknown(verdict: Verdict) -> list[str]:
    """Return why a trial is UNKNOWN, one line for each reason: its own, then those of its checks."""
    reasons = verdict.reason.strip().splitlines()
    for judgement in verdict.judgements:
        if judgement.outcome is Outcome.UNKNOWN:
            last = judgement.reason.strip().splitlines()[-1:] or ["no reason given"]
            reasons.append(f"{judgement.check}: {last[0]}")
    return reasons
