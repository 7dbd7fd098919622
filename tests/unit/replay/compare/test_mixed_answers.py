"""Conditions are tried together, each alone where they change something, and none of them again where one did."""

from __future__ import annotations

from dataclasses import replace

from harness.records.replay_result import Replay
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.mixed_answers import MixedAnswers
from harness.replay.conditions import AGAIN, IN_PROCESS, THROUGH_DOOR, mixes

MIXED = next(mix.condition.name for mix in mixes(IN_PROCESS) if len(mix.parts) > 1)
PARTS = next(tuple(part.name for part in mix.parts) for mix in mixes(IN_PROCESS) if len(mix.parts) > 1)


def answer(condition: str, decided: str = "book", *, lost: str = "") -> ConditionReplay:
    replay = Replay(workflow_id="w", run_id="r", lost=lost)
    return ConditionReplay(index=0, condition=condition, replay=replay, decisions={3: decided})


def test_what_a_mix_does_not_change_none_of_its_conditions_does() -> None:
    answers = MixedAnswers(IN_PROCESS)
    assert [*answers.settled(answer(MIXED))] == []
    plain, *parts = answers.settled(answer("plain"))
    assert plain.condition == "plain"
    assert tuple(each.condition for each in parts) == PARTS
    assert {each.decisions[3] for each in parts} == {"book"}
    assert (answers.apart(), answers.again()) == ([], [])


def test_what_a_mix_changes_is_tried_alone_against_a_fresh_process() -> None:
    answers = MixedAnswers(IN_PROCESS)
    first = [each for name in ("plain", MIXED) for each in answers.settled(answer(name, f"by {name}"))]
    assert [each.condition for each in first] == ["plain"]
    alone = answers.apart()
    assert [condition.name for condition, _ in alone] == [AGAIN[0].name, *PARTS]
    assert {indices for _, indices in alone} == {(0,)}
    assert all(condition.fresh for condition, _ in alone)
    known = [each for name in PARTS for each in answers.settled(answer(name, "cold"))]
    known += answers.settled(answer(AGAIN[0].name, "cold"))
    decided = {each.condition: each.decisions[3] for each in known}
    # All of it depends on the process alone: the other conditions are as without them.
    assert decided == dict.fromkeys(PARTS, "by plain") | {"cold process": "cold", AGAIN[0].name: "cold"}
    assert [condition for condition, _ in answers.again()] == list(AGAIN)


def test_a_condition_that_changes_something_alone_is_told_as_it_is() -> None:
    answers = MixedAnswers(IN_PROCESS)
    for name, decided in (("plain", "book"), (MIXED, "tram")):
        list(answers.settled(answer(name, decided)))
    answers.apart()
    list(answers.settled(answer(AGAIN[0].name)))
    (told,) = answers.settled(answer("time zone east", "tram"))
    assert (told.condition, told.decisions[3]) == ("time zone east", "tram")
    assert answers.again() == [(each, (0,)) for each in AGAIN]


def test_a_lost_process_is_no_reason_to_replay_again() -> None:
    answers = MixedAnswers(IN_PROCESS)
    list(answers.settled(answer("plain")))
    (lost,) = answers.settled(answer("twice in a row", "nothing", lost="it took too long"))
    assert lost.replay.lost
    assert answers.again() == []


def test_a_skipped_history_is_skipped_under_each_condition() -> None:
    answers = MixedAnswers(IN_PROCESS)
    skipped = [
        replace(answer(name), decisions={}, replay=Replay(workflow_id="w", run_id="r", skipped="not known"))
        for name in ("plain", MIXED)
    ]
    told = [each for one in skipped for each in answers.settled(one)]
    assert [each.condition for each in told] == ["plain", *PARTS]
    assert {each.replay.skipped for each in told} == {"not known"}


def test_through_the_door_what_a_mix_changes_is_tried_alone_in_processes_that_others_use() -> None:
    answers = MixedAnswers(THROUGH_DOOR, afresh=False)
    (mix,) = (each for each in mixes(THROUGH_DOOR) if len(each.parts) > 1)
    assert [each.name for each in mix.parts] == ["hash seed 1", "time zone east", "locale"]
    list(answers.settled(answer("warm")))
    assert list(answers.settled(answer(mix.condition.name, "tram"))) == []
    assert answers.apart() == [(part, (0,)) for part in mix.parts]
    (seeded,) = answers.settled(answer("hash seed 1", "tram"))
    assert (seeded.condition, seeded.decisions[3]) == ("hash seed 1", "tram")
    assert answers.again() == []
