from __future__ import annotations

from harness.checks import baseline_differences, lasting_effects, masking
from harness.records.evidence import Evidence

from .build import Story


def test_mask_and_agree() -> None:
    pattern = masking.mask({"a": 1, "b": [1, {"c": 2}], "d": [1]}, {"a": 1, "b": [1, {"c": 3}], "d": [1, 2]})
    assert masking.agrees({"a": 1, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert not masking.agrees({"a": 2, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert not masking.agrees({"a": True, "b": [1, {"c": 9}], "d": "x"}, pattern)
    assert list(masking.masked_parts(pattern, "result")) == ["result.b[1].c", "result.d"]


def run(*, run_id: str, order: str, at: str, pings: int) -> Evidence:
    story = Story(run_id=run_id)
    for name in order:
        task = story.activity(name)
        story.effect("note", {"who": name, "at": at}, key=f"{run_id}/{name}", task=task).complete(task)
    for _ in range(pings):
        story.effect("ping", {})
    return story.close(result={"at": at}).evidence()


def test_what_is_masked_is_listed() -> None:
    first = run(run_id="run-1", order="ab", at="1", pings=1)
    second = run(run_id="run-2", order="ba", at="2", pings=2)
    assert baseline_differences.listed([first, second]) == (
        "result[0].at",
        "effect note.body.at",
        "number of effects ping",
        "order of activities of Agent",
    )
    assert baseline_differences.listed([first, first]) == baseline_differences.listed([first]) == ()


def test_pairing_finds_as_many_as_possible() -> None:
    pairs, left, right = lasting_effects.matched([1, 2], [10, 20], [lambda one, other: one == 2 or other == 10])
    assert (sorted(pairs), left, right) == ([(1, 10), (2, 20)], [], [])
