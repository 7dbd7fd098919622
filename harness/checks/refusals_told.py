"""Refusals that are told to the model: an error of Temporal's sandbox that a framework takes for a tool's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.checks import showing
from harness.checks.check import NothingToLookAt, check
from harness.records.evidence import Evidence
from harness.records.verdict import Finding
from harness.temporal.payload import texts_in

_REFUSAL = re.compile(r"Cannot access \S+ from inside a workflow|Not in activity context|Not in workflow event loop")
"""What the SDK says where workflow code does what only an activity may do, and the other way round."""


@check(
    "no-refusal-told-as-answer",
    why="The tool never works: the model is told an error each time, makes something up, and the run looks well.",
    fix="Make the tool an activity (of the OpenAI Agents SDK: activity_as_tool), and let errors that are no tool's "
    "own reach the workflow (failure_error_function=None).",
)
def no_refusal_told_as_answer(evidence: Evidence, baselines: Sequence[Evidence]) -> Iterator[Finding]:
    """No model and no effect is told that the SDK refused what a tool did in workflow code."""
    asked = [entry for entry in evidence.tape if entry.kind == "request" and entry.door in ("model", "effect")]
    if not asked:
        raise NothingToLookAt("no model and no effect was called")
    reported: set[str] = set()
    for entry in asked:
        refusal = next((match[0] for text in texts_in(entry.http.body) if (match := _REFUSAL.search(text))), "")
        if refusal and refusal not in reported:
            reported.add(refusal)
            words = f"{entry.operation} was told as an answer what the SDK refused: {refusal!r}"
            shown = showing.entries(evidence, [entry], saying="{operation}")
            yield Finding(check="no-refusal-told-as-answer", subject=refusal, message=words, evidence=shown)
