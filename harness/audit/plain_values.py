"""Values that a few of Python's own functions give: of clocks, random numbers and ids one that any may be.

What is different in each run cannot matter to who receives it, so one value is as good as another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from harness.audit.code.origins import ARITHMETIC
from harness.audit.made_up_values import NOT_KNOWN, TIME
from harness.audit.made_up_values import UUID as ID

_MOMENT = datetime.fromisoformat(TIME)
_NAIVE = _MOMENT.replace(tzinfo=None)
_LARGEST = 10**15

_ANY_ARGUMENTS: Mapping[str, Any] = {
    "uuid.uuid1": UUID(ID),
    "uuid.uuid4": UUID(ID),
    "uuid.uuid7": UUID(ID),
    "secrets.token_hex": UUID(ID).hex,
    "time.time": _MOMENT.timestamp(),
    "time.time_ns": int(_MOMENT.timestamp()) * 10**9,
    "time.monotonic": 1000.0,
    "time.perf_counter": 1000.0,
    "random.random": 0.5,
    "datetime.datetime.now": _MOMENT,
    "datetime.datetime.utcnow": _NAIVE,
    "datetime.datetime.today": _NAIVE,
    "datetime.date.today": _MOMENT.date(),
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "random.randint": lambda low, high: low,
    "random.uniform": lambda low, high: low,
    "random.choice": lambda values: values[0],
    "datetime.datetime": datetime,
    "datetime.date": date,
    "datetime.timedelta": timedelta,
    "builtins.str": str,
    "builtins.int": int,
    "builtins.float": float,
    "builtins.round": round,
    "builtins.len": len,
    "builtins.list": list,
    "builtins.tuple": list,
    "builtins.sorted": sorted,
}
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({"upper", "lower", "strip", "title", "replace", "format", "join"}),
    date: frozenset({"isoformat", "strftime", "timestamp", "date", "replace"}),
    timedelta: frozenset({"total_seconds"}),
}
_ATTRIBUTES: Mapping[type, frozenset[str]] = {UUID: frozenset({"hex"}), date: frozenset({"year", "month", "day"})}


def of_function(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return what a function gives, by its dotted name; NOT_KNOWN for another, and for arguments that do not fit."""
    if name in _ANY_ARGUMENTS:
        return _ANY_ARGUMENTS[name]
    return _tried(_FUNCTIONS[name], *arguments, **keywords) if name in _FUNCTIONS else NOT_KNOWN


def of_method(value: Any, name: str, arguments: Sequence[Any]) -> Any:
    """Return what a method of a text, a time or a duration gives; NOT_KNOWN for another one."""
    return _tried(getattr(value, name), *arguments) if _has(_METHODS, value, name) else NOT_KNOWN


def of_attribute(value: Any, name: str) -> Any:
    """Return an attribute of an id or a time; NOT_KNOWN for another one."""
    return getattr(value, name) if _has(_ATTRIBUTES, value, name) else NOT_KNOWN


def of_operation(sign: str, left: Any, right: Any) -> Any:
    """Return what an operation gives; NOT_KNOWN for one that is not arithmetic, and for numbers that are too large."""
    numbers = [each for each in (left, right) if isinstance(each, int | float)]
    repeated = sign == "*" and len(numbers) < 2 and not any(isinstance(each, timedelta) for each in (left, right))
    if sign not in ARITHMETIC or repeated or any(abs(each) > _LARGEST for each in numbers):
        return NOT_KNOWN
    return _tried(ARITHMETIC[sign], left, right)


def formatted(value: Any, form: str) -> Any:
    """Return a value as an f-string writes it; NOT_KNOWN where it cannot be written so."""
    return _tried(format, value, form)


def as_json(value: Any) -> Any:
    """Return a value as JSON: times and ids as texts, durations in seconds."""
    match value:
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case list():
            return [as_json(each) for each in value]
        case dict():
            return {name: as_json(each) for name, each in value.items()}
    return value


def _has(names: Mapping[type, frozenset[str]], value: Any, name: str) -> bool:
    return any(isinstance(value, kind) and name in allowed for kind, allowed in names.items()) and hasattr(value, name)


def _tried(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    if any(each is NOT_KNOWN for each in (*arguments, *keywords.values())):
        return NOT_KNOWN
    try:
        return function(*arguments, **keywords)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return NOT_KNOWN
