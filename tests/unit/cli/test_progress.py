"""Progress: in a log a line for what does not pass and a count of the rest; bars on a terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from harness.cli.progress import ProgressDisplay, Tally
from harness.records.sweep_result import News
from harness.records.verdict import Outcome, Verdict
from tests.unit.report.samples import KILL, POINT, TWICE, verdict


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def news(found: Verdict | None = None, *, done: int = 1, total: int = 300, text: str = "", of: str = "trip") -> News:
    return News(scenario=of, verdict=found, done=done, total=total, text=text)


def passed(number: int) -> News:
    return news(verdict(f"{number:06x}", KILL, Outcome.PASS), done=number)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def test_a_log_counts_what_passes_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ProgressDisplay(clock=clock) as told:
        told.tell(news(text="baseline", done=0, total=2))
        for number in range(1, 101):
            clock.now += 0.25
            told.tell(passed(number))
    assert capsys.readouterr().err.splitlines() == [
        "[   0.0s] trip: baseline",
        "[  10.0s] 40 of 300 trials done, all passed",
        "[  20.0s] 80 of 300 trials done, all passed",
        "[  25.0s] 100 of 300 trials done, all passed",
    ]


def test_a_log_tells_each_trial_that_does_not_pass_with_what_broke(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ProgressDisplay(clock=clock) as told:
        told.tell(passed(1))
        told.tell(news(verdict("9f3a2c", KILL, Outcome.FAIL, TWICE), done=2))
        told.tell(news(verdict("77aa01", "baseline", Outcome.UNKNOWN, because="Traceback\nKeyError: 'x'"), done=3))
        clock.now += 11
        told.tell(passed(4))
    point = "before RespondActivityTaskCompleted of charge 1, attempt 1"
    assert capsys.readouterr().err.splitlines() == [
        f"[   0.0s] FAIL    trip: kill-worker {point}: effects-happen-once",
        "[   0.0s] UNKNOWN trip: undisturbed: effects-happen-once: KeyError: 'x'",
        "[  11.0s] 4 of 300 trials done, 1 failed, 1 unknown",
    ]


def test_nothing_is_counted_where_nothing_was_judged(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(clock=Clock()) as told:
        told.line("dev server from the cache")
    assert capsys.readouterr().err == "[   0.0s] dev server from the cache\n"


def test_a_line_of_json_for_each_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(jsonl=True, clock=Clock()) as told:
        told.tell(news(text="baseline"))
        told.tell(passed(1))
        told.tell(news(verdict("9f3a2c", KILL, Outcome.FAIL, TWICE), done=2))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["trial"], line["outcome"], line["findings"]) for line in lines] == [
        ("000001", "PASS", []),
        ("9f3a2c", "FAIL", [TWICE.message]),
    ]
    assert lines[0].keys() == {"trial", "scenario", "plan", "outcome", "findings"}


def test_scenarios_are_counted_together_and_apart() -> None:
    tally = Tally()
    tally.add(news(verdict("9f3a2c", KILL, Outcome.FAIL, TWICE), done=3, total=20, of="a"))
    tally.add(news(verdict("1a2b3c", KILL, Outcome.PASS), done=5, total=30, of="b"))
    assert str(tally) == "8 of 50 trials done, 1 failed"
    assert (tally.bad("a"), tally.bad("b")) == ("1 failed", "")


def test_a_trial_that_is_done_and_does_not_count_yet_has_not_passed() -> None:
    tally = Tally()
    tally.add(news(None, done=1, total=1))
    assert str(tally) == "1 of 1 trials done"
    tally.add(news(verdict("1a2b3c", KILL, Outcome.PASS), done=1, total=1))
    assert str(tally) == "1 of 1 trials done, all passed"


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *, width: int = 160) -> io.StringIO:
    """Have progress shown on a terminal, and return what is written there."""
    shown = io.StringIO()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(
        "harness.cli.progress.Console",
        lambda **_: Console(file=shown, force_terminal=True, width=width, color_system=None),
    )
    return shown


def pictured(told: ProgressDisplay, *, width: int = 160) -> list[str]:
    """Return the lines that a terminal shows now."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(told._picture())
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_a_terminal_shows_bars_of_scenarios_under_way_and_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_a_terminal(monkeypatch)
    with ProgressDisplay() as told:
        for name in ("over", "trip"):
            told.tell(
                news(verdict("1a2b3c", KILL, Outcome.PASS), done=20, total=20 if name == "over" else 300, of=name)
            )
        told.tell(news(verdict("9f3a2c", KILL, Outcome.FAIL, TWICE), done=21))
        bars = {task.description: (task.visible, task.completed, task.total) for task in told._progress.tasks}
    assert bars == {"over": (False, 20, 20), "trip": (True, 21, 300), "all scenarios": (True, 41, 320)}
    lines = [line for line in shown.getvalue().splitlines() if "FAIL" in line]
    assert "FAIL    trip: kill-worker before RespondActivityTaskCompleted of charge 1, attempt 1" in lines[0]
    assert "1 failed" in shown.getvalue()


@pytest.mark.parametrize("width", [50, 80, 160])
def test_a_terminal_shows_what_the_agent_does_and_what_ended_last_and_splits_no_word(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    on_a_terminal(monkeypatch, width=width)
    under_way = tuple(f"trip: kill-worker before pay of charge {number} (3 s): charge {number}" for number in range(6))
    with ProgressDisplay() as told:
        told.tell(passed(1))
        told.tell(News(text="waiting for trip", waiting=True, under_way=under_way))
        lines = pictured(told, width=width)
    assert len(lines) == 1 + 4 + 1 + 1
    whole = [
        "trip",
        *(f"  {each}" for each in under_way[:4]),
        "  and 2 more",
        f"  ended: PASS    trip: kill-worker {POINT.text}",
    ]
    for line, all_of_it in zip(lines[1:], whole[1:], strict=True):
        assert line == all_of_it or (line.endswith("…") and all_of_it.startswith(line[:-1]))
    assert all(len(line) <= width for line in lines)


def test_each_trial_has_a_line_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(each=True, clock=Clock()) as told:
        told.tell(passed(1))
    assert capsys.readouterr().err.splitlines()[0] == f"[   0.0s] PASS    trip: kill-worker {POINT.text}"


def test_a_log_says_what_is_waited_for_where_nothing_else_was_said_for_a_while(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with ProgressDisplay(clock=clock) as told:
        told.tell(news(text="baseline", done=0, total=2))
        for _ in range(3):
            clock.now += 2.5
            told.tell(News(text="waiting for trip: undisturbed (2 s): charge 1", waiting=True))
    assert capsys.readouterr().err.splitlines() == [
        "[   0.0s] trip: baseline",
        "[   5.0s] waiting for trip: undisturbed (2 s): charge 1",
    ]
