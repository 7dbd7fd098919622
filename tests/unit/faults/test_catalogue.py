"""Every fault is a value in the file of its kind, found by name and family, that says where it can be made."""

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

NAMES = [each.name for each in faults.listed()]
NO_KIND = ("harness.faults.action", "harness.faults.catalogue", "harness.faults.fault")
KINDS = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(faults.__path__, "harness.faults.")
    if not module.ispkg and module.name not in NO_KIND
]


WAITS = ("", "-seconds", "-milliseconds", "-date", "-zero", "-negative", "-nan", "-hour")


def names(*wanted: str) -> list[str]:
    return [each.name for each in faults.chosen(wanted)]


def test_names_are_unique_and_kebab_case() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name)] == []
    assert not set(NAMES) & {"all", *faults.families()}


def test_each_is_listed_once_in_the_file_of_its_kind() -> None:
    homes = {
        each.name: module.__name__.removeprefix("harness.faults.").split(".")[0]
        for module in KINDS
        for each in vars(module).values()
        if isinstance(each, Fault)
    }
    assert homes == {each.name: each.family for each in faults.listed()}
    written = [each.name for module in KINDS for each in vars(module).values() if isinstance(each, Fault)]
    assert sorted(written) == sorted(NAMES)


@pytest.mark.parametrize("each", faults.listed(), ids=lambda each: each.name)
def test_each_says_what_happens_and_what_is_right_in_a_sentence(each: Fault) -> None:
    for sentence in (each.what, each.right):
        assert sentence == sentence.strip()
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert each.family in get_args(fault.Family)
    assert each.doors
    assert each.positions
    assert each.times >= 0
    assert each.times != 0 or each.terminal or each.heard == "another answer", (
        "what is never healed can only end in a failure, unless something is answered"
    )
    assert not (each.terminal and each.heard != "no answer")


def test_there_is_one_of_every_family_and_families_stand_together() -> None:
    assert set(faults.families()) == set(get_args(fault.Family))
    order = [faults.families().index(each.family) for each in faults.listed()]
    assert order == sorted(order)


def test_the_families_of_actions() -> None:
    ending = {each.name for each in faults.listed() if each.action.impact.worker in ("killed", "asked to end")}
    started_anew = {"model-unknown-name", "effect-unknown-name"}
    changing = {"next-version", "rolled-back"}
    assert changing == {each.name for each in faults.listed() if each.changes_code} == set(names("code"))
    assert ending == {"kill-worker", "terminate-worker", *changing, *started_anew}
    stopping = {each.name for each in faults.listed() if each.stops_worker}
    assert stopping - started_anew - changing == set(names("process"))
    assert set(names("process")) == {"kill-worker", "terminate-worker", "pause-worker"}
    assert {each.name for each in faults.listed() if each.unseen} == {"kill-worker", *changing, *started_anew}
    assert {each.name for each in faults.listed() if each.ends_server} == {"kill-server"} == set(names("server"))
    assert {each.name for each in faults.listed() if each.every == "cut"} == stopping - started_anew
    quota = {f"model-429-quota{wait}" for wait in WAITS}
    assert {each.name for each in faults.listed() if each.terminal} == quota | {
        *(f"model-{status}" for status in (400, 401, 403, 404, 413, 422)),
        *("model-400-context", "model-400-filter", "model-outage", "effect-outage", "model-refused-always"),
        *("model-silent-always", "effect-silent-always"),
        *started_anew,
    }


def test_a_rate_limit_comes_in_every_form_for_every_reason() -> None:
    limits = {each.name for each in faults.listed() if each.name.startswith("model-429")}
    assert limits == {f"model-429{reason}{wait}" for reason in ("", "-tokens", "-quota") for wait in WAITS}


def test_a_fault_that_needs_tools_is_made_only_where_they_are_offered() -> None:
    needing = {each.name for each in faults.listed() if each.needs_tools}
    assert needing > {"tool-unknown", "answer-tool-call", "stream-half-arguments"}
    unknown = faults.named("tool-unknown")
    asked: list[object] = [{"tools": [{"name": "look"}]}, {"tools": []}, {}, "no JSON", None]
    assert [unknown.meets(body) for body in asked] == [True, False, False, False, False]
    assert faults.named("answer-prose").meets(None)


def test_a_fault_that_changes_an_answer_is_made_to_no_error() -> None:
    needing = {each.name for each in faults.listed() if each.needs_answer}
    assert needing > {"model-null-text", "answer-prose", "stream-bad-chunk", "tool-twenty"}
    assert needing.isdisjoint({"model-429", "model-drip", "model-truncated", "model-reply-lost", "kill-worker"})
    for name in needing:
        fault = faults.named(name)
        assert fault.positions == ("after",)
        asked = {"tools": [{"name": "look"}]}
        assert [fault.meets(asked, status=status) for status in ("200", "503", "429")] == [True, False, False]
    assert faults.named("model-drip").meets({}, status="503")


def test_all_of_them_are_chosen_by_all_and_by_every_family() -> None:
    assert faults.chosen(["all"]) == faults.listed() == faults.chosen(faults.families())
    assert faults.chosen([]) == ()


@pytest.mark.parametrize("family", faults.families())
def test_a_family_means_its_faults(family: str) -> None:
    assert faults.chosen([family]) == tuple(each for each in faults.listed() if each.family == family)


def test_what_is_chosen_twice_comes_once_in_the_order_of_the_list() -> None:
    assert names("model-429", "kill-worker", "model-429") == ["kill-worker", "model-429"]
    assert names("effect", "model-reset", "model") == [*names("model"), *names("effect")]
    assert names("kill-server", "all") == NAMES


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("kil-worker", "kill-worker"),
        ("modl", "model"),
        ("proces", "process"),
        ("model-outag", "model-outage"),
        ("al", "all"),
    ],
)
def test_an_unknown_word_is_told_with_the_nearest_right_one(word: str, right: str) -> None:
    with pytest.raises(UsageError) as raised:
        faults.chosen(["kill-worker", word])
    message = str(raised.value)
    assert message.startswith(f"no fault or family is called '{word}' (did you mean '{right}'?)")
    assert message.endswith("`crashproof faults` lists them")


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
