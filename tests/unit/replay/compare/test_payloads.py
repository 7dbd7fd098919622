"""Payloads in reports: decoded where a converter can, cut where they are long, and what differs between two of them."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.converter import DataConverter

from harness.replay.compare.payloads import (
    LONGEST,
    SAME_VALUE,
    bounded,
    decoded,
    encoding_of,
    is_sealed,
    shown_apart,
    told_apart,
)
from tests.replay.past import told

CONVERTER = DataConverter.default.payload_converter


def test_a_long_value_is_shown_by_its_beginning_and_told_apart_by_its_digest() -> None:
    long, other = bounded("a" * 5_000_000), bounded("a" * 4_999_999 + "b")
    assert len(long) < 2 * LONGEST
    assert long.startswith("aaa")
    assert "(5,000,000 characters, digest " in long
    assert long != other
    assert bounded(["a"]) == ["a"]
    assert len(bounded(["a" * LONGEST])) < 2 * LONGEST


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ({"a": [1, 2]}, {"a": [1, 3]}, "at .a[1]"),
        ({"a": 1}, {"a": 1, "b": 2}, "at .b"),
        ([1], [1, 2], "at [1]"),
        ("x", "y", ""),
    ],
)
def test_the_first_place_that_differs_is_named(old: Any, new: Any, note: str) -> None:
    assert told_apart(told(old), told(new), converter=CONVERTER) == (old, new, note)


def test_equal_values_of_other_bytes_are_shown_as_their_bytes() -> None:
    one, other = told(None, text='{"a":1}'), told(None, text='{"a": 1}')
    assert told_apart(one, other, converter=CONVERTER) == ('{"a":1}', '{"a": 1}', SAME_VALUE)


def test_what_is_no_payload_is_shown_as_it_is() -> None:
    assert told_apart(None, told("x"), converter=CONVERTER) == (None, "x", "")


def test_what_a_codec_encrypted_is_sealed_and_shown_by_its_encoding() -> None:
    sealed = told(None, text="%", encoding="binary/encrypted")
    assert encoding_of(sealed) == "binary/encrypted"
    assert is_sealed(sealed)
    assert not is_sealed(told("x"))
    assert not is_sealed(3)
    assert decoded(sealed, converter=CONVERTER) == {"encoding": "binary/encrypted", "base64": "JQ=="}


def test_report_cases_codecs_name_their_encodings_as_they_like() -> None:
    assert is_sealed(told(None, text="%", encoding="binary/sealed"))
    assert not is_sealed(told(None, text="{}", encoding="json/protobuf"))
    assert not is_sealed(told(None, text="", encoding="binary/null"))


def test_report_cases_of_a_long_value_what_differs_is_kept() -> None:
    old, new = ({"messages": ["a" * 3_000, each]} for each in ("x", "y"))
    apart = shown_apart(told(old), told(new), converter=CONVERTER)
    assert apart == {"old": "x", "new": "y", "note": "at .messages[1]", "places": (".messages[1]",)}
