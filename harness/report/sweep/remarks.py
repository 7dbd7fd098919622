"""Remarks: what limits the verdict of a scenario. Gaps, what was left out, what could not be made or compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from harness.records.plan import Strike
from harness.records.sweep_result import UNFINISHED, UNREACHABLE_SHARE, SweepResult
from harness.report.phrases import not_tried, number
from harness.report.sweep.by_fault import grouped, listed

_STRIKES_SHOWN = 3
_POINTS_SHOWN = 8
_FILE = re.compile(r"the file (.+) is (?:written|open for writing)")


def remarks(sweep: SweepResult, *, shared: Collection[str] = (), said: Collection[str] = ()) -> list[str]:
    """Return the remarks on a scenario, one line each.

    Args:
        sweep: What the scenario came to.
        shared: Notes that are shown elsewhere, for all scenarios.
        said: Faults of which it is said elsewhere why they are not applicable.
    """
    reasons = {name: reason for name, reason in sweep.not_applicable.items() if name not in said}
    return [
        *incomplete(sweep),
        *(f"coverage gap: {gap}" for gap in sweep.gaps),
        *(f"not compared, since two undisturbed runs differ: {part}" for part in sweep.masked),
        *_cut_short(
            [f"not struck, since only one of two undisturbed runs reached it: {place}" for place in sweep.unsteady]
        ),
        *_unreachable([each for each in sweep.unreachable if each not in sweep.regrouped]),
        *_regrouped(len(sweep.regrouped)),
        *_pairs(sweep),
        *not_applicable(reasons),
        *(note for note in sweep.notes if note not in shared),
    ]


def conditions(sweeps: Sequence[SweepResult]) -> list[str]:
    """Return on what condition the outcomes hold, one line for each: past the doors, and by no tool of a model."""
    past = [
        f"{each.scenario}: only what passes the doors was tried. What leaves the worker another way can be lost or "
        f"doubled unseen: {_in_short(each.gaps)}{_compared_with(each.gaps)}"
        for each in sweeps
        if each.gaps
    ]
    uncalled = [
        f"{each.scenario}: no script says what the model answers, so none of its answers called "
        f"{_in_short(each.uncalled_tools, ', ')}. What tools do can be lost or doubled unseen: give answers that call "
        "them with --model"
        for each in sweeps
        if each.uncalled_tools
    ]
    return [*past, *uncalled]


def _compared_with(gaps: Sequence[str]) -> str:
    """Return the option with which files are compared that are written past the doors; empty where none is."""
    files = {written[1]: None for gap in gaps if (written := _FILE.fullmatch(gap))}
    options = [f"--state {shlex.quote(file)}" for file in files][:_STRIKES_SHOWN]
    return f". What a file holds is compared with {' '.join(options)}" if options else ""


def _in_short(gaps: Sequence[str], between: str = "; ") -> str:
    more = len(gaps) - _STRIKES_SHOWN
    return between.join(gaps) if more < 1 else f"{between.join(gaps[:_STRIKES_SHOWN])}{between}and {more} more"


def incomplete(sweep: SweepResult) -> list[str]:
    """Return why a sweep as a whole is UNKNOWN, whatever its trials came to; nothing where it is complete."""
    began = sweep.struck or sweep.reason in ("", UNFINISHED)
    lines = [not_tried(len(sweep.untried), sweep.limit)] if began and sweep.untried else []
    if sweep.too_many_unreachable:
        missing = number(len(sweep.unreachable) - len(sweep.regrouped), "point")
        lines.append(f"{missing} could not be reached again: more than {UNREACHABLE_SHARE:.0%} of those that are known")
    if began and (left := len(sweep.untried_pairs)):
        why = f": {sweep.limit}" if sweep.limit else ""
        lines.append(f"{number(left, 'pair')} of strikes {'was' if left == 1 else 'were'} not tried{why}")
    if sweep.has_lone_pairs_only:
        lines.append("no second strike of a pair was made: the pairs show nothing")
    if sweep.reason:
        return [sweep.reason if sweep.struck else f"nothing was swept: {sweep.reason}", *lines]
    if sweep.inapplicable or sweep.known or sweep.points_only or lines:
        return lines
    return ["nothing was swept: there was no point to strike"]


def command_for_the_rest(sweeps: Sequence[SweepResult], folder: str) -> str:
    """Return the command that goes on with a run where one of its own limits ended it; empty where none did.

    Args:
        sweeps: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    ended = any(each.untried and "--" in each.limit for each in sweeps)  # a limit that is an option names it
    return f"crashproof run --resume {shlex.quote(folder)}" if folder and ended else ""


def not_applicable(reasons: Mapping[str, str]) -> list[str]:
    """Return why faults cannot be made, one line for each reason."""
    return [f"not applicable: {listed(names)}: {reason}" for reason, names in grouped(reasons).items()]


def shared_notes(sweeps: Sequence[SweepResult]) -> list[str]:
    """Return the notes that hold for all the scenarios that were swept."""
    run = [each for each in sweeps if not each.inapplicable]
    return [note for note in run[0].notes if all(note in each.notes for each in run)] if run else []


def _regrouped(strikes: int) -> Iterator[str]:
    if strikes:
        yield f"{number(strikes, 'strike')} had no place: what was to be struck came in other workflow tasks, as it may"


def _pairs(sweep: SweepResult) -> Iterator[str]:
    """Yield how many pairs of strikes were tried, and of which the second strike was not made."""
    if not sweep.pairs_asked or sweep.points_only or sweep.inapplicable:
        return
    struck = sum(1 for verdict in sweep.verdicts if verdict.struck and verdict.plan in sweep.pairs)
    known = f"{struck} of {number(len(sweep.pairs), 'pair')} of strikes made"
    fewer = "; the recoveries came to no more" if len(sweep.pairs) < sweep.pairs_asked and not sweep.limit else ""
    yield known + fewer
    yield from _cut_short(
        [f"the second strike of a pair had no place after the first one: {each}" for each in sweep.lone]
    )


def _unreachable(strikes: Sequence[Strike]) -> Iterator[str]:
    """Yield strike by strike where there are few, else point by point with the faults that did not reach it."""
    if len(strikes) <= _STRIKES_SHOWN:
        yield from (f"unreachable: {strike}" for strike in strikes)
        return
    points: dict[str, list[str]] = {}
    for strike in strikes:
        points.setdefault(strike.point, []).append(strike.fault)
    yield from _cut_short([f"unreachable: {', '.join(names)} at {point}" for point, names in points.items()])


def _cut_short(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _POINTS_SHOWN
    if more <= 1:
        return list(lines)
    return [*lines[:_POINTS_SHOWN], f"{lines[0].partition(':')[0]}: {more} more points, listed in report.json"]
