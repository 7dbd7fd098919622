"""Payloads of commands: opened by a codec, decoded to be shown, and what differs between two of them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from temporalio.converter import PayloadCodec, PayloadConverter

from harness.replay.compare import places
from harness.temporal.command import Command
from harness.temporal.fields import is_payload, payload_fields, payload_of, without_stack
from harness.temporal.payload import encoding_of, value_of

LONGEST = 2_000
"""Most characters of a value that a difference shows: a history may hold payloads of many megabytes."""

SAME_VALUE = "same value, other bytes"
"""Note of a payload that decodes to an equal value: the order of keys or the white space of its JSON differs."""


async def opened(commands: Iterable[Command], *, codec: PayloadCodec) -> tuple[Command, ...]:
    """Return commands with each payload as it was before the codec encoded it."""
    return tuple([await _opened(command, codec) for command in commands])


def decoded(payload: Mapping[str, Any], *, converter: PayloadConverter) -> Any:
    """Return the value of a payload for a report; one that the converter cannot read stands as encoding and base64."""
    try:
        return converter.from_payload(payload_of(payload))
    except Exception:
        return value_of(payload)


_OPEN = ("json/", "binary/plain", "binary/null", "binary/protobuf")
"""How the encodings of values that no codec has changed begin, those of Temporal's and of most own converters."""


def is_sealed(value: Any) -> bool:
    """Tell whether a value is a payload that a codec wrote: equal ones may have other bytes each time.

    Codecs name their encodings as they like. One that is none of Temporal's own is taken as that of a codec: what it
    holds cannot be compared unless the codec opens it.
    """
    return is_payload(value) and not encoding_of(value).startswith(_OPEN)


def told_apart(old: Any, new: Any, *, converter: PayloadConverter) -> tuple[Any, Any, str]:
    """Return two payloads that differ as values to show, and a note on what differs where the values do not tell it.

    The note names another encoding or other metadata, says ``SAME_VALUE``, or tells where in a JSON value the first
    difference is: ``at .steps[2].name``. Payloads of the same value are shown as the text of their bytes.
    """
    if not (is_payload(old) and is_payload(new)):
        return _shown(old, converter), _shown(new, converter), ""
    one, other = _shown(old, converter), _shown(new, converter)
    if old["metadata"] != new["metadata"]:
        return one, other, _metadata_note(old["metadata"], new["metadata"])
    if json.dumps(one, sort_keys=True, default=repr) == json.dumps(other, sort_keys=True, default=repr):
        return _text(old["data"]), _text(new["data"]), SAME_VALUE
    place = next(places.differing(one, other), "")
    return one, other, f"at {place}" if place else ""


def shown_apart(old: Any, new: Any, *, converter: PayloadConverter) -> dict[str, Any]:
    """Return the fields of a difference between two values: ``old``, ``new``, ``note``, ``places``.

    Of values that are too long to be shown, what stands at the first place that differs is.
    """
    one, other, note = told_apart(old, new, converter=converter)
    paths = places.kept(one, other) if is_payload(old) and is_payload(new) else ()
    if paths and paths[0] and any(len(_dumped(each)) > LONGEST for each in (one, other)):
        one, other = (places.at(each, paths[0]) for each in (one, other))
    return {"old": bounded(one), "new": bounded(other), "note": note, "places": paths}


async def _opened(command: Command, codec: PayloadCodec) -> Command:
    sealed = {name: value for name, value in command.fields.items() if is_payload(value)}
    if not sealed:
        return command
    fields = dict(command.fields)
    for name, value in sealed.items():
        (payload,) = await codec.decode([payload_of(value)])
        fields[name] = without_stack(name, payload_fields(payload))
    return dataclasses.replace(command, fields=fields)


def bounded(value: Any) -> Any:
    """Return a value to be shown, or, of a long one, its beginning with its length and a digest of all of it."""
    text = _dumped(value)
    if len(text) <= LONGEST:
        return value
    digest = hashlib.blake2s(text.encode(errors="replace"), digest_size=4).hexdigest()
    return f"{text[:LONGEST]}… ({len(text):,} characters, digest {digest})"


def _dumped(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def _shown(value: Any, converter: PayloadConverter) -> Any:
    return decoded(value, converter=converter) if is_payload(value) else value


def _metadata_note(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return ", ".join(
        f"{name} {_text(old.get(name, '')) or 'none'}, now {_text(new.get(name, '')) or 'none'}" for name in names
    )


def _text(data: str) -> str:
    return base64.b64decode(data).decode(errors="replace")
