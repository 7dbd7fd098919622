"""Foreign text is harmless afterwards, and shows what it held."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from harness.foreign import (
    LONGEST_NAME,
    encodable,
    for_code_span,
    for_file_name,
    for_line,
    for_markdown,
    for_terminal,
    for_xml,
    parsed_json,
)
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


def test_xml_keeps_emoji_and_steers_nothing() -> None:
    assert for_xml("\U0001f389 done\x9b31m\u202e") == "\U0001f389 done\\x9b31m\\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b\n<img> `x`", "a \\| b \\<img\\> \\`x\\`"),
        ("![x](y) [z] &amp; *a* _b_ ~c~ $d$", "\\!\\[x\\](y) \\[z\\] \\&amp; \\*a\\* \\_b\\_ \\~c\\~ \\$d\\$"),
        ("@octocat #1 gh-7", "@\u2060octocat #\u20601 gh-\u20607"),
        ("https://e.example www.e.example", "https:\u2060//e.example www.\u2060e.example"),
        ("a@b at 12:30 no-7 50 #", "a@\u2060b at 12:30 no-7 50 #"),
        ("\x00\ud83d\u202e", "\\\\x00\\\\ud83d\\\\u202e"),
    ],
)
def test_hostile_text_is_no_markup_of_markdown_and_no_link(text: str, shown: str) -> None:
    assert for_markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b", "`a b`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a\n``\x1b", "```a ``\\x1b```"), ("", "``")],
)
def test_a_code_span_ends_where_its_text_does(text: str, shown: str) -> None:
    assert for_code_span(text) == shown


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("order-1", "order-1"),
        ("../../etc/x", "%2E.%2F..%2Fetc%2Fx"),
        (".hidden", "%2Ehidden"),
        ("CON", "%43ON"),
        ("com1.x", "%63om1.x"),
        ("console", "console"),
        ("a\x00\ud83d", "a%00%ED%A0%BD"),
    ],
)
def test_hostile_text_is_a_name_in_its_folder(text: str, name: str) -> None:
    assert for_file_name(text) == name
    assert unquote(name, errors="surrogatepass") == text


def test_long_names_are_cut_and_still_differ() -> None:
    names = {for_file_name("\u6570" * 100 + end) for end in ("a", "b")}
    assert len(names) == 2
    assert all(len(name) <= LONGEST_NAME and name.isascii() for name in names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"note": "half \\ud83d", "\\udc00": [1]}', {"note": "half \\ud83d", "\\udc00": [1]}),
        ('"\ud83d"', "\\ud83d"),
        ('"whole \\ud83c\\udf89"', "whole \U0001f389"),
        ("[" * 150 + "]" * 150, None),
    ],
)
def test_foreign_json_can_be_written_again(text: str | bytes, value: Any) -> None:
    parsed = parsed_json(text)
    assert value is None or parsed == value
    assert msgspec.json.decode(msgspec.json.encode(parsed)) == parsed


@pytest.mark.parametrize("depth", [300, 100_000])
def test_hostile_json_that_is_nested_too_deeply_is_none(depth: int) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed_json("[" * depth + "]" * depth)


def test_half_of_a_character_is_shown() -> None:
    assert encodable("half \ud83d, whole \U0001f389") == "half \\ud83d, whole \U0001f389"
