"""What reports as text are made of: tables that align whatever their cells hold, blocks, wrapped lines."""

from __future__ import annotations

from harness.report.text import Column, finding_block, named_column, table, wrapped


def test_a_table_aligns_what_is_shown_of_a_cell() -> None:
    names = ["one", "\x1b[31mtwo"]
    lines = list(table([named_column("file", names), Column("events", 7)], [(name, 5) for name in names]))
    assert lines == ["file          events", "one                5", "\\x1b[31mtwo        5"]


def test_a_row_that_ends_early_says_what_it_says() -> None:
    columns = [named_column("scenario", ["trip"]), Column("outcome", 8, left=True), Column("trials", 7)]
    assert list(table(columns, [("trip", "not applicable: no time")]))[1] == "trip      not applicable: no time"


def test_a_block_has_a_line_for_all_that_is_known() -> None:
    block = finding_block(
        title="trip", verdicts=[("FAIL", "c")], message="m", shown=["a", "b"], notes=["n"], evidence="e/", reproduce="r"
    )
    assert list(block) == [
        "trip",
        "  FAIL  c",
        "    m",
        "      a",
        "      b",
        "    n",
        "    Evidence:        e/",
        "    Reproduce with:  r",
    ]
    assert list(finding_block(title="", verdicts=[("UNKNOWN", "why")])) == ["  UNKNOWN  why"]


def test_no_word_is_broken() -> None:
    assert wrapped("one two-three four", 9, indent="  ", first="- ") == ["- one", "  two-three", "  four"]
