"""Faults of a model as answers: what a door sends when the model refuses, resets, is silent, or is cut short."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from harness import extensions
from harness.doors.decision import Decision
from harness.doors.http.answer import CLOSED, RESET, SILENT, Answer
from harness.doors.http.doors import HttpMessage
from harness.doors.model.altered import broken_stream, said_instead, with_a_lack
from harness.doors.model.catalogue import dialect_of
from harness.doors.model.dialect import Dialect
from harness.doors.model.errors import error_answer
from harness.faults.action import Action, LoseReply, ModelError, Reset, Silence, TimeOut, Truncate
from harness.faults.model.actions import (
    BreakAnswer,
    BreakStream,
    Drip,
    InTurn,
    LeaveOut,
    SayInstead,
    SendBody,
    Slow,
)
from harness.faults.transport import Duplicate

_CLIENT_WAITS = "x-stainless-read-timeout"
"""Header in which the official clients say how many seconds they wait."""


@dataclass(frozen=True, kw_only=True)
class MetCall:
    """The call of a model that a fault meets.

    Attributes:
        operation: Its operation.
        path: Its path below the door, which tells the provider.
        now: The time, in seconds since the epoch.
        text: The body that would have been answered; empty where it was not executed.
        status: The status that it would have been answered with: what comes otherwise keeps it.
        request: The body of the request: parsed JSON, else the text.
        headers: Headers of the request, names in lower case.
        turn: Which of the messages that the fault meets it is, from 1.
    """

    operation: str
    path: str
    now: float
    text: str = ""
    status: int = HTTPStatus.OK
    request: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    turn: int = 1

    @property
    def dialect(self) -> Dialect:
        """The API that was asked."""
        return dialect_of(self.path)


@functools.singledispatch
def answer_of(action: Action, call: MetCall) -> Answer:
    """Return what a door sends in place of the answer to a call. Each action that is an answer registers how.

    Raises:
        TypeError: The action is no answer.
    """
    raise TypeError(f"{action!r} is nothing that a door can answer")


def is_answer(action: Action) -> bool:
    """Tell whether a door carries an action out by itself, by what it answers."""
    extensions.installed("actions")
    return answer_of.dispatch(type(action)) is not answer_of.dispatch(object)


def answer_to(action: Action, call: MetCall) -> Answer:
    """Return what a door sends in place of the answer to a call, those of extensions included.

    Raises:
        TypeError: The action is no answer.
    """
    extensions.installed("actions")
    return answer_of(action, call)


def decision_on(action: Action, message: HttpMessage, *, turn: int = 1, answer: Answer | None = None) -> Decision:
    """Return what becomes of a call that a fault meets, where no more is to be done than to answer it or not.

    Args:
        action: The action: an answer, a reply that is lost, or a request that arrives twice.
        message: The call, or its answer.
        turn: Which of the messages that the fault meets it is, from 1.
        answer: What would have been answered, where the message does not hold it.

    Raises:
        TypeError: The action is none of these.
    """
    if isinstance(action, LoseReply):
        return "drop"
    if isinstance(action, Duplicate):
        return "twice"
    call = MetCall(
        operation=message.operation,
        path=message.path,
        now=time.time(),
        text=answer.text if answer else message.answer_text,
        status=(answer or message).status or HTTPStatus.OK,
        request=message.body,
        headers=message.headers,
        turn=turn,
    )
    return answer_to(action, call)


@answer_of.register(Reset)
def _(action: Reset, call: MetCall) -> Answer:
    return RESET


@answer_of.register(Silence)
@answer_of.register(TimeOut)
def _(action: Silence | TimeOut, call: MetCall) -> Answer:
    return SILENT


@answer_of.register(Truncate)
def _(action: Truncate, call: MetCall) -> Answer:
    return replace(truncated(call.text), status=call.status)


@answer_of.register(ModelError)
def _(action: ModelError, call: MetCall) -> Answer:
    dialect, words = call.dialect, repr((action, call.operation, call.path))
    digest = hashlib.blake2s(words.encode(errors="replace"), digest_size=12).hexdigest()
    said, headers = dialect.fault_words(action), {**dict(action.headers), **_retry_after(action, call.now)}
    return error_answer(dialect, status=action.status, said=said, digest=digest, headers=headers)


@answer_of.register(SendBody)
def _(action: SendBody, call: MetCall) -> Answer:
    headers = {"content-type": action.content_type}
    return Answer(status=action.status, headers=headers, body=action.text.encode())


@answer_of.register(BreakAnswer)
def _(action: BreakAnswer, call: MetCall) -> Answer:
    body = call.text.encode(errors="replace")
    begun = Answer(status=call.status, headers={"content-type": "application/json"}, announced=len(body), partial=True)
    match action.how:
        case "closed":
            return CLOSED
        case "reset after headers":
            return replace(begun, delivery="reset")
        case "short":
            return replace(begun, delivery="closed", body=body[: len(body) // 2])


@answer_of.register(Drip)
def _(action: Drip, call: MetCall) -> Answer:
    body = call.text.encode(errors="replace")
    parts = tuple(bytes([byte]) for byte in body)
    headers = {"content-type": "application/json"}
    return Answer(status=call.status, headers=headers, body=body, events=parts, announced=len(body), pause=1.0)


@answer_of.register(Slow)
def _(action: Slow, call: MetCall) -> Answer:
    waits = _seconds(call.headers.get(_CLIENT_WAITS, ""))
    late = min(action.most, action.share * waits if waits else action.usual)
    body = call.text.encode(errors="replace")
    return Answer(status=call.status, headers={"content-type": "application/json"}, body=body, pause=late)


@answer_of.register(LeaveOut)
def _(action: LeaveOut, call: MetCall) -> Answer:
    return with_a_lack(action.what, dialect=call.dialect, text=call.text)


@answer_of.register(SayInstead)
def _(action: SayInstead, call: MetCall) -> Answer:
    return said_instead(action.what, dialect=call.dialect, request=call.request, text=call.text)


@answer_of.register(BreakStream)
def _(action: BreakStream, call: MetCall) -> Answer:
    return broken_stream(action.how, dialect=call.dialect, request=call.request, text=call.text)


@answer_of.register(InTurn)
def _(action: InTurn, call: MetCall) -> Answer:
    return answer_of(action.actions[(call.turn - 1) % len(action.actions)], call)


def truncated(text: str) -> Answer:
    """Return the first half of a body under the headers of a whole one; what is sent is no JSON, whatever came."""
    whole = text.strip()
    cut = whole[: len(whole) // 2]
    while _is_json(cut):  # the first half of a number, or of what was no JSON, can be JSON
        cut = cut[:-1]
    return Answer(headers={"content-type": "application/json"}, body=cut.encode(errors="replace"))


def _retry_after(action: ModelError, now: float) -> dict[str, str]:
    """Return the headers that ask to wait: never for less than the action says, so all are rounded up.

    Seconds and dates are whole numbers of seconds (RFC 9110, sections 10.2.3 and 5.6.7). A date comes with the
    server's own, so that a client with another clock can tell how far away it is.
    """
    if action.retry_after_text:
        return {"retry-after": action.retry_after_text}
    if not action.retry_after:
        return {}
    match action.sent_as:
        case "seconds":
            return {"retry-after": str(math.ceil(action.retry_after))}
        case "milliseconds":
            return {"retry-after-ms": str(math.ceil(round(action.retry_after * 1000, 3)))}
        case "date":
            until = math.ceil(now + action.retry_after)
            return {"retry-after": formatdate(until, usegmt=True), "date": formatdate(math.floor(now), usegmt=True)}


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
