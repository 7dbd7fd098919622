"""Moves: what the world can answer next, and how often it may do what is no plain course of things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import UsageError, nearest

DEFAULT_BUDGETS: Mapping[str, int] = {
    "fail": 1,
    "timeout": 1,
    "cancel": 1,
    "terminate": 0,
    "trouble": 1,
    "together": 1,
    "twice": 0,
    "answer": 1,
}
"""How often what is no plain course of things may happen on one path.

``fail``: an activity, a child workflow or a Nexus operation fails for good. ``timeout``: one of its timeouts elapses.
``cancel``: somebody asks for the cancellation of the workflow. ``terminate``: somebody terminates it. ``trouble``:
these four together; where it is not given, as much as the largest of them. ``together``: two things happen before the
worker is asked, so that they come in one workflow task; the last of this budget is kept for what comes before any
trouble. ``twice``: a signal comes once more. ``answer``: the model gives one of the other answers that its script
offers, or a child completes otherwise than it does in the plain course of things.
"""

TROUBLES = ("fail", "timeout", "cancel", "terminate")
"""The moves that count as trouble: what a path without any comes to is undisturbed."""

ANYWAY = "anyway"
"""Detail of a completion that the workflow had asked to be cancelled: whichever is first wins."""

FROM_NOW_ON = ", from now on"
"""How the detail of a completion ends for which the model has given another answer, and does so from then on."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One thing that the world does.

    Attributes:
        kind: ``begin`` (the first workflow task is handed out), ``complete``, ``fail``, ``timeout``, ``cancelled`` (it
            reports the cancellation that the workflow asked for), ``start`` (a child starts), ``deliver`` (to another
            workflow), ``fire`` (a timer), ``signal``, ``update``, ``twice``; of the workflow itself ``cancel``,
            ``terminate``, ``expire`` (the plain course of things takes longer than its timeout) and ``timeout``.
        subject: What it happens to, the same in whatever order things happen; see ``Pending``.
        detail: Which failure, which timeout.
        words: The same as a phrase: ``activity charge.1 fails on each of its 5 attempts``.
    """

    kind: str
    subject: str = ""
    detail: str = ""
    words: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """Kind, subject and detail in one word, which says the same in every exploration."""
        return "/".join(filter(None, (self.kind, self.subject, self.detail)))

    @property
    def is_other_answer(self) -> bool:
        """Whether it completes otherwise: after another answer of the model, or as a child does on another path."""
        return self.kind == "complete" and self.detail not in ("", ANYWAY)


Step = tuple[Move, ...]
"""What happens before the worker is asked once: mostly one move."""


def budgets_of(words: Sequence[str]) -> dict[str, int]:
    """Return the budgets, with those that words like ``fail=2`` name changed.

    Raises:
        UsageError: One is none.
    """
    budgets = dict(DEFAULT_BUDGETS)
    named: set[str] = set()
    for word in words:
        name, equals, count = word.partition("=")
        if name not in budgets:
            raise UsageError(f"there is no budget {name!r}{nearest(name, budgets)}; known: {', '.join(budgets)}")
        if not equals or not count.isdigit():
            raise UsageError(f"the budget {word!r} is not NAME=TIMES: fail=2")
        named.add(name)
        budgets[name] = int(count)
    if "trouble" not in named:
        budgets["trouble"] = max(budgets[each] for each in TROUBLES)
    return budgets
