"""Comments ignore what they name, where they stand, for a reason; what they say in vain is told."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.audit.ignores import heed
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace, FileReport

NAMES = {"cp101": "CP101", "clock-in-workflow": "CP101", "cp106": "CP106", "cp301": "CP301"}


def finding(
    file: str, line: int, rule: str = "CP101", *, end: int = 0, path: tuple[CodePlace, ...] = ()
) -> AuditFinding:
    place = CodePlace(file=file, line=line, end_line=end or line)
    return AuditFinding(rule=rule, certainty=Certainty.CERTAIN, message="It reads the clock.", place=place, path=path)


def heeded(
    folder: Path,
    text: str,
    *lines: int,
    rule: str = "CP101",
    end: int = 0,
    asked: tuple[str, ...] = tuple(NAMES.values()),
) -> AuditResult:
    """Return what is left of findings in these lines of a file."""
    file = folder / "app.py"
    file.write_text(dedent(text).lstrip("\n"))
    found = tuple(finding(str(file), line, rule, end=end) for line in lines)
    audited = AuditResult(findings=found, files=(FileReport(file=str(file)),), rules=1)
    return heed(audited, rules=NAMES, asked=asked)


@pytest.mark.parametrize(
    "text",
    [
        "x = now()  # crashproof: ignore[CP101] it is logged only",
        "x = now()  #crashproof:IGNORE[cp101]: it is logged only",
        "x = now()  # crashproof: ignore[clock-in-workflow] by its name",
        "x = now()  # crashproof: ignore[CP106, CP101] both",
        "x = now()  # noqa: E501  # crashproof: ignore[CP101] behind another comment",
        "# crashproof: ignore-file[CP101] all of it\nx = now()",
        "x = now()\n# crashproof: ignore-file[CP101] all of it, said at the end",
    ],
)
def test_a_comment_ignores_the_finding_of_its_line_or_file(tmp_path: Path, text: str) -> None:
    line = 1 + text.startswith("#")
    left = heeded(tmp_path, text, line)
    assert left.findings == ()
    assert [why for _, why in left.suppressed] == [
        text.partition("]")[2].partition("\n")[0].strip(" :") or pytest.fail("no reason")
    ]
    assert left.bad_ignores == ()


def test_a_comment_of_its_own_is_about_the_next_line_of_code(tmp_path: Path) -> None:
    text = """
        # crashproof: ignore[CP101] for the log
        # crashproof: ignore[CP106] one element

        # and another remark
        x = now()
        y = now()
    """
    assert [each.place.line for each in heeded(tmp_path, text, 5, 6).findings] == [6]
    assert heeded(tmp_path, text, 5, rule="CP106").findings == ()


def test_a_call_of_many_lines_is_ignored_at_its_first_or_last_one(tmp_path: Path) -> None:
    first = "x = f(  # crashproof: ignore[CP101] so\n    1,\n)\n"
    last = "x = f(\n    1,\n)  # crashproof: ignore[CP101] so\n"
    inside = "x = f(\n    1,  # crashproof: ignore[CP101] so\n)\n"
    assert heeded(tmp_path, first, 1, end=3).findings == ()
    assert heeded(tmp_path, last, 1, end=3).findings == ()
    assert len(heeded(tmp_path, inside, 1, end=3).findings) == 1


def test_text_that_is_no_comment_ignores_nothing(tmp_path: Path) -> None:
    text = 'x = now(), "# crashproof: ignore[CP101] so"\n'
    left = heeded(tmp_path, text, 1)
    assert len(left.findings) == 1
    assert left.unused_ignores == ()


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("ignore[CP101]", "gives no reason, so it ignores nothing"),
        ("ignore[CP101]  -- ", "gives no reason"),
        ("ignore[CP160] so", "names CP160, and no rule is called so (did you mean 'CP106'?)"),
        ("ignore it is fine", "names no rule: write ignore[RULE]"),
        ("ignore[] so", "names no rule"),
        ("ingore[CP101] so", "'ingore', which nothing is called (did you mean 'ignore'?)"),
    ],
)
def test_a_comment_that_says_it_wrongly_is_told(tmp_path: Path, comment: str, told: str) -> None:
    left = heeded(tmp_path, f"x = now()  # crashproof: {comment}\n", 1)
    assert len(left.findings) == 1
    assert [(place.line, told in place.what) for place in left.bad_ignores] == [(1, True)], left.bad_ignores


def test_one_wrong_name_does_not_spoil_the_right_one(tmp_path: Path) -> None:
    left = heeded(tmp_path, "x = now()  # crashproof: ignore[CP101, CP999] so\n", 1)
    assert left.findings == ()
    assert len(left.bad_ignores) == 1


def test_a_comment_that_ignores_nothing_is_told_if_its_rule_was_asked(tmp_path: Path) -> None:
    text = "x = 1  # crashproof: ignore[CP101] so\n# crashproof: ignore-file[CP106] so\n"
    told = heeded(tmp_path, text).unused_ignores
    assert [(place.line, place.what.split(",")[0]) for place in told] == [(1, "ignores CP101"), (2, "ignores CP106")]
    assert [place.line for place in heeded(tmp_path, text, asked=("CP106",)).unused_ignores] == [2]


def test_what_an_installed_package_does_is_ignored_where_own_code_calls_it(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("jitter()  # crashproof: ignore[CP101] it waits only\n")
    step = CodePlace(file=str(file), line=1, what="calls jitter()")
    within = CodePlace(file="site-packages/jitter.py", line=7)
    found = finding("site-packages/jitter.py", 9, path=(step, within))
    left = heed(AuditResult(findings=(found,), files=(FileReport(file=str(file)),)), rules=NAMES, asked=["CP101"])
    assert left.findings == ()


@pytest.mark.parametrize(
    "text",
    ["x = (\n# crashproof: ignore[CP101] so\n", "\t x\n  y  # crashproof: ignore[CP101] so\n", "'''# crashproof:"],
)
def test_a_file_that_cannot_be_cut_into_tokens_is_read_as_far_as_it_goes(tmp_path: Path, text: str) -> None:
    assert heeded(tmp_path, text).findings == ()
