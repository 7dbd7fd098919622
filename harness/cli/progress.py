"""Progress on standard error: a live line on a terminal, plain lines elsewhere; and verdict lines for ``-o jsonl``."""

from __future__ import annotations

import json
import os
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.report.text import plan_text
from harness.swept import News
from harness.verdict import Outcome

_COLOURS = {Outcome.PASS: "green", Outcome.UNKNOWN: "yellow", Outcome.FAIL: "red"}


class Told:
    """Shows what sweeps tell. A context manager.

    Args:
        jsonl: Whether each verdict is also one line of JSON on standard output.
    """

    def __init__(self, *, jsonl: bool = False) -> None:
        self._jsonl = jsonl
        self._console = Console(stderr=True, highlight=False)
        self._live: Progress | None = None
        self._bars: dict[str, TaskID] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Told:
        if self._console.is_terminal and not os.environ.get("CI"):
            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[note]}"),
                console=self._console,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def line(self, text: str) -> None:
        """Show one line of progress."""
        if self._live:
            self._live.console.print(text, markup=False)
        else:
            print(f"[{time.monotonic() - self._began:6.1f}s] {text}", file=sys.stderr, flush=True)

    def tell(self, news: News) -> None:
        """Show what a sweep tells."""
        verdict = news.verdict
        if self._jsonl and verdict:
            print(
                json.dumps(
                    {
                        "trial": verdict.trial,
                        "scenario": verdict.scenario,
                        "plan": verdict.plan,
                        "outcome": verdict.outcome,
                        "findings": [finding.message for finding in verdict.findings],
                    }
                ),
                flush=True,
            )
        if self._live:
            self._show_live(self._live, news)
        elif verdict:
            self.line(f"{verdict.outcome:<7} {news.done}/{news.total} {news.scenario}: {plan_text(verdict.plan)}")
        else:
            self.line(f"{news.scenario}: {news.text}")

    def _show_live(self, live: Progress, news: News) -> None:
        if news.scenario not in self._bars:
            self._bars[news.scenario] = live.add_task(news.scenario, total=None, note="")
        verdict = news.verdict
        if verdict and verdict.outcome is not Outcome.PASS:
            told = Text(f"{verdict.outcome:<7} ", style=_COLOURS[verdict.outcome])
            live.console.print(told.append(f"{news.scenario}: {plan_text(verdict.plan)}", style="default"))
        note = plan_text(verdict.plan) if verdict else news.text
        live.update(self._bars[news.scenario], completed=news.done, total=news.total, note=note[:60])
