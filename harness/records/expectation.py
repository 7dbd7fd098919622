"""Expectations: what the user says that the work comes to, where that is more than to be as without a strike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.errors import UsageError
from harness.records.effect_name import effect_name
from harness.records.field_types import hold_types

RESULT, EFFECT, UNDONE = "expect-result", "expect-effect", "undone"
"""First words of the names of the checks that hold an expectation; what is expected follows after a colon."""

_EFFECT = re.compile(r"(?P<effect>[^=\s]+)=(?P<count>\d+)(?: per (?P<field>\S+))?")
_UNDONE = re.compile(r"(?P<effect>[^=\s]+)=(?P<undo>[^=\s]+)(?: per (?P<field>\S+))?")


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of the work. Made by ``expects``.

    Attributes:
        checks: Names of the checks that hold it.
        may_fail: Whether, under a strike, the workflow may give up instead of completing.
    """

    checks: tuple[str, ...] = ()
    may_fail: bool = False

    def __post_init__(self) -> None:
        hold_types(self)


@dataclass(frozen=True, kw_only=True)
class CountedEffect:
    """An effect and how often it is to happen.

    Attributes:
        effect: Its name.
        count: How often.
        field: Field of its body for each value of which it happens so often, dots go deeper; empty: in all.
    """

    effect: str
    count: int
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class UndoneEffect:
    """An effect and the one that undoes it.

    Attributes:
        effect: Its name.
        undo: Name of the effect that undoes it.
        field: Field of both their bodies by which they belong together; empty: they are counted.
    """

    effect: str
    undo: str
    field: str = ""


_NOTHING = object()


def expects(
    *,
    result: Any = _NOTHING,
    effect: str | Iterable[str] = (),
    may_fail: bool = False,
    undone: str | Iterable[str] = (),
) -> Expectation:
    """Say what the work comes to, whenever it completes, and what becomes of it where it gives up.

    Args:
        result: The result of the workflow, as JSON says it; left out: as without a strike.
        effect: How often effects happen: ``"charge=1 per order"`` means once for each value of the field ``order`` of
            its body, ``"mail=2"`` two times in all.
        may_fail: Whether the workflow may give up under a strike.
        undone: What must then be undone: ``"book=cancel per trip"`` means that each ``book`` has a ``cancel`` after it
            with the same value of ``trip``. Where something is to be undone the workflow may give up.

    Raises:
        UsageError: One of them cannot be understood.
    """
    effects, undos = _texts(effect), _texts(undone)
    for text in effects:
        counted_effect(text)
    for text in undos:
        undone_effect(text)
    names = [f"{EFFECT}:{text}" for text in effects] + [f"{UNDONE}:{text}" for text in undos]
    if result is not _NOTHING:
        names.insert(0, f"{RESULT}:{_as_json(result)}")
    return Expectation(checks=tuple(names), may_fail=may_fail or bool(undos))


def counted_effect(text: str) -> CountedEffect:
    """Read ``charge=1 per order``.

    Raises:
        UsageError: It says something else.
    """
    said = _EFFECT.fullmatch(text.strip())
    if said is None:
        raise UsageError(f"the expected effect {text!r} is not NAME=TIMES or NAME=TIMES per FIELD: charge=1 per order")
    return CountedEffect(effect=effect_name(said["effect"]), count=int(said["count"]), field=said["field"] or "")


def undone_effect(text: str) -> UndoneEffect:
    """Read ``book=cancel per trip``.

    Raises:
        UsageError: It says something else.
    """
    said = _UNDONE.fullmatch(text.strip())
    if said is None:
        raise UsageError(f"the undoing {text!r} is not NAME=UNDO or NAME=UNDO per FIELD: book=cancel per trip")
    return UndoneEffect(effect=effect_name(said["effect"]), undo=effect_name(said["undo"]), field=said["field"] or "")


def _texts(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _as_json(result: Any) -> str:
    try:
        return json.dumps(result, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the expected result {result!r} is nothing that JSON can say: {error}") from error
