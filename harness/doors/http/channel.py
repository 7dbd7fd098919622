"""The channel between crashproof and the process of its HTTP doors: framed messages over a unix socket.

One request is ``Arrived``, its ``Decided``, ``Executed``, its ``Decided``; a first ``Decided`` that drops it or holds
an answer is the last word. After "twice" another ``Executed`` comes at the end, to which nothing is decided. Both ends
know a request by its number, and any number of requests are under way at once.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Literal

import msgspec

from harness.doors.http.answer import Answer

HttpDecision = Literal["go", "drop", "twice"] | Answer
"""A ``Decision`` (see ``harness.doors.decision``) as an HTTP door can carry it out: it knows no refusals."""

SECRET_VARIABLE = "CRASHPROOF_DOOR_SECRET"
"""Environment variable of the doors' process that holds the secret of its paths: unlike arguments, nobody reads it."""

_SIZE = struct.Struct(">I")


class Serving(msgspec.Struct, frozen=True, tag=True):
    """The process serves on this port of 127.0.0.1."""

    port: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The process cannot do what it was asked; it ends."""

    reason: str


class Arrived(msgspec.Struct, frozen=True, tag=True):
    """A request arrived whole and is held. The fields are those of ``HttpMessage``; the body is text as it came."""

    number: int
    slot: str
    worker: int
    door: Literal["model", "effect"]
    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Executed(msgspec.Struct, frozen=True, tag=True):
    """The request was executed and its answer is held; one that arrived ``again`` is heard by nobody, and not held."""

    number: int
    status: int
    answer: str
    again: bool = False


class Notice(msgspec.Struct, frozen=True, tag=True):
    """Something that the user must be told.

    Attributes:
        slot: Where it happened; empty: in no slot.
        text: What happened.
    """

    slot: str
    text: str


class Decided(msgspec.Struct, frozen=True, tag=True):
    """What becomes of a held request or answer."""

    number: int
    decision: HttpDecision


Frame = Serving | Refused | Arrived | Executed | Notice | Decided

_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def send(writer: asyncio.StreamWriter, frame: Frame) -> None:
    """Queue a frame; to an end that is gone it is lost."""
    if not writer.is_closing():
        encoded = msgspec.msgpack.encode(frame)
        writer.write(_SIZE.pack(len(encoded)) + encoded)


async def receive(reader: asyncio.StreamReader) -> Frame | None:
    """Return the next frame, or None when the other end is gone."""
    try:
        (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
        return _decoder.decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
