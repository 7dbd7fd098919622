"""Places in the code, and what findings of an audit are known by."""

from __future__ import annotations

import pytest

from harness.records.audit_result import CodePlace, place_of_line


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("app/a b.py:7 in Order.run", CodePlace(file="app/a b.py", line=7, column=0, function="Order.run")),
        ("C:/x.py:12", CodePlace(file="C:/x.py", line=12, column=0)),
        ("", None),
        ("somewhere", None),
    ],
)
def test_a_line_as_replays_name_it_is_read_as_a_place(line: str, place: CodePlace | None) -> None:
    assert place_of_line(line) == place
