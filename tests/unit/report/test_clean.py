"""Foreign text is harmless afterwards, and shows what it held."""

from __future__ import annotations

import pytest

from harness.report.clean import for_line, for_terminal, for_xml
from tests.unit.report.nasty import NASTY, SIGNS, harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2069", "a\\u202eb\\u2069"),
        ("\u2028\ud800\r", "\\u2028\\ud800\\r"),
        ("naïve \u6570 \U0001f600", "naïve \u6570 \U0001f600"),
        ("one\n\ttwo", "one\n\ttwo"),
    ],
)
def test_what_steers_is_shown_and_the_rest_stays(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


def test_nothing_of_the_corpus_is_left() -> None:
    assert not any(harmless(sign) for sign in SIGNS)
    assert harmless(for_terminal(NASTY))
    assert harmless(for_line(NASTY))


def test_a_line_has_no_newline() -> None:
    assert for_line("one\ntwo\x1b") == "one\\ntwo\\x1b"


def test_xml_holds_what_xml_allows() -> None:
    assert for_xml("a\x00\ud800\ufffe\tb\n") == "a\N{REPLACEMENT CHARACTER}" + "\N{REPLACEMENT CHARACTER}" * 2 + "\tb\n"
