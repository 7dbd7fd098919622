"""The report of a sweep in a test says how that test shows it again."""

from __future__ import annotations

from harness.testing.survival import reproduced_by


def test_a_scenario_that_no_file_holds_is_reproduced_by_its_test() -> None:
    report = "  FAIL  one\n    Reproduce with:  crashproof reproduce 9f3a2c\n\nFAIL: 1 finding"
    told = reproduced_by("tests/test_a.py::test_b[two words]", report)
    assert "    Reproduce with:  pytest 'tests/test_a.py::test_b[two words]'\n" in told
    assert "crashproof reproduce" not in told
