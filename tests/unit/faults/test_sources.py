"""Each fault of a model or an effect has a source, and no source is without a fault."""

from __future__ import annotations

from fnmatch import fnmatchcase

from harness import faults
from harness.faults.sources import patterns, source_of

NAMES = [fault.name for fault in faults.listed() if fault.family in ("model", "effect")]


def test_each_fault_of_a_model_or_an_effect_has_a_source() -> None:
    assert [name for name in NAMES if not source_of(name)] == []


def test_each_source_is_that_of_a_fault() -> None:
    first = {next(each for each in patterns() if fnmatchcase(name, each)) for name in NAMES}
    assert set(patterns()) - first == set()


def test_what_crashproof_does_itself_needs_no_source() -> None:
    assert source_of("kill-worker") == ""


def test_a_source_fits_its_fault() -> None:
    fitting = {"model-429-quota-date": "quota", "model-429-date": "Retry-After", "model-529": "529", "model-522": "5xx"}
    assert [name for name, word in fitting.items() if word not in source_of(name)] == []
