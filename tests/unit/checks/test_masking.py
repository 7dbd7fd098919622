from __future__ import annotations

from harness.checks import masking

from .build import Story


def test_mask_and_agree() -> None:
    pattern = masking.mask({"a": 1, "b": [1, {"c": 2}], "d": [1]}, {"a": 1, "b": [1, {"c": 3}], "d": [1, 2]})
    assert masking.agrees({"a": 1, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert not masking.agrees({"a": 2, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert not masking.agrees({"a": True, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert list(masking.masked_parts(pattern, "result")) == ["result.b[1].c", "result.d"]


def test_values_of_different_types_are_not_the_same() -> None:
    assert masking.same({"a": 1}, {"a": 1})
    assert not masking.same(1, True)
    assert not masking.same(1, 1.0)


def test_the_result_that_the_baselines_agree_on() -> None:
    baselines = [Story().close(result={"at": at, "run": "run-1"}).evidence() for at in ("1", "2")]
    pattern = masking.result_pattern(baselines)
    assert list(masking.masked_parts(pattern, "result")) == ["result[0].at"]
    assert masking.agrees([{"at": "3", "run": "<run id of Agent>"}], pattern)
    assert masking.result_of(Story().evidence()) is None
