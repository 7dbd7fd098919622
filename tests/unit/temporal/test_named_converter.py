"""A data converter is found by its name, and what is none is told, whatever the user's module does."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.converter import DataConverter

from harness.errors import UsageError
from harness.temporal.named_converter import named_converter

MODULE = "from temporalio.converter import DataConverter\nMINE = DataConverter()\nOTHER = 3\n"


def test_a_data_converter_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "converters_of_mine.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(named_converter("converters_of_mine:MINE"), DataConverter)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("x", "is not MODULE:NAME"),
        (":x", "is not MODULE:NAME"),
        ("x:", "is not MODULE:NAME"),
        ("no_such_module_of_mine:x", "cannot be imported: No module named 'no_such_module_of_mine'"),
        ("converters_of_others:NONE", "cannot be imported: module 'converters_of_others' has no attribute 'NONE'"),
        ("converters_of_others:OTHER", "is a int, not a temporalio DataConverter"),
        ("converters_that_raise:x", "cannot be imported: ZeroDivisionError: division by zero"),
        ("converters_that_leave:x", "cannot be imported: SystemExit: 4"),
    ],
)
def test_what_is_none_is_told(reference: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "converters_of_others.py").write_text(MODULE)
    (tmp_path / "converters_that_raise.py").write_text("1 / 0\n")
    (tmp_path / "converters_that_leave.py").write_text("raise SystemExit(4)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError) as raised:
        named_converter(reference)
    assert message in str(raised.value)
