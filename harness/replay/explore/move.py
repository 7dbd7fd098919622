"""Moves: what the world can answer next, and how often it may do what is no plain course of things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import UsageError, nearest

DEFAULT_BUDGETS: Mapping[str, int] = {"fail": 1, "timeout": 1, "cancel": 1, "trouble": 1, "together": 1, "twice": 0}
"""How often what is no plain course of things may happen on one path.

``fail``: an activity, a child workflow or a Nexus operation fails for good. ``timeout``: one of its timeouts elapses.
``cancel``: somebody asks for the cancellation of the workflow. ``trouble``: these three together; where it is not
given, as much as the largest of them. ``together``: two things happen before the worker is asked, so that they come in
one workflow task; the last of this budget is kept for what comes before any trouble. ``twice``: a signal comes once
more.
"""

TROUBLES = ("fail", "timeout", "cancel")
"""The moves that count as trouble: what a path without any comes to is undisturbed."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One thing that the world does.

    Attributes:
        kind: ``begin`` (the first workflow task is handed out), ``complete``, ``fail``, ``timeout``, ``cancelled`` (it
            reports the cancellation that the workflow asked for), ``start`` (a child starts), ``deliver`` (to another
            workflow), ``fire`` (a timer), ``signal``, ``update``, ``twice``, ``cancel`` (of the workflow itself).
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
