from __future__ import annotations

from harness.checks import baseline_differences
from harness.records.evidence import Evidence

from .build import Story


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
