"""The picture of an exploration: its paths as a tree, from the first workflow task on the left to each end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.records.explore_result import ExploredBranch

_STEP, _ROW, _EDGE = 190, 24, 22  # pixels between two steps, between two ends, and around the picture
_SHOWN = 28  # letters of a move that fit between two steps

_MARKS = {"stuck": "FAIL", "task failed": "FAIL", "lost": "FAIL", "endless": "FAIL", "left": "UNKNOWN"}


@dataclass(frozen=True, kw_only=True)
class TreeMark:
    """One state of the tree, and what led to it.

    Attributes:
        x: Where it is, in pixels from the left.
        y: From the top.
        from_x: Where the state before it is.
        from_y: From the top.
        text: What happened in between, as far as there is room.
        title: All of it, and how the path ends where it does.
        kind: Its class: ``PASS``, ``FAIL``, ``UNKNOWN`` for an end, ``open`` for what goes on.
    """

    x: float
    y: float
    from_x: float
    from_y: float
    text: str
    title: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class PathTree:
    """The tree of the paths of one scenario.

    Attributes:
        title: Name of the scenario.
        marks: Its states.
        width: Pixels.
        height: Pixels.
    """

    title: str
    marks: tuple[TreeMark, ...]
    width: float
    height: float


@dataclass(kw_only=True)
class _Node:
    move: str
    end: str = ""
    following: dict[str, _Node] = field(default_factory=dict)
    x: float = 0.0
    y: float = 0.0


def path_tree(title: str, branches: Sequence[ExploredBranch]) -> PathTree | None:
    """Return the picture of these paths; None where there is none."""
    if not branches:
        return None
    root = _Node(move="the workflow is started")
    for branch in branches:
        node = root
        for move in branch.moves:
            node = node.following.setdefault(move, _Node(move=move))
        node.end = branch.end
    rows = _place(root, depth=0, row=0)
    marks = tuple(_marks(root))
    width = max(mark.x for mark in marks) + _STEP
    return PathTree(title=title, marks=marks, width=width, height=rows * _ROW + _EDGE)


def _place(node: _Node, *, depth: int, row: int) -> int:
    """Give a state and all that follow it their places; return the next row that is free."""
    node.x = _EDGE + depth * _STEP
    first = row
    for each in node.following.values():
        row = _place(each, depth=depth + 1, row=row)
    node.y = _EDGE + (first + max(first, row - 1)) / 2 * _ROW
    return max(row, first + 1)


def _marks(node: _Node) -> Iterator[TreeMark]:
    for each in node.following.values():
        kind = _MARKS.get(each.end, "PASS") if each.end else "open"
        text = each.move if len(each.move) <= _SHOWN else each.move[: _SHOWN - 1] + "…"
        title = f"{each.move}: {each.end}" if each.end else each.move
        yield TreeMark(x=each.x, y=each.y, from_x=node.x, from_y=node.y, text=text, title=title, kind=kind)
        yield from _marks(each)
