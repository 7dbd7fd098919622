"""Every fault is a value in a file of its own name, found by name and family, that says where it can be made."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import get_args

import pytest

from harness import faults
from harness.errors import UsageError
from harness.faults import Fault, fault
from harness.records.point import Point

NAMES = [each.name for each in faults.ALL]
MODULES = [found.name for found in pkgutil.iter_modules(faults.__path__) if found.name not in ("action", "fault")]


def names(*wanted: str) -> list[str]:
    return [each.name for each in faults.chosen(wanted)]


def test_names_are_unique_and_kebab_case() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name)] == []
    assert not set(NAMES) & {"all", *faults.FAMILIES}


def test_each_is_in_a_file_of_its_own_name() -> None:
    found = {name: importlib.import_module(f"harness.faults.{name}").FAULT for name in MODULES}
    assert {name: each.name for name, each in found.items()} == {name: name.replace("_", "-") for name in MODULES}
    assert sorted(found.values(), key=lambda each: each.name) == sorted(faults.ALL, key=lambda each: each.name)


@pytest.mark.parametrize("each", faults.ALL, ids=lambda each: each.name)
def test_each_says_what_happens_and_what_is_right_in_a_sentence(each: Fault) -> None:
    for told in (each.what, each.right):
        assert told == told.strip()
        assert told[0].isupper()
        assert told.endswith(".")
    assert each.family in get_args(fault.Family)
    assert each.doors
    assert each.positions
    assert each.times >= 0
    assert each.times != 0 or each.terminal, "what is never healed can only end in a failure"


def test_there_is_one_of_every_family_and_families_stand_together() -> None:
    assert set(faults.FAMILIES) == set(get_args(fault.Family))
    order = [faults.FAMILIES.index(each.family) for each in faults.ALL]
    assert order == sorted(order)


def test_the_families_of_actions() -> None:
    assert {each.name for each in faults.ALL if each.ends_worker} == {"kill-worker", "terminate-worker"}
    stopping = {each.name for each in faults.ALL if each.stops_worker}
    assert stopping == {"kill-worker", "terminate-worker", "pause-worker"} == set(names("process"))
    assert {each.name for each in faults.ALL if each.unseen} == {"kill-worker"}
    assert {each.name for each in faults.ALL if each.ends_server} == {"kill-server"} == set(names("server"))
    assert {each.name for each in faults.ALL if each.every == "cut"} == stopping
    assert {each.name for each in faults.ALL if each.terminal} == {"model-400", "model-429-quota", "model-outage"}


def test_all_of_them_are_chosen_by_all_and_by_every_family() -> None:
    assert faults.chosen(["all"]) == faults.ALL == faults.chosen(faults.FAMILIES)
    assert faults.chosen([]) == ()


@pytest.mark.parametrize("family", faults.FAMILIES)
def test_a_family_means_its_faults(family: str) -> None:
    assert faults.chosen([family]) == tuple(each for each in faults.ALL if each.family == family)


def test_what_is_chosen_twice_comes_once_in_the_order_of_all() -> None:
    assert names("model-429", "kill-worker", "model-429") == ["kill-worker", "model-429"]
    assert names("effect", "model-reset", "model") == [*names("model"), "effect-reply-lost"]
    assert names("kill-server", "all") == NAMES


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("kil-worker", "kill-worker"),
        ("modl", "model"),
        ("proces", "process"),
        ("model-430", "model-400"),
        ("al", "all"),
    ],
)
def test_an_unknown_word_is_told_with_the_nearest_right_one(word: str, right: str) -> None:
    with pytest.raises(UsageError) as raised:
        faults.chosen(["kill-worker", word])
    told = str(raised.value)
    assert told.startswith(f"no fault or family is called '{word}' (did you mean '{right}'?)")
    assert told.endswith("`crashproof faults` lists them")


def test_a_word_like_none_is_told_without_a_guess_and_a_family_is_no_name() -> None:
    with pytest.raises(UsageError, match="no fault or family is called 'zzz'; `crashproof faults`"):
        faults.chosen(["zzz"])
    with pytest.raises(UsageError, match=r"no fault is called 'model' \(did you mean .*known: kill-worker, "):
        faults.named("model")


BEAT = Point(position="before", door="wire", operation="RecordActivityTaskHeartbeat")
POLL = Point(position="before", door="wire", operation="PollActivityTaskQueue")
MODEL = Point(position="before", door="model", operation="chat.completions")
EFFECT = Point(position="before", door="effect", operation="pay")
EVERYWHERE = {each.at(position) for each in (BEAT, POLL, MODEL, EFFECT) for position in ("before", "after")}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["process", "server"], EVERYWHERE),
        (["unavailable-once", "resource-exhausted-until-healed"], {BEAT, POLL}),
        (["reply-lost"], {BEAT.at("after"), POLL.at("after")}),
        (["heartbeat-lost"], {BEAT}),
        (["model-429-date", "model-outage", "model-reset", "model-silent"], {MODEL}),
        (["model-truncated"], {MODEL.at("after")}),
        (["effect-reply-lost"], {EFFECT.at("after")}),
    ],
)
def test_a_fault_applies_to_points_of_its_doors_positions_and_operations(
    words: list[str], expected: set[Point]
) -> None:
    for each in faults.chosen(words):
        assert {point for point in EVERYWHERE if each.applies_to(point)} == expected, each.name
