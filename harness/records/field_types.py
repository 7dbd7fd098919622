"""The types of a declared record's fields, held when it is made: what a file declares is told with its line."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "True or False", type(None): "None"}
_hints = functools.lru_cache(maxsize=None)(get_type_hints)


def hold_types(record: DataclassInstance) -> None:
    """Compare the values of a record's fields with the types that its class declares for them.

    Raises:
        UsageError: One has another type: a text where a list is meant, or the other way round.
    """
    declared = type(record)
    for each in fields(record):
        value, hint = getattr(record, each.name), _hints(declared)[each.name]
        if not _fits(value, hint):
            raise UsageError(f"{declared.__name__}({each.name}={value!r:.80}): {each.name} must be {_words(hint)}")


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin in (tuple, list):
        return isinstance(value, tuple | list) and all(_fits(each, inner[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, origin or hint)


def _words(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_words, inner)))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in (tuple, list):
        of = "" if inner[0] is Any else f" of {_plural(inner[0])}"
        return f"a list{of}"
    if origin is Mapping:
        return "a dictionary of texts"
    return _WORDS.get(hint) or f"a {hint.__name__}"


def _plural(hint: Any) -> str:
    return "texts" if hint is str else f"{getattr(hint, '__name__', 'value')}s"
