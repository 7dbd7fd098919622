from __future__ import annotations

from harness.checks import lasting_effects
from harness.checks.masking import MASKED
from harness.records.evidence import Evidence
from harness.records.message_facts import HttpCall

from .build import Story


def notes(*keys: str, at: str = "1") -> Evidence:
    story = Story()
    for key in keys:
        story.effect("note", {"at": at}, key=key)
    return story.close().evidence()


def test_the_same_name_and_key_asked_again_is_the_same_effect() -> None:
    (one, other) = lasting_effects.effects_of(notes("a", "b", "a"))
    assert [(effect.name, effect.key, len(effect.entries)) for effect in (one, other)] == [
        ("note", "a", 2),
        ("note", "b", 1),
    ]
    assert len(lasting_effects.effects_of(notes("", ""))) == 2


def asked(method: str, *calls: tuple[str, object]) -> list[int]:
    """Return how often each effect was asked for."""
    story = Story()
    for path, body in calls:
        call = HttpCall(method=method, path=path, headers={}, body=body)
        story.message("effect", "orders", asked=call, told=call, status="200")
    return [len(effect.entries) for effect in lasting_effects.effects_of(story.evidence())]


def test_what_is_put_to_one_place_or_deleted_there_is_one_effect_however_often_it_is_asked() -> None:
    paid, unpaid = {"paid": True}, {"paid": False}
    assert asked("PUT", ("/orders/7", paid), ("/orders/7", paid)) == [2]
    assert asked("DELETE", ("/carts/7", None), ("/carts/7", None)) == [2]
    assert asked("PUT", ("/orders/7", paid), ("/orders/8", paid), ("/orders/7", unpaid)) == [1, 1, 1]
    assert asked("POST", ("/orders", paid), ("/orders", paid)) == asked("PATCH", *2 * [("/orders/7", paid)]) == [1, 1]


def test_reads_and_refused_calls_have_no_lasting_effect() -> None:
    story = Story()
    story.message("effect", "search", asked=HttpCall(method="GET", path="/search"), status="200")
    story.message("effect", "pay", asked=HttpCall(method="POST", path="/pay"), status="503")
    assert lasting_effects.effects_of(story.evidence()) == ()


def test_effects_are_made_out_once_for_each_evidence() -> None:
    evidence = notes("a")
    assert lasting_effects.effects_of(evidence) is lasting_effects.effects_of(evidence)


def test_run_ids_in_an_effect_are_the_same_in_every_trial() -> None:
    (effect,) = lasting_effects.effects_of(Story().effect("note", {"run": "run-1"}, key="run-1/x").close().evidence())
    assert (effect.key, effect.body) == ("<run id of Agent>/x", {"run": "<run id of Agent>"})


def test_what_differs_between_the_baselines_is_masked_in_the_patterns() -> None:
    baselines = [notes("a", "b"), notes("a", "b", at="2")]
    patterns = lasting_effects.effect_patterns(baselines)
    assert [(each.key, each.body, each.entries) for each in patterns] == [
        ("a", {"at": MASKED}, ()),
        ("b", {"at": MASKED}, ()),
    ]
    assert lasting_effects.uncounted(baselines) == frozenset()


def test_where_the_baselines_differ_in_number_the_larger_one_stands() -> None:
    baselines = [notes("a"), notes("a", "b", "c")]
    assert [each.key for each in lasting_effects.effect_patterns(baselines)] == ["a", "b", "c"]
    assert lasting_effects.uncounted(baselines) == {"note"}


def test_pairing_finds_as_many_as_possible() -> None:
    pairs, left, right = lasting_effects.matched([1, 2], [10, 20], [lambda one, other: one == 2 or other == 10])
    assert (sorted(pairs), left, right) == ([(1, 10), (2, 20)], [], [])
