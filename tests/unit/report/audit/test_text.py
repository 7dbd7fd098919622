"""The report of an audit as text, word for word; what it shows of code; what cannot steer a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records.audit_result import AuditResult, CodePlace, FileReport
from harness.report.audit.text import audit_text
from harness.report.frames import frame
from harness.report.text import Paint
from tests.unit.report.audited import CLEAN, CLOCK, EFFECT, EVERYTHING, FOUND, HOSTILE, LOOK, NOTHING, RULES, lines

FOUND_TEXT = """\
app/activities.py

  app/activities.py:3:2  likely  CP306 effect-without-key
    The activity 'save' causes an effect without a key.

      1 | @activity.defn
      2 | async def save():
    > 3 |     post("/naïve", "数")
        |     ^^^^^^^^^^^^^^^^^^^^

    Shown by:
      app/activities.py:3 sends it
    Confirmed at run time:
      effects-happen-once: note was saved 2 times (9f3a)

app/tools.py

  app/tools.py:4:12  certain  CP101 clock-in-workflow
    Workflow code calls time.time(): a replay reads another time. Use workflow.time().

      3 | def stamp():
    > 4 |     return time.time()
        |            ^^^^^^^^^^^

    How Agent gets there:
      app/workflows.py:7  Agent.run calls stamp()

What is broken, and what to write instead

  CP101  1 time  Workflow code must not read the clock
         Use workflow.now().
  CP306  1 time  An effect | needs a key
         Send an idempotency key.
  Explain with:  crashproof audit --explain CP101

FAIL: 1 certain, 1 likely in 3 files with 1 workflow and 1 activity; 2 rules, 1 confirmed at run time (0.2 s)"""

NOTES_TEXT = """\
What the run showed, and no finding tells

  replays  Agent  (CP101 was to find it)
    another activity
    app/tools.py:6 in other
    trial 9f3a

Calls that could not be followed

  app/workflows.py:7:9  tool.pick: what it is called on is not known

  - app/old.py: not audited: line 1: invalid syntax
  - app/loop: not audited: a symbolic link to a folder that it stands in
  - CP306 could not be judged for app/tools.py: KeyError: 'x' (idempotency.py:9)
  - app/tools.py:5: the comment names no rule: write ignore[RULE] and the reason
  - app/tools.py:6: the comment ignores CP306, which is not found here: remove it
  - stale in the baseline, nothing matches it any more: CP101 app/gone.py: now()
  - 3 findings less sure than asked for

FAIL: 1 certain, 1 likely in 3 files with 1 workflow and 1 activity; 2 rules, 1 confirmed at run time, 1 missed, \
1 suppressed, 1 in the baseline, 1 unresolved, 1 not audited (0.2 s)"""


def told(audited: AuditResult, **more: bool) -> str:
    return audit_text(audited, rules=RULES, lines=lines, **more)


def test_findings_stand_by_file_with_code_and_path_and_what_to_write_instead() -> None:
    assert told(FOUND) == FOUND_TEXT


def test_what_limits_the_result_is_told_at_the_end() -> None:
    assert told(EVERYTHING, unresolved=True).endswith(NOTES_TEXT)
    assert "  - 1 call could not be followed: --unresolved lists them\n" in told(EVERYTHING)


@pytest.mark.parametrize(
    ("audited", "line"),
    [
        (CLEAN, "PASS: no finding in 3 files with 1 workflow and 1 activity; 2 rules (0.2 s)"),
        (
            NOTHING,
            "UNKNOWN: no workflow and no activity was found in 3 files; no finding in 3 files with 0 workflows and 0 "
            "activities; 2 rules (0.2 s)",
        ),
        (
            replace(CLEAN, findings=(LOOK,)),
            "PASS: 1 look at it in 3 files with 1 workflow and 1 activity; 2 rules (0.2 s)",
        ),
    ],
)  # fmt: skip
def test_the_last_line_sums_up(audited: AuditResult, line: str) -> None:
    assert told(audited).splitlines()[-1] == line


def test_of_many_notes_of_a_kind_some_are_told() -> None:
    files = tuple(FileReport(file=f"{number}.py", reason="is binary, not Python") for number in range(15))
    text = told(replace(CLEAN, files=files))
    assert "  - … and 5 more of these\n" in text
    assert text.count("is binary") == 10


def test_a_second_finding_in_a_line_has_no_neighbours_again() -> None:
    text = told(replace(CLEAN, findings=(CLOCK, replace(CLOCK, rule="CP999"))))
    assert text.count("def stamp()") == 1
    assert text.count("> 4 |     return time.time()") == 2
    assert "certain  CP999\n" in text  # a rule that the catalogue does not know


def test_an_event_of_a_history_is_told_and_no_line() -> None:
    place = CodePlace(file="h.json", line=1, function="Agent", what="event 6")
    text = told(replace(CLEAN, findings=(replace(EFFECT, place=place, text=""),)))
    assert "  h.json: event 6  likely  CP306" in text
    assert " | " not in text.split("What is broken")[0]


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b" not in told(FOUND)
    painted = told(FOUND, colour=True)
    assert "\x1b[31;1mcertain\x1b[0m" in painted
    assert "\x1b[33;1mlikely\x1b[0m" in painted


def test_no_text_of_the_code_steers_a_terminal() -> None:
    text = told(HOSTILE)
    assert "\x1b" not in text
    assert "\x00" not in text
    text.encode()


def at(column: int, end_column: int = 0, *, line: int = 1, end_line: int = 1) -> CodePlace:
    return CodePlace(file="f", line=line, column=column, end_line=end_line, end_column=end_column)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("x = f(1)", at(5, 9), ["> 1 | x = f(1)", "    |     ^^^^"]),
        ("x = f(", at(5, 2, end_line=3), ["> 1 | x = f(", "    |     ^^"]),
        ("x = 数(1)", at(5, 9), ["> 1 | x = 数(1)", "    |     ^^^^^"]),
        ("\t\tf()", at(3, 6), ["> 1 |         f()", "    |         ^^^"]),
        ("f()", at(9), ["> 1 | f()", "    |    ^"]),
        ("", at(1), ["> 1 |", "    | ^"]),
        ("f()", at(1, line=2), []),
        ("f()", at(1, line=0), []),
    ],
)
def test_carets_stand_below_what_is_meant(text: str, place: CodePlace, expected: list[str]) -> None:
    assert list(frame(place, lambda file: [text], paint=Paint())) == expected


def test_of_a_long_line_what_is_meant_is_shown() -> None:
    line = "    x = [" + "1, " * 100 + "now(), " + "1, " * 100 + "]"
    place = CodePlace(file="f", line=1, column=line.index("now") + 1, end_line=1, end_column=line.index("now") + 6)
    code, carets = frame(place, lambda file: [line], paint=Paint(), width=60)
    assert len(code) <= 66
    assert code[carets.index("^") : carets.rindex("^") + 1] == "now()"
