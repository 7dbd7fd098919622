"""Where two values differ: every path at which they do, the values there, and whether random numbers are shifted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST = 100
"""How many paths are kept of one value; of those after them as many again, with ``*`` for each index."""

FURTHER = "…"
"""Stands for the paths that are not kept."""

SHIFTED = (
    "the stream of workflow.random() is shifted: before this, the code draws more or fewer numbers from it than when "
    "it was recorded, and every later random() and uuid4() is another; draw what is new from workflow.new_random()"
)
_MAYBE_SHIFTED = (
    "if it comes from workflow.uuid4(), the code draws more or fewer numbers from workflow.random() before this than "
    "when it was recorded; draw what is new from workflow.new_random()"
)

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def differing(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield every path at which two JSON values differ, as deep as it can be told; the whole of them has no name."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            if key not in one or key not in other:
                yield f"{path}.{key}"
            elif one[key] != other[key]:
                yield from differing(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        for index, (left, right) in enumerate(zip(one, other, strict=False)):
            if left != right:
                yield from differing(left, right, f"{path}[{index}]")
        if len(one) != len(other):
            yield f"{path}[{min(len(one), len(other))}]"
    elif one != other:
        yield path


def kept(one: Any, other: Any) -> tuple[str, ...]:
    """Return the paths at which two values differ; of many the first ones, then those of another form.

    A form has ``*`` for each index: ``.messages[*].timestamp``, so that a path which is accepted covers however many
    there are. ``FURTHER`` stands last where not even these are all.
    """
    paths: dict[str, None] = {}
    for number, path in enumerate(differing(one, other)):
        kept_as = path if number < MOST else _INDEX.sub("[*]", path)
        if kept_as not in paths and len(paths) == 2 * MOST:
            return (*paths, FURTHER)
        paths[kept_as] = None
    return tuple(paths)


def at(value: Any, path: str) -> Any:
    """Return what stands at a path in a value; None where it does not lead to anything."""
    for name, index in _STEP.findall(path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def shift(old: Any, new: Any) -> str:
    """Say that random numbers are shifted where two values differ in version 4 UUIDs alone, or return nothing.

    ``workflow.uuid4()`` takes four numbers of 32 bits from the random stream of the run. Where one of the recorded
    ones stands in the new UUID at another place, the stream is shifted, and by fewer than four numbers.
    """
    one, other = (json.dumps(value, default=repr) for value in (old, new))
    before, after = _UUID4.findall(one), _UUID4.findall(other)
    if not before or len(before) != len(after) or _UUID4.sub("", one) != _UUID4.sub("", other):
        return ""
    pairs = [(left, right) for left, right in zip(before, after, strict=True) if left != right]
    if any(_moved(left, right) for left, right in pairs):
        return SHIFTED
    return _MAYBE_SHIFTED if pairs else ""


def _moved(old: str, new: str) -> bool:
    left, right = _numbers(old), _numbers(new)
    return any(
        all("." in pair or pair[0] == pair[1] for pair in zip(one, other, strict=True))
        for place, one in enumerate(left)
        for elsewhere, other in enumerate(right)
        if place != elsewhere
    )


def _numbers(uuid: str) -> list[str]:
    """Return the four numbers of a UUID, with dots where version and variant stand in place of their digits."""
    digits = uuid.replace("-", "")
    digits = f"{digits[:12]}.{digits[13:16]}.{digits[17:]}"
    return [digits[begin : begin + 8] for begin in range(0, 32, 8)]
