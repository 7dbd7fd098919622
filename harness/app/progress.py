"""How the functions of ``harness.app`` say how far they are."""

from __future__ import annotations

from collections.abc import Callable

from harness.records.sweep_result import News

Tell = Callable[[News], None]
"""Called with what happens while something is under way; without a scenario's name it is about the whole of it."""


def silent(news: News) -> None:
    """Take what happens, and show it nowhere."""
