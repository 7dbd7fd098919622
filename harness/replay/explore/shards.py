"""Shards: one exploration cut into parts that can be explored side by side, and put together again.

A path belongs to the shard that its first steps name, whoever walks it: what is shorter is walked by all, and counts
once. Each part starts a worker of its own and has limits of its own. What holds for paths beside each other, such as
that the order of things changes no result, is judged when all parts are together.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.replay.explore.move import Step

if TYPE_CHECKING:
    from harness.records.explore_result import ExploreResult
    from harness.replay.explore.path import ExploredPath

DEPTH = 3
"""How many steps of a path name its shard: by then the world has nearly always had something to choose."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One part of an exploration.

    Attributes:
        number: Its number, from 0.
        of: How many parts there are.
    """

    number: int = 0
    of: int = 1

    def has(self, path: Sequence[Step]) -> bool:
        """Tell whether a path is walked in this part; all are that are shorter than what names a shard."""
        if self.of == 1 or len(path) < DEPTH:
            return True
        names = "\n".join(" and ".join(move.name for move in step) for step in path[:DEPTH])
        digest = hashlib.blake2s(names.encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.of == self.number


WHOLE = Shard()
"""The only part of an exploration that is not cut."""


def all_paths(parts: Sequence[Sequence[ExploredPath]]) -> tuple[ExploredPath, ...]:
    """Return the paths of all parts, each once: those that are too short to name a shard are in each of them."""
    paths: dict[tuple[object, ...], ExploredPath] = {}
    for part in parts:
        for path in part:
            paths.setdefault((path.steps, path.close, path.result, path.difference), path)
    return tuple(paths.values())


def whole_of(parts: Sequence[ExploreResult], *, of: int, paths: Sequence[ExploredPath]) -> ExploreResult:
    """Return what the parts of one scenario's exploration came to together, before they are judged together.

    A part that is missing, or was not explored whole, leaves the whole unfinished, and it is said which.

    Args:
        parts: What the parts came to; at least one.
        of: How many there are.
        paths: All paths.
    """
    limits = [part.limit for part in parts if part.limit]
    if len(parts) < of:
        limits.append(f"{of - len(parts)} of its {of} parts were not explored")
    findings = {each.id: each for part in parts for each in part.findings}
    nothing = [part.reason for part in parts if part.reason]
    return replace(
        parts[0],
        states=sum(part.states for part in parts),
        merged=sum(part.merged for part in parts),
        paths=len(paths),
        left=sum(part.left for part in parts),
        limit="; ".join(dict.fromkeys(limits)),
        cold=sum(part.cold for part in parts),
        warm=sum(part.warm for part in parts),
        executed=sum(part.executed for part in parts),
        seconds=sum(part.seconds for part in parts),
        findings=tuple(findings.values()),
        unexplored=_unexplored(parts, paths),
        notes=(*dict.fromkeys(note for part in parts for note in part.notes), f"explored in {of} parts"),
        reason=nothing[0] if len(nothing) == len(parts) else "",
        branches=(),
    )


def _unexplored(parts: Sequence[ExploreResult], paths: Sequence[ExploredPath]) -> dict[str, int]:
    """Return what could not be explored: on how many paths, or as each part says that it is so on none."""
    of_paths = Counter(reason for path in paths for reason in path.unexplored)
    return {**{reason: count for part in parts for reason, count in part.unexplored.items()}, **of_paths}
