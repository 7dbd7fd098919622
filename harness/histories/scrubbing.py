"""Scrubs histories: what users wrote gives way to stand-ins of the same shape, equal values to equal ones.

Replaced are the values in payloads (arguments, results, memo, search attributes, headers, details), messages and stack
traces of failures, reasons, identities and Nexus headers. In JSON the keys, the order, the lengths, ``true``,
``false``, ``null`` and numbers of up to four digits stay. Names and ids stay: of workflows, activities, signals, task
queues and search attributes. So does what the SDKs keep for themselves in markers, without which nothing replays. A
payload of an encoding that cannot be read here, as of one that was encrypted, stays byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes

from harness.temporal import marker as markers

_TEXTS = {"message", "stack_trace", "reason", "cause", "identity"}
_TEXT_MAPS = {"nexus_header"}
_JSON = {"json/plain", "json/protobuf"}
_NOTHING = {"", "binary/null"}
_OWN_SEARCH_ATTRIBUTES = ("Temporal", "BuildIds")

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?.*)?")
_TIME_PARTS = ((1, 12), (1, 28), (0, 23), (0, 59), (0, 59))
_LARGEST = 2**63 - 1
_SHORT_NUMBER = 4


class StandIns:
    """Makes values that stand in for those of users; the same key makes the same ones.

    Args:
        key: Secret without which nobody can find out, by trying, what a stand-in stands for.

    Attributes:
        replaced: How many values were replaced, by the field of the event that they stood in: ``input``, ``failure``.
        kept: How many payloads were left as they are, by encoding.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.replaced: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()

    def text(self, value: str) -> str:
        """Return a text of the same length: letters for letters, digits for digits; a UUID or a time for one."""
        noise = self._noise(value.encode(errors="surrogatepass"), len(value))
        if _UUID.fullmatch(value):
            return "".join(map(_hex_digit, value, noise))
        time = _TIME.fullmatch(value)
        return self._time(time, noise) if time else _like(value, noise)

    def number(self, value: str) -> str:
        """Return a JSON number of as many digits that begins with the same; a short one stays as it is."""
        whole = value.partition("e")[0].partition("E")[0]
        if sum(char.isdigit() for char in whole) <= _SHORT_NUMBER:
            return value
        first = next(place for place, char in enumerate(value) if char in "123456789" or place == len(value) - 1)
        noise = self._noise(value.encode(), len(whole))
        changed = value[: first + 1] + _like(whole[first + 1 :], noise) + value[len(whole) :]
        if value.lstrip("-").isdigit() and abs(int(value)) <= _LARGEST < abs(int(changed)):
            return changed.replace("9", "8", 1)
        return changed

    def json(self, text: str) -> str:
        """Return JSON of the same shape, white space and all."""
        return _TOKEN.sub(self._token, text)

    def content(self, value: bytes) -> bytes:
        """Return as many bytes."""
        return self._noise(value, len(value))

    def _noise(self, value: bytes, length: int) -> bytes:
        return hashlib.shake_256(len(self._key).to_bytes(4, "big") + self._key + value).digest(length)

    def _token(self, token: re.Match[str]) -> str:
        if token["key"]:
            return token[0]
        return token[0] if token["number"] and self.number(token[0]) == token[0] else self._value(token)

    def _value(self, token: re.Match[str]) -> str:
        if token["number"]:
            return self.number(token[0])
        return json.dumps(self.text(json.loads(token[0], strict=False)), ensure_ascii="\\u" in token[0])

    def _time(self, time: re.Match[str], noise: bytes) -> str:
        changed = time[0]
        for group, (low, high) in enumerate(_TIME_PARTS, start=1):
            if time[group] is not None:
                start, end = time.span(group)
                changed = f"{changed[:start]}{low + noise[start] % (high - low + 1):02}{changed[end:]}"
        return changed


def scrub(event: HistoryEvent, *, stand_ins: StandIns) -> None:
    """Put stand-ins in the place of what users wrote into an event, in place."""
    for _, attributes in event.ListFields():
        if isinstance(attributes, MarkerRecordedEventAttributes):
            _scrub_marker(attributes, stand_ins)
        elif isinstance(attributes, Message):
            _scrub_message(attributes, stand_ins, place="")


def scrub_message(message: Message, *, stand_ins: StandIns) -> None:
    """Put stand-ins in the place of what users wrote into any other message of Temporal's, in place."""
    _scrub_message(message, stand_ins, place="")


def _scrub_message(message: Any, stand_ins: StandIns, *, place: str) -> None:
    for field, value in list(message.ListFields()):
        where = place or field.name
        if field.message_type and field.message_type.GetOptions().map_entry:
            _scrub_map(value, stand_ins, name=field.name, place=where)
        elif field.message_type:
            for each in [value] if isinstance(value, Message) else value:
                _scrub_value(each, stand_ins, place=where)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name in _TEXTS and isinstance(value, str):
            setattr(message, field.name, stand_ins.text(value))
            stand_ins.replaced[where] += 1


def _scrub_value(message: Message, stand_ins: StandIns, *, place: str) -> None:
    if isinstance(message, Payload):
        _scrub_payload(message, stand_ins, place=place)
    else:
        _scrub_message(message, stand_ins, place=place)


def _scrub_map(entries: Any, stand_ins: StandIns, *, name: str, place: str) -> None:
    for key in list(entries):
        if name == "indexed_fields" and key.startswith(_OWN_SEARCH_ATTRIBUTES):
            continue
        if name in _TEXT_MAPS:
            entries[key] = stand_ins.text(entries[key])
            stand_ins.replaced[place] += 1
        elif isinstance(entries[key], Message):
            _scrub_value(entries[key], stand_ins, place=place)


def _scrub_marker(attributes: MarkerRecordedEventAttributes, stand_ins: StandIns) -> None:
    """Scrub what a marker keeps for the user, and leave what it keeps for the SDK."""
    for key in attributes.details:
        if key in _users_details(attributes.marker_name, attributes.details):
            _scrub_message(attributes.details[key], stand_ins, place="details")
    for name in ("header", "failure"):
        if attributes.HasField(name):
            _scrub_message(getattr(attributes, name), stand_ins, place=name)


def _users_details(marker: str, details: Mapping[str, Any]) -> set[str]:
    """Return the keys of a marker's details that hold what a user wrote.

    ``data`` is the result in Java, and is what the SDK must know of a local activity in Go and in those on SDK core.
    """
    if marker in markers.VERSIONS:
        return set()
    if marker in markers.LOCAL_ACTIVITIES:
        return {"input", "data", "result"} if "activityId" in details else {"input", "result"}
    if marker in markers.SIDE_EFFECTS:
        return {"data", "result"}
    return set(details)


def _scrub_payload(payload: Payload, stand_ins: StandIns, *, place: str) -> None:
    encoding = payload.metadata.get("encoding", b"").decode(errors="replace")
    if encoding in _NOTHING and not payload.data:
        return
    changed = _changed(encoding, payload.data, stand_ins)
    if changed is None:
        stand_ins.kept[encoding or "none"] += 1
    else:
        payload.data = changed
        stand_ins.replaced[place] += 1


def _changed(encoding: str, content: bytes, stand_ins: StandIns) -> bytes | None:
    """Return the stand-in of a payload's content, or None where it has to stay as it is."""
    if encoding == "binary/plain":
        return stand_ins.content(content)
    if encoding not in _JSON:
        return None
    try:
        text = content.decode()
        json.loads(text, strict=False)
    except ValueError:  # it says that it is JSON and is none
        return json.dumps(stand_ins.text(content.decode(errors="replace"))).encode()
    return stand_ins.json(text).encode(errors="surrogatepass")


def _like(text: str, noise: bytes) -> str:
    return "".join(
        [_ALIKE[char][byte] if char in _ALIKE else _rarer(char, byte) for char, byte in zip(text, noise, strict=False)]
    )


def _rarer(char: str, byte: int) -> str:
    """Return a stand-in for a character beyond ASCII, or one that is neither letter nor digit."""
    if char.isdigit():
        return _pick(string.digits, byte)
    if char.isalpha():
        return _pick(string.ascii_uppercase if char.isupper() else string.ascii_lowercase, byte)
    return char


def _pick(alphabet: str, byte: int) -> str:
    return alphabet[byte % len(alphabet)]


_ALIKE = {
    char: "".join(_pick(alphabet, byte) for byte in range(256))
    for alphabet in (string.digits, string.ascii_uppercase, string.ascii_lowercase)
    for char in alphabet
}
"""For each ASCII letter and digit, what each byte of noise makes of it: looked up, for histories can hold megabytes."""


def _hex_digit(char: str, byte: int) -> str:
    return char if char == "-" else _pick("0123456789abcdef", byte)
