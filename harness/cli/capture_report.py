"""What ``crashproof capture`` prints: what it came to, and each history with why it was taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.replay.captured import Captured, Kept
    from harness.replay.capturing import Caught

_WORDS: dict[Kept, str] = {
    "new": "captured",
    "same": "there already",
    "replaced": "written over",
    "changed": "left as it was",
}


def as_json(caught: Caught, *, folder: Path, asked: str, scrubbed: bool) -> str:
    """Return what a capture came to as JSON."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "outcome": "PASS" if caught.kept else "UNKNOWN",
        "exit_status": 0 if caught.kept else 3,
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


def as_text(caught: Caught, *, folder: Path, asked: str, scrubbed: bool) -> str:
    """Return what a capture came to as text to read."""
    if not caught.kept:
        return "\n".join([f"UNKNOWN  no history captured: nothing matches {asked}", *_gone(caught)])
    lines = [f"{done:<9}{_line(captured)}" for done, captured in caught.kept if done != "same"]
    counts = ", ".join(f"{len(caught.of(kind))} {word}" for kind, word in _WORDS.items() if caught.of(kind))
    lines += [""] * bool(lines) + [f"{folder}: {counts}"]
    lines.append(
        f"  {caught.listed} executions listed, {caught.read} histories read, {caught.passed_over} hold nothing new"
    )
    return "\n".join([*lines, *_notes(caught, scrubbed=scrubbed)])


def _line(captured: Captured) -> str:
    why = ", ".join(captured.why)
    if captured.adds and why == "holds something new":
        more = f" and {len(captured.adds) - 2} more" if len(captured.adds) > 2 else ""
        why = f"new: {'; '.join(captured.adds[:2])}{more}"
    state = "open" if captured.open else captured.status
    return f"{captured.workflow_type}  {captured.workflow_id}  {state}  {captured.events} events  ({why})"


def _notes(caught: Caught, *, scrubbed: bool) -> Iterator[str]:
    if caught.more:
        yield (
            f"  The cluster has more: the oldest and longest are those of the {caught.listed} newest. "
            "Give --candidates more, or narrow the query."
        )
    if caught.left:
        yield f"  {caught.left} were not looked at, for --limit; give a higher one to have more."
    if found := [captured for _, captured in caught.kept if captured.open]:
        yield f"  {len(found)} are still open: their histories go on, and the index marks them."
    if changed := caught.of("changed"):
        yield f"  {len(changed)} files hold something else than the cluster and stay; --overwrite writes over them."
    yield from _gone(caught)
    yield from _scrubbed(caught.replaced, caught.unread) if scrubbed else ()


def _gone(caught: Caught) -> Iterator[str]:
    if caught.gone:
        yield f"  {len(caught.gone)} are not on the cluster, or no longer: {', '.join(caught.gone[:5])}"


def _scrubbed(replaced: Mapping[str, int], unread: Mapping[str, int]) -> Iterator[str]:
    yield f"  Scrubbed: {_counts(replaced) or 'nothing'}. Names, ids, JSON keys and short numbers stay."
    if unread:
        yield f"  Left as they are, encrypted or of an encoding that cannot be read here: {_counts(unread)}."
    yield "  A workflow that decides by a value that was replaced replays differently from a scrubbed history."


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
