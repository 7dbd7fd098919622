"""Progress on standard error: a live line on a terminal, plain lines elsewhere; and verdict lines for ``-o jsonl``."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from harness.foreign import for_line
from harness.records.sweep_result import News
from harness.records.verdict import Outcome, Verdict
from harness.report.phrases import plan_text, why_unknown

_COLOURS = {Outcome.PASS: "green", Outcome.UNKNOWN: "yellow", Outcome.FAIL: "red"}
_COUNT_EVERY = 10.0
_WAITING_AFTER = 5.0  # seconds without a line after which it is said what is waited for
_SHOWN = 4  # trials under way that a terminal shows
_LIVE_EVERY = 0.1
_ALL = "all scenarios"
_BASELINES = 2


class Tally:
    """Counts what the sweeps of a run came to so far."""

    def __init__(self) -> None:
        self._outcomes: dict[str, dict[Outcome, int]] = {}
        self._totals: dict[str, tuple[int, int]] = {}

    def add(self, news: News) -> None:
        """Count what a sweep came to with this."""
        counts = self._outcomes.setdefault(news.scenario, dict.fromkeys(Outcome, 0))
        if news.verdict:
            counts[news.verdict.outcome] += 1
        self._totals[news.scenario] = (news.done, news.total)

    @property
    def scenarios(self) -> int:
        """How many scenarios there has been anything of."""
        return len(self._totals)

    @property
    def done(self) -> int:
        """Trials judged."""
        return sum(done for done, _ in self._totals.values())

    @property
    def total(self) -> int:
        """Trials known so far."""
        return sum(total for _, total in self._totals.values())

    def bad(self, scenario: str = "") -> str:
        """Return what did not pass, of one scenario or of all: ``2 failed, 1 unknown``, or an empty text."""
        counts = [counts for name, counts in self._outcomes.items() if scenario in ("", name)]
        failed, unknown = (sum(each[kind] for each in counts) for kind in (Outcome.FAIL, Outcome.UNKNOWN))
        parts = [f"{failed} failed"] * bool(failed) + [f"{unknown} unknown"] * bool(unknown)
        return ", ".join(parts)

    def __str__(self) -> str:
        passed = sum(counts[Outcome.PASS] for counts in self._outcomes.values())
        # A trial that a busy machine slowed is done, and counts when it was tried again in quiet.
        said = self.bad() or ("all passed" if passed >= self.done else "")
        return f"{self.done} of {self.total} trials done" + (f", {said}" if said else "")


class ProgressDisplay:
    """Shows on standard error how far a command is. A context manager.

    A terminal shows bars, below them what the agent does in the trials under way, and which trial ended last. Where no
    terminal is, those that pass are counted every 10 seconds, and where nothing else is said for 5 seconds there is a
    line of what is waited for. Each trial that does not pass has a line in both.

    Args:
        jsonl: Whether each verdict is also one line of JSON on standard output.
        each: Whether each trial has a line, those that pass, too.
        clock: Returns the time in seconds, from any beginning.
    """

    def __init__(self, *, jsonl: bool = False, each: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._jsonl = jsonl
        self._each = each
        self._console = Console(stderr=True, highlight=False)
        self._progress = _bars(self._console)
        self._live: Live | None = None
        self._under_way: tuple[str, ...] = ()
        self._ended = Text()
        self._bars: dict[str, TaskID] = {}
        self._clock = clock
        self._began = self._counted = self._said = clock()
        self._tally = Tally()
        self._last = ""

    def __enter__(self) -> ProgressDisplay:
        if self._console.is_terminal and not os.environ.get("CI"):
            self._live = Live(get_renderable=self._picture, console=self._console, transient=True, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        elif self._tally.done:
            self._count()

    @property
    def live(self) -> bool:
        """Whether a terminal shows a live line, rather than a log its lines."""
        return self._live is not None

    def line(self, text: str) -> None:
        """Show one line of progress."""
        self._said = self._clock()
        if self._live:
            self._live.console.print(for_line(text), markup=False)
        else:
            print(f"[{self._clock() - self._began:6.1f}s] {for_line(text)}", file=sys.stderr, flush=True)

    def tell(self, news: News) -> None:
        """Show what happens; what is about no scenario is one line."""
        if news.waiting:
            self._under_way = news.under_way
            if self._live or not news.text or self._clock() - self._said < _WAITING_AFTER:
                return
        if not news.scenario:
            self.line(news.text)
            return
        self._tally.add(news)
        if self._jsonl and news.verdict:
            print(json.dumps(_row(news.verdict)), flush=True)
        if self._live:
            self._show_live(news)
        else:
            self._show_plain(news)

    def _show_plain(self, news: News) -> None:
        verdict = news.verdict
        if verdict is None:
            self.line(f"{news.scenario}: {news.text}")
        elif self._has_line(verdict):
            self.line(f"{verdict.outcome:<7} {_in_one_line(verdict)}")
        if self._clock() - self._counted >= _COUNT_EVERY:
            self._count()

    def _count(self) -> None:
        self._counted = self._clock()
        if self._last != str(self._tally):
            self._last = str(self._tally)
            self.line(self._last)

    def _has_line(self, verdict: Verdict) -> bool:
        return self._each or verdict.outcome is not Outcome.PASS

    def _show_live(self, news: News) -> None:
        verdict = news.verdict
        if verdict:
            line = Text(f"{verdict.outcome:<7} ", style=_COLOURS[verdict.outcome])
            line.append(for_line(_in_one_line(verdict)), style="default")
            self._ended = Text("  ended: ").append(line)
            if self._has_line(verdict):
                self._console.print(line)
        note = "" if verdict else news.text
        self._move(news.scenario, done=news.done, total=news.total, bad=self._tally.bad(news.scenario), note=note)
        if self._tally.scenarios > 1:
            # The bars of scenarios that are done are hidden: this one counts them.
            self._move(_ALL, done=self._tally.done, total=self._tally.total, bad=self._tally.bad(), note="")

    def _move(self, name: str, *, done: int, total: int, bad: str, note: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(for_line(name), total=None, bad="", note="")
        over = name != _ALL and done >= total > _BASELINES
        self._progress.update(
            self._bars[name], completed=done, total=total, bad=bad, note=for_line(note), visible=not over
        )

    def _picture(self) -> Group:
        """Return what a terminal shows: the bars, what is under way, and what ended last, each in one line."""
        lines = [Text(f"  {for_line(each)}") for each in self._under_way[:_SHOWN]]
        if (more := len(self._under_way) - _SHOWN) > 0:
            lines.append(Text(f"  and {more} more"))
        lines += [self._ended] if self._ended else []
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(self._progress, *lines)


def _bars(console: Console) -> Progress:
    """Return the bars of scenarios; no column is ever broken into two lines."""

    def text(field: str, style: str = "none") -> TextColumn:
        return TextColumn(
            field, style=style, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", min_width=0)
        )

    return Progress(
        SpinnerColumn(),
        text("{task.description}"),
        BarColumn(bar_width=24, table_column=Column(ratio=1)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        text("{task.fields[bad]}", "red"),
        text("{task.fields[note]}"),
        console=console,
        auto_refresh=False,
    )


class Throttle:
    """Shows how far a long task is, as often as it can be read: a terminal's live line ten times a second.

    Args:
        display: Where it is shown.
        plain: Returns the line for where no terminal is; an empty text for none.
        every: Seconds between two such lines.
    """

    def __init__(self, display: ProgressDisplay, *, plain: Callable[[News], str], every: float = 5.0) -> None:
        self._display = display
        self._plain = plain
        self._every = every
        self._last = time.monotonic()

    def __call__(self, news: News) -> None:
        """Show it if it is time, or the end; what is about no task in particular is always shown."""
        every = _LIVE_EVERY if self._display.live else self._every
        if news.scenario and time.monotonic() - self._last < every and news.done < news.total:
            return
        self._last = time.monotonic()
        if self._display.live or not news.scenario:
            self._display.tell(news)
        elif line := self._plain(news):
            self._display.line(line)


def _in_one_line(verdict: Verdict) -> str:
    """Return what one line says of a trial that did not pass: where, under which plan, and what broke."""
    checks = dict.fromkeys(finding.check for finding in verdict.findings)
    why = ", ".join(checks) or "; ".join(why_unknown(verdict)[:1])
    return f"{verdict.scenario}: {plan_text(verdict.plan)}" + (f": {why}" if why else "")


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "trial": verdict.trial,
        "scenario": verdict.scenario,
        "plan": str(verdict.plan),
        "outcome": verdict.outcome,
        "findings": [finding.message for finding in verdict.findings],
    }
