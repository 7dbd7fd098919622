"""Faults of a model as answers: what a door sends when the model refuses, resets, is silent, or is cut short."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import dataclass
from email.utils import formatdate

from harness import extensions
from harness.doors.http.answer import RESET, SILENT, Answer
from harness.doors.model.catalogue import dialect_of
from harness.doors.model.errors import error_answer
from harness.faults.action import Action, ModelError, Reset, Silence, Truncate


@dataclass(frozen=True, kw_only=True)
class MetCall:
    """The call of a model that a fault meets.

    Attributes:
        operation: Its operation.
        path: Its path below the door, which tells the provider.
        now: The time, in seconds since the epoch.
        text: The body that would have been answered; empty where it was not executed.
    """

    operation: str
    path: str
    now: float
    text: str = ""


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


def answer_to(action: Action, *, operation: str, path: str, now: float, text: str = "") -> Answer:
    """Return what a door sends in place of the answer; the arguments are those of ``MetCall``.

    Raises:
        TypeError: The action is no answer.
    """
    extensions.installed("actions")
    return answer_of(action, MetCall(operation=operation, path=path, now=now, text=text))


@answer_of.register(Reset)
def _(action: Reset, call: MetCall) -> Answer:
    return RESET


@answer_of.register(Silence)
def _(action: Silence, call: MetCall) -> Answer:
    return SILENT


@answer_of.register(Truncate)
def _(action: Truncate, call: MetCall) -> Answer:
    return truncated(call.text)


@answer_of.register(ModelError)
def _(action: ModelError, call: MetCall) -> Answer:
    dialect, words = dialect_of(call.path), repr((action, call.operation, call.path))
    digest = hashlib.blake2s(words.encode(errors="replace"), digest_size=12).hexdigest()
    said, headers = dialect.fault_words(action), _retry_after(action, call.now)
    return error_answer(dialect, status=action.status, said=said, digest=digest, headers=headers)


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


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
