"""Every place at which two values differ is named, and a shift of random numbers is seen in UUIDs."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest

from harness.replay.compare.places import FURTHER, MOST, SHIFTED, at, differing, kept, shift


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": [1, 2], "b": 1}, {"a": [1, 3], "b": 2}, [".a[1]", ".b"]),
        ({"a": 1}, {"a": 1, "b": 2}, [".b"]),
        ([1, 2], [1], ["[1]"]),
        ([{"t": 1}, {"t": 2}], [{"t": 3}, {"t": 4}], ["[0].t", "[1].t"]),
        ("x", "y", [""]),
        (1, 1, []),
    ],
)
def test_every_place_is_named_and_leads_to_what_differs(one: Any, other: Any, paths: list[str]) -> None:
    assert list(differing(one, other)) == paths
    assert all(at(one, path) != at(other, path) for path in paths)


def test_of_very_many_places_the_first_are_kept_and_the_forms_of_the_others() -> None:
    paths = kept(list(range(MOST + 5)), list(range(1, MOST + 6)))
    assert (len(paths), paths[0], paths[-1]) == (MOST + 1, "[0]", "[*]")
    names = {f"n{number}": number for number in range(2 * MOST + 1)}
    paths = kept(names, dict.fromkeys(names, -1))
    assert (len(paths), paths[-2:]) == (2 * MOST + 1, (f".n{2 * MOST - 1}", FURTHER))


def drawn(source: random.Random) -> str:
    """Return what ``workflow.uuid4()`` makes of a random stream."""
    return str(uuid.UUID(bytes=source.getrandbits(128).to_bytes(16, "big"), version=4))


@pytest.mark.parametrize("numbers", [1, 2, 3])
@pytest.mark.parametrize("seed", range(20))
def test_a_shift_by_a_few_numbers_is_seen_in_a_uuid(seed: int, numbers: int) -> None:
    before, after = random.Random(seed), random.Random(seed)
    for _ in range(numbers):
        after.getrandbits(32)
    assert shift({"id": f"order-{drawn(before)}"}, {"id": f"order-{drawn(after)}"}) == SHIFTED


@pytest.mark.parametrize("seed", range(20))
def test_other_uuids_may_be_of_a_shifted_stream_and_equal_ones_are_none(seed: int) -> None:
    one, other = drawn(random.Random(seed)), drawn(random.Random(seed + 1_000))
    assert shift(one, other).startswith("if it comes from workflow.uuid4()")
    assert shift(one, one) == ""
    assert shift(f"a-{one}", f"b-{other}") == ""
    assert shift("a", "b") == ""
