"""The report of a sweep in a test says how that test shows it again."""

from __future__ import annotations

from harness.report.sweep.text import text
from harness.testing.survival import reproduced_by
from tests.unit.report.samples import FAILED


def test_a_scenario_that_no_file_holds_is_reproduced_by_its_test() -> None:
    report = text([FAILED], reproduce=reproduced_by("tests/test_a.py::test_b[two words]"))
    assert "    Reproduce with:  pytest 'tests/test_a.py::test_b[two words]'\n" in report
    assert "crashproof reproduce" not in report
