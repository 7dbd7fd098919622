"""What ``crashproof capture`` prints: what it came to, and each history with why it was taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.records.capture_result import NOVELTY, CapturedHistory, CaptureResult, Kept

_LONGEST_ID = 60
_WORDS: dict[Kept, str] = {
    "new": "captured",
    "same": "there already",
    "replaced": "written over",
    "changed": "left as it was",
}


def as_json(caught: CaptureResult, *, folder: Path, asked: str, scrubbed: bool, status: int) -> str:
    """Return what a capture came to as JSON."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "outcome": "UNKNOWN" if status else "PASS",
        "exit_status": status,
        "asked": asked,
        "folder": str(folder),
        "listed": caught.listed,
        "more_listed": caught.more,
        "read": caught.read,
        "counts": {kind: len(caught.of(kind)) for kind in _WORDS},
        "passed_over": caught.passed_over,
        "not_looked_at": caught.left,
        "gone": caught.gone,
        "histories": [{"done": done, **asdict(captured)} for done, captured in caught.kept],
        "scrubbed": {"replaced": caught.replaced, "left_as_they_are": caught.unread} if scrubbed else None,
    }
    return json.dumps(document, indent=2)


def as_text(caught: CaptureResult, *, folder: Path, asked: str, scrubbed: bool) -> str:
    """Return what a capture came to as text to read."""
    if not caught.kept:
        return "\n".join([f"UNKNOWN  no history captured: nothing matches {asked}", *_gone(caught)])
    lines = [f"{done:<9}{_line(captured)}" for done, captured in caught.kept if done != "same"]
    counts = ", ".join(f"{len(caught.of(kind))} {word}" for kind, word in _WORDS.items() if caught.of(kind))
    lines += [""] * bool(lines) + [f"{folder}: {counts}"]
    lines.append(
        f"  Listed: {caught.listed}. Read: {caught.read}. Passed over, with nothing new: {caught.passed_over}."
    )
    return "\n".join([*lines, *_notes(caught), *(_scrubbed(caught) if scrubbed else ())])


def _line(captured: CapturedHistory) -> str:
    why = ", ".join(captured.why)
    if captured.adds and why == NOVELTY:
        more = f" and {len(captured.adds) - 2} more" if len(captured.adds) > 2 else ""
        why = f"new: {'; '.join(captured.adds[:2])}{more}"
    state = "open" if captured.open else captured.status
    shown = (
        captured.workflow_id if len(captured.workflow_id) <= _LONGEST_ID else f"{captured.workflow_id[:_LONGEST_ID]}…"
    )
    return f"{captured.workflow_type}  {shown}  {state}  {captured.events} events  ({why})"


def _notes(caught: CaptureResult) -> Iterator[str]:
    if caught.more:
        yield (
            f"  The cluster has more: oldest and longest are meant of the {caught.listed} that it listed first. "
            "Give --candidates more, or narrow the query."
        )
    if caught.left:
        yield f"  Not looked at, for --limit: {caught.left}. Give a higher one to have more."
    if still := sum(captured.open for _, captured in caught.kept):
        yield f"  Still open: {still}. Their histories go on; the index marks them."
    if changed := caught.of("changed"):
        yield f"  Left as they were, although the cluster has something else now: {len(changed)}. See --overwrite."
    yield from _gone(caught)


def _gone(caught: CaptureResult) -> Iterator[str]:
    if caught.gone:
        more = f" and {len(caught.gone) - 5} more" if len(caught.gone) > 5 else ""
        yield f"  Not on the cluster, or no longer: {', '.join(caught.gone[:5])}{more}."


def _scrubbed(caught: CaptureResult) -> Iterator[str]:
    if not (caught.of("new") or caught.of("replaced")):
        return
    yield f"  Scrubbed: {_counts(caught.replaced) or 'nothing'}. Names, ids, JSON keys and short numbers stay."
    if caught.unread:
        yield f"  Left as they are, encrypted or of an encoding that cannot be read here: {_counts(caught.unread)}."
    yield "  A workflow that decides by a value that was replaced replays differently from a scrubbed history."


def _counts(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))
